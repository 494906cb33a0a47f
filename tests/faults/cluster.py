"""Harm to one of several brokers: who leads, whose copies are whole, kill, pause and bring back."""

import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from jauap.messaging.connection import client_settings
from jauap.stack.addresses import Addresses
from jauap.stack.folder import BROKERS
from jauap.stack.machine import Stack
from jauap.stack.process import Record
from tests.faults.flow import wait_for


def leaders(addresses: Addresses) -> Counter[str]:
    """How many partitions each broker leads; a partition without a leader counts for none."""
    topics = AdminClient({**client_settings(addresses.kafka), "log_level": 0}).list_topics(timeout=10).topics
    led = [partition.leader for topic in topics.values() for partition in topic.partitions.values()]
    return Counter(BROKERS[number - 1] for number in led if number > 0)


def whole(addresses: Addresses) -> bool:
    """Whether every partition has a leader, and every broker a copy that is up to date."""
    try:
        topics = AdminClient({**client_settings(addresses.kafka), "log_level": 0}).list_topics(timeout=5).topics
    except KafkaException:
        return False
    partitions = [partition for topic in topics.values() for partition in topic.partitions.values()]
    return all(one.leader > 0 and len(one.isrs) == addresses.replication for one in partitions)


def await_whole(addresses: Addresses) -> None:
    """Wait until any one broker may be lost again."""
    wait_for(lambda: whole(addresses), "every broker has a whole copy")


@contextmanager
def paused(machine: Stack, name: str) -> Iterator[None]:
    """A broker that does nothing for a while and does not know it: afterwards it is a zombie for a moment."""
    record = Record.read(machine.folder.record(name))
    assert record is not None
    record.send(signal.SIGSTOP)
    try:
        yield
    finally:
        record.send(signal.SIGCONT)
