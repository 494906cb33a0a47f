"""What tests of the read models share: a PostgreSQL, and a database of its own for each test."""

import os
from collections.abc import Iterator
from itertools import count
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from jauap.projections.database import Connection, connect
from jauap.projections.store import Store
from jauap.stack.addresses import Addresses
from jauap.stack.machine import Stack
from tests.logbook import writing_codec

NUMBERS = count(1)


def named(url: str, database: str) -> str:
    """The URL of another database of the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a PostgreSQL: the one that JAUAP_TEST_DATABASE names, else one that is started for the session."""
    given = os.environ.get("JAUAP_TEST_DATABASE")
    if given:
        yield given
        return
    folder = tmp_path_factory.mktemp("postgres")
    machine = Stack(folder, services=())
    try:
        machine.start("postgres")
        addresses = Addresses.load(folder)
        if addresses is None:
            pytest.fail("the stack that was started has no addresses")
        yield addresses.database
    finally:
        machine.stop("postgres")


@pytest.fixture(scope="session")
def template(server: str) -> str:
    """A database with the tables of two partitions, to be copied."""
    name = f"template_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
    Store(named(server, name), writing_codec(), partitions=2).close()
    return name


@pytest.fixture
def postgres(server: str, template: str) -> Iterator[str]:
    """The URL of a database of the test's own, with empty tables."""
    name = f"test_{os.getpid()}_{next(NUMBERS)}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy".encode())
        yield named(server, name)
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
def connection(postgres: str) -> Iterator[Connection]:
    """A connection to the test's database."""
    with connect(postgres) as opened:
        yield opened
