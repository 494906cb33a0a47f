"""Treaty bodies (14-11): each command accepted and refused, each clock, each finding."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from jauap.domain import refusals
from jauap.domain.case import CALENDAR, Case, Clock
from jauap.domain.commands import (
    AssignTreatyProcedure,
    ExtendTreatyBodyTerm,
    MergeCase,
    ReceiveTreatyBodyRequest,
    SendTreatyBodyReply,
)
from jauap.domain.facts import Value
from jauap.domain.procedures import NO_DOCUMENT_DATE, lead, status
from jauap.domain.refusals import Refusal
from jauap.surroundings import shipped_treaties
from services.intake.decide import decide as intake
from services.publication.decide import decide as publication
from services.routing.decide import decide as routing
from tests.builders import (
    ALTERED,
    MISSING,
    PROCEDURE,
    Happened,
    a_communication,
    a_context,
    a_document,
    a_merger,
    a_treaty_assignment,
    a_treaty_extension,
    a_treaty_reply,
    a_treaty_request,
    a_withdrawal,
    asking,
    by,
    day,
    given,
)
from tests.services.deadline_runs import clocks_of, findings_on, run, then

Decide = Callable[[Case, Any, Any], object]
TREATIES = shipped_treaties()


def a_procedure(*history: Happened) -> Case:
    """A treaty body's procedure with this history."""
    return given(*history, case_id=PROCEDURE)


NEW, RECEIVED = a_procedure(), a_procedure(a_treaty_request(interim_measures=True))
TWO = a_procedure(a_treaty_request(), a_treaty_request("views"))


def decided(decide: Decide, case: Case, command: type[Value], fact: Value, **context: Any) -> object:
    """Decide a command with the treaties that ship."""
    return decide(case, asking(command, fact), a_context(treaties=TREATIES, **context))


def refused(
    decide: Decide, case: Case, command: type[Value], fact: Value, **context: Any
) -> tuple[type[Refusal], str | None]:
    """The refusal, and the field that it names."""
    with pytest.raises(Refusal) as caught:
        decided(decide, case, command, fact, **context)
    return type(caught.value), caught.value.field


EACH: list[tuple[Decide, type[Value], Value, Case]] = [
    (intake, ReceiveTreatyBodyRequest, a_treaty_request(), NEW),
    (intake, ExtendTreatyBodyTerm, a_treaty_extension(), RECEIVED),
    (routing, AssignTreatyProcedure, a_treaty_assignment(), RECEIVED),
    (publication, SendTreatyBodyReply, a_treaty_reply(), RECEIVED),
]
NAMES = [command.__name__ for _, command, _, _ in EACH]


@pytest.mark.parametrize(("decide", "command", "fact", "case"), EACH, ids=NAMES)
def test_each_fact_is_recorded(decide: Decide, command: type[Value], fact: Value, case: Case) -> None:
    """The event says what the command said; the very same again is refused."""
    assert decided(decide, case, command, fact) == fact
    with pytest.raises(refusals.AlreadyRecorded):
        decided(decide, then(case, fact), command, fact)  # type: ignore[arg-type] # it is an event


@pytest.mark.parametrize(("decide", "command", "fact", "case"), EACH, ids=NAMES)
def test_each_fact_has_happened_and_each_document_is_there(
    decide: Decide, command: type[Value], fact: Value, case: Case
) -> None:
    """No fact of the future, and no bytes that are missing or altered."""
    assert refused(decide, case, command, fact, today=day("05-26"))[0] is refusals.DateInTheFuture
    for sha256, refusal in ((MISSING, refusals.DocumentMissing), (ALTERED, refusals.DocumentAltered)):
        with_document = replace(fact, documents=(a_document(sha256=sha256),))
        assert refused(decide, case, command, with_document) == (refusal, "documents[0].sha256")


