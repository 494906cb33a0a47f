"""Faults that a broker shows too seldom to be tested on it: the real loop on a log in memory."""

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar

import pytest
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # exported, but not by name
from structlog.testing import capture_logs

from jauap.domain.case import CALENDAR, SERVICES, Case
from jauap.domain.commands import SERVICE_OF, MendDeadlinesChain, MendRoutingChain, RecordMeeting
from jauap.domain.events import ChainMended, Event, MeetingHeld
from jauap.domain.facts import Value
from jauap.messaging import loop
from jauap.messaging.avro import Codec, current, parse_dataschema, subject
from jauap.messaging.chain import Chain, record_hash
from jauap.messaging.connection import client_settings
from jauap.messaging.decider import Decider
from jauap.messaging.envelope import Message, Outgoing, chained, cloud_event
from jauap.messaging.folding import events_topic
from jauap.messaging.log import Ends, LogUnavailable, Place, Reader, Trouble, Writer
from jauap.messaging.loop import MOST_PARKED, Loop, TooManyParked
from jauap.messaging.outcome import Outcome
from jauap.messaging.service import OnCommand
from jauap.messaging.topics import partition_of
from jauap.messaging.watched import Watched
from jauap.stack.addresses import Addresses
from services.deadlines.app import Reconciler
from tests.builders import a_calendar_act, a_communication, a_meeting, asking, day
from tests.logbook import IDS, START, Logbook
from tests.messaging.memory_log import MemoryEnds, MemoryLog, MemoryReader, MemoryWriter

COMMANDS: dict[str, type[Value]] = {"RecordMeeting": RecordMeeting, "MendRoutingChain": MendRoutingChain}
ROUTING, ROUTED, INTAKE = "jauap.routing.commands", "jauap.routing.events", "jauap.intake.events"
STEPS = "jauap.deadlines.events"
CODEC = Codec(
    IDS
    | {subject(f"jauap.{service}.outcomes", "Outcome"): 1 for service in SERVICES}
    | {subject(f"jauap.{service}.commands", name): 1 for name, service in SERVICE_OF.items()}
)
NEWER = 999
"""A version that no release has."""

T = TypeVar("T")
Decide = Callable[[Case, Value, datetime], Event]


def hold_meeting(_case: Case, command: Value, _now: datetime) -> Event:
    """Record any meeting."""
    assert isinstance(command, RecordMeeting)
    return asking(MeetingHeld, command)


def throw(_case: Case, _command: Value, _now: datetime) -> Event:
    """Decide nothing, as a faulty release does."""
    raise RuntimeError


def meeting(held_on: str = "06-18") -> RecordMeeting:
    """A meeting on a day of 2026."""
    return asking(RecordMeeting, a_meeting(held_on=day(held_on)))


def of_a_newer_release(record: Outgoing) -> Outgoing:
    """The same record of an events topic, as a release wrote it whose schema is not here."""
    headers = dict(record.headers)
    headers["ce_dataschema"] = headers["ce_dataschema"].rpartition(b":")[0] + f":{NEWER}".encode()
    headers["ce_id"] = headers["ce_hash"] = record_hash(headers, record.key, record.value).hex().encode()
    return Outgoing(record.key, record.value, list(headers.items()))


class NewerCodec(Codec):
    """The codec of the release that has the version, which happens to look like the current one."""

    def decode(self, dataschema: str, payload: bytes, kinds: Mapping[str, type[T]]) -> T:
        return super().decode(self._known(dataschema), payload, kinds)

    def oldest_body(self, dataschema: str, payload: bytes) -> bytes:
        return super().oldest_body(self._known(dataschema), payload)

    def _known(self, dataschema: str) -> str:
        name, version = parse_dataschema(dataschema)
        return f"urn:jauap:schema:{name}:{current(name) if version == NEWER else version}"


NEWER_CODEC = NewerCodec(IDS | {subject("jauap.routing.outcomes", "Outcome"): 1})


class OneByOne(MemoryReader):
    """A reader over a slow link: one record at a time."""

    def poll(self, seconds: float, most: int = 1) -> list[Message | Trouble]:
        return super().poll(seconds, min(most, 1))


class Instance(NamedTuple):
    """A loop, and its ends of the log."""

    loop: Loop
    reader: MemoryReader
    writer: MemoryWriter
    watching: MemoryReader


