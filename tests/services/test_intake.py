"""What comes in: each command of intake, accepted and refused."""

import msgspec
import pytest

from jauap.domain import commands, refusals
from jauap.domain.case import CALENDAR, evolve, letter_of, merged_into
from jauap.domain.commands import (
    CorrectCommunication,
    DeclineAgencyInfo,
    GrantReplyExtension,
    MergeCase,
    ReceiveCalendarAct,
    ReceiveCommunication,
    RecordOHCHRPublication,
    SubmitAgencyInfo,
    WithdrawIntakeEntry,
)
from jauap.domain.events import CaseMerged, CommunicationCorrected, Event
from jauap.domain.facts import CalendarDay, ForwardedTo, Value
from services.intake.decide import COMMANDS, decide
from tests.builders import (
    ALTERED,
    MISSING,
    Happened,
    a_calendar_act,
    a_communication,
    a_context,
    a_correction,
    a_decline,
    a_document,
    a_draft,
    a_forwarding,
    a_meeting,
    a_merger,
    a_notice,
    a_response,
    a_signatory,
    a_site_publication,
    a_withdrawal,
    an_extension,
    an_ohchr_publication,
    asking,
    by,
    day,
    given,
    recorded,
    refused,
    some_info,
)

WITHDRAWN = by("intake", a_withdrawal(1))


def test_every_command_of_intake_has_a_function() -> None:
    """The table has each command of the service and no other; mending a chain is the loop's."""
    assert COMMANDS.keys() == set(commands.BY_SERVICE["intake"]) - {commands.MendIntakeChain}


# Receiving (14-5(1))


def test_a_letter_is_received_as_it_is() -> None:
    """Everything that the command says is on record, and nothing else."""
    letter = a_communication(reply_within_days=60, mandates=("housing",), documents=(a_document(),))
    assert decide(given(), asking(ReceiveCommunication, letter), a_context()) == letter


def test_a_letter_without_a_number_is_received_under_the_registry_number() -> None:
    """A recommendation in a visit report has no UN reference: the MFA's own number identifies its case."""
    letter = a_communication(reference=None, registry_number="03-12/1734-и", communication_type="recommendation")
    assert decide(given(case_id="MFA-03-12-1734-I"), asking(ReceiveCommunication, letter), a_context()) == letter


def test_an_assumed_receipt_from_the_public_record_is_received() -> None:
    """The public record has no day of receipt: the letter's own date is taken, and marked as assumed."""
    letter = a_communication(received_on=day("06-01"), receipt_assumed=True, public_record="https://un.example/3")
    assert decide(given(), asking(ReceiveCommunication, letter), a_context()) == letter


def test_the_year_of_the_number_need_not_be_that_of_the_letter() -> None:
    """KAZ 5/2011 is dated 13 January 2012."""
    letter = a_communication(reference="KAZ 5/2011", letter_date=day("2012-01-13"), received_on=day("2012-01-16"))
    assert decide(given(case_id="KAZ-5-2011"), asking(ReceiveCommunication, letter), a_context()) == letter


def test_a_letter_of_today_is_received() -> None:
    """Today is not the future: a letter dated, received and due today is taken."""
    today = a_context().today
    letter = a_communication(letter_date=today, received_on=today, reply_due=today)
    assert decide(given(), asking(ReceiveCommunication, letter), a_context()) == letter


def test_a_letter_that_came_after_its_term_is_received() -> None:
    """A term that ended before the letter arrived breaks no logic: it is recorded, and late."""
    letter = a_communication(letter_date=day("06-01"), reply_due=day("06-02"), received_on=day("06-03"))
    assert decide(given(), asking(ReceiveCommunication, letter), a_context()) == letter


def test_a_withdrawn_letter_is_entered_again() -> None:
    """A wrong entry is withdrawn and entered again under the same case id."""
    letter = a_communication(language="fr")
    assert decide(given(a_communication(), WITHDRAWN), asking(ReceiveCommunication, letter), a_context()) == letter


