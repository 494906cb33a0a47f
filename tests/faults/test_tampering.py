"""Damage and forgery on the real system: that case stops, loudly, the others flow, and mending brings it back.

Each part (what was done on disk while all was down, what was forged while all ran, what was done on disk under running
services) is done once; the tests look at what was seen at the time.
"""

import json
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import psycopg
import pytest
from confluent_kafka import Producer

from jauap.domain.commands import (
    CorrectCommunication,
    DraftResponse,
    ForwardCommunication,
    InformOmbudsman,
    MendIntakeChain,
    MendRoutingChain,
    ReceiveCommunication,
)
from jauap.domain.facts import ForwardedTo, Value
from jauap.messaging import verifier
from jauap.messaging.connection import client_settings
from jauap.messaging.outcome import Outcome
from jauap.messaging.sender import Order, Sender
from jauap.messaging.topics import partition_of
from jauap.messaging.verifier import Verification
from jauap.projections.database import OPTIONS
from jauap.stack import first_start
from jauap.stack.addresses import Addresses
from jauap.stack.machine import PARTITIONS, Stack
from tests import checker
from tests.conftest import prepare
from tests.faults import segments
from tests.faults.segments import Record

pytestmark = pytest.mark.kafka

ROOT = Path(__file__).parents[2]
PARTS = (*checker.SERVICES, "projector")
"""Those that tell of each case by themselves; liaison's ways are in tests/services/test_liaison_faults.py."""
PATIENCE = 60.0
NUMBERS = count(1)
DAY = date(2026, 3, 4)
Row = tuple[str, object, str | None]
"""The subject of a case, and since when and why it stands still."""
T = TypeVar("T")


class Place(NamedTuple):
    """Where a record stands."""

    topic: str
    partition: int
    offset: int


def as_read(partition: int, record: Record) -> checker.Record:
    """A record on disk as a reader gets it."""
    headers = {name.decode(): value or b"" for name, value in record.headers}
    return checker.Record(partition, record.offset, (record.key or b"").decode(), record.value or b"", headers)


def silent(_part: str, _words: str) -> None:
    """Say nothing."""


