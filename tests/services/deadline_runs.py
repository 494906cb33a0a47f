"""Runs of *deadlines* as its loop makes them: the first step is folded, then the case is looked at again."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

import msgspec

from jauap.domain.case import Case, Clock, Finding, Recorded, evolve
from jauap.domain.events import CalendarActReceived, DeadlineMoved, DeadlineStarted, DeadlineStep, Event
from jauap.domain.facts import CalendarAct, CalendarDay, DayKind
from jauap.domain.rules import Rule
from jauap.domain.workdays import Calendars
from jauap.surroundings import shipped_acts, shipped_rules
from services.deadlines.clocks import forwarding_due, wanted_clocks
from services.deadlines.findings import wanted_findings
from services.deadlines.reconcile import reconcile
from tests.builders import day, recorded

ALL_RULES = shipped_rules()
"""The rule table as *deadlines* has it: the decree's rows, and those of the treaties that bind."""
LIMIT = 1000
"""More steps than any test needs: a run that reaches it does not converge."""


@cache
def acts() -> tuple[CalendarAct, ...]:
    """Give the acts that ship: the years 2022 to 2027."""
    return shipped_acts()


@cache
def shipped() -> Calendars:
    """Give the calendar that ships."""
    return Calendars(acts())


@cache
def moved_off(*days: str, becomes: DayKind = "moved-off") -> Calendars:
    """Give the calendar that ships after an act that makes something of some days of 2026."""
    named = tuple(CalendarDay(day=day(text), becomes=becomes, why="Order") for text in days)
    act = CalendarActReceived(act="later-order", title="An order", known_on=date(2026, 6, 1), days=named)
    return Calendars([*acts(), act])


@cache
def without(*years: int) -> Calendars:
    """Give a calendar in which some years are not loaded."""
    return Calendars([act for act in acts() if not set(act.years) & set(years)])


def clocks_of(
    case: Case, today: str = "07-01", calendar: Calendars | None = None, rules: Sequence[Rule] = ALL_RULES
) -> dict[str, Clock]:
    """Give the clocks that should be on record on a day of 2026."""
    return wanted_clocks(case, calendar or shipped(), rules, day(today))


def findings_on(
    case: Case, today: str = "07-01", calendar: Calendars | None = None, rules: Sequence[Rule] = ALL_RULES
) -> dict[str, Finding]:
    """Give the findings that should be on record on a day of 2026."""
    calendars = calendar or shipped()
    clocks = wanted_clocks(case, calendars, rules, day(today))
    return wanted_findings(case, clocks, lambda on: forwarding_due(case, calendars, rules, on))


def run(
    case: Case,
    today: date,
    calendar: Calendars | None = None,
    most: int = LIMIT,
    rules: Sequence[Rule] = ALL_RULES,
) -> tuple[Case, list[DeadlineStep]]:
    """Fold the first step and look again, until none is left or `most` were folded; give the case and the steps."""
    folded: list[DeadlineStep] = []
    while len(folded) < most and (steps := reconcile(case, calendar or shipped(), rules, today)):
        sequence = case.deadlines.last + 1
        case = evolve(case, Recorded(service="deadlines", sequence=sequence, event=steps[0]))
        folded.append(steps[0])
    if len(folded) == LIMIT:
        msg = f"no end after {LIMIT} steps, the last of them {folded[-3:]}"
        raise RecursionError(msg)
    return case, folded


def then(case: Case, *history: Event | tuple[str, Event]) -> Case:
    """Fold more events into a case, each with the next sequence of its service; as `given` takes them."""
    for item in recorded(*history):
        sequence = getattr(case, item.service).last + 1
        case = evolve(case, Recorded(service=item.service, sequence=sequence, event=item.event))
    return case


def as_wanted(case: Case) -> dict[str, Clock]:
    """Give the clocks on record as they stand."""
    return as_they_stand(case.deadlines.clocks)


def as_they_stand(clocks: Mapping[str, Clock]) -> dict[str, Clock]:
    """Give clocks without what depends on when they were looked at: which step was told, which calendar was seen."""
    unseen: dict[str, Any] = {"near": None, "acts": (), "calendar": None, "known_on": None}
    return {name: msgspec.structs.replace(clock, **unseen) for name, clock in clocks.items()}


def bare(step: DeadlineStep) -> DeadlineStep:
    """Give a start or a move without what it tells of the calendar that it was counted on."""
    if not isinstance(step, DeadlineStarted | DeadlineMoved):
        return step
    unseen: dict[str, Any] = {"acts": (), "calendar": None, "known_on": None, "receipt": None}
    return msgspec.structs.replace(step, **unseen)


def names(steps: Iterable[DeadlineStep]) -> list[str]:
    """Give steps as event and clock or finding, such as DeadlineMet 14-5(1)."""
    return [f"{type(step).__name__} {getattr(step, 'clock', None) or getattr(step, 'finding', '')}" for step in steps]