@pytest.mark.parametrize(("decide", "command", "fact", "case"), EACH, ids=NAMES)
def test_no_fact_of_a_procedure_in_another_kind_of_case(
    decide: Decide, command: type[Value], fact: Value, case: Case
) -> None:
    """A communication, the calendar and a merged procedure take none; an unknown one only a request."""
    del case
    wrong = refused(decide, given(a_communication()), command, fact)
    assert wrong in ((refusals.WrongCaseId, "case_id"), (refusals.UnknownProcedure, "case_id"))
    assert refused(decide, given(case_id=CALENDAR), command, fact) == (refusals.NotTheCalendar, "case_id")
    merged = a_procedure(a_treaty_request(), a_merger("TB-CCPR-1"))
    assert refused(decide, merged, command, fact) == (refusals.CaseIsMerged, "case_id")
    if command is not ReceiveTreatyBodyRequest:
        assert refused(decide, NEW, command, fact) == (refusals.UnknownProcedure, "case_id")


# Requests


def test_a_case_has_the_id_that_the_request_makes() -> None:
    """By the UN's number, else the MFA's; a later request of the same body may have any, another body's may not."""
    receive = ReceiveTreatyBodyRequest
    assert refused(intake, a_procedure(), receive, a_treaty_request(reference="1/2026")) == (
        refusals.WrongCaseId,
        "case_id",
    )
    assert refused(intake, NEW, receive, a_treaty_request(reference=None)) == (refusals.NoIdentity, "reference")
    assert refused(intake, NEW, receive, a_treaty_request(reference="№")) == (refusals.UnusableNumber, "reference")
    nothing = a_treaty_request(reference=None, registry_number="№")
    assert refused(intake, NEW, receive, nothing) == (refusals.UnusableNumber, "registry_number")
    by_number = a_treaty_request(reference=None, registry_number="03-9/312")
    assert decided(intake, given(case_id="TB-CCPR-MFA-03-9-312"), receive, by_number) == by_number
    views = a_treaty_request("views", reference="CCPR/C/140/D/4321/2026")
    assert decided(intake, RECEIVED, receive, views) == views
    other = a_treaty_request(treaty_body="CAT", instrument="CAT-22")
    assert refused(intake, RECEIVED, receive, other) == (refusals.OtherTreatyBody, "treaty_body")


def test_the_instrument_is_the_body_s_own_or_the_one_named() -> None:
    """Named, it must give this body this procedure; a procedure that none gives is recorded without one."""
    receive = ReceiveTreatyBodyRequest
    assert decided(intake, NEW, receive, a_treaty_request(instrument=None)) == a_treaty_request()
    for code in ("NOSUCH", "CAT-22", "ICCPR"):
        found = refused(intake, NEW, receive, a_treaty_request(instrument=code))
        assert found == (refusals.UnknownInstrument, "instrument")
    none = a_treaty_request("views", treaty_body="SPT", instrument=None)
    assert decided(intake, given(case_id="TB-SPT-4321-2026"), receive, none) == none


@pytest.mark.parametrize(
    ("changes", "refusal", "field"),
    [
        ({"received_on": day("05-26")}, refusals.BeforeItsCause, "received_on"),
        ({"reply_due": day("05-26")}, refusals.BeforeItsCause, "reply_due"),
        ({"reply_due": day("08-01"), "reply_within_days": 60}, refusals.SeveralTerms, "reply_within_days"),
        ({"reply_within_days": 60, "reply_within_months": 2}, refusals.SeveralTerms, "reply_within_months"),
        ({"reply_within_months": 2, "document_date": None}, refusals.PeriodWithoutDate, "document_date"),
        ({"interim_measures_due": day("06-30")}, refusals.NoInterimMeasures, "interim_measures_due"),
        (
            {"interim_measures": True, "interim_measures_due": day("05-26")},
            refusals.BeforeItsCause,
            "interim_measures_due",
        ),
    ],
)
def test_a_request_that_cannot_be_true_is_refused(changes: dict[str, Any], refusal: type[Refusal], field: str) -> None:
    """Its days agree with each other, and it states one term that can be counted."""
    assert refused(intake, NEW, ReceiveTreatyBodyRequest, a_treaty_request(**changes)) == (refusal, field)


