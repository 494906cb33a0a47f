"""`jauap demo`: a real letter goes from arrival to publication, as if it came today."""

import io
import time
import uuid
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from jauap.cli import ask, imports, orders, sending
from jauap.cli.addresses import DATA_DIR, DataDir
from jauap.cli.printing import failed, say
from jauap.cli.stack import bring_up
from jauap.clock import clock_from_environment
from jauap.documents import DocumentStore, open_store
from jauap.domain.workdays import day_in_kazakhstan
from jauap.messaging.outcome import Outcome
from jauap.messaging.sender import Order, Sender
from jauap.projections import queries
from jauap.projections.generations import answering
from jauap.stack.addresses import Addresses
from jauap.stack.errors import StackError

CASE = "KAZ-5-2011"
"""A real letter to which the public record shows no reply: violence against protesters in Zhanaozen."""
IDS = uuid.UUID("0f0d3f53-5f0b-5a5c-8f5e-2f3f0f9d7c11")
ACTOR = "demo officer"
WAIT = 30.0
MINISTER = {"name": "A. Minister", "position": "Minister of Foreign Affairs", "capacity": "first-head"}
DEPUTY = {"name": "B. Deputy", "position": "Deputy Minister of Foreign Affairs", "capacity": "other"}
Flat = dict[str, Any]


def demo(
    register: Annotated[Path, typer.Argument(metavar="FILE.csv", help="The register to import first.")] = Path(
        "examples/register.csv"
    ),
    data_dir: DataDir = DATA_DIR,
) -> None:
    """Start the whole system, import the real register, and take one of its letters through every step.

    The letter KAZ 5/2011 is taken up as if it came today and goes through paragraphs 14-5 to 14-9; then its history,
    deadlines and findings are shown from the read models. Repeating it is harmless: what was done is not done twice.
    The stack goes on running; end it with jauap stack down.

    Example: jauap demo
    """
    say("== The system ==")
    try:
        found = bring_up(data_dir, "ANY")
    except StackError as error:
        raise failed(error.what, error.remedy) from error
    say("This is a trial deployment: it takes letters to any State. A ministry's own is made by jauap stack up.")
    say(f"\n== The register: {register} ==")
    try:
        imports.import_register(register, state="ANY", wait=WAIT, as_json=False, data_dir=data_dir)
    except typer.Exit as ended:
        if ended.exit_code not in (0, 1):  # 1: the register has rows that nobody could understand, on purpose
            raise
    say(f"\n== The letter {CASE}, as if it came today ==")
    journey(found, _day(found))
    say(f"\n== What the read models say of {CASE} ==")
    ask.show_case(CASE, as_json=False, data_dir=data_dir)
    say("\nHISTORY")
    ask.history(CASE, as_json=False, data_dir=data_dir)
    say("\nThe stack goes on running. Try: jauap case list; jauap history KAZ-2-2011; jauap stack down")


def _day(found: Addresses) -> date:
    """Today in Kazakhstan; in a repetition, the day on which the letter was taken up."""
    with answering(found.database) as connection:
        case = queries.case(connection, CASE)
    if case is not None and case.received_on is not None and not case.receipt_assumed:
        return case.received_on
    return day_in_kazakhstan(clock_from_environment()())


def journey(found: Addresses, day: date) -> None:
    """Send every step, one after the other, and wait until the read models show the last."""
    made: dict[str, int] = {}
    store = open_store(found.documents)
    last: list[Outcome] = []
    with sending.connected(found) as sender:
        for label, says, flat in steps(day, made, store):
            order = orders.order({"case_id": CASE, "command_id": str(uuid.uuid5(IDS, f"{day} {label}")), **flat}, ACTOR)
            outcome = _sent(sender, order)
            made[label] = outcome.sequence or 0
            last.append(outcome)
            typer.echo(f"{says:<52} {sending.told(outcome).splitlines()[0]}")
    _await_rows(found, [outcome.command_id for outcome in last])


