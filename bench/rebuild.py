"""Rebuild of the read models from the log: by the projector, by `jauap projections rebuild`, layer by layer.

The projector is the real process, started on an empty database; the floor decodes the same records and COPYs as
many rows. Processor time is told beside the wall's: it is what stays the same on a busy machine.
"""

from collections.abc import Mapping
from typing import Any

import psycopg

from bench import layers
from bench.alone import alone
from bench.figures import Figure, Found, Scale
from bench.processes import process
from bench.progress import Bar, say
from bench.stacks import Running
from bench.writing import Size, write
from jauap.messaging.avro import Codec
from jauap.messaging.log import Ends, Place
from jauap.projections import rebuild as rebuilding
from jauap.projections.database import OPTIONS, SCHEMA
from jauap.projections.models import NAMES
from jauap.projections.store import Store
from jauap.stack.addresses import Addresses

MIB = 2**20
WANTED_RATE, WANTED_MEMORY = 28_000, 300


def write_log(running: Running, events: int, cases: int) -> None:
    """Fill the events topics of an empty stack."""
    say(f"writing {events:,} events of {cases:,} cases")
    addresses = running.addresses
    alone(write, addresses.kafka, addresses.registry, addresses.partitions, Size(events, cases))


def ends_of(addresses: Addresses) -> dict[Place, int]:
    """Where each partition of each events topic ends."""
    places = [(topic, number) for topic in layers.TOPICS for number in range(addresses.partitions)]
    return Ends(addresses.kafka, "bench").of(places)


def task_of(addresses: Addresses, records: int | None = None) -> layers.Task:
    """Reading everything; or about so many records of the first partition."""
    ends = ends_of(addresses)
    if records is not None:
        first = {place: end for place, end in ends.items() if place[1] == 0}
        share = min(1.0, records / sum(first.values()))
        ends = {place: int(end * share) for place, end in first.items()}
    return layers.Task(addresses.kafka, ends, addresses.partitions, addresses.database)


def measure_layers(running: Running, scale: Scale) -> Found:
    """What each layer adds, in microseconds of processor time for each event."""
    Store(running.addresses.database, Codec({}), running.addresses.partitions).close()  # it makes the tables
    task = task_of(running.addresses, scale.layered)
    say(f"reading {sum(task.ends.values()):,} of them through a pipeline cut off after each layer")
    costs = {name: alone(layers.read, task, name).result for name in layers.LAYERS}
    figures, before = [], 0.0
    for name, cost in costs.items():
        upto = 1e6 * cost.processor_seconds / cost.records
        figures.append(Figure(name=f"layers/{name}", value=upto - before, unit="us/event", at_most=True))
        before = upto
    return Found(figures=tuple(figures), raw={name: cost._asdict() for name, cost in costs.items()})


def measure_floor(running: Running) -> tuple[layers.Cost, int]:
    """Decode and COPY, and nothing else: the cost, and the peak of memory."""
    say("the floor: decode and COPY")
    floor = alone(layers.floor, task_of(running.addresses))
    return floor.result, floor.peak


def measure_rebuild(running: Running) -> Found:
    """Events for each second, and memory, of projector and command, beside the floor."""
    floor, floor_peak = measure_floor(running)
    projector = _by_projector(running.addresses, floor.records)
    command = _by_command(running.addresses)
    possible, memory = floor.records / floor.seconds, floor_peak / MIB
    figures = []
    for name, raw in (("projector", projector), ("command", command)):
        rate, used = floor.records / raw["seconds"], 1e6 * raw["processor_seconds"] / floor.records
        figures += [
            Figure(name=f"rebuild/{name}", value=rate, unit="events/s", possible=possible, wanted=WANTED_RATE),
            Figure(
                name=f"rebuild/{name}/processor",
                value=used,
                unit="us/event",
                possible=1e6 * floor.processor_seconds / floor.records,
                at_most=True,
            ),
            Figure(
                name=f"rebuild/{name}/memory",
                value=raw["peak"] / MIB,
                unit="MiB",
                possible=memory,
                wanted=WANTED_MEMORY,
                at_most=True,
            ),
        ]
    return Found(
        figures=tuple(figures),
        raw={"floor": {**floor._asdict(), "peak": floor_peak}, "projector": projector, "command": command},
    )


def _by_projector(addresses: Addresses, records: int) -> Mapping[str, Any]:
    say("the projector, on an empty database")
    bar = Bar("visible")
    with psycopg.connect(addresses.database, autocommit=True, options=OPTIONS) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE".encode())

        def show() -> None:
            bar.show_if_due(lambda: (_projected(connection), records))

        with process("projector", addresses) as projector:
            seconds = projector.await_ready(show)
            used = projector.processor_seconds
            projector.end()
        _check_rows(connection, records)
    return {"records": records, "seconds": seconds, "processor_seconds": used, "peak": projector.peak}


def _projected(connection: psycopg.Connection[Any]) -> int:
    if connection.execute("SELECT to_regclass('positions') IS NULL").fetchone() == (True,):
        return 0
    found = connection.execute("SELECT sum(next_offset) FROM positions").fetchone()
    return int(found[0] or 0) if found else 0


def _check_rows(connection: psycopg.Connection[Any], records: int) -> None:
    """Every event has its row of history: who is fast because it leaves something out is not fast."""
    found = connection.execute("SELECT count(*) FROM case_history").fetchone()
    if found != (records,):
        raise RuntimeError(f"{records} events, but the rows of history are {found}")


def _by_command(addresses: Addresses) -> Mapping[str, Any]:
    say("jauap projections rebuild all")
    rebuilt = alone(_rebuild, addresses.database, addresses.kafka)
    with psycopg.connect(addresses.database, options=OPTIONS) as connection:
        _check_rows(connection, rebuilt.result)
    return {
        "records": rebuilt.result,
        "seconds": rebuilt.seconds,
        "processor_seconds": rebuilt.processor_seconds,
        "peak": rebuilt.peak,
    }


def _rebuild(database: str, kafka: str) -> int:
    return rebuilding.rebuild(NAMES, database=database, kafka=kafka, report=Bar("folded").show)
