"""From JSON to orders, and what is said of a malformed one."""

import json
from typing import Any

import pytest

from jauap.cli import orders
from jauap.cli.orders import Fault
from jauap.domain.commands import BY_NAME, ForwardCommunication, ReceiveCommunication, SendResponse
from jauap.messaging.sender import Order

SECRET = "Ivan-Petrov"  # noqa: S105 - stands for what must not be repeated

RECEIVE = {
    "command": "ReceiveCommunication",
    "reference": "KAZ 3/2026",
    "communication_type": "AL",
    "state": "KAZ",
    "received_on": "2026-03-03",
}
SEND = {"command": "SendResponse", "case_id": "KAZ-3-2026", "kind": "full", "sent_on": "2026-05-20"}
FORWARD = {
    "command": "ForwardCommunication",
    "case_id": "KAZ-3-2026",
    "bodies": [{"body": "MIA", "due": "2026-03-20", "questions": ["1", "2a"]}],
    "forwarded_on": "2026-03-05",
}
ACT = {"command": "ReceiveCalendarAct", "act": "a", "title": "t", "known_on": "2026-01-05", "days": []}


def read(text: str | bytes) -> tuple[list[Order], list[Fault]]:
    """Read as the user `someone`."""
    return orders.read(text if isinstance(text, bytes) else text.encode(), "someone")


def fault(content: object) -> Fault:
    """The one fault of one command, which is said without its value."""
    found, faults = read(json.dumps(content))
    assert found == []
    assert len(faults) == 1
    assert "Ivan" not in str(faults[0])
    assert "Petrov" not in str(faults[0])
    return faults[0]


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(map(json.dumps, (RECEIVE, FORWARD, SEND))),
        json.dumps([RECEIVE, FORWARD, SEND]),
        json.dumps([RECEIVE, FORWARD, SEND], indent=2),
        "\n\n".join(json.dumps(one, indent=2) for one in (RECEIVE, FORWARD, SEND)),
        "\ufeff" + json.dumps([RECEIVE, FORWARD, SEND]),
    ],
)
def test_one_input_may_be_lines_a_list_or_objects_in_a_row(text: str) -> None:
    """JSON lines, a JSON list, and objects written over several lines give the same orders."""
    found, faults = read(text)
    assert faults == []
    assert [type(order.command) for order in found] == [ReceiveCommunication, ForwardCommunication, SendResponse]


def test_one_object_is_one_order() -> None:
    """A single object needs no list around it."""
    found, faults = read(json.dumps(SEND, indent=2))
    assert faults == []
    assert [order.case_id for order in found] == ["KAZ-3-2026"]


def test_the_case_id_follows_from_the_content() -> None:
    """A letter's case id is made from its reference, else its registry number; a calendar act's is CALENDAR."""
    numbered = {**RECEIVE, "reference": None, "registry_number": "№ 03-12/1734-и"}
    found, _ = read(json.dumps([RECEIVE, numbered, ACT]))
    assert [order.case_id for order in found] == ["KAZ-3-2026", "MFA-03-12-1734-I", "CALENDAR"]


def test_what_stands_beside_the_fields_is_kept() -> None:
    """Command id, actor, expectation and correlation are taken as given."""
    around = {"command_id": "c1", "actor": "mfa:desk", "expected": {"intake": 3, "routing": 0}, "correlation_id": "x"}
    found, _ = read(json.dumps({**SEND, **around}))
    order = found[0]
    assert (order.command_id, order.actor, order.correlation_id) == ("c1", "mfa:desk", "x")
    assert order.expected == {"intake": 3, "routing": 0}


def test_a_command_without_an_id_gets_a_fresh_one_and_the_caller_as_its_actor() -> None:
    """Two commands without an id are two commands."""
    found, _ = read(json.dumps([SEND, SEND]))
    assert found[0].command_id != found[1].command_id
    assert {order.actor for order in found} == {"someone"}


