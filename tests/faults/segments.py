"""Surgery on a partition's log on disk while the broker is down: a lost tail, a changed record, a removed one.

Batches of format 2 are read and written as Kafka defines them (https://kafka.apache.org/documentation/#recordbatch),
uncompressed. Their checksums are made right again, so that the broker serves what was done without complaint. Whatever
Kafka derives from the log of the partition (indexes, snapshots of producers) is removed: it makes it anew.

    machine.stop("kafka")
    change(machine.folder.kafka("kafka"), "jauap.intake.events", 2, 17, lambda record: record._replace(value=b"..."))
    machine.start("kafka")
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

_HEAD = struct.Struct(">qiibIhiqqqhii")
"""Base offset, length, leader epoch, magic, checksum, attributes, last offset delta, base and last timestamp,
producer id, producer epoch, base sequence, record count."""
_CHECKED_FROM = 21
"""The checksum is over everything from the attributes on."""
_LENGTH_FROM = 12
"""The length counts everything behind itself."""
_MAGIC = 2
_COMPRESSION = 0b111
_CONTROL = 0b100000
_DERIVED = ("*.index", "*.timeindex", "*.txnindex", "*.snapshot")


class Record(NamedTuple):
    """A record of a batch."""

    offset: int
    timestamp: int
    """Milliseconds since 1970."""
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[bytes, bytes | None], ...]

    def header(self, name: str, value: bytes) -> "Record":
        """The same record with another value in a header. Raises KeyError if it has no such header."""
        if name.encode() not in dict(self.headers):
            raise KeyError(name)
        changed = tuple((known, value if known == name.encode() else old) for known, old in self.headers)
        return self._replace(headers=changed)


Edit = Callable[[Record], Record | None]
"""What becomes of a record; None: it is gone, and its offset stays empty, as compaction leaves it."""


@dataclass(frozen=True)
class _Batch:
    """A batch as it stands in a segment: its head's numbers, and its records (of a control batch, its bytes)."""

    base: int
    epoch: int
    attributes: int
    last_delta: int
    first_time: int
    last_time: int
    producer: tuple[int, int, int]
    """Id, epoch, and the sequence of its first record."""
    records: tuple[Record, ...] = ()
    control: bytes = b""

    @property
    def last(self) -> int:
        """The offset of its last record, or where that was."""
        return self.base + self.last_delta

    def bytes(self) -> bytes:
        """As it stands in a segment."""
        body = self.control or b"".join(_written(record, self.base, self.first_time) for record in self.records)
        count = 1 if self.control else len(self.records)
        head = (self.attributes, self.last_delta, self.first_time, self.last_time, *self.producer, count)
        unchecked = _HEAD.pack(self.base, _HEAD.size + len(body) - _LENGTH_FROM, self.epoch, _MAGIC, 0, *head) + body
        checksum = crc32c(unchecked[_CHECKED_FROM:])
        return unchecked[: _CHECKED_FROM - 4] + checksum.to_bytes(4, "big") + unchecked[_CHECKED_FROM:]


# --- what is done to a log ---


def read(log_dir: Path, topic: str, partition: int) -> list[Record]:
    """All records of a partition, in order."""
    folder = _folder(log_dir, topic, partition)
    return [record for path in _segments(folder) for batch in _batches(path) for record in batch.records]


def cut_tail(log_dir: Path, topic: str, partition: int, records: int) -> list[Record]:
    """Take the last so many records away, as a disk that lost its latest writes; what was taken, in order.

    The next record that is appended gets the offset of the first one that was taken.
    """
    lost = read(log_dir, topic, partition)[-records:]
    if lost:
        _rewrite(_folder(log_dir, topic, partition), lambda batch: _ended_before(batch, lost[0].offset))
    return lost


def change(log_dir: Path, topic: str, partition: int, offset: int, edit: Edit) -> None:
    """Make another record of the one at this offset. Raises LookupError if there is none."""
    if all(record.offset != offset for record in read(log_dir, topic, partition)):
        raise LookupError(f"{topic} partition {partition} has no record at offset {offset}")
    _rewrite(_folder(log_dir, topic, partition), lambda batch: _edited(batch, offset, edit))


def remove(log_dir: Path, topic: str, partition: int, offset: int) -> None:
    """Take a record away that has successors; the others keep their offsets. Raises LookupError if there is none."""
    if read(log_dir, topic, partition)[-1].offset == offset:
        raise LookupError(f"{topic} partition {partition} ends with offset {offset}: cut its tail instead")
    change(log_dir, topic, partition, offset, lambda _: None)


def _ended_before(batch: _Batch, end: int) -> _Batch | None:
    if batch.base >= end:
        return None
    kept = tuple(record for record in batch.records if record.offset < end)
    if len(kept) == len(batch.records):
        return batch
    return replace(batch, records=kept, last_delta=end - 1 - batch.base, last_time=_latest(kept)) if kept else None


