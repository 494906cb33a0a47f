"""Every principal against every topic, group and administrative operation, on the real broker.

What is expected is read from the topic pages here, not asked of the code that derives the rights.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import (  # type: ignore[attr-defined] # it does not say that it exports them
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from jauap import schemas
from jauap.messaging import access, principals, topics
from jauap.messaging.connection import Login, client_settings
from jauap.messaging.principals import PrincipalsRefused
from jauap.stack.addresses import Addresses
from jauap.stack.credentials import file_of, password
from jauap.stack.machine import Stack

pytestmark = pytest.mark.kafka

GRANTED = ("MIA", "MOJ")
REVOKED = "GPO"
STRANGER = "stranger"
"""It has a login, and no page names it."""
OTHER_TOPIC = "registry.state"
"""Not ours, on the same broker."""
SERVICES = ("intake", "routing", "deadlines", "publication", "projector", "post", "liaison", "documents")
TOOLS = ("cli", "auditor", "public")
PRINCIPALS = (*SERVICES, *TOOLS, *GRANTED, REVOKED, STRANGER)
AT_ONCE = 6
REFUSED = {
    KafkaError._NOENT,  # noqa: SLF001 - the library's public code: it may not see who leads the topic
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
}

LOADING = {KafkaError.COORDINATOR_LOAD_IN_PROGRESS, KafkaError.COORDINATOR_NOT_AVAILABLE, KafkaError.NOT_COORDINATOR}


class Realm(NamedTuple):
    """A broker with access as in production."""

    addresses: Addresses
    secrets: Path

    def of(self, principal: str) -> dict[str, Any]:
        """The settings of a principal's clients: bodies and the public come in over TLS."""
        inside = self.addresses.of_principal(principal).kafka
        if principal in SERVICES or principal in ("cli", "auditor"):
            return {**client_settings(inside), "log_level": 0, "error_cb": lambda _: None}
        line = Login(
            "sasl_ssl",
            principal,
            self.addresses.clients,
            file_of(self.secrets, principal),
            Path(self.addresses.authority),
        )
        return {**client_settings(str(line)), "log_level": 0, "error_cb": lambda _: None}


@pytest.fixture(scope="module")
def realm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Realm]:
    """Two bodies with access, one whose access was revoked, and somebody who has nothing but a login."""
    machine = Stack(tmp_path_factory.mktemp("realm"), services=())

    def prepare(addresses: Addresses) -> None:
        everyone, keep = (*GRANTED, REVOKED), partial(password, machine.folder.secrets)
        topics.apply(addresses.kafka, addresses.partitions, bodies=everyone)
        admin = AdminClient(client_settings(addresses.kafka))
        admin.create_topics([NewTopic(OTHER_TOPIC, 1)])[OTHER_TOPIC].result(10)
        access.apply(addresses.kafka, everyone, everyone, keep)
        access.apply(addresses.kafka, GRANTED, everyone, keep)
        access.set_password(addresses.kafka, STRANGER, keep(STRANGER))

    try:
        yield Realm(machine.up(lambda _part, _words: None, prepare), machine.folder.secrets)
    finally:
        machine.down(lambda _part, _words: None)


def pages() -> list[dict[str, Any]]:
    """The topic pages as they stand in their files, those of bodies once for each; none are of a revoked one."""
    found = [msgspec.yaml.decode(schemas.text(f"topics/{file}")) for file in schemas.names("topics")]
    return [
        {**page, **{key: _named(page[key], body) for key in ("name", "producers", "consumers")}}
        for page in found
        for body in ((*GRANTED, REVOKED) if "<body>" in page["name"] else ("",))
    ]


def _named(value: Any, body: str) -> Any:
    return value.replace("<body>", body) if isinstance(value, str) else [one.replace("<body>", body) for one in value]


def expected(operation: str) -> dict[tuple[str, str], bool]:
    """By principal and topic: whether the pages let it."""
    named = {"write": "producers", "read": "consumers"}[operation]
    allowed = {(who, page["name"]) for page in pages() for who in page[named] if not page["name"].endswith(REVOKED)}
    names = [*(page["name"] for page in pages()), OTHER_TOPIC]
    anyone = {page["name"] for page in pages() if "anyone" in page[named]}
    return {(who, name): (who, name) in allowed or name in anyone for who in PRINCIPALS for name in names}


