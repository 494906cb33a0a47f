"""`cases`: which cases are there, and how does each stand?"""

from datetime import date, datetime

from jauap.domain import case_ids, procedures, visits
from jauap.domain.case import CALENDAR, Case, assignment_of, letter_of, merged_into, stated_due, substantive_responses
from jauap.domain.events import (
    CommunicationForwarded,
    PublishedOnSite,
    ReplyExtensionGranted,
    ReportFiled,
    ResponseDrafted,
    ResponseSent,
    TreatyBodyReplySent,
    VisitInvitationSent,
    VisitProposed,
    VisitStageReached,
)
from jauap.domain.facts import Communication, Value
from jauap.projections.database import Row
from jauap.projections.view import CaseView


class CaseRow(Value, frozen=True, kw_only=True):
    """A case. Days are days in Kazakhstan, instants are UTC."""

    case_id: str
    kind: str
    """communication, visit, treaty-procedure, or calendar for the case that holds the calendar acts."""
    reference: str | None
    registry_number: str | None
    type: str | None
    """Of a communication: AL, UA and so on; of a visit: the basis of its first proposal (14-10); of a treaty body's
    procedure: what it is (14-11)."""
    mandates: tuple[str, ...]
    state: str | None
    subject: str | None
    language: str | None
    letter_date: date | None
    received_on: date | None
    """Day of receipt, of the first request; of a visit: the day of the first thing on record."""
    receipt_assumed: bool
    reply_due: date | None
    """The date stated now: the last extension's, else the letter's (14-8(1)); null: none is stated. Of a treaty body's
    procedure: the earliest that is open, stated or by default (14-11)."""
    original_reply_due: date | None
    """The date that the letter itself states, as corrected."""
    status: str
    """See `status`."""
    reply: str
    """The furthest reply on record: none, acknowledgement, interim or full."""
    full_response_on: date | None
    """Day of the first full response."""
    merged_into: str | None
    officer: str | None
    """Code of the responsible officer; null: nobody is assigned."""
    deputy: str | None
    open_deadlines: int
    """Clocks that are neither met nor missed."""
    missed_deadlines: int
    """Clocks whose term ended before what they wait for happened, whether or not it did later."""
    findings: int
    """Findings that are not cured."""
    stands_still_since: datetime | None
    """The case is broken or parked since then, and this row is its last; null: it goes on."""
    stands_still_why: str | None
    last_recorded_at: datetime | None
    also: tuple[str, ...] = ()
    """Other cases, not merged, that hold the same UN reference: one of them is a duplicate."""


STATUSES = {
    "communication": (
        "received", "acknowledged", "forwarded", "drafted", "interim", "answered", "reported", "published",
    ),
    "visit": ("proposed", "to-invite", "refused", "ended", *visits.STAGES),
    "treaty-procedure": ("received", "assigned", "acknowledged", "interim", "answered"),
    "any": ("merged", "withdrawn", "unknown", "calendar"),
}  # fmt: skip
"""Every word that `status` gives, by kind of case."""


def rows(view: CaseView) -> list[Row]:
    """The row of a case; none if nothing but refusals is on record."""
    case, standstill = view.case, view.standstill
    parts = (case.intake, case.routing, case.publication, case.deadlines)
    if standstill is None and not any(part.last for part in parts):
        return []
    clocks = case.deadlines.clocks.values()
    assigned = assignment_of(case)
    return [
        (
            case.case_id,
            case_ids.kind(case.case_id),
            *_described(case),
            status(case),
            reply(case),
            min(_full_on(case), default=None),
            merged_into(case),
            assigned.officer if assigned else None,
            assigned.deputy if assigned else None,
            sum(clock.met_on is None and not clock.missed for clock in clocks),
            sum(clock.missed for clock in clocks),
            sum(finding.cured_on is None for finding in case.deadlines.findings.values()),
            standstill.since if standstill else None,
            standstill.why if standstill else None,
            view.last_recorded_at,
        )
    ]


def _described(case: Case) -> Row:
    """Columns from reference to original_reply_due."""
    if case_ids.kind(case.case_id) == "visit":
        return _of_visit(case)
    if case_ids.kind(case.case_id) == "treaty-procedure":
        return _of_procedure(case)
    found = letter_of(case)
    return _of_letter(case, found.communication if found else None)


