"""Run *post* until SIGTERM. The exit code: 0 stopped, 2 a wrong setting."""

import sys

import structlog

from jauap import logs
from jauap.messaging.service import Stop
from jauap.settings import WrongSetting
from services.post.app import NAME, Deployed, from_environment, make

log = structlog.get_logger(__name__)


def main() -> int:
    """Run until told to stop."""
    logs.configure(NAME)
    stop = Stop()
    try:
        given = from_environment()
        deployed = Deployed(given)
    except WrongSetting as wrong:
        log.critical("wrong setting", reason=str(wrong))
        return 2

    def say_ready() -> None:
        log.info("post ready")
        if given.ready_file is not None:
            given.ready_file.touch()

    make(given, deployed).run(stop, given.look, say_ready)
    deployed.close()
    log.info("post stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