def of_each(ask: Callable[[str], Mapping[tuple[str, str], bool]]) -> dict[tuple[str, str], bool]:
    """Ask for each principal, several at once."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return {cell: found for cells in pool.map(ask, PRINCIPALS) for cell, found in cells.items()}


def differing(found: Mapping[tuple[str, str], bool], wanted: Mapping[tuple[str, str], bool]) -> dict[str, str]:
    """The cells that are not as they should be, in words."""
    assert found.keys() == wanted.keys()
    words = {True: "allowed", False: "refused"}
    return {
        f"{who} on {what}": f"{words[found[who, what]]}, should be {words[wanted[who, what]]}"
        for who, what in wanted
        if found[who, what] != wanted[who, what]
    }


def test_who_writes_which_topic(realm: Realm) -> None:
    """Each topic takes records of the producers that its page names, and of nobody else."""
    names = [name for who, name in expected("write") if who == PRINCIPALS[0]]

    def ask(who: str) -> dict[tuple[str, str], bool]:
        told: dict[str, KafkaError | None] = {}
        producer = Producer({**realm.of(who), "acks": "all", "message.timeout.ms": 20_000})

        def note(error: KafkaError | None, record: Message) -> None:
            told[record.topic() or ""] = error

        for name in names:
            producer.produce(name, b"?", key=b"KAZ-1-2026", on_delivery=note)
        assert producer.flush(30) == 0
        return {(who, name): _allowed(told[name]) for name in names}

    assert differing(of_each(ask), expected("write")) == {}


def test_who_reads_which_topic(realm: Realm) -> None:
    """Each topic is read by the consumers that its page names; a body reads its own feed and the public's topic."""
    names = [name for who, name in expected("read") if who == PRINCIPALS[0]]

    def ask(who: str) -> dict[tuple[str, str], bool]:
        group = f"{who}.matrix" if who in (*GRANTED, REVOKED, STRANGER, "public") else f"jauap-{who}-matrix"
        consumer = Consumer(
            {**realm.of(who), "group.id": group, "enable.auto.commit": False, "enable.partition.eof": True}
        )
        seen = set(consumer.list_topics(timeout=10).topics)  # who may not even see a topic can't ask for its records
        told = dict.fromkeys(set(names) - seen, False)
        try:
            consumer.assign([TopicPartition(name, 0, OFFSET_BEGINNING) for name in names])
            deadline = time.monotonic() + 30
            while len(told) < len(names) and time.monotonic() < deadline:
                for message in consumer.consume(100, 0.2):
                    if message.topic() in seen and (allowed := _read(message)) is not None:
                        told[message.topic() or ""] = allowed
        finally:
            consumer.close()
        return {(who, name): told[name] for name in names}

    assert differing(of_each(ask), expected("read")) == {}


def _read(message: Message) -> bool | None:
    """Whether it is a record, or the end of what there is; None: an error that says nothing of it."""
    error = message.error()
    if error is None or error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - the library's public code
        return True
    return False if error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED else None


def test_nobody_learns_the_names_or_offsets_of_what_is_not_theirs(realm: Realm) -> None:
    """Whoever lists the topics sees those that it may read or write; whoever asks where another ends is refused."""
    may = {cell for operation in ("read", "write") for cell, allowed in expected(operation).items() if allowed}
    names = [name for who, name in expected("read") if who == PRINCIPALS[0]]

    def ask(who: str) -> dict[tuple[str, str], bool]:
        admin = AdminClient(realm.of(who))
        listed = {name for name in admin.list_topics(timeout=10).topics if not name.startswith("__")}
        wanted = {TopicPartition(name, 0): OffsetSpec.latest() for name in names}  # type: ignore[no-untyped-call]
        answers = admin.list_offsets(wanted, request_timeout=10)
        known = {place.topic: _answered(future) for place, future in answers.items()}
        assert known == {name: name in listed for name in names}, who
        return {(who, name): name in listed for name in names}

    assert differing(of_each(ask), {cell: cell in may for cell in expected("read")}) == {}


