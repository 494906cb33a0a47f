"""Where the parts of a running stack answer."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from jauap.messaging.connection import MECHANISMS, parse
from jauap.stack.credentials import ADMIN, file_of, login, password
from jauap.stack.errors import StackError
from jauap.stack.folder import Folder
from jauap.stack.ports import HOST
from jauap.stack.settings import Settings


@dataclass(frozen=True)
class Addresses:
    """What a process needs to find the stack.

    `kafka` says how to reach it (see `messaging.connection`), `registry` and `database` are URLs, `documents` is a
    folder's path, `bodies` that of the list of state bodies; `clients` is host:port, or several with commas, where
    other ministries come in over TLS, `http_port` where documents and schemas are served to them, `certificate` the
    file of the certificate and key that both show, and `authority` what they check it with; `partitions` is the count
    that this deployment was created with, `state` the State that it serves, `replication` how many brokers have a copy
    of each record, `min_insync` how many must have it before it is acknowledged, `secrets` the folder of passwords.
    """

    kafka: str
    registry: str
    database: str = field(repr=False)  # it holds the password
    documents: str
    partitions: int
    bodies: str = ""
    clients: str = ""
    authority: str = ""
    certificate: str = ""
    http_port: int = 0
    secrets: Path | None = None
    state: str = "KAZ"
    replication: int = 1
    min_insync: int = 1

    @classmethod
    def load(cls, data_dir: Path) -> "Addresses | None":
        """Those of the stack in a folder, running or not; None if there is none."""
        folder = Folder.at(data_dir)
        settings = Settings.load(folder)
        return None if settings is None else cls.of(folder, settings)

    @classmethod
    def of(cls, folder: Folder, settings: Settings) -> "Addresses":
        """The addresses that follow from a stack's folder and settings."""
        return cls(
            kafka=login(folder, ADMIN, _servers(settings.kafka_ports)),
            registry=f"http://{HOST}:{settings.registry_port}/apis/ccompat/v7",
            database=f"postgresql://jauap:{settings.password}@{HOST}:{settings.postgres_port}/jauap",
            documents=str(folder.documents),
            partitions=settings.partitions,
            bodies=str(folder.bodies),
            clients=",".join(f"localhost:{port}" for port in settings.client_ports),
            authority=str(folder.authority),
            certificate=str(folder.broker_certificate),
            http_port=settings.http_port,
            secrets=folder.secrets,
            state=settings.state,
            replication=settings.brokers,
            min_insync=settings.min_insync,
        )

    def of_principal(self, name: str) -> "Addresses":
        """The same for somebody who is not the administrator."""
        told = parse(self.kafka)
        if self.secrets is None or told is None:
            return self
        password(self.secrets, name)
        mechanism = "PLAIN" if name == ADMIN else MECHANISMS[0]
        line = told._replace(user=name, password_file=file_of(self.secrets, name), mechanism=mechanism)
        return replace(self, kafka=str(line))

    @property
    def http(self) -> str:
        """Where documents and schemas are served to other ministries."""
        return f"https://localhost:{self.http_port}"

    def password(self, principal: str) -> str:
        """A principal's password; made when it is first asked for. Only a stack of this machine keeps any."""
        if self.secrets is None:
            raise StackError("No stack of this machine.", "Name its folder with --data-dir.")
        return password(self.secrets, principal)

    def environment(self) -> dict[str, str]:
        """The same as the environment variables that every process of ours reads."""
        return {
            "JAUAP_KAFKA": self.kafka,
            "JAUAP_REGISTRY": self.registry,
            "JAUAP_DATABASE": self.database,
            "JAUAP_DOCUMENTS": self.documents,
            "JAUAP_STATE": self.state,
            "JAUAP_BODIES": self.bodies,
            "JAUAP_HTTP": f"{HOST}:{self.http_port}",
            "JAUAP_HTTP_CERTIFICATE": self.certificate,
            "JAUAP_HTTP_KEY": self.certificate,
        }


def _servers(ports: Iterable[int]) -> str:
    return ",".join(f"{HOST}:{port}" for port in ports)
