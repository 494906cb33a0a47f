"""`jauap alerts`: what somebody is to be told of, whom it reached, and who took notice."""

import uuid
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from jauap.cli import addresses, orders, sending
from jauap.cli.addresses import DATA_DIR, AsJson, DataDir
from jauap.cli.bodies import codes
from jauap.cli.orders import Malformed
from jauap.cli.printing import failed, note, say, say_json, say_table
from jauap.cli.submission import WAIT, actor
from jauap.clock import clock_from_environment
from jauap.domain.alerts import Delivery
from jauap.domain.directory import WrongDirectory, parse_directory
from jauap.domain.facts import OfficialCode
from jauap.domain.workdays import day_in_kazakhstan
from jauap.messaging.sender import Order
from jauap.projections import queries
from jauap.projections.alerts import AlertRow
from jauap.projections.database import DatabaseUnavailable
from jauap.projections.generations import answering

app = typer.Typer(invoke_without_command=True)

OfCase = Annotated[str | None, typer.Option("--case", metavar="CASE", help="Only of one case.")]


@app.callback()
def alerts(
    ctx: typer.Context,
    *,
    case_id: OfCase = None,
    everything: Annotated[bool, typer.Option("--all", help="Those too that somebody took notice of.")] = False,
    as_json: AsJson = False,
    data_dir: DataDir = DATA_DIR,
) -> None:
    """Tell which alerts are open: about which clock, at what level, whom they reached, and what failed.

    Level 0 is the responsible officer and the body's contact, 1 their superior, and so on. An alert that a later one
    overtook, or whose clock was met, is in the case's history.

    Example: jauap alerts --case KAZ-3-2026
    """
    if ctx.invoked_subcommand is not None:
        return
    rows = _open(data_dir, case_id, taken_notice_of=everything)
    if as_json:
        say_json(rows)
    else:
        headings = ("CASE", "ALERT", "CLOCK", "WHAT", "ACT BY", "OFFICER", "LEVEL", "TOLD", "FAILED", "NOTICE")
        say_table(headings, map(_cells, rows), "No alert is open.")


@app.command()
def acknowledge(  # noqa: PLR0913 - a command line's options
    *,
    by: Annotated[str, typer.Option("--by", metavar="CODE", help="Code of the official who takes notice.")],
    case_id: Annotated[str | None, typer.Argument(metavar="CASE", help="Of one case.")] = None,
    numbers: Annotated[
        list[int] | None, typer.Option("--alert", metavar="NUMBER", help="Only this one of the case. Repeatable.")
    ] = None,
    message: Annotated[str | None, typer.Option("--message", metavar="ID", help="All that a message told of.")] = None,
    told: Annotated[
        str | None, typer.Option("--told", metavar="CODE", help="All that an official or body was told of.")
    ] = None,
    wait: Annotated[float, typer.Option("--wait", metavar="SECONDS", min=0, help="How long to wait.")] = WAIT,
    as_json: AsJson = False,
    data_dir: DataDir = DATA_DIR,
) -> None:
    """Take notice of open alerts, so that they go no further. Who does is as you declare it.

    Exit status: as of jauap do; 0 if no open alert is meant, 1 if there is no such case.

    Example: jauap alerts acknowledge --by OFFICER-7 KAZ-3-2026
    """
    if case_id is None and message is None and told is None:
        raise failed("Of which alerts?", "Name a case, a message (--message) or who was told (--told).", 2)
    if numbers and case_id is None:
        raise failed("An alert's number means nothing without its case.", "Name the case too.", 2)
    _check_code(by)
    rows = [
        row
        for row in _open(data_dir, case_id)
        if (not numbers or row.alert in numbers)
        and (message is None or any(one.message == message for one in row.deliveries))
        and (told is None or any(one.recipient == told for one in row.deliveries))
    ]
    if not rows:
        note("No open alert is meant: there was none, or each was taken notice of, overtaken or closed.")
        raise typer.Exit(0)
    try:
        found = [_order(row, by) for row in rows]
    except Malformed as wrong:
        raise failed(f"{wrong}.", "Nothing was sent.", 2) from None
    raise typer.Exit(_send(found, data_dir, wait, as_json=as_json))


