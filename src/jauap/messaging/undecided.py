"""Whose commands are still to be decided: for who acts on read models, and must not act on what is under way."""

import time

from jauap.messaging.log import Ends, LogUnavailable, Place, Reader, Trouble

PATIENCE_SECONDS = 15.0


class Undecided:
    """Looks at a service's commands from its group's position on: what lies before has an outcome."""

    def __init__(self, bootstrap: str, service: str, client: str, group: str | None = None) -> None:
        """Connect lazily. The group is only asked how far it is, never joined."""
        self._topic = f"jauap.{service}.commands"
        self._ends = Ends(bootstrap, client)
        self._group = Reader(bootstrap, client, group=group or f"jauap.{service}")
        self._reader = Reader(bootstrap, client)

    def close(self) -> None:
        """Disconnect."""
        self._group.close()
        self._reader.close()

    def case_ids(self) -> frozenset[str]:
        """Give the cases of the commands that stand in the log now and may not be decided. Raises LogUnavailable."""
        partitions = self._ends.partitions([self._topic]).get(self._topic, 0)
        if not partitions:
            raise LogUnavailable(f"there is no topic {self._topic}")
        places = [(self._topic, number) for number in range(partitions)]
        ends = self._ends.of_patiently(places, PATIENCE_SECONDS)
        stored = self._group.committed(places)
        starts = {place: (stored[place] or (0, ""))[0] for place in places}
        return self._keys({place: start for place, start in starts.items() if start < ends[place]}, ends)

    def _keys(self, starts: dict[Place, int], ends: dict[Place, int]) -> frozenset[str]:
        if not starts:
            return frozenset()
        found: set[str] = set()
        reached = dict(starts)
        deadline = time.monotonic() + PATIENCE_SECONDS
        self._reader.read_from(starts)
        try:
            while any(max(at, self._reader.ended.get(place, 0)) < ends[place] for place, at in reached.items()):
                if time.monotonic() > deadline:
                    raise LogUnavailable(f"{self._topic} can't be read")
                for item in self._reader.poll(0.05):
                    if isinstance(item, Trouble):
                        raise LogUnavailable(item.reason)
                    found.add((item.key or b"").decode(errors="replace"))
                    reached[item.topic, item.partition] = item.offset + 1
                    deadline = time.monotonic() + PATIENCE_SECONDS
        finally:
            self._reader.read_from({})
        return frozenset(found)
