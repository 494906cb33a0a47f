"""What an instance knows of one partition: its cases, its place in each topic, what waits and what is done."""

from collections import deque
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from jauap.domain.case import SERVICES
from jauap.domain.events import CommandRefused
from jauap.domain.facts import Value
from jauap.messaging.envelope import Message, fingerprint
from jauap.messaging.folding import Track, events_topic

EVENT_TOPICS = tuple(events_topic(service) for service in SERVICES)


class Position(NamedTuple):
    """How far a topic was folded, and the last record before: a position is an offset *and* what stood there."""

    next: int = 0
    last: Message | None = None


class Done(msgspec.Struct, frozen=True, gc=False):
    """A command that has its record: what its outcome says of it. There is one for each command ever decided."""

    case_id: str
    command: str
    command_hash: bytes
    event: str
    event_hash: bytes
    sequence: int
    offset: int
    recorded_at: bytes
    """`ce_time` of the record."""
    refusal: CommandRefused | None


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
        self.held: set[int] = set()
        """Offsets of the commands whose senders were told that their case stands still."""

    @property
    def idle(self) -> bool:
        """Whether there is nothing to do."""
        return not self.queue and self.flight is None and not self.dirty


class Commits:
    """The group's position: the lowest command whose outcome is not acknowledged."""

    def __init__(self, start: int, mark: str) -> None:
        """Nothing was read yet. `mark` is the fingerprint of the command before `start`; empty: not known."""
        self.next = start
        self.last_read: Message | str = mark
        """The command before `next`, or its fingerprint."""
        self._last_settled: Message | str = mark
        """The command before `position`, or its fingerprint."""
        self._open: deque[Message] = deque()
        self._settled: set[int] = set()
        self.stored = start

    def read(self, command: Message) -> None:
        """A command was read."""
        self._open.append(command)
        self.next, self.last_read = command.offset + 1, command

    def settle(self, offset: int) -> None:
        """A command's outcome was acknowledged."""
        self._settled.add(offset)
        while self._open and self._open[0].offset in self._settled:
            done = self._last_settled = self._open.popleft()
            self._settled.discard(done.offset)

    @property
    def position(self) -> int:
        """Where a successor would have to start."""
        return self._open[0].offset if self._open else self.next

    @property
    def mark(self) -> str:
        """Fingerprint of the command before `position`."""
        return _mark(self._last_settled)

    def is_last_read(self, command: Message) -> bool:
        """Whether this is the command that stood before `next` when it was read."""
        return _mark(command) == _mark(self.last_read)


def _mark(command: Message | str) -> str:
    return command if isinstance(command, str) else fingerprint(command).hex()


class Lane:
    """One partition of all topics of a service."""

    def __init__(self, number: int, commands_start: int = 0, marks: str = "") -> None:
        """Start with nothing folded; commands are read from `commands_start`.

        `marks` is what was stored beside it (see `marks`): if the log holds that no more, the start is worth nothing.
        """
        mark, _, pledge = marks.partition(" ")
        self.number = number
        self.tracks: dict[str, Track] = {}
        self.bays: dict[str, Bay] = {}
        """Only of cases for which something is to be done."""
        self.done: dict[str, Done] = {}
        self.undone: dict[str, str] = {}
        """Hash of the first command with an id that waits in any bay."""
        self.parked: set[str] = set()
        """Cases that can't go on by our own fault."""
        self.positions: dict[str, Position] = dict.fromkeys(EVENT_TOPICS, Position())
        self.epochs: dict[str, int] = {}
        self.commits = Commits(commands_start, mark)
        self.skipped = commands_start > 0
        """Whether commands before the start were not read: they were done, as long as their records count."""
        self.arrived: list[Waiting] = []
        """Commands that were read and for which the ends were not asked yet."""
        self.stirred: set[str] = set()
        """Cases that changed, or whose day did, since they were last reconciled."""
        self.verifying: set[str] = set()
        """Topics whose last folded record is being read again."""
        next_own, _, own_mark = pledge.partition(" ")
        self.pledge: tuple[int, str] | None = (int(next_own), own_mark) if next_own else None
        """How far the own events topic reached when the start was stored, and the fingerprint of the record there.

        The records of all commands before the start lie below. None: nothing was stored, or it was found.
        """
        self.verifying_commands = False
        """Whether the last command that was read is being read again."""
        self.target: Mapping[str, int] | None = None
        """The ends of the events topics that must be folded before anything is decided; None: not asked."""
        self.admitting: tuple[list[Waiting], set[str]] = ([], set())
        """What may be decided once the target is reached: commands, and cases to reconcile."""
        self.watched_end = 0
        """Where the watched case's partition ended when the target was taken."""
        self.live = False
        """Everything that was written when it was last asked is folded."""
        self.survived = False
        """Whether the fold was kept over an error: what lies behind its positions was not read again."""

    def bay(self, case_id: str) -> Bay:
        """The case's waiting commands."""
        found = self.bays.get(case_id)
        if found is None:
            found = self.bays[case_id] = Bay()
        return found

    def unsettle(self) -> None:
        """After an error: forget what is in flight, compare positions with the log, read to the ends again."""
        for case_id, bay in self.bays.items():
            if bay.flight is not None:
                bay.flight = None
                self.stirred.add(case_id)  # a step that may never have arrived: reconcile again
        self.survived = any(position.last is not None for position in self.positions.values())
        self.verifying = {topic for topic, position in self.positions.items() if position.last is not None}
        self.verifying_commands = bool(self.commits.last_read)
        commands, stirred = self.admitting
        self.arrived, self.stirred, self.admitting = [*commands, *self.arrived], self.stirred | stirred, ([], set())
        self.target, self.live = None, False

    def starts(self) -> dict[str, int]:
        """Where each events topic is to be read from: at the last folded record while that is being compared."""
        return {
            topic: position.last.offset if position.last and topic in self.verifying else position.next
            for topic, position in self.positions.items()
        }

    def skip_to(self, topic: str, end: int) -> None:
        """A topic ends there, and what stands before that and was not given is no record."""
        position = self.positions[topic]
        if end > position.next and topic not in self.verifying:
            self.positions[topic] = position._replace(next=end)

    def marks(self, own_topic: str) -> str:
        """What is stored beside the group's position: the command before it, and how far the own topic was folded."""
        own = self.positions[own_topic]
        pledge = "" if own.last is None else f"{own.last.offset + 1} {fingerprint(own.last).hex()}"
        return f"{self.commits.mark} {pledge}"

    def keeps_pledge(self, message: Message) -> bool:
        """Whether an own record is the one that was pledged, if it stands at that place."""
        if self.pledge is None or message.offset != self.pledge[0] - 1:
            return True
        kept = fingerprint(message).hex() == self.pledge[1]
        if kept:
            self.pledge = None
        return kept

    def commands_start(self) -> int:
        """Where commands are to be read from: at the last one that was read while that is being compared."""
        return self.commits.next - (1 if self.verifying_commands else 0)

    def reached(self, ends: Mapping[str, int]) -> bool:
        """Whether every events topic is folded and compared up to these ends."""
        if self.verifying or self.verifying_commands:
            return False
        return all(self.positions[topic].next >= end for topic, end in ends.items())

    def has_break(self, service: str) -> bool:
        """Whether the service's chain of any case is broken."""
        return any(track.chains[service].broken_at is not None for track in self.tracks.values())

    def ahead_of(self, ends: Mapping[str, int]) -> list[str]:
        """Topics that end before what was folded: the log lost its tail."""
        return [topic for topic, end in ends.items() if self.positions[topic].next > end]
