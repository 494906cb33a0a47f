"""What a nemesis is given: the running system, its processes, its clock, and a place to count what it did."""

import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGTERM, SIGUSR1, Signals

from jauap import bodies
from jauap.clock import TRIAL
from jauap.messaging import access, registry, topics
from jauap.stack import first_start
from jauap.stack.addresses import Addresses
from jauap.stack.folder import BROKERS, Folder
from jauap.stack.machine import PARTITIONS, Stack
from jauap.stack.ports import HOST, pick
from jauap.stack.process import Record
from jauap.stack.settings import Settings
from tests.faults import segments, wire
from tests.faults.judge import Losses
from tests.faults.proxy import Proxy, advertised_at
from tests.faults.workload import Workload

FLAG = "JAUAP_TEST_FAULTS_FLAG"
"""Setting of `faulty`: the file that says what fails."""
ROOT = Path(__file__).parents[2]
PATIENCE = 150.0
DUMP_SECONDS = 5.0
SERVICES = ("intake", "routing", "deadlines", "publication")
EVERYTHING = (*SERVICES, "projector")


class Instance:
    """A further process of a service, beside the stack's own."""

    def __init__(self, scene: "Scene", service: str, name: str, only: Sequence[int] | None) -> None:
        """`only` are its partitions, whoever else has them; None: it joins the group."""
        self.service, self.name = service, name
        run = scene.stack.folder.run
        self.ready_file, self.dump_file = run / f"{name}.ready", run / f"{name}.dump"
        self._log, self._command = run / f"{name}.log", scene.sound(service)
        self._environment = {
            **os.environ,
            **scene.addresses.environment(),
            "JAUAP_INSTANCE": name,
            "JAUAP_READY_FILE": str(self.ready_file),
            "JAUAP_DUMP_FILE": str(self.dump_file),
        }
        if only is not None:
            self._environment["JAUAP_PARTITIONS_ONLY"] = ",".join(map(str, only))
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        self.ready_file.unlink(missing_ok=True)
        with self._log.open("ab") as log:
            return subprocess.Popen(
                self._command, env=self._environment, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
            )

    def restart(self) -> None:
        """Kill it and start it again."""
        self.end(SIGKILL)
        self.process = self._start()

    def signal(self, number: Signals) -> None:
        """Signal it, if it still runs."""
        if self.process.poll() is None:
            self.process.send_signal(number)

    def ready(self) -> bool:
        """Whether it said so, and runs."""
        return self.ready_file.exists() and self.process.poll() is None

    def end(self, number: Signals = SIGTERM) -> None:
        """Stop or kill it."""
        self.signal(SIGCONT)
        self.signal(number)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(20)


