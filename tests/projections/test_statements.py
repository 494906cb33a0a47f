"""SQL in files: each statement has a name and a sentence."""

import re
from importlib.resources import files

import pytest

from jauap.projections import statements
from jauap.projections.models import NAMES

FILES = sorted(
    file.name.removesuffix(".sql") for file in files("jauap.projections").iterdir() if file.name.endswith(".sql")
)


def test_each_question_has_its_file() -> None:
    """One for each read model, and one for what the projector keeps for itself: nothing is left over."""
    assert sorted([*NAMES, "schema"]) == FILES


@pytest.mark.parametrize("name", FILES)
def test_each_statement_has_a_name_and_a_sentence(name: str) -> None:
    """Nothing stands outside of a named statement, no name comes twice, and no statement is empty."""
    text = files("jauap.projections").joinpath(f"{name}.sql").read_text(encoding="utf-8")
    headings = list(statements.HEADING.finditer(text))
    loaded = statements.load(name)
    assert text.startswith(headings[0].group())
    assert len(loaded) == len(headings) == text.count(" --\n")
    assert all(heading["sentence"].endswith((".", "?", ")")) for heading in headings)
    assert all(loaded.values())


@pytest.mark.parametrize("name", FILES)
def test_no_statement_names_a_schema_or_alters_what_is_there(name: str) -> None:
    """A release's tables are found by the session's search path alone, and made once: so it can't touch another's."""
    for statement in statements.load(name).values():
        assert not re.search(rb"\bjauap(_\d+)?\.[a-z_]+\s*[ (;]|\b(ALTER|TRUNCATE|DROP)\b", statement, re.IGNORECASE)
