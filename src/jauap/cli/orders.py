"""From JSON to orders: every command of an input is checked before anything is sent.

What is wrong is said by its place, its field and the rule; a value is never repeated, for it may name a person.
"""

import json
import re
import uuid
from collections.abc import Iterator
from typing import Annotated, Any, Literal, NoReturn, TypeVar

import msgspec
from msgspec import Meta

from jauap.cli import models
from jauap.domain import case_ids, refusals
from jauap.domain.case import CALENDAR, SERVICES
from jauap.domain.commands import (
    BY_NAME,
    ProposeVisit,
    ReceiveCalendarAct,
    ReceiveCommunication,
    ReceiveTreatyBodyRequest,
)
from jauap.domain.facts import CaseId, Value, doc
from jauap.messaging.sender import Order
from jauap.messaging.topics import SUBMIT

DIALECT = "https://json-schema.org/draft/2020-12/schema"
LARGEST = 2**63 - 1
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
FINDING = re.compile(r"(?P<rule>.*?)(?: - at .*?`\$\.?(?P<path>[^`]*)`)?", re.DOTALL)
SOLID = re.compile(r"\S")

LONGEST_ID = 200
Id = Annotated[str, Meta(min_length=1, max_length=LONGEST_ID)]


class Envelope(Value, frozen=True, kw_only=True):
    """What stands beside a command's own fields."""

    command: Annotated[str, doc("Name of the command.")]
    case_id: Annotated[
        CaseId | None,
        doc("Id of the case; may be left out where it follows from the content (a letter, a calendar act)."),
    ] = None
    command_id: Annotated[
        Id | None,
        doc(
            "Id of this command, at most 200 characters: a repeat with the same id does nothing. Left out, one is made."
        ),
    ] = None
    actor: Annotated[Id | None, doc("Who asks, as declared by the caller. Left out: JAUAP_ACTOR, or the user.")] = None
    expected: Annotated[
        dict[Literal["intake", "routing", "deadlines", "publication"], Annotated[int, Meta(ge=0)]],
        doc("The last sequence of a service in this case that the sender saw: refused if another stands there now."),
    ] = {}  # noqa: RUF012 - msgspec copies it
    correlation_id: Annotated[Id | None, doc("Id of what this command belongs to, at most 200 characters.")] = None


V = TypeVar("V", bound=Value)

LARGEST_COMMAND = 500_000
"""Bytes of a command as JSON: well below what the log takes."""
NAME_THEIR_CASE = (ReceiveCommunication, ReceiveCalendarAct, ProposeVisit, ReceiveTreatyBodyRequest)
"""Commands whose case id follows from their content."""
ENVELOPE = frozenset(Envelope.__struct_fields__)


class Fault(Value, frozen=True, kw_only=True):
    """Why a command of an input is malformed."""

    place: str
    field: str
    """Path of the field, such as bodies[0].due; empty: the whole command."""
    rule: str

    def __str__(self) -> str:
        """One line for people."""
        return ": ".join(filter(None, (self.place, self.field, self.rule)))


class Malformed(Exception):
    """A command is malformed: a field and the rule."""

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"{field}: {rule}" if field else rule)
        self.field, self.rule = field, rule


def read(data: bytes, actor: str, only: str | None = None) -> tuple[list[Order], list[Fault]]:
    """The orders in one JSON object, a JSON list or JSON lines; and what is wrong. If anything is, send nothing.

    `actor` is declared for the commands that name none. With `only`, each object is this command, and need not say so.
    """
    orders: list[Order] = []
    faults: list[Fault] = []
    first: dict[str, Order] = {}
    for place, found in _objects(data):
        try:
            if isinstance(found, Malformed):
                raise found
            one = order(found if only is None else _named(found, only), actor)
            if first.setdefault(one.command_id, one) != one:
                raise Malformed("command_id", "is another command's already")  # noqa: TRY301 - told like any other
            orders.append(one)
        except Malformed as wrong:
            faults.append(Fault(place=place, field=wrong.field, rule=wrong.rule))
    if not orders and not faults:
        faults.append(Fault(place="input", field="", rule="holds no command"))
    return orders, faults


