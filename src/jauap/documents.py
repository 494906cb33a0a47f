"""The document store: each document is named by the SHA-256 of its bytes (docs/decisions/0007).

An event holds a document's hash, size, media type, language and title; the bytes are here, and only here. What
the hash does not match is not that document. A document can be deleted while its hash stays in the log.
"""

import errno
import hashlib
import os
import re
import shutil
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO

from jauap.domain.checks import DocumentState
from jauap.settings import WrongSetting

SHA256 = re.compile(r"[0-9a-f]{64}")
CHUNK = 1 << 20
LARGEST = 512 * 2**20
"""Bytes of a document, at most: the store must not eat the disk that the log is on."""
KEPT_FREE = 5 * 2**30
"""Bytes that stay free on the store's disk, or a twentieth of it if that is less: the log may be on the same."""
READ_ONLY = 0o440
FOLDER = 0o750


class NoSuchDocument(Exception):
    """The document store has no document with this hash."""


class OtherDocument(Exception):
    """The bytes have another SHA-256 than the one that was named."""


class TooLarge(OSError):
    """The document is larger than the store takes."""

    def __init__(self, largest: int) -> None:
        super().__init__(errno.EFBIG, f"it is larger than {largest / 2**20:g} MiB")


class DocumentStore(ABC):
    """The documents of one deployment, at `ab/ab12…` under the hash's first two digits.

    Any number of processes may add the same document at the same time: it appears under its name whole, or not at
    all. OSError passes through, because a place that can't be read says nothing about a document.
    """

    def __init__(self, largest: int = LARGEST) -> None:
        """Name the size in bytes that a document may have."""
        self._largest = largest

    def add(self, source: Path | BinaryIO, expected: str | None = None) -> tuple[str, int]:
        """Take a file or a stream in, and give its SHA-256 and its size in bytes once it is safe.

        What stood there under this hash is replaced by the same bytes, which heals an altered document. Raises
        OtherDocument, and keeps nothing, if its hash is not the one expected; TooLarge.
        """
        if isinstance(source, Path):
            if source.exists() and not source.is_file():
                raise OSError(errno.EINVAL, "it is no regular file", str(source))
            with source.open("rb") as stream:
                return self.add(stream, expected)
        with self._draft() as draft:
            sha256, size = digest(source, draft, self._largest, self._has_room)
            if expected not in (None, sha256):
                raise OtherDocument
            self._publish(draft, sha256, size)
        return sha256, size

    def state(self, sha256: str, size: int) -> DocumentState:
        """Say whether the bytes are those of this hash and size, by reading them: stored, missing or altered."""
        try:
            with self.open(sha256) as stream:
                found = digest(stream)
        except NoSuchDocument:
            return "missing"
        return "stored" if found == (sha256, size) else "altered"

    def open(self, sha256: str) -> BinaryIO:
        """Open a document for reading. Raises NoSuchDocument. Its bytes are only as right as `state` says."""
        return self.sized(sha256)[0]

    def sized(self, sha256: str) -> tuple[BinaryIO, int]:
        """The same, with the number of its bytes."""
        if SHA256.fullmatch(sha256) is None:
            raise NoSuchDocument
        return self._read(f"{sha256[:2]}/{sha256}")

    @abstractmethod
    def _has_room(self) -> None:
        """Raise OSError where the store takes no more."""

    @abstractmethod
    def _draft(self) -> AbstractContextManager[BinaryIO]:
        """Where bytes are collected until their hash is known; gone at the end, unless published."""

    @abstractmethod
    def _publish(self, draft: BinaryIO, sha256: str, size: int) -> None:
        """Let a whole draft appear under its name at once."""

    @abstractmethod
    def _read(self, name: str) -> tuple[BinaryIO, int]:
        """Open what stands under a name, and give its size. Raises NoSuchDocument."""


def open_store(address: str, largest: int = LARGEST) -> DocumentStore:
    """The store at JAUAP_DOCUMENTS: a folder, or s3://bucket/prefix?endpoint=…. Nothing is asked of it yet.

    Raises WrongSetting.
    """
    if address.startswith("s3://"):
        from jauap.s3 import S3Store  # noqa: PLC0415 - its client is slow to import, and need not be installed

        return S3Store(address, largest)
    if "://" in address:
        raise WrongSetting("JAUAP_DOCUMENTS", "must be a folder, or s3://bucket/prefix?endpoint=https://…&region=…")
    return FolderStore(Path(address), largest)


class FolderStore(DocumentStore):
    """Documents in a folder, on a disk that every process of the deployment has."""

    def __init__(self, folder: Path, largest: int = LARGEST) -> None:
        """Name the folder; it is made when the first document is added."""
        super().__init__(largest)
        self._folder = folder

    def _read(self, name: str) -> tuple[BinaryIO, int]:
        try:
            stream = (self._folder / name).open("rb")
        except FileNotFoundError:
            raise NoSuchDocument from None
        return stream, os.fstat(stream.fileno()).st_size

    def _has_room(self) -> None:
        disk = shutil.disk_usage(self._folder)
        if disk.free < min(KEPT_FREE, disk.total // 20):
            raise OSError(errno.ENOSPC, "too little room is left on its disk", str(self._folder))

    @contextmanager
    def _draft(self) -> Iterator[BinaryIO]:
        self._folder.mkdir(mode=FOLDER, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._folder, prefix=".incoming-")
        os.close(handle)
        try:
            with Path(name).open("wb") as draft:
                yield draft
        finally:
            Path(name).unlink(missing_ok=True)

    def _publish(self, draft: BinaryIO, sha256: str, size: int) -> None:  # noqa: ARG002 - S3 must be told the size
        """Give a whole file its name; both folders are on the disk too, so that a power cut loses nothing."""
        path = self._folder / sha256[:2] / sha256
        draft.flush()
        os.fchmod(draft.fileno(), READ_ONLY)
        os.fsync(draft.fileno())
        path.parent.mkdir(mode=FOLDER, exist_ok=True)
        Path(draft.name).replace(path)
        for folder in (path.parent, self._folder):
            handle = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def digest(
    stream: BinaryIO,
    copy: BinaryIO | None = None,
    largest: int = LARGEST,
    has_room: Callable[[], None] = lambda: None,
) -> tuple[str, int]:
    """The SHA-256, in lower-case hexadecimal digits, and the size of a stream's bytes, which are copied if asked.

    Raises TooLarge, if a copy is asked for, and what `has_room` raises before each piece of it.
    """
    sha256, size = hashlib.sha256(), 0
    while chunk := stream.read(CHUNK):
        sha256.update(chunk)
        size += len(chunk)
        if copy is not None and size > largest:
            raise TooLarge(largest)
        if copy is not None:
            has_room()
            copy.write(chunk)
    return sha256.hexdigest(), size
