"""Clients as cheap as can be, in a process of their own: each sends its next command when its outcome has come.

Commands are encoded before the clock starts, and their outcomes are told apart by key; what the outcomes say is
looked at when the clock has stopped.
"""

import gc
import time
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition
from confluent_kafka import Message as Read
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # exported, but not by name

from bench.writing import make_producer
from jauap.domain.commands import ReceiveCommunication
from jauap.messaging.avro import Codec
from jauap.messaging.connection import client_settings
from jauap.messaging.envelope import cloud_event
from jauap.messaging.registry import schema_ids

COMMANDS, OUTCOMES, BARE = "jauap.intake.commands", "jauap.intake.outcomes", "bench.bare"
PLACEHOLDER = 1_000_000
"""Every reference has a number of seven digits, so that all have the same length in Avro."""
SILENCE_SECONDS = 20.0
WAIT_SECONDS = 0.2

Command = tuple[bytes, bytes, list[tuple[str, bytes]], bytes]
"""Key, value, headers and id."""


class Target(NamedTuple):
    """Where commands go."""

    kafka: str
    registry: str
    partitions: int


class Run(NamedTuple):
    """What so many clients reached."""

    clients: int
    answered: int
    seconds: float
    latencies: list[float]
    """Milliseconds from sending to the answer, ascending."""
    refused: int
    """Answers that were not `accepted`."""
    processor_seconds: float
    """Of the clients themselves."""


def drive(target: Target, clients: int, seconds: float, first: int, most: int) -> Run:
    """Send commands for new cases, the first of which has the number `first`; `most` at most are sent."""
    commands = make(target, first, most)
    consumer, producer = listening(target, OUTCOMES), make_producer(target.kafka, linger_ms=0)
    _connect(producer)
    try:
        return _closed_loop(commands, consumer, producer, clients, seconds)
    finally:
        producer.flush(10)
        consumer.close()


def make(target: Target, first: int, count: int) -> list[Command]:
    """Commands that receive new cases, encoded."""
    codec = Codec(schema_ids(target.registry, [COMMANDS]))
    letter = ReceiveCommunication(
        reference=f"KAZ {PLACEHOLDER}/2026",
        registry_number="03-12/1734-i",
        communication_type="AL",
        mandates=("Special Rapporteur on the independence of judges and lawyers",),
        state="KAZ",
        subject="Access to counsel",
        language="en",
        letter_date=date(2026, 2, 27),
        received_on=date(2026, 3, 3),
        reply_due=date(2026, 4, 28),
    )
    value, dataschema = codec.encode(COMMANDS, letter)
    return [_command(value, dataschema, PLACEHOLDER + number) for number in range(first, first + count)]


def _command(value: bytes, dataschema: str, number: int) -> Command:
    case_id, command_id = f"KAZ-{number}-2026", str(uuid.uuid4()).encode()
    headers = cloud_event(
        kind="ReceiveCommunication",
        source="/bench",
        subject=case_id,
        time=datetime.now(UTC),
        dataschema=dataschema,
    )
    headers["ce_id"], headers["ce_actor"] = command_id, b"bench"
    patched = value.replace(b"KAZ %d/2026" % PLACEHOLDER, b"KAZ %d/2026" % number)
    return case_id.encode(), patched, list(headers.items()), command_id


def listening(target: Target, topic: str) -> Consumer:
    """A consumer that stands at the end of every partition of a topic."""
    consumer = Consumer(
        {
            **client_settings(target.kafka),
            "group.id": "bench-clients",
            "enable.auto.commit": False,
            "fetch.queue.backoff.ms": 5,
            "log_level": 0,
        }
    )
    places = [TopicPartition(topic, number) for number in range(target.partitions)]
    ends = [consumer.get_watermark_offsets(place, timeout=10)[1] for place in places]
    consumer.assign([TopicPartition(topic, place.partition, end) for place, end in zip(places, ends, strict=True)])
    consumer.poll(0.5)
    return consumer


