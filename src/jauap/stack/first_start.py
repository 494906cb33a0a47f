"""What a new deployment is told first: the acts that say which days are working days."""

import uuid

import msgspec
import structlog

from jauap.domain.case import CALENDAR
from jauap.domain.commands import ReceiveCalendarAct
from jauap.domain.facts import CalendarAct
from jauap.messaging.sender import Order, Sender
from jauap.stack.addresses import Addresses
from jauap.stack.errors import StackError
from jauap.surroundings import shipped_acts

log = structlog.get_logger(__name__)

ACTS = uuid.UUID("6b2f3c0e-5d0a-5a54-9a53-3d7e0a6e1d57")
"""Namespace of the commands' ids: the same act is the same command, so that a repeat changes nothing."""
PATIENCE = 30.0


def submit(addresses: Addresses, patience: float = PATIENCE) -> None:
    """Submit the calendar acts that ship with this release. Raises StackError where one has no answer in time."""
    acts = shipped_acts()
    with Sender(addresses.kafka, addresses.registry, "jauap-first-start") as sender:
        for order, outcome in sender.submit([order_of(act) for act in acts], patience):
            if outcome is None:
                raise StackError(
                    f"The calendar act of command {order.command_id} was not answered.",
                    "See `jauap stack logs intake`, then run jauap stack up again.",
                )
            if outcome.status != "accepted":
                log.warning("calendar act not taken", command_id=order.command_id, code=outcome.code)


def order_of(act: CalendarAct) -> Order:
    """The command that submits an act; its id follows from the act's content."""
    content = msgspec.json.encode(act).decode()
    return Order(
        command=ReceiveCalendarAct(**msgspec.structs.asdict(act)),
        name=ReceiveCalendarAct.__name__,
        case_id=CALENDAR,
        command_id=str(uuid.uuid5(ACTS, content)),
        actor="first start",
    )
