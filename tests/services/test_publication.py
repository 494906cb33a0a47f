"""What goes out: each command of publication, accepted and refused."""

import pytest

from jauap.domain import commands, refusals
from jauap.domain.case import CALENDAR
from jauap.domain.commands import DraftResponse, FileReport, PublishOnSite, SendResponse, WithdrawPublicationEntry
from jauap.domain.events import Event
from jauap.domain.facts import Value
from services.publication.decide import COMMANDS, decide
from tests.builders import (
    ALTERED,
    MISSING,
    Happened,
    a_communication,
    a_context,
    a_decline,
    a_document,
    a_draft,
    a_forwarding,
    a_merger,
    a_report,
    a_response,
    a_signatory,
    a_site_publication,
    a_withdrawal,
    asking,
    by,
    day,
    given,
    refused,
    some_info,
)

RECEIVED = given(a_communication(received_on=day("06-03")))
WITHDRAWN = by("publication", a_withdrawal(1))


def test_every_command_of_publication_has_a_function() -> None:
    """The table has each command of the service and no other; mending a chain is the loop's."""
    assert COMMANDS.keys() == set(commands.BY_SERVICE["publication"]) - {commands.MendPublicationChain}


# Drafting (14-6)

SUPPLIED: list[Happened] = [a_communication(), a_forwarding("MIA", "GPO"), some_info("MIA"), a_decline("GPO")]


def test_a_draft_names_what_it_rests_on() -> None:
    """A draft rests on pieces of information that are on record."""
    fact = a_draft(2, language="en", documents=(a_document(),))
    assert decide(given(*SUPPLIED), asking(DraftResponse, fact), a_context()) == fact


def test_a_draft_that_rests_on_nothing_is_recorded() -> None:
    """14-6 asks for the bodies' information: a draft without it is a fact, and the finding follows."""
    assert decide(RECEIVED, asking(DraftResponse, a_draft()), a_context()) == a_draft()


@pytest.mark.parametrize(
    ("fact", "refusal", "field"),
    [
        (a_draft(drafted_on=day("07-02")), refusals.DateInTheFuture, "drafted_on"),
        (a_draft(drafted_on=day("06-02")), refusals.BeforeItsCause, "drafted_on"),
        (a_draft(2, drafted_on=day("06-11")), refusals.BeforeItsCause, "drafted_on"),
        (a_draft(2, 1), refusals.UnknownEntry, "rests_on[1]"),
        (a_draft(3), refusals.UnknownEntry, "rests_on[0]"),
        (a_draft(2, 2), refusals.EntryNamedTwice, "rests_on[1]"),
        (a_draft(documents=(a_document(sha256=MISSING),)), refusals.DocumentMissing, "documents[0].sha256"),
    ],
)
def test_a_draft_that_cannot_be_true_is_refused(fact: Event, refusal: type[refusals.Refusal], field: str) -> None:
    """It follows from the letter and from the information that it rests on; a decline is none."""
    assert refused(decide, given(*SUPPLIED), asking(DraftResponse, fact)) == (refusal, field)


def test_a_draft_does_not_rest_on_withdrawn_information() -> None:
    """What was withdrawn is not on record."""
    case = given(*SUPPLIED, by("intake", a_withdrawal(2)))
    assert refused(decide, case, asking(DraftResponse, a_draft(2))) == (refusals.UnknownEntry, "rests_on[0]")


def test_an_identical_draft_is_recorded_once() -> None:
    """The very same content is a duplicate; another document is another draft."""
    case = given(a_communication(), a_draft())
    assert refused(decide, case, asking(DraftResponse, a_draft())) == (refusals.AlreadyRecorded, None)
    other = a_draft(documents=(a_document(),))
    assert decide(case, asking(DraftResponse, other), a_context()) == other


# Sending (14-8(1))


def test_a_response_is_sent() -> None:
    """What went out is on record as it was."""
    fact = a_response(note_number="9", documents=(a_document(),))
    assert decide(RECEIVED, asking(SendResponse, fact), a_context()) == fact


@pytest.mark.parametrize(
    "fact",
    [
        a_response(signatory=a_signatory(capacity="other")),
        a_response(signatory=a_signatory(capacity="acting-first-head", order=None)),
        a_response(language="ru"),
        a_response(channel="other"),
    ],
)
def test_a_response_that_breaks_a_rule_is_recorded(fact: Event) -> None:
    """A wrong or unproven signatory, another language or channel are facts: the findings follow."""
    assert decide(RECEIVED, asking(SendResponse, fact), a_context()) == fact


