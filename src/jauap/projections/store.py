"""What the projector keeps in PostgreSQL, and the one transaction in which a batch becomes visible.

Rows, history, folded cases and positions are written together, or not at all. A position carries its owner's epoch
and is compared before anything is written: a projector whose partitions were taken over can't write.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from jauap.messaging.avro import Codec
from jauap.messaging.chain import Chain
from jauap.messaging.envelope import Message
from jauap.messaging.folding import SERVICE_OF
from jauap.messaging.log import Place
from jauap.projections.database import Row, connect, copy_in, reaching
from jauap.projections.generations import SQL, Cursor, make
from jauap.projections.models import HISTORY_SQL, MODELS
from jauap.projections.partition import Partition, Position, unpack_chains

TOPICS = tuple(SERVICE_OF)

_pack = msgspec.msgpack.Encoder().encode
_headers = msgspec.msgpack.Decoder(tuple[tuple[str, bytes | None], ...]).decode


class Superseded(Exception):
    """Another projector has taken these partitions over, or has moved them on: nothing was written."""


class StateUnreadable(Exception):
    """A stored case is of another form than this release's; its partition must be folded anew."""

    def __init__(self, partition: Partition, reason: str) -> None:
        super().__init__(f"a stored case can't be read: {reason}")
        self.partition = partition


