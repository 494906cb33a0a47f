"""The wiring of the projector: the log on one side, PostgreSQL on the other."""

from typing import NamedTuple

from jauap.messaging.avro import Codec
from jauap.messaging.lane import EVENT_TOPICS
from jauap.messaging.log import Ends, Reader, wait_for_group, wait_for_topics
from jauap.process import Life
from jauap.projections import address
from jauap.projections.database import GENERATION
from jauap.settings import instance, kafka, partition_count
from services.projector.run import Projector

NAME = "projector"
GROUP = f"jauap.projector.{GENERATION}"
"""An older release's projector, which reads for its own tables, is in another group: both have all partitions."""


class Settings(NamedTuple):
    """The settings of the projector."""

    kafka: str
    """JAUAP_KAFKA: how to reach the brokers, see `messaging.connection`."""
    database: str
    """JAUAP_DATABASE: URL of the PostgreSQL database of the read models."""
    partitions: int | None
    """JAUAP_PARTITIONS: the deployment's partition count; topics that differ stop the start. Null: not checked."""
    instance: str | None
    """JAUAP_INSTANCE: a name of its own among the projectors, so that it takes up at once after a crash."""


def from_environment() -> Settings:
    """Read the settings. Raises WrongSetting, which names the variable and the rule."""
    return Settings(
        kafka=kafka(),
        database=address.from_environment(),
        partitions=partition_count(),
        instance=instance(),
    )


def make(given: Settings, life: Life) -> Projector:
    """Wait for the broker and the topics, and build the projector. Raises Stopped and CannotGoOn."""
    ends = Ends(given.kafka, f"jauap-{NAME}")
    partitions = wait_for_topics(ends, EVENT_TOPICS, given.partitions, life)
    source = Reader(given.kafka, f"jauap-{NAME}", group=GROUP, instance=given.instance)
    wait_for_group(source, EVENT_TOPICS[0], life)
    return Projector(
        given.database,
        source=source,
        past=Reader(given.kafka, f"jauap-{NAME}-past"),
        ends=ends,
        codec=Codec({}),
        partitions=partitions,
    )


def run(life: Life) -> None:
    """Run it until told to stop."""
    projector = make(from_environment(), life)
    projector.start()
    projector.run(life, life.ready)
