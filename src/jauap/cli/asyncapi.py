"""The contract as an AsyncAPI 3 document, made from the topic pages, the schemas and the examples.

The public one describes the program of a state body or of anybody who reads: what it receives and what it sends. The
internal one describes our own topics beside them: `receive` and `send` are said from the side of whoever uses a topic.
"""

import json
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from jauap import schemas
from jauap.messaging import avro
from jauap.messaging.topics import BODY, Deployment, Topic, load

Json = Any
"""What `json.loads` gives."""
SPECIFICATION = "3.0.0"
AVRO = "application/vnd.apache.avro;version=1.9.0"
BINDING = "0.5.0"
PRODUCTION = Deployment(partitions=12, replication=3, min_insync=2)
"""What a deployment has that says nothing else."""
CASE_ID = {
    "type": "string",
    "pattern": "^[A-Z0-9-]{1,64}$",
    "description": "The case id, such as KAZ-3-2026, in UTF-8.",
}
COMMAND_ID = {"type": "string", "minLength": 1, "maxLength": 200, "description": "The command's id, in UTF-8."}
COUNTS = frozenset({"max.message.bytes", "retention.bytes", "retention.ms", "min.insync.replicas"})
"""Settings that are numbers."""


def is_public(page: Topic) -> bool:
    """Whether others than our own processes read or write a topic."""
    return page.is_of_bodies or "anyone" in page.consumers


def folder_of(record: str) -> str:
    """The folder below `avro/` and `examples/` where a record stands."""
    folders = ("commands", "events", "feeds", "submissions", ".")
    return next(folder for folder in folders if f"{record}.avsc" in schemas.names(f"avro/{folder}"))


def schema_of(record: str) -> Json:
    """A record's current schema."""
    return json.loads(schemas.text(f"avro/{folder_of(record)}/{record}.avsc"))


def example_of(record: str) -> Json:
    """A record's example."""
    found = json.loads(schemas.text(f"examples/{folder_of(record)}/{record}.json"))
    envelope = ("command", "case_id", "command_id", "actor", "expected", "correlation_id")
    return {key: found[key] for key in found if key not in envelope} if folder_of(record) == "commands" else found


def name_of(page: Topic) -> str:
    """The name of a topic's channel in the document: feed, submit, public, or the topic's own without its prefix."""
    return page.name.removeprefix("jauap.").removesuffix(f".{BODY}")


def document(deployment: Deployment = PRODUCTION, *, internal: bool = False) -> Json:
    """The whole document; with `internal`, our own topics are in it too."""
    pages = [page for page in load() if internal or is_public(page)]
    return {
        "asyncapi": SPECIFICATION,
        "id": "urn:jauap:contract" + (":internal" if internal else ""),
        "info": {
            "title": "jauap: communications from the UN special procedures" + (", all topics" if internal else ""),
            "version": version("jauap"),
            "description": _about(internal=internal),
        },
        "defaultContentType": "application/avro",
        "servers": {"deployment": _server()},
        "channels": {name_of(page): _channel(page, deployment) for page in pages},
        "operations": {name: each for page in pages for name, each in _operations(page).items()},
        "components": {
            "schemas": {
                **{name: _avro(name) for page in pages for name in page.records},
                **{f"{kind}Headers": HEADERS[kind] for kind in dict.fromkeys(map(headers_of, pages))},
            },
            "securitySchemes": {
                "scram": {"type": "scramSha512", "description": "SCRAM-SHA-512, by the credentials that the MFA gave."}
            },
        },
    }


def _about(*, internal: bool) -> str:
    whose = (
        "our own processes, and for those of state bodies" if internal else "programs of state bodies and of the public"
    )
    return (
        f"What {whose} read and write on Kafka. Delivery is at least once: a repeated record has the ce_id of the"
        " first, so keep what you did by ce_id. Order holds within a topic of one partition, and for a case everywhere."
        " Compatibility is FULL_TRANSITIVE: a field is added only with a default, none is renamed, retyped or taken"
        " away, and a change of meaning is a new record; skip a ce_type that you do not know. Documents are named by"
        " their SHA-256. Over HTTP, with the same login: PUT and GET /documents/{sha256}; GET /schemas/ids/{id},"
        " /subjects, /subjects/{subject}/versions/{number or latest}, as Confluent's registry has them."
    )


