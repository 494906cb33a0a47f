"""What is told of cases, deadlines, findings and commands, from rows in the place of the database's."""

import json
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import icalendar
import msgspec
import pytest

from jauap.cli import ask
from jauap.messaging.outcome import Outcome
from jauap.projections.agency_matrix import AgencyRow
from jauap.projections.case_history import HistoryRow
from jauap.projections.cases import CaseRow
from jauap.projections.database import DatabaseUnavailable
from jauap.projections.deadlines import DeadlineRow
from jauap.projections.findings import FindingRow
from jauap.projections.queries import ClockChanges
from jauap.projections.treaty_requests import TreatyRequestRow
from jauap.projections.visit_proposals import VisitProposalRow
from tests.cli.fakes import CASE, HASH, FakeLog, jauap, outcome
from tests.cli.test_orders import SEND, read

AT = datetime(2026, 3, 3, 20, 30, tzinfo=UTC)


def a_case(case_id: str = CASE, **changed: object) -> CaseRow:
    """A case as the read model has it."""
    plain: dict[str, Any] = {
        "case_id": case_id, "kind": "communication", "reference": "KAZ 3/2026", "registry_number": None, "type": "AL",
        "mandates": ("torture",), "state": "KAZ", "subject": "A subject", "language": "en", "letter_date": None,
        "received_on": date(2026, 3, 3), "receipt_assumed": False, "reply_due": None, "original_reply_due": None,
        "status": "received", "reply": "none", "full_response_on": None, "merged_into": None, "officer": None,
        "deputy": None, "open_deadlines": 2, "missed_deadlines": 0, "findings": 0, "stands_still_since": None,
        "stands_still_why": None, "last_recorded_at": AT,
    }  # fmt: skip
    return CaseRow(**(plain | changed))


def a_record(**changed: object) -> HistoryRow:
    """A record as the read model has it."""
    plain: dict[str, Any] = {
        "case_id": CASE, "service": "intake", "sequence": 1, "event": "CommunicationReceived", "recorded_at": AT,
        "happened_on": date(2026, 3, 3), "actor": "mfa:desk", "command_id": "c1", "event_id": HASH, "refused": False,
        "withdraws": None, "sentence": "The MFA received it.", "data": {}, "seen": None,
    }  # fmt: skip
    return HistoryRow(**(plain | changed))


CLOCK = DeadlineRow(
    case_id=CASE, clock="14-5(1)", paragraph="14-5(1)", body=None, rule="14-5(1)/2022", policy="day-after/1",
    starts_on=date(2026, 3, 3), due=date(2026, 3, 12), safe=date(2026, 3, 11), estimated=False, verified=True,
    absent=None, state="open", met_on=None, met_by=None, basis="intake:1", days_left=4,
    original=None, receipt=None, acts=(), calendar=None, known_on=date(2026, 3, 3),
)  # fmt: skip
FINDING = FindingRow(
    case_id=CASE, finding="language/1", code="language", paragraph="14-8(1)", expected="in en", found="in ru",
    body=None, basis="publication:1", cured_on=None, cured_by=None,
)  # fmt: skip
BODY = AgencyRow(
    case_id=CASE, body="MIA", asked_on=date(2026, 3, 5), asked_due=None, questions=("1", "2"), answered_on=None,
    answers=(), open_questions=("1", "2"), declined_on=None, competent_body=None, returned_on=None,
    signatory_capacity=None, state="asked",
)  # fmt: skip

PROPOSAL = VisitProposalRow(
    case_id="VISIT-7", proposal=1, basis="mfa-initiative", proposed_by="MFA", proposed_on=date(2026, 3, 5),
    competent_bodies=("MIA", "MOJ"), mandates=("torture",), subject=None, waiting_for=("MOJ",), refused_by=(),
    invited_on=None, state="proposed", since=date(2026, 3, 5), at_its_end=False,
)  # fmt: skip
REQUEST = TreatyRequestRow(
    case_id="TB-CCPR-7-2026", request=1, treaty_body="CCPR", procedure="views", instrument="ICCPR-OP1",
    reference="7/2026", received_on=date(2026, 3, 5), due=None, rule=None, verified=True,
    interim_measures=False, words_at_most=None, lead="MOJ", transmitter="MFA", state="assigned", replied_on=None,
)  # fmt: skip


