"""What a person or a body asks a service to record. Each command names the fact that it would make."""

from jauap.domain import facts


class ReceiveCommunication(facts.Communication, frozen=True):
    """Register a communication or recommendation (14-5(1))."""


class CorrectCommunication(facts.Correction, frozen=True):
    """Correct the entry of the communication."""


class GrantReplyExtension(facts.ReplyExtension, frozen=True):
    """Record that the UN agreed to a later date (14-8(1))."""


class SubmitAgencyInfo(facts.AgencyInfo, frozen=True):
    """Take in the information of a body that was asked (14-7(1))."""


class DeclineAgencyInfo(facts.AgencyDecline, frozen=True):
    """Take in a body's word that the matter is not its own (practice)."""


class RecordOHCHRPublication(facts.OHCHRPublication, frozen=True):
    """Record what OHCHR published (14-8(2))."""


class MergeCase(facts.Merge, frozen=True):
    """Close a duplicate case (practice)."""


class ReceiveCalendarAct(facts.CalendarAct, frozen=True):
    """Take in an act that says what days are working days."""


class ForwardCommunication(facts.Forwarding, frozen=True):
    """Record that the communication was forwarded to competent bodies (14-5(1))."""


class InformOmbudsman(facts.OmbudsmanNotice, frozen=True):
    """Record that the Ombudsman was informed of the communication (14-5(2))."""


class ReturnAgencyInfo(facts.InfoReturn, frozen=True):
    """Return incomplete information to its body (practice)."""


class RecordMeeting(facts.Meeting, frozen=True):
    """Record the meeting on the draft response (14-7(2))."""


class AssignCase(facts.Assignment, frozen=True):
    """Give the case to a responsible officer, or hand it over (practice)."""


class RecordAlertDelivery(facts.AlertDelivery, frozen=True):
    """Record that an alert was handed over to a recipient (practice)."""


class RecordAlertFailure(facts.AlertFailure, frozen=True):
    """Record that an alert could not be handed over (practice)."""


class AcknowledgeAlert(facts.Acknowledgement, frozen=True):
    """Take notice of an alert, so that it goes no further (practice)."""


class DraftResponse(facts.Draft, frozen=True):
    """Record a draft and what it rests on (14-6)."""


class SendResponse(facts.Response, frozen=True):
    """Record what was sent to the UN (14-8(1))."""


class FileReport(facts.Report, frozen=True):
    """Record the report on the results of the work (14-9)."""


class PublishOnSite(facts.SitePublication, frozen=True):
    """Record what the MFA published on its official internet resource (14-8(2))."""


class ProposeVisit(facts.VisitProposal, frozen=True):
    """Record a proposal to invite special procedures to visit (14-10)."""


class EndVisitProposal(facts.VisitProposalEnd, frozen=True):
    """Record that a proposal of a visit was taken back or laid aside (practice)."""


class RecordVisitStage(facts.VisitStage, frozen=True):
    """Record a stage of a visit in OHCHR's own words (practice)."""


class AgreeToVisit(facts.VisitAgreement, frozen=True):
    """Record that a body whose agreement the basis needs agreed to a visit (14-10)."""


class RefuseVisit(facts.VisitAgreementRefusal, frozen=True):
    """Record that a body whose agreement the basis needs refused it (14-10)."""


class SendVisitInvitation(facts.VisitInvitation, frozen=True):
    """Record the invitation that was sent to special procedures (14-10)."""


class ReceiveTreatyBodyRequest(facts.TreatyBodyRequest, frozen=True):
    """Register what a treaty body asks (14-11)."""


class ExtendTreatyBodyTerm(facts.TreatyBodyTermExtension, frozen=True):
    """Record that a treaty body agreed to a later date (practice)."""


class AssignTreatyProcedure(facts.TreatyProcedureAssignment, frozen=True):
    """Record which body leads a treaty body's procedure, and which transmits (14-11 names no lead)."""


