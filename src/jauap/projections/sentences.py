"""History as prose: one English sentence for each event, naming its paragraph and no private person.

Officials who sign are named: that is the law's point. A neutral reason that was given is repeated.
"""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from jauap.domain.events import (
    AgencyInfoDeclined,
    AgencyInfoReturned,
    AgencyInfoSubmitted,
    AlertAcknowledged,
    AlertDelivered,
    AlertEscalated,
    AlertFailed,
    CalendarActReceived,
    CaseAssigned,
    CaseMerged,
    ChainMended,
    CommandRefused,
    CommunicationCorrected,
    CommunicationForwarded,
    CommunicationReceived,
    DeadlineDropped,
    DeadlineMet,
    DeadlineMissed,
    DeadlineMoved,
    DeadlineNear,
    DeadlineReopened,
    DeadlineStarted,
    EntryWithdrawn,
    Event,
    FindingCured,
    FindingRaised,
    MeetingHeld,
    OHCHRPublished,
    OmbudsmanInformed,
    PublishedOnSite,
    ReplyExtensionGranted,
    ReportFiled,
    ResponseDrafted,
    ResponseSent,
    TreatyBodyReplySent,
    TreatyBodyRequestReceived,
    TreatyBodyTermExtended,
    TreatyProcedureAssigned,
    VisitAgreed,
    VisitAgreementRefused,
    VisitInvitationSent,
    VisitProposalEnded,
    VisitProposed,
    VisitStageReached,
)
from jauap.domain.facts import AlertChannel, Signatory
from jauap.domain.rules import DECREE

STATED = "stated/1"
DAYS: dict[type[Event], str] = {
    CommunicationReceived: "received_on",
    ReplyExtensionGranted: "granted_on",
    AgencyInfoSubmitted: "submitted_on",
    AgencyInfoDeclined: "declined_on",
    OHCHRPublished: "published_on",
    CalendarActReceived: "known_on",
    CommunicationForwarded: "forwarded_on",
    OmbudsmanInformed: "informed_on",
    AgencyInfoReturned: "returned_on",
    MeetingHeld: "held_on",
    CaseAssigned: "assigned_on",
    ResponseDrafted: "drafted_on",
    ResponseSent: "sent_on",
    ReportFiled: "filed_on",
    PublishedOnSite: "published_on",
    VisitProposed: "proposed_on",
    VisitProposalEnded: "ended_on",
    VisitStageReached: "reached_on",
    VisitAgreed: "agreed_on",
    VisitAgreementRefused: "refused_on",
    VisitInvitationSent: "sent_on",
    TreatyBodyRequestReceived: "received_on",
    TreatyBodyTermExtended: "granted_on",
    TreatyProcedureAssigned: "assigned_on",
    TreatyBodyReplySent: "sent_on",
    DeadlineStarted: "starts_on",
    DeadlineMet: "met_on",
    DeadlineMissed: "due",
    AlertDelivered: "delivered_on",
    AlertFailed: "failed_on",
    AlertAcknowledged: "acknowledged_on",
}
"""The field that holds an event's own day, where it has one."""


def sentence(event: Event) -> str:
    """What an event says, in one sentence."""
    return SENTENCES[type(event)](event)


def communication_received(event: CommunicationReceived) -> str:
    """14-5(1), and the term that the letter states, 14-8(1)."""
    name = " ".join(part for part in (event.communication_type, event.reference or event.registry_number) if part)
    assumed = " (assumed)" if event.receipt_assumed else ""
    due = f"; it asks for a response by {event.reply_due}" if event.reply_due else ""
    if event.reply_within_days is not None:
        due = f"; it asks for a response within {event.reply_within_days} days"
    if due:
        due += _under("14-8(1)", event.received_on)
    return f"The MFA received {name} on {event.received_on}{assumed}{_under('14-5(1)', event.received_on)}{due}."


def communication_corrected(event: CommunicationCorrected) -> str:
    """Practice; clocks of 14-5 and 14-8 follow."""
    given = [
        name
        for name in event.__struct_fields__
        if name not in ("cleared", "reason") and getattr(event, name) is not None
    ]
    return f"The entry of the communication was corrected ({_list([*given, *event.cleared])}): {_plain(event.reason)}."


def reply_extension_granted(event: ReplyExtensionGranted) -> str:
    """14-8(1)."""
    return f"The UN agreed on {event.granted_on} to a response by {event.reply_due}, 14-8(1)."


