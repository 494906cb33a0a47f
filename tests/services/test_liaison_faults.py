"""Liaison on a log in memory, with the faults that a broker shows too seldom to be tested on it."""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from jauap.domain import commands, feeds, submissions
from jauap.domain.case import SERVICES
from jauap.domain.events import Event
from jauap.domain.facts import Value
from jauap.domain.feeds import InformationRequested, SubmissionRefused, SubmissionTaken
from jauap.domain.submissions import SupplyInformation
from jauap.messaging.avro import Codec, subject
from jauap.messaging.chain import Chain, header_map
from jauap.messaging.envelope import Message, Outgoing, chained, cloud_event
from jauap.messaging.folding import events_topic
from jauap.messaging.log import Place, Trouble
from jauap.messaging.registry import RegistryUnavailable
from services.liaison import doorman, items
from services.liaison.run import COMMANDS_TOPIC, PUBLIC_TOPIC, Liaison
from tests.builders import a_communication, a_forwarding, a_signatory, some_info
from tests.logbook import IDS
from tests.messaging.memory_log import MemoryEnds, MemoryLog, MemoryReader, MemoryWriter

BODIES = ("MIA", "MOJ")
CASES = ("KAZ-3-2026", "KAZ-4-2026", "KAZ-5-2026")
INFO = SupplyInformation(submitted_on=date(2026, 6, 12), signatory=a_signatory())
OURS = {
    subject(topic, name): 7
    for topic, kinds in (
        (COMMANDS_TOPIC, commands.BY_NAME),
        (PUBLIC_TOPIC, feeds.BY_NAME),
        ("jauap.feed.MIA", feeds.BY_NAME),
        ("jauap.submit.MIA", submissions.BY_NAME),
    )
    for name in kinds
}
RELEASES = {7: ("SupplyInformation", 1)}
TOPICS = [
    *map(events_topic, SERVICES), COMMANDS_TOPIC, PUBLIC_TOPIC,
    *(f"jauap.{kind}.{body}" for kind in ("feed", "submit") for body in BODIES),
]  # fmt: skip


class Ends(MemoryEnds):
    """Knows which topics are there, too."""

    def partitions(self, topics: Iterable[str], seconds: float = 1.0) -> dict[str, int]:  # noqa: ARG002 - at once
        return {topic: 1 for topic in topics if (topic, 0) in self._log.places}


class SlowReader(MemoryReader):
    """Gives nothing of some places for a while, however much there is."""

    def __init__(self, log: MemoryLog) -> None:
        super().__init__(log)
        self.slow: set[Place] = set()

    def poll(self, seconds: float, most: int = 1000) -> list[Message | Trouble]:
        kept = {place: start for place, start in self._next.items() if place in self.slow}
        self._next = {place: start for place, start in self._next.items() if place not in self.slow}
        found = super().poll(seconds, most)
        self._next |= kept
        return found


class Instance:
    """A liaison and what it reads and writes with."""

    def __init__(self, log: MemoryLog, releases: Callable[[], Any] = lambda: RELEASES) -> None:
        self.reader, self.turns, self.writer = SlowReader(log), MemoryReader(log), MemoryWriter(log)
        self.liaison = Liaison(
            reader=self.reader,
            turns=self.turns,
            writer=self.writer,
            ends=Ends(log),
            codec=Codec(IDS | OURS),
            partitions=1,
            bodies=lambda: frozenset(BODIES),
            releases=releases,
        )
        self.liaison.start()
        self.turns.hand(0)

    def go_on(self, turns: int = 12) -> None:
        """So many rounds: enough for all that follows from what is there."""
        for _ in range(turns):
            self.liaison.turn(0)


