"""What people asked for while a golden log was recorded: every kind of event, and most of what may go wrong.

Once a log is recorded nothing reads this again: change it freely for the next release's.
"""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from random import Random
from typing import Any

from jauap.cli import demo
from jauap.documents import DocumentStore
from tests.contracts.records import example
from tests.faults.story import Story

Flat = dict[str, Any]
Made = dict[str, int]
LETTER, VISIT, PROCEDURE, TWIN, OPEN, BROKEN = (
    "KAZ-103-2026", "VISIT-03-12-2101", "TB-CCPR-4321-2026", "MFA-03-12-1734-I", "KAZ-107-2026", "KAZ-109-2026",
)  # fmt: skip
CHANCE, COMMANDS, CASES = 6, 90, 5
"""The random part: its seed, its commands and its letters."""


def first(today: date, made: Made, store: DocumentStore) -> Iterator[tuple[str, Flat]]:
    """The demonstration's letter, and the contract's examples in the order in which they can be true."""
    yield "demo", _letter("KAZ 5/2011", today, receipt_assumed=True, case_id=demo.CASE)
    for label, _, flat in demo.steps(today, made, store):
        yield label, {"case_id": demo.CASE, **flat}
    yield from _letter_s_way(made)
    yield from _visit(made)
    yield from _procedure(made)


def _letter_s_way(made: Made) -> Iterator[tuple[str, Flat]]:
    reference = {"case_id": LETTER, "expected": {}}
    yield "letter", _example("ReceiveCommunication", **reference, reference="KAZ 103/2026")
    yield "again", _example("ReceiveCommunication", **reference, reference="KAZ 103/2026")
    yield "twin", _example("ReceiveCommunication", case_id=TWIN, reference=None)
    yield "merge", _example("MergeCase", into=LETTER)
    yield "late", _example("InformOmbudsman", case_id=TWIN, expected={})
    yield "correct", _example("CorrectCommunication", **reference, reference="KAZ 103/2026")
    yield "assign", _example("AssignCase", case_id=LETTER)
    yield "forward", _example("ForwardCommunication", **reference)
    yield "ombudsman", _example("InformOmbudsman", **reference)
    yield "decline", _example("DeclineAgencyInfo", **reference)
    yield "info", _example("SubmitAgencyInfo", **reference)
    yield "return", _example("ReturnAgencyInfo", **reference, info=made["info"])
    yield "return nothing", _example("ReturnAgencyInfo", **reference, info=99)
    yield "unseen", _example("RecordMeeting", case_id=LETTER, expected={"intake": 1})
    yield "meeting", _example("RecordMeeting", **reference)
    yield "draft", _example("DraftResponse", **reference, rests_on=[made["info"]])
    yield "withdraw ombudsman", _example("WithdrawRoutingEntry", **reference, entry=made["ombudsman"])
    yield "ombudsman again", _example("InformOmbudsman", **reference, informed_on="2026-03-09")
    yield "extension", _example("GrantReplyExtension", **reference)
    signed = {"name": "B. Deputy", "position": "Deputy Minister", "capacity": "other", "order": None}
    yield "wrong response", _example("SendResponse", **reference, language="ru", signatory=signed)
    yield "early report", _example("FileReport", **reference, response=made["wrong response"])
    yield "withdraw report", _example("WithdrawPublicationEntry", **reference, entry=made["early report"])
    yield "withdraw response", _example("WithdrawPublicationEntry", **reference, entry=made["wrong response"])
    yield "response", _example("SendResponse", **reference)
    yield "report", _example("FileReport", **reference, response=made["response"])
    yield "ohchr", _example("RecordOHCHRPublication", **reference, response=made["response"])
    yield "site", _example("PublishOnSite", **reference, response=made["response"])
    yield "withdraw info", _example("WithdrawIntakeEntry", **reference, entry=made["info"])
    yield "unknown case", _example("InformOmbudsman", case_id="KAZ-999-2026", expected={})
    yield "unknown body", _example("SubmitAgencyInfo", **reference, body="NOSUCH")
    yield (
        "no document",
        example("DraftResponse") | {"case_id": LETTER, "expected": {}, "rests_on": [], "command_id": "missing"},
    )


