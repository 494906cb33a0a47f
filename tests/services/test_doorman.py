"""The doorman by itself: what can't be a submission is told, all of it, and cheaply."""

import time
from io import BytesIO
from typing import Any

import fastavro
import pytest

from jauap.domain.commands import DeclineAgencyInfo, SubmitAgencyInfo
from jauap.messaging.avro import Codec, UnknownSchema
from jauap.messaging.envelope import Message
from services.liaison import doorman
from services.liaison.doorman import Refused
from services.liaison.items import Happened, Story
from tests.builders import CASE, a_communication, a_forwarding, day, given, recorded, some_info
from tests.contracts.records import payload, schema_of

RELEASES = {7: ("SupplyInformation", 1), 8: ("DeclineInformation", 1), 9: ("SupplyInformation", 2)}
FRAME = b"\0\0\0\0"
CODEC = Codec({})
FORWARDED = given(a_communication(), a_forwarding("MIA"))


def body_of(name: str = "SupplyInformation", **changes: Any) -> bytes:
    """The example as its Avro body, with what no client of ours would write."""
    content = payload(name) | {"submitted_on": day("06-12"), "declined_on": day("06-12"), "corrects": None} | changes
    stream = BytesIO()
    fastavro.schemaless_writer(stream, fastavro.parse_schema(schema_of(name)), content)
    return stream.getvalue()


def a_record(value: bytes | None, key: bytes | None = CASE.encode(), *headers: tuple[str, bytes | None]) -> Message:
    """A record of MIA's topic, at offset 17."""
    return Message("jauap.submit.MIA", 0, 17, key, value, headers, 1_781_000_000_000, 0)


def read(record: Message) -> doorman.Submitted:
    """Read it with the releases that the registry has."""
    return doorman.read(record, RELEASES, CODEC)


def refused(record: Message) -> list[tuple[str, str | None]]:
    """The codes and fields of all that is wrong."""
    with pytest.raises(Refused) as caught:
        read(record)
    return [(fault.code, fault.field) for fault in caught.value.faults]


def test_all_that_is_wrong_is_told_at_once() -> None:
    """Key, id, and each field of the value, down into lists; the value itself is never quoted."""
    document = {"sha256": "secret", "size": -1, "media_type": "x", "language": None, "title": "T"}
    wrong = body_of(number="", answers=["1", ""], documents=[document])
    record = a_record(FRAME + b"\x07" + wrong, b"?", ("ce_id", b""))
    assert refused(record) == [
        ("NoCaseId", "key"),
        ("BadId", "ce_id"),
        ("Invalid", "number"),
        ("Invalid", "answers[1]"),
        ("Invalid", "documents[0].sha256"),
        ("Invalid", "documents[0].size"),
        ("Invalid", "documents[0].media_type"),
    ]
    with pytest.raises(Refused) as caught:
        read(record)
    assert "secret" not in str([fault.message for fault in caught.value.faults])


def test_a_bomb_costs_little() -> None:
    """A quarter of a megabyte of faults is looked at no longer than it takes to tell the first fifty."""
    bomb = a_record(FRAME + b"\x07" + body_of(answers=[""] * 250_000))
    began = time.process_time()
    assert len(refused(bomb)) == doorman.MOST_FAULTS + 1
    assert time.process_time() - began < 0.5


def test_what_a_newer_release_wrote_is_our_fault() -> None:
    """It is not refused: `UnknownSchema` keeps it until a release that can read it."""
    with pytest.raises(UnknownSchema):
        read(a_record(FRAME + b"\x09" + body_of()))


@pytest.mark.parametrize(("header", "expected"), [(None, "jauap.submit.MIA/0/17"), (b"mine-1", "mine-1")])
def test_a_submission_is_known_by_its_own_id_or_its_place(header: bytes | None, expected: str) -> None:
    """The id of the command is its place in any case."""
    record = a_record(b"", CASE.encode(), *([] if header is None else [("ce_id", header)]))
    assert (doorman.submission_id(record), doorman.place(record)) == (expected, "jauap.submit.MIA/0/17")


def test_who_submits_follows_from_the_topic() -> None:
    """The command is the topic's body's, and a correction names the entry that the earlier submission made."""
    supplied = read(a_record(FRAME + b"\x07" + body_of(corrects="mine-1")))
    history = recorded(a_communication(), a_forwarding("MIA"), some_info())
    story = Story()
    for one in history:
        story.take(Happened(one, "h", f"2026-06-12T00:00:0{one.sequence}Z", "jauap.submit.MIA/0/3", "mine-1"))
    case = given(a_communication(), a_forwarding("MIA"), some_info())
    story.catch_up()
    command = doorman.command(supplied, case, story)
    assert isinstance(command, SubmitAgencyInfo)
    assert (command.body, command.corrects) == ("MIA", 2)
    declined = read(a_record(FRAME + b"\x08" + body_of("DeclineInformation")))
    assert isinstance(doorman.command(declined, case, story), DeclineAgencyInfo)


@pytest.mark.parametrize("case", [None, given(a_communication()), given(a_communication(), a_forwarding("MOJ"))])
def test_what_was_not_forwarded_has_one_answer(case: Any) -> None:
    """The same whether or not there is such a case."""
    submitted = read(a_record(FRAME + b"\x07" + body_of()))
    with pytest.raises(Refused) as caught:
        doorman.command(submitted, case, None if case is None else Story())
    assert [(fault.code, fault.field) for fault in caught.value.faults] == [("NotForwarded", "key")]
