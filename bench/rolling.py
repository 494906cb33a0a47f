"""How long the commands of a partition get no outcome while an instance of their service is stopped, killed or added.

One steady client sends commands to every partition of *intake*. Its instances have names of their own (static
membership, as pods of a StatefulSet) or none (as containers that are merely started).
"""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path
from signal import SIGKILL, SIGTERM, Signals
from typing import Any, NamedTuple

from bench.alone import alone
from bench.clients import COMMANDS, OUTCOMES, Command, Target, listening, make, percentile
from bench.figures import Figure, Found, Scale
from bench.processes import Process
from bench.progress import say
from bench.stacks import Running
from bench.writing import Size, make_producer, write
from jauap.messaging.topics import partition_of

SERVICE = "intake"
PACE_SECONDS = 0.04
"""Between two commands to one partition."""
MOST = 60_000
"""Commands that are encoded beforehand."""
EVENTS_OF_A_CASE = 50
PREFIXES = ("KAZ", "LOG", "OLD")
LATE_SECONDS, QUIET_SECONDS, PATIENCE_SECONDS = 0.5, 1.5, 120.0
UNDISTURBED_SECONDS = 5.0


class Pause(NamedTuple):
    """What one partition saw of one act."""

    membership: str
    act: str
    partition: int
    milliseconds: float