def test_a_request_knows_how_many_words_are_taken() -> None:
    """Practice: as the document says, else as the list has it, else without a limit."""
    case = given(case_id="TB-CRC-C-KAZ-Q-5")
    asked = a_treaty_request(
        "list-of-issues", treaty_body="CRC", reference="CRC/C/KAZ/Q/5", instrument="CRC", reply_due=day("08-15")
    )
    for said, recorded in ((None, 10700), (9000, 9000)):
        event = decided(intake, case, ReceiveTreatyBodyRequest, replace(asked, words_at_most=said))
        assert event == replace(asked, words_at_most=recorded)


def test_a_procedure_goes_on_in_a_procedure() -> None:
    """A duplicate is merged into a case of its own kind."""
    assert decided(intake, RECEIVED, MergeCase, a_merger("TB-CCPR-1")) == a_merger("TB-CCPR-1")
    assert refused(intake, RECEIVED, MergeCase, a_merger("VISIT-1")) == (refusals.OtherKindOfCase, "into")


def test_a_later_fact_is_about_the_request_named_or_the_only_one() -> None:
    """Of several, one is to be named; a withdrawn one is none."""
    for decide, command, fact in (
        (intake, ExtendTreatyBodyTerm, a_treaty_extension),
        (publication, SendTreatyBodyReply, a_treaty_reply),
    ):
        assert decided(decide, RECEIVED, command, fact(None)) == fact(1)
        assert refused(decide, TWO, command, fact(None)) == (refusals.ManyRequests, "request")
        assert refused(decide, TWO, command, fact(7)) == (refusals.UnknownEntry, "request")


def test_an_extension_lies_after_the_request() -> None:
    """Neither it nor its date comes before the document."""
    early = a_treaty_extension(granted_on=day("05-26"))
    assert refused(intake, RECEIVED, ExtendTreatyBodyTerm, early) == (refusals.BeforeItsCause, "granted_on")
    wrong = a_treaty_extension(reply_due=day("05-26"))
    assert refused(intake, RECEIVED, ExtendTreatyBodyTerm, wrong) == (refusals.BeforeItsCause, "reply_due")


@pytest.mark.parametrize(
    ("changes", "refusal", "field"),
    [
        ({"lead": "NOSUCH"}, refusals.UnknownBody, "lead"),
        ({"transmitter": "NOSUCH"}, refusals.UnknownBody, "transmitter"),
        ({"taking_part": ("NOSUCH",)}, refusals.UnknownBody, "taking_part[0]"),
        ({"taking_part": ("GPO", "GPO")}, refusals.NamedTwice, "taking_part[1]"),
        ({"taking_part": ("MOJ",)}, refusals.NamedTwice, "taking_part[0]"),
        ({"assigned_on": day("05-26")}, refusals.BeforeItsCause, "assigned_on"),
    ],
)
def test_an_assignment_names_known_bodies(changes: dict[str, Any], refusal: type[Refusal], field: str) -> None:
    """Each once; the lead may transmit itself."""
    assert refused(routing, RECEIVED, AssignTreatyProcedure, a_treaty_assignment(**changes)) == (refusal, field)
    itself = a_treaty_assignment(transmitter="MOJ")
    assert decided(routing, RECEIVED, AssignTreatyProcedure, itself) == itself


def test_a_reply_is_recorded_with_whether_its_sender_is_addressed() -> None:
    """What the command says of that does not count: the list does."""
    court = replace(a_treaty_reply(sent_by="OMBUDSMAN"), addressee=True)
    assert decided(publication, RECEIVED, SendTreatyBodyReply, court) == replace(court, addressee=False)
    assert refused(publication, RECEIVED, SendTreatyBodyReply, a_treaty_reply(sent_by="NOSUCH")) == (
        refusals.UnknownBody,
        "sent_by",
    )


def test_a_reply_on_interim_measures_needs_a_request_of_them() -> None:
    """Where none were asked for, there is nothing to tell of them; a note's number is one reply's."""
    told = a_treaty_reply(answers="interim-measures", note_number="7")
    assert decided(publication, RECEIVED, SendTreatyBodyReply, told) == told
    without = a_procedure(a_treaty_request())
    assert refused(publication, without, SendTreatyBodyReply, told) == (refusals.NoInterimMeasures, "answers")
    assert refused(publication, then(RECEIVED, told), SendTreatyBodyReply, a_treaty_reply(note_number="7")) == (
        refusals.AlreadyRecorded,
        "note_number",
    )
    early = a_treaty_reply(sent_on=day("05-26"))
    assert refused(publication, RECEIVED, SendTreatyBodyReply, early) == (refusals.BeforeItsCause, "sent_on")


