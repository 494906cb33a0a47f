"""What one stack keeps for ever: its ports, its database password, its partition and broker counts, its State."""

import base64
import json
import re
import secrets
import uuid
from dataclasses import asdict, dataclass, replace
from typing import Any

from jauap.stack import ports
from jauap.stack.errors import StackError
from jauap.stack.folder import Folder

DEFAULT_STATE = "KAZ"
BROKER_COUNTS = (1, 3)
"""One, or three: of two brokers neither could tell whether the other is gone or itself cut off."""


@dataclass(frozen=True)
class Settings:
    """Picked when the folder is first used, read back ever after (`stack.json`, mode 0600)."""

    kafka_ports: tuple[int, ...]
    """Where each broker answers our own processes and the other brokers, in the order of their numbers."""
    client_ports: tuple[int, ...]
    """Where each broker answers other ministries, over TLS."""
    controller_ports: tuple[int, ...]
    """Where each broker answers the others as a controller."""
    http_port: int
    """Where documents and schemas are served to other ministries."""
    registry_port: int
    management_port: int
    postgres_port: int
    password: str
    cluster: str
    partitions: int
    state: str = DEFAULT_STATE
    """ISO 3166 alpha-3 code of the State that the deployment serves; ANY in a trial."""

    @property
    def brokers(self) -> int:
        """How many brokers the deployment has."""
        return len(self.kafka_ports)

    @property
    def min_insync(self) -> int:
        """How many of them must have a record before it is acknowledged: one may fail, and nothing is lost."""
        return self.brokers // 2 + 1

    @classmethod
    def load(cls, folder: Folder) -> "Settings | None":
        """Those of an existing stack, or None where there was never one."""
        try:
            text = folder.settings.read_text()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StackError(
                f"{folder.settings} cannot be read: {error.strerror}.",
                "Use the stack as the user who created it.",
            ) from error
        try:
            return cls(**_as_now(json.loads(text)))
        except (ValueError, TypeError, KeyError) as error:
            raise StackError(
                f"{folder.settings} is damaged or of another version.",
                "Put back a copy of that file, or start a new stack in another folder.",
            ) from error

    @classmethod
    def load_or_create(
        cls, folder: Folder, partitions: int, state: str | None = None, brokers: int | None = None
    ) -> "Settings":
        """Those of the folder; a new folder gets free ports and fresh secrets."""
        if state is not None and re.fullmatch("[A-Z]{3}", state) is None:
            raise StackError(
                "The State of a deployment must be an ISO 3166 alpha-3 code, three capital letters.",
                "Say --state KAZ, or --state ANY for a trial.",
            )
        if brokers not in (None, *BROKER_COUNTS):
            raise StackError("A deployment has one broker or three.", "Say --brokers 3, or leave it out for one.")
        existing = cls.load(folder)
        if existing is not None and not existing.http_port:
            http, *clients = ports.pick(1 + existing.brokers)
            existing = replace(existing, http_port=http, client_ports=tuple(clients))
            existing._save(folder)  # noqa: SLF001 - its own class
        if existing is not None:
            if state not in (None, existing.state):
                raise StackError(
                    f"The deployment in {folder.root} serves {existing.state}; that is fixed when it is made.",
                    "Leave --state out, or make another deployment in another folder with --data-dir.",
                )
            if brokers not in (None, existing.brokers):
                raise StackError(
                    f"The deployment in {folder.root} has {existing.brokers} broker(s); that is fixed when it is made.",
                    "Leave --brokers out, or make another deployment in another folder with --data-dir.",
                )
            return existing
        count = brokers or 1
        registry, management, postgres, http, *others = ports.pick(4 + 3 * count)
        fresh = cls(
            kafka_ports=tuple(others[:count]),
            controller_ports=tuple(others[count : 2 * count]),
            client_ports=tuple(others[2 * count :]),
            http_port=http,
            registry_port=registry,
            management_port=management,
            postgres_port=postgres,
            password=secrets.token_urlsafe(24),
            cluster=_cluster_id(),
            partitions=partitions,
            state=state or DEFAULT_STATE,
        )
        fresh._save(folder)
        return fresh

    def _save(self, folder: Folder) -> None:
        draft = folder.settings.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(asdict(self), indent=2) + "\n")
        draft.replace(folder.settings)


def _as_now(kept: dict[str, Any]) -> dict[str, Any]:
    """What a folder keeps, in today's names: the first ones knew one broker, and no other ministries."""
    kept["client_ports"], kept["http_port"] = tuple(kept.get("client_ports", ())), kept.get("http_port", 0)
    for several, one in (("kafka_ports", "kafka_port"), ("controller_ports", "controller_port")):
        kept[several] = tuple(kept[several] if several in kept else [kept.pop(one)])
    return kept


def _cluster_id() -> str:
    """Kafka's own form: a random UUID in 22 characters of base64."""
    text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    return text if not text.startswith("-") else _cluster_id()
