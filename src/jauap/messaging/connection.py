"""How Kafka is reached: one line that names the servers, who logs in, and the files of the secret and the authority.

    127.0.0.1:9092                                                         a broker that asks nobody who they are
    sasl_ssl://MIA@kafka.example:9094?password_file=mia.password&ca_file=ca.pem         over TLS, by SCRAM-SHA-512
    sasl_plaintext://intake@127.0.0.1:9092,127.0.0.1:9093?password_file=/run/secrets/intake

The password stands in a file, never in the line: so the line may be logged. The file is read whenever a client is
made, so that a new password needs no new setting.
"""

import re
import ssl
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

PROTOCOLS = ("sasl_ssl", "sasl_plaintext")
MECHANISMS = ("SCRAM-SHA-512", "PLAIN")
SERVER = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s:/@?\[\]]+):[0-9]{1,5}")
EXAMPLE = "host:port[,host:port], or sasl_ssl://user@host:port?password_file=FILE&ca_file=FILE"


class WrongAddress(ValueError):
    """The line that says how Kafka is reached can't be used; the message says why."""


class Login(NamedTuple):
    """A line that names a user, taken apart."""

    protocol: str
    user: str
    servers: str
    """host:port[,host:port]"""
    password_file: Path
    ca_file: Path | None = None
    """Certificates of who signed the brokers'; None: those that the machine trusts."""
    mechanism: str = MECHANISMS[0]

    def __str__(self) -> str:
        """The line."""
        told = {"password_file": str(self.password_file)}
        if self.ca_file is not None:
            told["ca_file"] = str(self.ca_file)
        if self.mechanism != MECHANISMS[0]:
            told["mechanism"] = self.mechanism
        return f"{self.protocol}://{quote(self.user, safe='')}@{self.servers}?{urlencode(told, safe='/')}"


def parse(kafka: str) -> Login | None:
    """Take a line apart; None: it is a list of servers, without a login. Raises WrongAddress."""
    if "://" not in kafka:
        _check_servers(kafka)
        return None
    protocol, _, rest = kafka.partition("://")  # its underscore, which is Kafka's own, may not stand in a URL's scheme
    parts = urlsplit(f"//{rest}")
    user, at, servers = parts.netloc.rpartition("@")
    told = {name: values[-1] for name, values in parse_qs(parts.query, strict_parsing=bool(parts.query)).items()}
    if protocol not in PROTOCOLS:
        raise WrongAddress(f"must begin with {' or '.join(f'{name}://' for name in PROTOCOLS)}")
    if not at or not user or not servers or parts.path.strip("/"):
        raise WrongAddress(f"must be {EXAMPLE}")
    _check_servers(servers)
    if ":" in user:
        raise WrongAddress("must not hold the password: name its file with password_file")
    if not told.get("password_file"):
        raise WrongAddress("must name the file of the password: ?password_file=FILE")
    if strange := sorted(told.keys() - {"password_file", "ca_file", "mechanism"}):
        raise WrongAddress(f"has an option that there is not: {strange[0]}")
    if told.get("mechanism", MECHANISMS[0]) not in MECHANISMS:
        raise WrongAddress(f"must have a mechanism of {', '.join(MECHANISMS)}")
    return Login(
        protocol=protocol,
        user=unquote(user),
        servers=servers,
        password_file=Path(told["password_file"]),
        ca_file=Path(told["ca_file"]) if "ca_file" in told else None,
        mechanism=told.get("mechanism", MECHANISMS[0]),
    )


def _check_servers(servers: str) -> None:
    if not all(SERVER.fullmatch(server) for server in servers.split(",")):
        raise WrongAddress(f"must be {EXAMPLE}")


def through(kafka: str, servers: str) -> str:
    """The same line with other servers. Raises WrongAddress."""
    login = parse(kafka)
    return servers if login is None else str(login._replace(servers=servers))


def client_settings(kafka: str) -> dict[str, Any]:
    """The client library's settings for a line. Raises WrongAddress; the files are read now."""
    login = parse(kafka)
    if login is None:
        return {"bootstrap.servers": kafka}
    if login.ca_file is not None:
        check_authorities(login.ca_file)
    return {
        "bootstrap.servers": login.servers,
        "security.protocol": login.protocol.upper(),
        "sasl.mechanism": login.mechanism,
        "sasl.username": login.user,
        "sasl.password": read_password(login.password_file),
        **({} if login.ca_file is None else {"ssl.ca.location": str(login.ca_file)}),
    }


def check_authorities(file: Path) -> None:
    """Whether certificates can be read from a file. Raises WrongAddress."""
    try:
        ssl.create_default_context(cafile=str(file))
    except ssl.SSLError:
        raise WrongAddress(f"names a CA file without a certificate in it: {file}") from None
    except OSError as error:
        raise WrongAddress(f"names a CA file that can't be read: {file}: {error.strerror}") from None


def read_password(file: Path) -> str:
    """The password in a file, without the line's end. Raises WrongAddress."""
    try:
        password = file.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise WrongAddress(f"names a password file that can't be read: {file}: {reason}") from error
    if not password:
        raise WrongAddress(f"names a password file that is empty: {file}")
    return password
