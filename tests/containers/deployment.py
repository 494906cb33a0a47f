"""One deployment of the compose file, beside others and with ports of its own."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from jauap.stack.ports import pick
from tests.containers.engine import IMAGE, Engine, EngineError

PROCESSES = ("intake", "routing", "deadlines", "publication", "projector", "liaison", "documents")
OTHERS = ("kafka-1", "registry", "postgres")
PATIENCE = 240.0


class Deployment(NamedTuple):
    """What is asked of it while it runs."""

    engine: Engine
    project: str
    kafka_port: int
    documents_port: int

    def compose(self, *arguments: str, given: str | None = None) -> str:
        """Call compose. Raises EngineError."""
        settings = {
            "KAFKA_PORT": str(self.kafka_port),
            "DOCUMENTS_PORT": str(self.documents_port),
            "JAUAP_PARTITIONS": "4",
        }
        return self.engine.compose_run(self.project, *arguments, environment=settings, given=given)

    def tool(self, name: str, *command: str, given: str | None = None, volume: str | None = None) -> str:
        """Run the command line in a container of its own: as `cli` or `admin`. Raises EngineError."""
        options = ("--rm", "-T", "--no-deps", *(() if volume is None else ("--volume", volume)))
        return self.compose("--profile", "tools", "run", *options, name, "jauap", *command, given=given)

    def secret(self, name: str) -> bytes:
        """A file that `jauap secrets` made."""
        told = ("run", "--rm", "--entrypoint", "cat", "--volume", f"{self.project}_secrets:/secrets:ro", IMAGE)
        return self.engine.run(*told, f"/secrets/{name}").encode()

    def container(self, service: str) -> str:
        """The name of a service's container."""
        labels = {"com.docker.compose.project": self.project, "com.docker.compose.service": service}
        filters = [word for name, value in labels.items() for word in ("--filter", f"label={name}={value}")]
        return self.engine.run("ps", "--all", *filters, "--format", "{{.Names}}").split()[0]

    def inspect(self, service: str) -> dict[str, Any]:
        """What the engine knows of a service's container."""
        return self.engine.inspect(self.container(service))

    def logs(self, service: str) -> str:
        """What a service has printed."""
        return self.engine.run("logs", self.container(service))

    def lacks(self) -> list[str]:
        """Who is not well yet, by the checks of the compose file; and the one-shot, until it has ended well."""
        state = self.inspect("apply")["State"]
        lacking = [] if (state["Status"], state["ExitCode"]) == ("exited", 0) else [f"apply: {state['Status']}"]
        for service in (*OTHERS, *PROCESSES):
            try:
                self.engine.check_health(self.container(service))
            except EngineError as error:
                lacking.append(f"{service}: {error}")
        return lacking

    def await_health(self) -> None:
        """Wait until nobody lacks anything."""
        deadline = time.monotonic() + PATIENCE
        while lacking := self.lacks():
            if time.monotonic() > deadline:
                told = {line.partition(":")[0] for line in lacking}
                raise AssertionError(lacking, [self.logs(service)[-2000:] for service in told])
            time.sleep(1.0)


@contextmanager
def brought_up(engine: Engine) -> Iterator[Deployment]:
    """As `docker compose up --wait`; taken down with its data at the end."""
    kafka_port, documents_port = pick(2)
    one = Deployment(engine, f"jauap-test-{kafka_port}", kafka_port, documents_port)
    try:
        # Whom a container waits for is compose's business, and podman-compose knows no conditions.
        one.compose("up", "--detach", "--no-build", "secrets")
        one.engine.run("wait", one.container("secrets"))
        one.compose("up", "--detach", "--no-build")
        one.await_health()
        yield one
    finally:
        one.compose("--profile", "tools", "down", "--volumes", "--timeout", "30")
