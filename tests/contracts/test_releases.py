"""Releases never change, and every release reads every other: other ministries do not upgrade with us."""

import copy
import json
from collections.abc import Callable, Iterator
from io import BytesIO
from itertools import product
from typing import Any

import avro.compatibility
import avro.schema
import fastavro
import pytest
from fastavro.utils import generate_many

from jauap import schemas
from jauap.messaging.avro import released
from jauap.messaging.topics import load
from tests.contracts.breaks import told
from tests.contracts.frozen import is_open
from tests.contracts.records import FOLDER_OF, RECORDS, Json, release, schema_of

SAMPLES = 20


def versions_of(name: str) -> dict[str, Json]:
    """A record's schemas by the release that they are, or are to be: one that was changed is the next."""
    found = {str(number): json.loads(release(name, number)) for number in released().get(name, ())}
    if name in RECORDS and schema_of(name) not in found.values():
        found[f"{len(found) + 1} (avro/{FOLDER_OF[name]}/{name}.avsc, as it is changed now)"] = schema_of(name)
    return found


PAIRS = [
    (name, writer, reader)
    for name in sorted(RECORDS.keys() | released().keys())
    for writer, reader in product(versions_of(name), repeat=2)
]


@pytest.mark.parametrize("name", RECORDS)
def test_the_current_schema_is_released(name: str) -> None:
    """The current schema equals the highest release, since it is the releases that readers have."""
    newest = released().get(name, (0,))[-1]
    current = schemas.text(f"avro/{FOLDER_OF[name]}/{name}.avsc")
    if newest and release(name, newest) == current:
        return
    number = max(newest, 1) if is_open(name) else newest + 1
    pytest.fail(
        f"avro/{FOLDER_OF[name]}/{name}.avsc is not released."
        f" Copy it, as it is, to src/jauap/schemas/released/{name}/{number}.avsc;"
        " never change a file that stands there, unless it is not out yet (tests/contracts/frozen.py).",
        pytrace=False,
    )


@pytest.mark.parametrize("name", released())
def test_releases_are_numbered_without_gaps(name: str) -> None:
    """Releases are numbered 1, 2, 3: a version that is missing would leave records that nobody can read."""
    assert released()[name] == tuple(range(1, len(released()[name]) + 1))


@pytest.mark.parametrize(("name", "writer", "reader"), PAIRS)
def test_every_release_reads_every_other_with_fastavro(name: str, writer: str, reader: str) -> None:
    """What any release wrote, any other reads, older or newer: with the library that we use."""
    schemas_of = versions_of(name)
    if (fault := _read_by_fastavro(schemas_of[writer], schemas_of[reader])) is not None:
        pytest.fail(f"{told(name, writer, reader, schemas_of)} (fastavro: {fault})", pytrace=False)


@pytest.mark.parametrize(("name", "writer", "reader"), PAIRS)
def test_every_release_reads_every_other_by_apache_avro_s_checker(name: str, writer: str, reader: str) -> None:
    """What any release wrote, any other reads, older or newer: by the rules of Avro's own project."""
    schemas_of = versions_of(name)
    if faults := _checked_by_avro(schemas_of[writer], schemas_of[reader]):
        pytest.fail(f"{told(name, writer, reader, schemas_of)} (Apache Avro: {faults})", pytrace=False)


def _added(schema: Json) -> None:
    schema["fields"].append({"name": "added", "type": "string", "doc": "It has no default."})


def _retyped(schema: Json) -> None:
    schema["fields"][0]["type"] = "boolean"


def _renamed(schema: Json) -> None:
    schema["fields"][0]["name"] = "renamed"


def _deeply_added(schema: Json) -> None:
    schema["fields"][0]["type"]["items"]["fields"].append({"name": "added", "type": "long", "doc": "No default."})


def _made_null(schema: Json) -> None:
    schema["fields"][1]["type"] = ["null", schema["fields"][1]["type"]]


NO_DEFAULT = "it has no default, and that release does not write it. If it is new, give it a default"
NEW_READER, OLD_READER = ("1", "2"), ("2", "1")
"""Who wrote and who reads."""