class FakeModels:
    """As `projections.queries`, with rows in lists."""

    def __init__(self) -> None:
        self.rows = [a_case(), a_case("CALENDAR", kind="calendar", status="calendar")]
        self.records = [
            a_record(sentence="The MFA received it.\x1b[2J"),
            a_record(service="deadlines", event="DeadlineStarted", actor="deadlines", command_id=None, withdrawn_by=7),
        ]
        self.asked: dict[str, Any] = {}
        self.clocks = [CLOCK]

    def cases(self, _: object, *, status: str | None) -> list[CaseRow]:
        return [row for row in self.rows if status in (None, row.status)]

    def case(self, _: object, case_id: str) -> CaseRow | None:
        return next((row for row in self.rows if row.case_id == case_id), None)

    def history(self, _: object, case_id: str) -> list[HistoryRow]:
        return [row for row in self.records if row.case_id == case_id]

    def deadlines(self, _: object, **asked: object) -> list[DeadlineRow]:
        self.asked = asked
        return self.clocks

    def clock_changes(self, _: object, case_ids: list[str]) -> list[ClockChanges]:
        return [ClockChanges(case_id=case_id, clock=CLOCK.clock, changes=2, changed_at=AT) for case_id in case_ids]

    def findings(self, _: object, case_id: str | None = None) -> list[FindingRow]:
        return [FINDING] if case_id in (None, CASE) else []

    def agency_matrix(self, _: object, case_id: str | None = None) -> list[AgencyRow]:
        return [BODY] if case_id in (None, CASE) else []

    def visit_proposals(self, _: object, case_id: str | None = None) -> list[VisitProposalRow]:
        return [PROPOSAL] if case_id in (None, "VISIT-7") else []

    def treaty_requests(self, _: object, case_id: str | None = None) -> list[TreatyRequestRow]:
        return [REQUEST] if case_id in (None, "TB-CCPR-7-2026") else []

    def command(self, _: object, command_id: str) -> HistoryRow | None:
        return next((row for row in self.records if row.command_id == command_id), None)


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> FakeModels:
    """Read models in the place of the database."""
    made = FakeModels()
    monkeypatch.setenv("JAUAP_DATABASE", "postgresql://nowhere")
    monkeypatch.setattr(ask, "answering", lambda _: SimpleNamespace(close=lambda: None))
    monkeypatch.setattr(ask, "queries", made)
    return made


@pytest.mark.usefixtures("models")
def test_the_list_shows_cases_and_not_the_calendar() -> None:
    """A plain table with a heading; the calendar is a case only to the log."""
    lines = jauap("case", "list").stdout.splitlines()
    assert lines[0].split()[:3] == ["CASE", "TYPE", "RECEIVED"]
    assert [line.split()[0] for line in lines[1:]] == [CASE]
    assert [row["case_id"] for row in json.loads(jauap("case", "list", "--json").stdout)] == [CASE]
    assert jauap("case", "list", "--status", "merged").stdout == "No case has this status.\n"


def test_a_visit_is_shown_with_its_proposals(models: FakeModels) -> None:
    """14-10: on what basis, by whom, and for whom it waits; the list can be asked for visits only."""
    models.rows.append(a_case("VISIT-7", kind="visit", type="mfa-initiative", status="proposed", reference=None))
    listed = jauap("case", "list", "--kind", "visit").stdout.splitlines()
    assert [line.split()[0] for line in listed[1:]] == ["VISIT-7"]
    shown = jauap("case", "show", "VISIT-7").stdout
    assert "PROPOSALS" in shown
    assert "BODIES ASKED" not in shown
    assert [cell in shown for cell in ("intake 1", "mfa-initiative", "MOJ")] == [True] * 3
    assert json.loads(jauap("case", "show", "VISIT-7", "--json").stdout)["proposals"][0]["waiting_for"] == ["MOJ"]


