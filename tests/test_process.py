"""How a process waits, says how it is, and stops."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import structlog

from jauap import process
from jauap.health import look
from jauap.messaging.connection import Login
from jauap.process import SAID_EVERY_SECONDS, CannotGoOn, Life, Sparingly, Stopped

PATIENCE = 20.0


class Asked:
    """Told to stop, or not, without a signal."""

    asked = False


def life() -> Life:
    """One that takes no signals."""
    return Life(Asked())


class Later:
    """A clock of seconds that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_what_lasts_is_said_sparingly() -> None:
    """When it begins, when it becomes something else, and every half minute."""
    clock = Later()
    said = Sparingly(clock)
    assert [said.due("a"), said.due("a"), said.due("b"), said.due("b")] == [True, False, True, False]
    clock.now += SAID_EVERY_SECONDS
    assert [said.due("b"), said.due("b")] == [True, False]


def test_it_waits_until_what_it_needs_is_there() -> None:
    """It says what it waits for, once for each thing."""
    reasons: list[Exception] = [ConnectionError("no broker"), ConnectionError("no broker"), LookupError("no topic")]

    def attempt() -> str:
        if reasons:
            raise reasons.pop(0)
        return "there"

    with structlog.testing.capture_logs() as logs:
        assert life().wait(attempt, ConnectionError, LookupError) == "there"
    assert [line["reason"] for line in logs] == ["no broker", "no topic"]


def test_what_waiting_does_not_heal_ends_it() -> None:
    """Nothing else than what passes is waited for."""

    def attempt() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        life().wait(attempt, ConnectionError)


def test_told_to_stop_it_waits_no_longer() -> None:
    """Not even for the next attempt."""
    waiting = life()

    def attempt() -> None:
        waiting.stop.asked = True
        raise ConnectionError

    with pytest.raises(Stopped):
        waiting.wait(attempt, ConnectionError)


def test_who_is_not_ready_for_long_says_so() -> None:
    """And that it is ready again."""
    clock = Later()
    lives = Life(Asked(), clock)
    with structlog.testing.capture_logs() as logs:
        for now, ready in ((0, True), (1, True), (20, False), (40, False), (50, False), (80, False), (81, True)):
            clock.now = now
            lives()
            if ready:
                lives.ready()
    assert [line["event"] for line in logs] == ["ready", "not ready", "not ready", "ready"]


@pytest.mark.parametrize(("raised", "status"), [(Stopped(), 0), (CannotGoOn("x"), 1)])
def test_the_status_says_why_it_ended(raised: Exception, status: int, capsys: pytest.CaptureFixture[str]) -> None:
    """0 told to stop, 1 it could not go on; 2 is a wrong setting."""

    def work(_: Life) -> None:
        raise raised

    try:
        assert process.run("intake", Asked(), work) == status
    finally:
        structlog.reset_defaults()
        structlog.contextvars.clear_contextvars()
    [line] = capsys.readouterr().err.splitlines()
    assert json.loads(line)["event"] == "stopped"


def _until(there: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not there():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


@pytest.mark.parametrize("name", ["publication", "projector", "liaison", "documents", "post"])
def test_a_process_waits_without_a_broker_and_stops_at_once(name: str, tmp_path: Path) -> None:
    """It is alive and not ready, says so in one line, and SIGTERM ends it with 0."""
    (tmp_path / "directory.json").write_text(json.dumps({"officials": [OFFICIAL], "duty": "DUTY-1"}))
    (tmp_path / "password").write_text("x")
    ready = tmp_path / "ready"
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        servers = f"127.0.0.1:{nobody.getsockname()[1]}"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("JAUAP_")} | {
            "JAUAP_KAFKA": str(Login("sasl_plaintext", name, servers, tmp_path / "password")),
            "JAUAP_REGISTRY": f"http://{servers}",
            "JAUAP_DATABASE": f"postgresql://{servers}/none",
            "JAUAP_DOCUMENTS": str(tmp_path / "store"),
            "JAUAP_DIRECTORY": str(tmp_path / "directory.json"),
            "JAUAP_HTTP": "127.0.0.1:0",
            "JAUAP_READY_FILE": str(ready),
        }
        command = [sys.executable, "-m", f"services.{name}"]
        with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as started:
            try:
                assert started.stderr is not None
                said = json.loads(started.stderr.readline())
                while said["level"] == "info":
                    said = json.loads(started.stderr.readline())
                assert "the broker does not answer" in said["reason"]
                assert look(ready, time.time(), alive=True).well
                assert not look(ready, time.time()).well
                began = time.monotonic()
                started.send_signal(signal.SIGTERM)
                rest = started.communicate(timeout=PATIENCE)[1]
                assert (started.returncode, time.monotonic() - began < 5) == (0, True)
                assert [json.loads(line)["event"] for line in rest.splitlines()] == ["stopped"]
            finally:
                started.kill()


OFFICIAL = {"code": "DUTY-1", "name": "x", "language": "ru", "webhook": "https://mfa.example/hook"}


def test_a_signal_is_taken_before_anything_heavy_is_imported() -> None:
    """Process 1 of a container is not told of a signal for which it has no handler."""
    light = "import sys, jauap.stop; sys.exit(len({'structlog', 'msgspec', 'confluent_kafka'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", light], check=False).returncode == 0
