"""Compare the clocks and findings that should be on record with those that are, and say what is to be recorded.

Level-triggered: it looks at what is, not at what changed, so an outage, a late fact or a calendar change is caught
at the next run. The loop appends the first step only, reads it back, and asks again, until nothing is left.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from jauap.domain.case import Case, Clock, near_mark
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
from jauap.domain.rules import Rule
from jauap.domain.workdays import Calendar, CalendarMissing, working_days_between
from services.deadlines.clocks import wanted_clocks
from services.deadlines.findings import wanted_findings

NEAR = 2
"""A clock is near when at most so many working days are left to the day to act by."""


def reconcile(case: Case, calendar: Calendar, rules: Sequence[Rule], today: date) -> list[DeadlineStep]:
    """Give the steps that bring the record nearer to what should be on it on a day in Kazakhstan; []: it is there.

    Each clock gives at most its next step, so that the first step, folded, leaves fewer of them.
    """
    clocks = wanted_clocks(case, calendar, rules, today)
    findings = wanted_findings(case, clocks)
    return [
        *clock_steps(clocks, case.deadlines.clocks, calendar, today),
        *finding_steps(findings, case.deadlines.findings),
    ]


def clock_steps(
    wanted: Mapping[str, Clock], recorded: Mapping[str, Clock], calendar: Calendar, today: date
) -> Iterator[DeadlineStep]:
    """Give the next step of each clock, then the clocks that have no ground any more."""
    for name, clock in wanted.items():
        here = recorded.get(name)
        step = started(clock) if here is None else next_step(clock, here) or near(clock, here, calendar, today)
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
        return moved(wanted, recorded.due)
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
    """Give what a move changes."""
    return (
        clock.rule,
        clock.policy,
        clock.starts_on,
        clock.due,
        clock.safe,
        clock.estimated,
        clock.absent,
        clock.basis,
    )


def started(clock: Clock) -> DeadlineStarted:
    """Put a clock on record."""
    return DeadlineStarted(
        clock=clock.clock,
        paragraph=clock.paragraph,
        body=clock.body,
        rule=clock.rule,
        policy=clock.policy,
        starts_on=clock.starts_on,
        due=clock.due,
        safe=clock.safe,
        estimated=clock.estimated,
        absent=clock.absent,
        basis=clock.basis,
    )


def moved(clock: Clock, previous: date | None) -> DeadlineMoved:
    """Record that a clock's due date, or what it rests on, changed."""
    return DeadlineMoved(
        clock=clock.clock,
        rule=clock.rule,
        policy=clock.policy,
        starts_on=clock.starts_on,
        previous=previous,
        due=clock.due,
        safe=clock.safe,
        estimated=clock.estimated,
        absent=clock.absent,
        basis=clock.basis,
    )


def met(clock: Clock) -> DeadlineMet | None:
    """Record what met a clock, in time or late. None: nothing did."""
    if clock.met_on is None or clock.met_by is None:
        return None
    return DeadlineMet(
        clock=clock.clock, met_on=clock.met_on, late=clock.missed, met_by=clock.met_by, basis=clock.basis
    )


def near(wanted: Clock, recorded: Clock, calendar: Calendar, today: date) -> DeadlineNear | None:
    """Tell once for each due date and its basis that an open clock comes near its day to act by.

    None: it doesn't, it was told, or the days left can't be counted. After an outage over those days it is never told.
    """
    due = wanted.due
    if due is None or wanted.missed or wanted.met_on is not None or recorded.near == near_mark(due, wanted.basis):
        return None
    try:
        left = working_days_between(today, wanted.safe or due, calendar)
    except CalendarMissing:
        return None
    if left > NEAR:
        return None
    return DeadlineNear(clock=wanted.clock, due=due, safe=wanted.safe, working_days_left=left, basis=wanted.basis)


def finding_steps(
    wanted: Mapping[str, FindingRaised], recorded: Mapping[str, FindingRaised]
) -> Iterator[FindingCured | FindingRaised]:
    """Cure what has no ground any more or stands differently now, then raise what is not on record."""
    for name, finding in recorded.items():
        if wanted.get(name) != finding:
            yield FindingCured(finding=name)
    for name, finding in wanted.items():
        if name not in recorded:
            yield finding
