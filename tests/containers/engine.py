"""The container engine of this machine, and the images that the deployment needs.

Docker is taken where it answers, with the official images. Else it is podman, in a store of its own: where no image
can be pulled, the official ones have stand-ins, made of Debian's packages and the jars that the local parts run.

    python -m tests.containers.engine        make ready what the tests of the containers need, and say what was done
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from jauap.stack.artifacts import fingerprint, locked
from jauap.stack.installation import Installation, default_cache
from jauap.stack.java import find_java
from jauap.stack.locks import exclusive

ROOT = Path(__file__).parents[2]
STANDINS = Path(__file__).with_name("standins")
IMAGE = "localhost/jauap:test"
BASE = "docker.io/library/python:3.11-slim-bookworm"
PATIENCE = 900.0
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
CONFIGURATION = """\
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=4096:4096"]
[engine]
runtime = "runc"
"""


PROGRAM = """\
#!/bin/sh
export CONTAINERS_CONF={store}/containers.conf
exec /usr/bin/podman --root {store}/root --runroot /tmp/jauap-containers "$@"
"""


class EngineError(Exception):
    """The engine did not do what it was told: `status`, and what it `told` on standard output and error."""

    def __init__(self, message: str, status: int = 1, told: str = "") -> None:
        super().__init__(f"{message}\n{told[-6000:]}")
        self.status, self.told = status, told


@dataclass(frozen=True)
class Engine:
    """How the engine is called."""

    command: tuple[str, ...]
    compose: tuple[str, ...]
    build_options: tuple[str, ...] = ()
    images: Mapping[str, str] = field(default_factory=dict)
    """What the compose file's variables for other people's images are set to."""

    def run(self, *arguments: str, timeout: float = 300.0, given: str | None = None) -> str:
        """Call the engine; gives what it printed. Raises EngineError."""
        return self._call((*self.command, *arguments), {}, timeout, given)

    def compose_run(
        self, project: str, *arguments: str, environment: Mapping[str, str], given: str | None = None
    ) -> str:
        """Call compose for a project of the deployment's file. Raises EngineError."""
        told = {**self.images, "JAUAP_IMAGE": IMAGE, **environment}
        return self._call((*self.compose, "--project-name", project, *arguments), told, 600.0, given)

    def inspect(self, name: str) -> dict[str, Any]:
        """What the engine knows of an image or container."""
        found: list[dict[str, Any]] = json.loads(self.run("inspect", name))
        return found[0]

    def check_health(self, container: str) -> None:
        """Whether a container is healthy by its own check. Raises EngineError."""
        if self.images:
            self.run("healthcheck", "run", container)  # podman leaves the clock to systemd, which may not be there
        elif (status := self.inspect(container)["State"]["Health"]["Status"]) != "healthy":
            raise EngineError(status)

    @contextmanager
    def service(self, socket: Path) -> Iterator[dict[str, str]]:
        """What testcontainers needs to be told of this engine: podman answers on a socket only when asked to."""
        if not self.images:
            yield {}
            return
        serving = subprocess.Popen([*self.command, "system", "service", "--time", "0", f"unix://{socket}"])
        try:
            deadline = time.monotonic() + 30.0
            while not socket.exists() and time.monotonic() < deadline:
                time.sleep(0.05)
            yield {
                **self.images,
                "DOCKER_HOST": f"unix://{socket}",
                "TESTCONTAINERS_RYUK_DISABLED": "true",
                "TESTCONTAINERS_CONNECTION_MODE": "docker_host",
            }
        finally:
            serving.terminate()
            serving.wait(30.0)

    def _call(self, command: Sequence[str], told: Mapping[str, str], timeout: float, given: str | None) -> str:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, **told},
            input=given,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if done.returncode != 0:
            raise EngineError(" ".join(command), done.returncode, done.stdout + done.stderr)
        return done.stdout


