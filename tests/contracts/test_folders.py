"""Nothing is left over: each file has its class, each class its files, each topic its records, and back."""

from typing import get_args

import pytest

from jauap import schemas
from jauap.domain import commands, events, feeds
from jauap.domain.case import SERVICES
from jauap.domain.submissions import Submission
from jauap.messaging.avro import subject
from jauap.messaging.topics import BODY, Topic, load
from tests.contracts.records import ENVELOPE, FOLDER_OF, FOLDERS, RECORDS

PROCESSES = {*SERVICES, "projector", "post", "liaison", "documents", "cli", "auditor", "public"}
LIAISON = {"jauap.feed.<body>", "jauap.submit.<body>", "jauap.public"}
TOPICS = {topic.name: topic for topic in load()}


def test_the_package_has_four_folders() -> None:
    """Schemas, releases, topics and examples, and nothing else."""
    ours = {name for name in schemas.names(".") if not name.startswith("__")}
    assert ours == {"avro", "released", "topics", "examples"}


@pytest.mark.parametrize(("root", "ending"), [("avro", ".avsc"), ("examples", ".json")])
@pytest.mark.parametrize("folder", FOLDERS)
def test_every_class_has_its_file_and_every_file_its_class(root: str, ending: str, folder: str) -> None:
    """A folder of schemas or examples holds exactly one file for each class that belongs there."""
    expected = {name + ending for name in FOLDERS[folder]}
    if folder == ".":
        expected |= set(FOLDERS) - {"."}
    assert set(schemas.names(f"{root}/{folder}")) == expected


def test_what_is_released_is_what_there_is() -> None:
    """Each record has a folder of releases, and each folder a record: a name once released stays."""
    assert set(schemas.names("released")) == set(RECORDS)


def test_no_two_records_share_a_name() -> None:
    """Events, commands and the outcome have names of their own, since a schema is found by its name."""
    assert len(RECORDS) == sum(len(kinds) for kinds in FOLDERS.values())


def test_no_payload_field_is_an_envelope_key() -> None:
    """A command's JSON is flat, so no field of its content may have the name of an envelope's key."""
    fields = {field for kind in commands.BY_NAME.values() for field in kind.__struct_fields__}
    assert fields.isdisjoint(ENVELOPE)


def test_every_service_has_its_three_topics() -> None:
    """There is a page for the commands, events and outcomes of each service, and for what others read and write."""
    ours = {f"jauap.{service}.{kind}" for service in SERVICES for kind in ("commands", "events", "outcomes")}
    assert set(TOPICS) == ours | LIAISON


def test_a_topic_s_file_bears_its_name() -> None:
    """Who knows a topic's name finds its page."""
    assert set(schemas.names("topics")) == {f"{name.removesuffix(f'.{BODY}')}.yaml" for name in TOPICS}


@pytest.mark.parametrize(
    ("name", "kinds"),
    [("jauap.feed.<body>", feeds.FeedItem), ("jauap.public", feeds.PublicItem), ("jauap.submit.<body>", Submission)],
)
def test_what_others_read_and_write_is_what_its_page_says(name: str, kinds: object) -> None:
    """The pages name the records that the classes say, in their order."""
    assert TOPICS[name].records == tuple(kind.__name__ for kind in get_args(kinds))


@pytest.mark.parametrize("service", SERVICES)
def test_a_topic_takes_the_records_that_its_service_takes(service: str) -> None:
    """The pages name the records that the classes say, in their order."""
    assert TOPICS[f"jauap.{service}.commands"].records == tuple(kind.__name__ for kind in commands.BY_SERVICE[service])
    assert TOPICS[f"jauap.{service}.events"].records == tuple(kind.__name__ for kind in events.BY_SERVICE[service])
    assert TOPICS[f"jauap.{service}.outcomes"].records == ("Outcome",)


def test_every_record_stands_on_a_topic() -> None:
    """No schema is without a topic that takes it."""
    assert {record for topic in TOPICS.values() for record in topic.records} == set(RECORDS)


@pytest.mark.parametrize("topic", TOPICS.values(), ids=TOPICS)
def test_a_topic_s_example_is_one_of_its_records(topic: Topic) -> None:
    """The example that a page points to exists, and may stand on that topic."""
    assert topic.example in {f"{FOLDER_OF[name]}/{name}.json".removeprefix("./") for name in topic.records}
    assert schemas.text(f"examples/{topic.example}")


@pytest.mark.parametrize("topic", TOPICS.values(), ids=TOPICS)
def test_a_topic_names_processes_that_exist(topic: Topic) -> None:
    """Owner, producers and consumers are processes of ours, the body or anyone, and one process owns each topic."""
    assert topic.owner == ("liaison" if topic.name in LIAISON else topic.name.split(".")[1])
    named = {topic.owner, *topic.producers, *topic.consumers}
    assert named <= PROCESSES | ({BODY} if topic.is_of_bodies else set()) | {"anyone"}
    assert "anyone" not in topic.producers
    assert ("anyone" in topic.consumers) == (topic.name == "jauap.public")
    if topic.name.endswith(".events"):
        assert topic.producers == (topic.owner,)


@pytest.mark.parametrize("topic", TOPICS.values(), ids=TOPICS)
def test_a_topic_keeps_what_its_page_promises(topic: Topic) -> None:
    """Retention in words and in Kafka's settings agree; the log is never compacted, and its times are the broker's."""
    days = {"for ever": None, "30 days": 30, "a week": 7}[topic.retention]
    milliseconds = "-1" if days is None else str(days * 24 * 3600 * 1000)
    from_outside = {"compression.type": "uncompressed"} if topic.name == "jauap.submit.<body>" else {}
    assert topic.config == {
        **from_outside,
        "cleanup.policy": "delete",
        "max.message.bytes": str(256 * 1024 if from_outside else 1024 * 1024),
        "message.timestamp.type": "LogAppendTime",
        "min.insync.replicas": "deployment",
        "retention.bytes": "-1",
        "retention.ms": milliseconds,
        "unclean.leader.election.enable": "false",
    }
    assert (topic.retention == "a week") == topic.name.endswith(".outcomes") == (topic.key == "command id")


def test_no_two_records_share_a_subject() -> None:
    """A subject is a topic and a record, and belongs to one of each."""
    subjects = [subject(topic.name, record) for topic in TOPICS.values() for record in topic.records]
    assert len(subjects) == len(set(subjects))
    assert "jauap.intake.events-jauap.CommunicationReceived" in subjects
