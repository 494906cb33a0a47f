"""Liaison on the real broker, with intake and routing: what bodies read, and what becomes of what they submit."""

import json
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
import jsonschema
import msgspec
import pytest
from confluent_kafka import Producer
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

from jauap import bodies
from jauap.bodies import BodyList
from jauap.cli.asyncapi import HEADERS
from jauap.domain import feeds
from jauap.domain.commands import ForwardCommunication, ReceiveCommunication, ReturnAgencyInfo, WithdrawRoutingEntry
from jauap.domain.facts import ForwardedTo, Signatory, Value
from jauap.domain.feeds import (
    InformationRequested,
    InformationReturned,
    ItemWithdrawn,
    SubmissionRefused,
    SubmissionTaken,
)
from jauap.domain.submissions import DeclineInformation, SupplyInformation
from jauap.messaging import access, topics
from jauap.messaging.avro import Codec
from jauap.messaging.connection import client_settings
from jauap.messaging.envelope import Message
from jauap.messaging.log import BEGINNING, Ends, Reader
from jauap.messaging.registry import schema_ids
from jauap.messaging.sender import Order, Sender
from jauap.stack.addresses import Addresses
from jauap.stack.machine import Stack
from tests.conftest import prepare
from tests.contracts import cloud_events
from tests.contracts.records import schema_of

pytestmark = pytest.mark.kafka

PATIENCE = 30.0
GRANTED = ("MIA", "MOJ", "OMBUDSMAN")
Headers = list[tuple[str, str | bytes | None]] | None
SIGNATORY = Signatory(name="A. Official", position="Minister", capacity="first-head")
INFO = SupplyInformation(submitted_on=date(2026, 3, 5), signatory=SIGNATORY)


class World:
    """A stack with intake and routing, and liaisons that can be killed."""

    def __init__(self, addresses: Addresses, folder: Path) -> None:
        self.addresses, self.folder = addresses, folder
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.sender = Sender(addresses.kafka, addresses.registry, "test", services=("intake", "routing"))
        self.codec = Codec(schema_ids(addresses.registry, ["jauap.submit.<body>"]))
        self.ends = Ends(addresses.kafka, "test")
        self.feeds: dict[str, tuple[Reader, list[Message]]] = {}
        self.producer = Producer({**client_settings(addresses.kafka), "linger.ms": 0, "acks": "all"})

    def grant(self, *codes: str) -> None:
        """Give bodies their topics and access, as `jauap access grant` does."""
        file, known = Path(self.addresses.bodies), BodyList(Path(self.addresses.bodies)) if self.listed else None
        granted = {*codes, *(known.with_access() if known else ())}
        topics.apply(self.addresses.kafka, self.addresses.partitions, bodies=granted)
        access.apply(self.addresses.kafka, granted, granted, self.addresses.password)
        for body in bodies.shipped():
            if body.code in codes:
                bodies.put(file, bodies.with_access(body, "granted"))

    @property
    def listed(self) -> bool:
        return Path(self.addresses.bodies).exists()

    def start(self, name: str) -> None:
        """Start a liaison and wait until it has folded everything."""
        ready = self.folder / f"{name}.ready"
        ready.unlink(missing_ok=True)
        environment = self.addresses.of_principal("liaison").environment()
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "services.liaison"],
                env={**environment, "JAUAP_READY_FILE": str(ready), "JAUAP_INSTANCE": name, "PATH": "/usr/bin:/bin"},
                cwd=Path(__file__).parents[2],
                stderr=log,
                stdout=log,
            )
        wait_for(ready.exists, self.processes[name].poll)

    @property
    def at_work(self) -> str:
        """Whose turn it is, as they say."""
        said = {name: (self.folder / f"{name}.log").read_text() for name in self.processes}
        (found,) = (name for name, text in said.items() if text.rfind("is this instance") > text.rfind("has its turn"))
        return found

    def end(self, name: str, how: signal.Signals = signal.SIGTERM) -> int:
        process = self.processes.pop(name)
        process.send_signal(how)
        return process.wait(20)

    def do(self, command: Value, case_id: str) -> None:
        """Have an officer's command recorded."""
        order = Order(
            command=command, name=type(command).__name__, case_id=case_id, command_id=str(uuid.uuid4()), actor="officer"
        )
        ((_, outcome),) = list(self.sender.submit([order], PATIENCE))
        assert outcome is not None
        assert outcome.status == "accepted", outcome

    def letter(self, number: int, *to: str) -> str:
        """Register a letter and forward it."""
        case_id = f"KAZ-{number}-2026"
        letter = ReceiveCommunication(
            reference=f"KAZ {number}/2026", communication_type="AL", state="KAZ", received_on=date(2026, 3, 3)
        )
        self.do(letter, case_id)
        if to:
            asked = tuple(ForwardedTo(body=body, questions=("1", "2")) for body in to)
            self.do(ForwardCommunication(bodies=asked, forwarded_on=date(2026, 3, 4)), case_id)
        return case_id

    def submit(
        self,
        body: str,
        key: str | bytes | None,
        value: Value | bytes | None,
        headers: Headers = None,
    ) -> str:
        """Submit a record, whatever it is; give its place."""
        payload = self.codec.encode("jauap.submit.MIA", value)[0] if isinstance(value, Value) else value
        places: list[str] = []

        def delivered(error: object, message: Any) -> None:
            assert error is None, error
            places.append(f"{message.topic()}/{message.partition()}/{message.offset()}")

        self.producer.produce(f"jauap.submit.{body}", key=key, value=payload, headers=headers, on_delivery=delivered)
        assert self.producer.flush(10) == 0
        return places[0]

    def records(self, feed: str) -> list[Message]:
        """All that stands on a feed, as far as it is now."""
        topic = f"jauap.feed.{feed}"
        reader, found = self.feeds.setdefault(feed, (Reader(self.addresses.kafka, "test"), []))
        if not found:
            reader.read_from({(topic, 0): BEGINNING})
        end = self.ends.of([(topic, 0)])[topic, 0]
        while len(found) < end:
            found += [item for item in reader.poll(0.5) if isinstance(item, Message)]
        return found

    def items(self, feed: str, key: str | None = None) -> list[Any]:
        """What a feed says of a case, each item once."""
        seen = {dict(record.headers)["ce_id"]: record for record in self.records(feed)}
        return [
            self.codec.decode(
                (dict(record.headers)["ce_dataschema"] or b"").decode(), record.value or b"", feeds.BY_NAME
            )
            for record in seen.values()
            if key in (None, (record.key or b"").decode())
        ]

    def answer(self, body: str, submission: str) -> Any:
        """The answer to a submission, once it is there."""
        found: list[Any] = []

        def answered() -> bool:
            found[:] = [item for item in self.items(body) if getattr(item, "submission", None) == submission]
            return bool(found)

        wait_for(answered)
        assert len(found) == 1
        return found[0]

    def assert_no_repeats(self) -> None:
        """No id stands twice on a feed."""
        for feed in GRANTED:
            assert [known for known, times in self.ids(feed).items() if times > 1] == []

    def ids(self, feed: str) -> Counter[bytes]:
        return Counter(dict(record.headers)["ce_id"] or b"" for record in self.records(feed))


