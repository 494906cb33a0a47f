"""`jauap access` on a stack of its own: what a body can do before, after, and when it was taken away again."""

import json
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined] # it does not say that it exports them
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)
from typer.testing import CliRunner

from jauap.cli.main import app
from jauap.messaging import access
from jauap.messaging.connection import client_settings, parse
from jauap.messaging.envelope import Message, Outgoing
from jauap.messaging.log import Reader, Writer
from jauap.stack.addresses import Addresses
from jauap.stack.machine import Stack
from tests.conftest import prepare

pytestmark = pytest.mark.kafka


class Desk:
    """An operator's commands, and what bodies see."""

    def __init__(self, machine: Stack, addresses: Addresses) -> None:
        self.machine, self.addresses = machine, addresses

    def say(self, *words: str, status: int = 0) -> str:
        """Run `jauap …`, and give what it printed."""
        told = CliRunner().invoke(app, [*words, "--data-dir", str(self.machine.folder.root)])
        assert told.exit_code == status, told.output
        return told.output

    def check(self, status: int = 0) -> list[dict[str, Any]]:
        """What `jauap access check` tells."""
        return list(json.loads(self.say("access", "check", "--json", status=status)))

    def client(self, body: str, password: str | None = None) -> AdminClient:
        """A body's client, with the password of its file or this one."""
        secret = password or (self.machine.folder.secrets / f"{body}.password").read_text().strip()
        settings: dict[str, Any] = {
            "bootstrap.servers": self.addresses.clients,
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": body,
            "sasl.password": secret,
            "ssl.ca.location": self.addresses.authority,
            "log_level": 0,
            "error_cb": lambda _: None,
        }
        return AdminClient(settings)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A deployment where nobody has access yet."""
    machine = Stack(tmp_path_factory.mktemp("desk"), services=())
    try:
        yield Desk(machine, machine.up(lambda _part, _words: None, prepare))
    finally:
        machine.down(lambda _part, _words: None)


class Process:
    """What *routing* reads and writes with, made before its password was changed."""

    TOPIC = "jauap.routing.events"

    def __init__(self, kafka: str) -> None:
        self.writer, self.reader = Writer(kafka, "jauap-routing"), Reader(kafka, "jauap-routing")
        self.reader.read_from({(self.TOPIC, 0): 0})

    def await_round_trip(self) -> None:
        """A record is appended, and read back."""
        value = uuid.uuid4().bytes
        deadline = time.monotonic() + 60
        while True:
            if self.writer.failed is not None:
                self.writer.renew()
            self.writer.append(self.TOPIC, Outgoing(b"nobody", value, []), 0)
            self.writer.serve()
            if any(isinstance(read, Message) and read.value == value for read in self.reader.poll(1.0)):
                return
            assert time.monotonic() < deadline, self.writer.failed


def topics_of(client: AdminClient, seconds: float = 10) -> set[str]:
    """What a client sees."""
    return {name for name in client.list_topics(timeout=seconds).topics if not name.startswith("__")}


def test_a_body_comes_and_goes(desk: Desk) -> None:
    """Granted, it has its topics; a new password replaces the old; revoked, it sees nothing even where it is connected.

    A broker that is started again afterwards knows everybody else as before; a process that was connected meanwhile
    logs in with the password that its file holds since.
    """
    granted = desk.say("access", "grant", "KNB", "--json")
    told = json.loads(granted)
    assert (told["feed"], told["submit"], told["servers"]) == (
        "jauap.feed.KNB",
        "jauap.submit.KNB",
        desk.addresses.clients,
    )
    first = Path(told["password_file"]).read_text().strip()
    assert first not in granted
    connected = desk.client("KNB")
    assert topics_of(connected) == {"jauap.feed.KNB", "jauap.submit.KNB", "jauap.public"}
    assert json.loads(desk.say("access", "grant", "KNB", "--json"))["changes"] == []
    assert Path(told["password_file"]).read_text().strip() == first
    desk.say("access", "rotate", "KNB")
    with pytest.raises(KafkaException):
        topics_of(desk.client("KNB", first), 2)
    assert topics_of(desk.client("KNB"))
    second = Path(told["password_file"]).read_text().strip()
    desk.say("access", "revoke", "KNB")
    assert topics_of(connected) <= {"jauap.public"}  # for anyone who is logged in
    assert not Path(told["password_file"]).exists()
    with pytest.raises(KafkaException):
        topics_of(desk.client("KNB", second), 2)
    assert desk.check() == []
    connected_process = Process(desk.addresses.of_principal("routing").kafka)
    connected_process.await_round_trip()
    desk.say("access", "rotate", "routing")
    desk.machine.stop("kafka")
    desk.machine.start("kafka")
    connected_process.await_round_trip()
    for name in ("intake", "liaison", "auditor"):
        settings = client_settings(desk.addresses.of_principal(name).kafka)
        assert topics_of(AdminClient(settings))
    assert desk.check() == []


def test_what_differs_is_told_both_ways_and_put_right(desk: Desk) -> None:
    """A right too many, a right too few, a lifted limit and a stranger's right on everything."""
    desk.say("access", "grant", "MOJ")
    admin = AdminClient(client_settings(desk.addresses.kafka))
    rogue = _binding("jauap.intake.events", "User:MOJ", AclOperation.WRITE)
    everything = _binding("*", "User:consultant", AclOperation.READ)
    for future in admin.create_acls([rogue, everything]).values():
        future.result(10)
    for future in admin.delete_acls([_filter("jauap.feed.MOJ", "User:MOJ")]).values():
        future.result(10)
    found = {(one["what"], one["principal"], one["right"]) for one in desk.check(status=1)}
    assert found == {
        ("extra", "MOJ", "write topic jauap.intake.events"),
        ("extra", "consultant", "read topic *"),
        ("missing", "MOJ", "read topic jauap.feed.MOJ"),
    }
    words = desk.say("access", "apply")
    assert "MOJ: may no more write topic jauap.intake.events" in words
    assert "MOJ: may read topic jauap.feed.MOJ" in words
    left = desk.check(status=1)
    assert [(one["what"], one["principal"]) for one in left] == [("extra", "consultant")]
    for future in admin.delete_acls([_filter("*", "User:consultant")]).values():
        future.result(10)
    assert desk.check() == []


