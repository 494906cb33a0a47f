"""What happened, in the past tense: a name once released stays, and a change of meaning is a new event.

The fields of an event that records a fact stand in `facts`; the steps of *deadlines* stand here, because
nobody commands them. `schemas/avro/*.avsc` is the truth on the wire; a test holds these classes to it.
"""

from datetime import date
from typing import Annotated

from msgspec import Meta

from jauap.domain import facts
from jauap.domain.facts import BodyCode, Line, Mark, Sequence, Value, doc


class CommunicationReceived(facts.Communication, frozen=True, tag=True):
    """A communication or recommendation of a special procedure reached the MFA (14-5(1))."""


class CommunicationCorrected(facts.Correction, frozen=True, tag=True):
    """The entry of the communication was corrected; clocks that rest on it follow."""


class ReplyExtensionGranted(facts.ReplyExtension, frozen=True, tag=True):
    """The UN agreed to a later date for the response (14-8(1))."""


class AgencyInfoSubmitted(facts.AgencyInfo, frozen=True, tag=True):
    """A body that was asked supplied its information (14-7(1))."""


class AgencyInfoDeclined(facts.AgencyDecline, frozen=True, tag=True):
    """A body that was asked said that the matter is not its own (practice)."""


class OHCHRPublished(facts.OHCHRPublication, frozen=True, tag=True):
    """OHCHR published the communication or a response: ten working days start (14-8(2))."""


class CaseMerged(facts.Merge, frozen=True, tag=True):
    """A duplicate case was closed in favour of another (practice)."""


class CalendarActReceived(facts.CalendarAct, frozen=True, tag=True):
    """An act that says what days are working days was taken in, under the case id CALENDAR."""


class CommunicationForwarded(facts.Forwarding, frozen=True, tag=True):
    """The MFA forwarded the communication to competent bodies (14-5(1))."""


class OmbudsmanInformed(facts.OmbudsmanNotice, frozen=True, tag=True):
    """The MFA sent the communication to the Ombudsman, for information (14-5(2))."""


class AgencyInfoReturned(facts.InfoReturn, frozen=True, tag=True):
    """The MFA returned incomplete information to its body (practice)."""


class MeetingHeld(facts.Meeting, frozen=True, tag=True):
    """The meeting on the draft response was held (14-7(2))."""


class CaseAssigned(facts.Assignment, frozen=True, tag=True):
    """The case was given to a responsible officer, or handed over to another one (practice)."""


class ResponseDrafted(facts.Draft, frozen=True, tag=True):
    """A draft response was made on the basis of the bodies' information (14-6)."""


class ResponseSent(facts.Response, frozen=True, tag=True):
    """An acknowledgement, an interim reply or the full response was sent (14-8(1))."""


class ReportFiled(facts.Report, frozen=True, tag=True):
    """The report went to the Presidential Administration or the Ombudsman (14-9)."""


class PublishedOnSite(facts.SitePublication, frozen=True, tag=True):
    """The communication or a response was published on the MFA's official internet resource (14-8(2))."""


class VisitProposed(facts.VisitProposal, frozen=True, tag=True):
    """It was proposed to invite special procedures to visit Kazakhstan (14-10)."""


class VisitProposalEnded(facts.VisitProposalEnd, frozen=True, tag=True):
    """A proposal of a visit was taken back or laid aside (practice)."""


class VisitStageReached(facts.VisitStage, frozen=True, tag=True):
    """A visit reached a stage, in OHCHR's own words (practice)."""


class VisitAgreed(facts.VisitAgreement, frozen=True, tag=True):
    """A body whose agreement the basis needs agreed to a proposed visit (14-10)."""


class VisitAgreementRefused(facts.VisitAgreementRefusal, frozen=True, tag=True):
    """A body whose agreement the basis needs refused it, with a reason (14-10)."""


class VisitInvitationSent(facts.VisitInvitation, frozen=True, tag=True):
    """The MFA sent special procedures an invitation to visit (14-10)."""


