"""`jauap import`: the register of real communications, as often as you like."""

import re
from collections.abc import Iterable, Iterator, Sized
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from jauap.cli import addresses, register, sending
from jauap.cli.addresses import DATA_DIR, AsJson, DataDir
from jauap.cli.printing import failed, say, say_json
from jauap.cli.register import NotUnderstood, OtherState, Register, Row
from jauap.cli.sending import Missing
from jauap.cli.submission import WAIT
from jauap.domain.facts import Value
from jauap.messaging.outcome import Outcome
from jauap.messaging.sender import Order, Sender

STATE = re.compile(r"[A-Z]{3}")


class Taken(Value, frozen=True, kw_only=True):
    """A row whose commands were all accepted."""

    line: int
    case_id: str
    commands: int


class Refused(Value, frozen=True, kw_only=True):
    """A command that a service refused, or found malformed."""

    line: int
    case_id: str
    command: str
    command_id: str
    code: str | None
    message: str | None
    field: str | None
    unsent: int
    """How many commands of the row were not sent, because its letter was refused."""


class Waiting(Value, frozen=True, kw_only=True):
    """A command without a final outcome yet: its service is down, or its case stands still."""

    line: int
    case_id: str
    command: str
    command_id: str
    unsent: int


class Report(Value, frozen=True, kw_only=True):
    """What became of a register."""

    taken: list[Taken]
    was_there: list[Taken]
    other_state: list[OtherState]
    no_state: list[int]
    not_understood: list[NotUnderstood]
    refused: list[Refused]
    waiting: list[Waiting]


def import_register(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="The register, UTF-8, with a line of column names.")],
    state: Annotated[
        str,
        typer.Option(
            "--state", envvar="JAUAP_STATE", help="ISO 3166 alpha-3 code of the State served; ANY: all, for trials."
        ),
    ] = "KAZ",
    wait: Annotated[
        float, typer.Option("--wait", metavar="SECONDS", min=0, help="How long to wait for the next outcome.")
    ] = WAIT,
    as_json: AsJson = False,  # noqa: FBT002
    data_dir: DataDir = DATA_DIR,
) -> None:
    """Take in the register of real communications. Repeating it is harmless: what was taken is not taken twice.

    Columns: reference, type, state_iso3, date_sent, mandates, subject, replies, reply_kind, made_public, source. Dates
    are written 2011-07-28, 27 Feb 2026, 28/7/2011 or 17/01/12; several mandates or replies stand between semicolons;
    (A) after a reply's date marks an acknowledgement. The day of sending is taken as the day of receipt, and marked
    as assumed. A row is taken whole or not at all, and a bad row does not keep the good ones out.

    The report counts and lists what was taken, what was there already, what is for another State or for no State
    (OTH), and what was not understood (line, column, rule), refused, or has no outcome yet.

    Exit status: 0 all rows were taken, were there, or are not this State's; 1 some were not understood or refused;
    2 the file is no register; 3 some have no outcome yet (repeat the import).

    Example: jauap import examples/register.csv
    """
    if STATE.fullmatch(state) is None:
        raise failed("The State must be three capital letters, such as KAZ, or ANY.", code=sending.MALFORMED)
    found = _read(file, state)
    where = addresses.find(data_dir, "kafka", "registry")
    with sending.connected(where) as sender:
        report = take(found, sender, wait)
    if as_json:
        say_json(report)
    else:
        _say(report)
    raise typer.Exit(_status(report))


def _read(file: Path, state: str) -> Register:
    try:
        return register.parse(file.read_bytes(), state)
    except OSError as error:
        raise failed(f"{file} can't be read: {error.strerror}.", code=sending.MALFORMED) from error
    except register.NotARegister as error:
        raise failed(f"{file} is no register: {error}.", "See jauap import --help.", sending.MALFORMED) from error