def test_a_trial_takes_the_letters_of_every_state() -> None:
    """With the state ANY a letter to another State is taken under its own reference."""
    letter = a_communication(reference="MEX 31/2011", state="MEX")
    command = asking(ReceiveCommunication, letter)
    assert decide(given(case_id="MEX-31-2011"), command, a_context(state="ANY")) == letter


@pytest.mark.parametrize(
    ("changes", "refusal", "field"),
    [
        ({"reference": None}, refusals.NoIdentity, "reference"),
        ({"reference": "KAZ 4/2026"}, refusals.WrongCaseId, "case_id"),
        ({"reference": None, "registry_number": "12"}, refusals.WrongCaseId, "case_id"),
        ({"reference": None, "registry_number": "№ -"}, refusals.UnusableNumber, "registry_number"),
        ({"state": "MEX"}, refusals.OtherState, "state"),
        ({"received_on": day("07-02")}, refusals.DateInTheFuture, "received_on"),
        ({"letter_date": day("07-02")}, refusals.DateInTheFuture, "letter_date"),
        ({"letter_date": day("06-04")}, refusals.BeforeItsCause, "received_on"),
        ({"reply_due": day("08-01"), "reply_within_days": 60}, refusals.TwoTerms, "reply_within_days"),
        ({"letter_date": None, "reply_within_days": 60}, refusals.PeriodWithoutDate, "letter_date"),
        ({"reply_due": day("05-31")}, refusals.BeforeItsCause, "reply_due"),
        ({"documents": (a_document(sha256=MISSING),)}, refusals.DocumentMissing, "documents[0].sha256"),
        ({"documents": (a_document(), a_document(sha256=ALTERED))}, refusals.DocumentAltered, "documents[1].sha256"),
    ],
)
def test_a_letter_that_cannot_be_true_is_not_received(
    changes: dict[str, object], refusal: type[refusals.Refusal], field: str
) -> None:
    """Each refusal names the field at fault."""
    assert refused(decide, given(), asking(ReceiveCommunication, a_communication(**changes))) == (refusal, field)


def test_a_reference_of_another_state_is_not_received() -> None:
    """The country in the reference is the State that the letter is addressed to, in a trial too."""
    command = asking(ReceiveCommunication, a_communication(reference="OTH 3/2026"))
    found = refused(decide, given(case_id="OTH-3-2026"), command, state="ANY")
    assert found == (refusals.OtherState, "reference")


def test_a_letter_is_received_once() -> None:
    """A duplicate meets its twin under the same case id."""
    command = asking(ReceiveCommunication, a_communication(language="fr"))
    assert refused(decide, given(a_communication()), command) == (refusals.AlreadyReceived, "case_id")


def test_a_merged_case_is_not_received_again() -> None:
    """While the merger stands the case goes on elsewhere, even when its letter was withdrawn."""
    command = asking(ReceiveCommunication, a_communication())
    case = given(a_communication(), a_merger(), WITHDRAWN)
    assert refused(decide, case, command) == (refusals.CaseIsMerged, "case_id")


def test_no_letter_is_received_under_the_calendar() -> None:
    """The case id CALENDAR is for calendar acts alone."""
    command = asking(ReceiveCommunication, a_communication())
    assert refused(decide, given(case_id=CALENDAR), command) == (refusals.NotTheCalendar, "case_id")


def test_a_letter_entered_again_comes_before_what_followed_from_it() -> None:
    """The forwarding of the withdrawn entry is still on record: the letter can't have come after it."""
    case = given(a_communication(), a_forwarding(forwarded_on=day("06-05")), WITHDRAWN)
    command = asking(ReceiveCommunication, a_communication(received_on=day("06-06")))
    assert refused(decide, case, command) == (refusals.BeforeItsCause, "received_on")


# Correcting (14-5(1), 14-8(1))


def corrected(*history: Happened, **changes: object) -> Event:
    """Decide a correction of the history's letter."""
    return decide(given(*history), asking(CorrectCommunication, a_correction(**changes)), a_context())


def test_a_field_is_corrected() -> None:
    """The correction is on record with what it gives."""
    assert corrected(a_communication(), language="fr") == a_correction(language="fr")