def until(condition: Callable[[], bool]) -> None:
    """Wait for it, with patience."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def order(case_id: str, command: Value) -> Order:
    """A command of an officer."""
    return Order(
        command=command,
        name=type(command).__name__,
        case_id=case_id,
        command_id=str(uuid.uuid4()),
        actor="officer",
    )


def correction(case_id: str) -> Order:
    """A correction that no other repeats."""
    return order(case_id, CorrectCommunication(subject=f"subject {next(NUMBERS):04}", reason="test"))


def heard(told: Iterator[tuple[Order, Outcome | None]], orders: list[Order], *enough: str) -> list[Outcome]:
    """The outcomes of all these commands, in the order of sending: final ones, or those that are enough."""
    found: dict[str, Outcome] = {}
    while len(found) < len(orders):
        sent, outcome = next(told)
        assert outcome is not None, f"{sent.name} of {sent.case_id} was not answered"
        if outcome.status != "held" or outcome.status in enough:
            found.setdefault(sent.command_id, outcome)
    return [found[sent.command_id] for sent in orders]


def by_case(orders: list[Order], found: list[T]) -> dict[str, list[T]]:
    """What was found of each command, case by case."""
    sorted_out: dict[str, list[T]] = {}
    for sent, one in zip(orders, found, strict=True):
        sorted_out.setdefault(sent.case_id, []).append(one)
    return sorted_out


class Realm:
    """The whole system, its log on disk, and what it says."""

    def __init__(self, machine: Stack, addresses: Addresses) -> None:
        self.machine, self.addresses = machine, addresses

    @property
    def disk(self) -> Path:
        """The broker's log folder."""
        return self.machine.folder.kafka("kafka")

    def sender(self) -> Sender:
        """Somebody who sends commands."""
        return Sender(self.addresses.kafka, self.addresses.registry, "test")

    def statuses(self, orders: list[Order]) -> list[str]:
        """What each command's sender hears first, in the order of sending: final, or `held`."""
        with self.sender() as sender:
            return [outcome.status for outcome in heard(sender.submit(orders, PATIENCE), orders, "held")]

    def open_cases(self, cases: list[str]) -> dict[str, set[str]]:
        """Four records of intake and two of routing in each, all visible: the ids of their commands, by case."""
        letters = [
            ReceiveCommunication(
                reference=f"{case_id[:3]} {case_id.split('-')[1]}/2026",
                communication_type="AL",
                state="KAZ",
                received_on=DAY,
            )
            for case_id in cases
        ]
        orders = [order(case_id, letter) for case_id, letter in zip(cases, letters, strict=True)]
        orders += [correction(case_id) for _ in range(3) for case_id in cases]
        assert set(self.statuses(orders)) == {"accepted"}
        forwarded = ForwardCommunication(bodies=(ForwardedTo(body="MIA"),), forwarded_on=DAY)
        others = [order(case_id, forwarded) for case_id in cases]
        others += [order(case_id, InformOmbudsman(informed_on=DAY)) for case_id in cases]
        assert set(self.statuses(others)) == {"accepted"}
        orders += others
        until(lambda: {sent.command_id for sent in orders} <= self.history(cases))
        return {case_id: {sent.command_id for sent in orders if sent.case_id == case_id} for case_id in cases}

    def last_record(self, service: str, case_id: str) -> checker.Record:
        """The last record of a case, as it stands on disk."""
        number = partition_of(case_id, self.addresses.partitions)
        records = segments.read(self.disk, f"jauap.{service}.events", number)
        return as_read(number, [record for record in records if record.key == case_id.encode()][-1])

    # --- what was done is found again ---

    def place(self, service: str, case_id: str, sequence: int) -> Place:
        """Where a record of a case stands on disk."""
        topic, number = f"jauap.{service}.events", partition_of(case_id, self.addresses.partitions)
        (offset,) = (
            record.offset
            for record in segments.read(self.disk, topic, number)
            if record.key == case_id.encode() and dict(record.headers)[b"ce_caseseq"] == str(sequence).encode()
        )
        return Place(topic, number, offset)

    def history(self, cases: Iterable[str]) -> set[str]:
        """The ids of the commands whose records are visible in these cases."""
        with psycopg.connect(self.addresses.database, options=OPTIONS) as connection:
            query = "SELECT command_id FROM case_history WHERE case_id = ANY(%s) AND command_id IS NOT NULL"
            return {row[0] for row in connection.execute(query, [list(cases)])}

    def rows(self, cases: Iterable[str]) -> dict[str, Row]:
        """These cases as they are visible."""
        with psycopg.connect(self.addresses.database, options=OPTIONS) as connection:
            query = "SELECT case_id, subject, stands_still_since, stands_still_why FROM cases"
            found = {row[0]: (row[1], row[2], row[3]) for row in connection.execute(query)}
        return {case_id: found[case_id] for case_id in cases}

    def flow(self) -> list[str]:
        """What the senders of commands on whole cases hear, once their records are visible."""
        orders = [correction(case_id) for case_id in (*WELL, *WELL)]
        told = self.statuses(orders)
        until(lambda: {sent.command_id for sent in orders} <= self.history(WELL))
        return told

    def not_visible(self, sent: dict[str, set[str]]) -> dict[str, set[str]]:
        """The commands, by case, whose records are not to be seen, however long one waits."""
        everything, deadline = set().union(*sent.values()), time.monotonic() + PATIENCE
        while not everything <= self.history(sent) and time.monotonic() < deadline:
            time.sleep(0.1)
        return {case_id: commands - self.history([case_id]) for case_id, commands in sent.items()}

    def mark(self) -> dict[str, int]:
        """How long each process's log is now."""
        return {name: self.machine.folder.log(name).stat().st_size for name in PARTS}

    def said(self, name: str, event: str, since: dict[str, int]) -> list[dict[str, Any]]:
        """What a process logged of a kind since then."""
        text = self.machine.folder.log(name).read_bytes()[since[name] :].decode()
        lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
        return [line for line in lines if line["event"] == event]

    def breaks(self, name: str, since: dict[str, int]) -> dict[str, Place]:
        """The broken cases that a process named since then."""
        return {
            line["case_id"]: Place(line["topic"], line["partition"], line["offset"])
            for line in self.said(name, "case broken", since)
        }

    def verify(self) -> tuple[int, dict[str, Any]]:
        """The auditor's reading: exit status, and what it found."""
        done = subprocess.run(
            [Path(sys.executable).parent / "jauap", "verify", "--json", "--data-dir", self.addresses.documents + "/.."],
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
            timeout=120,
        )
        return done.returncode, json.loads(done.stdout)


