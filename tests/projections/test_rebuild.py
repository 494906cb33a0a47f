"""Rebuilding a read model from the log: identical rows, in one transaction."""

import threading

import pytest

from jauap.messaging.avro import Codec
from jauap.messaging.log import Trouble
from jauap.projections import rebuild
from jauap.projections.database import Connection, connect
from jauap.projections.models import NAMES
from jauap.projections.rebuild import LogDiffers, Unreadable
from jauap.projections.store import Superseded
from tests.builders import a_communication, a_forwarding, a_treaty_request, a_visit_proposal
from tests.logbook import Logbook, LogbookReader
from tests.projections.stories import whole_case
from tests.projections.tables import damage, everything, tables
from tests.projections.test_store import damaged, parked_by_an_older_release, store_of, write

pytestmark = pytest.mark.postgres

CASES = [f"KAZ-{number}-2026" for number in range(3, 9)]


@pytest.fixture
def log(postgres: str) -> Logbook:
    """Six letters, a visit and a treaty procedure in two partitions, one letter broken, all projected."""
    log, store = Logbook(2), store_of(postgres)
    for case_id in CASES:
        log.write(*whole_case(), case_id=case_id)
    log.write(a_visit_proposal(), case_id="VISIT-03-12-2101")
    log.write(a_treaty_request(), case_id="TB-CCPR-4321-2026")
    place = ("jauap.intake.events", 0)
    log.replace(damaged(log.places[place][2]))
    write(store, store.take_over([0, 1]), log.messages)
    store.close()
    return log


@pytest.mark.parametrize("name", NAMES)
def test_a_rebuilt_model_has_identical_rows(connection: Connection, log: Logbook, name: str) -> None:
    """Also after someone has damaged its table by hand; the other models and the positions are not touched."""
    before, positions = everything(connection), connection.execute(b"SELECT * FROM positions").fetchall()
    damage(connection, name)
    assert tables(connection)[name] != before[name]
    rebuild.replace(connection, LogbookReader(log), [name])
    assert everything(connection) == before
    assert connection.execute(b"SELECT * FROM positions").fetchall() == positions


def test_all_models_are_rebuilt_in_one_go_with_progress(connection: Connection, log: Logbook) -> None:
    """The log is read once for all of them, and the caller hears how far it is."""
    before, heard = everything(connection), list[tuple[int, int]]()
    for name in NAMES:
        damage(connection, name)
    folded = rebuild.replace(connection, LogbookReader(log), NAMES, lambda done, total: heard.append((done, total)))
    assert everything(connection) == before
    assert heard[-1] == (folded, folded) == (len(log.messages), len(log.messages))


def test_a_rebuild_ends_where_the_projector_is(connection: Connection, log: Logbook) -> None:
    """What was written to the log since is the projector's: it stays out of the rebuilt model."""
    before = everything(connection)
    log.write(a_communication(), case_id="KAZ-99-2026")
    rebuild.replace(connection, LogbookReader(log), NAMES)
    assert everything(connection) == before


def test_a_parked_case_is_rebuilt_up_to_where_it_stands(postgres: str, connection: Connection) -> None:
    """A rebuild does not redrive: rows, history and mark of a parked case stay what they were."""
    log = Logbook(2)
    parked_by_an_older_release(postgres, log)
    before = everything(connection)
    rebuild.replace(connection, LogbookReader(log), NAMES)
    assert everything(connection) == before


def test_a_record_changed_behind_the_position_stops_a_rebuild(connection: Connection, log: Logbook) -> None:
    """Rows of another log than the projected one would be overwritten by the next record: nothing is changed."""
    before = everything(connection)
    place = ("jauap.intake.events", 1)
    log.replace(damaged(log.places[place][1]))
    with pytest.raises(LogDiffers, match="chains of KAZ"):
        rebuild.replace(connection, LogbookReader(log), ["cases"])
    assert everything(connection) == before


def test_an_unknown_model_is_named(connection: Connection) -> None:
    """A slip of the pen changes nothing, and the names that there are, are told."""
    with pytest.raises(KeyError, match="agency_matrix"):
        rebuild.replace(connection, LogbookReader(Logbook(2)), ["agencies"])


def test_another_log_changes_nothing(connection: Connection, log: Logbook) -> None:
    """If the log does not end with the record that was projected last, the rebuild gives up and leaves the rows."""
    before = everything(connection)
    place = ("jauap.publication.events", 1)
    log.replace(damaged(log.places[place][-1]))
    with pytest.raises(LogDiffers):
        rebuild.replace(connection, LogbookReader(log), NAMES)
    assert everything(connection) == before


def test_a_place_that_is_gone_changes_nothing(
    connection: Connection, log: Logbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the broker says that the records are gone, the rebuild gives up and leaves the rows."""
    before, reader = everything(connection), LogbookReader(log)
    monkeypatch.setattr(reader, "poll", lambda *_: [Trouble("out of range", ("jauap.intake.events", 0))])
    with pytest.raises(LogDiffers):
        rebuild.replace(connection, reader, NAMES)
    assert everything(connection) == before


def test_an_older_release_does_not_rebuild_what_it_can_t_read(
    connection: Connection, log: Logbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would park cases that the projector reads: it names the record and leaves the rows."""
    before = everything(connection)

    def unknown(*_: object) -> None:
        raise LookupError("not in this release")

    monkeypatch.setattr(Codec, "decode", unknown)
    with pytest.raises(Unreadable, match=r"jauap\..+\.events partition \d offset \d"):
        rebuild.replace(connection, LogbookReader(log), NAMES)
    assert everything(connection) == before


def test_a_running_projector_waits_and_goes_on(postgres: str, connection: Connection, log: Logbook) -> None:
    """A batch that comes during a rebuild is written after it, on top of the same rows."""
    store, written = store_of(postgres), threading.Event()
    held = store.take_over([0, 1])

    def project() -> None:
        write(store, held, log.write(a_communication(), a_forwarding(), case_id="KAZ-99-2026"))
        written.set()

    projecting = threading.Thread(target=project)

    def begin(done: int, _: int) -> None:
        if not projecting.ident:
            projecting.start()
        assert not written.wait(0.2), f"the projector wrote after {done} records, in the middle of the rebuild"

    rebuild.replace(connection, LogbookReader(log), NAMES, begin)
    assert written.wait(10.0)
    projecting.join()
    store.close()
    after = everything(connection)
    rebuild.replace(connection, LogbookReader(log), NAMES)
    assert everything(connection) == after
    assert any(row[0] == "KAZ-99-2026" for row in after["cases"])


def test_the_owner_stays_the_owner(postgres: str, connection: Connection, log: Logbook) -> None:
    """A rebuild takes no partition over: the projector's epoch stays valid."""
    store = store_of(postgres)
    held = store.take_over([0, 1])
    with connect(postgres) as other:
        rebuild.replace(other, LogbookReader(log), ["findings"])
    try:
        write(store, held, log.write(a_communication(), case_id="KAZ-99-2026"))
    except Superseded:
        pytest.fail("the rebuild took the partitions away")
    finally:
        store.close()
    assert len(tables(connection)["cases"]) == len(CASES) + 3
