"""From an event's place in the log to its row in PostgreSQL, at a steady hundred events a second.

It begins with the broker's append time, and ends when a query has seen the row. Beside it: the same pace through a
consumer that inserts and commits one row for each record.
"""

import time
from collections.abc import Callable
from typing import Any

import psycopg
from confluent_kafka import KafkaError, Producer
from confluent_kafka import Message as Read

from bench.alone import alone
from bench.clients import BARE, Target, listening, make_bare_topic, percentile
from bench.figures import Figure, Found, Scale
from bench.processes import process
from bench.progress import say
from bench.stacks import Running
from bench.writing import Log, Size, Written, append, make_producer
from jauap.domain.case import SERVICES
from jauap.messaging.avro import Codec
from jauap.messaging.folding import SERVICE_OF, events_topic
from jauap.messaging.registry import schema_ids
from jauap.projections.database import OPTIONS

PER_SECOND = 100
PER_CASE = 20
PAUSE_SECONDS = 0.002
SILENCE_SECONDS = 20.0
WANTED_P99 = 100.0
SEEN = """
SELECT case_id, service, sequence FROM case_history
WHERE (case_id, service, sequence) IN (SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[]))
"""
FLOOR_TABLE = "CREATE TABLE IF NOT EXISTS public.floor_rows (number bigint PRIMARY KEY, value bytea)"

Row = tuple[str, str, int]
"""Case, service and sequence."""


def measure_visible(running: Running, scale: Scale) -> Found:
    """p50 and p99 in milliseconds."""
    addresses = running.addresses
    target = Target(addresses.kafka, addresses.registry, addresses.partitions)
    say(f"{PER_SECOND} events a second: from the log to a row")
    bare = alone(bare_rows, target, addresses.database, scale.visible_seconds / 2).result
    with process("projector", addresses) as projector:
        projector.await_ready()
        waits = alone(projected_rows, target, addresses.database, scale.visible_seconds).result
    figures = tuple(
        Figure(
            name=f"visible/{name}",
            value=percentile(waits, share),
            unit="ms",
            possible=percentile(bare, share),
            wanted=WANTED_P99 if name == "p99" else None,
            at_most=True,
        )
        for name, share in (("p50", 0.5), ("p99", 0.99))
    )
    return Found(
        figures=figures,
        raw={
            name: {
                "events": len(found),
                "longest": found[-1],
                "p50": percentile(found, 0.5),
                "p99": percentile(found, 0.99),
            }
            for name, found in (("projector", waits), ("bare", bare))
        },
    )


def projected_rows(target: Target, database: str, seconds: float) -> list[float]:
    """Milliseconds from each record's append time to its row of history, ascending."""
    codec = Codec(schema_ids(target.registry, [events_topic(service) for service in SERVICES]))
    count = int(PER_SECOND * seconds)
    size = Size(count, max(1, count // PER_CASE), prefix="UZB")
    records = list(Log(size, codec, target.partitions).records())
    appended: dict[Row, float] = {}
    waits: list[float] = []

    with psycopg.connect(database, options=OPTIONS, autocommit=True) as connection:

        def look() -> None:
            if appended:
                found = connection.execute(SEEN, [list(column) for column in zip(*appended, strict=True)]).fetchall()
                now = time.time() * 1000
                waits.extend(now - appended.pop((case_id, service, sequence)) for case_id, service, sequence in found)
            time.sleep(PAUSE_SECONDS)

        def noted(written: Written, read: Read) -> None:
            appended[_row(written)] = read.timestamp()[1]

        _pace(target.kafka, records, look, noted, lambda: len(waits))
    return sorted(waits)


def bare_rows(target: Target, database: str, seconds: float) -> list[float]:
    """The same for a row that is inserted as soon as its record is read."""
    make_bare_topic(target)
    codec = Codec(schema_ids(target.registry, [events_topic(service) for service in SERVICES]))
    count = int(PER_SECOND * seconds)
    log = Log(Size(count, max(1, count // PER_CASE), prefix="UZB"), codec, target.partitions)
    records = [written._replace(topic=BARE) for written in log.records()]
    waits: list[float] = []
    consumer = listening(target, BARE)
    with psycopg.connect(database, options=OPTIONS) as connection:
        connection.execute(FLOOR_TABLE)
        connection.execute("TRUNCATE public.floor_rows")
        connection.commit()

        def look() -> None:
            read = consumer.poll(PAUSE_SECONDS)
            if read is not None:
                connection.execute("INSERT INTO public.floor_rows VALUES (%s, %s)", (len(waits), read.value()))
                connection.commit()
                waits.append(time.time() * 1000 - read.timestamp()[1])

        _pace(target.kafka, records, look, lambda _written, _read: None, lambda: len(waits))
        connection.execute("DROP TABLE public.floor_rows")
    consumer.close()
    return sorted(waits)


def _row(written: Written) -> Row:
    headers = dict(written.record.headers)
    return written.record.key.decode(), SERVICE_OF[written.topic], int(headers["ce_caseseq"])


def _pace(
    kafka: str,
    records: list[Written],
    look: Callable[[], None],
    noted: Callable[[Written, Read], None],
    seen: Callable[[], int],
) -> None:
    """Append the records at their pace, looking in between, until all of them were seen."""
    producer = make_producer(kafka, linger_ms=0)
    producer.list_topics(timeout=10)
    began, sent = time.perf_counter() + 0.5, 0
    while seen() < len(records):
        now = time.perf_counter()
        while sent < len(records) and now >= began + sent / PER_SECOND:
            _send(producer, records[sent], noted)
            sent += 1
        producer.poll(0)
        look()
        if now > began + len(records) / PER_SECOND + SILENCE_SECONDS:
            raise RuntimeError(f"{len(records) - seen()} of {len(records)} rows did not come")


def _send(producer: Producer, written: Written, noted: Callable[[Written, Read], None]) -> None:
    def delivered(error: KafkaError | None, read: Any) -> None:  # noqa: ANN401 - the client library's message
        if error is not None:
            raise RuntimeError(str(error))
        noted(written, read)

    append(producer, written.topic, written.partition, written.record, delivered)
