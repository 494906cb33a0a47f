"""Writing a log of synthetic cases to the broker: valid chains, all headers, real schemas; the same seed, the same log.

Payloads are encoded once for each step of a few stories; only the letter itself is encoded for each case.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random
from typing import NamedTuple

import msgspec
from confluent_kafka import KafkaError, Producer

from bench.history import Story, lengths
from bench.progress import Bar
from jauap.domain.case import SERVICES
from jauap.domain.events import CommunicationReceived
from jauap.domain.facts import Value
from jauap.messaging.avro import Codec
from jauap.messaging.chain import Chain
from jauap.messaging.connection import client_settings
from jauap.messaging.envelope import Outgoing, chained, cloud_event
from jauap.messaging.folding import events_topic
from jauap.messaging.registry import schema_ids
from jauap.messaging.topics import partition_of

STORIES = 12
ACTIVE = 2_000
"""Cases that are worked on at the same time; each event is of any of them."""
BEGAN = datetime(2026, 1, 5, 4, tzinfo=UTC)
PACE = timedelta(seconds=20)
AT_ONCE = 50_000
"""Records in the producer's hands."""


class Payload(NamedTuple):
    """One step of a story, encoded."""

    service: str
    kind: str
    value: bytes
    dataschema: str


class Size(NamedTuple):
    """How large a log is."""

    events: int
    cases: int
    seed: int = 1
    prefix: str = "KAZ"
    """Beginning of the case ids and references: three capital letters."""


class Written(NamedTuple):
    """One record, and where it belongs."""

    topic: str
    partition: int
    record: Outgoing


class _Told(NamedTuple):
    """A story, encoded; its letter is encoded for each case, under the case's reference."""

    letter: CommunicationReceived
    rest: list[Payload]


class _Case:
    """A case that is being written."""

    __slots__ = ("chains", "key", "left", "letter", "partition", "rest")

    def __init__(self, number: int, length: int, story: _Told, size: Size, partitions: int) -> None:
        self.letter = msgspec.structs.replace(story.letter, reference=f"{size.prefix} {number}/2026")
        self.key = f"{size.prefix}-{number}-2026".encode()
        self.partition = partition_of(self.key, partitions)
        self.left, self.rest = length, iter(story.rest)
        self.chains = dict.fromkeys(SERVICES, Chain())


class Log:
    """A log that is made up as it is read. `records` gives it, in the order in which it is to be written."""

    def __init__(self, size: Size, codec: Codec, partitions: int) -> None:
        """Tell the stories once, and encode them."""
        self._size, self._codec, self._partitions = size, codec, partitions
        self._random = Random(size.seed)  # noqa: S311 - for variety, not for secrets
        self._lengths = lengths(size.cases, size.events)
        self._stories = [self._told(size.seed * 1000 + number) for number in range(STORIES)]
        self._reached: dict[tuple[str, int], int] = {}
        self._time = BEGAN

    def _told(self, seed: int) -> _Told:
        letter, *rest = islice(Story(seed).steps(), self._lengths[0])
        if not isinstance(letter.event, CommunicationReceived):
            raise TypeError(letter)
        return _Told(letter.event, [self._payload(service, event) for service, event in rest])

    def _payload(self, service: str, event: Value) -> Payload:
        value, dataschema = self._codec.encode(events_topic(service), event)
        return Payload(service, type(event).__name__, value, dataschema)

    def records(self) -> Iterator[Written]:
        """Every record. Cases begin one after another and are worked on side by side."""
        order = list(enumerate(self._lengths, start=1))
        self._random.shuffle(order)
        waiting = iter(order)
        active = [self._case(number, length) for number, length in islice(waiting, ACTIVE)]
        while active:
            at = int(self._random.random() * len(active))
            case = active[at]
            yield self._record(case)
            if case.left == 0:
                following = next(waiting, None)
                last = active.pop()
                if last is not case:
                    active[at] = last
                if following is not None:
                    active.append(self._case(*following))

    def _case(self, number: int, length: int) -> _Case:
        return _Case(number, length, self._stories[number % STORIES], self._size, self._partitions)

    def _record(self, case: _Case) -> Written:
        begins = case.chains["intake"].sequence == 0
        payload = self._payload("intake", case.letter) if begins else next(case.rest)
        service, chain = payload.service, case.chains[payload.service]
        case.left -= 1
        self._time += PACE
        headers = cloud_event(
            kind=payload.kind,
            source=f"/jauap/{service}",
            subject=case.key.decode(),
            time=self._time,
            dataschema=payload.dataschema,
        )
        self._ascribe(headers, service, case, chain)
        record = chained(headers, chain, case.key, payload.value)
        case.chains[service] = Chain(chain.sequence + 1, bytes.fromhex(record.headers[-1][1].decode()))
        self._reached[service, case.partition] = self._reached.get((service, case.partition), 0) + 1
        return Written(events_topic(service), case.partition, record)

    def _ascribe(self, headers: dict[str, bytes], service: str, case: _Case, chain: Chain) -> None:
        """What was known, and who asked: a command, except for the steps of *deadlines*."""
        seen = ",".join(f"{name}:{self._reached.get((name, case.partition), 0)}" for name in SERVICES)
        headers["ce_seen"] = seen.encode()
        if service == "deadlines":
            headers["ce_seen"] += b",calendar:0"
            headers["ce_actor"] = b"deadlines"
            return
        command = b"%s-%s-%d" % (case.key, service.encode(), chain.sequence)
        headers["ce_actor"] = b"officer.a"
        headers["ce_commandtype"] = headers["ce_type"].replace(b"jauap.", b"jauap.Record")
        headers["ce_commandid"] = headers["ce_correlationid"] = command
        headers["ce_commandhash"] = chain.hash.hex().encode()


def write(kafka: str, registry: str, partitions: int, size: Size) -> None:
    """Write a log to the events topics. Raises RuntimeError if any of it was not acknowledged."""
    codec = Codec(schema_ids(registry, [events_topic(service) for service in SERVICES]))
    log, bar = Log(size, codec, partitions), Bar("writing events")
    producer = make_producer(kafka)
    failures: list[KafkaError] = []

    def delivered(error: KafkaError | None, _: object) -> None:
        if error is not None:
            failures.append(error)

    for number, (topic, partition, record) in enumerate(log.records(), start=1):
        append(producer, topic, partition, record, delivered)
        if number % 1000 == 0:
            producer.poll(0)
            bar.show(number, size.events)
    producer.flush()
    if failures:
        raise RuntimeError(f"{len(failures)} records were not written: {failures[0]}")


def make_producer(kafka: str, linger_ms: int = 20) -> Producer:
    """A producer as the services have it, that fills its batches."""
    return Producer(
        {
            **client_settings(kafka),
            "acks": "all",
            "enable.idempotence": True,
            "partitioner": "murmur2_random",
            "linger.ms": linger_ms,
            "queue.buffering.max.messages": AT_ONCE,
            "queue.buffering.max.kbytes": 65_536,
            "log_level": 0,
        }
    )


def append(
    producer: Producer,
    topic: str,
    partition: int,
    record: Outgoing,
    delivered: Callable[[KafkaError | None, object], None],
) -> None:
    """Hand a record to the producer, and wait while its hands are full."""
    while True:
        try:
            producer.produce(
                topic,
                key=record.key,
                value=record.value,
                headers=record.headers,  # type: ignore[arg-type]
                partition=partition,
                on_delivery=delivered,
            )
        except BufferError:
            producer.poll(0.05)
        else:
            return
