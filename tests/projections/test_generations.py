"""Which generations of tables there are, who may ask them, and what may be dropped."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from urllib.parse import urlsplit

import psycopg
import pytest

from jauap.messaging.avro import Codec
from jauap.projections import generations, queries
from jauap.projections.database import (
    GENERATION,
    SCHEMA,
    Connection,
    DatabaseUnavailable,
    ModelsMissing,
    NotAllowed,
    connect,
    schema_of,
    snapshot,
)
from jauap.projections.generations import (
    BeingMade,
    InUse,
    NoSuchGeneration,
    OtherDeployment,
    StillNeeded,
    answering,
    make_tables,
)
from jauap.projections.models import NAMES
from jauap.projections.store import Store
from tests.builders import a_communication
from tests.logbook import Logbook
from tests.projections.conftest import named
from tests.projections.test_projector import Running

pytestmark = pytest.mark.postgres

OLDER, NEWER = schema_of(GENERATION - 1), schema_of(GENERATION + 1)
"""Schemas of other releases."""


@pytest.fixture
def empty(server: str) -> Iterator[str]:
    """A database without tables."""
    name = f"empty_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
        yield named(server, name)
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def copied(connection: Connection, schema: str) -> None:
    """Another release's tables, as far as those of this one are."""
    connection.execute(f"CREATE SCHEMA {schema}".encode())
    for name in (*NAMES, "deployment", "positions", "case_state"):
        connection.execute(f"CREATE TABLE {schema}.{name} AS TABLE {SCHEMA}.{name}".encode())


def folded(postgres: str) -> None:
    """Let the tables be as far as a log."""
    log = Logbook(2)
    log.write(a_communication())
    running = Running(postgres, log)
    running.catch_up()
    running.projector.close()


# --- making ---


def test_tables_are_made_once(empty: str) -> None:
    """Whoever comes first makes them, several at once too; the others find them; a projector takes them as they are."""
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: make_tables(empty, 2), range(4)))
    assert sorted(made) == [False, False, False, True]
    with connect(empty) as connection:
        before = connection.execute(b"TABLE deployment").fetchall()
        Store(empty, Codec({}), 2).close()
        assert connection.execute(b"TABLE deployment").fetchall() == before


def test_tables_of_another_deployment_are_not_made_anew_by_the_way(postgres: str, connection: Connection) -> None:
    """A wrong partition count must not cost the tables: only a projector, which sees the log, makes them anew."""
    with pytest.raises(OtherDeployment, match="of 2 partitions, not 5"):
        make_tables(postgres, 5)
    assert connection.execute(b"SELECT partitions FROM deployment").fetchall() == [(2,)]


def test_a_schema_that_the_administrator_made_is_taken(empty: str) -> None:
    """A projector whose role may not make schemas is given one."""
    with psycopg.connect(empty, autocommit=True) as admin:
        admin.execute(f"CREATE SCHEMA {SCHEMA}".encode())
    assert make_tables(empty, 2)


# --- asking ---


def test_tables_may_be_asked_once_they_are_as_far_as_the_log(postgres: str) -> None:
    """Not when they are just made, nor when some partitions are: all of them must be."""
    with pytest.raises(BeingMade, match=rf"generation {GENERATION}\) are being made: 0 % of the log is folded\.$"):
        answering(postgres)
    log = Logbook(2)
    log.write(a_communication())
    running = Running(postgres, log)
    running.projector.numbers = (0,)
    running.reader._assigned = None  # noqa: SLF001 - it reads one partition of two
    for _ in range(5):
        running.projector.turn(0)
    assert running.projector.ready
    with pytest.raises(BeingMade):
        answering(postgres)
    running.projector.close()
    folded(postgres)
    answering(postgres).close()


def test_a_partition_that_is_folded_anew_is_not_asked(postgres: str) -> None:
    """Where the log differs from what was folded, half of the rows are never shown as if they were all."""
    folded(postgres)
    store = Store(postgres, Codec({}), 2)
    store.drop(store.take_over([0])[0])
    store.close()
    with pytest.raises(BeingMade):
        answering(postgres)
    folded(postgres)
    answering(postgres).close()


def test_once_asked_it_may_lag(postgres: str) -> None:
    """A projector that is behind, or away, does not take the answers away."""
    folded(postgres)
    Store(postgres, Codec({}), 2).close()
    answering(postgres).close()


# --- the role that reads ---


@pytest.fixture
def reader(server: str, template: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:  # noqa: ARG001 - made first
    """A role that may log in and nothing else, in the place of jauap_reader."""
    name = f"reader_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'of the test'".encode())
        monkeypatch.setattr(generations, "READER", name)
        yield name
        admin.execute(f"DROP ROLE {name}".encode())


