"""What goes between bodies about visits (14-10): the agreements that a proposal's basis needs, and their refusals."""

from jauap.domain import checks, refusals, visits
from jauap.domain.case import Case
from jauap.domain.checks import Context
from jauap.domain.commands import AgreeToVisit, RefuseVisit
from jauap.domain.events import VisitAgreed, VisitAgreementRefused, VisitProposed


def agree_to_visit(case: Case, command: AgreeToVisit, context: Context) -> VisitAgreed:
    """14-10: the MFA agrees to a competent body's proposal, the competent bodies to the MFA's own initiative."""
    at, proposal = _to_be_agreed(case, command, context)
    checks.happened(context, "agreed_on", command.agreed_on, proposal.proposed_on)
    checks.stored(context, command.documents)
    return checks.once(case.routing, checks.fact(VisitAgreed, command, proposal=at))


def refuse_visit(case: Case, command: RefuseVisit, context: Context) -> VisitAgreementRefused:
    """14-10: a refusal has its reason; the same body may agree later, and its last word by the invitation counts."""
    at, proposal = _to_be_agreed(case, command, context)
    checks.happened(context, "refused_on", command.refused_on, proposal.proposed_on)
    checks.stored(context, command.documents)
    return checks.once(case.routing, checks.fact(VisitAgreementRefused, command, proposal=at))


def _to_be_agreed(case: Case, command: AgreeToVisit | RefuseVisit, context: Context) -> tuple[int, VisitProposed]:
    """The proposal that a body has a word on; AgreementNotNeeded if its basis does not need this body's."""
    checks.visit(case)
    at, proposal = checks.the_proposal(case, command.proposal)
    checks.known_body(context, "body", command.body)
    if command.body not in visits.must_agree(proposal):
        raise refusals.AgreementNotNeeded("body")
    return at, proposal