def _server() -> Json:
    return {
        "host": "{brokers}",
        "protocol": "kafka-secure",
        "description": "TLS, and a login. Host names and credentials come from the MFA; they are of each deployment.",
        "variables": {
            "brokers": {"description": "The brokers, host:port[,host:port].", "examples": ["kafka.example:9094"]}
        },
        "security": [{"$ref": "#/components/securitySchemes/scram"}],
        "bindings": {"kafka": {"schemaRegistryVendor": "confluent", "bindingVersion": BINDING}},
    }


def _channel(page: Topic, deployment: Deployment) -> Json:
    found = {
        "address": page.name.replace(BODY, "{body}"),
        "title": page.name,
        "description": page.purpose,
        "tags": [{"name": "public" if is_public(page) else "internal"}],
        "messages": {record: _message(page, record) for record in page.records},
        "bindings": {"kafka": _kafka_channel(page, deployment)},
        "x-key": page.key,
        "x-retention": page.retention,
        "x-producers": list(page.producers),
        "x-consumers": list(page.consumers),
    }
    if page.is_of_bodies:
        described = "Code of the state body, for ever; its login has the same name."
        found["parameters"] = {"body": {"description": described, "examples": ["MIA", "OMBUDSMAN"]}}
    return found


def _kafka_channel(page: Topic, deployment: Deployment) -> Json:
    return {
        **({} if page.is_of_bodies else {"topic": page.name}),
        "partitions": deployment.partitions_of(page),
        "replicas": deployment.replication,
        "topicConfiguration": {name: _setting(name, value) for name, value in configuration(page, deployment).items()},
        "bindingVersion": BINDING,
    }


def configuration(page: Topic, deployment: Deployment) -> Mapping[str, str]:
    """Kafka's settings of a topic in a deployment."""
    return page.config | {"min.insync.replicas": str(deployment.min_insync)}


def _setting(name: str, value: str) -> Json:
    if name == "cleanup.policy":
        return value.split(",")
    return int(value) if name in COUNTS else value


def _message(page: Topic, record: str) -> Json:
    subject = avro.subject(page.name, record)
    return {
        "name": f"jauap.{record}",
        "title": record,
        "summary": schema_of(record)["doc"],
        "contentType": "application/avro",
        "headers": {"$ref": f"#/components/schemas/{headers_of(page)}Headers"},
        "payload": {"$ref": f"#/components/schemas/{record}"},
        "examples": [{"name": record, "payload": example_of(record)}],
        "bindings": {
            "kafka": {
                "key": CASE_ID if page.key == "case id" else COMMAND_ID,
                "schemaIdLocation": "payload",
                "schemaIdPayloadEncoding": "confluent",
                "schemaLookupStrategy": strategy(page),
                "bindingVersion": BINDING,
            }
        },
        "x-subject": subject,
        "x-release": avro.current(record),
    }


def strategy(page: Topic) -> str:
    """How a record's subject in the registry is named on a topic."""
    return "RecordNameStrategy" if page.is_of_bodies else "TopicRecordNameStrategy"


def headers_of(page: Topic) -> str:
    """The kind of headers that records of a topic have."""
    name = page.name.removeprefix("jauap.")
    if name.startswith("submit."):
        return "submission"
    return "item" if is_public(page) else name.rpartition(".")[2].removesuffix("s")


def _avro(record: str) -> Json:
    return {"schemaFormat": AVRO, "schema": schema_of(record)}


