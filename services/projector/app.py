"""The wiring of the projector: the log on one side, PostgreSQL on the other."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from jauap.messaging.avro import Codec
from jauap.messaging.lane import EVENT_TOPICS
from jauap.messaging.log import Ends, Reader, wait_for_topics
from jauap.settings import kafka, partition_count, required
from services.projector.run import Projector

NAME = "projector"
GROUP = "jauap.projector"


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
    ready_file: Path | None
    """JAUAP_READY_FILE: made once everything that was written at the start is visible; null: nobody waits for it."""


def from_environment() -> Settings:
    """Read the settings. Raises WrongSetting, which names the variable and the rule."""
    ready = os.environ.get("JAUAP_READY_FILE")
    return Settings(
        kafka=kafka(),
        database=required(
            "JAUAP_DATABASE", "must be the URL of a PostgreSQL database, such as postgresql://host/jauap"
        ),
        partitions=partition_count(),
        instance=os.environ.get("JAUAP_INSTANCE") or None,
        ready_file=Path(ready) if ready else None,
    )


def make(given: Settings, stopping: Callable[[], bool]) -> Projector | None:
    """Wait for the broker and the topics, and build the projector. None: it was told to stop meanwhile."""
    ends = Ends(given.kafka, f"jauap-{NAME}")
    partitions = wait_for_topics(ends, EVENT_TOPICS, given.partitions, stopping)
    if partitions is None:
        return None
    return Projector(
        given.database,
        source=Reader(given.kafka, f"jauap-{NAME}", group=GROUP, instance=given.instance),
        past=Reader(given.kafka, f"jauap-{NAME}-past"),
        ends=ends,
        codec=Codec({}),
        partitions=partitions,
    )
