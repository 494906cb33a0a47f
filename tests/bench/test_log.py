"""The log that the figures are measured on is one that the services could have written."""

from itertools import islice

import pytest

from bench.figures import QUICK, WHOLE, Scale
from bench.history import Story, lengths
from bench.writing import Log, Size, Written
from jauap.domain import events
from jauap.messaging.avro import Codec, subject
from jauap.messaging.chain import Verdict
from jauap.messaging.envelope import Message
from jauap.messaging.folding import Track, fold
from jauap.messaging.topics import load
from jauap.projections.models import MODELS
from jauap.projections.view import view_of

PARTITIONS = 4
SIZE = Size(events=3_000, cases=60)


@pytest.fixture(scope="module")
def codec() -> Codec:
    """A codec that writes every record of every topic."""
    return Codec({subject(topic.name, record): 1 for topic in load() for record in topic.records})


@pytest.fixture(scope="module")
def records(codec: Codec) -> list[Written]:
    """A small log."""
    return list(Log(SIZE, codec, PARTITIONS).records())


def messages(records: list[Written]) -> list[Message]:
    """The records as a reader would get them."""
    reached: dict[tuple[str, int], int] = {}
    read = []
    for topic, partition, (key, value, headers) in records:
        offset = reached.get((topic, partition), 0)
        reached[topic, partition] = offset + 1
        read.append(Message(topic, partition, offset, key, value, tuple(headers), 0, 0))
    return read


def test_every_record_counts(records: list[Written], codec: Codec) -> None:
    """Chains, hashes, schemas and partitions are right, and every event folds."""
    tracks: dict[str, Track] = {}
    for message in messages(records):
        assert fold(tracks, message, codec, PARTITIONS).verdict is Verdict.COUNTS
    assert len(tracks) == SIZE.cases


def test_every_case_has_rows_in_every_model(records: list[Written], codec: Codec) -> None:
    """No read model is cheap because the cases have nothing for it; only findings and alerts are few."""
    tracks: dict[str, Track] = {}
    for message in messages(records):
        fold(tracks, message, codec, PARTITIONS)
    views = [view_of(track, {}) for track in tracks.values()]
    for name, model in MODELS.items():
        filled = sum(bool(model.rows(view)) for view in views)
        wanted = {"findings": len(views) // 2, "alerts": len(views) // 2, "visit_proposals": 0, "treaty_requests": 0}
        assert filled >= wanted.get(name, len(views)), name


def test_a_record_has_the_headers_that_a_service_writes(records: list[Written]) -> None:
    """All of them, so that reading them costs what it costs."""
    always = {
        "content-type",
        *(f"ce_{name}" for name in ("specversion", "type", "source", "subject", "time", "dataschema")),
    }
    always |= {f"ce_{name}" for name in ("caseseq", "prevhash", "id", "hash", "seen", "actor")}
    of_a_command = always | {f"ce_{name}" for name in ("commandtype", "commandid", "commandhash", "correlationid")}
    for topic, _, record in records:
        assert {name for name, _ in record.headers} == (of_a_command if "deadlines" not in topic else always)


def test_the_same_seed_gives_the_same_log(records: list[Written], codec: Codec) -> None:
    """And another seed another one."""
    assert list(Log(SIZE, codec, PARTITIONS).records()) == records
    assert list(Log(SIZE._replace(seed=2), codec, PARTITIONS).records()) != records


def test_cases_of_another_prefix_are_other_cases(records: list[Written], codec: Codec) -> None:
    """So that more can be written behind a log."""
    others = Log(SIZE._replace(prefix="UZB"), codec, PARTITIONS).records()
    assert {record.key for _, _, record in records}.isdisjoint(written.record.key for written in others)


@pytest.mark.parametrize("scale", [WHOLE, QUICK])
def test_lengths_add_up(scale: Scale) -> None:
    """No case is empty, and together they are what was asked for."""
    found = lengths(scale.cases, scale.events)
    assert sum(found) == scale.events
    assert len(found) == scale.cases
    assert min(found) > 0


def test_lengths_are_skewed() -> None:
    """Few cases of a million events are long."""
    found = sorted(lengths(WHOLE.cases, WHOLE.events))
    assert found[-1] > 10 * found[len(found) // 2]


def test_stories_hold_every_kind_of_event_but_rare_ones() -> None:
    """What is too rare to weigh: a mending, a merger, a decline, a dropped clock, an alert that did not go out.

    And what letters have none of: the calendar's acts, visits, procedures of treaty bodies.
    """
    rare = {"ChainMended", "CaseMerged", "AgencyInfoDeclined", "DeadlineDropped", "CalendarActReceived", "AlertFailed"}
    rare |= {name for name in events.BY_NAME if name.startswith(("Visit", "Treaty"))}
    told = {type(step.event).__name__ for step in islice(Story(1).steps(), 2_000)}
    assert told == set(events.BY_NAME) - rare


def test_every_service_may_write_its_steps() -> None:
    """No event stands on a topic where it doesn't belong."""
    for service, event in islice(Story(2).steps(), 2_000):
        assert type(event) in events.BY_SERVICE[service]
