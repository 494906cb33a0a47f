"""What clocks, findings and tables ask of a treaty body's procedure (14-11): its requests, who leads, how it stands."""

from datetime import date
from typing import NamedTuple

from jauap.domain.case import Case
from jauap.domain.events import (
    TreatyBodyReplySent,
    TreatyBodyRequestReceived,
    TreatyBodyTermExtended,
    TreatyProcedureAssigned,
)
from jauap.domain.workdays import days_after, months_after

NO_DOCUMENT_DATE = "the document's own date, from which its period runs, is not on record"


class StatedTerm(NamedTuple):
    """The end of a term that a document, or an extension, states; no due date has its reason in `absent`."""

    due: date | None
    basis: str
    """The record that stated it."""
    original: date | None = None
    """The day that the document states, where an extension took its place."""
    absent: str | None = None


def requests(case: Case) -> list[tuple[int, TreatyBodyRequestReceived]]:
    """The requests on record with their sequences, in the order of the log."""
    return case.intake.of(TreatyBodyRequestReceived)


def replies(case: Case, request: int) -> list[tuple[int, TreatyBodyReplySent]]:
    """What was sent in reply to the request at a sequence."""
    return [(at, reply) for at, reply in case.publication.of(TreatyBodyReplySent) if reply.request == request]


def assignment(case: Case) -> TreatyProcedureAssigned | None:
    """Who leads and transmits by the last decision, by its own day; of one day, the last in the log."""
    decisions = [(decided.assigned_on, at, decided) for at, decided in case.routing.of(TreatyProcedureAssigned)]
    return max(decisions, key=lambda made: made[:2])[2] if decisions else None


def lead(case: Case) -> str | None:
    """The body that leads by the last decision; None: none was decided."""
    decided = assignment(case)
    return None if decided is None else decided.lead


def starts_on(request: TreatyBodyRequestReceived) -> date:
    """The day from which a term runs: the document's own date, from which the UN counts; else its receipt."""
    return request.document_date or request.received_on


def stated_term(case: Case, at: int, request: TreatyBodyRequestReceived) -> StatedTerm | None:
    """The term stated for the request at a sequence; the extension granted last wins. None: a default may apply."""
    original = document_due(request)
    extensions = [(s, e) for s, e in case.intake.of(TreatyBodyTermExtended) if e.request == at]
    if extensions:
        sequence, extension = max(extensions, key=lambda found: (found[1].granted_on, found[0]))
        return StatedTerm(extension.reply_due, f"intake:{sequence}", original=original)
    if request.reply_due is None and request.reply_within_days is None and request.reply_within_months is None:
        return None
    return StatedTerm(original, f"intake:{at}", absent=NO_DOCUMENT_DATE if original is None else None)


def document_due(request: TreatyBodyRequestReceived) -> date | None:
    """The day that a document states; a period runs from its own date. None: it states none, or has no date."""
    if request.reply_due is not None or request.document_date is None:
        return request.reply_due
    if request.reply_within_days is not None:
        return days_after(request.document_date, request.reply_within_days)
    if request.reply_within_months is not None:
        return months_after(request.document_date, request.reply_within_months)
    return None


def is_answered(case: Case, request: int) -> bool:
    """Whether the full reply to a request was sent."""
    return any(reply.kind == "full" and reply.answers != "interim-measures" for _, reply in replies(case, request))


def state(case: Case, request: int) -> str:
    """How a request stands: answered, interim, acknowledged, assigned, or received (practice)."""
    if is_answered(case, request):
        return "answered"
    kinds = {reply.kind for _, reply in replies(case, request)}
    if "interim" in kinds or "full" in kinds:
        return "interim"
    if "acknowledgement" in kinds:
        return "acknowledged"
    return "received" if assignment(case) is None else "assigned"


STATES = ("received", "assigned", "acknowledged", "interim", "answered")
"""From the least to the furthest."""


def status(case: Case) -> str:
    """How a procedure stands: as the request that is least far, so that nothing open is hidden; see `state`."""
    states = [state(case, at) for at, _ in requests(case)]
    return min(states, key=STATES.index) if states else "withdrawn"
