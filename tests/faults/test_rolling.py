"""A release under load: each process is stopped and started in turn, a second instance comes and goes."""

from functools import partial
from pathlib import Path

import pytest

from tests.faults.campaign import Plan, run
from tests.faults.nemeses import rolling
from tests.faults.story import BODIES

pytestmark = pytest.mark.kafka


def test_a_release_under_load_loses_nothing_and_decides_nothing_twice(tmp_path: Path) -> None:
    """Each command has one outcome and one record; chains, read models and feeds are whole, and tell nothing twice."""
    nemeses = {"rolling": partial(rolling, service="routing")}
    plan = Plan(
        "rolling",
        0,
        nemeses,
        cases=20,
        enough=lambda scene: scene.faults["instances replaced"] > 0,
        bodies=BODIES,
    )
    summary = run(plan, tmp_path, print)
    assert not summary.violations, summary.violations[:20]
    assert summary.faults == {"services stopped": 6, "instances replaced": 1}
    assert summary.counts["commands"] > 100
    assert summary.counts["items on feeds"] > 10
