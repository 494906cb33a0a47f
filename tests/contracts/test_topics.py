"""The broker's topics are made to agree with their files, and every difference is told."""

import json
import time
from collections.abc import Iterator
from uuid import uuid4

import msgspec
import pytest
from confluent_kafka.admin import (  # type: ignore[attr-defined] # it does not say that it exports them
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourceType,
)
from typer.testing import CliRunner

from jauap.cli.topics import app
from jauap.messaging import topics
from jauap.messaging.connection import client_settings
from jauap.messaging.topics import Change, Deployment, Drift, PartitionsAreFixed, Topic, TopicsError, load
from jauap.stack.addresses import Addresses

PARTITIONS = 4


@pytest.fixture
def trial(monkeypatch: pytest.MonkeyPatch, stack: Addresses) -> Iterator[tuple[Topic, ...]]:
    """The topics of a system of its own on the shared broker: the same pages under other names."""
    prefix = f"trial-{uuid4()}."
    pages = tuple(msgspec.structs.replace(topic, name=prefix + topic.name) for topic in load())
    monkeypatch.setattr(topics, "load", lambda: pages)
    monkeypatch.setattr(topics, "PREFIX", prefix)
    yield tuple(page for page in pages if not page.is_of_bodies)
    admin = AdminClient(client_settings(stack.kafka))
    left = [name for name in admin.list_topics(timeout=10).topics if name.startswith(prefix)]
    for future in admin.delete_topics(left).values() if left else ():
        future.result()


@pytest.mark.kafka
def test_apply_creates_what_is_missing(stack: Addresses, trial: tuple[Topic, ...]) -> None:
    """All topics are missing at first, and none is afterwards."""
    missing = [Drift(topic=topic.name, what="missing") for topic in trial]
    assert topics.check(stack.kafka, PARTITIONS) == missing
    created = [Change(topic=topic.name, what="created") for topic in trial]
    assert topics.apply(stack.kafka, PARTITIONS) == created
    assert topics.check(stack.kafka, PARTITIONS) == []


@pytest.mark.kafka
@pytest.mark.usefixtures("trial")
def test_apply_changes_nothing_that_agrees(stack: Addresses) -> None:
    """The second time there is nothing to do."""
    topics.apply(stack.kafka, PARTITIONS)
    assert topics.apply(stack.kafka, PARTITIONS) == []


@pytest.mark.kafka
def test_apply_alters_a_setting_that_differs(stack: Addresses, trial: tuple[Topic, ...]) -> None:
    """A setting that someone changed, and one that the file does not have, are found and put right."""
    topics.apply(stack.kafka, PARTITIONS)
    name = trial[0].name
    _set(stack.kafka, name, {"retention.ms": "3600000", "compression.type": "zstd"})
    _await_drifts(
        stack.kafka,
        Drift(topic=name, what="config", setting="compression.type", wanted=None, found="zstd"),
        Drift(topic=name, what="config", setting="retention.ms", wanted="-1", found="3600000"),
    )
    assert topics.apply(stack.kafka, PARTITIONS) == [
        Change(topic=name, what="altered", setting="compression.type", before="zstd", after=None),
        Change(topic=name, what="altered", setting="retention.ms", before="3600000", after="-1"),
    ]
    assert topics.check(stack.kafka, PARTITIONS) == []


@pytest.mark.kafka
def test_another_partition_count_is_refused(stack: Addresses, trial: tuple[Topic, ...]) -> None:
    """The count is fixed for ever: apply refuses before it creates or alters anything."""
    name = trial[0].name
    _create(stack.kafka, name, PARTITIONS)
    _await_drifts(stack.kafka, *(Drift(topic=topic.name, what="missing") for topic in trial[1:]))
    with pytest.raises(PartitionsAreFixed, match="fixed for ever"):
        topics.apply(stack.kafka, PARTITIONS + 1)
    drifts = topics.check(stack.kafka, PARTITIONS + 1)
    assert Drift(topic=name, what="partitions", wanted="5", found="4") in drifts
    assert Drift(topic=trial[1].name, what="missing") in drifts


@pytest.mark.kafka
def test_a_topic_that_no_file_describes_is_told(stack: Addresses, trial: tuple[Topic, ...]) -> None:
    """The check goes both ways, and apply leaves the stranger alone."""
    stranger = trial[0].name + ".stranger"
    topics.apply(stack.kafka, PARTITIONS)
    _create(stack.kafka, stranger, 1)
    _await_drifts(stack.kafka, Drift(topic=stranger, what="extra"))
    assert topics.apply(stack.kafka, PARTITIONS) == []
    assert topics.check(stack.kafka, PARTITIONS) == [Drift(topic=stranger, what="extra")]


