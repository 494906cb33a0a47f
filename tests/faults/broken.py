"""A service in which one promise is broken on purpose, to see that the judge notices: `broken SERVICE PROMISE`.

ignores-the-rule   every record counts, whatever its place in the chain
commits-early      a command's offset is committed once it is read, not once it is done
keeps-its-state    nothing is compared with the log again: a lost tail goes unnoticed
pipelines          a case's second record is appended before its first is read back
"""

import sys
from collections.abc import Callable
from typing import Any

from jauap.domain.case import Recorded, evolve
from jauap.messaging import folding, incoming, lane, log, loop
from jauap.messaging.chain import Chain, Verdict
from tests.faults import faulty

folding_: Any = folding
Commits: Any = lane.Commits
Lane: Any = lane.Lane
Loop: Any = loop.Loop
Writer: Any = log.Writer


def ignore_the_rule() -> None:
    """Fold each record that is well formed, as a reader would that trusts the topic."""
    folding_.judge = lambda _, found: (Verdict.COUNTS, Chain(found.sequence, found.actual))


def commit_early() -> None:
    """Store the position behind every command that was read."""
    read = Commits.read

    def reading(self: Any, command: Any) -> None:
        read(self, command)
        self._last_settled = command

    Commits.read = reading
    Commits.settle = lambda _self, _offset: None
    Commits.position = property(lambda self: self.next)


def keep_the_state() -> None:
    """Trust memory: after an error go on where it was."""
    unsettle, aim = Lane.unsettle, Loop._aim

    def trusting(self: Any) -> None:
        unsettle(self)
        self.verifying, self.verifying_commands = set(), False

    def aiming(self: Any, place: Any, ends: Any) -> None:
        commands = (self.commands_topic, place.number)
        aim(self, place, {**ends, commands: max(ends[commands], place.commits.next)})

    Lane.unsettle, Loop._aim = trusting, aiming
    Lane.ahead_of = lambda _self, _ends: []
    Lane.keeps_pledge = lambda _self, _message: True
    Loop._drop = lambda _self, _lane, _reason: None


def pipeline() -> None:
    """Append the next command's record on the one that is still in flight."""
    append, write = Loop._append, Writer.append
    latest: list[Any] = []

    def writing(self: Any, topic: str, record: Any, *given: Any, **named: Any) -> None:
        latest[:] = [record]
        write(self, topic, record, *given, **named)

    def appending(self: Any, place: Any, bay: Any, track: Any, event: Any, now: Any, waiting: Any) -> None:
        append(self, place, bay, track, event, now, waiting)
        case, chains = track.case, track.chains
        if waiting is None or len(bay.queue) < 2 or isinstance(bay.queue[1].command, incoming.Unread):
            return
        first = Chain(bay.flight.sequence, bytes.fromhex(dict(latest[0].headers)["ce_hash"].decode()))
        track.case = evolve(case, Recorded(service=self.name, sequence=first.sequence, event=event))
        track.chains = {**chains, self.name: first}
        append(self, place, bay, track, self._event(track.case, bay.queue[1], now), now, bay.queue[1])
        track.case, track.chains = case, chains

    Writer.append, Loop._append = writing, appending


PROMISES: dict[str, Callable[[], None]] = {
    "ignores-the-rule": ignore_the_rule,
    "commits-early": commit_early,
    "keeps-its-state": keep_the_state,
    "pipelines": pipeline,
}
EXPOSED_BY = {
    "ignores-the-rule": "split",
    "commits-early": "late",
    "keeps-its-state": "tail",
    "pipelines": "split",
}
"""The kind of fault that shows each."""


def main(service: str, promise: str) -> int:
    """Run it."""
    PROMISES[promise]()
    return faulty.main(service)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
