"""Making read models anew from the log: the same records, the same fold, the same rows, in one transaction.

The positions are held locked meanwhile, so that a running projector waits and goes on from the same place. One
partition is in memory at a time. A parked case is folded up to where it stands, and stays parked.
"""

import gc
import time
from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Protocol, TypeGuard

from jauap.messaging.avro import Codec
from jauap.messaging.chain import header_map, link
from jauap.messaging.envelope import Message
from jauap.messaging.folding import events_topic
from jauap.messaging.log import LogUnavailable, Place, Reader, Trouble
from jauap.projections.database import Connection, Row, connect, copy_in, copying, reaching
from jauap.projections.generations import SQL, Cursor
from jauap.projections.models import HISTORY, HISTORY_SQL, MODELS, NAMES
from jauap.projections.partition import Partition, Position, unpack_chains

SILENCE_SECONDS = 30.0
AT_ONCE = 1_000
"""Records that are read together."""

Report = Callable[[int, int], None]
"""Told how many records are folded, and of how many."""
Goal = dict[str, Position]
"""How far each topic of a partition was projected."""


class LogDiffers(Exception):
    """The log is not the one that was projected: restart the projector, which compares and folds anew."""


class Unreadable(Exception):
    """This release can't read a record that was projected; nothing was changed. Use the projector's release."""


class Source(Protocol):
    """What a log is read with: `messaging.log.Reader`."""

    def read_from(self, starts: Mapping[Place, int]) -> None:
        """Read these places, and no others, from these offsets on."""

    def poll(self, seconds: float, most: int = ...) -> list[Message | Trouble]:
        """Wait for a record at most so long, then take what is there."""


def rebuild(names: Collection[str], *, database: str, kafka: str, report: Report = lambda _done, _all: None) -> int:
    """Make these read models anew (`models.NAMES` are all), and tell how many records were folded.

    Raises KeyError for an unknown name, LogDiffers, Unreadable, LogUnavailable, DatabaseUnavailable; in each case
    nothing was changed.
    """
    connection, reader = connect(database), Reader(kafka, "jauap-cli-rebuild")
    try:
        return replace(connection, reader, names, report)
    finally:
        reader.close()
        connection.close()


def replace(
    connection: Connection, source: Source, names: Collection[str], report: Report = lambda _done, _all: None
) -> int:
    """As `rebuild`, on a connection and a source of records."""
    unknown = sorted(set(names) - set(NAMES))
    if unknown:
        raise KeyError(f"no read model is called {', '.join(unknown)}; there are {', '.join(NAMES)}")
    with _no_collecting(), reaching(), connection.transaction(), connection.cursor() as cursor:
        goals = _hold(cursor)
        for name in names:
            cursor.execute((HISTORY_SQL if name == HISTORY else MODELS[name].sql)["clear"])
        total = sum(position.next for goal in goals.values() for position in goal.values())
        done = 0
        for number, goal in sorted(goals.items()):
            with closing(_Partition(cursor, source, number, goal, names).run()) as steps:
                for folded in steps:
                    done += folded
                    report(done, total)
        return done


@contextmanager
def _no_collecting() -> Iterator[None]:
    """Let nobody look for cycles through millions of values that hold none."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _hold(cursor: Cursor) -> dict[int, Goal]:
    """Lock every position, and tell how far each partition was projected."""
    goals: dict[int, Goal] = {}
    for topic, number, offset, mark in cursor.execute(SQL["hold_all"]).fetchall():
        goals.setdefault(number, {})[topic] = Position(offset, mark)
    return goals


class _Partition:
    """One partition, from offset 0 to where it was projected."""

    def __init__(self, cursor: Cursor, source: Source, number: int, goal: Goal, names: Collection[str]) -> None:
        self._cursor, self._source, self._number, self._goal, self._names = cursor, source, number, goal, names
        row = cursor.execute(SQL["partitions"]).fetchone()
        self._partition = Partition(number, 0, dict.fromkeys(goal, Position()), Codec({}), row[0] if row else 0)
        standing: list[Row] = cursor.execute(SQL["still"], (number,)).fetchall()
        self._parked: dict[str, Row] = {row[0]: row for row in standing if row[3] is not None}
        heads = Partition(number, 0, {}, Codec({}), 0)
        heads.restore(self._parked.values())
        self._heads = {
            (case_id.encode(), events_topic(service)): chain.sequence
            for case_id, track in heads.tracks.items()
            for service, chain in track.chains.items()
        }

    def run(self) -> Generator[int, None, None]:
        """Fold and write; gives the number of records folded in each step."""
        if HISTORY in self._names:
            with copying(self._cursor, HISTORY_SQL["copy"]) as write_history:
                yield from self._fold(write_history)
        else:
            yield from self._fold(lambda _: None)
        self._check_same()
        self._check_heads()
        self._partition.restore(self._parked.values())
        self._write_rows()

    def _fold(self, write_history: Callable[[list[Row]], None]) -> Iterator[int]:
        partition = self._partition
        for messages in self._batches():
            for message in messages:
                if self._heads and self._is_beyond(message):
                    partition.skip(message)
                else:
                    partition.take(message)
            self._check_readable()
            write_history(partition.history)
            partition.settle(keep=len(partition.tracks))
            yield len(messages)

    def _batches(self) -> Iterator[list[Message]]:
        left = {topic for topic, position in self._goal.items() if position.next > 0}
        self._source.read_from({(topic, self._number): 0 for topic in left})
        heard = time.monotonic()
        while left:
            messages = [item for item in self._source.poll(0.1, AT_ONCE) if self._is_wanted(item)]
            if messages:
                heard = time.monotonic()
                yield messages
                left = {topic for topic in left if self._partition.next(topic) < self._goal[topic].next}
            elif time.monotonic() - heard > SILENCE_SECONDS:
                raise LogUnavailable(f"partition {self._number} gave nothing more of {', '.join(sorted(left))}")

    def _is_wanted(self, item: Message | Trouble) -> TypeGuard[Message]:
        if isinstance(item, Trouble):
            if item.lost is not None:
                raise LogDiffers(f"{item.lost[0]} partition {item.lost[1]}: {item.reason}")
            return False
        return item.partition == self._number and item.offset < self._goal[item.topic].next

    def _is_beyond(self, message: Message) -> bool:
        """Whether a record comes after the place where its parked case stands."""
        head = self._heads.get((message.key or b"", message.topic))
        if head is None:
            return False
        found = link(message.offset, message.key, message.value, header_map(message.headers))
        return found is not None and found.sequence > head

    def _check_readable(self) -> None:
        if self._partition.parked:
            first = self._partition.parked[0]
            raise Unreadable(f"{first.topic} partition {first.partition} offset {first.offset}")

    def _check_same(self) -> None:
        """The last record of each topic is the one that was projected last."""
        if self._partition.positions != self._goal:
            raise LogDiffers(f"partition {self._number} does not end with the record that was projected last")

    def _check_heads(self) -> None:
        """The chains are those that were projected: no record behind the last ones was changed since."""
        stored = self._cursor.execute(SQL["heads"], ([self._number],)).fetchall()
        found = {case_id: track.chains for case_id, track in self._partition.tracks.items()}
        for case_id, _, chains, parked in stored:
            if not parked and unpack_chains(chains) != found.pop(case_id, None):
                raise LogDiffers(f"the chains of {case_id} are not those that were projected")

    def _write_rows(self) -> None:
        self._partition.touched = dict.fromkeys(self._partition.tracks)
        made = self._partition.rows()
        self._check_readable()
        for name in self._names:
            if name in MODELS:
                copy_in(self._cursor, MODELS[name].sql["copy"], made[name])
