"""The loop of the projector: read, fold, write. PostgreSQL says how far it is, and the log says whether that is true.

What is in memory is valid only while the partitions' epoch is held and the log is the one that was folded. So there
is one cure for all that can happen (a rebalance, another projector, a lost session, a restart of PostgreSQL): forget
it, take the partitions over anew, and go on from the stored positions. Where the log differs from what was folded
there, the partition's rows are dropped and folded from the start.
"""

import gc
import time
from collections.abc import Callable, Collection, Mapping
from typing import Protocol

import structlog

from jauap.messaging.avro import Codec
from jauap.messaging.chain import Chain
from jauap.messaging.envelope import Message, fingerprint
from jauap.messaging.folding import WHOLE
from jauap.messaging.lane import EVENT_TOPICS
from jauap.messaging.log import LogUnavailable, Place, Trouble
from jauap.messaging.loop import MOST_PARKED, TooManyParked
from jauap.messaging.topics import partition_of
from jauap.process import Sparingly
from jauap.projections import audit
from jauap.projections.audit import Audit
from jauap.projections.database import DatabaseUnavailable
from jauap.projections.partition import Differs, Partition
from jauap.projections.store import StateUnreadable, Store, Superseded

log = structlog.get_logger(__name__)

BATCH = 2_000
"""Records that are written together while it keeps up."""
BEHIND = 20_000
BEHIND_SECONDS = 1.0
"""While it is behind, more records are written together: a case's rows are made once for all of them."""
CASES = 5_000
"""Cases that are kept in memory."""
NEAR_SECONDS = 5.0
"""Tables that are being made may be asked once everything is in them that was in the log so long ago at most."""
PAUSE_SECONDS = 0.5
"""Between two attempts to take the partitions over."""


class Source(Protocol):
    """What the log is read with: `messaging.log.Reader`."""

    ended: dict[Place, int]

    def subscribe(
        self,
        topics: Collection[str],
        on_assigned: Callable[[list[Place]], Mapping[Place, int]],
        on_revoked: Callable[[list[Place]], None],
    ) -> None:
        """Join the group. `on_assigned` says where to read each place from."""

    def read_from(self, starts: Mapping[Place, int]) -> None:
        """Read these places, and no others, from these offsets on."""

    def poll(self, seconds: float, most: int = ...) -> list[Message | Trouble]:
        """Wait for a record at most so long, then take what is there."""

    def close(self) -> None:
        """Leave the group and disconnect."""


class Ends(Protocol):
    """What says where topics end: `messaging.log.Ends`."""

    def of(self, places: Collection[Place]) -> dict[Place, int]:
        """The offset after the last record of each place. Raises LogUnavailable."""


