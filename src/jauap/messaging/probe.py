"""Whether a Kafka answers; asked while it starts."""

import logging

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from jauap.messaging.connection import client_settings

_silent = logging.getLogger("jauap.probe")
_silent.addHandler(logging.NullHandler())
_silent.propagate = False


def kafka_answers(bootstrap: str, timeout: float, brokers: int = 1) -> bool:
    """Whether Kafka (see `connection`) names a controller and so many brokers within `timeout` seconds."""
    admin = AdminClient(client_settings(bootstrap), logger=_silent)
    try:
        cluster = admin.list_topics(timeout=timeout)
    except KafkaException:
        return False
    return len(cluster.brokers) >= brokers and cluster.controller_id >= 0
