"""The loop of post: what is told when, what is recorded of it, and what happens when something does not answer."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog

from jauap.domain.commands import RecordAlertDelivery, RecordAlertFailure
from jauap.domain.directory import Directory
from jauap.domain.facts import AlertFault
from jauap.domain.workdays import calendar_of
from jauap.messaging.log import LogUnavailable
from jauap.messaging.sender import Order
from jauap.projections.alerts import AlertRow
from services.post.digest import Digest
from services.post.mail import NotTold
from services.post.run import LONGEST_PAUSE_SECONDS, NotNow, Picture, Post, Timing, Waiting
from tests.domain.test_directory import a_directory
from tests.services.deadline_runs import acts
from tests.services.test_digest import TODAY, a_delivery, an_alert

NOON = datetime(2026, 6, 10, 7, 0, tzinfo=UTC)
AT_ONCE = Timing(quiet=0, every=0, retry=30)


class Town:
    """A deployment in memory: records count at once, unless it is told otherwise. Its post is `post`."""

    def __init__(self, *rows: AlertRow, timing: Timing = AT_ONCE) -> None:
        self.rows = list(rows)
        self.undecided_cases: frozenset[str] = frozenset()
        self.behind = False
        self.log_is_down = False
        self.fault: AlertFault | None = None
        self.everybody = False
        self.sent: list[tuple[str, str, int]] = []
        """Recipient, message id and number of alerts of what was handed over."""
        self.tried: list[str] = []
        self.recorded: list[Order] = []
        self.seconds = 0.0
        self.timing = timing
        self.post = self.started()

    def started(self) -> Post:
        """A post that has just been started."""
        return Post(
            self, {"email": self.send, "webhook": self.send}, lambda: NOON, self.timing, monotonic=lambda: self.seconds
        )

    def send(self, digest: Digest, _: str, __: str, ___: Mapping[str, Any]) -> None:
        self.tried.append(digest.recipient.code)
        if self.fault is not None:
            raise NotTold(self.fault, everybody=self.everybody)
        self.sent.append((digest.recipient.code, digest.message, len(digest.rows)))

    def undecided(self) -> frozenset[str]:
        return self.undecided_cases

    def picture(self) -> Picture:
        if self.log_is_down:
            raise LogUnavailable("no broker")
        if self.behind:
            raise NotNow("the read models are behind the log")
        return Picture(self.rows, calendar_of(acts()))

    def directory(self) -> Directory:
        return a_directory()

    def record(self, orders: Iterable[Order]) -> list[Order]:
        if self.log_is_down:
            return list(orders)
        for order in orders:
            if order.command_id not in {one.command_id for one in self.recorded}:
                self.recorded.append(order)
                self._fold(order)
        return []

    def _fold(self, order: Order) -> None:
        command = order.command
        assert isinstance(command, RecordAlertDelivery | RecordAlertFailure)
        made = a_delivery(
            command.recipient,
            command.level,
            channel=command.channel,
            message=command.message,
            fault=command.fault if isinstance(command, RecordAlertFailure) else None,
            attempt=command.attempt if isinstance(command, RecordAlertFailure) else 1,
        )
        for at, row in enumerate(self.rows):
            if (row.case_id, row.alert) == (order.case_id, command.alert):
                kept = [one for one in row.deliveries if one.recipient != command.recipient or one.fault is None]
                self.rows[at] = msgspec.structs.replace(row, deliveries=(*kept, made))

    def after(self, seconds: float) -> None:
        """Time passes, and post looks again."""
        self.seconds += seconds
        self.post.round()


def kept_back(orders: Iterable[Order]) -> list[Order]:
    """As a log that takes nothing."""
    return list(orders)


def refused(orders: Iterable[Order]) -> list[Order]:
    """As a log in which every record is refused: nothing is left to be appended."""
    return list(orders)[:0]


def test_an_alert_is_told_once_and_recorded() -> None:
    """The record has the message's id; later looks, and later posts, find it."""
    town = Town(an_alert())
    assert town.post.round()
    ((recipient, message, _),) = town.sent
    (order,) = town.recorded
    assert recipient == "OFFICER-7"
    assert order.command == RecordAlertDelivery(
        alert=4, level=0, recipient="OFFICER-7", channel="email", message=message, delivered_on=TODAY
    )
    assert (order.case_id, order.actor, order.name) == ("KAZ-3-2026", "post", "RecordAlertDelivery")
    town.after(1000)
    town.post = town.started()
    town.after(1)
    assert len(town.sent) == 1


def test_nothing_is_sent_on_what_may_be_old() -> None:
    """While the read models are behind the log, or the log does not answer, nobody is told; then everybody is."""
    town = Town(an_alert())
    town.behind = True
    assert not town.post.round()
    town.behind, town.log_is_down = False, True
    assert not town.post.round()
    assert town.tried == []
    town.log_is_down = False
    assert town.post.round()
    assert len(town.sent) == 1