def _visit(made: Made) -> Iterator[tuple[str, Flat]]:
    yield "proposal", _example("ProposeVisit")
    yield "refusal", _example("RefuseVisit", proposal=made["proposal"])
    yield "agreement", _example("AgreeToVisit", proposal=made["proposal"])
    yield "invitation", _example("SendVisitInvitation", proposal=made["proposal"])
    yield "stage", _example("RecordVisitStage")
    yield "proposal again", _example("ProposeVisit", case_id=VISIT, number="11-4/600", subject="Another subject")
    yield "end", _example("EndVisitProposal", proposal=made["proposal again"])


def _procedure(made: Made) -> Iterator[tuple[str, Flat]]:
    yield "request", _example("ReceiveTreatyBodyRequest")
    yield "lead", _example("AssignTreatyProcedure")
    yield "later", _example("ExtendTreatyBodyTerm", request=made["request"])
    yield "reply", _example("SendTreatyBodyReply", request=made["request"])


def by_chance(today: date) -> Iterator[Flat]:
    """An office's work, as the faults' campaign has it."""
    story = Story(Random(CHANCE), CASES, today)  # noqa: S311 - chance that can be repeated
    commands = [story.letter(number) for number in range(CASES)] + [story.next() for _ in range(COMMANDS)]
    for command in commands:
        yield {"command": command.name, "case_id": command.case_id, **_as_json(command.content)}


def second(today: date) -> Iterator[tuple[str, Flat]]:
    """A letter of which nothing is done, and a calendar act that moves its clocks."""
    yield "open", _letter("KAZ 107/2026", today, reply_due=(today + timedelta(days=30)).isoformat(), case_id=OPEN)
    days = [today + timedelta(days=ahead) for ahead in range(2, 7)]
    off = next(day for day in days if day.weekday() < 5)
    yield (
        "act",
        _example(
            "ReceiveCalendarAct",
            act="order-golden",
            title="An order that moves a day off",
            kind="order",
            known_on=today.isoformat(),
            years=[],
            days=[{"day": off.isoformat(), "becomes": "moved-off", "why": "The golden log"}],
        ),
    )


def told(alert: int, today: date) -> Iterator[tuple[str, Flat]]:
    """Somebody could not be told of an alert, and then was."""
    on = today.isoformat()
    yield "failed", _example("RecordAlertFailure", case_id=OPEN, alert=alert, failed_on=on)
    yield "delivered", _example("RecordAlertDelivery", case_id=OPEN, alert=alert, delivered_on=on)


def noticed(alert: int, today: date) -> Iterator[tuple[str, Flat]]:
    """Somebody took notice of it at last."""
    yield "noticed", _example("AcknowledgeAlert", case_id=OPEN, alert=alert, acknowledged_on=today.isoformat())


def to_be_broken(today: date) -> Iterator[tuple[str, Flat]]:
    """A case with a chain in each service that people command."""
    yield "victim", _letter("KAZ 109/2026", today, case_id=BROKEN)
    asked = {"bodies": [{"body": "MIA"}], "forwarded_on": today.isoformat()}
    yield "its forwarding", _example("ForwardCommunication", case_id=BROKEN, expected={}, **asked)
    yield "its draft", _example("DraftResponse", case_id=BROKEN, expected={}, rests_on=[], drafted_on=today.isoformat())


def stored(flat: Flat, store: Callable[[str], Flat]) -> Flat:
    """The command with documents that are in the store."""
    if flat.get("command_id") == "missing":
        return flat
    papers = [store(each["title"]) | {"title": each["title"]} for each in flat.get("documents", ())]
    return flat | ({"documents": papers} if papers else {})


def _example(name: str, **changes: object) -> Flat:
    return {key: value for key, value in (example(name) | changes).items() if key != "command_id"}


def _letter(reference: str, received: date, **more: object) -> Flat:
    on = received.isoformat()
    content = {"reference": reference, "communication_type": "AL", "state": "KAZ", "letter_date": on, "received_on": on}
    return {"command": "ReceiveCommunication", **content, **more}


def _as_json(content: object) -> Any:
    match content:
        case dict():
            return {name: _as_json(value) for name, value in content.items()}
        case list():
            return [_as_json(value) for value in content]
        case date():
            return content.isoformat()
        case _:
            return content