class World:
    """A log, who writes its events, and an intake that takes whatever the doorman lets in."""

    def __init__(self) -> None:
        self.now = datetime(2026, 6, 12, tzinfo=UTC)
        self.log = MemoryLog(lambda: self.now, topics=TOPICS)
        self.codec = Codec(IDS | OURS)
        self.chains: dict[tuple[str, str], Chain] = {}

    def record(self, case_id: str, service: str, event: Event, **headers: str) -> None:
        self.now += timedelta(seconds=1)
        topic = events_topic(service)
        value, dataschema = self.codec.encode(topic, event)
        named = cloud_event(
            kind=type(event).__name__, source=service, subject=case_id, time=self.now, dataschema=dataschema
        )
        named |= {f"ce_{name}": text.encode() for name, text in headers.items()}
        chain = self.chains.get((case_id, service), Chain())
        record = chained(named, chain, case_id.encode(), value)
        digest = dict(record.headers)["ce_hash"].decode()
        self.chains[case_id, service] = Chain(chain.sequence + 1, bytes.fromhex(digest))
        self.log.append(topic, record, 0)

    def forward(self, *case_ids: str) -> None:
        for case_id in case_ids:
            self.record(case_id, "intake", a_communication())
            self.record(case_id, "routing", a_forwarding(*BODIES))

    def submit(self, body: str, case_id: str, value: Value | bytes = INFO, sender_id: str | None = None) -> str:
        payload = self.codec.encode("jauap.submit.MIA", value)[0] if isinstance(value, Value) else value
        headers = [] if sender_id is None else [("ce_id", sender_id.encode())]
        message = self.log.append(f"jauap.submit.{body}", Outgoing(case_id.encode(), payload, headers), 0)
        return doorman.place(message)

    def intake(self) -> None:
        """Take each command once, by its id."""
        done = {_header(one, "ce_commandid") for one in self.log.places[events_topic("intake"), 0]}
        for command in list(self.log.places[COMMANDS_TOPIC, 0]):
            known = _header(command, "ce_id")
            if known not in done:
                done.add(known)
                info = some_info(_header(command, "ce_actor"))
                correlation = _header(command, "ce_correlationid")
                self.record(_header(command, "ce_subject"), "intake", info, commandid=known, correlationid=correlation)

    def feed(self, body: str) -> list[tuple[str, Any]]:
        """Each item with its id."""
        return [
            (
                _header(one, "ce_id"),
                self.codec.decode(_header(one, "ce_dataschema"), one.value or b"", feeds.BY_NAME),
            )
            for one in self.log.places[f"jauap.feed.{body}", 0]
        ]

    def answers(self, body: str) -> dict[str, type[Any]]:
        told = (item for _, item in self.feed(body))
        return {item.submission: type(item) for item in told if isinstance(item, SubmissionTaken | SubmissionRefused)}

    def asked(self, body: str) -> list[str]:
        return [
            (one.key or b"").decode()
            for one in self.log.places[f"jauap.feed.{body}", 0]
            if _header(one, "ce_type") == "jauap.InformationRequested"
        ]

    def repeats(self, body: str) -> int:
        return sum(times - 1 for times in Counter(known for known, _ in self.feed(body)).values())


