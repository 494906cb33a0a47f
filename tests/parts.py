"""Kafka, registry and PostgreSQL for tests: in containers where an engine answers, else as processes of this machine.

JAUAP_TEST_PARTS says which, where it matters: `containers` or `local`.
"""

import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
from testcontainers.core.container import DockerContainer

from jauap.messaging.connection import Login
from jauap.messaging.probe import kafka_answers
from jauap.projections.probe import postgres_answers
from jauap.stack import container_secrets
from jauap.stack.addresses import Addresses
from jauap.stack.credentials import ADMIN, file_of
from jauap.stack.machine import Stack
from jauap.stack.ports import HOST, pick
from jauap.stack.schema_registry import registry_answers

ROOT = Path(__file__).parents[1]
PARTITIONS = 4
IMAGES = {
    "KAFKA_IMAGE": "docker.io/apache/kafka:4.3.1",
    "REGISTRY_IMAGE": "docker.io/apicurio/apicurio-registry:3.3.3",
    "POSTGRES_IMAGE": "docker.io/library/postgres:17-bookworm",
}
"""Those of the compose file; a variable of the same name takes another."""
KAFKA_USER, POSTGRES_USER, REGISTRY_USER = 1000, 999, 1001
OF_ONE_BROKER = (
    "KAFKA_DEFAULT_REPLICATION_FACTOR",
    "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR",
    "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR",
    "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR",
    "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR",
    "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR",
)
PATIENCE = 120.0


@contextmanager
def parts(folder: Path) -> Iterator[Addresses]:
    """The parts without topics, schemas and services; what they keep is in a folder, or goes with the containers."""
    if in_containers():
        with _containers(folder) as addresses:
            yield addresses
        return
    machine = Stack(folder, services=())
    try:
        yield machine.up(lambda _part, _words: None)
    finally:
        machine.down(lambda _part, _words: None)


def in_containers() -> bool:
    """Whether the parts run in containers: as said, else if an engine answers."""
    wanted = os.environ.get("JAUAP_TEST_PARTS")
    if wanted:
        assert wanted in ("containers", "local"), "JAUAP_TEST_PARTS must be containers or local"
        return wanted == "containers"
    address = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    if not address.startswith("unix://"):
        return True
    with socket.socket(socket.AF_UNIX) as asking:
        return asking.connect_ex(address.removeprefix("unix://")) == 0


@contextmanager
def _containers(folder: Path) -> Iterator[Addresses]:
    """The images and the broker's configuration of the compose file, on free ports of the loopback address."""
    secret = folder / "secrets"
    (secret / "kafka").mkdir(parents=True)
    container_secrets.make(secret, ["localhost", HOST])
    container_secrets.hand_out(secret, {"kafka": KAFKA_USER})
    every = secret / container_secrets.ALL
    internal, clients, controller, registry, management, postgres = pick(6)
    code = secrets.token_urlsafe()
    (folder / "code").write_text(code)
    administrator = f"postgresql://postgres:{code}@{HOST}:{postgres}/postgres"
    kafka = Login(
        protocol="sasl_ssl",
        user=ADMIN,
        servers=f"{HOST}:{internal}",
        password_file=file_of(every, ADMIN),
        ca_file=every / container_secrets.AUTHORITY,
        mechanism="PLAIN",
    )
    inside = f"INTERNAL://{HOST}:{internal}"
    with ExitStack() as started:
        _start(
            started,
            "KAFKA_IMAGE",
            KAFKA_USER,
            {
                "CLUSTER_ID": "amF1YXAtY2x1c3Rlci0wMQ",
                "KAFKA_HEAP_OPTS": "-Xmx512m",
                "KAFKA_NODE_ID": "1",
                "KAFKA_PROCESS_ROLES": "broker,controller",
                "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "INTERNAL:SASL_SSL,CLIENTS:SASL_SSL,CONTROLLER:SASL_SSL",
                "KAFKA_INTER_BROKER_LISTENER_NAME": "INTERNAL",
                "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
                "KAFKA_LOG_DIRS": "/var/lib/kafka/data",
                "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
                "KAFKA_LISTENERS": f"{inside},CLIENTS://{HOST}:{clients},CONTROLLER://{HOST}:{controller}",
                "KAFKA_ADVERTISED_LISTENERS": f"{inside},CLIENTS://localhost:{clients}",
                "KAFKA_CONTROLLER_QUORUM_VOTERS": f"1@{HOST}:{controller}",
                **dict.fromkeys(OF_ONE_BROKER, "1"),
            },
            {
                ROOT / "deploy/compose/kafka/server.properties": "/mnt/shared/config/server.properties",
                secret / "kafka": "/etc/kafka/secrets",
            },
        )
        _start(
            started,
            "POSTGRES_IMAGE",
            POSTGRES_USER,
            {"PGDATA": "/var/lib/postgresql/data", "POSTGRES_PASSWORD_FILE": "/code"},
            {folder / "code": "/code"},
            f"postgres -c listen_addresses={HOST} -c port={postgres}",
        )
        _start(
            started,
            "REGISTRY_IMAGE",
            REGISTRY_USER,
            {
                "APICURIO_STORAGE_KIND": "sql",
                "APICURIO_STORAGE_SQL_KIND": "h2",
                "QUARKUS_HTTP_HOST": HOST,
                "QUARKUS_HTTP_PORT": str(registry),
                "QUARKUS_MANAGEMENT_HOST": HOST,
                "QUARKUS_MANAGEMENT_PORT": str(management),
            },
            {},
        )
        _await(lambda: postgres_answers(administrator, 2.0), "PostgreSQL")
        with psycopg.connect(administrator, autocommit=True) as connection:
            connection.execute("CREATE DATABASE jauap TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'")
        _await(lambda: kafka_answers(str(kafka), 2.0), "Kafka")
        _await(lambda: registry_answers(registry), "the registry")
        yield Addresses(
            kafka=str(kafka),
            registry=f"http://{HOST}:{registry}/apis/ccompat/v7",
            database=administrator.removesuffix("postgres") + "jauap",
            documents=str(folder / "documents"),
            partitions=PARTITIONS,
            secrets=every,
        )


def _start(
    started: ExitStack,
    image: str,
    user: int,
    settings: Mapping[str, str],
    files: Mapping[Path, str],
    command: str | None = None,
) -> None:
    """Start a container on this machine's own network; it is removed when `started` ends."""
    container = DockerContainer(os.environ.get(image, IMAGES[image]))
    container.with_kwargs(network_mode="host", user=f"{user}:{0 if user == REGISTRY_USER else user}")
    for name, value in settings.items():
        container.with_env(name, value)
    for file, place in files.items():
        container.with_volume_mapping(str(file), place, "ro")
    if command is not None:
        container.with_command(command)
    started.enter_context(container)


def _await(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, f"{what} did not answer within {PATIENCE:.0f} s"
        time.sleep(0.2)