@cache
def engine() -> Engine | None:
    """That of this machine; None: there is none."""
    if shutil.which("docker") and _answers("docker", "info"):
        return Engine(("docker",), ("docker", "compose"))
    if os.geteuid() == 0 and shutil.which("podman") and shutil.which("runc"):
        return _podman(default_cache() / "containers")
    return None


def prepare() -> None:
    """Make sure that the images are there, and that ours is that of the files as they are now. Raises EngineError."""
    found = engine()
    if found is None:
        raise EngineError("There is no container engine: make tools says what is missing.")
    with exclusive(default_cache() / "containers.lock", PATIENCE, lambda: None):
        if found.images:
            _stand_in(found)
        with _timed(f"image {IMAGE}"):
            found.run("build", *found.build_options, "--tag", IMAGE, ".", timeout=PATIENCE)


def _answers(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, timeout=30.0, check=False).returncode == 0


def _podman(store: Path) -> Engine:
    """Podman on a store of its own, by a program that says so: what calls it needs to know nothing of that."""
    store.mkdir(parents=True, exist_ok=True)
    written = {
        store / "containers.conf": CONFIGURATION,
        store / "podman": PROGRAM.format(store=store),
    }
    for file, content in written.items():
        if not file.exists() or file.read_text() != content:
            file.write_text(content)
            file.chmod(0o755)
    compose = Path(sysconfig.get_path("scripts"), "podman-compose")
    return Engine(
        (str(store / "podman"),),
        (str(compose), "--podman-path", str(store / "podman"), "--in-pod", "false"),
        build_options=("--network", "host", "--format", "docker", "--timestamp", "0"),
        images={f"{name.upper()}_IMAGE": _stand_in_name(name) for name in ("kafka", "registry", "postgres")},
    )


def _stand_in(podman: Engine) -> None:
    """Make the stand-ins that are missing."""
    if not _has(podman, BASE):
        with _timed(f"stand-in for {BASE}"):
            base = default_cache() / "containers" / "base.tar"
            with base.open("wb") as tar:
                subprocess.run(["/bin/bash", str(STANDINS / "base.sh")], stdout=tar, check=True, timeout=PATIENCE)
            podman.run("import", str(base), f"{BASE}-bare")
            base.unlink()
            podman.run(
                "build", "--tag", BASE, "--file", "-", str(AUTHORITIES.parent),
                given=f"FROM {BASE}-bare\nCOPY {AUTHORITIES.name} {AUTHORITIES}\nENV PIP_CERT={AUTHORITIES}\n",
            )  # fmt: skip
    installed = Installation(default_cache(), lambda _part, _words: None)
    contexts = {
        "java": find_java().path.parents[1],
        "kafka": installed.broker().jars[0].parent,
        "registry": installed.registry().jars[0].parent,
        "postgres": None,
    }
    for name, context in contexts.items():
        if not _has(podman, _stand_in_name(name)):
            with _timed(f"stand-in for {name}"):
                more = () if context is None else ("--build-context", f"{name}={context}")
                file = STANDINS / f"{name}.Containerfile"
                podman.run(
                    "build", "--network", "host", "--build-arg", f"JAVA={_stand_in_name('java')}", "--tag",
                    _stand_in_name(name), *more, "--file", str(file),
                    str(STANDINS), timeout=PATIENCE,
                )  # fmt: skip


@cache
def _stand_in_name(name: str) -> str:
    """Its recipe's hash is in the name: another recipe is another image."""
    recipe = hashlib.sha256()
    for file in sorted(STANDINS.iterdir()):
        recipe.update(file.read_bytes())
    for part in ("kafka", "registry"):
        recipe.update(fingerprint(locked(part)).encode())
    return f"localhost/{name}:{recipe.hexdigest()[:12]}"


def _has(podman: Engine, image: str) -> bool:
    try:
        podman.run("image", "exists", image)
    except EngineError:
        return False
    return True


@contextmanager
def _timed(what: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    sys.stderr.write(f"{what}: {time.monotonic() - began:.1f} s\n")


if __name__ == "__main__":
    try:
        prepare()
    except EngineError as error:
        sys.exit(str(error))
