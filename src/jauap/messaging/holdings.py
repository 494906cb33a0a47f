"""What an instance believes, told on request: to compare it with the log, with another instance, with a read model.

On SIGUSR1 a service writes what it holds of each of its cases to the file that JAUAP_DUMP_FILE names.
"""

import hashlib
import signal
from pathlib import Path
from types import FrameType

import msgspec

from jauap.domain.case import Case
from jauap.messaging.folding import Track
from jauap.messaging.lane import Lane
from jauap.messaging.loop import Loop


class Dump:
    """SIGUSR1 asks for it; between two rounds it is written."""

    def __init__(self, file: Path) -> None:
        """Take the signal."""
        self._file, self._asked = file, False
        signal.signal(signal.SIGUSR1, self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - a signal handler's shape
        self._asked = True

    def write_if_asked(self, loop: Loop) -> None:
        """The file is there whole or not at all."""
        if self._asked:
            self._asked = False
            unfinished = self._file.with_suffix(".unfinished")
            unfinished.write_bytes(msgspec.json.encode(holdings(loop)))
            unfinished.replace(self._file)


def holdings(loop: Loop) -> dict[str, object]:
    """The heads and the folded state of each case, by partition; a state is told by its SHA-256."""
    return {"service": loop.name, "partitions": {number: _of_lane(lane) for number, lane in loop.lanes.items()}}


def _of_lane(lane: Lane) -> dict[str, object]:
    return {
        "live": lane.live,
        "positions": {topic: position.next for topic, position in lane.positions.items()},
        "cases": {case_id: _of_track(track) for case_id, track in lane.tracks.items()},
    }


def _of_track(track: Track) -> dict[str, object]:
    heads = {service: (chain.sequence, chain.hash.hex(), chain.broken_at) for service, chain in track.chains.items()}
    return {"heads": heads, "parked": track.parked, "case": state_digest(track.case)}


def state_digest(case: Case) -> str:
    """The SHA-256, in hexadecimal, of a folded case as JSON: equal for equal states, whatever order they arose in."""
    state = msgspec.json.encode(msgspec.to_builtins(case, str_keys=True), order="deterministic")
    return hashlib.sha256(state).hexdigest()