def _named(found: object, only: str) -> object:
    if not isinstance(found, dict):
        raise Malformed("", "must be an object")
    if found.get("command", only) != only:
        raise Malformed("command", f"must be {only} here, or left out")
    return {**found, "command": only}


def order(flat: object, actor: str) -> Order:
    """One flat object as an order. Raises Malformed for the first thing that is wrong."""
    if not isinstance(flat, dict):
        raise Malformed("", "must be an object with the field `command`")
    try:
        _writable(flat)
    except RecursionError:
        raise Malformed("", "is nested too deeply") from None
    envelope = convert({name: value for name, value in flat.items() if name in ENVELOPE}, Envelope)
    kind = BY_NAME.get(envelope.command)
    if kind is None:
        raise Malformed("command", "is no command; jauap do --list names them")
    command = convert({name: value for name, value in flat.items() if name not in ENVELOPE}, kind)
    ids = {
        "command_id": envelope.command_id,
        "actor": envelope.actor or actor,
        "correlation_id": envelope.correlation_id,
    }
    for name, text in ids.items():
        if text is not None and not (text.isprintable() and len(text) <= LONGEST_ID):
            raise Malformed(name, f"must be printable characters, at most {LONGEST_ID}")
    if (envelope.command_id or "").startswith(SUBMIT):
        raise Malformed("command_id", f"must not begin with {SUBMIT}: so do those of what bodies submit themselves")
    if len(msgspec.json.encode(command)) > LARGEST_COMMAND:
        raise Malformed("", f"is larger than {LARGEST_COMMAND} bytes; long texts belong in documents")
    return Order(
        command=command,
        name=envelope.command,
        case_id=envelope.case_id or _case_id(command),
        command_id=envelope.command_id or str(uuid.uuid4()),
        actor=envelope.actor or actor,
        expected={str(service): sequence for service, sequence in envelope.expected.items()},
        correlation_id=envelope.correlation_id,
    )


def convert(content: dict[str, Any], model: type[V]) -> V:
    """Content as a value of the model. Raises Malformed."""
    try:
        return msgspec.convert(content, model, strict=True)
    except msgspec.ValidationError as error:
        raise explained(str(error), model) from None


def explained(finding: str, model: type[Value]) -> Malformed:
    """What msgspec found, as a field and a rule: it names values in places, and they are left out here."""
    parts = FINDING.fullmatch(finding)
    rule, path = (parts["rule"], parts["path"] or "") if parts else ("", "")
    if named := re.fullmatch(r"Object missing required field `(\w+)`", rule):
        return Malformed(_joined(path, named[1]), "is required")
    if rule.startswith("Object contains unknown field"):
        name = rule.partition("`")[2].rstrip("`")
        return Malformed(
            _joined(path, name if WORD.fullmatch(name) else "?"), "is no field here; see jauap do --schema"
        )
    field = models.field_at(model, path)
    return Malformed(path, _rule(rule, field))


