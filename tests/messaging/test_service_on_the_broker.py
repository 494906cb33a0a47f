"""The loop on the real broker: killed, doubled, repeated and raced, each command has exactly one record."""

import json
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from jauap.domain.commands import CorrectCommunication, ForwardCommunication, ReceiveCommunication
from jauap.domain.facts import ForwardedTo, Value
from jauap.messaging.outcome import Outcome
from jauap.messaging.sender import Order, Sender
from jauap.stack.addresses import Addresses
from jauap.stack.machine import Stack
from tests.checker import check, read_topic
from tests.conftest import prepare

pytestmark = pytest.mark.kafka

SERVICES = ("intake", "routing")
PATIENCE = 30.0


class Running:
    """A stack of its own with two services, so that they can be killed."""

    def __init__(self, machine: Stack, addresses: Addresses) -> None:
        self.machine, self.addresses = machine, addresses

    def sender(self) -> Sender:
        return Sender(self.addresses.kafka, self.addresses.registry, f"test-{uuid.uuid4().hex[:8]}")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Kafka, registry, intake and routing."""
    machine = Stack(tmp_path_factory.mktemp("running"), services=SERVICES)
    try:
        yield Running(machine, machine.up(lambda _part, _words: None, prepare))
    finally:
        machine.down(lambda _part, _words: None)


def order(command: Value, case_id: str, command_id: str | None = None, expected: dict[str, int] | None = None) -> Order:
    """A command of an officer."""
    return Order(
        command=command,
        name=type(command).__name__,
        case_id=case_id,
        command_id=command_id or str(uuid.uuid4()),
        actor="test",
        expected=expected or {},
    )


NUMBERS = iter(range(1, 10_000))


def a_letter() -> Order:
    """The receipt of a letter with a reference of its own."""
    number = next(NUMBERS)
    letter = ReceiveCommunication(
        reference=f"KAZ {number}/2026", communication_type="AL", state="KAZ", received_on=date(2026, 3, 3)
    )
    return order(letter, f"KAZ-{number}-2026")


def a_correction(case_id: str, number: int, expected: dict[str, int] | None = None) -> Order:
    """A correction that no other repeats."""
    return order(CorrectCommunication(subject=f"subject {number}", reason="test"), case_id, expected=expected)


def answers(sender: Sender, orders: list[Order]) -> dict[str, Outcome]:
    """The outcomes of all these commands."""
    found = {sent.command_id: outcome for sent, outcome in sender.submit(orders, PATIENCE) if outcome is not None}
    assert set(found) == {sent.command_id for sent in orders}
    return found


def assert_one_record_each(running: Running, service: str, orders: list[Order]) -> int:
    """Each command has one counting record, in its case's order of sending. The number of void records."""
    found = check(running.addresses.kafka, service)
    assert not found.broken
    made = {record.command_id: record for records in found.counted.values() for record in records}
    counted = [record.command_id for records in found.counted.values() for record in records]
    assert len(counted) == len(set(counted))
    assert {sent.command_id for sent in orders} <= made.keys()
    for case_id in {sent.case_id for sent in orders}:
        sent = [one.command_id for one in orders if one.case_id == case_id]
        assert [record.command_id for record in found.counted[case_id] if record.command_id in set(sent)] == sent
    return found.void


def assert_identical_outcomes(running: Running, service: str, orders: list[Order]) -> None:
    """However often a command was answered, it was answered the same."""
    seen: dict[str, set[bytes]] = {}
    for record in read_topic(running.addresses.kafka, f"jauap.{service}.outcomes"):
        seen.setdefault(record.key, set()).add(record.value)
    assert all(len(seen[sent.command_id]) == 1 for sent in orders)


