"""What is told of open alerts, and how notice is taken of them."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from jauap.cli import alerts
from jauap.domain.commands import AcknowledgeAlert
from jauap.projections.alerts import AlertRow
from jauap.projections.cases import CaseRow
from tests.cli.fakes import FakeLog, jauap
from tests.cli.test_ask import a_case
from tests.services.test_digest import a_delivery, an_alert

ROOT = Path(__file__).parents[2]


class FakeAlerts:
    """As `projections.queries`, with rows in a list."""

    def __init__(self) -> None:
        self.rows = [
            an_alert(deliveries=(a_delivery(), a_delivery("MIA", fault="refused", attempt=4))),
            an_alert(alert=5, kind="moved-earlier", previous=None, act_by=None),
            an_alert(case_id="KAZ-4-2026", alert=9, step=0, deliveries=(a_delivery("HEAD-2", 1, message="<n@jauap>"),)),
            an_alert(case_id="KAZ-4-2026", alert=11, acknowledged_by="HEAD-2", acknowledged_on=None),
        ]

    def case(self, _: object, case_id: str) -> CaseRow | None:
        return a_case(case_id) if case_id in ("KAZ-3-2026", "KAZ-4-2026", "KAZ-5-2026") else None

    def alerts(self, _: object, case_id: str | None, *, taken_notice_of: bool) -> list[AlertRow]:
        return [
            row
            for row in self.rows
            if case_id in (None, row.case_id) and (taken_notice_of or row.acknowledged_by is None)
        ]


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch, log: FakeLog) -> FakeAlerts:
    """Read models in the place of the database, and a log in memory."""
    assert log.sent == []
    made = FakeAlerts()
    monkeypatch.setattr(alerts, "answering", lambda _: SimpleNamespace(close=lambda: None))
    monkeypatch.setattr(alerts, "queries", made)
    return made


@pytest.mark.usefixtures("models")
def test_open_alerts_are_listed_with_whom_they_reached() -> None:
    """Deliveries and failures stand apart; what somebody took notice of is shown only if asked for."""
    lines = jauap("alerts").stdout.splitlines()
    assert lines[0].split() == [
        "CASE", "ALERT", "CLOCK", "WHAT", "ACT", "BY", "OFFICER", "LEVEL", "TOLD", "FAILED", "NOTICE"
    ]  # fmt: skip
    assert "OFFICER-7 email 2026-06-10" in lines[1]
    assert "MIA email 2026-06-10 refused (4)" in lines[1]
    assert "due today" in lines[3]
    assert [row["alert"] for row in json.loads(jauap("alerts", "--json").stdout)] == [4, 5, 9]
    assert [row["alert"] for row in json.loads(jauap("alerts", "--case", "KAZ-4-2026", "--all", "--json").stdout)] == [
        9,
        11,
    ]


@pytest.mark.usefixtures("models")
def test_a_case_that_is_none_has_no_answer() -> None:
    """A slip of the pen is not answered as if nothing were open."""
    done = jauap("alerts", "--case", "KAZ-9-2026")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "Nothing is on record under the case id KAZ-9-2026" in done.stderr
    assert jauap("alerts", "--case", "KAZ-5-2026").stdout == "No alert is open.\n"


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        (["KAZ-3-2026"], [4, 5]),
        (["KAZ-3-2026", "--alert", "5"], [5]),
        (["--message", "<n@jauap>"], [9]),
        (["--told", "MIA"], [4]),
    ],
)
def test_notice_is_taken_of_what_is_meant(log: FakeLog, words: list[str], numbers: list[int]) -> None:
    """Of a case, of one alert, of a message, or of all that somebody was told of."""
    done = jauap("alerts", "acknowledge", "--by", "OFFICER-7", *words)
    assert (done.exit_code, done.stdout) == (0, f"accepted: {len(numbers)}\n")
    commands = [order.command for order in log.sent]
    assert [command.alert for command in commands if isinstance(command, AcknowledgeAlert)] == numbers
    assert {command.by for command in commands if isinstance(command, AcknowledgeAlert)} == {"OFFICER-7"}


@pytest.mark.usefixtures("models")
def test_what_was_refused_is_told_one_by_one(log: FakeLog) -> None:
    """The others are counted; the exit status is that of jauap do."""
    log.refuse = lambda order: "AlertNotOpen" if getattr(order.command, "alert", 0) == 5 else None
    done = jauap("alerts", "acknowledge", "--by", "OFFICER-7", "KAZ-3-2026")
    assert done.exit_code == 1
    assert done.stdout.splitlines()[:2] == ["accepted: 1", "refused: 1"]
    assert "AlertNotOpen" in done.stdout


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize(
    ("by", "words", "status"),
    [
        ("OFFICER-7", [], 2),
        ("OFFICER-7", ["--alert", "4", "--told", "MIA"], 2),
        ("OFFICER-7", ["KAZ-9-2026"], 1),
        ("OFFICER-7", ["KAZ-5-2026"], 0),
        ("Ivan", ["KAZ-3-2026"], 2),
        ("Ivan", ["KAZ-5-2026"], 2),
    ],
)
def test_nothing_is_sent_for_what_is_not_clear(log: FakeLog, by: str, words: list[str], status: int) -> None:
    """No alerts named, a number without its case, no such case, nothing open, or a code that is none."""
    done = jauap("alerts", "acknowledge", "--by", by, *words)
    assert (done.exit_code, log.sent) == (status, [])
    assert "Ivan" not in done.output


@pytest.mark.usefixtures("models")
def test_whoever_asks_has_a_name_that_can_be_recorded(log: FakeLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else nothing is sent."""
    monkeypatch.setenv("JAUAP_ACTOR", "x" * 1000)
    done = jauap("alerts", "acknowledge", "--by", "OFFICER-7", "KAZ-3-2026")
    assert (done.exit_code, log.sent) == (2, [])
    assert "actor: must be printable" in done.stderr


def test_a_directory_is_checked_before_it_is_used(tmp_path: Path) -> None:
    """The one that ships is right; of a wrong one the place and the rule are told."""
    done = jauap("alerts", "directory", str(ROOT / "examples/directory.json"))
    assert (done.exit_code, done.stdout) == (0, "It names 4 officials and 1 bodies; on duty is OFFICER-3.\n")
    wrong = tmp_path / "wrong.json"
    wrong.write_text('{"officials": [], "duty": "OFFICER-3"}')
    for file, words in ((wrong, "duty: must be the code of an official"), (tmp_path / "none", "can't be read")):
        done = jauap("alerts", "directory", str(file))
        assert done.exit_code == 2
        assert words in done.stderr
