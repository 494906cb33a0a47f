"""What a sender hears about its command: every command has exactly one outcome."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from jauap.domain.facts import CaseId, Line, Mark, Sequence, Sha256, Value, doc

Status = Literal["accepted", "refused", "malformed", "held"]


class Outcome(Value, frozen=True, kw_only=True):
    """What became of a command, keyed by its id. All but held are final, and a repeat is identical."""

    command_id: Annotated[Line, doc("Id of the command; topic/partition/offset where a malformed one has none.")]
    command: Annotated[Mark | None, doc("Name of the command; null: it could not be told.")] = None
    case_id: Annotated[CaseId | None, doc("Id of its case; null: it names no valid one.")] = None
    status: Annotated[
        Status,
        doc(
            "accepted or refused: the record named here says so. malformed: it can't be attributed to a case, there is"
            " no record. held: it waits behind a parked case and will be decided later, so this is not final."
        ),
    ]
    event: Annotated[Mark | None, doc("Type of the record, CommandRefused for a refusal; null: there is none.")] = None
    event_id: Annotated[
        Sha256 | None,
        doc("The record's hash, 64 lower-case hexadecimal digits; null: no record."),
    ] = None
    sequence: Annotated[
        Sequence | None, doc("The record's sequence in its case's chain in the service; null: no record.")
    ] = None
    topic: Annotated[
        Mark | None,
        doc("Topic of the record, of the command if it is malformed; null: no record."),
    ] = None
    partition: Annotated[
        Annotated[int, Meta(ge=0)] | None, doc("Partition of the record, of the command if it is malformed.")
    ] = None
    offset: Annotated[
        Annotated[int, Meta(ge=0)] | None, doc("Offset of the record, of the command if it is malformed.")
    ] = None
    recorded_at: Annotated[
        Annotated[datetime, Meta(tz=True)] | None, doc("Instant at which it was recorded, UTC; null: no record.")
    ] = None
    code: Annotated[Mark | None, doc("Name of the refusal, or of what is malformed; null: accepted.")] = None
    message: Annotated[Line | None, doc("What is wrong, and what would be right; null: accepted.")] = None
    field: Annotated[str | None, doc("The field at fault, such as bodies[0].body; null: the whole command.")] = None
    paragraph: Annotated[str | None, doc("The paragraph that the refusal rests on; null: none.")] = None
    command_hash: Annotated[
        Sha256 | None,
        doc("SHA-256 of the command's content, 64 lower-case hexadecimal digits: tells an id that was used again."),
    ] = None
