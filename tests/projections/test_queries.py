"""Questions to the read models, as the command line asks them."""

import msgspec
import pytest

from jauap.domain.case import CALENDAR
from jauap.projections import queries
from jauap.projections.database import Connection
from tests.builders import (
    CASE,
    a_calendar_act,
    a_communication,
    a_merger,
    a_withdrawal,
    by,
    day,
)
from tests.logbook import Logbook
from tests.projections.stories import REFUSAL, started, whole_case
from tests.projections.test_store import damaged, store_of, write

pytestmark = pytest.mark.postgres

TWIN, MERGED, LATER = "MFA-12-1", "MFA-12-2", "KAZ-9-2026"


@pytest.fixture(autouse=True)
def log(postgres: str) -> Logbook:
    """The whole case; a twin and a merged one with its reference; a later one with an open clock; the calendar."""
    log, store = Logbook(2), store_of(postgres)
    log.write(*whole_case())
    log.write(a_communication(registry_number="12-1", received_on=day("06-02")), case_id=TWIN)
    log.write(a_communication(registry_number="12-2", received_on=day("06-01")), a_merger(), case_id=MERGED)
    log.write(
        a_communication(reference="KAZ 9/2026", received_on=day("06-08")),
        started("14-5(1)", "intake:1", day("06-15")),
        msgspec.structs.replace(started("14-8(1)", "intake:1"), due=None, safe=None, absent="no date"),
        case_id=LATER,
    )
    log.write(a_calendar_act(), case_id=CALENDAR)
    write(store, store.take_over([0, 1]), log.messages)
    store.close()
    return log


def test_cases_come_by_receipt_without_the_calendar(connection: Connection) -> None:
    """The last received first; the calendar is no communication."""
    assert [row.case_id for row in queries.cases(connection)] == [LATER, CASE, TWIN, MERGED]


def test_cases_can_be_asked_for_by_status(connection: Connection) -> None:
    """Only those at this stage."""
    assert [row.case_id for row in queries.cases(connection, status="published")] == [CASE]


def test_a_calendar_that_stands_still_is_shown_among_the_cases(
    postgres: str, connection: Connection, log: Logbook
) -> None:
    """A broken calendar stops clocks everywhere: nobody should have to look for it."""
    store = store_of(postgres)
    write(store, store.take_over([0, 1]), [damaged(log.append("intake", a_calendar_act(act="other"), CALENDAR))])
    store.close()
    assert [row.case_id for row in queries.cases(connection) if row.stands_still_since] == [CALENDAR]


def test_a_reference_held_twice_is_reported(connection: Connection) -> None:
    """Each holder names the others; a merged duplicate is settled, and no longer named."""
    also = {row.case_id: row.also for row in queries.cases(connection)}
    assert also == {CASE: (TWIN,), TWIN: (CASE,), MERGED: (), LATER: ()}
    row = queries.case(connection, TWIN)
    assert row is not None
    assert row.also == (CASE,)


def test_an_unknown_case_is_none(connection: Connection) -> None:
    """Asking for what is not on record is no error."""
    assert queries.case(connection, "KAZ-1-1999") is None
    assert queries.history(connection, "KAZ-1-1999") == []


def test_history_comes_in_the_order_in_which_it_was_recorded(connection: Connection, log: Logbook) -> None:
    """All services' records of the case in one sequence, refusals among them."""
    rows = queries.history(connection, CASE)
    assert [row.event_id for row in rows] == [
        dict(message.headers)["ce_hash"].decode()  # type: ignore[union-attr]
        for message in log.messages
        if message.key == CASE.encode()
    ]
    assert [row.sentence for row in rows if row.refused] == [
        "SendResponse was refused (signatory): Fill it in, 14-8(1)."
    ]


def test_a_withdrawn_entry_stays_visible(connection: Connection) -> None:
    """It says which record withdrew it, and that record says which entry."""
    rows = {(row.service, row.sequence): row for row in queries.history(connection, CASE)}
    assert rows["publication", 2].withdrawn_by == 3
    assert rows["publication", 3].withdraws == 2
    assert [at for at, row in rows.items() if row.withdrawn_by is not None] == [("publication", 2)]


