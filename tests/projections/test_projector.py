"""The projector's loop: PostgreSQL says how far it is, and the log says whether that is true."""

from collections.abc import Callable, Iterator

import pytest
from structlog.testing import capture_logs

from jauap.domain.events import ChainMended, Event
from jauap.messaging.avro import Codec
from jauap.messaging.envelope import Message
from jauap.messaging.loop import TooManyParked
from jauap.projections import case_history, cases, queries
from jauap.projections.database import SCHEMA, Connection
from jauap.projections.models import MODELS
from jauap.projections.view import CaseView
from services.projector import run
from services.projector.run import Projector
from tests.builders import CASE, a_communication, a_correction, a_forwarding, a_notice, a_response, by
from tests.logbook import Logbook, LogbookEnds, LogbookReader
from tests.projections.stories import whole_case
from tests.projections.tables import end_other_sessions, everything
from tests.projections.test_store import OlderCodec, damaged

pytestmark = pytest.mark.postgres

OTHER = "KAZ-4-2026"
TURNS = 50


class Running:
    """A projector on a log in memory."""

    def __init__(self, database: str, log: Logbook, codec: Codec | None = None) -> None:
        self.log, self.reader = log, LogbookReader(log)
        self.projector = Projector(
            database,
            source=self.reader,
            past=LogbookReader(log),
            ends=LogbookEnds(log),
            codec=codec or Codec({}),
            partitions=log.partitions,
        )
        self.projector.start()

    def catch_up(self) -> None:
        """Go round until everything is visible."""
        for _ in range(TURNS):
            self.projector.turn(0)
            if self.projector.ready and self.positions() == self.log.ends():
                return
        pytest.fail(f"not caught up after {TURNS} turns")

    def positions(self) -> dict[tuple[str, int], int]:
        """How far it is, by its own account."""
        return {
            (topic, number): position.next
            for number, partition in self.projector._held.items()  # noqa: SLF001 - what it believes
            for topic, position in partition.positions.items()
        }


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again at once."""
    monkeypatch.setattr(run, "PAUSE_SECONDS", 0.0)


@pytest.fixture
def log() -> Logbook:
    """A whole case and a beginning, in two partitions."""
    log = Logbook(2)
    log.write(*whole_case())
    log.write(a_communication(), case_id=OTHER)
    return log


Make = Callable[..., Running]


@pytest.fixture
def start(postgres: str) -> Iterator[Make]:
    """Start projectors; they are stopped at the end."""
    running: list[Running] = []

    def starting(log: Logbook, codec: Codec | None = None) -> Running:
        running.append(Running(postgres, log, codec))
        return running[-1]

    yield starting
    for one in running:
        one.projector.close()


def afresh(start: Make, connection: Connection, log: Logbook) -> dict[str, list[tuple[object, ...]]]:
    """What a projector makes of this log from nothing."""
    connection.execute(f"DROP SCHEMA {SCHEMA} CASCADE".encode())
    start(log).catch_up()
    return everything(connection)


def test_what_is_written_becomes_visible(start: Make, connection: Connection, log: Logbook) -> None:
    """It catches up, says that it is ready, and follows what comes."""
    running = start(log)
    assert not running.projector.ready
    running.catch_up()
    assert len(queries.cases(connection)) == 2
    log.write(a_forwarding(), case_id=OTHER)
    running.projector.turn(0)
    row = queries.case(connection, OTHER)
    assert row is not None
    assert row.status == "forwarded"


def test_a_successor_goes_on_from_the_stored_positions(start: Make, connection: Connection, log: Logbook) -> None:
    """It folds what is new on top of the stored cases: everything equals a fold from the start."""
    start(log).catch_up()
    log.write(a_forwarding(), a_notice(), case_id=OTHER)
    start(log).catch_up()
    went_on = everything(connection)
    assert went_on == afresh(start, connection, log)


def test_two_projectors_on_the_same_partitions_do_no_harm(start: Make, connection: Connection, log: Logbook) -> None:
    """Whoever was superseded starts over; rows are the same as of one."""
    one, two = start(log), start(log)
    for at in range(10):
        log.write(a_correction(subject=f"Line {at}"), case_id=OTHER)
        one.projector.turn(0)
        two.projector.turn(0)
    one.catch_up()
    raced = everything(connection)
    assert raced == afresh(start, connection, log)


def test_a_killed_session_is_opened_again(start: Make, connection: Connection, log: Logbook) -> None:
    """PostgreSQL throws it out in the middle: it forgets what is in memory and goes on, having lost nothing."""
    running = start(log)
    running.catch_up()
    log.write(a_forwarding(), case_id=OTHER)
    end_other_sessions(connection)
    with capture_logs() as logs:
        running.catch_up()
    assert [line["event"] for line in logs if line["log_level"] == "warning"] == ["starting over from what is stored"]
    went_on = everything(connection)
    assert went_on == afresh(start, connection, log)


def test_a_dropped_schema_is_made_and_filled_again(start: Make, connection: Connection, log: Logbook) -> None:
    """PostgreSQL is derived and can be dropped at any time, also under a running projector."""
    running = start(log)
    running.catch_up()
    before = everything(connection)
    connection.execute(f"DROP SCHEMA {SCHEMA} CASCADE".encode())
    log.write(a_forwarding(), case_id=OTHER)
    running.catch_up()
    after = everything(connection)
    assert len(after["case_history"]) == len(before["case_history"]) + 1


def test_a_trouble_makes_it_compare_and_go_on(start: Make, connection: Connection, log: Logbook) -> None:
    """After an error it reads the last folded record again; it is the same, so nothing is folded twice."""
    running = start(log)
    running.catch_up()
    log.write(a_forwarding(), case_id=OTHER)
    running.reader.trouble()
    running.catch_up()
    went_on = everything(connection)
    assert went_on == afresh(start, connection, log)


def rewritten(log: Logbook, keep: int, *history: Event) -> None:
    """The log loses its tail at intake's records of the other case's partition, and grows again."""
    place = (log.messages[-1].topic, log.messages[-1].partition)
    log.cut(place, keep)
    log.forget(OTHER)
    log.write(*history, case_id=OTHER)


@pytest.mark.parametrize("notice", ["at a start", "after an error", "when the leader changes"])
def test_a_log_that_was_rewritten_is_folded_anew(
    start: Make, connection: Connection, log: Logbook, notice: str
) -> None:
    """Another record stands where the last one was folded: the partition's rows are dropped and made from the log."""
    running = start(log)
    running.catch_up()
    place = (log.messages[-1].topic, log.messages[-1].partition)
    end = len(log.places[place])
    rewritten(log, end - 1, a_communication(subject="Another letter"), a_correction(subject="Rewritten"))
    with capture_logs() as logs:
        if notice == "at a start":
            running = start(log)
        elif notice == "after an error":
            running.reader.trouble()
        else:
            log.new_leader(place)
        running.catch_up()
    assert "rows dropped, folding anew" in [line["event"] for line in logs]
    row = queries.case(connection, OTHER)
    assert row is not None
    assert row.subject == "Rewritten"
    dropped = everything(connection)
    assert dropped == afresh(start, connection, log)


