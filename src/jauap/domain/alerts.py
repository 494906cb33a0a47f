"""What people are told about a clock: the alerts that its steps raise, and how far each has got (practice).

An alert is derived from a step of *deadlines* and has its sequence for a name, so it exists once, as the step does. A
clock has at most two open alerts: what changed about its term, and how it stands. A later one of the same sort takes
the earlier one's place; what a clock waited for being on record closes both.
"""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Literal, Protocol

import msgspec

from jauap.domain.events import (
    AlertAcknowledged,
    AlertDelivered,
    AlertEscalated,
    AlertFailed,
    DeadlineDropped,
    DeadlineMet,
    DeadlineMissed,
    DeadlineMoved,
    DeadlineNear,
    DeadlineReopened,
    DeadlineStarted,
    Event,
)
from jauap.domain.facts import AlertChannel, AlertFault, Value

AlertKind = Literal["near", "missed", "reopened", "moved", "moved-earlier", "estimate", "calendar-missing", "no-date"]
"""near: the day to act by comes near, or is today. missed: the term ended. reopened: what met it is not on record any
more; its term may have moved in silence meanwhile. moved, moved-earlier: the day to act by is
another one, or is the same but the term ends earlier. estimate: it rests on a day that is only estimated.
calendar-missing: it can't be counted, for a year's calendar is not loaded. no-date: it can't be told, for the date that
it runs from is not on record."""
STANDING: frozenset[AlertKind] = frozenset({"near", "missed"})
"""The alerts that say how a clock stands; the others say what changed about its term."""
MOVES: frozenset[AlertKind] = frozenset({"moved", "moved-earlier"})
STATED = "stated/1"
CALENDAR_CLOCK = "calendar/"
"""How the clocks begin that wait for a year's calendar."""

Alerts = dict[int, "Alert"]
"""Open alerts by their names; never changed in place."""


class Term(Protocol):
    """What an alert must know of a clock before a step: `case.Clock`."""

    @property
    def due(self) -> date | None:
        """Last day of the term."""

    @property
    def safe(self) -> date | None:
        """The day to act by where it differs."""

    @property
    def estimated(self) -> bool:
        """Whether it rests on an estimate."""

    @property
    def absent(self) -> str | None:
        """Why there is no due date."""

    @property
    def met_on(self) -> date | None:
        """Day of what met it."""


class Delivery(Value, frozen=True, kw_only=True):
    """How the last attempt ended to tell one recipient of an alert by one channel."""

    level: int
    recipient: str
    channel: AlertChannel
    message: str
    first_on: date
    """Day of the first attempt, in Kazakhstan."""
    on: date
    """Day of the last attempt."""
    attempt: int = 1
    fault: AlertFault | None = None
    """Why it failed; null: it was handed over."""


class Alert(Value, frozen=True, kw_only=True):
    """An alert that is open: neither overtaken by a later one, nor closed with its clock."""

    sequence: int
    """Of the step that raised it, in the chain of *deadlines*: its name within the case."""
    clock: str
    kind: AlertKind
    step: int | None = None
    """near: how many working days before the day to act by it was raised; 0: on it; -1: after it."""
    previous: date | None = None
    """moved: the day to act by that people were last told; null: there was none."""
    previous_due: date | None = None
    """moved: the last day of the term at that time."""
    because: tuple[str, ...] = ()
    """The calendar acts that moved it; empty: none did."""
    level: int = 0
    """Whom it is for: 0 the responsible officer and the body's contact, 1 their superior, and so on."""
    deliveries: tuple[Delivery, ...] = ()
    acknowledged_by: str | None = None
    acknowledged_on: date | None = None

    @property
    def told(self) -> bool:
        """Whether anybody was told of it."""
        return any(delivery.fault is None for delivery in self.deliveries)

    def told_on(self, level: int) -> date | None:
        """Day on which those of a level were first told, or were first tried to be told; None: not yet."""
        return min((delivery.first_on for delivery in self.deliveries if delivery.level == level), default=None)

    def delivered(self, level: int, recipient: str, channel: AlertChannel) -> Delivery | None:
        """The last attempt to tell a recipient at a level by a channel; None: there was none."""
        asked = (level, recipient, channel)
        return next((one for one in self.deliveries if (one.level, one.recipient, one.channel) == asked), None)


def alert_of(event: Event, before: Term | None) -> AlertKind | None:
    """Tell what kind of alert a step raises; `before` is its clock as it stood. None: nobody needs to be told.

    A clock that was met raises none when it moves or comes near, and a move that leaves the day to act by raises none.
    """
    match event:
        case DeadlineStarted():
            return _uncertain(event)
        case DeadlineMissed() if before is not None:
            return "missed"
        case DeadlineNear() if before is not None and before.met_on is None:
            return "near"
        case DeadlineMoved() if before is not None and before.met_on is None:
            return _moved(event, before)
        case DeadlineReopened() if before is not None and before.met_on is not None:
            return "reopened"
        case _:
            return None


def _uncertain(event: DeadlineStarted | DeadlineMoved) -> AlertKind | None:
    if event.clock.startswith(CALENDAR_CLOCK):
        return "calendar-missing"
    if event.absent is not None:
        return "no-date" if event.policy == STATED else "calendar-missing"
    return "estimate" if event.estimated else None


def _moved(event: DeadlineMoved, before: Term) -> AlertKind | None:
    now, then = act_by(event), act_by(before)
    if now is not None and now != then:
        return "moved-earlier" if then is not None and now < then else "moved"
    if event.due is not None and before.due is not None and event.due < before.due:
        return "moved-earlier"
    changed = (event.absent, event.estimated) != (before.absent, before.estimated)
    return _uncertain(event) if changed else None


