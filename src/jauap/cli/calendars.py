"""`jauap calendar`: what the acts on record make of each day, what a new act would move, and the days for others."""

import sys
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from jauap.cli import acts, addresses, ical, orders, sending
from jauap.cli.acts import Acts, KnownOn, Shipped
from jauap.cli.addresses import DATA_DIR, AsJson, DataDir
from jauap.cli.days import REMEDY, weekday
from jauap.cli.orders import Fault
from jauap.cli.printing import failed, note, say, say_json, say_table
from jauap.cli.submission import WAIT, actor, deliver, malformed
from jauap.domain.case import CALENDAR
from jauap.domain.commands import ReceiveCalendarAct, WithdrawIntakeEntry
from jauap.domain.facts import CalendarAct, Value
from jauap.domain.recount import Move, end_of, moved, row_named
from jauap.domain.workdays import SATURDAY, Calendar, CalendarMissing, Calendars, days_of
from jauap.messaging.sender import Order
from jauap.projections import queries
from jauap.projections.database import DatabaseUnavailable
from jauap.projections.deadlines import DeadlineRow
from jauap.projections.generations import answering
from jauap.surroundings import shipped_rules

app = typer.Typer(no_args_is_help=True)
ACT = ReceiveCalendarAct.__name__

Year = Annotated[int, typer.Argument(metavar="YEAR", min=1991, max=2200, help="The year.")]
Source = Annotated[
    str, typer.Argument(metavar="FILE|-", help="One act or a list, as JSON; - is standard input.", show_default=False)
]
Wait = Annotated[float, typer.Option("--wait", metavar="SECONDS", min=0, help="How long to wait for the next outcome.")]
Name = Annotated[str, typer.Argument(metavar="ACT", help="Name of the act, as jauap calendar acts lists it.")]


class Affected(Value, frozen=True, kw_only=True):
    """An open deadline that acts would move. ACT BY is the safe date where there is one."""

    case_id: str
    clock: str
    body: str | None
    """Null: the MFA."""
    state: str
    due: date | None
    act_by: date | None
    new_due: date | None
    new_act_by: date | None
    days: int | None
    """By how many calendar days the due date moves; negative: earlier."""
    act_by_days: int | None
    earlier: bool
    """The due date, or the day to act by, comes earlier."""
    weekend: bool
    now_estimated: bool
    """It comes to rest on a day that is only estimated."""
    absent: str | None
    """Why there is no date any more; null: there is one."""


@app.callback()
def calendar() -> None:
    """The working days of Kazakhstan as acts made them known: dated facts, of which none is overwritten.

    A wrong act is withdrawn and loaded again as it should be; both stay on record.

    Example: jauap calendar show 2026
    """


@app.command()
def show(
    year: Year,
    known_on: KnownOn = None,
    shipped: Shipped = False,  # noqa: FBT002
    as_json: AsJson = False,  # noqa: FBT002
    data_dir: DataDir = DATA_DIR,
) -> None:
    """Show a year: each weekday off, each weekend day that works, each estimate; why, by which act, verified or not.

    Example: jauap calendar show 2026 --known-on 2026-03-17
    """
    day = acts.known(known_on)
    found = acts.find(data_dir, shipped=shipped)
    made = found.calendar(day)
    days = [described(made, found, day) for day in loaded_year(made, year, day) if is_special(made, day)]
    working = sum(made.is_working(day) for day in days_of(year))
    if as_json:
        about = {"year": year, "known_on": day, "calendar": found.source, "working_days": working}
        say_json({**about, "days": days})
        return
    rows = [
        (one["date"], one["weekday"], _word(one), one["why"], one["act"], "yes" if one["verified"] else "not verified")
        for one in days
    ]
    say_table(("DATE", "DAY", "IS", "WHY", "ACT", "VERIFIED"), rows, "No day of it is other than its weekday.")
    say(f"\n{year} has {working} working days, as known on {day}.")