def _sent(sender: Sender, order: Order) -> Outcome:
    for _, outcome in sending.outcomes(sender, [order], WAIT):
        if isinstance(outcome, Outcome) and outcome.status == "accepted":
            return outcome
        raise failed(sending.sentence(order, outcome), "Start anew with jauap stack down --erase, then jauap demo.")
    raise failed(f"{order.name} has no outcome.", "See jauap stack status.")


def _await_rows(found: Addresses, command_ids: list[str]) -> None:
    """Wait until the read models hold every command's record, and no met clock is shown as open."""
    deadline = time.monotonic() + WAIT
    with answering(found.database) as connection:
        while time.monotonic() < deadline:
            told = all(queries.command(connection, command_id) is not None for command_id in command_ids)
            clocks = queries.deadlines(connection, today=date.max, case_id=CASE)
            if told and len(clocks) >= CLOCKS and all(clock.state != "open" for clock in clocks):
                return
            connection.rollback()
            time.sleep(0.05)
    raise failed("The read models do not show every step.", "See jauap stack logs projector and deadlines.")


CLOCKS = 13
"""14-5 two, 14-8(1), a request to each of four bodies, 14-8(2) two, 14-9 two for each of two responses."""


def steps(day: date, made: dict[str, int], store: DocumentStore) -> Iterator[tuple[str, str, Flat]]:
    """Give each step as a label, a sentence with its paragraph, and the command. `made` holds the sequences so far."""

    def paper(title: str, language: str = "en") -> list[Flat]:
        sha256, size = store.add(io.BytesIO(f"{title}\n(a made-up document of the demonstration)\n".encode()))
        return [{"sha256": sha256, "size": size, "media_type": "text/plain", "language": language, "title": title}]

    today, asked = day.isoformat(), (day + timedelta(days=14)).isoformat()
    yield (
        "receive",
        "14-5     an officer confirms receipt and term",
        {
            "command": "CorrectCommunication",
            "received_on": today,
            "letter_date": today,
            "language": "en",
            "reply_due": (day + timedelta(days=60)).isoformat(),
            "documents": paper("The communication"),
            "reason": "taken up as if it came today",
        },
    )
    yield (
        "forward",
        "14-5(1)  forwarded to three competent bodies",
        {
            "command": "ForwardCommunication",
            "bodies": [
                {"body": "MIA", "questions": ["1", "2"], "due": asked},
                {"body": "GPO", "questions": ["3"], "due": asked},
                {"body": "MOH", "questions": ["4"], "due": asked},
            ],
            "forwarded_on": today,
            "note_number": "N-1",
            "documents": paper("Covering note to the bodies"),
        },
    )
    yield (
        "ombudsman",
        "14-5(2)  the Ombudsman is informed",
        {"command": "InformOmbudsman", "informed_on": today, "note_number": "N-2"},
    )
    yield (
        "acknowledge",
        "         receipt is acknowledged: no clock stops",
        {"command": "SendResponse", "kind": "acknowledgement", "sent_on": today, "note_number": "N-3"},
    )
    yield (
        "mia",
        "14-7(1)  the interior ministry informs, in part",
        _info("MIA", today, ["1"], paper("Information of the interior ministry")),
    )
    yield (
        "return",
        "         its information is returned: question 2",
        {
            "command": "ReturnAgencyInfo",
            "body": "MIA",
            "info": made["mia"],
            "returned_on": today,
            "missing": ["2"],
            "reason": "question 2 is not answered",
            "due": asked,
        },
    )
    yield (
        "mia whole",
        "14-7(1)  and informs again, in full",
        _info("MIA", today, ["1", "2"], paper("Full information of the interior ministry")),
    )
    yield (
        "gpo",
        "14-7(1)  the prosecutor general's office informs",
        _info("GPO", today, ["3"], paper("Information of the prosecutor general's office")),
    )
    yield (
        "decline",
        "         the health ministry: not ours, but justice's",
        {"command": "DeclineAgencyInfo", "body": "MOH", "declined_on": today, "competent_body": "MOJ"},
    )
    yield (
        "forward justice",
        "14-5(1)  forwarded to the justice ministry",
        {
            "command": "ForwardCommunication",
            "bodies": [{"body": "MOJ", "questions": ["4"], "due": asked}],
            "forwarded_on": today,
            "note_number": "N-4",
        },
    )
    yield (
        "moj",
        "14-7(1)  the justice ministry informs",
        _info("MOJ", today, ["4"], paper("Information of the justice ministry")),
    )
    yield (
        "interim",
        "14-8(1)  an interim reply, signed by a deputy",
        {
            "command": "SendResponse",
            "kind": "interim",
            "sent_on": today,
            "signatory": DEPUTY,
            "language": "en",
            "channel": "diplomatic",
            "note_number": "N-5",
            "documents": paper("Interim reply"),
        },
    )
    yield (
        "meeting",
        "14-7(2)  the meeting works the draft out",
        {
            "command": "RecordMeeting",
            "held_on": today,
            "interested": ["MIA", "GPO", "MOJ"],
            "participants": [
                _participant("MFA"),
                _participant("MIA"),
                _participant("GPO"),
                _participant("MOJ"),
            ],
            "documents": paper("Minutes of the meeting"),
        },
    )
    yield (
        "draft",
        "14-6     the draft rests on the bodies' information",
        {
            "command": "DraftResponse",
            "drafted_on": today,
            "rests_on": [made["mia whole"], made["gpo"], made["moj"]],
            "language": "en",
            "documents": paper("Draft response"),
        },
    )
    yield (
        "full",
        "14-8(1)  the full response, signed by the minister",
        {
            "command": "SendResponse",
            "kind": "full",
            "sent_on": today,
            "signatory": MINISTER,
            "language": "en",
            "channel": "diplomatic",
            "note_number": "N-6",
            "documents": paper("Response"),
        },
    )
    for response in ("interim", "full"):
        for recipient, paragraph in (("administration", "14-9(1)"), ("ombudsman", "14-9(2)")):
            yield (
                f"report {response} {recipient}",
                f"{paragraph}  report on the {response} reply: {recipient}",
                {
                    "command": "FileReport",
                    "recipient": recipient,
                    "response": made[response],
                    "filed_on": today,
                    "documents": paper(f"Report on the {response} reply"),
                },
            )
    yield from _publication(today, made, paper("Public version, names removed"))


