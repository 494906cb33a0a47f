"""The loop of post: look at what is open, tell who was not told, have it recorded.

It keeps nothing of its own. What was delivered is on record, and it looks only at read models that are as far as the
log, and only at cases none of whose commands to *deadlines* is undecided: so neither a restart, nor an outage of days,
nor a rebuild sends anything twice. A crash between handing a message over and appending the record of it sends the
same alerts once more, with the same Message-ID if no other alert has come since.
"""

import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple, Protocol

import structlog

from jauap.domain.commands import RecordAlertDelivery, RecordAlertFailure
from jauap.domain.directory import Directory
from jauap.domain.facts import AlertChannel, AlertFault
from jauap.domain.workdays import Calendar, CalendarMissing, day_in_kazakhstan, working_days_between
from jauap.messaging.log import LogUnavailable
from jauap.messaging.registry import RegistryError
from jauap.messaging.sender import Order
from jauap.process import Sparingly
from jauap.projections.alerts import AlertRow
from jauap.projections.database import DatabaseUnavailable
from services.post import wording
from services.post.digest import NOWHERE, OURS, Digest, Telling, attempts, digests
from services.post.mail import NotTold

log = structlog.get_logger(__name__)

LONGEST_PAUSE_SECONDS = 3600.0
"""Between two attempts to tell the same recipient."""


class Picture(NamedTuple):
    """What the read models say, as far as the log went when it was asked."""

    rows: list[AlertRow]
    calendar: Calendar


class NotNow(Exception):
    """Nobody can be told anything for now: the message says why. No fault by itself."""


class Deployment(Protocol):
    """The rest of the system, as post sees it: `services.post.app.Deployed`."""

    def undecided(self) -> frozenset[str]:
        """The cases of which a command to *deadlines* may be undecided. Raises LogUnavailable."""

    def picture(self) -> Picture:
        """The open alerts.

        Raises LogUnavailable and DatabaseUnavailable, and NotNow: the read models are behind the log, or another post
        is at work.
        """

    def record(self, orders: Iterable[Order]) -> list[Order]:
        """Have deliveries recorded; gives back what could not be appended. Raises nothing."""

    def directory(self) -> Directory:
        """The directory as it is now."""


Send = Callable[[Digest, str, str, Mapping[str, Any]], None]
"""Hands a digest over, given its subject, its text and its content for programs. Raises NotTold."""


class Timing(NamedTuple):
    """How digests are gathered."""

    quiet: float
    """Seconds in which nothing new came for a recipient before a digest goes out: what comes together goes together."""
    every: float
    """Seconds between two digests to one recipient, and the longest that one waits for quiet."""
    retry: float
    """Seconds before the second attempt; each pause after that is twice the one before."""


class Waiting:
    """What is remembered of a recipient until the next start: without it a message comes sooner, never twice."""

    def __init__(self, now: float) -> None:
        """Something is first to be told."""
        self.since = now
        self.known: frozenset[tuple[str, int, int]] = frozenset()
        self.changed = now
        self.told = float("-inf")
        self.failures = 0
        self.not_before = float("-inf")

    def look(self, digest: Digest, now: float) -> None:
        """Note what is to be told now."""
        what = frozenset((row.case_id, row.alert, row.level) for row in digest.rows)
        if not self.known:
            self.since = now
        if not what <= self.known:
            self.changed = now
        self.known = what

    def is_due(self, timing: Timing, now: float) -> bool:
        """Whether a digest may go out."""
        if now < self.not_before or now - self.told < timing.every:
            return False
        return now - self.changed >= timing.quiet or now - self.since >= timing.every

    def succeeded(self, now: float) -> None:
        """A digest went out."""
        self.told, self.known, self.failures, self.not_before = now, frozenset(), 0, float("-inf")

    def failed(self, timing: Timing, now: float) -> None:
        """An attempt failed."""
        pause = min(timing.retry * 2 ** min(self.failures, 20), LONGEST_PAUSE_SECONDS)
        self.failures, self.not_before = self.failures + 1, now + pause

    @property
    def is_worth_recording(self) -> bool:
        """Of attempt 1, 2, 4, 8 … each: an outage of days is visible, and does not fill the log."""
        return self.failures & (self.failures - 1) == 0


