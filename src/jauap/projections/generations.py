"""Generations of tables: each release whose rows have another form has a schema of its own, beside the older one.

Nothing that is there is altered, so there is no way back to go. The projector of a newer release makes its generation
and folds it from the log, while the older release goes on writing and reading its own; it may be asked once it is as
far as the log. What no release uses any more is dropped by an explicit command. Every function may raise
DatabaseUnavailable.
"""

from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from typing import Any

import psycopg
import structlog
from psycopg import sql
from psycopg.rows import dict_row

from jauap.domain.facts import Value
from jauap.messaging.folding import SERVICE_OF
from jauap.projections import statements
from jauap.projections.database import (
    FIRST,
    GENERATION,
    SCHEMA,
    Connection,
    DatabaseUnavailable,
    ModelsMissing,
    NotAllowed,
    connect,
    reaching,
    schema_of,
)
from jauap.projections.models import HISTORY_SQL, MODELS, NAMES

log = structlog.get_logger(__name__)

SQL = statements.load("schema")
READER = "jauap_reader"
"""The role that may read, if the database has one; post, questions and auditors log in as members of it."""
READABLE = (*NAMES, "deployment", "positions")
"""What questions need: neither folded cases nor records that wait."""

Cursor = psycopg.Cursor[Any]


class BeingMade(DatabaseUnavailable):
    """The tables of this release are not as far as the log yet."""


class OtherDeployment(Exception):
    """The tables are of another number of partitions than this deployment has."""


class NoSuchGeneration(Exception):
    """There are no tables of this generation."""


class StillNeeded(Exception):
    """A generation that may not be dropped."""


class InUse(Exception):
    """Somebody is at work on a generation."""


class GenerationRow(Value, frozen=True, kw_only=True):
    """A generation of tables in the database."""

    generation: int
    schema: str
    of_this_release: bool
    answers: bool | None
    """Whether it may be asked: it was as far as the log. Null: this role may not know."""
    percent: int | None
    """How much of the log is folded; 100 once it may be asked. Null: this role may not know."""
    records: int | None
    """How many records are folded."""
    made_at: datetime | None
    """Null: its release did not note it."""
    answers_since: datetime | None
    moved_at: datetime | None
    """When a record was folded last."""
    size: int
    """In bytes, with indexes."""
    sessions: int
    """How many projectors, posts and questions are connected to it."""


# --- making ---


def make_tables(database: str, partitions: int) -> bool:
    """Make this release's tables if they are missing, and let the role READER read them if there is such a role.

    Idempotent, and safe beside others that do the same. Whether they were made now. Raises OtherDeployment: nothing
    was changed.
    """
    with closing(connect(database)) as connection:
        return make(connection, partitions, replacing=False)


def make(connection: Connection, partitions: int, *, replacing: bool = True) -> bool:
    """As `make_tables`; `replacing`: those of another deployment give way, since the log is what counts."""
    with reaching(), connection.transaction(), connection.cursor() as cursor:
        cursor.execute(SQL["lock"])
        found = _partitions(cursor)
        if found == partitions:
            if not replacing:
                _let_read(cursor)
            return False
        if found is not None and not replacing:
            raise OtherDeployment(
                f"the tables in {SCHEMA} are of {found} partitions, not {partitions}: drop the schema"
            )
        if found is not None:
            cursor.execute(_schema_statement("DROP SCHEMA {} CASCADE"))
        if found is not None or cursor.execute(SQL["schema"], (SCHEMA,)).fetchone() is None:
            cursor.execute(_schema_statement("CREATE SCHEMA {}"))
        for statements_of in (SQL, *(model.sql for model in MODELS.values()), HISTORY_SQL):
            cursor.execute(statements_of["create"])
        cursor.execute(SQL["enrol"], (GENERATION, partitions))
        _let_read(cursor)
    log.warning("tables made, everything is folded", generation=GENERATION, instead_of_partitions=found)
    return True


def _partitions(cursor: Cursor) -> int | None:
    if cursor.execute(SQL["exists"]).fetchone() != (True,):
        return None
    found = cursor.execute(SQL["partitions"]).fetchone()
    return None if found is None else int(found[0])


def _let_read(cursor: Cursor) -> None:
    if cursor.execute(SQL["role"], (READER,)).fetchone() != (True,):
        return
    cursor.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(sql.Identifier(SCHEMA), sql.Identifier(READER)))
    tables = sql.SQL(", ").join(sql.Identifier(SCHEMA, name) for name in READABLE)
    cursor.execute(sql.SQL("GRANT SELECT ON {} TO {}").format(tables, sql.Identifier(READER)))


