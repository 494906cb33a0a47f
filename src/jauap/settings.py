"""What a process is told by its environment. A wrong setting stops the start with one clear line."""

import os
import re
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from jauap.bodies import BodyList, UnusableList
from jauap.domain.receipts import FIRST_RECEIPT, RECEIPTS
from jauap.domain.rules import DECREE, NEAR
from jauap.messaging import connection

EXAMPLE = "office-hours/1 from 2027-01-01"
MOST_DAYS = 30
OURS = "JAUAP_"
FOR_TESTS = "JAUAP_TEST_"
ALIKE = 0.85
"""From here on a name is taken for another one mistyped."""
KNOWN = frozenset(
    f"{OURS}{name}"
    for name in (
        "KAFKA", "REGISTRY", "DATABASE", "DOCUMENTS", "BODIES", "STATE", "PARTITIONS", "INSTANCE", "PARTITIONS_ONLY",
        "READY_FILE", "DUMP_FILE", "RECEIPT_POLICY", "NEAR_DAYS", "LOG_LEVEL", "TRIAL_CLOCK",
        "DIRECTORY", "SMTP", "SMTP_FROM", "SMTP_USER", "SMTP_PASSWORD_FILE", "SMTP_CA",
        "POST_QUIET", "POST_EVERY", "POST_RETRY", "POST_LOOK",
        "HTTP", "HTTP_CERTIFICATE", "HTTP_KEY", "HTTP_PROXY", "LARGEST_DOCUMENT",
        "DATA_DIR", "SECRETS", "ACTOR", "REPLICATION", "MIN_INSYNC", "JAVA",
    )
)  # fmt: skip
"""Every setting that there is, of any process or command; docs/reference/settings.md tells of each."""


class WrongSetting(Exception):
    """A setting is missing or can't be used."""

    def __init__(self, name: str, rule: str) -> None:
        super().__init__(f"{name} {rule}")


def check_names() -> None:
    """Raise WrongSetting for a variable that is named as a setting and is none.

    With a typing mistake in JAUAP_RECEIPT_POLICY, clocks would run by another reading of the law, and nobody see it.
    """
    for name in sorted(os.environ):
        if name.startswith(OURS) and not name.startswith(FOR_TESTS) and name not in KNOWN:
            close = get_close_matches(name, sorted(KNOWN), 1, ALIKE)
            raise WrongSetting(name, "is no setting that there is" + (f"; {close[0]} is one" if close else ""))


class ReceiptPolicy(NamedTuple):
    """Which day is the day of receipt, for clocks that start from a day on (in Kazakhstan)."""

    policy: str
    since: date


class Settings(NamedTuple):
    """The settings of a service."""

    kafka: str
    """JAUAP_KAFKA: how to reach the brokers, see `messaging.connection`."""
    registry: str
    """JAUAP_REGISTRY: address of the schema registry (ccompat v7)."""
    documents: str
    """JAUAP_DOCUMENTS: the document store, a folder or s3://bucket/prefix?endpoint=…."""
    state: str
    """JAUAP_STATE: ISO 3166 alpha-3 code of the State served (KAZ); ANY in a trial."""
    dump_file: Path | None
    """JAUAP_DUMP_FILE: what the process holds of each case is written here on SIGUSR1; null: it does not listen."""
    partitions: int | None
    """JAUAP_PARTITIONS: the deployment's partition count; topics that differ stop the start. Null: not checked."""
    instance: str | None
    """JAUAP_INSTANCE: a name of this process's own among its service's, so that it takes up at once after a crash."""
    only: tuple[int, ...] | None
    """JAUAP_PARTITIONS_ONLY: read these partitions, whoever else reads them too; null: join the group."""
    receipt: ReceiptPolicy = ReceiptPolicy(FIRST_RECEIPT, DECREE)
    """JAUAP_RECEIPT_POLICY: which day counts as the day of receipt, from when on; the safe reading by default."""
    bodies: Path | None = None
    """JAUAP_BODIES: the deployment's list of state bodies; null: those that ship, and none has access."""
    near: tuple[int, ...] = NEAR
    """JAUAP_NEAR_DAYS: how many working days before the day to act by a clock is told to come near."""