@pytest.mark.parametrize("kind", ["interim", "full"])
@pytest.mark.parametrize("field", ["signatory", "language", "channel"])
def test_the_mfas_own_response_leaves_nothing_open(kind: str, field: str) -> None:
    """14-8(1) asks who signed, in what language, by what channel: the MFA knows it of its own responses."""
    command = asking(SendResponse, a_response(kind=kind, **{field: None}))
    assert refused(decide, RECEIVED, command) == (refusals.LeftOpen, field)
    assert refusals.LeftOpen.paragraph == "14-8(1)"


@pytest.mark.parametrize(
    "particulars", [{"kind": "acknowledgement"}, {"kind": "full", "public_record": "https://un.example/3"}]
)
def test_an_acknowledgement_and_the_public_record_may_leave_things_open(particulars: dict[str, object]) -> None:
    """What the public record does not tell stays unknown; an acknowledgement is no response under 14-8(1)."""
    fact = a_response(signatory=None, language=None, channel=None, **particulars)
    assert decide(RECEIVED, asking(SendResponse, fact), a_context()) == fact


def test_two_replies_on_one_day_are_two() -> None:
    """Without a number nothing says that they are the same: MEX 31/2011 has two."""
    case = given(a_communication(), a_response())
    assert decide(case, asking(SendResponse, a_response()), a_context()) == a_response()


@pytest.mark.parametrize(
    ("fact", "refusal", "field"),
    [
        (a_response(sent_on=day("07-02")), refusals.DateInTheFuture, "sent_on"),
        (a_response(sent_on=day("06-02")), refusals.BeforeItsCause, "sent_on"),
        (a_response(kind="interim", note_number="9"), refusals.AlreadyRecorded, "note_number"),
        (a_response(documents=(a_document(sha256=ALTERED),)), refusals.DocumentAltered, "documents[0].sha256"),
    ],
)
def test_a_response_that_cannot_be_true_is_refused(fact: Event, refusal: type[refusals.Refusal], field: str) -> None:
    """Each refusal names the field at fault; a note number is used once."""
    case = given(a_communication(), a_response(note_number="9"))
    assert refused(decide, case, asking(SendResponse, fact)) == (refusal, field)


def test_a_reply_to_a_letter_with_an_assumed_receipt_follows_the_letters_date() -> None:
    """The public record has the letter's date and the reply's: the reply may lie before the assumed receipt."""
    case = given(a_communication(letter_date=day("06-01"), received_on=day("06-10"), receipt_assumed=True))
    fact = a_response(sent_on=day("06-05"))
    assert decide(case, asking(SendResponse, fact), a_context()) == fact


# Reporting (14-9)


def test_a_report_on_the_only_response_names_it() -> None:
    """The command need not name it: the event does. An acknowledgement is not reported on."""
    case = given(a_communication(), a_response(kind="acknowledgement"), a_response())
    command = asking(FileReport, a_report(response=None, documents=(a_document(),)))
    assert decide(case, command, a_context()) == a_report(response=2, documents=(a_document(),))


def test_each_response_is_reported_once_to_each_recipient() -> None:
    """Two responses and two recipients are four reports."""
    case = given(a_communication(), a_response(kind="interim"), a_response(), a_report("administration", response=1))
    for fact in (a_report("ombudsman", response=1), a_report("administration", response=2)):
        assert decide(case, asking(FileReport, fact), a_context()) == fact
    again = asking(FileReport, a_report("administration", response=1, filed_on=day("06-26")))
    assert refused(decide, case, again) == (refusals.AlreadyRecorded, "recipient")


def test_a_withdrawn_report_is_filed_again() -> None:
    """A wrong entry is withdrawn and entered again."""
    case = given(a_communication(), a_response(), a_report(), by("publication", a_withdrawal(2)))
    assert decide(case, asking(FileReport, a_report()), a_context()) == a_report()


@pytest.mark.parametrize(
    ("fact", "refusal", "field"),
    [
        (a_report(response=None), refusals.ManyResponses, "response"),
        (a_report(response=9), refusals.UnknownEntry, "response"),
        (a_report(filed_on=day("07-02")), refusals.DateInTheFuture, "filed_on"),
        (a_report(filed_on=day("06-21")), refusals.BeforeItsCause, "filed_on"),
        (a_report(documents=(a_document(sha256=MISSING),)), refusals.DocumentMissing, "documents[0].sha256"),
    ],
)
def test_a_report_that_cannot_be_true_is_refused(fact: Event, refusal: type[refusals.Refusal], field: str) -> None:
    """No response, no report."""
    case = given(a_communication(), a_response(), a_response())
    assert refused(decide, case, asking(FileReport, fact)) == (refusal, field)


