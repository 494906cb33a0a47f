"""Cases, facts and commands for tests: each builder has a plain default for all but what matters to the test.

The builders of facts give events. `asking(SendResponse, a_response(kind="interim"))` makes the command with the
same content: commands and events share their fields.
"""

from collections import Counter
from collections.abc import Callable
from datetime import date
from typing import Any, TypeVar

import msgspec
import pytest

from jauap.domain import events
from jauap.domain.case import SERVICES, Case, Recorded, evolve
from jauap.domain.checks import Context
from jauap.domain.events import (
    AgencyInfoDeclined,
    AgencyInfoReturned,
    AgencyInfoSubmitted,
    CalendarActReceived,
    CaseAssigned,
    CaseMerged,
    CommunicationCorrected,
    CommunicationForwarded,
    CommunicationReceived,
    EntryWithdrawn,
    Event,
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
from jauap.domain.facts import CalendarDay, Document, ForwardedTo, Participant, Signatory, Value
from jauap.domain.refusals import Refusal

CASE = "KAZ-3-2026"
VISIT = "VISIT-03-12-2101"
PROCEDURE = "TB-CCPR-4321-2026"
TODAY = date(2026, 7, 1)
STORED = "a" * 64
MISSING = "b" * 64
ALTERED = "c" * 64

C = TypeVar("C", bound=Value)

Happened = Event | tuple[str, Event]


def day(text: str) -> date:
    """Read a day of 2026 from month and day, such as 05-14; a whole ISO date is taken as it is."""
    return date.fromisoformat(text if text.count("-") > 1 else f"2026-{text}")


def by(service: str, event: Event) -> tuple[str, Event]:
    """Say whose an event is that every service may write: a withdrawal, a refusal, a mending."""
    return service, event


def recorded(*history: Happened) -> list[Recorded]:
    """Number events per service from 1 on, in the order given; `by` says whose one is where that is not plain."""
    last: Counter[str] = Counter()
    numbered = []
    for item in history:
        service, event = item if isinstance(item, tuple) else (_service_of(item), item)
        last[service] += 1
        numbered.append(Recorded(service=service, sequence=last[service], event=event))
    return numbered


def given(*history: Happened, case_id: str = CASE) -> Case:
    """Fold events into a case; each service's events are numbered from 1 on in the order given."""
    case = Case(case_id=case_id)
    for item in recorded(*history):
        case = evolve(case, item)
    return case


def _service_of(event: Event) -> str:
    owners = [service for service in SERVICES if type(event) in events.BY_SERVICE[service]]
    if len(owners) != 1:
        msg = f"{type(event).__name__} may be of {owners}: say by(service, event)"
        raise ValueError(msg)
    return owners[0]


def asking(command: type[C], fact: Value) -> C:
    """Make the command that asks for a fact."""
    return command(**msgspec.structs.asdict(fact))


def a_context(**changes: Any) -> Context:
    """What decisions are given: 1 July 2026, Kazakhstan, a few bodies, one document of each state."""
    context = Context(
        today=TODAY,
        bodies=frozenset({"MFA", "MIA", "GPO", "MOJ", "OMBUDSMAN", "PA"}),
        documents={STORED: "stored", ALTERED: "altered"},
    )
    return msgspec.structs.replace(context, **changes)


def refused(
    decide: Callable[[Case, Any, Context], object], case: Case, command: object, **context: Any
) -> tuple[type[Refusal], str | None]:
    """Decide a command that must be refused, and tell the refusal and the field that it names."""
    with pytest.raises(Refusal) as caught:
        decide(case, command, a_context(**context))
    return type(caught.value), caught.value.field


def a_document(**changes: Any) -> Document:
    """A document that is in the store."""
    document = Document(sha256=STORED, size=12, media_type="application/pdf", title="Letter")
    return msgspec.structs.replace(document, **changes)


def a_signatory(**changes: Any) -> Signatory:
    """The first head of the MFA."""
    signatory = Signatory(name="A. Official", position="Minister", capacity="first-head")
    return msgspec.structs.replace(signatory, **changes)


def a_communication(**changes: Any) -> CommunicationReceived:
    """AL KAZ 3/2026 of 1 June 2026, in English, received on 3 June; it states no term."""
    letter = CommunicationReceived(
        reference="KAZ 3/2026",
        communication_type="AL",
        state="KAZ",
        language="en",
        letter_date=day("06-01"),
        received_on=day("06-03"),
    )
    return msgspec.structs.replace(letter, **changes)


def a_correction(**changes: Any) -> CommunicationCorrected:
    """A correction that says nothing but its reason."""
    return msgspec.structs.replace(CommunicationCorrected(reason="Entered wrongly"), **changes)


def an_extension(**changes: Any) -> ReplyExtensionGranted:
    """The UN agreed on 10 June to a response by 1 September 2026."""
    extension = ReplyExtensionGranted(granted_on=day("06-10"), reply_due=day("09-01"))
    return msgspec.structs.replace(extension, **changes)


def a_forwarding(*bodies: str | ForwardedTo, **changes: Any) -> CommunicationForwarded:
    """Forwarded on 5 June to the bodies named (the MIA unless said), with no questions and no date asked."""
    to = tuple(ForwardedTo(body=body) if isinstance(body, str) else body for body in bodies or ("MIA",))
    return msgspec.structs.replace(CommunicationForwarded(bodies=to, forwarded_on=day("06-05")), **changes)


def a_notice(**changes: Any) -> OmbudsmanInformed:
    """The Ombudsman was informed on 5 June."""
    return msgspec.structs.replace(OmbudsmanInformed(informed_on=day("06-05")), **changes)


def some_info(body: str = "MIA", **changes: Any) -> AgencyInfoSubmitted:
    """A body (the MIA unless said) supplied its information on 12 June, signed by its first head."""
    info = AgencyInfoSubmitted(body=body, submitted_on=day("06-12"), signatory=a_signatory())
    return msgspec.structs.replace(info, **changes)


def a_decline(body: str = "MIA", **changes: Any) -> AgencyInfoDeclined:
    """A body (the MIA unless said) answered on 12 June that the matter is not its own."""
    return msgspec.structs.replace(AgencyInfoDeclined(body=body, declined_on=day("06-12")), **changes)


def a_return(info: int = 1, body: str = "MIA", **changes: Any) -> AgencyInfoReturned:
    """Information, by its sequence in intake, went back to its body on 15 June."""
    back = AgencyInfoReturned(body=body, info=info, returned_on=day("06-15"), reason="Incomplete")
    return msgspec.structs.replace(back, **changes)


def a_participant(body: str = "MFA", **changes: Any) -> Participant:
    """A head of a structural unit (of the MFA unless said)."""
    participant = Participant(body=body, name="B. Official", position="Director", level="head-of-structural-unit")
    return msgspec.structs.replace(participant, **changes)


def a_meeting(*participants: Participant, **changes: Any) -> MeetingHeld:
    """A meeting on 18 June of heads of structural units of the MFA and the MIA; the MIA is interested."""
    meeting = MeetingHeld(
        held_on=day("06-18"),
        interested=("MIA",),
        participants=participants or (a_participant("MFA"), a_participant("MIA")),
    )
    return msgspec.structs.replace(meeting, **changes)


def an_assignment(officer: str = "OFFICER-7", deputy: str | None = "OFFICER-3", **changes: Any) -> CaseAssigned:
    """The case is an officer's from 4 June, with a deputy."""
    assigned = CaseAssigned(officer=officer, deputy=deputy, assigned_on=day("06-04"))
    return msgspec.structs.replace(assigned, **changes)


def a_draft(*rests_on: int, **changes: Any) -> ResponseDrafted:
    """A draft of 16 June that rests on information by its sequence in intake."""
    return msgspec.structs.replace(ResponseDrafted(drafted_on=day("06-16"), rests_on=rests_on), **changes)


def a_response(**changes: Any) -> ResponseSent:
    """A full response in English, sent on 22 June through diplomatic channels, signed by the first head."""
    response = ResponseSent(
        kind="full", sent_on=day("06-22"), signatory=a_signatory(), language="en", channel="diplomatic"
    )
    return msgspec.structs.replace(response, **changes)


def a_report(recipient: str = "administration", **changes: Any) -> ReportFiled:
    """A report of 25 June (to the Presidential Administration unless said) on the first entry of publication."""
    report = ReportFiled(recipient="administration", response=1, filed_on=day("06-25"))
    return msgspec.structs.replace(report, recipient=recipient, **changes)


def an_ohchr_publication(what: str = "communication", **changes: Any) -> OHCHRPublished:
    """OHCHR published the communication (unless said) on 24 June."""
    published = OHCHRPublished(what="communication", published_on=day("06-24"))
    return msgspec.structs.replace(published, what=what, **changes)


def a_site_publication(what: str = "communication", **changes: Any) -> PublishedOnSite:
    """The MFA published the communication (unless said) on its site on 26 June."""
    page = PublishedOnSite(what="communication", published_on=day("06-26"), address="https://mfa.example/1")
    return msgspec.structs.replace(page, what=what, **changes)


def a_merger(into: str = "KAZ-4-2026") -> CaseMerged:
    """The case was a duplicate of another one."""
    return CaseMerged(into=into, reason="Duplicate")


def a_calendar_act(*days: CalendarDay, **changes: Any) -> CalendarActReceived:
    """An act known since 1 January 2026; it makes a day off of 8 June 2026 unless said."""
    moved = CalendarDay(day=day("06-08"), becomes="moved-off", why="Order")
    act = CalendarActReceived(act="order-1-2026", title="An order", known_on=day("01-01"), days=days or (moved,))
    return msgspec.structs.replace(act, **changes)


def a_visit_proposal(basis: str = "competent-body", **changes: Any) -> VisitProposed:
    """Under MFA 03-12/2101 the MIA proposed a visit on 2 June; on another basis the MFA or the Ombudsman did.

    MIA and MOJ are competent.
    """
    proposal = VisitProposed(
        registry_number="03-12/2101",
        basis="competent-body",
        proposed_by={"mfa-initiative": "MFA", "ombudsman": "OMBUDSMAN"}.get(basis, "MIA"),
        competent_bodies=("MIA", "MOJ"),
        mandates=("Special Rapporteur on torture",),
        proposed_on=day("06-02"),
    )
    return msgspec.structs.replace(proposal, basis=basis, **changes)


def a_visit_proposals_end(proposal: int | None = 1, **changes: Any) -> VisitProposalEnded:
    """The proposal was taken back on 20 June."""
    end = VisitProposalEnded(proposal=proposal, ended_on=day("06-20"), reason="Taken back")
    return msgspec.structs.replace(end, **changes)


def a_visit_stage(stage: str = "requested", **changes: Any) -> VisitStageReached:
    """OHCHR requested the visit (unless said) on 1 June."""
    reached = VisitStageReached(stage="requested", reached_on=day("06-01"))
    return msgspec.structs.replace(reached, stage=stage, **changes)


def a_visit_agreement(body: str = "MFA", **changes: Any) -> VisitAgreed:
    """The MFA (unless said) agreed on 8 June to the first proposal."""
    return msgspec.structs.replace(VisitAgreed(proposal=1, body=body, agreed_on=day("06-08")), **changes)


def a_visit_refusal(body: str = "MFA", **changes: Any) -> VisitAgreementRefused:
    """The MFA (unless said) refused on 8 June to agree to the first proposal."""
    refusal = VisitAgreementRefused(proposal=1, body=body, refused_on=day("06-08"), reason="Another visit is due")
    return msgspec.structs.replace(refusal, **changes)


def a_visit_invitation(proposal: int | None = 1, **changes: Any) -> VisitInvitationSent:
    """On 15 June an invitation went out as 14-10 asks, on the first proposal."""
    invitation = VisitInvitationSent(
        proposal=proposal, sent_on=day("06-15"), channel="diplomatic", in_the_name_of_kazakhstan=True
    )
    return msgspec.structs.replace(invitation, **changes)


def a_treaty_request(procedure: str = "individual-communication", **changes: Any) -> TreatyBodyRequestReceived:
    """Individual communication 4321/2026 (unless said) of the Human Rights Committee, of 27 May, received on 2 June."""
    request = TreatyBodyRequestReceived(
        treaty_body="CCPR",
        procedure="individual-communication",
        reference="4321/2026",
        instrument="ICCPR-OP1",
        document_date=day("05-27"),
        received_on=day("06-02"),
    )
    return msgspec.structs.replace(request, procedure=procedure, **changes)


def a_treaty_extension(request: int | None = 1, **changes: Any) -> TreatyBodyTermExtended:
    """On 20 June the treaty body agreed to a reply to the first request by 31 March 2027."""
    extension = TreatyBodyTermExtended(request=request, granted_on=day("06-20"), reply_due=day("2027-03-31"))
    return msgspec.structs.replace(extension, **changes)


def a_treaty_assignment(lead: str = "MOJ", **changes: Any) -> TreatyProcedureAssigned:
    """On 4 June it was decided that the MOJ leads (unless said) and the MFA transmits."""
    decided = TreatyProcedureAssigned(lead=lead, transmitter="MFA", taking_part=("GPO",), assigned_on=day("06-04"))
    return msgspec.structs.replace(decided, **changes)


def a_treaty_reply(request: int | None = 1, **changes: Any) -> TreatyBodyReplySent:
    """The MFA sent the full reply to the first request on 25 June."""
    reply = TreatyBodyReplySent(request=request, kind="full", sent_on=day("06-25"), sent_by="MFA", addressee=True)
    return msgspec.structs.replace(reply, **changes)


def a_withdrawal(entry: int = 1) -> EntryWithdrawn:
    """An entry was withdrawn, by its sequence in the service that withdraws it."""
    return EntryWithdrawn(entry=entry, reason="Entered wrongly")
