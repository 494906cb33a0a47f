"""`findings`: where does what is on record fall short of the decree? Open ones; a cured one is in the history."""

from jauap.domain.facts import Value
from jauap.projections.database import Row
from jauap.projections.view import CaseView


class FindingRow(Value, frozen=True, kw_only=True):
    """An open finding."""

    case_id: str
    finding: str
    code: str
    paragraph: str
    expected: str
    found: str
    body: str | None
    """The body concerned; null: the MFA."""
    basis: str
    """The record that it rests on: service and sequence."""


def rows(view: CaseView) -> list[Row]:
    """A row for each open finding."""
    case_id = view.case.case_id
    return [
        (case_id, f.finding, f.code, f.paragraph, f.expected, f.found, f.body, f.basis)
        for f in view.case.deadlines.findings.values()
    ]