# Clocks


def clock(*history: Happened, today: str = "07-01", name: str = "14-11/1") -> Clock | None:
    """One clock of a procedure, as it should stand."""
    return clocks_of(a_procedure(*history), today).get(name)


def the_clock(*history: Happened, today: str = "07-01", name: str = "14-11/1") -> Clock:
    """One clock that must be there."""
    found = clock(*history, today=today, name=name)
    assert found is not None
    return found


def test_a_default_runs_from_the_document_s_own_date() -> None:
    """Six months of the first protocol, verified; from receipt where the document has no date."""
    found = the_clock(a_treaty_request())
    assert (found.due, found.policy, found.paragraph, found.verified) == (day("11-27"), "months/1", "14-11", True)
    assert (found.starts_on, found.basis) == (day("05-27"), "intake:1")
    assert the_clock(a_treaty_request(document_date=None)).due == day("12-02")


def test_a_month_that_ends_early_ends_the_term() -> None:
    """Six months after 31 August are the last of February."""
    late = a_treaty_request(document_date=date(2025, 8, 31))
    assert the_clock(late).due == date(2026, 2, 28)


@pytest.mark.parametrize(
    ("stated", "due"),
    [
        ({"reply_due": day("07-15")}, day("07-15")),
        ({"reply_due": date(2028, 1, 1)}, date(2028, 1, 1)),
        ({"reply_within_days": 60}, day("07-26")),
        ({"reply_within_months": 2}, day("07-27")),
    ],
)
def test_what_the_document_states_wins_over_the_default(stated: dict[str, Any], due: date) -> None:
    """Earlier or later, a date or a period from the document's own date; it is not counted, and it cites 14-11."""
    found = the_clock(a_treaty_request(**stated))
    assert (found.due, found.policy, found.paragraph, found.verified) == (due, "stated/1", "14-11", True)


def test_an_extension_wins_and_the_original_stays_visible() -> None:
    """The last one counts; withdrawn, the document's date is back."""
    request = a_treaty_request(reply_due=day("08-27"))
    found = the_clock(request, a_treaty_extension(), a_treaty_extension(reply_due=day("2027-05-01")))
    assert (found.due, found.original, found.basis) == (day("2027-05-01"), day("08-27"), "intake:3")
    assert the_clock(request, a_treaty_extension(), by("intake", a_withdrawal(2))).due == day("08-27")


def test_a_period_without_the_document_s_date_has_no_end() -> None:
    """It is shown, with the reason."""
    found = the_clock(a_treaty_request(document_date=None, reply_within_days=60))
    assert (found.due, found.absent) == (None, NO_DOCUMENT_DATE)


@pytest.mark.parametrize(
    "request_",
    [
        a_treaty_request(treaty_body="CMW", instrument="ICRMW", reply_due=day("08-01")),
        a_treaty_request(treaty_body="CESCR", instrument="ICESCR-OP"),
        a_treaty_request(treaty_body="CED", instrument="CED-31"),
        a_treaty_request(treaty_body="CRPD", instrument="CRPD-OP", document_date=date(2023, 6, 6)),
        a_treaty_request(instrument=None),
        a_treaty_request("list-of-issues", instrument="ICCPR"),
    ],
    ids=["CMW", "not ratified", "no declaration", "before it binds", "no instrument", "no term"],
)
def test_what_does_not_bind_or_has_no_term_gives_no_clock(request_: Any) -> None:
    """A treaty that does not bind on the day, or a procedure without date and default."""
    assert clock(request_) is None