def test_a_treaty_procedure_is_shown_with_its_requests(models: FakeModels) -> None:
    """14-11: who leads, and that a request has no clock where nothing binds or is stated."""
    models.rows.append(a_case("TB-CCPR-7-2026", kind="treaty-procedure", type="views", reference="7/2026"))
    shown = jauap("case", "show", "TB-CCPR-7-2026").stdout
    assert "REQUESTS" in shown
    assert [cell in shown for cell in ("intake 1", "ICCPR-OP1", "MOJ", "no clock")] == [True] * 4
    assert json.loads(jauap("case", "show", "TB-CCPR-7-2026", "--json").stdout)["requests"][0]["lead"] == "MOJ"


def test_a_default_that_was_not_verified_is_marked(monkeypatch: pytest.MonkeyPatch, models: FakeModels) -> None:
    """14-11: its clock says so."""
    unverified = msgspec.structs.replace(CLOCK, clock="14-11/1", paragraph=None, verified=False)
    monkeypatch.setattr(models, "deadlines", lambda *_, **__: [unverified])
    assert "practice; by a default that was not verified" in jauap("deadlines").stdout


def test_the_treaties_are_listed_with_what_was_not_verified() -> None:
    """Which bind from when, the terms, the addressees."""
    listed = jauap("treaty", "list").stdout
    assert [word in listed for word in ("ICCPR-OP1", "2009-09-30", "does not bind", "calendar-days", "MOJ")] == [
        True
    ] * 5
    assert json.loads(jauap("treaty", "list", "--json").stdout)["defaults"][0]["rule"] == "Optional Protocol, art. 4(2)"


def test_what_is_assumed_or_stands_still_is_said(models: FakeModels) -> None:
    """An assumed day of receipt and a case that stands still are marked in the list."""
    models.rows = [a_case(receipt_assumed=True, stands_still_since=AT, stands_still_why="parked")]
    line = jauap("case", "list").stdout.splitlines()[1]
    assert "2026-03-03 (assumed)" in line
    assert "received (stands still)" in line


@pytest.mark.usefixtures("models")
def test_a_case_is_shown_whole() -> None:
    """The letter, the bodies, the deadlines and the findings stand under their headings."""
    shown = jauap("case", "show", CASE).stdout
    for words in (
        "reference            KAZ 3/2026",
        "BODIES ASKED",
        "MIA",
        "DEADLINES",
        "2026-03-11",
        "FINDINGS",
        "in ru",
    ):
        assert words in shown
    found = json.loads(jauap("case", "show", CASE, "--json").stdout)
    assert set(found) == {"case", "bodies", "deadlines", "findings"}


@pytest.mark.usefixtures("models")
def test_a_history_is_a_sentence_for_each_record() -> None:
    """Times are Kazakhstan's, a withdrawn entry is marked, and who asked is said to be declared."""
    result = jauap("history", CASE)
    first, second = result.stdout.splitlines()[1:]
    assert first.startswith("2026-03-04 01:30  2026-03-03  intake 1")
    assert "[withdrawn by deadlines 7]" in second
    assert "BY (DECLARED)" in result.stdout
    assert "Who asked is as the caller declared it" in result.stderr


@pytest.mark.usefixtures("models")
def test_nothing_gives_orders_to_the_terminal() -> None:
    """Control characters of a record are shown as such, never sent to the terminal."""
    assert "\x1b" not in jauap("history", CASE).stdout


@pytest.mark.usefixtures("models")
def test_a_history_in_json_names_events_and_says_who_declared() -> None:
    """An array of objects, events by their names; what a service did by itself was declared by nobody."""
    found = json.loads(jauap("history", CASE, "--json").stdout)
    assert [row["event"] for row in found] == ["CommunicationReceived", "DeadlineStarted"]
    assert [row["actor_declared"] for row in found] == [True, False]


def test_deadlines_are_asked_for_the_day_in_kazakhstan(models: FakeModels, monkeypatch: pytest.MonkeyPatch) -> None:
    """Today is the day in Kazakhstan, by the trial clock where there is one."""
    monkeypatch.setattr(ask, "clock_from_environment", lambda: lambda: AT)
    assert "14-5(1)" in jauap("deadlines", "--within", "10", "--missed", "--case", CASE).stdout
    assert models.asked == {"today": date(2026, 3, 4), "within": 10, "missed": True, "case_id": CASE}
    assert json.loads(jauap("deadlines", "--json").stdout)[0]["safe"] == "2026-03-11"


