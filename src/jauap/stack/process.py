"""Processes that outlive the command that started them, and are never taken for another's.

A process is recorded by its id *and its birth*: an id comes back after a while, the pair never.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psutil

from jauap.stack.errors import StackError
from jauap.stack.folder import Folder

_PAUSE = 0.05
_LOG_LIMIT = 10 * 2**20
_AFTER_KILL = 10.0

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_STATE, _STARTED = 0, 19  # where proc(5) has them, counted from after the program's name
_ENDED = "ZX"

# A child that has ended stays a zombie until its parent asks for it, and a Popen that is thrown
# away before that warns. So those that this very process started are kept here.
_CHILDREN: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True)
class Launch:
    """How a part's process is started; `user` and `group` only where root steps down."""

    argv: Sequence[str]
    directory: Path
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    user: int | None = None
    group: int | None = None


@dataclass(frozen=True)
class Record:
    """Which process a part is; `since` is an instant in UTC, ISO 8601."""

    pid: int
    birth: str
    since: str

    @classmethod
    def read(cls, path: Path) -> "Record | None":
        """The recorded process, or None (also where a crash left half a record)."""
        try:
            return cls(**json.loads(path.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def alive(self) -> bool:
        """Whether that very process still runs."""
        return birth_of(self.pid) == self.birth

    def send(self, number: signal.Signals) -> None:
        """Signal that very process; nothing if it is gone."""
        if self.alive():
            os.kill(self.pid, number)

    def memory(self) -> int:
        """Its resident bytes and those of its children; 0 if it is gone."""
        try:
            root = psutil.Process(self.pid)
            return sum(_resident(process) for process in (root, *root.children(recursive=True)))
        except psutil.Error:
            return 0


def start(folder: Folder, part: str, launch: Launch) -> Record:
    """Start a part in a session of its own, its output appended to its log, and record it."""
    folder.ready_file(part).unlink(missing_ok=True)
    log = folder.log(part)
    _rotate(log)
    with log.open("ab") as output:
        try:
            child = subprocess.Popen(
                list(launch.argv),
                cwd=launch.directory,
                env=dict(launch.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=launch.user,
                group=launch.group,
                extra_groups=None if launch.user is None else [],
            )
        except OSError as error:
            raise StackError(
                f"{part} cannot be started: {launch.argv[0]}: {error.strerror}.",
                "Install the project's environment again with make venv.",
            ) from error
    _CHILDREN[child.pid] = child
    since = datetime.now(UTC).isoformat("T", "seconds")
    record = Record(child.pid, birth_of(child.pid) or "", since)
    draft = folder.record(part).with_suffix(".new")
    draft.write_text(json.dumps(asdict(record)))
    draft.replace(folder.record(part))
    return record


def stop(records: Iterable[tuple[Record, signal.Signals, float]]) -> None:
    """Ask each with its signal, all at once; kill what is still there after its grace."""
    asked = []
    for record, number, grace in records:
        record.send(number)
        asked.append((record, time.monotonic() + grace))
    for record, deadline in asked:
        if not gone(record, deadline):
            record.send(signal.SIGKILL)
            gone(record, time.monotonic() + _AFTER_KILL)


def gone(record: Record, deadline: float) -> bool:
    """Wait until a process has ended; False if it outlives the deadline (monotonic)."""
    while record.alive():
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE)
    child = _CHILDREN.pop(record.pid, None)
    if child is not None:
        child.wait(_AFTER_KILL)  # until its last thread is gone, and with it the ports
    return True


def birth_of(pid: int) -> str | None:
    """What tells a process from any other that had or will have its id; None if it has ended."""
    _reap()
    if not _BOOT.exists():
        return _portable_birth(pid)
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # Ticks since boot: psutil's create_time moves when the wall clock is set.
    return None if fields[_STATE] in _ENDED else f"{_BOOT.read_text().strip()}/{fields[_STARTED]}"


def _reap() -> None:
    for pid, child in list(_CHILDREN.items()):
        if child.poll() is not None:
            del _CHILDREN[pid]


def _portable_birth(pid: int) -> str | None:
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else str(process.create_time())
    except psutil.Error:
        return None


def last_lines(log: Path, count: int) -> list[str]:
    """The end of a log, without reading all of it."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 400 * count))
            return file.read().decode(errors="replace").splitlines()[-count:]
    except FileNotFoundError:
        return []


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > _LOG_LIMIT:
        log.replace(log.with_suffix(".log.1"))


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0
