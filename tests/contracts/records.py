"""What the contract consists of: each record's class and files."""

import json
from typing import Any

from jauap import schemas
from jauap.domain import commands, events, feeds, submissions
from jauap.domain.facts import Value
from jauap.messaging.outcome import Outcome

Json = Any
"""What `json.loads` gives: dicts, lists, strings, numbers."""

FOLDERS: dict[str, dict[str, type[Value]]] = {
    "events": dict(events.BY_NAME),
    "commands": dict(commands.BY_NAME),
    "feeds": dict(feeds.BY_NAME),
    "submissions": dict(submissions.BY_NAME),
    ".": {"Outcome": Outcome},
}
"""Folder below `avro/` and `examples/`, to the classes whose files stand there, by name."""

RECORDS: dict[str, type[Value]] = {name: kind for kinds in FOLDERS.values() for name, kind in kinds.items()}
FOLDER_OF = {name: folder for folder, kinds in FOLDERS.items() for name in kinds}
ENVELOPE = ("command", "case_id", "command_id", "actor", "expected")
"""The keys of a command's example that are not its payload."""


def schema_of(name: str) -> Json:
    """The record's current schema, as JSON."""
    return json.loads(schemas.text(f"avro/{FOLDER_OF[name]}/{name}.avsc"))


def release(name: str, version: int) -> str:
    """The text of a released schema."""
    return schemas.text(f"released/{name}/{version}.avsc")


def example(name: str) -> dict[str, Any]:
    """The record's example, envelope and all."""
    found = json.loads(schemas.text(f"examples/{FOLDER_OF[name]}/{name}.json"))
    if not isinstance(found, dict):
        raise TypeError(name)
    return found


def payload(name: str) -> dict[str, Any]:
    """The example's content, without a command's envelope."""
    found = example(name)
    return {key: found[key] for key in found if FOLDER_OF[name] != "commands" or key not in ENVELOPE}
