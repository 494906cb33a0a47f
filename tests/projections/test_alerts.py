"""`alerts`: a row for each open alert with clock, officer and whom it reached; and what post asks beside it."""

import time
from datetime import UTC, datetime

import pytest

from jauap.domain.events import AlertAcknowledged
from jauap.projections import alerts, queries
from jauap.projections.alerts import AlertRow
from jauap.projections.database import Connection, connect, snapshot
from jauap.projections.view import CaseView, Standstill
from tests.builders import (
    CASE,
    PROCEDURE,
    a_communication,
    a_treaty_assignment,
    a_treaty_request,
    an_assignment,
    day,
    given,
)
from tests.domain.test_alerts import MET, a_move, a_start, not_told, told
from tests.logbook import Logbook
from tests.projections.test_rows import named
from tests.projections.test_store import store_of, write

AT = datetime(2026, 6, 10, tzinfo=UTC)


def test_an_alert_stands_with_its_clock_and_its_officer() -> None:
    """Whatever a message says of it comes from its row."""
    case = given(a_communication(), an_assignment(), a_start(), a_move(day("06-08")), told(2), not_told(2))
    (row,) = named(AlertRow, alerts.rows(CaseView(case, AT)))
    assert {name: row[name] for name in ("case_id", "alert", "clock", "kind", "paragraph", "reference")} == {
        "case_id": CASE, "alert": 2, "clock": "14-5(1)", "kind": "moved-earlier", "paragraph": "14-5(1)",
        "reference": "KAZ 3/2026",
    }  # fmt: skip
    assert (row["due"], row["act_by"], row["previous"]) == (day("06-08"), day("06-08"), day("06-09"))
    assert (row["officer"], row["deputy"], row["level"], row["stands_still"]) == ("OFFICER-7", "OFFICER-3", 0, False)


def test_the_body_that_leads_a_treaty_procedure_is_told() -> None:
    """Its clocks are nobody's on record; who leads is in the case."""
    asked = given(
        a_treaty_request(reply_due=day("07-02")), a_treaty_assignment("MOJ"), a_start(clock="14-11/1", estimated=True),
        case_id=PROCEDURE,
    )  # fmt: skip
    (row,) = named(AlertRow, alerts.rows(CaseView(asked, AT)))
    assert (row["clock"], row["body"]) == ("14-11/1", "MOJ")


def test_a_case_without_open_alerts_has_no_row_and_one_that_stands_still_says_so() -> None:
    """Closed alerts are history."""
    assert alerts.rows(CaseView(given(a_communication(), a_start(), a_move(day("06-08")), MET), AT)) == []
    still = CaseView(given(a_communication(), a_start(), a_move(day("06-08"))), AT, Standstill(AT, "parked"))
    assert named(AlertRow, alerts.rows(still))[0]["stands_still"] is True


@pytest.mark.postgres
def test_open_alerts_are_asked_for(postgres: str, connection: Connection) -> None:
    """By the day to act by; those taken notice of only if asked for; deliveries come back as they were."""
    log, store = Logbook(2), store_of(postgres)
    log.write(a_communication(), an_assignment(), a_start(), a_move(day("06-08")), told(2))
    notice = AlertAcknowledged(alert=1, by="OFFICER-7", acknowledged_on=day("06-09"))
    log.write(a_communication(reference="KAZ 9/2026"), a_start(estimated=True), notice, case_id="KAZ-9-2026")
    write(store, store.take_over([0, 1]), log.messages)
    store.close()
    (row,) = queries.alerts(connection)
    (delivery,) = row.deliveries
    assert (row.case_id, delivery.recipient, delivery.on, delivery.fault) == (CASE, "OFFICER-7", day("06-08"), None)
    found = queries.alerts(connection, taken_notice_of=True)
    assert [(row.case_id, row.acknowledged_by) for row in found] == [(CASE, None), ("KAZ-9-2026", "OFFICER-7")]
    assert queries.alerts(connection, "KAZ-9-2026") == []


@pytest.mark.postgres
def test_one_session_is_at_work_under_a_name(postgres: str, connection: Connection) -> None:
    """Asking again costs nothing; another session is told no, until the first has ended."""
    with connect(postgres) as other:
        assert [queries.alone(other, "post") for _ in range(3)] == [True, True, True]
        assert not queries.alone(connection, "post")
        assert queries.alone(connection, "other")
    deadline = time.monotonic() + 30
    while not queries.alone(connection, "post"):  # PostgreSQL ends a session a moment after it was left
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.postgres
def test_a_snapshot_is_of_one_moment(postgres: str, connection: Connection) -> None:
    """What others write meanwhile is seen after it."""
    with connect(postgres) as other, snapshot(connection):
        before = queries.positions(connection)
        store = store_of(postgres)
        store.take_over([0, 1])
        store.close()
        assert queries.positions(connection) == before
        assert queries.positions(other) != before
    assert queries.positions(connection) != before
