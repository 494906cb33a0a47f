"""Every command says what it does and gives an example."""

from collections.abc import Iterator

import pytest
import typer.main

from jauap.cli import shorthand
from jauap.cli.main import app
from jauap.cli.models import fields
from jauap.domain.commands import BY_NAME
from tests.cli.fakes import jauap


def paths(command: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words that lead to a command and to all commands below it, hidden ones too."""
    yield path
    for name, below in getattr(command, "commands", {}).items():
        yield from paths(below, (*path, name))


def squeezed(text: str) -> str:
    """A text without spaces, for help breaks its lines where it likes."""
    return "".join(text.split())


PATHS = [path for path in paths(typer.main.get_command(app)) if path[-1:] != ("FILE|-",)]


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_every_help_has_an_example(path: tuple[str, ...]) -> None:
    """`--help` of every command and group ends well and shows a line to try."""
    result = jauap(*path, "--help")
    assert result.exit_code == 0
    assert "Example: jauap " in result.stdout


def test_all_commands_are_there() -> None:
    """The walk finds the commands that the documentation names."""
    found = {" ".join(path) for path in PATHS}
    wanted = [
        "stack up", "stack down", "stack status", "stack logs", "import", "case list", "case show", "history",
        "deadlines", "findings", "alerts acknowledge", "outcome", "due", "calendar show", "calendar acts",
        "calendar load", "calendar preview", "calendar withdraw", "calendar export", "documents add",
        "projections list",
        "projections rebuild", "topics apply", "topics check", *(f"do {name}" for name in BY_NAME),
    ]  # fmt: skip
    assert not set(wanted) - found


@pytest.mark.parametrize("name", BY_NAME)
def test_the_help_of_a_command_describes_every_field(name: str) -> None:
    """Options are described in the model's own words, and what is required is marked."""
    words = squeezed(jauap("do", name, "--help").stdout)
    assert squeezed(BY_NAME[name].__doc__ or "") in words
    assert "--case" in words
    for field in fields(BY_NAME[name]).values():
        assert shorthand.option(field) in words
        assert squeezed(field.description) in words
    assert "[required]" in words


@pytest.mark.parametrize("words", [(), ("case",), ("do",), ("documents",)])
def test_a_command_without_words_shows_its_help(words: tuple[str, ...]) -> None:
    """Whoever names no command reads which there are, with a status that is no success."""
    result = jauap(*words)
    assert result.exit_code == 2
    assert "Usage: jauap" in result.output
