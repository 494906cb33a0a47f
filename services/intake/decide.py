"""What comes in: each function takes a command on a case and gives the event that records it, or refuses.

What merely breaks a rule is recorded as it was: *deadlines* then raises a finding.
"""

from collections.abc import Callable
from datetime import date
from typing import Any

from jauap.domain import case_ids, checks, refusals
from jauap.domain.case import CALENDAR, Case, asked_on, corrected, letter_of, merged_into
from jauap.domain.checks import Context
from jauap.domain.commands import (
    CorrectCommunication,
    DeclineAgencyInfo,
    EndVisitProposal,
    ExtendTreatyBodyTerm,
    GrantReplyExtension,
    IntakeCommand,
    MergeCase,
    ProposeVisit,
    ReceiveCalendarAct,
    ReceiveCommunication,
    ReceiveTreatyBodyRequest,
    RecordOHCHRPublication,
    RecordVisitStage,
    SubmitAgencyInfo,
    WithdrawIntakeEntry,
)
from jauap.domain.events import (
    AgencyInfoDeclined,
    AgencyInfoSubmitted,
    CalendarActReceived,
    CaseMerged,
    CommunicationCorrected,
    CommunicationForwarded,
    CommunicationReceived,
    EntryWithdrawn,
    IntakeFact,
    MeetingHeld,
    OHCHRPublished,
    OmbudsmanInformed,
    PublishedOnSite,
    ReplyExtensionGranted,
    ResponseDrafted,
    ResponseSent,
)
from jauap.domain.facts import Communication
from jauap.domain.workdays import day_in_kazakhstan
from services.intake import treaty, visits

ANY_STATE = "ANY"


def receive_communication(case: Case, command: ReceiveCommunication, context: Context) -> CommunicationReceived:
    """14-5(1): a letter starts a case once, under the id that its reference or registry number makes."""
    checks.not_the_calendar(case)
    if merged_into(case) is not None:
        raise refusals.CaseIsMerged("case_id")
    if letter_of(case) is not None:
        raise refusals.AlreadyReceived("case_id")
    if case.case_id != _id_of(command):
        raise refusals.WrongCaseId("case_id")
    if context.state not in (ANY_STATE, command.state):
        raise refusals.OtherState("state")
    _can_be_true(command, context)
    _comes_first(case, None if command.receipt_assumed else command.received_on, command.letter_date)
    checks.stored(context, command.documents)
    return checks.fact(CommunicationReceived, command)


def correct_communication(case: Case, command: CorrectCommunication, context: Context) -> CommunicationCorrected:
    """14-5(1), 14-8(1): what the entry should have said; the day of receipt, given, confirms an assumed one."""
    letter = checks.letter(case)
    for at, name in enumerate(command.cleared):
        if getattr(command, name) is not None:
            raise refusals.GivenAndCleared(f"cleared[{at}]")
    correction = checks.fact(CommunicationCorrected, command)
    communication = corrected(letter, case.intake.last + 1, correction).communication
    if communication == letter.communication:
        raise refusals.NothingToCorrect
    if communication.reference is None and communication.registry_number is None:
        raise refusals.NoIdentity("cleared")
    _can_be_true(communication, context)
    _comes_first(case, command.received_on, command.letter_date)
    checks.stored(context, command.documents or ())
    return correction


def grant_reply_extension(case: Case, command: GrantReplyExtension, context: Context) -> ReplyExtensionGranted:
    """14-8(1): the UN's agreement makes a later date the stated one; the original stays on record."""
    letter = checks.letter(case)
    since = letter.communication.letter_date or checks.arrival(letter)
    checks.happened(context, "granted_on", command.granted_on, since)
    if since is not None and command.reply_due < since:
        raise refusals.BeforeItsCause("reply_due")
    checks.stored(context, command.documents)
    return checks.once(case.intake, checks.fact(ReplyExtensionGranted, command))


