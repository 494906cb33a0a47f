"""`jauap calendar`: a year, its acts, taking acts in and out, what an act would move, the feed for others."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import icalendar
import msgspec
import pytest

from jauap.cli import acts, calendars
from jauap.domain.commands import WithdrawIntakeEntry
from jauap.domain.facts import CalendarAct, CalendarDay
from jauap.domain.workdays import calendar_of, days_of
from jauap.projections.case_history import HistoryRow
from jauap.projections.database import DatabaseUnavailable
from jauap.projections.deadlines import DeadlineRow
from tests.cli.fakes import FakeLog, jauap
from tests.cli.test_ask import AT, CLOCK
from tests.cli.test_due import SHIPPED, received

NOW = datetime(2022, 10, 20, 6, 0, tzinfo=UTC)
ORDER = {
    "act": "order-1-2022", "title": "An order", "kind": "order", "number": "1", "known_on": "2022-10-19",
    "days": [
        {"day": "2022-10-29", "becomes": "working", "why": "Its day off was moved to Mon 31 October"},
        {"day": "2022-10-31", "becomes": "moved-off", "why": "Day off moved from Sat 29 October"},
    ],
}  # fmt: skip


def open_clock(clock: str, starts_on: str, **changed: object) -> DeadlineRow:
    """An open deadline of 14-9(1), ten working days, unless said."""
    row = msgspec.structs.replace(
        CLOCK, clock=clock, paragraph="14-9(1)", rule="14-9(1)/2022", starts_on=date.fromisoformat(starts_on), safe=None
    )
    return msgspec.structs.replace(row, **changed)


class System:
    """A system whose calendar and open deadlines are these."""

    def __init__(self) -> None:
        self.records: list[HistoryRow] = [received(entry.act, at) for at, entry in enumerate(SHIPPED.entries, 1)]
        self.rows: list[DeadlineRow] = []

    def case(self, *_: object) -> None:
        return None

    def history(self, *_: object) -> list[HistoryRow]:
        return self.records

    def deadlines(self, *_: object, **__: object) -> list[DeadlineRow]:
        return self.rows


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> System:
    """A system on 20 October 2022, with the acts that ship on record."""
    made = System()
    monkeypatch.setenv("JAUAP_DATABASE", "postgresql://nowhere")
    monkeypatch.setattr(acts, "clock_from_environment", lambda: lambda: NOW)
    for module in (acts, calendars):
        monkeypatch.setattr(module, "answering", lambda _: SimpleNamespace(close=lambda: None))
        monkeypatch.setattr(module, "queries", made)
    return made


def written(folder: Path, *content: object) -> str:
    """A file with acts."""
    file = folder / "acts.json"
    file.write_text(json.dumps(content[0] if len(content) == 1 else content))
    return str(file)


# A year


def test_a_year_shows_what_is_other_than_its_weekday() -> None:
    """calendar.md: the days off on weekdays, the weekends that work, the estimates; and the working days counted."""
    found = json.loads(jauap("calendar", "show", "2022", "--json").stdout)
    assert found["working_days"] == 246
    assert {day["date"] for day in found["days"] if day["working"]} == {"2022-03-05", "2022-08-27", "2022-10-22"}
    assert {"2022-01-03", "2022-01-04", "2022-03-07", "2022-05-02", "2022-05-10", "2022-08-29", "2022-10-24"} <= {
        day["date"] for day in found["days"] if not day["working"]
    }
    shown = jauap("calendar", "show", "2022").stdout
    assert "2022-10-24  Monday     off" in shown
    assert "law-of-autumn-2022    not verified" in shown
    assert "2022 has 246 working days" in shown


@pytest.mark.parametrize(("year", "working_days"), [(2022, 246), (2023, 246), (2024, 249), (2025, 246), (2026, 247)])
def test_working_days_of_each_year(year: int, working_days: int) -> None:
    """calendar.md: 246, 246, 249, 246, 247."""
    assert json.loads(jauap("calendar", "show", str(year), "--json").stdout)["working_days"] == working_days


def test_a_year_as_it_was_known() -> None:
    """On the eve of resolution 796 Monday 24 October 2022 was a working day; on the day itself it was off."""
    eve, day = (jauap("calendar", "show", "2022", "--known-on", known).stdout for known in ("2022-10-07", "2022-10-08"))
    assert ("2022-10-24" in eve, "2022-10-24" in day) == (False, True)


def test_an_estimate_is_shown_at_a_weekend_too() -> None:
    """Kurban Ait 2027 is estimated for a Sunday."""
    assert "2027-05-16  Sunday     off (estimated)" in jauap("calendar", "show", "2027").stdout


def test_a_year_that_is_not_loaded_is_an_error() -> None:
    """Nothing is shown of a year that no act states."""
    for words in (("calendar", "show", "2028"), ("calendar", "export", "--ical", "2026", "2028")):
        result = jauap(*words)
        assert (result.exit_code, result.stdout) == (1, "")
        assert "the calendar of 2028 is not loaded" in result.stderr


# The acts


def test_acts_are_listed_with_what_is_not_verified(system: System) -> None:
    """Name, kind, number, date, when it was recorded, and which record withdrew it."""
    system.records[1] = msgspec.structs.replace(system.records[1], withdrawn_by=20)
    lines = jauap("calendar", "acts").stdout.splitlines()
    assert lines[2].split()[:5] == ["government-713-2021", "2021-10-06", "yes", "resolution", "713"]
    assert "by intake 20" in lines[2]
    assert "not verified" in lines[3]
    found = json.loads(jauap("calendar", "acts", "--json").stdout)
    assert (found[1]["sequence"], found[1]["withdrawn_by"]) == (2, 20)
    assert found[1]["days"][0] == msgspec.to_builtins(SHIPPED.entries[1].act.days[0])
    assert len(json.loads(jauap("calendar", "acts", "--shipped", "--json").stdout)) == len(SHIPPED.entries)


def test_acts_are_taken_in(log: FakeLog, system: System, tmp_path: Path) -> None:
    """Each act of a file is one command; afterwards the deadlines that move are told."""
    system.rows = [open_clock("14-9(1)/1", "2022-10-14")]
    result = jauap("calendar", "load", written(tmp_path, ORDER, ORDER | {"act": "order-2-2022", "days": []}))
    assert result.exit_code == 0, result.stderr
    assert [(order.name, order.case_id) for order in log.sent] == [("ReceiveCalendarAct", "CALENDAR")] * 2
    assert "OPEN DEADLINES THAT MOVE" in result.stdout
    assert "14-9(1)/1" in result.stdout


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({**ORDER, "known_on": "soon"}, "known_on: must be a date, written 2026-03-20"),
        ({**ORDER, "colour": "red"}, "colour: is no field here"),
        ({**ORDER, "command": "SendResponse"}, "command: must be ReceiveCalendarAct here"),
        ({**ORDER, "days": [{"day": "2022-10-29", "becomes": "free", "why": "x"}]}, "days[0].becomes: must be one of"),
        ({**ORDER, "days": [ORDER["days"][0]] * 2}, "days[1].day: is named twice"),
        ([ORDER, ORDER], "act: is another act's name already"),
        (["order"], "must be an object"),
    ],
)
@pytest.mark.usefixtures("system")
def test_a_malformed_act_is_refused_with_field_and_rule(
    log: FakeLog, tmp_path: Path, content: object, said: str
) -> None:
    """If anything is wrong nothing is sent; the field and the rule are named."""
    for words in ("load", "preview"):
        result = jauap("calendar", words, written(tmp_path, content))
        assert result.exit_code == 2
        assert said in result.stderr
    assert log.sent == []


def test_an_act_is_withdrawn_by_its_name(log: FakeLog, system: System) -> None:
    """The entry in force under that name is withdrawn, with the reason; what is withdrawn already is not found."""
    result = jauap("calendar", "withdraw", "government-796-2022", "--reason", "Entered wrongly")
    assert result.exit_code == 0, result.stderr
    (order,) = log.sent
    entry = next(row.sequence for row in system.records if row.data["act"] == "government-796-2022")
    assert order.case_id == "CALENDAR"
    assert order.command == WithdrawIntakeEntry(entry=entry, reason="Entered wrongly")
    system.records[entry - 1] = msgspec.structs.replace(system.records[entry - 1], withdrawn_by=30)
    again = jauap("calendar", "withdraw", "government-796-2022", "--reason", "Entered wrongly")
    assert (again.exit_code, len(log.sent)) == (1, 1)
    assert jauap("calendar", "withdraw", "government-713-2021", "--reason", "two\nlines").exit_code == 2


# What would move


def previewed(*words: str) -> list[dict[str, Any]]:
    """The moves that a preview tells."""
    result = jauap("calendar", "preview", *words, "--json")
    assert result.exit_code == 0, result.stderr
    moves: list[dict[str, Any]] = json.loads(result.stdout)["moves"]
    return moves


def test_a_preview_tells_what_moves_and_writes_nothing(log: FakeLog, system: System, tmp_path: Path) -> None:
    """One term comes to end on the Saturday that works, earlier; one ends later; a stated date stays."""
    system.rows = [
        open_clock("14-9(1)/1", "2022-10-14"),  # ends on 31 October, which becomes a day off
        open_clock("14-9(1)/2", "2022-10-17"),
        open_clock("14-8(1)", "2022-10-18", rule="14-8(1)/2022", policy="stated/1"),
        open_clock("asked/MIA", "2022-10-18", rule="unheard of"),
    ]
    before = calendar_of(SHIPPED.in_force, date(2022, 10, 20))
    assert before.nth_working_day(date(2022, 10, 15), 10) == date(2022, 10, 31)
    moves = {move["clock"]: move for move in previewed(written(tmp_path, ORDER))}
    first = moves["14-9(1)/1"]
    assert (first["due"], first["new_due"], first["days"]) == ("2022-10-31", "2022-10-29", -2)
    assert (first["earlier"], first["weekend"], first["now_estimated"]) == (True, True, False)
    assert "14-8(1)" not in moves
    assert log.sent == []
    shown = jauap("calendar", "preview", written(tmp_path, ORDER)).stdout
    assert "EARLIER; onto a weekend" in shown
    assert "-2" in shown


def test_a_preview_tells_what_comes_to_rest_on_an_estimate(system: System, tmp_path: Path) -> None:
    """An act that only estimates a day makes the terms across it uncertain, though they end as before."""
    day = CalendarDay(day=date(2022, 10, 30), becomes="estimated-off", why="Perhaps")
    act = CalendarAct(act="a", title="t", known_on=date(2022, 10, 19), days=(day,))
    system.rows = [open_clock("14-9(1)/1", "2022-10-18"), open_clock("14-9(1)/2", "2022-10-31")]
    (move,) = previewed(written(tmp_path, msgspec.to_builtins(act)))
    assert (move["clock"], move["now_estimated"], move["days"]) == ("14-9(1)/1", True, 0)


def test_the_first_change_of_calendar_md_previewed(system: System, tmp_path: Path) -> None:
    """Received on 17 October 2022: the term of 14-5 ends on Saturday the 22nd and not on the 24th, earlier."""
    act = next(act for act in SHIPPED.in_force if act.act == "government-796-2022")
    system.records = [row for row in system.records if row.data["act"] != act.act]
    system.rows = [open_clock("14-5(1)", "2022-10-17", rule="14-5(1)/2022", receipt="first-receipt/1")]
    (move,) = previewed(written(tmp_path, msgspec.to_builtins(act)))
    assert (move["due"], move["new_due"], move["days"]) == ("2022-10-24", "2022-10-22", -2)
    assert (move["earlier"], move["weekend"], move["act_by_days"]) == (True, True, 0)


def test_a_preview_of_a_correction_and_of_a_withdrawal(system: System, tmp_path: Path) -> None:
    """An act of the same name takes the place of the one on record; --without leaves one out."""
    system.rows = [open_clock("14-5(1)", "2022-10-17", rule="14-5(1)/2022", receipt="first-receipt/1")]
    (gone,) = previewed("--without", "government-796-2022")
    assert (gone["due"], gone["new_due"], gone["days"]) == ("2022-10-22", "2022-10-24", 2)
    assert (gone["new_act_by"], gone["act_by_days"], gone["earlier"]) == ("2022-10-21", 0, False)
    corrected = {**msgspec.to_builtins(SHIPPED.in_force[1]), "act": "government-796-2022", "known_on": "2022-10-08"}
    corrected["days"] = []
    (same,) = previewed(written(tmp_path, corrected))
    assert same == gone
    assert "taken as corrections" in jauap("calendar", "preview", written(tmp_path, corrected)).stderr
    assert jauap("calendar", "preview", "--without", "nothing").exit_code == 1
    assert jauap("calendar", "preview").exit_code == 2


def test_a_preview_needs_the_read_models(monkeypatch: pytest.MonkeyPatch, log: FakeLog, tmp_path: Path) -> None:
    """A database that is down is a sentence and status 1; an act is taken in all the same, without the moves."""

    def gone(_: str) -> None:
        raise DatabaseUnavailable("connection refused")

    monkeypatch.setattr(calendars, "answering", gone)
    result = jauap("calendar", "preview", written(tmp_path, ORDER))
    assert (result.exit_code, result.stdout) == (1, "")
    loaded = jauap("calendar", "load", written(tmp_path, ORDER))
    assert (loaded.exit_code, len(log.sent)) == (0, 1)
    assert "Which deadlines move can't be told" in loaded.stderr


# The feed


def events(*words: str) -> dict[date, Any]:
    """The days of a feed."""
    result = jauap("calendar", "export", "--ical", *words)
    assert result.exit_code == 0, result.stderr
    found = icalendar.Calendar.from_ical(result.stdout_bytes)
    assert str(found["VERSION"]) == "2.0"
    return {event.decoded("dtstart"): event for event in found.walk("VEVENT")}


def test_the_feed_is_valid_icalendar() -> None:
    """A parser reads every day off and every working weekend, each with what the format requires."""
    days = events("2022")
    assert all({"UID", "DTSTAMP", "DTSTART", "SUMMARY"} <= set(event) for event in days.values())
    assert all(event.errors == [] for event in days.values())
    standing = {day: str(event["SUMMARY"]) for day, event in days.items() if "STATUS" not in event}
    assert {day for day, words in standing.items() if words == "Working day"} == {
        date(2022, 3, 5), date(2022, 8, 27), date(2022, 10, 22),
    }  # fmt: skip
    made = SHIPPED.calendar(date(2026, 1, 1))
    off = {day for day, words in standing.items() if words.startswith("Day off")}
    assert {day for day in days_of(2022) if day.weekday() < 5 and not made.is_working(day)} <= off
    assert not any(made.is_working(day) for day in off)
    assert events("2022", "2023").keys() > days.keys()


def test_ids_in_the_feed_never_change() -> None:
    """A day keeps its id when an act changes it, with a higher sequence; a plain day again is cancelled."""
    before, after = events("2024", "--known-on", "2024-06-06"), events("2024", "--known-on", "2024-06-07")
    monday = date(2024, 6, 17)
    assert before[monday]["UID"] == after[monday]["UID"] == "kz-2024-06-17@jauap"
    assert int(after[monday]["SEQUENCE"]) == int(before[monday]["SEQUENCE"]) + 1
    assert ("STATUS" in before[monday], str(after[monday]["STATUS"])) == (False, "CANCELLED")
    assert after[monday].decoded("last-modified") > before[monday].decoded("last-modified")
    assert jauap("calendar", "export", "--ical").stdout == jauap("calendar", "export", "--ical").stdout


def test_an_estimate_and_what_is_not_verified_stand_in_the_feed() -> None:
    """Who subscribes reads what is uncertain."""
    days = events("2027", "2026")
    assert str(days[date(2027, 5, 16)]["SUMMARY"]) == "Day off (estimated)"
    assert "not verified" in str(days[date(2026, 5, 27)]["DESCRIPTION"])


def test_a_withdrawn_act_leaves_cancelled_days(system: System) -> None:
    """What only a withdrawn act named is cancelled for those who took it over."""
    entry = next(at for at, row in enumerate(system.records) if row.data["act"] == "government-796-2022")
    system.records[entry] = msgspec.structs.replace(system.records[entry], withdrawn_by=99)
    days = events("2022")
    assert str(days[date(2022, 10, 22)]["STATUS"]) == "CANCELLED"
    assert int(days[date(2022, 10, 22)]["SEQUENCE"]) == 1


def test_the_calendar_as_json() -> None:
    """For programs: each loaded year with every day that an act names."""
    found = json.loads(jauap("calendar", "export", "--json").stdout)
    assert [year["year"] for year in found["years"]] == [2022, 2023, 2024, 2025, 2026, 2027]
    assert [year["working_days"] for year in found["years"]][:5] == [246, 246, 249, 246, 247]
    days = {day["date"]: day for day in found["years"][4]["days"]}
    assert (days["2026-08-31"]["working"], days["2026-08-31"]["act"]) == (True, "constitution-2026")
    for words in ((), ("--ical", "--json")):
        assert jauap("calendar", "export", *words).exit_code == 2


def test_the_history_of_the_calendar_has_other_records_too() -> None:
    """Only acts are read from it."""
    assert acts.entries_of([HistoryRow(**{**msgspec.structs.asdict(received(SHIPPED.in_force[0], 1)),
                                          "event": "CommandRefused", "recorded_at": AT})]) == []  # fmt: skip
