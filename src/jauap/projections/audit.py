"""Whether what is stored is what the log says from its first record on.

A stored position names only the last record that was folded: a record that was changed or removed behind it would go
unseen for ever, and its case would be shown as if nothing had happened. So each time that partitions with stored
positions are taken over, their records are judged again from the start, a few at a time beside the live work, and
the heads that come out are compared with those that are stored.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol

from jauap.messaging.chain import Chain, judge
from jauap.messaging.envelope import Message
from jauap.messaging.folding import SERVICE_OF, Track, place
from jauap.messaging.log import Place, Trouble

AT_ONCE = 1_000
"""Records that are judged in one step: some 15 ms."""


class Source(Protocol):
    """What the log is read with: `messaging.log.Reader`, another one than that of the live work."""

    def read_from(self, starts: Mapping[Place, int]) -> None:
        """Read these places, and no others, from these offsets on."""

    def poll(self, seconds: float, most: int = ...) -> list[Message | Trouble]:
        """Wait for a record at most so long, then take what is there."""


class Audit:
    """One reading of some partitions from their start."""

    def __init__(self, source: Source, places: Iterable[Place], partitions: int) -> None:
        """Nothing is read yet."""
        self._source, self._partitions = source, partitions
        self._next = dict.fromkeys(places, 0)
        self._tracks: dict[str, Track] = {}
        self._source.read_from(self._next)

    def step(self) -> None:
        """Judge some more records. After an error it goes on where it stands; a lost position is the live work's."""
        for item in self._source.poll(0, AT_ONCE):
            if isinstance(item, Trouble):
                self._source.read_from(self._next)
                return
            here = (item.topic, item.partition)
            if item.offset >= self._next.get(here, item.offset + 1):
                self._next[here] = item.offset + 1
                self._judge(item)

    @property
    def places(self) -> dict[Place, int]:
        """How far each place is judged."""
        return dict(self._next)

    def heads(self) -> dict[str, dict[str, Chain]]:
        """The heads of each case by service, as the log has them."""
        return {case_id: track.chains for case_id, track in self._tracks.items()}

    def _judge(self, message: Message) -> None:
        placed = place(self._tracks, message, self._partitions)
        if placed is not None:
            track, found, _ = placed
            service = SERVICE_OF[message.topic]
            _, track.chains[service] = judge(track.chains[service], found)
