"""A short campaign of everything: what was promised was kept; and a service that breaks a promise is found out."""

from functools import partial
from pathlib import Path

import pytest

from tests.faults.campaign import Plan, Summary, run
from tests.faults.nemeses import kill_service, split

pytestmark = pytest.mark.kafka


def attack(plan: Plan, folder: Path) -> Summary:
    """Run a campaign and show what it says if the test fails."""
    return run(plan, folder, print)


def test_a_short_campaign_of_all_faults_finds_no_promise_broken(tmp_path: Path) -> None:
    """Half a minute of every kind that there is time for: each command counts once, in order, and all agree."""
    summary = attack(Plan("ci", 25), tmp_path)
    assert not summary.violations, summary.violations[:20]
    assert sum(summary.faults.values()) >= 3, summary.faults
    assert summary.counts["counted"] > summary.counts["commands"] > 100
    assert summary.counts["outcomes"] >= summary.counts["commands"]


def test_services_that_break_a_promise_are_found_out(tmp_path: Path) -> None:
    """Intake pipelines, routing ignores the rule, publication commits early: the judge names each by its topic."""
    nemeses = {
        "split": partial(split, service="intake"),
        "kill": partial(kill_service, service="publication"),
        "slow": partial(split, service="routing"),
    }
    broken = {"intake": "pipelines", "routing": "ignores-the-rule", "publication": "commits-early"}
    summary = attack(Plan("broken", 15, nemeses, cases=8, broken=broken, patience=8), tmp_path)
    said = "\n".join(summary.violations)
    assert "is broken by jauap.intake.events" in said
    assert "is broken by jauap.routing.events" in said
    lost = [
        words for words in summary.violations if "jauap.publication.commands" in words and "has no outcome" in words
    ]
    assert lost
