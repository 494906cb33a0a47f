"""Values on the wire: Avro behind the Confluent header, written as the oldest release can say it, read from any.

Readers find the writer's schema by `ce_dataschema` in `schemas/released` and never ask the registry.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from io import BytesIO
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from fastavro import parse_schema, schemaless_reader, schemaless_writer

from jauap import schemas
from jauap.domain.facts import Value

T = TypeVar("T")

NAMESPACE = "jauap"
MAGIC = 0
HEADER = 5
"""Length of what stands before the Avro body: the magic byte, and the schema's id in four bytes, high byte first."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LARGEST = 1_048_576
"""Length of the largest payload that is looked at: no topic takes a larger one."""
DATASCHEMA = re.compile(r"urn:jauap:schema:([A-Z][A-Za-z]{0,63}):([1-9][0-9]{0,4})")

Schema = Any
"""What `parse_schema` returned: fastavro knows it again and does not parse it once more."""


class Undecodable(Exception):
    """The bytes are not what their headers say: the sender's fault. `field` is a path such as bodies[0].body.

    Neither the reason nor the path holds a value from the bytes.
    """

    def __init__(self, reason: str, field: str | None = None) -> None:
        super().__init__(reason if field is None else f"{reason}, at {field}")
        self.reason = reason
        self.field = field


class UnknownSchema(Exception):
    """No such release is installed here: a newer writer's perhaps, and then it is *our* fault, not the sender's."""

    def __init__(self, name: str, version: int) -> None:
        super().__init__(f"schemas/released/{name}/{version}.avsc is not in this release; upgrade this process")
        self.name = name
        self.version = version


class Unencodable(Exception):
    """A value of ours breaks its own type's rules, so no reader would take it. It names the field, never the value."""


class NotRegistered(Exception):
    """The codec was given no schema id for a subject that it should write."""


OF_BODIES = ("jauap.feed.", "jauap.submit.")
"""What the names of topics begin with that there are for each body: the same records stand on all of a kind."""


def subject(topic: str, name: str) -> str:
    """The registry's subject for a record on a topic: TopicRecordNameStrategy; for bodies' topics RecordNameStrategy.

    So a body that gets topics of its own needs no schemas registered for it (docs/decisions/0010).
    """
    return f"{NAMESPACE}.{name}" if topic.startswith(OF_BODIES) else f"{topic}-{NAMESPACE}.{name}"


def of_release(subject: str, version: int) -> str:
    """Under which name the schema id of an older release of a subject is given to a Codec."""
    return f"{subject}:{version}"


def dataschema(name: str, version: int) -> str:
    """The CloudEvents `ce_dataschema` of a release: `urn:jauap:schema:<Name>:<version>`."""
    return f"urn:jauap:schema:{name}:{version}"


def parse_dataschema(text: str) -> tuple[str, int]:
    """Name and version of a `ce_dataschema`; Undecodable if the text is none."""
    found = DATASCHEMA.fullmatch(text)
    if found is None:
        raise Undecodable("ce_dataschema is not urn:jauap:schema:<Name>:<version>")
    return found[1], int(found[2])


@cache
def released() -> Mapping[str, tuple[int, ...]]:
    """The released versions of each record name, ascending."""
    return {name: _versions(name) for name in schemas.names("released")}


def _versions(name: str) -> tuple[int, ...]:
    return tuple(sorted(int(file.removesuffix(".avsc")) for file in schemas.names(f"released/{name}")))


def current(name: str) -> int:
    """The highest version: what is written where no older one can say it. KeyError if the name was never released."""
    return released()[name][-1]


@cache
def schema(name: str, version: int) -> Schema:
    """A release, parsed once; UnknownSchema if it is not here. Only names and versions that are here are kept."""
    if version not in released().get(name, ()):
        raise UnknownSchema(name, version)
    return parse_schema(json.loads(schemas.text(f"released/{name}/{version}.avsc")))


@dataclass(frozen=True, slots=True)
class Reading:
    """How a `ce_dataschema` is read. `reader` is None where the writer's schema is the current one."""

    name: str
    writer: Schema
    reader: Schema | None


