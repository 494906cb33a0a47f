"""Topics as files: `schemas/topics/*.yaml` says what each should be, and the broker is made to agree with them."""

import struct
import time
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import Literal

import msgspec
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined] # it does not say that it exports them
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ConfigSource,
    NewTopic,
    ResourceType,
    TopicMetadata,
)

from jauap import schemas
from jauap.domain.facts import Value
from jauap.messaging.connection import client_settings

PREFIX = "jauap."
PATIENCE = 15.0
"""Seconds within which the broker must answer a request."""
SUBMIT = "jauap.submit."
"""Begins the names of the topics that bodies submit on, and the ids of the commands that their submissions become."""
LONGEST_REMEMBERED = 64
"""Length of the longest key whose hash is remembered: that of a case id. Others may be of any length."""


BODY = "<body>"
"""In a page, stands for the code of a state body: such a page describes a topic for each body that has access."""


class Topic(Value, frozen=True, kw_only=True):
    """One page of `schemas/topics`. `deployment` stands for a number that the deployment chooses when it is created."""

    name: str
    purpose: str
    owner: str
    """The service that writes it, or, for commands and submissions, that reads it."""
    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    key: Literal["case id", "command id"]
    partitions: Literal["deployment", 1]
    replication: Literal["deployment"]
    retention: Literal["for ever", "30 days", "a week"]
    config: dict[str, str]
    """Kafka's own settings; `min.insync.replicas` is the deployment's."""
    records: tuple[str, ...]
    """Names of the Avro records that may stand on it."""
    example: str
    """A file below `schemas/examples`."""

    @property
    def is_of_bodies(self) -> bool:
        """Whether it describes a topic for each body."""
        return BODY in self.name

    def of(self, body: str) -> "Topic":
        """The topic of one body."""
        return msgspec.structs.replace(
            self,
            name=self.name.replace(BODY, body),
            producers=tuple(one.replace(BODY, body) for one in self.producers),
            consumers=tuple(one.replace(BODY, body) for one in self.consumers),
        )


class Deployment(Value, frozen=True, kw_only=True):
    """The numbers that a deployment chooses; that of partitions is fixed for ever."""

    partitions: int
    replication: int = 1
    min_insync: int = 1
    bodies: tuple[str, ...] = ()
    """Codes of the state bodies that have topics of their own."""

    def partitions_of(self, topic: Topic) -> int:
        """How many partitions a topic has here."""
        return self.partitions if topic.partitions == "deployment" else topic.partitions

    def settings_of(self, topic: Topic) -> dict[str, str]:
        """Kafka's settings for a topic here."""
        return topic.config | {"min.insync.replicas": str(self.min_insync)}


class Drift(Value, frozen=True, kw_only=True):
    """One thing in which the broker differs from the files.

    missing: no such topic. extra: no file describes this one. partitions, replication: the counts differ.
    config: a setting differs; a null `wanted` is a setting of the topic that its file does not have.
    """

    topic: str
    what: Literal["missing", "extra", "partitions", "replication", "config"]
    setting: str | None = None
    wanted: str | None = None
    found: str | None = None


class Change(Value, frozen=True, kw_only=True):
    """What `apply` did. A null `after` is a setting that was taken off the topic."""

    topic: str
    what: Literal["created", "altered"]
    setting: str | None = None
    before: str | None = None
    after: str | None = None


class Found(Value, frozen=True, kw_only=True):
    """A topic as the broker has it. `own` names the settings that were set on the topic itself."""

    partitions: int
    replication: int
    settings: dict[str, str]
    own: frozenset[str]


class TopicsError(Exception):
    """The broker did not answer, or did not do what it was asked to."""


class PartitionsAreFixed(TopicsError):
    """A topic has another partition count than the deployment. It can't be changed: cases would change partitions."""


def load() -> tuple[Topic, ...]:
    """Every page of `schemas/topics`, by name."""
    pages = (schemas.text(f"topics/{file}") for file in schemas.names("topics"))
    return tuple(msgspec.yaml.decode(page, type=Topic) for page in pages)


def of_deployment(bodies: Collection[str]) -> tuple[Topic, ...]:
    """Every topic of a deployment, those of the given bodies among them."""
    return tuple(topic for page in load() for topic in (map(page.of, sorted(bodies)) if page.is_of_bodies else (page,)))


