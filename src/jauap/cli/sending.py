"""Sending orders, and telling what became of them."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Literal

import typer

from jauap.cli.printing import coloured, failed, note, plain
from jauap.domain.commands import SERVICE_OF
from jauap.messaging.log import LogUnavailable
from jauap.messaging.outcome import Outcome
from jauap.messaging.registry import RegistryError
from jauap.messaging.sender import Order, Sender
from jauap.projections.database import DatabaseUnavailable
from jauap.projections.generations import BeingMade
from jauap.stack.addresses import Addresses

ACCEPTED, REFUSED, MALFORMED, WAITING = range(4)
"""What a command's exit status says of its orders."""
Missing = Literal["waiting", "unsent"]
"""Why there is no outcome: it was sent and has none yet; it was not sent, because the case waits for one."""
CLIENT = "jauap-cli"
REMEDY = "See jauap stack status; start what is down with jauap stack up."
HOW_FAR = "jauap projections generations tells how far they are."


def unreadable(reason: DatabaseUnavailable, what: str = "The read models", remedy: str = "") -> typer.Exit:
    """Say why read models can't be read; raise what this gives: status 1, or 3 while they are being made."""
    if isinstance(reason, BeingMade):
        return failed(f"{what} can't be read yet: {reason}", f"{HOW_FAR} {remedy}".strip(), WAITING)
    return failed(f"{what} can't be read: {reason}", f"{REMEDY} {remedy}".strip())


@contextmanager
def connected(found: Addresses) -> Iterator[Sender]:
    """A sender; if log or registry do not answer, one sentence and status 1."""
    try:
        with Sender(found.kafka, found.registry, CLIENT) as sender:
            yield sender
    except LogUnavailable as reason:
        raise failed(f"The log at {found.kafka} can't be used: {_stop(reason)}", REMEDY) from reason
    except RegistryError as reason:
        raise failed(f"The schema registry can't be used: {_stop(reason)}", REMEDY) from reason


def announced(found: Addresses, command_id: str) -> Outcome | None:
    """What a service said of a command in the last week. Raises LogUnavailable or RegistryError."""
    with Sender(found.kafka, found.registry, CLIENT) as sender:
        return sender.find(command_id)


def _stop(reason: Exception) -> str:
    return f"{str(reason).rstrip('.')}."


def outcomes(sender: Sender, orders: Iterable[Order], patience: float) -> Iterator[tuple[Order, Outcome | Missing]]:
    """Each order with its outcome as it comes, or with why there is none; what is held and stays so is given once.

    A case's orders are sent in their order, and one for another service only once those before it have an outcome:
    so a list may receive a letter and forward it. Behind an order without an outcome the rest of its case is not sent.
    """
    stuck: set[str] = set()
    for wave in waves(orders):
        for order in wave:
            if order.case_id in stuck:
                yield order, "unsent"
        ready = [order for order in wave if order.case_id not in stuck]
        for order, outcome in _answers(sender, ready, patience):
            if isinstance(outcome, str) or outcome.status == "held":
                stuck.add(order.case_id)
            yield order, outcome


def waves(orders: Iterable[Order]) -> list[list[Order]]:
    """The orders in groups to be sent one after the other; within a group, a case's orders are for one service."""
    found: list[list[Order]] = []
    last: dict[str, tuple[str, int]] = {}
    for order in orders:
        service = SERVICE_OF[order.name]
        before, number = last.get(order.case_id, (service, 0))
        number += service != before
        last[order.case_id] = (service, number)
        if number == len(found):
            found.append([])
        found[number].append(order)
    return found


def _answers(sender: Sender, orders: list[Order], patience: float) -> Iterator[tuple[Order, Outcome | Missing]]:
    """Those of one group; also if the log is gone or Ctrl-C was pressed."""
    answered: set[str] = set()
    try:
        for order, outcome in sender.submit(orders, patience):
            if outcome is not None:
                yield order, outcome
                answered.add(order.command_id)
    except LogUnavailable as reason:
        note(f"The log does not answer any more: {_stop(reason)}")
        note("What waits may not have been kept. Send it again with the same command_id: a repeat does nothing.")
    except KeyboardInterrupt:
        note("Interrupted.")
    yield from ((order, "waiting") for order in orders if order.command_id not in answered)


def status(found: Iterable[Outcome | Missing]) -> int:
    """The exit status: malformed goes before refused, refused before what has no final outcome."""
    words = {state(outcome) for outcome in found}
    if "malformed" in words:
        return MALFORMED
    if "refused" in words:
        return REFUSED
    return WAITING if words & {"waiting", "unsent", "held"} else ACCEPTED


def state(outcome: Outcome | Missing) -> str:
    """In a word, how a command stands."""
    return outcome if isinstance(outcome, str) else outcome.status


def as_object(order: Order, outcome: Outcome | Missing) -> object:
    """An outcome for programs; one that is missing has the same fields."""
    if not isinstance(outcome, str):
        return outcome
    return {
        **dict.fromkeys(Outcome.__struct_fields__),
        "command_id": order.command_id,
        "command": order.name,
        "case_id": order.case_id,
        "status": outcome,
        "message": _missing(order, outcome),
    }


def sentence(order: Order, outcome: Outcome | Missing) -> str:
    """What became of an order, for people; what has no final outcome says how to ask later."""
    if not isinstance(outcome, str):
        return told(outcome)
    return _lines(outcome, f"{order.case_id} {order.name}", _missing(order, outcome), order.command_id)


def _missing(order: Order, why: Missing) -> str:
    if why == "unsent":
        return "not sent, because an earlier command of this case has no outcome yet; send it again once it has."
    return f"no outcome yet. Is the service {SERVICE_OF[order.name]} up? The command is kept and will be decided."


def told(outcome: Outcome) -> str:
    """An outcome for people."""
    about = " ".join(filter(None, (outcome.case_id, outcome.command)))
    return _lines(outcome.status, about, _what(outcome), outcome.command_id)


def _what(outcome: Outcome) -> str:
    if outcome.status == "accepted":
        service = (outcome.topic or "").removeprefix("jauap.").removesuffix(".events")
        return f"{outcome.event} is on record, no. {outcome.sequence} of {service}"
    field = f"{outcome.field}:" if outcome.field else ""
    paragraph = f"[{outcome.paragraph}]" if outcome.paragraph else ""
    return " ".join(filter(None, (field, outcome.message, paragraph, f"({outcome.code})")))


def _lines(state: str, about: str, what: str, command_id: str) -> str:
    later = f"Ask later: jauap outcome {command_id}" if state in ("waiting", "held") else f"command {command_id}"
    return f"{coloured(f'{state:<9}')} {plain(f'{about}: {what}')}\n{'':<9} {plain(later)}"
