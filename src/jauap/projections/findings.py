"""`findings`: where does what is on record fall short of the decree, and what was done about it late?

A finding that lost its ground, since a fact was corrected or withdrawn, is in the history only.
"""

from datetime import date

from jauap.domain import procedures
from jauap.domain.case import Finding
from jauap.domain.facts import Value
from jauap.projections.database import Row
from jauap.projections.view import CaseView


class FindingRow(Value, frozen=True, kw_only=True):
    """A finding that has ground. Days are days in Kazakhstan."""

    case_id: str
    finding: str
    code: str
    paragraph: str | None
    """Null: practice, not the decree."""
    expected: str
    found: str
    body: str | None
    """The body concerned, or that leads a treaty body's procedure; null: the MFA."""
    basis: str
    """The record that it rests on: service and sequence."""
    cured_on: date | None
    """What was missing was done on this day, late; null: it is open."""
    cured_by: str | None
    """The record of that: service and sequence."""


def rows(view: CaseView) -> list[Row]:
    """A row for each finding."""
    lead = procedures.lead(view.case)
    findings = view.case.deadlines.findings.values()
    return [_row(view.case.case_id, finding, finding.raised.body or lead) for finding in findings]


def _row(case_id: str, finding: Finding, body: str | None) -> Row:
    raised = finding.raised
    return (
        case_id,
        raised.finding,
        raised.code,
        raised.paragraph,
        raised.expected,
        raised.found,
        body,
        raised.basis,
        finding.cured_on,
        finding.cured_by,
    )
