"""The orchestrator: brings the parts of one folder up, watches them, and takes them down."""

import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jauap.stack import process
from jauap.stack.addresses import Addresses
from jauap.stack.artifacts import Report
from jauap.stack.broker import Broker
from jauap.stack.database import Database
from jauap.stack.errors import StackError
from jauap.stack.folder import BROKERS, Folder, require_space
from jauap.stack.installation import Installation, default_cache
from jauap.stack.locks import exclusive
from jauap.stack.part import Part
from jauap.stack.ports import require_free
from jauap.stack.process import Record
from jauap.stack.schema_registry import SchemaRegistry
from jauap.stack.service import ALL_SERVICES, POST, Service, ServiceCommand, run_module
from jauap.stack.settings import Settings

__all__ = ["ALL_SERVICES", "PartStatus", "Stack", "infrastructure"]

Hook = Callable[[Addresses], None]

SPACE = 2**30
PARTITIONS = 4

_PATIENCE = 300.0
_PAUSE = 0.05
_STOPPING = {part.name: (part.stop_signal, part.grace) for part in (SchemaRegistry, Database)} | dict.fromkeys(
    BROKERS, (Broker.stop_signal, Broker.grace)
)


def infrastructure(brokers: int = 1) -> tuple[str, ...]:
    """What the services stand on, in the order in which it is started: the slowest first."""
    return SchemaRegistry.name, *BROKERS[:brokers], Database.name


@dataclass(frozen=True)
class PartStatus:
    """How one part is doing.

    `state` is ready, running (not ready yet, or no longer answering), dead (it ended by itself)
    or stopped; `since` is an instant in UTC, ISO 8601; `memory` is in bytes.
    """

    name: str
    state: str
    pid: int | None = None
    port: int | None = None
    since: str | None = None
    memory: int = 0