class Bench:
    """A log on 3 June 2026, who writes on it, and what senders heard."""

    def __init__(self, partitions: int = 1) -> None:
        self.now = START
        self.log = MemoryLog(lambda: self.now, partitions)
        self._partitions = partitions
        self._logbook = Logbook(partitions, CODEC)

    def routing(self, decide: Decide = hold_meeting, codec: Codec = CODEC) -> Instance:
        """A new instance of *routing* on all partitions."""
        made = self._instance(OnCommand("routing", COMMANDS, decide), codec)
        made.loop.start(range(self._partitions))
        return made

    def deadlines(self, watching: type[MemoryReader] = MemoryReader, codec: Codec = CODEC) -> Instance:
        """A new instance of *deadlines* on all partitions."""
        made = self.idle_deadlines(watching, codec)
        made.loop.start(range(self._partitions))
        return made

    def idle_deadlines(self, watching: type[MemoryReader] = MemoryReader, codec: Codec = CODEC) -> Instance:
        """A new instance of *deadlines* that was not started."""
        decider, calendar = Reconciler(), watching(self.log)
        watched = Watched(CALENDAR, "intake", calendar, codec, self._partitions)
        decider.watch(watched)
        return self._instance(decider, codec, watched, calendar)

    def _instance(
        self, decider: Decider, codec: Codec, watched: Watched | None = None, watching: MemoryReader | None = None
    ) -> Instance:
        reader, writer = MemoryReader(self.log), MemoryWriter(self.log)
        made = Loop(
            decider,
            reader=reader,
            writer=writer,
            ends=MemoryEnds(self.log),
            codec=codec,
            clock=lambda: self.now,
            partitions=self._partitions,
            watched=watched,
        )
        return Instance(made, reader, writer, watching or reader)

    def settle(self, *instances: Instance) -> None:
        """Turn instances, one after the other, until ten rounds have written nothing."""
        quiet, rounds = 0, 0
        while quiet < 10:
            rounds, before = rounds + 1, self.log.size
            assert rounds < 500, "it writes and writes"
            for instance in instances:
                instance.loop.turn(0)
            quiet = quiet + 1 if self.log.size == before else 0

    def send(
        self, case_id: str, command_id: str, command: Value | None = None, headers: Mapping[str, bytes] | None = None
    ) -> None:
        """Send a command (a meeting unless said), with other headers if said."""
        asked = meeting() if command is None else command
        topic = f"jauap.{SERVICE_OF[type(asked).__name__]}.commands"
        value, dataschema = CODEC.encode(topic, asked)
        plain = cloud_event(
            kind=type(asked).__name__, source="/test", subject=case_id, time=self.now, dataschema=dataschema
        )
        all_headers = {**plain, "ce_id": command_id.encode(), "ce_actor": b"test", **(headers or {})}
        self.log.append(topic, Outgoing(case_id.encode(), value, list(all_headers.items())))

    def send_newer(self, case_id: str, command_id: str, command: Value | None = None) -> None:
        """Send a command whose schema only a newer release knows."""
        name = type(meeting() if command is None else command).__name__
        self.send(case_id, command_id, command, {"ce_dataschema": f"urn:jauap:schema:{name}:{NEWER}".encode()})

    def record(self, service: str, event: Event, case_id: str, *, newer: bool = False) -> None:
        """Write an event of another service; a newer release's that can't be read here if said."""
        record = self._logbook.next(service, event, case_id)
        self.log.append(events_topic(service), of_a_newer_release(record) if newer else record)

    def outcomes(self, command_id: str) -> list[Outcome]:
        """What the sender of a command heard."""
        found = [
            CODEC.decode(_text(message, "ce_dataschema"), message.value or b"", {"Outcome": Outcome})
            for (topic, _), messages in self.log.places.items()
            for message in messages
            if topic == "jauap.routing.outcomes"
        ]
        return [outcome for outcome in found if outcome.command_id == command_id]

    def heard(self, command_id: str) -> list[str]:
        """The statuses that the sender of a command heard."""
        return [outcome.status for outcome in self.outcomes(command_id)]

    def decided(self) -> list[str]:
        """Ids of the commands that have a record of *routing*, sorted."""
        return sorted(
            _text(message, "ce_commandid")
            for (topic, _), messages in self.log.places.items()
            for message in messages
            if topic == ROUTED
        )

    def steps(self) -> list[str]:
        """Types of the records of *deadlines*."""
        return [_text(message, "ce_type") for message in self.log.places[STEPS, 0]]


