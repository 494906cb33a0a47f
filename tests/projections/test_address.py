"""How PostgreSQL is reached: a URL, a file with the password, and no word of a password anywhere else."""

from pathlib import Path

import pytest

from jauap.projections import address
from jauap.projections.address import WrongAddress, parameters
from jauap.projections.database import DatabaseUnavailable, connect
from jauap.settings import WrongSetting
from tests.projections.conftest import named

SECRET = "hunter2 &=/@:?#%"  # noqa: S105 - of the test
QUOTED = "hunter2%20%26%3D%2F%40%3A%3F%23%25"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with a password, whose name is not a plain one."""
    file = tmp_path / "the password"
    file.write_text(f"{SECRET}\n")
    return file


def test_the_password_comes_from_the_file(file: Path) -> None:
    """Our option is taken out; everything else goes to PostgreSQL's client as it stands."""
    quoted = str(file).replace(" ", "%20")
    for query in (
        f"password_file={quoted}&sslmode=verify-full&sslrootcert=/run/a%20b.pem",
        f"sslmode=verify-full&password_file={quoted}&sslrootcert=/run/a%20b.pem",
    ):
        assert parameters(f"postgresql://projector@db.example:5433/jauap?{query}") == {
            "user": "projector", "host": "db.example", "port": "5433", "dbname": "jauap", "password": SECRET,
            "sslmode": "verify-full", "sslrootcert": "/run/a b.pem",
        }  # fmt: skip


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (f"postgresql://u:{QUOTED}@h/d", {"user": "u", "password": SECRET, "host": "h", "dbname": "d"}),
        ("postgres://h", {"host": "h"}),
        ("postgresql://h1:5432,h2:5433/d?sslmode=require", {"host": "h1,h2", "port": "5432,5433"}),
        ("postgresql://[::1]:5432/d", {"host": "::1", "port": "5432"}),
        ("postgresql://u@/d?host=/run/postgresql", {"host": "/run/postgresql"}),
    ],
)
def test_other_urls_are_left_as_they_are(url: str, told: dict[str, str]) -> None:
    """Whatever PostgreSQL's own client takes."""
    assert told.items() <= parameters(url).items()


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("host=h password=hunter2", "must be a URL: postgresql://user@host"),
        ("mysql://u:hunter2@h/d", "must be a URL"),
        ("postgresql://u:hunter2@h/d?nonsense=1", "is nothing that PostgreSQL's client understands"),
        ("postgresql://u:hunter2%zz@h/d", "is nothing that PostgreSQL's client understands"),
        ("postgresql://u:hunter2@home@h/d", "write / : @ ? # % in it as %2F"),
        ("postgresql://u:1/hunter2@h/d", "has a host, a port or a database name that is none"),
        ("postgresql://u:hunter2/x@h/d", "has a host, a port or a database name that is none"),
        ("postgresql://u:hunter2@h/d?password_file=/run/secret", "holds a password and names the file of one"),
        ("postgresql://u@h/d?password=hunter2&password_file=/run/secret", "holds a password and names the file of one"),
        ("postgresql://u@h/d?password_file=", "must name the file of the password"),
        ("postgresql://u@h/d?password_file=/nowhere/at/all", "that can't be read: /nowhere/at/all: No such file"),
    ],
)
def test_a_wrong_url_is_told_and_nothing_of_a_password(monkeypatch: pytest.MonkeyPatch, url: str, rule: str) -> None:
    """The setting is named, and what would be right; at the start of a process and at a later connect alike."""
    monkeypatch.setenv("JAUAP_DATABASE", url)
    with pytest.raises(WrongSetting, match=r"^JAUAP_DATABASE ") as wrong:
        address.from_environment()
    with pytest.raises(DatabaseUnavailable, match=r"^JAUAP_DATABASE ") as unavailable:
        connect(url)
    for told in (wrong, unavailable):
        assert rule in str(told.value)
        assert "hunter2" not in str(told.value)
        assert told.value.__cause__ is None


def test_a_missing_setting_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """With an example to copy."""
    monkeypatch.delenv("JAUAP_DATABASE", raising=False)
    with pytest.raises(WrongSetting, match=r"^JAUAP_DATABASE must be the URL .*password_file=FILE"):
        address.from_environment()
    with pytest.raises(WrongAddress, match="empty"):
        parameters("postgresql://u@h/d?password_file=/dev/null")


@pytest.mark.postgres
def test_the_file_is_read_at_each_connect(server: str, file: Path) -> None:
    """A rotated password works without a new setting or a new start; a wrong one is told without being shown."""
    plain = parameters(server)
    url = f"postgresql://{plain['user']}@{plain['host']}:{plain['port']}/{plain['dbname']}?password_file={file}"
    url = url.replace(" ", "%20")
    with pytest.raises(DatabaseUnavailable, match="password authentication failed") as told:
        connect(url)
    assert "hunter2" not in str(told.value)
    file.write_text(plain["password"])
    connect(url).close()
    file.unlink()
    with pytest.raises(DatabaseUnavailable, match="JAUAP_DATABASE names a password file that can't be read"):
        connect(url)


@pytest.mark.postgres
def test_tls_is_asked_for_where_the_url_says_so(server: str) -> None:
    """Never in the clear then: the server of these tests has no TLS, and is not connected to."""
    url = f"{named(server, 'postgres')}?sslmode=verify-full&sslrootcert=/nowhere/ca.pem"
    with pytest.raises(DatabaseUnavailable, match=r"does not support SSL|root certificate file"):
        connect(url)
