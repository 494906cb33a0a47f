"""Sending commands and hearing what became of them: for the command line, the import and every client of ours."""

import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Self

import msgspec

from jauap.domain.commands import SERVICE_OF
from jauap.domain.facts import Value
from jauap.messaging.avro import Codec, Undecodable, UnknownSchema
from jauap.messaging.chain import header_map
from jauap.messaging.envelope import Message, Outgoing, cloud_event
from jauap.messaging.log import Ends, LogUnavailable, Place, Reader, Trouble, Writer
from jauap.messaging.outcome import Outcome
from jauap.messaging.registry import schema_ids
from jauap.messaging.topics import partition_of

MOST_UNANSWERED = 500
"""Commands under way at once: more would only wait in the service."""
SERVICES = tuple(dict.fromkeys(SERVICE_OF.values()))
CHECK_SECONDS = 0.05
PATIENCE_SECONDS = 15.0


class Order(Value, frozen=True, kw_only=True):
    """A command, on its way to the service that decides it."""

    command: Value
    name: str
    case_id: str
    command_id: str
    actor: str
    expected: dict[str, int] = msgspec.field(default_factory=dict)
    """The last sequence of each service that the sender saw; empty: it decides on whatever is there."""
    correlation_id: str | None = None


def commands_topic(name: str) -> str:
    """The topic that takes a command."""
    return f"jauap.{SERVICE_OF[name]}.commands"


def outcomes_topic(service: str) -> str:
    """The topic that says what became of a service's commands."""
    return f"jauap.{service}.outcomes"


def written(order: Order, codec: Codec, source: str, at: datetime) -> tuple[str, Outgoing]:
    """The record of a command, and the topic that it belongs on. Raises Unencodable or NotRegistered."""
    topic = commands_topic(order.name)
    value, dataschema = codec.encode(topic, order.command)
    headers = cloud_event(kind=order.name, source=source, subject=order.case_id, time=at, dataschema=dataschema)
    headers["ce_id"] = order.command_id.encode()
    headers["ce_actor"] = order.actor.encode()
    if order.correlation_id is not None:
        headers["ce_correlationid"] = order.correlation_id.encode()
    if order.expected:
        headers["ce_expected"] = ",".join(f"{name}:{at}" for name, at in sorted(order.expected.items())).encode()
    return topic, Outgoing(order.case_id.encode(), value, list(headers.items()))