class TreatyBodyRequestReceived(facts.TreatyBodyRequest, frozen=True, tag=True):
    """A treaty body asked something of Kazakhstan in one of its procedures (14-11)."""


class TreatyBodyTermExtended(facts.TreatyBodyTermExtension, frozen=True, tag=True):
    """A treaty body agreed to a later date for the reply (practice)."""


class TreatyProcedureAssigned(facts.TreatyProcedureAssignment, frozen=True, tag=True):
    """It was decided which body leads a procedure of a treaty body, and which transmits (14-11 names no lead)."""


class TreatyBodyReplySent(facts.TreatyBodyReply, frozen=True, tag=True):
    """A reply was sent to a treaty body (14-11)."""


class EntryWithdrawn(facts.Withdrawal, frozen=True, tag=True):
    """A wrong entry was withdrawn; clocks and findings follow."""


class ChainMended(facts.Mending, frozen=True, tag=True):
    """An operator let a broken chain go on from its last good record; what lies between is void for ever."""


class CommandRefused(Value, frozen=True, kw_only=True, tag=True):
    """A command was refused; the refusal is on record too. It names the field and the rule, never the value."""

    command: Annotated[Mark, doc("Name of the refused command.")]
    code: Annotated[Mark, doc("Name of the refusal.")]
    message: Annotated[Line, doc("What is wrong, and what would be right.")]
    field: Annotated[str | None, doc("The field at fault, such as bodies[0].body; null: the whole command.")] = None
    paragraph: Annotated[str | None, doc("The paragraph that the refusal rests on; null: none.")] = None


ClockId = Annotated[
    str,
    doc("The clock: its paragraph, or 'asked' for a request, and what it is one for: 14-5(1), 14-9(1)/3, asked/MIA."),
]
Basis = Annotated[
    str, doc("The record that set the present due date, or that this rests on: service and sequence, such as intake:2.")
]
Due = Annotated[date | None, doc("Last day of the term, until 24:00 Asia/Almaty; null: it can't be counted.")]
Safe = Annotated[
    date | None,
    doc("The day to act by where it is earlier: two readings, or a stated date that is a day off; null: same as due."),
]
Original = Annotated[
    date | None, doc("The day that the communication itself states, where an extension took its place. 14-8(1).")
]
Acts = Annotated[tuple[Mark, ...], doc("Calendar acts that name a day of the term, in the order of their days.")]
CalendarSeen = Annotated[
    Sequence | None,
    doc("Sequence of the last record under CALENDAR, in intake's chain, that it was counted with; null: not counted."),
]
KnownOn = Annotated[
    date | None,
    doc("It was counted with the acts that were publicly known on this day, the last one's; null: not counted."),
]
Verified = Annotated[bool, doc("False: the default that the term rests on was not verified. 14-11.")]
Receipt = Annotated[
    Mark | None, doc("Policy that gave the day of receipt, with its version: first-receipt/1; null: not from receipt.")
]


class DeadlineStarted(Value, frozen=True, kw_only=True, tag=True):
    """A clock started."""

    clock: ClockId
    paragraph: Annotated[str | None, doc("The paragraph that sets the term; null: practice.")] = None
    body: Annotated[BodyCode | None, doc("The body that the clock is for; null: the MFA.")] = None
    rule: Annotated[str, doc("Row of the rule table that was in force at the clock's start.")]
    policy: Annotated[str, doc("Counting policy and version: day-after/1, stated/1.")]
    starts_on: Annotated[date, doc("Day of the starting event, Asia/Almaty: day 0.")]
    due: Due = None
    safe: Safe = None
    estimated: Annotated[bool, doc("The term crosses a day that is only estimated.")] = False
    verified: Verified = True
    absent: Annotated[str | None, doc("Why there is no due date; null: there is one.")] = None
    original: Original = None
    receipt: Receipt = None
    acts: Acts = ()
    calendar: CalendarSeen = None
    known_on: KnownOn = None
    basis: Basis


