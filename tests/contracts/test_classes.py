"""The classes are written by hand, the schemas are the truth: here they are held to each other."""

from typing import Any, Literal, assert_never

import pytest
from msgspec import inspect

from tests.contracts.records import RECORDS, Json, schema_of

DATE = {"type": "int", "logicalType": "date"}
INSTANT = {"type": "long", "logicalType": "timestamp-micros"}


@pytest.mark.parametrize("name", RECORDS)
def test_a_class_equals_its_schema(name: str) -> None:
    """Names, order, types, defaults and documentation are the same on both sides, down into nested records."""
    described = inspect.type_info(RECORDS[name])
    assert isinstance(described, inspect.StructType)
    assert _record(described, set()) == schema_of(name)


@pytest.mark.parametrize("name", RECORDS)
def test_no_schema_has_an_enum(name: str) -> None:
    """A list that may grow is a string with documented values, since FULL_TRANSITIVE allows no new symbol."""
    assert "enum" not in _type_names(schema_of(name))


@pytest.mark.parametrize("name", RECORDS)
def test_every_array_item_takes_a_byte(name: str) -> None:
    """No array may hold items of length zero, or a count alone could fill a reader's memory."""
    for items in _item_types(schema_of(name)):
        assert items not in ("null", None)
        assert not isinstance(items, dict) or items["type"] != "record" or items["fields"]


@pytest.mark.parametrize("name", RECORDS)
def test_every_field_is_documented(name: str) -> None:
    """Each field says what it means, in a sentence."""
    for field in _fields(schema_of(name)):
        assert field["doc"].endswith("."), field["name"]


def _record(described: inspect.StructType, seen: set[str]) -> Json:
    """The Avro record that a class describes; a nested one stands whole where it is first used."""
    name = described.cls.__name__
    if name in seen:
        return name
    outermost = {"namespace": "jauap"} if not seen else {}
    seen.add(name)
    fields = [_field(field, seen) for field in described.fields]
    return {"type": "record", "name": name, **outermost, "doc": _words(described.cls), "fields": fields}


def _field(field: inspect.Field, seen: set[str]) -> dict[str, Any]:
    assert isinstance(field.type, inspect.Metadata), f"{field.name} has no description"
    assert field.type.extra_json_schema is not None, f"{field.name} has no description"
    documented = field.type.extra_json_schema["description"]
    default = list(field.default) if isinstance(field.default, tuple) else field.default
    return {
        "name": field.name,
        "type": _type(field.type, seen),
        "doc": documented + _undocumented(documented, _choices(field.type)),
    } | ({} if field.required else {"default": default})


def _undocumented(documented: str, choices: list[str]) -> str:
    """A string's allowed values, where the description does not name them all."""
    missing = [choice for choice in choices if choice not in documented]
    return f" Values: {', '.join(sorted(choices))}." if missing else ""


def _type(described: inspect.Type, seen: set[str]) -> Json:
    match described:
        case inspect.Metadata(type=inner):
            return _type(inner, seen)
        case inspect.UnionType(types=types):
            [inner] = [each for each in types if not isinstance(each, inspect.NoneType)]
            return ["null", _type(inner, seen)]
        case inspect.VarTupleType(item_type=item):
            return {"type": "array", "items": _type(item, seen)}
        case inspect.StructType():
            return _record(described, seen)
        case _:
            return _plain(described)


def _plain(described: inspect.Type) -> Json:
    match described:
        case inspect.StrType() | inspect.LiteralType():
            return "string"
        case inspect.BoolType():
            return "boolean"
        case inspect.IntType():
            return "long"
        case inspect.DateType():
            return DATE
        case inspect.DateTimeType():
            return INSTANT
        case _:
            pytest.fail(f"the contract has no type for {described}")


def _choices(described: inspect.Type) -> list[str]:
    match described:
        case inspect.Metadata(type=inner) | inspect.VarTupleType(item_type=inner):
            return _choices(inner)
        case inspect.UnionType(types=types):
            return [choice for each in types for choice in _choices(each)]
        case inspect.LiteralType(values=values):
            return [str(value) for value in values]
        case _:
            return []


def _words(described: type) -> str:
    return " ".join((described.__doc__ or "").split())


def _parts(schema: Json, of: Literal["types", "items", "fields"]) -> list[Json]:
    """All of a schema's types, the types of its arrays' items, or its fields, down into nested records."""
    if isinstance(schema, list):
        return [part for branch in schema for part in _parts(branch, of)]
    if isinstance(schema, str):
        return [schema] if of == "types" else []
    inner = schema.get("fields", []) or [{"type": schema["items"]}] if schema["type"] in ("record", "array") else []
    deeper = [part for each in inner for part in _parts(each["type"], of)]
    match of:
        case "types":
            return [schema["type"], *deeper]
        case "items":
            return [schema["items"], *deeper] if schema["type"] == "array" else deeper
        case "fields":
            return [*schema.get("fields", []), *deeper]
        case _:
            assert_never(of)


def _type_names(schema: Json) -> list[Json]:
    return _parts(schema, "types")


def _item_types(schema: Json) -> list[Json]:
    return _parts(schema, "items")


def _fields(schema: Json) -> list[dict[str, Any]]:
    return _parts(schema, "fields")
