"""The codec takes every value to the wire and back, and whatever comes from elsewhere fails in one of two ways."""

import time
import tracemalloc
from datetime import UTC, date, datetime, timedelta, timezone
from io import BytesIO
from typing import Any

import fastavro
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import inspect

from jauap.domain.events import BY_NAME, EntryWithdrawn
from jauap.domain.facts import Value
from jauap.messaging import avro
from jauap.messaging.avro import (
    HEADER,
    LARGEST,
    Codec,
    NotRegistered,
    Undecodable,
    Unencodable,
    UnknownSchema,
    dataschema,
    of_release,
    parse_dataschema,
    schema,
    subject,
)
from jauap.messaging.outcome import Outcome
from tests.contracts.records import RECORDS, Json, payload, schema_of

NO_LINE_BREAK = r"(?!\n)"
TOPIC = "jauap.trial.records"
CODEC = Codec({subject(TOPIC, name): 7 for name in RECORDS})
FRAME = b"\0\0\0\0\x07"

GOLDEN = {
    "DeadlineMissed": "00000000071261736b65642f4d4941fcc00212726f7574696e673a34",
    "CommunicationForwarded": (
        "000000000704064d494106023102320432610002e8c002064d4f4a0202330002e8c00200cac002021430332d31322f313830"
        "3102800132653735316232333937666630613465336232643330613161613562326432306465633639363765626563373562"
        "35666632363839663264333864363061356480b5091e6170706c69636174696f6e2f706466020472758401436f766572696e"
        "67206e6f746520746f20746865204d696e69737472696573206f6620496e7465726e616c204166666169727320616e64206f"
        "66204a75737469636500"
    ),
    "Outcome": (
        "00000000074836663063346237652d356430612d346331652d396634652d3261353164376533623930310228466f72776172"
        "64436f6d6d756e69636174696f6e02144b415a2d332d323032360e72656675736564021c436f6d6d616e6452656675736564"
        "0280013032656633653931313837316435626162303661643939366339376434343032636338323830303234333236643831"
        "6239333533656161633838613936396163020c02286a617561702e726f7574696e672e6576656e74730206022202f8c3b592"
        "f1c5a7060216556e6b6e6f776e426f647902684e6f20737461746520626f647920686173207468697320636f64653b207365"
        "6520746865206c697374206f6620626f646965732e021c626f646965735b305d2e626f6479020e31342d3528312902800135"
        "3765656363626139366136656234623133373533653565353761656164356339636363353431383030383164356636313364"
        "37653664333238346239333263"
    ),
}


def _example(name: str) -> Value:
    return msgspec.convert(payload(name), RECORDS[name])


@pytest.mark.parametrize("name", GOLDEN)
def test_the_bytes_are_these(name: str) -> None:
    """Each byte of an example's payload is as it was when the first release was made."""
    assert CODEC.encode(TOPIC, _example(name))[0].hex() == GOLDEN[name]


def test_the_schema_s_id_stands_behind_the_magic_byte() -> None:
    """The header is a zero and the id in four bytes, high byte first, as Confluent's clients have it."""
    codec = Codec({subject(TOPIC, "EntryWithdrawn"): 0x01020304})
    written, _ = codec.encode(TOPIC, EntryWithdrawn(entry=1, reason="Wrong case"))
    assert written[:HEADER] == b"\x00\x01\x02\x03\x04"


def test_the_dataschema_names_the_current_release() -> None:
    """`ce_dataschema` says which release the bytes were written with, and is read back as name and version."""
    _, named = CODEC.encode(TOPIC, _example("ResponseSent"))
    assert named == "urn:jauap:schema:ResponseSent:1" == dataschema("ResponseSent", 1)
    assert parse_dataschema(named) == ("ResponseSent", 1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "urn:jauap:schema:ResponseSent:0",
        "urn:jauap:schema:ResponseSent:1 ",
        "urn:jauap:schema:ResponseSent:1\n",
        "urn:jauap:schema:ResponseSent:\u0661",
        "urn:jauap:schema:../../secret:1",
        "urn:jauap:schema:ResponseSent",
        "urn:other:schema:ResponseSent:1",
        "urn:jauap:schema:" + "A" * 65 + ":1",
    ],
)
def test_what_is_no_dataschema_is_undecodable(text: str) -> None:
    """A header that no release of ours could have written is the sender's fault, and is not quoted."""
    with pytest.raises(Undecodable) as caught:
        CODEC.decode(text, FRAME, BY_NAME)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("named", ["urn:jauap:schema:ResponseSent:2", "urn:jauap:schema:NotYetInvented:1"])
