"""Surgery on segments, and what the real broker makes of it: it serves the log as if it had been so always."""

import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import NamedTuple

import pytest
from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from jauap.messaging.connection import client_settings
from jauap.stack.addresses import Addresses
from jauap.stack.machine import Stack
from tests.faults import segments
from tests.faults.segments import Record

pytestmark = [pytest.mark.kafka, pytest.mark.long]

NUMBERS = count(1)
Served = tuple[int, str, str, list[object]]
"""Offset, key, value and headers of a record as the broker gives it."""
LARGE = [letter * 600_000 for letter in "abc"]


class Operation(NamedTuple):
    """What is done to a log, and what is served afterwards."""

    batches: list[list[str]]
    act: Callable[[Path, str], object]
    """What is done with a topic in a log folder."""
    left: dict[int, str]
    """The values, by offset."""
    goes_on: int
    """The offset of the next record."""


def cut(records: int) -> Callable[[Path, str], object]:
    """Take the last records away."""
    return lambda folder, topic: segments.cut_tail(folder, topic, 0, records)


FIVE = [["a", "b", "c"], ["d"], ["e"]]
OPERATIONS = {
    "a value changed": Operation(
        FIVE,
        lambda folder, topic: segments.change(folder, topic, 0, 1, lambda one: one._replace(value=b"longer than b")),
        {0: "a", 1: "longer than b", 2: "c", 3: "d", 4: "e"},
        5,
    ),
    "the last of a batch cut": Operation(FIVE, cut(1), {0: "a", 1: "b", 2: "c", 3: "d"}, 4),
    "two batches cut": Operation(FIVE, cut(2), {0: "a", 1: "b", 2: "c"}, 3),
    "a batch cut in two": Operation(FIVE, cut(3), {0: "a", 1: "b"}, 2),
    "everything cut": Operation(FIVE, cut(5), {}, 0),
    "one removed from the midst of a batch": Operation(
        FIVE, lambda folder, topic: segments.remove(folder, topic, 0, 1), {0: "a", 2: "c", 3: "d", 4: "e"}, 5
    ),
    "the last of a batch removed": Operation(
        FIVE, lambda folder, topic: segments.remove(folder, topic, 0, 2), {0: "a", 1: "b", 3: "d", 4: "e"}, 5
    ),
    "a batch removed": Operation(
        FIVE, lambda folder, topic: segments.remove(folder, topic, 0, 3), {0: "a", 1: "b", 2: "c", 4: "e"}, 5
    ),
    "segments cut": Operation([[one] for one in LARGE], cut(2), {0: LARGE[0]}, 1),
}