def _operations(page: Topic) -> Json:
    name = name_of(page)
    public = is_public(page)
    reads = {"action": "receive", **_said(page, f"Read {page.name}")} if not public or "submit" not in name else None
    writes = {"action": "send", **_said(page, f"Write {page.name}")} if not public or "submit" in name else None
    if reads and public:
        group = "^([A-Z][A-Z0-9-]*|public)\\..+$"
        described = "Begins with the login's name and a dot, such as MIA.archive: no other group may be used."
        kafka = {"groupId": {"type": "string", "pattern": group, "description": described}, "bindingVersion": BINDING}
        reads["bindings"] = {"kafka": kafka}
    return {f"{verb}.{name}": each for verb, each in (("receive", reads), ("send", writes)) if each}


def _said(page: Topic, title: str) -> Json:
    channel = f"#/channels/{name_of(page)}"
    return {
        "channel": {"$ref": channel},
        "title": title,
        "summary": page.purpose,
        "messages": [{"$ref": f"{channel}/messages/{record}"} for record in page.records],
    }


def _headers(required: str, **described: str | tuple[str, str]) -> Json:
    """The headers of a kind of record: names with their meanings, some with a pattern."""
    properties = {}
    for name, meaning in described.items():
        text, pattern = meaning if isinstance(meaning, tuple) else (meaning, "")
        shown = "content-type" if name == "content_type" else name
        properties[shown] = {"type": "string", "description": text} | ({"pattern": pattern} if pattern else {})
    wanted = list(properties) if required == "all" else required.split()
    return {"type": "object", "properties": properties} | ({"required": wanted} if wanted else {})


HASH = "^[0-9a-f]{64}$"
PLAIN: dict[str, str | tuple[str, str]] = {
    "content_type": ("application/avro.", "^application/avro$"),
    "ce_specversion": ("1.0: CloudEvents.", "^1\\.0$"),
    "ce_type": ("jauap. and the record's name: skip what you do not know.", "^jauap\\.[A-Za-z]+$"),
    "ce_source": "Who wrote it, such as /jauap/liaison.",
    "ce_subject": "The case id; where there is none, the place of the submission, or the command's id.",
    "ce_time": "When it was recorded, UTC, RFC 3339 with milliseconds.",
    "ce_dataschema": ("The schema's name and release.", "^urn:jauap:schema:[A-Za-z]+:[1-9][0-9]*$"),
}
CHAIN: dict[str, str | tuple[str, str]] = {
    "ce_caseseq": ("Sequence in the case's chain on this topic, decimal, from 1.", "^[1-9][0-9]*$"),
    "ce_prevhash": ("Hash of the record before it in the chain.", HASH),
    "ce_hash": ("Its own hash.", HASH),
    "ce_actor": "Who asked, or the service.",
    "ce_seen": "The next offsets of its inputs when it was decided.",
    "ce_commandid": "Id of the command that it decides.",
    "ce_commandtype": "Type of that command.",
    "ce_commandhash": ("Hash of that command's content.", HASH),
    "ce_correlationid": "Id of what the command belongs to.",
    "ce_breakoffset": ("ChainMended only: offset of the break that it mends.", "^[0-9]+$"),
}
CHAINED = " ".join(
    ["content-type", *list(PLAIN)[1:], "ce_id", "ce_caseseq", "ce_prevhash", "ce_hash", "ce_actor", "ce_seen"]
)
ID = "Made from what the item follows from: a repeated item has the id of the first."
HEADERS: dict[str, Json] = {
    "item": _headers("all", **PLAIN, ce_id=(ID, HASH)),
    "submission": _headers(
        "",
        ce_id="The sender's own id of the submission, 1 to 200 printable characters; the answer on the feed names it.",
    ),
    "event": _headers(CHAINED, **PLAIN, ce_id=("The record's hash.", HASH), **CHAIN),
    "command": _headers(
        "ce_id ce_type ce_subject ce_dataschema ce_actor",
        **PLAIN,
        ce_id="The command's id: a repeat with the same id does nothing.",
        ce_actor="Who asks, as declared.",
        ce_correlationid="Id of what the command belongs to.",
        ce_expected="The last sequence of a service that the sender saw: intake:3,routing:1.",
    ),
    "outcome": _headers("all", **PLAIN, ce_id="The command's id, a slash, and the status."),
}
"""What stands in the headers, by kind of record."""
