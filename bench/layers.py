"""What each layer of reading costs: the same records, through a pipeline that is cut off after each layer in turn."""

import gc
import time
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from typing import Any, NamedTuple

import msgspec
import psycopg
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka import Message as Read
from fastavro import schemaless_reader

from jauap.domain import events
from jauap.domain.case import SERVICES
from jauap.messaging import avro
from jauap.messaging.avro import Codec
from jauap.messaging.chain import Chain, header_map, judge, link
from jauap.messaging.connection import client_settings
from jauap.messaging.envelope import Message
from jauap.messaging.folding import SERVICE_OF, Track, events_topic, fold
from jauap.messaging.log import Place, Reader, Trouble
from jauap.projections.database import Row, connect, copy_in
from jauap.projections.models import HISTORY, HISTORY_SQL, MODELS
from jauap.projections.partition import Partition, Position

AT_ONCE = 5_000
BODY = 5
"""Where the Avro body begins."""
TOPICS = tuple(events_topic(service) for service in SERVICES)

FLOOR_TABLE = """
CREATE TABLE IF NOT EXISTS public.floor (
    case_id text, service text, sequence bigint, event text, recorded_at timestamptz, actor text, command_id text,
    event_id text, data jsonb
)
"""


class Task(NamedTuple):
    """What is read."""

    kafka: str
    ends: Mapping[Place, int]
    partitions: int
    database: str


class Cost(NamedTuple):
    """What reading took, in seconds of the wall's clock and of the processor."""

    records: int
    seconds: float
    processor_seconds: float


def read(task: Task, layer: str) -> Cost:
    """Read every record through all layers up to this one."""
    take = LAYERS[layer](task)
    gc.collect()
    began, used, count = time.perf_counter(), time.process_time(), 0
    for batch in _raw(task) if layer == "consume" else _messages(task):
        take(batch)
        count += len(batch)
    return Cost(count, time.perf_counter() - began, time.process_time() - used)


def _messages(task: Task) -> Iterator[list[Message]]:
    """The records as every reader of ours gets them, a partition after another."""
    for number in range(task.partitions):
        left = {place: end for place, end in task.ends.items() if place[1] == number and end}
        reader = Reader(task.kafka, "bench-layers")
        try:
            reader.read_from(dict.fromkeys(left, 0))
            while left:
                batch = reader.poll(0.1, AT_ONCE)
                found = [item for item in batch if not isinstance(item, Trouble)]
                _cross_off(left, ((message.topic, message.partition, message.offset) for message in found))
                if found:
                    yield found
        finally:
            reader.close()


def _raw(task: Task) -> Iterator[list[Read]]:
    """The records as the client library gives them."""
    consumer = Consumer(
        {
            **client_settings(task.kafka),
            "group.id": "bench-floor",
            "enable.auto.commit": False,
            "queued.max.messages.kbytes": 16_384,
            "log_level": 0,
        }
    )
    try:
        for number in range(task.partitions):
            left = {place: end for place, end in task.ends.items() if place[1] == number and end}
            consumer.assign([TopicPartition(topic, partition, 0) for topic, partition in left])
            while left:
                first = consumer.poll(0.1)
                if first is not None:
                    batch = [first, *consumer.consume(AT_ONCE, 0)]
                    _cross_off(left, ((read.topic(), read.partition(), read.offset()) for read in batch))
                    yield batch
    finally:
        consumer.close()


def _cross_off(left: dict[Place, int], places: Iterator[tuple[Any, Any, Any]]) -> None:
    for topic, partition, offset in places:
        if left.get((topic, partition)) == offset + 1:
            del left[topic, partition]


Take = Callable[[list[Any]], None]


def _nothing(_: Task) -> Take:
    return lambda _batch: None


def _headers(_: Task) -> Take:
    def take(batch: list[Message]) -> None:
        for message in batch:
            header_map(message.headers)

    return take


def _judge(chains: dict[tuple[bytes | None, str], Chain], message: Message) -> dict[str, bytes]:
    headers = header_map(message.headers)
    found = link(message.offset, message.key, message.value, headers)
    if found is None or headers is None:
        raise ValueError(message)
    place = (message.key, message.topic)
    _, chains[place] = judge(chains.get(place, Chain()), found)
    return headers


def _chain(_: Task) -> Take:
    chains: dict[tuple[bytes | None, str], Chain] = {}

    def take(batch: list[Message]) -> None:
        for message in batch:
            _judge(chains, message)

    return take


def _decode(_: Task) -> Take:
    chains: dict[tuple[bytes | None, str], Chain] = {}
    schemas: dict[bytes, Any] = {}

    def take(batch: list[Message]) -> None:
        for message in batch:
            headers = _judge(chains, message)
            _content(schemas, headers["ce_dataschema"], message.value or b"")

    return take


