"""Working days of Kazakhstan: the calendar as acts made it known, and terms counted on it.

A calendar is a fold of acts (`CalendarAct`): each says what it makes of which day and when that became known,
so the calendar of any earlier day can be had again. Days are Kazakhstan's; nothing here asks what day it is.
The source is the Law on holidays art. 5 and the Labour Code art. 84(5), 85(3); how the decree's terms are
counted is a policy with a name and a version, which stands on every deadline.
"""

from bisect import bisect_left, bisect_right
from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count as numbers_from
from types import MappingProxyType
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from jauap.domain.facts import CalendarAct, DayKind, Value

KAZAKHSTAN = ZoneInfo("Asia/Almaty")
"""Kazakhstan's time with its history: UTC+6 until the end of 29 February 2024, UTC+5 after."""

ONE_DAY = timedelta(days=1)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
SATURDAY = 5


class CalendarMissing(LookupError):
    """The calendar of a year is not loaded: load the acts of that year, then count again."""

    def __init__(self, year: int) -> None:
        """Name the first year that is missing."""
        super().__init__(f"the calendar of {year} is not loaded")
        self.year = year


class UnknownPolicy(LookupError):
    """No counting of working days has this name and version: name one of `POLICIES`."""

    def __init__(self, policy: str) -> None:
        """Name the policy that was asked for."""
        super().__init__(f"no counting policy {policy!r}; there are {', '.join(POLICIES)}")
        self.policy = policy


class Day(Value, frozen=True, kw_only=True):
    """One day of a term, and why it counts or does not."""

    date: date
    counted: bool
    why: str
    act: str | None = None
    """Name of the act that made the day what it is; None: a plain day of the week."""


class Term(Value, frozen=True, kw_only=True):
    """A counted term: it ends at 24:00 in Kazakhstan on `due`, which is itself in time."""

    start: date
    """Day of the starting event."""
    working_days: int
    policy: str
    due: date
    safe: date | None = None
    """The day to act by where the text has a second, earlier reading; None: one reading, or both end alike."""
    estimated: bool = False
    """The term crosses a day whose date is only estimated: `due` may yet move."""
    acts: tuple[str, ...] = ()
    """Names of the acts that name a day of the term, in the order of their days."""
    known_on: date | None = None
    """The calendar that it was counted on holds the acts that were known on this day; None: all acts."""


