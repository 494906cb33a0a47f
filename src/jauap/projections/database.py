"""A connection to the read models, and what may pass when it fails."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import msgspec
import psycopg
from psycopg import errors
from psycopg.rows import RowMaker

from jauap.domain.facts import Value

Connection = psycopg.Connection[tuple[Any, ...]]
Row = tuple[Any, ...]

V = TypeVar("V", bound=Value)

CONNECT_SECONDS = 5
OPTIONS = "-c search_path=jauap -c timezone=UTC"
GONE = (errors.UndefinedTable, errors.InvalidSchemaName, errors.UndefinedColumn)


class DatabaseUnavailable(Exception):
    """PostgreSQL did not answer, or lost the session; try again."""


class ModelsMissing(DatabaseUnavailable):
    """The read models are not in the database yet: the projector makes them when it starts; see that it runs."""


def connect(url: str) -> Connection:
    """Connect to the read models at a PostgreSQL URL; instants come in UTC. Raises DatabaseUnavailable."""
    with reaching():
        return psycopg.connect(
            url, autocommit=True, options=OPTIONS, connect_timeout=CONNECT_SECONDS, application_name="jauap"
        )


@contextmanager
def reaching() -> Iterator[None]:
    """Turn errors that pass, or that a restart of the projector heals, into DatabaseUnavailable."""
    try:
        yield
    except GONE as error:
        raise ModelsMissing(ModelsMissing.__doc__) from error
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise DatabaseUnavailable(" ".join(str(error).split())) from error


@contextmanager
def snapshot(connection: Connection) -> Iterator[None]:
    """Let all questions that are asked inside see the tables as they were at the first one."""
    with reaching():
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with connection.transaction():
            yield


def as_rows(kind: type[V]) -> Callable[[psycopg.Cursor[Any]], RowMaker[V]]:
    """Make psycopg give rows as a frozen struct whose fields are named as the columns."""

    def maker(cursor: psycopg.Cursor[Any]) -> RowMaker[V]:
        names = [column.name for column in cursor.description or ()]

        def make(values: Sequence[Any]) -> V:
            return msgspec.convert(dict(zip(names, values, strict=True)), kind)

        return make

    return maker


@contextmanager
def copying(cursor: psycopg.Cursor[Any], statement: bytes) -> Iterator[Callable[[Iterable[Row]], None]]:
    """COPY rows into a table, as many times as there are some; nothing else can be done on the session meanwhile.

    No text in them holds a NUL character: the domain's types allow none.
    """
    with cursor.copy(statement) as copy:

        def take(rows: Iterable[Row]) -> None:
            for row in rows:
                copy.write_row(row)

        yield take


def copy_in(cursor: psycopg.Cursor[Any], statement: bytes, rows: Sequence[Row]) -> None:
    """As `copying`, once."""
    if rows:
        with copying(cursor, statement) as take:
            take(rows)
