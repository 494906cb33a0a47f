"""`deadlines`: what is due when, for whom, and how does each clock stand?"""

from datetime import date

from jauap.domain import procedures
from jauap.domain.case import Clock
from jauap.domain.facts import Value
from jauap.projections.database import Row
from jauap.projections.view import CaseView


class DeadlineRow(Value, frozen=True, kw_only=True):
    """A clock on record. Days are days in Kazakhstan."""

    case_id: str
    clock: str
    paragraph: str | None
    """Null: a request of the MFA, not a term of the decree."""
    body: str | None
    """The body that was asked, or that leads a treaty body's procedure; null: the MFA."""
    rule: str
    policy: str
    starts_on: date
    due: date | None
    safe: date | None
    """The day to act by where it is earlier: the text has two readings, or a stated date is a day off."""
    estimated: bool
    verified: bool
    """False: the default that the term rests on was not verified (14-11)."""
    absent: str | None
    """Why there is no due date; null: there is one."""
    original: date | None
    """The day that the communication itself states, where an extension took its place (14-8(1))."""
    receipt: str | None
    """Policy that gave the day of receipt; null: it does not start with receipt."""
    acts: tuple[str, ...]
    """Calendar acts that name a day of the term."""
    calendar: int | None
    """Sequence of the last record under CALENDAR, in intake's chain, that it was counted with; null: not counted."""
    known_on: date | None
    """It was counted with the acts that were publicly known on this day; null: not counted."""
    state: str
    """open, met, met-late or missed."""
    met_on: date | None
    met_by: str | None
    basis: str
    days_left: int | None = None
    """Calendar days from the day asked about to the day to act by; negative: past."""

    @property
    def act_by(self) -> date | None:
        """The day to act by; None: there is no due date."""
        return self.safe or self.due


def rows(view: CaseView) -> list[Row]:
    """A row for each clock on record."""
    lead = procedures.lead(view.case)
    return [_row(view.case.case_id, clock, clock.body or lead) for clock in view.case.deadlines.clocks.values()]


def _row(case_id: str, clock: Clock, body: str | None) -> Row:
    return (
        case_id,
        clock.clock,
        clock.paragraph,
        body,
        clock.rule,
        clock.policy,
        clock.starts_on,
        clock.due,
        clock.safe,
        clock.estimated,
        clock.verified,
        clock.absent,
        clock.original,
        clock.receipt,
        list(clock.acts),
        clock.calendar,
        clock.known_on,
        state(clock),
        clock.met_on,
        clock.met_by,
        clock.basis,
    )


def state(clock: Clock) -> str:
    """How a clock stands, as *deadlines* has it on record; the fact's own day decides."""
    if clock.met_on is not None:
        return "met-late" if clock.missed else "met"
    return "missed" if clock.missed else "open"
