"""What post is told by its environment: wrong settings stop its start with one line, and never a password in it."""

import json
import os
from pathlib import Path

import pytest
import structlog

from jauap.settings import WrongSetting
from jauap.stack.service import ALL_SERVICES, services_wanted
from services.post.app import Deployed, from_environment
from tests.domain.test_directory import official


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with one official who has an e-mail address, and a deployment to which nobody connects."""
    file = tmp_path / "directory.json"
    file.write_text(json.dumps({"officials": [official()], "duty": "DUTY-1"}))
    monkeypatch.setenv("JAUAP_DIRECTORY", str(file))
    monkeypatch.setenv("JAUAP_KAFKA", "127.0.0.1:1")
    monkeypatch.setenv("JAUAP_REGISTRY", "http://127.0.0.1:1")
    monkeypatch.setenv("JAUAP_DATABASE", "postgresql://127.0.0.1:1/none")
    monkeypatch.setenv("JAUAP_SMTP", "smtp://mail.mfa.example")
    monkeypatch.setenv("JAUAP_SMTP_FROM", "jauap@mfa.example")
    return file


@pytest.mark.usefixtures("directory")
@pytest.mark.parametrize(
    ("address", "security", "port"),
    [
        ("smtp://mail.mfa.example", "starttls", 587),
        ("smtps://mail.mfa.example", "tls", 465),
        ("smtp+plain://127.0.0.1", "none", 25),
        ("smtp://mail.mfa.example:2525", "starttls", 2525),
    ],
)
def test_the_mail_server_is_an_address(monkeypatch: pytest.MonkeyPatch, address: str, security: str, port: int) -> None:
    """Encrypted unless it says otherwise."""
    monkeypatch.setenv("JAUAP_SMTP", address)
    server = from_environment().mail
    assert server is not None
    assert (server.security, server.port, server.user) == (security, port, None)


@pytest.mark.usefixtures("directory")
@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"JAUAP_DIRECTORY": ""}, "JAUAP_DIRECTORY"),
        ({"JAUAP_DIRECTORY": "/nowhere"}, "JAUAP_DIRECTORY can't be read"),
        ({"JAUAP_SMTP": ""}, "JAUAP_SMTP must name the mail server"),
        ({"JAUAP_SMTP": "mail.mfa.example:25"}, "JAUAP_SMTP must be"),
        ({"JAUAP_SMTP_FROM": ""}, "JAUAP_SMTP_FROM"),
        ({"JAUAP_SMTP_FROM": "jauap <jauap@mfa.example>"}, "JAUAP_SMTP_FROM must be a plain address"),
        ({"JAUAP_SMTP_USER": "jauap"}, "JAUAP_SMTP_PASSWORD_FILE"),
        (
            {"JAUAP_SMTP": "smtp+plain://h", "JAUAP_SMTP_USER": "jauap", "JAUAP_SMTP_PASSWORD_FILE": "/secret"},
            "in the clear",
        ),
        ({"JAUAP_POST_EVERY": "often"}, "JAUAP_POST_EVERY"),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], named: str) -> None:
    """The variable and the rule."""
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(WrongSetting, match=named):
        Deployed(from_environment())


def test_webhooks_alone_need_no_mail_server(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has an e-mail address."""
    hooked = official(email=None, webhook="https://mfa.example/hook")
    directory.write_text(json.dumps({"officials": [hooked], "duty": "DUTY-1"}))
    monkeypatch.delenv("JAUAP_SMTP")
    assert from_environment().mail is None


def test_a_directory_is_read_anew_when_it_changes(directory: Path) -> None:
    """A wrong one leaves the one before in force."""
    deployed = Deployed(from_environment())
    try:
        directory.write_text("{")
        assert list(deployed.directory().officials) == ["DUTY-1"]
        directory.write_text(json.dumps({"officials": [official(), official(code="HEAD-2")], "duty": "DUTY-1"}))
        assert list(deployed.directory().officials) == ["DUTY-1", "HEAD-2"]
    finally:
        deployed.close()


def test_a_directory_with_e_mail_is_not_taken_where_none_can_be_sent(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has no other address would be told nothing, and nobody would learn of it."""
    hooked = official(email=None, webhook="https://mfa.example/hook")
    directory.write_text(json.dumps({"officials": [hooked], "duty": "DUTY-1"}))
    monkeypatch.delenv("JAUAP_SMTP")
    deployed = Deployed(from_environment())
    try:
        directory.write_text(json.dumps({"officials": [hooked, official(code="HEAD-2")], "duty": "DUTY-1"}))
        os.utime(directory, ns=(1, 1))
        with structlog.testing.capture_logs() as logs:
            assert list(deployed.directory().officials) == ["DUTY-1"]
        assert "JAUAP_SMTP must name the mail server" in logs[0]["reason"]
    finally:
        deployed.close()


def test_the_stack_starts_post_where_a_directory_is_named() -> None:
    """Without one there is nobody to be told."""
    assert services_wanted({}) == ALL_SERVICES
    assert services_wanted({"JAUAP_DIRECTORY": "d.json"}) == (*ALL_SERVICES, "post")
