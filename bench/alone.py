"""Measuring a function in a process of its own, so that its time and its memory are nobody else's."""

import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Generic, NamedTuple, ParamSpec, TypeVar

from jauap import logs

P = ParamSpec("P")
R = TypeVar("R")


class Measured(NamedTuple, Generic[R]):
    """What a function gave, and what it took."""

    result: R
    seconds: float
    """On the clock on the wall."""
    processor_seconds: float
    """Of all threads of its process."""
    peak: int
    """Bytes of memory that its process held at most, imports included."""


def alone(function: Callable[P, R], *arguments: P.args, **named: P.kwargs) -> Measured[R]:
    """Call a function in a fresh interpreter and wait for it. What it raises is raised here."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_tell, args=(theirs, partial(function, *arguments, **named)), daemon=True)
    process.start()
    theirs.close()  # so that the end of a child that says nothing is noticed
    try:
        answer: Measured[R] | Exception = ours.recv()
    except BaseException:
        process.kill()
        raise
    finally:
        process.join()
        ours.close()
    if isinstance(answer, Exception):
        raise answer
    return answer


def _tell(answers: Connection, function: Callable[[], object]) -> None:
    logs.configure("bench", default="error")
    try:
        answers.send(_measure(function))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is raised where it was asked for
        answers.send(error)


def _measure(function: Callable[[], R]) -> Measured[R]:
    began, used = time.perf_counter(), time.process_time()
    result = function()
    return Measured(
        result,
        time.perf_counter() - began,
        time.process_time() - used,
        peak_bytes(os.getpid(), lambda: resource.getrusage(resource.RUSAGE_SELF)),
    )


def peak_bytes(process_id: int, usage: Callable[[], resource.struct_rusage]) -> int:
    """The most memory that a process held.

    Linux says it of a process that runs; what `usage` says there begins with what the parent held when it started it.
    """
    status = Path(f"/proc/{process_id}/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) * 1024
    return usage().ru_maxrss * (1 if sys.platform == "darwin" else 1024)
