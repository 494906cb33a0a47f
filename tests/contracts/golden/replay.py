"""A golden log on disk, and what the present code makes of it without a broker."""

import base64
import gzip
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from jauap.domain import commands
from jauap.domain.case import Case, Entries
from jauap.domain.events import BY_NAME
from jauap.messaging import incoming
from jauap.messaging.answers import done, outcome_of
from jauap.messaging.avro import Codec
from jauap.messaging.chain import Verdict, header_map
from jauap.messaging.envelope import Message
from jauap.messaging.folding import SERVICE_OF, Track, fold
from jauap.messaging.outcome import Outcome
from jauap.projections.case_history import HistoryRow
from jauap.projections.database import Row
from jauap.projections.partition import Partition, Position
from tests.contracts.records import Json

FOLDER = Path(__file__).parent
CODEC = Codec({})
LONGEST = 100
"""Characters of a value in a message."""
FIRST_DAY = datetime(1980, 1, 1, tzinfo=UTC)


class Golden(NamedTuple):
    """A release's log, and what that release made of it."""

    log: tuple[Message, ...]
    """By topic, partition and offset."""
    partitions: int
    made: Json


class Read(NamedTuple):
    """What the present code makes of a log."""

    records: dict[str, Json]
    """By place, such as jauap.intake.events/0/17: what the record says."""
    verdicts: dict[str, str]
    """By place: what became of an event that does not count."""
    cases: dict[str, Json]
    answers: dict[str, Json]
    """By command id: what its sender would hear if it were repeated now."""


def now() -> datetime:
    """The wall's clock, UTC."""
    return datetime.now(UTC)


def releases() -> tuple[str, ...]:
    """The releases whose log is kept."""
    return tuple(sorted(folder.name for folder in FOLDER.iterdir() if (folder / "log.jsonl.gz").exists()))


def save(folder: Path, log: Iterable[Message], partitions: int) -> None:
    """Write a log, and what is made of it now."""
    log = tuple(log)
    lines = [json.dumps(_as_line(message), separators=(",", ":")) for message in log]
    made = {"partitions": partitions, **read(Golden(log, partitions, None))._asdict()}
    _write(folder / "log.jsonl.gz", "\n".join(lines) + "\n")
    _write(folder / "state.json.gz", json.dumps(made, indent=0, sort_keys=True))


def load(release: str) -> Golden:
    """Read what was written."""
    log = gzip.decompress((FOLDER / release / "log.jsonl.gz").read_bytes()).splitlines()
    made = json.loads(gzip.decompress((FOLDER / release / "state.json.gz").read_bytes()))
    return Golden(tuple(_as_message(json.loads(line)) for line in log), made.pop("partitions"), made)


def _write(file: Path, text: str) -> None:
    file.write_bytes(gzip.compress(text.encode(), 9, mtime=int(FIRST_DAY.timestamp())))


def _as_line(message: Message) -> Json:
    """A record as JSON: key and headers as Latin-1, which takes every byte, so that they pack well."""
    return [
        message.topic,
        message.partition,
        message.offset,
        message.timestamp,
        None if message.key is None else message.key.decode("latin-1"),
        None if message.value is None else base64.b64encode(message.value).decode(),
        [[name, None if value is None else value.decode("latin-1")] for name, value in message.headers],
    ]


def _as_message(line: Json) -> Message:
    topic, partition, offset, timestamp, key, value, headers = line
    return Message(
        topic=topic,
        partition=partition,
        offset=offset,
        key=None if key is None else key.encode("latin-1"),
        value=None if value is None else base64.b64decode(value),
        headers=tuple((name, None if text is None else text.encode("latin-1")) for name, text in headers),
        timestamp=timestamp,
        leader_epoch=0,
    )


def read(golden: Golden) -> Read:
    """Read the whole log as the services do after a start."""
    found, tracks = Read({}, {}, {}, {}), dict[str, Track]()
    for message in golden.log:
        place = place_of(message)
        kind = message.topic.rpartition(".")[2]
        if kind == "commands":
            found.records[place] = _command(message, golden.partitions)
        elif kind == "outcomes":
            found.records[place] = plain(outcome(message))
        else:
            _event(found, tracks, message, golden.partitions)
    found.cases.update((case_id, _track(track)) for case_id, track in tracks.items())
    return found


def place_of(message: Message) -> str:
    """Topic, partition and offset."""
    return f"{message.topic}/{message.partition}/{message.offset}"