def _publication(today: str, made: dict[str, int], public: list[Flat]) -> Iterator[tuple[str, str, Flat]]:
    for what, response in (("communication", None), ("response", "full")):
        sequence = None if response is None else made[response]
        yield (
            f"ohchr {what}",
            f"14-8(2)  OHCHR publishes the {what}",
            {
                "command": "RecordOHCHRPublication",
                "what": what,
                "response": sequence,
                "published_on": today,
                "address": f"https://spcommreports.ohchr.org/{what}",
            },
        )
        yield (
            f"site {what}",
            f"14-8(2)  the ministry publishes the {what}",
            {
                "command": "PublishOnSite",
                "what": what,
                "response": sequence,
                "published_on": today,
                "address": f"https://www.example.org/communications/kaz-5-2011/{what}",
                "documents": public,
            },
        )


def _info(body: str, today: str, answers: list[str], documents: list[Flat]) -> Flat:
    return {
        "command": "SubmitAgencyInfo",
        "body": body,
        "submitted_on": today,
        "signatory": {"name": "C. Head", "position": "head of the body", "capacity": "first-head"},
        "answers": answers,
        "documents": documents,
    }


def _participant(body: str) -> Flat:
    return {"body": body, "name": "D. Official", "position": "head of department", "level": "head-of-structural-unit"}
