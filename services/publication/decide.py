"""What goes out: each function takes a command on a case and gives the event that records it, or refuses.

What merely breaks a rule is recorded as it was: *deadlines* then raises a finding.
"""

from collections.abc import Callable
from typing import Any

from jauap.domain import checks, refusals
from jauap.domain.case import Case
from jauap.domain.checks import Context
from jauap.domain.commands import (
    DraftResponse,
    FileReport,
    PublicationCommand,
    PublishOnSite,
    SendResponse,
    SendTreatyBodyReply,
    SendVisitInvitation,
    WithdrawPublicationEntry,
)
from jauap.domain.events import (
    AgencyInfoSubmitted,
    EntryWithdrawn,
    PublicationFact,
    PublishedOnSite,
    ReportFiled,
    ResponseDrafted,
    ResponseSent,
)
from services.publication import treaty, visits


def draft_response(case: Case, command: DraftResponse, context: Context) -> ResponseDrafted:
    """14-6: a draft names the pieces of information on record that it rests on; one that rests on none is recorded."""
    letter = checks.letter(case)
    checks.happened(context, "drafted_on", command.drafted_on, checks.arrival(letter))
    for at, sequence in enumerate(command.rests_on):
        info = case.intake.get(sequence, AgencyInfoSubmitted)
        if info is None:
            raise refusals.UnknownEntry(f"rests_on[{at}]")
        if sequence in command.rests_on[:at]:
            raise refusals.EntryNamedTwice(f"rests_on[{at}]")
        checks.happened(context, "drafted_on", command.drafted_on, info.submitted_on)
    checks.stored(context, command.documents)
    return checks.once(case.publication, checks.fact(ResponseDrafted, command))


def send_response(case: Case, command: SendResponse, context: Context) -> ResponseSent:
    """14-8(1): what went out is recorded as it was; two replies on one day are two, unless they share a number."""
    letter = checks.letter(case)
    checks.happened(context, "sent_on", command.sent_on, checks.arrival(letter))
    _leaves_nothing_open(command)
    earlier = [sent.note_number for _, sent in case.publication.of(ResponseSent)]
    checks.new_number("note_number", command.note_number, earlier)
    checks.stored(context, command.documents)
    return checks.fact(ResponseSent, command)


def file_report(case: Case, command: FileReport, context: Context) -> ReportFiled:
    """14-9: each response is reported once to the Presidential Administration and once to the Ombudsman."""
    checks.letter(case)
    at, sent = checks.the_response(case, command.response)
    checks.happened(context, "filed_on", command.filed_on, sent.sent_on)
    earlier = [(report.recipient, report.response) for _, report in case.publication.of(ReportFiled)]
    if (command.recipient, at) in earlier:
        raise refusals.AlreadyRecorded("recipient")
    checks.stored(context, command.documents)
    return checks.fact(ReportFiled, command, response=at)


def publish_on_site(case: Case, command: PublishOnSite, context: Context) -> PublishedOnSite:
    """14-8(2): what stands on the MFA's site, and where; before OHCHR's own publication too."""
    letter = checks.letter(case)
    if command.what == "communication":
        checks.names_no_response(command.response)
        at, since = None, checks.arrival(letter)
    else:
        at, sent = checks.the_response(case, command.response)
        since = sent.sent_on
    checks.happened(context, "published_on", command.published_on, since)
    earlier = [(page.what, page.response, page.address) for _, page in case.publication.of(PublishedOnSite)]
    if (command.what, at, command.address) in earlier:
        raise refusals.AlreadyRecorded("address")
    checks.stored(context, command.documents)
    return checks.fact(PublishedOnSite, command, response=at)


def withdraw_entry(case: Case, command: WithdrawPublicationEntry, _: Context) -> EntryWithdrawn:
    """Practice: a wrong entry is withdrawn and stays visible; clocks and findings follow."""
    checks.entry(case.publication, command.entry)
    return checks.fact(EntryWithdrawn, command)


COMMANDS: dict[type[PublicationCommand], Callable[[Case, Any, Context], PublicationFact | EntryWithdrawn]] = {
    DraftResponse: draft_response,
    SendResponse: send_response,
    FileReport: file_report,
    PublishOnSite: publish_on_site,
    SendVisitInvitation: visits.send_visit_invitation,
    SendTreatyBodyReply: treaty.send_reply,
    WithdrawPublicationEntry: withdraw_entry,
}


def decide(case: Case, command: PublicationCommand, context: Context) -> PublicationFact | EntryWithdrawn:
    """The event that records a command of publication; raises a Refusal."""
    return COMMANDS[type(command)](case, command, context)


def _leaves_nothing_open(command: SendResponse) -> None:
    """14-8(1): who signed a response, its language and channel are known, unless the public record was the source."""
    if command.kind == "acknowledgement" or command.public_record is not None:
        return
    for field in ("signatory", "language", "channel"):
        if getattr(command, field) is None:
            raise refusals.LeftOpen(field)
