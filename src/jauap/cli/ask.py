"""What a person asks: cases, histories, deadlines, findings, and what became of a command."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from jauap.cli import acts, addresses, sending
from jauap.cli.addresses import DATA_DIR, AsJson, DataDir
from jauap.cli.bodies import codes
from jauap.cli.chain import chain_of, say_chain
from jauap.cli.ical import feed_of
from jauap.cli.printing import failed, note, say, say_json, say_table, word
from jauap.clock import clock_from_environment
from jauap.domain.events import AgencyInfoSubmitted
from jauap.domain.rules import DECREE
from jauap.domain.workdays import day_in_kazakhstan
from jauap.messaging.log import LogUnavailable
from jauap.messaging.outcome import Outcome
from jauap.messaging.registry import RegistryError
from jauap.messaging.topics import SUBMIT
from jauap.projections import queries
from jauap.projections.agency_matrix import AgencyRow
from jauap.projections.case_history import HistoryRow
from jauap.projections.cases import STATUSES, CaseRow
from jauap.projections.database import Connection, DatabaseUnavailable
from jauap.projections.deadlines import DeadlineRow
from jauap.projections.findings import FindingRow
from jauap.projections.generations import answering
from jauap.projections.treaty_requests import TreatyRequestRow
from jauap.projections.visit_proposals import VisitProposalRow
from jauap.stack.addresses import Addresses

DECLARED = (
    "Who asked is as the caller declared it; a body's code, where the body itself sent it. Times are Kazakhstan's."
)

CaseId = Annotated[str, typer.Argument(metavar="CASE", help="Id of the case, such as KAZ-3-2026.")]

case = typer.Typer(help="The cases, and how each stands.\n\nExample: jauap case list", no_args_is_help=True)


@case.command("list")
def list_cases(
    status: Annotated[
        str | None,
        typer.Option(
            "--status",
            help="Only these: received, acknowledged, forwarded, drafted, interim, answered, reported, published,"
            " merged, withdrawn; of visits: proposed, to-invite, refused, ended, and OHCHR's own words;"
            " of treaty procedures: received, assigned, acknowledged, interim, answered.",
        ),
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--kind", help="Only these: communication, visit, treaty-procedure.")
    ] = None,
    as_json: AsJson = False,  # noqa: FBT002
    data_dir: DataDir = DATA_DIR,
) -> None:
    """List the cases, the last received first.

    Example: jauap case list --status forwarded
    """
    _check_word("status", status, (word for words in STATUSES.values() for word in words))
    _check_word("kind", kind, (name for name in STATUSES if name != "any"))
    with _reading(data_dir) as connection:
        rows = [
            row
            for row in queries.cases(connection, status=status)
            if (row.kind != "calendar" or status == "calendar") and kind in (None, row.kind)
        ]
    if as_json:
        say_json(rows)
    else:
        headings = ("CASE", "TYPE", "RECEIVED", "STATUS", "REPLY DUE", "OPEN", "MISSED", "FINDINGS", "SUBJECT")
        say_table(headings, map(_case_cells, rows), "No case has this status." if status else "There are no cases yet.")


@case.command("show")
def show_case(case_id: CaseId, as_json: AsJson = False, data_dir: DataDir = DATA_DIR) -> None:  # noqa: FBT002
    """Show a case: the letter, the bodies asked (its proposals, its requests), the deadlines, the findings.

    Example: jauap case show KAZ-3-2026
    """
    with _reading(data_dir) as connection:
        row = queries.case(connection, case_id)
        if row is None:
            raise _unknown(case_id)
        bodies = queries.agency_matrix(connection, case_id)
        proposals = queries.visit_proposals(connection, case_id) if row.kind == "visit" else []
        requests = queries.treaty_requests(connection, case_id) if row.kind == "treaty-procedure" else []
        clocks = queries.deadlines(connection, today=_today(), case_id=case_id)
        findings = queries.findings(connection, case_id)
    if as_json:
        found: dict[str, object] = {"case": row, "bodies": bodies, "deadlines": clocks, "findings": findings}
        if row.kind == "visit":
            found["proposals"] = proposals
        if row.kind == "treaty-procedure":
            found["requests"] = requests
        say_json(found)
        return
    _say_case(row)
    if row.kind == "visit":
        say("\nPROPOSALS")
        _say_proposals(proposals)
    else:
        if row.kind == "treaty-procedure":
            say("\nREQUESTS")
            _say_requests(requests)
        else:
            say("\nBODIES ASKED")
            _say_bodies(bodies)
        say("\nDEADLINES")
        _say_deadlines(clocks, _why_nothing_is_due(row))
    say("\nFINDINGS")
    _say_findings(findings)


def history(case_id: CaseId, as_json: AsJson = False, data_dir: DataDir = DATA_DIR) -> None:  # noqa: FBT002
    """Tell what happened in a case, a sentence for each record: refusals and withdrawn entries too.

    Who asked is as the caller declared it: officers have no logins of their own. What a body sent in by machine has the
    body's code: it logged in.

    Example: jauap history KAZ-3-2026
    """
    with _reading(data_dir) as connection:
        rows = queries.history(connection, case_id)
    if not rows:
        raise _unknown(case_id)
    if as_json:
        say_json([{**msgspec.structs.asdict(row), "actor_declared": _is_declared(row)} for row in rows])
    else:
        corrections = {(row.service, row.sequence) for row in rows if row.event == AgencyInfoSubmitted.__name__}
        cells = [_history_cells(row, corrections) for row in rows]
        say_table(("RECORDED", "HAPPENED", "ENTRY", "WHAT", "BY (DECLARED)"), cells, "")
        note(DECLARED)


def deadlines(  # noqa: PLR0913, PLR0917 - an option each
    within: Annotated[
        int | None,
        typer.Option(
            "--within",
            metavar="DAYS",
            min=0,
            max=36_500,
            help="Only what is to be done within so many calendar days, or is past.",
        ),
    ] = None,
    missed: Annotated[bool, typer.Option("--missed", help="Only what was missed.")] = False,  # noqa: FBT002
    case_id: Annotated[
        str | None, typer.Option("--case", metavar="CASE", help="Every clock of one case, the met ones too.")
    ] = None,
    body: Annotated[
        str | None, typer.Option("--body", metavar="CODE", help="Only what is due from this body; MFA: the ministry's.")
    ] = None,
    chain: Annotated[
        str | None,
        typer.Option(
            "--chain", metavar="CASE", help="The whole line of time of a case, with the plan back from the stated date."
        ),
    ] = None,
    as_ical: Annotated[bool, typer.Option("--ical", help="What is open, as an iCalendar feed (RFC 5545).")] = False,  # noqa: FBT002
    as_json: AsJson = False,  # noqa: FBT002
    data_dir: DataDir = DATA_DIR,
) -> None:
    """Tell what is due: by when, for whom, and by which paragraph. Days are days in Kazakhstan.

    ACT BY is the day to act by where the decree has two readings; LEFT are the calendar days to it. A feed names no
    subject and no person, and a clock has the same id in it for ever.

    Example: jauap deadlines --within 10
    """
    if as_ical and (as_json or chain is not None):
        raise failed("A feed is asked for with --ical alone, or with --body, --case, --within.", code=sending.MALFORMED)
    _check_word("body", body, codes())
    if chain is not None:
        _tell_chain(chain, data_dir, as_json=as_json)
        return
    with _reading(data_dir) as connection:
        case = None if case_id is None else _case(connection, case_id)
        rows = queries.deadlines(connection, today=_today(), within=within, missed=missed, case_id=case_id)
        rows = [row for row in rows if body in (None, row.body or "MFA")]
        changes = queries.clock_changes(connection, sorted({row.case_id for row in rows})) if as_ical else []
    if as_json:
        say_json(rows)
    elif as_ical:
        typer.echo(feed_of(rows, changes, body), nl=False)
    else:
        _say_deadlines(rows, _why_nothing_is_due(case))


def _case(connection: Connection, case_id: str) -> CaseRow:
    """The case; ends the command if there is none."""
    found = queries.case(connection, case_id)
    if found is None:
        raise _unknown(case_id)
    return found


def _check_word(option: str, word: str | None, words: Iterable[str]) -> None:
    """End the command if an option's word is none of some."""
    known = list(dict.fromkeys(words))
    if word is not None and word not in known:
        raise failed(f"--{option} takes no such word.", f"It takes one of: {', '.join(known)}.", sending.MALFORMED)


