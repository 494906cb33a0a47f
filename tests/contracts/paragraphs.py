"""What implements each paragraph of the decree: `docs/reference/paragraphs.md`, made from schemas, tables and tests.

python -m tests.contracts.paragraphs    writes the page anew
"""

import ast
import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from jauap import schemas
from jauap.domain import commands, events
from jauap.domain.rules import RULES
from jauap.domain.treaties import rules_of
from jauap.surroundings import shipped_treaties
from services.deadlines import findings, treaty, visits

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/reference/paragraphs.md"
PARAGRAPHS = {
    "14-5(1)": "The communication is forwarded to the competent state bodies.",
    "14-5(2)": "It is sent to the Ombudsman, for information.",
    "14-6": "The response is prepared on the basis of the bodies' information.",
    "14-7(1)": "The bodies supply information under the signatures of their first heads.",
    "14-7(2)": "A meeting is held with the interested bodies.",
    "14-8(1)": "The response is sent before the term ends that the communication states.",
    "14-8(2)": "Communication and response are published on the MFA's official internet resource.",
    "14-9(1)": "The report on the results of the work goes to the Presidential Administration.",
    "14-9(2)": "The same report goes to the Ombudsman.",
    "14-10": "Special procedures are invited to visit.",
    "14-11": "The treaty bodies are dealt with by the rules that the treaties establish.",
}
NO_TERM = {"14-6", "14-7(1)", "14-7(2)", "14-10"}
"""They set none, so there is no clock: what they ask for has a day only by what follows it."""
NAMED = re.compile(r"\b14-\d+(?:\(\d\))?")
FACTS = [kind.__name__ for service in ("intake", "routing", "publication") for kind in events.BY_SERVICE[service]]
"""What happened; the steps of clocks are the same for all paragraphs."""


class Row(NamedTuple):
    """What there is for a paragraph: names, in the order of the code."""

    commands: tuple[str, ...]
    events: tuple[str, ...]
    clocks: tuple[str, ...]
    findings: tuple[str, ...]
    tests: tuple[str, ...]
    """Files with tests that name it."""


def named_in(text: str) -> set[str]:
    """The paragraphs that a text names; 14-5 alone is both of its parts."""
    found = set(NAMED.findall(text))
    return {paragraph for paragraph in PARAGRAPHS if paragraph in found or paragraph.partition("(")[0] in found}


def rows() -> dict[str, Row]:
    """What there is for each paragraph."""
    return {
        paragraph: Row(
            _records("commands", commands.BY_NAME, paragraph),
            _records("events", dict.fromkeys(FACTS), paragraph),
            tuple(clock for clock, of in clocks() if of == paragraph),
            tuple(dict.fromkeys(code for code, of in codes() if paragraph in of)),
            tuple(dict.fromkeys(file for file, of in tests() if paragraph in of)),
        )
        for paragraph in PARAGRAPHS
    }


def _records(kind: str, names: Iterable[str], paragraph: str) -> tuple[str, ...]:
    return tuple(name for name in names if paragraph in named_in(" ".join(_docs(kind, name))))


def _docs(kind: str, name: str) -> Iterator[str]:
    """The doc of a record and of its fields, as its readers have them."""
    record = json.loads(schemas.text(f"avro/{kind}/{name}.avsc"))
    yield record["doc"]
    for field in record["fields"]:
        yield field.get("doc", "")


def clocks() -> Iterator[tuple[str, str | None]]:
    """Each row of the rule tables: clock and paragraph; the rows of all treaties are one clock here."""
    yield from ((rule.clock, rule.paragraph) for rule in RULES)
    treaties = {rule.paragraph for rule in rules_of(shipped_treaties())} - {None}
    yield from ((f"{paragraph}/…", paragraph) for paragraph in sorted(filter(None, treaties)))


def codes() -> Iterator[tuple[str, set[str]]]:
    """Each finding, and the paragraphs that it cites: its rule's docstring begins with them, or with Practice."""
    tables: tuple[tuple[tuple[str, Callable[..., Any]], ...], ...] = (findings.RULES, visits.RULES, treaty.RULES)
    for code, rule in (each for table in tables for each in table):
        cited, colon, _ = (rule.__doc__ or "").partition(":")
        assert colon, f"the docstring of {rule.__name__} does not begin with what it cites"
        yield code, named_in(cited)


@cache
def tests() -> tuple[tuple[str, frozenset[str]], ...]:
    """Each test function by its file, and the paragraphs that it names: clocks, records, its docstring."""
    found = []
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                said = " ".join(
                    one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)
                )
                found.append((str(path.relative_to(ROOT)), frozenset(named_in(said))))
    return tuple(found)


def page() -> str:
    """The page, as Markdown."""
    lines = [
        "# What implements each paragraph",
        "",
        "Made from schemas, rule tables, findings and tests by `python -m tests.contracts.paragraphs`.",
        "A test fails where it is out of date, or where a paragraph lacks what it needs.",
        "[How the decree is read](../explanation/how-the-decree-is-read.md) says what the paragraphs ask;",
        "[clocks and findings](../explanation/clocks-and-findings.md) explains the codes.",
    ]
    for paragraph, row in rows().items():
        lines += ["", f"## {paragraph}", "", PARAGRAPHS[paragraph], "", "| | |", "| --- | --- |"]
        lines += [
            f"| commands | {_names(row.commands)} |",
            f"| events | {_names(row.events)} |",
            f"| clocks | {_names(row.clocks) or 'none: it sets no term'} |",
            f"| findings | {_names(row.findings)} |",
            f"| tests | {_names(row.tests)} |",
        ]
    return "\n".join(lines) + "\n"


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    PAGE.write_text(page())
