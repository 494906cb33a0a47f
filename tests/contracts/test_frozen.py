"""What was released stays as it is, and whoever changes it hears what that would break."""

from pathlib import Path

import pytest

from jauap.messaging.avro import released
from tests.contracts import frozen

SCHEMA = "src/jauap/schemas/released/MeetingHeld/1.avsc"
TOPIC = "jauap.routing.events"


def test_no_released_file_was_changed() -> None:
    """Each released schema and each golden log is byte for byte what it was."""
    wrong = list(frozen.changed_files(frozen.kept()["files"], frozen.files()))
    assert not wrong, "\n".join(wrong)


def test_every_topic_keeps_its_promises() -> None:
    """Name, key, partitions and retention of a topic never change, and no record is taken off it."""
    wrong = list(frozen.broken_promises(frozen.kept()["topics"], frozen.topics()))
    assert not wrong, "\n".join(wrong)


def test_nothing_that_is_out_is_left_unfrozen() -> None:
    """A release that is not in the list could be changed unseen."""
    added = sorted(frozen.files().keys() - frozen.kept()["files"].keys())
    added += sorted(frozen.topics().keys() - frozen.kept()["topics"].keys())
    added += [
        f"{topic}: {record}"
        for topic, promised in frozen.kept()["topics"].items()
        for record in frozen.topics().get(topic, promised)["records"]
        if record not in promised["records"]
    ]
    assert not added, f"Not frozen yet: {added}. Run python -m tests.contracts.frozen and commit frozen.json."


def test_a_changed_release_is_told_with_its_remedy() -> None:
    """Whoever edits a released schema hears who has copies of it, and where the change belongs."""
    (told,) = frozen.changed_files(frozen.files(), frozen.files() | {SCHEMA: "0" * 64})
    folder, following = Path(SCHEMA).parent, released()["MeetingHeld"][-1] + 1
    assert told == (
        f"{SCHEMA} differs from what was released. Records in logs were written with it, and other ministries' readers"
        f" have a copy: put it back (git restore {SCHEMA}). Make your change in avro/events/MeetingHeld.avsc and"
        f" release it as {folder}/{following}.avsc; a new field needs a default, a change of meaning a new record."
    )


def test_a_release_and_a_golden_log_that_are_gone_are_told() -> None:
    """A file that was taken away is found as well as one that was edited."""
    log = next(path for path in frozen.files() if path.endswith("log.jsonl.gz"))
    left = {path: sha256 for path, sha256 in frozen.files().items() if path not in (SCHEMA, log)}
    told = list(frozen.changed_files(frozen.files(), left))
    assert [sentence.partition(".gz")[0].partition(" is gone")[0] for sentence in sorted(told)] == [
        SCHEMA,
        log.removesuffix(".gz"),
    ]


@pytest.mark.parametrize(
    ("what", "value", "words"),
    [
        ("key", "body", "key was 'case id', and is 'body'. Readers find a case's records in order by it"),
        ("partitions", 1, "partitions was 'deployment', and is 1. Keys would change partitions"),
        (
            "retention",
            "a week",
            "retention was 'for ever', and is 'a week'. Readers come back within what was promised",
        ),
        ("records", ["CommandRefused"], "MeetingHeld is not among its records any more. It stands in logs"),
        ("largest", 1000, "records of up to 1048576 bytes were promised, now 1000"),
    ],
)
def test_a_broken_promise_of_a_topic_is_told(what: str, value: object, words: str) -> None:
    """Each sentence names the topic, what was promised, and whom it would harm."""
    page = frozen.topics()[TOPIC]
    told = list(frozen.broken_promises({TOPIC: page}, {TOPIC: page | {what: value}}))
    assert any(sentence.startswith(f"{TOPIC}: {words}") for sentence in told), told


def test_a_topic_that_is_gone_is_told() -> None:
    """A renamed topic is a topic that is gone."""
    (told,) = frozen.broken_promises({TOPIC: frozen.topics()[TOPIC]}, {})
    assert told.startswith(f"{TOPIC} is gone")


def test_the_command_never_changes_what_is_frozen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It adds what is new, and stops at what differs."""
    file = tmp_path / "frozen.json"
    monkeypatch.setattr(frozen, "FILE", file)
    frozen.main()
    before = file.read_text()
    monkeypatch.setattr(frozen, "files", lambda: {SCHEMA: "0" * 64})
    with pytest.raises(SystemExit, match="differs from what was released"):
        frozen.main()
    assert file.read_text() == before
