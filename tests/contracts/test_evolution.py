"""A reader built against today's schemas goes on reading, unchanged, after tomorrow's release.

Tomorrow's `ItemWithdrawn` has one more field, and beside it on the feed stands a type that nobody knows today.
"""

import copy
import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import uuid4

import avro.io
import avro.schema
import fastavro
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined] # exported, but not by name
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from jauap.messaging import avro as our_avro
from jauap.messaging.avro import Codec, UnknownSchema, dataschema
from jauap.messaging.chain import Verdict
from jauap.messaging.connection import client_settings
from jauap.messaging.envelope import Message, cloud_event
from jauap.messaging.folding import Track, fold
from jauap.stack.addresses import Addresses
from tests.builders import a_communication, a_meeting
from tests.contracts import cloud_events
from tests.contracts.records import Json, example, release, schema_of
from tests.logbook import Logbook

CASE = "KAZ-3-2026"
ITEM = example("ItemWithdrawn")
ADDED = {
    "name": "replaced_by",
    "type": ["null", "string"],
    "doc": "The item in its place; null: none.",
    "default": None,
}
HELD = {
    "type": "record",
    "name": "HearingHeld",
    "namespace": "jauap",
    "doc": "A kind of item that is not known today.",
    "fields": [{"name": "held_on", "type": {"type": "int", "logicalType": "date"}, "doc": "Its day."}],
}
AT = datetime(2026, 6, 3, 9, tzinfo=UTC)


def tomorrow_s(name: str) -> Json:
    """A record's schema as tomorrow's release has it: with one more field, which has a default."""
    schema = copy.deepcopy(schema_of(name))
    schema["fields"].append(dict(ADDED))
    return schema


class Item(NamedTuple):
    """A record of the feed as it is written: its type, the release of its schema, the schema, the content."""

    name: str
    version: int
    schema: Json
    content: dict[str, Any]


TODAY = Item("ItemWithdrawn", 1, schema_of("ItemWithdrawn"), ITEM)
LATER = Item("ItemWithdrawn", 2, tomorrow_s("ItemWithdrawn"), ITEM | {"replaced_by": "f" * 64})
NEW = Item("HearingHeld", 1, HELD, {"held_on": 20_000})
WRITTEN = (TODAY, LATER, NEW, TODAY)


# --- the readers: each knows Kafka's and Avro's libraries, the registry, and today's schema; nothing of ours ---

Schemas = Callable[[int], str]
"""The registry: a schema's text by its id."""


def with_fastavro(value: bytes, writer_s: Schemas, reader: str) -> object:
    """What a record says, by fastavro: the writer's schema by the id in the record, the reader's own beside it."""
    writer = fastavro.parse_schema(json.loads(writer_s(int.from_bytes(value[1:5], "big"))))
    return fastavro.schemaless_reader(io.BytesIO(value[5:]), writer, fastavro.parse_schema(json.loads(reader)))


def with_apache_avro(value: bytes, writer_s: Schemas, reader: str) -> object:
    """The same by Apache Avro's own library."""
    writer = avro.schema.parse(writer_s(int.from_bytes(value[1:5], "big")))
    decoder = avro.io.BinaryDecoder(io.BytesIO(value[5:]))
    return avro.io.DatumReader(writer, avro.schema.parse(reader)).read(decoder)


READERS = {"fastavro": with_fastavro, "Apache Avro": with_apache_avro}


# --- the feed, written by tomorrow's release ---


class Feed(NamedTuple):
    """The feed as it was read, and the registry."""

    records: list[Message]
    schemas: Schemas


@pytest.fixture(scope="module")
def feed(stack: Addresses) -> Iterator[Feed]:
    """A feed to which tomorrow's release has written; its schemas are in the registry beside today's."""
    topic = f"trial-feed-{uuid4()}"
    admin = AdminClient(client_settings(stack.kafka))
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result()
    with SchemaRegistryClient({"url": stack.registry}) as registry:
        ids = [registry.register_schema(f"jauap.{one.name}", Schema(json.dumps(one.schema), "AVRO")) for one in WRITTEN]
        producer = Producer(client_settings(stack.kafka))
        for one, number in zip(WRITTEN, ids, strict=True):
            producer.produce(topic, key=CASE, value=_value(one, number), headers=list(_headers(one).items()))
        assert producer.flush(10) == 0
        yield Feed(_read(stack.kafka, topic), lambda number: registry.get_schema(number).schema_str or "")
        registry.delete_version("jauap.ItemWithdrawn", 2)
        registry.delete_subject("jauap.HearingHeld")
    admin.delete_topics([topic])[topic].result()


def _value(one: Item, number: int) -> bytes:
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, fastavro.parse_schema(one.schema), one.content)
    return b"\0" + number.to_bytes(4, "big") + stream.getvalue()


