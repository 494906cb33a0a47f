"""Where the parts of a running stack answer."""

from dataclasses import dataclass, field
from pathlib import Path

from jauap.stack.folder import Folder
from jauap.stack.ports import HOST
from jauap.stack.settings import Settings


@dataclass(frozen=True)
class Addresses:
    """What a process needs to find the stack.

    `kafka` is host:port, or several with commas, `registry` and `database` are URLs, `documents` is a folder's path,
    `partitions` the count that this deployment was created with, `state` the State that it serves, `replication` how
    many brokers have a copy of each record, `min_insync` how many must have it before it is acknowledged.
    """

    kafka: str
    registry: str
    database: str = field(repr=False)  # it holds the password
    documents: str
    partitions: int
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
            kafka=",".join(f"{HOST}:{port}" for port in settings.kafka_ports),
            registry=f"http://{HOST}:{settings.registry_port}/apis/ccompat/v7",
            database=f"postgresql://jauap:{settings.password}@{HOST}:{settings.postgres_port}/jauap",
            documents=str(folder.documents),
            partitions=settings.partitions,
            state=settings.state,
            replication=settings.brokers,
            min_insync=settings.min_insync,
        )

    def environment(self) -> dict[str, str]:
        """The same as the environment variables that every process of ours reads."""
        return {
            "JAUAP_KAFKA": self.kafka,
            "JAUAP_REGISTRY": self.registry,
            "JAUAP_DATABASE": self.database,
            "JAUAP_DOCUMENTS": self.documents,
            "JAUAP_STATE": self.state,
        }
