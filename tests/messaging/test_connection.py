"""One line says how Kafka is reached; it never holds the password."""

from pathlib import Path

import pytest
import trustme

from jauap.messaging.connection import Login, WrongAddress, client_settings, parse, through

LOGIN = "sasl_ssl://MIA@kafka.example:9094,kafka-2.example:9094?password_file={file}&ca_file={authority}"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file with a password and the line's end that editors put behind it."""
    file = tmp_path / "a b.password"
    file.write_text("s3 cret\n")
    return file


def test_a_list_of_servers_needs_no_login() -> None:
    """It is what a broker in a trial has."""
    assert client_settings("127.0.0.1:9092,127.0.0.1:9093") == {"bootstrap.servers": "127.0.0.1:9092,127.0.0.1:9093"}
    assert parse("127.0.0.1:9092") is None


def test_a_login_is_by_scram_with_the_password_in_the_file(secret: Path) -> None:
    """Protocol, user, servers, password and authority are told to the client."""
    authority = secret.with_name("ca.pem")
    trustme.CA().cert_pem.write_to_path(authority)
    assert client_settings(LOGIN.format(file=secret, authority=authority)) == {
        "bootstrap.servers": "kafka.example:9094,kafka-2.example:9094",
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "MIA",
        "sasl.password": "s3 cret",
        "ssl.ca.location": str(authority),
    }


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-512", "PLAIN"])
def test_a_line_that_is_written_reads_as_it_was(secret: Path, mechanism: str) -> None:
    """Names with spaces and signs come back."""
    login = Login("sasl_plaintext", "a&b", "127.0.0.1:1", secret, None, mechanism)
    assert parse(str(login)) == login
    assert through(str(login), "127.0.0.1:2") == str(login._replace(servers="127.0.0.1:2"))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ssl://MIA@host:1?password_file=f", "must begin with sasl_ssl:// or sasl_plaintext://"),
        ("sasl_ssl://host:1?password_file=f", "must be host:port"),
        ("sasl_ssl://MIA:secret@host:1?password_file=f", "must not hold the password"),
        ("sasl_ssl://MIA@host:1", "must name the file of the password"),
        ("sasl_ssl://MIA@host:1?password_file=f&mechanism=OAUTHBEARER", "must have a mechanism of"),
        ("sasl_ssl://MIA@host:1?password_file=f&password=secret", "an option that there is not: password"),
        ("sasl_ssl://MIA@host:1?password_file=/nowhere/f", "can't be read: /nowhere/f: No such file"),
    ],
)
def test_a_line_that_can_t_be_used_says_why(line: str, words: str) -> None:
    """The rule is named, and no secret stands in the message."""
    with pytest.raises(WrongAddress, match=words) as wrong:
        client_settings(line)
    assert "secret" not in str(wrong.value)


def test_an_empty_password_is_none(tmp_path: Path) -> None:
    """A file that was made and not written yet."""
    file = tmp_path / "empty"
    file.touch()
    with pytest.raises(WrongAddress, match="is empty"):
        client_settings(f"sasl_ssl://MIA@host:1?password_file={file}")
