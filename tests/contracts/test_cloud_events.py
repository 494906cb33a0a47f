"""Each of our records is a CloudEvent for whoever reads it with CloudEvents' own library."""

from datetime import UTC, datetime

import pytest

from jauap.messaging.envelope import Message, cloud_event
from jauap.messaging.folding import SERVICE_OF
from tests.contracts import cloud_events
from tests.contracts.golden import replay

RELEASES = replay.releases()


@pytest.mark.parametrize("release", RELEASES)
def test_every_record_of_a_golden_log_is_a_cloud_event(release: str) -> None:
    """Commands, events and outcomes, all headers and extensions; what a stranger wrote without headers is no event."""
    golden = replay.load(release)
    foreign = {place for place, verdict in golden.made["verdicts"].items() if verdict == "foreign"}
    ours = [each for each in golden.log if replay.place_of(each) not in foreign]
    assert {each.topic for each in ours} > set(SERVICE_OF)
    wrong = {replay.place_of(each): found for each in ours if (found := cloud_events.faults(each))}
    assert wrong == {}


def test_the_library_reads_what_we_meant() -> None:
    """Id, type, source, subject, time, schema and an extension arrive as they were."""
    event = cloud_events.read(a_record())
    assert event.get_id() == "4711"
    assert (event.get_type(), event.get_source(), event.get_subject()) == (
        "jauap.ItemWithdrawn",
        "/jauap/liaison",
        "KAZ-3-2026",
    )
    assert event.get_time() == datetime(2026, 6, 3, 9, tzinfo=UTC)
    assert (event.get_dataschema(), event.get_datacontenttype()) == (
        "urn:jauap:schema:ItemWithdrawn:1",
        "application/avro",
    )
    assert event.get_extension("correlationid") == "abc"


@pytest.mark.parametrize(
    ("header", "value", "words"),
    [
        ("ce_time", b"2026-06-03 09:00", "ce_time is no RFC 3339 instant|timezone aware"),
        ("ce_source", b"/jauap/\xd2\x9b", "ce_source is no URI reference"),
        ("ce_dataschema", b"ItemWithdrawn-1", "ce_dataschema is no URI"),
        ("ce_specversion", b"0.2", "specversion"),
        ("ce_Case_Seq", b"1", "ce_Case_Seq is no attribute's name|lowercase"),
        ("content-type", b"application/json", "content-type is not"),
        ("ce_type", b"", "type"),
    ],
)
def test_a_header_that_breaks_the_rules_is_found(header: str, value: bytes, words: str) -> None:
    """The check above can fail, for each rule."""
    record = a_record()
    headers = {**dict(record.headers), header: value}
    found = cloud_events.faults(record._replace(headers=tuple(headers.items())))
    assert any(word in fault for fault in found for word in words.split("|")), found


def a_record() -> Message:
    """An item of a feed, with one extension."""
    headers = cloud_event(
        kind="ItemWithdrawn",
        source="/jauap/liaison",
        subject="KAZ-3-2026",
        time=datetime(2026, 6, 3, 9, tzinfo=UTC),
        dataschema="urn:jauap:schema:ItemWithdrawn:1",
    )
    headers |= {"ce_id": b"4711", "ce_correlationid": b"abc"}
    return Message("jauap.feed.MIA", 0, 0, b"KAZ-3-2026", b"\0\0\0\0\1", tuple(headers.items()), 0, 0)