def apply(
    bootstrap: str, partitions: int, replication: int = 1, min_insync: int = 1, bodies: Collection[str] = ()
) -> list[Change]:
    """Make the broker agree with the files: create what is missing, alter settings that differ.

    Nothing is ever deleted, and a replication factor is not changed (`check` shows it). Raises PartitionsAreFixed,
    before anything is changed, if a topic's partition count differs; TopicsError if the broker fails.
    """
    deployment = Deployment(partitions=partitions, replication=replication, min_insync=min_insync, bodies=tuple(bodies))
    admin = _admin(bootstrap)
    drifts = _drifts(_found(admin), deployment)
    _refuse_other_partitions(drifts)
    missing = [drift.topic for drift in drifts if drift.what == "missing"]
    differing = [drift for drift in drifts if drift.what == "config"]
    _create(admin, missing, deployment)
    _alter(admin, differing)
    if missing or differing:
        _await_agreement(admin, deployment)
    return [Change(topic=name, what="created") for name in missing] + [_altered(drift) for drift in differing]


def check(
    bootstrap: str, partitions: int, replication: int = 1, min_insync: int = 1, bodies: Collection[str] = ()
) -> list[Drift]:
    """Where the broker and the files differ, both ways. TopicsError if the broker does not answer."""
    deployment = Deployment(partitions=partitions, replication=replication, min_insync=min_insync, bodies=tuple(bodies))
    return _drifts(_found(_admin(bootstrap)), deployment)


def numbers(bootstrap: str) -> Deployment | None:
    """The numbers that a deployment's topics have, without its bodies; None: the broker has none of our topics.

    Where topics differ, more copies go before fewer: a deployment that grows is not made to shrink. TopicsError if the
    broker does not answer.
    """
    paged = {topic.name for topic in load() if topic.partitions == "deployment"}
    found = [one for name, one in _found(_admin(bootstrap)).items() if name in paged]
    if not found:
        return None
    return Deployment(
        partitions=found[0].partitions,
        replication=max(one.replication for one in found),
        min_insync=max(int(one.settings.get("min.insync.replicas", "1")) for one in found),
    )


def partition_of(key: str | bytes, partitions: int) -> int:
    """The partition where a key belongs: murmur2 of its bytes, as Java's default partitioner has it."""
    return (_remembered(key) if len(key) <= LONGEST_REMEMBERED else _positive(key)) % partitions


def _positive(key: str | bytes) -> int:
    return murmur2(key.encode() if isinstance(key, str) else key) & 0x7FFF_FFFF


_remembered = lru_cache(maxsize=100_000)(_positive)


def murmur2(data: bytes) -> int:
    """Kafka's 32-bit murmur2, unsigned (org.apache.kafka.common.utils.Utils.murmur2)."""
    whole = len(data) & ~3
    digest = 0x9747_B28C ^ len(data)
    for word in struct.unpack(f"<{whole // 4}I", data[:whole]):
        mixed = word * 0x5BD1_E995 & 0xFFFF_FFFF
        mixed = (mixed ^ mixed >> 24) * 0x5BD1_E995 & 0xFFFF_FFFF
        digest = digest * 0x5BD1_E995 & 0xFFFF_FFFF ^ mixed
    if len(data) > whole:
        digest = (digest ^ int.from_bytes(data[whole:], "little")) * 0x5BD1_E995 & 0xFFFF_FFFF
    digest = (digest ^ digest >> 13) * 0x5BD1_E995 & 0xFFFF_FFFF
    return digest ^ digest >> 15


def _drifts(found: Mapping[str, Found], deployment: Deployment) -> list[Drift]:
    topics = of_deployment(deployment.bodies)
    described = {topic.name for topic in topics}
    extra = [Drift(topic=name, what="extra") for name in sorted(found) if name not in described]
    return [drift for topic in topics for drift in _of_one(topic, found.get(topic.name), deployment)] + extra


def _of_one(topic: Topic, found: Found | None, deployment: Deployment) -> Iterable[Drift]:
    if found is None:
        yield Drift(topic=topic.name, what="missing")
        return
    if found.partitions != deployment.partitions_of(topic):
        yield _counts(topic, "partitions", deployment.partitions_of(topic), found.partitions)
    if found.replication != deployment.replication:
        yield _counts(topic, "replication", deployment.replication, found.replication)
    wanted = deployment.settings_of(topic)
    for setting in sorted(wanted.keys() | found.own):
        if found.settings.get(setting) != wanted.get(setting):
            yield Drift(
                topic=topic.name,
                what="config",
                setting=setting,
                wanted=wanted.get(setting),
                found=found.settings.get(setting),
            )


def _counts(topic: Topic, what: Literal["partitions", "replication"], wanted: int, found: int) -> Drift:
    return Drift(topic=topic.name, what=what, wanted=str(wanted), found=str(found))


