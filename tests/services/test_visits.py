"""Visits (14-10): each command accepted and refused, each basis, each agreement, each stage."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from jauap.domain import refusals
from jauap.domain.case import CALENDAR, Case
from jauap.domain.commands import (
    AgreeToVisit,
    EndVisitProposal,
    MergeCase,
    ProposeVisit,
    RecordVisitStage,
    RefuseVisit,
    SendVisitInvitation,
    WithdrawIntakeEntry,
)
from jauap.domain.facts import Value
from services.intake.decide import decide as intake
from services.publication.decide import decide as publication
from services.routing.decide import decide as routing
from tests.builders import (
    ALTERED,
    MISSING,
    VISIT,
    Happened,
    a_communication,
    a_context,
    a_document,
    a_merger,
    a_visit_agreement,
    a_visit_invitation,
    a_visit_proposal,
    a_visit_proposals_end,
    a_visit_refusal,
    a_visit_stage,
    a_withdrawal,
    asking,
    by,
    day,
    given,
    refused,
)

Decide = Callable[[Case, Any, Any], object]

PROPOSED = given(a_visit_proposal(), case_id=VISIT)
REQUESTED = given(a_visit_stage(), case_id=VISIT)
NEW = given(case_id=VISIT)
TWO = given(a_visit_proposal(), a_visit_proposal("ombudsman"), case_id=VISIT)

EACH: list[tuple[Decide, type[Value], Value, Case]] = [
    (intake, ProposeVisit, a_visit_proposal(), NEW),
    (intake, EndVisitProposal, a_visit_proposals_end(), PROPOSED),
    (intake, RecordVisitStage, a_visit_stage(registry_number="03-12/2101"), NEW),
    (routing, AgreeToVisit, a_visit_agreement(), PROPOSED),
    (routing, RefuseVisit, a_visit_refusal(), PROPOSED),
    (publication, SendVisitInvitation, a_visit_invitation(None, registry_number="03-12/2101"), NEW),
]
NAMES = [command.__name__ for _, command, _, _ in EACH]


def visit(*history: Happened) -> Case:
    """A visit with this history."""
    return given(*history, case_id=VISIT)


@pytest.mark.parametrize(("decide", "command", "fact", "case"), EACH, ids=NAMES)
def test_each_fact_is_recorded(decide: Decide, command: type[Value], fact: Value, case: Case) -> None:
    """The event says what the command said."""
    assert decide(case, asking(command, fact), a_context()) == fact


@pytest.mark.parametrize(("decide", "command", "fact", "case"), EACH, ids=NAMES)
def test_each_fact_has_happened(decide: Decide, command: type[Value], fact: Value, case: Case) -> None:
    """No fact of the future is recorded: the field of its day is named."""
    refusal, field = refused(decide, case, asking(command, fact), today=day("05-31"))
    assert refusal is refusals.DateInTheFuture
    assert field is not None
    assert field.endswith("_on")


@pytest.mark.parametrize(("decide", "command", "fact", "case"), EACH, ids=NAMES)
def test_each_document_is_in_the_store(decide: Decide, command: type[Value], fact: Value, case: Case) -> None:
    """Bytes that are missing or altered are refused."""
    for sha256, refusal in ((MISSING, refusals.DocumentMissing), (ALTERED, refusals.DocumentAltered)):
        asked = asking(command, replace(fact, documents=(a_document(sha256=sha256),)))
        assert refused(decide, case, asked) == (refusal, "documents[0].sha256")


@pytest.mark.parametrize(("decide", "command", "fact", "case"), EACH, ids=NAMES)
def test_no_fact_of_a_visit_in_another_kind_of_case(
    decide: Decide, command: type[Value], fact: Value, case: Case
) -> None:
    """A communication, the calendar and a merged visit take none."""
    del case
    assert refused(decide, given(a_communication()), asking(command, fact))[0] in (
        refusals.WrongCaseId,
        refusals.UnknownVisit,
    )
    assert refused(decide, given(case_id=CALENDAR), asking(command, fact)) == (refusals.NotTheCalendar, "case_id")
    merged = visit(a_visit_proposal(), a_merger("VISIT-1"))
    assert refused(decide, merged, asking(command, fact)) == (refusals.CaseIsMerged, "case_id")


OPENING: list[tuple[Decide, type[Value], Value]] = [
    (intake, ProposeVisit, a_visit_proposal(registry_number=None)),
    (intake, RecordVisitStage, a_visit_stage()),
    (publication, SendVisitInvitation, a_visit_invitation(None)),
]


@pytest.mark.parametrize(("decide", "command", "fact"), OPENING)
def test_a_case_is_opened_under_the_id_that_the_registry_number_makes(
    decide: Decide, command: type[Value], fact: Value
) -> None:
    """Without a number there is no identity, under another id a duplicate misses its twin; an open case needs none."""
    assert refused(decide, NEW, asking(command, fact)) == (refusals.UnknownVisit, "registry_number")
    elsewhere = replace(fact, registry_number="03-12/9999")
    assert refused(decide, NEW, asking(command, elsewhere)) == (refusals.WrongCaseId, "case_id")
    unusable = replace(fact, registry_number="№")
    assert refused(decide, NEW, asking(command, unusable)) == (refusals.UnusableNumber, "registry_number")
    for case in (REQUESTED, visit(a_visit_proposal(), a_visit_stage(), by("intake", a_withdrawal()))):
        assert decide(case, asking(command, replace(elsewhere, documents=(a_document(),))), a_context())


@pytest.mark.parametrize(
    ("decide", "command", "fact"),
    [
        (intake, EndVisitProposal, a_visit_proposals_end),
        (routing, AgreeToVisit, a_visit_agreement),
        (routing, RefuseVisit, a_visit_refusal),
    ],
)
def test_a_word_on_a_proposal_needs_the_proposal(
    decide: Decide, command: type[Value], fact: Callable[..., Value]
) -> None:
    """It is about the one that it names, or the only one; withdrawn, it is none."""
    assert refused(decide, NEW, asking(command, fact())) == (refusals.UnknownVisit, "case_id")
    assert refused(decide, REQUESTED, asking(command, fact())) == (refusals.NoProposal, "proposal")
    assert refused(decide, PROPOSED, asking(command, fact(proposal=7))) == (refusals.UnknownEntry, "proposal")
    assert refused(decide, TWO, asking(command, fact(proposal=None))) == (refusals.ManyProposals, "proposal")
    assert decide(PROPOSED, asking(command, fact(proposal=None)), a_context()) == fact(proposal=1)
    early = {"ended_on", "agreed_on", "refused_on"} & set(command.__struct_fields__)
    before = fact(**dict.fromkeys(early, day("06-01")))
    assert refused(decide, PROPOSED, asking(command, before)) == (refusals.BeforeItsCause, early.pop())


# Proposals


def test_a_proposal_names_known_bodies_each_once() -> None:
    """A code that no body has, or that stands twice, is a slip."""
    for fact, found in (
        (a_visit_proposal(proposed_by="NOSUCH"), (refusals.UnknownBody, "proposed_by")),
        (a_visit_proposal(competent_bodies=("MIA", "NOSUCH")), (refusals.UnknownBody, "competent_bodies[1]")),
        (a_visit_proposal(competent_bodies=("MIA", "MIA")), (refusals.NamedTwice, "competent_bodies[1]")),
    ):
        assert refused(intake, NEW, asking(ProposeVisit, fact)) == found


def test_a_proposer_that_is_not_competent_is_recorded() -> None:
    """It did propose: what 14-10 says of it is judged when an invitation rests on it."""
    fact = a_visit_proposal(proposed_by="GPO")
    assert intake(NEW, asking(ProposeVisit, fact), a_context()) == fact


def test_a_proposal_is_recorded_once() -> None:
    """The same content, or the same number of the same body, is the same proposal; another one may follow."""
    assert refused(intake, PROPOSED, asking(ProposeVisit, a_visit_proposal())) == (refusals.AlreadyRecorded, None)
    numbered = visit(a_visit_proposal(number="7"))
    again = a_visit_proposal(number="7", proposed_on=day("06-05"))
    assert refused(intake, numbered, asking(ProposeVisit, again)) == (refusals.AlreadyRecorded, "number")
    other = a_visit_proposal(proposed_by="MOJ", number="7")
    assert intake(numbered, asking(ProposeVisit, other), a_context()) == other


def test_a_proposal_ends_once() -> None:
    """Another end is a slip, until the first is withdrawn."""
    ended = visit(a_visit_proposal(), a_visit_proposals_end())
    assert refused(intake, ended, asking(EndVisitProposal, a_visit_proposals_end(ended_on=day("06-25")))) == (
        refusals.AlreadyRecorded,
        "proposal",
    )


def test_an_entry_of_a_visit_is_withdrawn_and_a_duplicate_merged() -> None:
    """As in a communication; a visit goes on in a visit."""
    assert intake(PROPOSED, asking(WithdrawIntakeEntry, a_withdrawal()), a_context()) == a_withdrawal()
    assert intake(PROPOSED, asking(MergeCase, a_merger("VISIT-2")), a_context()) == a_merger("VISIT-2")
    assert refused(intake, PROPOSED, asking(MergeCase, a_merger("KAZ-4-2026"))) == (refusals.OtherKindOfCase, "into")


# Agreements


@pytest.mark.parametrize(
    ("basis", "bodies"), [("competent-body", {"MFA"}), ("mfa-initiative", {"MIA", "MOJ"}), ("ombudsman", set())]
)
@pytest.mark.parametrize("command", [AgreeToVisit, RefuseVisit])
def test_only_those_have_a_word_whose_agreement_the_basis_needs(
    basis: str, bodies: set[str], command: type[Value]
) -> None:
    """14-10: the MFA on a body's proposal, each competent body on the MFA's initiative, nobody on the Ombudsman's."""
    case, fact = visit(a_visit_proposal(basis)), a_visit_agreement if command is AgreeToVisit else a_visit_refusal
    for body in ("MFA", "MIA", "MOJ", "OMBUDSMAN"):
        asked = asking(command, fact(body))
        if body in bodies:
            assert routing(case, asked, a_context())  # type: ignore[arg-type] # one of the two
        else:
            assert refused(routing, case, asked) == (refusals.AgreementNotNeeded, "body")
    assert refused(routing, case, asking(command, fact("NOSUCH"))) == (refusals.UnknownBody, "body")


