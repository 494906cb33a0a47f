"""`python -m jauap.health`: a process is well that says so itself, lately, and still runs."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jauap.health import ALIVE_SECONDS, FRESH_SECONDS, Signs, alive_file, look


@pytest.fixture
def ready(tmp_path: Path) -> Path:
    """The file that JAUAP_READY_FILE names."""
    return tmp_path / "ready"


def test_ready_is_who_says_so_lately(ready: Path) -> None:
    """A loop that went round half a minute ago and not since does not do its work."""
    signs = Signs(ready)
    assert look(ready, time.time()) == (False, "not ready: its log says why")
    signs.ready()
    assert look(ready, time.time() + FRESH_SECONDS - 2) == (True, "ready")
    assert look(ready, time.time() + FRESH_SECONDS + 2) == (False, "not ready: it has not done its work for 32 s")


def test_who_waits_is_alive_and_not_ready(ready: Path) -> None:
    """It says what it waits for; no orchestrator kills it for that."""
    signs = Signs(ready)
    signs.waits_for("No schema registry answers")
    assert look(ready, time.time()) == (False, "not ready: No schema registry answers")
    assert look(ready, time.time(), alive=True) == (True, "alive")
    assert look(ready, time.time() + ALIVE_SECONDS - 2, alive=True).well


def test_a_loop_that_hangs_is_found(ready: Path) -> None:
    """After five minutes it is not alive, ready or not."""
    signs = Signs(ready)
    signs.ready()
    later = time.time() + ALIVE_SECONDS + 2
    assert look(ready, later, alive=True) == (False, "not alive: its loop has not gone round for 302 s")


def test_what_another_process_left_does_not_count(ready: Path) -> None:
    """Neither the file of one that was killed a moment ago, nor one with its id and another birth."""
    subprocess.run([sys.executable, "-c", _LEAVE, ready], check=True)
    assert look(ready, time.time()) == (False, f"not ready: the process that wrote {ready} has ended")
    with subprocess.Popen([sys.executable, "-c", f"{_LEAVE}; input()", ready], stdin=subprocess.PIPE) as other:
        while not look(ready, time.time()).well:
            assert other.poll() is None
            time.sleep(0.01)
        other.kill()
        os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and nobody has asked for it
        assert not look(ready, time.time()).well
    ready.write_text(f"{os.getpid()}\n1\n")
    assert not look(ready, time.time()).well
    Signs(ready)
    assert not ready.exists()
    assert look(ready, time.time(), alive=True).well


_LEAVE = "import pathlib, sys; from jauap.health import Signs; Signs(pathlib.Path(sys.argv[1])).ready()"


def test_at_the_end_nothing_is_left(ready: Path) -> None:
    """Who stops is neither."""
    signs = Signs(ready)
    signs.ready()
    signs.end()
    assert [look(ready, time.time(), alive=alive).well for alive in (False, True)] == [False, False]
    assert list(ready.parent.iterdir()) == []


def test_a_file_that_was_taken_away_comes_back(ready: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is touched once a second."""
    signs = Signs(ready)
    signs.ready()
    signs.alive()
    alive_file(ready).unlink()
    signs.alive()
    assert not look(ready, time.time(), alive=True).well
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 2)
    signs.alive()
    assert look(ready, time.time(), alive=True).well


def _ask(ready: Path | None, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], **({} if ready is None else {"JAUAP_READY_FILE": str(ready)})}
    asked = [sys.executable, "-m", "jauap.health", *words]
    return subprocess.run(asked, env=environment, capture_output=True, text=True, check=False)


def test_the_command_says_one_line(ready: Path) -> None:
    """For people, and for programs."""
    Signs(ready).ready()
    done = _ask(ready)
    assert (done.returncode, done.stdout) == (0, "ready\n")
    done = _ask(ready, "--alive", "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, {"alive": True, "says": "alive"})
    done = _ask(ready.with_name("other"))
    assert (done.returncode, done.stdout) == (1, f"not ready: {ready.with_name('other')} is not there\n")
    assert _ask(None).returncode == 2
    assert "python -m jauap.health --alive" in _ask(None, "--help").stdout


def test_the_command_is_light() -> None:
    """Every few seconds, for each process: nothing but the standard library is imported."""
    look_at = "import sys, jauap.health; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", look_at], capture_output=True, text=True, check=True)
    strange = set(done.stdout.split()) - sys.stdlib_module_names - {"jauap", "__main__"}
    assert {name for name in strange if not name.startswith("_")} <= {"sitecustomize"}