@dataclass(frozen=True, slots=True)
class Writing:
    """How a class is written on a topic: the Confluent header, the current schema, its `ce_dataschema`."""

    header: bytes
    schema: Schema
    dataschema: str
    older: Mapping[int, bytes]
    """The headers of the older releases, by version, ascending; without those whose schema has no id here."""
    instants: tuple[str, ...]
    """Fields that are instants: as numbers they cost fastavro a third of what they cost as datetimes."""


class Codec:
    """Values to bytes and back. `ids` maps a registry subject to its schema id; who only reads gives none.

    A value is written as the oldest release that can say all of it, if `ids` has its schema's id (`of_release`): so a
    process of the release before reads it too, and parks a case only for what is really new.
    """

    def __init__(self, ids: Mapping[str, int]) -> None:
        self._ids = ids
        self._readings: dict[str, Reading] = {}
        self._writings: dict[tuple[str, str], Writing] = {}

    def encode(self, topic: str, value: Value) -> tuple[bytes, str]:
        """A value for a topic: the payload and its `ce_dataschema`.

        Raises Unencodable if the value breaks its type's rules (constructors don't check them), NotRegistered if the
        subject has no id, KeyError if the class was never released.
        """
        kind = type(value)
        writing = self._writings.get((topic, kind.__name__)) or self._writing(topic, kind.__name__)
        content = msgspec.to_builtins(value, builtin_types=(date, datetime))
        try:
            _valid(content, kind)
        except Undecodable as broken:
            raise Unencodable(f"{kind.__name__}: {broken}") from None
        for name in writing.instants:
            content[name] = _microseconds(content[name])
        stream = BytesIO()
        stream.write(writing.header)
        # A tuple is an array here, and not fastavro's way to name a union's branch.
        schemaless_writer(stream, writing.schema, content, disable_tuple_notation=True)
        payload = stream.getvalue()
        if not writing.older:
            return payload, writing.dataschema
        version, body = self._as_oldest(writing.dataschema, payload)
        if version not in writing.older:
            return payload, writing.dataschema
        return writing.older[version] + body, dataschema(kind.__name__, version)

    def decode(self, dataschema: str, payload: bytes, kinds: Mapping[str, type[T]]) -> T:
        """The value that a payload holds, as the class that `kinds` has for its name.

        Raises UnknownSchema for a release that is not here, and Undecodable for all else that may be wrong with
        bytes of any origin. What an older release left out has its default. Encodings that Avro would not choose
        itself (a padded number, an array in several blocks) are taken.
        """
        reading = self._readings.get(dataschema) or self._reading(dataschema)
        kind = kinds.get(reading.name)
        if kind is None:
            raise Undecodable("This kind of record does not belong on this topic")
        return _valid(_content(reading, payload), kind)

    def content(self, dataschema: str, payload: bytes) -> object:
        """What a payload holds, its values not checked yet: `faults` tells all that is wrong with them.

        Raises as `decode` does.
        """
        return _content(self._readings.get(dataschema) or self._reading(dataschema), payload)

    def oldest_body(self, dataschema: str, payload: bytes) -> bytes:
        """The Avro body as the oldest release would have written it, if that release can say all of it.

        So the same content has the same body whichever release wrote it: a command that is sent again after an upgrade
        is known again. Takes what `decode` has taken.
        """
        return self._as_oldest(dataschema, payload)[1]

    def _as_oldest(self, dataschema: str, payload: bytes) -> tuple[int, bytes]:
        """The oldest release that can say all of it, and the Avro body as that one writes it."""
        reading = self._readings.get(dataschema) or self._reading(dataschema)
        name, version = parse_dataschema(dataschema)
        if version == released()[name][0]:
            return version, payload[HEADER:]
        content = _content(reading, payload)
        for older in released()[name]:
            stream = BytesIO(bytes(HEADER))
            stream.seek(HEADER)
            schemaless_writer(stream, schema(name, older), content, disable_tuple_notation=True)
            written = stream.getvalue()
            if older == version or _content(_reading(name, older), written) == content:
                return older, written[HEADER:]
        return version, payload[HEADER:]

    def _reading(self, dataschema: str) -> Reading:
        reading = self._readings[dataschema] = _reading(*parse_dataschema(dataschema))
        return reading

    def _writing(self, topic: str, name: str) -> Writing:
        version = current(name)
        registered = subject(topic, name)
        number = self._ids.get(registered)
        if number is None:
            raise NotRegistered(f"{registered} has no schema id; register the schemas")
        known = {older: self._ids.get(of_release(registered, older)) for older in released()[name][:-1]}
        headers = {older: _header(found) for older, found in known.items() if found is not None}
        written = schema(name, version)
        writing = Writing(_header(number), written, dataschema(name, version), headers, _instants(written))
        self._writings[topic, name] = writing
        return writing