@pytest.mark.parametrize("lost", [1, 2])
def test_a_log_that_ends_too_early_is_folded_anew(start: Make, connection: Connection, log: Logbook, lost: int) -> None:
    """A log that lost its tail ends before the position: rows of what it lost are gone, whatever the client says."""
    log.write(a_correction(subject="Lost"), a_correction(subject="Lost too"), case_id=OTHER)
    running = start(log)
    running.catch_up()
    place = (log.messages[-1].topic, log.messages[-1].partition)
    log.cut(place, len(log.places[place]) - lost)
    running.reader.trouble()
    running.catch_up()
    dropped = everything(connection)
    assert dropped == afresh(start, connection, log)


def test_a_stored_state_that_can_t_be_read_is_folded_anew(start: Make, connection: Connection, log: Logbook) -> None:
    """What another release packed is dropped with its partition, and made from the log."""
    running = start(log)
    running.catch_up()
    connection.execute(rb"UPDATE case_state SET folded = '\x00'")
    log.write(a_forwarding(), case_id=OTHER)
    running = start(log)
    running.catch_up()
    dropped = everything(connection)
    assert dropped == afresh(start, connection, log)


def test_a_release_that_can_read_them_redrives_parked_records(
    start: Make, connection: Connection, log: Logbook
) -> None:
    """An older release parks a case; the next start of a newer one folds what waited, in order."""
    old = start(log, OlderCodec({}))
    old.catch_up()
    assert [row.case_id for row in queries.cases(connection) if row.stands_still_since] == [CASE]
    log.write(a_response(), case_id=OTHER)
    old.catch_up()
    old.projector.close()
    start(log).catch_up()
    redriven = everything(connection)
    assert not [row for row in queries.cases(connection) if row.stands_still_since]
    assert redriven == afresh(start, connection, log)


