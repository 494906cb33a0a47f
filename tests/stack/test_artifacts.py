"""The lock of the downloaded archives, and that it is kept to."""

import dataclasses
import hashlib
from importlib import resources
from pathlib import Path

import pytest

from jauap.stack import artifacts
from jauap.stack.artifacts import Artifact, fetch, fingerprint, locked
from jauap.stack.errors import StackError

CONTENT = b"the bytes of an archive"
ARCHIVE = Artifact("org.example", "thing", "1.0", hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))


def _in_place(staging: Path, content: bytes) -> Path:
    """The archive, as if it had been downloaded."""
    path = staging / "org" / "example" / "thing" / "1.0" / "thing-1.0.jar"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def _silent(_part: str, _message: str) -> None:
    pass


def test_every_archive_is_pinned() -> None:
    """No archive without a checksum, and no two files with one name."""
    for part in ("kafka", "registry"):
        archives = locked(part)
        assert all(len(archive.sha256) == 64 and archive.size > 0 for archive in archives)
        assert len({archive.file_name for archive in archives}) == len(archives) > 0


def test_the_lock_names_no_host() -> None:
    """Where archives come from is the machine's business, not the repository's."""
    text = resources.files("jauap.stack").joinpath(artifacts.LOCK).read_text()
    assert "://" not in text
    assert "/" not in text


def test_a_file_that_is_there_and_right_is_not_downloaded_again(tmp_path: Path) -> None:
    """An interrupted installation goes on where it was."""
    path = _in_place(tmp_path, CONTENT)
    assert fetch("kafka", [ARCHIVE], tmp_path, _silent) == [path]


def test_a_file_with_other_bytes_is_thrown_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not match the lock is never used, and is fetched again."""
    path = _in_place(tmp_path, b"half of the by")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")  # nothing can be fetched here
    with pytest.raises(StackError, match=r"thing-1\.0\.jar could not be downloaded"):
        fetch("kafka", [ARCHIVE], tmp_path, _silent)
    assert not path.exists()


def test_other_archives_have_another_fingerprint() -> None:
    """A new version is installed beside the old one."""
    changed = dataclasses.replace(ARCHIVE, sha256="0" * 64)
    assert fingerprint([ARCHIVE]) != fingerprint([changed])
