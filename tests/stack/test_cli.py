"""`jauap stack` as a person and a program meet it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from jauap.cli.stack import app
from jauap.stack.folder import Folder
from jauap.stack.settings import Settings

runner = CliRunner()


@pytest.mark.parametrize("command", ["up", "down", "status", "logs"])
def test_every_command_explains_itself_with_an_example(command: str) -> None:
    """--help has a line that can be typed."""
    answer = runner.invoke(app, [command, "--help"])
    assert answer.exit_code == 0
    assert f"Example: jauap stack {command}" in answer.output


def test_status_of_nothing_is_not_ready(tmp_path: Path) -> None:
    """A program learns from the exit code and from JSON that all is stopped."""
    answer = runner.invoke(app, ["status", "--json", "--data-dir", str(tmp_path)])
    assert answer.exit_code == 3
    assert {part["state"] for part in json.loads(answer.output)} == {"stopped"}


def test_the_folder_may_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """JAUAP_DATA_DIR is the same as --data-dir."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "kafka.log").write_text("one\ntwo\nthree\n")
    monkeypatch.setenv("JAUAP_DATA_DIR", str(tmp_path))
    answer = runner.invoke(app, ["logs", "kafka", "--lines", "2"])
    assert answer.output == "two\nthree\n"


def test_an_unknown_part_is_refused_with_those_that_there_are(tmp_path: Path) -> None:
    """A typing error gets the list of names."""
    answer = runner.invoke(app, ["logs", "kafak", "--data-dir", str(tmp_path)])
    assert answer.exit_code == 1
    assert "kafka" in answer.stderr


def test_each_of_three_brokers_has_a_log_of_its_own(tmp_path: Path) -> None:
    """A deployment with one has no others."""
    for number, brokers in enumerate((1, 3)):
        folder = Folder.at(tmp_path / str(number))
        folder.create()
        Settings.load_or_create(folder, partitions=1, brokers=brokers)
        folder.log("kafka-3").write_text("one\n")
        answer = runner.invoke(app, ["logs", "kafka-3", "--data-dir", str(folder.root)])
        assert (answer.exit_code, answer.stdout) == ((0, "one\n") if brokers == 3 else (1, ""))


def test_down_where_nothing_runs_leaves_no_trace(tmp_path: Path) -> None:
    """It is harmless in any folder."""
    answer = runner.invoke(app, ["down", "--data-dir", str(tmp_path)])
    assert answer.exit_code == 0
    assert list(tmp_path.iterdir()) == []


def test_erase_asks_first(tmp_path: Path) -> None:
    """Without a yes nothing happens."""
    (tmp_path / "stack.json").touch()
    answer = runner.invoke(app, ["down", "--erase", "--data-dir", str(tmp_path)], input="n\n")
    assert answer.exit_code == 1
    assert (tmp_path / "stack.json").exists()


def test_an_error_is_two_lines_without_a_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wrong, and what to do; exit code 1."""
    monkeypatch.setenv("JAUAP_JAVA", "/nowhere/java")
    answer = runner.invoke(app, ["up", "--data-dir", str(tmp_path / "data")])
    assert answer.exit_code == 1
    what, remedy = answer.stderr.strip().splitlines()
    assert "/nowhere/java is not a working java" in what
    assert "JAUAP_JAVA" in remedy