def _refuse_other_partitions(drifts: Iterable[Drift]) -> None:
    for drift in drifts:
        if drift.what == "partitions":
            raise PartitionsAreFixed(
                f"{drift.topic} has {drift.found} partitions, and here it must have {drift.wanted}. The count is fixed"
                f" for ever when a deployment is created: go on with {drift.found}, or begin a new deployment."
            )


def _altered(drift: Drift) -> Change:
    return Change(topic=drift.topic, what="altered", setting=drift.setting, before=drift.found, after=drift.wanted)


def _admin(bootstrap: str) -> AdminClient:
    return AdminClient({**client_settings(bootstrap), "log_level": 0})


def _ours(admin: AdminClient) -> dict[str, TopicMetadata]:
    """The broker's topics that bear our prefix."""
    try:
        listed = admin.list_topics(timeout=PATIENCE).topics
    except KafkaException as error:
        raise TopicsError(
            f"Kafka does not answer: {_words(error)}. Is it running, and is the address right?"
        ) from error
    return {name: topic for name, topic in listed.items() if name.startswith(PREFIX)}


def _found(admin: AdminClient) -> dict[str, Found]:
    ours = _ours(admin)
    if not ours:
        return {}
    asked = admin.describe_configs(
        [ConfigResource(ResourceType.TOPIC, name) for name in ours], request_timeout=PATIENCE
    )
    try:
        return {resource.name: _as_found(ours[resource.name], future.result()) for resource, future in asked.items()}
    except KafkaException as error:
        raise TopicsError(f"Kafka does not tell its topics' settings: {_words(error)}") from error


def _as_found(metadata: TopicMetadata, entries: Mapping[str, ConfigEntry]) -> Found:
    own = ConfigSource.DYNAMIC_TOPIC_CONFIG
    return Found(
        partitions=len(metadata.partitions),
        replication=min((len(partition.replicas) for partition in metadata.partitions.values()), default=0),
        settings={name: entry.value for name, entry in entries.items() if entry.value is not None},
        own=frozenset(name for name, entry in entries.items() if ConfigSource(entry.source) == own),
    )


def _create(admin: AdminClient, names: Iterable[str], deployment: Deployment) -> None:
    wanted = [topic for topic in of_deployment(deployment.bodies) if topic.name in set(names)]
    if not wanted:
        return
    news = [
        NewTopic(
            topic.name,
            deployment.partitions_of(topic),
            deployment.replication,
            config=deployment.settings_of(topic),
        )
        for topic in wanted
    ]
    for future in admin.create_topics(news, request_timeout=PATIENCE).values():
        try:
            future.result()
        except KafkaException as error:
            # Another one was quicker: whether it made the same is seen when the broker shows it.
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise TopicsError(f"Kafka did not create the topics: {_words(error)}") from error


def _await_agreement(admin: AdminClient, deployment: Deployment) -> None:
    """Wait until the broker shows what its controller has accepted: a moment later, usually."""
    deadline = time.monotonic() + PATIENCE
    while not _agrees(admin, deployment):
        if time.monotonic() > deadline:
            raise TopicsError(
                f"After {PATIENCE:.0f} s Kafka does not show the topics as they were set. Are all brokers up?"
            )
        time.sleep(0.02)


def _agrees(admin: AdminClient, deployment: Deployment) -> bool:
    try:
        led, drifts = all(map(_is_led, _ours(admin).values())), _drifts(_found(admin), deployment)
    except TopicsError:  # one broker may show a topic that the next does not know yet
        return False
    return led and all(drift.what in ("extra", "replication") for drift in drifts)


def _is_led(topic: TopicMetadata) -> bool:
    return bool(topic.partitions) and all(partition.leader >= 0 for partition in topic.partitions.values())


def _alter(admin: AdminClient, drifts: Iterable[Drift]) -> None:
    changes: dict[str, list[ConfigEntry]] = {}
    for drift in drifts:
        changes.setdefault(drift.topic, []).append(_entry(drift))
    resources = [
        ConfigResource(ResourceType.TOPIC, topic, incremental_configs=entries) for topic, entries in changes.items()
    ]
    if not resources:
        return
    try:
        for future in admin.incremental_alter_configs(resources, request_timeout=PATIENCE).values():
            future.result()
    except KafkaException as error:
        raise TopicsError(f"Kafka did not alter the topics' settings: {_words(error)}") from error


def _entry(drift: Drift) -> ConfigEntry:
    """The alteration that ends a drift: set what the file says, take off what it does not have."""
    operation = AlterConfigOpType.DELETE if drift.wanted is None else AlterConfigOpType.SET
    return ConfigEntry(drift.setting or "", drift.wanted or "", incremental_operation=operation)


def _words(error: KafkaException) -> str:
    return str(error.args[0].str())
