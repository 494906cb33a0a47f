"""The registry holds every release, gives it an id for ever, and refuses what would break a reader."""

import json

import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from jauap.messaging import registry
from jauap.messaging.avro import of_release, released, subject
from jauap.messaging.registry import (
    NotCompatible,
    RegistryUnavailable,
    SchemasMissing,
    Subject,
    register_all,
    schema_ids,
)
from jauap.messaging.topics import load
from jauap.stack.addresses import Addresses
from tests.contracts.records import release, schema_of

TOPICS = [topic.name for topic in load()]
SUBJECTS = {subject(topic.name, record) for topic in load() for record in topic.records}
OLDER = {
    of_release(subject(topic.name, record), version)
    for topic in load()
    for record in topic.records
    for version in released()[record][:-1]
}
NOWHERE = "http://127.0.0.1:1"


@pytest.mark.kafka
def test_every_subject_is_registered_and_keeps_its_id(stack: Addresses) -> None:
    """Registering again adds nothing and changes no id, since ids stand in the records; older releases have one too."""
    register_all(stack.registry)
    ids = schema_ids(stack.registry, TOPICS)
    assert set(ids) == SUBJECTS | OLDER
    again: list[str] = []
    register_all(stack.registry, again.append)
    assert (again, schema_ids(stack.registry, TOPICS)) == ([], ids)


@pytest.mark.kafka
def test_every_subject_is_full_transitive(stack: Addresses) -> None:
    """Each subject has the rule of its own, whatever the registry's default is."""
    register_all(stack.registry)
    with SchemaRegistryClient({"url": stack.registry}) as client:
        assert {client.get_compatibility(name) for name in SUBJECTS} == {"FULL_TRANSITIVE"}


@pytest.mark.kafka
def test_the_id_in_a_record_leads_to_its_schema(stack: Addresses) -> None:
    """Who finds an id in a record's header gets the schema that it was written with."""
    register_all(stack.registry)
    ids = schema_ids(stack.registry, ["jauap.routing.outcomes"])
    assert set(ids) == {"jauap.routing.outcomes-jauap.Outcome"}
    with SchemaRegistryClient({"url": stack.registry}) as client:
        found = client.get_schema(ids["jauap.routing.outcomes-jauap.Outcome"])
    assert json.loads(found.schema_str or "") == json.loads(release("Outcome", 1))


@pytest.mark.kafka
def test_an_incompatible_schema_is_refused(stack: Addresses) -> None:
    """A new field without a default would break older records: the registry answers 409."""
    register_all(stack.registry)
    name = "jauap.routing.events-jauap.MeetingHeld"
    with SchemaRegistryClient({"url": stack.registry}) as client:
        with pytest.raises(SchemaRegistryError) as refused:
            client.register_schema(name, Schema(_incompatible("MeetingHeld"), "AVRO"))
        assert client.get_versions(name) == [1]
    assert refused.value.http_status_code == 409


@pytest.mark.kafka
def test_a_release_that_the_registry_refuses_is_told(stack: Addresses, monkeypatch: pytest.MonkeyPatch) -> None:
    """If one of our own releases is incompatible, registration stops and names the subject."""
    register_all(stack.registry)
    right = Subject.release

    def wrong(self: Subject, version: int) -> Schema:
        return Schema(_incompatible("MeetingHeld"), "AVRO") if self.record == "MeetingHeld" else right(self, version)

    monkeypatch.setattr(Subject, "release", wrong)
    with pytest.raises(NotCompatible, match=r"jauap\.routing\.events-jauap\.MeetingHeld"):
        register_all(stack.registry)


@pytest.mark.kafka
def test_schemas_that_nobody_registered_are_missed(stack: Addresses, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that starts before registration waits, and then says which subject is missing."""
    monkeypatch.setattr(Subject, "release", lambda *_: Schema(_incompatible("MeetingHeld"), "AVRO"))
    with pytest.raises(SchemasMissing, match="is not registered"):
        schema_ids(stack.registry, ["jauap.routing.outcomes"], patience=0.3)


def test_a_registry_that_is_not_there_is_told() -> None:
    """Both wait as long as they were told to, and then name the address."""
    with pytest.raises(RegistryUnavailable, match=NOWHERE):
        register_all(NOWHERE, patience=0.2)
    with pytest.raises(RegistryUnavailable, match=NOWHERE):
        schema_ids(NOWHERE, TOPICS, patience=0.2)


def _incompatible(name: str) -> str:
    schema = schema_of(name)
    schema["fields"].append({"name": "added", "type": "string", "doc": "It has no default."})
    return json.dumps(schema)


@pytest.mark.kafka
def test_a_second_release_joins_the_first_which_keeps_its_id(stack: Addresses) -> None:
    """A deployment that has yesterday's schemas gets today's beside them; both ids are told with their releases."""
    one = Subject("trial-jauap.AgencyInfoSubmitted", "AgencyInfoSubmitted")
    with SchemaRegistryClient({"url": stack.registry}) as client:
        first = client.register_schema(one.name, one.release(1))
        assert registry._register(client, one) == one.name  # noqa: SLF001 - a subject of no topic
        assert client.get_versions(one.name) == [1, 2]
        second = client.lookup_schema(one.name, one.newest).schema_id
        assert dict(registry._release_ids(client, one)) == {  # noqa: SLF001 - as above
            first: ("AgencyInfoSubmitted", 1),
            second: ("AgencyInfoSubmitted", 2),
        }
        assert registry._register(client, one) is None  # noqa: SLF001 - as above
