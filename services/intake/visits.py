"""What comes in about visits (14-10): proposals, their ends, and the stages that OHCHR names."""

from jauap.domain import checks, refusals
from jauap.domain.case import Case
from jauap.domain.checks import Context
from jauap.domain.commands import EndVisitProposal, ProposeVisit, RecordVisitStage
from jauap.domain.events import VisitProposalEnded, VisitProposed, VisitStageReached

FOLLOWS = {"reminder": "requested", "acknowledged": "requested", "report-published": "completed"}
"""Stages that can't come before another one that is on record (practice)."""


def propose_visit(case: Case, command: ProposeVisit, context: Context) -> VisitProposed:
    """14-10: a proposal is recorded with its basis, whoever made it; findings judge the invitation that rests on it."""
    checks.visit_or_new(case, command.registry_number)
    checks.known_body(context, "proposed_by", command.proposed_by)
    checks.each_body_once(context, [(f"competent_bodies[{at}]", b) for at, b in enumerate(command.competent_bodies)])
    checks.happened(context, "proposed_on", command.proposed_on)
    earlier = [made.number for _, made in case.intake.of(VisitProposed) if made.proposed_by == command.proposed_by]
    checks.new_number("number", command.number, earlier)
    checks.stored(context, command.documents)
    return checks.once(case.intake, checks.fact(VisitProposed, command))


def end_visit_proposal(case: Case, command: EndVisitProposal, context: Context) -> VisitProposalEnded:
    """Practice: a proposal is taken back or laid aside once, with a reason; that no invitation follows is no breach."""
    checks.visit(case)
    at, proposal = checks.the_proposal(case, command.proposal)
    checks.happened(context, "ended_on", command.ended_on, proposal.proposed_on)
    if any(end.proposal == at for _, end in case.intake.of(VisitProposalEnded)):
        raise refusals.AlreadyRecorded("proposal")
    checks.stored(context, command.documents)
    return checks.fact(VisitProposalEnded, command, proposal=at)


def record_visit_stage(case: Case, command: RecordVisitStage, context: Context) -> VisitStageReached:
    """Practice: what OHCHR calls the visit now; a request may open the case before anybody proposed it."""
    checks.visit_or_new(case, command.registry_number)
    before = FOLLOWS.get(command.stage)
    causes = [stage.reached_on for _, stage in case.intake.of(VisitStageReached) if stage.stage == before]
    checks.happened(context, "reached_on", command.reached_on, min(causes, default=None))
    if command.visit_from is not None and command.visit_until is not None and command.visit_until < command.visit_from:
        raise refusals.BeforeItsCause("visit_until")
    if command.stage == "completed":
        checks.happened(context, "visit_until", command.visit_until or command.reached_on)
    checks.stored(context, command.documents)
    return checks.once(case.intake, checks.fact(VisitStageReached, command))
