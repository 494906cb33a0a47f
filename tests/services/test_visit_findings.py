"""What falls short of 14-10: when each finding is raised, what cures it, and what is none."""

from datetime import date

import pytest

from jauap.domain.case import Case, Finding
from services.deadlines.findings import wanted_findings
from tests.builders import (
    VISIT,
    Happened,
    a_merger,
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
from tests.services.deadline_runs import clocks_of, run, then

PROPOSAL, AGREED, INVITED = a_visit_proposal(), a_visit_agreement(), a_visit_invitation()
INITIATIVE = a_visit_proposal("mfa-initiative")
MIA, MOJ = a_visit_agreement("MIA"), a_visit_agreement("MOJ")
OMBUDSMAN = a_visit_proposal("ombudsman")
IN_ORDER = [[PROPOSAL, AGREED, INVITED], [INITIATIVE, MIA, MOJ, INVITED], [OMBUDSMAN, INVITED]]


def visit(*history: Happened) -> Case:
    """A visit with this history."""
    return given(*history, case_id=VISIT)


def findings(*history: Happened) -> dict[str, Finding]:
    """The findings that should be on record."""
    return wanted_findings(visit(*history), {}, lambda _: None)


def told(*history: Happened) -> list[tuple[str, str, str]]:
    """What each finding is about, what it expected and what it found; each names 14-10."""
    found = findings(*history)
    assert {finding.raised.paragraph for finding in found.values()} <= {"14-10"}
    return [(name, finding.raised.expected, finding.raised.found) for name, finding in found.items()]


@pytest.mark.parametrize("history", IN_ORDER, ids=["competent body", "own initiative", "ombudsman"])
def test_an_invitation_in_order(history: list[Happened]) -> None:
    """On each basis, with the agreements that it needs, there is no finding."""
    assert told(*history) == []


@pytest.mark.parametrize(
    "history",
    [
        [PROPOSAL],
        [PROPOSAL, a_visit_refusal()],
        [PROPOSAL, AGREED],
        [a_visit_proposal(proposed_by="GPO"), AGREED],
        [PROPOSAL, a_visit_proposals_end()],
        [a_visit_stage(), a_visit_stage("reminder", reached_on=day("06-20"))],
        [PROPOSAL, AGREED, INVITED, a_visit_stage("declined", reached_on=day("06-20"))],
    ],
)
def test_that_nothing_follows_is_no_finding(history: list[Happened]) -> None:
    """14-10 sets no term: a proposal may come to nothing, a request go unanswered, a visit be declined."""
    assert told(*history) == []
    assert clocks_of(visit(*history)) == {}


def test_no_basis() -> None:
    """An invitation rests on a proposal or the MFA's own initiative, of that day at the latest."""
    expected = "a proposal or an initiative by 2026-06-15"
    nothing = [("no-basis/publication:1", expected, "none on record that stood on that day")]
    assert told(a_visit_stage(), a_visit_invitation(None)) == nothing
    assert told(PROPOSAL, AGREED, INVITED, by("intake", a_withdrawal())) == nothing
    assert told(a_visit_proposal(proposed_on=day("06-16")), AGREED, INVITED) == nothing
    assert told(PROPOSAL, AGREED, a_visit_proposals_end(ended_on=day("06-12")), INVITED) == nothing
    assert told(PROPOSAL, AGREED, INVITED, a_visit_proposals_end(ended_on=day("06-16"))) == []
    assert told(a_visit_proposal(proposed_on=day("06-15")), AGREED, INVITED) == []


def test_a_proposal_recorded_late_gives_the_basis_and_one_made_late_cures() -> None:
    """What was proposed in time was only entered late; what was proposed later shows the day, and the finding stays."""
    assert told(a_visit_stage(), a_visit_invitation(None), OMBUDSMAN) == []
    late = findings(a_visit_stage(), a_visit_invitation(None), a_visit_proposal("ombudsman", proposed_on=day("06-20")))
    finding = late["no-basis/publication:1"]
    assert (finding.cured_on, finding.cured_by) == (day("06-20"), "intake:2")


@pytest.mark.parametrize(
    ("basis", "proposer", "expected"),
    [
        ("competent-body", "GPO", "proposed by a body competent in the subject of the visit"),
        ("competent-body", "OMBUDSMAN", "proposed by a body competent in the subject of the visit"),
        ("mfa-initiative", "MIA", "the initiative of the MFA"),
        ("ombudsman", "MIA", "proposed by the Ombudsman"),
    ],
)
def test_a_proposer_that_is_not_competent(basis: str, proposer: str, expected: str) -> None:
    """Each basis has its own proposer."""
    proposal = a_visit_proposal(basis, proposed_by=proposer)
    found = told(proposal, *({"competent-body": [AGREED], "mfa-initiative": [MIA, MOJ]}.get(basis, [])), INVITED)
    assert found == [("proposer/publication:1", expected, f"proposed by {proposer}")]


def test_competence_that_is_not_known_is_no_finding() -> None:
    """Where the proposal names no competent body, nobody can say that its proposer is none."""
    assert told(a_visit_proposal(competent_bodies=()), AGREED, INVITED) == []


def test_an_agreement_is_missing() -> None:
    """The MFA's on a body's proposal, each competent body's on the MFA's initiative; none on the Ombudsman's."""
    missing = "no agreement by that day on record"
    assert told(PROPOSAL, INVITED) == [("no-agreement/publication:1/MFA", "agreed with MFA by 2026-06-15", missing)]
    assert told(INITIATIVE, MIA, INVITED) == [
        ("no-agreement/publication:1/MOJ", "agreed with MOJ by 2026-06-15", missing)
    ]
    assert len(told(INITIATIVE, INVITED)) == 2
    nobody = a_visit_proposal("mfa-initiative", competent_bodies=())
    assert told(nobody, INVITED) == [], "who is competent is not known"


def test_the_last_word_by_the_day_of_the_invitation_counts() -> None:
    """Refused and then agreed is agreed; agreed and then refused is refused; the day itself is in time."""
    refused = a_visit_refusal(refused_on=day("06-10"))
    assert told(PROPOSAL, AGREED, refused, INVITED) == [
        ("no-agreement/publication:1/MFA", "agreed with MFA by 2026-06-15", "refused by MFA on 2026-06-10")
    ]
    assert told(PROPOSAL, refused, a_visit_agreement(agreed_on=day("06-15")), INVITED) == []
    assert told(PROPOSAL, AGREED, a_visit_refusal(refused_on=day("06-16")), INVITED) == []


def test_an_agreement_given_after_the_invitation() -> None:
    """It came late: the finding stays and shows the day."""
    late = findings(PROPOSAL, INVITED, a_visit_agreement(agreed_on=day("06-16")))["no-agreement/publication:1/MFA"]
    assert (late.cured_on, late.cured_by, late.raised.body) == (day("06-16"), "routing:1", "MFA")


def test_another_channel_and_another_name() -> None:
    """14-10: through diplomatic channels, in the name of Kazakhstan."""
    wrong = a_visit_invitation(channel="other", in_the_name_of_kazakhstan=False)
    assert told(OMBUDSMAN, wrong) == [
        ("channel/publication:1", "sent through diplomatic channels", "sent through another channel"),
        ("other-name/publication:1", "sent in the name of Kazakhstan", "sent in another name"),
    ]


def test_each_invitation_is_judged() -> None:
    """A second one in order does not undo the first."""
    second = a_visit_invitation(sent_on=day("06-20"))
    assert [name for name, _, _ in told(OMBUDSMAN, a_visit_invitation(channel="other"), second)] == [
        "channel/publication:1"
    ]


@pytest.mark.parametrize(
    "change", [a_merger("VISIT-2"), by("publication", a_withdrawal())], ids=["merged", "withdrawn"]
)
def test_nothing_to_judge(change: Happened) -> None:
    """A merged visit, or a withdrawn invitation, has no finding."""
    assert told(PROPOSAL, INVITED)
    assert told(PROPOSAL, INVITED, change) == []


def test_before_the_decree() -> None:
    """What was sent before 25 January 2022 is not judged by it."""
    assert told(a_visit_invitation(None, sent_on=date(2022, 1, 24), channel="other")) == []


def test_findings_are_recorded_and_cured() -> None:
    """The steps of *deadlines* raise a finding of a visit once, and take it back when it has no ground."""
    case, steps = run(visit(a_visit_stage(), a_visit_invitation(None)), day("06-20"))
    assert [type(step).__name__ for step in steps] == ["FindingRaised"]
    _, steps = run(then(case, OMBUDSMAN), day("06-21"))
    assert [type(step).__name__ for step in steps] == ["FindingCured"]
