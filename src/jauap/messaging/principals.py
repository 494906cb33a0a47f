"""Principals on the broker: who can log in, and what a body may use, so that one runaway does not starve the rest.

Kafka's C client, which all else here is done with, can't set limits, and ends the process where it is not allowed to
see logins (2.16), since the broker's refusal of that can't be read. So this is done with kafka-python.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError
from kafka.protocol.admin import DescribeUserScramCredentialsRequest
from kafka.protocol.admin.client_quotas import AlterClientQuotasRequest, DescribeClientQuotasRequest

from jauap.messaging.connection import client_settings

OF_A_BODY: dict[str, float] = {
    "consumer_byte_rate": 4 * 2**20,
    "producer_byte_rate": 2**20,
    "request_percentage": 20,
}
"""Bytes a second on each broker, read and written; and per cent of one thread of the broker's time."""
ANY_NAMED = 2
"""How entities are matched: any that has a name."""
SCRAM_SHA_512 = 2


def logins(kafka: str) -> frozenset[str]:
    """Who has a login by SCRAM-SHA-512. Raises PrincipalsRefused; only after half a minute if it is not allowed."""
    with _asking(kafka) as send:
        answer = send(DescribeUserScramCredentialsRequest(users=None))
    _refused(answer.error_code, answer.error_message)
    return frozenset(
        one.user for one in answer.results if any(info.mechanism == SCRAM_SHA_512 for info in one.credential_infos)
    )


def limits(kafka: str) -> dict[str, dict[str, float]]:
    """The limits of each principal that has any, by the administrator's line. Raises PrincipalsRefused."""
    asked = DescribeClientQuotasRequest.ComponentData(entity_type="user", match_type=ANY_NAMED, match=None)
    with _asking(kafka) as send:
        answer = send(DescribeClientQuotasRequest(components=[asked], strict=True))
    _refused(answer.error_code, answer.error_message)
    return {
        entry.entity[0].entity_name: {value.key: value.value for value in entry.values}
        for entry in answer.entries or ()
    }


def limit(kafka: str, wanted: Mapping[str, Mapping[str, float]], before: Mapping[str, Mapping[str, float]]) -> None:
    """Give principals these limits and no others; `before` are those that `limits` told. Raises PrincipalsRefused."""
    entry = AlterClientQuotasRequest.EntryData
    entries = [
        entry(
            entity=[entry.EntityData(entity_type="user", entity_name=name)],
            ops=[
                *(entry.OpData(key=key, value=value, remove=False) for key, value in one.items()),
                *(entry.OpData(key=key, value=0.0, remove=True) for key in before.get(name, {}).keys() - one.keys()),
            ],
        )
        for name, one in wanted.items()
    ]
    if not entries:
        return
    with _asking(kafka) as send:
        answer = send(AlterClientQuotasRequest(entries=entries, validate_only=False))
    for one in answer.entries:
        _refused(one.error_code, one.error_message)


class PrincipalsRefused(Exception):
    """The broker did not tell or change who can log in, or what they may use."""


def _refused(code: int, words: str | None) -> None:
    if code:
        raise PrincipalsRefused(
            f"Kafka refuses to tell or change logins and limits (error {code}): {words or 'is this the administrator?'}"
        )


@contextmanager
def _asking(kafka: str) -> Iterator[Callable[[object], Any]]:
    """A connection for a few requests."""
    told = client_settings(kafka)
    try:
        admin = KafkaAdminClient(
            bootstrap_servers=told["bootstrap.servers"].split(","),
            client_id="jauap-access",
            security_protocol=told.get("security.protocol", "PLAINTEXT"),
            sasl_mechanism=told.get("sasl.mechanism"),
            sasl_plain_username=told.get("sasl.username"),
            sasl_plain_password=told.get("sasl.password"),
            ssl_cafile=told.get("ssl.ca.location"),
        )
    except KafkaError as error:
        raise PrincipalsRefused(f"Kafka does not answer: {error}") from error
    manager = admin._manager  # noqa: SLF001 - it has no verb for quotas, and this is how its own verbs ask

    async def asked(request: object) -> Any:  # noqa: ANN401 - a library without types
        return await manager.send(request)

    try:
        yield lambda request: manager.run(asked, request)
    except KafkaError as error:
        raise PrincipalsRefused(f"Kafka does not answer: {error}") from error
    finally:
        admin.close()