class Scene:
    """The system under attack."""

    def __init__(
        self,
        folder: Path,
        say: Callable[[str], None],
        *,
        broken: Mapping[str, str],
        brokers: int,
        bodies: Collection[str] = (),
    ) -> None:
        """`broken`: services whose first process breaks a promise, beside sound ones. Three brokers have no proxy.

        `bodies` have access: liaison runs too, and serves their feeds.
        """
        self.say, self.broken, self.bodies = say, broken, bodies
        self.processes = (*EVERYTHING, "liaison") if bodies else EVERYTHING
        self.clock_file, self.flag_file = folder / "clock", folder / "flag"
        self.brokers = BROKERS[:brokers]
        home = Folder.at(folder / "data")
        home.create()
        settings = Settings.load_or_create(home, PARTITIONS, brokers=brokers)
        broker_port, self._port = pick(2)
        self.network = Proxy(broker_port, self._port)
        """Between the services and the broker; clients and judge go past it."""
        self.stack = Stack(
            folder / "data",
            self.processes,
            service_command=self.command,
            broker_properties=advertised_at(settings, broker_port, self._port) if brokers == 1 else {},
        )
        self.faults: Counter[str] = Counter()
        self.losses = Losses()
        self.instances: list[Instance] = []
        self._numbers = iter(range(1, 10**6))
        self._lock = threading.Lock()
        self.addresses: Addresses
        self.workload: Workload

    def command(self, service: str) -> list[str]:
        """How the stack's own process of a service is run: as any other, or with a promise broken on purpose."""
        promise = self.broken.get(service)
        return self.sound(service) if promise is None else self._run("tests.faults.broken", service, promise)

    def sound(self, service: str) -> list[str]:
        """How a further process is run: as ever, but its clock can be set and its marked cases fail."""
        return self._run("tests.faults.faulty", service)

    def _run(self, *module: str) -> list[str]:
        settings = [f"{TRIAL}={self.clock_file}", f"{FLAG}={self.flag_file}"]
        if len(self.brokers) == 1:
            settings.append(f"JAUAP_KAFKA={HOST}:{self._port}")
        return ["/usr/bin/env", *settings, sys.executable, "-m", *module]

    def up(self) -> None:
        """Start everything, and tell it the calendar."""

        def prepare(addresses: Addresses) -> None:
            topics.apply(addresses.kafka, addresses.partitions, bodies=self.bodies)
            access.apply(addresses.kafka, self.bodies, self.bodies, addresses.password)
            for body in bodies.shipped():
                if body.code in self.bodies:
                    bodies.put(Path(addresses.bodies), bodies.with_access(body, "granted"))
            registry.register_all(addresses.registry)

        self.network.__enter__()
        self.addresses = self.stack.up(lambda _part, _words: None, prepare, first_start.submit)

    def down(self) -> None:
        """Take everything down."""
        for instance in self.instances:
            instance.end(SIGKILL)
        for name in self.processes:
            self.signal(name, SIGCONT)
        self.stack.down(lambda _part, _words: None)
        self.network.__exit__()

    # --- for nemeses ---

    def count(self, fault: str) -> None:
        """A fault was injected."""
        self.count_many(fault, 1)

    def count_many(self, fault: str, number: int) -> None:
        """So many were."""
        with self._lock:
            self.faults[fault] += number

    def record(self, part: str) -> Record | None:
        """The process of one of the stack's parts; None: it was never started."""
        return Record.read(self.stack.folder.record(part))

    def runs(self, part: str) -> bool:
        """Whether a part's process is there."""
        record = self.record(part)
        return record is not None and record.alive()

    def signal(self, part: str, number: Signals) -> None:
        """Signal a part of the stack, if it runs."""
        record = self.record(part)
        if record is not None:
            record.send(number)

    def another(self, service: str, *, beside: bool) -> Instance:
        """Start a further instance; `beside` others on all the same partitions, or as a member of the group."""
        name = f"{service}-{next(self._numbers) + 1}"
        only = range(self.addresses.partitions) if beside else None
        instance = Instance(self, service, name, only)
        with self._lock:
            self.instances.append(instance)
        return instance

    def dismiss(self, instance: Instance, number: Signals = SIGTERM) -> None:
        """End a further instance."""
        instance.end(number)
        with self._lock:
            self.instances.remove(instance)

    def until(self, what: str, condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
        """Wait for a condition. Raises AssertionError with what was waited for."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"waited in vain for {what}"
            time.sleep(0.05)

    def cut_tail(self, topic: str, partition: int, records: int) -> int:
        """The broker's disk loses a partition's last records; the broker must be down. How many there were."""
        cut = segments.cut_tail(self.stack.folder.kafka("kafka"), topic, partition, records)
        lost = [_as_read(topic, partition, record) for record in cut]
        self.losses.records += lost
        if topic.endswith(".commands"):
            self.workload.memory.lose(record.text("ce_id") for record in lost)
        return len(lost)

    def partitions_of(self, name: str) -> set[int]:
        """Which partitions a process of a service has now, all of them live; empty: it does not run, or not all are."""
        instance = next((one for one in self.instances if one.name == name), None)
        if instance is not None and not instance.ready():
            return set()  # before that the signal would kill it
        dump = self.stack.folder.dump_file(name) if instance is None else instance.dump_file
        dump.unlink(missing_ok=True)
        if instance is None:
            self.signal(name, SIGUSR1)
        else:
            instance.signal(SIGUSR1)
        deadline = time.monotonic() + DUMP_SECONDS
        while not dump.exists():
            if time.monotonic() > deadline:
                return set()
            time.sleep(0.02)
        lanes = json.loads(dump.read_text())["partitions"]
        return {int(number) for number in lanes} if all(lane["live"] for lane in lanes.values()) else set()

    def set_clock(self, ahead: timedelta) -> None:
        """Set every process's wall clock ahead, or back."""
        draft = self.clock_file.with_suffix(".new")
        draft.write_text(str(ahead.total_seconds()))
        draft.replace(self.clock_file)

    @contextmanager
    def failing(self, how: str, cases: Sequence[str]) -> Iterator[None]:
        """While it lasts, some cases fail in every service: see `faulty`."""
        draft = self.flag_file.with_suffix(".new")
        draft.write_text(json.dumps({"how": how, "cases": list(cases)}))
        draft.replace(self.flag_file)
        try:
            yield
        finally:
            self.flag_file.unlink(missing_ok=True)


def _as_read(topic: str, partition: int, record: segments.Record) -> wire.Record:
    headers = {name.decode(): value or b"" for name, value in record.headers}
    key = (record.key or b"").decode(errors="replace")
    return wire.Record(topic, partition, record.offset, key, record.value or b"", headers)
