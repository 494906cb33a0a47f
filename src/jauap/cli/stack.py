"""`jauap stack`: the whole system on this machine, without a container engine."""

import json
import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from jauap.cli.apply import agree, plain_errors
from jauap.stack import first_start, process
from jauap.stack.addresses import Addresses
from jauap.stack.errors import StackError
from jauap.stack.folder import Folder
from jauap.stack.machine import ALL_SERVICES, PartStatus, Stack, infrastructure
from jauap.stack.service import DIRECTORY, POST, services_wanted
from jauap.stack.settings import Settings

app = typer.Typer(
    help="Run the whole system on this machine: Kafka, registry, PostgreSQL, the services.",
    no_args_is_help=True,
)

DataDir = Annotated[
    Path,
    typer.Option("--data-dir", envvar="JAUAP_DATA_DIR", help="The folder with all state."),
]
_DEFAULT = Path(".jauap")
_NOT_READY = 3
_PAUSE = 0.3
_COLOURS = {"ready": "green", "running": "yellow", "dead": "red"}


@app.command()
def up(
    data_dir: DataDir = _DEFAULT,
    state: Annotated[
        str | None,
        typer.Option("--state", help="The State that a new deployment serves (KAZ if left out); ANY for a trial."),
    ] = None,
    brokers: Annotated[
        int | None,
        typer.Option("--brokers", help="How many brokers a new deployment has: 1 (if left out) or 3."),
    ] = None,
) -> None:
    """Install what is missing, start what is down, and wait until all is ready.

    Safe to repeat: what runs is left alone, what was killed is started again.

    Example: jauap stack up --data-dir /var/lib/jauap
    """
    began = time.monotonic()
    with plain_errors():
        bring_up(data_dir, state, brokers)
    seconds = time.monotonic() - began
    typer.secho(f"The stack in {data_dir} is ready ({seconds:.1f} s).", fg="green")


@app.command()
def down(
    data_dir: DataDir = _DEFAULT,
    *,
    erase: Annotated[bool, typer.Option("--erase", help="Then remove the folder.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before erasing.")] = False,
) -> None:
    """Stop what `up` started. Nothing is lost, unless you ask for it with --erase.

    Example: jauap stack down
    """
    with plain_errors():
        if not erase:
            Stack(data_dir).down(_say)
        elif yes or typer.confirm(f"Remove {data_dir} with every record in it, for ever?"):
            _erase(data_dir)
        else:
            raise typer.Exit(1)


@app.command()
def status(
    data_dir: DataDir = _DEFAULT,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show each part: its state, process, port, start and memory. Exit 3 unless all is ready.

    Example: jauap stack status --json
    """
    with plain_errors():
        parts = Stack(data_dir).status()
    if as_json:
        typer.echo(json.dumps([asdict(part) for part in parts], indent=2))
    else:
        _table(parts)
    if any(part.state != "ready" for part in parts):
        raise typer.Exit(_NOT_READY)


@app.command()
def logs(
    name: Annotated[str | None, typer.Argument(help="A part; without it, all.")] = None,
    data_dir: DataDir = _DEFAULT,
    *,
    lines: Annotated[int, typer.Option("--lines", min=0, help="How many from the end.")] = 20,
    follow: Annotated[bool, typer.Option("--follow", help="Go on until Ctrl-C.")] = False,
) -> None:
    """Show what a part, or every part, has printed.

    Example: jauap stack logs kafka --follow
    """
    folder = Folder.at(data_dir)
    with plain_errors():
        settings = Settings.load(folder)
        known = (*infrastructure(settings.brokers if settings else 1), *ALL_SERVICES, POST)
        if name is not None and name not in known:
            raise StackError(f"There is no part {name!r}.", f"The parts are {', '.join(known)}.")
    chosen = {part: folder.log(part) for part in known if name in (None, part)}
    for part, log in chosen.items():
        _print_lines(part, process.last_lines(log, lines), prefixed=name is None)
    if follow:
        _follow(chosen, prefixed=name is None)


def bring_up(data_dir: Path, state: str | None, brokers: int | None = None) -> Addresses:
    """Start everything, with a line for each part. Raises StackError."""
    wanted = services_wanted(os.environ)
    stack = Stack(data_dir, wanted, state=state, brokers=brokers)
    addresses = stack.up(_say, _prepare, _after_services)
    if POST not in wanted and any(part.name == POST and part.state == "dead" for part in stack.status()):
        _say(POST, f"ended, and is not started again: {DIRECTORY} is not set")
    return addresses


def _prepare(addresses: Addresses) -> None:
    """Before any service starts."""
    agree(addresses, Path(addresses.bodies), addresses.password, _say)


def _after_services(addresses: Addresses) -> None:
    """What the first start submits: the calendar acts."""
    first_start.submit(addresses)
    _say("calendar", "its acts are on record")


def _erase(data_dir: Path) -> None:
    if Stack(data_dir).erase(_say):
        typer.echo(f"{data_dir} is removed.")
    else:
        typer.echo(f"The stack's data is removed; {data_dir} holds other files, which are kept.")


def _say(part: str, message: str) -> None:
    typer.echo(f"  {part:<12} {message}")


def _table(parts: list[PartStatus]) -> None:
    typer.echo(f"{'PART':<12} {'STATE':<8} {'PID':>8} {'PORT':>6} {'MEMORY':>8}  SINCE")
    for part in parts:
        memory = f"{part.memory // 2**20} MB" if part.memory else "-"
        state = typer.style(f"{part.state:<8}", fg=_COLOURS.get(part.state))
        typer.echo(
            f"{part.name:<12} {state} {part.pid or '-':>8} {part.port or '-':>6} {memory:>8}  {part.since or '-'}"
        )


def _print_lines(part: str, lines: list[str], *, prefixed: bool) -> None:
    for line in lines:
        typer.echo(f"{part:<12} {line}" if prefixed else line)


def _follow(chosen: dict[str, Path], *, prefixed: bool) -> None:
    positions = {part: _size(log) for part, log in chosen.items()}
    try:
        while True:
            for part, log in chosen.items():
                positions[part], lines = _new_lines(log, positions[part])
                _print_lines(part, lines, prefixed=prefixed)
            time.sleep(_PAUSE)
    except KeyboardInterrupt:
        return


def _new_lines(log: Path, position: int) -> tuple[int, list[str]]:
    """Whole lines after a position in bytes, and the position after them."""
    size = _size(log)
    start = position if size >= position else 0  # a rotated log begins again
    if size == start:
        return start, []
    with log.open("rb") as file:
        file.seek(start)
        fresh = file.read(size - start)
    whole = fresh[: fresh.rfind(b"\n") + 1]
    return start + len(whole), whole.decode(errors="replace").splitlines()


def _size(log: Path) -> int:
    return log.stat().st_size if log.exists() else 0