def test_the_right_reference_does_not_change_the_case_id() -> None:
    """A wrong reference is corrected; the id that it made stays."""
    assert corrected(a_communication(), reference="KAZ 4/2026") == a_correction(reference="KAZ 4/2026")


def test_a_term_is_exchanged_for_another_in_one_correction() -> None:
    """The date is cleared and the period given, so that the letter states one term."""
    fact = corrected(a_communication(reply_due=day("08-01")), reply_within_days=60, cleared=("reply_due",))
    assert fact == a_correction(reply_within_days=60, cleared=("reply_due",))


def test_the_assumed_receipt_is_confirmed_by_the_same_day() -> None:
    """Giving the day that was assumed is a change: it is no assumption any more."""
    fact = corrected(a_communication(receipt_assumed=True), received_on=day("06-03"))
    assert fact == a_correction(received_on=day("06-03"))


@pytest.mark.parametrize("changes", [{}, {"language": "en"}, {"cleared": ("subject",)}, {"received_on": day("06-03")}])
def test_a_correction_that_changes_nothing_is_refused(changes: dict[str, object]) -> None:
    """Giving what is there, or clearing what is empty, corrects nothing."""
    command = asking(CorrectCommunication, a_correction(**changes))
    assert refused(decide, given(a_communication()), command) == (refusals.NothingToCorrect, None)


@pytest.mark.parametrize(
    ("changes", "refusal", "field"),
    [
        ({"language": "fr", "cleared": ("subject", "language")}, refusals.GivenAndCleared, "cleared[1]"),
        ({"cleared": ("reference",)}, refusals.NoIdentity, "cleared"),
        ({"reference": "MEX 3/2026"}, refusals.OtherState, "reference"),
        ({"received_on": day("07-02")}, refusals.DateInTheFuture, "received_on"),
        ({"received_on": day("05-31")}, refusals.BeforeItsCause, "received_on"),
        ({"letter_date": day("07-02")}, refusals.DateInTheFuture, "letter_date"),
        ({"letter_date": day("06-04")}, refusals.BeforeItsCause, "received_on"),
        ({"reply_within_days": 60}, refusals.TwoTerms, "reply_within_days"),
        ({"reply_within_days": 60, "cleared": ("reply_due", "letter_date")}, refusals.PeriodWithoutDate, "letter_date"),
        ({"reply_due": day("05-31")}, refusals.BeforeItsCause, "reply_due"),
        ({"documents": (a_document(sha256=MISSING),)}, refusals.DocumentMissing, "documents[0].sha256"),
    ],
)
def test_a_letter_that_cannot_be_true_is_not_made_by_correction(
    changes: dict[str, object], refusal: type[refusals.Refusal], field: str
) -> None:
    """The letter that results is held to the same logic as one received."""
    command = asking(CorrectCommunication, a_correction(**changes))
    assert refused(decide, given(a_communication(reply_due=day("08-01"))), command) == (refusal, field)


FOLLOWS_RECEIPT: list[Event] = [
    a_forwarding(forwarded_on=day("06-05")),
    a_notice(informed_on=day("06-05")),
    a_meeting(held_on=day("06-05")),
    a_draft(drafted_on=day("06-05")),
    a_response(sent_on=day("06-05")),
    a_site_publication(published_on=day("06-05")),
]
FOLLOWS_WRITING: list[Event] = [
    an_extension(granted_on=day("06-05")),
    an_extension(reply_due=day("06-05")),
    an_ohchr_publication(published_on=day("06-05")),
]


@pytest.mark.parametrize("fact", FOLLOWS_RECEIPT)
def test_the_receipt_does_not_move_past_what_followed_from_it(fact: Event) -> None:
    """The day of receipt may move up to the first fact that follows from it, and not beyond."""
    history: list[Happened] = [a_communication(), fact]
    assert corrected(*history, received_on=day("06-05")) == a_correction(received_on=day("06-05"))
    command = asking(CorrectCommunication, a_correction(received_on=day("06-06")))
    assert refused(decide, given(*history), command) == (refusals.BeforeItsCause, "received_on")


