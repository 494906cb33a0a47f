"""SIGTERM is taken before anything else is imported: as process 1 of a container, who has no handler is never told.

The standard library only: what takes half a second to import is imported after that.
"""

import importlib
import signal
from types import FrameType


class Stop:
    """SIGTERM or SIGINT was received."""

    def __init__(self) -> None:
        """Take both signals."""
        self.asked = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - a signal handler's shape
        self.asked = True


def run_service(name: str) -> int:
    """Run `services.<name>` until it is told to stop; the exit status."""
    stop = Stop()
    return int(importlib.import_module("jauap.process").run(name, stop))
