"""The orchestrator with the real parts: nothing is lost, everything heals, nobody is disturbed."""

import os
import socket
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg
import pytest
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from jauap.messaging.connection import client_settings
from jauap.stack import ports
from jauap.stack.addresses import Addresses
from jauap.stack.errors import StackError
from jauap.stack.machine import Stack, infrastructure

from .conftest import obedient, silent

pytestmark = pytest.mark.kafka
INFRASTRUCTURE = infrastructure()


def _pids(stack: Stack) -> dict[str, int | None]:
    return {part.name: part.pid for part in stack.status()}


def _states(stack: Stack) -> set[str]:
    return {part.state for part in stack.status()}


def _leave_a_trace(addresses: Addresses, name: str) -> None:
    """A topic in Kafka and a row in PostgreSQL."""
    admin = AdminClient(client_settings(addresses.kafka))
    admin.create_topics([NewTopic(name, num_partitions=1)])[name].result(10)
    with psycopg.connect(addresses.database) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS trace (name text PRIMARY KEY)")
        connection.execute("INSERT INTO trace VALUES (%s)", [name])


def _has_trace(addresses: Addresses, name: str) -> bool:
    topics = AdminClient(client_settings(addresses.kafka)).list_topics(timeout=10).topics
    with psycopg.connect(addresses.database) as connection:
        row = connection.execute("SELECT 1 FROM trace WHERE name = %s", [name]).fetchone()
    return name in topics and row is not None


def test_down_and_up_lose_nothing(stack: Stack) -> None:
    """A topic and a row are there again, at the same addresses."""
    before = stack.up(silent)
    _leave_a_trace(before, "kept-over-down")
    stack.down(silent)
    assert _states(stack) == {"stopped"}
    after = stack.up(silent)
    assert after == before == Addresses.load(stack.folder.root)
    assert _has_trace(after, "kept-over-down")


def test_up_twice_changes_nothing(stack: Stack) -> None:
    """The second time finds every process and leaves it alone."""
    stack.up(silent)
    before = _pids(stack)
    stack.up(silent)
    assert _pids(stack) == before
    assert _states(stack) == {"ready"}


@pytest.mark.parametrize("name", [*INFRASTRUCTURE, "intake"])
def test_up_heals_a_killed_part(stack: Stack, name: str) -> None:
    """After kill -9 of one part only that part is started again."""
    stack.up(silent)
    before = _pids(stack)
    stack.kill(name)
    assert {part.name for part in stack.status() if part.state == "dead"} == {name}
    stack.up(silent)
    after = _pids(stack)
    assert {part for part in after if after[part] != before[part]} == {name}


def test_up_heals_after_everything_was_killed(stack: Stack) -> None:
    """After kill -9 of all parts at once all data is there again."""
    addresses = stack.up(silent)
    _leave_a_trace(addresses, "kept-over-kill")
    for part in stack.status():
        stack.kill(part.name)
    assert _states(stack) == {"dead"}
    assert _has_trace(stack.up(silent), "kept-over-kill")


def test_up_heals_a_process_id_that_was_given_to_somebody_else(stack: Stack) -> None:
    """PostgreSQL's own lock file, left by a crash, may name a process that is not PostgreSQL."""
    stack.up(silent)
    stack.kill("postgres")
    lock = stack.folder.postgres / "data" / "postmaster.pid"
    first, rest = lock.read_text().split("\n", 1)
    assert first != str(os.getpid())
    lock.write_text(f"{os.getpid()}\n{rest}")
    stack.up(silent)
    assert _states(stack) == {"ready"}


def test_one_part_can_be_stopped_and_started(stack: Stack) -> None:
    """What tests of outages need."""
    stack.up(silent)
    stack.stop("routing")
    assert [part.name for part in stack.status() if part.state == "stopped"] == ["routing"]
    stack.start("routing")
    assert _states(stack) == {"ready"}


def test_the_hooks_are_called_between_the_layers(stack: Stack) -> None:
    """Topics and schemas come before the services, first submissions after them."""
    stack.down(silent)
    seen = []

    def note(addresses: Addresses) -> None:
        assert addresses == Addresses.load(stack.folder.root)
        seen.append([part.name for part in stack.status() if part.state == "ready"])

    stack.up(silent, note, note)
    assert seen == [[*INFRASTRUCTURE], [*INFRASTRUCTURE, "intake", "routing"]]


def test_two_stacks_run_side_by_side(stack: Stack, tmp_path: Path) -> None:
    """Each has its own data; taking one down leaves the other alone."""
    first = stack.up(silent)
    before = _pids(stack)
    other = Stack(tmp_path / "other", services=())
    try:
        second = other.up(silent)
        _leave_a_trace(second, "of-the-other")
        topics = AdminClient(client_settings(first.kafka)).list_topics(timeout=10).topics
        assert "of-the-other" not in topics
    finally:
        other.down(silent)
    assert _pids(stack) == before
    assert _states(stack) == {"ready"}


@pytest.fixture
def squatter(stack: Stack) -> Iterator[int]:
    """Somebody else on the registry's port while it is down."""
    stack.up(silent)
    port = next(part.port for part in stack.status() if part.name == "registry")
    stack.stop("registry")
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((ports.HOST, port or 0))
        server.listen()
        yield port or 0


def test_a_remembered_port_that_is_taken_is_named(stack: Stack, squatter: int) -> None:
    """The sentence has the port and the part."""
    with pytest.raises(StackError, match=f"Port {squatter}, which registry"):
        stack.up(silent)


def _doomed(name: str) -> Sequence[str]:
    if name == "routing":
        return [sys.executable, "-c", "raise SystemExit('the topics have 3 partitions, not 4')"]
    return obedient(name)


def test_a_service_that_ends_at_its_start_is_named(stack: Stack) -> None:
    """The error has its name and the end of its log."""
    stack.up(silent)
    stack.stop("routing")
    doomed = Stack(stack.folder.root, ("intake", "routing"), service_command=_doomed)
    with pytest.raises(StackError, match=r"routing ended[\s\S]*the topics have 3 partitions"):
        doomed.up(silent)


def test_a_service_is_told_where_everything_is(stack: Stack) -> None:
    """Addresses, state and data folder come by the environment and the working folder."""
    script = (
        "import os, pathlib; pathlib.Path('seen').write_text(os.environ['JAUAP_KAFKA'] + ' ' +"
        " os.environ['JAUAP_STATE']); pathlib.Path(os.environ['JAUAP_READY_FILE']).touch();"
        " import time; time.sleep(60)"
    )
    stack.up(silent)
    curious = Stack(stack.folder.root, ("curious",), service_command=lambda _: [sys.executable, "-c", script])
    addresses = curious.up(silent)
    seen = stack.folder.root / "seen"
    assert seen.read_text() == f"{addresses.of_principal('curious').kafka} KAZ"
    curious.stop("curious")
    seen.unlink()


def test_erasing_takes_the_stack_down_first(tmp_path: Path) -> None:
    """Afterwards there is neither a process nor a folder."""
    stack = Stack(tmp_path / "gone", services=())
    addresses = stack.up(silent)
    assert stack.erase(silent)
    assert not (tmp_path / "gone").exists()
    assert not ports.accepts(int(addresses.clients.rpartition(":")[2]))


def test_a_folder_that_is_no_stack_is_never_erased(tmp_path: Path) -> None:
    """A wrong --data-dir costs nothing."""
    (tmp_path / "kafka").mkdir()
    with pytest.raises(StackError, match="not the data folder"):
        Stack(tmp_path).erase(silent)
    assert (tmp_path / "kafka").exists()
