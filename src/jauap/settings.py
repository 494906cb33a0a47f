"""What a process is told by its environment. A wrong setting stops the start with one clear line."""

import os
from pathlib import Path
from typing import NamedTuple


class WrongSetting(Exception):
    """A setting is missing or can't be used."""

    def __init__(self, name: str, rule: str) -> None:
        super().__init__(f"{name} {rule}")


class Settings(NamedTuple):
    """The settings of a service."""

    kafka: str
    """JAUAP_KAFKA: bootstrap servers, host:port[,host:port]."""
    registry: str
    """JAUAP_REGISTRY: address of the schema registry (ccompat v7)."""
    documents: Path
    """JAUAP_DOCUMENTS: folder of the document store."""
    state: str
    """JAUAP_STATE: ISO 3166 alpha-3 code of the State served (KAZ); ANY in a trial."""
    ready_file: Path | None
    """JAUAP_READY_FILE: made once the process is ready; null: nobody waits for it."""
    dump_file: Path | None
    """JAUAP_DUMP_FILE: what the process holds of each case is written here on SIGUSR1; null: it does not listen."""
    partitions: int | None
    """JAUAP_PARTITIONS: the deployment's partition count; topics that differ stop the start. Null: not checked."""
    instance: str | None
    """JAUAP_INSTANCE: a name of this process's own among its service's, so that it takes up at once after a crash."""
    only: tuple[int, ...] | None
    """JAUAP_PARTITIONS_ONLY: read these partitions, whoever else reads them too; null: join the group."""


def from_environment() -> Settings:
    """Read the settings. Raises WrongSetting, which names the variable and the rule."""
    state = os.environ.get("JAUAP_STATE", "KAZ")
    if len(state) != 3 or not state.isalpha() or not state.isupper():  # noqa: PLR2004 - alpha-3
        raise WrongSetting("JAUAP_STATE", "must be an ISO 3166 alpha-3 code such as KAZ, or ANY")
    return Settings(
        kafka=required("JAUAP_KAFKA", "must name the bootstrap servers, such as 127.0.0.1:9092"),
        registry=required(
            "JAUAP_REGISTRY", "must be the registry's address, such as http://127.0.0.1:8080/apis/ccompat/v7"
        ),
        documents=Path(required("JAUAP_DOCUMENTS", "must name the folder of the document store")),
        state=state,
        ready_file=_path("JAUAP_READY_FILE"),
        dump_file=_path("JAUAP_DUMP_FILE"),
        partitions=partition_count(),
        instance=os.environ.get("JAUAP_INSTANCE") or None,
        only=_numbers(os.environ.get("JAUAP_PARTITIONS_ONLY", "")),
    )


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


def _numbers(text: str) -> tuple[int, ...] | None:
    if not text:
        return None
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise WrongSetting("JAUAP_PARTITIONS_ONLY", "must be partition numbers such as 0,3") from None
