"""Every setting is documented, and read by whom the page says; a wrong one stops the start with one line."""

import ast
import json
import os
import re
import signal
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import structlog
import trustme

from jauap import process, settings
from jauap.domain.rules import DECREE, NEAR
from jauap.messaging.connection import Login
from jauap.settings import KNOWN, ReceiptPolicy, WrongSetting
from jauap.stop import Stop
from services.documents import app as documents
from services.post import app as post
from tests.domain.test_directory import official

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/reference/settings.md"
SERVICES = ("intake", "routing", "deadlines", "publication")
ALL = (*SERVICES, "projector", "liaison", "documents", "post")
GROUPS = {"services": SERVICES, "all processes": ALL, "the command line": ()}
NAME = re.compile(r"JAUAP_[A-Z_]+")
ROW = re.compile(r"^\| `(JAUAP_[A-Z_]+)` \| .+ \| (.+) \| (.+) \|$", re.MULTILINE)
WRONG: Mapping[str, tuple[str, ...]] = {
    "JAUAP_KAFKA": ("", "127.0.0.1", "sasl_ssl://intake@127.0.0.1:1?password_file=/nowhere", "@no-authority"),
    "JAUAP_REGISTRY": ("", "127.0.0.1:8080", "http://", "http://host:port"),
    "JAUAP_DATABASE": ("",),
    "JAUAP_DOCUMENTS": ("", "ftp://documents.example", "s3://bucket?endpoint=http://s3.example"),
    "JAUAP_BODIES": ("/nowhere/bodies.json", "@text"),
    "JAUAP_PARTITIONS": ("0", "twelve", "-1"),
    "JAUAP_READY_FILE": ("/nowhere/ready", "@folder"),
    "JAUAP_LOG_LEVEL": ("loud", "INFO"),
    "JAUAP_INSTANCE": ("the first", "ä"),
    "JAUAP_TRIAL_CLOCK": ("@text", "@folder"),
    "JAUAP_STATE": ("kaz", "KZ"),
    "JAUAP_PARTITIONS_ONLY": ("0,", "all", "-1"),
    "JAUAP_DUMP_FILE": ("/nowhere/dump",),
    "JAUAP_RECEIPT_POLICY": (
        "office-hours/1", "office-hours/2 from 2027-01-01", "office-hours/1 from spring",
    ),
    "JAUAP_NEAR_DAYS": ("5,0", "5,,1", "31", "soon", "٣"),
    "JAUAP_DIRECTORY": ("", "/nowhere/directory.json", "@text"),
    "JAUAP_SMTP": ("mail.mfa.example:25", "smtp://", "smtp+plain://mail.mfa.example"),
    "JAUAP_SMTP_FROM": ("", "jauap <jauap@mfa.example>"),
    "JAUAP_SMTP_USER": ("",),
    "JAUAP_SMTP_PASSWORD_FILE": ("", "/nowhere/password", "@empty"),
    "JAUAP_SMTP_CA": ("/nowhere/ca.pem", "@text"),
    "JAUAP_POST_QUIET": ("often", "-1", "nan"),
    "JAUAP_POST_EVERY": ("often", "86401"),
    "JAUAP_POST_RETRY": ("often",),
    "JAUAP_POST_LOOK": ("often",),
    "JAUAP_HTTP": ("8443", "localhost:8443", "127.0.0.1:99999"),
    "JAUAP_HTTP_CERTIFICATE": ("", "/nowhere/certificate.pem", "@text"),
    "JAUAP_HTTP_KEY": ("", "/nowhere/key.pem"),
    "JAUAP_HTTP_PROXY": ("proxy.example",),
    "JAUAP_LARGEST_DOCUMENT": ("0", "1GB", "6000000000"),
}  # fmt: skip
"""Of every setting of a process, what it can't be; @ stands for the folder of the test."""


class Documented(NamedTuple):
    """What the page says of a setting."""

    readers: frozenset[str]
    by_command: bool
    default: str


def page() -> dict[str, Documented]:
    """The page's tables."""
    found = {}
    for name, words, default in ROW.findall(PAGE.read_text()):
        if not name.startswith(settings.FOR_TESTS):
            readers = words.split(", ")
            processes = frozenset(one for word in readers for one in GROUPS.get(word, (word,)))
            assert processes <= set(ALL), name
            found[name] = Documented(processes, "the command line" in readers, default)
    return found


PAGE_SAYS = page()
TRIED = [
    (one, name, value) for name, values in WRONG.items() for one in sorted(PAGE_SAYS[name].readers) for value in values
]

DEFAULTS = [
    name
    for name, says in PAGE_SAYS.items()
    if says.default.startswith("`") and says.readers and name != "JAUAP_LOG_LEVEL"  # no field of anybody's settings
]


