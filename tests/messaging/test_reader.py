"""A reader of a group on the real broker: fenced once it joins again, fenced again it ends; closed, it is gone."""

import time
import uuid
from collections.abc import Callable

import pytest
from confluent_kafka.admin import AdminClient

from jauap.messaging.connection import client_settings
from jauap.messaging.log import LogUnavailable, Place, Reader, Trouble
from jauap.stack.addresses import Addresses

pytestmark = pytest.mark.kafka

TOPIC = "jauap.intake.events"


class Member:
    """A reader that notes what it was handed."""

    def __init__(self, stack: Addresses, group: str, instance: str = "the-same") -> None:
        self.handed: list[list[Place]] = []
        self.taken: list[list[Place]] = []
        self.troubles: list[str] = []
        self.reader = Reader(stack.kafka, "test-reader", group=group, instance=instance)
        self.reader.subscribe([TOPIC], self._take, self.taken.append)

    def _take(self, places: list[Place]) -> dict[Place, int]:
        self.handed.append(places)
        return dict.fromkeys(places, 0)


@pytest.fixture
def group() -> str:
    """A name of a group of its own."""
    return f"test-{uuid.uuid4().hex}"


def poll_until(*members: Member, done: Callable[[], bool]) -> None:
    """Let members take turns until something is so."""
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline
        for member in members:
            member.troubles += [item.reason for item in member.reader.poll(0.05) if isinstance(item, Trouble)]


def test_a_reader_whose_name_was_taken_joins_again(stack: Addresses, group: str) -> None:
    """It may be told so by mistake, after a pause of its coordinator: its partitions are given up and taken anew."""
    one = Member(stack, group)
    poll_until(one, done=lambda: len(one.handed) == 1)
    other = Member(stack, group)
    poll_until(one, other, done=lambda: bool(one.troubles))
    other.reader.close()
    poll_until(one, done=lambda: len(one.handed) == 2)
    assert one.taken == one.handed[:1]
    one.reader.close()


def test_a_reader_whose_name_is_taken_again_and_again_ends(stack: Addresses, group: str) -> None:
    """Then another process really has it."""
    one, other = Member(stack, group), Member(stack, group)
    with pytest.raises(LogUnavailable, match="fenced"):
        poll_until(one, other, done=lambda: False)
    assert one.troubles or other.troubles
    one.reader.close()
    other.reader.close()


def test_a_reader_that_is_closed_leaves_the_group_though_it_has_a_name(stack: Addresses, group: str) -> None:
    """So another one takes over at once, and not when a session ends."""
    one, other = Member(stack, group), Member(stack, group, "another")
    poll_until(
        one,
        other,
        done=lambda: (
            all(len(places) == 2 for member in (one, other) for places in member.handed[-1:])
            and bool(one.handed and other.handed)
        ),
    )
    one.reader.close()
    admin = AdminClient(client_settings(stack.kafka))
    members = admin.describe_consumer_groups([group])[group].result(10).members
    assert [member.group_instance_id for member in members] == ["another"]
    assert one.taken[-1] == one.handed[-1]
    poll_until(other, done=lambda: len(other.handed[-1]) == stack.partitions)
    other.reader.close()
