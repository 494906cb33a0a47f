"""Commands for each second, and how long a command waits for its outcome: closed loop, one service, its own clients.

Beside each: the same records with the same number in flight, produced and acknowledged, and nothing else.
"""

from typing import Any

from bench.alone import alone
from bench.clients import Run, Target, acknowledged, drive, percentile
from bench.figures import Figure, Found, Scale
from bench.progress import say
from bench.stacks import Running

CLIENTS = (1, 8, 64, 256)
WARM_CLIENTS = 64
MOST_PER_SECOND = 20_000
"""Commands that are encoded beforehand for each second of a run."""
BARE_MOST = 60_000
WANTED_RATE = {64: 5_000, 256: 10_000}
WANTED_P50 = {1: 2.0}
SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


def measure_commands(running: Running, scale: Scale) -> Found:
    """Rates and latencies with 1, 8, 64 and 256 clients; every command receives a new case."""
    addresses = running.addresses
    target = Target(addresses.kafka, addresses.registry, addresses.partitions)
    figures: list[Figure] = []
    raw: dict[str, Any] = {}
    say("warming broker and service")
    first = _most(scale.warm_seconds)
    alone(drive, target, WARM_CLIENTS, scale.warm_seconds, 0, first)
    for clients in CLIENTS:
        say(f"{clients} clients: acknowledged produce, then commands")
        bare = alone(acknowledged, target, clients, scale.loop_seconds / 2, BARE_MOST).result
        run = alone(drive, target, clients, scale.loop_seconds, first, _most(scale.loop_seconds)).result
        first += _most(scale.loop_seconds)
        if run.refused:
            raise RuntimeError(f"{run.refused} of {run.answered} commands were not accepted")
        figures += _figures(clients, run, bare)
        raw[str(clients)] = {"commands": _summary(run), "acknowledged": _summary(bare)}
    return Found(figures=tuple(figures), raw=raw)


def _most(seconds: float) -> int:
    return int(MOST_PER_SECOND * seconds)


def _figures(clients: int, run: Run, bare: Run) -> list[Figure]:
    rate = Figure(
        name=f"commands/{clients}",
        value=run.answered / run.seconds,
        unit="commands/s",
        possible=bare.answered / bare.seconds,
        wanted=WANTED_RATE.get(clients),
    )
    waits = [
        Figure(
            name=f"commands/{clients}/{name}",
            value=percentile(run.latencies, share),
            unit="ms",
            possible=percentile(bare.latencies, share),
            wanted=WANTED_P50.get(clients) if name == "p50" else None,
            at_most=True,
        )
        for name, share in SHARES.items()
    ]
    return [rate, *waits]


def _summary(run: Run) -> dict[str, Any]:
    return {
        "answered": run.answered,
        "seconds": run.seconds,
        "client_processor_seconds": run.processor_seconds,
        **{name: percentile(run.latencies, share) for name, share in SHARES.items()},
        "longest": run.latencies[-1],
    }
