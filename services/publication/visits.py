"""What goes out about visits (14-10): invitations."""

from jauap.domain import checks
from jauap.domain.case import Case
from jauap.domain.checks import Context
from jauap.domain.commands import SendVisitInvitation
from jauap.domain.events import VisitInvitationSent, VisitProposed


def send_visit_invitation(case: Case, command: SendVisitInvitation, context: Context) -> VisitInvitationSent:
    """14-10: an invitation is recorded as it went out, also one that rests on no proposal; the finding follows."""
    checks.visit_or_new(case, command.registry_number)
    proposal = command.proposal
    if proposal is not None or case.intake.of(VisitProposed):
        proposal, _ = checks.the_proposal(case, proposal)
    checks.happened(context, "sent_on", command.sent_on)
    earlier = [sent.note_number for _, sent in case.publication.of(VisitInvitationSent)]
    checks.new_number("note_number", command.note_number, earlier)
    checks.stored(context, command.documents)
    return checks.once(case.publication, checks.fact(VisitInvitationSent, command, proposal=proposal))
