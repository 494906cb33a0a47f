"""`jauap explain`: day by day, what was believed at an instant, and the count performed again."""

import json
from datetime import date
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from jauap.cli import explain
from jauap.domain.events import CalendarActReceived, DeadlineStarted
from jauap.domain.facts import CalendarDay, ForwardedTo
from jauap.domain.recount import row_named
from jauap.domain.reperform import performed
from jauap.domain.rules import RULES
from jauap.projections.case_history import HistoryRow
from jauap.projections.database import DatabaseUnavailable
from tests.builders import (
    CASE,
    a_communication,
    a_correction,
    a_forwarding,
    a_merger,
    a_response,
    a_withdrawal,
    an_extension,
    day,
    given,
)
from tests.cli.fakes import jauap
from tests.services.deadline_runs import LIMIT
from tests.services.test_reperformed import Archive, played


class Models:
    """As `projections.queries`, with histories in lists."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive

    def history(self, _: object, case_id: str) -> list[HistoryRow]:
        return self.archive.rows.get(case_id, [])


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch) -> Archive:
    """A letter of 3 June 2026 that asks for a response by 1 August, forwarded, with an extension; acts on record."""
    made = played(a_communication(reply_due=day("08-01")), [], [])
    for service, event in (
        ("routing", a_forwarding(ForwardedTo(body="MIA", due=day("06-15")))),
        ("intake", an_extension()),
        ("publication", a_response(sent_on=day("06-22"))),
    ):
        made.record(CASE, service, event)
        made.look(LIMIT)
    monkeypatch.setenv("JAUAP_DATABASE", "postgresql://nowhere")
    monkeypatch.setattr(explain, "answering", lambda _: SimpleNamespace(close=lambda: None))
    monkeypatch.setattr(explain, "queries", Models(made))
    return made


def told(clock: str, *words: str, status: int = 0) -> Any:
    """What is explained, as JSON."""
    result = jauap("explain", CASE, clock, *words, "--json")
    assert result.exit_code == status, result.stderr
    return json.loads(result.stdout)


@pytest.mark.usefixtures("archive")
def test_a_counted_term_is_explained_day_by_day() -> None:
    """Facts, rule row, policy, calendar and each day; met, and the same when performed again."""
    found = told("14-5(1)")
    assert found["believed"] | {"met_by": None} == {
        "due": "2026-06-10", "safe": "2026-06-09", "act_by": "2026-06-09", "original": None, "estimated": False,
        "absent": None, "state": "met", "met_on": "2026-06-05", "met_by": None,
    }  # fmt: skip
    assert (found["rule"]["row"], found["policy"], found["receipt"]) == (
        "14-5(1)/2022", "day-after/1", "first-receipt/1",
    )  # fmt: skip
    assert [(one["date"], one["counted"]) for one in found["days"]] == [
        ("2026-06-04", True), ("2026-06-05", True), ("2026-06-06", False), ("2026-06-07", False), ("2026-06-08", True),
        ("2026-06-09", True), ("2026-06-10", True),
    ]  # fmt: skip
    assert found["basis"]["record"] == "intake:1"
    assert found["calendar"]["sequence"] == 19
    assert found["performed_again"]["same"]
    shown = jauap("explain", CASE, "14-5(1)").stdout
    assert "act by     2026-06-09, by the reading from-the-day/1" in shown
    assert "rests on   intake:1: The MFA received AL KAZ 3/2026" in shown
    assert "Saturday, day off" in shown
    assert shown.endswith("Counted again from the facts, the rule and the acts of that time: the same.\n")


@pytest.mark.usefixtures("archive")
def test_a_stated_date_is_explained_by_what_stated_it() -> None:
    """The extension sets the term, and the letter's own date stays visible beside it."""
    found = told("14-8(1)")
    assert found["stated"] == {"due": "2026-09-01", "original": "2026-08-01", "by": "intake:2"}
    assert found["basis"]["event"] == "ReplyExtensionGranted"
    assert (found["days"], found["performed_again"]["same"]) == ([], True)
    assert told("asked/MIA")["believed"]["due"] == "2026-06-15"
    assert "original   2026-08-01, which the document itself states" in jauap("explain", CASE, "14-8(1)").stdout


def test_what_was_believed_then_is_shown_as_it_was(archive: Archive) -> None:
    """Before the extension was on record 1 August was believed; before the letter, nothing."""
    extended = next(row for row in archive.rows[CASE] if row.event == "ReplyExtensionGranted")
    first = archive.rows[CASE][0]
    before = told("14-8(1)", "--as-of", str(extended.recorded_at))
    assert (before["believed"]["due"], before["believed"]["state"]) == ("2026-08-01", "open")
    result = jauap("explain", CASE, "14-8(1)", "--as-of", first.recorded_at.isoformat())
    assert result.exit_code == 1
    assert "No such clock is on record by 2026-06-01" in result.stderr
    assert told("14-9(1)/1", "--as-of", "2026-06-01")["believed"]["state"] == "open"


def test_a_term_that_an_act_moved_was_counted_with_other_acts_before(archive: Archive) -> None:
    """Each date is performed with the acts on record then: also after the act was withdrawn."""
    moved = CalendarDay(day=day("06-29"), becomes="moved-off", why="Order")
    act = CalendarActReceived(act="order", title="An order", known_on=day("06-01"), days=(moved,), verified=False)
    archive.record("CALENDAR", "intake", act)
    archive.look(LIMIT)
    with_act, at = told("14-9(1)/1"), str(archive.now)
    archive.record("CALENDAR", "intake", a_withdrawal(20))
    archive.look(LIMIT)
    after, then = told("14-9(1)/1"), told("14-9(1)/1", "--as-of", at)
    assert (with_act["believed"]["due"], after["believed"]["due"]) == ("2026-07-08", "2026-07-07")
    assert then["believed"] == with_act["believed"]
    assert then["days"] == with_act["days"]
    assert (then["because"], then["calendar"]["unverified"]) == (["order"], ["order"])
    assert {one["date"] for one in then["days"] if one["act"] == "order"} == {"2026-06-29"}
    assert "[not verified]" in jauap("explain", CASE, "14-9(1)/1", "--as-of", at).stdout


