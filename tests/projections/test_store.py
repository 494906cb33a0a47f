"""The transaction of a batch: everything of it becomes visible, or nothing."""

from collections.abc import Iterable

import psycopg
import pytest

from jauap.domain.events import ChainMended
from jauap.messaging.avro import Codec
from jauap.messaging.envelope import Message
from jauap.projections import queries
from jauap.projections.database import SCHEMA, Connection, DatabaseUnavailable, ModelsMissing, connect
from jauap.projections.partition import Partition
from jauap.projections.store import StateUnreadable, Store, Superseded
from tests.builders import CASE, a_communication, a_correction, a_forwarding, a_notice, day
from tests.logbook import Logbook
from tests.projections.stories import whole_case
from tests.projections.tables import everything, tables

pytestmark = pytest.mark.postgres

OTHER = "KAZ-4-2026"


def store_of(url: str) -> Store:
    """A session of a projector that reads all events."""
    return Store(url, Codec({}), partitions=2)


def write(store: Store, partitions: Iterable[Partition], messages: list[Message]) -> None:
    """Fold messages into their partitions and write one batch."""
    touched = []
    for partition in partitions:
        mine = [message for message in messages if message.partition == partition.number]
        partition.from_start = True  # when to doubt the log is the projector's business
        store.load(partition, partition.missing(mine))
        for message in mine:
            partition.take(message)
        if mine:
            touched.append(partition)
    store.write(touched)
    for partition in touched:
        partition.settle(keep=100)


def test_a_batch_is_visible_whole(postgres: str, connection: Connection) -> None:
    """Rows, history, folded cases and positions of several partitions appear together."""
    log, store = Logbook(2), store_of(postgres)
    log.write(*whole_case())
    log.write(a_communication(), case_id=OTHER)
    write(store, store.take_over([0, 1]), log.messages)
    store.close()
    assert len(queries.cases(connection)) == 2
    assert len(queries.history(connection, CASE)) == len(whole_case())
    ends = {(row.topic, row.partition): row.next_offset for row in queries.positions(connection)}
    assert ends == log.ends()


def test_a_zombie_s_batch_fails_and_leaves_nothing(postgres: str, connection: Connection) -> None:
    """Whoever's partitions were taken over can't write any more, and nothing of its batch is visible."""
    log, zombie, owner = Logbook(2), store_of(postgres), store_of(postgres)
    log.write(*whole_case())
    old, new = zombie.take_over([0, 1]), owner.take_over([0, 1])
    with pytest.raises(Superseded):
        write(zombie, old, log.messages)
    assert not any(tables(connection).values())
    write(owner, new, log.messages)
    assert len(queries.cases(connection)) == 1
    zombie.close()
    owner.close()


def test_an_offset_that_was_moved_on_is_noticed(postgres: str, connection: Connection) -> None:
    """Positions are compared and not only epochs: what was moved on behind our back is not written over."""
    log, store = Logbook(2), store_of(postgres)
    held = store.take_over([0, 1])
    log.write(a_communication())
    connection.execute(b"UPDATE positions SET next_offset = 7")
    with pytest.raises(Superseded):
        write(store, held, log.messages)
    store.close()