def _header(message: Message, name: str) -> str:
    return ((header_map(message.headers) or {}).get(name) or b"").decode()


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing has to come back here."""
    monkeypatch.setattr("services.liaison.run.RECOVERY_PAUSE_SECONDS", 0)
    monkeypatch.setattr("jauap.messaging.followed.PAUSE_SECONDS", 0)
    monkeypatch.setattr("services.liaison.run.COMMITS_EVERY_SECONDS", 0)
    monkeypatch.setattr("services.liaison.run.LOOK_SECONDS", 0)


@pytest.fixture
def world() -> World:
    """An empty log."""
    return World()


def test_what_a_producer_lost_is_told_by_the_next(world: World) -> None:
    """Items and commands alike, each once."""
    one = Instance(world.log)
    one.go_on()
    one.writer.hold("jauap.feed.MIA")
    world.forward(*CASES)
    one.go_on()
    one.writer.lose()
    one.go_on()
    assert (world.asked("MIA"), world.repeats("MIA"), world.repeats("MOJ")) == (list(CASES), 0, 0)
    one.writer.hold(COMMANDS_TOPIC)
    place = world.submit("MIA", CASES[0])
    one.go_on()
    assert world.log.stored.get(("jauap.submit.MIA", 0)) is None
    one.writer.lose()
    one.go_on()
    world.intake()
    one.go_on()
    assert world.answers("MIA") == {place: SubmissionTaken}
    assert world.log.stored["jauap.submit.MIA", 0][0] == 1


def test_what_is_under_way_is_not_sent_again(world: World) -> None:
    """However often the case is looked at meanwhile."""
    one = Instance(world.log)
    one.go_on()
    one.writer.hold("jauap.feed.MIA")
    world.forward(CASES[0])
    one.go_on()
    world.record(CASES[0], "intake", some_info())
    one.go_on()
    assert len(one.writer.under_way) == 1
    one.writer.deliver()
    one.go_on()
    assert (world.asked("MIA"), world.repeats("MIA")) == ([CASES[0]], 0)


def test_a_feed_is_read_to_its_end_before_anything_is_appended(world: World) -> None:
    """Also where it is read last."""
    world.forward(*CASES)
    Instance(world.log).go_on()
    two = Instance(world.log)
    two.reader.slow = {("jauap.feed.MIA", 0)}
    two.go_on()
    two.reader.slow = set()
    two.go_on()
    assert (world.asked("MIA"), world.repeats("MIA")) == (list(CASES), 0)


def test_what_arrives_late_is_a_repeat_with_the_same_id(world: World) -> None:
    """Two instances that both write, and a record that a dead producer left under way: each repeat is identical."""
    one, two = Instance(world.log), Instance(world.log)
    one.writer.hold("jauap.feed.MIA")
    world.forward(CASES[0])
    one.go_on()
    two.go_on()
    one.writer.deliver()
    world.forward(*CASES[1:])
    for _ in range(12):
        one.go_on(1)
        two.go_on(1)
    records = world.log.places["jauap.feed.MIA", 0]
    assert world.repeats("MIA") >= 1
    assert len({record.content for record in records}) == len({_header(record, "ce_id") for record in records}) == 3


def test_a_log_that_lost_its_tail_is_folded_anew(world: World) -> None:
    """What was forwarded after the loss is told; what stands on the feeds stays, and is not told again."""
    one = Instance(world.log)
    world.forward(CASES[0], CASES[1])
    one.go_on()
    for service in ("intake", "routing"):
        world.log.cut((events_topic(service), 0), 1)
        world.chains.pop((CASES[1], service))
    world.forward(CASES[2])
    one.reader.meet(Trouble("a broker was lost"))
    one.go_on()
    assert (world.asked("MIA"), world.repeats("MIA")) == (list(CASES), 0)


def test_a_feed_that_lost_its_tail_gets_it_again(world: World) -> None:
    """The log of events decides, and the feed follows."""
    one = Instance(world.log)
    world.forward(*CASES)
    one.go_on()
    world.log.cut(("jauap.feed.MIA", 0), 1)
    one.reader.meet(Trouble("a broker was lost"))
    one.go_on()
    assert world.asked("MIA") == list(CASES)


def test_another_leader_s_log_is_compared(world: World) -> None:
    """The leader epoch rose, and where an event stood there stands another: all is folded anew."""
    one = Instance(world.log)
    world.forward(CASES[0])
    one.go_on()
    place = (events_topic("routing"), 0)
    world.log.cut(place, 0)
    world.chains.pop((CASES[0], "routing"))
    world.record(CASES[0], "routing", a_forwarding("MOJ"))
    world.forward(CASES[1])
    world.log.places[place] = [record._replace(leader_epoch=1) for record in world.log.places[place]]
    one.go_on()
    assert (world.asked("MIA"), world.asked("MOJ")) == ([CASES[0], CASES[1]], [CASES[0], CASES[0], CASES[1]])


def test_nothing_is_judged_before_all_that_was_written_before_is_folded(world: World) -> None:
    """A submission that is read before the forwarding that came before it is not refused."""
    one = Instance(world.log)
    one.go_on()
    one.reader.slow = {(events_topic("routing"), 0)}
    world.forward(CASES[0])
    place = world.submit("MIA", CASES[0])
    one.go_on()
    assert (world.feed("MIA"), world.log.places[COMMANDS_TOPIC, 0]) == ([], [])
    one.reader.slow = set()
    one.go_on()
    world.intake()
    one.go_on()
    assert world.answers("MIA") == {place: SubmissionTaken}


def test_a_case_that_can_t_be_told_by_our_fault_is_parked_and_redriven(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others flow on; a release that is mended tells it after a restart."""
    right = items.information_requested

    def wrong(story: items.Story, item: items.Item, case: Any) -> Value:
        if case.case_id == CASES[0]:
            raise KeyError("a fault")
        return right(story, item, case)

    with monkeypatch.context() as patch:
        composing: dict[type[Value], Any] = {**items.COMPOSE, InformationRequested: wrong}
        patch.setattr(items, "COMPOSE", composing)
        one = Instance(world.log)
        world.forward(*CASES)
        one.go_on()
    assert world.asked("MIA") == list(CASES[1:])
    assert one.liaison.parked == {CASES[0]}
    Instance(world.log).go_on()
    assert sorted(world.asked("MIA")) == sorted(CASES)
    assert world.repeats("MIA") == 0