def submit_agency_info(case: Case, command: SubmitAgencyInfo, context: Context) -> AgencyInfoSubmitted:
    """14-7(1): a body that was asked supplies its information; whoever signed it is recorded.

    A correction stands in the place of earlier information of the same body, and may keep its number.
    """
    checks.letter(case)
    asked = _asked(case, command.body, context)
    checks.happened(context, "submitted_on", command.submitted_on, asked)
    checks.questions(case, command.body, "answers", command.answers)
    if command.corrects is not None:
        corrected_info = case.intake.get(command.corrects, AgencyInfoSubmitted)
        if corrected_info is None or corrected_info.body != command.body:
            raise refusals.UnknownEntry("corrects")
    checks.new_number("number", command.number, _numbers(case, command.body, besides=command.corrects))
    checks.stored(context, command.documents)
    return checks.once(case.intake, checks.fact(AgencyInfoSubmitted, command))


def decline_agency_info(case: Case, command: DeclineAgencyInfo, context: Context) -> AgencyInfoDeclined:
    """Practice: a body that was asked says that the matter is not its own, and may say whose it is."""
    checks.letter(case)
    asked = _asked(case, command.body, context)
    checks.happened(context, "declined_on", command.declined_on, asked)
    if command.competent_body is not None:
        checks.known_body(context, "competent_body", command.competent_body)
    if command.competent_body == command.body:
        raise refusals.ItselfCompetent("competent_body")
    checks.new_number("number", command.number, _numbers(case, command.body))
    checks.stored(context, command.documents)
    return checks.once(case.intake, checks.fact(AgencyInfoDeclined, command))


def record_ohchr_publication(case: Case, command: RecordOHCHRPublication, context: Context) -> OHCHRPublished:
    """14-8(2): OHCHR publishes the communication once, and each response once; each starts its own term."""
    letter = checks.letter(case)
    earlier = [(published.what, published.response) for _, published in case.intake.of(OHCHRPublished)]
    if command.what == "communication":
        checks.names_no_response(command.response)
        checks.happened(context, "published_on", command.published_on, letter.communication.letter_date)
        if ("communication", None) in earlier:
            raise refusals.AlreadyRecorded("what")
        return checks.fact(OHCHRPublished, command)
    at, sent = checks.the_response(case, command.response)
    checks.happened(context, "published_on", command.published_on, sent.sent_on)
    if ("response", at) in earlier:
        raise refusals.AlreadyRecorded("response")
    return checks.fact(OHCHRPublished, command, response=at)


def merge_case(case: Case, command: MergeCase, _: Context) -> CaseMerged:
    """Practice: a duplicate is closed in favour of the case of its kind that goes on."""
    checks.on_record(case)
    if command.into == case.case_id:
        raise refusals.SelfMerge("into")
    if command.into == CALENDAR:
        raise refusals.NotTheCalendar("into")
    if case_ids.kind(command.into) != case_ids.kind(case.case_id):
        raise refusals.OtherKindOfCase("into")
    return checks.fact(CaseMerged, command)


def receive_calendar_act(case: Case, command: ReceiveCalendarAct, context: Context) -> CalendarActReceived:
    """Law on holidays art. 5, Labour Code art. 84, 85: an act says once what it makes of each day."""
    if case.case_id != CALENDAR:
        raise refusals.NotTheCalendar("case_id")
    checks.happened(context, "known_on", command.known_on)
    if any(command.act == earlier.act for _, earlier in case.intake.of(CalendarActReceived)):
        raise refusals.AlreadyRecorded("act")
    days = [day.day for day in command.days]
    for at, day in enumerate(days):
        if day in days[:at]:
            raise refusals.DayNamedTwice(f"days[{at}].day")
    return checks.fact(CalendarActReceived, command)


def withdraw_entry(case: Case, command: WithdrawIntakeEntry, _: Context) -> EntryWithdrawn:
    """Practice: a wrong entry is withdrawn and stays visible; a merger too, which opens the case again."""
    checks.entry(case.intake, command.entry)
    return checks.fact(EntryWithdrawn, command)


