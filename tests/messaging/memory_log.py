"""A log in memory with the verbs of `messaging.log`, and the faults that a broker shows too seldom to be tested on it.

The fakes are the real classes' children so that mypy compares their verbs; none of them connects to anything.
`test_loop_faults` holds them and the real ones to the same contract cases.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime

from jauap.domain.case import SERVICES
from jauap.messaging.envelope import Message, Outgoing
from jauap.messaging.log import LARGEST_RECORD, Ends, Place, Reader, Trouble, Writer
from jauap.messaging.topics import partition_of

TOPICS = [f"jauap.{service}.{kind}" for service in SERVICES for kind in ("commands", "events", "outcomes")]


class MemoryLog:
    """Topics with their records, and the positions that the readers' group stored."""

    def __init__(self, clock: Callable[[], datetime], partitions: int = 1, topics: Iterable[str] = TOPICS) -> None:
        """Nothing is written yet. `clock` gives the append times."""
        self.partitions = partitions
        self.places: dict[Place, list[Message]] = {
            (topic, number): [] for topic in topics for number in range(partitions)
        }
        self.stored: dict[Place, tuple[int, str]] = {}
        """What the group committed: positions, each with its mark."""
        self.silent: set[Place] = set()
        """Places without a leader: they do not say where they end."""
        self._clock = clock

    def append(self, topic: str, record: Outgoing, partition: int | None = None) -> Message:
        """Write a record, honest or not, into the partition of its key unless said."""
        place = topic, partition_of(record.key, self.partitions) if partition is None else partition
        message = Message(
            topic=topic,
            partition=place[1],
            offset=len(self.places[place]),
            key=record.key,
            value=record.value,
            headers=tuple(record.headers),
            timestamp=int(self._clock().timestamp() * 1000),
            leader_epoch=0,
        )
        self.places[place].append(message)
        return message

    def cut(self, place: Place, end: int) -> None:
        """Lose the tail of a partition: everything from this offset on."""
        del self.places[place][end:]

    def change(self, place: Place, offset: int, value: bytes) -> None:
        """Tamper with a record's value."""
        self.places[place][offset] = self.places[place][offset]._replace(value=value)

    @property
    def size(self) -> int:
        """How many records stand in all places."""
        return sum(map(len, self.places.values()))


class MemoryReader(Reader):
    """Reads all that is there, one place after the other; the test plays the group and the passing errors."""

    def __init__(self, log: MemoryLog) -> None:
        """Nothing is read yet."""
        self.ended: dict[Place, int] = {}
        self._log = log
        self._next: dict[Place, int] = {}
        self._met: list[Trouble] = []

    def subscribe(
        self,
        topics: Collection[str],
        on_assigned: Callable[[list[Place]], Mapping[Place, int]],
        on_revoked: Callable[[list[Place]], None],
    ) -> None:
        """Join the group; `hand` and `take_away` do what it would do."""
        self._topics, self._on_assigned, self._on_revoked = topics, on_assigned, on_revoked

    def hand(self, number: int) -> None:
        """Be handed one partition of every topic by the group."""
        self.read_from(self._on_assigned([(topic, number) for topic in self._topics]))

    def take_away(self, number: int) -> None:
        """Lose that partition to another member of the group."""
        self._on_revoked([(topic, number) for topic in self._topics])
        self._next = {place: start for place, start in self._next.items() if place[1] != number}

    def read_from(self, starts: Mapping[Place, int]) -> None:
        """Read these places, and no others; a negative offset is the beginning."""
        self._next = {place: max(start, 0) for place, start in starts.items()}

    def leave(self, places: Collection[Place]) -> None:
        """Read these places no more."""
        for place in places:
            del self._next[place]

    def read_too(self, starts: Mapping[Place, int]) -> None:
        """Read these places besides."""
        self._next |= {place: max(start, 0) for place, start in starts.items()}

    def meet(self, trouble: Trouble) -> None:
        """Meet an error at the next poll, in front of the records that were fetched with it."""
        self._met.append(trouble)

    def poll(self, seconds: float, most: int = 1000) -> list[Message | Trouble]:  # noqa: ARG002 - it is all there
        """Give what is there; a place whose position is beyond its end is lost."""
        items: list[Message | Trouble] = [*self._met]
        self._met.clear()
        for place, start in list(self._next.items()):
            messages = self._log.places[place]
            if start > len(messages):
                items.append(Trouble("offset out of range", place))
                del self._next[place]
                continue
            found = messages[start : start + most - len(items)]
            self._next[place] = start + len(found)
            items += found
        return items

    def forget_troubles(self) -> None:
        """Drop the errors that were not given yet."""
        self._met.clear()

    def committed(self, places: Iterable[Place]) -> dict[Place, tuple[int, str] | None]:
        """The group's positions with their marks."""
        return {place: self._log.stored.get(place) for place in places}

    def commit(self, offsets: Mapping[Place, tuple[int, str]]) -> None:
        """Store the group's positions with their marks, at once."""
        self._log.stored |= offsets

    def close(self) -> None:
        """Nothing to leave."""


class MemoryWriter(Writer):
    """Writes at once, or holds one topic's records under way until the test delivers or loses them."""

    def __init__(self, log: MemoryLog) -> None:
        """All is well."""
        self.generation = 0
        self.failed: str | None = None
        self.under_way: list[tuple[str, Outgoing, int | None]] = []
        self._log = log
        self._held: str | None = None
        self._acknowledged: list[Callable[[], None]] = []

    def hold(self, topic: str) -> None:
        """From now on keep this topic's records under way."""
        self._held = topic

    def deliver(self) -> None:
        """Let what is under way arrive, and hold nothing any more."""
        for topic, record, partition in self.under_way:
            self._log.append(topic, record, partition)
        self.under_way, self._held = [], None

    def lose(self) -> None:
        """Let what is under way time out, never to arrive, and hold nothing any more."""
        self.under_way, self._held, self.failed = [], None, "timed out"

    def append(
        self, topic: str, record: Outgoing, partition: int | None = None, acknowledged: Callable[[], None] | None = None
    ) -> None:
        """Append a record, or keep it under way. Raises ValueError if it is too large."""
        headers = sum(len(name) + len(value) for name, value in record.headers)
        if len(record.key) + len(record.value) + headers > LARGEST_RECORD:
            raise ValueError(f"a record on {topic} is too large")
        if topic == self._held:
            self.under_way.append((topic, record, partition))
            return
        self._log.append(topic, record, partition)
        if acknowledged is not None:
            self._acknowledged.append(acknowledged)

    def serve(self) -> None:
        """Tell what arrived."""
        arrived, self._acknowledged = self._acknowledged, []
        for acknowledged in arrived:
            acknowledged()

    def renew(self) -> None:
        """Forget whom to tell."""
        self.generation, self.failed, self._acknowledged = self.generation + 1, None, []

    def flush(self, seconds: float) -> int:  # noqa: ARG002 - nothing takes time
        """Tell what arrived; the number of records under way."""
        self.serve()
        return len(self.under_way)


class MemoryEnds(Ends):
    """Says where the places end that have a leader; the strict `of` is the real one's."""

    def __init__(self, log: MemoryLog) -> None:
        """It is always there."""
        self._log = log

    def of_answering(self, places: Collection[Place]) -> dict[Place, int]:
        """The ends of the places that are there and not silent."""
        there = self._log.places
        return {place: len(there[place]) for place in places if place in there and place not in self._log.silent}
