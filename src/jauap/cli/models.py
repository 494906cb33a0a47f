"""What a command's fields are, told from its model: for options, for explanations, for JSON Schema."""

import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import NamedTuple

from msgspec import inspect

from jauap.domain.facts import Value

KINDS: dict[type[inspect.Type], type] = {inspect.IntType: int, inspect.BoolType: bool, inspect.DateType: date}
STEP = re.compile(r"\.?([a-z_0-9]+)(?:\[[0-9.]*\])?")


class Field(NamedTuple):
    """One field of a command, or of a value inside one."""

    name: str
    description: str
    required: bool
    many: bool
    """It is a list: `kind` is what stands in it."""
    kind: type
    """str, int, bool, date, or the class of the value that stands in it."""
    choices: tuple[str, ...]
    """The words that may stand in it; empty: not a fixed choice."""
    default: object
    """What a field that is left out says; meaningless where it is required."""

    @property
    def holds_values(self) -> bool:
        """Whether it holds values with fields of their own."""
        return issubclass(self.kind, Value)


@cache
def fields(model: type[Value]) -> dict[str, Field]:
    """The fields of a model by name, in its order."""
    shape = inspect.type_info(model)
    assert isinstance(shape, inspect.StructType)  # noqa: S101 - a Value is a struct
    return {field.name: _field(field) for field in shape.fields}


def field_at(model: type[Value], path: str) -> Field | None:
    """The field that a path such as `participants[0].level` leads to; None: there is none."""
    found: Field | None = None
    for step in STEP.finditer(path):
        found = fields(model).get(step[1])
        if found is None:
            return None
        if found.holds_values:
            model = found.kind
    return found


def _field(field: inspect.Field) -> Field:
    metadata = list(_layers(field.type))
    description = next((layer.extra_json_schema["description"] for layer in metadata if layer.extra_json_schema), "")
    bare = _bare(field.type)
    many = isinstance(bare, inspect.VarTupleType)
    item = _bare(bare.item_type) if isinstance(bare, inspect.VarTupleType) else bare
    return Field(
        name=field.name,
        description=description,
        required=field.required,
        many=many,
        kind=_kind(item),
        choices=tuple(str(value) for value in item.values) if isinstance(item, inspect.LiteralType) else (),
        default=field.default,
    )


def _layers(kind: inspect.Type) -> Iterator[inspect.Metadata]:
    while isinstance(kind, inspect.Metadata):
        yield kind
        kind = kind.type


def _bare(kind: inspect.Type) -> inspect.Type:
    """A type without its metadata and its null."""
    while isinstance(kind, inspect.Metadata | inspect.UnionType):
        if isinstance(kind, inspect.Metadata):
            kind = kind.type
        else:
            kind = next(one for one in kind.types if not isinstance(one, inspect.NoneType))
    return kind


def _kind(kind: inspect.Type) -> type:
    if isinstance(kind, inspect.StructType):
        return kind.cls
    return KINDS.get(type(kind), str)