def why(place: Place) -> str:
    """How a standstill at this place is explained."""
    return f"broken: {place.topic} at offset {place.offset}"


@pytest.fixture(scope="module")
def realm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Realm]:
    """The whole system with its calendar."""
    machine = Stack(tmp_path_factory.mktemp("tampered"), PARTS)
    try:
        yield Realm(machine, machine.up(silent, prepare, first_start.submit))
    finally:
        machine.down(silent)


# --- on disk, while all is down ---


class Damage(NamedTuple):
    """What is done to a record of a case."""

    service: str
    sequence: int
    edit: segments.Edit | None
    """None: it is removed."""
    breaks_at: int
    """The sequence of the record at which every reader stops."""


def in_the_value(record: Record) -> Record:
    """Another letter in a text, or another last byte; all lengths stay."""
    value = record.value or b""
    return record._replace(value=value.replace(b"subject", b"sabject") if b"subject" in value else value[:-1] + b"!")


def with_a_hash_of_its_own(record: Record) -> Record:
    """Another value, and a hash that fits it: only the record after it can tell."""
    changed = in_the_value(record)
    digest = as_read(0, changed).digest().encode()
    return changed.header("ce_hash", digest).header("ce_id", digest)


DAMAGES = {
    "KAZ-1-2026": Damage("intake", 2, in_the_value, 2),
    "KAZ-2-2026": Damage("intake", 2, with_a_hash_of_its_own, 3),
    "KAZ-3-2026": Damage("intake", 3, lambda record: record.header("ce_prevhash", b"0" * 64), 3),
    "KAZ-4-2026": Damage("intake", 2, lambda record: record.header("ce_caseseq", b"7"), 2),
    "KAZ-5-2026": Damage("intake", 2, None, 3),
    "KAZ-6-2026": Damage("routing", 1, in_the_value, 1),
}
WELL = ["KAZ-7-2026", "KAZ-8-2026"]


class Aftermath(NamedTuple):
    """What was seen after something was done: before any mending, and after it. By case, where that is not said."""

    places: dict[str, Place]
    """Where each broken case breaks."""
    before: dict[str, Row]
    """The rows before it was done."""
    rows: dict[str, Row]
    breaks: dict[str, dict[str, Place]]
    """By process: the broken cases that it named."""
    verified: tuple[int, dict[str, Any]]
    held: dict[str, list[str]]
    """What the senders of commands on the broken cases heard first: three of intake, one each of two others."""
    flowed: list[str]
    """What the senders of commands on the other cases heard."""
    mended: list[str]
    decided: dict[str, list[Outcome]]
    """What became at last of the three that were held in intake, in the order of sending."""
    verified_after: Verification
    invisible: dict[str, set[str]]
    """The commands, whenever they were sent, whose records are not to be seen afterwards."""
    rows_after: dict[str, Row]
    expected: dict[str, Row]
    """What the rows must be afterwards."""


def mending(place: Place) -> Value:
    """The command that lets a chain go on."""
    kind = MendIntakeChain if "intake" in place.topic else MendRoutingChain
    return kind(break_offset=place.offset, reason="a trial of the tests")


def commands(case_id: str) -> list[Order]:
    """Commands to three services."""
    return [
        *(correction(case_id) for _ in range(3)),
        order(case_id, InformOmbudsman(informed_on=DAY)),
        order(case_id, DraftResponse(drafted_on=DAY)),
    ]


class Before(NamedTuple):
    """What was so before something was done."""

    sent: dict[str, set[str]]
    """The commands that were accepted, by case."""
    rows: dict[str, Row]
    logs: dict[str, int]
    """How long the log of each process was."""


def look(realm: Realm, places: dict[str, Place], before: Before) -> Aftermath:
    """See what each part makes of the broken cases, mend them, and see again."""
    flowed = realm.flow()
    waiting = {case_id: commands(case_id) for case_id in places}
    orders = [sent for sents in waiting.values() for sent in sents]
    with realm.sender() as sender:
        told = sender.submit(orders, PATIENCE)
        held = by_case(orders, [str(outcome.status) for outcome in heard(told, orders, "held")])
        rows, breaks = realm.rows(places), {name: realm.breaks(name, before.logs) for name in PARTS}
        verified = realm.verify()
        mended = realm.statuses([order(case_id, mending(place)) for case_id, place in places.items()])
        decided = by_case(orders, heard(told, orders))
    last = {case_id: correction(case_id) for case_id in places}
    assert set(realm.statuses(list(last.values()))) == {"accepted"}
    sent = {case_id: {one.command_id for one in (*waiting[case_id], last[case_id])} for case_id in places}
    invisible = realm.not_visible({case_id: sent[case_id] | before.sent[case_id] for case_id in places})
    return Aftermath(
        places=places,
        before=before.rows,
        rows=rows,
        breaks=breaks,
        verified=verified,
        held=held,
        flowed=flowed,
        mended=mended,
        decided={case_id: outcomes[:3] for case_id, outcomes in decided.items()},
        verified_after=verifier.verify(realm.addresses.kafka),
        invisible=invisible,
        rows_after=realm.rows(places),
        expected={case_id: (one.command.subject, None, None) for case_id, one in last.items()},  # type: ignore[attr-defined]  # corrections
    )


