"""A deployment of three brokers: each is a part of its own, and any one of them may be gone."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from typer.testing import CliRunner

from jauap.cli.main import app
from jauap.messaging import topics
from jauap.messaging.connection import client_settings, through
from jauap.stack.addresses import Addresses
from jauap.stack.folder import BROKERS
from jauap.stack.machine import Stack, infrastructure
from jauap.stack.settings import Settings
from tests.conftest import prepare

from .conftest import silent

pytestmark = [pytest.mark.kafka, pytest.mark.long]


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Three brokers, and no services; each test brings them up itself."""
    stack = Stack(tmp_path_factory.mktemp("three"), services=(), brokers=3)
    yield stack
    stack.down(silent)


def _states(stack: Stack) -> dict[str, str]:
    return {part.name: part.state for part in stack.status()}


def _each(kafka: str) -> list[str]:
    """The same line with each server alone."""
    return [through(kafka, server) for server in client_settings(kafka)["bootstrap.servers"].split(",")]


def _nodes(address: str) -> set[int]:
    """The brokers that the one at this address knows to be there."""
    return set(AdminClient(client_settings(address)).list_topics(timeout=10).brokers)


def _append(addresses: Addresses) -> str | None:
    """Append a record that all who must have it have acknowledged; the error, if they have not."""
    failed: list[str | None] = []
    producer = Producer({**client_settings(addresses.kafka), "acks": "all", "message.timeout.ms": 60_000})
    producer.produce(
        "jauap.intake.commands", b"nothing", on_delivery=lambda error, _: failed.append(str(error) if error else None)
    )
    producer.flush(70)
    return failed[0]


def test_every_broker_is_a_part_with_an_address(three: Stack) -> None:
    """Each is listed by its name, and each address in the list leads to a broker that knows all."""
    addresses = three.up(silent, prepare)
    assert _states(three) == dict.fromkeys(infrastructure(3), "ready")
    assert [_nodes(address) for address in _each(addresses.kafka)] == [{1, 2, 3}] * 3


def test_topics_have_three_copies_of_which_two_must_have_a_record(three: Stack) -> None:
    """`jauap topics check` knows it from the folder, and other numbers are a difference."""
    three.up(silent, prepare)
    folder = str(three.folder.root)
    right = CliRunner().invoke(app, ["topics", "check", "--data-dir", folder])
    wrong = CliRunner().invoke(app, ["topics", "check", "--data-dir", folder, "--replication", "1", "--json"])
    assert (right.exit_code, wrong.exit_code) == (0, 1), right.output
    assert {(drift["what"], drift["found"]) for drift in json.loads(wrong.stdout)} == {("replication", "3")}


@pytest.mark.parametrize("name", BROKERS)
def test_any_one_of_them_may_be_killed(three: Stack, name: str) -> None:
    """The two others take what is written, by the list of addresses alone; `up` starts only the one that is dead."""
    addresses = three.up(silent, prepare)
    before = {part.name: part.pid for part in three.status()}
    three.kill(name)
    assert _append(addresses) is None
    assert {part for part, state in _states(three).items() if state == "dead"} == {name}
    three.up(silent)
    assert {part.name for part in three.status() if part.pid != before[part.name]} == {name}


def test_one_can_be_stopped_and_started(three: Stack) -> None:
    """By its name, as any part."""
    three.up(silent, prepare)
    three.stop("kafka-2")
    assert _states(three)["kafka-2"] == "stopped"
    three.start("kafka-2")
    assert set(_states(three).values()) == {"ready"}


def test_three_brokers_come_back_from_down_and_from_a_crash_of_all(three: Stack) -> None:
    """The topics are as they were, at the same addresses, for whoever does not say the number again."""
    addresses = three.up(silent, prepare)
    three.down(silent)
    assert set(_states(three).values()) == {"stopped"}
    same = Stack(three.folder.root, services=())
    assert same.up(silent) == addresses
    for name in BROKERS:
        same.kill(name)
    same.up(silent)
    assert not topics.check(addresses.kafka, addresses.partitions, addresses.replication, addresses.min_insync)
    assert _append(addresses) is None


def test_erasing_leaves_nothing_of_three_brokers(tmp_path: Path) -> None:
    """Each has a folder of its own, and all are removed."""
    stack = Stack(tmp_path / "gone", services=(), brokers=3)
    stack.folder.create()
    Settings.load_or_create(stack.folder, partitions=1, brokers=3)
    for name in BROKERS:
        (stack.folder.kafka(name) / "topic-0").mkdir(parents=True)
    assert stack.erase(silent)
    assert not stack.folder.root.exists()