def test_the_instants_of_history_are_utc(connection: Connection) -> None:
    """Whatever the server's time zone is; and a program can read the row as JSON."""
    row = queries.history(connection, CASE)[0]
    again = msgspec.json.decode(msgspec.json.encode(row))
    assert again["recorded_at"] == "2026-06-03T09:01:00Z"
    assert again["data"]["reference"] == "KAZ 3/2026"


def test_deadlines_show_what_is_to_be_done_by_due_date(connection: Connection) -> None:
    """Of all cases: open and missed clocks, those without a date last, with the days left to the day to act by."""
    rows = queries.deadlines(connection, today=day("06-08"))
    assert [(row.case_id, row.clock, row.state, row.days_left) for row in rows] == [
        (CASE, "asked/GPO", "missed", 7),
        (LATER, "14-5(1)", "open", 1),
        (LATER, "14-8(1)", "open", None),
    ]


@pytest.mark.parametrize(("within", "clocks"), [(0, []), (1, ["14-5(1)"]), (7, ["asked/GPO", "14-5(1)"])])
def test_deadlines_within_days_go_by_the_day_to_act_by(connection: Connection, within: int, clocks: list[str]) -> None:
    """The safe date is the one that people are told to meet; what has no date can't come near."""
    rows = queries.deadlines(connection, today=day("06-08"), within=within)
    assert [row.clock for row in rows] == clocks


def test_what_is_past_is_within_any_days(connection: Connection) -> None:
    """A missed clock is not forgotten because its day is over."""
    rows = queries.deadlines(connection, today=day("12-31"), within=0)
    assert [row.clock for row in rows] == ["asked/GPO", "14-5(1)"]


def test_missed_deadlines_are_met_late_or_not_at_all(connection: Connection) -> None:
    """Both are shown, and can be told apart."""
    rows = queries.deadlines(connection, today=day("06-08"), missed=True)
    assert [(row.clock, row.state) for row in rows] == [("14-5(2)", "met-late"), ("asked/GPO", "missed")]


def test_deadlines_of_a_case_are_all_its_clocks(connection: Connection) -> None:
    """Met ones too."""
    assert len(queries.deadlines(connection, today=day("06-08"), case_id=CASE)) == 5


def test_findings_and_bodies_of_one_case_or_of_all(connection: Connection) -> None:
    """Without a case, everybody's."""
    assert queries.findings(connection) == queries.findings(connection, CASE) != []
    assert queries.findings(connection, LATER) == []
    assert [row.body for row in queries.agency_matrix(connection)] == ["GPO", "MIA", "MOJ"]
    assert queries.agency_matrix(connection, LATER) == []


def test_a_command_can_be_followed_to_its_record(postgres: str, connection: Connection, log: Logbook) -> None:
    """What became of it: the event or the refusal; None while nothing is projected."""
    refused = log.append("routing", by("routing", REFUSAL)[1], LATER)
    command_id = dict(refused.headers)["ce_commandid"].decode()  # type: ignore[union-attr]
    assert queries.command(connection, command_id) is None
    store = store_of(postgres)
    write(store, store.take_over([0, 1]), [refused, log.append("intake", a_withdrawal(1), LATER)])
    store.close()
    row = queries.command(connection, command_id)
    assert row is not None
    assert (row.case_id, row.refused, row.data["code"]) == (LATER, True, "LeftOpen")


def test_positions_tell_how_far_each_partition_is(connection: Connection, log: Logbook) -> None:
    """With the ends of the topics, that is the lag: here there is none."""
    assert {(row.topic, row.partition): row.next_offset for row in queries.positions(connection)} == log.ends()


def test_how_often_a_clock_was_set(connection: Connection) -> None:
    """Each clock of the cases asked for, with its changes after the start; what only tells of it is no change."""
    found = {(row.case_id, row.clock): row.changes for row in queries.clock_changes(connection, [CASE, LATER])}
    assert found[CASE, "asked/MIA"] == 3
    assert found[CASE, "14-5(1)"] == 1
    assert found[LATER, "14-5(1)"] == 0
    assert queries.clock_changes(connection, []) == []