@pytest.fixture(scope="module")
def damaged(realm: Realm) -> Aftermath:
    """All is stopped, each case of `DAMAGES` is damaged on disk, and all is started again."""
    sent = realm.open_cases([*DAMAGES, *WELL])
    rows = realm.rows(DAMAGES)
    for name in (*PARTS, "kafka"):
        realm.machine.stop(name)
    at = {case_id: realm.place(one.service, case_id, one.breaks_at) for case_id, one in DAMAGES.items()}
    for case_id, one in DAMAGES.items():
        place = realm.place(one.service, case_id, one.sequence)
        if one.edit is None:
            segments.remove(realm.disk, *place)
        else:
            segments.change(realm.disk, *place, one.edit)
    before = Before(sent, rows, realm.mark())
    realm.machine.up(silent)
    return look(realm, at, before)


@pytest.mark.parametrize("service", checker.SERVICES)
def test_every_service_names_the_damaged_cases_and_no_other(damaged: Aftermath, service: str) -> None:
    """With case, topic, partition and offset, whichever service's record it is."""
    assert damaged.breaks[service] == damaged.places


def test_the_verifier_names_the_damaged_cases_and_no_other(damaged: Aftermath) -> None:
    """With topic and offset, and by its exit status."""
    status, found = damaged.verified
    named = {one["case_id"]: one["why"] for one in found["standing_still"]}
    assert named == {case_id: why(place) for case_id, place in damaged.places.items()}
    assert (status, found["broken"]) == (1, len(DAMAGES))


@pytest.mark.parametrize("case_id", DAMAGES)
def test_commands_of_a_damaged_case_are_held_in_every_service(damaged: Aftermath, case_id: str) -> None:
    """Their senders are told so, and that is not final."""
    assert damaged.held[case_id] == ["held"] * 5


def test_the_other_cases_flow_on(damaged: Aftermath) -> None:
    """New commands on them are accepted and visible, in the same partitions."""
    assert set(damaged.flowed) == {"accepted"}


@pytest.mark.parametrize("case_id", DAMAGES)
def test_the_projector_marks_each_damaged_case(damaged: Aftermath, case_id: str) -> None:
    """Since when and why it stands still."""
    _, since, reason = damaged.rows[case_id]
    assert (since is not None, reason) == (True, why(damaged.places[case_id]))


@pytest.mark.parametrize("case_id", DAMAGES)
def test_a_mended_case_goes_on_in_order(damaged: Aftermath, case_id: str) -> None:
    """`ChainMended` is accepted, and what was held is decided in the order of sending, each once."""
    assert damaged.mended == ["accepted"] * len(DAMAGES)
    decided = damaged.decided[case_id]
    assert [outcome.status for outcome in decided] == ["accepted"] * 3
    offsets = [outcome.offset or 0 for outcome in decided]
    assert offsets == sorted(set(offsets))


def test_the_verifier_finds_the_mended_log_whole(damaged: Aftermath) -> None:
    """What was broken is void, and every case goes on."""
    assert damaged.verified_after.whole


@pytest.mark.parametrize("case_id", DAMAGES)
def test_what_was_decided_after_the_mending_is_visible(damaged: Aftermath, case_id: str) -> None:
    """The read models agree with the services about the mended case; what lost its record to the break has another."""
    assert not damaged.invisible[case_id]
    assert damaged.rows_after[case_id] == damaged.expected[case_id]


# --- forged, while all runs ---

FORGED = {"KAZ-11-2026": {"ce_prevhash": b"0" * 64}, "KAZ-12-2026": {"ce_caseseq": b"7"}}
"""What is wrong in a record that claims to be the next of its chain, with its own hash right."""