@app.command("acts")
def list_acts(shipped: Shipped = False, as_json: AsJson = False, data_dir: DataDir = DATA_DIR) -> None:  # noqa: FBT002
    """List the acts in the order in which they were recorded, withdrawn ones too; with --json also what they say.

    Example: jauap calendar acts
    """
    found = acts.find(data_dir, shipped=shipped)
    if as_json:
        say_json(
            [
                {**msgspec.to_builtins(entry.act), **{name: getattr(entry, name) for name in acts.OF_THE_RECORD}}
                for entry in found.entries
            ]
        )
        return
    headings = ("ACT", "KNOWN ON", "VERIFIED", "KIND", "NUMBER", "DATED", "ISSUER", "RECORDED", "WITHDRAWN", "TITLE")
    rows = [
        (
            entry.act.act, entry.act.known_on, "yes" if entry.act.verified else "not verified", entry.act.kind,
            entry.act.number, entry.act.dated, entry.act.issuer, entry.recorded_at,
            f"by intake {entry.withdrawn_by}" if entry.withdrawn_by else None, entry.act.title,
        )
        for entry in found.entries
    ]  # fmt: skip
    say_table(headings, rows, "No act is on record.")


@app.command()
def load(
    source: Source,
    wait: Wait = WAIT,
    as_json: AsJson = False,  # noqa: FBT002
    data_dir: DataDir = DATA_DIR,
) -> None:
    """Take acts in, and tell what became of each; then which open deadlines move by them.

    FILE holds the fields of an act (jauap do --schema ReceiveCalendarAct). If one is malformed, none is sent. An act's
    name is taken once: to correct an act, withdraw it, then load it as it should be. Deadlines follow by themselves,
    and each that moves is on record with the acts that moved it.

    Exit status: as jauap do.

    Example: jauap calendar load order-2027.json
    """
    found = read(source, as_json=as_json)
    where = addresses.find(data_dir, "kafka", "registry", "database")
    moves = None if as_json else _moves_if_readable(where.database, acts_of(found))
    code = deliver(where, found, wait, as_json=as_json)
    if moves and code == sending.ACCEPTED:
        say("\nOPEN DEADLINES THAT MOVE")
        _say_moves(moves)
    raise typer.Exit(code)


@app.command()
def preview(
    source: Annotated[
        str | None,
        typer.Argument(metavar="[FILE|-]", help="One act or a list, as JSON; - is standard input.", show_default=False),
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option("--without", metavar="ACT", help="As if this act on record were withdrawn.")
    ] = None,
    as_json: AsJson = False,  # noqa: FBT002
    data_dir: DataDir = DATA_DIR,
) -> None:
    """Tell which open deadlines acts would move, and how. Nothing is written.

    An act in FILE that is on record under its name stands for its correction: withdrawn, and loaded as it stands here.
    DAYS are the calendar days by which the due date moves.

    Example: jauap calendar preview order-2027.json
    """
    if source is None and not without:
        raise failed("There is nothing to preview.", "Name a file with acts, or --without an act.", sending.MALFORMED)
    new = acts_of([] if source is None else read(source, as_json=as_json))
    where = addresses.find(data_dir, "database")
    try:
        moves = would_move(where.database, new, without or [])
    except DatabaseUnavailable as reason:
        raise sending.unreadable(reason) from reason
    if as_json:
        say_json({"acts": [act.act for act in new], "without": without or [], "moves": moves})
    else:
        _say_moves(moves)


@app.command()
def withdraw(
    name: Name,
    reason: Annotated[str, typer.Option("--reason", help="Why, as a neutral line that names no private person.")],
    wait: Wait = WAIT,
    as_json: AsJson = False,  # noqa: FBT002
    data_dir: DataDir = DATA_DIR,
) -> None:
    """Withdraw an act that was entered wrongly. It stays visible, and the deadlines follow.

    What became known later of the same days is no withdrawal, but a new act.

    Exit status: as jauap do.

    Example: jauap calendar withdraw government-999-2026 --reason "Entered with the wrong day"
    """
    where = addresses.find(data_dir, "kafka", "registry", "database")
    entry = next(
        (one for one in acts.find(data_dir, shipped=False).entries if one.act.act == name and not one.withdrawn_by),
        None,
    )
    if entry is None or entry.sequence is None:
        raise failed("No act in force has this name.", "jauap calendar acts lists them.")
    flat = {"command": WithdrawIntakeEntry.__name__, "case_id": CALENDAR, "entry": entry.sequence, "reason": reason}
    try:
        order = orders.order({**flat, "command_id": str(uuid.uuid4())}, actor())
    except orders.Malformed as wrong:
        fault = Fault(place="--reason", field=wrong.field, rule=wrong.rule)
        raise malformed([fault], of=1, as_json=as_json) from None
    raise typer.Exit(deliver(where, [order], wait, as_json=as_json))


