"""Apicurio registry, with its schemas in an H2 database file that survives restarts."""

import http.client
import signal
from collections.abc import Callable
from dataclasses import dataclass

from jauap.stack.folder import Folder
from jauap.stack.jvm import Jvm
from jauap.stack.ports import HOST
from jauap.stack.process import Launch
from jauap.stack.settings import Settings

_TIMEOUT = 2.0


@dataclass(frozen=True)
class SchemaRegistry:
    """Apicurio in a stack's folder."""

    folder: Folder
    settings: Settings
    jvm: Callable[[], Jvm]

    name = "registry"
    patience = 120.0
    stop_signal = signal.SIGTERM
    grace = 15.0

    @property
    def ports(self) -> tuple[int, ...]:
        """For clients; for health checks."""
        return self.settings.registry_port, self.settings.management_port

    def prepare(self) -> None:
        """Nothing: it makes its database itself, and H2's lock ends with the process."""

    def launch(self) -> Launch:
        """Run the server; without the management host it would open port 9000 to everybody."""
        options = {
            "quarkus.http.host": HOST,
            "quarkus.http.port": self.settings.registry_port,
            "quarkus.http.access-log.enabled": "false",
            "quarkus.management.host": HOST,
            "quarkus.management.port": self.settings.management_port,
            "apicurio.storage.kind": "sql",
            "apicurio.storage.sql.kind": "h2",
            "apicurio.datasource.url": f"jdbc:h2:file:{self.folder.registry / 'db'}",
        }
        jvm = self.jvm()
        arguments = [
            *(f"-D{name}={value}" for name, value in options.items()),
            "-jar",
            str(jvm.jars[0]),
        ]
        return Launch(
            jvm.command(self.folder.scratch(self.name), arguments),
            self.folder.registry,
            jvm.environment(),
        )

    def ready(self) -> bool:
        """It lists its subjects."""
        return registry_answers(self.settings.registry_port)


def registry_answers(port: int) -> bool:
    """Whether a registry on this machine lists its subjects."""
    connection = http.client.HTTPConnection(HOST, port, _TIMEOUT)
    try:
        connection.request("GET", "/apis/ccompat/v7/subjects")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