def _text(message: Message, header: str) -> str:
    return (dict(message.headers)[header] or b"").decode()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every turn commits, nothing waits for a wall clock, and no traceback is painted."""
    monkeypatch.setattr(loop, "COMMITS_EVERY_SECONDS", -1.0)
    monkeypatch.setattr(loop, "RECOVERY_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(loop, "RETRY_CLOCK_SECONDS", 0.0)
    with capture_logs():
        yield


@pytest.fixture
def bench() -> Bench:
    """A log of one partition."""
    return Bench()


# --- commands that nobody should send ---


def test_one_command_id_for_two_cases_of_a_partition_is_decided_once(bench: Bench) -> None:
    """The first case has its record, the second sender hears that the id is used, and nothing grows."""
    routing = bench.routing()
    bench.settle(routing)
    bench.send("MFA-A", "X")
    bench.send("MFA-B", "X")
    bench.settle(routing)
    told = [(outcome.case_id, outcome.status, outcome.code) for outcome in bench.outcomes("X")]
    assert sorted(told, key=str) == [("MFA-A", "accepted", None), ("MFA-B", "refused", "CommandIdReused")]
    assert bench.decided() == ["X"]
    assert bench.log.stored[ROUTING, 0][0] == 2


@pytest.mark.parametrize(
    "expected",
    [b"intake:" + b"9" * 5000, b"intake:" + b"9" * 19, b"intake:-1", "intake:²".encode(), b"intake", b"nobody:1"],
    ids=["5000 digits", "19 digits", "negative", "superscript", "no figure", "no service"],
)
def test_an_expectation_that_is_no_sequence_is_malformed(bench: Bench, expected: bytes) -> None:
    """No figure in `ce_expected` stops the service."""
    routing = bench.routing()
    bench.send("MFA-A", "X", headers={"ce_expected": expected})
    bench.send("MFA-A", "Y")
    bench.settle(routing)
    assert [(outcome.status, outcome.code) for outcome in bench.outcomes("X")] == [("malformed", "BadHeader")]
    assert bench.heard("Y") == ["accepted"]


@pytest.mark.parametrize("header", ["ce_comment", "ce_actor"])
def test_a_command_whose_record_would_not_fit_is_malformed(bench: Bench, header: str) -> None:
    """A command that is too large is the sender's fault and parks nobody."""
    routing = bench.routing()
    bench.send("MFA-A", "X", headers={header: b"x" * 900_000})
    bench.send("MFA-A", "Y")
    bench.settle(routing)
    assert [(outcome.status, outcome.code) for outcome in bench.outcomes("X")] == [("malformed", "TooLarge")]
    assert bench.heard("Y") == ["accepted"]


def test_a_large_command_that_is_taken_fits_into_its_record(bench: Bench) -> None:
    """What is not too large is decided, and its record is one that the client library takes."""
    routing = bench.routing()
    plain = a_meeting()
    crowd = asking(RecordMeeting, a_meeting(*plain.participants * 8000))
    bench.send("MFA-A", "X", crowd)
    size = len(bench.log.places[ROUTING, 0][0].value or b"")
    assert 500_000 < size < 900_000
    bench.settle(routing)
    assert bench.heard("X") == ["accepted"]


@pytest.mark.parametrize(("header", "value"), [("ce_commandhash", b"no hash"), ("ce_time", b"no time")])
def test_a_record_with_headers_that_no_honest_writer_makes_stops_nobody(
    bench: Bench, header: str, value: bytes
) -> None:
    """It follows its chain, and so it counts, but it answers no command; other cases go on."""
    routing = bench.routing()
    plain = asking(MeetingHeld, a_meeting())
    payload, dataschema = CODEC.encode(ROUTED, plain)
    headers = cloud_event(kind="MeetingHeld", source="/test", subject="MFA-A", time=START, dataschema=dataschema)
    headers |= {"ce_commandid": b"X", "ce_commandhash": b"0" * 64, header: value}
    bench.log.append(ROUTED, chained(headers, Chain(), b"MFA-A", payload))
    bench.send("MFA-B", "other")
    bench.settle(routing)
    assert routing.loop.lanes[0].tracks["MFA-A"].chains["routing"].sequence == 1
    assert (bench.heard("X"), bench.heard("other")) == ([], ["accepted"])


# --- commands of a newer release ---


def test_a_command_of_a_newer_release_holds_its_case_s_later_commands_and_parks_nothing(bench: Bench) -> None:
    """Before and after a restart, a command that is done is answered again, other cases go on, and events fold."""
    before = bench.routing()
    bench.send("MFA-A", "done")
    bench.settle(before)
    bench.send_newer("MFA-A", "newer")
    bench.send("MFA-A", "later")
    bench.send("MFA-B", "other")
    bench.settle(before)
    assert [bench.heard(sent) for sent in ("newer", "later", "other")] == [["held"], ["held"], ["accepted"]]
    for number in (1, 2):
        instance = before if number == 1 else bench.routing()
        bench.settle(instance)
        answered = len(bench.heard("done"))
        bench.send("MFA-A", "done")
        bench.record("intake", a_communication(), "MFA-A")
        bench.settle(instance)
        track = instance.loop.lanes[0].tracks["MFA-A"]
        assert (track.parked, track.case.routing.last, track.case.intake.last) == (None, 1, number)
        assert bench.heard("done") == ["accepted"] * (answered + 1)
    assert bench.decided() == ["done", "other"]


