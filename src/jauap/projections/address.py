"""How PostgreSQL is reached: a URL as its own client takes it, which may name the file of the password besides.

    postgresql://projector@db.example/jauap?password_file=/run/secrets/db&sslmode=verify-full&sslrootcert=/run/ca.pem

The password stands in the file, so that the URL may be logged. The file is read at each connect, so that a new password
needs no new setting. Everything but `password_file` is the client's own (libpq's connection parameters).
"""

from pathlib import Path
from typing import Any
from urllib.parse import unquote

import psycopg
from psycopg.conninfo import conninfo_to_dict

from jauap.messaging import connection
from jauap.settings import WrongSetting, required

VARIABLE = "JAUAP_DATABASE"
EXAMPLE = "postgresql://user@host:5432/jauap?password_file=FILE&sslmode=verify-full&sslrootcert=FILE"
SCHEMES = ("postgresql://", "postgres://")
OURS = "password_file"


class WrongAddress(ValueError):
    """The URL can't be used; the message says why, and nothing of what may be a password."""


def from_environment() -> str:
    """JAUAP_DATABASE, once its URL and the file that it names were looked at. Raises WrongSetting."""
    url = required(VARIABLE, f"must be the URL of the PostgreSQL database of the read models: {EXAMPLE}")
    try:
        parameters(url)
    except WrongAddress as wrong:
        raise WrongSetting(VARIABLE, str(wrong)) from None
    return url


def parameters(url: str) -> dict[str, Any]:
    """What PostgreSQL's client is told. Raises WrongAddress; the password's file is read now."""
    if not url.startswith(SCHEMES):
        raise WrongAddress(f"must be a URL: {EXAMPLE}")
    url, file = _without_file(url)
    try:
        told: dict[str, Any] = conninfo_to_dict(url)
    except psycopg.Error:  # its text repeats the URL
        raise WrongAddress(f"is nothing that PostgreSQL's client understands; it must be {EXAMPLE}") from None
    if any("@" in str(told.get(name, "")) for name in ("host", "dbname")) or not _are_ports(str(told.get("port", ""))):
        raise WrongAddress(
            "has a host, a port or a database name that is none; if it holds a password, name its file with"
            f" {OURS} instead, or write / : @ ? # % in it as %2F %3A %40 %3F %23 %25"
        )
    if file is None:
        return told
    if "password" in told:
        raise WrongAddress(f"holds a password and names the file of one: leave {OURS} alone")
    if not file:
        raise WrongAddress(f"must name the file of the password: {OURS}=FILE")
    try:
        return {**told, "password": connection.read_password(Path(file))}
    except connection.WrongAddress as wrong:
        raise WrongAddress(str(wrong)) from None


def _without_file(url: str) -> tuple[str, str | None]:
    """The URL as PostgreSQL's client may see it, and the file that it names."""
    stem, mark, query = url.partition("?")
    options = query.split("&")
    files = [option for option in options if option.partition("=")[0] == OURS]
    if not files:
        return url, None
    rest = "&".join(option for option in options if option not in files)
    return stem + (mark + rest if rest else ""), unquote(files[-1].partition("=")[2])


def _are_ports(text: str) -> bool:
    """Several hosts may have several ports; one that is left out is the usual one."""
    return all(not port or (port.isascii() and port.isdigit()) for port in text.split(","))
