"""Stacks in temporary folders, with the broker's virtual machine set as in production."""

import os
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from bench.progress import say
from jauap import bodies
from jauap.messaging import access, registry, topics
from jauap.stack.addresses import Addresses
from jauap.stack.machine import Stack
from jauap.stack.schema_registry import SchemaRegistry

PARTITIONS = 4


class Running(NamedTuple):
    """A stack that runs."""

    machine: Stack
    addresses: Addresses


def _prepare(addresses: Addresses, granted: Collection[str]) -> None:
    topics.apply(addresses.kafka, addresses.partitions, bodies=granted)
    access.apply(addresses.kafka, granted, granted, addresses.password)
    for body in bodies.shipped():
        if body.code in granted:
            bodies.put(Path(addresses.bodies), bodies.with_access(body, "granted"))
    registry.register_all(addresses.registry)


@contextmanager
def running(jvm: str, services: Sequence[str] = (), granted: Collection[str] = ()) -> Iterator[Running]:
    """Kafka, registry, PostgreSQL, topics, schemas, and these services; all of it is erased in the end.

    `jvm` are options of the broker's virtual machine, `granted` the codes of the state bodies that have access.
    """
    say(f"starting Kafka, registry and PostgreSQL{''.join(f', {name}' for name in services)}")
    with tempfile.TemporaryDirectory(prefix="jauap-bench-") as folder:
        machine = Stack(Path(folder) / "stack", services=services, partitions=PARTITIONS)
        try:
            machine.start(SchemaRegistry.name)  # set for a quick start: nobody waits for it later
            with _options(jvm):
                addresses = machine.up(lambda _part, _words: None, partial(_prepare, granted=granted))
            yield Running(machine, addresses)
        finally:
            machine.down(lambda _part, _words: None)


@contextmanager
def _options(jvm: str) -> Iterator[None]:
    """The virtual machine reads them from `_JAVA_OPTIONS` behind its command line, so they win."""
    before = os.environ.get("_JAVA_OPTIONS")
    os.environ["_JAVA_OPTIONS"] = jvm if before is None else f"{jvm} {before}"
    try:
        yield
    finally:
        if before is None:
            del os.environ["_JAVA_OPTIONS"]
        else:
            os.environ["_JAVA_OPTIONS"] = before