def _of_visit(case: Case) -> Row:
    """Those of a visit: it has no reference, no language and no date to reply by (14-10 sets no term)."""
    proposals = [proposal for _, proposal in case.intake.of(VisitProposed)]
    stages = [stage for _, stage in case.intake.of(VisitStageReached)]
    invitations = [sent for _, sent in case.publication.of(VisitInvitationSent)]
    papers: list[VisitProposed | VisitStageReached | VisitInvitationSent] = [*proposals, *stages, *invitations]
    days = [reached.on for reached in visits.stages(case)] + [proposal.proposed_on for proposal in proposals]
    return (
        None,
        next((paper.registry_number for paper in papers if paper.registry_number), None),
        next((proposal.basis for proposal in proposals), None),
        list(dict.fromkeys(mandate for paper in papers for mandate in paper.mandates)),
        None,
        next((proposal.subject for proposal in proposals if proposal.subject), None),
        None,
        None,
        min(days, default=None),
        False,
        None,
        None,
    )


def _of_procedure(case: Case) -> Row:
    """Those of a treaty body's procedure: the treaty body stands in the place of the mandates (14-11)."""
    requests = [request for _, request in procedures.requests(case)]
    if not requests:
        return _of_letter(case, None)
    first = requests[0]
    clocks = case.deadlines.clocks.values()
    return (
        first.reference,
        first.registry_number,
        first.procedure,
        [first.treaty_body],
        None,
        next((request.subject for request in requests if request.subject), None),
        first.language,
        first.document_date,
        min(request.received_on for request in requests),
        False,
        min((clock.due for clock in clocks if clock.due is not None and clock.met_on is None), default=None),
        None,
    )


def _of_letter(case: Case, letter: Communication | None) -> Row:
    """Those of a communication."""
    if letter is None:
        return (None, None, None, [], None, None, None, None, None, False, None, None)
    original = stated_due(letter)
    extensions = case.intake.of(ReplyExtensionGranted)
    return (
        letter.reference,
        letter.registry_number,
        letter.communication_type,
        list(letter.mandates),
        letter.state,
        letter.subject,
        letter.language,
        letter.letter_date,
        letter.received_on,
        letter.receipt_assumed,
        extensions[-1][1].reply_due if extensions else original,
        original,
    )


def status(case: Case) -> str:
    """The furthest stage that a case has reached. What was left out on the way is shown by deadlines and findings.

    received; acknowledged (to the UN, nothing else yet); forwarded (to a body, 14-5(1)); drafted (14-6); interim
    (an interim reply is sent); answered (a full response is sent, 14-8(1)); reported (a full response, to both
    addressees of 14-9); published (the communication and a full response on the site, 14-8(2)). Of a visit: see
    `visits.status`; of a treaty body's procedure: `procedures.status`. Apart from these: merged (another case goes
    on), withdrawn (the letter was, or all that there is of another kind of case), calendar, unknown (nothing could be
    read).
    """
    if case.case_id == CALENDAR:
        return "calendar"
    if merged_into(case) is not None:
        return "merged"
    if visits.on_record(case):
        return visits.status(case)
    if procedures.requests(case):
        return procedures.status(case)
    if letter_of(case) is None:
        return "withdrawn" if case.intake.last else "unknown"
    return _stage(case)


def _stage(case: Case) -> str:
    full, furthest = {at for at, _ in _full(case)}, reply(case)
    stages = {
        "published": bool(full) and _published(case, full),
        "reported": bool(full) and _reported(case, full),
        "answered": bool(full),
        "interim": furthest == "interim",
        "drafted": bool(case.publication.of(ResponseDrafted)),
        "forwarded": bool(case.routing.of(CommunicationForwarded)),
        "acknowledged": furthest == "acknowledgement",
    }
    return next((stage for stage, reached in stages.items() if reached), "received")


def reply(case: Case) -> str:
    """The furthest reply on record: none, acknowledgement, interim or full (14-8(1); 14-11 for a treaty body)."""
    kinds = {sent.kind for _, sent in case.publication.of(ResponseSent)}
    kinds |= {sent.kind for _, sent in case.publication.of(TreatyBodyReplySent)}
    return next((kind for kind in ("full", "interim", "acknowledgement") if kind in kinds), "none")


def _full_on(case: Case) -> list[date]:
    replies = [sent.sent_on for _, sent in case.publication.of(TreatyBodyReplySent) if sent.kind == "full"]
    return replies + [sent.sent_on for _, sent in _full(case)]


def _full(case: Case) -> list[tuple[int, ResponseSent]]:
    return [(at, sent) for at, sent in substantive_responses(case) if sent.kind == "full"]


def _published(case: Case, full: set[int]) -> bool:
    pages = [page for _, page in case.publication.of(PublishedOnSite)]
    return any(page.what == "communication" for page in pages) and any(page.response in full for page in pages)


def _reported(case: Case, full: set[int]) -> bool:
    reports = case.publication.of(ReportFiled)
    return {report.recipient for _, report in reports if report.response in full} == {"administration", "ombudsman"}
