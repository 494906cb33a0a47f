"""Every figure is produced. How high it is says nothing about right or wrong, and is not looked at."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.clients import percentile
from bench.figures import Figure
from bench.groups import NAMES
from bench.layers import LAYERS

ROOT = Path(__file__).parents[2]
KEYS = {"at", "quick", "machine", "versions", "broker_jvm", "partitions", "figures", "raw"}
FIGURE_KEYS = {"name", "value", "unit", "possible", "wanted", "at_most", "ratio", "reached"}
FIGURES = {
    *(f"layers/{name}" for name in LAYERS),
    *(f"rebuild/{how}{what}" for how in ("projector", "command") for what in ("", "/processor", "/memory")),
    *(
        f"commands/{clients}{what}"
        for clients in (1, 8, 64, 256)
        for what in ("", "/p50", "/p95", "/p99", "/processor")
    ),
    "commands/memory of 100 k cases of 1",
    "start/ready",
    "start/processor",
    "start/memory of 100 k cases of 50",
    "killed/serving",
    "visible/p50",
    "visible/p99",
    *(f"clocks/{name}" for name in ("due", "due as known", "started")),
    *(f"clocks/moved{what}" for what in (" by an act", ": events", "/processor")),
}
HAS_POSSIBLE = {"rebuild", "visible", "killed"}
LEFT_OUT = {"ministries", "rolling", "sizes"}
"""Thirty clients and three services more; minutes of waiting for sessions to end; eighteen starts: CI has no time for
them, so they are run by hand."""
DIFFERENCES = "layers/"
"""What a layer adds may come out below nothing on a busy machine."""


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it as a person does."""
    return subprocess.run(
        [sys.executable, "-m", "bench", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.mark.long
@pytest.mark.kafka
def test_one_run_produces_every_figure(tmp_path: Path) -> None:
    """A quick run prints each figure and writes the documented JSON."""
    file = tmp_path / "results.json"
    chosen = [word for name in NAMES if name not in LEFT_OUT for word in ("--only", name)]
    run = bench("--quick", "--json", str(file), *chosen)
    assert run.returncode == 0, run.stderr
    document: dict[str, Any] = json.loads(file.read_text())
    assert set(document) == KEYS
    assert document["quick"] is True
    found = {figure["name"]: figure for figure in document["figures"]}
    assert set(found) == FIGURES
    for name, figure in found.items():
        assert set(figure) == FIGURE_KEYS
        assert figure["value"] > 0 or name.startswith(DIFFERENCES)
        assert figure["possible"] is not None or name.partition("/")[0] not in HAS_POSSIBLE
        assert name in run.stdout
    for name in ("processor", "cores", "memory_mib", "kernel"):
        assert document["machine"][name]
    for name in ("commit", "python", "kafka", "librdkafka", "confluent-kafka", "fastavro", "msgspec", "postgresql"):
        assert document["versions"][name] in run.stdout
    assert set(document["raw"]) == {name.partition("/")[0] for name in FIGURES}


def test_help_gives_an_example() -> None:
    """`--help` names the groups and shows a line to try."""
    run = bench("--help")
    assert run.returncode == 0
    assert "Example: python -m bench --only" in " ".join(run.stdout.split())
    for group in {name.partition("/")[0] for name in FIGURES}:
        assert group in run.stdout


def test_an_unknown_group_is_named() -> None:
    """Nothing is started, and the groups that there are are named."""
    run = bench("--only", "speed")
    assert run.returncode == 2
    assert "speed" in run.stderr


def test_a_figure_is_short_or_reached_by_the_side_that_is_better() -> None:
    """A rate must be at least what is wanted, a time at most."""
    rate = Figure(name="a", value=50, unit="1/s", possible=100, wanted=60)
    wait = Figure(name="b", value=50, unit="ms", possible=100, wanted=60, at_most=True)
    assert (rate.ratio, rate.reached) == (0.5, False)
    assert (wait.ratio, wait.reached) == (0.5, True)
    assert Figure(name="c", value=50, unit="ms").reached is None


def test_a_percentile_is_one_of_the_values() -> None:
    """The value below which that share of all lies."""
    values = [float(number) for number in range(1, 101)]
    assert percentile(values, 0.5) == 51
    assert percentile(values, 0.99) == 100
    assert percentile([7.0], 0.99) == 7