def test_deadlines_of_a_body(models: FakeModels) -> None:
    """Of one body, or of the ministry itself; a code that is none is told."""
    models.clocks = [CLOCK, msgspec.structs.replace(CLOCK, clock="asked/MIA", body="MIA", paragraph=None)]
    assert [row["clock"] for row in json.loads(jauap("deadlines", "--body", "MIA", "--json").stdout)] == ["asked/MIA"]
    assert [row["clock"] for row in json.loads(jauap("deadlines", "--body", "MFA", "--json").stdout)] == ["14-5(1)"]
    result = jauap("deadlines", "--body", "NOBODY")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "MIA" in result.stderr


def test_a_feed_of_what_is_open(models: FakeModels) -> None:
    """Valid iCalendar on the day to act by, with an id of case and clock, and nothing of the letter in it."""
    moved = msgspec.structs.replace(CLOCK, clock="14-8(1)", due=date(2026, 5, 1), safe=None, original=date(2026, 4, 1))
    models.clocks = [
        CLOCK,
        msgspec.structs.replace(moved, state="missed", estimated=True),
        msgspec.structs.replace(CLOCK, clock="14-9(1)/1", due=None, safe=None, absent="no calendar"),
        msgspec.structs.replace(CLOCK, clock="14-5(2)", state="met", met_on=date(2026, 3, 5)),
    ]
    result = jauap("deadlines", "--ical")
    found = {str(event["UID"]): event for event in icalendar.Calendar.from_ical(result.stdout_bytes).walk("VEVENT")}
    assert list(found) == [f"{CASE}/14-5(1)@jauap", f"{CASE}/14-8(1)@jauap"]
    first, second = found.values()
    assert first.decoded("dtstart") == date(2026, 3, 11)
    assert (first.decoded("sequence"), first.decoded("last-modified")) == (2, AT)
    assert (str(first["SUMMARY"]), str(second["SUMMARY"])) == (f"{CASE} 14-5(1)", f"{CASE} 14-8(1) (missed)")
    assert "due 2026-03-12, act by 2026-03-11" in str(first["DESCRIPTION"])
    assert "Extended from 2026-04-01. Rests on a day that is only estimated." in str(second["DESCRIPTION"])
    assert "A subject" not in result.stdout
    assert "Deadlines of MFA" in jauap("deadlines", "--ical", "--body", "MFA").stdout
    assert jauap("deadlines", "--ical", "--json").exit_code == 2


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"received_on": date(2012, 1, 13), "receipt_assumed": True}, "2012-01-13 (assumed), before the decree"),
        ({"receipt_assumed": True}, "its receipt on 2026-03-03 is assumed"),
        ({"merged_into": "KAZ-4-2026"}, "the case goes on as KAZ-4-2026"),
        ({}, "Nothing is due."),
    ],
)
def test_a_case_without_clocks_says_why(models: FakeModels, changed: dict[str, Any], said: str) -> None:
    """A letter from before the decree, an assumed day of receipt, a merged case: nothing is due, for a reason."""
    models.rows, models.clocks = [a_case(**changed)], []
    for words in (("deadlines", "--case", CASE), ("case", "show", CASE)):
        assert said in jauap(*words).stdout


@pytest.mark.usefixtures("models")
def test_a_word_that_is_no_status_is_told() -> None:
    """A slip of the pen is not answered with an empty list: the words that are some are named."""
    for option, word in (("--status", "answerd"), ("--kind", "letter")):
        result = jauap("case", "list", option, word)
        assert (result.exit_code, result.stdout) == (2, "")
        assert ("answered" if option == "--status" else "treaty-procedure") in result.stderr
    assert jauap("case", "list", "--status", "calendar").exit_code == 0


