"""Compare the clocks and findings that should be on record with those that are, and say what is to be recorded.

Level-triggered: it looks at what is, not at what changed, so an outage, a late fact or a calendar change is caught
at the next run. The loop appends the first step only, reads it back, and asks again, until nothing is left.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from jauap.domain.case import TERMS, Case, Clock, Finding
from jauap.domain.events import (
    DeadlineDropped,
    DeadlineMet,
    DeadlineMissed,
    DeadlineMoved,
    DeadlineNear,
    DeadlineReopened,
    DeadlineStarted,
    DeadlineStep,
    FindingCured,
    FindingRaised,
)
from jauap.domain.receipts import FIRST_RECEIPT
from jauap.domain.rules import NEAR, Rule
from jauap.domain.workdays import Calendar, CalendarMissing, Calendars, weekdays_between, working_days_between
from services.deadlines.clocks import forwarding_due, wanted_clocks
from services.deadlines.escalation import escalations
from services.deadlines.findings import wanted_findings

TODAY, PAST = 0, -1
"""Steps of `DeadlineNear` beside those: it is the day to act by; it has passed, and the term has not ended."""


def reconcile(
    case: Case, calendars: Calendars, rules: Sequence[Rule], today: date, near: Sequence[int] = NEAR
) -> list[DeadlineStep]:
    """Give the steps that bring the record nearer to what should be on it on a day in Kazakhstan; []: it is there.

    Each clock gives at most its next step, so that the first step, folded, leaves fewer of them.
    """
    clocks = wanted_clocks(case, calendars, rules, today)
    findings = wanted_findings(case, clocks, lambda day: forwarding_due(case, calendars, rules, day))
    calendar = calendars.known_on(today)
    return [
        *clock_steps(clocks, case.deadlines.clocks, Nearing(calendar, today, near)),
        *finding_steps(findings, case.deadlines.findings),
        *escalations(case, calendar, today),
    ]


class Nearing(NamedTuple):
    """What says whether a clock comes near: the calendar, the day in Kazakhstan, and the steps that are told."""

    calendar: Calendar
    today: date
    steps: Sequence[int]


def clock_steps(wanted: Mapping[str, Clock], recorded: Mapping[str, Clock], nearing: Nearing) -> Iterator[DeadlineStep]:
    """Give the next step of each clock, then the clocks that have no ground any more."""
    for name, clock in wanted.items():
        here = recorded.get(name)
        step = started(clock) if here is None else next_step(clock, here) or near(clock, here, nearing)
        if step is not None:
            yield step
    for name in recorded:
        if name not in wanted:
            yield DeadlineDropped(clock=name)


def next_step(wanted: Clock, recorded: Clock) -> DeadlineStep | None:
    """Give the step that brings a clock on record nearer to what it should be; None: it is there.

    A late fact is Missed first, then Met; a missed clock whose fact turns out to be in time is simply Met.
    """
    if (recorded.paragraph, recorded.body) != (wanted.paragraph, wanted.body):
        return DeadlineDropped(clock=wanted.clock)
    if terms(recorded) != terms(wanted):
        return moved(wanted, recorded)
    if reopens(wanted, recorded):
        return DeadlineReopened(clock=wanted.clock, basis=wanted.basis)
    if wanted.missed and not recorded.missed and wanted.due is not None:
        return DeadlineMissed(clock=wanted.clock, due=wanted.due, basis=wanted.basis)
    if (wanted.met_on, wanted.met_by, wanted.missed) != (recorded.met_on, recorded.met_by, recorded.missed):
        return met(wanted)
    return None


def reopens(wanted: Clock, recorded: Clock) -> bool:
    """Nothing meets the clock any more, or nothing ever did and it isn't missed any more."""
    return wanted.met_on is None and (recorded.met_on is not None or (recorded.missed and not wanted.missed))


def terms(clock: Clock) -> tuple[object, ...]:
    """Give what a move changes. A calendar that gives the same day with other acts is no move."""
    return (
        clock.rule,
        clock.policy,
        clock.starts_on,
        clock.due,
        clock.safe,
        clock.estimated,
        clock.verified,
        clock.absent,
        clock.original,
        clock.receipt,
        clock.basis,
    )