def test_the_release_that_can_read_a_held_command_decides_it_and_what_it_held_in_order(bench: Bench) -> None:
    """An unknown schema version is our fault: nothing is lost by it."""
    old = bench.routing()
    bench.send_newer("MFA-A", "newer", meeting("06-18"))
    bench.send("MFA-A", "later", meeting("06-19"))
    bench.settle(old)
    newer = bench.routing(codec=NEWER_CODEC)
    bench.settle(newer, old)
    assert [_text(message, "ce_commandid") for message in bench.log.places[ROUTED, 0]] == ["newer", "later"]
    assert bench.heard("newer")[-1] == bench.heard("later")[-1] == "accepted"
    bench.send("MFA-A", "last")
    bench.settle(old)
    assert bench.heard("last") == ["accepted"]


def test_any_number_of_commands_of_a_newer_release_does_not_stop_the_service(bench: Bench) -> None:
    """A sender can't stop a service, nor keep it from starting again, with commands that it can't read."""
    routing = bench.routing()
    for number in range(150):
        bench.send_newer(f"MFA-{number}", f"newer-{number}")
    bench.settle(routing)
    again = bench.routing()
    bench.settle(again)
    bench.send("MFA-A", "X")
    bench.settle(again)
    assert again.loop.ready
    assert bench.heard("X") == ["accepted"]


def test_a_mending_of_a_newer_release_does_not_stop_a_case_s_clocks(bench: Bench) -> None:
    """Only commands wait behind a command that can't be read: a case's own steps go on."""
    bench.record("intake", a_calendar_act(years=(2026, 2027)), CALENDAR)
    deadlines = bench.deadlines()
    bench.send_newer("KAZ-3-2026", "newer", MendDeadlinesChain(break_offset=1, reason="none"))
    bench.settle(deadlines)
    bench.record("intake", a_communication(), "KAZ-3-2026")
    bench.settle(deadlines)
    assert bench.steps()


# --- a log that lost something ---


def test_a_command_that_was_fetched_with_the_news_of_a_lost_position_is_read_again(bench: Bench) -> None:
    """What was read behind the error belongs to a reading that was given up; nothing of it is skipped."""
    routing = bench.routing()
    sent = [f"X{number}" for number in range(1, 6)]
    for command_id in sent:
        bench.send("MFA-A", command_id)
    bench.settle(routing)
    bench.send("MFA-A", "X6")
    routing.reader.meet(Trouble("truncated", (INTAKE, 0)))
    bench.settle(routing)
    assert bench.decided() == [*sent, "X6"]
    assert bench.heard("X6") == ["accepted"]
    assert routing.loop.lanes[0].commits.next == 6


def test_a_record_that_was_fetched_with_the_news_of_a_lost_position_breaks_no_case(bench: Bench) -> None:
    """Another instance's record, read behind the error, is not taken for the first of its case."""
    routing, other = bench.routing(), bench.routing()
    for number in range(1, 6):
        bench.send("MFA-A", f"X{number}")
    bench.settle(routing)
    bench.send("MFA-A", "X6")
    bench.settle(other)
    routing.reader.meet(Trouble("truncated", (INTAKE, 0)))
    bench.settle(routing)
    assert routing.loop.lanes[0].tracks["MFA-A"].broken is None
    bench.send("MFA-A", "X7")
    bench.settle(routing)
    assert bench.heard("X7") == ["accepted"]


def test_a_command_in_flight_when_a_position_is_lost_is_decided_again(bench: Bench) -> None:
    """Neither it nor the command that was fetched behind the error is skipped, also not by a successor."""
    routing = bench.routing()
    bench.settle(routing)
    routing.writer.hold(ROUTED)
    bench.send("MFA-A", "X1")
    bench.settle(routing)
    assert len(routing.writer.under_way) == 1
    bench.send("MFA-A", "X2")
    routing.reader.meet(Trouble("truncated", (INTAKE, 0)))
    routing.loop.turn(0)
    routing.writer.under_way.clear()  # it never arrives, and nobody hears of it
    routing.writer.deliver()
    bench.settle(routing)
    assert bench.decided() == ["X1", "X2"]
    assert (bench.heard("X1"), bench.heard("X2")) == (["accepted"], ["accepted"])
    bench.settle(bench.routing())
    assert bench.decided() == ["X1", "X2"]


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_who_dies_after_dropping_its_state_leaves_all_commands_to_its_successor(bench: Bench, turns: int) -> None:
    """With the state the group's position is dropped, at once: commands that lost their records are decided again."""
    routing = bench.routing()
    sent = [f"X{number}" for number in range(1, 6)]
    for command_id in sent:
        bench.send("MFA-A", command_id)
    bench.settle(routing)
    assert bench.log.stored[ROUTING, 0][0] == 5
    bench.log.cut((ROUTED, 0), 3)
    bench.send("MFA-B", "Y")
    for _ in range(turns):
        routing.loop.turn(0)
    bench.settle(bench.routing())
    assert set(bench.decided()) == {*sent, "Y"}