@pytest.mark.parametrize("fact", FOLLOWS_RECEIPT + FOLLOWS_WRITING)
def test_the_letters_date_does_not_move_past_what_followed_from_it(fact: Event) -> None:
    """With an assumed receipt only the letter's date holds the order: no fact on record lies before it."""
    history: list[Happened] = [a_communication(received_on=day("06-20"), receipt_assumed=True), fact]
    assert corrected(*history, letter_date=day("06-05")) == a_correction(letter_date=day("06-05"))
    command = asking(CorrectCommunication, a_correction(letter_date=day("06-06")))
    assert refused(decide, given(*history), command) == (refusals.BeforeItsCause, "letter_date")


def test_what_ohchr_did_does_not_hold_the_receipt() -> None:
    """OHCHR may publish before the letter arrives: the receipt may be corrected to a later day."""
    fact = corrected(a_communication(), an_ohchr_publication(published_on=day("06-03")), received_on=day("06-08"))
    assert fact == a_correction(received_on=day("06-08"))


# Extension (14-8(1))


def test_an_extension_is_granted() -> None:
    """The later date that the UN agreed to is on record, whether or not the letter stated a term."""
    assert decide(given(a_communication()), asking(GrantReplyExtension, an_extension()), a_context()) == an_extension()


@pytest.mark.parametrize(
    ("changes", "refusal", "field"),
    [
        ({"granted_on": day("07-02")}, refusals.DateInTheFuture, "granted_on"),
        ({"granted_on": day("05-31")}, refusals.BeforeItsCause, "granted_on"),
        ({"reply_due": day("05-31")}, refusals.BeforeItsCause, "reply_due"),
        ({"documents": (a_document(sha256=MISSING),)}, refusals.DocumentMissing, "documents[0].sha256"),
    ],
)
def test_an_extension_that_cannot_be_true_is_refused(
    changes: dict[str, object], refusal: type[refusals.Refusal], field: str
) -> None:
    """The UN can't extend what it has not yet asked."""
    command = asking(GrantReplyExtension, an_extension(**changes))
    assert refused(decide, given(a_communication()), command) == (refusal, field)


def test_an_undated_letter_is_extended_after_its_receipt() -> None:
    """Where the letter has no date its receipt stands for it; where that is assumed, nothing does."""
    command = asking(GrantReplyExtension, an_extension(granted_on=day("06-02")))
    undated = a_communication(letter_date=None)
    assert refused(decide, given(undated), command) == (refusals.BeforeItsCause, "granted_on")
    assumed = a_communication(letter_date=None, receipt_assumed=True)
    assert decide(given(assumed), command, a_context()) == an_extension(granted_on=day("06-02"))


def test_a_term_on_the_letters_own_day_is_possible() -> None:
    """Only a date before the letter can't be true: whether the letter's own day is sensible is not decided here."""
    extension = an_extension(reply_due=day("06-01"))
    assert decide(given(a_communication()), asking(GrantReplyExtension, extension), a_context()) == extension


def test_the_same_extension_is_granted_once() -> None:
    """An identical grant is a duplicate; one with another date is another grant."""
    case = given(a_communication(), an_extension())
    assert refused(decide, case, asking(GrantReplyExtension, an_extension())) == (refusals.AlreadyRecorded, None)
    later = an_extension(reply_due=day("10-01"))
    assert decide(case, asking(GrantReplyExtension, later), a_context()) == later


# The bodies' information (14-7(1))

ASKED = given(a_communication(), a_forwarding(ForwardedTo(body="MIA", questions=("1", "2a")), "GPO"))


def test_a_body_that_was_asked_supplies_its_information() -> None:
    """What it sent is on record with its number, its signatory and the questions that it answers."""
    info = some_info("MIA", number="12-3", answers=("1", "2a"), documents=(a_document(),))
    assert decide(ASKED, asking(SubmitAgencyInfo, info), a_context()) == info


def test_information_signed_by_the_wrong_person_is_recorded() -> None:
    """14-7(1) asks for the first head or an acting one: another signature is a fact, and becomes a finding."""
    info = some_info("MIA", signatory=a_signatory(capacity="other"))
    assert decide(ASKED, asking(SubmitAgencyInfo, info), a_context()) == info


