"""Questions to the read models, for people and programs. Every function may raise DatabaseUnavailable."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeVar

from jauap.domain.events import (
    DeadlineDropped,
    DeadlineMet,
    DeadlineMissed,
    DeadlineMoved,
    DeadlineReopened,
    DeadlineStarted,
)
from jauap.domain.facts import Value
from jauap.projections.agency_matrix import AgencyRow
from jauap.projections.alerts import AlertRow
from jauap.projections.case_history import HistoryRow
from jauap.projections.cases import CaseRow
from jauap.projections.database import Connection, as_rows, reaching
from jauap.projections.deadlines import DeadlineRow
from jauap.projections.findings import FindingRow
from jauap.projections.generations import SQL
from jauap.projections.models import HISTORY_SQL, MODELS
from jauap.projections.treaty_requests import TreatyRequestRow
from jauap.projections.visit_proposals import VisitProposalRow

V = TypeVar("V", bound=Value)


class PositionRow(Value, frozen=True, kw_only=True):
    """How far a partition of an events topic is projected."""

    topic: str
    partition: int
    next_offset: int
    epoch: int
    """Grows each time that a projector takes the partition over."""
    moved_at: datetime


class ClockChanges(Value, frozen=True, kw_only=True):
    """How often a clock on record changed."""

    case_id: str
    clock: str
    changes: int
    """How many times its term, or how it stands, was set again after its start."""
    changed_at: datetime


SETTING = tuple(
    kind.__name__
    for kind in (DeadlineStarted, DeadlineMoved, DeadlineMet, DeadlineMissed, DeadlineReopened, DeadlineDropped)
)
"""The records that change a clock, beside those that only tell of it."""


def cases(connection: Connection, *, status: str | None = None) -> list[CaseRow]:
    """All cases, the last received first; `status` as in `jauap.projections.cases.status`."""
    return _all(connection, CaseRow, MODELS["cases"].sql["list"], {"status": status})


def case(connection: Connection, case_id: str) -> CaseRow | None:
    """One case; None: nothing is on record under this id."""
    return _first(_all(connection, CaseRow, MODELS["cases"].sql["one"], {"case_id": case_id}))


def history(connection: Connection, case_id: str) -> list[HistoryRow]:
    """Everything that counts in a case, refusals and withdrawn entries too, in the order in which it was recorded."""
    return _all(connection, HistoryRow, HISTORY_SQL["list"], {"case_id": case_id})


def deadlines(
    connection: Connection,
    *,
    today: date,
    within: int | None = None,
    missed: bool = False,
    case_id: str | None = None,
) -> list[DeadlineRow]:
    """Clocks by due date, those without one last.

    Of all cases: what is still to be done, open or missed. Of one case: every clock. `within`: only those whose day
    to act by comes at most so many calendar days after `today` (a day in Kazakhstan), or is past. `missed`: only those
    whose term ended first, met late or not met.
    """
    asked = {"today": today, "within": within, "missed": missed, "case_id": case_id}
    return _all(connection, DeadlineRow, MODELS["deadlines"].sql["list"], asked)


def clock_changes(connection: Connection, case_ids: Sequence[str]) -> list[ClockChanges]:
    """How often the clocks of some cases were set anew, and when last."""
    asked = {"case_ids": list(case_ids), "events": list(SETTING)}
    return _all(connection, ClockChanges, HISTORY_SQL["clock_changes"], asked)


def findings(connection: Connection, case_id: str | None = None) -> list[FindingRow]:
    """Findings, of one case or of all, also those cured late; one without ground is in the history only."""
    return _all(connection, FindingRow, MODELS["findings"].sql["list"], {"case_id": case_id})


def alerts(connection: Connection, case_id: str | None = None, *, taken_notice_of: bool = False) -> list[AlertRow]:
    """Open alerts, of one case or of all, by the day to act by; those taken notice of only if asked for."""
    return _all(connection, AlertRow, MODELS["alerts"].sql["list"], {"case_id": case_id, "all": taken_notice_of})


def agency_matrix(connection: Connection, case_id: str | None = None) -> list[AgencyRow]:
    """The bodies asked, of one case or of all."""
    return _all(connection, AgencyRow, MODELS["agency_matrix"].sql["list"], {"case_id": case_id})


def visit_proposals(connection: Connection, case_id: str | None = None) -> list[VisitProposalRow]:
    """The proposals of visits, of one case or of all, those not at their end first (14-10)."""
    return _all(connection, VisitProposalRow, MODELS["visit_proposals"].sql["list"], {"case_id": case_id})


def treaty_requests(connection: Connection, case_id: str | None = None) -> list[TreatyRequestRow]:
    """The requests of treaty bodies, of one case or of all, by the day on which the reply is due (14-11)."""
    return _all(connection, TreatyRequestRow, MODELS["treaty_requests"].sql["list"], {"case_id": case_id})


def command(connection: Connection, command_id: str) -> HistoryRow | None:
    """The record that a command made, a refusal too; None: none is projected (yet)."""
    return _first(_all(connection, HistoryRow, HISTORY_SQL["of_command"], {"command_id": command_id}))


def positions(connection: Connection) -> list[PositionRow]:
    """How far each partition is projected; with the topics' ends, that is the lag."""
    return _all(connection, PositionRow, SQL["positions"], {})


def alone(connection: Connection, name: str) -> bool:
    """Whether this session is the only one at work under a name: it stays so until it ends."""
    with reaching():
        found = connection.execute(SQL["alone"], {"name": name}).fetchone()
    return found == (True,)


def _all(connection: Connection, kind: type[V], statement: bytes, asked: Mapping[str, Any]) -> list[V]:
    with reaching(), connection.cursor(row_factory=as_rows(kind)) as cursor:
        return cursor.execute(statement, asked).fetchall()


def _first(found: list[V]) -> V | None:
    return found[0] if found else None