class Client:
    """Sends to every partition at a steady pace, and notes when each of its outcomes came."""

    def __init__(self, target: Target) -> None:
        """Encode the commands; nothing is sent before the block."""
        self.unsent: list[list[Command]] = [[] for _ in range(target.partitions)]
        for command in make(target, 0, MOST):
            self.unsent[partition_of(command[0], target.partitions)].append(command)
        self.heard: list[list[float]] = [[] for _ in self.unsent]
        """By partition, when outcomes came, each command's first."""
        self._waiting: dict[bytes, tuple[int, float]] = {}
        self._target, self._stopping = target, threading.Event()
        self.fault: BaseException | None = None

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Send in the background."""
        thread = threading.Thread(target=self._run)
        thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            thread.join()

    def _run(self) -> None:
        consumer, producer = listening(self._target, OUTCOMES), make_producer(self._target.kafka, linger_ms=0)
        due = time.perf_counter()
        try:
            while not self._stopping.is_set():
                first = consumer.poll(0.005)
                now = time.perf_counter()
                for read in [] if first is None else [first, *consumer.consume(1000, 0)]:
                    sent = self._waiting.pop(read.key(), None)  # type: ignore[arg-type]  # keys are bytes
                    if sent is not None:
                        self.heard[sent[0]].append(now)
                if now >= due:
                    due = max(due + PACE_SECONDS, now - 1)
                    for number, commands in enumerate(self.unsent):
                        key, value, headers, command_id = commands.pop()
                        self._waiting[command_id] = (number, now)
                        producer.produce(COMMANDS, value=value, key=key, headers=headers)  # type: ignore[arg-type]
                producer.poll(0)
        except BaseException as fault:  # noqa: BLE001 - raised by `settle`
            self.fault = fault
        finally:
            producer.flush(10)
            consumer.close()

    def settle(self) -> float:
        """Wait until for a while no command has waited long, and give the time then. Raises what stopped it."""
        deadline, since = time.perf_counter() + PATIENCE_SECONDS, time.perf_counter()
        while (now := time.perf_counter()) - since < QUIET_SECONDS:
            if self.fault is not None:
                raise self.fault
            if now > deadline:
                raise RuntimeError(f"{len(self._waiting)} commands are not answered")
            oldest = min((sent for _, sent in list(self._waiting.values())), default=now)
            since = now if now - oldest > LATE_SECONDS else since
            time.sleep(0.02)
        return now

    def longest(self, began: float, ended: float) -> Iterator[tuple[int, float]]:
        """By partition, the most milliseconds without an outcome."""
        for number, heard in enumerate(self.heard):
            times = [at for at in list(heard) if began - QUIET_SECONDS <= at <= ended]
            yield number, 1000 * max(after - before for before, after in pairwise(times))


class Trial:
    """The instances of one membership, what is done to them, and the pauses that were seen."""

    def __init__(self, running: Running, client: Client, membership: str, folder: Path) -> None:
        """Nothing runs yet."""
        self.running, self.client, self.membership, self.folder = running, client, membership, folder
        self.instances: dict[str, Process] = {}
        self.pauses: list[Pause] = []

    def start(self, name: str) -> None:
        """Start an instance and wait until it is ready."""
        folder = self.folder / f"{self.membership}-{name}"
        folder.mkdir(exist_ok=True)
        (folder / f"{SERVICE}.ready").unlink(missing_ok=True)
        named = name if self.membership == "named" else None
        self.instances[name] = Process(SERVICE, self.running.addresses, folder, instance=named)
        self.instances[name].await_ready()

    def end(self, name: str, number: Signals = SIGTERM) -> None:
        """End one."""
        self.instances.pop(name).end(number)

    def end_all(self) -> None:
        """End what still runs."""
        for name in list(self.instances):
            self.end(name)

    def see(self, act: str, do: Callable[[], None]) -> None:
        """Do something, wait until all is well again, and note how long each partition had no outcome."""
        began = time.perf_counter()
        do()
        ended = self.client.settle()
        seen = [Pause(self.membership, act, *one) for one in self.client.longest(began, ended)]
        say(f"  {self.membership}: {act}: {', '.join(f'{one.milliseconds:,.0f}' for one in seen)} ms")
        self.pauses += seen

    def again(self, name: str, number: Signals) -> None:
        """End an instance and start it at once."""
        self.end(name, number)
        self.start(name)

    def go(self) -> None:
        """All acts, one after another."""
        self.start("1")
        self.client.settle()
        self.see("undisturbed", lambda: time.sleep(UNDISTURBED_SECONDS))
        self.see("the only one restarted", partial(self.again, "1", SIGTERM))
        self.see("the only one killed, and back", partial(self.again, "1", SIGKILL))
        self.see("another joins", partial(self.start, "2"))
        self.see("one of two restarted", partial(self.again, "1", SIGTERM))
        self.see("one of two stopped", partial(self.end, "1"))
        self.see("it comes back", partial(self.start, "1"))
        self.see("one of two killed, and back", partial(self.again, "1", SIGKILL))
        self.see("one of two killed", partial(self.end, "1", SIGKILL))


def measure_rolling(running: Running, scale: Scale) -> Found:
    """Milliseconds by length of the log, membership and act: the median partition's and the longest."""
    addresses = running.addresses
    target = Target(addresses.kafka, addresses.registry, addresses.partitions)
    figures: list[Figure] = []
    raw: dict[str, Any] = {}
    written = 0
    for records, prefix in zip(scale.rolling, PREFIXES, strict=False):
        more = addresses.partitions * records - written
        say(f"{records:,} records in each partition, all events topics together")
        size = Size(more, max(1, more // EVENTS_OF_A_CASE), prefix=prefix)
        alone(write, addresses.kafka, addresses.registry, addresses.partitions, size)
        written += more
        pauses = _pauses(running, Client(target))
        figures += _figures(records, pauses)
        raw[f"{records}"] = [pause._asdict() for pause in pauses]
    return Found(figures=tuple(figures), raw=raw)


def _pauses(running: Running, client: Client) -> list[Pause]:
    pauses = []
    with tempfile.TemporaryDirectory(prefix="jauap-bench-rolling-") as folder, client.sending():
        for membership in ("named", "unnamed"):
            trial = Trial(running, client, membership, Path(folder))
            try:
                trial.go()
            finally:
                trial.end_all()
            pauses += trial.pauses
    return pauses


def _figures(records: int, pauses: list[Pause]) -> Iterator[Figure]:
    found: dict[tuple[str, str], list[float]] = {}
    for one in pauses:
        found.setdefault((one.membership, one.act), []).append(one.milliseconds)
    for (membership, act), seen in _ascending(found).items():
        for name, value in (("p50", percentile(seen, 0.5)), ("max", seen[-1])):
            yield Figure(name=f"rolling/{records}/{membership}/{act}/{name}", value=value, unit="ms", at_most=True)


def _ascending(found: Mapping[tuple[str, str], list[float]]) -> dict[tuple[str, str], list[float]]:
    return {key: sorted(values) for key, values in found.items()}
