"""A service that starts with a long log behind it, one that is killed, and what its cases weigh in memory."""

import signal
import subprocess
import sys
import time
import uuid
from datetime import date

from bench import layers
from bench.alone import alone
from bench.clients import PLACEHOLDER
from bench.figures import Figure, Found, Scale
from bench.processes import process
from bench.progress import say
from bench.rebuild import MIB, task_of
from bench.stacks import Running
from jauap.domain.commands import ReceiveCommunication
from jauap.messaging.sender import Order, Sender
from jauap.stack.addresses import Addresses

SERVICE = "intake"
KILLS = 3
PATIENCE_SECONDS = 300.0
CASES = 100_000
"""The number of cases that memory is told for."""
WANTED_START, WANTED_BACK = 30.0, 10.0


def resident_when_empty(running: Running) -> int:
    """Bytes of memory of the service with nothing behind it."""
    with process(SERVICE, running.addresses) as service:
        service.await_ready()
        return service.resident


def measure_start(running: Running, scale: Scale, empty: int) -> Found:
    """Seconds from start to ready with all events behind it, and the memory that their cases take."""
    say(f"{SERVICE}, with {scale.events:,} events behind it")
    least = _import_seconds() + alone(layers.decoded, task_of(running.addresses)).result.seconds
    with process(SERVICE, running.addresses) as service:
        seconds = service.await_ready()
        used, resident = service.processor_seconds, service.resident
    grown = (resident - empty) * CASES / scale.cases / MIB
    return Found(
        figures=(
            Figure(name="start/ready", value=seconds, unit="s", possible=least, wanted=WANTED_START, at_most=True),
            Figure(name="start/processor", value=1e6 * used / scale.events, unit="us/event", at_most=True),
            Figure(
                name=f"start/memory of 100 k cases of {scale.events // scale.cases}",
                value=grown,
                unit="MiB",
                at_most=True,
            ),
        ),
        raw={"seconds": seconds, "processor_seconds": used, "resident": resident, "resident_empty": empty},
    )


def measure_killed(running: Running, scale: Scale) -> Found:
    """Seconds from kill -9 to the outcome of a command that was sent right after it: the worst of three."""
    say(f"{SERVICE}, killed with {scale.behind:,} events behind it")
    addresses = running.addresses
    least = _import_seconds() + alone(layers.decoded, task_of(addresses)).result.seconds
    with Sender(addresses.kafka, addresses.registry, "bench") as sender:
        seconds = [_kill_and_ask(addresses, sender, number) for number in range(KILLS)]
    worst = max(seconds)
    return Found(
        figures=(
            Figure(name="killed/serving", value=worst, unit="s", possible=least, wanted=WANTED_BACK, at_most=True),
        ),
        raw={"seconds": seconds},
    )


def _kill_and_ask(addresses: Addresses, sender: Sender, number: int) -> float:
    with process(SERVICE, addresses) as service:
        service.await_ready()
        began = time.perf_counter()
        service.end(signal.SIGKILL)
        with process(SERVICE, addresses):
            _, outcome = next(iter(sender.submit([_order(number)], PATIENCE_SECONDS)))
            seconds = time.perf_counter() - began
    if outcome is None or outcome.status != "accepted":
        raise RuntimeError(f"the command after the kill was not accepted: {outcome}")
    return seconds


def _order(number: int) -> Order:
    letter = ReceiveCommunication(
        reference=f"KAZ {PLACEHOLDER + number}/2026", communication_type="AL", state="KAZ", received_on=date(2026, 3, 3)
    )
    return Order(
        command=letter,
        name="ReceiveCommunication",
        case_id=f"KAZ-{PLACEHOLDER + number}-2026",
        command_id=str(uuid.uuid4()),
        actor="bench",
    )


def _import_seconds() -> float:
    """What it takes to start Python and to import the service."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", f"import services.{SERVICE}.app"], check=True)
    return time.perf_counter() - began