@pytest.mark.parametrize("regrown", [0, 1, 2, 5])
def test_commands_after_a_tail_that_was_lost_while_the_service_was_down_are_decided(bench: Bench, regrown: int) -> None:
    """However far the topic has grown again: a position counts only with the command that stood before it."""
    old = [f"X{number}" for number in range(1, 6)]
    for command_id in old:
        bench.send("MFA-A", command_id)
    bench.settle(bench.routing())
    assert bench.log.stored[ROUTING, 0][0] == 5
    bench.log.cut((ROUTING, 0), 3)
    new = [f"Y{number}" for number in range(regrown)]
    for command_id in new:
        bench.send("MFA-A", command_id)
    successor = bench.routing()
    bench.settle(successor)
    assert bench.decided() == [*old, *new]
    assert [bench.heard(command_id) for command_id in new] == [["accepted"]] * regrown
    bench.send("MFA-A", "Z")
    bench.settle(successor)
    assert bench.decided() == [*old, *new, "Z"]


@pytest.mark.parametrize("regrown", [0, 1, 2, 4])
def test_records_that_the_own_topic_lost_while_the_service_was_down_are_made_again(bench: Bench, regrown: int) -> None:
    """Their commands are still there, however far another writer has grown the topic again."""
    sent = [f"X{number}" for number in range(1, 6)]
    for command_id in sent:
        bench.send("MFA-A", command_id)
    bench.settle(bench.routing())
    bench.log.cut((ROUTED, 0), 3)
    for _ in range(regrown):
        bench.log.append(ROUTED, Outgoing(b"MFA-Z", b"foreign", [("ce_commandid", b"foreign")]), partition=0)
    successor = bench.routing()
    bench.settle(successor)
    assert [command_id for command_id in bench.decided() if command_id != "foreign"] == sent
    bench.send("MFA-A", "Z")
    bench.settle(successor)
    assert [command_id for command_id in bench.decided() if command_id != "foreign"] == [*sent, "Z"]


def test_what_comes_right_after_the_state_was_dropped_is_read_in_its_order(bench: Bench) -> None:
    """A dropped partition is read from its start at once: no later record is folded before the first."""
    sent = [f"X{number}" for number in range(1, 6)]
    for command_id in sent:
        bench.send("MFA-A", command_id)
    bench.settle(bench.routing())
    bench.log.cut((ROUTED, 0), 3)
    successor = bench.routing()
    for _ in range(10):
        successor.loop.turn(0)
        bench.log.append(ROUTED, Outgoing(b"MFA-Z", b"foreign", [("ce_commandid", b"foreign")]), partition=0)
    bench.settle(successor)
    assert [command_id for command_id in bench.decided() if command_id != "foreign"] == sent
    assert successor.loop.lanes[0].tracks["MFA-A"].broken is None
    assert bench.heard("X1")[-1] == "accepted"


@pytest.mark.parametrize("sent", [0, 1, 3])
def test_a_successor_on_a_whole_log_goes_on_where_the_group_stood(bench: Bench, sent: int) -> None:
    """What has its outcome is not answered again after a restart; what came meanwhile is decided."""
    for number in range(sent):
        bench.send("MFA-A", f"X{number}")
    bench.settle(bench.routing())
    bench.send("MFA-A", "meanwhile")
    bench.settle(bench.routing())
    assert [bench.heard(f"X{number}") for number in range(sent)] == [["accepted"]] * sent
    assert bench.heard("meanwhile") == ["accepted"]


def test_a_partition_whose_ends_are_not_known_holds_up_no_other() -> None:
    """A place without a leader stops its own partition, until it has one again."""
    bench = Bench(partitions=2)
    names = [f"MFA-{number}" for number in range(99)]
    here, there = (next(name for name in names if partition_of(name, 2) == number) for number in (0, 1))
    bench.log.silent = {(INTAKE, 1)}
    routing = bench.routing()
    bench.send(here, "X")
    bench.send(there, "Y")
    bench.settle(routing)
    assert (bench.heard("X"), bench.heard("Y")) == (["accepted"], [])
    bench.log.silent = set()
    bench.settle(routing)
    assert bench.heard("Y") == ["accepted"]


# --- cases that stand still ---


def test_a_case_that_is_parked_while_a_command_is_in_flight_holds_it_for_the_next_release(bench: Bench) -> None:
    """Its senders hear `held`, and the release that can read the record answers all of them."""
    routing = bench.routing()
    bench.send("MFA-A", "X1")
    bench.settle(routing)
    routing.writer.hold(ROUTED)
    bench.send("MFA-A", "X2", meeting("06-19"))
    bench.settle(routing)
    bench.record("intake", a_communication(), "MFA-A", newer=True)
    bench.settle(routing)
    routing.writer.deliver()
    bench.send("MFA-A", "X3", meeting("06-20"))
    bench.send("MFA-B", "other")
    bench.settle(routing)
    heard = [bench.heard(sent) for sent in ("X1", "X2", "X3", "other")]
    assert heard == [["accepted"], ["held"], ["held"], ["accepted"]]
    bench.settle(bench.routing(codec=NEWER_CODEC))
    assert (bench.heard("X2")[-1], bench.heard("X3")[-1]) == ("accepted", "accepted")
    assert bench.decided() == ["X1", "X2", "X3", "other"]