class DeadlineMoved(Value, frozen=True, kw_only=True, tag=True):
    """A clock's due date, or the record that it rests on, changed."""

    clock: ClockId
    rule: Annotated[str, doc("Row of the rule table that was in force at the clock's start.")]
    policy: Annotated[str, doc("Counting policy and version.")]
    starts_on: Annotated[date, doc("Day of the starting event, Asia/Almaty: day 0.")]
    previous: Annotated[date | None, doc("The due date before; null: there was none.")] = None
    earlier: Annotated[bool, doc("The due date, or the day to act by, is earlier than it was.")] = False
    because: Annotated[
        tuple[Mark, ...], doc("Calendar acts that moved it, by being taken in or withdrawn; empty: none did.")
    ] = ()
    due: Due = None
    safe: Safe = None
    estimated: Annotated[bool, doc("The term crosses a day that is only estimated.")] = False
    verified: Verified = True
    absent: Annotated[str | None, doc("Why there is no due date; null: there is one.")] = None
    original: Original = None
    receipt: Receipt = None
    acts: Acts = ()
    calendar: CalendarSeen = None
    known_on: KnownOn = None
    basis: Basis


class DeadlineNear(Value, frozen=True, kw_only=True, tag=True):
    """A clock that is not met comes near its safe date."""

    clock: ClockId
    due: Annotated[date, doc("Last day of the term, Asia/Almaty.")]
    safe: Annotated[date | None, doc("The day to act by where it differs; null: same as due.")] = None
    step: Annotated[
        int,
        Meta(
            ge=-1,
            description="Working days before the day to act by at which this is told; 0: that day; -1: it has passed,"
            " and the term has not ended.",
        ),
    ]
    working_days_left: Annotated[
        Annotated[int, Meta(ge=0)] | None,
        doc("Working days from the day after this one to the day to act by; null: a year's calendar is not loaded."),
    ] = None
    basis: Basis


class DeadlineMet(Value, frozen=True, kw_only=True, tag=True):
    """What a clock waited for is on record. The fact's own day decides."""

    clock: ClockId
    met_on: Annotated[date, doc("Day of the fact, Asia/Almaty.")]
    late: Annotated[bool, doc("The fact came after the due date: the clock stays missed.")] = False
    met_by: Annotated[str, doc("The record of the fact: service and sequence, such as routing:1.")]
    basis: Basis


class DeadlineMissed(Value, frozen=True, kw_only=True, tag=True):
    """The term ended and what the clock waited for had not happened."""

    clock: ClockId
    due: Annotated[date, doc("Last day of the term, Asia/Almaty.")]
    basis: Basis


class DeadlineReopened(Value, frozen=True, kw_only=True, tag=True):
    """A clock that was met or missed is open again: a fact was withdrawn, or the due date moved."""

    clock: ClockId
    basis: Basis


class DeadlineDropped(Value, frozen=True, kw_only=True, tag=True):
    """A clock has no ground any more: its starting event was withdrawn, or the case was merged."""

    clock: ClockId


class AlertDelivered(facts.AlertDelivery, frozen=True, tag=True):
    """An alert was handed over to a recipient's mail server or webhook (practice)."""


class AlertFailed(facts.AlertFailure, frozen=True, tag=True):
    """An alert could not be handed over to a recipient; it is tried again (practice)."""


class AlertAcknowledged(facts.Acknowledgement, frozen=True, tag=True):
    """An official took notice of an alert (practice)."""


class AlertEscalated(Value, frozen=True, kw_only=True, tag=True):
    """Nobody took notice of an alert in time: it goes to the next level (practice)."""

    alert: facts.AlertSequence
    clock: ClockId
    level: Annotated[int, Meta(ge=1, le=100, description="The level that it goes to; 1 is the officer's superior.")]
    told_on: Annotated[date, doc("Day on which those of the level before were first told, Asia/Almaty.")]


FindingId = Annotated[str, doc("The finding: its code and what it is about, such as language/publication:4.")]


