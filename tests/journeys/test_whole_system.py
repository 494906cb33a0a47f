"""The whole system on this machine, used as a person uses it: by its command line."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from jauap.cli.explain import SETTING, explained
from jauap.domain.case import CALENDAR
from jauap.domain.workdays import day_in_kazakhstan, months_after
from jauap.projections import queries
from jauap.projections.database import OPTIONS, connect
from jauap.stack.addresses import Addresses
from jauap.stack.machine import Stack
from tests.checker import SERVICES, check

pytestmark = pytest.mark.kafka

ROOT = Path(__file__).parents[2]
LETTER = "KAZ-5-2011"


class System:
    """A running deployment, and its command line."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.machine = Stack(folder)
        self.demo = self.run("demo", "examples/register.csv")

    def run(self, *words: str, status: int = 0, given: str | None = None, **settings: str) -> str:
        """Run a command and give its output; its exit status must be the expected one."""
        done = subprocess.run(
            [str(Path(sys.executable).parent / "jauap"), *words],
            input=given,
            capture_output=True,
            text=True,
            cwd=ROOT,
            timeout=280,
            check=False,
            env={**os.environ, "JAUAP_DATA_DIR": str(self.folder), "JAUAP_ACTOR": "officer", **settings},
        )
        assert done.returncode == status, (done.returncode, done.stdout[-3000:], done.stderr[-3000:])
        return done.stdout

    def json(self, *words: str, status: int = 0, given: str | None = None) -> Any:
        """Run a command with --json and read its output."""
        return json.loads(self.run(*words, "--json", status=status, given=given))

    @property
    def addresses(self) -> Addresses:
        found = Addresses.load(self.folder)
        assert found is not None
        return found

    def until(self, *words: str, seconds: float = 30.0) -> Any:
        """Ask until the answer is not empty: read models follow the log."""
        deadline = time.monotonic() + seconds
        while True:
            said = _either(self, *words, "--json")
            if said and (found := json.loads(said)):
                return found
            assert time.monotonic() < deadline
            time.sleep(0.1)


