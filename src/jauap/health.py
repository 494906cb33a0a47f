"""Whether a process is well: `python -m jauap.health`, for compose and Kubernetes, exits 0 or 1 with one line.

A process says it with two files. The one that JAUAP_READY_FILE names is there while it does its work, and is touched
as its loop goes round; another beside it, `<name>.alive`, is there from the start, and is touched while it waits for
Kafka or folds a long log, too. Each says which process wrote it: one that was killed leaves nothing behind that counts.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import NamedTuple

FRESH_SECONDS = 30.0
"""A loop goes round many times a second. The longest that a round may take by its own limits, asking a broker that is
just coming back, is half a minute: who takes longer does not do its work, whatever the reason."""
ALIVE_SECONDS = 300.0
"""Ten times that: nothing that heals by itself takes so long, not even the one round in which liaison looks at every
case of a large log. Only a loop that hangs is killed."""
TOUCHED_EVERY = 1.0
VARIABLE = "JAUAP_READY_FILE"
EXAMPLE = """
examples:
  python -m jauap.health            is it ready: does it do its work?
  python -m jauap.health --alive    does its loop go round, though it may wait for something?
"""


class Health(NamedTuple):
    """What the files say."""

    well: bool
    says: str


class Signs:
    """The two files, as the process writes them."""

    def __init__(self, ready_file: Path | None) -> None:
        """Begin: what an earlier run left is gone, and this one is alive. Raises OSError. None: nobody looks."""
        self._ready = ready_file
        self._alive = None if ready_file is None else alive_file(ready_file)
        self._touched = dict.fromkeys((self._ready, self._alive), float("-inf"))
        if self._ready is not None:
            self._ready.unlink(missing_ok=True)
        self.waits_for("")

    def alive(self) -> None:
        """Its loop goes round."""
        self._touch(self._alive)

    def ready(self) -> None:
        """It does its work."""
        self._touch(self._ready)

    def waits_for(self, what: str) -> None:
        """Say what it waits for; empty: nothing any more."""
        if self._alive is not None:
            _write(self._alive, what)

    def end(self) -> None:
        """It ends: nothing is left."""
        for file in (self._ready, self._alive):
            if file is not None:
                file.unlink(missing_ok=True)

    def _touch(self, file: Path | None) -> None:
        now = time.monotonic()
        if file is None or now - self._touched[file] < TOUCHED_EVERY:
            return
        self._touched[file] = now
        try:
            os.utime(file)
        except FileNotFoundError:
            _write(file, "")


def alive_file(ready_file: Path) -> Path:
    """The file beside it."""
    return ready_file.with_name(f"{ready_file.name}.alive")


def look(ready_file: Path, now: float, *, alive: bool = False) -> Health:
    """Whether the process that keeps these files is ready; or alive. `now` is in seconds since 1970."""
    file, limit = (alive_file(ready_file), ALIVE_SECONDS) if alive else (ready_file, FRESH_SECONDS)
    word = "alive" if alive else "ready"
    found = _read(file, now)
    if found is None and not alive:
        found_alive = _read(alive_file(ready_file), now)
        if found_alive is not None and found_alive.running:
            return Health(well=False, says=f"not ready: {found_alive.waits_for or 'its log says why'}")
    if found is None:
        return Health(well=False, says=f"not {word}: {file} is not there")
    if not found.running:
        return Health(well=False, says=f"not {word}: the process that wrote {file} has ended")
    if found.age > limit:
        since = "its loop has not gone round" if alive else "it has not done its work"
        return Health(well=False, says=f"not {word}: {since} for {found.age:.0f} s")
    return Health(well=True, says=word)


class _Found(NamedTuple):
    age: float
    running: bool
    waits_for: str


def _read(file: Path, now: float) -> _Found | None:
    try:
        pid, birth, waits_for = (*file.read_text().split("\n", 2), "", "")[:3]
        age = now - file.stat().st_mtime
    except (FileNotFoundError, ValueError):
        return None
    return _Found(age, birth == _birth(pid), waits_for.strip())


def _write(file: Path, waits_for: str) -> None:
    draft = file.with_name(f"{file.name}.new")  # who looks never finds half a file
    draft.write_text(f"{os.getpid()}\n{_birth(str(os.getpid()))}\n{waits_for}\n")
    draft.replace(file)


def _birth(pid: str) -> str:
    """When a process began, in ticks since the machine's start: an id comes back, the pair never. Empty: it is gone."""
    try:
        state, *told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "" if Path("/proc/self").exists() else "?"  # a machine that does not tell
    return "" if state in "ZX" else told[18]


def main() -> int:
    """Look, say one line, and give the exit status: 0 well, 1 not well, 2 it was asked wrongly."""
    parser = argparse.ArgumentParser(
        prog="python -m jauap.health",
        description=f"Whether the process whose {VARIABLE} this is, is ready. Exits 0 if so, 1 if not.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--alive", action="store_true", help="whether its loop goes round, though it may wait")
    parser.add_argument("--json", action="store_true", help='for programs: {"ready": true, "says": "ready"}')
    given = parser.parse_args()
    named = os.environ.get(VARIABLE)
    if not named:
        parser.error(f"{VARIABLE} must name the file by which the process says that it is ready")
    found = look(Path(named), time.time(), alive=given.alive)
    told = json.dumps({"alive" if given.alive else "ready": found.well, "says": found.says})
    sys.stdout.write(f"{told if given.json else found.says}\n")
    return 0 if found.well else 1


if __name__ == "__main__":
    sys.exit(main())
