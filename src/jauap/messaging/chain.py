"""The rule of the chain: which record of an events topic counts. Services, projector and verifier share it.

Each record carries its case's sequence in its topic, the hash of the record before it, and its own. A reader
keeps each case's head and judges every record by the order of the log alone (docs/decisions/0003):

    head + 1, with the head's hash before it and its own hash right    counts
    at or below the head                                               void: a lost race, a retry, a late request
    anything else                                                      breaks the case, until `ChainMended`

A record without valid chain headers is foreign: no honest writer makes one.
"""

import hashlib
from binascii import unhexlify
from collections.abc import Iterable
from enum import Enum
from functools import lru_cache

import msgspec

GENESIS = bytes(32)
SHORT = 128
MENDED = b"jauap.ChainMended"
Headers = Iterable[tuple[str, bytes | None]]


class Verdict(Enum):
    """What a reader makes of a record."""

    COUNTS = "counts"
    VOID = "void"
    BREAKS = "breaks"
    FOREIGN = "foreign"


COUNTS, VOID, BREAKS = Verdict.COUNTS, Verdict.VOID, Verdict.BREAKS
"""By names of their own where every record passes: Python 3.11 takes its time to find a member of an enum."""


class Chain(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A case's head in one topic: the last record that counts, and where the chain is broken, if it is."""

    sequence: int = 0
    hash: bytes = GENESIS
    broken_at: int | None = None
    """Offset of the record that broke the case; None: it is whole."""


class Link(msgspec.Struct, frozen=True, gc=False):
    """A record as the rule sees it."""

    offset: int
    sequence: int
    previous: bytes
    claimed: bytes
    actual: bytes
    """SHA-256 computed from the record itself; `claimed` is what its header says."""
    mends: int | None
    """Offset of the break that the record mends; None: it is no `ChainMended`."""


def record_hash(headers: dict[str, bytes], key: bytes, value: bytes) -> bytes:
    """SHA-256 over the length-prefixed hash before, names and values of the headers, key and value.

    The headers are all `ce_` headers except `ce_id` and `ce_hash`, sorted by name, and then `content-type`; each
    piece stands behind its length in four bytes, big-endian. `ce_prevhash` in binary comes first.
    """
    return _digest(unhexlify(headers["ce_prevhash"]), headers, key, value)


def _digest(previous: bytes, headers: dict[str, bytes], key: bytes, value: bytes) -> bytes:
    pieces = [_length(previous), previous]
    add = pieces.append
    for name, prefixes in _hashed(tuple(headers)):
        content = headers[name]
        size = len(content)
        add(prefixes[size] if size < SHORT else _prefix(name, size))
        add(content)
    content_type = headers["content-type"]
    pieces += (_length(content_type), content_type, _length(key), key, _length(value), value)
    return hashlib.sha256(b"".join(pieces)).digest()


def _length(piece: bytes) -> bytes:
    return len(piece).to_bytes(4, "big")


@lru_cache(maxsize=1024)
def _hashed(names: tuple[str, ...]) -> tuple[tuple[str, tuple[bytes, ...]], ...]:
    """The names of the headers under the hash, in order, each with its `_prefixes`. Few kinds of records."""
    hashed = sorted(name for name in names if name.startswith("ce_") and name not in ("ce_id", "ce_hash"))
    return tuple((name, _prefixes(name)) for name in hashed)


@lru_cache(maxsize=256)
def _prefixes(name: str) -> tuple[bytes, ...]:
    """What stands before a header's value in the hash, by the value's length: looked up, as most values are short."""
    return tuple(_prefix(name, size) for size in range(SHORT))


def _prefix(name: str, size: int) -> bytes:
    return _length(name.encode()) + name.encode() + size.to_bytes(4, "big")


def header_map(headers: Headers | None) -> dict[str, bytes] | None:
    """The headers by name; None if one is repeated or has no value."""
    by_name: dict[str, bytes] = {}
    for name, value in headers or ():
        if value is None or name in by_name:
            return None
        by_name[name] = value
    return by_name


def link(offset: int, key: bytes | None, value: bytes | None, headers: dict[str, bytes] | None) -> Link | None:
    """Read a record's place in its chain; None: it is foreign."""
    if not headers or key is None or value is None:
        return None
    try:
        sequence = _decimal(headers["ce_caseseq"])
        previous, claimed = _hash(headers["ce_prevhash"]), _hash(headers["ce_hash"])
        mends = _decimal(headers["ce_breakoffset"]) if headers["ce_type"] == MENDED else None
        if headers["ce_subject"] != key or headers["ce_id"] != headers["ce_hash"]:
            return None
        actual = _digest(previous, headers, key, value)
    except (KeyError, ValueError):
        return None
    return Link(offset, sequence, previous, claimed, actual, mends)


def judge(chain: Chain, found: Link) -> tuple[Verdict, Chain]:
    """Apply the rule to one record, and say what the chain is after it. Pure: the order of the log decides."""
    if found.sequence <= chain.sequence:
        return VOID, chain
    extends = found.sequence == chain.sequence + 1 and found.previous == chain.hash and found.actual == found.claimed
    if chain.broken_at is not None and not (extends and found.mends == chain.broken_at):
        return VOID, chain
    if not extends:
        return BREAKS, Chain(chain.sequence, chain.hash, found.offset)
    return COUNTS, Chain(found.sequence, found.actual)


def _decimal(text: bytes) -> int:
    if not text.isdigit() or (text[:1] == b"0" and text != b"0"):
        raise ValueError
    return int(text)


def _hash(text: bytes) -> bytes:
    found = unhexlify(text)
    if len(text) != 64 or text != text.lower():  # noqa: PLR2004 - 32 bytes in hexadecimal
        raise ValueError
    return found
