"""The schema registry: it gets every release of every record, and refuses what would break other people's readers.

Subjects follow TopicRecordNameStrategy and are named here: no serializer of the client library, with a strategy of
its own, is used.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar
from urllib.error import HTTPError
from urllib.request import urlopen

from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from jauap import schemas
from jauap.messaging.avro import of_release, released, subject
from jauap.messaging.topics import load
from jauap.process import CannotGoOn, Life

COMPATIBILITY = "FULL_TRANSITIVE"
AT_ONCE = 8
"""Requests that are under way together."""
PATIENCE = 30.0
"""Seconds within which the registry must be there, and the schemas registered."""
NOT_FOUND = 404
CONFLICT = 409

S = TypeVar("S")
R = TypeVar("R")
Report = Callable[[str], None]


class RegistryError(CannotGoOn):
    """The registry did not do what it was asked to."""


class RegistryUnavailable(RegistryError):
    """The registry did not answer in time."""


class NotCompatible(RegistryError):
    """The registry refused a schema: it would break readers or writers of an earlier release."""


class SchemasMissing(RegistryError):
    """The registry is there, but our schemas were not registered in time."""


class Subject(NamedTuple):
    """A registry subject, and the record whose releases it holds."""

    name: str
    record: str

    def release(self, version: int) -> Schema:
        """One release, as it is registered: the file's text."""
        return Schema(schemas.text(f"released/{self.record}/{version}.avsc"), "AVRO")

    @property
    def newest(self) -> Schema:
        """The release that is written now."""
        return self.release(released()[self.record][-1])


def register_all(url: str, report: Report | None = None, patience: float = PATIENCE) -> None:
    """Register every release of every record of every topic, in order, under FULL_TRANSITIVE.

    `url` is the root of a Confluent-compatible API. Harmless to repeat: what is there stays, and keeps its id; a
    subject whose newest release is there costs one request. `report` hears the name of each subject that was
    registered. Waits for the registry; raises RegistryUnavailable after `patience` seconds, NotCompatible if a
    release is refused, RegistryError for any other refusal.
    """
    _await(url, time.monotonic() + patience)
    with _client(url) as client:
        for registered in _all(lambda one: _register(client, one), _subjects(topic.name for topic in load())):
            if report is not None and registered is not None:
                report(registered)


def schema_ids(url: str, topics: Iterable[str], patience: float = PATIENCE) -> dict[str, int]:
    """Subject to schema id, of the current release of every record of these topics: what a Codec writes with.

    Those of older releases stand beside them (`avro.of_release`), where the registry has them.
    Waits until the registry is there and the schemas are registered. Raises RegistryUnavailable or SchemasMissing
    after `patience` seconds, RegistryError if the registry refuses.
    """
    deadline = time.monotonic() + patience
    _await(url, deadline)
    with _client(url) as client:
        subjects = _subjects(topics)
        newest = _all(lambda one: (one.name, _await_id(client, one, deadline)), subjects)
        older = [(one, version) for one in subjects for version in released()[one.record][:-1]]
        found = _all(lambda each: (of_release(each[0].name, each[1]), _id(client, *each)), older)
        return {name: number for name, number in (*newest, *found) if number is not None}


def wait_for_schemas(url: str, topics: Iterable[str], life: Life) -> dict[str, int]:
    """The same, however long it takes. Raises Stopped, and RegistryError if the registry refuses."""
    chosen = list(topics)
    return life.wait(lambda: schema_ids(url, chosen, 0.0), RegistryUnavailable, SchemasMissing)


def release_ids(url: str, topics: Iterable[str]) -> dict[int, tuple[str, int]]:
    """Schema id to record and release, of every release that the registry has of every record of these topics.

    A release that is not installed here has the number that the registry gave it, which is higher. Raises
    RegistryError.
    """
    with _client(url) as client:
        return {
            number: found
            for ids in _all(lambda one: _release_ids(client, one), _subjects(topics))
            for number, found in ids
        }


def _release_ids(client: SchemaRegistryClient, one: Subject) -> list[tuple[int, tuple[str, int]]]:
    try:
        there = [client.get_version(one.name, version) for version in client.get_versions(one.name)]
        ours = {
            client.lookup_schema(one.name, one.release(version)).schema_id: version
            for version in released()[one.record]
        }
    except SchemaRegistryError as error:
        raise RegistryError(f"the releases of {one.name} could not be told: {error}") from error
    newer = {found.schema_id: max(found.version or 0, released()[one.record][-1] + 1) for found in there}
    return [(number, (one.record, version)) for number, version in (newer | ours).items() if number is not None]


def _subjects(topics: Iterable[str]) -> list[Subject]:
    chosen = set(topics)
    found = {
        subject(topic.name, record): record for topic in load() if topic.name in chosen for record in topic.records
    }
    return [Subject(name, record) for name, record in found.items()]


def _all(work: Callable[[S], R], items: Iterable[S]) -> Iterator[R]:
    """Do the work for each item, several at once; the first error is raised."""
    try:
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="registry") as pool:
            yield from pool.map(work, items)
    except RegistryError:
        raise
    except Exception as error:  # the client lets the errors of its HTTP library through, whichever it found
        raise RegistryUnavailable(f"The schema registry stopped answering: {error}") from error


def _register(client: SchemaRegistryClient, one: Subject) -> str | None:
    """Register a subject's releases; its name, or None where the newest was there already.

    The rule is set before the first release, and releases go in order: so where the newest is, all is done.
    """
    if _id(client, one) is not None:
        return None
    try:
        client.set_compatibility(one.name, COMPATIBILITY)
        for version in released()[one.record]:
            client.register_schema(one.name, one.release(version))
    except SchemaRegistryError as error:
        if error.http_status_code == CONFLICT:
            raise NotCompatible(f"{one.name} is not compatible with what was registered: {error}") from error
        raise RegistryError(f"{one.name} was not registered: {error}") from error
    return one.name


def _id(client: SchemaRegistryClient, one: Subject, version: int | None = None) -> int | None:
    """The id of a subject's newest release, or of that version; None if it is not registered."""
    try:
        return client.lookup_schema(one.name, one.newest if version is None else one.release(version)).schema_id
    except SchemaRegistryError as error:
        if error.http_status_code == NOT_FOUND:
            return None
        raise RegistryError(f"{one.name} could not be looked up: {error}") from error


def _await_id(client: SchemaRegistryClient, one: Subject, deadline: float) -> int:
    while (found := _id(client, one)) is None:
        if time.monotonic() > deadline:
            raise SchemasMissing(f"{one.name} is not registered; run jauap apply")
        time.sleep(0.1)
    return found


def _client(url: str) -> SchemaRegistryClient:
    return SchemaRegistryClient({"url": url, "timeout": 10})


def _await(url: str, deadline: float) -> None:
    """Wait until the registry lists its subjects."""
    while (failure := _failure(url)) is not None:
        if time.monotonic() > deadline:
            raise RegistryUnavailable(f"No schema registry answers at {url} ({failure}). Is it running?")
        time.sleep(0.1)


def _failure(url: str) -> str | None:
    """Why the registry does not answer; None if it does."""
    try:
        with urlopen(f"{url}/subjects", timeout=5):  # noqa: S310 - the address is the operator's
            return None
    except HTTPError as error:
        error.close()
        return f"status {error.code}"
    except (OSError, ValueError) as error:
        return str(error)
