"""A steady flow of commands, whose sender notes what the log acknowledged, and what must be true of them afterwards."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import psycopg
from confluent_kafka import KafkaError, Message, Producer

from jauap.domain.commands import SERVICE_OF, CorrectCommunication, ForwardCommunication, ReceiveCommunication
from jauap.domain.facts import ForwardedTo, Value
from jauap.messaging.avro import Codec
from jauap.messaging.connection import client_settings
from jauap.messaging.envelope import cloud_event
from jauap.messaging.registry import schema_ids
from jauap.projections.database import OPTIONS
from jauap.stack.addresses import Addresses
from tests.checker import SERVICES, Findings, Record, check, read_topic

COMMANDED = ("intake", "routing")
DELIVERY_SECONDS = 120
"""A command outlives any outage of these tests, so the order in which they were given is that of the log."""
PATIENCE = 120.0


@dataclass
class Flow:
    """Letters, and corrections and forwardings of them in turn, some twenty a second, until it is stopped."""

    addresses: Addresses
    cases: int = 12
    pause: float = 0.05
    sent: list[str] = field(default_factory=list)
    """Ids of all commands, in order."""
    acknowledged: dict[str, tuple[str, float]] = field(default_factory=dict)
    """By command id: its service, and when the log said that it has it (monotonic)."""
    failed: list[str] = field(default_factory=list)
    """Why commands were not acknowledged; the log may have them or not."""

    def __post_init__(self) -> None:
        """Connect; nothing is sent yet."""
        topics = [f"jauap.{service}.commands" for service in COMMANDED]
        self._codec = Codec(schema_ids(self.addresses.registry, topics))
        self._producer = Producer(
            {
                **client_settings(self.addresses.kafka),
                "acks": "all",
                "enable.idempotence": True,
                "partitioner": "murmur2_random",
                "linger.ms": 0,
                "message.timeout.ms": DELIVERY_SECONDS * 1000,
                "reconnect.backoff.max.ms": 1000,
                "log_level": 0,
            }
        )
        self._stopping = threading.Event()
        first = uuid.uuid4().int % 900_000
        self.case_ids = [f"KAZ-{first + number}-2026" for number in range(self.cases)]

    @contextmanager
    def running(self) -> Iterator[None]:
        """Send in the background; at the end every command that was sent is acknowledged."""
        thread = threading.Thread(target=self._run)
        thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            thread.join()
            left = self._producer.flush(DELIVERY_SECONDS)
            assert not left
            assert not self.failed, self.failed

    def await_acknowledged(self, more: int) -> None:
        """Wait until so many commands more are acknowledged."""
        wanted = len(self.acknowledged) + more
        wait_for(lambda: len(self.acknowledged) >= wanted, f"{more} commands more acknowledged")

    def _run(self) -> None:
        for command, case_id in self._commands():
            self._send(command, case_id)
            if self._stopping.wait(self.pause):
                return

    def _commands(self) -> Iterator[tuple[Value, str]]:
        for case_id in self.case_ids:
            _, number, year = case_id.split("-")
            yield (
                ReceiveCommunication(
                    reference=f"KAZ {number}/{year}",
                    communication_type="AL",
                    state="KAZ",
                    received_on=date(2026, 3, 3),
                ),
                case_id,
            )
        turn = 0
        while True:
            turn += 1
            for place, case_id in enumerate(self.case_ids):
                if (turn + place) % 4 == 0:
                    bodies = (ForwardedTo(body="MIA", questions=(str(turn),)),)
                    yield ForwardCommunication(bodies=bodies, forwarded_on=date(2026, 3, 4)), case_id
                else:
                    yield CorrectCommunication(subject=f"subject {turn}", reason="test"), case_id

    def _send(self, command: Value, case_id: str) -> None:
        command_id, name = str(uuid.uuid4()), type(command).__name__
        service = SERVICE_OF[name]
        topic = f"jauap.{service}.commands"
        value, dataschema = self._codec.encode(topic, command)
        headers = cloud_event(
            kind=name, source="/flow", subject=case_id, time=datetime.now(UTC), dataschema=dataschema
        ) | {"ce_id": command_id.encode(), "ce_actor": b"flow"}

        def delivered(error: KafkaError | None, _: Message) -> None:
            if error is None:
                self.acknowledged[command_id] = (service, time.monotonic())
            else:
                self.failed.append(str(error))

        self.sent.append(command_id)
        self._producer.produce(topic, key=case_id, value=value, headers=list(headers.items()), on_delivery=delivered)
        self._producer.poll(0)


def wait_for(condition: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Go on as soon as it is so; AssertionError if it never is."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not so within {seconds:.0f} s: {what}"
        time.sleep(0.1)


def await_judgement(flow: Flow, patience: float = PATIENCE) -> dict[str, Findings]:
    """Wait until everything acknowledged is decided, told and visible, and nothing is wrong with it.

    What is still to come is waited for; what can't become right is said at once.
    """
    deadline = time.monotonic() + patience
    while True:
        found = {service: check(flow.addresses.kafka, service) for service in SERVICES}
        wrong = [sentence for service in COMMANDED for sentence in _wrong(flow, service, found[service])]
        assert not wrong, wrong[:10]
        missing = [*_undone(flow, found), *_invisible(flow, found)]
        if not missing:
            return found
        assert time.monotonic() < deadline, missing[:10]
        time.sleep(0.5)


def _wrong(flow: Flow, service: str, found: Findings) -> Iterator[str]:
    """What no waiting mends: a broken case, a command decided twice or out of turn, outcomes that differ."""
    yield from (f"{service}: case {case_id} is broken" for case_id in found.broken)
    commands = read_topic(flow.addresses.kafka, f"jauap.{service}.commands")
    for case_id, records in found.counted.items():
        made = [record.command_id for record in records if record.command_id is not None]
        if len(made) != len(set(made)):
            yield f"{service}: case {case_id} has a command with two counting records"
        if made != _given(commands, case_id)[: len(made)]:
            yield f"{service}: the records of case {case_id} are not in the order of its commands"
    seen: dict[str, set[bytes]] = {}
    for record in read_topic(flow.addresses.kafka, f"jauap.{service}.outcomes"):
        seen.setdefault(record.key, set()).add(record.value)
    yield from (f"{service}: command {one} has {len(seen[one])} outcomes" for one in seen if len(seen[one]) > 1)


def _given(commands: list[Record], case_id: str) -> list[str]:
    """The commands of a case in the order in which the log has them, each once."""
    return list(dict.fromkeys(record.headers["ce_id"].decode() for record in commands if record.key == case_id))


def _undone(flow: Flow, found: dict[str, Findings]) -> Iterator[str]:
    """Acknowledged commands without a record, or without an outcome."""
    decided = {
        record.command_id for service in COMMANDED for records in found[service].counted.values() for record in records
    }
    told = {
        record.key for service in COMMANDED for record in read_topic(flow.addresses.kafka, f"jauap.{service}.outcomes")
    }
    for command_id, (service, _) in flow.acknowledged.items():
        if command_id not in decided or command_id not in told:
            yield f"{service}: command {command_id}: decided {command_id in decided}, told {command_id in told}"


def _invisible(flow: Flow, found: dict[str, Findings]) -> Iterator[str]:
    """Records that count and that the read model of the history does not show, or shows where none is."""
    wanted = {
        (case_id, service, number)
        for service in SERVICES
        for case_id, records in found[service].counted.items()
        for number in range(1, len(records) + 1)
    }
    try:
        with psycopg.connect(flow.addresses.database, options=OPTIONS) as connection:
            shown = set(connection.execute("SELECT case_id, service, sequence FROM case_history").fetchall())
    except psycopg.OperationalError as error:
        yield str(error)
        return
    yield from (f"not as in the log: {one}" for one in wanted ^ shown)