def from_environment() -> Settings:
    """Read the settings. Raises WrongSetting, which names the variable and the rule."""
    state = os.environ.get("JAUAP_STATE", "KAZ")
    if len(state) != 3 or not state.isalpha() or not state.isupper():  # noqa: PLR2004 - alpha-3
        raise WrongSetting("JAUAP_STATE", "must be an ISO 3166 alpha-3 code such as KAZ, or ANY")
    bodies = _path("JAUAP_BODIES")
    bodies_of(bodies)
    return Settings(
        kafka=kafka(),
        registry=registry(),
        documents=required(
            "JAUAP_DOCUMENTS", "must name the document store: a folder, or s3://bucket/prefix?endpoint=…"
        ),
        state=state,
        dump_file=_dump_file(),
        partitions=partition_count(),
        instance=instance(),
        only=_numbers(os.environ.get("JAUAP_PARTITIONS_ONLY", "")),
        bodies=bodies,
        receipt=_receipt(os.environ.get("JAUAP_RECEIPT_POLICY", "")),
        near=_days(os.environ.get("JAUAP_NEAR_DAYS", "")),
    )


def ready_file() -> Path | None:
    """JAUAP_READY_FILE: there while the process does its work, see `jauap.health`. None: nobody looks."""
    return _path("JAUAP_READY_FILE")


def kafka() -> str:
    """JAUAP_KAFKA, with the files that it names. Raises WrongSetting."""
    line = required("JAUAP_KAFKA", f"must say how to reach the brokers: {connection.EXAMPLE}")
    try:
        connection.client_settings(line)
    except connection.WrongAddress as wrong:
        raise WrongSetting("JAUAP_KAFKA", str(wrong)) from None
    return line


def registry() -> str:
    """JAUAP_REGISTRY. Raises WrongSetting."""
    rule = "must be the registry's address, such as http://127.0.0.1:8080/apis/ccompat/v7"
    address = required("JAUAP_REGISTRY", rule)
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise WrongSetting("JAUAP_REGISTRY", rule)
    return address


def instance() -> str | None:
    """JAUAP_INSTANCE; None where it is not set. Raises WrongSetting."""
    text = os.environ.get("JAUAP_INSTANCE", "")
    if text and re.fullmatch(r"[A-Za-z0-9._-]{1,200}", text) is None:
        raise WrongSetting(
            "JAUAP_INSTANCE", "must be a name of at most 200 letters, digits, dots, hyphens, underscores"
        )
    return text or None


def bodies_from_environment() -> BodyList:
    """JAUAP_BODIES; those that ship where it is not set. Raises WrongSetting."""
    return bodies_of(_path("JAUAP_BODIES"))


def bodies_of(file: Path | None) -> BodyList:
    """The list that JAUAP_BODIES names. Raises WrongSetting."""
    try:
        return BodyList(file)
    except UnusableList as wrong:
        raise WrongSetting("JAUAP_BODIES", f"must name the deployment's list of bodies: {wrong}") from None


def partition_count() -> int | None:
    """JAUAP_PARTITIONS; None where it is not set. Raises WrongSetting."""
    text = os.environ.get("JAUAP_PARTITIONS", "")
    if text and (not text.isascii() or not text.isdigit() or int(text) < 1):
        raise WrongSetting("JAUAP_PARTITIONS", "must be the deployment's number of partitions, such as 12")
    return int(text) if text else None


def required(name: str, rule: str) -> str:
    """A setting that has no default. Raises WrongSetting."""
    value = os.environ.get(name, "")
    if not value:
        raise WrongSetting(name, rule)
    return value


def _path(name: str) -> Path | None:
    text = os.environ.get(name)
    return Path(text) if text else None


def _dump_file() -> Path | None:
    file = _path("JAUAP_DUMP_FILE")
    if file is not None and not file.absolute().parent.is_dir():
        raise WrongSetting("JAUAP_DUMP_FILE", "must name a file in a folder that is there")
    return file


def _receipt(text: str) -> ReceiptPolicy:
    if not text:
        return ReceiptPolicy(FIRST_RECEIPT, DECREE)
    policy, _, since = text.partition(" from ")
    try:
        if policy in RECEIPTS:
            return ReceiptPolicy(policy, date.fromisoformat(since))
    except ValueError:
        pass
    raise WrongSetting("JAUAP_RECEIPT_POLICY", f"must be one of {', '.join(RECEIPTS)}, and since when: {EXAMPLE}")


def _days(text: str) -> tuple[int, ...]:
    if not text:
        return NEAR
    days = text.split(",")
    if not all(day.isascii() and day.isdigit() and 1 <= int(day) <= MOST_DAYS for day in days):
        raise WrongSetting("JAUAP_NEAR_DAYS", "must be numbers of working days such as 5,3,1")
    return tuple(int(day) for day in days)


def _numbers(text: str) -> tuple[int, ...] | None:
    if not text:
        return None
    numbers = text.split(",")
    if not all(number.isascii() and number.isdigit() for number in numbers):
        raise WrongSetting("JAUAP_PARTITIONS_ONLY", "must be partition numbers such as 0,3")
    return tuple(int(number) for number in numbers)