def test_a_document_from_before_the_decree_has_its_clock_and_breaks_nothing_of_it() -> None:
    """The treaty bound then, and the date in the document wins; the decree judges what is asked since it is there."""
    old = a_treaty_request(document_date=date(2022, 1, 20), received_on=date(2022, 2, 10), reply_due=date(2022, 12, 31))
    found = clock(old)
    assert found is not None
    assert (found.due, found.missed) == (date(2022, 12, 31), True)
    assert findings_on(a_procedure(old)) == {}


def test_a_default_that_was_not_verified_says_so() -> None:
    """It runs, and it cites no paragraph."""
    found = the_clock(a_treaty_request("follow-up", instrument="ICCPR", document_date=date(2025, 7, 11)))
    assert (found.due, found.verified, found.paragraph) == (date(2028, 7, 11), False, None)


def test_what_is_usual_cites_no_paragraph() -> None:
    """Two weeks for an urgent action are practice, though verified."""
    found = the_clock(a_treaty_request("urgent-action", treaty_body="CED", instrument="CED"))
    assert (found.due, found.verified, found.paragraph) == (day("06-10"), True, None)


def test_only_the_full_reply_meets_the_clock() -> None:
    """An acknowledgement, an interim reply, or one on interim measures alone does not; the fact's own day decides."""
    request = a_treaty_request(interim_measures=True)
    others = [a_treaty_reply(kind="acknowledgement"), a_treaty_reply(kind="interim")]
    alone = a_treaty_reply(answers="interim-measures")
    assert the_clock(request, *others, alone).met_on is None
    met = the_clock(request, *others, a_treaty_reply())
    assert (met.met_on, met.met_by, met.missed) == (day("06-25"), "publication:3", False)
    late = the_clock(a_treaty_request(reply_due=day("06-24")), a_treaty_reply())
    assert (late.met_on, late.missed) == (day("06-25"), True)


def test_interim_measures_have_a_clock_of_their_own_where_a_date_is_stated() -> None:
    """It is met by what was told of them, with the reply or apart from it."""
    request = a_treaty_request(interim_measures=True, interim_measures_due=day("06-26"))
    name = "14-11/1/interim-measures"
    assert the_clock(request, name=name).missed
    assert the_clock(request, a_treaty_reply(), name=name).met_on is None
    for answers in ("interim-measures", "both"):
        found = the_clock(request, a_treaty_reply(answers=answers), name=name)
        assert (found.due, found.met_on, found.missed) == (day("06-26"), day("06-25"), False)
    assert clock(a_treaty_request(interim_measures=True), name=name) is None


def test_each_request_has_its_clock_whoever_leads() -> None:
    """Views after a communication run by themselves; that another body leads changes no clock."""
    case = (a_treaty_request(), a_treaty_request("views", document_date=day("06-01")))
    assert [the_clock(*case, name=f"14-11/{at}").due for at in (1, 2)] == [day("11-27"), day("11-28")]
    assert clocks_of(a_procedure(*case, a_treaty_assignment())) == clocks_of(a_procedure(*case))


def test_the_last_decision_says_who_leads() -> None:
    """By its own day, whichever was recorded first."""
    handed_on = a_treaty_assignment("GPO", taking_part=(), assigned_on=day("06-10"))
    assert lead(a_procedure(a_treaty_request(), handed_on, a_treaty_assignment())) == "GPO"
    assert lead(RECEIVED) is None


@pytest.mark.parametrize("change", [a_merger("TB-CCPR-1"), by("intake", a_withdrawal())], ids=["merged", "withdrawn"])
def test_nothing_to_judge(change: Happened) -> None:
    """A merged procedure, or a withdrawn request, has no clock and no finding."""
    case = a_procedure(a_treaty_request(reply_due=day("06-10")), a_treaty_reply(addressee=False), change)
    assert clocks_of(case) == {}
    assert [name for name in findings(case) if name.startswith("late")] == []


# Findings


def findings(case: Case, today: str = "07-01") -> dict[str, tuple[str | None, str, str]]:
    """Paragraph, expected and found of each finding that should be on record."""
    return {
        name: (one.raised.paragraph, one.raised.expected, one.raised.found)
        for name, one in findings_on(case, today).items()
    }


