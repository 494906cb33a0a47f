"""`jauap explain`: why a clock ends when it does, what was believed at an instant, and the count performed again."""

from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import datetime, time
from typing import Annotated, Any

import msgspec
import typer

from jauap.cli import acts, addresses, sending
from jauap.cli.acts import Acts
from jauap.cli.addresses import DATA_DIR, AsJson, DataDir
from jauap.cli.days import as_objects, cautions, say_days
from jauap.cli.printing import failed, note, say, say_json, say_table, word
from jauap.domain import events
from jauap.domain.case import CALENDAR, Case, Clock, Recorded, evolve
from jauap.domain.events import DeadlineDropped, DeadlineMoved, DeadlineStarted
from jauap.domain.facts import Value
from jauap.domain.recount import row_named
from jauap.domain.reperform import Again, Setting, acts_at, performed
from jauap.domain.rules import Rule
from jauap.domain.workdays import KAZAKHSTAN, calendar_of, day_in_kazakhstan
from jauap.projections import queries
from jauap.projections.case_history import HistoryRow
from jauap.projections.database import DatabaseUnavailable
from jauap.projections.deadlines import state
from jauap.projections.generations import answering
from jauap.surroundings import shipped_rules

DIFFERS = 1
SETTING = (DeadlineStarted.__name__, DeadlineMoved.__name__)


class Explained(Value, frozen=True, kw_only=True):
    """A clock as it stood at an instant, and what its term rests on."""

    clock: Clock
    set_by: HistoryRow
    """The start or move that set the term."""
    setting: Setting
    dropped: HistoryRow | None
    basis: HistoryRow | None
    rule: Rule | None
    again: Again
    acts: Acts
    """The acts on record when the term was counted."""
    records: tuple[HistoryRow, ...]
    """Each record of the clock up to the instant."""


def read_instant(text: str | datetime) -> datetime:
    """An instant as an option says it; without a zone it is Kazakhstan's time, a day alone is its end.

    Raises ValueError, which typer turns into its own words.
    """
    if isinstance(text, datetime):
        return text
    instant = datetime.fromisoformat(text)
    if len(text) == len("2026-03-20"):
        instant = datetime.combine(instant.date(), time.max)
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=KAZAKHSTAN)


def explain(
    case_id: Annotated[str, typer.Argument(metavar="CASE", help="Id of the case, such as KAZ-3-2026.")],
    clock: Annotated[str, typer.Argument(metavar="CLOCK", help="The clock, as jauap deadlines names it: 14-9(1)/3.")],
    as_of: Annotated[
        datetime | None,
        typer.Option(
            "--as-of",
            metavar="INSTANT",
            parser=read_instant,
            help="As it was on record then: 2026-03-20, or 2026-03-20T15:00, Kazakhstan's time unless it has a zone.",
        ),
    ] = None,
    as_json: AsJson = False,  # noqa: FBT002
    data_dir: DataDir = DATA_DIR,
) -> None:
    """Explain a clock: what started it, by which rule and policy, and each day of its term with the act behind it.

    What was believed at the instant is shown as it was on record. Then the term is counted again with the facts, the
    rule and the calendar acts of that time: it must come out the same.

    Exit status: 0 the same, 1 it differs, or there is nothing to explain, or the read models can't be read.

    Example: jauap explain KAZ-3-2026 "14-5(1)" --as-of 2026-03-20
    """
    where = addresses.find(data_dir, "database")
    try:
        with closing(answering(where.database)) as connection:
            rows = queries.history(connection, case_id)
            calendar = queries.history(connection, CALENDAR)
    except DatabaseUnavailable as reason:
        raise sending.unreadable(reason) from reason
    found = explained(rows, calendar, case_id, clock, as_of)
    if found is None:
        known = _clocks_of(_until(rows, as_of))
        when = "" if as_of is None else f" by {word(as_of)}"
        raise failed(
            f"No such clock is on record{when}." if rows else f"Nothing is on record under the case id {case_id}.",
            f"There are: {', '.join(known)}." if known else "jauap deadlines names the clocks.",
        )
    if as_json:
        say_json(as_object(found, case_id, as_of))
    else:
        _say(found, case_id, as_of)
    if not found.again.same:
        for line in found.again.differences:
            note(f"COUNTED AGAIN, IT DIFFERS: {line}.")
        raise typer.Exit(DIFFERS)


