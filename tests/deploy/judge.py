"""Judging resources by schemas that allow nothing that they don't name: a misspelt field is a fault, not a wish."""

from collections.abc import Iterable
from functools import cache
from typing import Any

import jsonschema
import kubernetes_validate

from tests.deploy.tools import Manifest, strimzi

VERSIONS = ("1.33", "1.37")
"""Of Kubernetes: the oldest and the newest that the manifests are for."""
OPEN = "x-kubernetes-preserve-unknown-fields"
STRIMZI = "kafka.strimzi.io/v1"


def faults(resources: Iterable[Manifest]) -> list[str]:
    """What the schemas have against resources, each with its kind and name."""
    return [f"{one['kind']} {one['metadata']['name']}: {words}" for one in resources for words in _of_one(one)]


def _of_one(resource: Manifest) -> Iterable[str]:
    if resource["apiVersion"] == STRIMZI:
        yield from (f"{error.json_path} {error.message}" for error in _defined(resource["kind"]).iter_errors(resource))
        return
    for version in VERSIONS:
        try:
            kubernetes_validate.validate(resource, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            yield f"{error.json_path} {error.message} ({version})"
        except kubernetes_validate.SchemaNotFoundError as error:
            yield str(error.message)


@cache
def _defined(kind: str) -> jsonschema.Draft202012Validator:
    [version] = strimzi()[kind]["spec"]["versions"]
    assert version["name"] == STRIMZI.partition("/")[2]
    return jsonschema.Draft202012Validator(_closed(version["schema"]["openAPIV3Schema"]))


def _closed(schema: Any) -> Any:
    """The same schema, which refuses what it does not name, as an API server does when it is asked to be strict."""
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("x-kubernetes-int-or-string"):
        return {"type": ["integer", "string"]}
    # What stands in anyOf and its like says more of the same fields; it names not all of them.
    closed = {
        key: value if key in ("anyOf", "oneOf", "allOf", "not") else _closed(value) for key, value in schema.items()
    }
    if isinstance(schema.get("properties"), dict) and not schema.get(OPEN) and "additionalProperties" not in schema:
        closed["additionalProperties"] = False
    return closed
