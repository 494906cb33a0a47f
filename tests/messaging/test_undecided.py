"""Whose commands are still to be decided, on the real broker."""

from uuid import uuid4

import pytest

from jauap.domain.commands import AcknowledgeAlert
from jauap.messaging.log import Ends, LogUnavailable, Reader
from jauap.messaging.sender import Order, Sender
from jauap.messaging.undecided import Undecided
from jauap.stack.addresses import Addresses
from tests.builders import TODAY

pytestmark = pytest.mark.kafka

TOPIC = "jauap.deadlines.commands"


def send(stack: Addresses, case_id: str) -> None:
    """A command to *deadlines*, which does not run."""
    command = AcknowledgeAlert(alert=1, by="OFFICER-7", acknowledged_on=TODAY)
    order = Order(command=command, name="AcknowledgeAlert", case_id=case_id, command_id=str(uuid4()), actor="a")
    with Sender(stack.kafka, stack.registry) as sender:
        assert [outcome for _, outcome in sender.submit([order], 0)] == [None]


def test_commands_behind_the_group_s_position_are_undecided(stack: Addresses) -> None:
    """A command that was sent is seen by its case; once the position has passed it, only later ones are."""
    group = f"trial-{uuid4()}"  # the real group's position is other tests' business
    seen = Undecided(stack.kafka, "deadlines", "jauap-trial", group)
    position = Reader(stack.kafka, "jauap-trial-position", group=group)
    try:
        first, second = f"FIRST-{uuid4()}".upper(), f"SECOND-{uuid4()}".upper()
        send(stack, first)
        assert first in seen.case_ids()
        places = [(TOPIC, number) for number in range(stack.partitions)]
        ends = Ends(stack.kafka, "jauap-trial").of(places)
        position.commit({place: (end, "") for place, end in ends.items()})
        while any((stored or (0, ""))[0] < ends[place] for place, stored in position.committed(places).items()):
            pass
        assert seen.case_ids() == frozenset()
        send(stack, second)
        assert seen.case_ids() == {second}
        assert seen.case_ids() == {second}
    finally:
        seen.close()
        position.close()


def test_without_its_topic_nothing_is_claimed(stack: Addresses) -> None:
    """Nothing undecided would be a dangerous answer."""
    seen = Undecided(stack.kafka, f"trial-{uuid4()}", "jauap-trial")
    try:
        with pytest.raises(LogUnavailable):
            seen.case_ids()
    finally:
        seen.close()
