"""Three brokers under the whole system: each is lost in turn, one comes back as a zombie, and two are lost at once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from jauap.stack import first_start
from jauap.stack.addresses import Addresses
from jauap.stack.folder import BROKERS
from jauap.stack.machine import Stack
from tests.conftest import prepare
from tests.faults.cluster import await_whole, leaders, paused
from tests.faults.flow import Flow, await_judgement, wait_for

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Three brokers, all services and the projector."""
    machine = Stack(Path(tmp_path_factory.mktemp("three")), brokers=3)
    try:
        machine.up(lambda _part, _words: None, prepare, first_start.submit)
        yield machine
    finally:
        machine.down(lambda _part, _words: None)


@pytest.fixture
def flow(machine: Stack) -> Flow:
    """Commands to cases of its own."""
    addresses = Addresses.load(machine.folder.root)
    assert addresses is not None
    return Flow(addresses)


def test_each_broker_is_killed_in_turn_and_one_is_a_zombie(machine: Stack, flow: Flow) -> None:
    """Leaders, group coordinators and the controller move; every command has one record, in turn, and is visible."""
    with flow.running():
        flow.await_acknowledged(50)
        for name in BROKERS:
            await_whole(flow.addresses)
            machine.kill(name)
            flow.await_acknowledged(50)
            machine.start(name)
        await_whole(flow.addresses)
        zombie, _ = leaders(flow.addresses).most_common()[0]
        with paused(machine, zombie):
            wait_for(lambda: not leaders(flow.addresses)[zombie], f"others lead what {zombie} led")
            flow.await_acknowledged(50)
        await_whole(flow.addresses)
    found = await_judgement(flow)
    assert all(len(found["intake"].counted[case_id]) > 1 for case_id in flow.case_ids)
    assert {part.state for part in machine.status()} == {"ready"}


@pytest.mark.long
def test_with_two_brokers_down_nothing_is_acknowledged_and_all_goes_on_afterwards(machine: Stack, flow: Flow) -> None:
    """One copy is not enough; what was sent meanwhile is decided in turn, by the processes that were there."""
    before = {part.name: part.pid for part in machine.status() if part.name not in BROKERS}
    with flow.running():
        flow.await_acknowledged(50)
        await_whole(flow.addresses)
        for name in BROKERS[1:]:
            machine.kill(name)
        begun = len(flow.sent)
        wait_for(lambda: len(flow.sent) > begun + 100, "100 commands given meanwhile")
        assert not flow.acknowledged.keys() & set(flow.sent[begun:])
        for name in BROKERS[1:]:
            machine.start(name)
        flow.await_acknowledged(100)
    await_judgement(flow)
    assert {part.name: part.pid for part in machine.status() if part.name not in BROKERS} == before
