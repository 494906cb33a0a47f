"""`visit_proposals`: which visits were proposed, on what basis, who must still agree, and what came of each (14-10)?"""

from datetime import date

from jauap.domain import visits
from jauap.domain.facts import Value
from jauap.projections.database import Row
from jauap.projections.view import CaseView


class VisitProposalRow(Value, frozen=True, kw_only=True):
    """A proposal of a visit, tracked to its end. Days are days in Kazakhstan."""

    case_id: str
    proposal: int
    """Sequence of the VisitProposed in the intake service's chain."""
    basis: str
    """competent-body, mfa-initiative or ombudsman."""
    proposed_by: str
    proposed_on: date
    competent_bodies: tuple[str, ...]
    mandates: tuple[str, ...]
    subject: str | None
    waiting_for: tuple[str, ...]
    """Bodies whose agreement the basis needs and who have not agreed, those who refused too."""
    refused_by: tuple[str, ...]
    invited_on: date | None
    """Day of the first invitation that rests on it."""
    state: str
    """See `jauap.domain.visits.standing`."""
    since: date
    """The day from which it stands so."""
    at_its_end: bool
    """Nothing more is awaited of it. That no invitation followed is no finding."""


def rows(view: CaseView) -> list[Row]:
    """A row for each proposal on record."""
    return [
        (
            view.case.case_id,
            at,
            proposal.basis,
            proposal.proposed_by,
            proposal.proposed_on,
            list(proposal.competent_bodies),
            list(proposal.mandates),
            proposal.subject,
            list(standing.waiting_for),
            list(standing.refused_by),
            standing.invited_on,
            standing.state,
            standing.since,
            standing.state in visits.ENDS,
        )
        for at, proposal, standing in visits.standings(view.case)
    ]
