"""Options made from the commands' models, and what a person writes in them."""

import hashlib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from jauap import schemas
from jauap.cli import options, orders, shorthand
from jauap.cli.models import Field, fields
from jauap.cli.orders import Malformed
from jauap.domain.commands import BY_NAME, ForwardCommunication, RecordMeeting, SendResponse
from jauap.domain.facts import Document
from tests.cli.fakes import FakeLog, jauap

FORWARD, MEETING, RESPONSE = (fields(kind) for kind in (ForwardCommunication, RecordMeeting, SendResponse))
LETTER = b"%PDF-1.7 a letter"
SHA256 = hashlib.sha256(LETTER).hexdigest()


@pytest.fixture
def letter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file to take in, and an empty document store."""
    monkeypatch.setenv("JAUAP_DOCUMENTS", str(tmp_path / "store"))
    file = tmp_path / "Letter about Ivan.pdf"
    file.write_bytes(LETTER)
    return file


def example(name: str) -> dict[str, Any]:
    """The example of a command."""
    found: dict[str, Any] = msgspec.json.decode(schemas.text(f"examples/commands/{name}.json"))
    return found


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("MIA", {"body": "MIA"}),
        ("MIA:due=2026-03-20", {"body": "MIA", "due": "2026-03-20"}),
        ("MIA:due=2026-03-20,questions=1;2", {"body": "MIA", "due": "2026-03-20", "questions": ["1", "2"]}),
        ("MIA,questions=1; 2a ;", {"body": "MIA", "questions": ["1", "2a"]}),
        ("body=MIA,due=2026-03-20", {"body": "MIA", "due": "2026-03-20"}),
        ('{"body": "MIA", "questions": ["1"]}', {"body": "MIA", "questions": ["1"]}),
    ],
)
def test_a_body_is_written_in_one_word(text: str, content: dict[str, Any]) -> None:
    """The first field may stand alone, the others follow by name, and JSON is taken as it is."""
    assert shorthand.read(FORWARD["bodies"], text) == content


def test_commas_and_colons_within_a_value_are_no_trouble() -> None:
    """Only a comma or colon before a field's name and = separates."""
    text = "name=A. B.,position=Deputy Minister, acting: Minister,capacity=acting-first-head,order=No. 5, of 18 May"
    assert shorthand.read(RESPONSE["signatory"], text) == {
        "name": "A. B.",
        "position": "Deputy Minister, acting: Minister",
        "capacity": "acting-first-head",
        "order": "No. 5, of 18 May",
    }


def test_a_document_begins_with_its_file() -> None:
    """What stands first is a file, whatever its name; a document that the store has is named by its hash."""
    field = RESPONSE["documents"]
    assert shorthand.read(field, "a=b, c.pdf,title=Note") == {"file": "a=b, c.pdf", "title": "Note"}
    assert shorthand.read(field, f"sha256={SHA256},size=17") == {"sha256": SHA256, "size": 17}


@pytest.mark.parametrize(
    ("field", "text", "rule"),
    [
        (FORWARD["bodies"], "MIA:dew=Ivan", "is written BODY:questions=…,due=…"),
        (FORWARD["bodies"], "MIA:due=Ivan,due=Ivan", "names due twice"),
        (FORWARD["bodies"], "{Ivan", "is no JSON object"),
        (RESPONSE["documents"], "sha256=a,size=Ivan", "must be a whole number"),
    ],
)
def test_what_can_t_be_read_is_told_without_its_value(field: Field, text: str, rule: str) -> None:
    """An option is refused by its own name and a rule."""
    with pytest.raises(Malformed) as caught:
        shorthand.read(field, text)
    assert caught.value.field == shorthand.option(field)
    assert rule in caught.value.rule
    assert "Ivan" not in str(caught.value)


@pytest.mark.parametrize(
    ("field", "flag"),
    [
        (FORWARD["bodies"], "--body"),
        (FORWARD["forwarded_on"], "--forwarded-on"),
        (RESPONSE["documents"], "--document"),
        (MEETING["participants"], "--participant"),
        (MEETING["interested"], "--interested"),
    ],
)
def test_an_option_is_the_field_s_name_in_the_singular(field: Field, flag: str) -> None:
    """A list's option is repeated, so it is named for one item."""
    assert shorthand.option(field) == flag


@pytest.mark.parametrize("name", BY_NAME)
def test_the_example_in_the_help_says_what_the_example_in_json_says(name: str, log: FakeLog, letter: Path) -> None:
    """The command line of every example is accepted and makes the same command, documents apart."""
    (letter.parent / "letter.pdf").write_bytes(LETTER)
    content = example(name)
    result = jauap(*shorthand.example(name, BY_NAME[name], content)[1:])
    assert result.exit_code == 0, result.output
    expected = orders.order(content, "x")
    [sent] = log.sent
    assert sent.case_id == expected.case_id
    without = {field.name: () for field in fields(BY_NAME[name]).values() if field.kind is Document}
    assert msgspec.structs.replace(sent.command, **without) == msgspec.structs.replace(expected.command, **without)


