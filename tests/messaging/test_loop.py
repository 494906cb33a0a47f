"""The loop in this process on the real broker: what it parks, holds, mends, ignores and answers."""

import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime

import pytest
from confluent_kafka import Producer

from jauap.domain.case import Case, letter_of
from jauap.domain.commands import MendRoutingChain, RecordMeeting
from jauap.domain.events import CommunicationReceived, Event, MeetingHeld
from jauap.domain.facts import Participant, Value
from jauap.domain.refusals import UnknownCase
from jauap.messaging.avro import Codec
from jauap.messaging.chain import Chain
from jauap.messaging.connection import client_settings
from jauap.messaging.envelope import Message, chained, cloud_event
from jauap.messaging.log import Ends, Place, Reader, Trouble, Writer
from jauap.messaging.loop import Loop
from jauap.messaging.outcome import Outcome
from jauap.messaging.registry import schema_ids
from jauap.messaging.sender import Order, Sender
from jauap.messaging.service import OnCommand
from jauap.messaging.topics import partition_of
from jauap.messaging.verifier import verify
from jauap.stack.addresses import Addresses
from tests.checker import Record, read_topic

pytestmark = pytest.mark.kafka

COMMANDS: dict[str, type[Value]] = {"RecordMeeting": RecordMeeting, "MendRoutingChain": MendRoutingChain}
OFFICIAL = Participant(body="MFA", name="A. Official", position="head of department", level="head-of-structural-unit")


def meeting(day: int) -> RecordMeeting:
    """A meeting on a day of March 2026."""
    return RecordMeeting(held_on=date(2026, 3, day), participants=(OFFICIAL,))


def order(case_id: str, command: Value) -> Order:
    """A command with an id of its own."""
    return Order(
        command=command, name=type(command).__name__, case_id=case_id, command_id=str(uuid.uuid4()), actor="test"
    )


def hold_meeting(_case: Case, command: Value, _now: datetime) -> Event:
    """Record any meeting."""
    assert isinstance(command, RecordMeeting)
    return MeetingHeld(held_on=command.held_on, participants=command.participants)


Decide = Callable[[Case, Value, datetime], Event]


