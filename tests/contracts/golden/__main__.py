"""Record a release's golden log: `python -m tests.contracts.golden`. Once for each release, before it goes out.

It starts a system of its own in a temporary folder, takes the story through it, reads every topic and writes
`<release>/log.jsonl.gz` and `<release>/state.json.gz`. What is there is never written again.
"""

import io
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import typer

from jauap.cli import orders
from jauap.cli.stack import bring_up
from jauap.clock import TRIAL
from jauap.documents import open_store
from jauap.domain.events import BY_SERVICE, DeadlineMissed
from jauap.domain.workdays import day_in_kazakhstan
from jauap.messaging.chain import header_map
from jauap.messaging.envelope import Message, Outgoing, type_name
from jauap.messaging.log import Ends, Reader, Trouble, Writer
from jauap.messaging.outcome import Outcome
from jauap.messaging.sender import SERVICES, Order, Sender
from jauap.messaging.topics import partition_of
from jauap.stack.addresses import Addresses
from jauap.stack.machine import Stack
from tests.contracts.golden import replay, story

ACTOR = "golden:desk"
TOPICS = tuple(f"jauap.{service}.{kind}" for service in SERVICES for kind in ("commands", "events", "outcomes"))
NEVER_WRITTEN = {("intake", "ChainMended"), ("deadlines", "ChainMended"), ("publication", "ChainMended")}
"""Breaking one chain is enough."""


SILENCE = 2.0
"""Seconds without a record, after which nothing more is to come."""


class Recorder:
    """A running system whose clock is set by hand."""

    def __init__(self, found: Addresses, clock: Path) -> None:
        self.found, self.clock, self.ahead = found, clock, 0
        self.sender = Sender(found.kafka, found.registry, "golden")
        self.store = open_store(found.documents)
        self.made: dict[str, int] = {}
        self.last: Order | None = None

    @property
    def today(self) -> date:
        """The day in Kazakhstan, by the clock of the trial."""
        return day_in_kazakhstan(replay.now() + timedelta(days=self.ahead))

    def go_on(self, days: int) -> None:
        """Let so many days pass. The file is there whole or not at all: an empty one would set the clock back."""
        self.ahead += days
        draft = self.clock.with_suffix(".new")
        draft.write_text(str(self.ahead * 86_400))
        draft.replace(self.clock)

    def tell(self, steps: Iterable[tuple[str, dict[str, Any]]]) -> None:
        """Send one command after the other and keep the sequence of each one's record."""
        for label, flat in steps:
            outcome = self.send(flat)
            self.made[label] = outcome.sequence or 0
            typer.echo(f"{label:<22} {outcome.status:<9} {outcome.event or ''} {outcome.code or ''}")

    def send(self, flat: dict[str, Any], *, until: tuple[str, ...] = ("accepted", "refused", "malformed")) -> Outcome:
        """Send a command and wait for its outcome."""
        self.last = orders.order(story.stored(flat, self._paper), ACTOR)
        for _, outcome in self.sender.submit([self.last], 20):
            if outcome is not None and outcome.status in until:
                return outcome
        raise SystemExit(f"no outcome of {flat['command']}")

    def _paper(self, title: str) -> dict[str, Any]:
        sha256, size = self.store.add(io.BytesIO(title.encode()))
        return {"sha256": sha256, "size": size, "media_type": "text/plain", "language": "en"}

    def write(self, topic: str, key: bytes, value: bytes, headers: dict[str, bytes], partition: int) -> None:
        """Append any record."""
        writer = Writer(self.found.kafka, "golden-stranger")
        writer.append(topic, Outgoing(key, value, list(headers.items())), partition)
        if writer.flush(10):
            raise SystemExit(f"{topic} does not take it")

    def settle(self) -> None:
        """Wait until nothing more is written: deadlines follows what the others wrote."""
        before, since = -1, time.monotonic()
        while time.monotonic() - since < SILENCE:
            now = sum(self._ends().values())
            if now != before:
                before, since = now, time.monotonic()
            time.sleep(0.1)

    def _ends(self) -> dict[tuple[str, int], int]:
        places = [(topic, number) for topic in TOPICS for number in range(self.found.partitions)]
        return Ends(self.found.kafka, "golden").of_patiently(places, 15)

    def log(self) -> list[Message]:
        """Every record of every topic, by topic, partition and offset."""
        ends = {place: end for place, end in self._ends().items() if end}
        reader, found = Reader(self.found.kafka, "golden"), list[Message]()
        reader.read_from(dict.fromkeys(ends, 0))
        while len(found) < sum(ends.values()):
            found += [item for item in reader.poll(0.5) if not isinstance(item, Trouble)]
        reader.close()
        return sorted(found, key=lambda message: (message.topic, message.partition, message.offset))

    def of_case(self, service: str, case_id: str) -> list[Message]:
        """A case's records in a service's events."""
        return [each for each in self.log() if each.topic == f"jauap.{service}.events" and each.key == case_id.encode()]


