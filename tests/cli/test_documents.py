"""The document store, and `jauap documents`."""

import hashlib
import io
import json
from pathlib import Path

import pytest

from jauap.documents import CHUNK, DocumentStore, NoSuchDocument
from tests.cli.fakes import jauap

LETTER = b"a letter"
SHA256 = hashlib.sha256(LETTER).hexdigest()


@pytest.fixture
def store(tmp_path: Path) -> DocumentStore:
    """An empty store, whose folder is not there yet."""
    return DocumentStore(tmp_path / "deep" / "store")


def stored(tmp_path: Path) -> list[Path]:
    """All files in the store's folder."""
    return [path for path in (tmp_path / "deep" / "store").rglob("*") if path.is_file()]


def test_what_is_added_is_stored_under_its_hash(store: DocumentStore, tmp_path: Path) -> None:
    """A stream is kept under the SHA-256 of its bytes, and given back as it was."""
    assert store.add(io.BytesIO(LETTER)) == (SHA256, len(LETTER))
    assert store.state(SHA256, len(LETTER)) == "stored"
    with store.open(SHA256) as stream:
        assert stream.read() == LETTER
    assert [path.name for path in stored(tmp_path)] == [SHA256]


def test_a_file_is_added_piece_by_piece(store: DocumentStore, tmp_path: Path) -> None:
    """A file that is longer than one piece is the same document as its bytes."""
    file = tmp_path / "long"
    content = b"x" * (2 * CHUNK + 1)
    file.write_bytes(content)
    assert store.add(file) == (hashlib.sha256(content).hexdigest(), len(content))


def test_the_same_document_twice_is_one(store: DocumentStore, tmp_path: Path) -> None:
    """Adding it again changes nothing."""
    assert store.add(io.BytesIO(LETTER)) == store.add(io.BytesIO(LETTER))
    assert len(stored(tmp_path)) == 1


def test_an_empty_document_is_a_document(store: DocumentStore) -> None:
    """No bytes have a hash too."""
    sha256, size = store.add(io.BytesIO())
    assert (size, store.state(sha256, 0)) == (0, "stored")


@pytest.mark.parametrize("sha256", ["f" * 64, "../../etc/passwd", "", SHA256.upper(), SHA256 + "\n"])
def test_what_is_not_there_is_missing(store: DocumentStore, sha256: str) -> None:
    """Neither an unknown hash nor what is no hash leads to a file."""
    store.add(io.BytesIO(LETTER))
    assert store.state(sha256, len(LETTER)) == "missing"
    with pytest.raises(NoSuchDocument):
        store.open(sha256)


def test_other_bytes_or_another_size_are_altered(store: DocumentStore, tmp_path: Path) -> None:
    """What the hash or the size does not match is not that document; adding the right one heals it."""
    store.add(io.BytesIO(LETTER))
    assert store.state(SHA256, len(LETTER) + 1) == "altered"
    [path] = stored(tmp_path)
    path.chmod(0o600)
    path.write_bytes(b"A letter")
    assert store.state(SHA256, len(LETTER)) == "altered"
    store.add(io.BytesIO(LETTER))
    assert store.state(SHA256, len(LETTER)) == "stored"


class Torn(io.BytesIO):
    """A stream that breaks off."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell():
            raise OSError(5, "the line went dead")
        return super().read(size)


def test_what_breaks_off_leaves_nothing(store: DocumentStore, tmp_path: Path) -> None:
    """A document appears whole, or not at all."""
    with pytest.raises(OSError, match="the line went dead"):
        store.add(Torn(LETTER))
    assert stored(tmp_path) == []


def test_a_document_can_be_deleted(store: DocumentStore, tmp_path: Path) -> None:
    """A document that was deleted is missing, its hash stays wherever it was written."""
    store.add(io.BytesIO(LETTER))
    [path] = stored(tmp_path)
    path.unlink()
    assert store.state(SHA256, len(LETTER)) == "missing"


def test_the_command_prints_what_a_command_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash, size and media type of each file are printed, for people and for programs."""
    monkeypatch.setenv("JAUAP_DOCUMENTS", str(tmp_path / "store"))
    file = tmp_path / "letter.pdf"
    file.write_bytes(LETTER)
    assert jauap("documents", "add", str(file)).stdout == f"{SHA256}  {len(LETTER)}  application/pdf\n"
    result = jauap("documents", "add", "--json", str(file), str(file))
    assert json.loads(result.stdout) == [{"sha256": SHA256, "size": 8, "media_type": "application/pdf"}] * 2


def test_a_file_that_can_t_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence and status 1."""
    monkeypatch.setenv("JAUAP_DOCUMENTS", str(tmp_path / "store"))
    result = jauap("documents", "add", str(tmp_path / "nothing.pdf"))
    assert result.exit_code == 1
    assert "nothing.pdf can't be read or written: No such file or directory." in result.stderr
