"""How a visit and each of its proposals stands: every end, and OHCHR's words."""

import pytest

from jauap.domain import visits
from jauap.domain.case import Case
from jauap.domain.visits import must_agree, stages, standings, status
from tests.builders import (
    VISIT,
    Happened,
    a_visit_agreement,
    a_visit_invitation,
    a_visit_proposal,
    a_visit_proposals_end,
    a_visit_refusal,
    a_visit_stage,
    a_withdrawal,
    by,
    day,
    given,
)


def visit(*history: Happened) -> Case:
    """A visit with this history."""
    return given(*history, case_id=VISIT)


def states(*history: Happened) -> list[str]:
    """How each proposal stands."""
    return [standing.state for _, _, standing in standings(visit(*history))]


PROPOSAL = a_visit_proposal()
AGREED, REFUSED, INVITED = a_visit_agreement(), a_visit_refusal(), a_visit_invitation()
INITIATIVE = a_visit_proposal("mfa-initiative")


def test_each_basis_needs_its_own_agreements() -> None:
    """14-10: the MFA's; that of each competent body but the MFA itself, once; nobody's."""
    assert must_agree(PROPOSAL) == ("MFA",)
    initiative = a_visit_proposal("mfa-initiative", competent_bodies=("MIA", "MFA", "MOJ"))
    assert must_agree(initiative) == ("MIA", "MOJ")
    assert must_agree(a_visit_proposal("ombudsman")) == ()


@pytest.mark.parametrize(
    ("state", "history"),
    [
        ("proposed", [PROPOSAL]),
        ("proposed", [INITIATIVE, a_visit_agreement("MIA")]),
        ("proposed", [a_visit_proposal("mfa-initiative", competent_bodies=())]),
        ("to-invite", [PROPOSAL, AGREED]),
        ("to-invite", [INITIATIVE, a_visit_agreement("MIA"), a_visit_agreement("MOJ")]),
        ("to-invite", [a_visit_proposal("ombudsman")]),
        ("to-invite", [PROPOSAL, REFUSED, a_visit_agreement(agreed_on=day("06-09"))]),
        ("refused", [PROPOSAL, REFUSED]),
        ("refused", [INITIATIVE, a_visit_agreement("MIA"), a_visit_refusal("MOJ")]),
        ("refused", [PROPOSAL, a_visit_agreement(agreed_on=day("06-05")), REFUSED]),
        ("ended", [PROPOSAL, a_visit_proposals_end()]),
        ("ended", [PROPOSAL, REFUSED, a_visit_proposals_end()]),
        ("invited", [PROPOSAL, INVITED]),
        ("accepted", [PROPOSAL, a_visit_stage(), INVITED]),
        ("declined", [PROPOSAL, INVITED, a_visit_stage("declined", reached_on=day("06-20"))]),
        ("postponed", [PROPOSAL, INVITED, a_visit_stage("postponed", reached_on=day("06-20"))]),
        ("dates-proposed", [PROPOSAL, INVITED, a_visit_stage("dates-proposed", reached_on=day("06-20"))]),
        ("agreed", [PROPOSAL, INVITED, a_visit_stage("agreed", reached_on=day("06-20"))]),
        ("completed", [PROPOSAL, INVITED, a_visit_stage("completed", reached_on=day("06-20"))]),
        ("report-published", [PROPOSAL, INVITED, a_visit_stage("report-published", reached_on=day("06-20"))]),
    ],
)
def test_a_proposal_is_tracked_to_its_end(state: str, history: list[Happened]) -> None:
    """It waits, is agreed or refused, taken back, or becomes an invitation that OHCHR's words follow."""
    assert states(*history) == [state]
    assert status(visit(*history)) == state


def test_who_is_waited_for_and_who_refused() -> None:
    """Each body whose agreement is needed and missing is named; one that refused is both."""
    ((_, _, standing),) = standings(visit(INITIATIVE, a_visit_refusal("MOJ")))
    assert (standing.waiting_for, standing.refused_by) == (("MIA", "MOJ"), ("MOJ",))


def test_an_end_that_is_withdrawn_never_was() -> None:
    """The proposal waits again."""
    assert states(PROPOSAL, a_visit_proposals_end(), by("intake", a_withdrawal(2))) == ["proposed"]


def test_each_proposal_has_its_own_end() -> None:
    """One refused, another invited for: the refused one stays refused, and the visit goes on."""
    second = a_visit_proposal("ombudsman", proposed_on=day("06-10"))
    history = (PROPOSAL, REFUSED, second, a_visit_invitation(2))
    assert states(*history) == ["refused", "invited"]
    assert status(visit(*history)) == "invited"


def test_a_new_attempt_after_a_refused_visit() -> None:
    """A proposal made after the visit was declined is the visit's state; before, it is OHCHR's word."""
    declined = (PROPOSAL, INVITED, a_visit_stage("declined", reached_on=day("06-20")))
    again = a_visit_proposal("ombudsman", proposed_on=day("06-25"))
    assert status(visit(*declined)) == "declined"
    assert status(visit(*declined, again)) == "to-invite"


@pytest.mark.parametrize(
    ("name", "history"),
    [
        ("accepted", [a_visit_stage("requested"), INVITED]),
        ("accepted", [a_visit_stage("reminder"), INVITED]),
        ("accepted", [a_visit_stage("requested"), a_visit_stage("invited", reached_on=day("06-15"))]),
        ("accepted", [a_visit_stage("requested", reached_on=day("06-15")), INVITED]),
        ("invited", [INVITED]),
        ("invited", [a_visit_stage("acknowledged"), INVITED]),
        ("requested", [INVITED, a_visit_stage("requested", reached_on=day("06-16"))]),
        ("acknowledged", [a_visit_stage("requested"), a_visit_stage("acknowledged", reached_on=day("06-05"))]),
    ],
)
def test_an_invitation_after_a_request_counts_as_acceptance(name: str, history: list[Happened]) -> None:
    """Practice: whoever recorded it; an acknowledgement is none, and a request that came later is not accepted."""
    assert stages(visit(*history))[-1].name == name


def test_a_request_alone_is_a_visit() -> None:
    """Nobody proposed yet: the visit stands as OHCHR has it; without anything on record it is withdrawn."""
    assert status(visit(a_visit_stage())) == "requested"
    assert status(visit(a_visit_stage(), PROPOSAL)) == "proposed"
    assert status(visit()) == "withdrawn"


def test_an_invitation_rests_on_what_was_proposed_by_then() -> None:
    """The one it names, else the first that there was; one made later is no basis."""
    early, late = a_visit_proposal(), a_visit_proposal("ombudsman", proposed_on=day("06-20"))
    assert visits.basis_of(visit(early, late), a_visit_invitation(1)) == (1, early)
    assert visits.basis_of(visit(early, late), a_visit_invitation(2)) == (1, early)
    assert visits.basis_of(visit(early, late), a_visit_invitation(None)) == (1, early)
    assert visits.basis_of(visit(late), a_visit_invitation(1)) is None
