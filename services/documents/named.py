"""Which documents the items on each body's feed name, read from the feeds by a thread of its own."""

import threading
import time
from collections.abc import Callable, Collection, Mapping
from typing import Protocol

import structlog

from jauap.domain.feeds import BY_NAME, ItemWithdrawn
from jauap.messaging.avro import Codec, Undecodable, UnknownSchema
from jauap.messaging.envelope import Message
from jauap.messaging.log import BEGINNING, LogUnavailable, Place, Trouble
from jauap.process import Sparingly

log = structlog.get_logger(__name__)

PUBLIC = "jauap.public"
FEED = "jauap.feed."
LOOK_SECONDS = 1.0
AGAIN_SECONDS = 1.0
ALIVE_SECONDS = 15.0


class FeedReader(Protocol):
    """What is needed of `messaging.log.Reader`."""

    ended: dict[Place, int]

    def read_from(self, starts: Mapping[Place, int]) -> None:
        """Read these places from these offsets on."""

    def poll(self, seconds: float, most: int = 1000) -> list[Message | Trouble]:
        """What has come."""

    def close(self) -> None:
        """Disconnect."""


class FeedEnds(Protocol):
    """What is needed of `messaging.log.Ends`."""

    def of(self, places: Collection[Place]) -> dict[Place, int]:
        """Where places end."""

    def partitions(self, topics: Collection[str]) -> dict[str, int]:
        """Which topics are there."""


class Feed:
    """What one topic names so far."""

    def __init__(self) -> None:
        self.next_offset = 0
        self._items: dict[str, tuple[str, ...]] = {}
        self._withdrawn: set[str] = set()
        self._named: dict[str, int] = {}
        """Document to the number of items that name it."""

    def names(self, sha256: str) -> bool:
        """Whether an item that was not withdrawn names this document."""
        return sha256 in self._named

    def take(self, message: Message, codec: Codec) -> None:
        """Note an item. A repeat has the id of the first, and changes nothing. What can't be read names nothing."""
        headers = dict(message.headers)
        item = (headers.get("ce_id") or b"").decode("ascii", "replace")
        try:
            read = codec.decode((headers.get("ce_dataschema") or b"").decode(), message.value or b"", BY_NAME)
        except (Undecodable, UnknownSchema, UnicodeDecodeError) as reason:
            log.error(  # noqa: TRY400 - no fault of the code
                "feed item can't be read", topic=message.topic, offset=message.offset, reason=str(reason)
            )
            return
        if isinstance(read, ItemWithdrawn):
            self._withdrawn.add(read.item)
            for sha256 in self._items.pop(read.item, ()):
                self._named[sha256] -= 1
                if not self._named[sha256]:
                    del self._named[sha256]
        elif item not in self._items and item not in self._withdrawn and (found := getattr(read, "documents", ())):
            self._items[item] = tuple({document.sha256 for document in found})
            for sha256 in self._items[item]:
                self._named[sha256] = self._named.get(sha256, 0) + 1