@pytest.mark.parametrize(
    ("change", "who", "words"),
    [
        (_added, NEW_READER, f"field 'added': {NO_DEFAULT}"),
        (
            _retyped,
            NEW_READER,
            "field 'bodies': it is boolean to this reader, and array is written. A field's type never",
        ),
        (_renamed, NEW_READER, f"field 'renamed': {NO_DEFAULT}"),
        (_renamed, OLD_READER, f"field 'bodies': {NO_DEFAULT}"),
        (_deeply_added, NEW_READER, f"field 'bodies[].added': {NO_DEFAULT}"),
        (_made_null, OLD_READER, "field 'forwarded_on': null may be written, which this reader does not take."),
    ],
)
def test_an_incompatible_change_is_caught(change: Callable[[Json], None], who: tuple[str, str], words: str) -> None:
    """Both checks find a change that would break a reader, and it is said which one, where, and what to do instead."""
    new = copy.deepcopy(schema_of("CommunicationForwarded"))
    change(new)
    both = {"1": schema_of("CommunicationForwarded"), "2": new}
    writer, reader = who
    assert _read_by_fastavro(both[writer], both[reader]) is not None
    assert _checked_by_avro(both[writer], both[reader]) != []
    (page,) = (page for page in load() if page.name == "jauap.routing.events")
    assert told("CommunicationForwarded", writer, reader, both).startswith(
        f"CommunicationForwarded: the reader of jauap.routing.events ({', '.join(page.consumers)}),"
        f" built on release {reader}, can't read what release {writer} writes. {words}"
    )


@pytest.mark.parametrize(
    ("name", "whose"),
    [
        ("InformationRequested", "a body's reader of jauap.feed.<body> (MIA's, say)"),
        ("ItemWithdrawn", "a body's reader of jauap.feed.<body> (MIA's, say) and anybody's reader of jauap.public"),
        ("SupplyInformation", "the reader of jauap.submit.<body> (liaison)"),
        ("SendResponse", "the reader of jauap.publication.commands (publication)"),
    ],
)
def test_it_is_said_whose_reader_would_break(name: str, whose: str) -> None:
    """Outside or inside: who changes a schema hears whom it concerns."""
    both = {"1": schema_of(name), "2": copy.deepcopy(schema_of(name))}
    _added(both["2"])
    assert told(name, "1", "2", both).startswith(
        f"{name}: {whose}, built on release 2, can't read what release 1 writes."
    )


def test_a_compatible_change_is_not_caught() -> None:
    """A new field with a default passes both checks, both ways."""
    old = schema_of("CommunicationForwarded")
    new = copy.deepcopy(old)
    new["fields"].append({"name": "added", "type": ["null", "string"], "doc": "It has one.", "default": None})
    for writer, reader in ((old, new), (new, old)):
        assert _read_by_fastavro(writer, reader) is None
        assert _checked_by_avro(writer, reader) == []


def _read_by_fastavro(writer: Json, reader: Json) -> str | None:
    """Why the reader could not read what the writer wrote; None: it could. Arrays are filled, unions vary."""
    parsed, wanted = fastavro.parse_schema(writer), fastavro.parse_schema(reader)
    for sample in generate_many(parsed, SAMPLES):
        stream = BytesIO()
        fastavro.schemaless_writer(stream, parsed, _with_real_dates(sample))
        stream.seek(0)
        try:
            read = fastavro.schemaless_reader(stream, parsed, wanted)
        except Exception as error:  # noqa: BLE001 - whatever it is, it could not be read
            return repr(error)
        assert isinstance(read, dict)
        assert read.keys() == {field["name"] for field in reader["fields"]}
    return None


def _with_real_dates(sample: Json) -> Json:
    """Numbers are made up by fastavro, of any size; dates and instants have small ones."""
    match sample:
        case dict():
            return {key: _with_real_dates(value) for key, value in sample.items()}
        case list():
            return [_with_real_dates(value) for value in sample]
        case bool():
            return sample
        case int():
            return abs(sample) % 30_000
        case _:
            return sample


def _checked_by_avro(writer: Json, reader: Json) -> list[Json]:
    """What Apache Avro's checker has against reading the one's records with the other."""
    checker = avro.compatibility.ReaderWriterCompatibilityChecker()  # type: ignore[no-untyped-call]
    result = checker.get_compatibility(avro.schema.parse(json.dumps(reader)), avro.schema.parse(json.dumps(writer)))
    compatible = result.compatibility is avro.compatibility.SchemaCompatibilityType.compatible
    return [] if compatible else [result.messages or "incompatible"]


@pytest.mark.parametrize("name", [name for name, versions in released().items() if len(versions) > 1])
def test_a_default_is_the_same_in_every_release(name: str) -> None:
    """What an older release can't say, it says by the default: so a value may be written as that one (avro.Codec)."""
    defaults: dict[str, Any] = {}
    for version in released()[name]:
        for path, default in _defaults(json.loads(release(name, version))):
            assert defaults.setdefault(path, default) == default, f"{path} has another default in release {version}"


def _defaults(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each field's path and default, the fields of nested records too."""
    if isinstance(node, list):
        for branch in node:
            yield from _defaults(branch, path)
    elif isinstance(node, dict):
        for field in node.get("fields", ()):
            inner = f"{path}.{field['name']}"
            if "default" in field:
                yield inner, field["default"]
            yield from _defaults(field["type"], inner)
        if "items" in node:
            yield from _defaults(node["items"], path)
