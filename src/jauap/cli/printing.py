"""What a person reads: tables and sentences, with colour on a terminal and plain where the output goes elsewhere.

Results go to standard output, all else to standard error. What comes from records is stripped of control characters.
"""

import sys
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

KAZAKHSTAN = ZoneInfo("Asia/Almaty")
SHORT = 22
"""A cell of so many letters is not folded."""
COLOURS = {
    "accepted": "green", "met": "green", "answered": "green",
    "refused": "red", "malformed": "red", "missed": "red",
    "held": "yellow", "waiting": "yellow", "open": "yellow", "met-late": "yellow",
}  # fmt: skip


def say(text: str) -> None:
    """A line of the result."""
    typer.echo(plain(text))


def note(text: str) -> None:
    """A line about the result, on standard error."""
    typer.echo(plain(text), err=True)


def failed(what: str, remedy: str = "", code: int = 1) -> typer.Exit:
    """Say what is wrong and what to do about it; raise what this gives."""
    typer.secho(plain(what), err=True, fg="red")
    if remedy:
        typer.echo(plain(remedy), err=True)
    return typer.Exit(code)


def say_json(value: object, *, indent: int = 2) -> None:
    """One JSON value: on several lines for a result as a whole, on one line with `indent=0`."""
    encoded = msgspec.json.encode(value)
    typer.echo((msgspec.json.format(encoded, indent=indent) if indent else encoded).decode())


def plain(text: str) -> str:
    """The text without control characters, which could give orders to a terminal."""
    return "".join(
        letter if letter.isprintable() or letter in "\n\t" else "\N{REPLACEMENT CHARACTER}" for letter in text
    )


def word(value: object) -> str:
    """A value in a table's cell."""
    match value:
        case None:
            return "-"
        case True | False:
            return "yes" if value else "no"
        case datetime():
            return value.astimezone(KAZAKHSTAN).strftime("%Y-%m-%d %H:%M")
        case date():
            return value.isoformat()
        case list() | tuple() | set() | frozenset():
            return ", ".join(word(item) for item in value) or "-"
        case dict():
            return ", ".join(f"{name} {word(item)}" for name, item in value.items()) or "-"
        case _:
            return str(value)


def say_table(headings: Sequence[str], rows: Iterable[Sequence[Any]], empty: str) -> None:
    """A table, or a sentence where there are no rows."""
    cells = [[plain(word(value)).replace("\n", " ") for value in row] for row in rows]
    if not cells:
        say(empty)
    elif sys.stdout.isatty():
        _say_rich(headings, cells)
    else:
        widths = [max(map(len, column)) for column in zip(headings, *cells, strict=True)]
        for row in (headings, *cells):
            typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _say_rich(headings: Sequence[str], cells: list[list[str]]) -> None:
    """Short cells stay whole, long ones are folded; what does not fit is left to the terminal, never cut off."""
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
    needed = 0
    for heading, *column in zip(headings, *cells, strict=True):
        width = max(len(heading), *map(len, column))
        table.add_column(heading, overflow="fold", no_wrap=width <= SHORT)
        needed += 1 + min(width, SHORT)
    for row in cells:
        table.add_row(*(Text(cell, style=COLOURS.get(cell, "")) for cell in row))
    console = Console()
    Console(width=max(console.width, needed)).print(table)


def coloured(text: str) -> str:
    """A word of a state in its colour; typer takes the colour out where the output is no terminal."""
    return typer.style(text, fg=COLOURS.get(text.strip()))