@contextmanager
def another(running: Running, service: str, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a second instance of a service on all partitions, whoever else reads them."""
    settings = {
        **running.addresses.environment(),
        "JAUAP_PARTITIONS_ONLY": ",".join(str(number) for number in range(running.addresses.partitions)),
        "JAUAP_READY_FILE": str(Path(running.addresses.documents).parent / f"another-{service}.ready"),
        "PATH": "/usr/bin:/bin",
        **more,
    }
    Path(settings["JAUAP_READY_FILE"]).unlink(missing_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-m", f"services.{service}"],
        env=settings,
        cwd=Path(__file__).parents[2],
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 30
        while not Path(settings["JAUAP_READY_FILE"]).exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        process.wait(20)


def cases_with_corrections(cases: int, corrections: int) -> list[Order]:
    """Letters, and then corrections of them in turn."""
    letters = [a_letter() for _ in range(cases)]
    return [*letters, *(a_correction(one.case_id, n) for n in range(corrections) for one in letters)]


def test_a_service_killed_under_load_loses_nothing_and_decides_nothing_twice(running: Running) -> None:
    """Kill -9 in the midst of its work, again and again: each command has one record and one outcome."""
    orders = cases_with_corrections(20, 30)
    stopping = threading.Event()
    kills = 0

    def kill_and_restart() -> None:
        nonlocal kills
        while not stopping.is_set():
            running.machine.kill("intake")
            running.machine.start("intake")
            kills += 1
            stopping.wait(0.4)

    killer = threading.Thread(target=kill_and_restart)
    killer.start()
    try:
        with running.sender() as sender:
            outcomes: dict[str, Outcome] = {}
            for start in range(0, len(orders), 60):
                outcomes |= answers(sender, orders[start : start + 60])
    finally:
        stopping.set()
        killer.join()
    assert kills >= 2
    assert {outcome.status for outcome in outcomes.values()} == {"accepted"}
    assert_one_record_each(running, "intake", orders)
    assert_identical_outcomes(running, "intake", orders)


def test_two_instances_on_the_same_partitions_agree(running: Running) -> None:
    """Both decide everything; the first record in the log wins, the other is void, and no command is done twice."""
    orders = cases_with_corrections(20, 20)
    with another(running, "intake"), running.sender() as sender:
        outcomes = answers(sender, orders)
        time.sleep(1)
    assert {outcome.status for outcome in outcomes.values()} == {"accepted"}
    assert assert_one_record_each(running, "intake", orders) > 0
    assert_identical_outcomes(running, "intake", orders)


def test_a_repeated_command_has_the_same_outcome_and_no_second_record(running: Running) -> None:
    """In the same batch, later, and after a restart."""
    letter = a_letter()
    correction = a_correction(letter.case_id, 1)
    with running.sender() as sender:
        first = list(sender.submit([letter, letter, correction, letter, correction], PATIENCE))
        again = answers(sender, [letter])
        running.machine.kill("intake")
        running.machine.start("intake")
        after = answers(sender, [letter, correction])
    assert {outcome.status for _, outcome in first if outcome} == {"accepted"}
    assert again[letter.command_id] == after[letter.command_id]
    assert len(check(running.addresses.kafka, "intake").of_command(letter.command_id)) == 1
    assert len(check(running.addresses.kafka, "intake").of_command(correction.command_id)) == 1
    assert_identical_outcomes(running, "intake", [letter, correction])


def test_a_command_id_used_for_other_content_is_refused(running: Running) -> None:
    """The first content's outcome stays what it was, and there is no second record."""
    letter = a_letter()
    other = order(CorrectCommunication(subject="other", reason="test"), letter.case_id, letter.command_id)
    with running.sender() as sender:
        accepted = answers(sender, [letter])[letter.command_id]
        refused = answers(sender, [other])[letter.command_id]
        again = answers(sender, [letter])[letter.command_id]
    assert (refused.status, refused.code) == ("refused", "CommandIdReused")
    assert accepted == again
    assert len(check(running.addresses.kafka, "intake").of_command(letter.command_id)) == 1


def test_a_command_right_after_an_accepted_one_in_another_service_finds_its_case(running: Running) -> None:
    """Before a command is decided, every event that was written before it is folded."""
    with running.sender() as sender:
        for _ in range(50):
            letter = a_letter()
            assert answers(sender, [letter])[letter.command_id].status == "accepted"
            forwarding = order(
                ForwardCommunication(bodies=(ForwardedTo(body="MIA"),), forwarded_on=date(2026, 3, 4)), letter.case_id
            )
            outcome = answers(sender, [forwarding])[forwarding.command_id]
            assert (outcome.status, outcome.code) == ("accepted", None)


def test_a_restarted_broker_loses_nothing(running: Running) -> None:
    """Commands sent before and after a broker's crash are decided once, by the same process."""
    orders = cases_with_corrections(5, 20)
    with running.sender() as sender:
        before = answers(sender, orders[:50])
    running.machine.kill("kafka")
    running.machine.start("kafka")
    with running.sender() as sender:
        after = answers(sender, orders[50:])
    assert {outcome.status for outcome in (before | after).values()} == {"accepted"}
    assert_one_record_each(running, "intake", orders)


def test_a_command_that_expects_an_older_case_is_refused(running: Running) -> None:
    """Who decides on what they saw must have seen the case as it is; refusals do not count as changes."""
    letter = a_letter()
    first = a_correction(letter.case_id, 1)
    outdated = a_correction(letter.case_id, 2, expected={"intake": 1})
    current = a_correction(letter.case_id, 3, expected={"intake": 2})
    with running.sender() as sender:
        outcomes = answers(sender, [letter, first, outdated, current])
    assert outcomes[outdated.command_id].code == "OutdatedView"
    assert outcomes[current.command_id].status == "accepted"


def test_an_instance_tells_on_request_what_it_holds(running: Running, tmp_path: Path) -> None:
    """Its heads are the last records that count, and a broken promise would show in the state's digest."""
    orders = cases_with_corrections(3, 2)
    told = tmp_path / "holdings"
    with running.sender() as sender:
        answers(sender, orders)
    with another(running, "intake", JAUAP_DUMP_FILE=str(told)) as process:
        process.send_signal(signal.SIGUSR1)
        deadline = time.monotonic() + 30
        while not told.exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
    holdings = json.loads(told.read_bytes())
    cases = {name: case for held in holdings["partitions"].values() for name, case in held["cases"].items()}
    found = check(running.addresses.kafka, "intake").counted
    heads = {name: [len(records), records[-1].digest(), None] for name, records in found.items()}
    assert {name: case["heads"]["intake"] for name, case in cases.items() if name in heads} == heads
    assert len({cases[one.case_id]["case"] for one in orders}) == 3