def test_an_acting_head_without_an_order_is_recorded() -> None:
    """Whether the capacity is proven is a matter for findings."""
    info = some_info("MIA", signatory=a_signatory(capacity="acting-first-head", order=None))
    assert decide(ASKED, asking(SubmitAgencyInfo, info), a_context()) == info


@pytest.mark.parametrize(
    ("changes", "refusal", "field"),
    [
        ({"body": "XYZ"}, refusals.UnknownBody, "body"),
        ({"body": "MOJ"}, refusals.BodyNotAsked, "body"),
        ({"submitted_on": day("07-02")}, refusals.DateInTheFuture, "submitted_on"),
        ({"submitted_on": day("06-04")}, refusals.BeforeItsCause, "submitted_on"),
        ({"answers": ("1", "3")}, refusals.QuestionNotAsked, "answers[1]"),
        ({"body": "GPO", "answers": ("1",)}, refusals.QuestionNotAsked, "answers[0]"),
        ({"documents": (a_document(sha256=ALTERED),)}, refusals.DocumentAltered, "documents[0].sha256"),
    ],
)
def test_information_that_cannot_be_true_is_refused(
    changes: dict[str, object], refusal: type[refusals.Refusal], field: str
) -> None:
    """Only a body that was asked answers, only what it was asked, and only afterwards."""
    fact = msgspec.structs.replace(some_info("MIA"), **changes)
    assert refused(decide, ASKED, asking(SubmitAgencyInfo, fact)) == (refusal, field)


def test_a_body_whose_forwarding_was_withdrawn_was_not_asked() -> None:
    """A withdrawn forwarding asks nobody."""
    case = given(a_communication(), a_forwarding("MIA"), by("routing", a_withdrawal(1)))
    assert refused(decide, case, asking(SubmitAgencyInfo, some_info("MIA"))) == (refusals.BodyNotAsked, "body")


@pytest.mark.parametrize("earlier", [some_info("MIA", number="12-3"), a_decline("MIA", number="12-3")])
def test_a_bodys_number_is_used_once(earlier: Event) -> None:
    """The same number of the same body is the same letter, be it information or a refusal of the matter."""
    case = given(a_communication(), a_forwarding("MIA"), earlier)
    info = asking(SubmitAgencyInfo, some_info("MIA", number="12-3", submitted_on=day("06-13")))
    decline = asking(DeclineAgencyInfo, a_decline("MIA", number="12-3", declined_on=day("06-13")))
    assert refused(decide, case, info) == (refusals.AlreadyRecorded, "number")
    assert refused(decide, case, decline) == (refusals.AlreadyRecorded, "number")


def test_two_bodies_may_use_the_same_number() -> None:
    """Each body counts its own letters."""
    case = given(a_communication(), a_forwarding("MIA", "GPO"), some_info("MIA", number="1"))
    info = some_info("GPO", number="1")
    assert decide(case, asking(SubmitAgencyInfo, info), a_context()) == info


CORRECTED = given(a_communication(), a_forwarding("MIA", "GPO"), some_info("MIA", number="12-3"), some_info("GPO"))


def test_a_correction_stands_in_the_place_of_the_body_s_earlier_information() -> None:
    """It may keep the number of what it corrects; what it stands in the place of is on record no more."""
    correction = some_info("MIA", number="12-3", corrects=2)
    assert decide(CORRECTED, asking(SubmitAgencyInfo, correction), a_context()) == correction
    again = given(a_communication(), a_forwarding("MIA"), some_info("MIA"), some_info("MIA", corrects=2))
    assert refused(decide, again, asking(SubmitAgencyInfo, correction)) == (refusals.UnknownEntry, "corrects")


@pytest.mark.parametrize("corrects", [1, 3, 9])
def test_a_correction_of_anything_else_is_refused(corrects: int) -> None:
    """Not the letter, not another body's information, not what is not there."""
    command = asking(SubmitAgencyInfo, some_info("MIA", corrects=corrects))
    assert refused(decide, CORRECTED, command) == (refusals.UnknownEntry, "corrects")