@pytest.mark.parametrize("history", [[], [a_response(kind="acknowledgement")], [a_response(), WITHDRAWN]])
def test_without_a_response_there_is_no_report(history: list[Happened]) -> None:
    """Neither an acknowledgement nor a withdrawn response is reported on."""
    command = asking(FileReport, a_report(response=None))
    assert refused(decide, given(a_communication(), *history), command) == (refusals.NoResponse, "response")


# Publishing (14-8(2))


def test_the_communication_is_published_before_ohchr_too() -> None:
    """What was published too early was published: the finding follows."""
    fact = a_site_publication("communication", documents=(a_document(),))
    assert decide(RECEIVED, asking(PublishOnSite, fact), a_context()) == fact


def test_the_only_response_is_published_and_named() -> None:
    """The command need not name it: the event does."""
    case = given(a_communication(), a_response())
    command = asking(PublishOnSite, a_site_publication("response"))
    assert decide(case, command, a_context()) == a_site_publication("response", response=1)


def test_what_stands_at_one_address_is_published_once() -> None:
    """The same thing at the same address is a duplicate; at another address, or another thing there, it is not."""
    case = given(a_communication(), a_response(), a_site_publication("communication"))
    again = asking(PublishOnSite, a_site_publication("communication", published_on=day("06-27")))
    assert refused(decide, case, again) == (refusals.AlreadyRecorded, "address")
    elsewhere = a_site_publication("communication", address="https://mfa.example/2")
    assert decide(case, asking(PublishOnSite, elsewhere), a_context()) == elsewhere
    response = a_site_publication("response", response=1)
    assert decide(case, asking(PublishOnSite, response), a_context()) == response


@pytest.mark.parametrize(
    ("fact", "refusal", "field"),
    [
        (a_site_publication("communication", response=1), refusals.NotAResponse, "response"),
        (a_site_publication("communication", published_on=day("06-02")), refusals.BeforeItsCause, "published_on"),
        (a_site_publication("communication", published_on=day("07-02")), refusals.DateInTheFuture, "published_on"),
        (a_site_publication("response", published_on=day("06-21")), refusals.BeforeItsCause, "published_on"),
        (a_site_publication("response", response=9), refusals.UnknownEntry, "response"),
        (a_site_publication(documents=(a_document(sha256=MISSING),)), refusals.DocumentMissing, "documents[0].sha256"),
    ],
)
def test_a_page_that_cannot_be_true_is_refused(fact: Event, refusal: type[refusals.Refusal], field: str) -> None:
    """Each refusal names the field at fault."""
    assert refused(decide, given(a_communication(), a_response()), asking(PublishOnSite, fact)) == (refusal, field)


# What every command on a letter needs

ON_A_LETTER: list[Value] = [
    asking(DraftResponse, a_draft()),
    asking(SendResponse, a_response()),
    asking(FileReport, a_report()),
    asking(PublishOnSite, a_site_publication()),
]


@pytest.mark.parametrize("command", ON_A_LETTER)
def test_nothing_is_recorded_without_an_open_case(command: Value) -> None:
    """An unknown case, a merged one and the calendar take no fact of publication."""
    assert refused(decide, given(), command) == (refusals.UnknownCase, "case_id")
    assert refused(decide, given(a_communication(), a_merger()), command) == (refusals.CaseIsMerged, "case_id")
    assert refused(decide, given(case_id=CALENDAR), command) == (refusals.NotTheCalendar, "case_id")


# Withdrawing


def test_an_entry_of_publication_is_withdrawn_whatever_became_of_the_case() -> None:
    """A wrong entry can be withdrawn without a letter on record, and in a merged case."""
    command = asking(WithdrawPublicationEntry, a_withdrawal(1))
    assert decide(given(a_response()), command, a_context()) == a_withdrawal(1)
    assert decide(given(a_communication(), a_response(), a_merger()), command, a_context()) == a_withdrawal(1)


def test_only_an_entry_of_publication_is_withdrawn_here() -> None:
    """Entry 2 exists in intake and not in publication; entry 1 was withdrawn already."""
    case = given(a_communication(), a_merger(), a_response(), WITHDRAWN)
    for entry in (1, 2):
        command = asking(WithdrawPublicationEntry, a_withdrawal(entry))
        assert refused(decide, case, command) == (refusals.UnknownEntry, "entry")
