"""What *deadlines* is asked to record about its alerts: delivered, failed, taken notice of (practice)."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from jauap.domain import checks, refusals
from jauap.domain.alerts import Alert
from jauap.domain.case import Case
from jauap.domain.commands import AcknowledgeAlert, DeadlinesCommand, RecordAlertDelivery, RecordAlertFailure
from jauap.domain.events import AlertAcknowledged, AlertDelivered, AlertFact, AlertFailed

CLOCKS_APART = timedelta(days=1)
"""The sender's day may be ahead by one: around midnight no two clocks agree, and the message did go out."""


def record_delivery(case: Case, command: RecordAlertDelivery, today: date) -> AlertDelivered:
    """A message that went out is recorded, even if its alert was overtaken meanwhile; each recipient once."""
    alert = _raised(case, command.alert)
    _happened("delivered_on", command.delivered_on, today + CLOCKS_APART)
    earlier = alert.delivered(command.level, command.recipient, command.channel) if alert else None
    if earlier is not None and earlier.fault is None:
        raise refusals.AlreadyRecorded
    return checks.fact(AlertDelivered, command)


def record_failure(case: Case, command: RecordAlertFailure, today: date) -> AlertFailed:
    """An attempt that failed is recorded, unless the recipient was told or a later attempt is on record."""
    alert = _raised(case, command.alert)
    _happened("failed_on", command.failed_on, today + CLOCKS_APART)
    earlier = alert.delivered(command.level, command.recipient, command.channel) if alert else None
    if earlier is not None and (earlier.fault is None or earlier.attempt >= command.attempt):
        raise refusals.AlreadyRecorded("attempt")
    return checks.fact(AlertFailed, command)


def acknowledge(case: Case, command: AcknowledgeAlert, today: date) -> AlertAcknowledged:
    """Notice is taken of what is open, once: who reads of an alert that was overtaken must look at the later one."""
    alert = _raised(case, command.alert)
    if alert is None:
        raise refusals.AlertNotOpen("alert")
    if alert.acknowledged_by is not None:
        raise refusals.AlreadyRecorded("alert")
    _happened("acknowledged_on", command.acknowledged_on, today)
    return checks.fact(AlertAcknowledged, command)


COMMANDS: dict[type[DeadlinesCommand], Callable[[Case, Any, date], AlertFact]] = {
    RecordAlertDelivery: record_delivery,
    RecordAlertFailure: record_failure,
    AcknowledgeAlert: acknowledge,
}


def decide(case: Case, command: DeadlinesCommand, today: date) -> AlertFact:
    """The event that records a command on a day in Kazakhstan; raises a Refusal."""
    return COMMANDS[type(command)](case, command, today)


def _raised(case: Case, sequence: int) -> Alert | None:
    """The alert of this number if it is open; None: it is not any more. UnknownAlert if no step has the number."""
    if sequence > case.deadlines.last:
        raise refusals.UnknownAlert("alert")
    return case.deadlines.alerts.get(sequence)


def _happened(field: str, day: date, latest: date) -> None:
    if day > latest:
        raise refusals.DateInTheFuture(field)
    if day < checks.FIRST_PROCEDURE:
        raise refusals.BeforeTheProcedures(field)