def test_why_nothing_is_sent_is_logged_once() -> None:
    """When it begins, when the reason changes, and when it is over."""
    town = Town()
    with structlog.testing.capture_logs() as logs:
        town.post.round()
        town.behind = True
        for _ in range(3):
            town.post.round()
        town.log_is_down = True
        town.post.round()
        town.log_is_down = town.behind = False
        town.post.round()
        town.post.round()
    assert [(line["event"], line.get("reason")) for line in logs] == [
        ("nothing is sent for now", "the read models are behind the log"),
        ("nothing is sent for now", "no broker"),
        ("messages are sent again", None),
    ]


def test_a_case_with_an_undecided_command_waits() -> None:
    """The others do not."""
    town = Town(an_alert(), an_alert(case_id="KAZ-4-2026"))
    town.undecided_cases = frozenset({"KAZ-3-2026"})
    town.post.round()
    assert [order.case_id for order in town.recorded] == ["KAZ-4-2026"]


def test_a_delivery_that_can_t_be_recorded_stops_everything_until_it_is() -> None:
    """Otherwise it would be sent again; once the log answers, the record is the first thing."""
    town = Town(an_alert(), an_alert(alert=5, officer="OFFICER-3", deputy=None))
    inner = town.record
    town.record = kept_back  # type: ignore[method-assign]
    town.post.round()
    town.after(100)
    assert len(town.sent) == 1
    town.record = inner  # type: ignore[method-assign]
    town.after(1)
    town.after(1)
    assert sorted(recipient for recipient, *_ in town.sent) == ["OFFICER-3", "OFFICER-7"]
    assert len(town.recorded) == 2


def test_what_went_out_is_not_sent_again_though_its_record_was_refused() -> None:
    """By this post: *deadlines* may take no record of a day that is in the future for it."""
    town = Town(an_alert())
    town.record = refused  # type: ignore[method-assign]
    for _ in range(10):
        town.after(1000)
    assert len(town.sent) == 1
    town.rows.append(an_alert(alert=5))
    town.after(1000)
    assert [count for *_, count in town.sent] == [1, 1]
    town.rows.clear()
    town.after(1000)
    assert town.post.gone_out == frozenset()


def test_a_crash_before_the_record_sends_the_same_message_again() -> None:
    """Same alerts, same Message-ID: a mailbox can tell that it is the same; the record is one."""
    town = Town(an_alert(), an_alert(alert=5))
    inner = town.record
    town.record = kept_back  # type: ignore[method-assign]
    town.post.round()
    town.record, town.post = inner, town.started()  # type: ignore[method-assign]
    town.after(1)
    town.after(1)
    assert len(town.sent) == 2
    assert len(set(town.sent)) == 1
    assert len(town.recorded) == 2


def test_a_failure_is_recorded_and_tried_again_later_and_later() -> None:
    """Attempts 1, 2, 4, 8 … are on record, pauses double up to an hour, and the delivery ends it."""
    town = Town(an_alert())
    town.fault = "unreachable"
    town.post.round()
    town.after(29)
    assert len(town.tried) == 1
    for _ in range(9):
        town.after(LONGEST_PAUSE_SECONDS)
    assert len(town.tried) == 10
    failures = [order.command for order in town.recorded]
    assert [command.attempt for command in failures if isinstance(command, RecordAlertFailure)] == [1, 2, 4, 8]
    town.fault = None
    town.after(LONGEST_PAUSE_SECONDS)
    town.after(LONGEST_PAUSE_SECONDS)
    assert len(town.sent) == 1
    assert town.recorded[-1].name == "RecordAlertDelivery"


def test_a_server_that_is_down_is_asked_once_a_round() -> None:
    """One refused recipient holds nobody up; a server that does not answer is not tried for each."""
    rows = (an_alert(), an_alert(alert=5, officer="OFFICER-3", deputy=None), an_alert(alert=6, level=2))
    town = Town(*rows)
    town.fault, town.everybody = "unreachable", True
    town.post.round()
    assert sorted(town.tried) == ["DIRECTOR", "HEAD-2"]  # one for each channel
    other = Town(*rows)
    other.fault = "refused"
    other.post.round()
    assert len(other.tried) == 4


def test_what_comes_together_goes_together() -> None:
    """A burst is waited for; a trickle is gathered; and no digest waits for ever."""
    town = Town(an_alert(), timing=Timing(quiet=30, every=900, retry=30))
    town.post.round()
    for at in range(5, 10):
        town.rows.append(an_alert(alert=at))
        town.after(20)
    assert town.sent == []
    town.after(30)
    assert [count for *_, count in town.sent] == [6]
    for at in range(10, 40):  # one every 20 s, without a pause of 30
        town.rows.append(an_alert(alert=at))
        town.after(20)
    assert len(town.sent) == 1
    for at in range(40, 70):
        town.rows.append(an_alert(alert=at))
        town.after(20)
    assert len(town.sent) == 2
    assert town.seconds < 30 + 100 + 1300


def test_which_attempts_are_worth_a_record() -> None:
    """Each power of two: a thousand attempts make ten records."""
    waiting, kept = Waiting(0.0), []
    for attempt in range(1, 1025):
        waiting.failed(AT_ONCE, 0.0)
        if waiting.is_worth_recording:
            kept.append(attempt)
    assert kept == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]