def test_a_case_that_is_broken_while_a_command_is_in_flight_can_be_mended(bench: Bench) -> None:
    """The command in flight is held; after the mending it is decided anew."""
    routing = bench.routing()
    bench.send("MFA-A", "X1")
    bench.settle(routing)
    routing.writer.hold(ROUTED)
    bench.send("MFA-A", "X2", meeting("06-19"))
    bench.settle(routing)
    good = bench.log.places[ROUTED, 0][0]
    headers = {name: value or b"" for name, value in good.headers}
    forged = {**headers, "ce_caseseq": b"2", "ce_prevhash": headers["ce_hash"]}
    bench.log.append(ROUTED, Outgoing(good.key or b"", good.value or b"", list(forged.items())))
    routing.writer.deliver()
    bench.settle(routing)
    assert bench.heard("X2") == ["held"]
    bench.send("MFA-A", "mend", MendRoutingChain(break_offset=1, reason="a forged record"))
    bench.settle(routing)
    assert (bench.heard("mend"), bench.heard("X2")) == (["accepted"], ["held", "accepted"])
    assert [outcome.sequence for sent in ("X1", "mend", "X2") for outcome in bench.outcomes(sent)[-1:]] == [1, 2, 3]


def test_a_survivor_that_is_told_of_a_break_behind_it_folds_anew_and_mends_it(bench: Bench) -> None:
    """It kept its fold over an error, a record behind it was changed, and an operator who verified the log mends it."""
    routing = bench.routing()
    for number in (1, 2):
        bench.send("MFA-A", f"X{number}", meeting(f"06-1{number}"))
    bench.settle(routing)
    bench.log.change((ROUTED, 0), 0, b"changed")
    routing.reader.meet(Trouble("the broker was away"))
    bench.send("MFA-B", "other")
    bench.settle(routing)
    bench.send("MFA-A", "mend", MendRoutingChain(break_offset=0, reason="a changed record"))
    bench.settle(routing)
    assert (bench.heard("other")[-1], bench.heard("mend")[-1]) == ("accepted", "accepted")
    assert bench.decided() == ["X1", "X1", "X2", "X2", "mend", "other"]


def test_commands_whose_records_a_break_made_void_are_decided_again_once_it_is_mended(bench: Bench) -> None:
    """Who starts behind them reads them again: what was acknowledged is not lost, and stands behind the mending."""
    before = bench.routing()
    for number in (1, 2, 3):
        bench.send("MFA-A", f"X{number}", meeting(f"06-1{number}"))
    bench.settle(before)
    assert bench.log.stored[ROUTING, 0][0] == 3
    bench.log.change((ROUTED, 0), 1, b"changed")
    after = bench.routing()
    bench.settle(after)
    assert bench.heard("X3")[-1] == "held"
    bench.send("MFA-A", "mend", MendRoutingChain(break_offset=1, reason="a changed record"))
    bench.settle(after)
    counting = bench.log.places[ROUTED, 0][3:]
    assert [_text(message, "ce_commandid") for message in counting] == ["mend", "X2", "X3"]
    assert bench.heard("X1") == ["accepted", "accepted"]
    answers = len(bench.heard("X1"))
    bench.settle(bench.routing())
    assert len(bench.heard("X1")) == answers


@pytest.mark.parametrize("survivor", ["met an error", "met none"])
def test_a_reader_that_never_saw_the_break_that_was_mended_folds_anew(bench: Bench, survivor: str) -> None:
    """Every reader agrees on what counts after a mending, also one that had folded the record before it was changed."""
    old = bench.routing()
    for number in (1, 2):
        bench.send("MFA-A", f"X{number}", meeting(f"06-1{number}"))
    bench.settle(old)
    bench.log.change((ROUTED, 0), 0, b"changed")
    bench.send("MFA-A", "mend", MendRoutingChain(break_offset=0, reason="a changed record"))
    new = bench.routing()
    bench.settle(new)
    if survivor == "met an error":
        old.reader.meet(Trouble("the broker was away"))
    bench.settle(old, new)
    bench.send("MFA-A", "X3", meeting("06-13"))
    bench.settle(old, new)
    heads = [one.loop.lanes[0].tracks["MFA-A"].chains["routing"] for one in (old, new)]
    assert heads[0] == heads[1]
    assert bench.heard("X3")[0] == "accepted"


