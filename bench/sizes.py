"""How large everything becomes: bytes on disk, memory and time to start, with more and more cases behind.

What docs/how-to/size-it.md says of the needs of a deployment rests on it.
"""

from pathlib import Path
from typing import Any

import psycopg

from bench.alone import alone
from bench.figures import Figure, Found, Scale
from bench.processes import process
from bench.progress import say
from bench.rebuild import MIB, ends_of
from bench.stacks import PARTITIONS, Running
from bench.writing import Size, write
from jauap.projections.database import OPTIONS, SCHEMA

PROCESSES = ("intake", "routing", "publication", "liaison", "projector", "deadlines")
"""Deadlines last: it answers what it finds, so the log is longer afterwards."""
GRANTED = ("GPO", "MIA", "MOJ")
"""Bodies with access, whose feeds liaison writes."""
PARTS = ("kafka", "registry")
PREFIXES = ("SZA", "SZB", "SZC", "SZD")
"""Of the case ids of each size: the log only grows."""
TABLES = """
SELECT coalesce(sum(pg_total_relation_size(one.oid)), 0) FROM pg_class AS one
JOIN pg_namespace AS place ON place.oid = one.relnamespace WHERE place.nspname = %s AND one.relkind IN ('r', 'm')
"""


def measure_sizes(running: Running, scale: Scale) -> Found:
    """For each number of cases: what the log, the tables and the processes take, one process at a time."""
    figures, raw, cases = [], {"0": {name: _started(running, name) for name in PROCESSES}}, 0
    figures += [_figure(0, f"{name}/memory", told["peak"] / MIB, "MiB") for name, told in raw["0"].items()]
    for prefix, size in zip(PREFIXES, scale.sized, strict=False):
        say(f"{size:,} cases of {scale.sized_events} events")
        _grow(running, (size - cases) * scale.sized_events, size - cases, prefix)
        cases = size
        found = _measure(running)
        raw[str(cases)] = found
        figures += [
            _figure(cases, "log", found["log_bytes"] / found["events"], "bytes/event"),
            _figure(cases, "tables", found["table_bytes"] / found["events"], "bytes/event"),
            *(_figure(cases, f"{name}/memory", found[name]["peak"] / MIB, "MiB") for name in PROCESSES),
            *(_figure(cases, f"{name}/ready", found[name]["seconds"], "s") for name in PROCESSES),
            *(_figure(cases, f"{name}/processor", found[name]["processor_seconds"], "s") for name in PROCESSES),
            *(_figure(cases, f"{name}/memory", found[name]["resident"] / MIB, "MiB") for name in PARTS),
        ]
    return Found(figures=tuple(figures), raw=raw)


def _figure(cases: int, name: str, value: float, unit: str) -> Figure:
    return Figure(name=f"sizes/{cases}/{name}", value=value, unit=unit, at_most=True)


def _grow(running: Running, events: int, cases: int, prefix: str) -> None:
    addresses = running.addresses
    alone(write, addresses.kafka, addresses.registry, PARTITIONS, Size(events, cases, prefix=prefix))


def _measure(running: Running) -> dict[str, Any]:
    addresses = running.addresses
    with psycopg.connect(addresses.database, autocommit=True, options=OPTIONS) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE".encode())
    found: dict[str, Any] = {"events": sum(ends_of(addresses).values()), "log_bytes": _log_bytes(running)}
    for name in PROCESSES:
        found[name] = _started(running, name)
        if name == "projector":
            with psycopg.connect(addresses.database) as connection:
                tables = connection.execute(TABLES, [SCHEMA]).fetchone()
            found["table_bytes"] = int(tables[0]) if tables else 0
    return found | {one.name: {"resident": one.memory} for one in running.machine.status() if one.name in PARTS}


def _started(running: Running, name: str) -> dict[str, float]:
    say(f"starting {name}")
    with process(name, running.addresses) as started:
        seconds, used = started.await_ready(), started.processor_seconds
        resident = started.resident
        started.end()
    return {"seconds": seconds, "processor_seconds": used, "resident": resident, "peak": started.peak}


def _log_bytes(running: Running) -> int:
    """Of the events topics' segments, without their indexes."""
    return sum(_size(file) for file in running.machine.folder.kafka("kafka").rglob("jauap.*.events-*/*.log"))


def _size(file: Path) -> int:
    return file.stat().st_size