class Named:
    """The feeds of all bodies that have access, and the public one, up to date within moments."""

    def __init__(
        self,
        reader: Callable[[], FeedReader],
        ends: FeedEnds,
        bodies: Callable[[], Collection[str]],
        patience: float = 2.0,
    ) -> None:
        """`bodies` gives the codes of those that have access now; `patience` is how long a question may take."""
        self._new_reader, self._ends, self._bodies, self._patience = reader, ends, bodies, patience
        self._codec = Codec({})
        self._changed = threading.Condition()
        self._feeds: dict[str, Feed] = {}
        self._asking = threading.Lock()
        self._stopping = False
        self._went_round_at = self._read_at = float("-inf")
        self._sparingly = Sparingly()
        self._thread = threading.Thread(target=self._run, name="feeds", daemon=True)

    def start(self) -> None:
        """Read until `close`."""
        self._thread.start()

    def close(self) -> None:
        """Stop reading."""
        self._stopping = True
        self._thread.join(2)

    def by(self, body: str | None, sha256: str) -> bool:
        """Whether an item names this document to a body, on its own feed or on the public one; None: to anybody.

        A body that has just read an item is never told no: where nothing is known of the document, the feeds are read
        to their present ends first. Raises LogUnavailable if that takes too long.
        """
        topics = (PUBLIC,) if body is None else (FEED + body, PUBLIC)
        if self._known(topics, sha256):
            return True
        self._catch_up(topics)
        return self._known(topics, sha256)

    def ready(self) -> bool:
        """Whether all feeds are read up to where they ended a moment ago."""
        try:
            self._catch_up(self._wanted())
        except LogUnavailable:
            return False
        return True

    def alive(self) -> bool:
        """Whether the feeds are being read."""
        return time.monotonic() - self._read_at < ALIVE_SECONDS

    def goes_round(self) -> bool:
        """Whether the thread does not hang: it reads, or tries again and again."""
        return time.monotonic() - self._went_round_at < ALIVE_SECONDS

    def _wanted(self) -> tuple[str, ...]:
        return (PUBLIC, *sorted(FEED + body for body in self._bodies()))

    def _known(self, topics: Collection[str], sha256: str) -> bool:
        with self._changed:
            return any(topic in self._feeds and self._feeds[topic].names(sha256) for topic in topics)

    def _catch_up(self, topics: Collection[str]) -> None:
        deadline = time.monotonic() + self._patience
        if not self._asking.acquire(timeout=self._patience):
            raise LogUnavailable("too many ask where the feeds end")
        try:
            ends = self._ends.of([(topic, 0) for topic in topics])
        finally:
            self._asking.release()

        def there() -> bool:
            held = self._feeds
            return all(topic in held and held[topic].next_offset >= end for (topic, _), end in ends.items())

        with self._changed:
            if not self._changed.wait_for(there, deadline - time.monotonic()):
                raise LogUnavailable("the feeds are not read to their ends yet")

    def _run(self) -> None:
        while not self._stopping:
            self._went_round_at = time.monotonic()
            try:
                reader = self._new_reader()
                try:
                    self._read(reader)
                finally:
                    reader.close()
            except LogUnavailable as reason:
                if self._sparingly.due("feeds can't be read"):
                    log.warning("feeds can't be read now", reason=str(reason))
                time.sleep(AGAIN_SECONDS)

    def _read(self, reader: FeedReader) -> None:
        looked = float("-inf")
        with self._changed:
            self._feeds = {}  # read from the start again: nothing is kept that the log may not have any more
        while not self._stopping:
            if time.monotonic() - looked > LOOK_SECONDS:
                looked = time.monotonic()
                self._assign(reader)
            self._went_round_at = self._read_at = time.monotonic()
            read = reader.poll(0.1)
            with self._changed:
                for one in read:
                    self._take(one)
                for (topic, _), end in reader.ended.items():
                    if topic in self._feeds:
                        self._feeds[topic].next_offset = max(self._feeds[topic].next_offset, end)
                self._changed.notify_all()

    def _take(self, one: Message | Trouble) -> None:
        if isinstance(one, Trouble):
            if one.lost is not None:
                raise LogUnavailable(f"a feed's place is gone from the log: {one.reason}")
            log.info("trouble with the feeds", reason=one.reason)
        elif one.topic in self._feeds and one.offset >= self._feeds[one.topic].next_offset:
            self._feeds[one.topic].take(one, self._codec)
            self._feeds[one.topic].next_offset = one.offset + 1

    def _assign(self, reader: FeedReader) -> None:
        """Read what is there of what is wanted; a body whose access ended is forgotten."""
        wanted = self._wanted()
        if set(wanted) == self._feeds.keys():
            return
        with self._asking:
            there = self._ends.partitions(wanted)
        if there.keys() == self._feeds.keys():
            return
        with self._changed:
            self._feeds = {topic: self._feeds.get(topic) or Feed() for topic in there}
            starts = {(topic, 0): feed.next_offset or BEGINNING for topic, feed in self._feeds.items()}
        reader.read_from(starts)
        log.info("feeds are read", feeds=len(starts))