def _tell_chain(case_id: str, data_dir: Path, *, as_json: bool) -> None:
    today = _today()
    with _reading(data_dir) as connection:
        case = _case(connection, case_id)
        made = chain_of(
            case_id,
            queries.history(connection, case_id),
            queries.deadlines(connection, today=today, case_id=case_id),
            queries.agency_matrix(connection, case_id),
            acts.on_record(connection).calendar(today),
            today,
            _why_no_response_is_due(case),
        )
    if as_json:
        say_json(made)
    else:
        say_chain(made)


def findings(
    case_id: Annotated[str | None, typer.Argument(metavar="CASE", help="Of one case; without it, of all.")] = None,
    as_json: AsJson = False,  # noqa: FBT002
    data_dir: DataDir = DATA_DIR,
) -> None:
    """Tell where what is on record falls short of the decree. What was done late after all shows the day.

    A finding that lost its ground, since a fact was corrected or withdrawn, stays in the history.

    Example: jauap findings KAZ-3-2026
    """
    with _reading(data_dir) as connection:
        if case_id is not None and queries.case(connection, case_id) is None:
            raise _unknown(case_id)
        rows = queries.findings(connection, case_id)
    if as_json:
        say_json(rows)
    else:
        _say_findings(rows)


def outcome(
    command_id: Annotated[str, typer.Argument(metavar="COMMAND_ID", help="As jauap do printed it.")],
    as_json: AsJson = False,  # noqa: FBT002
    data_dir: DataDir = DATA_DIR,
) -> None:
    """Tell what became of a command.

    Exit status: 0 accepted, 1 refused, 2 malformed, 3 not known, or not final yet.

    Example: jauap outcome dc11e72b-03eb-5b8e-a27c-778c5b4abb85
    """
    where = addresses.find(data_dir, "database", "kafka", "registry")
    found = _announced(where, command_id) or _projected(where.database, command_id)
    if found is None:
        raise failed(
            "Nothing is known of a command with this id yet.",
            "If it was sent, its service is down or busy; see jauap stack status, and ask again.",
            sending.WAITING,
        )
    if as_json:
        say_json(found)
    else:
        typer.echo(sending.told(found))
    raise typer.Exit(sending.status([found]))