class Disk:
    """A broker, and its folder."""

    def __init__(self, machine: Stack, kafka: str) -> None:
        self.machine, self.kafka, self.folder = machine, kafka, machine.folder.kafka("kafka")

    def topic(self) -> str:
        """A new topic with one partition and small segments."""
        name = f"plain-{next(NUMBERS)}"
        admin = AdminClient(client_settings(self.kafka))
        admin.create_topics([NewTopic(name, 1, config={"segment.bytes": "1048576"})])[name].result(10)
        return name

    def append(self, topic: str, *batches: list[str]) -> None:
        """Append records, each list as one batch."""
        for values in batches:
            producer = Producer({**client_settings(self.kafka), "enable.idempotence": True, "linger.ms": 500})
            for value in values:
                producer.produce(
                    topic, value, key=f"key of {value[:1]}", headers=[("name", value[:1]), ("nothing", None)]
                )
            assert producer.flush(30) == 0

    def served(self, topic: str) -> list[Served]:
        """What the broker serves, checksums checked: offset, key, value, headers."""
        consumer = Consumer(
            {**client_settings(self.kafka), "group.id": "disk", "check.crcs": True, "enable.partition.eof": True}
        )
        consumer.assign([TopicPartition(topic, 0, 0)])
        found: list[Served] = []
        try:
            while True:
                read = consumer.poll(30)
                assert read is not None
                error = read.error()
                if error is not None:
                    assert error.code() == KafkaError._PARTITION_EOF  # noqa: SLF001 - the library's public code
                    return found
                key, value = read.key() or b"", read.value() or b""
                found.append((read.offset() or 0, key.decode(), value.decode(), list(read.headers() or [])))
        finally:
            consumer.close()

    def values(self, topic: str) -> dict[int, str]:
        """The values that the broker serves, by offset."""
        return {offset: value for offset, _, value, _ in self.served(topic)}


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack of which only the broker is used."""
    stack = Stack(tmp_path_factory.mktemp("disk"), services=())
    try:
        yield stack
    finally:
        stack.down(lambda _part, _words: None)


@pytest.fixture(scope="module")
def disk(machine: Stack) -> Disk:
    """The broker, running."""
    machine.start("kafka")
    addresses = Addresses.load(machine.folder.root)
    assert addresses is not None
    return Disk(machine, addresses.kafka)


@pytest.fixture(scope="module", params=["stop", "kill"])
def operated(request: pytest.FixtureRequest, disk: Disk) -> dict[str, str]:
    """The topics by operation, after the broker was down in either way and everything was done to its log."""
    topics = {name: disk.topic() for name in OPERATIONS}
    for name, operation in OPERATIONS.items():
        disk.append(topics[name], *operation.batches)
    getattr(disk.machine, request.param)("kafka")
    for name, operation in OPERATIONS.items():
        operation.act(disk.folder, topics[name])
    disk.machine.start("kafka")
    return topics


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_broker_serves_what_was_left_and_goes_on(disk: Disk, operated: dict[str, str], name: str) -> None:
    """Checksums are right, offsets are what they were, and new records follow where the log ends now."""
    left, goes_on = OPERATIONS[name].left, OPERATIONS[name].goes_on
    assert disk.values(operated[name]) == left
    disk.append(operated[name], ["new"])
    assert disk.values(operated[name]) == {**left, goes_on: "new"}


def test_what_is_read_from_disk_is_what_the_broker_serves(disk: Disk, tmp_path: Path) -> None:
    """Keys, values, headers and offsets; and written back unchanged, a segment has the same bytes."""
    topic = disk.topic()
    disk.append(topic, ["a", "b", "c"], ["d" * 1000])
    shutil.copytree(disk.folder / f"{topic}-0", tmp_path / f"{topic}-0")
    found = segments.read(tmp_path, topic, 0)
    headers = [[(name.decode(), value) for name, value in record.headers] for record in found]
    as_served = [
        (record.offset, (record.key or b"").decode(), (record.value or b"").decode(), names)
        for record, names in zip(found, headers, strict=True)
    ]
    assert as_served == disk.served(topic)
    (segment,) = (tmp_path / f"{topic}-0").glob("*.log")
    before = segment.read_bytes()
    segments.change(tmp_path, topic, 0, 1, lambda record: record)
    assert segment.read_bytes() == before


def test_a_changed_header_is_changed_alone(disk: Disk, tmp_path: Path) -> None:
    """Key, value and the other headers stay."""
    topic = disk.topic()
    disk.append(topic, ["a", "b"])
    shutil.copytree(disk.folder / f"{topic}-0", tmp_path / f"{topic}-0")
    before = segments.read(tmp_path, topic, 0)
    segments.change(tmp_path, topic, 0, 1, lambda record: record.header("name", b"another"))
    after = segments.read(tmp_path, topic, 0)
    assert after == [before[0], before[1]._replace(headers=((b"name", b"another"), (b"nothing", None)))]


def test_what_is_not_there_can_t_be_operated_on(disk: Disk, tmp_path: Path) -> None:
    """A wrong offset or header is an error of the test that asks; and the last record is a tail."""
    topic = disk.topic()
    disk.append(topic, ["a", "b"])
    shutil.copytree(disk.folder / f"{topic}-0", tmp_path / f"{topic}-0")
    with pytest.raises(LookupError, match="no record at offset 2"):
        segments.change(tmp_path, topic, 0, 2, lambda record: record)
    with pytest.raises(LookupError, match="cut its tail"):
        segments.remove(tmp_path, topic, 0, 1)
    with pytest.raises(KeyError, match="absent"):
        Record(0, 0, b"", b"", ()).header("absent", b"")


def test_the_checksum_is_the_one_that_the_world_uses() -> None:
    """The check value of CRC-32C, and the one of 32 zero bytes in RFC 3720."""
    assert segments.crc32c(b"123456789") == 0xE3069283
    assert segments.crc32c(bytes(32)) == 0x8A9136AA
