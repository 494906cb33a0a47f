"""The settings of the service: what is missing or can't be so stops the start with one line."""

from pathlib import Path

import pytest
import trustme

from jauap import process
from jauap.messaging.connection import Login
from jauap.settings import WrongSetting
from jauap.stop import Stop
from services.documents import app

OWN = ("JAUAP_HTTP", "JAUAP_HTTP_CERTIFICATE", "JAUAP_HTTP_KEY", "JAUAP_HTTP_PROXY", "JAUAP_LARGEST_DOCUMENT")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with a certificate, a key that belongs to it, and a password."""
    issued = trustme.CA().issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "certificate.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    trustme.CA().private_key_pem.write_to_path(tmp_path / "other.pem")
    (tmp_path / "password").write_text("secret")
    return tmp_path


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch, files: Path) -> None:
    """What it must have, and none of the rest."""
    for name in (*OWN, "JAUAP_BODIES", "JAUAP_READY_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("JAUAP_KAFKA", str(Login("sasl_ssl", "documents", "127.0.0.1:1", files / "password")))
    monkeypatch.setenv("JAUAP_REGISTRY", "http://127.0.0.1:1")
    monkeypatch.setenv("JAUAP_DOCUMENTS", str(files / "store"))


def given(monkeypatch: pytest.MonkeyPatch, files: Path, told: str) -> app.Settings:
    """Read settings such as `JAUAP_HTTP=0.0.0.0:1 JAUAP_HTTP_KEY=@key.pem`, where @ is the folder."""
    for one in told.split():
        name, _, value = one.partition("=")
        monkeypatch.setenv(name, value.replace("@", f"{files}/"))
    return app.from_environment()


@pytest.mark.parametrize(
    ("told", "rule"),
    [
        ("JAUAP_HTTP=0.0.0.0:8443", "JAUAP_HTTP must be on loopback without"),
        ("JAUAP_HTTP=[::]:8443", "JAUAP_HTTP must be on loopback without"),
        ("JAUAP_HTTP=8443", "JAUAP_HTTP must be an address"),
        ("JAUAP_HTTP=127.0.0.1:99999", "JAUAP_HTTP must be an address"),
        ("JAUAP_HTTP_KEY=@key.pem", "JAUAP_HTTP_CERTIFICATE and JAUAP_HTTP_KEY must be set together"),
        ("JAUAP_HTTP_CERTIFICATE=@certificate.pem JAUAP_HTTP_KEY=@other.pem", "belong together"),
        ("JAUAP_HTTP_CERTIFICATE=@certificate.pem JAUAP_HTTP_KEY=@nowhere.pem", "belong together"),
        ("JAUAP_HTTP_PROXY=proxy.example", "JAUAP_HTTP_PROXY must be"),
        ("JAUAP_LARGEST_DOCUMENT=0", "JAUAP_LARGEST_DOCUMENT must be"),
        ("JAUAP_LARGEST_DOCUMENT=6000000000", "JAUAP_LARGEST_DOCUMENT must be"),
        ("JAUAP_LARGEST_DOCUMENT=1GB", "JAUAP_LARGEST_DOCUMENT must be"),
        ("JAUAP_KAFKA=", "JAUAP_KAFKA must say how to reach"),
    ],
)
def test_a_wrong_one_is_named(monkeypatch: pytest.MonkeyPatch, files: Path, told: str, rule: str) -> None:
    """The variable and the rule."""
    with pytest.raises(WrongSetting, match=rule):
        given(monkeypatch, files, told)


@pytest.mark.parametrize(
    "told",
    [
        "JAUAP_HTTP=[::1]:0",
        "JAUAP_HTTP=0.0.0.0:0 JAUAP_HTTP_CERTIFICATE=@certificate.pem JAUAP_HTTP_KEY=@key.pem",
        "JAUAP_HTTP=0.0.0.0:0 JAUAP_HTTP_PROXY=10.0.0.7",
    ],
)
def test_passwords_come_by_loopback_tls_or_the_proxy(monkeypatch: pytest.MonkeyPatch, files: Path, told: str) -> None:
    """In each of these ways it may listen."""
    assert given(monkeypatch, files, told).http[1] == 0


def test_the_start_ends_with_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 2 where Kafka asks nobody who they are: then nobody could log in here."""
    monkeypatch.setenv("JAUAP_KAFKA", "127.0.0.1:9092")
    assert process.run(app.NAME, Stop()) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert "JAUAP_KAFKA must be a line with a login" in line
