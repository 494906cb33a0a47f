"""A full disk under the broker, and under PostgreSQL: nothing is lost, and all goes on once there is room."""

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from jauap.stack import first_start
from jauap.stack.addresses import Addresses
from jauap.stack.errors import StackError
from jauap.stack.machine import Stack
from tests.conftest import prepare
from tests.faults import disk
from tests.faults.flow import Flow, await_judgement, wait_for

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.long]

SERVICES = ("intake", "routing", "deadlines", "publication", "projector")


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """All parts, with the broker's and PostgreSQL's data on small disks where we may mount them."""
    machine = Stack(Path(tmp_path_factory.mktemp("full")))
    with ExitStack() as disks:
        disks.callback(machine.down, lambda _part, _words: None)
        for name in ("kafka", "postgres"):
            disks.enter_context(disk.small_disk(machine.folder.root / name, 256))
        machine.up(lambda _part, _words: None, prepare, first_start.submit)
        yield machine
        machine.down(lambda _part, _words: None)


@pytest.fixture
def flow(machine: Stack) -> Flow:
    """Commands to cases of its own."""
    addresses = Addresses.load(machine.folder.root)
    assert addresses is not None
    return Flow(addresses)


def state(machine: Stack, name: str) -> str:
    """How a part is doing."""
    return next(part.state for part in machine.status() if part.name == name)


def started(machine: Stack, name: str) -> bool:
    """Whether a part is ready; it is started if it has ended, and may just be ending."""
    with suppress(StackError):
        machine.start(name)
    return state(machine, name) == "ready"


def test_a_broker_whose_disk_is_full_ends_and_goes_on_where_it_was(machine: Stack, flow: Flow) -> None:
    """It gives up rather than lie; with room again it is started, and the services were there all the time."""
    before = {part.name: part.pid for part in machine.status() if part.name in SERVICES}
    with flow.running():
        flow.await_acknowledged(100)
        disk.fill(machine, "kafka")
        wait_for(lambda: state(machine, "kafka") == "dead", "the broker has ended")
        known = len(flow.acknowledged)
        begun = len(flow.sent)
        wait_for(lambda: len(flow.sent) > begun + 50, "50 commands given meanwhile")
        assert len(flow.acknowledged) == known
        disk.heal(machine, "kafka")
        machine.start("kafka")
        flow.await_acknowledged(100)
    await_judgement(flow)
    assert {part.name: part.pid for part in machine.status() if part.name in SERVICES} == before


def test_the_projector_goes_on_by_itself_after_postgresql_had_no_room(machine: Stack, flow: Flow) -> None:
    """Commands are decided all the while, for PostgreSQL is derived; later the read models show them."""
    before = {part.name: part.pid for part in machine.status() if part.name in SERVICES}
    with flow.running():
        flow.await_acknowledged(100)
        disk.fill(machine, "postgres")
        seen = machine.folder.log("postgres").stat().st_size
        wait_for(lambda: machine.folder.log("postgres").stat().st_size > seen, "PostgreSQL complains")
        flow.await_acknowledged(100)
        disk.heal(machine, "postgres")
        wait_for(lambda: started(machine, "postgres"), "PostgreSQL has recovered, by itself or started again")
    await_judgement(flow)
    assert {part.name: part.pid for part in machine.status() if part.name in SERVICES} == before
