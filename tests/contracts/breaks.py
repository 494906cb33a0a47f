"""Which reader a schema's change breaks, why, and what to do instead: what `make check` says to whoever made it."""

from collections.abc import Iterator
from typing import NamedTuple

from jauap.messaging.topics import Topic, load
from tests.contracts.records import FOLDER_OF, Json

WIDENED = {"int": {"long", "float", "double"}, "long": {"float", "double"}, "float": {"double"}}
"""What Avro lets a reader take a narrower number for."""


class Break(NamedTuple):
    """Why one schema can't read what another one writes, at one field."""

    field: str
    """Path of the field, such as bodies[].due; empty: the whole record."""
    why: str
    remedy: str


def told(name: str, writer: str, reader: str, schemas: dict[str, Json]) -> str:
    """One paragraph for the person who changed the schema; `writer` and `reader` name two of its releases."""
    found = list(breaks(_whole(schemas[writer], {}), _whole(schemas[reader], {})))
    words = [f"{f'field {one.field!r}' if one.field else 'the record'}: {one.why}. {one.remedy}." for one in found]
    return (
        f"{name}: {readers_of(name)}, built on release {reader}, can't read what release {writer} writes. "
        + " ".join(words or ["Neither library says where; compare the two files."])
        + f" Change avro/{FOLDER_OF[name]}/{name}.avsc and its newest release, if that is not out yet;"
        " never a file of released/ that is. Readers do not upgrade with us: each release must read every other."
    )


def readers_of(name: str) -> str:
    """Whose readers a record has, by the topic pages."""
    pages = [page for page in load() if name in page.records]
    return " and ".join(dict.fromkeys(_reader(page) for page in pages)) or "whoever reads it"


def _reader(page: Topic) -> str:
    if page.is_of_bodies and "<body>" in page.consumers:
        return f"a body's reader of {page.name} (MIA's, say)"
    if "anyone" in page.consumers:
        return f"anybody's reader of {page.name}"
    return f"the reader of {page.name} ({', '.join(page.consumers)})"


def breaks(writer: Json, reader: Json, path: str = "") -> Iterator[Break]:
    """Where the reader's schema can't take what the writer's writes, by the rules of Avro's schema resolution."""
    if isinstance(writer, list) or isinstance(reader, list):
        yield from _of_unions(_branches(writer), _branches(reader), path)
    elif _kind(writer) == _kind(reader) == "record":
        yield from _of_records(writer, reader, path)
    elif _kind(writer) == _kind(reader) == "array":
        yield from breaks(writer["items"], reader["items"], f"{path}[]")
    elif not _readable(writer, reader):
        yield Break(
            path,
            f"it is {_words(reader)} to this reader, and {_words(writer)} is written",
            "A field's type never changes: leave it as it was and go on writing it, and say the new thing in a new"
            " field with a default, or in a new record",
        )


def _of_records(writer: Json, reader: Json, path: str) -> Iterator[Break]:
    written = {field["name"]: field for field in writer["fields"]}
    for field in reader["fields"]:
        name = f"{path}.{field['name']}".lstrip(".")
        if field["name"] in written:
            yield from breaks(written[field["name"]]["type"], field["type"], name)
        elif "default" not in field:
            yield Break(
                name,
                "it has no default, and that release does not write it",
                "If it is new, give it a default that is true of all older records (null: not known; []: none); if none"
                " is, make a new record with a name of its own and go on writing this one. If it was renamed or taken"
                " away, put it back",
            )


def _of_unions(writer: list[Json], reader: list[Json], path: str) -> Iterator[Break]:
    for branch in writer:
        taken = [other for other in reader if _kind(branch) == _kind(other) or _readable(branch, other)]
        if not taken:
            yield Break(
                path,
                f"{_words(branch)} may be written, which this reader does not take",
                "What a field may hold never changes: leave it as it was, and say the new thing in a new field with a"
                " default, or in a new record",
            )
        elif not any(not list(breaks(branch, other, path)) for other in taken):
            yield from breaks(branch, taken[0], path)


def _whole(schema: Json, records: dict[str, Json]) -> Json:
    """The schema with each nested record in full wherever it is used, not by its name."""
    match schema:
        case list():
            return [_whole(branch, records) for branch in schema]
        case str():
            return records.get(schema, schema)
        case {"type": "record"}:
            fields = [field | {"type": _whole(field["type"], records)} for field in schema["fields"]]
            records[schema["name"]] = schema | {"fields": fields}
            return records[schema["name"]]
        case {"type": "array"}:
            return schema | {"items": _whole(schema["items"], records)}
        case _:
            return schema


def _branches(schema: Json) -> list[Json]:
    return schema if isinstance(schema, list) else [schema]


def _kind(schema: Json) -> str:
    return str(schema["type"] if isinstance(schema, dict) else schema)


def _readable(writer: Json, reader: Json) -> bool:
    same = _kind(writer) == _kind(reader) and _logical(writer) == _logical(reader)
    return same or _kind(reader) in WIDENED.get(_kind(writer), ())


def _logical(schema: Json) -> str | None:
    return schema.get("logicalType") if isinstance(schema, dict) else None


def _words(schema: Json) -> str:
    return str(_logical(schema) or (schema.get("name") if isinstance(schema, dict) else None) or _kind(schema))
