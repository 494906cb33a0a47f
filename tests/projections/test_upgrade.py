"""A release's tables beside those of the releases before it, from the databases that those had."""

import gzip
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count

import psycopg
import pytest
from psycopg import sql

from jauap.messaging.avro import Codec
from jauap.messaging.envelope import Message
from jauap.messaging.log import Place, Trouble
from jauap.projections import generations, queries, rebuild, statements
from jauap.projections.database import FIRST, GENERATION, SCHEMA, Connection, Row, connect, schema_of
from jauap.projections.generations import BeingMade, answering
from jauap.projections.models import HISTORY, NAMES
from services.projector import run
from services.projector.run import Projector
from tests.contracts.golden import replay
from tests.logbook import Logbook, LogbookEnds, LogbookReader
from tests.projections.conftest import named
from tests.projections.releases.__main__ import FOLDER, logbook
from tests.projections.tables import everything

pytestmark = pytest.mark.postgres

RELEASES = {"0.1.0": FIRST}
"""The releases whose database is kept, and the generation of each."""
NUMBERS = count(1)
TURNS = 50


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again at once."""
    monkeypatch.setattr(run, "PAUSE_SECONDS", 0.0)


def test_every_recorded_release_is_tested() -> None:
    """Nothing is left over, in either direction."""
    assert sorted(path.parent.name for path in FOLDER.glob("*/database.sql.gz")) == sorted(RELEASES)


class Upgrade:
    """A database of a release, and the log that it was made of."""

    def __init__(self, release: str, url: str) -> None:
        self.release, self.url = release, url
        self.schema = schema_of(RELEASES[release])
        self.log = logbook(replay.load(release))
        self.older = psycopg.connect(
            url, autocommit=True, application_name=self.schema, options=f"-c search_path={self.schema} -c timezone=UTC"
        )
        """A session as that release's projector and readers have it."""

    def statements(self, file: str) -> Mapping[str, bytes]:
        """That release's statements of a file."""
        return statements.parsed((FOLDER / self.release / f"{file}.sql").read_text(encoding="utf-8"))

    def rows(self) -> dict[str, list[Row]]:
        """Every row of every table of that release."""
        return {
            name: sorted(self.older.execute(sql.SQL("TABLE {}").format(sql.Identifier(name))).fetchall(), key=repr)
            for (name,) in self.older.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = %s", (self.schema,)
            ).fetchall()
        }

    def projector(self) -> Projector:
        """This release's, which has read nothing yet."""
        return projector_on(self.url, self.log)


def projector_on(database: str, log: Logbook) -> Projector:
    """This release's projector, which has read nothing yet."""
    projector = Projector(
        database,
        source=LogbookReader(log),
        past=LogbookReader(log),
        ends=LogbookEnds(log),
        codec=Codec({}),
        partitions=log.partitions,
    )
    projector.start()
    return projector


def fold(projector: Projector) -> None:
    """Go round until the tables may be asked."""
    for _ in range(TURNS):
        projector.turn(0)
        if projector.ready:
            return
    pytest.fail(f"not ready after {TURNS} turns")


@contextmanager
def database_of(server: str, release: str) -> Iterator[str]:
    """A database as a release left it."""
    name = f"upgrade_{release.replace('.', '_')}_{next(NUMBERS)}_{id(server)}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        with psycopg.connect(named(server, name), autocommit=True) as loading:
            loading.execute(gzip.decompress((FOLDER / release / "database.sql.gz").read_bytes()))
        yield named(server, name)
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.mark.parametrize("release", RELEASES)
def test_what_a_release_brought_is_not_changed_within_its_generation(server: str, postgres: str, release: str) -> None:
    """The generation is raised when a table, an index, a row or a folded case differs, and only then."""
    with database_of(server, release) as url:
        then = Upgrade(release, url)
        was = form_and_rows(then.older, then.schema)
        then.older.close()
    projector = projector_on(postgres, logbook(replay.load(release)))
    fold(projector)
    projector.close()
    with connect(postgres) as connection:
        differs = form_and_rows(connection, SCHEMA) != was
    assert differs == (RELEASES[release] < GENERATION)


def form_and_rows(connection: Connection, schema: str) -> dict[str, list[Row]]:
    """The columns and indexes of a schema's tables, and the rows that the log makes."""
    columns = "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = %s"
    indexes = "SELECT tablename, replace(indexdef, %s || '.', '') FROM pg_indexes WHERE schemaname = %s"
    return {
        "columns": sorted(connection.execute(columns, (schema,)).fetchall()),
        "indexes": sorted(connection.execute(indexes, (schema, schema)).fetchall()),
        **everything(connection),
    }


@pytest.fixture(params=[release for release, number in RELEASES.items() if number < GENERATION])
def upgrade(server: str, request: pytest.FixtureRequest) -> Iterator[Upgrade]:
    """The database of each release whose generation is an older one."""
    with database_of(server, request.param) as url:
        made = Upgrade(request.param, url)
        yield made
        made.older.close()


def test_a_newer_release_leaves_the_older_tables_as_they_are(upgrade: Upgrade) -> None:
    """Row for row, in every table; and its own are complete: as many cases and records, and equal to a rebuild."""
    before = upgrade.rows()
    projector = upgrade.projector()
    fold(projector)
    assert upgrade.rows() == before
    with answering(upgrade.url) as connection:
        made = everything(connection)
        for name in ("cases", HISTORY, "case_state"):
            assert {row[0] for row in made[name]} == {row[0] for row in before[name]}
            assert len(made[name]) == len(before[name])
        rebuild.replace(connection, LogbookReader(upgrade.log), NAMES)
        assert everything(connection) == made
    projector.close()