def _connect(producer: Producer) -> None:
    producer.list_topics(COMMANDS, timeout=10)


def _closed_loop(
    commands: Sequence[Command], consumer: Consumer, producer: Producer, clients: int, seconds: float
) -> Run:
    waiting: dict[Any, float] = {}
    latencies: list[float] = []
    answers: list[Read] = []
    unsent: Iterator[Command] = iter(commands)
    clock, produce = time.perf_counter, producer.produce

    def send() -> None:
        key, value, headers, command_id = next(unsent)
        waiting[command_id] = clock()
        produce(COMMANDS, value=value, key=key, headers=headers)  # type: ignore[arg-type]

    gc.collect()
    gc.freeze()
    began, used = clock(), time.process_time()
    until, heard = began + seconds, began
    for _ in range(clients):
        send()
    try:
        while waiting:
            found = _answers(consumer)
            producer.poll(0)
            now = clock()
            for read in found:
                sent = waiting.pop(read.key(), None)
                if sent is not None:
                    latencies.append((now - sent) * 1000)
                    answers.append(read)
                    if now < until:
                        send()
            heard = now if found else heard
            if (now >= until and len(latencies) >= clients) or now - heard > SILENCE_SECONDS:
                break
    except StopIteration:
        pass  # every command was sent
    taken, used = clock() - began, time.process_time() - used
    if not answers:
        raise RuntimeError("no command was answered")
    refused = sum(not _accepted(read) for read in answers)
    return Run(clients, len(answers), taken, sorted(latencies), refused, used)


def _answers(consumer: Consumer) -> list[Read]:
    first = consumer.poll(WAIT_SECONDS)
    return [] if first is None else [first, *consumer.consume(1000, 0)]


def _accepted(read: Read) -> bool:
    return any(name == "ce_id" and value.endswith(b"/accepted") for name, value in read.headers() or [])  # type: ignore[union-attr, str-unpack, arg-type]


def acknowledged(target: Target, clients: int, seconds: float, most: int) -> Run:
    """What the broker can do at all: the same records, each sent when the one before it was acknowledged."""
    commands = make(target, 0, most)
    make_bare_topic(target)
    producer = make_producer(target.kafka, linger_ms=0)
    _connect(producer)
    latencies: list[float] = []
    unsent, clock = iter(commands), time.perf_counter
    failures: list[KafkaError] = []
    gc.collect()
    gc.freeze()
    began, used = clock(), time.process_time()
    until = began + seconds

    def send() -> None:
        command = next(unsent, None)
        if command is None:
            return
        sent = clock()

        def delivered(error: KafkaError | None, _: object) -> None:
            now = clock()
            if error is not None:
                failures.append(error)
                return
            latencies.append((now - sent) * 1000)
            if now < until:
                send()

        key, value, headers, _id = command
        producer.produce(BARE, value=value, key=key, headers=headers, on_delivery=delivered)  # type: ignore[arg-type]

    for _ in range(clients):
        send()
    while len(producer):
        producer.poll(WAIT_SECONDS)
    taken, used = clock() - began, time.process_time() - used
    if failures or not latencies:
        raise RuntimeError(f"not acknowledged: {failures[:1]}")
    return Run(clients, len(latencies), taken, sorted(latencies), 0, used)


def make_bare_topic(target: Target) -> None:
    """Create the topic of what is produced for comparison; the broker's append time is on its records."""
    admin = AdminClient({**client_settings(target.kafka), "log_level": 0})
    if BARE not in admin.list_topics(timeout=10).topics:
        for future in admin.create_topics(
            [NewTopic(BARE, target.partitions, 1, config={"message.timestamp.type": "LogAppendTime"})]
        ).values():
            future.result(10)


def percentile(ascending: Sequence[float], share: float) -> float:
    """The value below which this share of all lies."""
    return ascending[min(len(ascending) - 1, int(share * len(ascending)))]
