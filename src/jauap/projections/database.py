"""A connection to the read models, and what may pass when it fails."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import msgspec
import psycopg
from psycopg import errors
from psycopg.rows import RowMaker

from jauap.domain.facts import Value
from jauap.projections import address

Connection = psycopg.Connection[tuple[Any, ...]]
Row = tuple[Any, ...]

V = TypeVar("V", bound=Value)

GENERATION = 4
"""Of the tables. Raise it when a table, an index, a row, a sentence or `Case` changes its form: each generation has a
schema of its own, which its release's projector makes and folds beside the older one (docs/decisions/0012).
"""
FIRST = 3
"""The generation of release 0.1.0, whose schema has no number."""


def schema_of(generation: int) -> str:
    """The name of a generation's schema."""
    return "jauap" if generation == FIRST else f"jauap_{generation}"


SCHEMA = schema_of(GENERATION)
"""Nothing outside of it is read or written. Sessions have its name: so PostgreSQL tells who uses which generation."""
CONNECT_SECONDS = 5
OPTIONS = f"-c search_path={SCHEMA} -c timezone=UTC"
GONE = (errors.UndefinedTable, errors.InvalidSchemaName, errors.UndefinedColumn)


class DatabaseUnavailable(Exception):
    """PostgreSQL did not answer, or lost the session; try again."""


class ModelsMissing(DatabaseUnavailable):
    """The read models of this release are not there yet: its projector makes them when it starts; see that it runs."""


class NotAllowed(DatabaseUnavailable):
    """The role that logs in may not do this; the message is PostgreSQL's. See docs/how-to/rebuild-a-read-model.md."""


def connect(url: str) -> Connection:
    """Connect to this release's tables at a PostgreSQL URL, whether or not they are there; instants come in UTC.

    Raises DatabaseUnavailable, also for a URL that can't be used: a password's file may come back.
    """
    try:
        told = address.parameters(url)
    except address.WrongAddress as wrong:
        raise DatabaseUnavailable(f"{address.VARIABLE} {wrong}") from None
    ours = {"options": OPTIONS, "connect_timeout": CONNECT_SECONDS, "application_name": SCHEMA}
    with reaching():
        return psycopg.connect(**{**told, **ours}, autocommit=True)


@contextmanager
def reaching() -> Iterator[None]:
    """Turn errors that pass, or that a restart of the projector heals, into DatabaseUnavailable."""
    try:
        yield
    except GONE as error:
        raise ModelsMissing(ModelsMissing.__doc__) from error
    except errors.InsufficientPrivilege as error:
        raise NotAllowed(" ".join(str(error).split())) from error
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