def as_role(url: str, role: str) -> str:
    """The URL for another role."""
    parts = urlsplit(url)
    return parts._replace(netloc=f"{role}:of%20the%20test@{parts.hostname}:{parts.port}").geturl()


def test_a_reader_reads_what_questions_need_and_changes_nothing(reader: str, postgres: str) -> None:
    """Every question, post's too; no folded case, no record that waits, no row changed, no table made."""
    folded(postgres)
    url = as_role(postgres, reader)
    with pytest.raises(NotAllowed, match="may not read"):
        answering(url)
    assert not make_tables(postgres, 2)
    with closing(answering(url)) as connection:
        assert queries.alone(connection, "post")
        with snapshot(connection):
            assert len(queries.cases(connection)) == 1
            (case,) = queries.cases(connection)
            asked = (queries.history, queries.findings, queries.alerts, queries.agency_matrix)
            assert [len(ask(connection, case.case_id)) for ask in asked][:1] == [1]
            queries.visit_proposals(connection)
            queries.treaty_requests(connection)
            queries.clock_changes(connection, [case.case_id])
            queries.command(connection, "none")
            assert len(queries.positions(connection)) == 8
    with closing(connect(url)) as connection:
        assert [row.answers for row in generations.generations(connection)] == [True]
        for refused in (
            "TABLE case_state",
            "TABLE parked_records",
            "DELETE FROM cases",
            "UPDATE positions SET goal = 0",
            "CREATE TABLE mine (number integer)",
            f"CREATE TABLE {SCHEMA}.mine (number integer)",
            f"DROP SCHEMA {SCHEMA} CASCADE",
        ):
            with pytest.raises(
                psycopg.errors.Error, match=r"permission denied|no schema has been selected|must be owner"
            ):
                connection.execute(refused.encode())


def test_tables_made_later_are_read_by_the_reader_too(reader: str, empty: str) -> None:
    """The role is there first, as in a deployment that is upgraded."""
    make_tables(empty, 2)
    with pytest.raises(BeingMade):
        answering(as_role(empty, reader))


# --- dropping ---


def test_what_nobody_uses_is_dropped(postgres: str, connection: Connection) -> None:
    """An older one that answered, and a newer one of a release that was taken back before it answered."""
    folded(postgres)
    copied(connection, OLDER)
    copied(connection, NEWER)
    connection.execute(f"UPDATE {NEWER}.positions SET reached_at = NULL".encode())  # noqa: S608
    found = [(row.generation, row.answers) for row in generations.generations(connection)]
    assert found == [(GENERATION + 1, False), (GENERATION, True), (GENERATION - 1, True)]
    generations.drop(connection, GENERATION - 1)
    generations.drop(connection, GENERATION + 1)
    assert [row.generation for row in generations.generations(connection)] == [GENERATION]
    with pytest.raises(NoSuchGeneration, match=f"there are: {GENERATION}"):
        generations.drop(connection, GENERATION - 1)


def test_the_newest_that_answers_is_never_dropped(postgres: str, connection: Connection) -> None:
    """Whatever is said: so a newer one that is being made does not cost the only answers."""
    folded(postgres)
    copied(connection, NEWER)
    connection.execute(f"UPDATE {NEWER}.positions SET reached_at = NULL".encode())  # noqa: S608
    with pytest.raises(StillNeeded):
        generations.drop(connection, GENERATION, in_use=True)
    connection.execute(f"UPDATE {NEWER}.positions SET reached_at = now()".encode())  # noqa: S608
    with pytest.raises(StillNeeded):
        generations.drop(connection, GENERATION + 1, in_use=True)


def test_what_somebody_is_at_work_on_is_dropped_only_if_that_is_said(postgres: str, connection: Connection) -> None:
    """A session has the name of its generation: those of release 0.1.0 have the name of its schema too."""
    folded(postgres)
    copied(connection, "jauap")
    with psycopg.connect(postgres, application_name="jauap"):
        (row,) = (row for row in generations.generations(connection) if row.schema == "jauap")
        assert row.sessions == 1
        with pytest.raises(InUse, match="1 session is at work"):
            generations.drop(connection, row.generation)
        generations.drop(connection, row.generation, in_use=True)


def test_an_empty_database_has_no_generation(empty: str) -> None:
    """Asked before anything was made."""
    with connect(empty) as connection:
        assert generations.generations(connection) == []
    with pytest.raises(ModelsMissing, match="its projector makes them"):
        answering(empty)


def test_a_database_that_does_not_answer_is_told() -> None:
    """As everywhere."""
    with pytest.raises(DatabaseUnavailable):
        make_tables("postgresql://nobody@127.0.0.1:1/nothing", 2)