def test_who_uses_which_group(realm: Realm) -> None:
    """A process has the group of its name, a body those that begin with its code; only post looks at another's."""
    groups = [
        *(f"jauap.{name}" for name in SERVICES),
        "MIA.desk",
        "MOJ.desk",
        "GPO.desk",
        "MIAX.desk",
        "public.desk",
        "desk",
    ]
    own = {(who, f"jauap.{who}") for who in SERVICES} | {(who, f"{who}.desk") for who in (*GRANTED, "public")}
    looks = own | {("post", "jauap.deadlines")}
    _await_coordinators(realm, groups)

    def ask(who: str) -> dict[tuple[str, str], bool]:
        admin, found = AdminClient(realm.of(who)), {}

        def look(group: str) -> bool:
            asked = [ConsumerGroupTopicPartitions(group)]
            return _answered(admin.list_consumer_group_offsets(asked, request_timeout=10)[group])

        def move(group: str) -> bool:
            asked = [ConsumerGroupTopicPartitions(group, [TopicPartition("jauap.public", 0, 0)])]
            return _moved(admin.alter_consumer_group_offsets(asked, request_timeout=10)[group])

        for group in groups:
            found[who, f"look at {group}"] = _settled(look, group)
            found[who, f"move {group}"] = _settled(move, group)
        return found

    wanted = {(who, f"look at {group}"): (who, group) in looks for who in PRINCIPALS for group in groups}
    wanted |= {(who, f"move {group}"): (who, group) in own for who in PRINCIPALS for group in groups}
    assert differing(of_each(ask), wanted) == {}


def test_nobody_but_the_administrator_administers(realm: Realm) -> None:
    """No topic is made, changed, emptied or deleted, no right or login given, no transaction begun."""
    ours, own = "jauap.intake.events", {who: f"jauap.feed.{who}" for who in GRANTED}

    def ask(who: str) -> dict[tuple[str, str], bool]:
        admin, topic = AdminClient(realm.of(who)), own.get(who, ours)
        resource = ConfigResource(ResourceType.TOPIC, topic)
        entry = ConfigEntry("retention.ms", "1000", incremental_operation=AlterConfigOpType.SET)
        binding = AclBinding(
            ResourceType.TOPIC, ours, ResourcePatternType.LITERAL, f"User:{who}", "*", AclOperation.ALL,
            AclPermissionType.ALLOW,
        )  # fmt: skip
        credential = UserScramCredentialUpsertion(who, ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096), b"x")
        soon: dict[str, Any] = {"request_timeout": 10}
        tries: dict[str, Callable[[], Mapping[Any, Any]]] = {
            "create a topic": lambda: admin.create_topics([NewTopic(f"jauap.feed.{who}x", 1)], **soon),
            "delete a topic": lambda: admin.delete_topics([topic], **soon),
            "add partitions": lambda: admin.create_partitions([NewPartitions(topic, 20)], **soon),
            "delete records": lambda: admin.delete_records([TopicPartition(topic, 0, 0)], **soon),
            "see settings": lambda: admin.describe_configs([resource], **soon),
            "change settings": lambda: admin.incremental_alter_configs(
                [ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])], **soon
            ),
            "give rights": lambda: admin.create_acls([binding], **soon),
            "change a login": lambda: admin.alter_user_scram_credentials([credential], **soon),
            "delete a group": lambda: admin.delete_consumer_groups(["jauap.intake"], **soon),
        }
        found = {(who, what): all(map(_answered, tried().values())) for what, tried in tries.items()}
        found[who, "begin a transaction"] = _begins(realm.of(who))
        return found

    found = of_each(ask)
    assert [f"{who} may {what}" for (who, what), allowed in found.items() if allowed] == []
    assert len(found) == len(PRINCIPALS) * 10


def test_nobody_but_the_administrator_sees_or_lifts_limits(realm: Realm) -> None:
    """A body can't lift its own limits, nor see others'."""
    for who in ("MIA", "intake"):
        line = realm.addresses.of_principal(who).kafka
        with pytest.raises(PrincipalsRefused):
            principals.limit(line, {who: {}}, {who: principals.OF_A_BODY})
        with pytest.raises(PrincipalsRefused):
            principals.limits(line)
    limits = principals.limits(realm.addresses.kafka)
    assert limits == dict.fromkeys((*GRANTED, "public"), principals.OF_A_BODY)


