"""The real process with the real broker, registry and passwords."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from jauap.domain.feeds import FeedItem
from jauap.messaging import access, registry, topics
from jauap.messaging.avro import Codec, current
from jauap.messaging.connection import parse
from jauap.messaging.envelope import Outgoing
from jauap.messaging.log import LogUnavailable, Writer
from jauap.messaging.login import KafkaLogin
from jauap.stack.addresses import Addresses
from tests.documents.items import requested
from tests.documents.service import Client

pytestmark = pytest.mark.kafka

BODIES = ("MIA", "AGO")
LETTER = b"a letter on the broker"
SHA256 = hashlib.sha256(LETTER).hexdigest()
PATIENCE = 60.0


@pytest.fixture(scope="module")
def granted(stack: Addresses) -> Addresses:
    """The stack, where two bodies have access."""
    topics.apply(stack.kafka, stack.partitions, stack.replication, stack.min_insync, BODIES)
    access.apply(stack.kafka, BODIES, BODIES, stack.password)
    return stack


@pytest.fixture(scope="module")
def port(granted: Addresses, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The service as it is run: where it listens."""
    with process(granted, tmp_path_factory.mktemp("documents")) as (_, found):
        yield found


@contextmanager
def process(stack: Addresses, folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Start it, wait until it is ready, and stop it."""
    bodies, ready, log = folder / "bodies.json", folder / "ready", folder / "log"
    names = {"name_kk": "x", "name_ru": "x", "name_en": "x", "kind": "ministry", "access": "granted"}
    bodies.write_text(json.dumps([{"code": code, **names} for code in BODIES]))
    environment = {
        **os.environ,
        **stack.of_principal("documents").environment(),
        "JAUAP_DOCUMENTS": str(folder / "store"),
        "JAUAP_BODIES": str(bodies),
        "JAUAP_HTTP": "127.0.0.1:0",
        "JAUAP_READY_FILE": str(ready),
    }
    with log.open("wb") as output:
        started = subprocess.Popen([sys.executable, "-m", "services.documents"], env=environment, stderr=output)
    try:
        deadline = time.monotonic() + PATIENCE
        while not ready.exists():
            assert started.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)
        [found] = re.findall(r'"port": (\d+)', log.read_text())
        yield started, int(found)
    finally:
        started.terminate()
        started.wait(PATIENCE)


def as_(stack: Addresses, user: str, port: int) -> Client:
    """A client with the password that Kafka has."""
    return Client(port, user, stack.password(user), authority=stack.authority)


def append(stack: Addresses, topic: str, item: FeedItem, item_id: str) -> None:
    """Append an item as the feeds' writer does, and wait until it is in the log."""
    payload, schema = Codec(registry.schema_ids(stack.registry, ["jauap.feed.<body>"])).encode(topic, item)
    headers = [("ce_id", item_id.encode()), ("ce_dataschema", schema.encode())]
    writer = Writer(stack.of_principal("liaison").kafka, "jauap-liaison")
    writer.append(topic, Outgoing(b"KAZ-3-2026", payload, headers))
    assert writer.flush(PATIENCE) == 0
    assert writer.failed is None


def test_a_password_is_right_where_kafka_takes_it(granted: Addresses) -> None:
    """Wrong passwords, unknown names and those of others are refused; each within moments."""
    login = KafkaLogin(granted.of_principal("documents").kafka)
    right = granted.password("MIA")
    began = time.monotonic()
    assert login.ok("MIA", right)
    assert not login.ok("MIA", right[:-1])
    assert not login.ok("AGO", right)
    assert not login.ok("NOBODY", right)
    assert not login.ok("admin", granted.password("admin"))  # it is known by another mechanism only
    assert time.monotonic() - began < 15


def test_a_broker_that_is_away_refuses_nobody(granted: Addresses) -> None:
    """It can't be known then."""
    told = parse(granted.of_principal("documents").kafka)
    assert told is not None
    with pytest.raises(LogUnavailable):
        KafkaLogin(str(told._replace(servers="127.0.0.1:1")), patience=0.1).ok("MIA", "x")


def test_a_body_reads_what_its_feed_names(granted: Addresses, port: int) -> None:
    """From the upload by the one to the download by the other, at once after the item is in the log; nobody else's."""
    mia, ago, officer = (as_(granted, user, port) for user in ("MIA", "AGO", "cli"))
    assert officer.ask("PUT", f"/documents/{SHA256}", LETTER).status == 201
    assert mia.ask("GET", f"/documents/{SHA256}").status == 404
    append(granted, "jauap.feed.MIA", requested(SHA256), "a" * 64)
    assert mia.ask("GET", f"/documents/{SHA256}").body == LETTER
    assert ago.ask("GET", f"/documents/{SHA256}").status == 404
    assert mia._replace(password=granted.password("AGO")).ask("GET", f"/documents/{SHA256}").status == 401


def test_a_client_of_the_registry_reads_the_schemas_that_are_for_it(granted: Addresses, port: int) -> None:
    """By id and by subject, with the library that bodies use; nothing of our own events, and nothing to write."""
    user = f"MIA:{granted.password('MIA')}"
    ids = registry.schema_ids(granted.registry, ["jauap.feed.<body>", "jauap.submit.<body>", "jauap.public"])
    ours = registry.schema_ids(granted.registry, ["jauap.intake.events"])
    own = [subject for subject in ours if ":" not in subject]  # the others are ids of older releases
    tls = {"url": f"https://127.0.0.1:{port}", "ssl.ca.location": granted.authority}
    with SchemaRegistryClient({**tls, "basic.auth.user.info": user}) as client:
        assert sorted(client.get_subjects()) == sorted(ids)
        for subject, number in ids.items():
            text = client.get_schema(number).schema_str
            assert text is not None
            latest = client.get_latest_version(subject)
            name = subject.rpartition(".")[2]
            assert (latest.schema_id, latest.version) == (number, current(name))
            assert msgspec.json.decode(text)["name"] == name
            assert client.get_version(subject, current(name)).schema_id == number
            assert client.get_version(subject, 1).schema.schema_str
        for asked in (
            *(lambda number=number: client.get_schema(number) for number in set(ours.values()) - set(ids.values())),
            *(lambda subject=subject: client.get_latest_version(subject) for subject in own),
            lambda: client.get_version(next(iter(ids)), 99),
        ):
            with pytest.raises(SchemaRegistryError) as raised:
                asked()  # type: ignore[no-untyped-call]
            assert (raised.value.http_status_code, raised.value.error_code) == (404, 40403)
        with pytest.raises(SchemaRegistryError):
            client.set_compatibility(next(iter(ids)), "NONE")
        with pytest.raises(SchemaRegistryError):
            client.delete_subject(next(iter(ids)))
    assert as_(granted, "MIA", port)._replace(user=None).ask("GET", "/subjects").status == 401


def test_it_stops_in_good_order(granted: Addresses, tmp_path: Path) -> None:
    """SIGTERM ends it with status 0, within moments where nothing is under way."""
    with process(granted, tmp_path) as (started, _):
        started.send_signal(signal.SIGTERM)
        assert started.wait(10) == 0
