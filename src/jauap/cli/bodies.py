"""`jauap body`: the state bodies, with the codes that commands name them by."""

from importlib.resources import files

import typer

from jauap.cli.addresses import AsJson
from jauap.cli.printing import say_json, say_table
from jauap.domain.bodies import parse_bodies

app = typer.Typer(help="The state bodies and their codes.\n\nExample: jauap body list", no_args_is_help=True)


def codes() -> tuple[str, ...]:
    """The codes of the state bodies."""
    return tuple(one.code for one in parse_bodies(files("jauap.domain").joinpath("bodies.json").read_bytes()))


@app.callback()
def body() -> None:
    """The state bodies and their codes.

    Example: jauap body list
    """


@app.command("list")
def list_bodies(as_json: AsJson = False) -> None:  # noqa: FBT002
    """List the state bodies: code, kind and name; with --json also the names in Kazakh and Russian.

    Example: jauap body list --json
    """
    bodies = parse_bodies(files("jauap.domain").joinpath("bodies.json").read_bytes())
    if as_json:
        say_json(bodies)
    else:
        say_table(("CODE", "KIND", "NAME"), [(one.code, one.kind, one.name_en) for one in bodies], "")