@app.command("directory")
def check_directory(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON file of officials and bodies' contacts.")],
) -> None:
    """Check a directory before post reads it. Exit status 2 if it can't be used.

    Example: jauap alerts directory examples/directory.json
    """
    try:
        entries = parse_directory(file.read_bytes(), codes()).entries
    except OSError as error:
        raise failed(f"{file} can't be read: {error.strerror}", code=2) from error
    except WrongDirectory as wrong:
        raise failed(f"{file} can't be used: {wrong}", "docs/how-to/tell-people.md describes each field.", 2) from None
    say(f"It names {len(entries.officials)} officials and {len(entries.bodies)} bodies; on duty is {entries.duty}.")


def _check_code(by: str) -> None:
    """End the command if a code is none."""
    try:
        msgspec.convert(by, OfficialCode)
    except msgspec.ValidationError:
        raise failed("--by: must be the code of an official, such as OFFICER-7.", "Nothing was sent.", 2) from None


def _order(row: AlertRow, by: str) -> Order:
    """The command for one alert. Raises Malformed."""
    today = day_in_kazakhstan(clock_from_environment()())
    content = {
        "command": "AcknowledgeAlert", "case_id": row.case_id, "command_id": str(uuid.uuid4()),
        "alert": row.alert, "by": by, "acknowledged_on": today.isoformat(),
    }  # fmt: skip
    return orders.order(content, actor())


def _send(found: list[Order], data_dir: Path, wait: float, *, as_json: bool) -> int:
    where = addresses.find(data_dir, "kafka", "registry")
    last = {}
    with sending.connected(where) as sender:
        for order, outcome in sending.outcomes(sender, found, wait):
            last[order.command_id] = outcome
            if as_json:
                say_json(sending.as_object(order, outcome), indent=0)
    if not as_json:
        for state, number in Counter(map(sending.state, last.values())).items():
            say(f"{state}: {number}")
        for order in found:
            outcome = last[order.command_id]
            if sending.state(outcome) != "accepted":
                typer.echo(sending.sentence(order, outcome))
    return sending.status(last.values())


def _open(data_dir: Path, case_id: str | None, *, taken_notice_of: bool = False) -> list[AlertRow]:
    where = addresses.find(data_dir, "database")
    try:
        with closing(answering(where.database)) as connection:
            if case_id is not None and queries.case(connection, case_id) is None:
                raise failed(f"Nothing is on record under the case id {case_id}.", "jauap case list names the cases.")
            return queries.alerts(connection, case_id, taken_notice_of=taken_notice_of)
    except DatabaseUnavailable as reason:
        raise sending.unreadable(reason) from reason


def _cells(row: AlertRow) -> tuple[object, ...]:
    notice = f"{row.acknowledged_by} {row.acknowledged_on}" if row.acknowledged_by else None
    told = [_attempt(one) for one in row.deliveries if one.fault is None]
    missed = [f"{_attempt(one)} {one.fault} ({one.attempt})" for one in row.deliveries if one.fault]
    return (
        row.case_id, row.alert, row.clock, _what(row), row.act_by, row.officer, row.level, told, missed, notice,
    )  # fmt: skip


def _what(row: AlertRow) -> str:
    match row.kind:
        case "near":
            return {0: "due today", -1: "day to act by is past"}.get(row.step or 0, f"near ({row.step})")
        case "moved" | "moved-earlier":
            return f"{row.kind} from {row.previous}" if row.previous else row.kind
        case _:
            return row.kind


def _attempt(one: Delivery) -> str:
    return f"{one.recipient} {one.channel} {one.on}"
