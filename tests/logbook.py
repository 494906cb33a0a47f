"""Records of the four events topics, chained as the services would have written them, without a broker."""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta

from jauap.domain import events
from jauap.domain.case import SERVICES
from jauap.domain.events import ChainMended, Event
from jauap.messaging.avro import Codec, subject
from jauap.messaging.chain import Chain
from jauap.messaging.envelope import Message, Outgoing, chained, cloud_event
from jauap.messaging.folding import SERVICE_OF, events_topic
from jauap.messaging.log import Place, Trouble
from jauap.messaging.topics import partition_of
from tests.builders import CASE, recorded

START = datetime(2026, 6, 3, 9, tzinfo=UTC)
OWN_TIME = {"deadlines"}
"""Services that nobody commands: their records name no command."""

IDS = {subject(events_topic(service), kind.__name__): 1 for service in SERVICES for kind in events.BY_SERVICE[service]}


def writing_codec() -> Codec:
    """A codec that can write every event, without a registry."""
    return Codec(IDS)


class Logbook:
    """A log in memory: it is written a minute apart, from 3 June 2026, 09:00 UTC on."""

    def __init__(self, partitions: int = 1, codec: Codec | None = None) -> None:
        """Nothing is written yet."""
        self.partitions = partitions
        self.codec = codec or writing_codec()
        self.places: dict[Place, list[Message]] = {
            (topic, number): [] for topic in SERVICE_OF for number in range(partitions)
        }
        self.messages: list[Message] = []
        """Everything, in the order of writing."""
        self._chains: dict[tuple[str, str], Chain] = {}
        self._now = START

    def write(self, *history: Event | tuple[str, Event], case_id: str = CASE) -> list[Message]:
        """Append events to a case; say `by("routing", …)` where the service is not plain."""
        return [self.append(item.service, item.event, case_id) for item in recorded(*history)]

    def append(self, service: str, event: Event, case_id: str = CASE, *, actor: str = "officer-1") -> Message:
        """Append one record that counts."""
        return self.put(service, self.next(service, event, case_id, actor=actor))

    def next(self, service: str, event: Event, case_id: str = CASE, *, actor: str = "officer-1") -> Outgoing:
        """Make the record that would be the next of its case, and advance the case's head to it."""
        self._now += timedelta(minutes=1)
        topic = events_topic(service)
        chain = self._chains.get((service, case_id), Chain())
        value, dataschema = self.codec.encode(topic, event)
        headers = cloud_event(
            kind=type(event).__name__,
            source=f"/jauap/{service}",
            subject=case_id,
            time=self._now,
            dataschema=dataschema,
        )
        headers["ce_seen"] = ",".join(f"{name}:{self._end(name, case_id)}" for name in SERVICES).encode()
        headers["ce_actor"] = (service if service in OWN_TIME else actor).encode()
        if service not in OWN_TIME:
            command_id = f"{case_id}/{service}/{chain.sequence + 1}".encode()
            headers |= {"ce_commandid": command_id, "ce_commandhash": b"0" * 64, "ce_correlationid": command_id}
        if isinstance(event, ChainMended):
            headers["ce_breakoffset"] = str(event.break_offset).encode()
        record = chained(headers, chain, case_id.encode(), value)
        digest = bytes.fromhex(dict(record.headers)["ce_hash"].decode())
        self._chains[service, case_id] = Chain(chain.sequence + 1, digest)
        return record

    def head(self, service: str, case_id: str, *, back_to: Outgoing) -> None:
        """Set a case's head back to before a record that it never got."""
        headers = dict(back_to.headers)
        sequence, previous = int(headers["ce_caseseq"]) - 1, bytes.fromhex(headers["ce_prevhash"].decode())
        self._chains[service, case_id] = Chain(sequence, previous)

    def put(self, service: str, record: Outgoing) -> Message:
        """Append a record as it is, honest or not, and leave the case's head where it is."""
        place = (events_topic(service), partition_of(record.key, self.partitions))
        message = Message(
            topic=place[0],
            partition=place[1],
            offset=len(self.places[place]),
            key=record.key,
            value=record.value,
            headers=tuple(record.headers),
            timestamp=int(self._now.timestamp() * 1000),
            leader_epoch=0,
        )
        self.places[place].append(message)
        self.messages.append(message)
        return message

    def replace(self, message: Message) -> None:
        """Damage the log: put another record where one was."""
        place = self.places[message.topic, message.partition]
        self.messages[self.messages.index(place[message.offset])] = message
        place[message.offset] = message

    def cut(self, place: Place, end: int) -> None:
        """Lose the tail of a partition: everything from this offset on."""
        lost = set(map(id, self.places[place][end:]))
        del self.places[place][end:]
        self.messages = [message for message in self.messages if id(message) not in lost]

    def forget(self, case_id: str) -> None:
        """Write the case's next records as its first, as services do whose log has lost them."""
        for service in SERVICES:
            self._chains.pop((service, case_id), None)

    def new_leader(self, place: Place) -> None:
        """From now on another broker leads the partition: what is read has a higher leader epoch."""
        self.places[place] = [message._replace(leader_epoch=message.leader_epoch + 1) for message in self.places[place]]

    def ends(self) -> dict[Place, int]:
        """Where each partition ends."""
        return {place: len(messages) for place, messages in self.places.items()}

    def _end(self, service: str, case_id: str) -> int:
        return len(self.places[events_topic(service), partition_of(case_id, self.partitions)])


