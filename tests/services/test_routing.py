"""What goes between bodies: each command of routing, accepted and refused."""

import pytest

from jauap.domain import commands, refusals
from jauap.domain.case import CALENDAR, assignment_of
from jauap.domain.commands import (
    AssignCase,
    ForwardCommunication,
    InformOmbudsman,
    RecordMeeting,
    ReturnAgencyInfo,
    WithdrawRoutingEntry,
)
from jauap.domain.events import Event
from jauap.domain.facts import ForwardedTo, Value
from services.routing.decide import COMMANDS, decide
from tests.builders import (
    ALTERED,
    MISSING,
    Happened,
    a_communication,
    a_context,
    a_decline,
    a_document,
    a_forwarding,
    a_meeting,
    a_merger,
    a_notice,
    a_participant,
    a_return,
    a_withdrawal,
    an_assignment,
    asking,
    by,
    day,
    given,
    refused,
    some_info,
)

RECEIVED = given(a_communication(received_on=day("06-03")))
ASSUMED = given(a_communication(letter_date=day("06-01"), received_on=day("06-10"), receipt_assumed=True))
NO_DAY = given(a_communication(letter_date=None, receipt_assumed=True))


def test_every_command_of_routing_has_a_function() -> None:
    """The table has each command of the service and no other; mending a chain is the loop's."""
    assert COMMANDS.keys() == set(commands.BY_SERVICE["routing"]) - {commands.MendRoutingChain}


# Forwarding (14-5(1))


def test_a_letter_is_forwarded_with_questions_and_dates() -> None:
    """Each body gets its own questions and the date that is asked of it."""
    mia = ForwardedTo(body="MIA", questions=("1", "2"), due=day("06-15"))
    fact = a_forwarding(mia, "GPO", note_number="7", documents=(a_document(),))
    assert decide(RECEIVED, asking(ForwardCommunication, fact), a_context()) == fact


def test_a_late_forwarding_is_recorded() -> None:
    """A forwarding after the five working days happened: the finding follows."""
    fact = a_forwarding("MIA", forwarded_on=day("06-30"))
    assert decide(RECEIVED, asking(ForwardCommunication, fact), a_context()) == fact


def test_a_body_is_asked_again() -> None:
    """More questions to a body that was asked already are another forwarding."""
    case = given(a_communication(), a_forwarding(ForwardedTo(body="MIA", questions=("1",))))
    more = a_forwarding(ForwardedTo(body="MIA", questions=("2",)))
    assert decide(case, asking(ForwardCommunication, more), a_context()) == more


def test_the_day_asked_of_a_body_may_be_the_day_of_forwarding() -> None:
    """A request for the same day is short, and possible."""
    fact = a_forwarding(ForwardedTo(body="MIA", due=day("06-05")), forwarded_on=day("06-05"))
    assert decide(RECEIVED, asking(ForwardCommunication, fact), a_context()) == fact


@pytest.mark.parametrize(
    ("fact", "refusal", "field"),
    [
        (a_forwarding("MIA", "XYZ"), refusals.UnknownBody, "bodies[1].body"),
        (a_forwarding("MIA", "GPO", "MIA"), refusals.NamedTwice, "bodies[2].body"),
        (a_forwarding(forwarded_on=day("07-02")), refusals.DateInTheFuture, "forwarded_on"),
        (a_forwarding(forwarded_on=day("06-02")), refusals.BeforeItsCause, "forwarded_on"),
        (a_forwarding("GPO", ForwardedTo(body="MIA", due=day("06-04"))), refusals.BeforeItsCause, "bodies[1].due"),
        (a_forwarding(documents=(a_document(sha256=MISSING),)), refusals.DocumentMissing, "documents[0].sha256"),
        (a_forwarding(documents=(a_document(sha256=ALTERED),)), refusals.DocumentAltered, "documents[0].sha256"),
    ],
)
def test_a_forwarding_that_cannot_be_true_is_refused(fact: Event, refusal: type[refusals.Refusal], field: str) -> None:
    """Each refusal names the field at fault."""
    assert refused(decide, RECEIVED, asking(ForwardCommunication, fact)) == (refusal, field)