@pytest.mark.parametrize(
    ("content", "field", "rule"),
    [
        ({**SEND, "kind": SECRET}, "kind", "must be one of: acknowledgement, full, interim"),
        ({**SEND, "sent_on": SECRET}, "sent_on", "must be a date, written 2026-03-20"),
        ({**SEND, "sent_on": 20260520}, "sent_on", "must be a date, written 2026-03-20"),
        ({**SEND, "sent_on": "2026-05-20T00:00:00Z"}, "sent_on", "must be a date, written 2026-03-20"),
        ({**SEND, "Ivan Petrov": 1}, "?", "is no field here"),
        ({**SEND, "note_number": ""}, "note_number", "expected `str` of length >= 1"),
        ({**SEND, "note_number": 7}, "note_number", "expected `str | null`, got `int`"),
        ({**SEND, "documents": SECRET}, "documents", "expected `array`, got `str`"),
        ({**SEND, "signatory": {"name": SECRET}}, "signatory.position", "is required"),
        ({**SEND, "case_id": SECRET}, "case_id", "must match ^["),
        ({**SEND, "case_id": "KAZ-3-2026\n"}, "case_id", "must be one line"),
        ({**SEND, "note_number": f"{SECRET}\u0000"}, "note_number", "must be one line"),
        ({**SEND, "note_number": f"{SECRET}\ud800"}, "note_number", "must be one line"),
        ({**SEND, "command": SECRET}, "command", "is no command"),
        ({**SEND, "command": None}, "command", "expected `str`, got `null`"),
        ({"case_id": "KAZ-3-2026"}, "command", "is required"),
        ({**SEND, "command_id": "x" * 201}, "command_id", "expected `str` of length <= 200"),
        ({**SEND, "actor": f"{SECRET}\u200b"}, "actor", "must be printable"),
        ({**SEND, "expected": {SECRET: 1}}, "expected", "is none of the words allowed"),
        ({**SEND, "expected": {"intake": -1}}, "expected[...]", "expected `int` >= 0"),
        ({**SEND, "expected": {"intake": True}}, "expected[...]", "expected `int`, got `bool`"),
        ({**SEND, "expected": {"intake": 2**63}}, "expected.intake", "must fit into 64 bits"),
        ({**FORWARD, "bodies": []}, "bodies", "expected `array` of length >= 1"),
        ({**FORWARD, "bodies": [{"body": SECRET}]}, "bodies[0].body", "must match ^["),
        ({**FORWARD, "bodies": [{"body": "MIA", "due": SECRET}]}, "bodies[0].due", "must be a date"),
        ({**FORWARD, "bodies": [{"body": "MIA", "dew": 1}]}, "bodies[0].dew", "is no field here"),
        ({**FORWARD, "case_id": None}, "case_id", "is required"),
        ({**RECEIVE, "reference": None}, "reference", "neither a UN reference nor a registry number"),
        ({**RECEIVE, "reference": None, "registry_number": "---"}, "registry_number", "no letter or digit"),
        ({**RECEIVE, "reference": SECRET}, "reference", "such as KAZ 3/2026"),
        ({**RECEIVE, "reply_within_days": 0}, "reply_within_days", ">= 1"),
        ({**RECEIVE, "receipt_assumed": "yes"}, "receipt_assumed", "expected `bool`, got `str`"),
        (SECRET, "", "must be an object"),
        (7, "", "must be an object"),
    ],
)
def test_a_malformed_command_is_told_by_field_and_rule(content: object, field: str, rule: str) -> None:
    """What is wrong names the field's path and the rule, and never repeats the value."""
    found = fault(content)
    assert found.field == field
    assert rule in found.rule


@pytest.mark.parametrize(
    ("text", "place", "rule"),
    [
        ("", "input", "holds no command"),
        ("[]", "input", "holds no command"),
        (b"\xff\xfe", "input", "is not UTF-8"),
        ('{"command": Ivan}', "line 1", "is not JSON: expecting value (line 1, column 13)"),
        ('{"command": "Ivan"', "line 1", "is not JSON"),
        ('{"a": 1, "a": "Ivan"}', "line 1", "names a field twice"),
        ('{"a": NaN}', "line 1", "NaN and Infinity are no numbers"),
        ("[" * 100_000, "line 1", "nested too deeply"),
        ('{"a": ' + "1" * 5000 + "}", "line 1", "number that is too long"),
    ],
)
def test_what_is_no_json_is_told_by_its_place(text: str | bytes, place: str, rule: str) -> None:
    """An input that can't be read is told by line and rule, without its content."""
    found, faults = read(text)
    assert found == []
    assert [one.place for one in faults] == [place]
    assert rule in faults[0].rule
    assert "Ivan" not in str(faults[0])


def test_every_malformed_line_is_told() -> None:
    """One bad line of JSON lines hides no other: each is told with its own line."""
    lines = [json.dumps(SEND), '{"command": "Send', json.dumps({**SEND, "kind": "x"}), json.dumps(SEND), "7"]
    found, faults = read("\n".join(lines))
    assert len(found) == 2
    assert [(one.place, one.field) for one in faults] == [("line 2", ""), ("line 3", "kind"), ("line 5", "")]


def test_every_malformed_item_of_a_list_is_told() -> None:
    """In a list a command is told by its number."""
    _, faults = read(json.dumps([SEND, {**SEND, "kind": "x"}, 7]))
    assert [one.place for one in faults] == ["line 1, item 2", "line 1, item 3"]


def test_a_fault_reads_as_one_line() -> None:
    """Place, field and rule stand in one line; a fault of the whole command has no field."""
    assert str(Fault(place="line 2", field="kind", rule="is required")) == "line 2: kind: is required"
    assert str(Fault(place="line 2", field="", rule="is not JSON")) == "line 2: is not JSON"


@pytest.mark.parametrize("name", BY_NAME)
def test_no_field_of_a_command_is_named_as_what_stands_beside_them(name: str) -> None:
    """A flat object can't be misread."""
    assert not orders.ENVELOPE & set(BY_NAME[name].__struct_fields__)


def test_an_unforeseen_finding_of_the_library_is_not_repeated() -> None:
    """What msgspec says in words that are not known here is left out, for it may hold a value."""
    found: Any = orders.explained(f"Something new about '{SECRET}' - at `$.kind`", SendResponse)
    assert (found.field, found.rule) == ("kind", "does not fit the schema")
