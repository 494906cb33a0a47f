"""`case_history`: what happened in a case, in whose hands, when, and when was it recorded?

A row is a pure function of one record and its headers. That an entry was withdrawn later is looked up when the
history is read: the withdrawal's own row names the entry.
"""

from datetime import date, datetime
from typing import Any

import msgspec

from jauap.domain.case import Recorded
from jauap.domain.events import AgencyInfoSubmitted, CommandRefused, EntryWithdrawn, Event
from jauap.domain.facts import Value
from jauap.messaging.folding import Folded
from jauap.projections.database import Row
from jauap.projections.sentences import DAYS, sentence

_json = msgspec.json.Encoder()


class HistoryRow(Value, frozen=True, kw_only=True):
    """A record that counts. Days are days in Kazakhstan, instants are UTC."""

    case_id: str
    service: str
    sequence: int
    """In the case's chain in this service."""
    event: str
    recorded_at: datetime
    happened_on: date | None
    """The fact's own day; null: it has none."""
    actor: str | None
    """Who asked for it, as the caller declared; the service itself where nobody did."""
    command_id: str | None
    event_id: str
    """The record's hash, hexadecimal."""
    refused: bool
    """It is a refusal: nothing else happened."""
    withdraws: int | None
    """It withdraws the entry of this service with this sequence, or stands in its place."""
    sentence: str
    data: dict[str, Any]
    """The event's fields."""
    seen: str | None
    """The input offsets that the decision had folded: what was known."""
    withdrawn_by: int | None = None
    """The entry was withdrawn, or corrected, by the record of this service with this sequence; null: it is in force."""


def row(folded: Folded, recorded: Recorded) -> Row:
    """The row of a record that counts."""
    event, text = recorded.event, folded.text
    kind = type(event)
    day = DAYS.get(kind)
    return (
        text("ce_subject"),
        recorded.service,
        recorded.sequence,
        kind.__name__,
        folded.at,
        None if day is None else getattr(event, day),
        text("ce_actor"),
        text("ce_commandid"),
        text("ce_hash"),
        kind is CommandRefused,
        taken_out_of_force(event),
        sentence(event),
        _json.encode(msgspec.structs.asdict(event)).decode(),
        text("ce_seen"),
    )


def taken_out_of_force(event: Event) -> int | None:
    """The entry that an event takes out of force; None: none."""
    match event:
        case EntryWithdrawn():
            return event.entry
        case AgencyInfoSubmitted():
            return event.corrects
        case _:
            return None