def test_a_failing_batch_leaves_the_one_before(
    postgres: str, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the session is lost in the middle of a batch, everything is as it was before it."""
    log, store = Logbook(2), store_of(postgres)
    held = store.take_over([0, 1])
    write(store, held, log.write(a_communication()))
    before = everything(connection)

    def cut_off(*_: object) -> None:
        raise psycopg.OperationalError("the session was killed")

    monkeypatch.setattr(Store, "_write_history", cut_off)
    with pytest.raises(DatabaseUnavailable):
        write(store, held, log.write(a_forwarding(), a_notice()))
    assert everything(connection) == before
    store.close()


@pytest.mark.parametrize("size", [1, 3, 7])
def test_going_on_from_what_is_stored_equals_a_fold_from_the_start(
    postgres: str, connection: Connection, size: int
) -> None:
    """Whatever the size of the batches, and with memory forgotten after each, tables and state are the same."""
    log = Logbook(2)
    log.write(*whole_case())
    log.write(*whole_case(), case_id=OTHER)
    whole = store_of(postgres)
    write(whole, whole.take_over([0, 1]), log.messages)
    at_once = everything(connection)
    for partition in whole.take_over([0, 1]):
        whole.drop(partition)
    assert not any(everything(connection).values())
    for start in range(0, len(log.messages), size):
        write(whole, whole.take_over([0, 1]), log.messages[start : start + size])
    whole.close()
    assert everything(connection) == at_once


def damaged(message: Message) -> Message:
    """A record whose value was changed after it was written."""
    return message._replace(value=(message.value or b"") + b"!")


def test_a_broken_case_keeps_its_last_rows_and_is_marked(postgres: str, connection: Connection) -> None:
    """Since when and why it stands still is shown, across sessions; the other cases flow on."""
    log, store = Logbook(2), store_of(postgres)
    write(store, store.take_over([0, 1]), log.write(a_communication(subject="Housing")))
    broken, later = log.write(a_correction(subject="Tampered"), a_correction(subject="Later"))
    write(store, store.take_over([0, 1]), [damaged(broken), later, *log.write(a_communication(), case_id=OTHER)])
    store.close()
    row = queries.case(connection, CASE)
    assert row is not None
    assert row.subject == "Housing"
    assert row.stands_still_why == f"broken: jauap.intake.events at offset {broken.offset}"
    assert row.stands_still_since is not None
    assert row.stands_still_since.timestamp() * 1000 == broken.timestamp
    assert queries.case(connection, OTHER) is not None


def test_a_mended_case_goes_on_without_the_mark(postgres: str, connection: Connection) -> None:
    """Once the chain is mended, on its last good head, the mark goes and records count again."""
    log, store = Logbook(2), store_of(postgres)
    write(store, store.take_over([0, 1]), log.write(a_communication(subject="Housing")))
    lost = log.next("intake", a_correction(subject="Never arrived"))
    write(store, store.take_over([0, 1]), [gap := log.append("intake", a_correction(subject="Beyond"))])
    log.head("intake", CASE, back_to=lost)
    mending = log.append("intake", ChainMended(break_offset=gap.offset, reason="Disk"))
    write(store, store.take_over([0, 1]), [mending, log.append("intake", a_correction(subject="Water"))])
    store.close()
    row = queries.case(connection, CASE)
    assert row is not None
    assert (row.subject, row.stands_still_since, row.stands_still_why) == ("Water", None, None)
    assert connection.execute(b"SELECT count(*) FROM case_state WHERE since <> '{}'").fetchall() == [(0,)]
    assert [entry.event for entry in queries.history(connection, CASE)] == [
        "CommunicationReceived",
        "ChainMended",
        "CommunicationCorrected",
    ]


class OlderCodec(Codec):
    """A release that does not know one schema yet."""

    def decode(self, dataschema: str, payload: bytes, kinds: object) -> object:  # type: ignore[override]
        """Fail as a codec does for a release that is not installed."""
        if ":CommunicationForwarded:" in dataschema:
            raise LookupError("not in this release")
        return super().decode(dataschema, payload, kinds)  # type: ignore[arg-type]


def parked_by_an_older_release(url: str, log: Logbook) -> None:
    """A whole case and another one, read by a release that parks the first."""
    log.write(*whole_case())
    log.write(a_communication(), case_id=OTHER)
    old = Store(url, OlderCodec({}), partitions=2)
    write(old, old.take_over([0, 1]), log.messages)
    old.close()


def test_a_parked_case_keeps_its_last_rows_and_its_later_records(postgres: str, connection: Connection) -> None:
    """What can't be read stops its case only: it shows since when and why, and its records are kept in order."""
    log = Logbook(2)
    parked_by_an_older_release(postgres, log)
    row = queries.case(connection, CASE)
    assert row is not None
    assert (row.status, row.reply_due) == ("received", day("09-01"))
    assert row.stands_still_why is not None
    assert row.stands_still_why.startswith("parked: jauap.routing.events partition ")
    assert row.stands_still_since is not None
    waiting = [message for message in log.messages if message.key == CASE.encode()][5:]
    store = store_of(postgres)
    kept = [message for partition in store.take_over([0, 1]) for message in store.waiting(partition)]
    store.close()
    assert kept == waiting
    other = queries.case(connection, OTHER)
    assert other is not None
    assert other.stands_still_since is None


def test_parked_records_are_redriven_in_order(postgres: str, connection: Connection) -> None:
    """A release that can read them folds them in order: tables and state are as if they had never waited."""
    log = Logbook(2)
    parked_by_an_older_release(postgres, log)
    store = store_of(postgres)
    for partition in store.take_over([0, 1]):
        partition.redrive(store.waiting(partition))
        store.write([partition])
        partition.settle(keep=100)
        assert store.waiting(partition) == []
    redriven = everything(connection)
    for partition in store.take_over([0, 1]):
        store.drop(partition)
    write(store, store.take_over([0, 1]), log.messages)
    store.close()
    assert everything(connection) == redriven


def test_a_redrive_that_fails_keeps_what_waits(postgres: str, connection: Connection) -> None:
    """The same release tries again in vain: the same records wait, the same rows stay."""
    log = Logbook(2)
    parked_by_an_older_release(postgres, log)
    before = everything(connection)
    old = Store(postgres, OlderCodec({}), partitions=2)
    for partition in old.take_over([0, 1]):
        waiting = old.waiting(partition)
        partition.redrive(waiting)
        old.write([partition])
        assert old.waiting(partition) == waiting
    old.close()
    assert everything(connection) == before


# --- tables made anew ---


def test_tables_of_another_deployment_are_made_anew(postgres: str, connection: Connection) -> None:
    """Another partition count is another log."""
    Store(postgres, Codec({}), partitions=5).close()
    assert connection.execute(b"SELECT partitions FROM deployment").fetchall() == [(5,)]


def test_an_epoch_is_never_used_again(postgres: str, connection: Connection) -> None:
    """Not even after everything was dropped and made anew: a zombie from before can't pass for the owner."""
    zombie = store_of(postgres)
    old = zombie.take_over([0, 1])
    connection.execute(f"DROP SCHEMA {SCHEMA} CASCADE".encode())
    owner = store_of(postgres)
    new = owner.take_over([0, 1])
    assert new[0].epoch > old[0].epoch
    with pytest.raises(Superseded):
        zombie.write(old)
    zombie.close()
    owner.close()


def test_a_state_that_can_t_be_read_is_told(postgres: str, connection: Connection) -> None:
    """What another release packed is not guessed at: its partition must be folded anew."""
    log, store = Logbook(2), store_of(postgres)
    messages = log.write(a_communication())
    write(store, store.take_over([0, 1]), messages)
    connection.execute(rb"UPDATE case_state SET folded = '\x00'")
    with pytest.raises(StateUnreadable) as told:
        write(store, store.take_over([0, 1]), messages)
    assert told.value.partition.number == messages[0].partition
    store.close()


def test_a_database_without_tables_says_what_to_do(server: str) -> None:
    """Who asks before the projector ever ran hears that it must run."""
    with connect(server) as empty, pytest.raises(ModelsMissing, match="projector"):
        queries.cases(empty)


def test_a_database_that_does_not_answer_is_unavailable() -> None:
    """No PostgreSQL at the address: one exception of ours, that passes."""
    with pytest.raises(DatabaseUnavailable):
        connect("postgresql://nobody@127.0.0.1:1/nothing")
