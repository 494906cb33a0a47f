"""`jauap projections`: the read models, which can be made anew from the log at any time."""

from importlib import import_module
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from jauap.cli import addresses, sending
from jauap.cli.addresses import DATA_DIR, AsJson, DataDir
from jauap.cli.printing import failed, say, say_json, say_table
from jauap.messaging.log import LogUnavailable
from jauap.projections import rebuild as rebuilding
from jauap.projections.database import DatabaseUnavailable
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


def _question(name: str) -> str:
    """The first sentence of the module that makes it."""
    described = import_module(f"jauap.projections.{name}").__doc__ or ""
    return described.partition("\n")[0].partition(": ")[2]