def test_the_older_release_goes_on_writing_meanwhile(upgrade: Upgrade) -> None:
    """Its projector's own statements, between the turns of the newer one's: they neither wait nor fail nor are seen."""
    before = upgrade.rows()
    projector, places = upgrade.projector(), sorted(upgrade.log.places)
    upgrade.older.execute("SET lock_timeout = '1s'")
    for _ in range(3):
        projector.turn(0)
        write_as_before(upgrade, places)
    fold(projector)
    write_as_before(upgrade, places)
    after = upgrade.rows()
    assert {name: rows for name, rows in after.items() if name != "positions"} == {
        name: rows for name, rows in before.items() if name != "positions"
    }
    assert [row[:3] for row in after["positions"]] == [row[:3] for row in before["positions"]]
    with answering(upgrade.url) as connection:
        assert {row.epoch for row in queries.positions(connection)}.isdisjoint(row[4] for row in after["positions"])
    projector.close()


def write_as_before(upgrade: Upgrade, places: list[Place]) -> None:
    """A batch as the older projector writes it: all rows of all cases, taken out and put in again."""
    own = upgrade.statements("schema")
    numbers = sorted({number for _, number in places})
    with upgrade.older.transaction(), upgrade.older.cursor() as cursor:
        cursor.execute(own["lock"])
        assert cursor.execute(own["version"]).fetchone() == (RELEASES[upgrade.release], len(numbers))
        cursor.execute(own["take_over"], {"topics": sorted({topic for topic, _ in places}), "numbers": numbers})
        held = cursor.execute(own["hold"], (numbers,)).fetchall()
        assert len(held) == len(places)
        case_ids = [row[0] for row in cursor.execute("SELECT case_id FROM case_state").fetchall()]
        for name in (one for one in NAMES if one != HISTORY):
            rows = taken_out(cursor, name)
            cursor.execute(upgrade.statements(name)["remove"], (case_ids,))
            put_in(cursor, upgrade.statements(name)["copy"], rows)
        states = taken_out(cursor, "case_state")
        cursor.execute(own["remove_state"], (case_ids,))
        put_in(cursor, own["copy_state"], states)
        cursor.execute(upgrade.statements(HISTORY)["receiving"])
        put_in(cursor, upgrade.statements(HISTORY)["receive"], taken_out(cursor, HISTORY))
        cursor.execute(upgrade.statements(HISTORY)["merge"])
        cursor.executemany(own["move"], [(offset, mark, *place) for place, (offset, mark) in marks(cursor).items()])


def marks(cursor: generations.Cursor) -> dict[Place, Row]:
    """Each position as it stands."""
    found = cursor.execute("SELECT topic, partition, next_offset, fingerprint FROM positions").fetchall()
    return {(topic, number): (offset, mark) for topic, number, offset, mark in found}


def taken_out(cursor: generations.Cursor, table: str) -> bytes:
    """All rows of a table, as COPY writes them."""
    with cursor.copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))) as copy:
        return b"".join(bytes(part) for part in copy)


def put_in(cursor: generations.Cursor, statement: bytes, rows: bytes) -> None:
    """COPY them in again."""
    with cursor.copy(statement) as copy:
        copy.write(rows)


def test_the_older_release_reads_its_own_all_the_time(upgrade: Upgrade) -> None:
    """Its questions get the same answers before, while and after the newer generation is made."""

    def asked() -> list[Row]:
        listed = upgrade.older.execute(upgrade.statements("cases")["list"], {"status": None}).fetchall()
        return [*listed, *upgrade.older.execute(upgrade.statements("schema")["positions"]).fetchall()]

    before, projector = asked(), upgrade.projector()
    projector.turn(0)
    assert asked() == before
    fold(projector)
    assert asked() == before
    projector.close()


def test_while_it_is_made_nobody_is_told_half_of_it(upgrade: Upgrade, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks hears how far it is and who answers meanwhile; both generations are listed."""
    monkeypatch.setattr(LogbookReader, "poll", in_small_parts)
    projector = upgrade.projector()
    projector.turn(0)
    projector.turn(0)
    with pytest.raises(BeingMade) as told:
        answering(upgrade.url)
    folded = int(str(told.value).partition(" %")[0].rpartition(" ")[2])
    assert 0 < folded < 99
    assert str(told.value) == (
        f"The tables of this release (generation {GENERATION}) are being made: {folded} % of the log is folded."
        f" The older ones are served by the older release (generation {RELEASES[upgrade.release]})."
    )
    with connect(upgrade.url) as connection:
        newer, older = generations.generations(connection)
        assert (newer.generation, newer.answers, newer.percent, newer.answers_since) == (
            GENERATION,
            False,
            folded,
            None,
        )
        assert (older.schema, older.answers, older.of_this_release) == (upgrade.schema, True, False)
        assert older.records == len(upgrade.log.messages)
        fold(projector)
        newer, _ = generations.generations(connection)
        assert (newer.answers, newer.percent, newer.records) == (True, 100, len(upgrade.log.messages))
    projector.close()


def in_small_parts(reader: LogbookReader, seconds: float, most: int = 0) -> list[Message | Trouble]:  # noqa: ARG001
    """A few records at each poll."""
    return whole(reader, 0, 40)


whole = LogbookReader.poll