class SendTreatyBodyReply(facts.TreatyBodyReply, frozen=True):
    """Record what was sent to a treaty body (14-11)."""


class WithdrawIntakeEntry(facts.Withdrawal, frozen=True):
    """Withdraw an entry of intake."""


class WithdrawRoutingEntry(facts.Withdrawal, frozen=True):
    """Withdraw an entry of routing."""


class WithdrawPublicationEntry(facts.Withdrawal, frozen=True):
    """Withdraw an entry of publication."""


class MendIntakeChain(facts.Mending, frozen=True):
    """Let a broken chain of intake go on from its last good record (for operators)."""


class MendRoutingChain(facts.Mending, frozen=True):
    """Let a broken chain of routing go on from its last good record (for operators)."""


class MendDeadlinesChain(facts.Mending, frozen=True):
    """Let a broken chain of deadlines go on from its last good record (for operators)."""


class MendPublicationChain(facts.Mending, frozen=True):
    """Let a broken chain of publication go on from its last good record (for operators)."""


Mend = MendIntakeChain | MendRoutingChain | MendDeadlinesChain | MendPublicationChain

IntakeCommand = (
    ReceiveCommunication
    | CorrectCommunication
    | GrantReplyExtension
    | SubmitAgencyInfo
    | DeclineAgencyInfo
    | RecordOHCHRPublication
    | MergeCase
    | ReceiveCalendarAct
    | ProposeVisit
    | EndVisitProposal
    | RecordVisitStage
    | ReceiveTreatyBodyRequest
    | ExtendTreatyBodyTerm
    | WithdrawIntakeEntry
)
RoutingCommand = (
    ForwardCommunication
    | InformOmbudsman
    | ReturnAgencyInfo
    | RecordMeeting
    | AgreeToVisit
    | RefuseVisit
    | AssignTreatyProcedure
    | AssignCase
    | WithdrawRoutingEntry
)
PublicationCommand = (
    DraftResponse
    | SendResponse
    | FileReport
    | PublishOnSite
    | SendVisitInvitation
    | SendTreatyBodyReply
    | WithdrawPublicationEntry
)
DeadlinesCommand = RecordAlertDelivery | RecordAlertFailure | AcknowledgeAlert
Command = IntakeCommand | RoutingCommand | DeadlinesCommand | PublicationCommand | Mend

BY_SERVICE: dict[str, tuple[type[Command], ...]] = {
    "intake": (
        ReceiveCommunication,
        CorrectCommunication,
        GrantReplyExtension,
        SubmitAgencyInfo,
        DeclineAgencyInfo,
        RecordOHCHRPublication,
        MergeCase,
        ReceiveCalendarAct,
        ProposeVisit,
        EndVisitProposal,
        RecordVisitStage,
        ReceiveTreatyBodyRequest,
        ExtendTreatyBodyTerm,
        WithdrawIntakeEntry,
        MendIntakeChain,
    ),
    "routing": (
        ForwardCommunication,
        InformOmbudsman,
        ReturnAgencyInfo,
        RecordMeeting,
        AgreeToVisit,
        RefuseVisit,
        AssignTreatyProcedure,
        AssignCase,
        WithdrawRoutingEntry,
        MendRoutingChain,
    ),
    "deadlines": (RecordAlertDelivery, RecordAlertFailure, AcknowledgeAlert, MendDeadlinesChain),
    "publication": (
        DraftResponse,
        SendResponse,
        FileReport,
        PublishOnSite,
        SendVisitInvitation,
        SendTreatyBodyReply,
        WithdrawPublicationEntry,
        MendPublicationChain,
    ),
}
BY_NAME: dict[str, type[Command]] = {kind.__name__: kind for kinds in BY_SERVICE.values() for kind in kinds}
SERVICE_OF: dict[str, str] = {kind.__name__: service for service, kinds in BY_SERVICE.items() for kind in kinds}