def _edited(batch: _Batch, offset: int, edit: Edit) -> _Batch | None:
    if not batch.base <= offset <= batch.last or batch.control:
        return batch
    kept = tuple(
        record for known in batch.records if (record := edit(known) if known.offset == offset else known) is not None
    )
    return replace(batch, records=kept, last_time=_latest(kept)) if kept else None


def _latest(records: tuple[Record, ...]) -> int:
    return max((record.timestamp for record in records), default=-1)


# --- files ---


def _folder(log_dir: Path, topic: str, partition: int) -> Path:
    return log_dir / f"{topic}-{partition}"


def _segments(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.log"))


def _rewrite(folder: Path, edit: Callable[[_Batch], _Batch | None]) -> None:
    """Write every segment anew, and remove what is derived from it."""
    for number, path in enumerate(_segments(folder)):
        edited = [batch for known in _batches(path) if (batch := edit(known)) is not None]
        path.write_bytes(b"".join(batch.bytes() for batch in edited))
        if number and not edited:
            path.unlink()  # an empty segment would say by its name where the log goes on
    for pattern in _DERIVED:
        for path in folder.glob(pattern):
            path.unlink()


def _batches(path: Path) -> list[_Batch]:
    """The whole batches of a segment; half a batch at its end is left out, as the broker does."""
    data, found, at = path.read_bytes(), [], 0
    while at + _HEAD.size <= len(data):
        end = at + _LENGTH_FROM + int.from_bytes(data[at + 8 : at + _LENGTH_FROM], "big")
        if end <= at + _HEAD.size or end > len(data):
            break
        found.append(_batch(data[at:end]))
        at = end
    return found


def _batch(data: bytes) -> _Batch:
    base, _, epoch, magic, checksum, attributes, last_delta, first_time, last_time, *producer, count = (
        _HEAD.unpack_from(data)
    )
    if magic != _MAGIC or attributes & _COMPRESSION:
        raise ValueError(f"batch at offset {base}: only uncompressed batches of format 2 are understood")
    if crc32c(data[_CHECKED_FROM:]) != checksum:
        raise ValueError(f"batch at offset {base}: its checksum is wrong")
    identity = (producer[0], producer[1], producer[2])
    batch = _Batch(base, epoch, attributes, last_delta, first_time, last_time, identity)
    if attributes & _CONTROL:
        return replace(batch, control=data[_HEAD.size :])
    return replace(batch, records=_Cursor(data, _HEAD.size).records(count, base, first_time))


# --- records ---


@dataclass
class _Cursor:
    """Reads a batch's body from front to back."""

    data: bytes
    at: int

    def records(self, count: int, base: int, first_time: int) -> tuple[Record, ...]:
        return tuple(self._record(base, first_time) for _ in range(count))

    def _record(self, base: int, first_time: int) -> Record:
        self.varint()  # its length
        self.at += 1  # its attributes, of which there are none
        timestamp, offset = first_time + self.varint(), base + self.varint()
        key, value = self.piece(), self.piece()
        headers = tuple((self.piece() or b"", self.piece()) for _ in range(self.varint()))
        return Record(offset, timestamp, key, value, headers)

    def piece(self) -> bytes | None:
        """Bytes behind their length; -1: there are none."""
        length = self.varint()
        if length < 0:
            return None
        self.at += length
        return self.data[self.at - length : self.at]

    def varint(self) -> int:
        """A number in zigzag, seven bits a byte, the lowest first."""
        value = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return (value >> 1) ^ -(value & 1)


def _written(record: Record, base: int, first_time: int) -> bytes:
    body = b"".join(
        (
            b"\0",
            _varint(record.timestamp - first_time),
            _varint(record.offset - base),
            _piece(record.key),
            _piece(record.value),
            _varint(len(record.headers)),
            *(_piece(name) + _piece(value) for name, value in record.headers),
        )
    )
    return _varint(len(body)) + body


def _piece(piece: bytes | None) -> bytes:
    return _varint(-1) if piece is None else _varint(len(piece)) + piece


def _varint(number: int) -> bytes:
    zigzag, written = (number << 1) ^ (number >> 63), bytearray()
    while zigzag >= 0x80:
        written.append(zigzag & 0x7F | 0x80)
        zigzag >>= 7
    return bytes((*written, zigzag))


def _crc_of_byte(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
    return byte


_TABLE = tuple(_crc_of_byte(byte) for byte in range(256))


def crc32c(data: bytes) -> int:
    """CRC-32C (Castagnoli), which a batch's checksum is; some megabytes a second, enough for what tests write."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF
