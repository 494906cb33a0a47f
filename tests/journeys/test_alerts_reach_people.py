"""From a term that comes near to people who know of it: on the real broker, database, mail server and webhook."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import pytest

from jauap.domain import commands
from jauap.domain.facts import Value
from jauap.messaging import access, registry, topics
from jauap.messaging.sender import Order, Sender
from jauap.projections import queries
from jauap.projections.alerts import AlertRow
from jauap.projections.database import SCHEMA, connect
from jauap.stack import first_start
from jauap.stack.addresses import Addresses
from jauap.stack.machine import Stack
from jauap.stack.ports import HOST
from tests.services.mailbox import Hook, Mailbox, a_hook

pytestmark = pytest.mark.kafka

SERVICES = ("intake", "routing", "deadlines", "projector", "post")
T = TypeVar("T")


class Ministry:
    """A deployment with a clock that is set by hand, a mail server that may be down, and a head with a webhook."""

    def __init__(self, folder: Path, hook: Hook) -> None:
        self.mailbox, self.hook, self.clock = Mailbox(), hook, folder / "clock"
        directory = folder / "directory.json"
        officials = [
            {"code": "OFFICER-7", "email": "o7@mfa.example", "language": "kk", "superior": "HEAD-2"},
            {"code": "HEAD-2", "webhook": hook.address, "language": "en"},
            {"code": "DUTY-1", "email": "duty@mfa.example", "language": "ru"},
        ]
        directory.write_text(json.dumps({"officials": officials, "duty": "DUTY-1"}))
        self.settings = {
            "JAUAP_TRIAL_CLOCK": str(self.clock),
            "JAUAP_DIRECTORY": str(directory),
            "JAUAP_SMTP": f"smtp+plain://{HOST}:{self.mailbox.port}",
            "JAUAP_SMTP_FROM": "jauap@mfa.example",
            "JAUAP_POST_QUIET": "0",
            "JAUAP_POST_EVERY": "0",
            "JAUAP_POST_RETRY": "0.2",
            "JAUAP_POST_LOOK": "0.1",
        }
        self.machine = Stack(folder / "data", SERVICES)
        self.addresses: Addresses | None = None

    def up(self) -> None:
        """Start everything, as `jauap stack up` does."""

        def prepare(found: Addresses) -> None:
            topics.apply(found.kafka, found.partitions, found.replication, found.min_insync)
            access.apply(found.kafka, (), (), found.password)
            registry.register_all(found.registry)

        self.addresses = self.machine.up(lambda _part, _words: None, prepare, first_start.submit)

    def set_day(self, day: date) -> None:
        """It is noon of a day in Kazakhstan."""
        noon = datetime(day.year, day.month, day.day, 7, tzinfo=UTC)
        self.clock.write_text(str((noon - datetime.now(UTC)).total_seconds()))

    def do(self, case_id: str, *asked: Value) -> None:
        """Have commands decided; all are accepted."""
        assert self.addresses is not None
        with Sender(self.addresses.kafka, self.addresses.registry) as sender:
            for number, command in enumerate(asked):
                name = type(command).__name__
                order = Order(
                    command=command,
                    name=name,
                    case_id=case_id,
                    command_id=f"{case_id} {name} {number} {time.monotonic_ns()}",
                    actor="mfa:desk",
                )
                ((_, outcome),) = sender.submit([order], 30.0)
                assert outcome is not None
                assert outcome.status == "accepted", outcome

    def receive(self, number: int, received_on: date) -> None:
        """A letter arrives, and is an officer's."""
        self.do(
            f"KAZ-{number}-2026",
            commands.ReceiveCommunication(
                reference=f"KAZ {number}/2026", communication_type="AL", state="KAZ", received_on=received_on
            ),
            commands.AssignCase(officer="OFFICER-7", assigned_on=received_on),
        )

    def lose_the_database(self) -> None:
        """The read models are gone, and are folded anew from the log."""
        assert self.addresses is not None
        self.machine.kill("projector")
        with psycopg.connect(self.addresses.database, autocommit=True) as connection:
            connection.execute(f"DROP SCHEMA {SCHEMA} CASCADE".encode())
        self.machine.start("projector")

    def alerts(self, *, taken_notice_of: bool = False) -> list[AlertRow]:
        """The open alerts as the read model has them."""
        assert self.addresses is not None
        with closing(connect(self.addresses.database)) as connection:
            return queries.alerts(connection, taken_notice_of=taken_notice_of)

    def told(self, case_id: str, kind: str, recipient: str) -> bool:
        """Whether it is on record that somebody was told of both alerts of a kind in a case."""
        found = [
            row
            for row in self.alerts()
            if (row.case_id, row.kind) == (case_id, kind)
            and any(one.recipient == recipient and one.fault is None for one in row.deliveries)
        ]
        return len(found) == 2

    def ids(self, about: str) -> list[str]:
        """The Message-IDs of the messages that speak of a case."""
        return [str(one["Message-ID"]) for one in self.mailbox.messages if about in one.get_content()]


def eventually(check: Callable[[], T]) -> T:
    """Wait until a check gives something."""
    deadline = time.monotonic() + 60
    while not (found := check()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return found


@pytest.fixture
def ministry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ministry]:
    """The deployment on 10 June 2026; the mail server is down."""
    with a_hook() as hook, pytest.MonkeyPatch.context() as patch:
        made = Ministry(tmp_path_factory.mktemp("ministry"), hook)
        for name, value in made.settings.items():
            patch.setenv(name, value)
        made.set_day(date(2026, 6, 10))
        try:
            made.up()
            yield made
        finally:
            made.mailbox.stop()
            made.machine.down(lambda _part, _words: None)


def test_a_term_that_comes_near_reaches_people_once_until_somebody_takes_notice(ministry: Ministry) -> None:
    """Alert, outage, retry, one message; kill -9; a lost database; a new day, escalation, notice, quiet."""
    mailbox = ministry.mailbox

    ministry.receive(3, date(2026, 6, 3))
    failed: Any = eventually(
        lambda: [one for row in ministry.alerts() for one in row.deliveries if one.recipient == "OFFICER-7"]
    )
    assert {one.fault for one in failed} == {"unreachable"}

    mailbox.start()
    eventually(lambda: ministry.told("KAZ-3-2026", "near", "OFFICER-7"))
    messages = {str(message["Message-ID"]) for message in mailbox.messages}
    assert len(messages) == len(mailbox.messages)
    assert [message["To"] for message in mailbox.messages if "KAZ-3-2026" in message.get_content()][
        -1
    ] == "o7@mfa.example"
    assert "хабарламаны құзыретті мемлекеттік органдарға жіберу" in "".join(mailbox.texts)

    mailbox.stop()
    ministry.receive(4, date(2026, 6, 3))
    eventually(lambda: any(row.case_id == "KAZ-4-2026" and row.deliveries for row in ministry.alerts()))
    mailbox.on_message = lambda: ministry.machine.kill("post")  # taken by the server, and not on record yet
    mailbox.start()
    eventually(lambda: ministry.ids("KAZ-4-2026"))
    mailbox.on_message = lambda: None
    ministry.machine.start("post")
    eventually(lambda: ministry.told("KAZ-4-2026", "near", "OFFICER-7"))
    assert len(ministry.ids("KAZ-4-2026")) == 2
    assert len(set(ministry.ids("KAZ-4-2026"))) == 1

    before = len(mailbox.messages)
    ministry.lose_the_database()
    ministry.set_day(date(2026, 6, 12))
    for case_id in ("KAZ-3-2026", "KAZ-4-2026"):
        eventually(lambda case_id=case_id: ministry.told(case_id, "missed", "OFFICER-7"))  # type: ignore[misc]
    assert ministry.hook.posts == []
    after = len(mailbox.messages)
    assert before < after <= before + 4
    assert all("күні аяқталды" in text for text in mailbox.texts[before:])
    assert not any("болды" in text for text in mailbox.texts[before:])  # what was told before is not told again

    ministry.set_day(date(2026, 6, 16))  # told on Friday, nobody took notice on Monday
    for case_id in ("KAZ-3-2026", "KAZ-4-2026"):
        eventually(lambda case_id=case_id: ministry.told(case_id, "missed", "HEAD-2"))  # type: ignore[misc]
    told = [alert for _, content in ministry.hook.posts for alert in content["alerts"]]
    assert sorted((alert["case_id"], alert["level"]) for alert in told) == [
        (case_id, 1) for case_id in ("KAZ-3-2026", "KAZ-4-2026") for _ in range(2)
    ]
    assert len(mailbox.messages) == after

    for row in ministry.alerts():
        notice = commands.AcknowledgeAlert(alert=row.alert, by="HEAD-2", acknowledged_on=date(2026, 6, 16))
        ministry.do(row.case_id, notice)
    eventually(lambda: not ministry.alerts())
    posts = len(ministry.hook.posts)
    ministry.set_day(date(2026, 6, 24))
    ministry.receive(5, date(2026, 6, 17))  # the sign that post has looked since
    eventually(lambda: ministry.told("KAZ-5-2026", "near", "OFFICER-7"))
    assert {row.case_id for row in ministry.alerts()} == {"KAZ-5-2026"}
    assert len(ministry.hook.posts) == posts
    late = "".join(message.get_content() for message in mailbox.messages[after:])
    assert "KAZ-3-2026" not in late
    assert "KAZ-4-2026" not in late
