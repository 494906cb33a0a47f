"""`alerts`: of what is somebody to be told, whom did it reach, and who took notice? Open ones; the rest is history."""

from datetime import date, datetime

import msgspec

from jauap.domain import procedures
from jauap.domain.alerts import Alert, AlertKind, Delivery
from jauap.domain.case import Case, Clock, assignment_of, letter_of
from jauap.domain.facts import Value
from jauap.projections.database import Row
from jauap.projections.view import CaseView

_json = msgspec.json.Encoder()


class AlertRow(Value, frozen=True, kw_only=True):
    """An open alert, with its clock as it stands. Days are days in Kazakhstan, instants are UTC."""

    case_id: str
    alert: int
    """Sequence of the step that raised it, in the case's chain of *deadlines*."""
    clock: str
    kind: AlertKind
    step: int | None
    """near: how many working days before the day to act by it was raised; 0: on it; -1: after it."""
    paragraph: str | None
    """Null: practice."""
    body: str | None
    """The body that the clock is for, or that leads a treaty body's procedure; null: the MFA."""
    reference: str | None
    """The UN reference; null: the letter has none."""
    due: date | None
    act_by: date | None
    """The day to act by: the safe date where the text has two readings, else the due date."""
    previous: date | None
    """moved: the day to act by before; null: there was none."""
    because: tuple[str, ...]
    """The calendar acts that moved it."""
    estimated: bool
    absent: str | None
    level: int
    officer: str | None
    """Code of the responsible officer; null: nobody is assigned."""
    deputy: str | None
    acknowledged_by: str | None
    acknowledged_on: date | None
    deliveries: tuple[Delivery, ...]
    """The last attempt for each recipient, level and channel."""
    last_recorded_at: datetime | None
    """When something of its case was last recorded."""
    stands_still: bool
    """The case is broken or parked: nothing can be recorded about the alert."""


def rows(view: CaseView) -> list[Row]:
    """A row for each open alert."""
    case = view.case
    if not case.deadlines.alerts:
        return []
    letter, assigned = letter_of(case), assignment_of(case)
    of_case: Row = (
        letter.communication.reference if letter else None,
        assigned.officer if assigned else None,
        assigned.deputy if assigned else None,
        view.last_recorded_at,
        view.standstill is not None,
    )
    lead = procedures.lead(case)
    return [_row(case, alert, lead, of_case) for alert in case.deadlines.alerts.values()]


def _row(case: Case, alert: Alert, lead: str | None, of_case: Row) -> Row:
    clock: Clock | None = case.deadlines.clocks.get(alert.clock)
    reference, officer, deputy, last_recorded_at, stands_still = of_case
    return (
        case.case_id,
        alert.sequence,
        alert.clock,
        alert.kind,
        alert.step,
        clock.paragraph if clock else None,
        (clock.body or lead) if clock else None,
        reference,
        clock.due if clock else None,
        clock.act_by if clock else None,
        alert.previous,
        list(alert.because),
        clock.estimated if clock else False,
        clock.absent if clock else None,
        alert.level,
        officer,
        deputy,
        alert.acknowledged_by,
        alert.acknowledged_on,
        _json.encode(alert.deliveries).decode(),
        last_recorded_at,
        stands_still,
    )