@app.command()
def export(
    years: Annotated[
        list[int] | None,
        typer.Argument(metavar="[YEAR]...", min=1991, max=2200, help="Without one, every loaded year."),
    ] = None,
    as_ical: Annotated[bool, typer.Option("--ical", help="As an iCalendar feed (RFC 5545).")] = False,  # noqa: FBT002
    as_json: AsJson = False,  # noqa: FBT002
    known_on: KnownOn = None,
    shipped: Shipped = False,  # noqa: FBT002
    data_dir: DataDir = DATA_DIR,
) -> None:
    """Give days off and working weekends to other programs: iCalendar or JSON, on standard output.

    A day has the same id for ever. One that an act made a plain working day again stands in the feed as cancelled.

    Example: jauap calendar export --ical 2026 2027 > kazakhstan.ics
    """
    if as_ical == as_json:
        raise failed("Say in what form: --ical or --json.", code=sending.MALFORMED)
    day = acts.known(known_on)
    found = acts.find(data_dir, shipped=shipped)
    made = found.calendar(day)
    wanted = sorted(set(years or made.years))
    days = {year: list(loaded_year(made, year, day)) for year in wanted}
    if as_json:
        say_json(
            {
                "country": "KZ",
                "known_on": day,
                "calendar": found.source,
                "years": [
                    {
                        "year": year,
                        "working_days": sum(made.is_working(one) for one in of_year),
                        "days": [described(made, found, one) for one in of_year if one in made.named],
                    }
                    for year, of_year in days.items()
                ],
            }
        )
        return
    entries = (entry for of_year in days.values() for entry in entries_of(made, found, of_year))
    typer.echo(ical.feed("Working days of Kazakhstan", "calendar", entries), nl=False)


# A year


def loaded_year(made: Calendar, year: int, known_on: date) -> Iterator[date]:
    """The days of a year; ends the command if it is not loaded."""
    try:
        made.require(date(year, 1, 1), date(year, 1, 1))
    except CalendarMissing as missing:
        raise failed(f"As known on {known_on}, the calendar of {year} is not loaded.", REMEDY) from missing
    return days_of(year)


def is_special(made: Calendar, day: date) -> bool:
    """Whether a day is other than its day of the week says, or only estimated."""
    return made.is_working(day) != (day.weekday() < SATURDAY) or day in made.estimates


def described(made: Calendar, found: Acts, day: date) -> dict[str, Any]:
    """A day that an act names, for programs."""
    named = made.named[day]
    return {
        "date": day,
        "weekday": weekday(day),
        "working": made.is_working(day),
        "becomes": named.becomes,
        "estimated": named.becomes == "estimated-off",
        "why": named.why,
        "act": named.act,
        "verified": named.act not in found.unverified,
    }


def entries_of(made: Calendar, found: Acts, days: Iterable[date]) -> Iterator[ical.Entry]:
    """The days that acts name, as a feed has them: an entry changes when one more act names its day, or is withdrawn.

    A day that is a plain one again stays as a cancelled entry, for those who took it over.
    """
    known = [entry for entry in found.entries if made.known_on is None or entry.act.known_on <= made.known_on]
    for day in days:
        naming = [entry for entry in known if any(one.day == day for one in entry.act.days)]
        if not naming:
            continue
        named = made.named.get(day)
        in_force = {entry.act.act: entry.act for entry in naming if entry.withdrawn_by is None}
        decisive = in_force[named.act] if named else naming[-1].act
        working = named is None or named.becomes == "working"
        doubts = ["Only estimated."] if day in made.estimates else []
        doubts += [] if decisive.verified else ["Something of the act is not verified."]
        why = named.why if named else "The act that named this day was withdrawn"
        yield ical.Entry(
            uid=f"kz-{day}",
            day=day,
            summary=_summary(working=working, estimated=day in made.estimates),
            description=" ".join([f"{why}.", f"{decisive.title.rstrip('.')}.", *doubts]),
            category="working day" if working else "day off",
            modified=ical.start_of(max(entry.act.known_on for entry in naming)),
            sequence=len(naming) - 1 + sum(entry.withdrawn_by is not None for entry in naming),
            address=decisive.address,
            cancelled=named is None or (working and day.weekday() < SATURDAY),
        )


def _summary(*, working: bool, estimated: bool) -> str:
    if working:
        return "Working day"
    return "Day off (estimated)" if estimated else "Day off"


def _word(day: dict[str, Any]) -> str:
    if day["working"]:
        return "working"
    return "off (estimated)" if day["estimated"] else "off"


# Acts of a file, and what they would move


