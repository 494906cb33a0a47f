"""`jauap do`: ask the services to record something, from JSON or from options made from the commands' models."""

import sys
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from jauap.cli import orders, sending
from jauap.cli.addresses import DATA_DIR, AsJson, DataDir
from jauap.cli.options import command, example_text
from jauap.cli.printing import failed, say, say_json
from jauap.cli.submission import WAIT, Own, OwnWait, Submission, actor, malformed
from jauap.domain.commands import BY_NAME

FILE = "FILE|-"


class NamesAndFiles(TyperGroup):
    """A group of commands in which what is no command is a file of commands."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - typer keeps click's types to itself
        """The command of that name; otherwise the one that reads a file."""
        name = args[0]
        if name in self.commands:
            return super().resolve_command(ctx, args)
        if name != "-" and not Path(name).exists():
            near = get_close_matches(name, BY_NAME, n=1)
            hint = f"Did you mean {near[0]}? " if near else ""
            raise failed(
                f"{name} is neither a command nor a file.",
                f"{hint}jauap do --list names the commands.",
                sending.MALFORMED,
            )
        return super().resolve_command(ctx, [FILE, *args])


app = typer.Typer(cls=NamesAndFiles, invoke_without_command=True, subcommand_metavar="FILE|-|NAME [OPTIONS]")


@app.callback()
def do(
    ctx: typer.Context,
    names: Annotated[bool, typer.Option("--list", help="Print the commands' names, a name a line.")] = False,  # noqa: FBT002
    schema: Annotated[str, typer.Option("--schema", metavar="NAME", help="Print the JSON Schema of a command.")] = "",
    example: Annotated[str, typer.Option("--example", metavar="NAME", help="Print a complete valid example.")] = "",
    wait: Annotated[
        float, typer.Option("--wait", metavar="SECONDS", min=0, help="How long to wait for the next outcome.")
    ] = WAIT,
    as_json: AsJson = False,  # noqa: FBT002
    data_dir: DataDir = DATA_DIR,
) -> None:
    """Ask the services to record something, and print each outcome as it comes.

    FILE (- for standard input) holds one command as a JSON object, a JSON list, or JSON lines: `command`, `case_id`
    and the command's own fields; `command_id`, `actor`, `expected` if you like. If one of them is malformed, none is
    sent. NAME takes the fields as options instead: see jauap do NAME --help.

    Exit status: 0 all accepted, 1 some refused, 2 malformed, 3 no final outcome yet. A command without an outcome is
    kept and decided later: jauap outcome COMMAND_ID tells. A command refused is on record too. A case's commands are
    sent in their order.

    Example: jauap do --example SendResponse | jauap do -
    """
    if names:
        say("\n".join(BY_NAME))
    elif schema:
        say_json(orders.json_schema(_known(schema)))
    elif example:
        say(example_text(_known(example)).rstrip())
    elif ctx.invoked_subcommand is not None:
        ctx.obj = {"wait": wait, "as_json": as_json, "data_dir": data_dir}
        return
    else:
        typer.echo(ctx.get_help())
        raise typer.Exit(sending.MALFORMED)
    raise typer.Exit


@app.command(FILE, hidden=True)
def file(
    ctx: typer.Context,
    source: Annotated[str, typer.Argument(metavar=FILE)],
    wait: OwnWait = None,
    as_json: AsJson = False,  # noqa: FBT002
    data_dir: Own = None,
) -> None:
    """Send the commands in a file.

    Example: jauap do commands.json --wait 30
    """
    try:
        data = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except OSError as error:
        raise failed(f"{source} can't be read: {error.strerror}.", code=sending.MALFORMED) from error
    submission = Submission(ctx, wait, data_dir, as_json=as_json)
    found, faults = orders.read(data, actor())
    if faults:
        raise malformed(faults, of=len(found) + len(faults), as_json=submission.as_json)
    raise typer.Exit(submission.send(found))


def _known(name: str) -> str:
    if name not in BY_NAME:
        near = get_close_matches(name, BY_NAME, n=1)
        raise failed(
            "There is no such command.",
            f"Did you mean {near[0]}?" if near else "jauap do --list names them.",
            sending.MALFORMED,
        )
    return name


for _name, _kind in BY_NAME.items():
    app.command(_name)(command(_kind))
