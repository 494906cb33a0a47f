"""The judge of a campaign: reads the topics by itself, by the words of the contract, and says what was not kept.

Each violation is a sentence that names case, command, topic, partition and offset as far as there are any.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from tests.faults import wire
from tests.faults.wire import Record
from tests.faults.workload import MALFORMED, Place, Sent

ZEROS = "0" * 64
FINAL = ("accepted", "refused")
REUSED = "CommandIdReused"


@dataclass
class Losses:
    """What disasters took: the records that stood in the lost tails."""

    records: list[Record] = field(default_factory=list)

    def commands(self) -> set[str]:
        """The commands that were lost themselves, or whose record was, so that they may be decided anew."""
        return {_command_of(record) for record in self.records} - {""}

    def places(self) -> set[Place]:
        """Where they stood."""
        return {(record.topic, record.partition, record.offset) for record in self.records}

    def named(self) -> list[str]:
        """Each lost record in words."""
        return [f"{record.type} of case {record.key}, {record.place}" for record in self.records]


@dataclass
class Head:
    """A case's last counting record in a topic."""

    sequence: int = 0
    digest: str = ZEROS
    broken_at: int | None = None


@dataclass
class Chains:
    """One service's events by the rule of the chain."""

    service: str
    counted: dict[str, list[Record]] = field(default_factory=dict)
    """By case, in order."""
    heads: dict[str, Head] = field(default_factory=dict)
    void: int = 0
    violations: list[str] = field(default_factory=list)


@dataclass
class Judgement:
    """What was found."""

    chains: dict[str, Chains]
    counts: Counter[str]
    violations: list[str]


def judge(
    log: Mapping[str, list[Record]], sent: Mapping[str, Sent], malformed: Collection[Place], losses: Losses
) -> Judgement:
    """Hold the log against what the clients know, and against itself."""
    chains = {service: follow_chains(service, log[f"jauap.{service}.events"]) for service in wire.SERVICES}
    violations = [sentence for found in chains.values() for sentence in found.violations]
    counts: Counter[str] = Counter()
    counts["counted"] = sum(len(records) for found in chains.values() for records in found.counted.values())
    counts["void"] = sum(found.void for found in chains.values())
    violations += _acknowledged(log, sent, malformed, losses)
    for service, found in chains.items():
        commands = Commands(log[f"jauap.{service}.commands"])
        answers = Answers(log[f"jauap.{service}.outcomes"])
        violations += commands.decided_once(found, losses)
        violations += commands.in_order(found, losses)
        violations += commands.answered(found, answers, sent, losses)
        counts["commands"] += len(commands.first)
        counts["malformed"] += len(commands.malformed)
        counts["refused"] += sum(
            record.type == "CommandRefused" for records in found.counted.values() for record in records
        )
        counts["outcomes"] += answers.total
        counts["held"] += len(answers.held)
        counts["parked and redriven"] += len(answers.held & answers.final.keys())
    return Judgement(chains, counts, violations)


# --- the chain ---


def follow_chains(service: str, records: Iterable[Record]) -> Chains:
    """Apply the rule of the chain to a service's events, in the order of each partition."""
    found = Chains(service)
    partition_of: dict[str, int] = {}
    for record in records:
        if not _well_formed(record) or partition_of.setdefault(record.key, record.partition) != record.partition:
            found.violations.append(f"a foreign record stands at {record.place}, key {record.key!r}")
            continue
        _judge(found, record)
    return found


def _judge(found: Chains, record: Record) -> None:
    head = found.heads.setdefault(record.key, Head())
    sequence = int(record.text("ce_caseseq"))
    if sequence <= head.sequence:
        found.void += 1
        return
    digest = record.digest()
    extends = (
        sequence == head.sequence + 1 and record.text("ce_prevhash") == head.digest and record.text("ce_hash") == digest
    )
    if head.broken_at is not None and not (
        extends and record.type == "ChainMended" and record.text("ce_breakoffset") == str(head.broken_at)
    ):
        found.void += 1
    elif not extends:
        head.broken_at = record.offset
        found.violations.append(
            f"case {record.key} is broken by {record.place} (command {record.text('ce_commandid') or 'none'}):"
            f" sequence {sequence} after {head.sequence}, or a hash that does not fit"
        )
    else:
        before = found.counted.setdefault(record.key, [])
        if before and record.text("ce_time") < before[-1].text("ce_time"):
            found.violations.append(f"time runs backwards in case {record.key} at {record.place}")
        before.append(record)
        found.heads[record.key] = Head(sequence, digest)


def _well_formed(record: Record) -> bool:
    return (
        record.text("ce_caseseq").isdigit()
        and len(record.text("ce_prevhash")) == len(ZEROS)
        and record.text("ce_hash") == record.text("ce_id")
        and record.text("ce_subject") == record.key
    )


# --- commands ---