def wait_for(condition: Callable[[], object], died: Callable[[], object] = lambda: None) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert died() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Kafka, registry, intake, routing, and one liaison; MIA, MOJ and the Ombudsman have access."""
    machine = Stack(tmp_path_factory.mktemp("liaison"), services=("intake", "routing"))
    made: World | None = None
    try:
        made = World(
            machine.up(lambda _part, _words: None, prepare, lambda _: None), tmp_path_factory.mktemp("processes")
        )
        made.grant(*GRANTED)
        made.start("one")
        yield made
    finally:
        for process in made.processes.values() if made else ():
            process.kill()
            process.wait(10)
        if made is not None:
            made.sender.close()
            for reader, _ in made.feeds.values():
                reader.close()
        machine.down(lambda _part, _words: None)


def test_what_is_forwarded_stands_on_the_feeds_of_those_it_was_forwarded_to(world: World) -> None:
    """With the headers of a CloudEvent and the schema's own id; a withdrawal follows; others get nothing."""
    case_id = world.letter(101, "MIA")
    wait_for(lambda: world.items("MIA", case_id))
    (item,) = world.items("MIA", case_id)
    assert isinstance(item, InformationRequested)
    assert (item.reference, item.questions, item.forwarded_on) == ("KAZ 101/2026", ("1", "2"), date(2026, 3, 4))
    (record,) = (record for record in world.records("MIA") if record.key == case_id.encode())
    headers = dict(record.headers)
    assert cloud_events.faults(record) == []
    jsonschema.validate({name: (value or b"").decode() for name, value in headers.items()}, HEADERS["item"])
    assert headers["ce_type"] == b"jauap.InformationRequested"
    assert headers["ce_subject"] == case_id.encode()
    assert {"ce_caseseq", "ce_hash", "ce_prevhash", "ce_seen", "ce_actor"} & headers.keys() == set()
    with SchemaRegistryClient({"url": world.addresses.registry}) as registry:
        found = registry.get_schema(int.from_bytes((record.value or b"")[1:5], "big"))
    assert json.loads(found.schema_str or "") == schema_of("InformationRequested")
    world.do(WithdrawRoutingEntry(entry=1, reason="Meant for MOJ"), case_id)
    wait_for(lambda: len(world.items("MIA", case_id)) == 2)
    back = world.items("MIA", case_id)[1]
    assert (type(back), back.item) == (ItemWithdrawn, (headers["ce_id"] or b"").decode())
    assert "MOJ" not in back.reason
    assert world.items("MOJ", case_id) == world.items("OMBUDSMAN", case_id) == []