class Store:
    """The projector's session with PostgreSQL. Every method may raise DatabaseUnavailable."""

    def __init__(self, url: str, codec: Codec, partitions: int) -> None:
        """Connect, and make this release's tables if need be."""
        self._codec, self._partitions = codec, partitions
        self._connection = connect(url)
        try:
            make(self._connection, partitions)
            with reaching():
                self._connection.execute(HISTORY_SQL["receiving"])
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Disconnect."""
        self._connection.close()

    # --- partitions ---

    def take_over(self, numbers: Iterable[int]) -> list[Partition]:
        """Own partitions from now on: whoever owned them before can't write any more."""
        with reaching(), self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.execute(SQL["take_over"], {"topics": list(TOPICS), "numbers": list(numbers)})
            found: dict[int, dict[str, Position]] = {}
            epoch, reached = 0, set[int]()
            for topic, number, offset, mark, was_reached, epoch in cursor:  # noqa: B007 - one epoch for all
                found.setdefault(number, {})[topic] = Position(offset, mark)
                if was_reached:
                    reached.add(number)
            held = [self._taken(cursor, number, epoch, positions) for number, positions in sorted(found.items())]
        for partition in held:
            partition.was_reached = partition.number in reached
        return held

    def _taken(self, cursor: Cursor, number: int, epoch: int, positions: dict[str, Position]) -> Partition:
        partition = Partition(number, epoch, positions, self._codec, self._partitions)
        self._restore(partition, cursor.execute(SQL["still"], (number,)).fetchall())
        return partition

    def load(self, partition: Partition, case_ids: Sequence[str]) -> None:
        """Bring stored cases into memory. Raises StateUnreadable."""
        if case_ids:
            with reaching():
                stored = self._connection.execute(SQL["load"], (case_ids, partition.number)).fetchall()
            self._restore(partition, stored)

    def _restore(self, partition: Partition, stored: list[Row]) -> None:
        try:
            partition.restore(stored)
        except msgspec.DecodeError as error:
            raise StateUnreadable(partition, str(error)) from error

    def heads(self, numbers: Iterable[int]) -> dict[str, tuple[int, dict[str, Chain] | None]]:
        """Each case's partition and heads by service; no heads where the case is parked: it may be ahead of them."""
        with reaching():
            found = self._connection.execute(SQL["heads"], (list(numbers),)).fetchall()
        return {
            case_id: (number, None if parked else unpack_chains(chains)) for case_id, number, chains, parked in found
        }

    def waiting(self, partition: Partition) -> list[Message]:
        """The records of the partition's parked cases, in the order in which they were read."""
        with reaching():
            found = self._connection.execute(SQL["parked"], (partition.number,)).fetchall()
        return [
            Message(topic, number, offset, key, value, _headers(headers), appended, epoch)
            for topic, number, offset, key, value, headers, appended, epoch in found
        ]

    def parked(self, partitions: Iterable[Partition]) -> int:
        """How many cases are parked."""
        numbers = [partition.number for partition in partitions]
        with reaching():
            found = self._connection.execute(SQL["count_parked"], (numbers,)).fetchone()
        return int(found[0]) if found else 0

    # --- the transaction ---

    def write(self, partitions: Sequence[Partition]) -> None:
        """Make a batch visible, whole. Raises Superseded, and then nothing of it is."""
        made = [partition.rows() for partition in partitions]
        touched = [case_id for partition in partitions for case_id in partition.touched]
        with reaching(), self._connection.transaction(), self._connection.cursor() as cursor:
            self._hold(cursor, partitions)
            if touched:
                for name, model in MODELS.items():
                    cursor.execute(model.sql["remove"], (touched,))
                    copy_in(cursor, model.sql["copy"], [row for rows in made for row in rows[name]])
                cursor.execute(SQL["remove_state"], (touched,))
                copy_in(cursor, SQL["copy_state"], [row for partition in partitions for row in partition.states()])
            self._write_history(cursor, [row for partition in partitions for row in partition.history])
            self._write_parked(cursor, partitions)
            moves = [
                (position.next, position.fingerprint, topic, partition.number)
                for partition in partitions
                for topic, position in partition.moved.items()
            ]
            cursor.executemany(SQL["move"], moves)

    def _hold(self, cursor: Cursor, partitions: Sequence[Partition]) -> None:
        """Lock the positions, and compare them with what we believe: this is where a zombie ends."""
        cursor.execute(SQL["hold"], ([partition.number for partition in partitions],))
        believed = {
            (topic, partition.number, position.next, partition.epoch)
            for partition in partitions
            for topic, position in partition.positions.items()
        }
        if set(cursor.fetchall()) != believed:
            raise Superseded(Superseded.__doc__)

    def _write_history(self, cursor: Cursor, rows: list[Row]) -> None:
        if rows:
            copy_in(cursor, HISTORY_SQL["receive"], rows)
            cursor.execute(HISTORY_SQL["merge"])

    def _write_parked(self, cursor: Cursor, partitions: Sequence[Partition]) -> None:
        redriven = [case_id for partition in partitions for case_id in partition.redriven]
        if redriven:
            cursor.execute(SQL["unpark"], (redriven,))
        kept = [_kept(message) for partition in partitions for message in partition.parked]
        copy_in(cursor, SQL["copy_parked"], kept)

    def aim(self, partitions: Sequence[Partition], ends: Mapping[Place, int]) -> None:
        """Note where the log ends, so that everybody can tell how far these partitions are. Raises Superseded."""
        numbers = {partition.number for partition in partitions}
        goals = [(end, topic, number) for (topic, number), end in ends.items() if number in numbers]
        with reaching(), self._connection.transaction(), self._connection.cursor() as cursor:
            self._hold(cursor, partitions)
            cursor.executemany(SQL["aim"], goals)

    def reach(self, partitions: Sequence[Partition]) -> None:
        """Let these partitions be asked for: they are as far as the log. Raises Superseded."""
        with reaching(), self._connection.transaction(), self._connection.cursor() as cursor:
            self._hold(cursor, partitions)
            cursor.execute(SQL["reach"], ([partition.number for partition in partitions],))
        for partition in partitions:
            partition.was_reached = True

    def drop(self, partition: Partition) -> None:
        """Forget a partition's rows, folded cases and positions: it is folded from the start again."""
        with reaching(), self._connection.transaction(), self._connection.cursor() as cursor:
            self._hold(cursor, [partition])
            for sql in (*(model.sql for model in MODELS.values()), HISTORY_SQL):
                cursor.execute(sql["forget"], (partition.number,))
            for name in ("forget_state", "forget_parked", "reset"):
                cursor.execute(SQL[name], (partition.number,))


def _kept(message: Message) -> Row:
    return (
        (message.key or b"").decode(),
        message.topic,
        message.partition,
        message.offset,
        message.key,
        message.value,
        _pack(message.headers),
        message.timestamp,
        message.leader_epoch,
    )