def act_by(term: DeadlineStarted | DeadlineMoved | Term) -> date | None:
    """The day to act by: the safe date where the text has two readings, else the last day of the term."""
    return term.safe or term.due


def followed(alerts: Alerts, sequence: int, event: Event, before: Term | None) -> Alerts:
    """Give the open alerts after an event of *deadlines*; `before` is the clock that it is about, as it stood."""
    match event:
        case AlertDelivered() | AlertFailed() | AlertAcknowledged() | AlertEscalated():
            return _changed(alerts, event)
        case DeadlineMet() | DeadlineDropped():
            return _without(alerts, lambda alert: alert.clock == event.clock)
        case DeadlineReopened():
            kind = alert_of(event, before)
            left = _without(alerts, lambda alert: alert.clock == event.clock and alert.kind in STANDING)
            return left if kind is None else _raised(left, sequence, kind, event, before)
        case DeadlineStarted() | DeadlineMoved() | DeadlineNear() | DeadlineMissed():
            kind = alert_of(event, before)
            return _settled(alerts, event) if kind is None else _raised(alerts, sequence, kind, event, before)
        case _:
            return alerts  # findings and mendings leave the alerts alone


def _settled(alerts: Alerts, event: Event) -> Alerts:
    """A term that stays, and rests on no estimate any more: nobody needs to be told that it does."""
    if not isinstance(event, DeadlineMoved) or event.estimated:
        return alerts
    return _without(alerts, lambda alert: alert.clock == event.clock and alert.kind == "estimate")


def _raised(
    alerts: Alerts,
    sequence: int,
    kind: AlertKind,
    event: DeadlineStarted | DeadlineMoved | DeadlineNear | DeadlineMissed | DeadlineReopened,
    before: Term | None,
) -> Alerts:
    """One more alert, in the place of the one of its sort; a term that moved takes the nearness of the old one away."""
    mine = [alert for alert in alerts.values() if alert.clock == event.clock]
    same = next((alert for alert in mine if (alert.kind in STANDING) == (kind in STANDING)), None)
    alert = Alert(sequence=sequence, clock=event.clock, kind=kind)
    gone = {same.sequence} if same else set()
    if isinstance(event, DeadlineNear):
        alert = msgspec.structs.replace(alert, step=event.step)
    raised: Alert | None = alert
    if isinstance(event, DeadlineMoved) and before is not None:
        raised = _since_told(alert, same, event, before)
        if act_by(event) != act_by(before):
            gone |= {other.sequence for other in mine if other.kind == "near"}
    left = _without(alerts, lambda other: other.sequence in gone)
    return left if raised is None else {**left, sequence: raised}


def _since_told(alert: Alert, same: Alert | None, event: DeadlineMoved, before: Term) -> Alert | None:
    """Say from which day to which it moved since people were told: of two moves before that, they learn one.

    None: it is back where people know it to be.
    """
    if same is not None and not same.told and same.kind == "reopened":
        return msgspec.structs.replace(alert, kind="reopened")
    untold = same if same is not None and not same.told and same.kind in MOVES else None
    previous = untold.previous if untold else act_by(before)
    previous_due = untold.previous_due if untold else before.due
    because = tuple(dict.fromkeys((*(untold.because if untold else ()), *event.because)))
    kind, now = alert.kind, act_by(event)
    if kind in MOVES and previous is None:
        kind = "moved"
    elif kind in MOVES and previous is not None and now is not None:
        shorter = event.due is not None and previous_due is not None and event.due < previous_due
        if now == previous and not shorter:
            uncertain = _uncertain(event)
            return None if uncertain is None else msgspec.structs.replace(alert, kind=uncertain)
        kind = "moved-earlier" if now < previous or (now == previous and shorter) else "moved"
    return msgspec.structs.replace(alert, kind=kind, previous=previous, previous_due=previous_due, because=because)


def _changed(alerts: Alerts, event: AlertDelivered | AlertFailed | AlertAcknowledged | AlertEscalated) -> Alerts:
    """What became of an alert; of one that is not open any more, nothing is kept but the record."""
    alert = alerts.get(event.alert)
    if alert is None:
        return alerts
    match event:
        case AlertAcknowledged():
            changes: dict[str, object] = {"acknowledged_by": event.by, "acknowledged_on": event.acknowledged_on}
        case AlertEscalated():
            changes = {"level": event.level}
        case AlertDelivered() | AlertFailed():
            changes = {"deliveries": _with(alert.deliveries, _delivery(event))}
    return {**alerts, event.alert: msgspec.structs.replace(alert, **changes)}


def _delivery(event: AlertDelivered | AlertFailed) -> Delivery:
    match event:
        case AlertDelivered(delivered_on=on):
            attempt, fault = None, None
        case AlertFailed(failed_on=on, attempt=attempt, fault=fault):
            pass
    return Delivery(
        level=event.level,
        recipient=event.recipient,
        channel=event.channel,
        message=event.message,
        first_on=on,
        on=on,
        attempt=attempt or 1,
        fault=fault,
    )


def _with(deliveries: Iterable[Delivery], one: Delivery) -> tuple[Delivery, ...]:
    """The deliveries with one more attempt; once it was handed over, later attempts change nothing."""
    kept = list(deliveries)
    for at, other in enumerate(kept):
        if (other.level, other.recipient, other.channel) == (one.level, one.recipient, one.channel):
            if other.fault is not None:
                attempt = one.attempt if one.fault else other.attempt + 1
                kept[at] = msgspec.structs.replace(one, first_on=min(other.first_on, one.on), attempt=attempt)
            return tuple(kept)
    return (*kept, one)


def _without(alerts: Alerts, gone: Callable[[Alert], bool]) -> Alerts:
    return {sequence: alert for sequence, alert in alerts.items() if not gone(alert)}
