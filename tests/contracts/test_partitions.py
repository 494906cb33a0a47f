"""A key belongs to one partition, and every client agrees which: Java's, librdkafka's and ours."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined] # it does not say that it exports them
from hypothesis import given
from hypothesis import strategies as st

from jauap.messaging.connection import client_settings
from jauap.messaging.topics import LONGEST_REMEMBERED, murmur2, partition_of
from jauap.stack.addresses import Addresses
from jauap.stack.installation import Installation, default_cache

JAVA_S_HASHES = {
    "21": -973932308,
    "foobar": -790332482,
    "a-little-bit-long-string": -985981536,
    "a-little-bit-longer-string": -1486304829,
    "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    "abc": 479470107,
}
"""From Apache Kafka's own UtilsTest.testMurmur2: signed 32-bit numbers."""

PARTITIONS_OF_12 = {
    "KAZ-3-2026": 3,
    "KAZ-5-2011": 3,
    "KAZ-2-2011": 0,
    "UZB-1-2012": 11,
    "MFA-03-12-1734-I": 3,
    "CALENDAR": 4,
    "1d7092f6-aa75-582f-a19f-eb0556515e7c": 3,
}
"""Of a deployment with twelve partitions. They never change: records stand there."""

PARTITIONS = 12
KEYS = [*PARTITIONS_OF_12, *JAVA_S_HASHES, *(f"KAZ-{number}-2026" for number in range(1, 200)), "ключ"]
PATIENCE = 60.0


@pytest.mark.parametrize(("key", "signed"), JAVA_S_HASHES.items())
def test_the_hash_is_java_s(key: str, signed: int) -> None:
    """It equals the values that Kafka's own test states."""
    assert murmur2(key.encode()) == signed % 2**32


@pytest.mark.parametrize(("key", "partition"), PARTITIONS_OF_12.items())
def test_a_case_stands_in_this_partition(key: str, partition: int) -> None:
    """Each case's partition in a default deployment is the one where its records have always been."""
    assert partition_of(key, PARTITIONS) == partition_of(key.encode(), PARTITIONS) == partition


@given(key=st.text(max_size=LONGEST_REMEMBERED + 10), partitions=st.integers(1, 100))
def test_any_key_has_a_partition(key: str, partitions: int) -> None:
    """Long or short, of any script, as text or as bytes: the partition is one of those that there are."""
    assert 0 <= partition_of(key, partitions) == partition_of(key.encode(), partitions) < partitions


@pytest.fixture
def topic(stack: Addresses) -> Iterator[str]:
    """A topic of twelve partitions, gone afterwards."""
    name = f"trial.partitions.{uuid4()}"
    admin = AdminClient(client_settings(stack.kafka))
    admin.create_topics([NewTopic(name, PARTITIONS, 1)])[name].result()
    yield name
    admin.delete_topics([name])[name].result()


@pytest.mark.kafka
def test_java_puts_a_key_where_we_expect_it(stack: Addresses, topic: str, tmp_path: Path) -> None:
    """What Kafka's console producer wrote is found in the partitions that we and librdkafka would choose."""
    _produce_with_java(stack.kafka, topic, tmp_path)
    by_java = {key: partition for partition, key in _read(stack.kafka, topic, len(KEYS))}
    assert by_java == {key: partition_of(key, PARTITIONS) for key in KEYS}
    assert by_java == _produce_with_librdkafka(stack.kafka, topic)


def _produce_with_java(bootstrap: str, topic: str, scratch: Path) -> None:
    jvm = Installation(default_cache(), lambda _part, _words: None).broker()
    told, login = client_settings(bootstrap), scratch / "login.properties"
    module = "org.apache.kafka.common.security.plain.PlainLoginModule"
    who = f'username="{told["sasl.username"]}" password="{told["sasl.password"]}"'
    login.write_text(
        f"security.protocol={told['security.protocol']}\nsasl.mechanism={told['sasl.mechanism']}\n"
        f"sasl.jaas.config={module} required {who};\n"
    )
    arguments = [
        "org.apache.kafka.tools.ConsoleProducer",
        *("--bootstrap-server", told["bootstrap.servers"], "--topic", topic, "--command-config", str(login)),
        *("--reader-property", "parse.key=true", "--reader-property", "key.separator=|"),
    ]
    done = subprocess.run(
        jvm.command(scratch / "java", arguments),
        input="".join(f"{key}|value\n" for key in KEYS).encode(),
        env=jvm.environment() | {"LC_ALL": "C.UTF-8"},
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()


def _produce_with_librdkafka(bootstrap: str, topic: str) -> dict[str, int]:
    """Key to partition, as confluent-kafka chooses it with the setting that all our producers have."""
    chosen: dict[str, int] = {}

    def delivered(_error: object, message: Message) -> None:
        key, partition = message.key(), message.partition()
        assert isinstance(key, bytes)
        assert partition is not None
        chosen[key.decode()] = partition

    producer = Producer({**client_settings(bootstrap), "partitioner": "murmur2_random"})
    for key in KEYS:
        producer.produce(topic, key=key.encode(), value=b"value", on_delivery=delivered)
    assert producer.flush(PATIENCE) == 0
    return chosen


def _read(bootstrap: str, topic: str, count: int) -> list[tuple[int, str]]:
    """Partition and key of the topic's first records."""
    consumer = Consumer({**client_settings(bootstrap), "group.id": topic, "enable.auto.commit": False})
    consumer.assign([TopicPartition(topic, partition, 0) for partition in range(PARTITIONS)])
    found: list[tuple[int, str]] = []
    deadline = time.monotonic() + PATIENCE
    while len(found) < count and time.monotonic() < deadline:
        for message in consumer.consume(count, 0.5):
            key, partition = message.key(), message.partition()
            assert isinstance(key, bytes), message.error()
            assert partition is not None
            found.append((partition, key.decode()))
    consumer.close()
    return found
