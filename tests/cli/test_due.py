"""`jauap due`: the worked answers of calendar.md through the command, and what it says of its own footing."""

import json
from datetime import date
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from typer.testing import Result

from jauap.cli import acts
from jauap.domain.facts import CalendarAct
from jauap.projections.case_history import HistoryRow
from jauap.projections.database import DatabaseUnavailable
from tests.cli.fakes import jauap
from tests.cli.test_ask import AT, a_record
from tests.domain.test_workdays import FINAL_ANSWERS

SHIPPED = acts.of_the_release()


def iso(text: str) -> str:
    """A day as calendar.md writes it, 25.01.2022, as a program does."""
    return "-".join(reversed(text.split(".")))


def answer(*words: str) -> Any:
    """What the command says as JSON."""
    result = jauap("due", *words, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


@pytest.mark.parametrize(("receipt", "in_five", "in_ten"), FINAL_ANSWERS)
def test_worked_answers_of_the_final_calendar(receipt: str, in_five: str, in_ten: str) -> None:
    """calendar.md, first table: five and ten working days after a receipt, as known today."""
    assert [answer(iso(receipt), number)["due"] for number in ("5", "10")] == [iso(in_five), iso(in_ten)]


@pytest.mark.parametrize(
    ("act", "receipt", "number", "eve", "known_on", "before", "after"),
    [
        ("government-796-2022", "17.10.2022", "5", "07.10.2022", "08.10.2022", "24.10.2022", "22.10.2022"),
        ("government-796-2022", "14.10.2022", "10", "07.10.2022", "08.10.2022", "31.10.2022", "31.10.2022"),
        ("law-of-autumn-2022", "25.11.2022", "10", "31.08.2022", "01.10.2022", "12.12.2022", "09.12.2022"),
        ("kurban-ait-2024-corrected", "05.06.2024", "10", "06.06.2024", "07.06.2024", "20.06.2024", "19.06.2024"),
        ("constitution-2026", "24.08.2026", "5", "17.03.2026", "18.03.2026", "01.09.2026", "31.08.2026"),
    ],
)
def test_worked_answers_before_and_after_a_change(
    act: str, receipt: str, number: str, eve: str, known_on: str, before: str, after: str
) -> None:
    """calendar.md, second table: as known on the eve of an act, and from its day on."""
    earlier = answer(iso(receipt), number, "--known-on", iso(eve))
    later = answer(iso(receipt), number, "--known-on", iso(known_on))
    assert (earlier["due"], later["due"]) == (iso(before), iso(after))
    assert (earlier["known_on"], later["known_on"]) == (iso(eve), iso(known_on))
    assert answer(iso(receipt), number)["due"] == iso(after)
    assert act not in earlier["acts"]
    assert act in later["acts"] or before == "12.12.2022"  # 1 December is a plain Thursday by that law


def test_every_day_is_explained_from_the_first_that_can_count() -> None:
    """The days are consecutive, the counted ones are as many as asked for, and an act is named where one decided."""
    found = answer("2022-08-22", "5")
    days = found["days"]
    assert (found["due"], found["policy"], found["calendar"]) == ("2022-08-27", "day-after/1", "shipped")
    assert [day["date"] for day in days] == [f"2022-08-{at}" for at in range(23, 28)]
    assert sum(day["counted"] for day in days) == 5
    assert {"date", "counted", "why", "act"} <= days[0].keys()
    assert (days[-1]["weekday"], days[-1]["act"]) == ("Saturday", "government-713-2021")
    assert answer("2022-08-22", "5", "--policy", "from-the-day/1")["due"] == "2022-08-26"


def test_without_a_day_it_is_as_known_today(monkeypatch: pytest.MonkeyPatch) -> None:
    """Today is the day in Kazakhstan by the clock here; of a day to come it is said that acts may be missing."""
    monkeypatch.setattr(acts, "clock_from_environment", lambda: lambda: AT)
    assert answer("2026-08-24", "5")["known_on"] == "2026-03-04"
    assert answer("2026-08-24", "5")["due"] == "2026-09-01"
    result = jauap("due", "2026-08-24", "5", "--known-on", "2026-04-01")
    assert result.exit_code == 0
    assert "what becomes known until then is missing" in result.stderr


def test_a_term_into_a_year_that_is_not_loaded_is_an_error_with_the_year() -> None:
    """Nothing is computed silently: standard output stays empty, and the year is named."""
    for words in (("2027-12-28", "5"), ("2026-01-05", "5", "--known-on", "2024-06-01")):
        result = jauap("due", *words, "--json")
        assert (result.exit_code, result.stdout) == (1, "")
        assert f"the calendar of {'2028' if words[0] == '2027-12-28' else '2026'} is not loaded" in result.stderr


def test_a_term_across_an_estimated_day_says_so() -> None:
    """Kurban Ait 2027 is an estimate, on a Sunday: a term over it may yet move."""
    found = answer("2027-05-14", "3")
    assert found["estimated"]
    assert [day["date"] for day in found["days"] if day["estimated"]] == ["2027-05-16"]
    assert "2027-05-16, which is only estimated" in jauap("due", "2027-05-14", "3").stdout
    assert not answer("2027-05-17", "3")["estimated"]


def test_an_act_that_was_not_verified_is_marked() -> None:
    """Whoever reads the date is told which act behind it has something that was not verified."""
    found = answer("2025-01-01", "3")
    assert found["unverified"] == ["mintrud-436-2024"]
    assert {day["date"] for day in found["days"] if not day["verified"]} == {"2025-01-03", "2025-01-05"}
    shown = jauap("due", "2025-01-01", "3", "--explain").stdout
    assert "mintrud-436-2024, of which something is not verified" in shown
    assert "[not verified]" in shown


def test_a_term_that_ends_on_a_working_weekend_says_so() -> None:
    """A due date on a Saturday looks wrong to who doesn't know the act."""
    assert jauap("due", "2022-10-17", "5").stdout == (
        "2022-10-22 Saturday\nIt ends on a Saturday that was declared a working day.\n"
    )


@pytest.mark.parametrize(
    "words", [("2022-13-01", "5"), ("1022-01-01", "5"), ("2022-01-01", "0"), ("2022-01-01", "5", "--policy", "x")]
)
def test_what_is_not_understood_is_status_2(words: tuple[str, ...]) -> None:
    """No day, no number of days, no policy: a wrong option, as everywhere."""
    result = jauap("due", *words)
    assert (result.exit_code, result.stdout) == (2, "")


@pytest.mark.parametrize("day", ["9999-01-01", "1990-12-31", "soon"])
def test_what_is_no_day_that_can_be_asked_for_is_told_with_the_rule(day: str) -> None:
    """The years that an act may name."""
    assert "the years 1991 to 2200" in jauap("due", day, "5").stderr


# With a system


def on_record(monkeypatch: pytest.MonkeyPatch, rows: list[HistoryRow]) -> None:
    """A system whose calendar has this history."""
    monkeypatch.setenv("JAUAP_DATABASE", "postgresql://nowhere")
    monkeypatch.setattr(acts, "answering", lambda _: SimpleNamespace(close=lambda: None))
    monkeypatch.setattr(acts, "queries", SimpleNamespace(case=lambda *_: None, history=lambda *_: rows))


def received(act: CalendarAct, sequence: int, **changed: object) -> HistoryRow:
    """The record of an act, as the read model has it."""
    data = msgspec.to_builtins(act)
    return a_record(
        **{"case_id": "CALENDAR", "sequence": sequence, "event": "CalendarActReceived", "data": data} | changed
    )


def test_the_acts_on_record_count_where_there_is_a_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """Acts on record make the calendar, withdrawn ones do not; standard error and JSON say where it is from."""
    rows = [received(entry.act, at, withdrawn_by=None) for at, entry in enumerate(SHIPPED.entries, 1)]
    withdrawn = next(at for at, row in enumerate(rows) if row.data["act"] == "government-796-2022")
    on_record(monkeypatch, rows)
    assert answer("2022-10-17", "5")["due"] == "2022-10-22"
    rows[withdrawn] = msgspec.structs.replace(rows[withdrawn], withdrawn_by=99)
    found = answer("2022-10-17", "5")
    assert (found["due"], found["calendar"]) == ("2022-10-24", "on-record")
    assert "the acts on record" in jauap("due", "2022-10-17", "5").stderr
    assert answer("2022-10-17", "5", "--shipped")["due"] == "2022-10-22"


def test_an_empty_calendar_on_record_is_not_filled_from_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that has no act yet has no calendar: the year is named, the acts that ship are not used."""
    on_record(monkeypatch, [])
    result = jauap("due", "2022-10-17", "5")
    assert result.exit_code == 1
    assert "the calendar of 2022 is not loaded" in result.stderr


def test_a_system_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer from the acts that ship takes its place unless they are asked for."""

    def gone(_: str) -> None:
        raise DatabaseUnavailable("connection refused")

    def asked(*words: str) -> Result:
        return jauap("due", "2022-10-17", "5", *words)

    monkeypatch.setenv("JAUAP_DATABASE", "postgresql://nowhere")
    monkeypatch.setattr(acts, "answering", gone)
    assert (asked().exit_code, asked().stdout) == (1, "")
    assert "The calendar on record can't be read: connection refused" in asked().stderr
    assert "--shipped" in asked().stderr
    assert asked("--shipped").stdout.startswith("2022-10-22")


def test_what_is_read_as_a_day_is_a_day() -> None:
    """A day may come as one already, from a program that calls the command."""
    assert acts.read_day(date(2022, 1, 1)) == acts.read_day("2022-01-01")