def _schema_statement(text: Any) -> Any:  # noqa: ANN401 - psycopg takes literals only
    return sql.SQL(text).format(sql.Identifier(SCHEMA))


# --- asking ---


def answering(database: str) -> Connection:
    """Connect to this release's tables, if they may be asked. Raises ModelsMissing, NotAllowed, BeingMade."""
    connection = connect(database)
    try:
        check_answers(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def check_answers(connection: Connection) -> None:
    """Whether this release's tables may be asked. Raises ModelsMissing, NotAllowed, BeingMade."""
    with reaching():
        schema = connection.execute(SQL["schema"], (SCHEMA,)).fetchone()
        if schema == (False,):
            raise NotAllowed(f"this role may not read {SCHEMA}: make it a member of {READER}, and run jauap apply")
        standing = connection.execute(SQL["standing"]).fetchone()
        if standing is None:
            raise ModelsMissing(ModelsMissing.__doc__)
        answers, percent = _standing(standing)
        if not answers:
            others = [name for name, *_ in connection.execute(SQL["schemas"]).fetchall() if _number(name) < GENERATION]
            raise BeingMade(_being_made(percent, others))


def _standing(standing: Sequence[Any]) -> tuple[bool, int]:
    """Whether it may be asked, and how many percent of the log are folded."""
    partitions, taken, reached, folded, goal = standing
    wanted = partitions * len(SERVICE_OF)
    if reached == wanted:
        return True, 100
    return False, min(99, int(100 * folded // goal)) if goal and taken == wanted else 0


def _being_made(percent: int, others: Sequence[str]) -> str:
    text = f"The tables of this release (generation {GENERATION}) are being made: {percent} % of the log is folded."
    if not others:
        return text
    return f"{text} The older ones are served by the older release (generation {max(map(_number, others))})."


def _number(schema: str) -> int:
    digits = schema.rpartition("_")[2]
    return int(digits) if digits.isdigit() else FIRST


# --- which there are, and dropping ---


def generations(connection: Connection) -> list[GenerationRow]:
    """The generations that are there, the newest first."""
    with reaching():
        found = connection.execute(SQL["schemas"]).fetchall()
        rows = [_row(connection, schema, size or 0, may_read=may) for schema, may, size in found]
    return sorted(rows, key=lambda row: row.generation, reverse=True)


def _row(connection: Connection, schema: str, size: int, *, may_read: bool) -> GenerationRow:
    number = _number(schema)
    (sessions,) = connection.execute(SQL["sessions"], (schema,)).fetchone() or (0,)
    told: dict[str, Any] = _told(connection, schema) if may_read else {}
    answers, percent = None, None
    if told and number == FIRST:
        answers, percent = True, 100  # its release answers whatever is there, and notes nothing
    elif told:
        answers, percent = _standing([told[name] for name in ("partitions", "taken", "reached", "folded", "goal")])
    return GenerationRow(
        generation=number,
        schema=schema,
        of_this_release=number == GENERATION,
        answers=answers,
        percent=percent,
        records=told.get("records"),
        made_at=told.get("made_at"),
        answers_since=told.get("answers_since") if answers else None,
        moved_at=told.get("moved_at"),
        size=size,
        sessions=sessions,
    )


def _told(connection: Connection, schema: str) -> dict[str, Any]:
    """What a generation tells of itself. The rows are read as JSON: another release's may have other columns."""
    statement = sql.SQL(SQL["told"].decode()).format(
        sql.Identifier(schema, "deployment"), sql.Identifier(schema, "positions")
    )
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement).fetchone() or {}


def drop(connection: Connection, generation: int, *, in_use: bool = False) -> GenerationRow:
    """Drop a generation's tables; the log has it all. `in_use`: even if somebody is at work on it.

    Raises NoSuchGeneration; StillNeeded for the newest one that answers, whatever is said; InUse.
    """
    found = generations(connection)
    row = next((row for row in found if row.generation == generation), None)
    if row is None:
        there = ", ".join(str(row.generation) for row in found) or "none"
        raise NoSuchGeneration(f"There is no generation {generation}; there are: {there}.")
    if row == next((row for row in found if row.answers), None):
        raise StillNeeded(f"Generation {generation} is the newest that answers: it is not dropped.")
    if row.sessions and not in_use:
        raise InUse(
            f"{row.sessions} session{'s are' if row.sessions > 1 else ' is'} at work on generation {generation}:"
            " stop the projector, post and questions of its release first, or they will make it anew."
        )
    with reaching(), connection.transaction(), connection.cursor() as cursor:
        cursor.execute(SQL["patience"])
        cursor.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(schema_of(generation))))
    return row
