"""The clock on the wall; a trial deployment may set it (tests, demo)."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from jauap.settings import WrongSetting

Clock = Callable[[], datetime]
TRIAL = "JAUAP_TRIAL_CLOCK"


def system_clock() -> datetime:
    """Now, UTC."""
    return datetime.now(UTC)


def trial_clock(file: Path) -> Clock:
    """A clock that is ahead of the wall by the seconds that a file says; an absent file says none."""

    def now() -> datetime:
        try:
            ahead = float(file.read_text() or 0)
        except FileNotFoundError:
            ahead = 0.0
        return system_clock() + timedelta(seconds=ahead)

    return now


def clock_from_environment() -> Clock:
    """The wall's clock, or the trial clock of the file that JAUAP_TRIAL_CLOCK names. Raises WrongSetting."""
    file = os.environ.get(TRIAL)
    if not file:
        return system_clock
    clock = trial_clock(Path(file))
    try:
        clock()
    except (OSError, ValueError, OverflowError):
        raise WrongSetting(TRIAL, "must name a file that holds a number of seconds, or is not there yet") from None
    return clock


def on_trial() -> bool:
    """Whether this deployment's clock is set by hand."""
    return bool(os.environ.get(TRIAL))