def test_nothing_is_asked_for_while_the_receipt_is_assumed_but_the_letters_date() -> None:
    """With an assumed receipt a forwarding follows the letter's own date, where it has one."""
    early = asking(ForwardCommunication, a_forwarding(forwarded_on=day("05-31")))
    fact = a_forwarding(forwarded_on=day("06-01"))
    assert refused(decide, ASSUMED, early) == (refusals.BeforeItsCause, "forwarded_on")
    assert decide(ASSUMED, asking(ForwardCommunication, fact), a_context()) == fact
    assert decide(NO_DAY, early, a_context()) == a_forwarding(forwarded_on=day("05-31"))


def test_a_note_of_forwarding_is_recorded_once() -> None:
    """The same number is the same note; once its entry is withdrawn the number is free."""
    history: list[Happened] = [a_communication(), a_forwarding("MIA", note_number="7")]
    other = a_forwarding("GPO", note_number="7")
    command = asking(ForwardCommunication, other)
    assert refused(decide, given(*history), command) == (refusals.AlreadyRecorded, "note_number")
    assert decide(given(*history, by("routing", a_withdrawal(1))), command, a_context()) == other


def test_an_identical_forwarding_without_a_number_is_recorded_once() -> None:
    """The very same content is a duplicate."""
    case = given(a_communication(), a_forwarding("MIA"))
    assert refused(decide, case, asking(ForwardCommunication, a_forwarding("MIA"))) == (refusals.AlreadyRecorded, None)


# The Ombudsman (14-5(2))


def test_the_ombudsman_is_informed_before_any_forwarding() -> None:
    """The term runs from receipt: the notice needs no forwarding."""
    fact = a_notice(note_number="8", documents=(a_document(),))
    assert decide(RECEIVED, asking(InformOmbudsman, fact), a_context()) == fact


def test_the_note_to_the_ombudsman_may_bear_the_number_of_the_forwarding() -> None:
    """One note can go to the bodies and, as a copy, to the Ombudsman."""
    case = given(a_communication(), a_forwarding(note_number="7"))
    assert decide(case, asking(InformOmbudsman, a_notice(note_number="7")), a_context()) == a_notice(note_number="7")


@pytest.mark.parametrize(
    ("fact", "refusal", "field"),
    [
        (a_notice(informed_on=day("07-02")), refusals.DateInTheFuture, "informed_on"),
        (a_notice(informed_on=day("06-02")), refusals.BeforeItsCause, "informed_on"),
        (a_notice(informed_on=day("06-06"), note_number="7"), refusals.AlreadyRecorded, "note_number"),
        (a_notice(documents=(a_document(sha256=MISSING),)), refusals.DocumentMissing, "documents[0].sha256"),
    ],
)
def test_a_notice_that_cannot_be_true_is_refused(fact: Event, refusal: type[refusals.Refusal], field: str) -> None:
    """Each refusal names the field at fault."""
    case = given(a_communication(), a_notice(note_number="7"))
    assert refused(decide, case, asking(InformOmbudsman, fact)) == (refusal, field)


def test_an_identical_notice_without_a_number_is_recorded_once() -> None:
    """The very same content is a duplicate."""
    case = given(a_communication(), a_notice())
    assert refused(decide, case, asking(InformOmbudsman, a_notice())) == (refusals.AlreadyRecorded, None)


# Returning information (practice, for 14-6)

QUESTIONS = ForwardedTo(body="MIA", questions=("1", "2"))
SUPPLIED: list[Happened] = [
    a_communication(),
    a_forwarding(QUESTIONS, "GPO"),
    some_info("MIA", submitted_on=day("06-12")),
]


def test_incomplete_information_goes_back() -> None:
    """The entry that it is about, what is missing and the new date are on record."""
    fact = a_return(2, "MIA", missing=("2",), due=day("06-20"), documents=(a_document(),))
    assert decide(given(*SUPPLIED), asking(ReturnAgencyInfo, fact), a_context()) == fact


