"""`jauap documents`."""

import hashlib
import json
from pathlib import Path

import pytest

from tests.cli.fakes import jauap

LETTER = b"a letter"
SHA256 = hashlib.sha256(LETTER).hexdigest()


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


def test_a_store_that_can_t_be_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence and status 1."""
    monkeypatch.setenv("JAUAP_DOCUMENTS", "s3://letters?secret=abc")
    result = jauap("documents", "add", str(tmp_path / "letter.pdf"))
    assert result.exit_code == 1
    assert "JAUAP_DOCUMENTS has parts that are not known: secret" in result.stderr
