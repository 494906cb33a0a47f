"""`jauap import`: what is sent, and the report."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.fakes import FakeLog, jauap
from tests.cli.test_register import EXAMPLE, ROW, table

REPLIED = {**ROW, "replies": "2011-09-17;2011-10-01", "made_public": "2012-01-17"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A register with one letter and what followed it, and a letter alone."""
    made = tmp_path / "register.csv"
    made.write_bytes(table(REPLIED, {**ROW, "reference": "KAZ 2/2011"}))
    return made


def report(*words: str) -> tuple[int, dict[str, Any]]:
    """The exit status and the report of an import."""
    result = jauap("import", "--json", *words)
    return result.exit_code, json.loads(result.stdout)


def test_letters_go_before_what_followed_them(log: FakeLog, file: Path) -> None:
    """A reply would be refused before its letter is on record, so all letters are sent and answered first."""
    status, found = report(str(file))
    assert status == 0
    assert log.names() == ["ReceiveCommunication"] * 2 + ["SendResponse"] * 2 + ["RecordOHCHRPublication"]
    assert {order.actor for order in log.sent} == {"import"}
    assert found["taken"] == [
        {"line": 2, "case_id": "KAZ-1-2011", "commands": 4},
        {"line": 3, "case_id": "KAZ-2-2011", "commands": 1},
    ]


def test_a_second_import_takes_nothing(log: FakeLog, file: Path) -> None:
    """The same ids are sent again, and every row is reported as there already."""
    report(str(file))
    status, found = report(str(file))
    assert (status, found["taken"]) == (0, [])
    assert [row["line"] for row in found["was_there"]] == [2, 3]
    half = len(log.sent) // 2
    assert [order.command_id for order in log.sent[:half]] == [order.command_id for order in log.sent[half:]]


@pytest.mark.usefixtures("log")
def test_a_row_that_grew_is_taken(file: Path) -> None:
    """A reply that was added to the register since is taken, and its row counts as taken."""
    report(str(file))
    file.write_bytes(table(REPLIED, {**ROW, "reference": "KAZ 2/2011", "replies": "2011-12-01"}))
    _, found = report(str(file))
    assert [row["line"] for row in found["taken"]] == [3]
    assert [row["line"] for row in found["was_there"]] == [2]


def test_nothing_is_added_to_a_case_that_is_on_record_from_elsewhere(log: FakeLog, file: Path) -> None:
    """If a letter is refused, what followed it is not sent, and the report says how much that is."""
    log.refuse = lambda order: "AlreadyReceived" if order.case_id == "KAZ-1-2011" else None
    status, found = report(str(file))
    assert status == 1
    assert log.names() == ["ReceiveCommunication"] * 2
    [no] = found["refused"]
    assert (no["line"], no["code"], no["message"], no["unsent"]) == (2, "AlreadyReceived", "why", 3)
    assert [row["line"] for row in found["taken"]] == [3]


def test_a_refused_reply_is_reported_and_its_row_is_not_taken(log: FakeLog, file: Path) -> None:
    """Each refused command is named by its line."""
    log.refuse = lambda order: "DateInTheFuture" if order.name == "SendResponse" else None
    result = jauap("import", str(file))
    assert result.exit_code == 1
    assert "line 2: KAZ-1-2011 SendResponse refused: why (DateInTheFuture)" in result.stdout
    assert "refused                      2" in result.stdout


def test_what_has_no_outcome_yet_ends_with_status_3(log: FakeLog, file: Path) -> None:
    """If a service is down, its commands are kept, and the import is repeated later."""
    log.down = {"intake"}
    status, found = report(str(file))
    assert status == 3
    assert [(late["line"], late["unsent"]) for late in found["waiting"]] == [(2, 3), (3, 0)]
    assert log.names() == ["ReceiveCommunication"] * 2
    log.down = set()
    assert report(str(file))[0] == 0


def test_a_bad_row_keeps_no_good_one_out(log: FakeLog, file: Path) -> None:
    """The good rows are taken, the bad ones named, and the status is 1."""
    file.write_bytes(table({**ROW, "date_sent": "Ivan"}, {**ROW, "reference": "KAZ 2/2011"}))
    result = jauap("import", str(file))
    assert result.exit_code == 1
    assert "line 2: date_sent: must be a date such as" in result.stdout
    assert "taken                        1" in result.stdout
    assert "Ivan" not in result.output
    assert log.names() == ["ReceiveCommunication"]


def test_the_example_is_imported(log: FakeLog) -> None:
    """Of the project's register six rows are taken, five are not understood, the rest is not Kazakhstan's."""
    status, found = report(str(EXAMPLE))
    assert status == 1
    assert {name: len(rows) for name, rows in found.items()} == {
        "taken": 6, "was_there": 0, "other_state": 42, "no_state": 13, "not_understood": 5, "refused": 0, "waiting": 0,
    }  # fmt: skip
    assert len(log.sent) == 13


def test_the_state_is_an_option_or_a_setting(log: FakeLog, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--state` goes before JAUAP_STATE, which goes before KAZ."""
    monkeypatch.setenv("JAUAP_STATE", "UZB")
    assert [row["state"] for row in report(str(file))[1]["other_state"]] == ["KAZ", "KAZ"]
    assert len(report(str(file), "--state", "ANY")[1]["taken"]) == 2
    assert jauap("import", str(file), "--state", "Kazakhstan").exit_code == 2
    assert len(log.sent) == 5


def test_what_is_no_register_ends_with_status_2(log: FakeLog, tmp_path: Path) -> None:
    """A missing file, and one without the columns, are told in a sentence."""
    assert "can't be read" in jauap("import", str(tmp_path / "nothing.csv")).stderr
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    result = jauap("import", str(tmp_path / "other.csv"))
    assert result.exit_code == 2
    assert "is no register: it has no column reference" in result.stderr
    assert log.sent == []