@pytest.mark.kafka
@pytest.mark.usefixtures("trial")
def test_fewer_copies_than_the_deployment_wants_are_told(stack: Addresses) -> None:
    """A replication factor, and the copies that must agree, are the deployment's and are compared too."""
    topics.apply(stack.kafka, PARTITIONS)
    drifts = topics.check(stack.kafka, PARTITIONS, replication=3, min_insync=2)
    assert {(drift.what, drift.setting, drift.wanted, drift.found) for drift in drifts} == {
        ("replication", None, "3", "1"),
        ("config", "min.insync.replicas", "2", "1"),
    }


@pytest.mark.kafka
def test_the_command_tells_and_mends(stack: Addresses, trial: tuple[Topic, ...]) -> None:
    """`jauap topics check` exits with 1 until `jauap topics apply` was there, and both speak JSON."""
    arguments = ["--kafka", stack.kafka, "--partitions", str(PARTITIONS), "--json"]
    before = CliRunner().invoke(app, ["check", *arguments])
    assert before.exit_code == 1
    assert [drift["what"] for drift in json.loads(before.stdout)] == ["missing"] * len(trial)
    applied = CliRunner().invoke(app, ["apply", *arguments])
    assert applied.exit_code == 0
    assert {change["topic"] for change in json.loads(applied.stdout)} == {topic.name for topic in trial}
    after = CliRunner().invoke(app, ["check", *arguments])
    assert (after.exit_code, json.loads(after.stdout)) == (0, [])


@pytest.mark.kafka
@pytest.mark.usefixtures("trial")
def test_numbers_that_nobody_says_are_those_of_the_topics(stack: Addresses) -> None:
    """Else a command that forgets them would take away what protects the log."""
    assert topics.numbers(stack.kafka) is None
    arguments = ["--kafka", stack.kafka, "--json"]
    nothing = {"JAUAP_PARTITIONS": None, "JAUAP_REPLICATION": None, "JAUAP_MIN_INSYNC": None}
    topics.apply(stack.kafka, PARTITIONS, min_insync=2)
    assert topics.numbers(stack.kafka) == Deployment(partitions=PARTITIONS, replication=1, min_insync=2)
    for command in ("apply", "check"):
        told = CliRunner().invoke(app, [command, *arguments], env=nothing)
        assert (told.exit_code, json.loads(told.stdout)) == (0, [])


def test_a_broker_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a broker there is one sentence, and what to look at."""
    monkeypatch.setattr(topics, "PATIENCE", 0.3)
    with pytest.raises(TopicsError, match="Kafka does not answer"):
        topics.check("127.0.0.1:1", PARTITIONS)
    told = CliRunner().invoke(app, ["check", "--kafka", "127.0.0.1:1", "--partitions", "4"])
    assert told.exit_code == 2
    assert "Is it running" in told.stderr


def test_without_a_broker_s_address_the_command_says_where_to_get_one(tmp_path: object) -> None:
    """Neither a stack in the folder nor --kafka: the sentence names both remedies."""
    told = CliRunner().invoke(app, ["check", "--data-dir", str(tmp_path)], env={"JAUAP_KAFKA": None})
    assert told.exit_code == 2
    assert "jauap stack up" in told.stderr


def _await_drifts(bootstrap: str, *drifts: Drift) -> None:
    """Wait until the check tells exactly these: a broker shows a moment later what its controller has accepted."""
    deadline = time.monotonic() + 10
    while (found := topics.check(bootstrap, PARTITIONS)) != list(drifts):
        assert time.monotonic() < deadline, found
        time.sleep(0.02)


def _set(bootstrap: str, topic: str, settings: dict[str, str]) -> None:
    entries = [
        ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET) for name, value in settings.items()
    ]
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=entries)
    admin = AdminClient(client_settings(bootstrap))
    admin.incremental_alter_configs([resource])[resource].result()


def _create(bootstrap: str, topic: str, partitions: int) -> None:
    """A topic that a person made by hand: with the settings that every page has."""
    settings = {key: value for key, value in load()[0].config.items() if value != "deployment"}
    admin = AdminClient(client_settings(bootstrap))
    admin.create_topics([NewTopic(topic, partitions, 1, config=settings)])[topic].result()