@contextmanager
def _reading(data_dir: Path) -> Iterator[Connection]:
    """A connection to the read models; if there is none, a sentence and status 1, or 3 while they are being made."""
    where = addresses.find(data_dir, "database")
    try:
        connection = answering(where.database)
        try:
            yield connection
        finally:
            connection.close()
    except DatabaseUnavailable as reason:
        raise sending.unreadable(reason) from reason


def _today() -> Any:  # noqa: ANN401
    return day_in_kazakhstan(clock_from_environment()())


def _unknown(case_id: str) -> typer.Exit:
    return failed(f"Nothing is on record under the case id {case_id}.", "jauap case list names the cases.")


def _announced(where: Addresses, command_id: str) -> Outcome | None:
    """The outcome as its service announced it, which the log keeps for a week; None: it has none, or can't be read."""
    try:
        return sending.announced(where, command_id)
    except (LogUnavailable, RegistryError) as reason:
        note(f"The log can't be read, so the read models are asked: {reason}")
        return None


def _projected(database: str, command_id: str) -> Outcome | None:
    """The outcome as the read models have it; None: they do not (yet), or can't be read."""
    try:
        connection = answering(database)
        try:
            row = queries.command(connection, command_id)
        finally:
            connection.close()
    except DatabaseUnavailable as reason:
        note(f"The read models can't be read: {reason}")
        return None
    return None if row is None else _outcome_of(row)


def _outcome_of(row: HistoryRow) -> Outcome:
    refusal = row.data if row.refused else {}
    return Outcome(
        command_id=row.command_id or "",
        command=refusal.get("command"),
        case_id=row.case_id,
        status="refused" if row.refused else "accepted",
        event=row.event,
        event_id=row.event_id,
        sequence=row.sequence,
        topic=f"jauap.{row.service}.events",
        recorded_at=row.recorded_at,
        code=refusal.get("code"),
        message=refusal.get("message"),
        field=refusal.get("field"),
        paragraph=refusal.get("paragraph"),
    )


def _case_cells(row: CaseRow) -> tuple[object, ...]:
    received = f"{word(row.received_on)}{' (assumed)' if row.receipt_assumed else ''}"
    status = f"{row.status} (stands still)" if row.stands_still_since else row.status
    return (
        row.case_id, row.type, received, status, row.reply_due, row.open_deadlines, row.missed_deadlines, row.findings,
        row.subject,
    )  # fmt: skip


def _say_case(row: CaseRow) -> None:
    """Each thing that is known of the case, a line each."""
    for name, value in msgspec.structs.asdict(row).items():
        if value not in (None, (), False):
            say(f"{name.replace('_', ' '):<20} {word(value)}")


def _is_declared(row: HistoryRow) -> bool:
    """Whether who asked is only what the caller said of itself; a body that submits has logged in."""
    return row.command_id is not None and not row.command_id.startswith(f"{SUBMIT}{row.actor}/")