@pytest.fixture(scope="module")
def forged(realm: Realm, damaged: Aftermath) -> Aftermath:  # noqa: ARG001 - one after the other
    """Somebody writes two records that claim to be next, one without a chain, and one that was there already."""
    sent = realm.open_cases([*FORGED])
    before = Before(sent, realm.rows(FORGED), realm.mark())
    records = {case_id: realm.last_record("intake", case_id) for case_id in (*FORGED, *WELL)}
    places: dict[str, Place] = {}
    for case_id, wrong in FORGED.items():
        last = records[case_id]
        last.headers |= {"ce_caseseq": b"5", "ce_prevhash": last.headers["ce_hash"], **wrong}
        last.headers["ce_id"] = last.headers["ce_hash"] = last.digest().encode()
        places[case_id] = append(realm, last)
    append(realm, checker.Record(records[WELL[0]].partition, 0, WELL[0], b"no chain", {}))
    append(realm, records[WELL[1]])
    return look(realm, places, before)


def append(realm: Realm, record: checker.Record) -> Place:
    """Write to a topic that others write."""
    told: list[int | None] = []
    producer = Producer(client_settings(realm.addresses.kafka))
    producer.produce(
        "jauap.intake.events",
        key=record.key,
        value=record.value,
        headers=list(record.headers.items()),
        partition=record.partition,
        on_delivery=lambda _, sent: told.append(sent.offset()),
    )
    assert producer.flush(30) == 0
    return Place("jauap.intake.events", record.partition, told[0] or 0)


@pytest.mark.parametrize("case_id", FORGED)
def test_every_part_stops_a_case_at_a_forged_record(forged: Aftermath, case_id: str) -> None:
    """Services, projector and verifier name it at once, and its commands are held."""
    for name in PARTS:  # who folds anew for it names those again that were broken and mended before
        assert {case: place for case, place in forged.breaks[name].items() if case not in DAMAGES} == forged.places
    assert forged.held[case_id] == ["held"] * 5
    status, found = forged.verified
    assert (status, {one["case_id"]: one["why"] for one in found["standing_still"]}) == (
        1,
        {name: why(place) for name, place in forged.places.items()},
    )


@pytest.mark.parametrize("case_id", FORGED)
def test_a_forged_case_keeps_its_rows_marked(forged: Aftermath, case_id: str) -> None:
    """With since when and why it stands still."""
    subject, since, reason = forged.rows[case_id]
    assert (subject, since is not None, reason) == (forged.before[case_id][0], True, why(forged.places[case_id]))


def test_foreign_and_void_records_stop_nobody(realm: Realm, forged: Aftermath) -> None:
    """A record without a chain is ignored and alarmed, one that was there already is void; their cases flow on."""
    assert set(forged.flowed) == {"accepted"}
    assert forged.verified[1]["foreign"] == 1
    assert all(realm.said(name, "foreign record ignored", dict.fromkeys(PARTS, 0)) for name in PARTS)


@pytest.mark.parametrize("case_id", FORGED)
def test_a_forged_case_is_mended_everywhere(forged: Aftermath, case_id: str) -> None:
    """What was held is decided in order and visible; only the foreign record stays for the auditor to see."""
    assert [outcome.status for outcome in forged.decided[case_id]] == ["accepted"] * 3
    assert not forged.invisible[case_id]
    assert forged.rows_after[case_id] == forged.expected[case_id]
    assert (forged.verified_after.standing_still, forged.verified_after.foreign) == ([], 1)


# --- on disk, while the services run and the broker is down ---


def in_partition(partition: int, *, among: Iterable[int]) -> str:
    """A case whose records stand in that partition."""
    return next(
        name for name in (f"KAZ-{number}-2026" for number in among) if partition_of(name, PARTITIONS) == partition
    )


LAST = in_partition(0, among=range(20, 60))
"""Of this case, the last record of the partition is changed."""
MIDDLE = in_partition(1, among=range(20, 60))
"""Of this case, a record in the midst of the partition is changed."""
COVER = in_partition(1, among=range(60, 100))