def test_identical_information_without_a_number_is_recorded_once() -> None:
    """The very same content is a duplicate; a later piece of the same body is not, until the first is withdrawn."""
    history: list[Happened] = [a_communication(), a_forwarding("MIA"), some_info("MIA")]
    again = asking(SubmitAgencyInfo, some_info("MIA"))
    later = some_info("MIA", submitted_on=day("06-15"))
    assert refused(decide, given(*history), again) == (refusals.AlreadyRecorded, None)
    assert decide(given(*history), asking(SubmitAgencyInfo, later), a_context()) == later
    assert decide(given(*history, by("intake", a_withdrawal(2))), again, a_context()) == some_info("MIA")


# "Not ours" (practice)


@pytest.mark.parametrize("competent", [None, "GPO"])
def test_a_body_declines_and_may_say_whose_it_is(competent: str | None) -> None:
    """A body's word that the matter is not its own is on record, with the competent body or without."""
    decline = a_decline("MIA", competent_body=competent, number="7")
    assert decide(ASKED, asking(DeclineAgencyInfo, decline), a_context()) == decline


@pytest.mark.parametrize(
    ("changes", "refusal", "field"),
    [
        ({"body": "XYZ"}, refusals.UnknownBody, "body"),
        ({"body": "MOJ"}, refusals.BodyNotAsked, "body"),
        ({"declined_on": day("07-02")}, refusals.DateInTheFuture, "declined_on"),
        ({"declined_on": day("06-04")}, refusals.BeforeItsCause, "declined_on"),
        ({"competent_body": "XYZ"}, refusals.UnknownBody, "competent_body"),
        ({"competent_body": "MIA"}, refusals.ItselfCompetent, "competent_body"),
        ({"documents": (a_document(sha256=MISSING),)}, refusals.DocumentMissing, "documents[0].sha256"),
    ],
)
def test_a_decline_that_cannot_be_true_is_refused(
    changes: dict[str, object], refusal: type[refusals.Refusal], field: str
) -> None:
    """Only a body that was asked can say that it is not its matter, and only that another's it is."""
    fact = msgspec.structs.replace(a_decline("MIA"), **changes)
    assert refused(decide, ASKED, asking(DeclineAgencyInfo, fact)) == (refusal, field)


def test_an_identical_decline_without_a_number_is_recorded_once() -> None:
    """The very same content is a duplicate."""
    case = given(a_communication(), a_forwarding("MIA"), a_decline("MIA"))
    assert refused(decide, case, asking(DeclineAgencyInfo, a_decline("MIA"))) == (refusals.AlreadyRecorded, None)


# OHCHR's publications (14-8(2))

PUBLISH = RecordOHCHRPublication


def test_ohchr_publishes_the_communication() -> None:
    """Comments on laws appear at once: on the letter's own day, and before the MFA received it."""
    fact = an_ohchr_publication("communication", published_on=day("06-01"))
    assert decide(given(a_communication()), asking(PUBLISH, fact), a_context()) == fact


def test_ohchr_publishes_the_only_response() -> None:
    """Where there is one response it need not be named: the event names it."""
    case = given(a_communication(), a_response(kind="acknowledgement"), a_response())
    command = asking(PUBLISH, an_ohchr_publication("response"))
    assert decide(case, command, a_context()) == an_ohchr_publication("response", response=2)


def test_each_response_is_published_once_by_ohchr() -> None:
    """Two responses are two publications; which of them is named, and the same one not twice."""
    case = given(
        a_communication(), a_response(kind="interim"), a_response(), an_ohchr_publication("response", response=1)
    )
    second = an_ohchr_publication("response", response=2)
    assert decide(case, asking(PUBLISH, second), a_context()) == second
    again = asking(PUBLISH, an_ohchr_publication("response", response=1))
    assert refused(decide, case, again) == (refusals.AlreadyRecorded, "response")
    unnamed = asking(PUBLISH, an_ohchr_publication("response"))
    assert refused(decide, case, unnamed) == (refusals.ManyResponses, "response")


