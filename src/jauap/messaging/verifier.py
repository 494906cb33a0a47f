"""Reading the whole log by the rule of the chain: what counts, what is void, what is broken."""

from collections.abc import Callable

from jauap.domain.facts import Value
from jauap.messaging.avro import Codec
from jauap.messaging.chain import Verdict
from jauap.messaging.folding import Track, fold
from jauap.messaging.lane import EVENT_TOPICS
from jauap.messaging.log import BEGINNING, Ends, Place, Reader, Trouble

CLIENT = "jauap-auditor"
PATIENCE_SECONDS = 15.0


class Standstill(Value, frozen=True, kw_only=True):
    """A case that does not go on, and why."""

    case_id: str
    why: str


class Verification(Value, frozen=True, kw_only=True):
    """What a reading of all events topics found, up to their ends when it began."""

    records: int
    counted: int
    void: int
    broken: int
    foreign: int
    cases: int
    standing_still: list[Standstill]

    @property
    def whole(self) -> bool:
        """Whether no case is broken or unreadable, and no record is foreign."""
        return not self.standing_still and not self.foreign


def verify(bootstrap: str, report: Callable[[int, int], None] = lambda _done, _all: None) -> Verification:
    """Read every events topic from its start and judge every record. `report` hears how many of how many were read.

    Raises LogUnavailable if the broker does not answer or records can't be read.
    """
    ends = Ends(bootstrap, CLIENT)
    counts = ends.partitions(EVENT_TOPICS)
    found = ends.of_patiently(
        [(topic, number) for topic in counts for number in range(counts[topic])], PATIENCE_SECONDS
    )
    unread = {place: end for place, end in found.items() if end > 0}
    tracks: dict[str, Track] = {}
    verdicts = dict.fromkeys(Verdict, 0)
    reader = Reader(bootstrap, CLIENT)
    try:
        reader.read_from(dict.fromkeys(unread, BEGINNING))
        partitions, codec = next(iter(counts.values()), 1), Codec({})
        while unread:
            for item in reader.poll(0.5):
                if isinstance(item, Trouble) or item.offset >= found[item.topic, item.partition]:
                    continue
                verdicts[fold(tracks, item, codec, partitions).verdict] += 1
                _tick(unread, (item.topic, item.partition), item.offset + 1)
            for place, end in reader.ended.items():
                _tick(unread, place, end)
            report(sum(verdicts.values()), sum(found.values()))
    finally:
        reader.close()
    still = [Standstill(case_id=name, why=track.standstill) for name, track in tracks.items() if track.standstill]
    return Verification(
        records=sum(verdicts.values()),
        counted=verdicts[Verdict.COUNTS],
        void=verdicts[Verdict.VOID],
        broken=verdicts[Verdict.BREAKS],
        foreign=verdicts[Verdict.FOREIGN],
        cases=len(tracks),
        standing_still=sorted(still, key=lambda one: one.case_id),
    )


def _tick(unread: dict[Place, int], place: Place, reached: int) -> None:
    if reached >= unread.get(place, 0):
        unread.pop(place, None)