def test_a_case_whose_history_can_t_be_told_is_parked(
    start: Make, connection: Connection, log: Logbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of ours in making a row stops that case as it was before the batch; it heals with the next release."""
    running = start(log)
    running.catch_up()
    before = [queries.case(connection, OTHER), queries.history(connection, OTHER)]

    def speechless(*_: object) -> None:
        raise RuntimeError("no words")

    with monkeypatch.context() as broken:
        broken.setattr(case_history, "sentence", speechless)
        log.write(a_forwarding(), a_notice(), case_id=OTHER)
        running.catch_up()
    row = queries.case(connection, OTHER)
    assert row is not None
    assert row.stands_still_why is not None
    assert row.stands_still_why.endswith("RuntimeError")
    assert [row.status, queries.history(connection, OTHER)] == ["received", before[1]]
    start(log).catch_up()
    healed = everything(connection)
    assert healed == afresh(start, connection, log)


def test_a_case_whose_rows_can_t_be_made_is_parked(
    start: Make, connection: Connection, log: Logbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same for rows that are made of the case: the other cases of the batch are written."""
    running = start(log)
    running.catch_up()

    def picky(view: CaseView) -> list[tuple[object, ...]]:
        if view.case.case_id == OTHER and view.standstill is None:
            raise RuntimeError("no row")
        return cases.rows(view)

    log.write(a_forwarding(), case_id=OTHER)
    log.write(a_correction(subject="Goes on"))
    with monkeypatch.context() as broken:
        broken.setitem(MODELS, "cases", MODELS["cases"]._replace(rows=picky))
        running.catch_up()
    found = {row.case_id: row for row in queries.cases(connection)}
    assert (found[OTHER].status, found[OTHER].stands_still_since is None) == ("received", False)
    assert found[CASE].subject == "Goes on"
    start(log).catch_up()
    healed = everything(connection)
    assert healed == afresh(start, connection, log)


def test_a_release_that_parks_too_much_stops(start: Make, log: Logbook, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bad release must not eat a topic."""
    monkeypatch.setattr(run, "MOST_PARKED", 1)
    log.write(a_forwarding(), case_id=OTHER)
    with pytest.raises(TooManyParked):
        start(log, OlderCodec({})).catch_up()


def test_memory_may_be_smaller_than_a_batch(
    start: Make, connection: Connection, log: Logbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cases that were forgotten are loaded again when a batch needs them."""
    for number in range(10, 20):
        log.write(a_communication(), case_id=f"KAZ-{number}-2026")
    with monkeypatch.context() as small:
        small.setattr(run, "CASES", 2)
        small.setattr(run, "BATCH", 3)
        small.setattr(run, "BEHIND", 3)
        running = start(log)
        running.catch_up()
        for number in range(10, 20):
            log.write(a_forwarding(), case_id=f"KAZ-{number}-2026")
        running.catch_up()
    little_by_little = everything(connection)
    assert little_by_little == afresh(start, connection, log)


@pytest.mark.parametrize("key", [None, b"", b"a\0b", b"\xff", b"KAZ-3-2026"])
def test_a_foreign_record_is_passed_over(start: Make, connection: Connection, log: Logbook, key: bytes | None) -> None:
    """What no service of ours wrote, whatever its key, moves the position and nothing else."""
    running = start(log)
    running.catch_up()
    before = everything(connection)
    place = ("jauap.routing.events", 1)
    stray = log.messages[0]._replace(topic=place[0], partition=1, key=key, headers=(), offset=len(log.places[place]))
    log.places[place].append(stray)
    running.catch_up()
    assert everything(connection) == before


def test_a_damaged_record_breaks_its_case_only(start: Make, connection: Connection, log: Logbook) -> None:
    """The rule of the chain is the services' own: the case is marked and the others flow on."""
    log.write(a_communication(), case_id="KAZ-5-2026")
    last: Message = log.messages[-1]
    log.replace(damaged(last))
    start(log).catch_up()
    standing = [(row.case_id, row.stands_still_why) for row in queries.cases(connection) if row.stands_still_since]
    assert standing == [("KAZ-5-2026", f"broken: {last.topic} at offset {last.offset}")]


def behind(log: Logbook) -> Message:
    """A record of the whole case that is neither its last nor the last of its topic."""
    log.write(a_correction(subject="Goes on"), a_correction(subject="And on"))
    log.write(a_correction(subject="Another's"), case_id=OTHER)
    found = log.places["jauap.intake.events", log.messages[0].partition]
    return next(message for message in found if message.key == CASE.encode())


@pytest.mark.parametrize("while_it_runs", [True, False])
def test_a_record_changed_behind_the_stored_position_breaks_its_case(
    start: Make, connection: Connection, log: Logbook, *, while_it_runs: bool
) -> None:
    """The next time that the partitions are taken over: the case is marked, and the others flow on."""
    target = behind(log)
    running = start(log)
    running.catch_up()
    log.replace(damaged(target))
    if while_it_runs:
        end_other_sessions(connection)
        log.write(a_forwarding(), case_id=OTHER)
        running.catch_up()
    else:
        running = start(log)
    for _ in range(TURNS):
        running.projector.turn(0)
    running.catch_up()
    standing = [(row.case_id, row.stands_still_why) for row in queries.cases(connection) if row.stands_still_since]
    assert standing == [(CASE, f"broken: {target.topic} at offset {target.offset}")]
    looked_back = everything(connection)
    assert looked_back == afresh(start, connection, log)


def test_a_whole_log_is_looked_through_once(start: Make, connection: Connection, log: Logbook) -> None:
    """Nothing is dropped when what lies behind is what was folded."""
    behind(log)
    start(log).catch_up()
    before = everything(connection)
    with capture_logs() as logs:
        running = start(log)
        for _ in range(TURNS):
            running.projector.turn(0)
    events = [line["event"] for line in logs]
    assert events.count("the log is what was folded") == 1
    assert "rows dropped, folding anew" not in events
    assert everything(connection) == before


def test_a_mending_of_a_break_that_it_never_saw_is_taken_in_by_all(
    start: Make, connection: Connection, log: Logbook
) -> None:
    """It had folded the record before it was changed; what counts after the mending is the same for every reader."""
    target = behind(log)
    running = start(log)
    running.catch_up()
    running.projector.turn(0)
    log.replace(damaged(target))
    log.forget(CASE)
    log.write(by("intake", ChainMended(break_offset=target.offset, reason="a changed record")))
    log.write(a_communication(subject="Entered again"))
    for _ in range(5):
        running.projector.turn(0)
    running.catch_up()
    row = queries.case(connection, CASE)
    assert row is not None
    assert (row.subject, row.stands_still_since) == ("Entered again", None)
    mended = everything(connection)
    assert mended == afresh(start, connection, log)