def test_a_runaway_is_made_to_wait_and_nobody_else_is(realm: Realm) -> None:
    """Who sends more than its share hears from the broker how long to wait; another body's record goes in at once."""
    waits: dict[str, float] = dict.fromkeys(GRANTED, 0.0)

    def producer(who: str) -> Producer:
        def told(event: Any) -> None:
            waits[who] += event.throttle_time

        return Producer({**realm.of(who), "throttle_cb": told, "linger.ms": 5, "message.timeout.ms": 60_000})

    runaway, other = producer("MIA"), producer("MOJ")
    for _ in range(60):
        runaway.produce("jauap.submit.MIA", b"x" * 200_000, on_delivery=lambda *_: None)
    deadline = time.monotonic() + 30
    while not waits["MIA"] and time.monotonic() < deadline:
        runaway.poll(0.1)
    other.produce("jauap.submit.MOJ", b"x")
    assert other.flush(10) == 0
    assert waits["MIA"] > 0
    assert waits["MOJ"] == 0
    runaway.purge()
    runaway.flush(5)


@pytest.mark.parametrize(("who", "secret"), [("MIA", "wrong"), ("nobody", "x")])
def test_nobody_comes_in_without_a_login(realm: Realm, who: str, secret: str) -> None:
    """A wrong password, an unknown name, and nothing at all are turned away; so is whoever comes without TLS."""
    settings = {**realm.of("MIA"), "sasl.username": who, "sasl.password": secret}
    with pytest.raises(KafkaException):
        AdminClient(settings).list_topics(timeout=2)
    nothing: dict[str, Any] = {"bootstrap.servers": realm.addresses.clients, "log_level": 0, "error_cb": lambda _: None}
    with pytest.raises(KafkaException):
        AdminClient(nothing).list_topics(timeout=1)


def _begins(settings: Mapping[str, Any]) -> bool:
    producer = Producer({**settings, "transactional.id": "jauap-matrix"})
    try:
        producer.init_transactions(10)
    except KafkaException as error:
        return _allowed(error.args[0])
    return True


def _allowed(error: KafkaError | None) -> bool:
    """Whether it was let; any other failure than a refusal is a fault of the test."""
    if error is None:
        return True
    if error.code() in LOADING:
        raise Loading
    assert error.code() in REFUSED, error
    return False


def _answered(future: Any) -> bool:
    try:
        future.result(15)
    except KafkaException as error:
        return _allowed(error.args[0])
    return True


class Loading(Exception):
    """The broker still loads what groups there are: ask again."""


def _settled(ask: Callable[[str], bool], group: str) -> bool:
    """Ask until the broker knows its groups."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return ask(group)
        except Loading:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def _await_coordinators(realm: Realm, groups: Collection[str]) -> None:
    """Wait until the broker answers for each group.

    The C client ends the process when an administrator's question for a group's offsets is answered by NOT_COORDINATOR
    (https://github.com/confluentinc/librdkafka/issues/5040), as it is while the first group makes the broker's topic of
    offsets. A question for the group's members meets the same answer, and bears it.
    """
    admin = AdminClient(client_settings(realm.addresses.kafka))

    def answers(group: str) -> bool:
        return _answered(admin.describe_consumer_groups([group], request_timeout=10)[group])

    assert all(_settled(answers, group) for group in groups)


def _moved(future: Any) -> bool:
    try:
        found = future.result(15)
    except KafkaException as error:
        return _allowed(error.args[0])
    return all(_allowed(place.error) for place in found.topic_partitions)


def test_only_the_projector_has_groups_of_generations() -> None:
    """An older release's goes on in its own group beside a newer one's (docs/decisions/0012)."""
    prefixed = {
        one for one in access.rights(GRANTED) if one.kind == "group" and one.operation == "read" and one.prefixed
    }
    assert {(one.principal, one.name) for one in prefixed if one.principal in SERVICES} == {
        ("projector", "jauap.projector.")
    }
