"""The compose file, brought up as in a data centre: the whole system, and another ministry from outside."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.containers.deployment import OTHERS, PROCESSES, Deployment, brought_up
from tests.containers.engine import Engine
from tests.journeys.test_as_a_ministry import (  # the same journey as on one machine
    System,
    test_a_case_of_others_and_no_case_are_refused_alike,
    test_in_python_it_answers_and_hears_what_became_of_it,
    test_in_python_it_reads_what_was_forwarded_to_it_and_nothing_else,
)

__all__ = [
    "test_a_case_of_others_and_no_case_are_refused_alike",
    "test_in_python_it_answers_and_hears_what_became_of_it",
    "test_in_python_it_reads_what_was_forwarded_to_it_and_nothing_else",
]

USER = "10001:10001"
ADMINISTRATOR = ("access", "topics", "body")


class InContainers(System):
    """The same with containers: officers and administrator use the command line in containers of its own."""

    def __init__(self, folder: Path, deployment: Deployment) -> None:
        self.deployment = deployment
        super().__init__(folder)

    def start(self) -> None:
        """It runs already."""

    def jauap(self, *words: str, given: str | None = None) -> str:
        """Run a command of ours."""
        tool = "admin" if words[0] in ADMINISTRATOR else "cli"
        return self.deployment.tool(tool, *words, given=given, volume=f"{self.desk}:{self.desk}:ro")

    def grant(self) -> dict[str, str]:
        """What an operator hands over: what the command says, and what he knows of his machine."""
        told = json.loads(self.jauap("access", "grant", "MIA", "--json"))
        for name in ("ca.pem", "MIA.password"):
            (self.outside / name).write_bytes(self.deployment.secret(name))
        return {
            "principal": told["principal"],
            "servers": f"localhost:{self.deployment.kafka_port}",
            "http": f"https://localhost:{self.deployment.documents_port}",
            "ca_file": str(self.outside / "ca.pem"),
            "password_file": str(self.outside / "MIA.password"),
        }


@pytest.fixture(scope="module")
def deployment(engine: Engine) -> Iterator[Deployment]:
    """Everything that `docker compose up` starts."""
    with brought_up(engine) as one:
        yield one


@pytest.fixture(scope="module")
def system(deployment: Deployment, tmp_path_factory: pytest.TempPathFactory) -> InContainers:
    """A letter was forwarded to the ministry, and another one to somebody else."""
    return InContainers(tmp_path_factory.mktemp("ministry"), deployment)


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_may_do_nothing_that_it_need_not(deployment: Deployment, name: str) -> None:
    """Its own user, nothing to write on, no privilege, limits, and no secret but its own."""
    seen = deployment.inspect(name)
    host = seen["HostConfig"]
    assert seen["Config"]["User"] == USER
    assert host["ReadonlyRootfs"]
    assert "no-new-privileges" in str(host["SecurityOpt"])
    assert not seen.get("EffectiveCaps")
    assert host["Memory"] > 0
    assert host["RestartPolicy"]["Name"] == "unless-stopped"
    secrets = deployment.engine.run("exec", deployment.container(name), "python", "-c", LISTED).split()
    passwords = {file for file in secrets if file.endswith(".password")}
    assert passwords == {f"{name}.password", *({"database.password"} if name == "projector" else ())}


LISTED = "import os; print(*os.listdir('/secrets'))"


def test_what_nobody_outside_may_reach_is_not_published(deployment: Deployment) -> None:
    """Of all ports, the one for other ministries' Kafka clients and that of their documents."""
    published = {
        service: sorted(
            port for port, hosts in deployment.inspect(service)["HostConfig"]["PortBindings"].items() if hosts
        )
        for service in (*OTHERS, *PROCESSES)
    }
    assert {service: ports for service, ports in published.items() if ports} == {
        "kafka-1": ["9095/tcp"],
        "documents": ["8443/tcp"],
    }


def test_it_agrees_with_its_files(system: InContainers) -> None:
    """Topics and access are as the files say, seen by the administrator; a second apply changes nothing."""
    assert json.loads(system.jauap("topics", "check", "--json")) == []
    assert json.loads(system.jauap("access", "check", "--json")) == []
    again = system.deployment.tool("admin", "apply")
    assert "topics       agree with their files (0 changes)" in again
    assert "access       agrees with the topics' files (0 changes)" in again


def test_every_chain_is_whole(system: InContainers) -> None:
    """What was recorded in containers is verified as anywhere."""
    told = json.loads(system.jauap("verify", "--json"))
    assert told["broken"] == 0


def test_a_process_that_is_told_to_stop_ends_well(system: InContainers) -> None:
    """Within its time, by itself, with status 0; and it is ready again after a start."""
    one = system.deployment
    names = ("routing", "projector", "documents")
    for name in names:
        one.engine.run("stop", one.container(name))
        state = one.inspect(name)["State"]
        assert state["ExitCode"] == 0, one.logs(name)[-2000:]
        one.engine.run("start", one.container(name))
    one.await_health()