class Stack:
    """All parts that live in one data folder; `services=()` gives only the infrastructure.

    `partitions` counts only when the folder is new; `state` is KAZ and `brokers` 1 (or 3) unless given, and fixed then;
    `service_command` says how a service is run, `broker_properties` are Kafka's own words that override ours.
    Every method that changes something holds the folder's lock and may raise `StackError`.
    """

    def __init__(  # noqa: PLR0913 - what a deployment is made of, each by name
        self,
        data_dir: Path,
        services: Sequence[str] = ALL_SERVICES,
        *,
        service_command: ServiceCommand = run_module,
        partitions: int = PARTITIONS,
        state: str | None = None,
        brokers: int | None = None,
        cache: Path | None = None,
        broker_properties: Mapping[str, str] | None = None,
    ) -> None:
        """Touches nothing yet."""
        self.folder = Folder.at(data_dir)
        self._services = tuple(services)
        self._service_command = service_command
        self._partitions, self._state, self._brokers = partitions, state, brokers
        self._cache = cache or default_cache()
        self._broker_properties = broker_properties or {}

    def up(
        self,
        report: Report,
        prepare: Hook = lambda _: None,
        after_services: Hook = lambda _: None,
    ) -> Addresses:
        """Bring everything to ready; what runs already is left alone.

        `prepare` is called between the infrastructure and the services (topics, schemas),
        `after_services` when all are ready (what the first start submits); both each time.
        """
        with self._alone(report):
            settings = self._settings()
            addresses = self._addresses(settings)
            self._bring_up(infrastructure(settings.brokers), report)
            prepare(addresses)
            self._bring_up(self._services, report)
            after_services(addresses)
        return addresses

    def down(self, report: Report) -> None:
        """Stop exactly what was started: the services first, then what they stand on."""
        if not any(self.folder.record(name).exists() for name in self._known()):
            return
        with self._alone(report):
            base = infrastructure(len(BROKERS))
            self._stop([name for name in self._known() if name not in base], report)
            self._stop(base, report)

    def erase(self, report: Report) -> bool:
        """Take it down and remove all its data; False if the folder holds something else too."""
        if not self.folder.root.exists():
            return True
        if Settings.load(self.folder) is None:
            raise StackError(
                f"{self.folder.root} is not the data folder of a stack.",
                "Nothing was removed; name the right folder with --data-dir.",
            )
        self.down(report)
        with self._alone(report):
            return self.folder.erase()

    def status(self) -> list[PartStatus]:
        """Every part as it is now."""
        settings = Settings.load(self.folder)
        base = infrastructure(settings.brokers if settings else 1)
        others = [POST] if POST not in self._services and self.folder.record(POST).exists() else []
        return [self._status(name, settings) for name in (*base, *self._services, *others)]

    def start(self, name: str) -> None:
        """Bring one part to ready."""
        with self._alone(_silently):
            self._bring_up((name,), _silently)

    def stop(self, name: str) -> None:
        """Stop one part in good order."""
        with self._alone(_silently):
            self._stop((name,), _silently)

    def kill(self, name: str) -> None:
        """SIGKILL one part, as a crash would; returns once it has ended."""
        record = Record.read(self.folder.record(name))
        if record is not None:
            process.stop([(record, signal.SIGKILL, 10.0)])

    @contextmanager
    def _alone(self, report: Report) -> Iterator[None]:
        """Make the folder and hold its lock."""
        self.folder.create()
        waiting = "another command is working on this folder; waiting for it"
        with exclusive(self.folder.lock, _PATIENCE, lambda: report("stack", waiting)):
            yield

    def _settings(self) -> Settings:
        require_space(self.folder.root, SPACE)
        return Settings.load_or_create(self.folder, self._partitions, self._state, self._brokers)

    def _addresses(self, settings: Settings) -> Addresses:
        return Addresses.of(self.folder, settings)

    def _known(self) -> list[str]:
        return list(dict.fromkeys((*infrastructure(len(BROKERS)), *ALL_SERVICES, POST, *self._services)))

    def _part(self, name: str, settings: Settings, installation: Installation) -> Part:
        match name:
            case _ if name in BROKERS[: settings.brokers]:
                return Broker(
                    self.folder, settings, installation.broker, BROKERS.index(name) + 1, self._broker_properties
                )
            case SchemaRegistry.name:
                return SchemaRegistry(self.folder, settings, installation.registry)
            case Database.name:
                return Database(self.folder, settings)
            case _:
                addresses = self._addresses(settings)
                return Service(name, self.folder, addresses, self._service_command)

    def _bring_up(self, names: Sequence[str], report: Report) -> None:
        """Start what is down, all of it at once, and wait until all of it is ready."""
        settings = self._settings()
        installation = Installation(self._cache, report)
        parts = [self._part(name, settings, installation) for name in names]
        began = time.monotonic()
        started = {part.name for part in parts if self._start_if_down(part)}
        waiting = list(parts)
        while waiting:
            for part in list(waiting):
                if self._is_ready(part, began):
                    waiting.remove(part)
                    report(part.name, _how_ready(part, started=part.name in started, began=began))
            time.sleep(_PAUSE if waiting else 0)

    def _start_if_down(self, part: Part) -> bool:
        record = Record.read(self.folder.record(part.name))
        if record is not None and record.alive():
            return False
        for port in part.ports:
            require_free(port, part.name)
        try:
            part.prepare()
            process.start(self.folder, part.name, part.launch())
        except OSError as error:
            raise StackError(
                f"{part.name} cannot be started: {error}.",
                f"Check the rights on {self.folder.root} and the space on its disk.",
            ) from error
        return True

    def _is_ready(self, part: Part, began: float) -> bool:
        record = Record.read(self.folder.record(part.name))
        if record is None or not record.alive():
            raise self._failed(part, "ended before it was ready")
        if part.ready():
            return True
        if time.monotonic() - began > part.patience:
            raise self._failed(part, f"was not ready within {part.patience:.0f} s")
        return False

    def _failed(self, part: Part, how: str) -> StackError:
        log = self.folder.log(part.name)
        lines = "\n".join(f"  {line}" for line in process.last_lines(log, 8))
        return StackError(
            f"{part.name} {how}. The end of {log}:\n{lines}\n",
            "Put right what it complains of and run jauap stack up again (jauap stack down first if a part hangs).",
        )

    def _stop(self, names: Sequence[str], report: Report) -> None:
        records = {name: Record.read(self.folder.record(name)) for name in names}
        alive = {name: record for name, record in records.items() if record and record.alive()}
        process.stop((record, *_stopping(name)) for name, record in alive.items())
        for name, record in alive.items():
            if record.alive():
                raise StackError(
                    f"{name} (process {record.pid}) does not end, not even when killed.",
                    "Look for a disk that hangs, and try again.",
                )
            report(name, "stopped")
        for name in names:
            self.folder.record(name).unlink(missing_ok=True)
            self.folder.ready_file(name).unlink(missing_ok=True)

    def _status(self, name: str, settings: Settings | None) -> PartStatus:
        record = Record.read(self.folder.record(name))
        if settings is None or record is None:
            return PartStatus(name, "stopped")
        part = self._part(name, settings, Installation(self._cache, _silently))
        port = part.ports[0] if part.ports else None
        if not record.alive():
            return PartStatus(name, "dead", port=port)
        state = "ready" if part.ready() else "running"
        return PartStatus(name, state, record.pid, port, record.since, record.memory())


def _stopping(name: str) -> tuple[signal.Signals, float]:
    return _STOPPING.get(name, (Service.stop_signal, Service.grace))


def _how_ready(part: Part, *, started: bool, began: float) -> str:
    where = f" on port {part.ports[0]}" if part.ports else ""
    if not started:
        return f"already running{where}"
    return f"ready{where} ({time.monotonic() - began:.1f} s)"


def _silently(_part: str, _message: str) -> None:
    """For those who don't want to be told."""
