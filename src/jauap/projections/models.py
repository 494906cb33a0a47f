"""The read models that are made of a folded case, by name; `case_history` is made of records, and stands beside."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from jauap.projections import (
    agency_matrix,
    alerts,
    cases,
    deadlines,
    findings,
    statements,
    treaty_requests,
    visit_proposals,
)
from jauap.projections.database import Row
from jauap.projections.view import CaseView

HISTORY = "case_history"


class Model(NamedTuple):
    """A table, the rows that a case has in it, and its statements by name."""

    name: str
    rows: Callable[[CaseView], list[Row]]
    sql: Mapping[str, bytes]


MODELS: dict[str, Model] = {
    name: Model(name, rows, statements.load(name))
    for name, rows in {
        "cases": cases.rows,
        "deadlines": deadlines.rows,
        "findings": findings.rows,
        "alerts": alerts.rows,
        "agency_matrix": agency_matrix.rows,
        "visit_proposals": visit_proposals.rows,
        "treaty_requests": treaty_requests.rows,
    }.items()
}
HISTORY_SQL = statements.load(HISTORY)
NAMES = (*MODELS, HISTORY)
