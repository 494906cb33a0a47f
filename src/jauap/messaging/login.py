"""Whether a name and a password are those of a principal of Kafka: found out by logging in."""

import time
from typing import Any

import structlog
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from jauap.messaging.connection import MECHANISMS, WrongAddress, client_settings
from jauap.messaging.log import LogUnavailable

log = structlog.get_logger(__name__)

PATIENCE = 4.0
STEP = 0.25
"""Seconds of waiting for an answer, after each of which it is looked for a refusal: that comes another way."""


class KafkaLogin:
    """Kafka as the one store of passwords."""

    def __init__(self, kafka: str, patience: float = PATIENCE) -> None:
        """`kafka` must be a line with a login: others log in by the same servers. Raises WrongAddress."""
        self._patience = patience
        self._settings = client_settings(kafka)
        if "sasl.mechanism" not in self._settings:
            raise WrongAddress("must be a line with a login: sasl_ssl://user@host:port?password_file=FILE")
        self._settings["sasl.mechanism"] = MECHANISMS[0]

    def ok(self, user: str, password: str) -> bool:
        """Whether this is a principal and its password; a tenth of a second. Raises LogUnavailable."""
        refused: list[KafkaError] = []
        told: dict[str, Any] = {"error_cb": refused.append, "logger": _Quiet()}
        client = AdminClient({**self._settings, "sasl.username": user, "sasl.password": password, **told})
        deadline = time.monotonic() + self._patience
        while True:
            try:
                client.list_topics("__none", timeout=STEP)
            except KafkaException as error:
                client.poll(0)
                if any(one.code() == KafkaError._AUTHENTICATION for one in refused):  # noqa: SLF001 - a public code
                    return False
                if time.monotonic() > deadline:
                    raise LogUnavailable(f"a login could not be checked: {error.args[0].name()}") from None
            else:
                return True


class _Quiet:
    """What the client says of a stranger's login is not for the log: it is told by who asked."""

    def log(self, *_: object, **__: object) -> None:
        """Say nothing."""
