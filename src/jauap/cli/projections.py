"""`jauap projections`: the read models, which can be made anew from the log at any time."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from jauap.cli import addresses, sending
from jauap.cli.addresses import DATA_DIR, AsJson, DataDir
from jauap.cli.printing import failed, say, say_json, say_table
from jauap.messaging.log import LogUnavailable
from jauap.projections import generations
from jauap.projections import rebuild as rebuilding
from jauap.projections.database import Connection, DatabaseUnavailable, connect
from jauap.projections.generations import GenerationRow
from jauap.projections.models import NAMES

ALL = "all"

app = typer.Typer(no_args_is_help=True)


@app.callback()
def projections() -> None:
    """The read models: rows derived from the log alone, which can be made anew at any time.

    Example: jauap projections rebuild all
    """


@app.command("list")
def list_models(as_json: AsJson = False) -> None:  # noqa: FBT002
    """List the read models, and the question that each answers.

    Example: jauap projections list
    """
    questions = {name: _question(name) for name in NAMES}
    if as_json:
        say_json([{"name": name, "question": question} for name, question in questions.items()])
    else:
        say_table(("NAME", "QUESTION"), questions.items(), "")


@app.command()
def rebuild(
    name: Annotated[str, typer.Argument(metavar="NAME|all", help="A read model, or all.")],
    data_dir: DataDir = DATA_DIR,
) -> None:
    """Make a read model anew from the log, in one transaction: the same records give the same rows.

    Example: jauap projections rebuild cases
    """
    names = NAMES if name == ALL else (name,)
    if not set(names) <= set(NAMES):
        raise failed("There is no such read model.", f"There are {', '.join(NAMES)}; or all.", 2)
    where = addresses.find(data_dir, "database", "kafka")
    console = Console(stderr=True)
    try:
        with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("reading the log", total=None)
            count = rebuilding.rebuild(
                names,
                database=where.database,
                kafka=where.kafka,
                report=lambda done, total: bar.update(task, completed=done, total=total),
            )
    except (LogUnavailable, DatabaseUnavailable, rebuilding.LogDiffers, rebuilding.Unreadable) as reason:
        raise failed(str(reason) or str(reason.__doc__), f"Nothing was changed. {sending.REMEDY}") from reason
    say(f"{', '.join(names)}: made anew from {count} records.")


@app.command("generations")
def list_generations(data_dir: DataDir = DATA_DIR, as_json: AsJson = False) -> None:  # noqa: FBT002
    """List the generations of tables that are in the database, the newest first, and how far each is.

    A release whose tables have another form makes its own generation beside the older one, and folds it from the log.

    Example: jauap projections generations --json
    """
    with _connected(data_dir) as connection:
        found = generations.generations(connection)
    if as_json:
        say_json(found)
        return
    headings = ("GENERATION", "STATE", "FOLDED", "RECORDS", "SINCE", "LAST RECORD", "MIB", "SESSIONS", "THIS RELEASE'S")
    say_table(headings, map(_generation_cells, found), "There are no tables yet: the projector makes them.")


@app.command("drop")
def drop_generation(
    generation: Annotated[int, typer.Argument(metavar="GENERATION", help="As jauap projections generations names it.")],
    in_use: Annotated[  # noqa: FBT002
        bool, typer.Option("--in-use", help="Even if somebody is connected to it. A projector would make it anew.")
    ] = False,
    data_dir: DataDir = DATA_DIR,
) -> None:
    """Drop a generation of tables that no release uses any more; never the newest that answers.

    Exit status: 0 dropped, 1 it is in use or still needed, or can't be dropped; 2 there is none of this number.

    Example: jauap projections drop 3
    """
    with _connected(data_dir) as connection:
        try:
            dropped = generations.drop(connection, generation, in_use=in_use)
        except generations.NoSuchGeneration as reason:
            raise failed(str(reason), "", 2) from reason
        except generations.StillNeeded as reason:
            raise failed(str(reason), "Nothing was dropped.") from reason
        except generations.InUse as reason:
            raise failed(str(reason), "Nothing was dropped. To drop it all the same, say --in-use.") from reason
    say(f"Generation {dropped.generation} is dropped: the schema {dropped.schema}, {_mib(dropped)} MiB.")


@contextmanager
def _connected(data_dir: Path) -> Iterator[Connection]:
    """A connection to the database, whatever tables are there; if there is none, a sentence and status 1."""
    where = addresses.find(data_dir, "database")
    try:
        with closing(connect(where.database)) as connection:
            yield connection
    except DatabaseUnavailable as reason:
        raise failed(f"The database can't be used: {reason}", sending.REMEDY) from reason


def _generation_cells(row: GenerationRow) -> tuple[object, ...]:
    state = {None: None, True: "answers", False: "being made"}[row.answers]
    folded = None if row.percent is None else f"{row.percent} %"
    since = row.answers_since if row.answers else row.made_at
    return (
        row.generation, state, folded, row.records, since, row.moved_at, _mib(row), row.sessions, row.of_this_release,
    )  # fmt: skip


def _mib(row: GenerationRow) -> str:
    return f"{row.size / 2**20:.1f}"


def _question(name: str) -> str:
    """The first sentence of the module that makes it."""
    described = import_module(f"jauap.projections.{name}").__doc__ or ""
    return described.partition("\n")[0].partition(": ")[2]
