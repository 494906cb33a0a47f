"""JAUAP_DOCUMENTS: which addresses name a store."""

from pathlib import Path

import pytest

from jauap.documents import open_store
from jauap.s3 import place
from jauap.settings import WrongSetting


@pytest.mark.parametrize(
    ("address", "rule"),
    [
        ("gs://bucket", "must be a folder, or s3://"),
        ("s3://", "must begin with s3://bucket"),
        ("s3://key:secret@bucket/x", "keys are in files"),
        ("s3://bucket/x?endpoint=http://s3.example", "not sent in the clear"),
        ("s3://bucket/x?endpoint=s3.example", "must have an endpoint such as"),
        ("s3://bucket/x?endpoint=https://key:secret@s3.example", "must have an endpoint such as"),
        ("s3://bucket/x?secret=abc", "has parts that are not known: secret"),
        ("s3://bucket/x?access_key_file=/a", "together"),
        (
            "s3://bucket/x?access_key_file=/nowhere/a&secret_key_file=/nowhere/b",
            "names /nowhere/a, which can't be read",
        ),
    ],
)
def test_a_wrong_one_is_told(address: str, rule: str) -> None:
    """The variable and the rule, and never a secret."""
    with pytest.raises(WrongSetting, match=f"JAUAP_DOCUMENTS .*{rule}") as raised:
        open_store(address)
    assert "secret@" not in str(raised.value)


def test_keys_are_read_from_files(tmp_path: Path) -> None:
    """One word in each, whatever ends its line."""
    (tmp_path / "access").write_text("AK\n")
    (tmp_path / "secret").write_text("SK\r\n")
    files = f"access_key_file={tmp_path}/access&secret_key_file={tmp_path}/secret"
    found = place(f"s3://letters/kaz/2026/?endpoint=https://s3.example:9000&region=kz-1&{files}")
    assert (found.bucket, found.prefix, found.region) == ("letters", "kaz/2026/", "kz-1")
    assert (found.access_key, found.secret_key) == ("AK", "SK")
    assert str(found) == "s3://letters/kaz/2026/ at https://s3.example:9000"


def test_without_a_prefix_names_begin_at_the_bucket() -> None:
    """Amazon's own endpoint and the client's own ways to log in are the default."""
    assert place("s3://letters") == ("letters", "", None, None, None, None, None)
