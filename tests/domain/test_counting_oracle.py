"""A slow and plain count, written from the regulation alone, held against the real one on any calendar.

It walks the days one by one, asks every act on each of them, and lets the calendar become known day by day, as people
learned of it. It shares no code with `jauap.domain.workdays`. Source: docs/explanation/how-the-decree-is-read.md.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from hypothesis import example, given, settings
from hypothesis import strategies as st

from jauap.domain.facts import CalendarAct, CalendarDay, DayKind
from jauap.domain.workdays import CalendarMissing, Calendars, Term, count_as_known
from tests.services.deadline_runs import acts as shipped_acts

KINDS: tuple[DayKind, ...] = ("working", "off", "public-holiday", "substitute", "moved-off", "estimated-off")
YEARS = (2023, 2024, 2025)
SPAN = st.dates(date(2023, 12, 20), date(2024, 1, 14))
KNOWN = st.dates(date(2023, 12, 18), date(2024, 1, 20))
"""Close together, so that acts become known on the first and the last day of a term, and on the day it is met."""
TOMORROW = timedelta(days=1)


class Ended(NamedTuple):
    """How a walk ended: the due date, the safe date, whether it crossed an estimate; or the year that is missing."""

    due: date | None = None
    safe: date | None = None
    estimated: bool = False
    missing: int | None = None


def kind_of(day: date, acts: Sequence[CalendarAct], known_on: date) -> str | None:
    """What a day is, as known on a day: by the act that became known last, else by its weekday; None: not loaded."""
    word: str | None = None
    loaded = False
    best = date.min
    for act in acts:
        if act.known_on > known_on:
            continue
        loaded = loaded or day.year in act.years
        for named in act.days:
            if named.day == day and act.known_on >= best:
                word, best = named.becomes, act.known_on
    if not loaded:
        return None
    return word or ("off" if day.isoweekday() in (6, 7) else "working")


def walk(first: date, working_days: int, acts: Sequence[CalendarAct], known_on: date) -> tuple[date, set[str]] | int:
    """The day on which so many working days are behind, and what lay on the way; or the year that is missing."""
    met: set[str] = set()
    day = first
    while True:
        kind = kind_of(day, acts, known_on)
        if kind is None:
            return day.year
        met.add(kind)
        working_days -= kind == "working"
        if working_days == 0:
            return day, met
        day += TOMORROW


def as_known(start: date, working_days: int, acts: Sequence[CalendarAct], known_on: date, *, two: bool) -> Ended:
    """The term by the day after, and the safe date by the reading that counts the day itself (14-5)."""
    legal = walk(start + TOMORROW, working_days, acts, known_on)
    if isinstance(legal, int):
        return Ended(missing=legal)
    due, met = legal
    if not two:
        return Ended(due, None, "estimated-off" in met)
    early = walk(start, working_days, acts, known_on)
    if isinstance(early, int):
        return Ended(missing=early)
    safe, met_early = early
    return Ended(due, safe if safe < due else None, "estimated-off" in met | met_early)


def lived_through(start: date, working_days: int, acts: Sequence[CalendarAct], closed_on: date, *, two: bool) -> Ended:
    """The term as people knew it, day after day: what they learn after its end, or once it is met, moves nothing."""
    today = start
    ended = as_known(start, working_days, acts, today, two=two)
    while today < closed_on and (ended.due is None or today < ended.due):
        today += TOMORROW
        ended = as_known(start, working_days, acts, today, two=two)
    return ended


def real(start: date, working_days: int, acts: Sequence[CalendarAct], closed_on: date, *, two: bool) -> Ended:
    """The same by the real counting."""
    safe = "from-the-day/1" if two else None
    try:
        term: Term = count_as_known(start, working_days, "day-after/1", Calendars(acts), closed_on, safe)
    except CalendarMissing as missing:
        return Ended(missing=missing.year)
    return Ended(term.due, term.safe, term.estimated)


def learned(known_on: date) -> list[CalendarAct]:
    """The year 2024, and an act of some day by which Thursday 11 January is off."""
    year = CalendarAct(act="year", title="A year", known_on=date(2023, 1, 1), years=YEARS, days=())
    off = CalendarDay(day=date(2024, 1, 11), becomes="moved-off", why="So")
    return [year, CalendarAct(act="order", title="An order", known_on=known_on, days=(off,))]


@st.composite
def some_acts(draw: st.DrawFn) -> list[CalendarAct]:
    """Acts around a turn of the year, in any order, known before, while or after terms run; most years are loaded."""
    named = st.dictionaries(SPAN, st.sampled_from(KINDS), max_size=12)
    loads = st.lists(st.sampled_from(YEARS), unique=True, max_size=2).map(tuple)
    made = draw(st.lists(st.tuples(named, loads, KNOWN), max_size=8))
    first = draw(st.sampled_from([YEARS, YEARS, YEARS, (2023,), ()]))
    made.insert(draw(st.integers(0, len(made))), ({}, first, date(2023, 1, 1)))
    return [
        CalendarAct(
            act=f"act-{number}",
            title="An act",
            known_on=known_on,
            years=years,
            days=tuple(CalendarDay(day=day, becomes=kind, why="So") for day, kind in days.items()),
        )
        for number, (days, years, known_on) in enumerate(made)
    ]


@settings(max_examples=400, deadline=None)
@given(acts=some_acts(), start=SPAN, working_days=st.integers(1, 8), after=st.integers(0, 20), two=st.booleans())
@example(acts=learned(date(2024, 1, 11)), start=date(2024, 1, 8), working_days=3, after=9, two=False)
@example(acts=learned(date(2024, 1, 12)), start=date(2024, 1, 8), working_days=3, after=9, two=False)
@example(acts=learned(date(2024, 1, 9)), start=date(2024, 1, 8), working_days=3, after=1, two=False)
@example(acts=learned(date(2024, 1, 10)), start=date(2024, 1, 8), working_days=3, after=1, two=False)
def test_the_real_count_is_the_plain_one(
    acts: list[CalendarAct], start: date, working_days: int, after: int, *, two: bool
) -> None:
    """On any calendar, closed on any day, the due date, the safe one, estimate and missing year are the walk's."""
    closed_on = start + timedelta(days=after)
    assert real(start, working_days, acts, closed_on, two=two) == lived_through(
        start, working_days, acts, closed_on, two=two
    )


@settings(max_examples=150, deadline=None)
@given(
    start=st.dates(date(2022, 1, 1), date(2027, 11, 30)),
    working_days=st.sampled_from([5, 10]),
    after=st.integers(0, 40),
    two=st.booleans(),
)
@example(start=date(2022, 10, 17), working_days=5, after=30, two=True)
@example(start=date(2024, 6, 5), working_days=10, after=30, two=False)
@example(start=date(2026, 8, 24), working_days=5, after=30, two=True)
def test_the_real_count_on_the_acts_that_ship(start: date, working_days: int, after: int, *, two: bool) -> None:
    """Kazakhstan's own calendar from 2022 to 2027, as it was known while each term ran."""
    closed_on = start + timedelta(days=after)
    assert real(start, working_days, shipped_acts(), closed_on, two=two) == lived_through(
        start, working_days, shipped_acts(), closed_on, two=two
    )
