"""Rows: pure functions of a folded case, or of one record."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from jauap.domain import events
from jauap.domain.case import CALENDAR, Recorded
from jauap.domain.events import AlertEscalated, CommandRefused, DeadlineDropped, DeadlineStarted, Event
from jauap.domain.facts import ForwardedTo
from jauap.messaging.envelope import Message
from jauap.projections import agency_matrix, case_history, cases, deadlines, findings, treaty_requests, visit_proposals
from jauap.projections.sentences import DAYS, SENTENCES, sentence
from jauap.projections.view import CaseView, Standstill
from tests.builders import (
    CASE,
    PROCEDURE,
    VISIT,
    a_calendar_act,
    a_communication,
    a_correction,
    a_decline,
    a_draft,
    a_forwarding,
    a_merger,
    a_report,
    a_response,
    a_return,
    a_site_publication,
    a_treaty_assignment,
    a_treaty_reply,
    a_treaty_request,
    a_visit_invitation,
    a_visit_proposal,
    a_visit_refusal,
    a_visit_stage,
    a_withdrawal,
    an_extension,
    by,
    day,
    given,
    some_info,
)
from tests.domain.test_case import BY_SERVICE, interleavings
from tests.logbook import Logbook, writing_codec
from tests.projections.stories import REFUSAL, folded, met, started, whole_case

CODEC = writing_codec()


def named(kind: type[msgspec.Struct], rows: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    """Rows by the names of their columns, as they stand in the table."""
    return [dict(zip(kind.__struct_fields__, row, strict=False)) for row in rows]


def the_case(*history: Event | tuple[str, Event], case_id: str = CASE) -> dict[str, Any]:
    """The row of a case with this history."""
    (row,) = named(cases.CaseRow, cases.rows(CaseView(given(*history, case_id=case_id))))
    return row


# --- cases ---


def test_a_whole_case_has_one_row_that_says_how_it_stands() -> None:
    """After everything that the decree asks for, the row shows letter, terms, status, counts and the last record."""
    at = datetime(2026, 7, 1, tzinfo=UTC)
    (row,) = named(cases.CaseRow, cases.rows(CaseView(given(*whole_case()), at)))
    assert row == {
        "case_id": CASE,
        "kind": "communication",
        "reference": "KAZ 3/2026",
        "registry_number": None,
        "type": "AL",
        "mandates": ["torture", "assembly"],
        "state": "KAZ",
        "subject": "Detention",
        "language": "en",
        "letter_date": day("06-01"),
        "received_on": day("06-03"),
        "receipt_assumed": False,
        "reply_due": day("09-01"),
        "original_reply_due": day("08-01"),
        "status": "published",
        "reply": "full",
        "full_response_on": day("06-22"),
        "merged_into": None,
        "officer": "OFFICER-7",
        "deputy": "OFFICER-3",
        "open_deadlines": 0,
        "missed_deadlines": 2,
        "findings": 1,
        "stands_still_since": None,
        "stands_still_why": None,
        "last_recorded_at": at,
    }


LETTER, FORWARDED, DRAFTED = a_communication(), a_forwarding(), a_draft()
ACKNOWLEDGED, INTERIM, FULL = (a_response(kind=kind) for kind in ("acknowledgement", "interim", "full"))
REPORTS = (a_report("administration"), a_report("ombudsman"))
PAGES = (a_site_publication(), a_site_publication("response", response=1))


@pytest.mark.parametrize(
    ("status", "reply", "history"),
    [
        ("received", "none", [LETTER]),
        ("acknowledged", "acknowledgement", [LETTER, ACKNOWLEDGED]),
        ("forwarded", "acknowledgement", [LETTER, ACKNOWLEDGED, FORWARDED]),
        ("drafted", "none", [LETTER, FORWARDED, DRAFTED]),
        ("interim", "interim", [LETTER, DRAFTED, ACKNOWLEDGED, INTERIM]),
        ("answered", "full", [LETTER, FULL]),
        ("answered", "full", [LETTER, FULL, REPORTS[0], PAGES[0]]),
        ("interim", "interim", [LETTER, INTERIM, *REPORTS, *PAGES]),
        ("reported", "full", [LETTER, FULL, *REPORTS]),
        ("published", "full", [LETTER, FULL, *PAGES]),
        ("merged", "none", [LETTER, a_merger()]),
        ("withdrawn", "none", [LETTER, by("intake", a_withdrawal(1))]),
    ],
)
def test_the_status_is_the_furthest_stage_reached(
    status: str, reply: str, history: list[Event | tuple[str, Event]]
) -> None:
    """Only a full response makes a case answered, reported or published; a reply is shown beside the stage."""
    row = the_case(*history)
    assert (row["status"], row["reply"]) == (status, reply)


def test_a_stated_period_runs_in_calendar_days_from_the_letter_s_date() -> None:
    """14-8(1): 60 days from 1 June 2026 are 31 July; an extension moves the present date and not the original."""
    letter = a_communication(reply_within_days=60)
    assert the_case(letter)["reply_due"] == day("07-31")
    extended = the_case(letter, an_extension())
    assert (extended["reply_due"], extended["original_reply_due"]) == (day("09-01"), day("07-31"))


def test_a_case_of_refusals_only_has_no_row() -> None:
    """What was never received is no case, however often it was asked for."""
    assert cases.rows(CaseView(given(by("routing", REFUSAL)))) == []


def test_a_case_that_stands_still_has_a_row_that_says_so_whatever_is_on_record() -> None:
    """Even where not one record could be read, the case is shown, with since when and why."""
    since = datetime(2026, 6, 3, tzinfo=UTC)
    (row,) = named(cases.CaseRow, cases.rows(CaseView(given(), None, Standstill(since, "parked: somewhere"))))
    assert (row["status"], row["stands_still_since"], row["stands_still_why"]) == (
        "unknown",
        since,
        "parked: somewhere",
    )


def test_a_visit_has_a_row_that_says_how_it_stands() -> None:
    """14-10: its basis, whom it is about, and how far it came; no date to reply by."""
    row = the_case(a_visit_proposal(subject="Detention"), a_visit_stage(reached_on=day("06-01")), case_id=VISIT)
    assert (row["kind"], row["type"], row["registry_number"]) == ("visit", "competent-body", "03-12/2101")
    assert (row["mandates"], row["subject"]) == (["Special Rapporteur on torture"], "Detention")
    assert (row["received_on"], row["status"], row["reply_due"]) == (day("06-01"), "proposed", None)
    assert the_case(a_visit_proposal(), by("intake", a_withdrawal()), case_id=VISIT)["status"] == "withdrawn"
    merged = the_case(a_visit_proposal(), a_merger("VISIT-2"), case_id=VISIT)
    assert (merged["status"], merged["merged_into"]) == ("merged", "VISIT-2")


def test_each_proposal_of_a_visit_has_a_row() -> None:
    """On what basis, for whom it waits, and what came of it; it is followed to its end."""
    second = a_visit_proposal("ombudsman", proposed_on=day("06-10"))
    case = given(a_visit_proposal(), a_visit_refusal(), second, a_visit_invitation(2), case_id=VISIT)
    rows = named(visit_proposals.VisitProposalRow, visit_proposals.rows(CaseView(case)))
    assert [
        (row["proposal"], row["state"], row["since"], row["waiting_for"], row["refused_by"], row["at_its_end"])
        for row in rows
    ] == [
        (1, "refused", day("06-08"), ["MFA"], ["MFA"], True),
        (2, "invited", day("06-15"), [], [], False),
    ]
    assert rows[1]["invited_on"] == day("06-15")


def test_a_treaty_procedure_has_a_row_that_says_how_it_stands() -> None:
    """14-11: what it is, before which body, and the earliest day by which a reply is open."""
    request = a_treaty_request(subject="Fair trial")
    clock = started("14-11/1", "intake:1", day("11-27"), "MOJ")
    row = the_case(request, clock, a_treaty_assignment(), case_id=PROCEDURE)
    assert (row["kind"], row["type"], row["reference"]) == ("treaty-procedure", "individual-communication", "4321/2026")
    assert (row["mandates"], row["subject"], row["letter_date"]) == (["CCPR"], "Fair trial", day("05-27"))
    assert (row["status"], row["reply_due"], row["reply"]) == ("assigned", day("11-27"), "none")
    answered = the_case(request, clock, met("14-11/1", "publication:1"), a_treaty_reply(), case_id=PROCEDURE)
    assert (answered["status"], answered["reply_due"], answered["reply"]) == ("answered", None, "full")
    assert answered["full_response_on"] == day("06-25")
    gone = the_case(request, by("intake", a_withdrawal()), case_id=PROCEDURE)
    assert (gone["status"], gone["mandates"]) == ("withdrawn", [])


def test_each_request_of_a_treaty_body_has_a_row() -> None:
    """Under which instrument, who leads, by when and by which rule; without a clock there is none of these."""
    case = given(
        a_treaty_request(interim_measures=True),
        started("14-11/1", "intake:1", day("11-27")),
        a_treaty_request("list-of-issues", instrument="ICCPR", words_at_most=10700),
        a_treaty_assignment(),
        a_treaty_reply(),
        case_id=PROCEDURE,
    )
    (clock,) = named(deadlines.DeadlineRow, deadlines.rows(CaseView(case)))
    assert clock["body"] == "MOJ"
    rows = named(treaty_requests.TreatyRequestRow, treaty_requests.rows(CaseView(case)))
    assert [(row["request"], row["instrument"], row["due"], row["rule"], row["state"]) for row in rows] == [
        (1, "ICCPR-OP1", day("11-27"), "r/2022", "answered"),
        (2, "ICCPR", None, None, "assigned"),
    ]
    assert [(row["lead"], row["transmitter"], row["replied_on"]) for row in rows] == [
        ("MOJ", "MFA", day("06-25")),
        ("MOJ", "MFA", None),
    ]


def test_the_calendar_is_marked_as_no_communication() -> None:
    """The case that holds the calendar acts can be told apart."""
    assert the_case(a_calendar_act(), case_id=CALENDAR)["kind"] == "calendar"


def test_a_correction_shows_in_the_row() -> None:
    """A corrected letter is shown as corrected."""
    assert the_case(a_communication(), a_correction(language="fr"))["language"] == "fr"


# --- deadlines, findings ---


def test_each_clock_says_how_it_stands() -> None:
    """Met in time, met late, missed and open are four states; the safe date stands beside the due date."""
    case = given(*whole_case(), started("14-9(1)/5", "publication:5"))
    rows = {row["clock"]: row for row in named(deadlines.DeadlineRow, deadlines.rows(CaseView(case)))}
    assert {clock: row["state"] for clock, row in rows.items()} == {
        "14-5(1)": "met",
        "14-5(2)": "met-late",
        "14-8(1)": "met",
        "asked/MIA": "met",
        "asked/GPO": "missed",
        "14-9(1)/5": "open",
    }
    assert (rows["14-5(1)"]["due"], rows["14-5(1)"]["safe"]) == (day("06-10"), day("06-09"))


def test_a_cured_finding_has_no_row_any_more() -> None:
    """Open findings stay, with the body and the record that they rest on; a cured one is in the history only."""
    rows = named(findings.FindingRow, findings.rows(CaseView(given(*whole_case()))))
    assert [(row["code"], row["paragraph"], row["body"], row["basis"]) for row in rows] == [
        ("leaves-out", "14-6", "GPO", "publication:2")
    ]


# --- agency_matrix ---


def agencies(*history: Event | tuple[str, Event]) -> dict[str, dict[str, Any]]:
    """The matrix of a history, by body."""
    rows = named(agency_matrix.AgencyRow, agency_matrix.rows(CaseView(given(*history))))
    return {row["body"]: row for row in rows}


def test_each_body_asked_has_a_row() -> None:
    """What it was asked, by when, what it answered, what it left open, and whose matter it said it was."""
    rows = agencies(*whole_case())
    assert rows["MIA"] == {
        "case_id": CASE,
        "body": "MIA",
        "asked_on": day("06-05"),
        "asked_due": day("06-20"),
        "questions": ["1", "2"],
        "answered_on": day("06-17"),
        "answers": ["1", "2"],
        "open_questions": [],
        "declined_on": None,
        "competent_body": None,
        "returned_on": day("06-15"),
        "signatory_capacity": "first-head",
        "state": "answered",
    }
    assert (rows["GPO"]["state"], rows["GPO"]["open_questions"]) == ("asked", ["3"])
    assert (rows["MOJ"]["state"], rows["MOJ"]["competent_body"]) == ("declined", "GPO")


ASKED = a_forwarding(ForwardedTo(body="MIA", questions=("1", "2")))


@pytest.mark.parametrize(
    ("state", "open_questions", "history"),
    [
        ("asked", ["1", "2"], [ASKED]),
        ("in-part", ["2"], [ASKED, some_info("MIA", answers=("1",))]),
        ("answered", [], [ASKED, some_info("MIA", answers=("1", "2"))]),
        ("returned", ["2"], [ASKED, some_info("MIA", answers=("1", "2")), a_return(2, missing=("2",))]),
        ("in-part", ["2"], [ASKED, some_info("MIA", answers=("1", "2")), some_info("MIA", answers=("1",), corrects=2)]),
        ("declined", ["1", "2"], [ASKED, a_decline("MIA")]),
        ("in-part", ["2"], [ASKED, a_decline("MIA"), some_info("MIA", answers=("1",))]),
        ("asked", ["1", "2"], [ASKED, a_decline("MIA"), by("intake", a_withdrawal(2))]),
    ],
)
def test_a_body_stands_by_the_last_that_came_from_it(
    state: str, open_questions: list[str], history: list[Event | tuple[str, Event]]
) -> None:
    """Information, a return and a decline each change how it stands; a withdrawn one never was."""
    row = agencies(a_communication(), *history)["MIA"]
    assert (row["state"], row["open_questions"]) == (state, open_questions)


# --- case_history ---


def test_a_record_has_a_row_of_history_with_both_times_and_who() -> None:
    """The row tells what happened and when, when and by whose command it was recorded, and what was known."""
    log = Logbook()
    (message,) = log.write(a_communication(reply_due=day("08-01")))
    (row,) = named(case_history.HistoryRow, folded([message]).history)
    data = msgspec.json.decode(row.pop("data"))
    assert (data["reference"], data["received_on"]) == ("KAZ 3/2026", "2026-06-03")
    assert "type" not in data
    assert row == {
        "case_id": CASE,
        "service": "intake",
        "sequence": 1,
        "event": "CommunicationReceived",
        "recorded_at": datetime(2026, 6, 3, 9, 1, tzinfo=UTC),
        "happened_on": day("06-03"),
        "actor": "officer-1",
        "command_id": f"{CASE}/intake/1",
        "event_id": dict(message.headers)["ce_hash"].decode(),  # type: ignore[union-attr]
        "refused": False,
        "withdraws": None,
        "sentence": "The MFA received AL KAZ 3/2026 on 2026-06-03, 14-5(1); "
        "it asks for a response by 2026-08-01, 14-8(1).",
        "seen": "intake:0,routing:0,deadlines:0,publication:0",
    }


def test_refusals_and_withdrawals_are_in_the_history() -> None:
    """A refusal is marked, and a withdrawal names the entry that it withdraws."""
    log = Logbook()
    rows = named(case_history.HistoryRow, folded(log.write(*whole_case())).history)
    assert len(rows) == len(whole_case())
    assert [row["sequence"] for row in rows if row["refused"]] == [4]
    assert [(row["sequence"], row["withdraws"]) for row in rows if row["withdraws"]] == [(3, 2)]


def test_a_correction_names_the_entry_in_whose_place_it_stands() -> None:
    """As a withdrawal does: so the history shows both, and which one is in force."""
    history = (a_communication(), a_forwarding("MIA"), some_info(), some_info(corrects=2))
    rows = named(case_history.HistoryRow, folded(Logbook().write(*history)).history)
    assert [(row["sequence"], row["withdraws"]) for row in rows if row["withdraws"]] == [(3, 2)]
    assert "in the place of intake:2" in rows[-1]["sentence"]


def test_every_event_has_a_sentence() -> None:
    """No event is without words, and none has a day that it does not know."""
    assert set(SENTENCES) == set(events.BY_NAME.values())
    assert all(field in kind.__struct_fields__ for kind, field in DAYS.items())


@for_all(st.one_of(*BY_SERVICE.values()))
def test_a_sentence_is_one_sentence(event: Event) -> None:
    """It begins with a capital or a figure, ends with a full stop, and holds no empty value."""
    text = sentence(event)
    assert text[0].isupper() or text[0].isdigit()
    assert text.endswith(".")
    assert not text.endswith("..")
    assert "None" not in text
    assert "  " not in text


def test_an_escalation_does_not_say_that_somebody_was_told() -> None:
    """Attempts that failed make an alert go up too."""
    up = AlertEscalated(alert=2, clock="14-5(1)", level=1, told_on=day("06-05"))
    assert sentence(up) == (
        "The term of 14-5(1): nobody took notice of step 2, sent or tried first on 2026-06-05; it goes to level 1"
        " (practice)."
    )


def test_a_refusal_s_sentence_names_the_field_and_the_rule() -> None:
    """What was refused, which field, why, and under which paragraph."""
    assert sentence(REFUSAL) == "SendResponse was refused (signatory): Fill it in, 14-8(1)."
    bare = CommandRefused(command="X", code="UnknownCase", message="No.")
    assert sentence(bare) == "X was refused: No."


@pytest.mark.parametrize(
    ("clock", "words"),
    [
        ("14-5(1)", "The term of 14-5(1)"),
        ("14-9(1)/5", "The term of 14-9(1) for response publication:5"),
        ("14-8(2)/communication", "The term of 14-8(2) for communication"),
        ("14-8(2)/response/5", "The term of 14-8(2) for response publication:5"),
        ("asked/MIA", "The date asked of MIA (practice)"),
    ],
)
def test_a_clock_is_told_by_its_paragraph(clock: str, words: str) -> None:
    """The id of a clock becomes words: the paragraph and what it is for, or a request as practice."""
    assert sentence(DeadlineDropped(clock=clock)) == f"{words} has no ground any more and was dropped."


def test_a_clock_without_a_date_says_why() -> None:
    """An absent due date is told with its reason."""
    clock = msgspec.structs.replace(
        started("14-5(1)", "intake:1"), due=None, safe=None, absent="the calendar of 2031 is not loaded"
    )
    assert isinstance(clock, DeadlineStarted)
    assert sentence(clock) == (
        "The term of 14-5(1) runs from 2026-06-03 and has no due date: the calendar of 2031 is not loaded."
    )


# --- every interleaving ---


def tampered(message: Message) -> Message:
    """The record as someone damaged it: its own hash is wrong now."""
    return message._replace(value=(message.value or b"") + b"!")


@for_all(interleavings(), st.integers(0, 60))
def test_every_interleaving_of_the_topics_gives_the_same_rows(
    both: tuple[list[Recorded], list[Recorded]], damaged: int
) -> None:
    """Whatever order the four topics are read in, rows, history and state are the same, also of a broken case."""
    history, interleaved = both
    log = Logbook(codec=CODEC)
    messages = [log.append(record.service, record.event) for record in history]
    messages = [tampered(message) if at == damaged else message for at, message in enumerate(messages)]
    by_record = {(record.service, record.sequence): message for record, message in zip(history, messages, strict=True)}
    one = folded(messages)
    other = folded([by_record[record.service, record.sequence] for record in interleaved])
    assert other.rows() == one.rows()
    assert sorted(other.history) == sorted(one.history)
    assert sorted(other.states()) == sorted(one.states())
    assert (damaged < len(messages)) == (CASE in one.since)