def play(recorder: Recorder) -> None:
    """The whole story."""
    recorder.tell(story.first(recorder.today, recorder.made, recorder.store))
    for flat in story.by_chance(recorder.today):
        recorder.send(flat)
    recorder.tell(story.second(recorder.today))
    _wrong_commands(recorder)
    recorder.tell(story.to_be_broken(recorder.today))
    recorder.settle()
    _break(recorder)
    recorder.go_on(2)
    recorder.settle()
    recorder.go_on(10)
    recorder.settle()
    alert = _missed(recorder)
    recorder.tell(story.told(alert, recorder.today))
    recorder.go_on(5)
    recorder.settle()
    recorder.tell(story.noticed(alert, recorder.today))
    recorder.go_on(30)
    recorder.settle()


def _missed(recorder: Recorder) -> int:
    """The sequence of a step that stays open: the end of a term."""
    found = [header_map(each.headers) or {} for each in recorder.of_case("deadlines", story.OPEN)]
    return next(int(each["ce_caseseq"]) for each in found if type_name(each["ce_type"]) == DeadlineMissed.__name__)


def _wrong_commands(recorder: Recorder) -> None:
    """A repeat, other content under the same id, and what is no command at all."""
    again = {"command": "InformOmbudsman", "case_id": story.OPEN, "informed_on": recorder.today.isoformat()}
    for note in ("N-1", "N-1", "N-2"):
        recorder.send({**again, "command_id": "golden-again", "note_number": note})
    topic, partitions = "jauap.intake.commands", recorder.found.partitions
    written = next(each for each in recorder.log() if each.topic == topic)
    key, headers = written.key or b"", header_map(written.headers) or {}
    home = partition_of(key, partitions)
    recorder.write(topic, key, b"\0\0\0\0\1garbage", {**headers, "ce_id": b"garbage"}, home)
    recorder.write(topic, b"no case", written.value or b"", {**headers, "ce_id": b"no-case"}, 0)
    recorder.write(topic, key, written.value or b"", {**headers, "ce_id": b"elsewhere"}, (home + 1) % partitions)
    recorder.write(topic, key, written.value or b"", {**headers, "ce_id": b"bad", "ce_type": b"jauap.No"}, home)


def _break(recorder: Recorder) -> None:
    """Records of a stranger: one is void, one is foreign, one breaks the case, which is mended then."""
    (record,) = recorder.of_case("routing", story.BROKEN)
    headers, key, value = header_map(record.headers) or {}, record.key or b"", record.value or b""
    recorder.write(record.topic, key, value, headers, record.partition)
    recorder.write(record.topic, key, value, {"content-type": b"application/avro"}, record.partition)
    recorder.write(record.topic, key, value, {**headers, "ce_caseseq": b"7"}, record.partition)
    flat = {"command": "InformOmbudsman", "case_id": story.BROKEN, "informed_on": recorder.today.isoformat()}
    if recorder.send(flat, until=("held",)).status != "held":
        raise SystemExit("the case goes on")
    broken = max(each.offset for each in recorder.of_case("routing", story.BROKEN))
    mending = {"command": "MendRoutingChain", "case_id": story.BROKEN, "break_offset": broken, "reason": "golden log"}
    recorder.tell([("mend", mending)])


def missing(log: Iterable[Message]) -> list[tuple[str, str]]:
    """The kinds of event that a service never wrote."""
    seen = Counter(
        (each.topic.split(".")[1], type_name((header_map(each.headers) or {}).get("ce_type", b"")))
        for each in log
        if each.topic.endswith(".events")
    )
    wanted = {(service, kind.__name__) for service, kinds in BY_SERVICE.items() for kind in kinds}
    return sorted(wanted - seen.keys() - NEVER_WRITTEN)


def main() -> None:
    """Record it, unless it is there."""
    folder = Path(__file__).parent / (sys.argv[1] if len(sys.argv) > 1 else version("jauap"))
    if folder.exists():
        raise SystemExit(f"{folder.name} is recorded. A golden log is never recorded again: see README.md.")
    with tempfile.TemporaryDirectory() as temporary:
        clock = Path(temporary) / "clock"
        os.environ[TRIAL] = str(clock)
        stack = Stack(Path(temporary) / "data")
        try:
            recorder = Recorder(bring_up(stack.folder.root, "KAZ"), clock)
            play(recorder)
            log = recorder.log()
        finally:
            stack.down(lambda _part, _words: None)
    if left := missing(log):
        typer.echo(f"NOT WRITTEN BY ANYBODY: {left}")
    folder.mkdir()
    replay.save(folder, log, recorder.found.partitions)
    typer.echo(f"{len(log)} records, {sum(file.stat().st_size for file in folder.iterdir())} bytes")


if __name__ == "__main__":
    main()