def started(clock: Clock) -> DeadlineStarted:
    """Put a clock on record."""
    said: dict[str, Any] = {name: getattr(clock, name) for name in TERMS}
    return DeadlineStarted(clock=clock.clock, paragraph=clock.paragraph, body=clock.body, **said)


def moved(wanted: Clock, recorded: Clock) -> DeadlineMoved:
    """Record that a clock's due date, or what it rests on, changed, and which calendar acts did it."""
    said: dict[str, Any] = {name: getattr(wanted, name) for name in TERMS}
    return DeadlineMoved(
        clock=wanted.clock,
        previous=recorded.due,
        earlier=any(
            before is not None and after is not None and after < before
            for before, after in ((recorded.due, wanted.due), (recorded.act_by, wanted.act_by))
        ),
        because=acts_between(wanted, recorded),
        **said,
    )


def acts_between(wanted: Clock, recorded: Clock) -> tuple[str, ...]:
    """Name the calendar acts that a move rests on: those of one term and not of the other. (): no act moved it.

    An act that was withdrawn and taken in again under its name is of both: then all acts of the term are named.
    """
    if counted_from(wanted) != counted_from(recorded) or wanted.calendar == recorded.calendar:
        return ()
    named = dict.fromkeys((*wanted.acts, *recorded.acts))
    changed = tuple(act for act in named if (act in wanted.acts) != (act in recorded.acts))
    return changed or tuple(named)


def counted_from(clock: Clock) -> tuple[object, ...]:
    """Give what a term is counted from, beside the calendar."""
    start = clock.starts_on if clock.receipt in (None, FIRST_RECEIPT) else None  # else the calendar may have moved it
    return (clock.rule, clock.policy, start, clock.receipt, clock.basis)


def met(clock: Clock) -> DeadlineMet | None:
    """Record what met a clock, in time or late. None: nothing did."""
    if clock.met_on is None or clock.met_by is None:
        return None
    return DeadlineMet(
        clock=clock.clock, met_on=clock.met_on, late=clock.missed, met_by=clock.met_by, basis=clock.basis
    )


def near(wanted: Clock, recorded: Clock, nearing: Nearing) -> DeadlineNear | None:
    """Tell each step once, for each day to act by, that an open clock comes near that day.

    After an outage over several steps the nearest one is told, which says all that the others would have. Where a
    calendar is not loaded, days from Monday to Friday stand in for working days: it is told, and no number is given.
    None: it isn't near, or it was told.
    """
    due, act_by = wanted.due, wanted.act_by
    if due is None or act_by is None or wanted.missed or wanted.met_on is not None:
        return None
    left: int | None = None
    try:
        left = working_days_between(nearing.today, act_by, nearing.calendar)
    except CalendarMissing:
        step = step_of(act_by, weekdays_between(nearing.today, act_by), nearing)
    else:
        step = step_of(act_by, left, nearing)
    if step is None or (recorded.near is not None and recorded.near <= step):
        return None
    return DeadlineNear(
        clock=wanted.clock, due=due, safe=wanted.safe, step=step, working_days_left=left, basis=wanted.basis
    )


def step_of(act_by: date, left: int, nearing: Nearing) -> int | None:
    """Give the step that is reached on a day; None: none is. Over days off the last working day is the first step."""
    if nearing.today > act_by:
        return PAST
    if nearing.today == act_by:
        return TODAY
    return min((step for step in nearing.steps if step >= left), default=None)


def finding_steps(
    wanted: Mapping[str, Finding], recorded: Mapping[str, Finding]
) -> Iterator[FindingCured | FindingRaised]:
    """Take back what has no ground any more or stands differently now, raise what is not on record, then cure."""
    for name, finding in recorded.items():
        here = wanted.get(name)
        if here is None or here.raised != finding.raised or (finding.cured_by is not None and here != finding):
            yield FindingCured(finding=name)
    for name, finding in wanted.items():
        here = recorded.get(name)
        if here is None:
            yield finding.raised
        elif finding.cured_by is not None and here.cured_by is None:
            yield FindingCured(finding=name, cured_on=finding.cured_on, cured_by=finding.cured_by)
