"""Processes: recorded, recognised, stopped; never somebody else's."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jauap.stack import process
from jauap.stack.errors import StackError
from jauap.stack.folder import Folder
from jauap.stack.process import Launch, Record

STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
time.sleep(60)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """An empty data folder."""
    folder = Folder.at(tmp_path / "data")
    folder.create()
    return folder


@pytest.fixture
def stubborn(folder: Folder) -> Iterator[Record]:
    """A process that ignores SIGTERM."""
    record = process.start(folder, "part", Launch([sys.executable, "-c", STUBBORN], folder.root))
    deadline = time.monotonic() + 10
    while not process.last_lines(folder.log("part"), 1) and time.monotonic() < deadline:
        time.sleep(0.02)
    yield record
    record.send(signal.SIGKILL)
    process.gone(record, time.monotonic() + 10)


def test_a_process_is_found_again_by_its_record(folder: Folder, stubborn: Record) -> None:
    """What one command started, the next one finds alive."""
    found = Record.read(folder.record("part"))
    assert found == stubborn
    assert found.alive()


def test_a_started_process_has_a_session_of_its_own(stubborn: Record) -> None:
    """Ctrl-C in the terminal does not reach it."""
    assert os.getsid(stubborn.pid) == stubborn.pid


def test_what_ignores_its_signal_is_killed_after_its_grace(stubborn: Record) -> None:
    """A part that hangs cannot hold up the rest for ever."""
    process.stop([(stubborn, signal.SIGTERM, 0.2)])
    assert not stubborn.alive()


def test_a_process_with_the_same_id_and_another_birth_is_never_signalled() -> None:
    """An id that now belongs to somebody else is left alone."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as foreign:
        record = Record(foreign.pid, "boot/1", "2026-01-01T00:00:00+00:00")
        assert not record.alive()
        process.stop([(record, signal.SIGKILL, 0.1)])
        assert foreign.poll() is None
        foreign.kill()


def test_a_process_that_was_killed_counts_as_ended(stubborn: Record) -> None:
    """A zombie child of this very process is not taken for a running part."""
    os.kill(stubborn.pid, signal.SIGKILL)
    assert process.gone(stubborn, time.monotonic() + 10)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}'])
def test_half_a_record_is_no_record(folder: Folder, content: str) -> None:
    """A crash while writing does not keep the next start from working."""
    folder.record("part").write_text(content)
    assert Record.read(folder.record("part")) is None


def test_a_large_log_is_put_aside_at_the_next_start(folder: Folder) -> None:
    """Logs do not grow over restarts."""
    with folder.log("part").open("wb") as log:
        log.truncate(11 * 2**20)
    record = process.start(folder, "part", Launch([sys.executable, "-c", ""], folder.root))
    assert process.gone(record, time.monotonic() + 10)
    assert folder.log("part").stat().st_size == 0
    assert folder.log("part").with_suffix(".log.1").exists()


def test_a_program_that_is_not_there_is_named(folder: Folder) -> None:
    """The sentence says which program is missing."""
    with pytest.raises(StackError, match="/nowhere/java"):
        process.start(folder, "part", Launch(["/nowhere/java"], folder.root))