def agency_info_submitted(event: AgencyInfoSubmitted) -> str:
    """14-7(1)."""
    answers = f" on {_questions(event.answers)}" if event.answers else ""
    place = f" in the place of intake:{event.corrects}" if event.corrects else ""
    return (
        f"{event.body} supplied its information{answers}{place} on {event.submitted_on}, signed by "
        f"{_by(event.signatory)}, 14-7(1)."
    )


def agency_info_declined(event: AgencyInfoDeclined) -> str:
    """Practice."""
    other = f", but that of {event.competent_body}" if event.competent_body else ""
    return f"{event.body} said on {event.declined_on} that the matter is not its own{other} (practice)."


def ohchr_published(event: OHCHRPublished) -> str:
    """14-8(2)."""
    under = _under("14-8(2)", event.published_on)
    return f"OHCHR published {_what(event.what, event.response)} on {event.published_on}{under}."


def case_merged(event: CaseMerged) -> str:
    """Practice."""
    return f"The case is a duplicate and goes on as {event.into}: {_plain(event.reason)} (practice)."


def calendar_act_received(event: CalendarActReceived) -> str:
    """What days are working days."""
    return f"The calendar took in {_plain(event.title)}, known since {event.known_on}."


def communication_forwarded(event: CommunicationForwarded) -> str:
    """14-5(1); a date asked for is practice."""
    bodies = _list(f"{to.body} (asked by {to.due})" if to.due else to.body for to in event.bodies)
    under = _under("14-5(1)", event.forwarded_on)
    return f"The MFA forwarded the communication to {bodies} on {event.forwarded_on}{under}."


def ombudsman_informed(event: OmbudsmanInformed) -> str:
    """14-5(2)."""
    return f"The MFA sent the communication to the Ombudsman for information on {event.informed_on}, 14-5(2)."


def agency_info_returned(event: AgencyInfoReturned) -> str:
    """Practice, for 14-6."""
    missing = f", with {_questions(event.missing)} open" if event.missing else ""
    due = f", asking for it by {event.due}" if event.due else ""
    return (
        f"The MFA returned information (intake:{event.info}) to {event.body} on {event.returned_on}{missing}{due}: "
        f"{_plain(event.reason)} (practice, for 14-6)."
    )


def meeting_held(event: MeetingHeld) -> str:
    """14-7(2)."""
    bodies = _list(dict.fromkeys(participant.body for participant in event.participants))
    return f"A meeting on the draft response was held on {event.held_on} with {bodies}, 14-7(2)."


def case_assigned(event: CaseAssigned) -> str:
    """Practice."""
    deputy = f", with {event.deputy} as deputy" if event.deputy else ", without a deputy"
    why = f": {_plain(event.reason)}" if event.reason else ""
    return f"The case is {event.officer}'s from {event.assigned_on}{deputy}{why} (practice)."


def response_drafted(event: ResponseDrafted) -> str:
    """14-6."""
    basis = _list(f"intake:{at}" for at in event.rests_on)
    return f"A response was drafted on {event.drafted_on}, resting on {basis or 'no information'}, 14-6."


def response_sent(event: ResponseSent) -> str:
    """14-8(1)."""
    name = {"acknowledgement": "an acknowledgement", "interim": "an interim reply", "full": "the full response"}[
        event.kind
    ]
    how = [
        f"through {event.channel} channels" if event.channel else None,
        f"signed by {_by(event.signatory)}" if event.signatory else None,
        f"in the language '{event.language}'" if event.language else None,
        "as the public record has it" if event.public_record else None,
    ]
    under = " (practice)" if event.kind == "acknowledgement" else _under("14-8(1)", event.sent_on)
    return f"The MFA sent {', '.join([f'{name} on {event.sent_on}', *filter(None, how)])}{under}."


def report_filed(event: ReportFiled) -> str:
    """14-9."""
    to, paragraph = {
        "administration": ("Presidential Administration", "14-9(1)"),
        "ombudsman": ("Ombudsman", "14-9(2)"),
    }[event.recipient]
    about = "" if event.response is None else f" on response publication:{event.response}"
    return f"The MFA sent its report{about} to the {to} on {event.filed_on}, {paragraph}."


def published_on_site(event: PublishedOnSite) -> str:
    """14-8(2)."""
    return f"The MFA published {_what(event.what, event.response)} on its site on {event.published_on}, 14-8(2)."


BASES = {
    "competent-body": "as a body competent in its subject",
    "mfa-initiative": "on its own initiative",
    "ombudsman": "as the Ombudsman",
}
STAGES = {
    "requested": "was requested",
    "reminder": "was asked for again (reminder)",
    "acknowledged": "was acknowledged as requested, not accepted",
    "invited": "was invited",
    "accepted": "was accepted",
    "declined": "was declined",
    "postponed": "was postponed",
    "dates-proposed": "had dates proposed",
    "agreed": "had dates agreed",
    "completed": "was completed",
    "report-published": "had its report published",
}
"""OHCHR's word for a stage, as the end of a sentence about the visit."""


