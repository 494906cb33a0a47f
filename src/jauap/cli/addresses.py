"""Where the parts of the deployment are: of the stack in a folder, unless the environment says otherwise."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from jauap.cli.printing import failed
from jauap.documents import DocumentStore, open_store
from jauap.messaging.connection import WrongAddress, client_settings
from jauap.projections import address
from jauap.settings import WrongSetting
from jauap.stack.addresses import Addresses
from jauap.stack.errors import StackError

DATA_DIR = Path(".jauap")
VARIABLES = {
    "kafka": "JAUAP_KAFKA",
    "registry": "JAUAP_REGISTRY",
    "database": "JAUAP_DATABASE",
    "documents": "JAUAP_DOCUMENTS",
    "bodies": "JAUAP_BODIES",
}

DataDir = Annotated[
    Path, typer.Option("--data-dir", envvar="JAUAP_DATA_DIR", help="The folder of the stack, to find its parts.")
]
AsJson = Annotated[bool, typer.Option("--json", help="For programs: JSON on standard output.")]


def are_there(data_dir: Path, *needed: str) -> bool:
    """Whether there is a deployment, running or not, of which the named parts can be found.

    Ends the command where a stack's folder is there and can't be read.
    """
    return all(os.environ.get(VARIABLES[name]) for name in needed) or _loaded(data_dir) is not None


def find(data_dir: Path, *needed: str, principal: str = "cli") -> Addresses:
    """The addresses of a deployment, of which a caller needs the named ones; the environment goes before the stack.

    On a stack of this machine the brokers know the command as `principal`. Says what is missing and how to get it, and
    ends the command with status 1.
    """
    given = {name: value for name, variable in VARIABLES.items() if (value := os.environ.get(variable))}
    found = Addresses(kafka="", registry="", database="", documents="", partitions=0)
    if not given.keys() >= set(needed):
        found = _of_the_stack(data_dir).of_principal(principal)
    if "kafka" in needed and "kafka" in given:
        try:
            client_settings(given["kafka"])
        except WrongAddress as wrong:
            raise failed(f"JAUAP_KAFKA {wrong}.") from wrong
    if "database" in needed and "database" in given:
        try:
            address.parameters(given["database"])
        except address.WrongAddress as wrong:
            raise failed(f"{address.VARIABLE} {wrong}.") from wrong
    return replace(found, **given)  # type: ignore[arg-type]  # the names are those of texts


def document_store(data_dir: Path) -> DocumentStore:
    """The document store of a deployment, found in the same way."""
    try:
        return open_store(find(data_dir, "documents").documents)
    except WrongSetting as wrong:
        raise failed(f"{wrong}.") from wrong


def _of_the_stack(data_dir: Path) -> Addresses:
    found = _loaded(data_dir)
    if found is None:
        raise failed(
            f"There is no stack in {data_dir}.",
            "Start one with jauap stack up, or name the folder of another with --data-dir.",
        )
    return found


def _loaded(data_dir: Path) -> Addresses | None:
    try:
        return Addresses.load(data_dir)
    except StackError as error:
        raise failed(error.what, error.remedy) from error