class LogbookReader:
    """Reads a logbook as `messaging.log.Reader` reads the log, for what needs no broker to be shown."""

    def __init__(self, logbook: Logbook) -> None:
        """Nothing is read yet."""
        self.ended: dict[Place, int] = {}
        self._logbook = logbook
        self._next: dict[Place, int] = {}
        self._troubles: list[Trouble] = []
        self._assigned: Callable[[list[Place]], Mapping[Place, int]] | None = None

    def subscribe(
        self,
        topics: Collection[str],  # noqa: ARG002 - a logbook has no others
        on_assigned: Callable[[list[Place]], Mapping[Place, int]],
        on_revoked: Callable[[list[Place]], None],  # noqa: ARG002 - nobody else is in the group
    ) -> None:
        """Be handed all partitions at the next poll."""
        self._assigned = on_assigned

    def read_from(self, starts: Mapping[Place, int]) -> None:
        """Read these places, and no others, from these offsets on."""
        self._next = dict(starts)

    def poll(self, seconds: float, most: int = 1000) -> list[Message | Trouble]:  # noqa: ARG002 - it is all there
        """Give what is there, one place after the other."""
        if self._assigned is not None:
            assigned, self._assigned = self._assigned, None
            self.read_from(assigned(list(self._logbook.places)))
        items: list[Message | Trouble] = [*self._troubles]
        self._troubles.clear()
        for place, start in list(self._next.items()):
            found = self._logbook.places[place][start : start + most - len(items)]
            if start > len(self._logbook.places[place]):
                items.append(Trouble("offset out of range", place))
                del self._next[place]
                continue
            self._next[place] = start + len(found)
            items += found
        return items

    def trouble(self, reason: str = "a broker was lost") -> None:
        """Meet a passing error at the next poll."""
        self._troubles.append(Trouble(reason))

    def close(self) -> None:
        """Nothing to leave."""


class LogbookEnds:
    """Says where a logbook ends, as `messaging.log.Ends` does for the log."""

    def __init__(self, logbook: Logbook) -> None:
        """It is always there."""
        self._logbook = logbook

    def of(self, places: Iterable[Place]) -> dict[Place, int]:
        """The offset after the last record of each place."""
        ends = self._logbook.ends()
        return {place: ends[place] for place in places}
