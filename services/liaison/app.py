"""The wiring of liaison: the log, the registry, the list of bodies."""

from typing import NamedTuple

from jauap.bodies import BodyList
from jauap.messaging.avro import Codec
from jauap.messaging.lane import EVENT_TOPICS
from jauap.messaging.log import Ends, Reader, Writer, wait_for_group, wait_for_topics
from jauap.messaging.registry import release_ids, wait_for_schemas
from jauap.messaging.topics import BODY
from jauap.process import Life
from jauap.settings import bodies_from_environment, instance, kafka, partition_count, registry
from services.liaison.run import COMMANDS_TOPIC, NAME, PUBLIC_TOPIC, Liaison, feed_topic, submit_topic

GROUP = "jauap.liaison"


class Settings(NamedTuple):
    """The settings of liaison."""

    kafka: str
    """JAUAP_KAFKA: how to reach the brokers, see `messaging.connection`."""
    registry: str
    """JAUAP_REGISTRY: address of the schema registry (ccompat v7)."""
    bodies: BodyList
    """JAUAP_BODIES: the deployment's list of state bodies, with who has access."""
    partitions: int | None
    """JAUAP_PARTITIONS: the deployment's partition count; topics that differ stop the start. Null: not checked."""
    instance: str | None
    """JAUAP_INSTANCE: a name of its own among the liaisons, so that it has its turn at once after a crash."""


def from_environment() -> Settings:
    """Read the settings. Raises WrongSetting, which names the variable and the rule."""
    return Settings(
        kafka=kafka(),
        registry=registry(),
        bodies=bodies_from_environment(),
        partitions=partition_count(),
        instance=instance(),
    )


def make(given: Settings, life: Life) -> Liaison:
    """Wait for the broker, the topics and the schemas, and build liaison. Raises Stopped and CannotGoOn."""
    client = f"jauap-{NAME}"
    ends = Ends(given.kafka, client)
    partitions = wait_for_topics(ends, EVENT_TOPICS, given.partitions, life)
    turns = Reader(given.kafka, client, group=GROUP, instance=given.instance)
    wait_for_group(turns, PUBLIC_TOPIC, life)
    ids = wait_for_schemas(given.registry, [COMMANDS_TOPIC, PUBLIC_TOPIC, feed_topic(BODY)], life)
    return Liaison(
        reader=Reader(given.kafka, client),
        turns=turns,
        writer=Writer(given.kafka, client),
        ends=ends,
        codec=Codec(ids),
        partitions=partitions,
        bodies=given.bodies.with_access,
        releases=lambda: release_ids(given.registry, [submit_topic(BODY)]),
    )


def run(life: Life) -> None:
    """Run it until told to stop."""
    liaison = make(from_environment(), life)
    liaison.start()
    liaison.run(life, life.ready)
