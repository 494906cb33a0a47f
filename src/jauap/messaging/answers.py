"""Telling senders what became of their commands: every command has exactly one outcome, and repeats are identical."""

from collections.abc import Callable
from datetime import datetime

from jauap.domain import refusals
from jauap.domain.events import CommandRefused
from jauap.messaging.avro import Codec
from jauap.messaging.envelope import Message, Outgoing, cloud_event, type_name
from jauap.messaging.folding import Folded
from jauap.messaging.lane import Lane, Waiting
from jauap.messaging.log import Writer
from jauap.messaging.outcome import Outcome


class Answers:
    """Publishes outcomes, and settles a command once its outcome is acknowledged."""

    def __init__(self, service: str, writer: Writer, codec: Codec, clock: Callable[[], datetime]) -> None:
        """Nothing is under way."""
        self._source, self._topic = f"/jauap/{service}", f"jauap.{service}.outcomes"
        self._writer, self._codec, self._clock = writer, codec, clock
        self._unacknowledged: dict[int, tuple[Lane, int | None, Outgoing]] = {}
        self._sent = 0

    def publish(self, lane: Lane, outcome: Outcome, settles: int | None) -> None:
        """Tell an outcome; `settles` is the offset of the command that is done with it, None if it is not final."""
        value, dataschema = self._codec.encode(self._topic, outcome)
        headers = cloud_event(
            kind="Outcome",
            source=self._source,
            subject=outcome.case_id or outcome.command_id,
            time=outcome.recorded_at or self._clock(),
            dataschema=dataschema,
        )
        headers["ce_id"] = f"{outcome.command_id}/{outcome.status}".encode()
        self._send(lane, settles, Outgoing(outcome.command_id.encode(), value, list(headers.items())))

    def _send(self, lane: Lane, settles: int | None, record: Outgoing) -> None:
        self._sent += 1
        number = self._sent
        self._unacknowledged[number] = (lane, settles, record)

        def acknowledged() -> None:
            del self._unacknowledged[number]
            if settles is not None:
                lane.commits.settle(settles)

        self._writer.append(self._topic, record, acknowledged=acknowledged)

    def send_again(self) -> None:
        """After the producer was thrown away: what it had not delivered is told again; a repeat is identical."""
        unsent, self._unacknowledged = list(self._unacknowledged.values()), {}
        for lane, settles, record in unsent:
            self._send(lane, settles, record)


def outcome_of(folded: Folded, message: Message, command_id: str) -> Outcome:
    """The outcome that a record stands for: a pure function of the record, so that repeats are identical."""
    recorded, refusal = folded.recorded, None
    if recorded is not None and isinstance(recorded.event, CommandRefused):
        refusal = recorded.event
    return Outcome(
        command_id=command_id,
        command=type_name(folded.headers.get("ce_commandtype", b"")) or None,
        case_id=folded.text("ce_subject"),
        status="refused" if refusal else "accepted",
        event=type(recorded.event).__name__ if recorded else None,
        event_id=folded.text("ce_hash"),
        sequence=recorded.sequence if recorded else None,
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        recorded_at=folded.at,
        code=refusal.code if refusal else None,
        message=refusal.message if refusal else None,
        field=refusal.field if refusal else None,
        paragraph=refusal.paragraph if refusal else None,
        command_hash=folded.text("ce_commandhash"),
    )


def reused(waiting: Waiting) -> Outcome:
    """The outcome of other content under a used id; the first content's outcome stays what it was."""
    refusal = refusals.CommandIdReused("command_id")
    return Outcome(
        command_id=waiting.command_id,
        command=waiting.name,
        case_id=waiting.case_id,
        status="refused",
        code=refusal.code,
        message=refusal.message,
        field=refusal.field,
        command_hash=waiting.command_hash,
    )


def held(waiting: Waiting, reason: str) -> Outcome:
    """Not final: the case stands still, and the command is decided once it goes on."""
    return Outcome(
        command_id=waiting.command_id,
        command=waiting.name,
        case_id=waiting.case_id,
        status="held",
        code="CaseStandsStill",
        message=f"the case stands still ({reason}); the command is kept and decided once it goes on"[:300],
        command_hash=waiting.command_hash,
    )
