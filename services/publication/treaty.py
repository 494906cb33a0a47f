"""What goes out to treaty bodies (14-11): replies."""

from jauap.domain import checks, procedures, refusals
from jauap.domain.case import Case
from jauap.domain.checks import Context
from jauap.domain.commands import SendTreatyBodyReply
from jauap.domain.events import TreatyBodyReplySent


def send_reply(case: Case, command: SendTreatyBodyReply, context: Context) -> TreatyBodyReplySent:
    """14-11: a reply is recorded as it went out, with whether its sender is on the list of the addressees."""
    checks.treaty_procedure(case)
    at, request = checks.the_request(case, command.request)
    checks.known_body(context, "sent_by", command.sent_by)
    checks.happened(context, "sent_on", command.sent_on, procedures.starts_on(request))
    if command.answers != "request" and not request.interim_measures:
        raise refusals.NoInterimMeasures("answers")
    earlier = [sent.note_number for _, sent in case.publication.of(TreatyBodyReplySent)]
    checks.new_number("note_number", command.note_number, earlier)
    checks.stored(context, command.documents)
    addressee = command.sent_by in context.treaties.addressees
    event = checks.fact(TreatyBodyReplySent, command, request=at, addressee=addressee)
    return checks.once(case.publication, event)
