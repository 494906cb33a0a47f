"""The wire as the contract states it (docs/reference/wire.md): none of the system's own messaging code is used here."""

import hashlib
import json
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition
from fastavro import parse_schema, schemaless_reader, schemaless_writer

from jauap.messaging.connection import client_settings

RELEASED = Path(__file__).parents[2] / "src/jauap/schemas/released"
SERVICES = ("intake", "routing", "deadlines", "publication")
KINDS = ("commands", "events", "outcomes")
TOPICS = tuple(f"jauap.{service}.{kind}" for service in SERVICES for kind in KINDS)
Place = tuple[str, int]
"""A topic and one of its partitions."""
CONFLUENT = bytes(5)
"""A zero and the schema's id, which no reader of ours looks at."""
READ_SECONDS = 60.0


class Record(NamedTuple):
    """A record as the broker gives it."""

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes
    headers: Mapping[str, bytes]

    @property
    def place(self) -> str:
        """Where it stands, for people."""
        return f"{self.topic} partition {self.partition} offset {self.offset}"

    def text(self, name: str) -> str:
        """A header's text; empty if it is absent."""
        return self.headers.get(name, b"").decode(errors="replace")

    @property
    def type(self) -> str:
        """Name of what it holds."""
        return self.text("ce_type").rpartition(".")[2]

    def digest(self) -> str:
        """The record's hash, computed from the contract's words."""
        names = sorted(name for name in self.headers if name.startswith("ce_") and name not in ("ce_id", "ce_hash"))
        pieces = [bytes.fromhex(self.text("ce_prevhash"))]
        for name in names:
            pieces += [name.encode(), self.headers[name]]
        pieces += [self.headers.get("content-type", b""), self.key.encode(), self.value]
        return _hash(pieces)

    def content_hash(self) -> str:
        """Of a command: case, type, actor, expectation and Avro body. Another content under its id has another."""
        pieces = [self.key.encode(), *(self.headers.get(name, b"") for name in ("ce_type", "ce_actor", "ce_expected"))]
        return _hash([*pieces, self.value[len(CONFLUENT) :]])


def _hash(pieces: list[bytes]) -> str:
    return hashlib.sha256(b"".join(len(piece).to_bytes(4, "big") + piece for piece in pieces)).hexdigest()


@cache
def schema(name: str, version: str = "1") -> Any:
    """A released schema. KeyError if there is none."""
    file = RELEASED / name / f"{version}.avsc"
    if not file.exists():
        raise KeyError(name)
    return parse_schema(json.loads(file.read_text()))


def encode(name: str, content: Mapping[str, object]) -> bytes:
    """A record's value; what is left out has its default."""
    stream = BytesIO()
    stream.write(CONFLUENT)
    schemaless_writer(stream, schema(name), dict(content))
    return stream.getvalue()


def decode(record: Record) -> dict[str, Any]:
    """A record's content, by the schema that it names."""
    _, name, version = record.text("ce_dataschema").rsplit(":", 2)
    content = schemaless_reader(BytesIO(record.value[len(CONFLUENT) :]), schema(name, version), None)
    assert isinstance(content, dict)
    return content


def read(kafka: str, topics: Collection[str] = TOPICS) -> dict[str, list[Record]]:
    """Every record of these topics up to their present ends, by topic, partition by partition."""
    consumer = _consumer(kafka)
    try:
        ends = _ends(consumer, topics)
        records: dict[str, list[Record]] = {topic: [] for topic in topics}
        consumer.assign([TopicPartition(*place, low) for place, (low, _) in ends.items()])
        deadline = time.monotonic() + READ_SECONDS
        while unread := _unread(consumer, ends):
            assert time.monotonic() < deadline, f"the broker gives nothing more of {sorted(unread)}"
            for message in (found := consumer.consume(1000, 0.2)):
                if message.error() is None:
                    record = _record(message)
                    records[record.topic].append(record)
            if not found:
                ends = _ends(consumer, topics)  # a log that is losing its tail ends earlier now
        return {topic: _up_to(found, ends) for topic, found in records.items()}
    finally:
        consumer.close()


def follow(kafka: str, topics: Collection[str], stopping: threading.Event) -> Iterator[Record]:
    """Every record of these topics from the start, as they come; a broker that is away is waited for."""
    places = list(ends(kafka, topics))
    consumer = _consumer(kafka)
    try:
        consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for topic, number in places])
        while not stopping.is_set():
            yield from (_record(message) for message in consumer.consume(500, 0.1) if message.error() is None)
    finally:
        consumer.close()


def _consumer(kafka: str) -> Consumer:
    return Consumer(
        {
            **client_settings(kafka),
            "group.id": "judge-alone",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "check.crcs": True,
            "log_level": 0,
            "error_cb": lambda _: None,
        }
    )


def _unread(consumer: Consumer, ends: Mapping[Place, tuple[int, int]]) -> set[Place]:
    """The places that are not read to their ends."""
    wanted = [TopicPartition(*place) for place, (low, high) in ends.items() if high > low]
    positions = {(place.topic, place.partition): place.offset for place in consumer.position(wanted)} if wanted else {}
    return {place for place, offset in positions.items() if offset < ends[place][1]}


def _up_to(records: list[Record], ends: Mapping[Place, tuple[int, int]]) -> list[Record]:
    known = [record for record in records if record.offset < ends[record.topic, record.partition][1]]
    return sorted(known, key=lambda record: (record.partition, record.offset))


def ends(kafka: str, topics: Collection[str] = TOPICS) -> dict[Place, int]:
    """Where each partition of these topics ends now."""
    consumer = _consumer(kafka)
    try:
        return {place: high for place, (_, high) in _ends(consumer, topics).items()}
    finally:
        consumer.close()


def _ends(consumer: Consumer, topics: Collection[str]) -> dict[Place, tuple[int, int]]:
    """First and next offset of each partition; a broker that is just coming back is waited for."""
    deadline = time.monotonic() + READ_SECONDS
    while True:
        try:
            known = consumer.list_topics(timeout=10).topics
            places = [(topic, number) for topic in topics for number in known[topic].partitions]
            return {place: consumer.get_watermark_offsets(TopicPartition(*place), timeout=10) for place in places}
        except KafkaException:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def _record(message: Any) -> Record:
    pairs = message.headers() or []
    headers = {name: value if isinstance(value, bytes) else b"" for name, value in pairs}
    key, value = message.key() or b"", message.value() or b""
    return Record(message.topic(), message.partition(), message.offset(), key.decode(errors="replace"), value, headers)
