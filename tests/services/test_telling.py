"""E-mail and webhooks, on a real SMTP server and a real HTTP server of this machine."""

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from jauap.stack.ports import HOST, pick
from services.post.mail import MailServer, NotTold, Security, letter
from services.post.webhook import post
from tests.services.mailbox import PASSWORD, USER, Mailbox, a_hook, a_mailbox, a_port_that_says

NOW = datetime(2026, 6, 10, 4, 0, tzinfo=UTC)
LETTER = letter("jauap@mfa.example", "o7@mfa.example", "<m@jauap>", "Тақырып", "Мәтін\n", "kk", NOW)


def server(mailbox: Mailbox, security: Security = "none", **given: object) -> MailServer:
    """Where the mailbox is."""
    return MailServer(HOST, mailbox.port, security, "jauap@mfa.example", **given)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of this machine's own, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return file


def test_an_e_mail_arrives_as_it_was_written() -> None:
    """Letters of any script, the id that was given, and a mark that nobody's automatic answer is wanted."""
    with a_mailbox() as mailbox:
        server(mailbox).send(LETTER)
        (message,) = mailbox.messages
    assert message.get_content() == "Мәтін\n"
    assert (message["Subject"], message["To"], message["Message-ID"]) == ("Тақырып", "o7@mfa.example", "<m@jauap>")
    assert (message["Auto-Submitted"], message["Content-Language"]) == ("auto-generated", "kk")
    assert message["Date"].datetime == NOW


def test_with_tls_and_a_login(certificate: Path, tmp_path: Path) -> None:
    """The server's certificate is checked, and the password comes from a file; a wrong one is told as a login."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    password = tmp_path / "password"
    password.write_text(f"{PASSWORD}\n")
    with a_mailbox(tls, login=True) as mailbox:
        safe = server(mailbox, "starttls", user=USER, password_file=password, authorities=certificate)
        safe.send(LETTER)
        assert len(mailbox.messages) == 1
        password.write_text("another")
        with pytest.raises(NotTold) as caught:
            safe.send(LETTER)
        assert (caught.value.fault, caught.value.everybody) == ("login", True)
        password.write_text("құпия")  # SMTP's login takes ASCII only
        with pytest.raises(NotTold) as caught:
            safe.send(LETTER)
        assert (caught.value.fault, caught.value.everybody) == ("login", True)
        password.unlink()
        with pytest.raises(NotTold) as caught:
            safe.send(LETTER)
        assert caught.value.fault == "login"
        with pytest.raises(NotTold) as caught:
            safe._replace(authorities=None).send(LETTER)
        assert caught.value.fault == "unreachable"


def test_a_server_without_tls_gets_nothing_where_tls_is_wanted() -> None:
    """Neither a message nor a password goes in the clear."""
    with a_mailbox() as mailbox:
        with pytest.raises(NotTold) as caught:
            server(mailbox, "starttls").send(LETTER)
        assert (caught.value.fault, mailbox.messages) == ("login", [])


def test_a_server_that_is_down_is_unreachable_for_everybody() -> None:
    """Nobody else needs to be tried now."""
    with pytest.raises(NotTold) as caught:
        MailServer(HOST, pick(1)[0], "none", "jauap@mfa.example").send(LETTER)
    assert (caught.value.fault, caught.value.everybody) == ("unreachable", True)


@pytest.mark.parametrize(
    ("answer", "fault"), [("550 no such mailbox o7@mfa.example", "refused"), ("451 later", "deferred")]
)
def test_a_recipient_that_is_not_taken_is_told_in_one_word(answer: str, fault: str) -> None:
    """For good or for now; the server's own words, which may hold an address, go nowhere."""
    with a_mailbox() as mailbox:
        mailbox.answers["o7@mfa.example"] = answer
        with pytest.raises(NotTold) as caught:
            server(mailbox).send(LETTER)
    assert (caught.value.fault, caught.value.everybody) == (fault, False)
    assert "@" not in str(caught.value)


@pytest.mark.parametrize("answer", ["421 closing", "250 OK"])
def test_what_the_mail_server_took_is_told_whatever_it_says_to_the_goodbye(answer: str) -> None:
    """Otherwise the same message would go out again and again."""
    with a_mailbox() as mailbox:
        mailbox.answer_to_quit = answer
        server(mailbox).send(LETTER)
        assert len(mailbox.messages) == 1


@pytest.mark.parametrize(("answer", "fault"), [("550 no such sender", "login"), ("451 later", "deferred")])
def test_a_sender_that_is_not_taken_holds_for_everybody(answer: str, fault: str) -> None:
    """It is no recipient's address that is to be put right."""
    with a_mailbox() as mailbox:
        mailbox.answer_to_sender = answer
        with pytest.raises(NotTold) as caught:
            server(mailbox).send(LETTER)
    assert (caught.value.fault, caught.value.everybody) == (fault, True)


def test_a_webhook_gets_json_and_a_key() -> None:
    """The key is the same each time that the same is told."""
    with a_hook() as hook:
        post(hook.address, "<m@jauap>", {"text": "Мәтін"})
        assert hook.posts == [("<m@jauap>", {"text": "Мәтін"})]


@pytest.mark.parametrize(
    ("answer", "fault"), [(503, "deferred"), (429, "deferred"), (404, "refused"), (302, "refused")]
)
def test_a_webhook_that_does_not_take_it_is_told(answer: int, fault: str) -> None:
    """A redirection is followed nowhere."""
    with a_hook() as hook:
        hook.answer = answer
        with pytest.raises(NotTold) as caught:
            post(hook.address, "<m@jauap>", {})
        assert (caught.value.fault, len(hook.posts)) == (fault, 1)


@pytest.mark.parametrize(
    "answer", [b"", b"SSH-2.0-OpenSSH_9\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 150 + b"\r\n"]
)
def test_what_is_no_web_server_is_unreachable(answer: bytes) -> None:
    """Whatever answers at the address, post goes on with the others."""
    with a_port_that_says(answer) as port:
        with pytest.raises(NotTold) as caught:
            post(f"http://{HOST}:{port}/", "<m@jauap>", {})
        assert (caught.value.fault, caught.value.everybody) == ("unreachable", False)


@pytest.mark.parametrize("address", [f"http://{HOST}:99999/", f"http://{HOST}:hook/", "http://host[1/"])
def test_an_address_that_is_none_is_unreachable(address: str) -> None:
    """The directory takes none, and one that slips through stops nobody else's messages."""
    with pytest.raises(NotTold) as caught:
        post(address, "<m@jauap>", {})
    assert caught.value.fault == "unreachable"


def test_what_a_web_server_took_is_told_whatever_follows() -> None:
    """A body that can't be read after a 2xx is no reason to tell it again."""
    with a_port_that_says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno chunk") as port:
        post(f"http://{HOST}:{port}/", "<m@jauap>", {})


def test_a_webhook_that_is_down_is_unreachable() -> None:
    """Others may be up."""
    with pytest.raises(NotTold) as caught:
        post(f"http://{HOST}:{pick(1)[0]}/", "<m@jauap>", {})
    assert (caught.value.fault, caught.value.everybody) == ("unreachable", False)