class NamedDay(NamedTuple):
    """What the latest act makes of a day."""

    becomes: DayKind
    why: str
    act: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days of the loaded years as they were known on a day. Built by `calendar_of`; it never changes."""

    known_on: date | None
    """The acts known on this day count; None: all acts."""
    years: frozenset[int]
    """The loaded years."""
    named: Mapping[date, NamedDay] = field(hash=False, repr=False)
    """The days that an act names, of loaded years or not. All other days are plain days of the week."""
    working: tuple[date, ...] = field(repr=False)
    """Every working day of the loaded years, in order: a term is counted by looking a place up in it."""
    estimates: tuple[date, ...] = field(repr=False)
    """The days off whose date is only estimated, in order."""

    def day(self, day: date) -> Day:
        """Say whether a day is a working day (`counted`), why, and by which act. Raises `CalendarMissing`."""
        self.require(day, day)
        named = self.named.get(day)
        if named:
            return Day(date=day, counted=named.becomes == "working", why=named.why, act=named.act)
        works = day.weekday() < SATURDAY
        return Day(date=day, counted=works, why=f"{WEEKDAYS[day.weekday()]}, {'working day' if works else 'day off'}")

    def is_working(self, day: date) -> bool:
        """Say whether a day is a working day. Raises `CalendarMissing`."""
        self.require(day, day)
        return _works(day, self.named)

    def nth_working_day(self, first: date, number: int) -> date:
        """Find the working day with this number (1, 2, …) from `first` on, `first` included.

        Raises `CalendarMissing` unless every day from `first` to the answer is in a loaded year.
        """
        place = bisect_left(self.working, first) + number - 1
        if place >= len(self.working):
            raise CalendarMissing(next(year for year in numbers_from(first.year) if year not in self.years))
        self.require(first, self.working[place])
        return self.working[place]

    def acts_on(self, first: date, last: date) -> tuple[str, ...]:
        """Name the acts that name a day of `first` … `last`, both included, in the order of their days."""
        named = (self.named[day].act for day in days_between(first, last) if day in self.named)
        return tuple(dict.fromkeys(named))

    def rests_on_estimate(self, first: date, last: date) -> bool:
        """Say whether an estimated day lies in `first` … `last`, both included.

        An estimate on a Saturday or Sunday counts too: it takes no working day where it stands, but the day
        that is announced in the end may be a neighbour, and a working day (Kurban Ait 2024 was named for a
        Monday and came on the Sunday).
        """
        return bisect_left(self.estimates, first) < bisect_right(self.estimates, last)

    def require(self, first: date, last: date) -> None:
        """Raise `CalendarMissing` with the first year of `first` … `last` that is not loaded."""
        for year in range(first.year, last.year + 1):
            if year not in self.years:
                raise CalendarMissing(year)


def calendar_of(acts: Iterable[CalendarAct], known_on: date | None = None) -> Calendar:
    """Fold acts into the calendar as it was known on a day in Kazakhstan (None: by all acts).

    Acts apply in the order in which they became known, and as given where that is the same day; a later act
    overrides an earlier one day by day. A year is loaded when one of these acts names it in `years`. A day
    that no act names works from Monday to Friday.
    """
    known = [act for act in acts if known_on is None or act.known_on <= known_on]
    known.sort(key=lambda act: act.known_on)
    years = frozenset(year for act in known for year in act.years)
    named = {day.day: NamedDay(day.becomes, day.why, act.act) for act in known for day in act.days}
    return Calendar(
        known_on=known_on,
        years=years,
        named=MappingProxyType(named),
        working=tuple(day for year in sorted(years) for day in days_of(year) if _works(day, named)),
        estimates=tuple(sorted(day for day, what in named.items() if what.becomes == "estimated-off")),
    )


class Calendars:
    """The acts on record, and the calendar as it was known on any day."""

    def __init__(self, acts: Iterable[CalendarAct], sequence: int | None = None) -> None:
        """Take the acts in the order of the log, and the sequence of the last record that they come from."""
        self.acts = tuple(acts)
        self.sequence = sequence
        self._changes = tuple(sorted({act.known_on for act in self.acts}))
        self._made: dict[date | None, Calendar] = {}

    def known_on(self, day: date) -> Calendar:
        """Give the calendar as it was publicly known on a day; its own `known_on` is the day of its last act."""
        place = bisect_right(self._changes, day)
        change = self._changes[place - 1] if place else None
        if change not in self._made:
            acts = self.acts if change is not None else ()
            self._made[change] = calendar_of(acts, change)
        return self._made[change]

    def next_change(self, after: date) -> date | None:
        """Give the first day after this one on which an act became known; None: there is none."""
        place = bisect_right(self._changes, after)
        return self._changes[place] if place < len(self._changes) else None


def parse_acts(text: bytes) -> tuple[CalendarAct, ...]:
    """Read acts from JSON: a list of objects with the fields of `CalendarAct`.

    The acts that ship are the package resource `jauap/domain/calendar_acts.json`; the caller reads it.
    Raises `msgspec.ValidationError` for what does not fit, `msgspec.DecodeError` for what is not JSON.
    """
    return msgspec.json.decode(text, type=tuple[CalendarAct, ...])


def days_of(year: int) -> Iterator[date]:
    """Give each day of a year, in order."""
    return days_between(date(year, 1, 1), date(year, 12, 31))


def days_between(first: date, last: date) -> Iterator[date]:
    """Give each day from `first` to `last`, both included."""
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def _works(day: date, named: Mapping[date, NamedDay]) -> bool:
    what = named.get(day)
    return what.becomes == "working" if what else day.weekday() < SATURDAY


def _the_day_after(start: date) -> date:
    """Civil Code art. 173, by analogy: the day of the event is day 0, whether or not it is a working day."""
    return start + ONE_DAY


def _that_day(start: date) -> date:
    """14-5, "starting from the day": the day of the event is day 1 if it is a working day."""
    return start


POLICIES: dict[str, Callable[[date], date]] = {"day-after/1": _the_day_after, "from-the-day/1": _that_day}
"""Counting policies by name and version: each gives the first day that can count. From there on each working
day counts one, and the term ends with the last one counted. A released policy never changes; a new reading
is a new version."""


def count(start: date, working_days: int, policy: str, calendar: Calendar, safe_policy: str | None = None) -> Term:
    """Count a term of so many working days (at least one) from the day of its starting event, in Kazakhstan.

    With `safe_policy` (14-5, where the text has two readings) the term has a safe date, if that reading ends
    earlier. An estimate that either reading crosses makes the term an estimated one.

    Raises `CalendarMissing` unless every day from the first that can count to the due date is in a loaded
    year, `UnknownPolicy`, and `ValueError` for less than one day. Source: docs/explanation/how-the-decree-is-read.md.
    """
    if working_days < 1:
        message = f"a term has at least one working day, not {working_days}"
        raise ValueError(message)
    first = _first_day(start, policy)
    due = calendar.nth_working_day(first, working_days)
    safe = None
    if safe_policy is not None:
        safe_first = _first_day(start, safe_policy)
        safe = calendar.nth_working_day(safe_first, working_days)
        first = min(first, safe_first)
    return Term(
        start=start,
        working_days=working_days,
        policy=policy,
        due=due,
        safe=safe if safe is not None and safe < due else None,
        estimated=calendar.rests_on_estimate(first, due),
        acts=calendar.acts_on(first, due),
        known_on=calendar.known_on,
    )


def count_as_known(
    start: date, working_days: int, policy: str, calendars: Calendars, closed_on: date, safe_policy: str | None = None
) -> Term:
    """Count a term as the calendar was known while it ran: what became known after its end does not move it.

    `closed_on` is the day on which what it waited for happened, or today. An act that became known by then, and not
    after the term's end as it stood, counts from the day on which it was known. Raises as `count` does.
    """
    calendar = calendars.known_on(start)
    known = start
    while True:
        change = calendars.next_change(known)
        last = change is None or change > closed_on
        try:
            term = count(start, working_days, policy, calendar, safe_policy)
        except CalendarMissing:
            if last:
                raise
        else:
            if last or (change is not None and change > term.due):
                return term
        assert change is not None  # noqa: S101 - else it is the last
        known, calendar = change, calendars.known_on(change)


def explain(term: Term, calendar: Calendar) -> tuple[Day, ...]:
    """Give each day of a term, from the first that could count to the due date, with why it counted or not.

    `calendar` is the one that the term was counted on. Raises `CalendarMissing` and `UnknownPolicy`.
    """
    return tuple(calendar.day(day) for day in days_between(_first_day(term.start, term.policy), term.due))


def working_days_between(after: date, until: date, calendar: Calendar) -> int:
    """Count the working days after one day up to and including another; 0 where `until` is not later.

    Raises `CalendarMissing` unless each of these days is in a loaded year.
    """
    if until <= after:
        return 0
    calendar.require(after + ONE_DAY, until)
    return bisect_right(calendar.working, until) - bisect_right(calendar.working, after)


def weekdays_between(after: date, until: date) -> int:
    """Count the days from Monday to Friday after one day up to and including another; 0 where `until` is not later."""
    if until <= after:
        return 0
    return sum(day.weekday() < SATURDAY for day in days_between(after + ONE_DAY, until))


def working_day_back(day: date, number: int, calendar: Calendar) -> date:
    """Give the working day so many working days before another, or before the last one that is not later than it.

    Raises `CalendarMissing` unless every day on the way is in a loaded year.
    """
    place = bisect_right(calendar.working, day) - 1 - number
    if place < 0:
        raise CalendarMissing(_missing_before(day, calendar))
    found = calendar.working[place]
    calendar.require(found, day)
    return found


def _missing_before(day: date, calendar: Calendar) -> int:
    year = day.year
    while year in calendar.years:
        year -= 1
    return year


def day_to_act_by(stated: date, calendar: Calendar) -> date | None:
    """Give the working day before a date that is stated for a day off: the date does not move, and to act is safe then.

    None: the date is a working day, or a year on the way is not loaded.
    """
    try:
        found = working_day_back(stated, 0, calendar)
    except CalendarMissing:
        return None
    return found if found < stated else None


def days_after(start: date, number: int) -> date:
    """Give the day so many calendar days after another: the day after is the first; days off count, nothing moves."""
    return start + timedelta(days=number)


def months_after(start: date, number: int) -> date:
    """Give the day with the same number so many months later, or that month's last day where it has no such day.

    So one month after 31 January is 28 or 29 February, six months after 31 August the last of February, and a year
    (twelve months) after 29 February is 28 February. A term ends on that day, which is in time; it does not move off a
    day off.
    """
    years, month = divmod(start.month - 1 + number, 12)
    year, month = start.year + years, month + 1
    return date(year, month, min(start.day, monthrange(year, month)[1]))


TERM_ENDS: dict[str, Callable[[date, int], date]] = {"calendar-days/1": days_after, "months/1": months_after}
"""Counting policies that no calendar act touches, by name and version: each gives the last day of a term."""


def day_in_kazakhstan(instant: datetime) -> date:
    """Give the day that an instant falls on in Kazakhstan. Raises `ValueError` for a time without a zone."""
    if instant.tzinfo is None:
        message = "an instant needs its time zone"
        raise ValueError(message)
    return instant.astimezone(KAZAKHSTAN).date()


def _first_day(start: date, policy: str) -> date:
    try:
        return POLICIES[policy](start)
    except KeyError:
        raise UnknownPolicy(policy) from None