def test_a_release_that_is_not_here_may_be_our_fault(named: str) -> None:
    """A newer release or name is told apart from damage: an older process may be reading a newer one."""
    with pytest.raises(UnknownSchema, match="upgrade this process"):
        CODEC.decode(named, FRAME, BY_NAME)


def test_a_known_record_that_does_not_belong_here_is_undecodable() -> None:
    """A command on another service's topic is the sender's fault, however well it is written."""
    written, named = CODEC.encode(TOPIC, _example("SendResponse"))
    with pytest.raises(Undecodable, match="does not belong"):
        CODEC.decode(named, written, BY_NAME)


def test_writing_needs_a_schema_id() -> None:
    """Without the subject's id there is no header to write, and the codec says which one it lacks."""
    with pytest.raises(NotRegistered, match=r"jauap\.trial\.records-jauap\.EntryWithdrawn"):
        Codec({}).encode(TOPIC, EntryWithdrawn(entry=1, reason="Wrong case"))


def test_reading_needs_no_schema_id() -> None:
    """Who only reads needs neither ids nor a registry."""
    written, named = CODEC.encode(TOPIC, _example("ResponseSent"))
    assert Codec({}).decode(named, written, BY_NAME) == _example("ResponseSent")


def test_a_value_that_breaks_its_type_s_rules_is_not_written() -> None:
    """What no reader would take never gets into the log, and the error names the field, not the value."""
    wrong = EntryWithdrawn(entry=1, reason="a secret " * 100)
    with pytest.raises(Unencodable, match="reason") as caught:
        CODEC.encode(TOPIC, wrong)
    assert "secret" not in str(caught.value)


def test_an_instant_keeps_its_microseconds_and_comes_back_in_utc() -> None:
    """An instant of any time zone is the same instant afterwards, to the microsecond."""
    almaty = datetime(2026, 3, 3, 14, 30, 0, 123_456, tzinfo=timezone(timedelta(hours=5)))
    outcome = Outcome(command_id="1", status="accepted", recorded_at=almaty)
    written, named = CODEC.encode(TOPIC, outcome)
    read = CODEC.decode(named, written, {"Outcome": Outcome})
    assert read.recorded_at == almaty
    assert read.recorded_at is not None
    assert read.recorded_at.tzinfo == UTC


# What an older release wrote, and a newer one reads.


class Grown(Value, frozen=True, kw_only=True):
    """A record whose second release has a field more than the first."""

    name: str
    added: str | None = None


def _release(*fields: str) -> Json:
    optional = {"type": ["null", "string"], "default": None}
    return fastavro.parse_schema(
        {
            "type": "record",
            "name": "Grown",
            "namespace": "jauap",
            "fields": [{"name": each, "type": "string"} | (optional if each != "name" else {}) for each in fields],
        }
    )


RELEASES = {1: _release("name"), 2: _release("name", "added")}


