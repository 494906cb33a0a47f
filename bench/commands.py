"""Commands for each second, and how long a command waits for its outcome: closed loop, one service, its own clients.

Beside each: the same records with the same number in flight, produced and acknowledged, and nothing else.
"""

from typing import Any

import psutil

from bench.alone import alone
from bench.clients import Run, Target, acknowledged, drive, percentile
from bench.figures import Figure, Found, Scale
from bench.progress import say
from bench.rebuild import MIB
from bench.stacks import Running

CLIENTS = (1, 8, 64, 256)
WARM_CLIENTS = 64
MOST_PER_SECOND, MOST_EACH = 20_000, 3_000
"""Commands that are encoded beforehand for each second of a run: together, and for each client."""
BARE_MOST = 60_000
WANTED_RATE = {64: 5_000, 256: 10_000}
WANTED_P50 = {1: 2.0}
SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


def measure_commands(running: Running, scale: Scale) -> Found:
    """Rates and latencies with 1, 8, 64 and 256 clients, and what the service spends on a command."""
    addresses = running.addresses
    target = Target(addresses.kafka, addresses.registry, addresses.partitions)
    service, broker = _process(running, "intake"), _process(running, "kafka")
    empty, cases = service.memory_info().rss, 0
    figures: list[Figure] = []
    raw: dict[str, Any] = {}
    say("warming broker and service")
    first = _most(WARM_CLIENTS, scale.warm_seconds)
    cases += alone(drive, target, WARM_CLIENTS, scale.warm_seconds, 0, first).result.answered
    for clients in CLIENTS:
        say(f"{clients} clients: acknowledged produce, then commands")
        bare = alone(acknowledged, target, clients, scale.loop_seconds / 2, BARE_MOST).result
        used = _processor_seconds(service), _processor_seconds(broker)
        most = _most(clients, scale.loop_seconds)
        run = alone(drive, target, clients, scale.loop_seconds, first, most).result
        spent = _processor_seconds(service) - used[0], _processor_seconds(broker) - used[1]
        first, cases = first + most, cases + run.answered
        if run.refused:
            raise RuntimeError(f"{run.refused} of {run.answered} commands were not accepted")
        figures += [*_figures(clients, run, bare), _spent(clients, run, spent[0])]
        raw[str(clients)] = {
            "commands": {**_summary(run), "service_processor_seconds": spent[0], "broker_processor_seconds": spent[1]},
            "acknowledged": _summary(bare),
        }
    grown = (service.memory_info().rss - empty) / cases
    figures.append(
        Figure(name="commands/memory of 100 k cases of 1", value=grown * 100_000 / MIB, unit="MiB", at_most=True)
    )
    return Found(figures=tuple(figures), raw={**raw, "cases": cases, "resident_empty": empty})


def _process(running: Running, name: str) -> psutil.Process:
    return next(psutil.Process(part.pid) for part in running.machine.status() if part.name == name)


def _processor_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _most(clients: int, seconds: float) -> int:
    return int(min(MOST_PER_SECOND, MOST_EACH * clients) * seconds)


def _spent(clients: int, run: Run, seconds: float) -> Figure:
    """What the service itself spent: the same on a busy machine."""
    return Figure(name=f"commands/{clients}/processor", value=1e6 * seconds / run.answered, unit="us", at_most=True)


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
