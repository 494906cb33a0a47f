"""One command at a time: locks that end with the process that holds them."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from jauap.stack.errors import StackError

_PAUSE = 0.1


@contextmanager
def exclusive(path: Path, patience: float, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock at `path`; `waiting` is called once if another process has it.

    Raises `StackError` if it is not free within `patience` seconds.
    """
    file = _open_locked(path)
    if file is None:
        waiting()
        file = _wait_for_lock(path, time.monotonic() + patience)
    with file:
        yield


def _wait_for_lock(path: Path, deadline: float) -> IO[str]:
    while time.monotonic() < deadline:
        time.sleep(_PAUSE)
        file = _open_locked(path)
        if file is not None:
            return file
    holder = path.read_text().strip() if path.exists() else "unknown"
    raise StackError(
        f"Another command (process {holder}) is still working on {path.parent}.",
        "Wait until it has finished, or end it, and try again.",
    )


def _open_locked(path: Path) -> IO[str] | None:
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    if not _still_there(path, file):  # erased by the one that held it before
        file.close()
        return _open_locked(path)
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


def _still_there(path: Path, file: IO[str]) -> bool:
    try:
        return path.stat().st_ino == os.fstat(file.fileno()).st_ino
    except FileNotFoundError:
        return False