class Bench:
    """Loops of the routing service in this process, and a sender."""

    def __init__(self, stack: Addresses) -> None:
        self.stack = stack
        self.codec = Codec(schema_ids(stack.registry, ["jauap.routing.events", "jauap.routing.outcomes"]))
        self.sender = Sender(stack.kafka, stack.registry, f"test-{uuid.uuid4().hex[:8]}")
        self.case_id = f"MFA-{uuid.uuid4().hex.upper()}"
        self.place = partition_of(self.case_id, stack.partitions)
        self.other = self._neighbour()

    def _neighbour(self) -> str:
        """Another case in the same partition."""
        while True:
            case_id = f"MFA-{uuid.uuid4().hex.upper()}"
            if partition_of(case_id, self.stack.partitions) == self.place:
                return case_id

    def loop(self, decide: Decide = hold_meeting, reader: Reader | None = None) -> Loop:
        """A new instance on the case's partition."""
        made = Loop(
            OnCommand("routing", COMMANDS, decide),
            reader=reader or Reader(self.stack.kafka, "test-routing", group="jauap.routing"),
            writer=Writer(self.stack.kafka, "test-routing"),
            ends=Ends(self.stack.kafka, "test-routing"),
            codec=self.codec,
            clock=lambda: datetime.now(UTC),
            partitions=self.stack.partitions,
        )
        made.start([self.place])
        return made

    def answers(self, loops: list[Loop], orders: list[Order], patience: float = 20.0) -> list[Outcome]:
        """Send commands, turn the loops, and collect every outcome of them until each has one."""
        found: list[Outcome] = []
        missing = {sent.command_id for sent in orders}
        outcomes = iter(self.sender.submit(orders, 0.02)) if orders else iter(())
        deadline = time.monotonic() + patience
        for _ in outcomes:
            pass  # sent; the answers are read below, while the loops turn
        while missing and time.monotonic() < deadline:
            for loop in loops:
                loop.turn(0.01)
            for record in self._outcomes():
                if record.command_id in missing:
                    missing.discard(record.command_id)
                    found.append(record)
        assert not missing
        return sorted(found, key=lambda outcome: [sent.command_id for sent in orders].index(outcome.command_id))

    def _outcomes(self) -> list[Outcome]:
        return [self.outcome(record) for record in read_topic(self.stack.kafka, "jauap.routing.outcomes")]

    def outcome(self, record: Record) -> Outcome:
        return self.codec.decode(record.headers["ce_dataschema"].decode(), record.value, {"Outcome": Outcome})

    def last(self, command_id: str) -> Outcome:
        """The latest outcome of a command."""
        return [outcome for outcome in self._outcomes() if outcome.command_id == command_id][-1]

    def records(self, case_id: str | None = None) -> list[Record]:
        """What stands in the events topic under a case's key."""
        wanted = case_id or self.case_id
        return [record for record in read_topic(self.stack.kafka, "jauap.routing.events") if record.key == wanted]

    def write(
        self, topic: str, key: bytes, value: bytes, headers: dict[str, bytes], partition: int | None = None
    ) -> None:
        """Put a record there that no honest writer would put there."""
        producer = Producer(client_settings(self.stack.kafka))
        place = self.place if partition is None else partition
        producer.produce(topic, key=key, value=value, headers=list(headers.items()), partition=place)
        assert producer.flush(10) == 0

    def turn_until(self, loop: Loop, condition: Callable[[], bool], seconds: float = 20.0) -> None:
        """Turn a loop until something is so."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline
            loop.turn(0.01)


@pytest.fixture
def bench(stack: Addresses) -> Iterator[Bench]:
    """A bench with a case of its own."""
    made = Bench(stack)
    yield made
    made.sender.close()


def test_a_decision_that_throws_parks_its_case_and_the_fixed_release_decides_in_order(bench: Bench) -> None:
    """By our own fault nothing is lost: the others flow on, the senders hear `held`, and a restart redrives it."""

    def faulty(case: Case, command: Value, now: datetime) -> Event:
        if case.case_id == bench.case_id:
            raise RuntimeError
        return hold_meeting(case, command, now)

    broken = bench.loop(faulty)
    mine = [order(bench.case_id, meeting(day)) for day in (3, 4, 5)]
    other = order(bench.other, meeting(3))
    outcomes = bench.answers([broken], [*mine, other])
    assert [outcome.status for outcome in outcomes] == ["held", "held", "held", "accepted"]
    assert bench.records() == []
    broken.close()
    fixed = bench.loop()
    bench.turn_until(fixed, lambda: len(bench.records()) == 3)
    bench.turn_until(fixed, lambda: all(bench.last(sent.command_id).status == "accepted" for sent in mine))
    assert [record.command_id for record in bench.records()] == [sent.command_id for sent in mine]
    fixed.close()


def test_a_broken_case_stands_still_until_it_is_mended(bench: Bench) -> None:
    """A forged record breaks its case alone; `ChainMended` names the break, and what was held is decided then."""
    loop = bench.loop()
    first, other = order(bench.case_id, meeting(3)), order(bench.other, meeting(3))
    bench.answers([loop], [first, other])
    (good,) = bench.records()
    forged = {**good.headers, "ce_caseseq": b"2", "ce_prevhash": good.headers["ce_hash"]}
    bench.write("jauap.routing.events", good.key.encode(), good.value, forged)
    held, next_other = order(bench.case_id, meeting(4)), order(bench.other, meeting(4))
    outcomes = bench.answers([loop], [held, next_other])
    assert [outcome.status for outcome in outcomes] == ["held", "accepted"]
    break_offset = bench.records()[-1].offset
    seen = verify(bench.stack.kafka)
    assert bench.case_id in {one.case_id for one in seen.standing_still}
    assert not seen.whole
    wrong = order(bench.case_id, MendRoutingChain(break_offset=break_offset + 1, reason="not this one"))
    assert bench.answers([loop], [wrong])[0].status == "held"
    mend = order(bench.case_id, MendRoutingChain(break_offset=break_offset, reason="a forged record"))
    (mended,) = bench.answers([loop], [mend])
    assert (mended.status, mended.event, mended.sequence) == ("accepted", "ChainMended", 2)
    bench.turn_until(loop, lambda: bench.last(held.command_id).status == "accepted")
    bench.turn_until(loop, lambda: bench.last(wrong.command_id).status == "refused")
    loop.close()
    assert bench.case_id not in {one.case_id for one in verify(bench.stack.kafka).standing_still}
    again = bench.loop()
    after = order(bench.case_id, meeting(9))
    assert bench.answers([again], [after])[0].sequence == bench.last(wrong.command_id).sequence + 1  # type: ignore[operator]
    again.close()


@pytest.mark.parametrize("how", ["commit", "abort"])
def test_a_stranger_s_transaction_at_the_end_of_a_topic_holds_nobody_up(bench: Bench, how: str) -> None:
    """Its mark takes an offset that no reader is ever given: services go on, and the log can be verified."""
    producer = Producer({**client_settings(bench.stack.kafka), "transactional.id": uuid.uuid4().hex})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce("jauap.intake.events", key=b"stranger", value=b"", partition=bench.place)
    running = bench.loop()
    for loop in (running, bench.loop()):
        sent = order(bench.case_id, meeting(3 if loop is running else 4))
        assert bench.answers([loop], [sent])[0].status == "accepted"
        if loop is running:
            (producer.commit_transaction if how == "commit" else producer.abort_transaction)(30)
        sent = order(bench.case_id, meeting(5 if loop is running else 6))
        assert bench.answers([loop], [sent])[0].status == "accepted"
    assert verify(bench.stack.kafka).foreign > 0


def test_a_late_copy_of_a_record_is_void(bench: Bench) -> None:
    """A request that arrives after its retry changes nothing, for nobody."""
    loop = bench.loop()
    bench.answers([loop], [order(bench.case_id, meeting(3)), order(bench.case_id, meeting(4))])
    first = bench.records()[0]
    bench.write("jauap.routing.events", first.key.encode(), first.value, first.headers)
    (outcome,) = bench.answers([loop], [order(bench.case_id, meeting(5))])
    assert (outcome.status, outcome.sequence) == ("accepted", 3)
    loop.close()


class LateForEvents(Reader):
    """A reader whose records of one topic come half a second late, as over a slow link to one broker."""

    def __init__(self, kafka: str, topic: str) -> None:
        super().__init__(kafka, "test-routing", group="jauap.routing")
        self.topic = topic
        self._late: list[tuple[float, Message]] = []
        self._ends: dict[Place, int] = {}

    def poll(self, seconds: float, most: int = 1000) -> list[Message | Trouble]:
        now = time.monotonic()
        prompt: list[Message | Trouble] = []
        for item in super().poll(seconds, most):
            if isinstance(item, Message) and item.topic == self.topic:
                self._late.append((now + 0.5, item))
            else:
                prompt.append(item)
        due = [item for at, item in self._late if at <= now]
        self._late = self._late[len(due) :]
        self._ends |= self.ended
        self.ended.clear()
        if not self._late:  # as long as records are under way, no end was seen
            self.ended |= self._ends
        return [*prompt, *due]


def test_every_event_that_was_written_before_a_command_is_folded_before_it_is_decided(bench: Bench) -> None:
    """However late an event of another service is read: a command sent after it is decided on a case that has it."""

    def needs_the_letter(case: Case, command: Value, now: datetime) -> Event:
        if letter_of(case) is None:
            raise UnknownCase
        return hold_meeting(case, command, now)

    loop = bench.loop(needs_the_letter, LateForEvents(bench.stack.kafka, "jauap.intake.events"))
    bench.turn_until(loop, lambda: loop.ready)
    letter = CommunicationReceived(
        registry_number="1", communication_type="other", state="KAZ", received_on=date(2026, 3, 1)
    )
    codec = Codec(schema_ids(bench.stack.registry, ["jauap.intake.events"]))
    value, dataschema = codec.encode("jauap.intake.events", letter)
    headers = cloud_event(
        kind="CommunicationReceived",
        source="/jauap/intake",
        subject=bench.case_id,
        time=datetime.now(UTC),
        dataschema=dataschema,
    )
    written = chained(headers, Chain(), bench.case_id.encode(), value)
    bench.write("jauap.intake.events", written.key, written.value, dict(written.headers))
    (outcome,) = bench.answers([loop], [order(bench.case_id, meeting(3))])
    assert (outcome.status, outcome.code) == ("accepted", None)
    loop.close()


def test_two_instances_that_race_turn_by_turn_make_one_chain(bench: Bench) -> None:
    """Whoever is first in the log wins; the loser reads it back and goes on from there."""
    loops = [bench.loop(), bench.loop()]
    bench.turn_until(loops[0], lambda: loops[0].ready)
    bench.turn_until(loops[1], lambda: loops[1].ready)
    orders = [order(bench.case_id, meeting(day)) for day in range(1, 21)]
    outcomes = bench.answers(loops, orders)
    assert [outcome.sequence for outcome in outcomes] == list(range(1, 21))
    assert len({record.command_id for record in bench.records()}) == 20
    for loop in loops:
        loop.close()


@pytest.mark.parametrize(
    ("key", "headers", "value", "code"),
    [
        (b"not a case id", {}, b"", "NoCaseId"),
        (None, {"ce_subject": b"MFA-1"}, b"", "CaseIdsDiffer"),
        (None, {"ce_type": b"jauap.NoSuchCommand"}, b"", "UnknownCommand"),
        (None, {}, b"garbage", "Undecodable"),
        (None, {"ce_actor": b""}, None, "BadHeader"),
        (None, {"ce_dataschema": b"urn:jauap:schema:Outcome:1"}, None, "WrongSchema"),
        (None, {"ce_expected": b"intake:x"}, None, "BadHeader"),
    ],
)
def test_what_is_no_command_is_answered_malformed_and_leaves_no_record(
    bench: Bench, key: bytes | None, headers: dict[str, bytes], value: bytes | None, code: str
) -> None:
    """The outcome names topic, partition and offset; the partition goes on."""
    command_id = str(uuid.uuid4())
    good = {
        "content-type": b"application/avro",
        "ce_specversion": b"1.0",
        "ce_id": command_id.encode(),
        "ce_type": b"jauap.RecordMeeting",
        "ce_subject": bench.case_id.encode(),
        "ce_dataschema": b"urn:jauap:schema:RecordMeeting:1",
        "ce_actor": b"test",
    }
    body, _ = Codec(dict.fromkeys(["jauap.routing.commands-jauap.RecordMeeting"], 1)).encode(
        "jauap.routing.commands", meeting(3)
    )
    loop = bench.loop()
    bench.write(
        "jauap.routing.commands", key or bench.case_id.encode(), body if value is None else value, {**good, **headers}
    )
    bench.turn_until(loop, lambda: any(outcome.command_id == command_id for outcome in bench._outcomes()))  # noqa: SLF001
    outcome = bench.last(command_id)
    assert (outcome.status, outcome.code, outcome.topic) == ("malformed", code, "jauap.routing.commands")
    assert (outcome.partition, outcome.offset is not None) == (bench.place, True)
    assert bench.records() == []
    assert bench.answers([loop], [order(bench.case_id, meeting(3))])[0].status == "accepted"
    loop.close()


def test_a_command_of_a_newer_release_is_held_for_one_that_can_read_it(bench: Bench) -> None:
    """An unknown schema version is our fault, not the sender's."""
    loop = bench.loop()
    command_id = str(uuid.uuid4())
    headers = {
        "content-type": b"application/avro",
        "ce_id": command_id.encode(),
        "ce_type": b"jauap.RecordMeeting",
        "ce_subject": bench.case_id.encode(),
        "ce_dataschema": b"urn:jauap:schema:RecordMeeting:999",
        "ce_actor": b"test",
    }
    bench.write("jauap.routing.commands", bench.case_id.encode(), b"\0\0\0\0\1newer", headers)
    bench.turn_until(loop, lambda: any(outcome.command_id == command_id for outcome in bench._outcomes()))  # noqa: SLF001
    assert bench.last(command_id).status == "held"
    later, other = order(bench.case_id, meeting(3)), order(bench.other, meeting(3))
    assert [outcome.status for outcome in bench.answers([loop], [later, other])] == ["held", "accepted"]
    loop.close()
