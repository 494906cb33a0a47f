"""How a process begins, waits for what it needs, says how it is, and ends: the same for all of them."""

import importlib
import time
from collections.abc import Callable
from typing import Protocol, TypeVar

import structlog

from jauap import logs, settings
from jauap.health import VARIABLE, Signs
from jauap.settings import WrongSetting

log = structlog.get_logger(__name__)

T = TypeVar("T")

PAUSE_SECONDS = 0.1
SAID_EVERY_SECONDS = 30.0


class CannotGoOn(Exception):
    """The process stops, with status 1: waiting would not heal it, or was tried for long enough."""


class Stopped(Exception):
    """It was told to stop while it waited."""


class Sparingly:
    """What is so for a while is said when it begins, when it becomes something else, and every half minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Nothing is said yet. `clock` gives seconds."""
        self._clock, self._what, self._said_at = clock, "", float("-inf")

    def due(self, what: str) -> bool:
        """Whether to say it now; who asks, says it."""
        now = self._clock()
        if what == self._what and now - self._said_at < SAID_EVERY_SECONDS:
            return False
        self._what, self._said_at = what, now
        return True


class Stop(Protocol):
    """Whether it was told to stop: `jauap.stop.Stop`."""

    asked: bool


class Life:
    """Whether to stop: every loop asks it as it goes round, and so it knows that it does."""

    def __init__(self, stop: Stop, clock: Callable[[], float] = time.monotonic) -> None:
        """Nobody looks yet how it is. `clock` gives seconds."""
        self.stop, self._clock = stop, clock
        self._signs = Signs(None)
        self._sparingly = Sparingly(clock)
        self._ready_at = clock()
        self._is_ready = False

    def begin(self) -> None:
        """Show how it is in the file that JAUAP_READY_FILE names. Raises WrongSetting."""
        try:
            self._signs = Signs(settings.ready_file())
        except OSError as error:
            raise WrongSetting(VARIABLE, f"must name a file that can be written: {error.strerror}") from error

    def end(self) -> None:
        """Nobody takes it for ready any more."""
        self._signs.end()

    def __call__(self) -> bool:
        """Whether to stop. The loop goes round; if it is not ready for long, that is said."""
        self._signs.alive()
        seconds = self._clock() - self._ready_at
        if seconds > SAID_EVERY_SECONDS and self._sparingly.due("not ready"):
            self._is_ready = False
            log.warning("not ready", seconds=round(seconds))
        return self.stop.asked

    def ready(self) -> None:
        """It does its work, as of now; to be said again as the loop goes round."""
        if not self._is_ready:
            self._is_ready = True
            log.info("ready")
        self._ready_at = self._clock()
        self._signs.ready()

    def wait(self, attempt: Callable[[], T], *passing: type[Exception]) -> T:
        """Try until it succeeds; what it waits for is the message of what passes. Raises Stopped."""
        while not self.stop.asked:
            self._signs.alive()
            try:
                found = attempt()
            except passing as reason:
                if self._sparingly.due(type(reason).__name__):
                    log.warning("waiting", reason=str(reason))
                    self._signs.waits_for(str(reason))
            else:
                self._signs.waits_for("")
                self._ready_at = self._clock()
                return found
            self._pause()
        raise Stopped

    def _pause(self) -> None:
        until = time.monotonic() + PAUSE_SECONDS
        while not self.stop.asked and time.monotonic() < until:
            time.sleep(0.02)


def run(name: str, stop: Stop, work: Callable[[Life], None] | None = None) -> int:
    """Run `services.<name>`, or other work, until told to stop.

    The exit status: 0 stopped, 1 it could not go on, 2 a wrong setting.
    """
    life = Life(stop)
    try:
        logs.configure(name)
        settings.check_names()
        life.begin()
        (work or importlib.import_module(f"services.{name}.app").run)(life)
    except WrongSetting as wrong:
        log.critical("wrong setting", reason=str(wrong))
        return 2
    except CannotGoOn as reason:
        log.critical("stopped", reason=str(reason))
        return 1
    except Stopped:
        pass
    finally:
        life.end()
    log.info("stopped")
    return 0