@pytest.fixture
def two_releases(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if Grown had two releases, and this process were of the second."""
    monkeypatch.setattr(avro, "current", lambda _name: 2)
    monkeypatch.setattr(avro, "released", lambda: {"Grown": (1, 2)})
    monkeypatch.setattr(avro, "schema", lambda _name, version: RELEASES[version])


@pytest.mark.usefixtures("two_releases")
def test_what_an_older_release_left_out_has_its_default() -> None:
    """A record of release 1 is read into the class of release 2."""
    old = FRAME + b"\x06old"
    assert Codec({}).decode("urn:jauap:schema:Grown:1", old, {"Grown": Grown}) == Grown(name="old")
    assert Codec({}).decode("urn:jauap:schema:Grown:2", old + b"\x02\x06new", {"Grown": Grown}).added == "new"


@pytest.mark.usefixtures("two_releases")
def test_the_oldest_release_that_can_say_a_value_is_written() -> None:
    """Beside a newer writer an older reader stumbles only over what is really new."""
    ids = {subject(TOPIC, "Grown"): 7, of_release(subject(TOPIC, "Grown"), 1): 5}
    writer, older = Codec(ids), b"\0\0\0\0\x05"
    assert writer.encode(TOPIC, Grown(name="a")) == (older + b"\x02a", "urn:jauap:schema:Grown:1")
    assert writer.encode(TOPIC, Grown(name="a", added="b")) == (FRAME + b"\x02a\x02\x02b", "urn:jauap:schema:Grown:2")
    for value in (Grown(name="a"), Grown(name="a", added="b")):
        payload, named = writer.encode(TOPIC, value)
        assert writer.decode(named, payload, {"Grown": Grown}) == value


@pytest.mark.usefixtures("two_releases")
def test_the_newest_release_is_written_where_the_registry_has_no_older_one() -> None:
    """A writer writes what it has an id for, and says which release that is."""
    written, named = Codec({subject(TOPIC, "Grown"): 7}).encode(TOPIC, Grown(name="a", added="b"))
    assert (written, named) == (FRAME + b"\x02a\x02\x02b", "urn:jauap:schema:Grown:2")


def test_the_oldest_body_is_the_same_whichever_release_wrote_it() -> None:
    """So a command sent again by an upgraded client is known again; what only the newer one can say is kept."""
    info = _example("SubmitAgencyInfo")
    stream = BytesIO()
    fastavro.schemaless_writer(stream, schema("SubmitAgencyInfo", 1), msgspec.to_builtins(info, builtin_types=(date,)))
    first, (second, named) = stream.getvalue(), CODEC.encode(TOPIC, info)
    assert second[HEADER:] != first
    assert CODEC.oldest_body("urn:jauap:schema:SubmitAgencyInfo:1", FRAME + first) == first
    assert CODEC.oldest_body(named, second) == first
    correction, named = CODEC.encode(TOPIC, msgspec.structs.replace(info, corrects=4))
    assert CODEC.oldest_body(named, correction) == correction[HEADER:]


# What is wrong with the bytes.


@pytest.mark.parametrize(
    ("damaged", "reason"),
    [
        (b"", "magic byte"),
        (b"\0\0\0\0", "magic byte"),
        (b"\1\0\0\0\7\x12", "magic byte"),
        (FRAME, "does not fit"),
        (FRAME + b"\x0csecret", "does not fit"),
        (FRAME + b"\xff" * 1000, "does not fit"),
        (FRAME + b"\x02\xff\xa8\xc1\x02\x02b", "does not fit"),
        (FRAME + b"\x02a\xfe\xff\xff\xff\xff\x0f\x02b", "does not fit"),
        (FRAME + b"\x02a\xa8\xc1\x02\x02b\x00", "left over"),
        (b"\0" * (LARGEST + 1), "1 MiB"),
    ],
)
def test_damaged_bytes_are_undecodable(damaged: bytes, reason: str) -> None:
    """Too short, too long, no text, no date, no magic byte: each is told, and no byte is quoted."""
    with pytest.raises(Undecodable, match=reason) as caught:
        CODEC.decode("urn:jauap:schema:DeadlineMissed:1", damaged, BY_NAME)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


def _written(schema: str, content: Json) -> bytes:
    """Content that the class forbids, and the schema allows."""
    stream = BytesIO(FRAME)
    stream.seek(HEADER)
    fastavro.schemaless_writer(stream, fastavro.parse_schema(schema_of(schema)), content)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"kind": "secret"}, "kind", "Not one of the documented values"),
        ({"language": "secret"}, "language", "matching regex"),
        ({"note_number": "secret" * 100}, "note_number", "length <= 64"),
        ({"kind": "x - at `$.secret`"}, "kind", "Not one of the documented values"),
        (
            {"documents": [{"sha256": "secret", "size": 1, "media_type": "text/plain", "title": "A title"}]},
            "documents[0].sha256",
            "matching regex",
        ),
    ],
)
def test_a_value_that_breaks_a_rule_is_named_by_its_field(change: dict[str, Any], field: str, reason: str) -> None:
    """The error has the path of the field and the rule, never the value, which may name a person."""
    wrong = _written("ResponseSent", {"kind": "full", "sent_on": date(2026, 5, 20)} | change)
    with pytest.raises(Undecodable, match=reason) as caught:
        CODEC.decode("urn:jauap:schema:ResponseSent:1", wrong, BY_NAME)
    assert caught.value.field == field
    assert "secret" not in str(caught.value)


def _number(value: int) -> bytes:
    """A number as Avro has it: zigzag, seven bits a byte."""
    left, found = (value << 1) ^ (value >> 63), bytearray()
    while left > 0x7F:
        found.append(left & 0x7F | 0x80)
        left >>= 7
    return bytes([*found, left])


TINY_DOCUMENT = bytes(5)
BOMBS = {
    "a string of 2^40 bytes": FRAME + b"\x06abc" * 3 + _number(2**40),
    "a string of -1 bytes": FRAME + _number(-1) + b"abc",
    "a string of -2^63 bytes": FRAME + _number(-(2**63)) + b"abc",
    "an array of 2^60 items": FRAME + _number(2**60) + b"\x02a" * 100,
    "an array of 2^63-1 items": FRAME + _number(2**63 - 1) + b"\x02a" * 100,
    "an array of -2^63 items": FRAME + _number(-(2**63)) + _number(0) + b"\x02a" * 100,
    "empty blocks without an end": FRAME + (_number(-(2**63)) + _number(0)) * 20_000,
    "a number without an end": FRAME + b"\x80" * 250_000,
    "ones without an end": FRAME + b"\xff" * 250_000,
    "zeros": FRAME + bytes(250_000),
    "the smallest documents": FRAME + bytes(2) + _number(50_000) + TINY_DOCUMENT * 50_000 + b"\0",
    "the smallest bodies": FRAME + _number(80_000) + bytes(3) * 80_000 + b"\0",
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
@pytest.mark.parametrize("name", ["ForwardCommunication", "InformOmbudsman", "ReceiveCalendarAct", "DeclineAgencyInfo"])
def test_a_bomb_does_not_go_off(name: str, bomb: bytes) -> None:
    """Hostile lengths and counts cost time and memory in proportion to the payload, whatever they claim."""
    tracemalloc.start()
    began = time.monotonic()
    with pytest.raises(Undecodable):
        CODEC.decode(dataschema(name, 1), bomb, RECORDS)
    seconds, (_, peak) = time.monotonic() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert seconds < 10
    assert peak < 250 * len(bomb) + LARGEST


PATIENT = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
NAMES = st.sampled_from(sorted(RECORDS))


def _must_not_surprise(name: str, body: bytes) -> None:
    """Decode; nothing but Undecodable may come of it."""
    try:
        CODEC.decode(dataschema(name, 1), body, RECORDS)
    except Undecodable:
        return


@PATIENT
@given(name=NAMES, body=st.binary(max_size=400))
def test_random_bytes_never_surprise(name: str, body: bytes) -> None:
    """Any bytes at all are a value or Undecodable."""
    _must_not_surprise(name, FRAME + body)
    _must_not_surprise(name, body)


@PATIENT
@given(name=NAMES, damage=st.data())
def test_damaged_examples_never_surprise(name: str, damage: st.DataObject) -> None:
    """A payload cut short, or with some of its bytes replaced, is a value or Undecodable."""
    body, _ = CODEC.encode(TOPIC, _example(name))
    begin = damage.draw(st.integers(0, len(body)))
    end = damage.draw(st.integers(begin, len(body)))
    instead = damage.draw(st.binary(max_size=12))
    _must_not_surprise(name, body[:begin] + instead + body[end:])


@PATIENT
@given(name=NAMES, end=st.data())
def test_a_payload_cut_short_is_undecodable(name: str, end: st.DataObject) -> None:
    """No beginning of a payload is a payload itself."""
    body, named = CODEC.encode(TOPIC, _example(name))
    cut = end.draw(st.integers(0, len(body) - 1))
    with pytest.raises(Undecodable):
        CODEC.decode(named, body[:cut], RECORDS)


@PATIENT
@given(text=st.text(max_size=80) | st.from_regex(avro.DATASCHEMA))
def test_any_dataschema_is_undecodable_or_unknown(text: str) -> None:
    """A header that names nothing we have never leads to a file, nor to another error."""
    with pytest.raises((Undecodable, UnknownSchema)):
        CODEC.decode(text, FRAME, BY_NAME)


def _values(described: inspect.Type) -> st.SearchStrategy[Any]:
    """Builtins that a type accepts, at the edges of what it accepts too."""
    match described:
        case inspect.Metadata(type=inner):
            return _values(inner)
        case inspect.UnionType(types=types):
            return st.one_of([_values(each) for each in types])
        case inspect.VarTupleType(item_type=item, min_length=least):
            return st.lists(_values(item), min_size=least or 0, max_size=3)
        case inspect.StructType(fields=fields):
            return st.fixed_dictionaries({field.name: _values(field.type) for field in fields})
        case _:
            return _plain_values(described)


def _plain_values(described: inspect.Type) -> st.SearchStrategy[Any]:
    match described:
        case inspect.LiteralType(values=values):
            return st.sampled_from(values)
        case inspect.StrType(pattern=str(pattern), min_length=shortest, max_length=longest) if "x00-" in pattern[:6]:
            printable = st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"])
            return st.text(printable, min_size=shortest or 0, max_size=min(longest or 40, 40))
        case inspect.StrType(pattern=str(pattern), min_length=shortest, max_length=longest):
            whole = pattern.removesuffix(NO_LINE_BREAK)  # a look-ahead is slow to generate from
            texts = st.from_regex(whole, fullmatch=True)
            return texts.filter(lambda text: len(text) >= (shortest or 0) and (longest is None or len(text) <= longest))
        case inspect.StrType(min_length=shortest, max_length=longest):
            return st.text(min_size=shortest or 0, max_size=min(longest or 40, 40))
        case inspect.IntType(ge=least, le=most):
            return st.integers(-(2**63) if least is None else least, 2**63 - 1 if most is None else most)
        case _:
            return SIMPLE[type(described)]


SIMPLE: dict[type[inspect.Type], st.SearchStrategy[Any]] = {
    inspect.NoneType: st.none(),
    inspect.BoolType: st.booleans(),
    inspect.DateType: st.dates(),
    inspect.DateTimeType: st.datetimes(timezones=st.just(UTC)),
}


@pytest.mark.parametrize("name", RECORDS)
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_value_comes_back_as_it_went(name: str, data: st.DataObject) -> None:
    """Whatever a class allows survives the wire, each field of it, empty and full."""
    value = msgspec.convert(data.draw(_values(inspect.type_info(RECORDS[name]))), RECORDS[name])
    written, named = CODEC.encode(TOPIC, value)
    assert CODEC.decode(named, written, RECORDS) == value


def test_reading_and_writing_are_quick_enough() -> None:
    """The largest example is read in far less than a millisecond: parsed schemas are kept."""
    value = _example("CommunicationReceived")
    written, named = CODEC.encode(TOPIC, value)
    began = time.perf_counter()
    for _ in range(200):
        CODEC.decode(named, written, BY_NAME)
    assert (time.perf_counter() - began) / 200 < 0.001