def _headers(one: Item) -> dict[str, bytes]:
    headers = cloud_event(
        kind=one.name, source="/jauap/liaison", subject=CASE, time=AT, dataschema=dataschema(one.name, one.version)
    )
    return headers | {"ce_id": uuid4().hex.encode()}


def _read(kafka: str, topic: str) -> list[Message]:
    settings = client_settings(kafka) | {
        "group.id": topic,
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
    }
    consumer = Consumer(settings)
    try:
        consumer.assign([TopicPartition(topic, 0, 0)])
        found: list[Message] = []
        while len(found) < len(WRITTEN):
            message = consumer.poll(20)
            assert message is not None
            assert message.error() is None
            headers = tuple(dict(message.headers() or ()).items())
            found.append(Message(topic, 0, message.offset() or 0, message.key(), message.value(), headers, 0, 0))  # type: ignore[arg-type]
        return found
    finally:
        consumer.close()


@pytest.mark.kafka
@pytest.mark.parametrize("library", READERS)
def test_today_s_reader_reads_what_tomorrow_s_release_writes(feed: Feed, library: str) -> None:
    """By registry and today's schema it reads old and new alike, and skips by its header a type it does not know."""
    known = {b"jauap.ItemWithdrawn": release("ItemWithdrawn", 1)}
    types = [dict(record.headers)["ce_type"] or b"" for record in feed.records]
    read = [
        READERS[library](record.value or b"", feed.schemas, known[kind])
        for kind, record in zip(types, feed.records, strict=True)
        if kind in known
    ]
    assert types.count(b"jauap.HearingHeld") == 1
    assert read == [ITEM, ITEM, ITEM]


@pytest.mark.kafka
@pytest.mark.parametrize("library", READERS)
def test_tomorrow_s_reader_reads_what_today_s_release_wrote(feed: Feed, library: str) -> None:
    """Who upgrades first finds the new field's default in the older records."""
    record = feed.records[0]
    read = READERS[library](record.value or b"", feed.schemas, json.dumps(LATER.schema))
    assert read == ITEM | {"replaced_by": None}


@pytest.mark.kafka
def test_what_stands_on_the_broker_is_a_cloud_event(feed: Feed) -> None:
    """Headers are the same after the broker, by CloudEvents' own library."""
    assert [cloud_events.faults(record) for record in feed.records] == [[]] * len(WRITTEN)


@pytest.mark.kafka
def test_the_registry_refuses_a_field_without_a_default(stack: Addresses) -> None:
    """A release that a body's reader could not read does not get into the registry, whoever tries it."""
    schema = tomorrow_s("ItemWithdrawn")
    schema["fields"][-1] = {"name": "without_default", "type": "string"}
    with (
        SchemaRegistryClient({"url": stack.registry}) as registry,
        pytest.raises(SchemaRegistryError) as refused,
    ):
        registry.register_schema("jauap.ItemWithdrawn", Schema(json.dumps(schema), "AVRO"))
    assert refused.value.http_status_code == 409


# --- our own readers, while an upgrade is under way ---


def test_a_process_that_was_not_upgraded_yet_parks_the_case_and_reads_it_after_its_upgrade(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In a rolling upgrade a case stands still for who can't read its record yet; others flow, and nothing is lost."""
    logbook = Logbook()
    logbook.write(a_communication(), a_meeting())
    logbook.write(a_communication(reference="KAZ 4/2026"), case_id="KAZ-4-2026")
    with monkeypatch.context() as yesterday:
        yesterday.setattr(our_avro, "schema", _without_meetings(our_avro.schema))
        before = _folded(logbook)
    assert before[CASE].parked == "jauap.routing.events partition 0 offset 0: UnknownSchema"
    assert before[CASE].case.routing.entries == ()
    assert before["KAZ-4-2026"].parked is None
    after = _folded(logbook)
    assert after[CASE].parked is None
    assert [entry.event for entry in after[CASE].case.routing.entries] == [a_meeting()]


def _without_meetings(schema: Callable[[str, int], Json]) -> Callable[[str, int], Json]:
    """The releases that are installed with a process from before the first `MeetingHeld`."""

    def yesterday_s(name: str, version: int) -> Json:
        if name == "MeetingHeld":
            raise UnknownSchema(name, version)
        return schema(name, version)

    return yesterday_s


def test_a_newer_release_is_our_fault_and_not_the_sender_s() -> None:
    """The codec says so: whoever asks keeps the record, and does not answer that it is malformed."""
    with pytest.raises(UnknownSchema, match=r"ItemWithdrawn/2\.avsc is not in this release"):
        Codec({}).decode(dataschema("ItemWithdrawn", 2), _value(LATER, 1), {})


def _folded(logbook: Logbook) -> dict[str, Track]:
    tracks: dict[str, Track] = {}
    verdicts = [fold(tracks, message, Codec({}), 1).verdict for message in logbook.messages]
    assert Verdict.BREAKS not in verdicts
    return tracks
