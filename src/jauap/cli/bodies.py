"""`jauap body`: the state bodies, with the codes that commands name them by."""

import os
from pathlib import Path
from typing import Annotated, get_args

import msgspec
import typer

from jauap import bodies
from jauap.bodies import BodyList, UnusableList
from jauap.cli import addresses
from jauap.cli.addresses import DATA_DIR, AsJson, DataDir
from jauap.cli.printing import failed, say, say_json, say_table
from jauap.domain.bodies import Body, Kind

MALFORMED = 2
KINDS = get_args(Kind)

app = typer.Typer(help="The state bodies and their codes.\n\nExample: jauap body list", no_args_is_help=True)


def codes() -> tuple[str, ...]:
    """The codes of the state bodies that ship with this release."""
    return tuple(one.code for one in bodies.shipped())


@app.callback()
def body() -> None:
    """The state bodies and their codes.

    Example: jauap body list
    """


@app.command("list")
def list_bodies(data_dir: DataDir = DATA_DIR, as_json: AsJson = False) -> None:  # noqa: FBT002
    """List the state bodies: code, kind, access and name; with --json also the names in Kazakh and Russian.

    Where there is no deployment, those that ship with this release.

    Example: jauap body list --json
    """
    found = _listed(_file(data_dir)).all()
    if as_json:
        say_json(found)
    else:
        rows = [(one.code, one.kind, one.access, one.name_en) for one in found]
        say_table(("CODE", "KIND", "ACCESS", "NAME"), rows, "")


@app.command()
def add(
    code: Annotated[str, typer.Argument(help="Its code, for ever: capital letters, digits and hyphens, 2 to 32.")],
    *,
    kind: Annotated[str, typer.Option(help=f"One of {', '.join(KINDS)}.")],
    name_kk: Annotated[str, typer.Option(help="Its name in Kazakh.")],
    name_ru: Annotated[str, typer.Option(help="Its name in Russian.")],
    name_en: Annotated[str, typer.Option(help="Its name in English.")],
    data_dir: DataDir = DATA_DIR,
) -> None:
    """Add a state body to the deployment's list, or put its names right. A body is never taken off: it is on record.

    Services know it at once; it has no access until jauap access grant.

    Example: jauap body add AKIMAT-ABAI --kind akimat --name-kk "Абай облысының әкімдігі"
    --name-ru "Акимат области Абай" --name-en "Akimat of the Abai region"
    """
    file = _file(data_dir)
    if file is None:
        raise failed(
            f"There is no deployment in {data_dir}.", "Start one with jauap stack up, or name its list: JAUAP_BODIES."
        )
    before = next((one for one in _listed(file).all() if one.code == code), None)
    content = {
        "code": code, "kind": kind, "name_kk": name_kk, "name_ru": name_ru, "name_en": name_en,
        "access": before.access if before else "none",
    }  # fmt: skip
    try:
        bodies.put(file, msgspec.convert(content, Body))
    except msgspec.ValidationError as wrong:
        raise failed(f"This is no body: {wrong}.", "See jauap body add --help.", code=MALFORMED) from wrong
    except UnusableList as wrong:
        raise failed(str(wrong)) from wrong
    say(f"{code} is {'put right' if before else 'added'}, in {file}.")


def _file(data_dir: Path) -> Path | None:
    if os.environ.get(addresses.VARIABLES["bodies"]) or addresses.are_there(data_dir, "bodies"):
        return Path(addresses.find(data_dir, "bodies").bodies)
    return None


def _listed(file: Path | None) -> BodyList:
    try:
        return BodyList(file)
    except UnusableList as wrong:
        raise failed(str(wrong), "Put the file right, or back from a copy.") from wrong
