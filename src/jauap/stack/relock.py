"""Write `artifacts.lock.toml` anew: `python -m jauap.stack.relock`, after changing a version here.

Resolves Kafka's jars with jgo from Maven Central and records each file's SHA-256 and size.
"""

import hashlib
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jgo.maven import MavenContext

from jauap.stack.artifacts import LOCK

KAFKA = (
    "org.apache.kafka:kafka_2.13:4.3.1",
    "org.apache.kafka:kafka-tools:4.3.1",
    "org.slf4j:slf4j-simple:1.7.36",
)
REGISTRY = ("io.apicurio", "apicurio-registry-app", "3.3.3", "all", "tar.gz")

_HEADER = "# Written by python -m jauap.stack.relock. Do not edit.\n"


def main() -> None:
    """Resolve, download, hash, write."""
    with tempfile.TemporaryDirectory() as folder:
        context = MavenContext(repo_cache=Path(folder), timeout=60)
        text = _HEADER + _section("kafka", _kafka(context)) + _section("registry", _registry(context))
    Path(__file__).with_name(LOCK).write_text(text)


def _kafka(context: MavenContext) -> Iterable[Any]:
    wanted = [context.create_dependency(coordinate) for coordinate in KAFKA]
    inputs, transitive = context.resolver.resolve(wanted)
    return sorted((dependency.artifact for dependency in [*inputs, *transitive]), key=str)


def _registry(context: MavenContext) -> Iterable[Any]:
    group, name, version, classifier, packaging = REGISTRY
    return [context.project(group, name).at_version(version).artifact(classifier, packaging)]


def _section(part: str, artifacts: Iterable[Any]) -> str:
    return "".join(f"\n[[{part}]]\n{_entry(artifact)}" for artifact in artifacts)


def _entry(artifact: Any) -> str:
    content = artifact.resolve().read_bytes()
    lines = [
        f'group = "{artifact.groupId}"',
        f'name = "{artifact.artifactId}"',
        f'version = "{artifact.version}"',
        f'sha256 = "{hashlib.sha256(content).hexdigest()}"',
        f"size = {len(content)}",
    ]
    if artifact.packaging != "jar":
        lines.append(f'packaging = "{artifact.packaging}"')
    if artifact.classifier:
        lines.append(f'classifier = "{artifact.classifier}"')
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