@pytest.mark.usefixtures("models")
def test_findings_are_of_one_case_or_of_all() -> None:
    """Without a case all open findings are told."""
    assert "in ru" in jauap("findings").stdout
    assert json.loads(jauap("findings", CASE, "--json").stdout)[0]["code"] == "language"


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize(
    "words",
    [
        ("case", "show", "KAZ-9-2026"),
        ("history", "KAZ-9-2026"),
        ("findings", "KAZ-9-2026"),
        ("deadlines", "--case", "KAZ-9-2026"),
    ],
)
def test_an_unknown_case_is_told_in_a_sentence(words: tuple[str, ...]) -> None:
    """Nothing on record: a sentence, what to do, and status 1."""
    result = jauap(*words)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Nothing is on record under the case id KAZ-9-2026.\njauap case list names the cases." in result.stderr


def test_read_models_that_do_not_answer_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that is down is a sentence and status 1, and no traceback."""

    def gone(_: str) -> None:
        raise DatabaseUnavailable("connection refused")

    monkeypatch.setenv("JAUAP_DATABASE", "postgresql://nowhere")
    monkeypatch.setattr(ask, "answering", gone)
    result = jauap("case", "list")
    assert result.exit_code == 1
    assert "The read models can't be read: connection refused" in result.stderr


@pytest.mark.usefixtures("log")
def test_an_outcome_is_told_from_the_read_models(models: FakeModels) -> None:
    """A record's command was accepted, a refusal's was not, also long after the outcome itself is gone."""
    refused = {
        "command": "SendResponse",
        "code": "UnknownCase",
        "message": "why",
        "field": "case_id",
        "paragraph": None,
    }
    models.records.append(a_record(command_id="c2", event="CommandRefused", refused=True, data=refused))
    accepted = jauap("outcome", "c1")
    assert accepted.exit_code == 0
    assert "CommunicationReceived is on record, no. 1 of intake" in accepted.stdout
    result = jauap("outcome", "c2", "--json")
    assert result.exit_code == 1
    assert set(json.loads(result.stdout)) == set(Outcome.__struct_fields__)
    assert json.loads(result.stdout)["code"] == "UnknownCase"


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize(("status", "code"), [("accepted", 0), ("refused", 1), ("malformed", 2), ("held", 3)])
def test_an_outcome_is_looked_for_in_the_log_first(log: FakeLog, status: str, code: int) -> None:
    """What its service announced in the last week is told as it was announced."""
    found, _ = read(json.dumps({**SEND, "command_id": "c9"}))
    log.outcomes["c9"] = outcome(found[0], 1, status=status, code="X", message="m")
    result = jauap("outcome", "c9")
    assert result.exit_code == code
    assert result.stdout.startswith(status)


@pytest.mark.usefixtures("models", "log")
def test_an_unknown_command_ends_with_status_3() -> None:
    """Nothing is known yet: it says so, and what may be the reason."""
    result = jauap("outcome", "nothing")
    assert result.exit_code == 3
    assert "Nothing is known of a command with this id yet." in result.stderr


def test_read_models_are_listed_with_their_questions() -> None:
    """Each read model is named for a question."""
    found = json.loads(jauap("projections", "list", "--json").stdout)
    assert {row["name"] for row in found} >= {"cases", "case_history", "deadlines", "findings", "agency_matrix"}
    assert all(row["question"] for row in found)


def test_an_unknown_read_model_is_told() -> None:
    """A name that is none gives the names that are."""
    result = jauap("projections", "rebuild", "nothing")
    assert result.exit_code == 2
    assert "There are cases," in result.stderr


def test_a_read_model_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """`rebuild all` names every read model and tells how many records were read."""
    asked: dict[str, Any] = {}

    def rebuild(names: tuple[str, ...], **given: Any) -> int:
        given["report"](1, 2)
        asked.update(given, names=names)
        return 55

    monkeypatch.setenv("JAUAP_DATABASE", "postgresql://nowhere")
    monkeypatch.setenv("JAUAP_KAFKA", "nowhere:1")
    monkeypatch.setattr("jauap.cli.projections.rebuilding.rebuild", rebuild)
    result = jauap("projections", "rebuild", "all")
    assert result.stdout.endswith("made anew from 55 records.\n")
    assert (asked["database"], asked["kafka"]) == ("postgresql://nowhere", "nowhere:1")
    assert "cases" in asked["names"]