def take(found: Register, sender: Sender, patience: float) -> Report:
    """Send the letters, then what followed those that are on record, and report.

    In two steps, because a reply is refused until its letter is on record. If the letter is on record from
    elsewhere (AlreadyReceived), the case is in somebody's hands: nothing is added to it.
    """
    with _progress(sum(1 + len(row.rest) for row in found.rows)) as advance:
        first = _send(sender, [row.letter for row in found.rows], patience, advance)
        rest = [order for row in found.rows if _accepted(first.get(row.letter.command_id)) for order in row.rest]
        outcomes = first | _send(sender, rest, patience, advance)
    report = Report(
        taken=[], was_there=[], refused=[], waiting=[],
        other_state=found.other_state, no_state=found.no_state, not_understood=found.not_understood,
    )  # fmt: skip
    for row in found.rows:
        _sort(row, outcomes, sender, report)
    return report


def _send(sender: Sender, orders: list[Order], patience: float, advance: Any) -> dict[str, Outcome | Missing]:  # noqa: ANN401
    outcomes: dict[str, Outcome | Missing] = {}
    for order, outcome in sending.outcomes(sender, orders, patience):
        outcomes[order.command_id] = outcome
        advance()
    return outcomes


def _accepted(outcome: Outcome | Missing | None) -> bool:
    return isinstance(outcome, Outcome) and outcome.status == "accepted"


def _sort(row: Row, outcomes: dict[str, Outcome | Missing], sender: Sender, report: Report) -> None:
    """Put a row where it belongs in the report."""
    sent = [order for order in (row.letter, *row.rest) if outcomes.get(order.command_id, "unsent") != "unsent"]
    unsent = 1 + len(row.rest) - len(sent)
    accepted: list[Outcome] = []
    for order in sent:
        outcome = outcomes[order.command_id]
        if isinstance(outcome, str) or outcome.status == "held":
            report.waiting.append(
                Waiting(
                    line=row.line, case_id=row.case_id, command=order.name, command_id=order.command_id, unsent=unsent
                )
            )
        elif outcome.status == "accepted":
            accepted.append(outcome)
        else:
            report.refused.append(_refused(row, order, outcome, unsent))
    if len(accepted) == 1 + len(row.rest):
        place = report.was_there if all(map(sender.was_there_already, accepted)) else report.taken
        place.append(Taken(line=row.line, case_id=row.case_id, commands=len(accepted)))


def _refused(row: Row, order: Order, outcome: Outcome, unsent: int) -> Refused:
    return Refused(
        line=row.line,
        case_id=row.case_id,
        command=order.name,
        command_id=order.command_id,
        code=outcome.code,
        message=outcome.message,
        field=outcome.field,
        unsent=unsent,
    )


def _status(report: Report) -> int:
    if report.not_understood or report.refused:
        return sending.REFUSED
    return sending.WAITING if report.waiting else sending.ACCEPTED


@contextmanager
def _progress(total: int) -> Iterator[Any]:
    """Give a function that tells of one more command; a bar on standard error where that is a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("importing"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("importing", total=total)
        yield lambda: bar.advance(task)


def _say(report: Report) -> None:
    counts: dict[str, Sized] = {
        "taken": report.taken,
        "there already": report.was_there,
        "for another State": report.other_state,
        "for no State (OTH)": report.no_state,
        "not understood": report.not_understood,
        "refused": report.refused,
        "without an outcome yet": report.waiting,
    }
    for name, rows in counts.items():
        say(f"{name:<24}{len(rows):>6}")
    for line in _details(report):
        say(line)


def _details(report: Report) -> Iterable[str]:
    for bad in report.not_understood:
        yield f"line {bad.line}: {bad.field}: {bad.rule}"
    for no in report.refused:
        unsent = f" The row's other {no.unsent} commands were not sent." if no.unsent else ""
        yield f"line {no.line}: {no.case_id} {no.command} refused: {no.message} ({no.code}){unsent}"
    for late in report.waiting:
        yield f"line {late.line}: {late.case_id} {late.command} has no outcome yet (command {late.command_id})"
    if report.waiting:
        yield "What has no outcome is kept and will be decided; then repeat the import, it takes what is left."
