"""What is installed once for all stacks of a user: Kafka's jars, the registry, class archives.

Everything is built beside its place and moved there when it is whole, under a lock, so two
stacks may install at once and an interruption leaves nothing that looks complete.
"""

import dataclasses
import hashlib
import os
import shutil
import tarfile
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from jauap.stack import artifacts, class_archive
from jauap.stack.artifacts import Report
from jauap.stack.folder import require_space
from jauap.stack.java import Java, find_java
from jauap.stack.jvm import Jvm
from jauap.stack.locks import exclusive

SPACE = 2**30
_PATIENCE = 900.0
_HEAP = {"kafka": 512, "registry": 384}  # MB


def default_cache() -> Path:
    """Where downloads are kept: `$XDG_CACHE_HOME/jauap`, by default `~/.cache/jauap`."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "jauap"


class Installation:
    """The programs in a cache folder, downloaded when first asked for."""

    def __init__(self, cache: Path, report: Report) -> None:
        """`report` is told of what takes long."""
        self._cache = cache
        self._report = report

    @cached_property
    def java(self) -> Java:
        """The Java for both; raises `StackError` if there is none that will do."""
        return find_java()

    def broker(self) -> Jvm:
        """What runs Kafka."""
        return self._jvm("kafka")

    def registry(self) -> Jvm:
        """What runs the schema registry."""
        return self._jvm("registry")

    def ensure(self) -> None:
        """Install what is missing; returns at once if nothing is.

        The Java is looked at before anything is downloaded for it.
        """
        if self._complete():
            return
        require_space(self._cache, SPACE)
        waiting = "another stack is installing; waiting for it"
        with exclusive(self._cache / "lock", _PATIENCE, lambda: self._report("install", waiting)):
            for part, unpack in _UNPACK.items():
                self._install(part, unpack)
            self._archive_classes()

    def _complete(self) -> bool:
        return all(self._archive(part).exists() and self._home(part).exists() for part in _UNPACK)

    def _install(self, part: str, unpack: Callable[[list[Path], Path], None]) -> None:
        home = self._home(part)
        if home.exists():
            return
        staging = self._cache / f"{home.name}.part"
        staging.mkdir(parents=True, exist_ok=True)
        files = artifacts.fetch(part, artifacts.locked(part), staging / "maven", self._report)
        self._report(part, "unpacking")
        whole = staging / "whole"
        shutil.rmtree(whole, ignore_errors=True)
        whole.mkdir()
        unpack(files, whole)
        whole.rename(home)
        shutil.rmtree(staging)

    def _archive_classes(self) -> None:
        if all(self._archive(part).exists() for part in _UNPACK):
            return
        self._report("install", "preparing quicker starts (once)")
        built = class_archive.build(self._cache, self._bare_jvm("kafka"), self._bare_jvm("registry"))
        for part, archive in built.items():
            archive.rename(self._archive(part))

    def _jvm(self, part: str) -> Jvm:
        self.ensure()
        bare = self._bare_jvm(part)
        archive = self._archive(part)
        return dataclasses.replace(bare, archive=archive if archive.stat().st_size else None)

    def _bare_jvm(self, part: str) -> Jvm:
        home = self._home(part)
        runner = home / "quarkus-run.jar"
        # Sorted: a class archive is only good for the class path that it was built with.
        jars = (runner,) if runner.exists() else tuple(sorted(home.glob("*.jar")))
        return Jvm(self.java, jars, _HEAP[part])

    def _home(self, part: str) -> Path:
        return self._cache / f"{part}-{artifacts.fingerprint(artifacts.locked(part))}"

    def _archive(self, part: str) -> Path:
        java = hashlib.sha256(f"{self.java.path.resolve()} {self.java.version}".encode())
        return self._cache / f"{self._home(part).name}-{java.hexdigest()[:12]}.jsa"


def _gather(files: list[Path], home: Path) -> None:
    for file in files:
        file.rename(home / file.name)


def _untar(files: list[Path], home: Path) -> None:
    for file in files:
        with tarfile.open(file) as archive:
            # The archive is the pinned one; older 3.11 releases have no filters.
            archive.extraction_filter = getattr(tarfile, "data_filter", lambda member, _path: member)
            archive.extractall(home)  # noqa: S202 - checked against its SHA-256
        file.unlink()


_UNPACK: dict[str, Callable[[list[Path], Path], None]] = {"kafka": _gather, "registry": _untar}
