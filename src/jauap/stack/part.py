"""What the orchestrator knows of any part: how to get it ready, start it, ask it, stop it."""

import signal
from typing import Protocol

from jauap.stack.process import Launch


class Part(Protocol):
    """One process of the stack."""

    @property
    def name(self) -> str:
        """As in commands, file names and messages."""

    @property
    def ports(self) -> tuple[int, ...]:
        """What it listens on; the first is the one that others use. None for a service."""

    @property
    def patience(self) -> float:
        """Seconds from its start within which it must be ready."""

    @property
    def stop_signal(self) -> signal.Signals:
        """What makes it stop in good order."""

    @property
    def grace(self) -> float:
        """Seconds that it has for that before it is killed."""

    def prepare(self) -> None:
        """Make its folder fit to start in: the first time, or after a crash."""

    def launch(self) -> Launch:
        """How to start it."""

    def ready(self) -> bool:
        """Whether it does its work; answers within about two seconds."""
