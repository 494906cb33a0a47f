"""What rows are made of: a case as it is folded, when it was last recorded, and whether it stands still."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from jauap.domain.case import SERVICES, Case
from jauap.messaging.folding import LATEST_START, Track

PARKED = "parked"
Since = Mapping[str, int]
"""When a case came to stand still: by broken service, or `parked`, the append time of the record (ms since 1970)."""


class Standstill(NamedTuple):
    """A broken or parked case keeps its last rows, marked with this."""

    since: datetime
    """When the record was appended at which it stopped, UTC."""
    why: str


class CaseView(NamedTuple):
    """A case as rows are made of it."""

    case: Case
    last_recorded_at: datetime | None = None
    """The latest time at which something of it was recorded, UTC; None: nothing was."""
    standstill: Standstill | None = None


def view_of(track: Track, since: Since) -> CaseView:
    """The case of a track, marked if it stands still."""
    recorded_at = None if track.latest == LATEST_START else track.latest_time
    return CaseView(track.case, recorded_at, _standstill(track, since))


def _standstill(track: Track, since: Since) -> Standstill | None:
    why = track.standstill
    if why is None:
        return None
    at = since[PARKED] if track.parked is not None else since[track.broken or SERVICES[0]]
    return Standstill(datetime.fromtimestamp(at / 1000, UTC), why)
