"""One case that every instance needs whatever partitions it owns: its partition is read whole, by assignment."""

from jauap.messaging.avro import Codec
from jauap.messaging.chain import Verdict
from jauap.messaging.envelope import Message
from jauap.messaging.folding import Track, events_topic, fold
from jauap.messaging.log import BEGINNING, Place, Reader, Trouble
from jauap.messaging.topics import partition_of


class Watched:
    """The calendar, for *deadlines*: intake's events of one case, folded by the same rule."""

    def __init__(self, case_id: str, service: str, reader: Reader, codec: Codec, partitions: int) -> None:
        """Start at the beginning of the case's partition."""
        self.case_id = case_id
        self.place: Place = (events_topic(service), partition_of(case_id, partitions))
        self._reader, self._codec, self._partitions = reader, codec, partitions
        self._restarts = 0
        self._restart()

    def _restart(self) -> None:
        self._restarts += 1
        self.tracks: dict[str, Track] = {}
        self.next = 0
        self._last: Message | None = None
        self._verifying = self._aged = False
        self._reader.read_from({self.place: BEGINNING})

    @property
    def track(self) -> Track | None:
        """The case; None: nothing is on record."""
        return self.tracks.get(self.case_id)

    @property
    def settled(self) -> bool:
        """Whether the case goes on: a broken or parked calendar is no calendar."""
        return self.track is None or self.track.standstill is None

    def reached(self, end: int) -> bool:
        """Whether it is folded and compared up to this end."""
        return not self._verifying and self.next >= end

    def confront(self, end: int) -> None:
        """Compare with where the partition ends now: a log that ends earlier has lost its tail, and is folded anew."""
        if self.next > end:
            self._restart()
        elif self.next == end:
            self._aged = True  # from here on a break may stem from a change behind it

    def poll(self, seconds: float) -> bool:
        """Fold what has come. True: the case has changed."""
        changed = False
        for item in self._reader.poll(seconds):
            if isinstance(item, Trouble):
                self._look_again(item)
                return True
            restarts = self._restarts
            changed |= self._take(item)
            if self._restarts != restarts:
                return True  # what else was fetched belongs to the reading that was given up
        if not self._verifying:
            self.next = max(self.next, self._reader.ended.get(self.place, 0))
        return changed

    def _look_again(self, trouble: Trouble) -> None:
        if trouble.lost is not None or self._last is None:
            self._restart()
        else:
            self._verifying = self._aged = True
            self._reader.read_from({self.place: self._last.offset})

    def _take(self, message: Message) -> bool:
        if self._verifying:
            self._verifying = False
            if self._last is None or message.content != self._last.content:
                self._restart()
                return True
            return False
        if message.offset < self.next:
            return False
        self.next, self._last = message.offset + 1, message
        if message.key != self.case_id.encode():
            return False
        folded = fold(self.tracks, message, self._codec, self._partitions)
        if self._aged and folded.in_doubt:
            self._restart()
            return True
        return folded.verdict is Verdict.COUNTS
