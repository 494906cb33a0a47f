"""An independent reader of the log: it shares no code with the loop, the chain or the fold."""

import hashlib
import time
from dataclasses import dataclass, field

from confluent_kafka import Consumer, TopicPartition

from jauap.messaging.connection import client_settings

SERVICES = ("intake", "routing", "deadlines", "publication")


@dataclass
class Record:
    """A record as the broker gives it."""

    partition: int
    offset: int
    key: str
    value: bytes
    headers: dict[str, bytes]

    @property
    def command_id(self) -> str | None:
        """The command that made it."""
        found = self.headers.get("ce_commandid")
        return found.decode() if found else None

    def digest(self) -> str:
        """The record's hash, computed from the contract's words."""
        names = sorted(name for name in self.headers if name.startswith("ce_") and name not in ("ce_id", "ce_hash"))
        pieces = [bytes.fromhex(self.headers["ce_prevhash"].decode())]
        for name in names:
            pieces.extend([name.encode(), self.headers[name]])
        pieces.extend([self.headers["content-type"], self.key.encode(), self.value])
        return hashlib.sha256(b"".join(len(piece).to_bytes(4, "big") + piece for piece in pieces)).hexdigest()


@dataclass
class Findings:
    """What the checker made of one events topic."""

    counted: dict[str, list[Record]] = field(default_factory=dict)
    """By case, in order."""
    void: int = 0
    broken: set[str] = field(default_factory=set)

    def of_command(self, command_id: str) -> list[Record]:
        """The counting records of a command."""
        return [record for records in self.counted.values() for record in records if record.command_id == command_id]


def read_topic(kafka: str, topic: str) -> list[Record]:
    """Every record of a topic, partition by partition."""
    consumer = Consumer({**client_settings(kafka), "group.id": f"checker-{time.time_ns()}"})
    try:
        numbers = consumer.list_topics(topic, timeout=10).topics[topic].partitions
        ends = {n: consumer.get_watermark_offsets(TopicPartition(topic, n), timeout=10)[1] for n in numbers}
        consumer.assign([TopicPartition(topic, n, 0) for n in ends])
        records: list[Record] = []
        deadline = time.monotonic() + 60
        while len(records) < sum(ends.values()) and time.monotonic() < deadline:
            for read in consumer.consume(1000, 0.2):
                assert read.error() is None, read.error()
                partition, offset = read.partition() or 0, read.offset() or 0
                if offset < ends[partition]:
                    headers = {name: bytes(value) for name, value in read.headers() or []}  # type: ignore[arg-type,str-unpack]
                    key = (read.key() or b"").decode()
                    records.append(Record(partition, offset, key, read.value() or b"", headers))
        assert len(records) == sum(ends.values())
        return sorted(records, key=lambda record: (record.partition, record.offset))
    finally:
        consumer.close()


def check(kafka: str, service: str) -> Findings:
    """Apply the rule of the chain, as the contract states it, to a service's events."""
    found = Findings()
    heads: dict[str, tuple[int, str]] = {}
    for record in read_topic(kafka, f"jauap.{service}.events"):
        sequence, previous = heads.get(record.key, (0, "0" * 64))
        here = int(record.headers["ce_caseseq"])
        if here <= sequence:
            found.void += 1
        elif here == sequence + 1 and record.headers["ce_prevhash"].decode() == previous:
            digest = record.digest()
            if digest != record.headers["ce_hash"].decode():
                found.broken.add(record.key)
            heads[record.key] = (here, digest)
            found.counted.setdefault(record.key, []).append(record)
        else:
            found.broken.add(record.key)
    return found
