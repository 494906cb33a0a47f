"""Values as a person writes them in an option: `MIA:due=2026-03-20,questions=1;2` instead of JSON, and back.

The first field may stand alone before a colon or comma; the others follow as name=value. A comma or colon inside a
value is no trouble, because only one that is followed by a field's name and = separates.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from jauap.cli.models import Field, fields
from jauap.cli.orders import NAME_THEIR_CASE, Malformed
from jauap.domain.facts import Document, Value

FILE = "file"
WORDS = {"true": True, "yes": True, "false": False, "no": False}


def option(field: Field) -> str:
    """The option for a field: its name with hyphens, a list's in the singular, because it is repeated."""
    name = field.name
    if field.many and name.endswith("ies"):
        name = f"{name[:-3]}y"
    elif field.many and name.endswith("s"):
        name = name[:-1]
    return f"--{name.replace('_', '-')}"


def sample(field: Field) -> str:
    """What stands after the option in its help."""
    if field.kind is Document:
        return "FILE[,title=…,language=…]"
    if field.holds_values:
        first, *others = fields(field.kind)
        return f"{first.upper()}:{','.join(f'{name}=…' for name in others)}"
    if field.choices:
        return "|".join(field.choices)
    return {"int": "NUMBER", "date": "YYYY-MM-DD"}.get(field.kind.__name__, "TEXT")


def read(field: Field, text: str) -> Any:  # noqa: ANN401 - JSON content
    """One option's text as JSON content, to be checked against the model. Raises Malformed.

    A document's `file` is left in the place of its hash, for the caller to take in.
    """
    if field.holds_values:
        return _read_value(field, text)
    if field.kind is int:
        return _number(option(field), text)
    return text


def _read_value(field: Field, text: str) -> dict[str, Any]:
    if text.lstrip().startswith("{"):
        return _read_json(option(field), text)
    known = fields(field.kind)
    found: dict[str, Any] = {}
    for name, value in _pairs(field, text):
        if name in found:
            raise Malformed(option(field), f"names {name} twice")
        found[name] = _read_part(option(field), known[name], value) if name in known else value
    return found


def _pairs(field: Field, text: str) -> Iterator[tuple[str, str]]:
    """The names and values of a text; what stands first without a name is the first field, a document's file."""
    names = list(fields(field.kind))
    either = "|".join(re.escape(name) for name in names)
    first, *others = re.split(rf"[,:](?=(?:{either})=)", text)
    if re.match(rf"(?:{either})=", first):
        yield from _split((first, *others))
        return
    if "=" in first and field.kind is not Document:
        raise Malformed(option(field), f"is written {sample(field)}")
    yield (FILE if field.kind is Document else names[0]), first
    yield from _split(others)


def _split(parts: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401
    for part in parts:
        name, _, value = part.partition("=")
        yield name, value


def _read_part(flag: str, field: Field, text: str) -> Any:  # noqa: ANN401 - JSON content
    if field.many:
        return [part.strip() for part in text.split(";") if part.strip()]
    if field.kind is int:
        return _number(flag, text)
    if field.kind is bool:
        return WORDS.get(text, text)
    return text


def _number(flag: str, text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise Malformed(flag, "must be a whole number")
    return int(text)


def _read_json(flag: str, text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Malformed(flag, "begins with { and is no JSON object")
    return found


def example(name: str, model: type[Value], content: Mapping[str, Any]) -> list[str]:
    """A command line, in words, that says the same as JSON content; of its documents the first becomes a file."""
    line = ["jauap", "do", name]
    if model not in NAME_THEIR_CASE:
        line += ["--case", content["case_id"]]
    for field in fields(model).values():
        line += _written(field, content.get(field.name, field.default))
    return line


def _written(field: Field, value: Any) -> list[str]:  # noqa: ANN401 - JSON content
    if value in (None, [], field.default):
        return []
    if field.kind is bool:
        return [option(field) if value else option(field).replace("--", "--no-", 1)]
    values = value if field.many else [value]
    if field.kind is Document:
        values = values[:1]
    return [part for one in values for part in (option(field), _short(field, one))]


def _short(field: Field, value: Any) -> str:  # noqa: ANN401 - JSON content
    if not field.holds_values:
        return str(value)
    known = fields(field.kind)
    if field.kind is Document:
        head, rest = "letter.pdf", ["title", "language"]
    else:
        first, *rest = known
        head = value[first]
    parts = [f"{name}={_joined(value[name])}" for name in rest if value.get(name)]
    separator = "," if field.kind is Document else ":"
    return separator.join(filter(None, (head, ",".join(parts))))


def _joined(value: Any) -> str:  # noqa: ANN401 - JSON content
    return ";".join(str(item) for item in value) if isinstance(value, list) else str(value)
