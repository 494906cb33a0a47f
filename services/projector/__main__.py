"""Run the projector until SIGTERM. The exit code: 0 stopped, 1 it could not go on, 2 a wrong setting."""

import sys

import structlog

from jauap import logs
from jauap.messaging.log import LogUnavailable, PartitionsDiffer
from jauap.messaging.loop import TooManyParked
from jauap.messaging.service import Stop
from jauap.projections.store import NewerTables
from jauap.settings import WrongSetting
from services.projector.app import NAME, Settings, from_environment, make

log = structlog.get_logger(__name__)


def main() -> int:
    """Run until told to stop."""
    logs.configure(NAME)
    stop = Stop()
    try:
        given = from_environment()
        projector = make(given, stop)
        if projector is not None:
            projector.start()
            projector.run(stop, lambda: _say_ready(given))
    except WrongSetting as wrong:
        log.critical("wrong setting", reason=str(wrong))
        return 2
    except (TooManyParked, NewerTables, LogUnavailable, PartitionsDiffer) as reason:
        log.critical("projector stopped", reason=str(reason))
        return 1
    log.info("projector stopped")
    return 0


def _say_ready(given: Settings) -> None:
    log.info("projector ready")
    if given.ready_file is not None:
        given.ready_file.touch()


if __name__ == "__main__":
    sys.exit(main())
