"""Many clients that send at once, repeat themselves, and remember what the broker acknowledged and what they heard."""

import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from queue import SimpleQueue
from random import Random
from typing import Any, NamedTuple

from confluent_kafka import KafkaError, KafkaException, Producer

from jauap.messaging.connection import client_settings
from tests.faults import wire
from tests.faults.story import Command, Story

CLIENTS = 4
STEPS_PER_SECOND = 7.0
"""Of one client; a step is one command, or now and then a burst on one case."""
MOST_UNANSWERED = 400
"""More wait in the services: the clients pause, or the end would be waited for too long."""
FLUSH_SECONDS = 120.0
MALFORMED = "trial-malformed"
"""Header of our own that marks a command as malformed on purpose; no service looks at it."""

Place = tuple[str, int, int]


class Letter(NamedTuple):
    """A record on its way to a commands topic. `partition` is -1: where its key belongs."""

    topic: str
    key: bytes
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    partition: int = -1


@dataclass
class Sent:
    """What clients know of one command id."""

    command_id: str
    case_id: str
    topic: str
    acknowledged: list[Place] = field(default_factory=list)
    """Where the broker said that it stands; repeats and other content under the same id too."""
    heard: set[bytes] = field(default_factory=set)
    """The final outcomes that were read while the campaign ran."""


