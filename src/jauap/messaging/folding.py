"""From records to cases: chain, decoding and fold, the same for services, projector, rebuild and verifier."""

import re
from collections.abc import MutableMapping
from datetime import datetime

import msgspec
import structlog

from jauap.domain import events
from jauap.domain.case import SERVICES, Case, Recorded, evolve
from jauap.messaging.avro import Codec
from jauap.messaging.chain import BREAKS, COUNTS, MENDED, VOID, Chain, Link, Verdict, header_map, judge, link
from jauap.messaging.envelope import Message, instant, type_name
from jauap.messaging.topics import partition_of

log = structlog.get_logger(__name__)

CASE_ID = re.compile(r"[A-Z0-9-]{1,64}")
WHOLE: dict[str, Chain] = dict.fromkeys(SERVICES, Chain())
LATEST_START = "0001-01-01T00:00:00.000Z"


def events_topic(service: str) -> str:
    """The topic that this service alone writes."""
    return f"jauap.{service}.events"


SERVICE_OF = {events_topic(service): service for service in SERVICES}


class Track:
    """A case as one reader has it: its fold, its four heads, and why it stands still, if it does."""

    __slots__ = ("case", "chains", "latest", "parked")

    def __init__(self, case: Case, chains: dict[str, Chain] | None = None, latest: str = LATEST_START) -> None:
        """Start with nothing on record, or with what was kept."""
        self.case = case
        self.chains = dict(WHOLE) if chains is None else chains
        self.latest = latest
        """The latest `ce_time` among its heads: recorded time never runs backwards within a case."""
        self.parked: str | None = None
        """Why the case can't go on by our own fault; None: it goes on."""

    @property
    def latest_time(self) -> datetime:
        """`latest` as an instant, UTC."""
        return instant(self.latest)

    @property
    def broken(self) -> str | None:
        """The service whose chain of this case is broken; None: all are whole."""
        return next((service for service, chain in self.chains.items() if chain.broken_at is not None), None)

    @property
    def standstill(self) -> str | None:
        """Why the case does not go on: parked by our fault, or broken; None: it goes on."""
        if self.parked is not None:
            return f"parked: {self.parked}"
        service = self.broken
        return (
            None if service is None else f"broken: {events_topic(service)} at offset {self.chains[service].broken_at}"
        )


class Folded(msgspec.Struct, frozen=True, gc=False):
    """What a reader made of one record."""

    verdict: Verdict
    track: Track | None
    """The case; None: the record is foreign."""
    recorded: Recorded | None
    """The event, if it counts and the case is not parked."""
    headers: dict[str, bytes]

    @property
    def in_doubt(self) -> bool:
        """Whether the log may be another than the one that was folded so far.

        Who did not just read the log from its start, and meets a break, or the mending of a break that it never saw,
        folds anew before it believes either: the record that was tampered with may lie behind it.
        """
        mends = self.verdict is Verdict.VOID and self.headers.get("ce_type") == MENDED
        return mends or self.verdict is Verdict.BREAKS

    def text(self, name: str) -> str | None:
        """A header's text; None: it is absent."""
        value = self.headers.get(name)
        return None if value is None else value.decode()

    @property
    def at(self) -> datetime:
        """When it was recorded, UTC."""
        return instant(self.headers["ce_time"])


def fold(tracks: MutableMapping[str, Track], message: Message, codec: Codec, partitions: int) -> Folded:
    """Judge one record of an events topic and, if it counts, fold it into its case.

    A record that can't be decoded or folded is our own fault: the case is parked, and every later record of it
    is left alone until it is read anew by a release that can.
    """
    placed = place(tracks, message, partitions)
    if placed is None:
        return _foreign(message)
    track, found, headers = placed
    if track.parked is not None:
        return Folded(VOID, track, None, headers)
    service = SERVICE_OF[message.topic]
    verdict, chain = judge(track.chains[service], found)
    if verdict is BREAKS:
        log.error(
            "case broken",
            case_id=track.case.case_id,
            topic=message.topic,
            partition=message.partition,
            offset=message.offset,
        )
        track.chains[service] = chain
    if verdict is not COUNTS:
        return Folded(verdict, track, None, headers)
    return _count(track, service, chain, message, headers, codec)


def place(
    tracks: MutableMapping[str, Track], message: Message, partitions: int
) -> tuple[Track, Link, dict[str, bytes]] | None:
    """Find a record's case, which is new if it has no other, and its place in the chain; None: it is foreign."""
    headers = header_map(message.headers)
    found = link(message.offset, message.key, message.value, headers)
    if found is None or headers is None or message.key is None:
        return None
    case_id = message.key.decode(errors="replace")
    track = tracks.get(case_id)
    if track is None:
        if CASE_ID.fullmatch(case_id) is None or partition_of(message.key, partitions) != message.partition:
            return None
        track = tracks[case_id] = Track(Case(case_id=case_id))
    return track, found, headers


def _count(
    track: Track, service: str, chain: Chain, message: Message, headers: dict[str, bytes], codec: Codec
) -> Folded:
    try:
        event = codec.decode(headers["ce_dataschema"].decode(), message.value or b"", events.BY_NAME)
        recorded = Recorded(service=service, sequence=chain.sequence, event=event)
        case = evolve(track.case, recorded)
        latest = max(track.latest, headers["ce_time"].decode())
    except Exception as fault:  # noqa: BLE001 - any fault of ours parks the case; the others flow on
        park(track, fault, message)
        return Folded(VOID, track, None, headers)
    track.case, track.latest, track.chains[service] = case, latest, chain
    return Folded(COUNTS, track, recorded, headers)


def park(track: Track, fault: Exception, message: Message | None) -> None:
    """Stop a case at a record (None: at a decision) that we could not handle, with all that comes later."""
    place = f"{message.topic} partition {message.partition} offset {message.offset}: " if message else "a decision: "
    track.parked = place + type(fault).__name__
    log.error("case parked", case_id=track.case.case_id, reason=track.parked, exc_info=fault)


def _foreign(message: Message) -> Folded:
    headers = header_map(message.headers) or {}
    log.error(
        "foreign record ignored",
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        type=type_name(headers.get("ce_type", b"")),
    )
    return Folded(Verdict.FOREIGN, None, None, headers)
