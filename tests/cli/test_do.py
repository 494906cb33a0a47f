"""`jauap do`: what is sent, what is printed, and the exit status."""

import io
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from jauap import schemas
from jauap.cli import orders, sending
from jauap.domain.commands import BY_NAME
from jauap.messaging.outcome import Outcome
from tests.cli.fakes import FakeLog, jauap
from tests.cli.test_orders import FORWARD, RECEIVE, SEND

INFORM = {"command": "InformOmbudsman", "case_id": "KAZ-3-2026", "informed_on": "2026-03-05"}
OTHER = {**SEND, "case_id": "KAZ-4-2026"}


def lines(*contents: dict[str, Any]) -> str:
    """JSON lines, each command with an id of its own."""
    return "\n".join(json.dumps({"command_id": f"c{at}", **one}) for at, one in enumerate(contents))


def test_accepted_commands_end_with_status_0(log: FakeLog) -> None:
    """Each outcome is told with its case, its record and its id."""
    result = jauap("do", "-", stdin=lines(RECEIVE, FORWARD))
    assert result.exit_code == 0
    assert "accepted  KAZ-3-2026 ReceiveCommunication" in result.stdout
    assert "no. 1 of intake" in result.stdout
    assert "command c1" in result.stdout
    assert log.names() == ["ReceiveCommunication", "ForwardCommunication"]


def test_a_refused_command_ends_with_status_1(log: FakeLog) -> None:
    """The refusal's field, message and code are told."""
    log.refuse = lambda order: "UnknownCase" if order.name == "SendResponse" else None
    result = jauap("do", "-", stdin=lines(RECEIVE, SEND))
    assert result.exit_code == 1
    assert "refused   KAZ-3-2026 SendResponse: f: why (UnknownCase)" in result.stdout


def test_a_malformed_command_ends_with_status_2_and_nothing_is_sent(log: FakeLog, tmp_path: Path) -> None:
    """One malformed command holds back all others of the input."""
    file = tmp_path / "commands.json"
    file.write_text(lines(RECEIVE, {**SEND, "kind": "Ivan"}))
    result = jauap("do", str(file))
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "line 2: kind: must be one of" in result.stderr
    assert "None of the 2 commands was sent." in result.stderr
    assert "Ivan" not in result.stderr
    assert log.sent == []


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({"malformed", "UnknownCase", "held"}, 2),
        ({"UnknownCase", "held"}, 1),
        ({"held"}, 3),
    ],
)
def test_the_worst_outcome_decides_the_status(log: FakeLog, answers: set[str], code: int) -> None:
    """Malformed goes before refused, refused before what has no final outcome."""
    given = dict(zip(("KAZ-1-2026", "KAZ-2-2026", "KAZ-3-2026"), sorted(answers), strict=False))
    log.refuse = lambda order: given.get(order.case_id)
    contents = [{**SEND, "case_id": case_id} for case_id in (*given, "KAZ-9-2026")]
    assert jauap("do", "-", stdin=lines(*contents)).exit_code == code


def test_a_command_whose_service_is_down_is_kept_and_told_so(log: FakeLog) -> None:
    """Without an outcome the status is 3, and the way to ask later is told."""
    log.down = {"publication"}
    result = jauap("do", "-", "--wait", "0.1", stdin=lines(SEND))
    assert result.exit_code == 3
    assert "Is the service publication up? The command is kept" in result.stdout
    assert "Ask later: jauap outcome c0" in result.stdout


def test_a_held_command_is_told_once(log: FakeLog) -> None:
    """What is held and stays so is no second time told as waiting."""
    log.refuse = lambda _: "held"
    result = jauap("do", "-", "--json", stdin=lines(SEND))
    assert result.exit_code == 3
    assert [json.loads(line)["status"] for line in result.stdout.splitlines()] == ["held"]


def test_what_follows_a_command_without_an_outcome_is_not_sent(log: FakeLog) -> None:
    """A letter that is not received yet is not forwarded, for that would be refused; other cases go on."""
    log.down = {"intake"}
    result = jauap("do", "-", "--json", stdin=lines(RECEIVE, FORWARD, OTHER))
    assert result.exit_code == 3
    found = {one["command_id"]: one["status"] for one in map(json.loads, result.stdout.splitlines())}
    assert found == {"c0": "waiting", "c1": "unsent", "c2": "accepted"}
    assert log.names() == ["ReceiveCommunication", "SendResponse"]


def test_a_case_s_commands_go_in_their_order() -> None:
    """A case's next service is asked once the one before has answered; other cases go at the same time."""
    found, _ = orders.read(
        lines(RECEIVE, FORWARD, INFORM, SEND, OTHER, {**FORWARD, "case_id": "KAZ-4-2026"}).encode(), "x"
    )
    groups = [[order.command_id for order in group] for group in sending.waves(found)]
    assert groups == [["c0", "c4"], ["c1", "c2", "c5"], ["c3"]]


