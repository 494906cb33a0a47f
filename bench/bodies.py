"""Clients of other ministries: each logs in over TLS as a body, hears its own topics and submits on its own.

They are one process, and each reader has a thread that does nothing but note when a record came.
"""

import threading
import time
from collections.abc import Collection
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, Self

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Producer, TopicPartition
from confluent_kafka import Message as Read
from confluent_kafka.admin import (  # type: ignore[attr-defined] # it does not say that it exports them
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)

from jauap import bodies
from jauap.messaging.connection import Login, client_settings
from jauap.stack.addresses import Addresses
from jauap.stack.credentials import file_of
from jauap.stack.errors import StackError

NOT_ASKED = {"MFA", "OMBUDSMAN"}
"""Who forwards, and who gets a copy."""
ALL = tuple(body.code for body in bodies.shipped() if body.code not in NOT_ASKED)
"""Thirty bodies that ship with the system."""
BARE = "bench."
"""How the topics begin that stand beside the feeds: of one partition each, and every body may read and write them."""
PATIENCE_SECONDS = 20.0
POLL_SECONDS = 0.2


class Heard(NamedTuple):
    """A record that a body's client has."""

    body: str
    at: float
    """On the clock of `time.perf_counter`."""
    read: Read

    def header(self, name: str) -> str:
        """A header's text; empty: there is none."""
        return next((value.decode() for key, value in self.read.headers() or () if key == name), "")  # type: ignore[union-attr, str-unpack]


class Throttled:
    """How often, and how long, the broker made clients wait: a body's limits are those that `access.apply` sets."""

    def __init__(self) -> None:
        """Not yet."""
        self.seconds: list[float] = []

    def __call__(self, event: Any) -> None:  # noqa: ANN401 - a library without types
        """The client library tells it; nothing: it is over."""
        if event.throttle_time:
            self.seconds.append(event.throttle_time)


def line(addresses: Addresses, body: str) -> str:
    """How Kafka is reached by a body."""
    if addresses.secrets is None:
        raise StackError("No stack of this machine.", "It has no passwords of bodies.")
    return str(Login("sasl_ssl", body, addresses.clients, file_of(addresses.secrets, body), Path(addresses.authority)))


def producer(addresses: Addresses, body: str, throttled: Throttled) -> Producer:
    """A producer as the examples for other ministries have it, which sends at once."""
    made = Producer(
        {
            **client_settings(line(addresses, body)),
            "acks": "all",
            "enable.idempotence": True,
            "linger.ms": 0,
            "throttle_cb": throttled,
            "log_level": 0,
        }
    )
    made.list_topics(timeout=PATIENCE_SECONDS)
    return made


class Readers:
    """One reader for each body, from the beginning of its topic on. Use it as a context manager."""

    def __init__(self, addresses: Addresses, codes: Collection[str], topic: str, throttled: Throttled) -> None:
        """Log in; the body's code is put behind `topic`."""
        self._heard: SimpleQueue[Heard | KafkaError] = SimpleQueue()
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._read, args=(addresses, body, f"{topic}{body}", throttled), daemon=True)
            for body in codes
        ]

    def __enter__(self) -> Self:
        """Begin to read."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Log out."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def next(self, seconds: float) -> Heard | None:
        """What any of them heard; None: nothing within these seconds. Raises RuntimeError if one can't read."""
        try:
            heard = self._heard.get(timeout=seconds)
        except Empty:
            return None
        if isinstance(heard, KafkaError):
            raise RuntimeError(str(heard))  # noqa: TRY004 - it is no wrong type
        return heard

    def _read(self, addresses: Addresses, body: str, topic: str, throttled: Throttled) -> None:
        consumer = Consumer(
            {
                **client_settings(line(addresses, body)),
                "group.id": f"{body}.bench",
                "enable.auto.commit": False,
                "throttle_cb": throttled,
                "log_level": 0,
            }
        )
        consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
        while not self._stopping.is_set():
            read = consumer.poll(POLL_SECONDS)
            if read is not None:
                self._heard.put(read.error() or Heard(body, time.perf_counter(), read))
        consumer.close()


def make_bare_topics(addresses: Addresses, codes: Collection[str]) -> None:
    """Create the topics that stand beside the feeds, for everybody who is logged in."""
    admin = AdminClient({**client_settings(addresses.kafka), "log_level": 0})
    for future in admin.create_topics([NewTopic(f"{BARE}{body}", 1, 1) for body in codes]).values():
        future.result(PATIENCE_SECONDS)
    rights = [
        AclBinding(
            ResourceType.TOPIC, BARE, ResourcePatternType.PREFIXED, "User:*", "*", operation, AclPermissionType.ALLOW
        )
        for operation in (AclOperation.READ, AclOperation.WRITE)
    ]
    for future in admin.create_acls(rights).values():
        future.result(PATIENCE_SECONDS)
