"""What every document store promises: the same cases for a folder and for a real S3 server."""

import hashlib
import io
import tempfile
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from jauap.documents import CHUNK, DocumentStore, NoSuchDocument, OtherDocument, TooLarge, open_store
from tests.documents.conftest import LARGEST, Kept
from tests.documents.s3_server import S3Server

LETTER = b"a letter"
SHA256 = hashlib.sha256(LETTER).hexdigest()


def test_what_is_added_is_stored_under_its_hash(kept: Kept) -> None:
    """A stream is kept under the SHA-256 of its bytes, and given back as it was, with its size."""
    assert kept.store.add(io.BytesIO(LETTER)) == (SHA256, len(LETTER))
    assert kept.store.state(SHA256, len(LETTER)) == "stored"
    stream, size = kept.store.sized(SHA256)
    with stream:
        assert (stream.read(), size) == (LETTER, len(LETTER))
    assert [f"{path.parent.name}/{path.name}" for path in kept.files()] == [f"{SHA256[:2]}/{SHA256}"]


def test_a_file_is_added_piece_by_piece(kept: Kept, tmp_path: Path) -> None:
    """A file that is longer than one piece is the same document as its bytes."""
    file = tmp_path / "long"
    content = b"x" * (2 * CHUNK + 1)
    file.write_bytes(content)
    sha256, size = kept.store.add(file)
    assert (sha256, size) == (hashlib.sha256(content).hexdigest(), len(content))
    assert kept.store.state(sha256, size) == "stored"


def test_the_same_document_twice_is_one(kept: Kept) -> None:
    """Adding it again changes nothing, many at once neither."""
    with ThreadPoolExecutor(4) as pool:
        added = list(pool.map(lambda _: kept.store.add(io.BytesIO(LETTER)), range(8)))
    assert set(added) == {(SHA256, len(LETTER))}
    assert len(kept.files()) == 1
    assert kept.store.state(SHA256, len(LETTER)) == "stored"


def test_an_empty_document_is_a_document(kept: Kept) -> None:
    """No bytes have a hash too."""
    sha256, size = kept.store.add(io.BytesIO())
    assert (size, kept.store.state(sha256, 0)) == (0, "stored")


@pytest.mark.parametrize("sha256", ["f" * 64, "../../etc/passwd", "", SHA256.upper(), SHA256 + "\n"])
def test_what_is_not_there_is_missing(kept: Kept, sha256: str) -> None:
    """Neither an unknown hash nor what is no hash leads to a document."""
    kept.store.add(io.BytesIO(LETTER))
    assert kept.store.state(sha256, len(LETTER)) == "missing"
    with pytest.raises(NoSuchDocument):
        kept.store.open(sha256)


def test_other_bytes_or_another_size_are_altered(kept: Kept) -> None:
    """What the hash or the size does not match is not that document; adding the right one heals it."""
    kept.store.add(io.BytesIO(LETTER))
    assert kept.store.state(SHA256, len(LETTER) + 1) == "altered"
    [path] = kept.files()
    path.chmod(0o600)
    path.write_bytes(b"A letter")
    assert kept.store.state(SHA256, len(LETTER)) == "altered"
    kept.store.add(io.BytesIO(LETTER))
    assert kept.store.state(SHA256, len(LETTER)) == "stored"


