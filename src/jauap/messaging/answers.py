"""Telling senders what became of their commands: every command has exactly one outcome, and repeats are identical."""

import sys
from collections.abc import Callable
from datetime import datetime

from jauap.domain import refusals
from jauap.domain.events import CommandRefused
from jauap.messaging.avro import Codec
from jauap.messaging.envelope import Message, Outgoing, cloud_event, instant, type_name
from jauap.messaging.folding import Folded
from jauap.messaging.lane import Done, Lane, Waiting
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


def done(folded: Folded, message: Message, case_id: str) -> Done | None:
    """What is kept of a command's record; None: the record answers no command, or no honest writer made it."""
    headers, recorded = folded.headers, folded.recorded
    if recorded is None or "ce_commandhash" not in headers:
        return None
    try:
        command_hash = bytes.fromhex(headers["ce_commandhash"].decode())
        instant(headers["ce_time"])
    except ValueError:
        return None
    return Done(
        case_id=case_id,
        command=sys.intern(type_name(headers.get("ce_commandtype", b""))),
        command_hash=command_hash,
        event=type(recorded.event).__name__,
        event_hash=bytes.fromhex(headers["ce_hash"].decode()),
        sequence=recorded.sequence,
        offset=message.offset,
        recorded_at=headers["ce_time"],
        refusal=recorded.event if isinstance(recorded.event, CommandRefused) else None,
    )


def outcome_of(done: Done, command_id: str, topic: str, partition: int) -> Outcome:
    """The outcome that a record stands for: a pure function of the record, so that repeats are identical."""
    refusal = done.refusal
    return Outcome(
        command_id=command_id,
        command=done.command or None,
        case_id=done.case_id,
        status="refused" if refusal else "accepted",
        event=done.event,
        event_id=done.event_hash.hex(),
        sequence=done.sequence,
        topic=topic,
        partition=partition,
        offset=done.offset,
        recorded_at=instant(done.recorded_at),
        code=refusal.code if refusal else None,
        message=refusal.message if refusal else None,
        field=refusal.field if refusal else None,
        paragraph=refusal.paragraph if refusal else None,
        command_hash=done.command_hash.hex(),
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