@pytest.mark.parametrize(
    ("fact", "refusal", "field"),
    [
        (a_return(1, "MIA"), refusals.UnknownEntry, "info"),
        (a_return(9, "MIA"), refusals.UnknownEntry, "info"),
        (a_return(2, "GPO"), refusals.UnknownEntry, "info"),
        (a_return(2, returned_on=day("07-02")), refusals.DateInTheFuture, "returned_on"),
        (a_return(2, returned_on=day("06-11")), refusals.BeforeItsCause, "returned_on"),
        (a_return(2, missing=("2", "3")), refusals.QuestionNotAsked, "missing[1]"),
        (a_return(2, due=day("06-14")), refusals.BeforeItsCause, "due"),
        (a_return(2, documents=(a_document(sha256=MISSING),)), refusals.DocumentMissing, "documents[0].sha256"),
    ],
)
def test_a_return_that_cannot_be_true_is_refused(fact: Event, refusal: type[refusals.Refusal], field: str) -> None:
    """Only information on record, of the body named, goes back to it."""
    assert refused(decide, given(*SUPPLIED), asking(ReturnAgencyInfo, fact)) == (refusal, field)


def test_the_new_date_may_be_the_day_of_the_return() -> None:
    """A request for the same day is short, and possible."""
    fact = a_return(2, returned_on=day("06-15"), due=day("06-15"))
    assert decide(given(*SUPPLIED), asking(ReturnAgencyInfo, fact), a_context()) == fact


def test_a_decline_is_no_information_to_return() -> None:
    """A body's word that the matter is not its own can't be incomplete."""
    case = given(a_communication(), a_forwarding("MIA"), a_decline("MIA"))
    assert refused(decide, case, asking(ReturnAgencyInfo, a_return(2))) == (refusals.UnknownEntry, "info")


def test_information_goes_back_once() -> None:
    """The same piece is returned once; what the body sends next can be returned again."""
    case = given(*SUPPLIED, a_return(2), some_info("MIA", submitted_on=day("06-19")))
    again = asking(ReturnAgencyInfo, a_return(2, returned_on=day("06-16")))
    assert refused(decide, case, again) == (refusals.AlreadyRecorded, "info")
    next_piece = a_return(3, returned_on=day("06-22"))
    assert decide(case, asking(ReturnAgencyInfo, next_piece), a_context()) == next_piece


# The meeting (14-7(2))


def test_a_meeting_is_recorded() -> None:
    """Who took part and at what level, which bodies are interested, and the minutes."""
    fact = a_meeting(a_participant("MFA"), a_participant("MFA"), interested=("MIA", "GPO"), documents=(a_document(),))
    assert decide(RECEIVED, asking(RecordMeeting, fact), a_context()) == fact


def test_a_meeting_that_falls_short_is_recorded() -> None:
    """A participant below the level, and an interested body that did not come, are facts: findings follow."""
    fact = a_meeting(a_participant("MFA", level="below"), interested=("MOJ",))
    assert decide(RECEIVED, asking(RecordMeeting, fact), a_context()) == fact


@pytest.mark.parametrize(
    ("fact", "refusal", "field"),
    [
        (a_meeting(a_participant("MFA"), a_participant("XYZ")), refusals.UnknownBody, "participants[1].body"),
        (a_meeting(interested=("XYZ",)), refusals.UnknownBody, "interested[0]"),
        (a_meeting(interested=("MIA", "MIA")), refusals.NamedTwice, "interested[1]"),
        (a_meeting(held_on=day("07-02")), refusals.DateInTheFuture, "held_on"),
        (a_meeting(held_on=day("06-02")), refusals.BeforeItsCause, "held_on"),
        (a_meeting(documents=(a_document(sha256=MISSING),)), refusals.DocumentMissing, "documents[0].sha256"),
    ],
)
def test_a_meeting_that_cannot_be_true_is_refused(fact: Event, refusal: type[refusals.Refusal], field: str) -> None:
    """Each refusal names the field at fault."""
    assert refused(decide, RECEIVED, asking(RecordMeeting, fact)) == (refusal, field)


