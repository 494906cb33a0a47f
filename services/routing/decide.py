"""What goes between bodies: each function takes a command on a case and gives the event that records it, or refuses.

What merely breaks a rule is recorded as it was: *deadlines* then raises a finding.
"""

from collections.abc import Callable
from typing import Any

from jauap.domain import case as cases
from jauap.domain import checks, refusals
from jauap.domain.case import Case
from jauap.domain.checks import Context
from jauap.domain.commands import (
    AgreeToVisit,
    AssignCase,
    AssignTreatyProcedure,
    ForwardCommunication,
    InformOmbudsman,
    RecordMeeting,
    RefuseVisit,
    ReturnAgencyInfo,
    RoutingCommand,
    WithdrawRoutingEntry,
)
from jauap.domain.events import (
    AgencyInfoReturned,
    AgencyInfoSubmitted,
    CaseAssigned,
    CommunicationForwarded,
    EntryWithdrawn,
    MeetingHeld,
    OmbudsmanInformed,
    RoutingFact,
)
from services.routing import treaty, visits


def forward_communication(case: Case, command: ForwardCommunication, context: Context) -> CommunicationForwarded:
    """14-5(1): the letter goes to the competent bodies; a body may be asked again, with more questions."""
    letter = checks.letter(case)
    checks.each_body_once(context, [(f"bodies[{at}].body", to.body) for at, to in enumerate(command.bodies)])
    checks.happened(context, "forwarded_on", command.forwarded_on, checks.arrival(letter))
    for at, to in enumerate(command.bodies):
        if to.due is not None and to.due < command.forwarded_on:
            raise refusals.BeforeItsCause(f"bodies[{at}].due")
    earlier = [forwarding.note_number for _, forwarding in case.routing.of(CommunicationForwarded)]
    checks.new_number("note_number", command.note_number, earlier)
    checks.stored(context, command.documents)
    return checks.once(case.routing, checks.fact(CommunicationForwarded, command))


def inform_ombudsman(case: Case, command: InformOmbudsman, context: Context) -> OmbudsmanInformed:
    """14-5(2): the letter goes to the Ombudsman, for information; the term runs from receipt, not from forwarding."""
    letter = checks.letter(case)
    checks.happened(context, "informed_on", command.informed_on, checks.arrival(letter))
    earlier = [notice.note_number for _, notice in case.routing.of(OmbudsmanInformed)]
    checks.new_number("note_number", command.note_number, earlier)
    checks.stored(context, command.documents)
    return checks.once(case.routing, checks.fact(OmbudsmanInformed, command))


def return_agency_info(case: Case, command: ReturnAgencyInfo, context: Context) -> AgencyInfoReturned:
    """Practice, for 14-6: incomplete information goes back to its body once, with what is missing."""
    checks.letter(case)
    info = case.intake.get(command.info, AgencyInfoSubmitted)
    if info is None or info.body != command.body:
        raise refusals.UnknownEntry("info")
    if any(command.info == earlier.info for _, earlier in case.routing.of(AgencyInfoReturned)):
        raise refusals.AlreadyRecorded("info")
    checks.happened(context, "returned_on", command.returned_on, info.submitted_on)
    checks.questions(case, command.body, "missing", command.missing)
    if command.due is not None and command.due < command.returned_on:
        raise refusals.BeforeItsCause("due")
    checks.stored(context, command.documents)
    return checks.fact(AgencyInfoReturned, command)


def record_meeting(case: Case, command: RecordMeeting, context: Context) -> MeetingHeld:
    """14-7(2): who met, at what level, and which bodies are interested; a meeting too low is recorded as it was."""
    letter = checks.letter(case)
    for at, participant in enumerate(command.participants):
        checks.known_body(context, f"participants[{at}].body", participant.body)
    checks.each_body_once(context, [(f"interested[{at}]", body) for at, body in enumerate(command.interested)])
    checks.happened(context, "held_on", command.held_on, checks.arrival(letter))
    checks.stored(context, command.documents)
    return checks.once(case.routing, checks.fact(MeetingHeld, command))


def assign_case(case: Case, command: AssignCase, context: Context) -> CaseAssigned:
    """Practice: any case on record gets its officer and deputy; who has it already does not get it again."""
    checks.on_record(case)
    checks.happened(context, "assigned_on", command.assigned_on)
    if command.deputy == command.officer:
        raise refusals.OwnDeputy("deputy")
    present = cases.assignment_of(case)
    if present is not None and (present.officer, present.deputy) == (command.officer, command.deputy):
        raise refusals.AlreadyRecorded
    return checks.fact(CaseAssigned, command)


def withdraw_entry(case: Case, command: WithdrawRoutingEntry, _: Context) -> EntryWithdrawn:
    """Practice: a wrong entry is withdrawn and stays visible; clocks and findings follow."""
    checks.entry(case.routing, command.entry)
    return checks.fact(EntryWithdrawn, command)


COMMANDS: dict[type[RoutingCommand], Callable[[Case, Any, Context], RoutingFact | EntryWithdrawn]] = {
    ForwardCommunication: forward_communication,
    InformOmbudsman: inform_ombudsman,
    ReturnAgencyInfo: return_agency_info,
    RecordMeeting: record_meeting,
    AgreeToVisit: visits.agree_to_visit,
    RefuseVisit: visits.refuse_visit,
    AssignTreatyProcedure: treaty.assign_procedure,
    AssignCase: assign_case,
    WithdrawRoutingEntry: withdraw_entry,
}


def decide(case: Case, command: RoutingCommand, context: Context) -> RoutingFact | EntryWithdrawn:
    """The event that records a command of routing; raises a Refusal."""
    return COMMANDS[type(command)](case, command, context)