def test_information_is_taken_corrected_returned_and_declined(world: World) -> None:
    """The sender's own id comes back, and names what is corrected; what intake refuses is told with field and rule."""
    case_id = world.letter(102, "MIA", "MOJ")
    wait_for(lambda: world.items("MOJ", case_id))
    first = msgspec.structs.replace(INFO, number="12-3", answers=("1",))
    world.submit("MIA", case_id, first, [("ce_id", b"mine-1"), ("traceparent", None)])
    taken = world.answer("MIA", "mine-1")
    assert (type(taken), taken.state, taken.open_questions) == (SubmissionTaken, "open", ("2",))
    correction = msgspec.structs.replace(first, answers=("1", "2"), corrects="mine-1")
    place = world.submit("MIA", case_id, correction)
    assert world.answer("MIA", place).state == "supplied"
    again = world.answer("MIA", world.submit("MIA", case_id, correction))
    assert [(fault.code, fault.field) for fault in again.faults] == [("UnknownSubmission", "corrects")]
    world.do(ReturnAgencyInfo(body="MIA", info=3, returned_on=date(2026, 3, 9), reason="Incomplete"), case_id)
    wait_for(lambda: isinstance(world.items("MIA", case_id)[-1], InformationReturned))
    assert world.items("MIA", case_id)[-1].submission == place
    wrong = msgspec.structs.replace(first, number=None, answers=("9",))
    refused = world.answer("MIA", world.submit("MIA", case_id, wrong))
    assert [(fault.code, fault.field) for fault in refused.faults] == [("QuestionNotAsked", "answers[0]")]
    place = world.submit("MOJ", case_id, DeclineInformation(declined_on=date(2026, 3, 5), competent_body="MIA"))
    assert world.answer("MOJ", place).state == "declined"
    assert [type(item) for item in world.items("MOJ", case_id)] == [InformationRequested, SubmissionTaken]


def test_poison_is_answered_and_harms_nobody(world: World) -> None:
    """Not Avro, unknown schema, wrong key, another's case, no value, a bomb, bad ids: each is told, others flow on."""
    case_id, foreign = world.letter(103, "MIA"), world.letter(104, "MOJ")
    wait_for(lambda: world.items("MIA", case_id) and world.items("MOJ", foreign))
    good = world.codec.encode("jauap.submit.MIA", INFO)[0]
    two_faults = _unchecked(world, number="", answers=["x" * 65])
    poison: list[tuple[str | bytes | None, Value | bytes | None, Headers, list[Any]]] = [
        (case_id, b"no avro at all", None, [("NoSchemaId", None)]),
        (case_id, b"\0\x7f\xff\xff\xff" + good[5:], None, [("UnknownSchema", None)]),
        (case_id, good[:5] + b"\xff" * 4000, None, [("Undecodable", None)]),
        (case_id, good[:5] + good[5:-3], None, [("Undecodable", None)]),
        (case_id, None, None, [("NoValue", None)]),
        ("kaz 103", INFO, None, [("NoCaseId", "key")]),
        (b"\xff\xfe", INFO, None, [("NoCaseId", "key")]),
        (None, INFO, None, [("NoCaseId", "key")]),
        (foreign, INFO, None, [("NotForwarded", "key")]),
        ("KAZ-999-2026", INFO, None, [("NotForwarded", "key")]),
        (case_id, INFO, [("ce_id", b"a"), ("ce_id", b"b")], [("BadId", "ce_id")]),
        (case_id, INFO, [("ce_id", b"\xff")], [("BadId", "ce_id")]),
        (case_id, two_faults, None, [("Invalid", "number"), ("Invalid", "answers[0]")]),
        (case_id, _unchecked(world, answers=[""] * 200_000), None, [("Invalid", "answers[0]")]),
    ]
    places = [world.submit("MIA", key, value, headers) for key, value, headers, _ in poison]
    world.submit("MOJ", foreign, INFO, [("ce_id", b"moj-1")])
    world.submit("MIA", case_id, INFO, [("ce_id", b"after the poison")])
    assert isinstance(world.answer("MOJ", "moj-1"), SubmissionTaken)
    assert isinstance(world.answer("MIA", "after the poison"), SubmissionTaken)
    answers = [world.answer("MIA", place) for place in places]
    for (_, _, _, expected), refused in zip(poison, answers, strict=True):
        assert isinstance(refused, SubmissionRefused)
        told = [(fault.code, fault.field) for fault in refused.faults]
        assert told[: len(expected)] == expected
    assert answers[8].faults == answers[9].faults  # whether or not there is such a case
    assert len(answers[13].faults) == 51