def _history_cells(row: HistoryRow, corrections: set[tuple[str, int]]) -> tuple[object, ...]:
    how = "corrected" if (row.service, row.withdrawn_by) in corrections else "withdrawn"
    gone = f" [{how} by {row.service} {row.withdrawn_by}]" if row.withdrawn_by else ""
    return (row.recorded_at, row.happened_on, f"{row.service} {row.sequence}", f"{row.sentence}{gone}", row.actor)


def _say_bodies(rows: list[AgencyRow]) -> None:
    headings = ("BODY", "ASKED", "DUE", "STATE", "ANSWERED", "OPEN QUESTIONS", "SIGNED BY")
    cells = [
        (row.body, row.asked_on, row.asked_due, row.state, row.answered_on, row.open_questions, row.signatory_capacity)
        for row in rows
    ]
    say_table(headings, cells, "No body was asked yet.")


def _say_proposals(rows: list[VisitProposalRow]) -> None:
    headings = ("ENTRY", "BASIS", "PROPOSED BY", "ON", "STATE", "SINCE", "WAITING FOR", "REFUSED BY", "INVITED ON")
    cells = [
        (
            f"intake {row.proposal}", row.basis, row.proposed_by, row.proposed_on, row.state, row.since,
            row.waiting_for, row.refused_by, row.invited_on,
        )
        for row in rows
    ]  # fmt: skip
    say_table(headings, cells, "No proposal is on record.")


def _say_requests(rows: list[TreatyRequestRow]) -> None:
    headings = (
        "ENTRY",
        "BODY",
        "PROCEDURE",
        "UNDER",
        "REFERENCE",
        "STATE",
        "REPLIED ON",
        "LEAD",
        "TRANSMITS",
        "TERM BY",
    )
    cells = [
        (
            f"intake {row.request}", row.treaty_body, row.procedure, row.instrument, row.reference, row.state,
            row.replied_on, row.lead, row.transmitter, row.rule or "no clock: not bound, or none is stated",
        )
        for row in rows
    ]  # fmt: skip
    say_table(headings, cells, "No request is on record.")


def _say_deadlines(rows: list[DeadlineRow], empty: str = "Nothing is due.") -> None:
    headings = ("CASE", "CLOCK", "FOR", "DUE", "ACT BY", "LEFT", "STATE", "MET ON", "NOTE")
    say_table(headings, map(_deadline_cells, rows), empty)


def _why_nothing_is_due(row: CaseRow | None) -> str:
    """What stands in the place of a case's clocks where it has none."""
    why = None if row is None else _why_no_clock_runs(row)
    return "Nothing is due." if why is None else f"Nothing is due: {why}."


def _why_no_clock_runs(row: CaseRow) -> str | None:
    """Why a communication has no clocks; None: it may have some, or is none."""
    if row.kind != "communication":
        return None
    if row.merged_into is not None:
        return f"the case goes on as {row.merged_into}"
    assumed = " (assumed)" if row.receipt_assumed else ""
    if row.received_on is not None and row.received_on < DECREE:
        return f"it was received on {row.received_on}{assumed}, before the decree of {DECREE}"
    if row.receipt_assumed:
        return f"its receipt on {row.received_on} is assumed; CorrectCommunication confirms the day"
    return None


def _why_no_response_is_due(row: CaseRow) -> str | None:
    """Why a case has no clock of 14-8(1), from which the plan runs backwards; None: its letter states no date."""
    if row.kind != "communication":
        return "it leads to the response to a communication, and this case is none"
    return _why_no_clock_runs(row)


def _deadline_cells(row: DeadlineRow) -> tuple[object, ...]:
    remarks = [
        row.absent,
        f"extended from {row.original}" if row.original else None,
        "crosses a day that is only estimated" if row.estimated else None,
        "practice" if row.paragraph is None and not row.clock.startswith("asked/") else None,
        None if row.verified else "by a default that was not verified",
    ]
    remark = "; ".join(filter(None, remarks))
    left = row.days_left if row.met_on is None else None
    return (
        row.case_id, row.clock, row.body or "MFA", row.due, row.act_by, left, row.state, row.met_on, remark,
    )  # fmt: skip


def _say_findings(rows: list[FindingRow]) -> None:
    headings = ("CASE", "PARAGRAPH", "FINDING", "EXPECTED", "FOUND", "DONE ON", "FOR", "RESTS ON")
    cells = [
        (
            row.case_id,
            row.paragraph or "practice",
            row.code,
            row.expected,
            row.found,
            row.cured_on,
            row.body or "MFA",
            row.basis,
        )
        for row in rows
    ]
    say_table(headings, cells, "There are no findings.")