def test_a_command_that_is_repeated_while_its_case_stands_still_is_answered_each_time(bench: Bench) -> None:
    """Who asks again hears again that the command is held."""
    routing = bench.routing(throw)
    for times in (1, 2, 3):
        bench.send("MFA-A", "X")
        bench.settle(routing)
        assert bench.heard("X") == ["held"] * times


def test_more_cases_with_unreadable_events_than_a_healthy_release_has_stop_the_service(bench: Bench) -> None:
    """A bad release does not eat a topic: at the limit it goes on, and with one more it stops."""
    routing = bench.routing()
    for number in range(MOST_PARKED):
        bench.record("intake", a_communication(), f"MFA-{number}", newer=True)
    bench.settle(routing)
    assert routing.loop.ready
    bench.record("intake", a_communication(), "MFA-ONE-MORE", newer=True)
    with pytest.raises(TooManyParked):
        bench.settle(routing)
    with pytest.raises(TooManyParked):
        bench.settle(bench.routing())


# --- what follows by itself ---


@pytest.fixture
def year(bench: Bench) -> Bench:
    """The same log, with a calendar."""
    bench.record("intake", a_calendar_act(years=(2026, 2027)), CALENDAR)
    return bench


def test_a_step_whose_append_was_lost_is_taken_again(year: Bench) -> None:
    """Nobody commands a step, so nobody repeats it but the service itself."""
    deadlines = year.deadlines()
    year.settle(deadlines)
    deadlines.writer.hold(STEPS)
    year.record("intake", a_communication(), "KAZ-3-2026")
    year.settle(deadlines)
    assert len(deadlines.writer.under_way) == 1
    deadlines.writer.lose()
    year.settle(deadlines)
    steps = year.steps()
    year.settle(year.deadlines())
    assert steps
    assert year.steps() == steps


def test_a_partition_that_comes_back_on_another_day_is_reconciled_for_that_day(year: Bench) -> None:
    """What was kept of it is from a day that is over."""
    deadlines = year.idle_deadlines()
    deadlines.loop.start()
    deadlines.reader.hand(0)
    year.record("intake", a_communication(), "KAZ-3-2026")
    year.settle(deadlines)
    deadlines.reader.take_away(0)
    before = len(year.steps())
    year.now = datetime(2026, 9, 10, 9, tzinfo=UTC)
    year.settle(deadlines)
    deadlines.reader.hand(0)
    year.settle(deadlines)
    steps = year.steps()
    year.settle(year.deadlines())
    assert len(steps) > before
    assert year.steps() == steps


def test_by_a_calendar_that_is_parked_nothing_is_decided(year: Bench) -> None:
    """A calendar that lacks an act makes wrong days: the cases wait for the release that can read it."""
    deadlines = year.deadlines()
    year.settle(deadlines)
    year.record("intake", a_calendar_act(act="act-2", years=(2027,)), CALENDAR, newer=True)
    year.record("intake", a_communication(), "KAZ-3-2026")
    year.settle(deadlines)
    assert year.steps() == []
    year.settle(year.deadlines(codec=NEWER_CODEC))
    assert year.steps()