class Post:
    """One instance. `round` looks once; `run` goes on until told to stop."""

    def __init__(
        self,
        deployment: Deployment,
        ways: Mapping[AlertChannel, Send],
        clock: Callable[[], datetime],
        timing: Timing,
        host: str = NOWHERE,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing is looked at yet. `host` stands behind the @ of the messages' ids."""
        self.deployment, self.ways, self.clock, self.timing = deployment, ways, clock, timing
        self.host, self.monotonic = host, monotonic
        self.unrecorded: list[Order] = []
        """Deliveries of which the log does not know yet: before it does, nothing else is sent."""
        self.waiting: dict[tuple[str, AlertChannel], Waiting] = {}
        self.gone_out: frozenset[Telling] = frozenset()
        """What this instance handed over of what is open still: not told again, even if its record was refused."""
        self.answers = False
        """Whether the log and the read models answered when it looked last."""
        self._stopping: Callable[[], bool] = lambda: False
        self._sparingly = Sparingly()
        self._trouble: str | None = None

    def run(self, stopping: Callable[[], bool], seconds: float, say_ready: Callable[[], None] = lambda: None) -> None:
        """Look every so many seconds until told to stop. It is ready while the log and the read models answer."""
        self._stopping = stopping
        while not stopping():
            self.round()
            until = time.monotonic() + seconds
            while not stopping():
                if self.answers:
                    say_ready()
                if time.monotonic() >= until:
                    break
                time.sleep(0.05)

    def round(self) -> bool:
        """Look once, and tell who is to be told. False: the log or the read models can't be relied on now."""
        self.answers = False
        try:
            if not self._record(self.unrecorded):
                return False
            undecided = self.deployment.undecided()
            picture = self.deployment.picture()
        except (LogUnavailable, RegistryError, DatabaseUnavailable, NotNow) as reason:
            self.answers = isinstance(reason, NotNow)
            self._say(str(reason))
            return False
        self.answers = True
        self._say(None)
        self._tell(picture, undecided)
        return True

    def _say(self, trouble: str | None) -> None:
        """Say why nothing is sent when the reason changes and every half minute, not at each look."""
        if trouble is None and self._trouble is not None:
            log.info("messages are sent again")
        elif trouble is not None and self._sparingly.due(trouble):
            log.warning("nothing is sent for now", reason=trouble)
        self._trouble = trouble

    def _tell(self, picture: Picture, undecided: frozenset[str]) -> None:
        now = self.clock()
        today = day_in_kazakhstan(now)
        still_open = {(row.case_id, row.alert) for row in picture.rows}
        self.gone_out = frozenset(one for one in self.gone_out if (one.case_id, one.alert) in still_open)
        found = digests(
            picture.rows,
            self.deployment.directory(),
            today,
            undecided=undecided,
            gone_out=self.gone_out,
            channels=self.ways.keys(),
            host=self.host,
        )
        self.waiting = {
            digest.place: self.waiting.get(digest.place) or Waiting(self.monotonic()) for digest in found
        } | {place: one for place, one in self.waiting.items() if one.told > self.monotonic() - self.timing.every}
        given_up: set[AlertChannel] = set()
        for digest in found:
            if self._stopping():
                return
            waiting = self.waiting[digest.place]
            waiting.look(digest, self.monotonic())
            if digest.channel in given_up or not waiting.is_due(self.timing, self.monotonic()):
                continue
            fault, everybody = self._hand_over(digest, picture.calendar, today)
            if everybody:
                given_up.add(digest.channel)
            if not self._record(self._orders(digest, waiting, fault, today)):
                return

    def _hand_over(self, digest: Digest, calendar: Calendar, today: date) -> tuple[AlertFault | None, bool]:
        """Send one; the fault if it failed, and whether everybody else's would too."""
        items = digest.items(lambda day: _left(today, day, calendar), today)
        language = digest.recipient.language
        subject = wording.subject(language, len(items))
        text = wording.text(language, items, digest.message, digest.official)
        try:
            self.ways[digest.channel](digest, subject, text, content(digest, items, subject, text))
        except NotTold as failed:
            log.warning("not delivered", recipient=digest.recipient.code, channel=digest.channel, fault=failed.fault)
            return failed.fault, failed.everybody
        log.info("delivered", recipient=digest.recipient.code, channel=digest.channel, alerts=len(items))
        return None, False

    def _orders(self, digest: Digest, waiting: Waiting, fault: AlertFault | None, today: date) -> list[Order]:
        """What is to be recorded of an attempt."""
        now, message = self.monotonic(), digest.message  # made of all rows: not for each of them anew
        if fault is None:
            waiting.succeeded(now)
            self.gone_out |= {Telling.of(row, *digest.place) for row in digest.rows}
            return [delivery(digest, row, message, today) for row in digest.rows]
        waiting.failed(self.timing, now)
        if not waiting.is_worth_recording:
            return []
        return [failure(digest, row, message, fault, waiting.failures, today) for row in digest.rows]

    def _record(self, orders: list[Order]) -> bool:
        """Append what was done; what can't be appended now is appended first thing next time."""
        self.unrecorded = self.deployment.record(orders) if orders else []
        if self.unrecorded:
            self._say("deliveries can't be recorded")
        return not self.unrecorded


def delivery(digest: Digest, row: AlertRow, message: str, today: date) -> Order:
    """The command that records that an alert was delivered."""
    recipient, channel = digest.place
    command = RecordAlertDelivery(
        alert=row.alert,
        level=row.level,
        recipient=recipient,
        channel=channel,
        message=message,
        delivered_on=today,
    )
    return _order(command, row, f"{recipient}/{channel}/delivered")


def failure(digest: Digest, row: AlertRow, message: str, fault: AlertFault, attempt: int, today: date) -> Order:
    """The command that records that an attempt failed; counted from this start on, or from what is on record."""
    recipient, channel = digest.place
    attempt = max(attempt, attempts(row, recipient, channel) + 1)
    command = RecordAlertFailure(
        alert=row.alert,
        level=row.level,
        recipient=recipient,
        channel=channel,
        message=message,
        failed_on=today,
        attempt=attempt,
        fault=fault,
    )
    return _order(command, row, f"{recipient}/{channel}/{attempt}")


def _order(command: RecordAlertDelivery | RecordAlertFailure, row: AlertRow, what: str) -> Order:
    """Its id says what it records: appended twice, it is recorded once."""
    return Order(
        command=command,
        name=type(command).__name__,
        case_id=row.case_id,
        command_id=str(uuid.uuid5(OURS, f"{row.case_id}/{row.alert}/{row.level}/{what}")),
        actor="post",
    )


def content(digest: Digest, items: Iterable[wording.Item], subject: str, text: str) -> dict[str, Any]:
    """The digest for programs."""
    fields = (
        "case_id", "alert", "kind", "step", "clock", "paragraph", "body", "reference", "due", "act_by", "previous",
        "because", "estimated", "level",
    )  # fmt: skip
    return {
        "id": digest.message,
        "recipient": digest.recipient.code,
        "language": digest.recipient.language,
        "subject": subject,
        "text": text,
        "alerts": [
            {**{name: getattr(item.row, name) for name in fields}, "working_days_left": item.left} for item in items
        ],
    }


def _left(today: date, day: date, calendar: Calendar) -> int | None:
    try:
        return working_days_between(today, day, calendar)
    except CalendarMissing:
        return None
