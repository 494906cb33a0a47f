"""What `jauap apply` says where it can't go on."""

import errno
import os

import pytest
import typer

from jauap.cli.apply import plain_errors


def test_a_folder_of_secrets_that_can_t_be_written_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """In a sentence that names the file, not by a traceback."""
    with pytest.raises(typer.Exit) as ended, plain_errors():
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), "/secrets/MIA.new")
    assert ended.value.exit_code == 1
    assert "/secrets/MIA.new can't be used: Read-only file system." in capsys.readouterr().err