def test_by_a_calendar_that_is_folded_anew_nothing_is_decided(year: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cases that were about to be reconciled wait until the whole calendar is read again."""
    monkeypatch.setattr(loop, "ADVANCED_PER_TURN", 1)
    year.record("intake", a_calendar_act(act="act-2", years=(2027,)), CALENDAR)
    deadlines = year.deadlines(OneByOne)
    year.settle(deadlines)
    for number in range(5):
        year.record("intake", a_communication(), f"KAZ-{number}-2026")
    while not year.steps():
        deadlines.loop.turn(0)
    deadlines.watching.meet(Trouble("truncated", (INTAKE, 0)))
    year.settle(deadlines)
    seen = {_text(message, "ce_seen").rpartition(":")[2] for message in year.log.places[STEPS, 0]}
    assert seen == {"7"}
    assert len(year.steps()) >= 5


def test_a_calendar_that_was_mended_behind_its_reader_is_read_anew(year: Bench) -> None:
    """Who had folded the act before it was changed agrees with who reads the calendar now."""
    old = year.deadlines()
    year.settle(old)
    year.log.change((INTAKE, 0), 0, b"changed")
    value, dataschema = CODEC.encode(INTAKE, ChainMended(break_offset=0, reason="a changed record"))
    headers = cloud_event(kind="ChainMended", source="/test", subject=CALENDAR, time=START, dataschema=dataschema)
    headers["ce_breakoffset"] = b"0"
    year.log.append(INTAKE, chained(headers, Chain(), CALENDAR.encode(), value))
    new = year.deadlines()
    year.settle(old, new)
    heads = [one.loop.watched.track.chains for one in (old, new) if one.loop.watched and one.loop.watched.track]
    assert heads[0] == heads[1]
    assert [chains["intake"].sequence for chains in heads] == [1, 1]


# --- the log in memory and the real one ---


class Verbs(NamedTuple):
    """A topic of one partition, and who reads, writes and measures it."""

    topic: str
    reader: Callable[[], Reader]
    writer: Writer
    ends: Ends

    def read(self, start: int, count: int = 1) -> list[Message | Trouble]:
        """Read from an offset on until so many messages, or a lost position, are there."""
        reader, found = self.reader(), list[Message | Trouble]()
        reader.read_from({(self.topic, 0): start})
        deadline = time.monotonic() + 20
        while len(found) < count:
            assert time.monotonic() < deadline
            items = reader.poll(0.05)
            found += [item for item in items if isinstance(item, Message) or item.lost is not None]
        return found

    def write(self, *values: bytes) -> int:
        """Append records under one key; how many were acknowledged."""
        acknowledged: list[bytes] = []
        for value in values:
            record = Outgoing(b"MFA-A", value, [("ce_id", value[:9]), ("ce_empty", b"")])
            self.writer.append(self.topic, record, acknowledged=lambda value=value: acknowledged.append(value))  # type: ignore[misc]
        assert self.writer.flush(20) == 0
        return len(acknowledged)


@pytest.fixture(params=["memory", pytest.param("kafka", marks=pytest.mark.kafka)])
def verbs(request: pytest.FixtureRequest) -> Iterator[Verbs]:
    """The log in memory, and the real one."""
    topic = f"contract-{uuid.uuid4().hex}"
    if request.param == "memory":
        log = MemoryLog(lambda: START, topics=[topic])
        yield Verbs(topic, lambda: MemoryReader(log), MemoryWriter(log), MemoryEnds(log))
        return
    stack: Addresses = request.getfixturevalue("stack")
    admin = AdminClient(client_settings(stack.kafka))
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(10)
    readers: list[Reader] = []

    def reader() -> Reader:
        readers.append(Reader(stack.kafka, "test-contract", group=topic))
        return readers[-1]

    yield Verbs(topic, reader, Writer(stack.kafka, "test-contract"), Ends(stack.kafka, "test-contract"))
    for made in readers:
        made.close()
    admin.delete_topics([topic])[topic].result(10)


def test_what_is_appended_is_acknowledged_and_read_back_in_order(verbs: Verbs) -> None:
    """Key, value and headers are as they were, and offsets count from 0."""
    assert verbs.write(b"one", b"two", b"three") == 3
    found = [item for item in verbs.read(0, 3) if isinstance(item, Message)]
    assert [(item.topic, item.partition, item.offset) for item in found] == [(verbs.topic, 0, n) for n in range(3)]
    assert [(item.key, item.value) for item in found] == [(b"MFA-A", value) for value in (b"one", b"two", b"three")]
    assert found[0].headers == (("ce_id", b"one"), ("ce_empty", b""))
    assert [item.value for item in verbs.read(2) if isinstance(item, Message)] == [b"three"]


def test_ends_are_the_offsets_after_the_last_records(verbs: Verbs) -> None:
    """A place that does not answer is left out where that is asked for, and is an error elsewhere."""
    here, nowhere = (verbs.topic, 0), (verbs.topic, 7)
    assert verbs.ends.of_patiently([here], 20) == {here: 0}
    verbs.write(b"one", b"two")
    assert verbs.ends.of([here]) == {here: 2}
    assert verbs.ends.of_answering([here, nowhere]) == {here: 2}
    with capture_logs() as logs:
        assert verbs.ends.of_answering([here, here]) == {here: 2}
    assert logs == []
    with pytest.raises(LogUnavailable):
        verbs.ends.of([here, nowhere])


@pytest.mark.parametrize("start", [2, 7])
def test_a_position_beyond_the_end_is_reported_as_lost(verbs: Verbs, start: int) -> None:
    """Nothing is read from another place instead."""
    verbs.write(b"one")
    (found,) = verbs.read(start)
    assert isinstance(found, Trouble)
    assert found.lost == (verbs.topic, 0)


def test_a_position_is_committed_with_its_mark_for_the_next_of_the_group(verbs: Verbs) -> None:
    """Where nothing was committed, there is none."""
    place: Place = (verbs.topic, 0)
    first = verbs.reader()
    first.read_from({place: 0})
    assert first.committed([place]) == {place: None}
    first.commit({place: (3, "f" * 64)})
    deadline = time.monotonic() + 20
    while verbs.reader().committed([place]) != {place: (3, "f" * 64)}:
        assert time.monotonic() < deadline
        first.poll(0.05)


def test_a_record_that_is_too_large_is_refused_at_once(verbs: Verbs) -> None:
    """The writer is well afterwards."""
    with pytest.raises(ValueError, match="large"):
        verbs.write(b"x" * 1_000_001)
    assert verbs.writer.failed is None
    assert verbs.write(b"x" * 900_000) == 1