class Torn(io.BytesIO):
    """A stream that breaks off."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell():
            raise OSError(5, "the line went dead")
        return super().read(size)


def test_what_breaks_off_leaves_nothing(kept: Kept) -> None:
    """A document appears whole, or not at all."""
    with pytest.raises(OSError, match="the line went dead"):
        kept.store.add(Torn(LETTER))
    assert kept.files() == []


def test_what_is_not_the_expected_leaves_nothing(kept: Kept) -> None:
    """A hash that was named beforehand holds: neither under it nor under its own do other bytes appear."""
    with pytest.raises(OtherDocument):
        kept.store.add(io.BytesIO(b"A letter"), expected=SHA256)
    assert kept.files() == []
    assert kept.store.add(io.BytesIO(LETTER), expected=SHA256) == (SHA256, len(LETTER))


def test_what_is_too_large_leaves_nothing(kept: Kept) -> None:
    """The largest document is taken, one byte more is not, and the error says how much may be."""
    kept.store.add(io.BytesIO(b"x" * LARGEST))
    with pytest.raises(TooLarge, match="larger than 3 MiB"):
        kept.store.add(io.BytesIO(b"y" * (LARGEST + 1)))
    assert len(kept.files()) == 1


class Zeros(io.RawIOBase):
    """A long stream that is nowhere whole."""

    def __init__(self, size: int) -> None:
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        found = min(len(buffer), self._left)
        self._left -= found
        buffer[:found] = bytes(found)
        return found


def test_memory_does_not_grow_with_the_document(kept: Kept) -> None:
    """Taking in and reading a document of many pieces holds a few of them at a time."""
    size = 20 * CHUNK
    store: DocumentStore = kept.store
    store._largest = size  # noqa: SLF001 - of other tests, it is small
    tracemalloc.start()
    sha256, _ = store.add(cast("BinaryIO", Zeros(size)))
    assert store.state(sha256, size) == "stored"
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 8 * CHUNK


def test_a_document_can_be_deleted(kept: Kept) -> None:
    """A document that was deleted is missing, its hash stays wherever it was written."""
    kept.store.add(io.BytesIO(LETTER))
    [path] = kept.files()
    path.unlink()
    assert kept.store.state(SHA256, len(LETTER)) == "missing"


Asked = Callable[[DocumentStore], object]
ASKED: list[Asked] = [
    lambda store: store.add(io.BytesIO(LETTER)),
    lambda store: store.open(SHA256),
    lambda store: store.state(SHA256, len(LETTER)),
]


@pytest.mark.parametrize("asked", ASKED, ids=["add", "open", "state"])
def test_a_folder_that_can_t_be_used_is_no_missing_document(tmp_path: Path, asked: Asked) -> None:
    """An error says what is wrong, and where."""
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(OSError, match=r"Not a directory|File exists") as raised:
        asked(open_store(str(tmp_path / "taken")))
    assert str(tmp_path / "taken") in str(raised.value)


@pytest.mark.parametrize("asked", ASKED, ids=["add", "open", "state"])
def test_s3_that_refuses_is_no_missing_document(s3: S3Server, tmp_path: Path, asked: Asked) -> None:
    """No such bucket, a wrong secret, nobody there: each is an error that says what and where, never a secret."""
    wrong = tmp_path / "wrong"
    wrong.write_text("0123456789abcdef")
    with pytest.raises(OSError, match=r"NoSuchBucket: 's3://elsewhere/x/ at http://127") as no_bucket:
        asked(open_store(s3.address("x", bucket="elsewhere")))
    with pytest.raises(OSError, match=r"SignatureDoesNotMatch: 's3://documents/x/") as no_login:
        asked(open_store(s3.address("x", secret_key_file=wrong)))
    secrets = [s3.secret_key_file.read_text().strip(), s3.access_key_file.read_text().strip(), wrong.read_text()]
    for raised in (no_bucket, no_login):
        assert not any(secret in f"{raised.value} {raised.value.__cause__}" for secret in secrets)


def test_s3_that_is_not_there_is_told(s3: S3Server) -> None:
    """It is tried a few times, then told."""
    gone = s3._replace(endpoint="http://127.0.0.1:1")
    with pytest.raises(OSError, match=r"EndpointConnectionError: 's3://documents/x/ at http://127.0.0.1:1'"):
        open_store(gone.address("x")).state(SHA256, 1)


def test_drafts_of_s3_leave_no_file(s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are kept where the machine keeps temporary files, and are gone afterwards."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    open_store(s3.address("drafts")).add(io.BytesIO(LETTER))
    assert list(tmp_path.iterdir()) == []