def test_the_login_that_asks_is_not_one_too_many(desk: Desk) -> None:
    """Where the administrator logs in by SCRAM as others do, the check doesn't name it."""
    told = parse(desk.addresses.kafka)
    assert told is not None
    access.set_password(desk.addresses.kafka, told.user, told.password_file.read_text().strip())
    assert desk.check() == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("grant", "XYZ"), "There is no body XYZ"),
        (("revoke", "PA"), "never had access"),
        (("rotate", "nobody"), "neither a process nor a body with access"),
    ],
)
def test_what_can_t_be_done_is_told_with_the_remedy(desk: Desk, words: tuple[str, ...], told: str) -> None:
    """Nothing is changed."""
    assert told in desk.say("access", *words, status=1)
    assert desk.check() == []


def test_whoever_is_not_the_administrator_is_told_so(desk: Desk) -> None:
    """At once, in a sentence."""
    line = desk.addresses.of_principal("intake").kafka
    assert "is this the administrator?" in desk.say("access", "check", "--kafka", line, status=2)


def test_no_password_stands_in_a_log_or_on_a_command_line(desk: Desk) -> None:
    """They are in their own files, which only the owner reads, and in the broker's."""
    desk.say("access", "grant", "ACA")
    folder = desk.machine.folder
    secrets = {file.read_text().strip() for file in folder.secrets.iterdir()}
    assert len(secrets) > 10
    told = [file.read_text(errors="replace") for file in folder.logs.iterdir()]
    processes = [json.loads(record.read_text())["pid"] for record in folder.run.glob("*.json")]
    told += [Path(f"/proc/{number}/cmdline").read_text() for number in processes]
    assert len(told) >= 6
    assert not [text for text in told for secret in secrets if secret in text]
    kept = [*folder.secrets.iterdir(), folder.settings, folder.broker_certificate, *folder.run.glob("*.properties")]
    assert {file.stat().st_mode & 0o077 for file in kept} == {0}


def _binding(topic: str, who: str, operation: AclOperation) -> AclBinding:
    return AclBinding(
        ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, who, "*", operation, AclPermissionType.ALLOW
    )


def _filter(topic: str, who: str) -> AclBindingFilter:

    return AclBindingFilter(
        ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, who, "*", AclOperation.ANY, AclPermissionType.ANY
    )