COMMANDS: dict[type[IntakeCommand], Callable[[Case, Any, Context], IntakeFact | EntryWithdrawn]] = {
    ReceiveCommunication: receive_communication,
    CorrectCommunication: correct_communication,
    GrantReplyExtension: grant_reply_extension,
    SubmitAgencyInfo: submit_agency_info,
    DeclineAgencyInfo: decline_agency_info,
    RecordOHCHRPublication: record_ohchr_publication,
    MergeCase: merge_case,
    ReceiveCalendarAct: receive_calendar_act,
    ProposeVisit: visits.propose_visit,
    EndVisitProposal: visits.end_visit_proposal,
    RecordVisitStage: visits.record_visit_stage,
    ReceiveTreatyBodyRequest: treaty.receive_request,
    ExtendTreatyBodyTerm: treaty.extend_term,
    WithdrawIntakeEntry: withdraw_entry,
}


def decide(case: Case, command: IntakeCommand, context: Context) -> IntakeFact | EntryWithdrawn:
    """The event that records a command of intake; raises a Refusal."""
    return COMMANDS[type(command)](case, command, context)


def _id_of(communication: Communication) -> str:
    """The case id that the letter's identity makes."""
    try:
        case_id = case_ids.of_communication(communication)
    except ValueError:
        raise refusals.UnusableNumber("registry_number") from None
    if case_id is None:
        raise refusals.NoIdentity("reference")
    return case_id


def _can_be_true(letter: Communication, context: Context) -> None:
    """14-8(1): the letter's own days agree with each other, and it states one term that can be counted."""
    if letter.reference is not None and not letter.reference.startswith(f"{letter.state} "):
        raise refusals.OtherState("reference")
    if letter.letter_date is not None:
        checks.happened(context, "letter_date", letter.letter_date)
    checks.happened(context, "received_on", letter.received_on, letter.letter_date)
    if letter.received_at is not None and day_in_kazakhstan(letter.received_at) != letter.received_on:
        raise refusals.InstantOfAnotherDay("received_at")
    if letter.in_astana_on is not None:
        checks.happened(context, "in_astana_on", letter.in_astana_on, letter.received_on)
    if letter.reply_due is not None and letter.reply_within_days is not None:
        raise refusals.TwoTerms("reply_within_days")
    if letter.reply_within_days is not None and letter.letter_date is None:
        raise refusals.PeriodWithoutDate("letter_date")
    if letter.reply_due is not None and letter.letter_date is not None and letter.reply_due < letter.letter_date:
        raise refusals.BeforeItsCause("reply_due")


def _comes_first(case: Case, received_on: date | None, letter_date: date | None) -> None:
    """No fact on record lies before the given days of the letter that it follows from (None: not given)."""
    after_receipt = [
        *(forwarding.forwarded_on for _, forwarding in case.routing.of(CommunicationForwarded)),
        *(notice.informed_on for _, notice in case.routing.of(OmbudsmanInformed)),
        *(meeting.held_on for _, meeting in case.routing.of(MeetingHeld)),
        *(draft.drafted_on for _, draft in case.publication.of(ResponseDrafted)),
        *(response.sent_on for _, response in case.publication.of(ResponseSent)),
        *(page.published_on for _, page in case.publication.of(PublishedOnSite)),
    ]
    after_writing = [
        *after_receipt,
        *(min(grant.granted_on, grant.reply_due) for _, grant in case.intake.of(ReplyExtensionGranted)),
        *(published.published_on for _, published in case.intake.of(OHCHRPublished)),
    ]
    if received_on is not None and any(day < received_on for day in after_receipt):
        raise refusals.BeforeItsCause("received_on")
    if letter_date is not None and any(day < letter_date for day in after_writing):
        raise refusals.BeforeItsCause("letter_date")


def _asked(case: Case, body: str, context: Context) -> date:
    """14-5(1): the first day on which a body was asked; BodyNotAsked if it was not."""
    checks.known_body(context, "body", body)
    day = asked_on(case, body)
    if day is None:
        raise refusals.BodyNotAsked("body")
    return day


def _numbers(case: Case, body: str, besides: int | None = None) -> list[str | None]:
    """The body's own numbers of all that it sent in this case, besides the entry that is being corrected."""
    return [
        *(info.number for at, info in case.intake.of(AgencyInfoSubmitted) if info.body == body and at != besides),
        *(decline.number for _, decline in case.intake.of(AgencyInfoDeclined) if decline.body == body),
    ]
