"""`jauap deadlines --chain`: all that happened, is due, and is to be done before it, on one line of time."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from jauap.cli.printing import say, say_table
from jauap.domain.events import EntryWithdrawn
from jauap.domain.facts import Value
from jauap.domain.plan import PLAN, Planned, backwards
from jauap.domain.recount import row_named
from jauap.domain.workdays import KAZAKHSTAN, Calendar, CalendarMissing
from jauap.projections.agency_matrix import AgencyRow
from jauap.projections.case_history import HistoryRow
from jauap.projections.deadlines import DeadlineRow
from jauap.surroundings import shipped_rules

FACTS = ("intake", "routing", "publication")
MFA = "MFA"
RESPONSE = "14-8(1)"
ANSWERED = ("answered", "declined")


class Link(Value, frozen=True, kw_only=True):
    """One point on the line of time. Days are days in Kazakhstan."""

    on: date | None
    """Its day: of a fact, of a due date, or the last one for a step of the plan; null: a clock that has no date."""
    kind: str
    """fact, clock, or plan (practice)."""
    what: str
    clock: str | None = None
    step: str | None = None
    """Name of the step in the table of lead times."""
    paragraph: str | None = None
    owner: str
    """Whose it is: a body, or the MFA."""
    due: date | None = None
    act_by: date | None = None
    days_left: int | None = None
    """Calendar days to the day to act by; null: nothing is to be done any more."""
    state: str
    """of a fact: done; of a clock: open, met, met-late, missed; of a step: to-do, done, past."""
    original: date | None = None
    estimated: bool = False
    absent: str | None = None
    basis: str | None = None
    """The record that it is, or that started it: service and sequence."""
    because: str | None = None
    """That record as a sentence; of a step, the days off on the way to the next one."""


class Chain(Value, frozen=True, kw_only=True):
    """The whole line of time of a case."""

    case_id: str
    plan: str | None
    """Name and version of the table of lead times; null: nothing is planned."""
    no_plan: str | None
    """Why nothing is planned; null: there is a plan."""
    links: tuple[Link, ...]


def chain_of(
    case_id: str,
    rows: Sequence[HistoryRow],
    clocks: Sequence[DeadlineRow],
    bodies: Sequence[AgencyRow],
    calendar: Calendar,
    today: date,
    no_response: str | None = None,
) -> Chain:
    """The line of time of a case on a day, the oldest first; clocks without a date stand last.

    `no_response` says why no clock runs to the response; None: if none does, no date is stated.
    """
    standing = [row for row in rows if row.service in FACTS and not row.refused and row.withdrawn_by is None]
    sentences = {f"{row.service}:{row.sequence}": row.sentence for row in rows}
    links = [_fact(row) for row in standing if row.event != EntryWithdrawn.__name__]
    links += [_clock(row, sentences) for row in clocks]
    no_plan, plan = _planned(clocks, calendar, no_response)
    links += [_step(one, _done(one, standing, bodies), today) for one in plan]
    order = ("fact", "plan", "clock")
    links.sort(key=lambda link: (link.on or date.max, order.index(link.kind)))
    return Chain(case_id=case_id, plan=PLAN if plan else None, no_plan=no_plan, links=tuple(links))


def say_chain(chain: Chain) -> None:
    """The line of time as a table."""
    headings = ("DATE", "WHAT", "FOR", "ACT BY", "LEFT", "STATE", "NOTE", "RESTS ON")
    say_table(headings, map(_cells, chain.links), "Nothing is on record.")
    if chain.plan:
        say(f"\nWhat is to be done by when, so that the date stated for the response is kept: {chain.plan}, practice.")
    elif chain.no_plan:
        say(f"\nNo plan: {chain.no_plan}.")


def _fact(row: HistoryRow) -> Link:
    return Link(
        on=row.happened_on or row.recorded_at.astimezone(KAZAKHSTAN).date(),
        kind="fact",
        what=row.sentence,
        owner=row.data.get("body") or MFA,
        state="done",
        basis=f"{row.service}:{row.sequence}",
    )


def _clock(row: DeadlineRow, sentences: dict[str, str]) -> Link:
    rule = row_named(shipped_rules(), row.rule, row.receipt)
    return Link(
        on=row.due,
        kind="clock",
        what=f"{row.clock}: {rule.met_by if rule else 'due'}",
        clock=row.clock,
        paragraph=row.paragraph,
        owner=row.body or MFA,
        due=row.due,
        act_by=row.act_by,
        days_left=row.days_left if row.met_on is None else None,
        state=row.state,
        original=row.original,
        estimated=row.estimated,
        absent=row.absent,
        basis=row.basis,
        because=sentences.get(row.basis),
    )


def _planned(
    clocks: Iterable[DeadlineRow], calendar: Calendar, no_response: str | None
) -> tuple[str | None, tuple[Planned, ...]]:
    """The plan back from the date stated for the response, or why there is none."""
    response = next((row for row in clocks if row.clock == RESPONSE), None)
    if response is None:
        return no_response or "no date is stated for the response", ()
    if response.met_on is not None:
        return "the full response was sent", ()
    if response.due is None:
        return response.absent, ()
    try:
        return None, backwards(response.due, calendar)
    except CalendarMissing as missing:
        return str(missing), ()


def _done(one: Planned, facts: Sequence[HistoryRow], bodies: Sequence[AgencyRow]) -> date | None:
    """The day on which a step was done, as far as a record says so."""
    match one.step.name:
        case "information" if bodies and all(body.state in ANSWERED for body in bodies):
            days = [body.answered_on or body.declined_on for body in bodies]
        case "meeting":
            days = [row.happened_on for row in facts if row.event == "MeetingHeld"]
        case "draft":
            days = [row.happened_on for row in facts if row.event == "ResponseDrafted"]
        case _:
            days = []
    return max((day for day in days if day is not None), default=None)


def _step(one: Planned, done: date | None, today: date) -> Link:
    off = ", ".join(f"{day.date} ({day.why})" for day in one.days_off)
    return Link(
        on=one.by,
        kind="plan",
        what=f"{one.step.what}: last working day" + (f"; done on {done}" if done else ""),
        step=one.step.name,
        paragraph=one.step.paragraph,
        owner="bodies" if one.step.name == "information" else MFA,
        act_by=one.by,
        days_left=None if done else (one.by - today).days,
        state="done" if done else ("past" if one.by < today else "to-do"),
        estimated=one.estimated,
        because=f"Days off on the way: {off}" if off else None,
    )


def _cells(link: Link) -> tuple[Any, ...]:
    remarks = [
        "plan" if link.kind == "plan" else None,
        link.absent,
        f"extended from {link.original}" if link.original else None,
        "rests on an estimate" if link.estimated else None,
    ]
    rests = " ".join(filter(None, (f"{link.basis}:" if link.basis and link.because else link.basis, link.because)))
    return (
        link.on, link.what, link.owner, link.act_by, link.days_left, link.state,
        "; ".join(filter(None, remarks)) or None, rests or None,
    )  # fmt: skip