def wait_until(holds: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait for what the log brings about."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """The system after its demonstration."""
    folder = tmp_path_factory.mktemp("system") / "data"
    machine = Stack(folder)
    try:
        yield System(folder)
    finally:
        machine.down(lambda _part, _words: None)


def test_the_letter_went_through_every_paragraph(system: System) -> None:
    """Every clock of 14-5 to 14-9 ran and was met, and the one breach on the way is a finding."""
    clocks = {clock["clock"]: clock for clock in system.json("deadlines", "--case", LETTER)}
    paragraphs = {clock["paragraph"] for clock in clocks.values()}
    assert paragraphs == {"14-5(1)", "14-5(2)", "14-8(1)", "14-8(2)", "14-9(1)", "14-9(2)", None}
    assert {clock["state"] for clock in clocks.values()} == {"met"}
    assert [finding["code"] for finding in system.json("findings", LETTER)] == ["signatory"]
    history = system.json("history", LETTER)
    assert {"CommunicationReceived", "CommunicationForwarded", "MeetingHeld", "ResponseSent"} <= {
        row["event"] for row in history
    }
    assert "published" in system.run("case", "show", LETTER)


def test_the_log_behind_it_is_whole(system: System) -> None:
    """An independent reader finds every chain unbroken, and each command's record once."""
    for service in SERVICES:
        found = check(system.addresses.kafka, service)
        assert not found.broken
        made = [record.command_id for records in found.counted.values() for record in records if record.command_id]
        assert len(made) == len(set(made))


def test_a_second_demonstration_and_a_second_import_change_nothing(system: System) -> None:
    """What was done is not done twice: not one record is added."""
    before = {service: sum(map(len, check(system.addresses.kafka, service).counted.values())) for service in SERVICES}
    system.run("demo", "examples/register.csv")
    report = system.json("import", "examples/register.csv", "--state", "ANY", status=1)
    assert report["taken"] == []
    assert len(report["was_there"]) > 40
    after = {service: sum(map(len, check(system.addresses.kafka, service).counted.values())) for service in SERVICES}
    assert before == after


def test_every_date_can_be_performed_again(system: System) -> None:
    """Each clock of the letter, counted again from what is in the tables, ends as it was shown."""
    with closing(connect(system.addresses.database)) as connection:
        calendar = queries.history(connection, CALENDAR)
        rows = queries.history(connection, LETTER)
    clocks = {row.data["clock"] for row in rows if row.event in SETTING}
    assert len(clocks) > 10
    for clock in clocks:
        found = explained(rows, calendar, LETTER, clock, None)
        assert found is not None
        assert found.again.differences == (), clock
    assert "the same." in system.run("explain", LETTER, "14-5(1)")
    assert system.json("due", "2022-10-17", "5")["calendar"] == "on-record"


def test_an_act_moves_a_date_and_its_withdrawal_moves_it_back(system: System, tmp_path: Path) -> None:
    """What was previewed happens: the term ends a day later by the act, and as before once the act is withdrawn."""

    def due() -> str:
        return str(next(row["due"] for row in system.json("deadlines", "--case", case) if row["clock"] == "14-5(1)"))

    case, letter = "KAZ-88-2026", {"communication_type": "AL", "state": "KAZ", "received_on": "2026-06-03"}
    system.run("do", "-", given=json.dumps({"command": "ReceiveCommunication", "reference": "KAZ 88/2026", **letter}))
    system.until("deadlines", "--case", case)
    off = {"day": "2026-06-09", "becomes": "moved-off", "why": "Day off of a trial"}
    act = tmp_path / "act.json"
    act.write_text(json.dumps({"act": "trial", "title": "A trial", "known_on": "2026-06-04", "days": [off]}))
    before = datetime.now(UTC).isoformat()
    assert due() == "2026-06-10"
    moves = [move for move in system.json("calendar", "preview", str(act))["moves"] if move["case_id"] == case]
    assert {(move["clock"], move["new_due"]) for move in moves} == {
        ("14-5(1)", "2026-06-11"), ("14-5(2)", "2026-06-11"),
    }  # fmt: skip
    system.run("calendar", "load", str(act))
    wait_until(lambda: due() == "2026-06-11")
    then = system.json("explain", case, "14-5(1)", "--as-of", before)
    now = system.json("explain", case, "14-5(1)")
    assert (then["believed"]["due"], now["believed"]["due"], now["because"]) == ("2026-06-10", "2026-06-11", ["trial"])
    system.run("calendar", "withdraw", "trial", "--reason", "It was a trial")
    wait_until(lambda: due() == "2026-06-10")
    assert system.json("explain", case, "14-5(1)")["performed_again"]["same"]


def test_an_imported_letter_has_no_clock_until_its_receipt_is_confirmed(system: System) -> None:
    """The public record has no day of receipt: nothing is computed where it isn't known."""
    assert system.json("deadlines", "--case", "KAZ-2-2011") == []
    assert system.json("findings", "KAZ-2-2011") == []


def test_rebuilt_read_models_have_identical_rows(system: System) -> None:
    """PostgreSQL is derived: whatever is done to a model, the log gives the same rows again."""
    models = ["cases", "case_history", "deadlines", "findings", "agency_matrix"]
    with psycopg.connect(system.addresses.database, autocommit=True, options=OPTIONS) as connection:

        def rows(model: str) -> list[tuple[Any, ...]]:
            return sorted(connection.execute(f"SELECT t::text FROM {model} AS t").fetchall())  # noqa: S608

        before = {model: rows(model) for model in models}
        for model in models:
            connection.execute(f"DELETE FROM {model} WHERE case_id LIKE 'KAZ%'")  # noqa: S608
            assert rows(model) != before[model]
            system.run("projections", "rebuild", model)
        assert {model: rows(model) for model in models} == before


def test_a_letter_registered_by_hand_is_forwarded_late_and_it_shows(system: System) -> None:
    """No JSON needed; what breaks a rule is recorded, and becomes a finding that names its paragraph."""
    today = day_in_kazakhstan_now()
    received = (today - timedelta(days=40)).isoformat()
    case = ("--case-id", "KAZ-77-2026")
    system.run(
        *("do", "ReceiveCommunication", "--reference", "KAZ 77/2026", "--communication-type", "AL"),
        *("--state", "KAZ", "--language", "en", "--letter-date", received, "--received-on", received),
        *("--reply-within-days", "60"),
    )
    missed = system.until("deadlines", "--missed", "--case", "KAZ-77-2026")
    assert {clock["clock"] for clock in missed} == {"14-5(1)", "14-5(2)"}
    system.run("do", "ForwardCommunication", *case, "--body", "MIA", "--forwarded-on", today.isoformat())
    system.run("do", "ForwardCommunication", *case, "--body", "MOJ", "--forwarded-on", today.isoformat())
    wanted = {("late/14-5(1)", today.isoformat()), ("late/14-5(2)", None), ("forwarded-late/MOJ", today.isoformat())}
    deadline = time.monotonic() + 30
    while {(one["finding"], one["cured_on"]) for one in system.json("findings", "KAZ-77-2026")} != wanted:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_wrong_entry_is_withdrawn_and_its_clock_runs_again(system: System) -> None:
    """Met is not final: without its fact the clock is open, and history shows both."""
    today = day_in_kazakhstan_now().isoformat()
    receive = {
        "command": "ReceiveCommunication", "reference": "KAZ 78/2026", "communication_type": "UA", "state": "KAZ",
        "received_on": today,
    }  # fmt: skip
    forward = {
        "command": "ForwardCommunication", "case_id": "KAZ-78-2026", "bodies": [{"body": "MIA"}], "forwarded_on": today
    }  # fmt: skip
    withdraw = {"command": "WithdrawRoutingEntry", "case_id": "KAZ-78-2026", "entry": 1, "reason": "the wrong letter"}
    system.run("do", "-", given=json.dumps([receive, forward]))
    _await_state(system, "KAZ-78-2026", "14-5(1)", "met")
    system.run("do", "-", given=json.dumps(withdraw))
    _await_state(system, "KAZ-78-2026", "14-5(1)", "open")
    events = [row["event"] for row in system.json("history", "KAZ-78-2026")]
    assert {"DeadlineMet", "EntryWithdrawn", "DeadlineReopened"} <= set(events)


def test_a_visit_is_proposed_agreed_and_invited_too_early(system: System) -> None:
    """14-10: its own kind of case, without a clock; an agreement that came after the invitation cures a finding."""
    today = day_in_kazakhstan_now()
    proposed, agreed = (today - timedelta(days=9)).isoformat(), today.isoformat()
    invited, case = (today - timedelta(days=5)).isoformat(), ("--case", "VISIT-03-12-2101")
    system.run(
        *("do", "ProposeVisit", "--registry-number", "03-12/2101", "--basis", "competent-body", "--proposed-by", "MIA"),
        *("--competent-body", "MIA", "--mandate", "Special Rapporteur on torture", "--proposed-on", proposed),
    )
    system.run("do", "RecordVisitStage", *case, "--stage", "requested", "--reached-on", proposed)
    system.run(
        *("do", "SendVisitInvitation", *case, "--sent-on", invited, "--channel", "diplomatic"),
        "--in-the-name-of-kazakhstan",
    )
    system.until("findings", "VISIT-03-12-2101")
    system.run("do", "AgreeToVisit", *case, "--body", "MFA", "--agreed-on", agreed)
    deadline = time.monotonic() + 30
    while not (found := system.json("findings", "VISIT-03-12-2101"))[0]["cured_on"]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert [(one["code"], one["paragraph"], one["cured_on"]) for one in found] == [("no-agreement", "14-10", agreed)]
    shown = system.json("case", "show", "VISIT-03-12-2101")
    assert (shown["case"]["kind"], shown["case"]["status"], shown["deadlines"]) == ("visit", "accepted", [])
    assert [(one["state"], one["invited_on"]) for one in shown["proposals"]] == [("accepted", invited)]


def test_an_individual_communication_is_answered_on_the_treaty_s_term(system: System) -> None:
    """14-11: six months from the note's date by the first protocol, led by the justice ministry, met by the reply."""
    today = day_in_kazakhstan_now()
    dated, case = (today - timedelta(days=20)).isoformat(), "TB-CCPR-4321-2026"
    system.run(
        *("do", "ReceiveTreatyBodyRequest", "--treaty-body", "CCPR", "--procedure", "individual-communication"),
        *("--reference", "4321/2026", "--document-date", dated, "--received-on", today.isoformat()),
    )
    system.run(
        *("do", "AssignTreatyProcedure", "--case", case, "--lead", "MOJ", "--transmitter", "MFA"),
        *("--assigned-on", today.isoformat()),
    )
    _await_state(system, case, "14-11/1", "open")
    reply = ("--kind", "full", "--sent-on", today.isoformat(), "--sent-by", "MFA")
    system.run("do", "SendTreatyBodyReply", "--case", case, *reply)
    _await_state(system, case, "14-11/1", "met")
    (clock,) = _clocks(system, case)
    assert (clock["due"], clock["paragraph"]) == (months_after(date.fromisoformat(dated), 6).isoformat(), "14-11")
    assert (clock["policy"], clock["body"], clock["verified"]) == ("months/1", "MOJ", True)
    assert [row["case_id"] for row in system.json("case", "list", "--kind", "treaty-procedure")] == [case]
    assert system.json("findings", case) == []


def test_a_refusal_is_told_recorded_and_found_again(system: System) -> None:
    """Code, sentence and field, by exit status 1, in the history, and by the command's id later."""
    wrong = {
        "command": "ForwardCommunication", "case_id": LETTER, "bodies": [{"body": "NOSUCH"}],
        "forwarded_on": day_in_kazakhstan_now().isoformat(), "command_id": "refused-1",
    }  # fmt: skip
    outcome = system.json("do", "-", given=json.dumps(wrong), status=1)
    assert (outcome["status"], outcome["code"], outcome["field"]) == ("refused", "UnknownBody", "bodies[0].body")
    assert system.json("outcome", "refused-1", status=1)["code"] == "UnknownBody"


def test_a_malformed_command_is_not_sent_at_all(system: System) -> None:
    """The field and the rule are named, the value never; exit status 2."""
    done = system.run("do", "-", given='{"command": "ForwardCommunication", "bodies": 7}', status=2)
    assert done == ""


def test_a_command_for_a_service_that_is_down_is_kept(system: System) -> None:
    """The command line says so and ends with 3; once the service is back, the outcome is there."""
    today = day_in_kazakhstan_now().isoformat()
    system.machine.kill("routing")
    inform = {"command": "InformOmbudsman", "case_id": "KAZ-2-2011", "informed_on": today, "command_id": "kept-1"}
    system.run("do", "--wait", "1", "-", given=json.dumps(inform), status=3)
    system.run("stack", "up")
    deadline = time.monotonic() + 30
    while '"accepted"' not in _either(system, "outcome", "kept-1", "--json"):
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_everything_killed_at_once_heals_by_up(system: System) -> None:
    """Kill -9 of every part, then `up`: nothing that was accepted is gone."""
    before = system.json("history", LETTER)
    for part in (*SERVICES, "projector", "kafka", "registry", "postgres"):
        system.machine.kill(part)
    system.run("stack", "up")
    assert system.json("history", LETTER) == before
    correct = {"command": "CorrectCommunication", "case_id": LETTER, "subject": "after the crash", "reason": "a test"}
    outcome = system.json("do", "-", given=json.dumps(correct))
    deadline = time.monotonic() + 30
    while outcome["command_id"] not in {row["command_id"] for row in system.json("history", LETTER)}:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert {part["state"] for part in system.json("stack", "status")} == {"ready"}


def test_clocks_that_ended_while_deadlines_was_down_are_missed_at_its_next_run(system: System) -> None:
    """Level-triggered: what the outage hid is recorded once, with the right day."""
    system.machine.stop("deadlines")
    today = day_in_kazakhstan_now()
    receive = {
        "command": "ReceiveCommunication", "reference": "KAZ 79/2026", "communication_type": "UA", "state": "KAZ",
        "received_on": (today - timedelta(days=30)).isoformat(),
    }  # fmt: skip
    system.run("do", "-", given=json.dumps(receive))
    system.machine.start("deadlines")
    _await_state(system, "KAZ-79-2026", "14-5(1)", "missed")
    events = [(row["event"], row["data"].get("clock")) for row in system.json("history", "KAZ-79-2026")]
    assert events.count(("DeadlineMissed", "14-5(1)")) == 1


def test_the_auditor_finds_every_chain_whole(system: System) -> None:
    """`jauap verify` reads the log itself, and counts what it found."""
    found = system.json("verify")
    assert found["records"] == found["counted"] + found["void"] > 100
    assert (found["broken"], found["foreign"], found["standing_still"]) == (0, 0, [])


def test_topics_agree_with_their_files(system: System) -> None:
    """`jauap topics check` finds no drift on a deployment that `up` made."""
    system.run("topics", "check")


def day_in_kazakhstan_now() -> date:
    """Today, where the law counts."""
    from datetime import UTC, datetime  # noqa: PLC0415 - the only place that looks at the clock

    return day_in_kazakhstan(datetime.now(UTC))


def _await_state(system: System, case_id: str, clock: str, state: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        found = {row["clock"]: row["state"] for row in _clocks(system, case_id)}
        if found.get(clock) == state:
            return
        assert time.monotonic() < deadline, found
        time.sleep(0.1)


def _clocks(system: System, case_id: str) -> list[dict[str, Any]]:
    known = _either(system, "deadlines", "--case", case_id, "--json")
    return json.loads(known) if known else []


def _either(system: System, *words: str) -> str:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "jauap"), *words, "--data-dir", str(system.folder)],
        capture_output=True, text=True, check=False, cwd=ROOT, timeout=60,
    )  # fmt: skip
    return done.stdout
