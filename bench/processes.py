"""The system's own processes, started as anybody starts them, and what they took."""

import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from bench.alone import peak_bytes
from jauap.stack.addresses import Addresses

PATIENCE_SECONDS = 900.0
CHECK_SECONDS = 0.02


class Process:
    """One process of a service, or of the projector."""

    def __init__(self, name: str, addresses: Addresses, folder: Path, instance: str | None = "1") -> None:
        """Start it. `instance` tells it from its service's others; None: it has no name of its own."""
        self.began = time.perf_counter()
        self._ready, self._log = folder / f"{name}.ready", folder / f"{name}.log"
        environment = {
            **os.environ,
            **addresses.environment(),
            "JAUAP_INSTANCE": "" if instance is None else f"{name}-{instance}",
            "JAUAP_READY_FILE": str(self._ready),
        }
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", f"services.{name}"],
                env=environment,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.peak = 0
        """Bytes of memory that it held at most; known once it was ended."""

    def await_ready(self, meanwhile: Callable[[], None] = lambda: None) -> float:
        """Wait until it says that it is ready, and give the seconds since its start. Raises RuntimeError if it ends."""
        while not self._ready.exists():
            if self._process.poll() is not None:
                raise RuntimeError(f"it ended: {self._log.read_text()[-1000:]}")
            meanwhile()
            time.sleep(CHECK_SECONDS)
            if time.perf_counter() - self.began > PATIENCE_SECONDS:
                raise RuntimeError(f"not ready after {PATIENCE_SECONDS:.0f} s")
        return time.perf_counter() - self.began

    @property
    def resident(self) -> int:
        """Bytes of memory that it holds now."""
        return int(psutil.Process(self._process.pid).memory_info().rss)

    @property
    def processor_seconds(self) -> float:
        """Of all its threads, up to now."""
        times = psutil.Process(self._process.pid).cpu_times()
        return float(times.user + times.system)

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Signal it, and wait until it is gone."""
        if self._process.poll() is None:
            self.peak = peak_bytes(self._process.pid, lambda: resource.getrusage(resource.RUSAGE_CHILDREN))
            self._process.send_signal(number)
            self._process.wait()


@contextmanager
def process(name: str, addresses: Addresses) -> Iterator[Process]:
    """A process that is ended with the block, if it has not ended before."""
    with tempfile.TemporaryDirectory(prefix="jauap-bench-process-") as folder:
        started = Process(name, addresses, Path(folder))
        try:
            yield started
        finally:
            started.end()