def _content(schemas: dict[bytes, Any], dataschema: bytes, value: bytes) -> Any:  # noqa: ANN401 - any record's content
    schema = schemas.get(dataschema)
    if schema is None:
        schema = schemas[dataschema] = avro.schema(*avro.parse_dataschema(dataschema.decode()))
    stream = BytesIO(value)
    stream.seek(BODY)
    return schemaless_reader(stream, schema, None)


def _event(_: Task) -> Take:
    chains: dict[tuple[bytes | None, str], Chain] = {}
    codec = Codec({})

    def take(batch: list[Message]) -> None:
        for message in batch:
            headers = _judge(chains, message)
            codec.decode(headers["ce_dataschema"].decode(), message.value or b"", events.BY_NAME)

    return take


def _fold(task: Task) -> Take:
    codec = Codec({})
    tracks: dict[str, Track] = {}

    def take(batch: list[Message]) -> None:
        for message in batch:
            fold(tracks, message, codec, task.partitions)

    return take


def _rows(task: Task) -> Take:
    return _made(task, lambda _name, _rows: None)


def _write(task: Task) -> Take:
    """The rows go into the tables, which are there and empty; nothing is committed."""
    cursor = connect(task.database).cursor()
    cursor.execute("BEGIN")
    statements = {name: model.sql["copy"] for name, model in MODELS.items()} | {HISTORY: HISTORY_SQL["copy"]}
    return _made(task, lambda name, rows: copy_in(cursor, statements[name], rows))


def _made(task: Task, write: Callable[[str, list[Row]], None]) -> Take:
    """Fold, and make rows as a rebuild does: history at once, the models of a case when its partition is folded."""
    held = {
        number: Partition(number, 0, dict.fromkeys(TOPICS, Position()), Codec({}), task.partitions)
        for number in range(task.partitions)
    }
    left = {number: sum(end for place, end in task.ends.items() if place[1] == number) for number in held}

    def take(batch: list[Message]) -> None:
        partition = held[batch[0].partition]
        for message in batch:
            partition.take(message)
        write(HISTORY, partition.history)
        partition.settle(keep=len(partition.tracks))
        left[partition.number] -= len(batch)
        if left[partition.number] == 0:
            partition.touched = dict.fromkeys(partition.tracks)
            for name, rows in partition.rows().items():
                write(name, rows)
            partition.tracks.clear()

    return take


LAYERS: dict[str, Callable[[Task], Take]] = {
    "consume": _nothing,
    "message": _nothing,
    "headers": _headers,
    "chain": _chain,
    "decode": _decode,
    "event": _event,
    "fold": _fold,
    "rows": _rows,
    "write": _write,
}
"""In the order in which a record passes them; each holds all before it."""


def decoded(task: Task) -> Cost:
    """Read and decode every record, and nothing else."""
    schemas: dict[bytes, Any] = {}
    began, used, count = time.perf_counter(), time.process_time(), 0
    for batch in _raw(task):
        for read_one in batch:
            headers: dict[str, Any] = dict(read_one.headers() or [])
            _content(schemas, headers["ce_dataschema"], read_one.value() or b"")
        count += len(batch)
    return Cost(count, time.perf_counter() - began, time.process_time() - used)


def floor(task: Task) -> Cost:
    """Decode every record and COPY one row for each, in one transaction: what no way of reading can undercut."""
    schemas: dict[bytes, Any] = {}
    encode = msgspec.json.Encoder().encode
    with psycopg.connect(task.database) as connection, connection.cursor() as cursor:
        cursor.execute(FLOOR_TABLE)
        cursor.execute("TRUNCATE public.floor")
        began, used, count = time.perf_counter(), time.process_time(), 0
        with cursor.copy(
            "COPY public.floor (case_id, service, sequence, event, recorded_at, actor, command_id, event_id, data)"
            " FROM STDIN"
        ) as copy:
            for batch in _raw(task):
                for read_one in batch:
                    copy.write_row(_floor_row(schemas, encode, read_one))
                count += len(batch)
        connection.commit()
        cost = Cost(count, time.perf_counter() - began, time.process_time() - used)
        cursor.execute("DROP TABLE public.floor")
    return cost


def _floor_row(schemas: dict[bytes, Any], encode: Callable[[object], bytes], read_one: Read) -> tuple[Any, ...]:
    headers: dict[str, Any] = dict(read_one.headers() or [])
    content = _content(schemas, headers["ce_dataschema"], read_one.value() or b"")
    command = headers.get("ce_commandid")
    return (
        (read_one.key() or b"").decode(),
        SERVICE_OF[read_one.topic() or ""],
        int(headers["ce_caseseq"]),
        headers["ce_type"].decode(),
        headers["ce_time"].decode(),
        headers["ce_actor"].decode(),
        None if command is None else command.decode(),
        headers["ce_hash"].decode(),
        encode(content).decode(),
    )
