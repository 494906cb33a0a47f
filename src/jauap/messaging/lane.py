"""What an instance knows of one partition: its cases, its place in each topic, what waits and what is done."""

from collections import deque
from collections.abc import Mapping
from typing import NamedTuple

from jauap.domain.case import SERVICES
from jauap.domain.facts import Value
from jauap.messaging.envelope import Message
from jauap.messaging.folding import Track, events_topic
from jauap.messaging.outcome import Outcome

EVENT_TOPICS = tuple(events_topic(service) for service in SERVICES)


class Position(NamedTuple):
    """How far a topic was folded, and the record there: a position is an offset *and* what stood at it."""

    next: int = 0
    last: Message | None = None


class Done(NamedTuple):
    """A command that has its record."""

    command_hash: str
    outcome: Outcome


class Waiting(NamedTuple):
    """A command that has no final outcome yet."""

    offset: int
    command_id: str
    command_hash: str
    case_id: str
    name: str
    command: Value
    actor: str
    correlation_id: str | None
    expected: Mapping[str, int]


class Flight(NamedTuple):
    """A record that was appended and not yet read back."""

    sequence: int
    generation: int


class Bay:
    """One case's commands in order, and its undecided record in flight: at most one."""

    __slots__ = ("dirty", "flight", "held", "queue")

    def __init__(self) -> None:
        """Nothing waits."""
        self.queue: deque[Waiting] = deque()
        self.flight: Flight | None = None
        self.dirty = False
        self.held: set[str] = set()
        """Ids of the commands whose senders were told that their case stands still."""


class Commits:
    """The group's position: the lowest command whose outcome is not acknowledged."""

    def __init__(self, start: int) -> None:
        """Nothing was read yet."""
        self.next = start
        self._open: deque[int] = deque()
        self._settled: set[int] = set()
        self.stored = start

    def read(self, offset: int) -> None:
        """A command was read."""
        self._open.append(offset)
        self.next = offset + 1

    def settle(self, offset: int) -> None:
        """A command's outcome was acknowledged."""
        self._settled.add(offset)
        while self._open and self._open[0] in self._settled:
            self._settled.discard(self._open.popleft())

    @property
    def position(self) -> int:
        """Where a successor would have to start."""
        return self._open[0] if self._open else self.next


class Lane:
    """One partition of all topics of a service."""

    def __init__(self, number: int, commands_start: int) -> None:
        """Start with nothing folded; `commands_start` is where commands are read from."""
        self.number = number
        self.tracks: dict[str, Track] = {}
        self.bays: dict[str, Bay] = {}
        self.done: dict[str, Done] = {}
        self.positions: dict[str, Position] = dict.fromkeys(EVENT_TOPICS, Position())
        self.epochs: dict[str, int] = {}
        self.commits = Commits(commands_start)
        self.arrived: list[Waiting] = []
        """Commands that were read and for which the ends were not asked yet."""
        self.stirred: set[str] = set()
        """Cases that changed, or whose day did, since they were last reconciled."""
        self.verifying: set[str] = set()
        """Topics whose last folded record is being read again."""
        self.target: Mapping[str, int] | None = None
        """The ends of the events topics that must be folded before anything is decided; None: not asked."""
        self.admitting: tuple[list[Waiting], set[str]] = ([], set())
        """What may be decided once the target is reached: commands, and cases to reconcile."""
        self.watched_end = 0
        """Where the watched case's partition ended when the target was taken."""
        self.live = False
        """Everything that was written when it was last asked is folded."""

    def bay(self, case_id: str) -> Bay:
        """The case's waiting commands."""
        found = self.bays.get(case_id)
        if found is None:
            found = self.bays[case_id] = Bay()
        return found

    def unsettle(self) -> None:
        """After an error: forget what is in flight, compare positions with the log, read to the ends again."""
        for bay in self.bays.values():
            bay.flight = None
        self.verifying = {topic for topic, position in self.positions.items() if position.last is not None}
        commands, stirred = self.admitting
        self.arrived, self.stirred, self.admitting = [*commands, *self.arrived], self.stirred | stirred, ([], set())
        self.target, self.live = None, False

    def starts(self) -> dict[str, int]:
        """Where each events topic is to be read from: at the last folded record while that is being compared."""
        return {
            topic: position.next - (1 if topic in self.verifying else 0) for topic, position in self.positions.items()
        }

    def reached(self, ends: Mapping[str, int]) -> bool:
        """Whether every events topic is folded and compared up to these ends."""
        return not self.verifying and all(self.positions[topic].next >= end for topic, end in ends.items())

    def ahead_of(self, ends: Mapping[str, int]) -> list[str]:
        """Topics that end before what was folded: the log lost its tail."""
        return [topic for topic, end in ends.items() if self.positions[topic].next > end]