class Projector:
    """One instance. `turn` is one round; `run` goes round until it is told to stop."""

    def __init__(
        self, database: str, *, source: Source, past: audit.Source, ends: Ends, codec: Codec, partitions: int
    ) -> None:
        """`database` is a PostgreSQL URL; it is connected to when there is something to do.

        `past` reads beside `source`, to look at what lies behind the stored positions.
        """
        self.database, self.source, self.ends = database, source, ends
        self.codec, self.partitions = codec, partitions
        self.numbers: tuple[int, ...] | None = None
        """The partitions that it was handed; None: it was not asked yet."""
        self._store: Store | None = None
        self._held: dict[int, Partition] = {}
        """What is in memory; empty: the partitions must be taken over first."""
        self._verifying: set[Place] = set()
        """Places whose last folded record is being read again."""
        self._leader_epochs: dict[Place, int] = {}
        self._past = past
        self._audit: Audit | None = None
        """What is still to be compared behind the stored positions; None: it was."""
        self._target: Mapping[Place, int] | None = None
        """The ends when the log was last compared; None: not asked since."""
        self._asked_at = 0.0
        self._failures = 0
        self._stopping: Callable[[], bool] = lambda: False
        self._sparingly = Sparingly()

    # --- being handed partitions ---

    def start(self, only: Collection[int] | None = None) -> None:
        """Join the group; or read these partitions, whoever else reads them too."""
        if only is None:
            self.source.subscribe(EVENT_TOPICS, self._handed, self._taken_away)
        else:
            self.numbers = tuple(sorted(only))

    def _handed(self, places: list[Place]) -> Mapping[Place, int]:
        self.numbers = tuple(sorted({number for _, number in places}))
        self._forget()
        log.info("partitions handed over", partitions=self.numbers)
        return {}  # where to read from is known once they are taken over in PostgreSQL

    def _taken_away(self, _: list[Place]) -> None:
        self.numbers = None
        self._forget()

    def _forget(self) -> None:
        self._held, self._target, self._audit = {}, None, None
        self._verifying.clear()

    @property
    def ready(self) -> bool:
        """Whether everything that was written when the log was last compared is visible, and may be asked for."""
        if self.numbers is None or len(self._held) != len(self.numbers):
            return False
        if not self.numbers:
            return True
        return self._caught_up and all(partition.was_reached for partition in self._held.values())

    @property
    def _caught_up(self) -> bool:
        return (
            self._target is not None
            and not self._verifying
            and all(self._until(place) >= end for place, end in self._target.items())
        )

    def _until(self, place: Place) -> int:
        """How far a place is visible: up to where it was seen to end, if what came last there is no record."""
        topic, number = place
        return max(self._held[number].positions[topic].next, self.source.ended.get(place, 0))

    # --- one round ---

    def run(self, stopping: Callable[[], bool], say_ready: Callable[[], None] = lambda: None) -> None:
        """Go round until told to stop; each round ends with everything written that was read in it."""
        was_ready, self._stopping = False, stopping
        gc.disable()  # nothing that is folded holds a cycle, and while it is behind there is much to look through
        while not stopping():
            self.turn()
            if self.ready and not was_ready:
                was_ready = True
                gc.enable()
            if self.ready:
                say_ready()
        self.close()

    def close(self) -> None:
        """Leave the group and disconnect."""
        self.source.close()
        self._disconnect()

    def turn(self, seconds: float = 0.05) -> None:
        """Read what has come and make it visible."""
        try:
            if self.numbers and not self._held:
                self._take_over(self.numbers)
            items = self._read(seconds)
            self._project(items)
            self._compare_ends()
            self._reach()
            if len(items) < BATCH:
                self._look_back()
        except (Differs, StateUnreadable) as found:
            self._drop(found.partition, str(found))
        except Superseded as reason:
            self._pause(str(reason))
        except DatabaseUnavailable as reason:
            self._disconnect()
            self._pause(str(reason))
        else:
            self._failures = 0

    def _read(self, seconds: float) -> list[Message | Trouble]:
        """What has come; while there is more than a batch, a larger one."""
        items = self.source.poll(seconds, BATCH)
        until, found = time.monotonic() + BEHIND_SECONDS, len(items)
        while found and BATCH <= len(items) < BEHIND and time.monotonic() < until:
            more = self.source.poll(0, BATCH)
            found = len(more)
            items += more
        return items

    def _project(self, items: list[Message | Trouble]) -> None:
        arrived: dict[int, list[Message]] = {}
        trouble = None
        for item in items:
            if isinstance(item, Trouble):
                trouble = self._meet(item)
            elif item.partition in self._held:
                trouble = self._arrive(arrived.setdefault(item.partition, []), self._held[item.partition], item)
            if trouble is not None:
                break
        self._write([(self._held[number], messages) for number, messages in arrived.items() if messages])
        if trouble is not None:
            self._compare(trouble)

    def _arrive(self, messages: list[Message], partition: Partition, message: Message) -> str | None:
        """Take a record in; a reason to compare the log first, if there is one."""
        place = (message.topic, message.partition)
        known = self._leader_epochs.get(place)
        self._leader_epochs[place] = max(message.leader_epoch, -1 if known is None else known)
        if place in self._verifying:
            if fingerprint(message) != partition.positions[message.topic].fingerprint:
                raise Differs(partition, f"{message.topic} at offset {message.offset} is not what was folded there")
            self._verifying.discard(place)
        elif known is not None and message.leader_epoch > known:
            return f"leader epoch of {message.topic} rose"
        elif message.offset >= partition.positions[message.topic].next:
            messages.append(message)
        return None

    def _write(self, arrived: list[tuple[Partition, list[Message]]]) -> None:
        store = self._store
        if store is None or not arrived:
            return
        for partition, messages in arrived:
            store.load(partition, partition.missing(messages))
            for message in messages:
                partition.take(message)
        self._commit(store, [partition for partition, _ in arrived])

    def _commit(self, store: Store, partitions: list[Partition]) -> None:
        store.write(partitions)  # if this fails, memory is ahead of what is stored: `turn` forgets it
        parked = any(partition.parked for partition in partitions)
        for partition in partitions:
            partition.settle(keep=CASES // len(self._held))
        if parked and (count := store.parked(self._held.values())) > MOST_PARKED:
            raise TooManyParked(f"{count} cases are parked; run a release that can read their records")

    # --- taking over ---

    def _take_over(self, numbers: tuple[int, ...]) -> None:
        """Own the partitions, try parked cases again, and compare the log with what was folded."""
        if self._store is None:
            self._store = Store(self.database, self.codec, self.partitions)
        held = self._store.take_over(numbers)
        self._held = {partition.number: partition for partition in held}
        for partition in held:
            waiting = self._store.waiting(partition)
            if waiting:
                partition.redrive(waiting)
                self._commit(self._store, [partition])
        log.info("partitions taken over", partitions=numbers, epoch=held[0].epoch)
        self._compare("taken over")
        behind = [(topic, one.number) for one in held if not one.from_start for topic in EVENT_TOPICS]
        self._audit = Audit(self._past, behind, self.partitions) if behind else None

    def _compare(self, reason: str) -> None:
        """Read the last folded record of each place again before anything else."""
        log.info("comparing the log", reason=reason)
        self._target = None
        starts = {
            (topic, partition.number): position.next
            for partition in self._held.values()
            for topic, position in partition.positions.items()
        }
        self._verifying = {place for place, start in starts.items() if start > 0}
        self.source.read_from({place: start - (place in self._verifying) for place, start in starts.items()})

    def _compare_ends(self) -> None:
        """A log that ends before what was folded has lost its tail."""
        if self._target is not None or not self._held:
            return
        places = [(topic, number) for number in self._held for topic in EVENT_TOPICS]
        try:
            ends = self.ends.of(places)
        except LogUnavailable as reason:
            log.warning("the broker did not say where topics end", reason=str(reason))
            return
        for (topic, number), end in ends.items():
            if self._held[number].positions[topic].next > end:
                raise Differs(self._held[number], f"{topic} ends at {end}, before what was folded")
        made = self._being_made()
        if made and self._store is not None:
            self._store.aim(made, ends)
        self._target, self._asked_at = ends, time.monotonic()

    def _being_made(self) -> list[Partition]:
        return [partition for partition in self._held.values() if not partition.was_reached]

    def _reach(self) -> None:
        """Let tables that are being made be asked once they are as far as the log is, not as far as it was long ago."""
        made = self._being_made()
        if not made or self._store is None or not self._caught_up:
            return
        if time.monotonic() - self._asked_at > NEAR_SECONDS:
            self._target = None
            return
        self._store.reach(made)
        log.info("tables may be asked", partitions=[partition.number for partition in made])

    def _look_back(self) -> None:
        """Judge some more of what lies behind the stored positions, and compare the heads once all of it is judged."""
        if self.ready:
            for partition in self._held.values():
                partition.from_start = False
        if self._audit is None or self._store is None:
            return
        self._audit.step()
        judged = self._audit.places
        if all(self._held[number].positions[topic].next == until for (topic, number), until in judged.items()):
            self._compare_heads(self._store, self._audit.heads(), {number for _, number in judged})
            log.info("the log is what was folded", records=sum(judged.values()))
            self._audit = None
            self._past.read_from({})

    def _compare_heads(self, store: Store, heads: dict[str, dict[str, Chain]], numbers: Collection[int]) -> None:
        stored = store.heads(numbers)
        for case_id in stored.keys() | heads.keys():
            number, kept = stored.get(case_id) or (partition_of(case_id, self.partitions), WHOLE)
            if kept is not None and kept != heads.get(case_id, WHOLE):
                raise Differs(self._held[number], f"the chains of {case_id} are not those that were folded")

    # --- errors: the same cure for all ---

    def _meet(self, trouble: Trouble) -> str | None:
        if trouble.lost is not None and trouble.lost[1] in self._held:
            raise Differs(self._held[trouble.lost[1]], f"{trouble.lost[0]}: {trouble.reason}")
        return trouble.reason

    def _drop(self, partition: Partition, reason: str) -> None:
        """Never trust what is stored over the log: forget the partition and fold it from the start."""
        log.error("rows dropped, folding anew", partition=partition.number, reason=reason)
        self._forget()
        try:
            if self._store is not None:
                self._store.drop(partition)
        except (Superseded, DatabaseUnavailable) as error:
            self._pause(str(error))

    def _pause(self, reason: str) -> None:
        """Wait a little, serving the group meanwhile; what was read is read again later."""
        if self._sparingly.due(reason):
            log.warning("starting over from what is stored", reason=reason)
        self._failures += 1
        self._forget()
        self.source.read_from({})
        until = time.monotonic() + PAUSE_SECONDS * min(self._failures, 10)
        while time.monotonic() < until and not self._stopping():
            self.source.poll(0.05)

    def _disconnect(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None
