"""One partition of the four events topics as the projector has it: its cases, and what the present batch makes of them.

Nothing here knows PostgreSQL. What is in memory is valid only while the partition's epoch is held.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from jauap.domain.case import Case
from jauap.messaging.avro import Codec
from jauap.messaging.chain import BREAKS, Chain
from jauap.messaging.envelope import Message, fingerprint
from jauap.messaging.folding import CASE_ID, SERVICE_OF, Track, fold, park
from jauap.projections import case_history
from jauap.projections.database import Row
from jauap.projections.models import MODELS
from jauap.projections.view import PARKED, view_of

_pack = msgspec.msgpack.Encoder().encode
_json = msgspec.json.Encoder().encode
_case = msgspec.msgpack.Decoder(Case).decode
unpack_chains = msgspec.msgpack.Decoder(dict[str, Chain]).decode


class Position(NamedTuple):
    """How far a topic is projected, and the fingerprint of the record there: both must be so in the log."""

    next: int = 0
    fingerprint: bytes | None = None


class Differs(Exception):
    """The log is not the one that was folded."""

    def __init__(self, partition: "Partition", reason: str) -> None:
        super().__init__(reason)
        self.partition = partition


class Before(NamedTuple):
    """A case as it was before the batch."""

    case: Case
    chains: dict[str, Chain]
    latest: str
    since: dict[str, int]


class Partition:
    """The cases of a partition, folded, and the rows of the batch at hand. `settle` ends a batch."""

    def __init__(
        self, number: int, epoch: int, positions: Mapping[str, Position], codec: Codec, partitions: int
    ) -> None:
        """Start with what is stored; cases are loaded as a batch needs them."""
        self.number, self.epoch = number, epoch
        self.positions = dict(positions)
        """As they are stored."""
        self.from_start = not any(position.next for position in positions.values())
        """Whether it is being read from its first record on: then a break is believed at once."""
        self.was_reached = False
        """Whether its rows were as far as the log once, since it was folded from the start: they may be asked for."""
        self.tracks: dict[str, Track] = {}
        self.since: dict[str, dict[str, int]] = {}
        """Every case of the partition that stands still, with the time at which it came to."""
        self._codec, self._partitions = codec, partitions
        self._last: dict[str, Message] = {}
        self._begin()

    def _begin(self) -> None:
        self.touched: dict[str, None] = {}
        """Cases whose rows and state are to be written."""
        self.history: list[Row] = []
        self.parked: list[Message] = []
        """Records to be kept until a release can read them."""
        self.redriven: set[str] = set()
        self._before: dict[str, Before | None] = {}
        self._read: list[Message] = []

    # --- folding ---

    def next(self, topic: str) -> int:
        """The offset after the last record that was taken."""
        last = self._last.get(topic)
        return self.positions[topic].next if last is None else last.offset + 1

    def missing(self, messages: Iterable[Message]) -> list[str]:
        """The cases of these records that are not in memory; those that are become the most recent."""
        named = {(message.key or b"").decode(errors="replace") for message in messages}
        for case_id in named & self.tracks.keys():
            self.tracks[case_id] = self.tracks.pop(case_id)
        return sorted(case_id for case_id in named - self.tracks.keys() if CASE_ID.fullmatch(case_id))

    def take(self, message: Message) -> None:
        """Fold the next record of a topic. Its case must have been loaded, if it is stored.

        Raises Differs if the record shows that another log may stand behind it than the one that was folded.
        """
        self._last[message.topic] = message
        self._fold(message)

    def skip(self, message: Message) -> None:
        """Pass over the next record of a topic."""
        self._last[message.topic] = message

    def redrive(self, messages: Iterable[Message]) -> None:
        """Fold the records of parked cases again, in order; a case that still can't be read is parked again."""
        for message in messages:
            case_id = (message.key or b"").decode()
            if case_id not in self.redriven:
                self.redriven.add(case_id)
                self.touched[case_id] = None
                self.tracks[case_id].parked = None
                self._unmark(case_id, PARKED)
            self._fold(message)

    def _fold(self, message: Message) -> None:
        case_id = (message.key or b"").decode(errors="replace")
        if case_id not in self._before:
            self._before[case_id] = self._as_it_is(case_id)
        folded = fold(self.tracks, message, self._codec, self._partitions)
        track = folded.track
        if track is None:
            return
        if folded.in_doubt and not self.from_start:
            raise Differs(self, f"{message.topic} at offset {message.offset} does not go on from what was folded")
        self._read.append(message)
        if track.parked is not None:
            self._keep(case_id, message)
        elif folded.verdict is BREAKS:
            self.touched[case_id] = None
            self.since.setdefault(case_id, {})[SERVICE_OF[message.topic]] = message.timestamp
        elif folded.recorded is not None:
            self.touched[case_id] = None
            if case_id in self.since:
                self._unmark(case_id, folded.recorded.service)
            try:
                self.history.append(case_history.row(folded, folded.recorded))
            except Exception as fault:  # noqa: BLE001 - our fault, whatever it is: the case is parked, the others flow on
                self._give_up(case_id, fault)

    def _keep(self, case_id: str, message: Message) -> None:
        """Keep a record of a parked case for later."""
        marks = self.since.setdefault(case_id, {})
        if PARKED not in marks:
            marks[PARKED] = message.timestamp
            self.touched[case_id] = None
        self.parked.append(message)

    def _unmark(self, case_id: str, mark: str) -> None:
        """A record counts again: the chain is whole."""
        marks = self.since.get(case_id, {})
        marks.pop(mark, None)
        if not marks:
            self.since.pop(case_id, None)

    # --- faults of ours ---

    def _as_it_is(self, case_id: str) -> Before | None:
        track = self.tracks.get(case_id)
        if track is None:
            return None
        return Before(track.case, dict(track.chains), track.latest, dict(self.since.get(case_id, {})))

    def _give_up(self, case_id: str, fault: Exception) -> None:
        """Rows of a case can't be made: park it as it was before the batch, with all its records of the batch."""
        key, before = case_id.encode(), self._before.get(case_id)
        mine = [message for message in self._read if message.key == key]
        track = Track(Case(case_id=case_id)) if before is None else Track(before.case, before.chains, before.latest)
        park(track, fault, mine[0] if mine else None)
        self.tracks[case_id] = track
        self.since[case_id] = {} if before is None else before.since
        self.history = [row for row in self.history if row[0] != case_id]
        self.parked = [message for message in self.parked if message.key != key]
        for message in mine:
            self._keep(case_id, message)

    # --- what a batch writes ---

    @property
    def moved(self) -> dict[str, Position]:
        """The positions after the batch, of the topics of which something was taken."""
        return {topic: Position(last.offset + 1, fingerprint(last)) for topic, last in self._last.items()}

    def rows(self) -> dict[str, list[Row]]:
        """The rows of the touched cases, by model."""
        made: dict[str, list[Row]] = {name: [] for name in MODELS}
        for case_id in list(self.touched):
            try:
                found = self._rows_of(case_id)
            except Exception as fault:  # noqa: BLE001 - as above
                self._give_up(case_id, fault)
                found = self._rows_of(case_id)
            for name, rows in found.items():
                made[name] += rows
        return made

    def _rows_of(self, case_id: str) -> dict[str, list[Row]]:
        view = view_of(self.tracks[case_id], self.since.get(case_id, {}))
        return {name: model.rows(view) for name, model in MODELS.items()}

    def states(self) -> list[Row]:
        """The touched cases as they are stored."""
        return [self._state(case_id, self.tracks[case_id]) for case_id in self.touched]

    def _state(self, case_id: str, track: Track) -> Row:
        since = _json(self.since.get(case_id, {})).decode()
        return (case_id, self.number, _pack(track.chains), track.latest, track.parked, since, _pack(track.case))

    def restore(self, stored: Iterable[Row]) -> None:
        """Take up cases as they were stored. Raises msgspec.DecodeError if another release packed them."""
        for case_id, chains, latest, parked, since, folded in stored:
            track = self.tracks[case_id] = Track(_case(folded), unpack_chains(chains), latest)
            track.parked = parked
            if since:
                self.since[case_id] = since

    def settle(self, keep: int) -> None:
        """The batch is stored: go on from there, with so many cases in memory at most."""
        self.positions |= self.moved
        self._last.clear()
        self._begin()
        for case_id in list(self.tracks)[: max(0, len(self.tracks) - keep)]:
            del self.tracks[case_id]