def test_the_communication_is_published_once_by_ohchr() -> None:
    """Its publication is one per case; the publication of a response is another matter."""
    case = given(a_communication(), a_response(), an_ohchr_publication())
    again = asking(PUBLISH, an_ohchr_publication(published_on=day("06-25")))
    assert refused(decide, case, again) == (refusals.AlreadyRecorded, "what")
    response = asking(PUBLISH, an_ohchr_publication("response"))
    assert decide(case, response, a_context()) == an_ohchr_publication("response", response=1)


@pytest.mark.parametrize(
    ("what", "changes", "refusal", "field"),
    [
        ("communication", {"response": 1}, refusals.NotAResponse, "response"),
        ("communication", {"published_on": day("05-31")}, refusals.BeforeItsCause, "published_on"),
        ("communication", {"published_on": day("07-02")}, refusals.DateInTheFuture, "published_on"),
        ("response", {"published_on": day("06-21")}, refusals.BeforeItsCause, "published_on"),
        ("response", {"published_on": day("07-02")}, refusals.DateInTheFuture, "published_on"),
        ("response", {"response": 7}, refusals.UnknownEntry, "response"),
    ],
)
def test_a_publication_by_ohchr_that_cannot_be_true_is_refused(
    what: str, changes: dict[str, object], refusal: type[refusals.Refusal], field: str
) -> None:
    """Nothing is published before it was written or sent."""
    command = asking(PUBLISH, an_ohchr_publication(what, **changes))
    assert refused(decide, given(a_communication(), a_response()), command) == (refusal, field)


def test_an_acknowledgement_alone_is_no_response_to_publish() -> None:
    """14-8(2) speaks of the response: an acknowledgement is none."""
    case = given(a_communication(), a_response(kind="acknowledgement"))
    command = asking(PUBLISH, an_ohchr_publication("response"))
    assert refused(decide, case, command) == (refusals.NoResponse, "response")


# Merging (practice)


def test_a_duplicate_is_merged() -> None:
    """The case says in whose favour it was closed."""
    merger = a_merger("KAZ-4-2026")
    assert decide(given(a_communication()), asking(MergeCase, merger), a_context()) == merger


@pytest.mark.parametrize(("into", "refusal"), [("KAZ-3-2026", refusals.SelfMerge), (CALENDAR, refusals.NotTheCalendar)])
def test_a_case_is_merged_into_another_case(into: str, refusal: type[refusals.Refusal]) -> None:
    """Neither into itself nor into the calendar."""
    command = asking(MergeCase, a_merger(into))
    assert refused(decide, given(a_communication()), command) == (refusal, "into")


def test_a_merger_is_withdrawn() -> None:
    """A merged case takes no fact, but its merger can be withdrawn: then the case is open again."""
    history = recorded(a_communication(), a_merger())
    case = given(a_communication(), a_merger())
    event = decide(case, asking(WithdrawIntakeEntry, a_withdrawal(2)), a_context())
    opened = evolve(case, msgspec.structs.replace(history[-1], sequence=3, event=event))
    assert merged_into(case) == "KAZ-4-2026"
    assert merged_into(opened) is None
    assert letter_of(opened) is not None


# What every command on a letter needs

ON_A_LETTER: list[Value] = [
    asking(CorrectCommunication, a_correction(language="fr")),
    asking(GrantReplyExtension, an_extension()),
    asking(SubmitAgencyInfo, some_info()),
    asking(DeclineAgencyInfo, a_decline()),
    asking(RecordOHCHRPublication, an_ohchr_publication()),
    asking(MergeCase, a_merger()),
]


@pytest.mark.parametrize("command", ON_A_LETTER)
def test_nothing_is_recorded_without_a_letter(command: Value) -> None:
    """A case starts with its letter, and is unknown again when that is withdrawn."""
    assert refused(decide, given(), command) == (refusals.UnknownCase, "case_id")
    assert refused(decide, given(a_communication(), WITHDRAWN), command) == (refusals.UnknownCase, "case_id")


