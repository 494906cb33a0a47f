"""Which day counts as the day of receipt (14-5), where the decree leaves it open: policies with a name and a version.

It does not say what becomes of a letter that comes after office hours, nor whether a letter is received once it
reaches a mission or only in Astana. The safe reading is the earliest day, and is the default; another one is chosen
for a deployment from a day on (docs/reference/settings.md), and stands on each deadline that it gave a start.
"""

from collections.abc import Callable
from datetime import date, time

from jauap.domain.facts import Communication
from jauap.domain.workdays import KAZAKHSTAN, ONE_DAY, Calendar, CalendarMissing, Calendars

FIRST_RECEIPT = "first-receipt/1"
OFFICE_CLOSES = time(18, 30)
"""In Kazakhstan; the end of the day in its central state bodies."""


def _first(letter: Communication, _: Calendar) -> date:
    """The day in Kazakhstan on which it reached the MFA anywhere, at whatever hour."""
    return letter.received_on


def _office_hours(letter: Communication, calendar: Calendar) -> date:
    """The next working day for a letter that came while the office was closed: after hours, or on a day off."""
    return _when_open(letter, letter.received_on, calendar)


def _in_astana(letter: Communication, _: Calendar) -> date:
    """The day on which it reached the ministry in Astana."""
    return letter.in_astana_on or letter.received_on


def _in_astana_office_hours(letter: Communication, calendar: Calendar) -> date:
    """As in-astana/1; where it came to Astana first, as office-hours/1."""
    return letter.in_astana_on or _when_open(letter, letter.received_on, calendar)


def _when_open(letter: Communication, day: date, calendar: Calendar) -> date:
    if letter.received_at is None:
        return day
    if calendar.is_working(day) and letter.received_at.astimezone(KAZAKHSTAN).time() < OFFICE_CLOSES:
        return day
    return calendar.nth_working_day(day + ONE_DAY, 1)


RECEIPTS: dict[str, Callable[[Communication, Calendar], date]] = {
    FIRST_RECEIPT: _first,
    "office-hours/1": _office_hours,
    "in-astana/1": _in_astana,
    "in-astana-office-hours/1": _in_astana_office_hours,
}
"""Policies by name and version. A released one never changes; a new reading is a new version."""


def received_as_known(letter: Communication, policy: str, calendars: Calendars, closed_on: date) -> date:
    """Give the day of receipt by the calendar as it was known when the letter came: what became known later is no part.

    Where that lacks a year, by the first that has it and was known by `closed_on`. Raises `CalendarMissing` if none.
    """
    known: date | None = letter.received_on
    while True:
        assert known is not None  # noqa: S101 - the loop ends before
        try:
            return received_on(letter, policy, calendars.known_on(known))
        except CalendarMissing:
            known = calendars.next_change(known)
            if known is None or known > closed_on:
                raise


def received_on(letter: Communication, policy: str, calendar: Calendar) -> date:
    """Give the day of receipt, in Kazakhstan, by a policy. Raises `CalendarMissing` where it needs a missing year."""
    return RECEIPTS[policy](letter, calendar)
