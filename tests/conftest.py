"""The real broker, registry and database, started once for all tests that need them."""

from collections.abc import Iterator

import pytest
import structlog

from jauap.messaging import access, registry, topics
from jauap.stack.addresses import Addresses
from tests.parts import parts

LONG = {"faults", "journeys", "stack", "access", "documents"}
"""Folders whose tests start systems of their own."""


def prepare(addresses: Addresses) -> None:
    """Apply topics, access and schemas, as `jauap stack up` does."""
    topics.apply(addresses.kafka, addresses.partitions, addresses.replication, addresses.min_insync)
    access.apply(addresses.kafka, (), (), addresses.password)
    registry.register_all(addresses.registry)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no process is left alone with it at the end."""
    items.sort(key=lambda item: not LONG & set(item.path.parts))


@pytest.fixture(autouse=True)
def log_as_it_comes() -> None:
    """A command that a test ran in this process has set the log for itself."""
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    """The addresses of Kafka, registry and PostgreSQL, with topics and schemas; no service runs."""
    with parts(tmp_path_factory.mktemp("stack")) as addresses:
        prepare(addresses)
        yield addresses
