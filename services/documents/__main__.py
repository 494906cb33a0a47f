"""Run *documents* until SIGTERM. The exit code: 0 stopped, 2 a wrong setting."""

import sys
import threading

import structlog

from jauap import logs
from jauap.messaging.service import Stop
from jauap.settings import WrongSetting
from services.documents.app import NAME, from_environment, make

log = structlog.get_logger(__name__)

GRACE = 7.0
"""Seconds that requests have to end after SIGTERM."""


def main() -> int:
    """Run until told to stop."""
    logs.configure(NAME)
    stop = Stop()
    try:
        given = from_environment()
        deployed = make(given)
    except WrongSetting as wrong:
        log.critical("wrong setting", reason=str(wrong))
        return 2
    deployed.named.start()
    serving = threading.Thread(target=deployed.server.serve, name="accept", daemon=True)
    serving.start()
    host, port = deployed.server.address
    log.info("documents listens", host=host, port=port, tls=given.tls is not None)
    while not stop() and not deployed.named.ready():
        serving.join(0.1)
    if given.ready_file is not None and not stop():
        given.ready_file.touch()
    while not stop():
        serving.join(0.2)
    deployed.server.stop(GRACE)
    deployed.named.close()
    log.info("documents stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