def read(source: str, *, as_json: bool) -> list[Order]:
    """The commands that take in the acts of a file; ends the command with what is wrong if anything is."""
    try:
        data = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except OSError as error:
        raise failed(f"{source} can't be read: {error.strerror}.", code=sending.MALFORMED) from error
    found, faults = orders.read(data, actor(), only=ACT)
    faults += list(_contradictions(found))
    if faults:
        raise malformed(faults, of=max(len(found), 1), as_json=as_json)
    return found


def acts_of(found: Iterable[Order]) -> list[CalendarAct]:
    """What some commands ask to take in."""
    return [msgspec.convert(msgspec.to_builtins(order.command), CalendarAct) for order in found]


def _contradictions(found: Sequence[Order]) -> Iterator[Fault]:
    """A name that stands for two acts, and a day of which an act says two things."""
    names: set[str] = set()
    for at, act in enumerate(acts_of(found), 1):
        if act.act in names:
            yield Fault(place=f"act {at}", field="act", rule="is another act's name already")
        names.add(act.act)
        days: set[date] = set()
        for number, day in enumerate(act.days):
            if day.day in days:
                yield Fault(place=f"act {at}", field=f"days[{number}].day", rule="is named twice")
            days.add(day.day)


def would_move(database: str, new: Sequence[CalendarAct], without: Sequence[str]) -> list[Affected]:
    """The open deadlines that acts would move, the earliest first. Raises DatabaseUnavailable."""
    today = acts.today()
    with closing(answering(database)) as connection:
        found = acts.on_record(connection)
        rows = queries.deadlines(connection, today=today)
    now = found.in_force
    there = {act.act for act in now}
    for name in without:
        if name not in there:
            raise failed("No act in force has the name that --without gives.", "jauap calendar acts lists them.")
    corrected = [act.act for act in new if act.act in there]
    if corrected:
        note(f"On record already, and taken as corrections here: {', '.join(corrected)}. Withdraw before loading.")
    kept = [act for act in now if act.act not in {*corrected, *without}]
    closed_on = max([today, *(act.known_on for act in new)])
    return affected(rows, Calendars(now), Calendars([*kept, *new]), closed_on)


def affected(rows: Iterable[DeadlineRow], before: Calendars, after: Calendars, closed_on: date) -> list[Affected]:
    """The deadlines that end otherwise on another calendar, as known on a day; stated dates do not move."""
    found = []
    for row in rows:
        rule = row_named(shipped_rules(), row.rule, row.receipt)
        if rule is None or rule.unit != "working-days" or rule.count is None:
            continue
        was, will = (end_of(rule, row.starts_on, calendars, closed_on) for calendars in (before, after))
        move = moved(was, will)
        if move is not None:
            found.append(_affected(row, move))
    return sorted(found, key=lambda one: (one.new_act_by or date.max, one.case_id, one.clock))


def _affected(row: DeadlineRow, move: Move) -> Affected:
    before, after = move.before, move.after
    return Affected(
        case_id=row.case_id,
        clock=row.clock,
        body=row.body,
        state=row.state,
        due=before.due,
        act_by=before.act_by,
        new_due=after.due,
        new_act_by=after.act_by,
        days=move.days,
        act_by_days=move.act_by_days,
        earlier=move.earlier,
        weekend=move.weekend,
        now_estimated=move.now_estimated,
        absent=after.absent,
    )


def _moves_if_readable(database: str, new: Sequence[CalendarAct]) -> list[Affected] | None:
    try:
        return would_move(database, new, [])
    except DatabaseUnavailable as reason:
        note(f"Which deadlines move can't be told: {reason}")
        return None


def _say_moves(moves: Sequence[Affected]) -> None:
    headings = ("CASE", "CLOCK", "FOR", "DUE", "NEW DUE", "ACT BY", "NEW ACT BY", "DAYS", "NOTE")
    rows = [
        (
            one.case_id, one.clock, one.body or "MFA", one.due, one.new_due, one.act_by, one.new_act_by,
            None if one.days is None else f"{one.days:+d}", "; ".join(_remarks(one)) or None,
        )
        for one in moves
    ]  # fmt: skip
    say_table(headings, rows, "No open deadline moves.")
    earlier = sum(one.earlier for one in moves)
    if earlier:
        say(f"\n{earlier} of {len(moves)} earlier: those who are responsible have less time than they think.")


def _remarks(one: Affected) -> Iterator[str]:
    if one.earlier:
        yield "EARLIER"
    if one.weekend:
        yield "onto a weekend"
    if one.now_estimated:
        yield "rests on an estimate from now on"
    if one.absent:
        yield one.absent
