"""Releases never change, and every release reads every other: other ministries do not upgrade with us."""

import copy
import json
from collections.abc import Callable
from io import BytesIO
from itertools import product

import avro.compatibility
import avro.schema
import fastavro
import pytest
from fastavro.utils import generate_many

from jauap import schemas
from jauap.messaging.avro import released
from tests.contracts.records import FOLDER_OF, RECORDS, Json, release, schema_of

SAMPLES = 20

PAIRS = [
    (name, writer, reader) for name, versions in released().items() for writer, reader in product(versions, repeat=2)
]


@pytest.mark.parametrize("name", RECORDS)
def test_the_current_schema_is_released(name: str) -> None:
    """The current schema equals the highest release, since it is the releases that readers have."""
    newest = released().get(name, (0,))[-1]
    current = schemas.text(f"avro/{FOLDER_OF[name]}/{name}.avsc")
    is_released = newest > 0 and release(name, newest) == current
    assert is_released, (
        f"avro/{FOLDER_OF[name]}/{name}.avsc is not released."
        f" Copy it, as it is, to src/jauap/schemas/released/{name}/{newest + 1}.avsc;"
        " never change a file that stands there."
    )


@pytest.mark.parametrize("name", released())
def test_releases_are_numbered_without_gaps(name: str) -> None:
    """Releases are numbered 1, 2, 3: a version that is missing would leave records that nobody can read."""
    assert released()[name] == tuple(range(1, len(released()[name]) + 1))


@pytest.mark.parametrize(("name", "writer", "reader"), PAIRS)
def test_every_release_reads_every_other_with_fastavro(name: str, writer: int, reader: int) -> None:
    """What any release wrote, any other reads, older or newer: with the library that we use."""
    assert _read_by_fastavro(json.loads(release(name, writer)), json.loads(release(name, reader))) is None


@pytest.mark.parametrize(("name", "writer", "reader"), PAIRS)
def test_every_release_reads_every_other_by_apache_avro_s_checker(name: str, writer: int, reader: int) -> None:
    """What any release wrote, any other reads, older or newer: by the rules of Avro's own project."""
    assert _checked_by_avro(json.loads(release(name, writer)), json.loads(release(name, reader))) == []


def _added(schema: Json) -> None:
    schema["fields"].append({"name": "added", "type": "string", "doc": "It has no default."})


def _retyped(schema: Json) -> None:
    schema["fields"][0]["type"] = "boolean"


def _renamed(schema: Json) -> None:
    schema["fields"][0]["name"] = "renamed"


def _deeply_added(schema: Json) -> None:
    schema["fields"][0]["type"]["items"]["fields"].append({"name": "added", "type": "long", "doc": "No default."})


@pytest.mark.parametrize("change", [_added, _retyped, _renamed, _deeply_added])
def test_an_incompatible_change_is_caught(change: Callable[[Json], None]) -> None:
    """Both checks above find a change that would break a reader, so that they are worth having."""
    old = schema_of("CommunicationForwarded")
    new = copy.deepcopy(old)
    change(new)
    assert _read_by_fastavro(old, new) is not None
    assert _checked_by_avro(old, new) != []


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