def _unchecked(world: World, **changes: Any) -> bytes:
    """A submission with what no client of ours would write."""
    content = msgspec.to_builtins(INFO, builtin_types=(date,)) | changes
    stream = BytesIO()
    fastavro.schemaless_writer(stream, fastavro.parse_schema(schema_of("SupplyInformation")), content)
    return world.codec.encode("jauap.submit.MIA", INFO)[0][:5] + stream.getvalue()


def test_killed_and_started_again_it_repeats_nothing(world: World) -> None:
    """What was submitted while it was away is answered once, and what it told before is not told again."""
    case_id = world.letter(105, "MIA")
    wait_for(lambda: world.items("MIA", case_id))
    world.end("one", signal.SIGKILL)
    world.submit("MIA", case_id, INFO, [("ce_id", b"meanwhile")])
    world.submit("MIA", case_id, b"poison")
    late = world.letter(106, "MIA", "MOJ")
    before = world.ids("MIA")
    world.start("one")
    assert isinstance(world.answer("MIA", "meanwhile"), SubmissionTaken)
    wait_for(lambda: world.items("MOJ", late))
    assert len(world.ids("MIA") - before) == 3
    assert world.end("one") == 0
    world.start("one")
    world.letter(107, "MIA")
    wait_for(lambda: world.items("MIA", "KAZ-107-2026"))
    world.assert_no_repeats()


def test_a_body_that_gets_access_later_gets_all_that_was_forwarded_to_it(world: World) -> None:
    """Without a restart, and nothing that was withdrawn before it could know."""
    case_ids = [world.letter(108, "GPO"), world.letter(109, "GPO", "MIA")]
    world.do(WithdrawRoutingEntry(entry=1, reason="Meant for MOJ"), world.letter(110, "GPO"))
    world.grant("GPO")
    wait_for(lambda: len(world.items("GPO")) == 2)
    assert {(record.key or b"").decode() for record in world.records("GPO")} == set(case_ids)
    place = world.submit("GPO", case_ids[0], INFO)
    assert isinstance(world.answer("GPO", place), SubmissionTaken)


def test_a_newer_release_s_submission_waits_and_others_flow_on(world: World) -> None:
    """It is our fault that we can't read it: it is not refused, what comes after it on that topic waits too."""
    world.grant("SUPREME-COURT")
    case_id = world.letter(111, "SUPREME-COURT", "MIA")
    wait_for(lambda: world.items("SUPREME-COURT", case_id) and world.items("MIA", case_id))
    newer = schema_of("DeclineInformation")
    newer["fields"].append({"name": "added", "type": ["null", "string"], "doc": "New.", "default": None})
    with SchemaRegistryClient({"url": world.addresses.registry}) as registry:
        number = registry.register_schema("jauap.DeclineInformation", Schema(json.dumps(newer), "AVRO"))
    decline = DeclineInformation(declined_on=date(2026, 3, 5))
    old = world.codec.encode("jauap.submit.MIA", decline)[0]
    world.submit("SUPREME-COURT", case_id, b"\0" + number.to_bytes(4, "big") + old[5:] + b"\0", [("ce_id", b"newer")])
    world.submit("SUPREME-COURT", case_id, INFO, [("ce_id", b"behind it")])
    assert isinstance(world.answer("MIA", world.submit("MIA", case_id, INFO)), SubmissionTaken)
    log = world.folder / "one.log"
    wait_for(lambda: "submissions stand still" in log.read_text())
    assert {"newer", "behind it"} & {
        getattr(item, "submission", None) for item in world.items("SUPREME-COURT")
    } == set()


def test_another_instance_stands_by_and_takes_over(world: World) -> None:
    """While one writes the other does not; when it is killed the other goes on, and nothing is told twice."""
    world.start("two")
    case_id = world.letter(112, "MIA")
    wait_for(lambda: world.items("MIA", case_id))
    world.assert_no_repeats()
    killed = world.at_work
    world.end(killed, signal.SIGKILL)
    began = time.monotonic()
    world.submit("MIA", case_id, INFO, [("ce_id", b"to the other")])
    assert isinstance(world.answer("MIA", "to the other"), SubmissionTaken)
    assert time.monotonic() - began < 15
    world.assert_no_repeats()
    if killed == "one":
        world.start("one")
    assert world.end("two") == 0