def _event(found: Read, tracks: dict[str, Track], message: Message, partitions: int) -> None:
    place = place_of(message)
    folded = fold(tracks, message, CODEC, partitions)
    if folded.verdict is not Verdict.COUNTS or folded.recorded is None:
        parked = folded.track is not None and folded.track.parked is not None
        found.verdicts[place] = "parked" if parked else folded.verdict.value
        return
    found.records[place] = plain(folded.recorded.event)
    kept = done(folded, message, (message.key or b"").decode())
    if kept is not None:
        command_id = folded.text("ce_commandid") or ""
        found.answers[command_id] = plain(outcome_of(kept, command_id, message.topic, message.partition))


def _command(message: Message, partitions: int) -> Json:
    service = message.topic.split(".")[1]
    kinds = {kind.__name__: kind for kind in commands.BY_SERVICE[service]}
    try:
        return plain(incoming.read_command(message, CODEC, kinds, partitions))
    except incoming.Malformed as fault:
        told = incoming.malformed(message, fault)
        return {"malformed": told.code, "command_id": told.command_id}


def outcome(message: Message) -> Outcome:
    """The outcome that a record of an outcomes topic holds."""
    headers = header_map(message.headers) or {}
    return CODEC.decode(headers["ce_dataschema"].decode(), message.value or b"", {"Outcome": Outcome})


def event_names(log: Iterable[Message]) -> set[str]:
    """The types of all events."""
    types = {dict(each.headers).get("ce_type") or b"" for each in log if each.topic in SERVICE_OF}
    return {kind.decode().removeprefix("jauap.") for kind in types} & BY_NAME.keys()


def plain(value: object) -> Json:
    """A value as JSON has it."""
    return json.loads(msgspec.json.encode(value))


def _track(track: Track) -> Json:
    heads = {
        service: {"sequence": chain.sequence, "hash": chain.hash.hex(), "broken_at": chain.broken_at}
        for service, chain in track.chains.items()
    }
    return {"heads": heads, "latest": track.latest, "parked": track.parked, **_state(track.case)}


def _state(case: Case) -> dict[str, Any]:
    """A folded case by the facts in force, the clocks, findings and open alerts: not by how the fold keeps them.

    They are lists of pairs, so that one more is a difference; within a record it is none.
    """
    parts: dict[str, Entries] = {"intake": case.intake, "routing": case.routing, "publication": case.publication}
    return {
        "facts": {
            service: [[entry.sequence, plain(entry.event)] for entry in part.entries] for service, part in parts.items()
        },
        "last": {service: part.last for service, part in parts.items()} | {"deadlines": case.deadlines.last},
        "clocks": _pairs(case.deadlines.clocks),
        "findings": _pairs(case.deadlines.findings),
        "alerts": _pairs(case.deadlines.alerts),
    }


def _pairs(by_name: Mapping[Any, object]) -> Json:
    return [[name, plain(by_name[name])] for name in sorted(by_name)]


def rows(golden: Golden) -> tuple[list[HistoryRow], int]:
    """Make the rows of every read model, as the projector would: the history, and how many cases it could not show."""
    history: list[HistoryRow] = []
    parked = 0
    for number in range(golden.partitions):
        partition = Partition(number, 0, dict.fromkeys(SERVICE_OF, Position()), CODEC, golden.partitions)
        for message in golden.log:
            if message.topic in SERVICE_OF and message.partition == number:
                partition.take(message)
        partition.rows()
        history += [_as_asked(row) for row in partition.history]
        parked += sum(track.parked is not None for track in partition.tracks.values())
    return sorted(history, key=lambda row: row.recorded_at), parked


def _as_asked(row: Row) -> HistoryRow:
    """A line of history as a query gives it."""
    by_name = dict(zip(HistoryRow.__struct_fields__, row, strict=False))
    return HistoryRow(**by_name | {"data": json.loads(by_name["data"])})


def differences(then: Json, today: Json, path: str = "") -> list[str]:
    """Where what is made now lacks or contradicts what was made then. What came to it since is no difference."""
    if isinstance(then, Mapping) and isinstance(today, Mapping):
        missing = [f"{path}/{name}: is gone" for name in then if name not in today]
        shared = [name for name in then if name in today]
        return missing + [each for name in shared for each in differences(then[name], today[name], f"{path}/{name}")]
    if isinstance(then, list) and isinstance(today, list) and len(then) == len(today):
        pairs = enumerate(zip(then, today, strict=True))
        return [each for at, (old, new) in pairs for each in differences(old, new, f"{path}[{at}]")]
    return [] if then == today else [f"{path}: was {_brief(then)}, is {_brief(today)}"]


def _brief(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text)} characters)"