def test_submissions_that_can_t_be_judged_by_our_fault_stand_still_and_are_redriven(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only that body's, from that record on; nothing of it is lost."""
    right = doorman.command

    def wrong(submitted: doorman.Submitted, *rest: Any) -> Any:
        if submitted.body == "MIA" and submitted.case_id == CASES[1]:
            raise KeyError("a fault")
        return right(submitted, *rest)

    one = Instance(world.log)
    world.forward(*CASES)
    places = [world.submit("MIA", case_id) for case_id in CASES]
    other = world.submit("MOJ", CASES[1])
    with monkeypatch.context() as patch:
        patch.setattr(doorman, "command", wrong)
        one.go_on()
        world.intake()
        one.go_on()
        assert world.answers("MIA") == {places[0]: SubmissionTaken}
        assert world.answers("MOJ") == {other: SubmissionTaken}
        assert one.liaison.doors["MIA"].stands_still == "KeyError"
        assert world.log.stored["jauap.submit.MIA", 0][0] == 1
    mended = Instance(world.log)
    mended.go_on()
    world.intake()
    mended.go_on()
    assert world.answers("MIA") == dict.fromkeys(places, SubmissionTaken)
    assert world.repeats("MIA") == 0


def test_access_that_ends_while_a_submission_waits_stops_nobody(world: World) -> None:
    """A refusal that has no feed to stand on any more is not told."""
    world.forward(*CASES)
    instance, bodies = Instance(world.log), set(BODIES)
    instance.liaison.bodies = lambda: frozenset(bodies)
    instance.go_on()
    place = world.submit("MIA", CASES[0], b"poison")
    instance.reader.slow = {(events_topic("intake"), 0)}
    world.record("KAZ-9-2026", "intake", a_communication())
    instance.go_on(2)
    bodies.discard("MIA")
    instance.reader.slow.clear()
    instance.go_on()
    assert world.answers("MIA") == {}
    bodies.add("MIA")
    instance.go_on()
    assert world.answers("MIA") == {place: SubmissionRefused}


@pytest.mark.parametrize("topic", ["jauap.feed.MIA", "jauap.submit.MIA"])
def test_a_body_whose_topic_may_not_be_read_holds_up_nobody_else(
    world: World, monkeypatch: pytest.MonkeyPatch, topic: str
) -> None:
    """It is served again when the right is back."""
    world.forward(*CASES)
    instance = Instance(world.log)
    instance.go_on()
    for _ in range(3):
        instance.reader.meet(Trouble("denied", denied=(topic, 0)))
        instance.liaison.turn(0)
    places = {body: world.submit(body, CASES[0], b"poison") for body in BODIES}
    instance.go_on()
    assert world.answers("MOJ") == {places["MOJ"]: SubmissionRefused}
    assert world.answers("MIA") == {}
    monkeypatch.setattr("services.liaison.run.time.monotonic", lambda base=time.monotonic: base() + 60)
    instance.go_on()
    assert world.answers("MIA") == {places["MIA"]: SubmissionRefused}
    assert world.repeats("MIA") == world.repeats("MOJ") == 0


def test_who_submits_without_end_keeps_nobody_waiting(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each body has its turn; more than can be judged soon is not even read; in the end each has its answer."""
    monkeypatch.setattr("services.liaison.run.AT_ONCE", 3)
    monkeypatch.setattr("services.liaison.run.MOST_WAITING", 10)
    world.forward(*CASES)
    instance = Instance(world.log)
    instance.go_on()
    flood = [world.submit("MIA", CASES[0], b"x" * 9) for _ in range(2500)]
    place = world.submit("MOJ", CASES[0], b"poison")
    instance.go_on(3)
    assert world.answers("MOJ") == {place: SubmissionRefused}
    assert len(world.answers("MIA")) < 10
    assert len(instance.liaison.doors["MIA"].queue) <= 1000  # what one poll may give
    monkeypatch.setattr("services.liaison.run.AT_ONCE", 500)
    monkeypatch.setattr("services.liaison.run.BURST", 1500)
    monkeypatch.setattr("services.liaison.run.RATE", 0)
    instance.go_on(60)
    assert 990 < len(world.answers("MIA")) <= 1000, "it used its turns up"
    monkeypatch.setattr("services.liaison.run.RATE", 1e9)
    instance.go_on(60)
    assert world.answers("MIA") == dict.fromkeys(flood, SubmissionRefused)
    assert world.repeats("MIA") == 0


def test_no_more_is_issued_than_intake_decides(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that others' commands wait behind a few; but what intake holds for long holds nothing up."""
    monkeypatch.setattr("services.liaison.run.MOST_UNDECIDED", 2)
    world.forward(*CASES)
    instance = Instance(world.log)
    instance.go_on()
    places = [world.submit("MIA", CASES[0]) for _ in range(5)]
    instance.go_on()
    issued = world.log.places[COMMANDS_TOPIC, 0]
    assert len(issued) == 2
    world.intake()
    instance.go_on()
    assert len(issued) == 4
    monkeypatch.setattr("services.liaison.run.DECIDED_WITHIN_SECONDS", -1)
    instance.go_on()
    world.intake()
    instance.go_on()
    assert world.answers("MIA") == dict.fromkeys(places, SubmissionTaken)


def test_a_correction_waits_for_what_it_corrects(world: World) -> None:
    """Both may be sent at once: the second is judged when the first is on record."""
    world.forward(*CASES)
    instance = Instance(world.log)
    instance.go_on()
    first = world.submit("MIA", CASES[0])
    second = world.submit("MIA", CASES[0], replace(INFO, corrects=first))
    instance.go_on()
    assert world.answers("MIA") == {}
    world.intake()
    instance.go_on()
    world.intake()
    instance.go_on()
    assert world.answers("MIA") == dict.fromkeys((first, second), SubmissionTaken)
    unknown = world.submit("MIA", CASES[0], replace(INFO, corrects="never sent"))
    instance.go_on()
    assert world.answers("MIA")[unknown] is SubmissionRefused


def test_an_id_that_brought_something_in_brings_nothing_in_again(world: World) -> None:
    """A retry that comes late, even after a correction, changes nothing; what was refused may come again."""
    world.forward(*CASES)
    instance = Instance(world.log)
    instance.go_on()

    def sent(value: Value, sender_id: str) -> type[Any]:
        before = len(world.feed("MIA"))
        world.submit("MIA", CASES[0], value, sender_id)
        for _ in range(2):
            instance.go_on()
            world.intake()
        instance.go_on()
        [(_, answer)] = world.feed("MIA")[before:]
        return type(answer)

    assert sent(replace(INFO, corrects="never sent"), "one") is SubmissionRefused
    assert sent(INFO, "one") is SubmissionTaken
    assert sent(replace(INFO, corrects="one"), "two") is SubmissionTaken
    assert sent(INFO, "one") is SubmissionRefused
    assert sent(replace(INFO, corrects="two"), "two") is SubmissionRefused
    first = world.submit("MIA", CASES[1], INFO, "both")
    second = world.submit("MIA", CASES[1], replace(INFO, number="other"), "both")
    for _ in range(2):
        instance.go_on()
        world.intake()
    instance.go_on()
    assert first != second
    assert [type(item) for _, item in world.feed("MIA")[-2:]] == [SubmissionTaken, SubmissionRefused]


def test_submissions_wait_while_the_registry_is_away(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is refused because it does not answer."""
    monkeypatch.setattr("services.liaison.run.ASK_AGAIN_SECONDS", 0)
    away = [True]

    def releases() -> Any:
        if away[0]:
            raise RegistryUnavailable("away")
        return RELEASES

    one = Instance(world.log, releases)
    world.forward(CASES[0])
    place = world.submit("MIA", CASES[0])
    one.go_on()
    assert world.answers("MIA") == {}
    away[0] = False
    one.go_on()
    world.intake()
    one.go_on()
    assert world.answers("MIA") == {place: SubmissionTaken}


@pytest.mark.parametrize("hint", [(0, ""), (1, "f" * 64), (9, "f" * 64)])
def test_a_position_that_is_lost_or_wrong_only_reads_more(world: World, hint: tuple[int, str]) -> None:
    """It is a hint: what was taken is not recorded twice, what was refused is not told twice."""
    one = Instance(world.log)
    world.forward(CASES[0])
    places = [world.submit("MIA", CASES[0]), world.submit("MIA", CASES[0], b"poison")]
    one.go_on()
    world.intake()
    one.go_on()
    world.log.stored["jauap.submit.MIA", 0] = hint
    two = Instance(world.log)
    places.append(world.submit("MIA", "KAZ-9-2026"))
    two.go_on()
    world.intake()
    two.go_on()
    kinds = (SubmissionTaken, SubmissionRefused, SubmissionRefused)
    assert world.answers("MIA") == dict(zip(places, kinds, strict=True))
    assert world.repeats("MIA") == 0
    assert world.log.stored["jauap.submit.MIA", 0][0] == 3


def test_one_that_has_not_its_turn_writes_nothing_and_takes_over_whole(world: World) -> None:
    """It folds along, so that it goes on at once."""
    one, two = Instance(world.log), Instance(world.log)
    two.turns.take_away(0)
    world.forward(CASES[0])
    two.go_on()
    assert world.log.places["jauap.feed.MIA", 0] == []
    place = world.submit("MIA", CASES[0])
    two.turns.hand(0)
    two.go_on()
    world.intake()
    two.go_on()
    assert world.answers("MIA") == {place: SubmissionTaken}
    one.go_on()
    assert world.repeats("MIA") == 0