def _header(number: int) -> bytes:
    """What stands before a body: the magic byte and the schema's id."""
    return bytes([MAGIC]) + number.to_bytes(4, "big")


def _reading(name: str, version: int) -> Reading:
    """How a release is read into the current one; UnknownSchema if it is not here."""
    writer = schema(name, version)
    newest = current(name)
    return Reading(name, writer, None if version == newest else schema(name, newest))


def _instants(record: Schema) -> tuple[str, ...]:
    """Names of a record's own fields that are instants, or null."""
    return tuple(field["name"] for field in record["fields"] if _is_instant(field["type"]))


def _is_instant(kind: Schema) -> bool:
    branches = kind if isinstance(kind, list) else [kind]
    return any(isinstance(branch, dict) and branch.get("logicalType") == "timestamp-micros" for branch in branches)


def _microseconds(moment: datetime | None) -> int | None:
    return None if moment is None else (moment - EPOCH) // timedelta(microseconds=1)


def _content(reading: Reading, payload: bytes) -> object:
    """The body as dicts and lists.

    Work and memory are bounded by the payload's length: each array item takes a byte at least (a test holds the
    schemas to it), and a length beyond the end is refused before anything is set aside for it.
    """
    if len(payload) > LARGEST:
        raise Undecodable("The payload is longer than 1 MiB")
    if len(payload) < HEADER or payload[0] != MAGIC:
        raise Undecodable("The payload does not begin with the magic byte 0 and a schema id")
    stream = BytesIO(payload)
    stream.seek(HEADER)
    try:
        content = schemaless_reader(stream, reading.writer, reading.reader)
    except Exception:  # noqa: BLE001 - fastavro raises whatever it stumbles over, with bytes in its words
        raise Undecodable("The body does not fit the schema that ce_dataschema names") from None
    if stream.tell() != len(payload):
        raise Undecodable("Bytes are left over after the body")
    return content


def _valid(content: object, kind: type[T]) -> T:
    """The content as a class, its constraints checked."""
    try:
        return msgspec.convert(content, kind)
    except msgspec.ValidationError as error:
        raise _without_value(str(error)) from None


def faults(content: object, kind: Any, path: str = "") -> Iterator[Undecodable]:  # noqa: ANN401 - any type of a field
    """Every rule that a content breaks, by field; none: it fits. Neither reason nor path holds a value."""
    try:
        msgspec.convert(content, kind)
    except msgspec.ValidationError as error:
        inner = _inner_faults(content, kind, path)  # one by one: who asks may have enough
        yield next(inner, None) or Undecodable(_without_value(str(error)).reason, path or None)
        yield from inner


def _inner_faults(content: object, kind: Any, path: str) -> Iterator[Undecodable]:  # noqa: ANN401 - as above
    kind = _bare(kind)
    if isinstance(content, dict) and isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        for name, field in get_type_hints(kind, include_extras=True).items():
            if name in kind.__struct_fields__:
                yield from faults(content.get(name), field, f"{path}.{name}" if path else name)
    elif isinstance(content, list) and get_origin(kind) is tuple:
        for at, item in enumerate(content):
            yield from faults(item, get_args(kind)[0], f"{path}[{at}]")


def _bare(kind: Any) -> Any:  # noqa: ANN401 - as above
    """A field's type without its rules, and without null."""
    while get_origin(kind) in (Annotated, UnionType, Union):
        kind = next(branch for branch in get_args(kind) if branch is not type(None))
    return kind


def _without_value(words: str) -> Undecodable:
    """The reason and the path in a message of msgspec, if it is of a form that never quotes the value."""
    what, at, where = words.rpartition(" - at `$")
    if not at:
        what, where = words, ""
    if what.startswith("Expected `"):
        return Undecodable(what, where.rstrip("`").lstrip(".") or None)
    return Undecodable("Not one of the documented values", where.rstrip("`").lstrip(".") or None)