def test_a_reply_in_time_by_an_addressee_has_no_finding() -> None:
    """Whoever leads: 14-11 names no lead, so a lead that it does not address is no breach."""
    case = a_procedure(a_treaty_request(), a_treaty_assignment("OMBUDSMAN"), a_treaty_reply())
    assert findings(case) == {}


def test_late_under_a_stated_date_or_a_treaty_s_rule() -> None:
    """14-11, and cured by the late reply, which stays on record."""
    request = a_treaty_request(reply_due=day("06-24"))
    assert findings(a_procedure(request)) == {"late/14-11/1": ("14-11", "replied by 2026-06-24", "not replied in time")}
    case = a_procedure(request, a_treaty_reply())
    (found,) = findings_on(case).values()
    assert (found.cured_on, found.cured_by) == (day("06-25"), "publication:1")


def test_late_by_practice_or_what_was_not_verified_cites_no_paragraph() -> None:
    """A finding cites a paragraph only for what it says."""
    urgent = a_treaty_request("urgent-action", treaty_body="CED", instrument="CED")
    assert findings(a_procedure(urgent))["late/14-11/1"] == (None, "replied by 2026-06-10", "not replied in time")
    old = a_treaty_request("follow-up", treaty_body="CAT", instrument="CAT", document_date=date(2025, 5, 1))
    assert findings(a_procedure(old))["late/14-11/1"] == (
        None,
        "replied by 2026-05-01, by a default that was not verified",
        "not replied in time",
    )


def test_a_sender_whom_14_11_does_not_address() -> None:
    """It says who deals with the treaty bodies; where that is not known, there is no finding."""
    case = a_procedure(a_treaty_request(), a_treaty_reply(sent_by="SUPREME-COURT", addressee=False))
    assert findings(case) == {
        "not-an-addressee/publication:1": (
            "14-11",
            "sent by a body that 14-11 addresses, as the configured list has them",
            "sent by SUPREME-COURT",
        )
    }
    assert findings(a_procedure(a_treaty_request(), a_treaty_reply(addressee=None))) == {}


def test_too_many_words_are_practice() -> None:
    """No paragraph sets the limit; what was not counted, or has no limit, is no finding."""
    asked = a_treaty_request("list-of-issues", instrument="ICCPR", reply_due=day("06-30"), words_at_most=10700)
    assert findings(a_procedure(asked, a_treaty_reply(words=10701))) == {
        "too-long/publication:1": (None, "at most 10700 words", "10701 words")
    }
    for words in (10700, None):
        assert findings(a_procedure(asked, a_treaty_reply(words=words))) == {}
    assert findings(a_procedure(a_treaty_request(), a_treaty_reply(words=90000))) == {}


def test_clocks_and_findings_are_recorded_step_by_step() -> None:
    """Started, missed, met late; the finding is raised, and cured by the late reply."""
    case, steps = run(a_procedure(a_treaty_request(reply_due=day("06-24"))), day("06-25"))
    assert [type(step).__name__ for step in steps] == ["DeadlineStarted", "DeadlineMissed", "FindingRaised"]
    _, steps = run(then(case, a_treaty_reply()), day("06-26"))
    assert [type(step).__name__ for step in steps] == ["DeadlineMet", "FindingCured"]


# How it stands


@pytest.mark.parametrize(
    ("stands", "history"),
    [
        ("received", [a_treaty_request()]),
        ("assigned", [a_treaty_request(), a_treaty_assignment()]),
        ("acknowledged", [a_treaty_request(), a_treaty_reply(kind="acknowledgement")]),
        ("interim", [a_treaty_request(), a_treaty_reply(kind="interim")]),
        ("interim", [a_treaty_request(), a_treaty_reply(answers="interim-measures")]),
        ("answered", [a_treaty_request(), a_treaty_reply()]),
        ("received", [a_treaty_request(), a_treaty_reply(), a_treaty_request("views")]),
        ("withdrawn", [a_treaty_request(), by("intake", a_withdrawal())]),
    ],
)
def test_a_procedure_stands_as_its_least_request(stands: str, history: list[Happened]) -> None:
    """Nothing open is hidden behind what was answered before."""
    assert status(a_procedure(*history)) == stands
