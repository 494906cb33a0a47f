"""The document store: a folder in which each document is named by the SHA-256 of its bytes (docs/decisions/0007).

An event holds a document's hash, size, media type, language and title; the bytes are here, and only here. What
the hash does not match is not that document. A document can be deleted while its hash stays in the log.
"""

import errno
import hashlib
import os
import re
import tempfile
from pathlib import Path
from typing import BinaryIO

from jauap.domain.checks import DocumentState

SHA256 = re.compile(r"[0-9a-f]{64}")
CHUNK = 1 << 20
LARGEST = 512 * 2**20
"""Bytes of a document, at most: the store must not eat the disk that the log is on."""
READ_ONLY = 0o440
FOLDER = 0o750


class NoSuchDocument(Exception):
    """The document store has no document with this hash."""


class DocumentStore:
    """The documents of one deployment, in a folder: `ab/ab12…` under the hash's first two digits.

    Any number of processes may add the same document at the same time: a file appears under its name whole, or not
    at all. OSError passes through, because a disk that can't be read says nothing about a document.
    """

    def __init__(self, folder: Path) -> None:
        """Name the folder; it is made when the first document is added."""
        self._folder = folder

    def add(self, source: Path | BinaryIO) -> tuple[str, int]:
        """Take a file or a stream in, and give its SHA-256 and its size in bytes once it is safe on the disk.

        What stood there under this hash is replaced by the same bytes, which heals an altered document.
        """
        if isinstance(source, Path):
            if source.exists() and not source.is_file():
                raise OSError(errno.EINVAL, "it is no regular file", str(source))
            with source.open("rb") as stream:
                return self.add(stream)
        return self._add(source)

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
        if SHA256.fullmatch(sha256) is None:
            raise NoSuchDocument
        try:
            return self._path(sha256).open("rb")
        except FileNotFoundError:
            raise NoSuchDocument from None

    def _path(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256

    def _add(self, stream: BinaryIO) -> tuple[str, int]:
        self._folder.mkdir(mode=FOLDER, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._folder, prefix=".incoming-")
        draft = Path(name)
        try:
            with os.fdopen(handle, "wb") as copy:
                sha256, size = digest(stream, copy)
                copy.flush()
                os.fchmod(copy.fileno(), READ_ONLY)
                os.fsync(copy.fileno())
            self._publish(draft, self._path(sha256))
        finally:
            draft.unlink(missing_ok=True)
        return sha256, size

    def _publish(self, draft: Path, path: Path) -> None:
        """Give a whole file its name; both folders are on the disk too, so that a power cut loses nothing."""
        path.parent.mkdir(mode=FOLDER, exist_ok=True)
        draft.replace(path)
        for folder in (path.parent, self._folder):
            handle = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def digest(stream: BinaryIO, copy: BinaryIO | None = None) -> tuple[str, int]:
    """The SHA-256, in lower-case hexadecimal digits, and the size of a stream's bytes, which are copied if asked."""
    sha256, size = hashlib.sha256(), 0
    while chunk := stream.read(CHUNK):
        sha256.update(chunk)
        size += len(chunk)
        if copy is not None and size > LARGEST:
            raise OSError(errno.EFBIG, f"it is larger than {LARGEST // 2**20} MiB")
        if copy is not None:
            copy.write(chunk)
    return sha256.hexdigest(), size