def explained(
    rows: Sequence[HistoryRow], calendar: Sequence[HistoryRow], case_id: str, clock: str, as_of: datetime | None
) -> Explained | None:
    """Explain a clock from the history of its case and of the calendar. None: no such clock was on record."""
    rows = _until(rows, as_of)
    records = [row for row in rows if row.service == "deadlines" and row.data.get("clock") == clock]
    turns = [row for row in records if row.event in (*SETTING, DeadlineDropped.__name__)]
    dropped = turns[-1] if turns and turns[-1].event == DeadlineDropped.__name__ else None
    settings = [row for row in turns if row.event in SETTING]
    if not settings:
        return None
    set_by = settings[-1]
    setting = _event(set_by)
    then = folded(case_id, (row for row in rows if row is not dropped)).deadlines.clocks.get(clock)
    if then is None or not isinstance(setting, DeadlineStarted | DeadlineMoved):
        return None
    used = acts_of(calendar, setting.calendar, set_by.recorded_at)
    rule = row_named(shipped_rules(), setting.rule, setting.receipt)
    when = day_in_kazakhstan(set_by.recorded_at)
    facts = folded(case_id, (row for row in rows if row.recorded_at <= set_by.recorded_at))
    return Explained(
        clock=then,
        set_by=set_by,
        setting=setting,
        dropped=dropped,
        basis=next((row for row in rows if f"{row.service}:{row.sequence}" == setting.basis), None),
        rule=rule,
        again=performed(facts, setting, rule, used.in_force, when),
        acts=used,
        records=tuple(records),
    )


def folded(case_id: str, rows: Iterable[HistoryRow]) -> Case:
    """The case as some of its records make it."""
    case = Case(case_id=case_id)
    for row in rows:
        case = evolve(case, Recorded(service=row.service, sequence=row.sequence, event=_event(row)))
    return case


def acts_of(calendar: Sequence[HistoryRow], sequence: int | None, at: datetime) -> Acts:
    """The acts that a term was counted with: up to a record of the calendar's chain, else up to an instant."""
    if sequence is None:
        sequence = max(
            (row.sequence for row in calendar if row.service == "intake" and row.recorded_at <= at), default=0
        )
    entries = [entry for entry in acts.entries_of(calendar) if entry.sequence is not None]
    used = acts_at([(entry.act, entry.sequence or 0, entry.withdrawn_by) for entry in entries], sequence)
    return Acts(source="on-record", entries=tuple(acts.Entry(act=act) for act in used))


def as_object(found: Explained, case_id: str, as_of: datetime | None) -> dict[str, Any]:
    """All of it for programs."""
    clock, setting = found.clock, found.setting
    facts = None if found.rule is None or found.rule.unit != "stated-date" else setting
    return {
        "case_id": case_id,
        "clock": clock.clock,
        "as_of": as_of,
        "paragraph": clock.paragraph,
        "body": clock.body,
        "believed": {
            "due": clock.due,
            "safe": clock.safe,
            "act_by": clock.act_by,
            "original": clock.original,
            "estimated": clock.estimated,
            "absent": clock.absent,
            "state": "dropped" if found.dropped else state(clock),
            "met_on": clock.met_on,
            "met_by": clock.met_by,
        },
        "set_by": _record(found.set_by),
        "basis": _record(found.basis),
        "starts_on": setting.starts_on,
        "rule": found.rule,
        "policy": setting.policy,
        "safe_policy": None if found.rule is None else found.rule.safe_policy,
        "receipt": setting.receipt,
        "calendar": {
            "sequence": setting.calendar,
            "known_on": setting.known_on,
            "acts": setting.acts,
            "unverified": [act for act in setting.acts if act in found.acts.unverified],
        },
        "because": setting.because if isinstance(setting, DeadlineMoved) else (),
        "stated": None if facts is None else {"due": setting.due, "original": setting.original, "by": setting.basis},
        "days": _days(found),
        "performed_again": {
            "same": found.again.same,
            "due": found.again.due,
            "safe": found.again.safe,
            "estimated": found.again.estimated,
            "absent": found.again.absent,
            "differences": found.again.differences,
        },
        "records": [_record(row) for row in found.records],
    }


