"""Disks that run full under a broker or under PostgreSQL, and have room again later.

Where we may mount (root), the data of a part lie on a small disk of their own, and a ballast takes all that is free
on it. Elsewhere the part's processes may make no file any larger: the same to them, but for the error's number.
"""

import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from jauap.stack.machine import Stack
from jauap.stack.process import Record

MEGABYTE = 2**20
UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


@contextmanager
def small_disk(place: Path, megabytes: int) -> Iterator[bool]:
    """A disk of its own for a part that has no data yet, until it is stopped; False where we may not mount one."""
    place.mkdir(parents=True, exist_ok=True)
    asked = ["/bin/mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "jauap-test", str(place)]
    try:
        mounted = subprocess.run(asked, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["/bin/umount", "--lazy", str(place)], check=True)


def fill(machine: Stack, name: str) -> None:
    """From now on the part can write no byte more."""
    place = _data(machine, name)
    if not place.is_mount():
        _limit(machine, name, (1, resource.RLIM_INFINITY))
        return
    with _ballast(place).open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(MEGABYTE))
    with _ballast(place).open("ab", buffering=0) as file, suppress(OSError):
        while True:  # to the last page
            file.write(bytes(1024))


def heal(machine: Stack, name: str) -> None:
    """There is room again. A part that has ended must be started; one that runs is not disturbed."""
    place = _data(machine, name)
    if place.is_mount():
        _ballast(place).unlink()
    else:
        _limit(machine, name, UNLIMITED)


def _data(machine: Stack, name: str) -> Path:
    return machine.folder.root / name


def _ballast(place: Path) -> Path:
    return place / "ballast"


def _limit(machine: Stack, name: str, limits: tuple[int, int]) -> None:
    """Set the largest size of a file, in bytes, for the processes of a part that run."""
    record = Record.read(machine.folder.record(name))
    if record is None or not record.alive():
        return
    for process in (psutil.Process(record.pid), *psutil.Process(record.pid).children(recursive=True)):
        with suppress(ProcessLookupError):
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, limits)