class Sender:
    """Sends commands and waits for their outcomes. Use it as a context manager."""

    def __init__(
        self, bootstrap: str, registry: str, client: str = "jauap-client", services: Collection[str] = SERVICES
    ) -> None:
        """Connect, and note where every topic ends now. Only commands of these services can be sent.

        Raises LogUnavailable or RegistryError.
        """
        self._bootstrap, self._client, self._services = bootstrap, client, services
        self._ends = Ends(bootstrap, client)
        topics = [f"jauap.{service}.commands" for service in services]
        self._codec = Codec(schema_ids(registry, topics, PATIENCE_SECONDS))
        watched = [f"jauap.{service}.{kind}" for service in services for kind in ("events", "outcomes")]
        self._partitions = self._ends.partitions(watched)
        missing = sorted(set(watched) - self._partitions.keys())
        if missing:
            raise LogUnavailable(f"topics missing: {', '.join(missing)}")
        places = [(topic, number) for topic in watched for number in range(self._partitions[topic])]
        self._before = self._ends.of_patiently(places, PATIENCE_SECONDS)
        self._writer = Writer(bootstrap, client)
        self._reader = Reader(bootstrap, client)
        self._reader.read_from({place: end for place, end in self._before.items() if place[0].endswith(".outcomes")})

    def __enter__(self) -> Self:
        """Ready to send."""
        return self

    def __exit__(self, *_: object) -> None:
        """Disconnect."""
        self.close()

    def close(self) -> None:
        """Disconnect; what was appended stays."""
        self._writer.flush(5.0)
        self._reader.close()

    def was_there_already(self, outcome: Outcome) -> bool:
        """Whether the outcome's record stood in the log before this sender was made."""
        if outcome.topic is None or outcome.partition is None or outcome.offset is None:
            return False
        return outcome.offset < self._before.get((outcome.topic, outcome.partition), 0)

    def submit(self, orders: Iterable[Order], patience: float) -> Iterator[tuple[Order, Outcome | None]]:
        """Send commands in order and give each outcome as it comes; a `held` one is given too, and is not final.

        Gives (order, None) for what has no answer after `patience` seconds in which nothing came. The commands
        stay in their topics, and are decided when their service is back. Raises LogUnavailable if a command could
        not be appended.
        """
        waiting: dict[str, Order] = {}
        for order in orders:
            while len(waiting) >= MOST_UNANSWERED:
                answered = list(self._answers(waiting, patience))
                yield from answered
                if not answered:
                    yield from self._given_up(waiting)
            self._append(order)
            waiting[order.command_id] = order
            yield from self._answers(waiting, 0)
        while waiting:
            answered = list(self._answers(waiting, patience))
            yield from answered
            if not answered:
                yield from self._given_up(waiting)

    def _given_up(self, waiting: dict[str, Order]) -> Iterator[tuple[Order, None]]:
        if self._writer.flush(5.0) or self._writer.failed is not None:
            raise LogUnavailable(self._writer.failed or "a command could not be appended")
        for order in list(waiting.values()):
            yield order, None
        waiting.clear()

    def _append(self, order: Order) -> None:
        self._writer.append(*written(order, self._codec, f"/{self._client}", datetime.now(UTC)))

    def _answers(self, waiting: dict[str, Order], patience: float) -> Iterator[tuple[Order, Outcome]]:
        """Outcomes of what waits, at least one if any comes in time."""
        deadline = time.monotonic() + patience
        found = False
        while waiting and not found:
            self._writer.serve()
            if self._writer.failed is not None:
                raise LogUnavailable(self._writer.failed)
            for item in self._reader.poll(min(CHECK_SECONDS, patience)):
                answer = None if isinstance(item, Trouble) else self._answer(item, waiting)
                if answer is not None:
                    found = True
                    yield answer
            if time.monotonic() >= deadline:
                return

    def _answer(self, message: Message, waiting: dict[str, Order]) -> tuple[Order, Outcome] | None:
        order = waiting.get((message.key or b"").decode(errors="replace"))
        if order is None:
            return None
        outcome = self._read(message)
        if outcome is None:
            return None
        if outcome.status != "held":
            del waiting[order.command_id]
        if outcome.command is None:
            outcome = msgspec.structs.replace(outcome, command=order.name)
        return order, outcome

    def _read(self, message: Message) -> Outcome | None:
        headers = header_map(message.headers)
        if headers is None or message.value is None:
            return None
        try:
            return self._codec.decode(
                headers.get("ce_dataschema", b"").decode(errors="replace"), message.value, {"Outcome": Outcome}
            )
        except (Undecodable, UnknownSchema):
            return None

    def find(self, command_id: str) -> Outcome | None:
        """Look for a command's latest outcome in the outcomes topics, which keep a week."""
        places = {
            (outcomes_topic(service), partition_of(command_id, self._partitions[outcomes_topic(service)])): 0
            for service in self._services
        }
        ends = self._ends.of_patiently(places, PATIENCE_SECONDS)
        return self._last(command_id, {place: end for place, end in ends.items() if end > 0})

    def _last(self, command_id: str, ends: Mapping[Place, int]) -> Outcome | None:
        reader = Reader(self._bootstrap, f"{self._client}-find")
        found: Outcome | None = None
        unread = dict(ends)
        try:
            reader.read_from(dict.fromkeys(ends, -2))
            deadline = time.monotonic() + 30
            while unread and time.monotonic() < deadline:
                for item in reader.poll(0.1):
                    if isinstance(item, Trouble):
                        continue
                    if item.key == command_id.encode():
                        outcome = self._read(item)
                        found = outcome if outcome and not (found and found.status != "held") else found
                unread = {place: end for place, end in unread.items() if reader.ended.get(place, 0) < end}
        finally:
            reader.close()
        return found
