"""Runs of *deadlines* as its loop makes them: the first step is folded, then the case is looked at again."""

from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache
from importlib.resources import files

import msgspec

from jauap.domain.case import Case, Clock, Recorded, evolve
from jauap.domain.events import CalendarActReceived, DeadlineStep, Event
from jauap.domain.facts import CalendarAct, CalendarDay, DayKind
from jauap.domain.rules import RULES, Rule
from jauap.domain.workdays import Calendar, calendar_of, parse_acts
from services.deadlines.clocks import wanted_clocks
from services.deadlines.reconcile import reconcile
from tests.builders import day, recorded

LIMIT = 1000
"""More steps than any test needs: a run that reaches it does not converge."""


@cache
def acts() -> tuple[CalendarAct, ...]:
    """Give the acts that ship: the years 2022 to 2027."""
    return parse_acts(files("jauap.domain").joinpath("calendar_acts.json").read_bytes())


@cache
def shipped() -> Calendar:
    """Give the calendar that ships."""
    return calendar_of(acts())


@cache
def moved_off(*days: str, becomes: DayKind = "moved-off") -> Calendar:
    """Give the calendar that ships after an act that makes something of some days of 2026."""
    named = tuple(CalendarDay(day=day(text), becomes=becomes, why="Order") for text in days)
    act = CalendarActReceived(act="later-order", title="An order", known_on=date(2026, 6, 1), days=named)
    return calendar_of([*acts(), act])


@cache
def without(*years: int) -> Calendar:
    """Give a calendar in which some years are not loaded."""
    return calendar_of([act for act in acts() if not set(act.years) & set(years)])


def clocks_of(
    case: Case, today: str = "07-01", calendar: Calendar | None = None, rules: Sequence[Rule] = RULES
) -> dict[str, Clock]:
    """Give the clocks that should be on record on a day of 2026."""
    return wanted_clocks(case, calendar or shipped(), rules, day(today))


def run(
    case: Case, today: date, calendar: Calendar | None = None, most: int = LIMIT
) -> tuple[Case, list[DeadlineStep]]:
    """Fold the first step and look again, until none is left or `most` were folded; give the case and the steps."""
    folded: list[DeadlineStep] = []
    while len(folded) < most and (steps := reconcile(case, calendar or shipped(), RULES, today)):
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
    """Give the clocks on record, without whether their coming near was told: after an outage it may not have been."""
    return {name: msgspec.structs.replace(clock, near=None) for name, clock in case.deadlines.clocks.items()}


def names(steps: Iterable[DeadlineStep]) -> list[str]:
    """Give steps as event and clock or finding, such as DeadlineMet 14-5(1)."""
    return [f"{type(step).__name__} {getattr(step, 'clock', None) or getattr(step, 'finding', '')}" for step in steps]