class Memory:
    """What all clients know together."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.sent: dict[str, Sent] = {}
        self.unanswered: set[str] = set()
        self.held: set[str] = set()
        self.malformed: list[Place] = []
        """Where the broker said that commands stand that are malformed on purpose."""
        self.counts: Counter[str] = Counter()

    def lose(self, command_ids: Iterable[str]) -> None:
        """A disaster took these commands: no answer is waited for."""
        with self.lock:
            self.unanswered -= set(command_ids)

    def hear(self, record: wire.Record) -> None:
        """Note an outcome."""
        status = wire.decode(record)["status"]
        with self.lock:
            sent = self.sent.get(record.key)
            if sent is None:
                return
            if status == "held":
                self.held.add(record.key)
            elif record.type == "Outcome" and status != "malformed":
                sent.heard.add(record.value)
                self.unanswered.discard(record.key)


class Client:
    """One of them, in a thread of its own."""

    def __init__(self, number: int, seed: str, kafka: str, memory: Memory, cases: int, today: date) -> None:
        self.number, self.kafka, self.memory = number, kafka, memory
        self.random = Random(f"{seed}/client/{number}")
        self.story = Story(self.random, cases, today)
        self.own_cases = range(number, cases, CLIENTS)
        self._later: list[tuple[float, Callable[[], None]]] = []
        self._again: list[Callable[[], None]] = []
        self._asked: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._dead = False
        self._producer = self._connect()
        self._stopping = threading.Event()
        self.fault: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=f"client-{number}")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()

    def join(self) -> None:
        """Wait until everything is sent. Raises what stopped it."""
        self._thread.join()
        if self.fault is not None:
            raise self.fault

    def _connect(self) -> Producer:
        return Producer(
            {
                **client_settings(self.kafka),
                "client.id": f"client-{self.number}",
                "acks": "all",
                "enable.idempotence": True,
                "partitioner": "murmur2_random",
                "message.timeout.ms": 20_000,
                "reconnect.backoff.max.ms": 1_000,
                "log_level": 0,
                "error_cb": self._on_error,
            }
        )

    def _on_error(self, error: KafkaError) -> None:
        self._dead |= error.fatal() or error.code() == KafkaError._FATAL  # noqa: SLF001 - the library's public code

    # --- the plan ---

    def _run(self) -> None:
        try:
            self._open_cases()
            while not self._stopping.is_set():
                self._step()
                self._wait(self.random.expovariate(STEPS_PER_SECOND))
            self._finish()
        except BaseException as fault:  # noqa: BLE001 - told by `join`
            self.fault = fault

    def _open_cases(self) -> None:
        for case in self.own_cases:
            if self._stopping.is_set():
                return
            self._send(self.story.letter(case))
            self._wait(self.random.expovariate(STEPS_PER_SECOND * 2))

    def _step(self) -> None:
        commands = [self.story.next()]
        if self.random.random() < 0.06:
            case = self.story.any_case()
            commands = [self.story.next(case) for _ in range(self.random.randrange(5, 30))]
        for command in commands:
            self._send(command)
        if self.random.random() < 0.03:
            self._send_malformed(self.story.next())

    def burst(self, random: Random, case_id: str, size: int, service: str) -> None:
        """Ask for many commands on one case at once, of one service; they are sent from the client's own thread."""
        story = Story(random, self.story.cases, self.story.today)
        commands: Iterator[Command] = iter(lambda: story.next(case_id), None)
        chosen = (command for command in commands if command.service == service)
        letters = [(command, _new_id(random)) for command, _ in zip(chosen, range(size), strict=False)]

        def send() -> None:
            for command, command_id in letters:
                self._produce(
                    _letter(command, command_id, f"client-{self.number}"), self._remember(command, command_id)
                )

        self._asked.put(send)

    def _send(self, command: Command) -> None:
        """A command; one in ten comes twice, and a few ids come back with other content."""
        random, command_id = self.random, _new_id(self.random)
        expected = f"{command.service}:{random.randrange(30)}" if random.random() < 0.03 else None
        letter = _letter(command, command_id, f"client-{self.number}", expected)
        sent = self._remember(command, command_id)
        self._produce(letter, sent)
        chance = random.random()
        if chance < 0.05:
            self._count("repeats")
            self._produce(letter, sent)
        elif chance < 0.10:
            self._count("repeats")
            self._after(random.uniform(0.2, 15), lambda: self._produce(letter, sent))
        elif chance < 0.12:
            other = self.story.next(command.case_id)
            while other.service != command.service:
                other = self.story.next(command.case_id)
            wrong = _letter(other, command_id, f"client-{self.number}")
            self._count("ids used again")
            self._after(random.choice((0.0, 5.0)), lambda: self._produce(wrong, sent))

    def _send_malformed(self, command: Command) -> None:
        letter = _spoilt(_letter(command, _new_id(self.random), f"client-{self.number}"), self.random)
        self._count("malformed sent")
        self._produce(letter, None)

    # --- sending ---

    def _remember(self, command: Command, command_id: str) -> Sent:
        sent = Sent(command_id, command.case_id, f"jauap.{command.service}.commands")
        with self.memory.lock:
            self.memory.sent[command_id] = sent
            self.memory.unanswered.add(command_id)
        return sent

    def _count(self, what: str) -> None:
        with self.memory.lock:
            self.memory.counts[what] += 1

    def _produce(self, letter: Letter, sent: Sent | None) -> None:
        def delivered(error: KafkaError | None, message: Any) -> None:
            if error is not None:
                self._again.append(lambda: self._produce(letter, sent))
                return
            place = (message.topic(), message.partition(), message.offset())
            with self.memory.lock:
                (self.memory.malformed if sent is None else sent.acknowledged).append(place)

        try:
            self._producer.produce(
                letter.topic,
                key=letter.key,
                value=letter.value,
                headers=list(letter.headers),
                partition=letter.partition,
                on_delivery=delivered,
            )
        except (BufferError, KafkaException):
            self._again.append(lambda: self._produce(letter, sent))

    def _after(self, seconds: float, action: Callable[[], None]) -> None:
        self._later.append((time.monotonic() + seconds, action))

    def _wait(self, seconds: float) -> None:
        """Serve the producer, and send what is due, at least so long; longer while the services are behind."""
        until = time.monotonic() + seconds
        while True:
            self._serve(0.02)
            behind = len(self.memory.unanswered) > MOST_UNANSWERED
            if self._stopping.is_set() or (time.monotonic() >= until and not behind):
                return

    def _serve(self, seconds: float) -> None:
        try:
            self._producer.poll(seconds)
        except (KafkaException, SystemError):
            self._dead = True
        if self._dead:
            self._replace_producer()
        again, self._again = self._again, []
        now = time.monotonic()
        due = [action for at, action in self._later if at <= now]
        self._later = [(at, action) for at, action in self._later if at > now]
        asked = [self._asked.get() for _ in range(self._asked.qsize())]
        for action in (*again, *due, *asked):
            action()

    def _replace_producer(self) -> None:
        """After a fatal error, such as a log that lost its tail: what was not acknowledged is sent by a new one."""
        old, self._dead = self._producer, False
        old.purge()
        try:
            old.flush(5)  # tells of everything that was purged
        except (KafkaException, SystemError):
            old.flush(5)
        self._dead, self._producer = False, self._connect()
        self._count("clients started anew")

    def _finish(self) -> None:
        """Whatever was to come later comes now, and everything is acknowledged in the end."""
        later, self._later = self._later, []
        for _, action in later:
            action()
        deadline = time.monotonic() + FLUSH_SECONDS
        while self._again or len(self._producer):
            assert time.monotonic() < deadline, "the broker does not take what the clients send"
            self._serve(0.1)