@pytest.fixture
def plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A right value for all that must be set, and for what comes in pairs; and the folder with the files of them."""
    issued = trustme.CA().issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "certificate.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    (tmp_path / "password").write_text("secret\n")
    (tmp_path / "text").write_text("nothing of use")
    (tmp_path / "empty").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "directory.json").write_text(json.dumps({"officials": [official()], "duty": "DUTY-1"}))
    for name in [name for name in os.environ if name.startswith(settings.OURS)]:
        monkeypatch.delenv(name)
    for name, value in {
        "KAFKA": str(Login("sasl_ssl", "documents", "127.0.0.1:1", tmp_path / "password")),
        "REGISTRY": "http://127.0.0.1:1",
        "DATABASE": "postgresql://127.0.0.1:1/none",
        "DOCUMENTS": str(tmp_path / "store"),
        "DIRECTORY": str(tmp_path / "directory.json"),
        "SMTP": "smtp://mail.mfa.example",
        "SMTP_FROM": "jauap@mfa.example",
        "SMTP_USER": "jauap",
        "SMTP_PASSWORD_FILE": str(tmp_path / "password"),
        "HTTP": "127.0.0.1:0",
        "HTTP_CERTIFICATE": str(tmp_path / "certificate.pem"),
        "HTTP_KEY": str(tmp_path / "key.pem"),
    }.items():
        monkeypatch.setenv(settings.OURS + name, value)
    signals = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield tmp_path
    for number, handler in signals.items():
        signal.signal(number, handler)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def begun(name: str) -> int:
    """Start a process that was told to stop before it began: all is read, and nothing waited for."""
    stop = Stop()
    stop.asked = True
    return process.run(name, stop)


def test_the_code_reads_what_is_known() -> None:
    """Every name in the code is a known setting, and every known setting is in the code."""
    found = set()
    for file in (*(ROOT / "src").rglob("*.py"), *(ROOT / "services").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and NAME.fullmatch(node.value):
                found.add(node.value)
    assert found - {settings.OURS, settings.FOR_TESTS} == KNOWN


def test_every_setting_is_documented() -> None:
    """And nothing else is; each is read by something."""
    assert PAGE_SAYS.keys() == KNOWN
    assert [name for name, says in PAGE_SAYS.items() if not says.readers and not says.by_command] == []


class Recorded(dict[str, str]):
    """An environment that knows what was asked for."""

    def __init__(self) -> None:
        super().__init__(os.environ)
        self.asked: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.add(name)
        return super().get(name, default)


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("name", ALL)
def test_a_process_reads_what_the_page_says(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """No more, and no less."""
    environment = Recorded()
    monkeypatch.setattr(os, "environ", environment)
    assert begun(name) == 0
    read = {one for one in environment.asked if one.startswith(settings.OURS)}
    assert read == {one for one, says in PAGE_SAYS.items() if name in says.readers}


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("name", DEFAULTS)
def test_a_default_is_what_the_page_says(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """To say it changes nothing."""
    read: Mapping[str, Callable[[], Any]] = {
        "intake": settings.from_environment,
        "documents": documents.from_environment,
        "post": post.from_environment,
    }
    [reader] = PAGE_SAYS[name].readers & read.keys()
    monkeypatch.delenv("JAUAP_HTTP_CERTIFICATE")
    monkeypatch.delenv("JAUAP_HTTP_KEY")
    monkeypatch.delenv(name, raising=False)
    left_out = read[reader]()._replace(bodies=None)
    monkeypatch.setenv(name, PAGE_SAYS[name].default.split("`")[1])
    assert read[reader]()._replace(bodies=None) == left_out


def test_every_setting_of_a_process_can_be_wrong() -> None:
    """The table above leaves none out."""
    assert WRONG.keys() == {name for name, says in PAGE_SAYS.items() if says.readers}


@pytest.mark.parametrize(("name", "variable", "value"), TRIED)
def test_a_wrong_one_stops_the_start(
    plain: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    variable: str,
    value: str,
) -> None:
    """Status 2, and one line that names it."""
    if value == "@no-authority":
        value = str(Login("sasl_ssl", "documents", "127.0.0.1:1", plain / "password", plain / "text"))
    monkeypatch.setenv(variable, value.replace("@", f"{plain}/", 1) if value.startswith("@") else value)
    assert begun(name) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert variable in json.loads(line)["reason"]
    assert "secret" not in line


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("name", ALL)
def test_a_typing_mistake_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """It would leave the default in force, and nobody see it."""
    monkeypatch.setenv("JAUAP_RECIEPT_POLICY", "office-hours/1 from 2027-01-01")
    assert begun(name) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert "JAUAP_RECIEPT_POLICY is no setting that there is; JAUAP_RECEIPT_POLICY is one" in line


@pytest.mark.usefixtures("plain")
def test_the_safe_reading_is_the_default() -> None:
    """Received is received, at whatever hour and place, since the decree is in force; near in three days and in one."""
    found = settings.from_environment()
    assert (found.receipt, found.near) == (ReceiptPolicy("first-receipt/1", DECREE), NEAR)


@pytest.mark.usefixtures("plain")
def test_how_clocks_are_judged_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy with the day from which it holds; steps in any order."""
    monkeypatch.setenv("JAUAP_RECEIPT_POLICY", "office-hours/1 from 2027-01-01")
    monkeypatch.setenv("JAUAP_NEAR_DAYS", "1,5,3")
    found = settings.from_environment()
    assert (found.receipt, found.near) == (ReceiptPolicy("office-hours/1", date(2027, 1, 1)), (1, 5, 3))


def test_what_tests_are_told_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """And stops nothing."""
    for name in [name for name in os.environ if name.startswith(settings.OURS)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("JAUAP_TEST_DATABASE", "postgresql://127.0.0.1/x")
    settings.check_names()
    monkeypatch.setenv("JAUAP_XYZ", "")
    with pytest.raises(WrongSetting, match=r"JAUAP_XYZ is no setting that there is$"):
        settings.check_names()
