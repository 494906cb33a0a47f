"""The examples are what people copy, so each is whole, valid, and comes back from the wire as it went."""

import json
from io import BytesIO
from uuid import UUID

import avro.io
import avro.schema
import jsonschema
import msgspec
import pytest

from jauap.domain import case_ids, commands
from jauap.domain.case import CALENDAR, SERVICES
from jauap.domain.facts import CaseId, Communication, Value
from jauap.messaging.avro import HEADER, Codec, current, subject
from jauap.messaging.topics import load, partition_of
from tests.contracts.records import ENVELOPE, RECORDS, Json, example, payload, release, schema_of

TOPIC_OF = {record: topic.name for topic in load() for record in topic.records}
CODEC = Codec({subject(topic.name, record): 7 for topic in load() for record in topic.records})

EMPTY = {
    "CommunicationReceived.reply_within_days": "a letter states one term, here a date",
    "CommunicationReceived.public_record": "it is the ministry's own entry",
    "ReceiveCommunication.reply_due": "a letter states one term, here a period",
    "ReceiveCommunication.public_record": "it is the ministry's own entry",
    "CommunicationCorrected.reply_within_days": "it is cleared",
    "CorrectCommunication.reply_within_days": "it is cleared",
    "ReceiveCalendarAct.number": "standing law, worked out for a year",
    "ReceiveCalendarAct.dated": "standing law, worked out for a year",
    "ReceiveCalendarAct.issuer": "standing law, worked out for a year",
    "AgencyInfoSubmitted.corrects": "it is the body's first",
    "SubmitAgencyInfo.corrects": "it is the body's first",
    "ResponseSent.public_record": "it is the ministry's own entry",
    "SendResponse.public_record": "it is the ministry's own entry",
    "TreatyBodyRequestReceived.reply_within_days": "a document states one term, here a date",
    "TreatyBodyRequestReceived.reply_within_months": "a document states one term, here a date",
    "ReceiveTreatyBodyRequest.reply_within_days": "a document states one term, here a date",
    "ReceiveTreatyBodyRequest.reply_within_months": "a document states one term, here a date",
    "DeadlineStarted.body": "the clock is the ministry's",
    "DeadlineStarted.absent": "there is a due date",
    "DeadlineStarted.original": "only an extension has one",
    "DeadlineMoved.absent": "there is a due date",
    "DeadlineMoved.because": "an extension moved it, no act",
    "DeadlineMoved.receipt": "the day of receipt does not matter to a stated date",
    "DeadlineMoved.acts": "a stated date is not counted",
    "DeadlineMoved.calendar": "a stated date is not counted",
    "DeadlineMoved.known_on": "a stated date is not counted",
    "DeadlineMoved.safe": "a stated date has one reading",
}
"""The fields that an example leaves empty, each with the reason."""


def _value(name: str) -> Value:
    return msgspec.convert(payload(name), RECORDS[name])


@pytest.mark.parametrize("name", RECORDS)
def test_an_example_is_valid(name: str) -> None:
    """It fits the class with all its constraints, and says what the class says when it is written out again."""
    again = json.loads(msgspec.json.encode(_value(name)))
    again.pop("type", None)
    assert again == payload(name)


@pytest.mark.parametrize("name", RECORDS)
def test_an_example_names_every_field(name: str) -> None:
    """It has every field of the schema, in the schema's order, and leaves none empty without a reason."""
    fields = [field["name"] for field in schema_of(name)["fields"]]
    content = payload(name)
    assert list(content) == fields
    assert {f"{name}.{field}" for field in fields if content[field] in (None, [])} == {
        field for field in EMPTY if field.startswith(f"{name}.")
    }


@pytest.mark.parametrize("name", commands.BY_NAME)
def test_a_command_s_example_is_what_jauap_do_takes(name: str) -> None:
    """It is one flat object: the envelope's keys first, then the payload."""
    whole = example(name)
    assert whole["command"] == name
    assert str(UUID(whole["command_id"])) == whole["command_id"]
    assert msgspec.convert(whole["case_id"], CaseId) == whole["case_id"]
    assert whole["actor"]
    assert set(whole.get("expected", {})) <= set(SERVICES)
    envelope = [key for key in ENVELOPE if key in whole]
    assert list(whole)[: len(envelope)] == envelope


@pytest.mark.parametrize("name", commands.BY_NAME)
def test_a_command_s_example_fits_its_json_schema(name: str) -> None:
    """What `jauap do --schema` prints accepts what `jauap do --example` prints, by a validator that is not ours."""
    jsonschema.validate(payload(name), msgspec.json.schema(RECORDS[name]))


def test_the_examples_tell_one_case() -> None:
    """All are of one case of their kind, whose id follows from the content, except a duplicate and the calendar."""
    cases = {name: example(name)["case_id"] for name in commands.BY_NAME}
    letter = _value("ReceiveCommunication")
    assert isinstance(letter, Communication)
    assert cases.pop("MergeCase") == case_ids.of_registry_number(letter.registry_number or "")
    assert cases.pop("ReceiveCalendarAct") == CALENDAR
    visits = {name: cases.pop(name) for name in cases.copy() if "Visit" in name}
    assert set(visits.values()) == {case_ids.of_visit(payload("ProposeVisit")["registry_number"])}
    procedures = {name: cases.pop(name) for name in cases.copy() if "Treaty" in name}
    assert set(procedures.values()) == {case_ids.of_treaty_procedure("CCPR", "4321/2026", None)}
    assert set(cases.values()) == {case_ids.of_communication(letter)} == {"KAZ-3-2026"}


def test_the_outcome_s_example_stands_where_its_case_belongs() -> None:
    """The partition in it is that of its case in a small deployment."""
    outcome = example("Outcome")
    assert outcome["partition"] == partition_of(outcome["case_id"], 4)


@pytest.mark.parametrize("name", RECORDS)
def test_an_example_comes_back_from_the_wire_as_it_went(name: str) -> None:
    """Encoded and decoded again, it is the same value."""
    payload, dataschema = CODEC.encode(TOPIC_OF[name], _value(name))
    assert CODEC.decode(dataschema, payload, RECORDS) == _value(name)


@pytest.mark.parametrize("name", RECORDS)
def test_apache_avro_reads_and_writes_the_same_bytes(name: str) -> None:
    """Another implementation reads the same content out of our bytes, and writes the same bytes for it."""
    schema = avro.schema.parse(release(name, current(name)))
    body = CODEC.encode(TOPIC_OF[name], _value(name))[0][HEADER:]
    read = avro.io.DatumReader(schema).read(avro.io.BinaryDecoder(BytesIO(body)))
    assert msgspec.convert(read, RECORDS[name]) == _value(name)
    stream = BytesIO()
    avro.io.DatumWriter(schema).write(read, avro.io.BinaryEncoder(stream))
    assert stream.getvalue() == body


def test_no_example_quotes_a_document() -> None:
    """Documents are hashes: no example holds a long text in which a person could be named."""
    for name in RECORDS:
        assert all(len(text) <= 300 for text in _texts(payload(name))), name


def _texts(content: Json) -> list[str]:
    match content:
        case str():
            return [content]
        case dict() | list():
            inner = content.values() if isinstance(content, dict) else content
            return [text for each in inner for text in _texts(each)]
        case _:
            return []