def _new_id(random: Random) -> str:
    return str(uuid.UUID(int=random.getrandbits(128), version=4))


def _letter(command: Command, command_id: str, actor: str, expected: str | None = None) -> Letter:
    headers = {
        "content-type": b"application/avro",
        "ce_specversion": b"1.0",
        "ce_id": command_id.encode(),
        "ce_type": f"jauap.{command.name}".encode(),
        "ce_source": b"/faults",
        "ce_subject": command.case_id.encode(),
        "ce_time": datetime.now(UTC).isoformat().encode(),
        "ce_dataschema": f"urn:jauap:schema:{command.name}:1".encode(),
        "ce_actor": actor.encode(),
        **({} if expected is None else {"ce_expected": expected.encode()}),
    }
    topic = f"jauap.{command.service}.commands"
    return Letter(topic, command.case_id.encode(), wire.encode(command.name, command.content), tuple(headers.items()))


def _spoilt(letter: Letter, random: Random) -> Letter:
    """The same command, made such that it can't be attributed to a case or read."""
    headers = dict(letter.headers)
    headers[MALFORMED] = b"1"
    spoilt = letter
    match random.randrange(6):
        case 0:
            spoilt = letter._replace(key=b"kaz 1/2026")
        case 1:
            headers["ce_subject"] = b"KAZ-999-2026"
        case 2:
            spoilt = letter._replace(value=random.randbytes(20))
        case 3:
            headers["ce_type"] = b"jauap.NoSuchCommand"
        case 4:
            del headers["ce_id"]
        case _:
            spoilt = letter._replace(value=None)
    return spoilt._replace(headers=tuple(headers.items()))


class Workload:
    """All clients, and the one who hears the outcomes."""

    def __init__(self, seed: str, kafka: str, cases: int, today: date) -> None:
        self.memory = Memory()
        self.clients = [Client(number, seed, kafka, self.memory, cases, today) for number in range(CLIENTS)]
        self._kafka = kafka
        self._stopping = threading.Event()
        self._hearing = threading.Thread(target=self._hear, name="hearing")

    def start(self) -> None:
        self._hearing.start()
        for client in self.clients:
            client.start()

    def stop_sending(self) -> None:
        """No new commands; everything that was sent is acknowledged when this returns."""
        for client in self.clients:
            client.stop()
        for client in self.clients:
            client.join()

    def close(self) -> None:
        """End all threads, whatever became of them."""
        for client in self.clients:
            client.stop()
        self._stopping.set()
        self._hearing.join()

    def _hear(self) -> None:
        topics = [f"jauap.{service}.outcomes" for service in wire.SERVICES]
        for record in wire.follow(self._kafka, topics, self._stopping):
            self.memory.hear(record)
