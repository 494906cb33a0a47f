"""Records on the wire: CloudEvents 1.0, Kafka binary mode: `ce_` headers, Avro value, key the case id."""

import hashlib
import struct
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from jauap.messaging.chain import Chain, record_hash

CONTENT_TYPE = b"application/avro"


class Message(NamedTuple):
    """A record as it was read. The client library's objects never leave `log`."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    timestamp: int
    """Milliseconds since 1970, UTC, as the broker appended it."""
    leader_epoch: int

    @property
    def content(self) -> tuple[object, ...]:
        """What must be the same when the record is read again."""
        return (self.key, self.value, self.headers)


def fingerprint(message: Message) -> bytes:
    """SHA-256 of a record's key, value and headers: a position that is kept beyond a process names its record by it."""
    return hashlib.sha256(repr(message.content).encode()).digest()


class Outgoing(NamedTuple):
    """A record to be written."""

    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


def instant(text: bytes | str) -> datetime:
    """Read an RFC 3339 instant. Raises ValueError."""
    parsed = datetime.fromisoformat(text.decode() if isinstance(text, bytes) else text)
    if parsed.tzinfo is None:
        raise ValueError(parsed)
    return parsed.astimezone(UTC)


def written(moment: datetime) -> bytes:
    """Write an instant as RFC 3339 in UTC, with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z").encode()


def type_name(header: bytes) -> str:
    """`jauap.ResponseSent` gives `ResponseSent`."""
    return header.decode(errors="replace").rpartition(".")[2]


def cloud_event(*, kind: str, source: str, subject: str, time: datetime, dataschema: str) -> dict[str, bytes]:
    """The headers that every record has."""
    return {
        "content-type": CONTENT_TYPE,
        "ce_specversion": b"1.0",
        "ce_type": f"jauap.{kind}".encode(),
        "ce_source": source.encode(),
        "ce_subject": subject.encode(),
        "ce_time": written(time),
        "ce_dataschema": dataschema.encode(),
    }


def chained(headers: dict[str, bytes], chain: Chain, key: bytes, value: bytes) -> Outgoing:
    """Make a record the next of its case's chain."""
    headers = {
        **headers,
        "ce_caseseq": str(chain.sequence + 1).encode(),
        "ce_prevhash": chain.hash.hex().encode(),
    }
    digest = record_hash(headers, key, value).hex().encode()
    return Outgoing(key, value, [*headers.items(), ("ce_id", digest), ("ce_hash", digest)])


def command_hash(headers: Mapping[str, bytes], key: bytes, body: bytes) -> str:
    """SHA-256 of what makes a command's content: case, type, actor, expectation and Avro body (`Codec.oldest_body`)."""
    pieces = [key, *(headers.get(name, b"") for name in ("ce_type", "ce_actor", "ce_expected")), body]
    return hashlib.sha256(b"".join(struct.pack(">I", len(piece)) + piece for piece in pieces)).hexdigest()