class FindingRaised(Value, frozen=True, kw_only=True, tag=True):
    """What is on record falls short of the decree."""

    finding: FindingId
    code: Annotated[Mark, doc("Kind of the finding.")]
    paragraph: Annotated[str | None, doc("The paragraph that it falls short of; null: practice, not the decree.")] = (
        None
    )
    expected: Annotated[Line, doc("What the paragraph asks for.")]
    found: Annotated[Line, doc("What is on record.")]
    body: Annotated[BodyCode | None, doc("The body concerned; null: the MFA.")] = None
    basis: Annotated[str, doc("The record that it rests on: service and sequence.")]


class FindingCured(Value, frozen=True, kw_only=True, tag=True):
    """What was missing was done late, or a finding has no ground any more: a fact was corrected or withdrawn."""

    finding: FindingId
    cured_on: Annotated[date | None, doc("Day on which it was done after all, Asia/Almaty; null: no ground.")] = None
    cured_by: Annotated[str | None, doc("The record of that, as service and sequence: routing:1; null: no ground.")] = (
        None
    )


IntakeFact = (
    CommunicationReceived
    | CommunicationCorrected
    | ReplyExtensionGranted
    | AgencyInfoSubmitted
    | AgencyInfoDeclined
    | OHCHRPublished
    | CaseMerged
    | CalendarActReceived
    | VisitProposed
    | VisitProposalEnded
    | VisitStageReached
    | TreatyBodyRequestReceived
    | TreatyBodyTermExtended
)
RoutingFact = (
    CommunicationForwarded
    | OmbudsmanInformed
    | AgencyInfoReturned
    | MeetingHeld
    | VisitAgreed
    | VisitAgreementRefused
    | TreatyProcedureAssigned
    | CaseAssigned
)
PublicationFact = (
    ResponseDrafted | ResponseSent | ReportFiled | PublishedOnSite | VisitInvitationSent | TreatyBodyReplySent
)
Fact = IntakeFact | RoutingFact | PublicationFact
DeadlineStep = (
    DeadlineStarted
    | DeadlineMoved
    | DeadlineNear
    | DeadlineMet
    | DeadlineMissed
    | DeadlineReopened
    | DeadlineDropped
    | FindingRaised
    | FindingCured
    | AlertEscalated
)
AlertFact = AlertDelivered | AlertFailed | AlertAcknowledged
OnRecord = EntryWithdrawn | CommandRefused | ChainMended
Event = Fact | DeadlineStep | AlertFact | OnRecord

EVERY_SERVICE: tuple[type[Event], ...] = (EntryWithdrawn, CommandRefused, ChainMended)
BY_SERVICE: dict[str, tuple[type[Event], ...]] = {
    "intake": (
        CommunicationReceived,
        CommunicationCorrected,
        ReplyExtensionGranted,
        AgencyInfoSubmitted,
        AgencyInfoDeclined,
        OHCHRPublished,
        CaseMerged,
        CalendarActReceived,
        VisitProposed,
        VisitProposalEnded,
        VisitStageReached,
        TreatyBodyRequestReceived,
        TreatyBodyTermExtended,
        *EVERY_SERVICE,
    ),
    "routing": (
        CommunicationForwarded,
        OmbudsmanInformed,
        AgencyInfoReturned,
        MeetingHeld,
        VisitAgreed,
        VisitAgreementRefused,
        TreatyProcedureAssigned,
        CaseAssigned,
        *EVERY_SERVICE,
    ),
    "deadlines": (
        DeadlineStarted,
        DeadlineMoved,
        DeadlineNear,
        DeadlineMet,
        DeadlineMissed,
        DeadlineReopened,
        DeadlineDropped,
        FindingRaised,
        FindingCured,
        AlertDelivered,
        AlertFailed,
        AlertAcknowledged,
        AlertEscalated,
        CommandRefused,
        ChainMended,
    ),
    "publication": (
        ResponseDrafted,
        ResponseSent,
        ReportFiled,
        PublishedOnSite,
        VisitInvitationSent,
        TreatyBodyReplySent,
        *EVERY_SERVICE,
    ),
}
BY_NAME: dict[str, type[Event]] = {kind.__name__: kind for kinds in BY_SERVICE.values() for kind in kinds}