class Commands:
    """A service's commands as they stand in its topic: the first with an id is the one that is decided."""

    def __init__(self, records: Iterable[Record]) -> None:
        self.first: dict[str, Record] = {}
        self.others: dict[tuple[str, str], Record] = {}
        """Other content under a used id, by id and content."""
        self.malformed: list[Record] = []
        for record in records:
            if MALFORMED in record.headers:
                self.malformed.append(record)
                continue
            first = self.first.setdefault(record.text("ce_id"), record)
            if record.content_hash() != first.content_hash():
                self.others[record.text("ce_id"), record.content_hash()] = record

    def decided_once(self, found: Chains, losses: Losses) -> Iterator[str]:
        """Each command has one counting record, and each record of a command has its command."""
        made: defaultdict[str, list[Record]] = defaultdict(list)
        for records in found.counted.values():
            for record in records:
                if record.text("ce_commandid"):
                    made[record.text("ce_commandid")].append(record)
        for command_id, first in self.first.items():
            records = made.get(command_id, [])
            if not records:
                yield f"command {command_id} of case {first.key}, {first.place}, has no counting record"
            elif len(records) > 1:
                yield (
                    f"command {command_id} of case {first.key} counts {len(records)} times:"
                    f" {'; '.join(record.place for record in records)}"
                )
            elif records[0].text("ce_commandhash") != first.content_hash():
                yield f"command {command_id} of case {first.key}: {records[0].place} answers other content"
        for command_id in made.keys() - self.first.keys() - losses.commands():
            yield f"{made[command_id][0].place} answers the command {command_id}, which nobody sent"

    def in_order(self, found: Chains, losses: Losses) -> Iterator[str]:
        """The records of a case answer its commands in the commands' own order."""
        lost = losses.commands()
        for case_id, records in found.counted.items():
            latest: Record | None = None
            for record in records:
                command = self.first.get(record.text("ce_commandid"))
                if command is None or record.text("ce_commandid") in lost:
                    continue
                if latest is not None and command.offset < latest.offset:
                    yield (
                        f"case {case_id}: {record.place} answers the command at {command.place} after"
                        f" the later one at offset {latest.offset}"
                    )
                latest = command

    def answered(self, found: Chains, answers: "Answers", sent: Mapping[str, Sent], losses: Losses) -> Iterator[str]:
        """Each command has a final outcome, all of its are identical, and they say what the log says."""
        made = {record.text("ce_commandid"): record for records in found.counted.values() for record in records}
        excused = losses.commands()
        for command_id, first in self.first.items():
            known = answers.final.get(command_id, set())
            heard = {value for value in sent[command_id].heard if not _is_reuse(value)} if command_id in sent else set()
            if not known:
                words = "only held" if command_id in answers.held else "no"
                yield f"command {command_id} of case {first.key}, {first.place}, has {words} outcome"
            elif len(known | heard) > 1 and command_id not in excused:
                yield f"command {command_id} of case {first.key}, {first.place}, has {len(known | heard)} outcomes"
            record = made.get(command_id)
            if record is not None and known and not any(_tells(value, record) for value in known):
                yield f"the outcome of command {command_id} of case {first.key} tells not its record, {record.place}"
        for (command_id, content), other in self.others.items():
            if content not in answers.reused.get(command_id, set()):
                yield f"other content under the id {command_id}, {other.place}, was not refused as such"
        for record in self.malformed:
            if (record.topic, record.partition, record.offset) not in answers.malformed:
                yield f"the malformed command at {record.place} has no outcome"


class Answers:
    """A service's outcomes by command id."""

    def __init__(self, records: Iterable[Record]) -> None:
        self.total = 0
        self.final: dict[str, set[bytes]] = {}
        self.held: set[str] = set()
        self.reused: dict[str, set[str]] = {}
        self.malformed: set[Place] = set()
        for record in records:
            self.total += 1
            content = wire.decode(record)
            if content["status"] == "malformed":
                self.malformed.add((content["topic"], content["partition"], content["offset"]))
            elif content["status"] == "held":
                self.held.add(record.key)
            elif content["code"] == REUSED:
                self.reused.setdefault(record.key, set()).add(content["command_hash"])
            else:
                self.final.setdefault(record.key, set()).add(record.value)


def _outcome(value: bytes) -> dict[str, object]:
    headers = {"ce_dataschema": b"urn:jauap:schema:Outcome:1"}
    return wire.decode(Record("", 0, 0, "", value, headers))


def _is_reuse(value: bytes) -> bool:
    return _outcome(value)["code"] == REUSED


def _tells(value: bytes, record: Record) -> bool:
    """Whether an outcome is that of this record."""
    content = _outcome(value)
    status = "refused" if record.type == "CommandRefused" else "accepted"
    expected = (status, record.text("ce_hash"), int(record.text("ce_caseseq")), record.topic, record.partition)
    told = tuple(content[name] for name in ("status", "event_id", "sequence", "topic", "partition"))
    return told == expected and content["offset"] == record.offset


def _command_of(record: Record) -> str:
    return record.text("ce_commandid") if record.topic.endswith(".events") else record.text("ce_id")


# --- what was acknowledged ---


def _acknowledged(
    log: Mapping[str, list[Record]], sent: Mapping[str, Sent], malformed: Collection[Place], losses: Losses
) -> Iterator[str]:
    """What the broker acknowledged stands where it said, unless a disaster took it."""
    there = {
        (record.topic, record.partition, record.offset): record
        for service in wire.SERVICES
        for record in log[f"jauap.{service}.commands"]
    }
    lost = losses.places()
    for one in sent.values():
        for place in set(one.acknowledged) - lost:
            record = there.get(place)
            if record is None or record.text("ce_id") != one.command_id:
                yield f"command {one.command_id} of case {one.case_id} was acknowledged at {place} and is not there"
    for place in set(malformed) - lost:
        if place not in there:
            yield f"a malformed command was acknowledged at {place} and is not there"