def test_a_log_that_goes_away_is_told(log: FakeLog) -> None:
    """What was sent keeps its outcome, the rest is told to be sent again with the same id."""
    log.gone_after = 1
    result = jauap("do", "-", "--json", stdin=lines(SEND, OTHER))
    assert result.exit_code == 3
    assert [json.loads(line)["status"] for line in result.stdout.splitlines()] == ["accepted", "waiting"]
    assert "Send it again with the same command_id" in result.stderr


def test_json_gives_the_outcome_s_fields_one_object_a_line(log: FakeLog) -> None:
    """Every line has the outcome's fields, also where there is no outcome."""
    log.down = {"publication"}
    result = jauap("do", "-", "--json", stdin=lines(RECEIVE, SEND))
    objects = [json.loads(line) for line in result.stdout.splitlines()]
    assert [set(one) for one in objects] == [set(Outcome.__struct_fields__)] * 2
    assert [one["status"] for one in objects] == ["accepted", "waiting"]


def test_options_may_stand_before_or_after_the_file(log: FakeLog) -> None:
    """`do --json FILE` and `do FILE --json` are the same."""
    before, after = (jauap(*words, stdin=lines(SEND)) for words in (("do", "--json", "-"), ("do", "-", "--json")))
    assert before.stdout == after.stdout
    assert json.loads(before.stdout)["status"] == "accepted"
    assert len(log.sent) == 2


def test_what_is_neither_a_command_nor_a_file_is_told(log: FakeLog) -> None:
    """A slip of the pen gets the name that it comes close to."""
    result = jauap("do", "SendRespons", "--kind", "full")
    assert result.exit_code == 2
    assert "Did you mean SendResponse?" in result.stderr
    assert jauap("do", "--schema", "SendRespons").exit_code == 2
    assert jauap("do", "--example", "nothing").exit_code == 2
    assert log.sent == []


def test_a_folder_is_no_file(log: FakeLog, tmp_path: Path) -> None:
    """A file that can't be read is told in a sentence."""
    result = jauap("do", str(tmp_path))
    assert result.exit_code == 2
    assert "can't be read" in result.stderr
    assert log.sent == []


def test_without_a_stack_the_remedy_is_told() -> None:
    """No address and no stack: one sentence, what to do, and status 1."""
    result = jauap("do", "-", stdin=lines(SEND))
    assert result.exit_code == 1
    assert result.stderr == (
        "There is no stack in .jauap.\nStart one with jauap stack up, or name the folder of another with --data-dir.\n"
    )


def test_the_list_names_every_command() -> None:
    """`--list` prints a name a line."""
    result = jauap("do", "--list")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == list(BY_NAME)


@pytest.mark.parametrize("name", BY_NAME)
def test_the_schema_takes_the_example_and_nothing_else(name: str) -> None:
    """Each example fits its JSON Schema of draft 2020-12; a field too many or a required one too few does not."""
    schema = json.loads(jauap("do", "--schema", name).stdout)
    example = json.loads(jauap("do", "--example", name).stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    validator.validate(example)
    assert not validator.is_valid({**example, "another": 1})
    assert not validator.is_valid({**example, "command": "Another"})
    assert not validator.is_valid({**example, "expected": {"another": 1}})
    for required in schema["required"]:
        assert not validator.is_valid({key: value for key, value in example.items() if key != required})
    assert all(field.get("description") for field in schema["properties"].values())


@pytest.mark.parametrize("name", BY_NAME)
def test_the_example_is_sent_as_it_is_printed(name: str, log: FakeLog) -> None:
    """`do --example NAME | do -` works, and prints what the file of the contract says."""
    printed = jauap("do", "--example", name).stdout
    assert json.loads(printed) == json.loads(schemas.text(f"examples/commands/{name}.json"))
    assert jauap("do", "-", stdin=printed).exit_code == 0
    assert log.names() == [name]


@pytest.mark.usefixtures("log")
def test_a_merger_into_a_case_that_is_not_on_record_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A typo in the id of the case that goes on would stop every clock of the other."""
    monkeypatch.setattr("jauap.cli.submission.answering", lambda _: io.StringIO())
    monkeypatch.setattr("jauap.cli.submission.queries.case", lambda _connection, _case_id: None)
    merge = {"command": "MergeCase", "case_id": "KAZ-1-2026", "into": "KAZ-9-2026", "reason": "twice"}
    result = jauap("do", "-", stdin=json.dumps(merge))
    assert result.exit_code == 2
    assert "MergeCase: into: must be a case on record that is not merged itself" in result.stderr


@pytest.mark.usefixtures("log")
def test_one_id_for_two_commands_is_malformed() -> None:
    """One outcome for two commands would hide what became of the other; a repeat of the same is harmless."""
    one = {"command": "MergeCase", "case_id": "KAZ-1-2026", "into": "KAZ-9-2026", "reason": "twice", "command_id": "x"}
    result = jauap("do", "-", "--json", stdin=json.dumps([one, {**one, "case_id": "KAZ-2-2026"}]))
    assert result.exit_code == 2
    assert json.loads(result.stdout)["field"] == "command_id"
