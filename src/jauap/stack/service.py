"""The project's own processes: the four services, projector, liaison, documents; post where people are to be told."""

import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from jauap.stack.addresses import Addresses
from jauap.stack.folder import Folder
from jauap.stack.process import Launch

DOCUMENTS = "documents"
ALL_SERVICES = ("intake", "routing", "deadlines", "publication", "projector", "liaison", DOCUMENTS)
POST = "post"
DIRECTORY = "JAUAP_DIRECTORY"
"""Without it there is nobody to be told, and post is not started: alerts are on record all the same."""


def services_wanted(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The processes that `jauap stack up` starts."""
    return (*ALL_SERVICES, POST) if environment.get(DIRECTORY) else ALL_SERVICES


ServiceCommand = Callable[[str], Sequence[str]]
"""From a service's name to the command line that runs it."""


def run_module(name: str) -> Sequence[str]:
    """The real services: `python -m services.<name>`."""
    return [sys.executable, "-m", f"services.{name}"]


@dataclass(frozen=True)
class Service:
    """One of them, in a stack's folder; it says that it is ready by creating a file."""

    name: str
    folder: Folder
    addresses: Addresses
    command: ServiceCommand = run_module

    patience = 60.0
    stop_signal = signal.SIGTERM
    grace = 10.0

    @property
    def ports(self) -> tuple[int, ...]:
        """Where it answers over HTTP, if it does."""
        return (self.addresses.http_port,) if self.name == DOCUMENTS and self.addresses.http_port else ()

    def prepare(self) -> None:
        """Nothing: a service's state is in Kafka and PostgreSQL."""

    def launch(self) -> Launch:
        """Run it with the addresses in its environment."""
        environment = {
            **os.environ,
            **self.addresses.of_principal(self.name).environment(),
            "JAUAP_INSTANCE": f"{self.name}-1",
            "JAUAP_READY_FILE": str(self.folder.ready_file(self.name)),
            "JAUAP_DUMP_FILE": str(self.folder.dump_file(self.name)),
        }
        return Launch(self.command(self.name), self.folder.root, environment)

    def ready(self) -> bool:
        """It has said so."""
        return self.folder.ready_file(self.name).exists()