def visit_proposed(event: VisitProposed) -> str:
    """14-10."""
    under = _under("14-10", event.proposed_on)
    return (
        f"{event.proposed_by} proposed on {event.proposed_on}, {BASES[event.basis]}, to invite "
        f"{_list(map(_plain, event.mandates))} to visit Kazakhstan{under}."
    )


def visit_proposal_ended(event: VisitProposalEnded) -> str:
    """Practice."""
    return (
        f"The proposal intake:{event.proposal} of a visit ended on {event.ended_on}: {_plain(event.reason)} (practice)."
    )


def visit_stage_reached(event: VisitStageReached) -> str:
    """Practice."""
    first = f" from {event.visit_from}" if event.visit_from else ""
    last = f" until {event.visit_until}" if event.visit_until else ""
    return (
        f"On {event.reached_on} the visit {STAGES[event.stage]}{first}{last} (OHCHR's word: {event.stage}; practice)."
    )


def visit_agreed(event: VisitAgreed) -> str:
    """14-10."""
    return f"{event.body} agreed on {event.agreed_on} to the visit proposed in intake:{event.proposal}, 14-10."


def visit_agreement_refused(event: VisitAgreementRefused) -> str:
    """14-10."""
    return (
        f"{event.body} refused on {event.refused_on} to agree to the visit proposed in intake:{event.proposal}: "
        f"{_plain(event.reason)}, 14-10."
    )


def visit_invitation_sent(event: VisitInvitationSent) -> str:
    """14-10."""
    whose = "in the name of Kazakhstan" if event.in_the_name_of_kazakhstan else "not in the name of Kazakhstan"
    basis = "resting on no proposal" if event.proposal is None else f"resting on intake:{event.proposal}"
    to = f" to {_list(map(_plain, event.mandates))}" if event.mandates else ""
    return (
        f"The MFA sent an invitation to visit{to} on {event.sent_on} through {event.channel} channels, {whose}, "
        f"{basis}{_under('14-10', event.sent_on)}."
    )


PROCEDURES = {
    "state-report": "a State report",
    "list-of-issues": "a list of issues",
    "follow-up": "a request to follow up on concluding observations",
    "individual-communication": "an individual communication",
    "views": "views on an individual communication",
    "inquiry": "a request in an inquiry",
    "urgent-action": "a request for urgent action",
    "visit-report": "a report on a visit",
}


def treaty_body_request_received(event: TreatyBodyRequestReceived) -> str:
    """14-11, and the term that the document states."""
    name = event.reference or event.registry_number
    about = f" ({name})" if name else ""
    under = f" under {event.instrument}" if event.instrument else ""
    within = [
        f"; it asks for a reply by {event.reply_due}" if event.reply_due else "",
        f"; it asks for a reply within {event.reply_within_days} days" if event.reply_within_days else "",
        f"; it asks for a reply within {event.reply_within_months} months" if event.reply_within_months else "",
        "; it asks for interim measures" if event.interim_measures else "",
        f", and to hear of them by {event.interim_measures_due}" if event.interim_measures_due else "",
    ]
    return (
        f"{event.treaty_body} sent {PROCEDURES[event.procedure]}{about}{under}, received on {event.received_on}"
        f"{''.join(within)}{_under('14-11', event.received_on)}."
    )


def treaty_body_term_extended(event: TreatyBodyTermExtended) -> str:
    """Practice."""
    return (
        f"The treaty body agreed on {event.granted_on} to a reply to intake:{event.request} by {event.reply_due} "
        "(practice)."
    )


def treaty_procedure_assigned(event: TreatyProcedureAssigned) -> str:
    """A fact of each procedure: 14-11 names no lead."""
    transmits = f", {event.transmitter} transmits" if event.transmitter else ""
    others = f", {_list(event.taking_part)} {'take' if len(event.taking_part) > 1 else 'takes'} part"
    return (
        f"It was decided on {event.assigned_on} that {event.lead} leads the procedure{transmits}"
        f"{others if event.taking_part else ''} (14-11 names no lead)."
    )