def test_a_corrected_and_a_dropped_clock_are_explained(archive: Archive) -> None:
    """A correction sets the term anew; of a clock without ground, the last term is told."""
    archive.record(CASE, "intake", a_correction(received_on=day("06-02")))
    archive.look(LIMIT)
    found = told("14-5(1)")
    assert (found["basis"]["event"], found["starts_on"]) == ("CommunicationCorrected", "2026-06-02")
    archive.record(CASE, "intake", a_merger())
    archive.look(LIMIT)
    dropped = told("14-5(1)")
    assert (dropped["believed"]["state"], dropped["believed"]["due"]) == ("dropped", found["believed"]["due"])
    assert "dropped: it has no ground any more" in jauap("explain", CASE, "14-5(1)").stdout


def test_a_date_stated_for_a_day_off_says_why_to_act_before(archive: Archive) -> None:
    """6 September 2026 is a Sunday: to be acted on by Friday, because of the day, not by another reading."""
    archive.record(CASE, "intake", an_extension(granted_on=day("06-12"), reply_due=day("09-06")))
    archive.look(LIMIT)
    found = told("14-8(1)")
    assert (found["believed"]["due"], found["believed"]["act_by"]) == ("2026-09-06", "2026-09-04")
    assert found["performed_again"]["same"]
    assert "act by     2026-09-04, the date itself is a day off" in jauap("explain", CASE, "14-8(1)").stdout


def test_a_clock_of_the_calendar_itself_is_explained() -> None:
    """Practice: each November the next year's calendar is due by the end of the month."""
    setting = DeadlineStarted(
        clock="calendar/2028", rule="calendar/practice", policy="stated/1", starts_on=date(2027, 11, 1),
        due=date(2027, 11, 30), basis="intake:14",
    )  # fmt: skip
    rule = row_named(RULES, "calendar/practice")
    assert rule is not None
    assert performed(given(case_id="CALENDAR"), setting, rule, [], date(2027, 11, 1)).same
    moved = msgspec.structs.replace(setting, due=date(2027, 12, 1))
    assert not performed(given(case_id="CALENDAR"), moved, rule, [], date(2027, 11, 1)).same


def test_a_difference_is_loud(archive: Archive) -> None:
    """A record that facts, rule and calendar do not give is told on standard error, with status 1."""
    archive.rows[CASE] = [
        msgspec.structs.replace(row, data={**row.data, "due": "2026-06-11"}) if row.data.get("due") else row
        for row in archive.rows[CASE]
    ]
    result = jauap("explain", CASE, "14-5(1)")
    assert result.exit_code == 1
    assert "COUNTED AGAIN, IT DIFFERS: due: on record 2026-06-11, again 2026-06-10." in result.stderr
    assert not told("14-5(1)", status=1)["performed_again"]["same"]
    archive.rows[CASE] = [
        msgspec.structs.replace(row, data={**row.data, "rule": "none/2022"}) if row.data.get("rule") else row
        for row in archive.rows[CASE]
    ]
    assert "the table of rules of this release has no such row" in jauap("explain", CASE, "14-5(1)").stderr


@pytest.mark.usefixtures("archive")
def test_the_first_and_the_last_day_there_are_can_be_asked_for() -> None:
    """Whatever is on record is by the last one, nothing is by the first."""
    for words in (["--json"], []):
        assert jauap("explain", CASE, "14-5(1)", "--as-of", "9999-12-31", *words).exit_code == 0
        assert "No such clock is on record" in jauap("explain", CASE, "14-5(1)", "--as-of", "0001-01-01", *words).stderr


@pytest.mark.usefixtures("archive")
def test_an_unknown_clock_names_those_that_are_there() -> None:
    """A slip of the pen is answered with the clocks of the case; an unknown case says so."""
    result = jauap("explain", CASE, "14-5")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "14-5(1), 14-5(2), 14-8(1), asked/MIA" in result.stderr
    assert "Nothing is on record under the case id KAZ-9-2026." in jauap("explain", "KAZ-9-2026", "14-5(1)").stderr
    assert jauap("explain", CASE, "14-5(1)", "--as-of", "soon").exit_code == 2


def test_read_models_that_do_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that is down is a sentence and status 1."""

    def gone(_: str) -> None:
        raise DatabaseUnavailable("connection refused")

    monkeypatch.setenv("JAUAP_DATABASE", "postgresql://nowhere")
    monkeypatch.setattr(explain, "answering", gone)
    assert jauap("explain", CASE, "14-5(1)").exit_code == 1


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-03-20", "2026-03-20T18:59:59.999999+00:00"),
        ("2024-02-10", "2024-02-10T17:59:59.999999+00:00"),
        ("2026-03-20T15:00", "2026-03-20T10:00:00+00:00"),
        ("2026-03-20T15:00+01:00", "2026-03-20T14:00:00+00:00"),
    ],
)
def test_instants_are_kazakhstans(text: str, utc: str) -> None:
    """A day is taken whole, a time without a zone is Kazakhstan's: UTC+6 until February 2024, UTC+5 after."""
    assert explain.read_instant(text) == explain.read_instant(utc)