def test_an_identical_meeting_is_recorded_once() -> None:
    """The very same content is a duplicate; another day is another meeting."""
    case = given(a_communication(), a_meeting())
    assert refused(decide, case, asking(RecordMeeting, a_meeting())) == (refusals.AlreadyRecorded, None)
    next_day = a_meeting(held_on=day("06-19"))
    assert decide(case, asking(RecordMeeting, next_day), a_context()) == next_day


# Who is responsible (practice)


def test_a_case_is_given_to_an_officer_and_handed_over() -> None:
    """The last assignment holds; the first officer may get the case back."""
    first, second = an_assignment(), an_assignment("OFFICER-9", None, assigned_on=day("06-10"), reason="On leave")
    case = given(a_communication())
    assert decide(case, asking(AssignCase, first), a_context()) == first
    assert decide(given(a_communication(), first), asking(AssignCase, second), a_context()) == second
    handed = given(a_communication(), first, second)
    assert assignment_of(handed) == second
    assert decide(handed, asking(AssignCase, first), a_context()) == first


@pytest.mark.parametrize(
    ("fact", "refusal", "field"),
    [
        (an_assignment(assigned_on=day("07-02")), refusals.DateInTheFuture, "assigned_on"),
        (an_assignment("OFFICER-9", "OFFICER-9"), refusals.OwnDeputy, "deputy"),
        (an_assignment(reason="Again"), refusals.AlreadyRecorded, None),
    ],
)
def test_an_assignment_that_cannot_be_true_is_refused(
    fact: Event, refusal: type[refusals.Refusal], field: str | None
) -> None:
    """Not from a day to come, not with oneself as deputy, and not to the two who have the case already."""
    assert refused(decide, given(a_communication(), an_assignment()), asking(AssignCase, fact)) == (refusal, field)


def test_a_withdrawn_assignment_leaves_the_one_before() -> None:
    """A wrong assignment is withdrawn like any other entry."""
    case = given(a_communication(), an_assignment(), an_assignment("OFFICER-9"), by("routing", a_withdrawal(2)))
    assert assignment_of(case) == an_assignment()


# What every command on a letter needs

ON_A_LETTER: list[Value] = [
    asking(ForwardCommunication, a_forwarding()),
    asking(InformOmbudsman, a_notice()),
    asking(ReturnAgencyInfo, a_return()),
    asking(RecordMeeting, a_meeting()),
    asking(AssignCase, an_assignment()),
]


@pytest.mark.parametrize("command", ON_A_LETTER)
def test_nothing_is_recorded_without_an_open_case(command: Value) -> None:
    """An unknown case, a merged one and the calendar take no fact of routing."""
    assert refused(decide, given(), command) == (refusals.UnknownCase, "case_id")
    assert refused(decide, given(a_communication(), a_merger()), command) == (refusals.CaseIsMerged, "case_id")
    assert refused(decide, given(case_id=CALENDAR), command) == (refusals.NotTheCalendar, "case_id")


# Withdrawing


def test_an_entry_of_routing_is_withdrawn_whatever_became_of_the_case() -> None:
    """A wrong entry can be withdrawn without a letter on record, and in a merged case."""
    command = asking(WithdrawRoutingEntry, a_withdrawal(1))
    assert decide(given(a_forwarding()), command, a_context()) == a_withdrawal(1)
    assert decide(given(a_communication(), a_forwarding(), a_merger()), command, a_context()) == a_withdrawal(1)


def test_only_an_entry_of_routing_is_withdrawn_here() -> None:
    """Entry 2 exists in intake and not in routing; entry 1 was withdrawn already."""
    case = given(a_communication(), a_merger(), a_forwarding(), by("routing", a_withdrawal(1)))
    for entry in (1, 2):
        command = asking(WithdrawRoutingEntry, a_withdrawal(entry))
        assert refused(decide, case, command) == (refusals.UnknownEntry, "entry")