def treaty_body_reply_sent(event: TreatyBodyReplySent) -> str:
    """14-11."""
    name = {"acknowledgement": "an acknowledgement", "interim": "an interim reply", "full": "the full reply"}[
        event.kind
    ]
    what = {"request": "", "interim-measures": " on the interim measures", "both": " and on the interim measures"}
    words = f", {event.words} words" if event.words is not None else ""
    under = " (practice)" if event.kind == "acknowledgement" else _under("14-11", event.sent_on)
    return (
        f"{event.sent_by} sent {name} to intake:{event.request}{what[event.answers]} on {event.sent_on}{words}{under}."
    )


def entry_withdrawn(event: EntryWithdrawn) -> str:
    """Practice; clocks and findings follow."""
    return f"Entry {event.entry} of this service was withdrawn: {_plain(event.reason)} (practice)."


def chain_mended(event: ChainMended) -> str:
    """Design, not the decree."""
    return (
        f"An operator mended the chain that was broken at offset {event.break_offset}: {_plain(event.reason)} "
        "(not in the decree)."
    )


def command_refused(event: CommandRefused) -> str:
    """A refusal names the rule, never the value."""
    field = f" ({event.field})" if event.field else ""
    paragraph = f", {event.paragraph}" if event.paragraph else ""
    return f"{event.command} was refused{field}: {_plain(event.message)}{paragraph}."


def deadline_started(event: DeadlineStarted) -> str:
    """The clock's own paragraph, or practice."""
    interim = event.paragraph is None and event.clock.startswith("14-9")
    reading = " (practice: the safe reading of an interim reply)" if interim else ""
    if not event.verified:
        reading = " (by a default that was not verified)"
    if event.policy == STATED:  # nothing is counted, so nothing runs from a day
        return f"{_clock(event.clock)} {_end(event.due, event.safe, event.absent)}."
    return (
        f"{_clock(event.clock)}{reading} runs from {event.starts_on} and {_end(event.due, event.safe, event.absent)}."
    )


def deadline_moved(event: DeadlineMoved) -> str:
    """The clock's own paragraph, or practice."""
    before = f" instead of {event.previous}" if event.previous and event.previous != event.due else ""
    earlier = ", which is earlier" if event.earlier else ""
    by = f"by the calendar act {_list(event.because)}" if event.because else f"by {event.basis}"
    return f"{_clock(event.clock)} now {_end(event.due, event.safe, event.absent)}{before}{earlier}, {by}."


def deadline_near(event: DeadlineNear) -> str:
    """The clock's own paragraph, or practice."""
    if event.step <= 0:
        when = "today is the day to act by" if event.step == 0 else "the day to act by has passed"
        return f"{_clock(event.clock)} {_end(event.due, event.safe, None)}: {when}."
    days = event.working_days_left
    if days is None:
        return f"{_clock(event.clock)} {_end(event.due, event.safe, None)}: it is near; a calendar is not loaded."
    unit = "working day is" if days == 1 else "working days are"
    return f"{_clock(event.clock)} {_end(event.due, event.safe, None)}: {days} {unit} left."


def deadline_met(event: DeadlineMet) -> str:
    """The clock's own paragraph, or practice."""
    how = "met late" if event.late else "met"
    return f"{_clock(event.clock)} was {how} on {event.met_on}, by {event.met_by}."


def deadline_missed(event: DeadlineMissed) -> str:
    """The clock's own paragraph, or practice."""
    return f"{_clock(event.clock)} was missed: it ended on {event.due}."


def deadline_reopened(event: DeadlineReopened) -> str:
    """The clock's own paragraph, or practice."""
    return f"{_clock(event.clock)} is open again, by {event.basis}."


def deadline_dropped(event: DeadlineDropped) -> str:
    """The clock's own paragraph, or practice."""
    return f"{_clock(event.clock)} has no ground any more and was dropped."


def finding_raised(event: FindingRaised) -> str:
    """The finding's own paragraph, or practice."""
    about = f" about {event.body}" if event.body else ""
    expected, found = _plain(event.expected), _plain(event.found)
    under = f"under {event.paragraph}" if event.paragraph else "(practice, not the decree)"
    return f"A finding{about} was raised {under}: expected: {expected}; found: {found}."


def finding_cured(event: FindingCured) -> str:
    """The finding names its ground; its paragraph stands where it was raised."""
    if event.cured_on is not None:
        return f"The finding {event.finding} is cured: it was done late, on {event.cured_on}, by {event.cured_by}."
    return f"The finding {event.finding} has no ground any more."


def alert_delivered(event: AlertDelivered) -> str:
    """Practice."""
    return (
        f"{event.recipient} was told of step {event.alert} by {_way(event.channel)} on {event.delivered_on} (practice)."
    )