def _rule(rule: str, field: models.Field | None) -> str:
    if rule.startswith("Invalid enum value"):
        return (
            f"must be one of: {', '.join(field.choices)}" if field and field.choices else "is none of the words allowed"
        )
    if "date" in rule:
        return "must be a date, written 2026-03-20"
    said = f"{rule[0].lower()}{rule[1:]}" if rule.startswith("Expected ") else "does not fit the schema"
    pattern = said.partition("matching regex ")[2].strip("'").replace(r"\\", "\\").replace(r"(?!\n)", "")
    return f"must match {pattern}: {field.description if field else ''}" if pattern else said


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _case_id(command: Value) -> str:
    """The case id that follows from the content. Raises Malformed."""
    if isinstance(command, ReceiveCalendarAct):
        return CALENDAR
    try:
        match command:
            case ReceiveCommunication():
                case_id = case_ids.of_communication(command)
            case ReceiveTreatyBodyRequest():
                body, reference, number = command.treaty_body, command.reference, command.registry_number
                case_id = case_ids.of_treaty_procedure(body, reference, number)
            case ProposeVisit(registry_number=str(number)):
                case_id = case_ids.of_visit(number)
            case _:
                raise Malformed("case_id", "is required: the case that this is about, such as KAZ-3-2026")
    except ValueError:
        raise Malformed("registry_number", refusals.UnusableNumber().message) from None
    if case_id is None:
        raise Malformed("reference", refusals.NoIdentity().message)
    return case_id


def _writable(value: object, path: str = "") -> None:
    """Texts are one line of whole characters, numbers fit into 64 bits. Raises Malformed."""
    match value:
        case str() if CONTROL.search(value):
            raise Malformed(path, "must be one line, without control characters or halves of a character")
        case bool():
            pass
        case int() if not -LARGEST <= value <= LARGEST:
            raise Malformed(path, "must fit into 64 bits")
        case list():
            for at, item in enumerate(value):
                _writable(item, f"{path}[{at}]")
        case dict():
            for name, item in value.items():
                _writable(item, _joined(path, name if WORD.fullmatch(name) else "?"))


def _objects(data: bytes) -> Iterator[tuple[str, object]]:
    """Each object of the input with its place; a Malformed in the place of one that can't be read."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        yield "input", Malformed("", "is not UTF-8 text")
        return
    at, line = 0, 1
    while start := SOLID.search(text, at):
        line += text.count("\n", at, start.start())
        at = start.start()
        try:
            value, end = DECODER.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            yield f"line {line}", Malformed("", _not_json(error))
            # The next object of JSON lines begins a line; within a list nothing can be told apart.
            end = text.find("\n{", at)
            if end < 0 or text[at] == "[":
                return
            line, at = line + text.count("\n", at, end), end
            continue
        if isinstance(value, list):
            yield from ((f"line {line}, item {number}", item) for number, item in enumerate(value, 1))
        else:
            yield f"line {line}", value
        line, at = line + text.count("\n", at, end), end


def _not_json(error: Exception) -> str:
    match error:
        case json.JSONDecodeError():
            return f"is not JSON: {error.msg[0].lower()}{error.msg[1:]} (line {error.lineno}, column {error.colno})"
        case NotStrict():
            return str(error)
        case RecursionError():
            return "is nested too deeply"
        case _:
            return "has a number that is too long"


class NotStrict(ValueError):
    """Python would read it, JSON has no such thing."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise NotStrict("names a field twice")
    return found


def _no_number(_: str) -> NoReturn:
    raise NotStrict("is not JSON: NaN and Infinity are no numbers")


DECODER = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_number)


def json_schema(name: str) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a command with what stands beside its own fields."""
    made = msgspec.json.schema(BY_NAME[name])
    around = msgspec.json.schema(Envelope)["$defs"]["Envelope"]
    own = made["$defs"].pop(name)
    around["properties"]["command"] = {"description": "Name of the command.", "const": name}
    around["properties"]["expected"]["propertyNames"] = {"enum": list(SERVICES)}
    derived = BY_NAME[name] in NAME_THEIR_CASE
    if not derived:
        case_id = around["properties"].pop("case_id")
        around["properties"]["case_id"] = {"description": case_id["description"], **case_id["anyOf"][0]}
    return {
        "$schema": DIALECT,
        "title": name,
        "description": own["description"],
        "type": "object",
        "properties": {**around["properties"], **own["properties"]},
        "required": ["command", *([] if derived else ["case_id"]), *own["required"]],
        "additionalProperties": False,
        **({"$defs": made["$defs"]} if made["$defs"] else {}),
    }
