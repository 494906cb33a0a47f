"""What the compose file says, read without an engine: limits, waits, secrets, and the profiles for brokers."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from jauap.settings import KNOWN

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
THREE = ROOT / "deploy/compose/three-brokers.env"
COMPOSED: dict[str, Any] = msgspec.yaml.decode(FILE.read_bytes())
SERVICES: dict[str, Any] = COMPOSED["services"]
PROCESSES = ("intake", "routing", "deadlines", "publication", "projector", "liaison", "documents", "post")
BROKERS = ("kafka-1", "kafka-2", "kafka-3")
DEFAULT = re.compile(r"\$\{([A-Z_0-9]+):-([^}]*)\}")


def resolved(text: object, told: dict[str, str]) -> str:
    """A value as compose gives it."""
    return DEFAULT.sub(lambda found: told.get(found[1]) or found[2], str(text))


def three() -> dict[str, str]:
    """The settings for three brokers."""
    lines = [line for line in THREE.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_is_held(name: str) -> None:
    """No privilege, no capability beyond what is named, and a way to come back."""
    one = SERVICES[name]
    assert one["security_opt"] == ["no-new-privileges:true"]
    assert one["cap_drop"] == ["ALL"]
    assert "privileged" not in one
    assert one["user"] if name not in PROCESSES and "JAUAP_IMAGE" not in one["image"] else True
    if name not in ("secrets", "apply", "cli", "admin"):
        assert one["restart"] == "unless-stopped"
        assert one["healthcheck"]["test"]
        assert one["mem_limit"]
        assert one["stop_grace_period"]
    if "JAUAP_IMAGE" in one["image"]:
        assert one["read_only"]


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_gets_time_to_hand_over_and_its_own_secrets(name: str) -> None:
    """Thirty seconds (docs/reference/start-and-stop.md), its own login, and no setting that nobody reads."""
    one = SERVICES[name]
    assert one["stop_grace_period"] == "30s"
    assert one["command"] == [f"services.{name}"]
    assert f"sasl_ssl://{name}@" in one["environment"]["JAUAP_KAFKA"]
    assert f"{name}-secrets:/secrets:ro" in one["volumes"]
    assert set(one["environment"]) <= set(KNOWN)
    assert not [key for key in one["environment"] if key.endswith("PASSWORD")]


def test_secrets_are_handed_to_everybody_who_mounts_them() -> None:
    """Each volume of secrets is filled by the one-shot, and mounted by one kind of container."""
    handed = {volume.partition(":")[0] for volume in SERVICES["secrets"]["volumes"]}
    assert handed == {name for name in COMPOSED["volumes"] if name.endswith("secrets")}
    for volume in handed - {"secrets"}:
        readers = {
            name.rstrip("-123")
            for name, one in SERVICES.items()
            if name != "secrets" and any(str(mounted).startswith(f"{volume}:") for mounted in one.get("volumes", ()))
        }
        assert readers == {volume.removesuffix("-secrets")}


def test_one_broker_is_what_is_started_when_nothing_is_said() -> None:
    """The others stand in a profile."""
    assert [name for name in BROKERS if "profiles" not in SERVICES[name]] == ["kafka-1"]
    told = SERVICES["kafka-1"]["environment"]
    assert resolved(told["KAFKA_CONTROLLER_QUORUM_VOTERS"], {}) == "1@kafka-1:9093"
    assert resolved(told["KAFKA_MIN_INSYNC_REPLICAS"], {}) == "1"


def test_with_three_brokers_two_have_each_record() -> None:
    """All three vote, all are asked, and min.insync.replicas is 2, for our topics and for Kafka's own."""
    settings = three()
    assert settings["COMPOSE_PROFILES"] == "three"
    for number, name in enumerate(BROKERS, 1):
        told = {key: resolved(value, settings) for key, value in SERVICES[name]["environment"].items()}
        assert told["KAFKA_NODE_ID"] == str(number)
        assert told["KAFKA_CONTROLLER_QUORUM_VOTERS"] == "1@kafka-1:9093,2@kafka-2:9093,3@kafka-3:9093"
        assert {told[key] for key in told if key.endswith("REPLICATION_FACTOR")} == {"3"}
        assert {told[key] for key in told if key.endswith(("MIN_ISR", "MIN_INSYNC_REPLICAS"))} == {"2"}
    applied = SERVICES["apply"]["environment"]
    assert resolved(applied["JAUAP_REPLICATION"], settings) == "3"
    assert resolved(applied["JAUAP_MIN_INSYNC"], settings) == "2"
    for name in (*PROCESSES, "cli", "admin", "apply"):
        kafka = resolved(SERVICES[name]["environment"]["JAUAP_KAFKA"], settings)
        assert "@kafka-1:9092,kafka-2:9092,kafka-3:9092?" in kafka


def test_three_brokers_differ_in_nothing_but_number_and_port() -> None:
    """What one has, the others have."""
    alike = [
        {**SERVICES[name], "environment": None, "volumes": None, "ports": None, "profiles": None} for name in BROKERS
    ]
    assert alike[0] == alike[1] == alike[2]