def _days(found: Explained) -> list[dict[str, Any]]:
    known_on = found.setting.known_on or day_in_kazakhstan(found.set_by.recorded_at)
    calendar = calendar_of(found.acts.in_force, known_on)
    return as_objects(found.again.days, calendar, found.acts.unverified)


def _record(row: HistoryRow | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {
        "record": f"{row.service}:{row.sequence}",
        "event": row.event,
        "recorded_at": row.recorded_at,
        "happened_on": row.happened_on,
        "sentence": row.sentence,
        "withdrawn_by": row.withdrawn_by,
    }


def _say(found: Explained, case_id: str, as_of: datetime | None) -> None:
    clock, setting, rule = found.clock, found.setting, found.rule
    say(f"{case_id} {clock.clock}{'' if as_of is None else f', as it was on record by {word(as_of)}'}")
    say(f"for        {clock.body or 'MFA'}, {clock.paragraph or 'practice, not a paragraph of the decree'}")
    say(f"state      {'dropped: it has no ground any more' if found.dropped else _stands(clock)}")
    say(f"due        {clock.due or clock.absent}{' (rests on an estimate)' if clock.estimated else ''}")
    if clock.safe:
        why = f"by the reading {rule.safe_policy}" if rule and rule.safe_policy else "the date itself is a day off"
        say(f"act by     {clock.safe}, {why}")
    if clock.original:
        say(f"original   {clock.original}, which the document itself states")
    if found.basis:
        gone = (
            f" [withdrawn since, by {found.basis.service} {found.basis.withdrawn_by}]"
            if found.basis.withdrawn_by
            else ""
        )
        say(f"rests on   {setting.basis}: {found.basis.sentence}{gone}")
    if rule:
        amount = f"{rule.count} {rule.unit}" if rule.count else rule.unit
        say(f"rule       {rule.row}: {amount} from: {rule.starts} Met by: {rule.met_by}")
    policies = [setting.policy, *([f"receipt by {setting.receipt}"] if setting.receipt else [])]
    say(f"policy     {', '.join(policies)}")
    say(f"counted    {word(found.set_by.recorded_at)} by deadlines {found.set_by.sequence}: {found.set_by.sentence}")
    if setting.known_on:
        say(f"calendar   as known on {setting.known_on}, by the records under CALENDAR up to intake {setting.calendar}")
    days = _days(found)
    if days:
        say("")
        say_days(days)
        for line in cautions(days[-1]["date"], days):
            say(line)
    say("\nRECORDS")
    say_table(
        ("RECORDED", "ENTRY", "WHAT"),
        [(row.recorded_at, f"deadlines {row.sequence}", row.sentence) for row in found.records],
        "",
    )
    if found.again.same:
        say("\nCounted again from the facts, the rule and the acts of that time: the same.")


def _stands(clock: Clock) -> str:
    met = f" on {clock.met_on}, by {clock.met_by}" if clock.met_on else ""
    return f"{state(clock)}{met}"


def _until(rows: Sequence[HistoryRow], as_of: datetime | None) -> list[HistoryRow]:
    return [row for row in rows if as_of is None or row.recorded_at <= as_of]


def _clocks_of(rows: Iterable[HistoryRow]) -> list[str]:
    return list(dict.fromkeys(row.data["clock"] for row in rows if row.event in SETTING))


def _event(row: HistoryRow) -> events.Event:
    return msgspec.convert(row.data, events.BY_NAME[row.event])
