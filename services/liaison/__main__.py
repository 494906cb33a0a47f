"""Run liaison until SIGTERM. The exit code: 0 stopped, 1 it could not go on, 2 a wrong setting."""

import sys

import structlog

from jauap import logs
from jauap.messaging.log import LogUnavailable, PartitionsDiffer
from jauap.messaging.loop import TooManyParked
from jauap.messaging.registry import RegistryError
from jauap.messaging.service import Stop
from jauap.settings import WrongSetting
from services.liaison.app import Settings, from_environment, make
from services.liaison.run import NAME

log = structlog.get_logger(__name__)


def main() -> int:
    """Run until told to stop."""
    logs.configure(NAME)
    stop = Stop()
    try:
        given = from_environment()
        liaison = make(given, stop)
        if liaison is not None:
            liaison.start()
            liaison.run(stop, lambda: _say_ready(given))
    except WrongSetting as wrong:
        log.critical("wrong setting", reason=str(wrong))
        return 2
    except (TooManyParked, LogUnavailable, PartitionsDiffer, RegistryError) as reason:
        log.critical("liaison stopped", reason=str(reason))
        return 1
    log.info("liaison stopped")
    return 0


def _say_ready(given: Settings) -> None:
    log.info("liaison ready")
    if given.ready_file is not None:
        given.ready_file.touch()


if __name__ == "__main__":
    sys.exit(main())
