"""A short campaign of everything: what was promised was kept; and a service that breaks a promise is found out."""

import time
from functools import partial
from pathlib import Path
from random import Random

import pytest

from tests.faults.campaign import Plan, Summary, run
from tests.faults.judge import follow_chains
from tests.faults.nemeses import burst, late_requests, split
from tests.faults.scene import Scene
from tests.faults.wire import read

pytestmark = pytest.mark.kafka


def attack(plan: Plan, folder: Path) -> Summary:
    """Run a campaign and show what it says if the test fails."""
    return run(plan, folder, print)


def test_a_short_campaign_of_all_faults_finds_no_promise_broken(tmp_path: Path) -> None:
    """Twenty seconds of every kind that there is time for: each command counts once, in order, and all agree."""
    summary = attack(Plan("ci", 20), tmp_path)
    assert not summary.violations, summary.violations[:20]
    assert sum(summary.faults.values()) >= 3, summary.faults
    assert summary.counts["counted"] > summary.counts["commands"] > 100
    assert summary.counts["outcomes"] >= summary.counts["commands"]


@pytest.mark.long
@pytest.mark.parametrize(("service", "promise"), [("intake", "pipelines"), ("routing", "ignores-the-rule")])
def test_a_service_that_breaks_the_chain_is_found_out(service: str, promise: str, tmp_path: Path) -> None:
    """The judge names its topic. One service at a time: nobody takes more of a case that another has broken."""
    nemeses = {"split": partial(split, service=service)}
    enough = partial(breaks, service=service)
    plan = Plan("chain", 5, nemeses, cases=20, broken={service: promise}, enough=enough, patience=8)
    summary = attack(plan, tmp_path)
    assert f"is broken by jauap.{service}.events" in "\n".join(summary.violations)


@pytest.mark.long
def test_a_service_that_commits_early_is_found_out(tmp_path: Path) -> None:
    """Killed with commands behind its position, it forgets them. It is alone: breaks would make it read them again."""
    nemeses = {"late": partial(late_requests, service="publication")}
    broken = {"publication": "commits-early"}
    summary = attack(Plan("early", 5, nemeses, cases=20, broken=broken, enough=Forgets(), patience=8), tmp_path)
    assert [said for said in summary.violations if "jauap.publication.commands" in said and "has no outcome" in said]


@pytest.mark.long
def test_a_service_that_keeps_its_state_after_a_lost_tail_is_found_out(tmp_path: Path) -> None:
    """It goes on from what it remembers: its next records don't follow what the log still holds."""
    plan = Plan(
        "kept",
        5,
        {"intake's tails": lose_tails_of_intake},
        cases=20,
        broken={"intake": "keeps-its-state"},
        enough=partial(breaks, service="intake"),
        patience=8,
    )
    summary = attack(plan, tmp_path)
    assert summary.lost
    assert "is broken by jauap.intake.events" in "\n".join(summary.violations)


def lose_tails_of_intake(scene: Scene, random: Random) -> None:
    """Every partition of its events loses its last records under the running service."""
    time.sleep(3)
    scene.stack.kill("kafka")
    for number in range(scene.addresses.partitions):
        scene.count_many("records lost", scene.cut_tail("jauap.intake.events", number, 5))
    scene.stack.start("kafka")
    for _ in range(10):
        burst(scene, random, "intake")


def breaks(scene: Scene, service: str) -> bool:
    """Whether this service has broken a case."""
    time.sleep(1)
    topic = f"jauap.{service}.events"
    return bool(follow_chains(topic, read(scene.addresses.kafka, [topic])[topic]).violations)


class Forgets:
    """A command of publication waits for long although its case goes on."""

    def __init__(self) -> None:
        self.since: dict[str, float] = {}

    def __call__(self, scene: Scene) -> bool:
        time.sleep(1)
        memory, now = scene.workload.memory, time.monotonic()
        with memory.lock:
            waiting = memory.unanswered - memory.held
            waiting = {one for one in waiting if memory.sent[one].topic == "jauap.publication.commands"}
        self.since = {one: self.since.get(one, now) for one in waiting}
        return any(now - since > 15 for since in self.since.values())