@pytest.mark.parametrize("command", ON_A_LETTER)
def test_nothing_is_recorded_in_a_merged_case(command: Value) -> None:
    """What happens after a merger is recorded in the case that goes on."""
    assert refused(decide, given(a_communication(), a_merger()), command) == (refusals.CaseIsMerged, "case_id")


@pytest.mark.parametrize("command", ON_A_LETTER)
def test_nothing_but_acts_is_recorded_under_the_calendar(command: Value) -> None:
    """The calendar is no case."""
    assert refused(decide, given(case_id=CALENDAR), command) == (refusals.NotTheCalendar, "case_id")


# Calendar acts


def test_a_calendar_act_is_taken_in() -> None:
    """Acts are recorded under CALENDAR, also those that speak of days to come."""
    act = a_calendar_act(CalendarDay(day=day("2027-01-04"), becomes="moved-off", why="Order"))
    assert decide(given(case_id=CALENDAR), asking(ReceiveCalendarAct, act), a_context()) == act


def test_a_calendar_act_is_no_part_of_a_case() -> None:
    """The same act under a case id is refused."""
    command = asking(ReceiveCalendarAct, a_calendar_act())
    assert refused(decide, given(a_communication()), command) == (refusals.NotTheCalendar, "case_id")


def test_a_calendar_act_is_taken_in_once() -> None:
    """An act in force is known by its name; a withdrawn one can be entered again."""
    history: list[Happened] = [a_calendar_act()]
    command = asking(ReceiveCalendarAct, a_calendar_act(title="Another title"))
    assert refused(decide, given(*history, case_id=CALENDAR), command) == (refusals.AlreadyRecorded, "act")
    withdrawn = given(*history, WITHDRAWN, case_id=CALENDAR)
    assert decide(withdrawn, command, a_context()) == a_calendar_act(title="Another title")


def test_a_calendar_act_is_known_before_it_is_taken_in() -> None:
    """An act that becomes known tomorrow is taken in tomorrow."""
    command = asking(ReceiveCalendarAct, a_calendar_act(known_on=day("07-02")))
    assert refused(decide, given(case_id=CALENDAR), command) == (refusals.DateInTheFuture, "known_on")


def test_a_calendar_act_names_each_day_once() -> None:
    """What an act makes of a day is said once."""
    off = CalendarDay(day=day("06-08"), becomes="moved-off", why="Order")
    working = CalendarDay(day=day("06-08"), becomes="working", why="Order")
    command = asking(ReceiveCalendarAct, a_calendar_act(off, working))
    assert refused(decide, given(case_id=CALENDAR), command) == (refusals.DayNamedTwice, "days[1].day")


def test_a_calendar_act_is_withdrawn() -> None:
    """A wrong act is withdrawn like any other entry."""
    command = asking(WithdrawIntakeEntry, a_withdrawal(1))
    assert decide(given(a_calendar_act(), case_id=CALENDAR), command, a_context()) == a_withdrawal(1)


# Withdrawing


@pytest.mark.parametrize("entry", [1, 2])
def test_an_entry_of_intake_is_withdrawn(entry: int) -> None:
    """The letter itself or any later entry."""
    case = given(a_communication(), a_correction(language="fr"))
    assert decide(case, asking(WithdrawIntakeEntry, a_withdrawal(entry)), a_context()) == a_withdrawal(entry)


def test_only_an_entry_of_intake_is_withdrawn_here() -> None:
    """Entry 2 exists in routing and not in intake; entry 1 was withdrawn already."""
    case = given(a_communication(), WITHDRAWN, a_forwarding("MIA"), a_forwarding("GPO"), a_notice())
    for entry in (1, 2, 3):
        command = asking(WithdrawIntakeEntry, a_withdrawal(entry))
        assert refused(decide, case, command) == (refusals.UnknownEntry, "entry")


def test_an_event_has_the_type_that_its_name_says() -> None:
    """A decision gives an event and not the command in its place."""
    case = given(a_communication())
    correction = decide(case, asking(CorrectCommunication, a_correction(language="fr")), a_context())
    assert type(correction) is CommunicationCorrected
    assert type(decide(case, asking(MergeCase, a_merger()), a_context())) is CaseMerged