def test_a_document_is_taken_in_and_its_file_s_name_is_not_kept(log: FakeLog, letter: Path) -> None:
    """A file becomes a document with its hash; without a title it is called by its number, never by its file's name."""
    words = ["--case", "KAZ-3-2026", "--body", "MIA", "--forwarded-on", "2026-03-05"]
    result = jauap("do", "ForwardCommunication", *words, "--document", str(letter), "--document", f"sha256={SHA256}")
    assert result.exit_code == 2
    assert "--document" in result.stderr
    result = jauap("do", "ForwardCommunication", *words, "--document", str(letter))
    assert result.exit_code == 0
    [sent] = log.sent
    assert isinstance(sent.command, ForwardCommunication)
    [document] = sent.command.documents
    assert document == Document(sha256=SHA256, size=17, media_type="application/pdf", title="Document 1")
    assert (letter.parent / "store" / SHA256[:2] / SHA256).read_bytes() == LETTER


def test_a_document_of_the_store_is_named_by_its_hash_alone(log: FakeLog, letter: Path) -> None:
    """The size of a document that the store has is looked up there."""
    jauap("documents", "add", str(letter))
    words = ["--case", "KAZ-3-2026", "--body", "MIA", "--forwarded-on", "2026-03-05"]
    result = jauap("do", "ForwardCommunication", *words, "--document", f"sha256={SHA256},title=Note,language=en")
    assert result.exit_code == 0, result.output
    [document] = getattr(log.sent[0].command, "documents")  # noqa: B009 - the command is known by its name
    assert (document.sha256, document.size, document.title, document.language) == (SHA256, 17, "Note", "en")


def test_nothing_is_taken_in_for_a_malformed_command(log: FakeLog, letter: Path) -> None:
    """A document goes into the store only once all else is right."""
    words = ["--case", "KAZ-3-2026", "--body", "MIA", "--forwarded-on", "yesterday", "--document", str(letter)]
    result = jauap("do", "ForwardCommunication", *words)
    assert result.exit_code == 2
    assert "--forwarded-on: must be a date" in result.stderr
    assert not (letter.parent / "store").exists()
    assert log.sent == []


def test_what_stands_beside_the_fields_has_options_too(log: FakeLog) -> None:
    """Command id, actor and expectation are given by options of their own."""
    words = ["--case", "KAZ-3-2026", "--informed-on", "2026-03-05", "--command-id", "c1", "--actor", "mfa:other"]
    result = jauap("do", "InformOmbudsman", *words, "--expected", "intake:3", "--expected", "routing:0")
    assert result.exit_code == 0, result.output
    [sent] = log.sent
    assert (sent.command_id, sent.actor, sent.expected) == ("c1", "mfa:other", {"intake": 3, "routing": 0})


def test_all_that_is_missing_is_told_at_once(log: FakeLog) -> None:
    """Whoever leaves several required options out reads all of them."""
    result = jauap("do", "ForwardCommunication", "--note-number", "1")
    assert result.exit_code == 2
    assert "required: --case, --body, --forwarded-on" in result.stderr
    assert log.sent == []


def test_a_fault_within_a_value_is_told_by_its_option(log: FakeLog) -> None:
    """The path begins with the option as it was written, and the value is not repeated."""
    words = ["--case", "KAZ-3-2026", "--body", "MIA", "--body", "MOJ:due=Ivan", "--forwarded-on", "2026-03-05"]
    result = jauap("do", "ForwardCommunication", *words)
    assert result.exit_code == 2
    assert "--body[1].due: must be a date" in result.stderr
    assert "Ivan" not in result.output
    assert log.sent == []


def test_a_flag_says_yes_or_no(log: FakeLog) -> None:
    """A yes-or-no field is a flag with its opposite, and stays as the model has it if neither is given."""
    words = ["--reference", "KAZ 3/2026", "--communication-type", "AL", "--state", "KAZ", "--received-on", "2026-03-03"]
    for flags in ([], ["--receipt-assumed"], ["--no-receipt-assumed"]):
        assert jauap("do", "ReceiveCommunication", *words, *flags).exit_code == 0
    assert [getattr(order.command, "receipt_assumed") for order in log.sent] == [False, True, False]  # noqa: B009


def test_a_media_type_is_told_from_the_name() -> None:
    """A name without a known ending gives the type of bytes in general."""
    assert options.media_type(Path("a.pdf")) == "application/pdf"
    assert options.media_type(Path("a")) == "application/octet-stream"


def test_a_line_to_kafka_that_can_t_be_used_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence that names the setting and the rule, and no traceback."""
    monkeypatch.setenv("JAUAP_KAFKA", "sasl_ssl://cli@host:9094")
    told = jauap("verify")
    assert told.exit_code == 1
    assert "JAUAP_KAFKA must name the file of the password" in told.stderr
