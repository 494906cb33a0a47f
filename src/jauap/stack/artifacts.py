"""The pinned Java archives: which they are, and how they come onto this machine, verified.

`artifacts.lock.toml` names each archive with its SHA-256 and size; `python -m jauap.stack.relock`
writes it. Nothing is resolved at run time: what the lock does not name is not downloaded, and
what does not match it is not used.
"""

import hashlib
import threading
import tomllib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from jauap.stack.errors import StackError

Report = Callable[[str, str], None]
"""Told what happens, as it happens: the part's name and a few words."""

LOCK = "artifacts.lock.toml"
_PARALLEL = 4
_TIMEOUT = 60  # seconds without a byte


@dataclass(frozen=True)
class Artifact:
    """One archive, by its Maven coordinates; `size` is in bytes."""

    group: str
    name: str
    version: str
    sha256: str
    size: int
    packaging: str = "jar"
    classifier: str = ""

    @property
    def file_name(self) -> str:
        """The name that Maven gives to the file."""
        classifier = f"-{self.classifier}" if self.classifier else ""
        return f"{self.name}-{self.version}{classifier}.{self.packaging}"


def locked(part: str) -> tuple[Artifact, ...]:
    """The archives that a part (`kafka`, `registry`) is made of."""
    text = resources.files("jauap.stack").joinpath(LOCK).read_text()
    return tuple(Artifact(**entry) for entry in tomllib.loads(text)[part])


def fingerprint(artifacts: Sequence[Artifact]) -> str:
    """A short name for exactly these archives."""
    together = "".join(sorted(artifact.sha256 for artifact in artifacts))
    return hashlib.sha256(together.encode()).hexdigest()[:12]


def fetch(part: str, artifacts: Sequence[Artifact], staging: Path, report: Report) -> list[Path]:
    """Download what `staging` does not hold yet, verify all of it, and return the files.

    What was fetched before an interruption is used again, once it has been verified.
    """
    progress = _Progress(part, sum(artifact.size for artifact in artifacts), report)
    context = _maven(staging, progress)
    pool = ThreadPoolExecutor(_PARALLEL)
    try:
        return list(pool.map(lambda artifact: _fetch_one(context, artifact), artifacts))
    finally:
        pool.shutdown(cancel_futures=True)


def matches(path: Path, artifact: Artifact) -> bool:
    """Whether a file is the one that the lock names."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == artifact.sha256


def _fetch_one(context: Any, artifact: Artifact) -> Path:
    component = context.project(artifact.group, artifact.name).at_version(artifact.version)
    wanted = component.artifact(artifact.classifier, artifact.packaging)
    cached: Path = wanted.cached_path
    if cached.exists() and not matches(cached, artifact):
        cached.unlink()
    try:
        path: Path = wanted.resolve()
    except (OSError, RuntimeError) as error:
        cached.unlink(missing_ok=True)
        raise StackError(
            f"{artifact.file_name} could not be downloaded: {_brief(error)}",
            "Check the connection to Maven Central and try again; what has arrived is kept.",
        ) from error
    if not matches(path, artifact):
        path.unlink()
        raise StackError(
            f"{artifact.file_name} is not the file that the lock names: its SHA-256 differs.",
            "Try again; if it stays so, somebody between here and Maven Central changes files.",
        )
    return path


def _brief(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"{text[:200].rstrip('.')}."


def _maven(staging: Path, progress: "_Progress") -> Any:
    """A jgo context that downloads into `staging` from jgo's default, Maven Central."""
    from jgo.maven import MavenContext, PythonResolver  # noqa: PLC0415 - slow, rarely needed

    return MavenContext(
        resolver=PythonResolver(progress_callback=progress.of_file),
        repo_cache=staging,
        timeout=_TIMEOUT,
    )


class _Progress:
    """Says every tenth of the way; many threads add to it."""

    def __init__(self, part: str, total: int, report: Report) -> None:
        self._part = part
        self._total = total
        self._report = report
        self._lock = threading.Lock()
        self._done = 0
        self._said = 0

    @contextmanager
    def of_file(self, _name: str, _size: int) -> Iterator[Callable[[int], None]]:
        """The form in which jgo wants it."""
        yield self._add

    def _add(self, count: int) -> None:
        with self._lock:
            self._done += count
            tenths = 10 * self._done // self._total
            if tenths > self._said:
                self._said = tenths
                done, total = self._done // 2**20, self._total // 2**20
                self._report(self._part, f"downloading, {done} of {total} MB")