def test_a_body_that_refused_may_agree_later() -> None:
    """Both stay on record; the very same word twice is a slip."""
    case = visit(a_visit_proposal(), a_visit_refusal())
    later = a_visit_agreement(agreed_on=day("06-10"))
    assert routing(case, asking(AgreeToVisit, later), a_context()) == later
    assert refused(routing, case, asking(RefuseVisit, a_visit_refusal())) == (refusals.AlreadyRecorded, None)


# Stages


def test_a_stage_does_not_come_before_what_it_follows() -> None:
    """A reminder follows a request, a published report the visit, where these are on record."""
    for stage, before in (("reminder", "requested"), ("acknowledged", "requested"), ("report-published", "completed")):
        case = visit(a_visit_stage(before, reached_on=day("06-05")))
        command = asking(RecordVisitStage, a_visit_stage(stage, reached_on=day("06-04")))
        assert refused(intake, case, command) == (refusals.BeforeItsCause, "reached_on")
        assert intake(PROPOSED, command, a_context())


def test_the_days_of_a_visit_agree_with_each_other() -> None:
    """It does not end before it begins, and a completed visit is over."""
    days = {"visit_from": day("09-07"), "visit_until": day("09-01")}
    command = asking(RecordVisitStage, a_visit_stage("dates-proposed", **days))
    assert refused(intake, REQUESTED, command) == (refusals.BeforeItsCause, "visit_until")
    over = asking(RecordVisitStage, a_visit_stage("completed", visit_until=day("09-01")))
    assert refused(intake, REQUESTED, over) == (refusals.DateInTheFuture, "visit_until")
    planned = a_visit_stage("agreed", visit_from=day("09-01"), visit_until=day("09-07"))
    assert intake(REQUESTED, asking(RecordVisitStage, planned), a_context()) == planned