def alert_failed(event: AlertFailed) -> str:
    """Practice."""
    return (
        f"{event.recipient} could not be told of step {event.alert} by {_way(event.channel)} on {event.failed_on}"
        f" (attempt {event.attempt}): {event.fault} (practice)."
    )


def alert_acknowledged(event: AlertAcknowledged) -> str:
    """Practice."""
    return f"{event.by} took notice of step {event.alert} on {event.acknowledged_on} (practice)."


def alert_escalated(event: AlertEscalated) -> str:
    """Practice."""
    return (
        f"{_clock(event.clock)}: nobody took notice of step {event.alert}, sent or tried first on {event.told_on}; it"
        f" goes to level {event.level} (practice)."
    )


SENTENCES: dict[type[Event], Callable[[Any], str]] = {
    CommunicationReceived: communication_received,
    CommunicationCorrected: communication_corrected,
    ReplyExtensionGranted: reply_extension_granted,
    AgencyInfoSubmitted: agency_info_submitted,
    AgencyInfoDeclined: agency_info_declined,
    OHCHRPublished: ohchr_published,
    CaseMerged: case_merged,
    CalendarActReceived: calendar_act_received,
    CommunicationForwarded: communication_forwarded,
    OmbudsmanInformed: ombudsman_informed,
    AgencyInfoReturned: agency_info_returned,
    MeetingHeld: meeting_held,
    CaseAssigned: case_assigned,
    ResponseDrafted: response_drafted,
    ResponseSent: response_sent,
    ReportFiled: report_filed,
    PublishedOnSite: published_on_site,
    VisitProposed: visit_proposed,
    VisitProposalEnded: visit_proposal_ended,
    VisitStageReached: visit_stage_reached,
    VisitAgreed: visit_agreed,
    VisitAgreementRefused: visit_agreement_refused,
    VisitInvitationSent: visit_invitation_sent,
    TreatyBodyRequestReceived: treaty_body_request_received,
    TreatyBodyTermExtended: treaty_body_term_extended,
    TreatyProcedureAssigned: treaty_procedure_assigned,
    TreatyBodyReplySent: treaty_body_reply_sent,
    EntryWithdrawn: entry_withdrawn,
    ChainMended: chain_mended,
    CommandRefused: command_refused,
    DeadlineStarted: deadline_started,
    DeadlineMoved: deadline_moved,
    DeadlineNear: deadline_near,
    DeadlineMet: deadline_met,
    DeadlineMissed: deadline_missed,
    DeadlineReopened: deadline_reopened,
    DeadlineDropped: deadline_dropped,
    FindingRaised: finding_raised,
    FindingCured: finding_cured,
    AlertDelivered: alert_delivered,
    AlertFailed: alert_failed,
    AlertAcknowledged: alert_acknowledged,
    AlertEscalated: alert_escalated,
}


def _under(paragraph: str, day: date) -> str:
    """The paragraph that a fact falls under: none before the decree was in force."""
    return f", {paragraph}" if day >= DECREE else ""


def _list(words: Iterable[str]) -> str:
    *most, last = list(words) or [""]
    return f"{', '.join(most)} and {last}" if most else last


def _questions(numbers: tuple[str, ...]) -> str:
    return f"question{'s' if len(numbers) > 1 else ''} {_list(numbers)}"


def _plain(text: str) -> str:
    """Someone's own line, so that it can stand within a sentence."""
    return text.rstrip(". ")


def _by(signatory: Signatory) -> str:
    order = f", order {signatory.order}" if signatory.order else ""
    return f"{signatory.name}, {signatory.position} ({signatory.capacity}{order})"


def _way(channel: AlertChannel) -> str:
    return "e-mail" if channel == "email" else channel


def _what(what: str, response: int | None) -> str:
    return f"response publication:{response}" if response is not None else f"the {what}"


def _clock(clock: str) -> str:
    """`14-9(1)/5` is the term of 14-9(1) for response publication:5, `asked/MIA` the date asked of a body."""
    kind, _, about = clock.partition("/")
    if kind == "asked":
        return f"The date asked of {about} (practice)"
    if kind == "14-11":
        request, _, measures = about.partition("/")
        return f"The term of 14-11 for {'the interim measures of ' if measures else ''}request intake:{request}"
    response = about.removeprefix("response/")
    about = f"response publication:{response}" if response.isdigit() else about
    return f"The term of {kind} for {about}" if about else f"The term of {kind}"


def _end(due: date | None, safe: date | None, absent: str | None) -> str:
    if due is None:
        return f"has no due date: {_plain(absent or 'not known')}"
    return f"ends on {due}" + (f", to be met by {safe}" if safe and safe != due else "")
