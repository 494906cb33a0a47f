"""`agency_matrix`: which body was asked what, by when, and what came of it?"""

from datetime import date

from jauap.domain.case import Case, asked_due, open_questions
from jauap.domain.events import (
    AgencyInfoDeclined,
    AgencyInfoReturned,
    AgencyInfoSubmitted,
    CommunicationForwarded,
)
from jauap.domain.facts import ForwardedTo, Value
from jauap.projections.database import Row
from jauap.projections.view import CaseView


class AgencyRow(Value, frozen=True, kw_only=True):
    """A body that a communication was forwarded to. Days are days in Kazakhstan."""

    case_id: str
    body: str
    asked_on: date
    """Day of the first forwarding to it (14-5(1))."""
    asked_due: date | None
    """The date last asked for, by a forwarding or a return; a request, not a legal term. Null: none."""
    questions: tuple[str, ...]
    answered_on: date | None
    """Day of its last information (14-7(1)), returned or not."""
    answers: tuple[str, ...]
    """Questions answered, without those that a return left open."""
    open_questions: tuple[str, ...]
    declined_on: date | None
    competent_body: str | None
    """Whose matter it is, as the body said when it declined."""
    returned_on: date | None
    signatory_capacity: str | None
    """Of its last information: first-head, acting-first-head or other (14-7(1))."""
    state: str
    """asked, answered, in-part (questions are open), returned (its last information was), declined."""


def rows(view: CaseView) -> list[Row]:
    """A row for each body that was asked."""
    case = view.case
    forwardings = [forwarding for _, forwarding in case.routing.of(CommunicationForwarded)]
    if not forwardings:
        return []
    infos, declines = case.intake.of(AgencyInfoSubmitted), case.intake.of(AgencyInfoDeclined)
    returns = [back for _, back in case.routing.of(AgencyInfoReturned)]
    return [
        _row(
            case,
            body,
            [
                (to, forwarding.forwarded_on)
                for forwarding in forwardings
                for to in forwarding.bodies
                if to.body == body
            ],
            [(at, info) for at, info in infos if info.body == body],
            [(at, decline) for at, decline in declines if decline.body == body],
            [back for back in returns if back.body == body],
        )
        for body in dict.fromkeys(to.body for forwarding in forwardings for to in forwarding.bodies)
    ]


def _row(
    case: Case,
    body: str,
    asked: list[tuple[ForwardedTo, date]],
    infos: list[tuple[int, AgencyInfoSubmitted]],
    declines: list[tuple[int, AgencyInfoDeclined]],
    returns: list[AgencyInfoReturned],
) -> Row:
    questions = list(dict.fromkeys(question for to, _ in asked for question in to.questions))
    info = infos[-1][1] if infos else None
    decline = declines[-1][1] if declines else None
    is_open = list(open_questions(case, body))
    return (
        case.case_id,
        body,
        min(day for _, day in asked),
        asked_due(case, body),
        questions,
        info.submitted_on if info else None,
        [question for question in questions if question not in is_open],
        is_open,
        decline.declined_on if decline else None,
        decline.competent_body if decline else None,
        returns[-1].returned_on if returns else None,
        info.signatory.capacity if info else None,
        _state(infos, declines, returns, is_open),
    )


def _state(
    infos: list[tuple[int, AgencyInfoSubmitted]],
    declines: list[tuple[int, AgencyInfoDeclined]],
    returns: list[AgencyInfoReturned],
    is_open: list[str],
) -> str:
    """How a body stands by the last that came from it."""
    last_info = infos[-1][0] if infos else 0
    last_decline = declines[-1][0] if declines else 0
    if last_decline > last_info:
        return "declined"
    if not last_info:
        return "asked"
    if any(back.info == last_info for back in returns):
        return "returned"
    return "in-part" if is_open else "answered"
