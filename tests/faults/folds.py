"""The fresh fold of a log, and whether all who hold a fold agree with it: instances, read models, clocks."""

import hashlib
import json
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from jauap.domain import events
from jauap.domain.case import CALENDAR, Case, Recorded, evolve
from jauap.projections.database import OPTIONS
from jauap.projections.models import MODELS
from jauap.projections.view import CaseView
from tests.faults import oracle, wire
from tests.faults.judge import Chains
from tests.faults.wire import Record

JSONB = 3802
"""PostgreSQL's number of the type."""


class Fold:
    """Every case as its counting records make it."""

    def __init__(self, chains: Mapping[str, Chains]) -> None:
        self.chains = chains
        self.cases: dict[str, Case] = {}
        self.latest: dict[str, str] = {}
        """The latest `ce_time` of each case."""
        for service, found in chains.items():
            for case_id, records in found.counted.items():
                case = self.cases.get(case_id, Case(case_id=case_id))
                for record in records:
                    case = evolve(case, recorded(service, record))
                self.cases[case_id] = case
                self.latest[case_id] = max(self.latest.get(case_id, ""), *(r.text("ce_time") for r in records))

    def records_of(self, case_id: str) -> dict[str, list[Record]]:
        """A case's counting records by service."""
        return {service: found.counted.get(case_id, []) for service, found in self.chains.items()}

    def digest(self, case_id: str) -> str:
        """What an instance should tell of a case."""
        case = self.cases.get(case_id, Case(case_id=case_id))
        state = msgspec.to_builtins(case, str_keys=True)
        return hashlib.sha256(msgspec.json.encode(state, order="deterministic")).hexdigest()


def recorded(service: str, record: Record) -> Recorded:
    """The event that a record holds."""
    event = msgspec.convert(wire.decode(record), events.BY_NAME[record.type])
    return Recorded(service=service, sequence=int(record.text("ce_caseseq")), event=event)


# --- instances ---


def instance_differs(fold: Fold, instance: str, dump: Path) -> Iterator[str]:
    """Where what a process holds is not what the log says."""
    for number, lane in json.loads(dump.read_text())["partitions"].items():
        if not lane["live"]:
            yield f"{instance}: partition {number} is not live"
        for case_id, held in lane["cases"].items():
            if held["parked"] is not None:
                yield f"{instance}: case {case_id} of partition {number} is parked: {held['parked']}"
            for service, (sequence, digest, broken_at) in held["heads"].items():
                head = fold.chains[service].heads.get(case_id)
                known = (0, "0" * 64, None) if head is None else (head.sequence, head.digest, head.broken_at)
                if (sequence, digest, broken_at) != known:
                    yield (
                        f"{instance}: the head of case {case_id} in jauap.{service}.events partition {number} is"
                        f" {sequence} {digest[:8]} (broken at {broken_at}); the log says {known[0]} {known[1][:8]}"
                    )
            if held["case"] != fold.digest(case_id):
                yield f"{instance}: case {case_id} of partition {number} is not what the log folds to"


# --- read models ---


def rows_differ(fold: Fold, database: str) -> Iterator[str]:
    """Where the read models do not show what the log says."""
    with psycopg.connect(database, options=OPTIONS) as connection:
        for name, model in MODELS.items():
            table = connection.execute(f"SELECT * FROM {name}")  # noqa: S608
            objects = {at for at, column in enumerate(table.description or ()) if column.type_code == JSONB}
            rows = (row for case_id in fold.cases for row in model.rows(_view(fold, case_id)))
            expected = _by_case(_in_order(row, objects, json.loads) for row in rows)
            shown = _by_case(_in_order(row, objects, lambda value: value) for row in table)
            for case_id in expected.keys() | shown.keys():
                if expected.get(case_id) != shown.get(case_id):
                    yield f"read model {name}: the rows of case {case_id} are not those of the log"
        history = connection.execute("SELECT case_id, service, sequence, event, event_id FROM case_history")
        yield from _history_differs(fold, {tuple(row) for row in history})


def _view(fold: Fold, case_id: str) -> CaseView:
    return CaseView(fold.cases[case_id], datetime.fromisoformat(fold.latest[case_id]))


def _in_order(row: Sequence[Any], objects: Container[int], read: Callable[[Any], Any]) -> tuple[Any, ...]:
    """A row with its objects as JSON whose keys are in order: PostgreSQL has an order of its own."""
    return tuple(json.dumps(read(value), sort_keys=True) if at in objects else value for at, value in enumerate(row))


def _by_case(rows: Iterator[tuple[Any, ...]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in rows:
        values = [list(value) if isinstance(value, tuple) else value for value in row]
        found.setdefault(row[0], []).append(repr(values))
    return {case_id: sorted(texts) for case_id, texts in found.items()}


def _history_differs(fold: Fold, shown: set[tuple[Any, ...]]) -> Iterator[str]:
    expected = {
        (case_id, service, int(record.text("ce_caseseq")), record.type, record.text("ce_hash")): record
        for service, found in fold.chains.items()
        for case_id, records in found.counted.items()
        for record in records
    }
    for row in expected.keys() - shown:
        yield f"case_history does not show {row[3]} of case {row[0]}, {expected[row].place}"
    for row in shown - expected.keys():
        yield f"case_history shows {row[3]} {row[2]} of case {row[0]} in {row[1]}, which does not count"


# --- clocks ---


def clocks_differ(fold: Fold, today: date) -> Iterator[str]:
    """Where the clocks on record do not stand as the oracle says."""
    for case_id, case in fold.cases.items():
        if case_id == CALENDAR:
            continue
        expected = oracle.clocks(fold.records_of(case_id), today)
        found = {
            name: oracle.Stand(clock.due, clock.safe, clock.met_on, clock.missed)
            for name, clock in case.deadlines.clocks.items()
        }
        for name in expected.keys() | found.keys():
            if expected.get(name) != found.get(name):
                yield f"case {case_id}: clock {name} is {found.get(name)}, and should be {expected.get(name)}"
