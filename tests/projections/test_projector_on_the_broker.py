"""The projector as a process, on the real broker and the real database."""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jauap.domain.events import Event
from jauap.messaging.folding import events_topic
from jauap.messaging.log import Writer
from jauap.messaging.topics import partition_of
from jauap.projections import queries, rebuild
from jauap.projections.database import Connection
from jauap.projections.models import NAMES
from jauap.stack.addresses import Addresses
from jauap.stack.ports import pick
from tests.builders import a_communication, a_correction, a_forwarding, recorded
from tests.logbook import Logbook
from tests.projections.stories import whole_case
from tests.projections.tables import end_other_sessions, everything

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]

PATIENCE = 30.0


class Desk:
    """Writes chained records to the broker, as the services would."""

    def __init__(self, stack: Addresses) -> None:
        self.log = Logbook(stack.partitions)
        self.writer = Writer(stack.kafka, "test-desk")

    def write(self, case_id: str, *history: Event | tuple[str, Event]) -> None:
        """Append events to a case and wait until they are in the log."""
        for item in recorded(*history):
            record = self.log.next(item.service, item.event, case_id)
            number = partition_of(case_id, self.log.partitions)
            self.writer.append(events_topic(item.service), record, partition=number)
        assert self.writer.flush(PATIENCE) == 0


@pytest.fixture
def desk(stack: Addresses) -> Desk:
    """One that writes to the session's broker."""
    return Desk(stack)


def a_case() -> str:
    """The id of a case that no other test has."""
    return f"MFA-{uuid.uuid4().hex[:12].upper()}"


def wait_for(condition: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Go on as soon as it is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"not so within {seconds} s: {what}")
        time.sleep(0.002)


Process = subprocess.Popen[str]


@contextmanager
def projector(kafka: str, database: str, folder: Path) -> Iterator[Process]:
    """A projector of its own; it is killed at the end, if it still runs."""
    environment = {
        **os.environ,
        "JAUAP_KAFKA": kafka,
        "JAUAP_DATABASE": database,
        "JAUAP_READY_FILE": str(folder / "ready"),
    }
    (folder / "ready").unlink(missing_ok=True)
    with subprocess.Popen(
        [sys.executable, "-m", "services.projector"], env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def stopped(process: Process) -> list[dict[str, object]]:
    """Stop a process in good order, and give what it logged."""
    process.send_signal(signal.SIGTERM)
    _, logged = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, logged
    return [json.loads(line) for line in logged.splitlines()]


def test_ready_means_that_all_that_was_written_is_visible(
    stack: Addresses, desk: Desk, postgres: str, connection: Connection, tmp_path: Path
) -> None:
    """The file appears once the past is projected; SIGTERM ends it in good order."""
    case_id = a_case()
    desk.write(case_id, *whole_case())
    with projector(stack.kafka, postgres, tmp_path) as process:
        wait_for((tmp_path / "ready").exists, "ready")
        assert len(queries.history(connection, case_id)) == len(whole_case())
        events = [line["event"] for line in stopped(process)]
    assert events[-2:] == ["ready", "stopped"]


def test_an_event_is_visible_at_once(
    stack: Addresses, desk: Desk, postgres: str, connection: Connection, tmp_path: Path
) -> None:
    """It does not wait for a batch to fill: each record's row appears before the next is written."""
    with projector(stack.kafka, postgres, tmp_path):
        wait_for((tmp_path / "ready").exists, "ready")
        for _ in range(30):
            case_id = a_case()
            desk.write(case_id, a_communication())
            wait_for(lambda case_id=case_id: queries.case(connection, case_id), "the row")  # type: ignore[misc]


def test_killed_and_started_again_it_loses_and_doubles_nothing(
    stack: Addresses, desk: Desk, postgres: str, connection: Connection, tmp_path: Path
) -> None:
    """Killed (-9) in the middle of writing, several times: the rows are those of a rebuild."""
    case_ids = [a_case() for _ in range(40)]
    for case_id in case_ids:
        desk.write(case_id, *whole_case())
    for _ in range(3):
        with projector(stack.kafka, postgres, tmp_path):
            wait_for(lambda: any(row.next_offset for row in queries.positions(connection)), "a first batch")
    with projector(stack.kafka, postgres, tmp_path) as process:
        wait_for((tmp_path / "ready").exists, "ready")
        stopped(process)
    before = everything(connection)
    assert {row.case_id for row in queries.cases(connection)} >= set(case_ids)
    rebuild.rebuild(NAMES, database=postgres, kafka=stack.kafka)
    assert everything(connection) == before


def test_a_second_projector_takes_over_from_a_killed_one(
    stack: Addresses, desk: Desk, postgres: str, connection: Connection, tmp_path: Path
) -> None:
    """They share the partitions; when one dies, the other soon has all of them."""
    first_folder, second_folder = tmp_path / "1", tmp_path / "2"
    first_folder.mkdir()
    second_folder.mkdir()
    case_ids = [a_case() for _ in range(10)]
    with projector(stack.kafka, postgres, first_folder) as first:
        wait_for((first_folder / "ready").exists, "the first is ready")
        with projector(stack.kafka, postgres, second_folder) as second:
            wait_for((second_folder / "ready").exists, "the second is ready")
            for case_id in case_ids:
                desk.write(case_id, a_communication())
            first.kill()
            for case_id in case_ids:
                desk.write(case_id, a_correction(subject="After"), a_forwarding())
            wait_for(
                lambda: all((row := queries.case(connection, one)) and row.status == "forwarded" for one in case_ids),
                "all cases are forwarded",
            )
            stopped(second)


def test_lost_sessions_are_opened_again(
    stack: Addresses, desk: Desk, postgres: str, connection: Connection, tmp_path: Path
) -> None:
    """PostgreSQL throws the projector out again and again, while it is written to."""
    case_ids = [a_case() for _ in range(10)]
    with projector(stack.kafka, postgres, tmp_path) as process:
        wait_for((tmp_path / "ready").exists, "ready")
        for case_id in case_ids:
            desk.write(case_id, *whole_case())
            end_other_sessions(connection)
        whole = len(whole_case())
        wait_for(lambda: all(len(queries.history(connection, one)) == whole for one in case_ids), "all of history")
        stopped(process)


def test_it_waits_for_what_is_not_there_yet(tmp_path: Path) -> None:
    """Without a broker it says so once, and waits; it can be stopped meanwhile."""
    (port,) = pick(1)
    with projector(f"127.0.0.1:{port}", "postgresql://127.0.0.1:1/none", tmp_path) as process:
        assert process.stderr is not None
        first = json.loads(process.stderr.readline())
        while first["level"] == "info":
            first = json.loads(process.stderr.readline())
        assert first["event"] == "waiting"
        assert not [line for line in stopped(process) if line["level"] == "warning"]