# Invitations


def test_an_invitation_rests_on_the_proposal_named_or_the_only_one() -> None:
    """Of several, one is to be named."""
    only = asking(SendVisitInvitation, a_visit_invitation(None))
    assert publication(PROPOSED, only, a_context()) == a_visit_invitation(1)
    assert refused(publication, TWO, only) == (refusals.ManyProposals, "proposal")
    unknown = asking(SendVisitInvitation, a_visit_invitation(7))
    assert refused(publication, TWO, unknown) == (refusals.UnknownEntry, "proposal")
    assert refused(publication, REQUESTED, unknown) == (refusals.NoProposal, "proposal")


@pytest.mark.parametrize(
    "changes",
    [{"channel": "other"}, {"in_the_name_of_kazakhstan": False}, {"sent_on": day("06-01")}],
    ids=["another channel", "not in Kazakhstan's name", "before the proposal"],
)
def test_an_invitation_that_breaks_14_10_is_recorded(changes: dict[str, Any]) -> None:
    """It did go out; the finding follows."""
    fact = a_visit_invitation(**changes)
    assert publication(PROPOSED, asking(SendVisitInvitation, fact), a_context()) == fact


def test_an_invitation_without_a_proposal_is_recorded() -> None:
    """Also where nothing else is on record: the basis is what is missing."""
    fact = a_visit_invitation(None)
    assert publication(REQUESTED, asking(SendVisitInvitation, fact), a_context()) == fact


def test_an_invitation_is_recorded_once() -> None:
    """By its number, or by its content; a second one is another."""
    case = visit(a_visit_proposal(), a_visit_invitation(note_number="7"))
    again = asking(SendVisitInvitation, a_visit_invitation(note_number="7", sent_on=day("06-20")))
    assert refused(publication, case, again) == (refusals.AlreadyRecorded, "note_number")
    second = a_visit_invitation(note_number="8")
    assert publication(case, asking(SendVisitInvitation, second), a_context()) == second
    plain = visit(a_visit_proposal(), a_visit_invitation())
    assert refused(publication, plain, asking(SendVisitInvitation, a_visit_invitation())) == (
        refusals.AlreadyRecorded,
        None,
    )