class Survival(NamedTuple):
    """What was seen of processes that ran on while the log was changed under them."""

    places: dict[str, Place]
    noticed: dict[str, dict[str, Place]]
    """By process: the broken cases that it named."""
    held: list[str]
    """What the senders of commands on `LAST` heard."""
    accepted: list[str]
    """What the senders of commands on `MIDDLE` heard."""
    rows: dict[str, Row]
    expected: Row
    """The row of `MIDDLE` as its commands made it."""
    verified: tuple[int, dict[str, Any]]
    mended: list[str]
    """What the senders of the mending commands heard: on `LAST`, on `MIDDLE`."""
    decided: list[str]
    """What became at last of the commands that were held."""
    invisible: dict[str, set[str]]
    """The commands whose records are not to be seen after the mending."""
    verified_after: Verification


@pytest.fixture(scope="module")
def survived(realm: Realm, forged: Aftermath) -> Survival:  # noqa: ARG001 - one after the other
    """Only the broker is stopped, two cases are damaged on disk, and it is started again."""
    sent = realm.open_cases([LAST, MIDDLE, COVER])
    damaged = correction(LAST)
    assert realm.statuses([damaged, correction(COVER)]) == ["accepted"] * 2
    since = realm.mark()
    realm.machine.stop("kafka")
    places = {LAST: realm.place("intake", LAST, 5), MIDDLE: realm.place("intake", MIDDLE, 2)}
    for place in places.values():
        segments.change(realm.disk, *place, in_the_value)
    realm.machine.start("kafka")
    until(lambda: all(LAST in realm.breaks(name, since) for name in PARTS))
    unharmed, harmed = [correction(MIDDLE), correction(MIDDLE)], commands(LAST)
    accepted = realm.statuses(unharmed)
    with realm.sender() as sender:
        told = sender.submit(harmed, PATIENCE)
        held = [str(outcome.status) for outcome in heard(told, harmed, "held")]
        expected = (unharmed[-1].command.subject, None, None)  # type: ignore[attr-defined]  # a correction
        until(lambda: realm.rows([MIDDLE])[MIDDLE] == expected or realm.rows([MIDDLE])[MIDDLE][1] is not None)
        rows, noticed = realm.rows(places), {name: realm.breaks(name, since) for name in PARTS}
        verified = realm.verify()
        mended = realm.statuses([order(case_id, mending(place)) for case_id, place in places.items()])
        decided = [str(outcome.status) for outcome in heard(told, harmed)]
    sent[LAST] |= {one.command_id for one in (damaged, *harmed)}
    sent[MIDDLE] |= {one.command_id for one in unharmed}
    return Survival(
        places=places,
        noticed=noticed,
        held=held,
        accepted=accepted,
        rows=rows,
        expected=expected,
        verified=verified,
        mended=mended,
        decided=decided,
        invisible=realm.not_visible({case_id: sent[case_id] for case_id in places}),
        verified_after=verifier.verify(realm.addresses.kafka),
    )


def test_running_parts_notice_that_the_last_record_is_another(survived: Survival) -> None:
    """After the lost connection they compare positions, fold anew, and stop the case, rows and all."""
    assert all(named[LAST] == survived.places[LAST] for named in survived.noticed.values())
    assert survived.held == ["held"] * 5
    _, since, reason = survived.rows[LAST]
    assert (since is not None, reason) == (True, why(survived.places[LAST]))


def test_running_parts_never_serve_a_changed_record(survived: Survival) -> None:
    """Who does not look behind the last record goes on with what was; who does (the projector) stops the case."""
    assert survived.accepted == ["accepted"] * 2
    _, since, reason = row = survived.rows[MIDDLE]
    assert row == survived.expected or (since is not None, reason) == (True, why(survived.places[MIDDLE]))


def test_the_verifier_sees_what_running_parts_do_not(survived: Survival) -> None:
    """It reads the whole log: both cases are named."""
    status, found = survived.verified
    named = {one["case_id"]: one["why"] for one in found["standing_still"]}
    assert (status, named) == (1, {case_id: why(place) for case_id, place in survived.places.items()})


def test_a_case_that_running_parts_stopped_is_mended_under_them(survived: Survival) -> None:
    """What was held is decided and visible, and so is the command whose record was damaged: it is decided again."""
    assert survived.mended[0] == "accepted"
    assert survived.decided[:3] == ["accepted"] * 3
    assert not survived.invisible[LAST]


def test_a_case_that_running_parts_did_not_stop_is_mended_under_them(survived: Survival) -> None:
    """Asked to mend a break that they did not see, they look; what they had accepted meanwhile is decided again."""
    assert survived.mended[1] == "accepted"
    assert not survived.invisible[MIDDLE]
    assert survived.verified_after.standing_still == []
