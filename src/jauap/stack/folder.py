"""Where everything of one stack lies: one folder, and the names inside it."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from jauap.stack.errors import StackError

PRIVATE = 0o700
BROKERS = ("kafka", "kafka-2", "kafka-3")
"""What a deployment's brokers are called, in the order of their numbers; one broker is the first of them."""


@dataclass(frozen=True)
class Folder:
    """The data folder of one stack; `root` is absolute."""

    root: Path

    @classmethod
    def at(cls, data_dir: Path) -> "Folder":
        """The folder for a path as a person wrote it."""
        return cls(data_dir.expanduser().resolve())

    @property
    def settings(self) -> Path:
        """Ports, password, partition and broker counts: picked once, then remembered."""
        return self.root / "stack.json"

    @property
    def run(self) -> Path:
        """What describes the running processes; worthless once they are gone."""
        return self.root / "run"

    @property
    def logs(self) -> Path:
        """One file for each part."""
        return self.root / "logs"

    def kafka(self, broker: str) -> Path:
        """A broker's log: the system of record."""
        return self.root / broker

    @property
    def registry(self) -> Path:
        """The schema registry's H2 database."""
        return self.root / "registry"

    @property
    def postgres(self) -> Path:
        """PostgreSQL's cluster, in `data` beneath."""
        return self.root / "postgres"

    @property
    def documents(self) -> Path:
        """The content-addressed store of documents."""
        return self.root / "documents"

    @property
    def secrets(self) -> Path:
        """A file for each principal's password."""
        return self.root / "secrets"

    @property
    def authority(self) -> Path:
        """The certificate that clients check the brokers' with."""
        return self.root / "tls" / "ca.pem"

    @property
    def broker_certificate(self) -> Path:
        """The brokers' certificate and its key."""
        return self.root / "tls" / "broker.pem"

    @property
    def bodies(self) -> Path:
        """The deployment's list of state bodies, and which of them have access."""
        return self.root / "bodies.json"

    @property
    def lock(self) -> Path:
        """Held by the command that is changing this stack."""
        return self.run / "lock"

    def log(self, part: str) -> Path:
        """What a part prints."""
        return self.logs / f"{part}.log"

    def record(self, part: str) -> Path:
        """Which process a part is."""
        return self.run / f"{part}.json"

    def ready_file(self, part: str) -> Path:
        """What a service creates once it is ready."""
        return self.run / f"{part}.ready"

    def dump_file(self, part: str) -> Path:
        """What a service writes on SIGUSR1: all that it holds."""
        return self.run / f"{part}.dump"

    def scratch(self, part: str) -> Path:
        """A part's temporary files, emptied before each start."""
        return self.run / f"{part}.tmp"

    def create(self) -> None:
        """Make the folder and those within it that only the owner may read."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            for inner in (self.run, self.logs, self.registry, self.documents):
                inner.mkdir(mode=PRIVATE, exist_ok=True)
            if not self.bodies.exists():
                self.bodies.write_text("[]\n")
        except OSError as error:
            raise StackError(
                f"The data folder {self.root} cannot be created: {error.strerror}.",
                "Choose one that you may write to, with --data-dir.",
            ) from error

    def erase(self) -> bool:
        """Remove what a stack makes, then the folder; False if something else is in it."""
        for inner in (
            *map(self.kafka, BROKERS), self.registry, self.postgres, self.documents, self.logs, self.run,
            self.secrets, self.authority.parent,
        ):  # fmt: skip
            shutil.rmtree(inner, ignore_errors=True)
        self.bodies.unlink(missing_ok=True)
        self.settings.unlink(missing_ok=True)
        if any(self.root.iterdir()):
            return False
        self.root.rmdir()
        return True


def require_space(folder: Path, needed: int) -> None:
    """Refuse to begin what a full disk would leave half done; `needed` is in bytes."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    if free < needed:
        raise StackError(
            f"The disk that holds {folder} has {free // 2**20} MB free, and the stack needs {needed // 2**20} MB.",
            "Free some space there, or choose a folder on another disk with --data-dir"
            " (XDG_CACHE_HOME for the downloads).",
        )
