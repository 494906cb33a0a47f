"""Every paragraph of the decree works end to end, and the page that says by what is up to date."""

import ast

import pytest

from tests.contracts import paragraphs
from tests.contracts.paragraphs import NO_TERM, PARAGRAPHS, ROOT, Row, clocks, codes, page, rows


@pytest.fixture(scope="module")
def found() -> dict[str, Row]:
    """What there is for each paragraph."""
    return rows()


@pytest.mark.parametrize("paragraph", PARAGRAPHS)
def test_a_paragraph_lacks_nothing(paragraph: str, found: dict[str, Row]) -> None:
    """It has a command, an event, a finding and tests, and a clock unless it sets no term."""
    row = found[paragraph]
    assert {name for name, value in row._asdict().items() if not value} == (
        {"clocks"} if paragraph in NO_TERM else set()
    )


@pytest.mark.parametrize("code", dict.fromkeys(code for code, _ in codes()))
def test_a_finding_is_tested(code: str) -> None:
    """A test of *deadlines* names its code."""
    said = {
        node.value
        for path in (ROOT / "tests/services").glob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert any(value == code or value.startswith(f"{code}/") for value in said)


def test_no_clock_is_of_a_paragraph_that_is_not_there() -> None:
    """A row names one of the paragraphs, or none: practice."""
    assert {paragraph for _, paragraph in clocks()} - {None} <= PARAGRAPHS.keys()


def test_the_page_is_up_to_date() -> None:
    """Write it anew with python -m tests.contracts.paragraphs."""
    assert paragraphs.PAGE.read_text() == page()
