"""`treaty_requests`: what do treaty bodies ask, under which instrument, who leads, and how does each request stand?"""

from datetime import date

from jauap.domain import procedures
from jauap.domain.facts import Value
from jauap.projections.database import Row
from jauap.projections.view import CaseView


class TreatyRequestRow(Value, frozen=True, kw_only=True):
    """A request of a treaty body (14-11). Days are days in Kazakhstan."""

    case_id: str
    request: int
    """Sequence of the TreatyBodyRequestReceived in the intake service's chain."""
    treaty_body: str
    procedure: str
    instrument: str | None
    """Null: none is listed for such a procedure."""
    reference: str | None
    received_on: date
    due: date | None
    """By when the reply is due, stated or by default; null: there is no clock, or it has no date."""
    rule: str | None
    """The row of the rule table that gives the term; null: there is no clock, for the instrument does not bind."""
    verified: bool
    """False: the default that the term rests on was not verified."""
    interim_measures: bool
    words_at_most: int | None
    """Practice."""
    lead: str | None
    transmitter: str | None
    state: str
    """See `jauap.domain.procedures.state`."""
    replied_on: date | None
    """Day of the first full reply."""


def rows(view: CaseView) -> list[Row]:
    """A row for each request on record."""
    case = view.case
    decided = procedures.assignment(case)
    return [
        (
            case.case_id,
            at,
            request.treaty_body,
            request.procedure,
            request.instrument,
            request.reference,
            request.received_on,
            clock.due if clock else None,
            clock.rule if clock else None,
            clock.verified if clock else True,
            request.interim_measures,
            request.words_at_most,
            decided.lead if decided else None,
            decided.transmitter if decided else None,
            procedures.state(case, at),
            min((sent.sent_on for _, sent in procedures.replies(case, at) if sent.kind == "full"), default=None),
        )
        for at, request in procedures.requests(case)
        for clock in (case.deadlines.clocks.get(f"14-11/{at}"),)
    ]
