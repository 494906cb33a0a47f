"""Places of the log, read by assignment and never trusted from memory: each record is given once, in order.

A position is an offset and what stood before it. It is read again and compared after each error and when a leader
epoch rises; where the log is another one, `LogDiffers` says so, and who folded from it starts anew.
"""

import time
from collections.abc import Collection, Iterable, Mapping

import structlog

from jauap.messaging.envelope import Message, fingerprint
from jauap.messaging.log import BEGINNING, Ends, Place, Reader, Trouble

log = structlog.get_logger(__name__)

PAUSE_SECONDS = 0.25
"""While a broker is away, troubles come by the dozen."""
Hint = tuple[int, str]
"""Where to start, and the fingerprint of the record before; 0: at the beginning, whatever was deleted there."""
START: Hint = (0, "")


class LogDiffers(Exception):
    """What was read at a place is not what stands there now, or its tail is lost: fold it anew."""

    def __init__(self, place: Place, reason: str) -> None:
        super().__init__(f"{place[0]}/{place[1]}: {reason}")
        self.place = place


class Denied(Exception):
    """The broker does not let a place be read. Who goes on without it loses nothing of the others."""

    def __init__(self, place: Place) -> None:
        super().__init__(f"{place[0]}/{place[1]} may not be read")
        self.place = place


class _Position:
    __slots__ = ("at", "before", "epoch", "next", "verifying")

    def __init__(self, hint: Hint) -> None:
        self.next, self.before = hint
        self.at = self.next - 1
        """Offset of the record before."""
        self.epoch: int | None = None
        self.verifying = bool(self.before)


def _start(position: _Position) -> int:
    return position.at if position.verifying else position.next or BEGINNING


class Followed:
    """What a process has read of some places, and how far. It takes new places, and leaves others, at any time."""

    def __init__(self, reader: Reader, ends: Ends) -> None:
        """Nothing is followed yet. `reader` is in no group."""
        self._reader, self._ends = reader, ends
        self._positions: dict[Place, _Position] = {}
        self._held: set[Place] = set()
        self._differs: LogDiffers | None = None
        self._denied: Denied | None = None

    def follow(self, starts: Mapping[Place, Hint]) -> None:
        """Follow these places and no others; one that is followed already goes on from where it is."""
        if starts.keys() == self._positions.keys():
            return
        self._positions = {place: self._positions.get(place) or _Position(hint) for place, hint in starts.items()}
        self._assign()

    def restart(self, places: Iterable[Place]) -> None:
        """Read these places from their beginnings."""
        for place in places:
            self._positions[place] = _Position(START)
        self._differs = None
        self._assign()

    def hold(self, places: Collection[Place]) -> None:
        """Give nothing of these places until they are held no more: what stands at others is not to wait behind it."""
        wanted = self._positions.keys() & set(places)
        held, back = wanted - self._held, self._held - wanted
        self._held = wanted
        if held:
            self._reader.leave(held)
        if back:
            self._reader.read_too({place: _start(self._positions[place]) for place in back})

    def poll(self, seconds: float) -> list[Message]:
        """Wait for a record at most so long, then take what is there. Raises LogDiffers, Denied, and LogUnavailable."""
        if self._denied is not None:
            denied, self._denied = self._denied, None
            raise denied
        if self._differs is not None:
            differs, self._differs = self._differs, None
            raise differs
        found: list[Message] = []
        for item in self._reader.poll(seconds):
            if isinstance(item, Trouble) and item.denied in self._positions:
                self._denied = Denied(item.denied)  # as below
                continue
            trouble = item.reason if isinstance(item, Trouble) else self._take(item, found)
            if isinstance(item, Trouble) and item.lost in self._positions:
                self._differs = LogDiffers(item.lost, item.reason)  # told next: what was found before it is taken first
            if self._differs is not None:
                return found
            if trouble is not None:
                self._compare(trouble)
                return found
        self._skip_to_ends()
        return found

    def _take(self, message: Message, found: list[Message]) -> str | None:
        """Take a record; a reason to compare positions with the log first, if there is one."""
        place = (message.topic, message.partition)
        position = self._positions.get(place)
        if position is None:
            return None
        known, position.epoch = position.epoch, max(message.leader_epoch, position.epoch or -1)
        if position.verifying:
            if fingerprint(message).hex() != position.before:
                self._differs = LogDiffers(place, f"offset {message.offset} is not what was read there")
            position.verifying = False
        elif known is not None and message.leader_epoch > known:
            return f"leader epoch of {message.topic} rose"
        elif message.offset >= position.next:
            position.next, position.at, position.before = message.offset + 1, message.offset, fingerprint(message).hex()
            found.append(message)
        return None

    def _compare(self, reason: str) -> None:
        log.info("comparing the log", reason=reason)
        time.sleep(PAUSE_SECONDS)
        self._reader.forget_troubles()
        for position in self._positions.values():
            position.verifying = bool(position.before)
        self._assign()

    def _assign(self) -> None:
        self._held &= self._positions.keys()
        self._reader.read_from(
            {place: _start(position) for place, position in self._positions.items() if place not in self._held}
        )

    def _skip_to_ends(self) -> None:
        """What stands before an end and was not given is no record, such as a transaction's mark."""
        for place, end in self._reader.ended.items():
            position = self._positions.get(place)
            if position is not None and not position.verifying:
                position.next = max(position.next, end)

    def ends(self) -> dict[Place, int]:
        """Where all followed places end now. Raises LogUnavailable, and LogDiffers where a tail was lost."""
        found = self._ends.of(self._positions)
        for place, end in found.items():
            if self._positions[place].next > end:
                raise LogDiffers(place, "it ends before what was read")
        return found

    def reached(self, ends: Mapping[Place, int]) -> bool:
        """Whether these places are read, and compared, up to these ends."""
        return all(
            place not in self._positions
            or (not self._positions[place].verifying and self._positions[place].next >= end)
            for place, end in ends.items()
        )

    def close(self) -> None:
        """Disconnect."""
        self._reader.close()
