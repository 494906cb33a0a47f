"""Sending the orders of one call of `jauap do`: its common options, its actor, its documents' store."""

import getpass
import os
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from jauap.cli import addresses, sending
from jauap.cli.orders import Fault
from jauap.cli.printing import failed, note, say_json
from jauap.cli.sending import Missing
from jauap.documents import DocumentStore
from jauap.domain.commands import MergeCase
from jauap.messaging.outcome import Outcome
from jauap.messaging.sender import Order
from jauap.projections import queries
from jauap.projections.database import DatabaseUnavailable
from jauap.projections.generations import answering
from jauap.stack.addresses import Addresses

WAIT = 10.0

Own = Annotated[Path | None, typer.Option("--data-dir", help="The folder of the stack. [env var: JAUAP_DATA_DIR]")]
OwnWait = Annotated[
    float | None, typer.Option("--wait", metavar="SECONDS", help="How long to wait for the next outcome. [default: 10]")
]


class Submission:
    """The options that may stand before or after the name of a command or file."""

    def __init__(self, ctx: typer.Context, wait: float | None, data_dir: Path | None, *, as_json: bool) -> None:
        self.wait: float = ctx.obj["wait"] if wait is None else wait
        self.data_dir: Path = data_dir or ctx.obj["data_dir"]
        self.as_json: bool = as_json or ctx.obj["as_json"]

    def store(self) -> DocumentStore:
        """The document store of the deployment."""
        return addresses.document_store(self.data_dir)

    def send(self, found: list[Order]) -> int:
        """Send, print each outcome, and give the exit status."""
        where = addresses.find(self.data_dir, "kafka", "registry")
        self._check_mergers(found)
        return deliver(where, found, self.wait, as_json=self.as_json)

    def _check_mergers(self, found: list[Order]) -> None:
        """No service sees two cases at once, so a merger's other case is looked for here: a typo would stop clocks."""
        mergers = [order for order in found if isinstance(order.command, MergeCase)]
        if not mergers:
            return
        where = addresses.find(self.data_dir, "database")
        faults = []
        try:
            with closing(answering(where.database)) as connection:
                for order in mergers:
                    other = (
                        queries.case(connection, order.command.into) if isinstance(order.command, MergeCase) else None
                    )
                    if other is None or other.merged_into is not None:
                        rule = "must be a case on record that is not merged itself"
                        faults.append(Fault(place=order.name, field="into", rule=rule))
        except DatabaseUnavailable as reason:
            note(f"The case that goes on could not be looked for: {reason}")
        if faults:
            raise malformed(faults, of=len(found), as_json=self.as_json)


def deliver(where: Addresses, found: list[Order], wait: float, *, as_json: bool) -> int:
    """Send, print each outcome as it comes, and give the exit status."""
    last: dict[str, Outcome | Missing] = {}
    with sending.connected(where) as sender:
        for order, outcome in sending.outcomes(sender, found, wait):
            last[order.command_id] = outcome
            if as_json:
                say_json(sending.as_object(order, outcome), indent=0)
            else:
                typer.echo(sending.sentence(order, outcome))
    return sending.status(last.values())


def malformed(faults: Iterable[Fault], of: int, *, as_json: bool) -> typer.Exit:
    """Say all that is wrong; nothing was sent."""
    for fault in faults:
        if as_json:
            say_json({"status": "malformed", **msgspec.structs.asdict(fault)}, indent=0)
        else:
            note(str(fault))
    return failed("Nothing was sent." if of == 1 else f"None of the {of} commands was sent.", code=sending.MALFORMED)


def actor() -> str:
    """Who asks, as far as the machine knows."""
    declared = os.environ.get("JAUAP_ACTOR")
    if declared:
        return declared
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
