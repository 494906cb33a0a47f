"""A term counted again from what stands on record of it: to see what an act would move, and to prove what was shown.

Pure: the row of the rule table, the day of the start and the calendar come in.
"""

from collections.abc import Iterable
from datetime import date

from msgspec.structs import replace

from jauap.domain.facts import Value
from jauap.domain.rules import Rule
from jauap.domain.workdays import SATURDAY, CalendarMissing, Calendars, count_as_known


class End(Value, frozen=True, kw_only=True):
    """How a term ends. Days are days in Kazakhstan."""

    due: date | None = None
    safe: date | None = None
    """The day to act by where the text has two readings; None: same as due."""
    estimated: bool = False
    absent: str | None = None
    """Why there is no due date; None: there is one."""

    @property
    def act_by(self) -> date | None:
        """The day that people are told to meet."""
        return self.safe or self.due


class Move(Value, frozen=True, kw_only=True):
    """How a term ends before and after acts of the calendar."""

    before: End
    after: End
    days: int | None
    """By how many calendar days the due date moves; negative: earlier; None: there is none before or after."""
    act_by_days: int | None
    """By how many calendar days the day to act by moves."""
    earlier: bool
    """The due date, or the day to act by, comes earlier."""
    weekend: bool
    """It comes to end, or to be met, on a Saturday or Sunday."""
    now_estimated: bool
    """It comes to rest on a day that is only estimated."""


def row_named(rules: Iterable[Rule], name: str, receipt: str | None = None) -> Rule | None:
    """Find the row that a clock names, also where a deployment gave it another receipt policy. None: there is none."""
    suffix = "" if receipt is None else f"/{receipt.replace('/', '-')}"
    for rule in rules:
        if rule.row == name:
            return rule
        if suffix and f"{rule.row}{suffix}" == name:
            return replace(rule, row=name, receipt=receipt)
    return None


def end_of(rule: Rule, starts_on: date, calendars: Calendars, closed_on: date) -> End:
    """Count a rule's term of working days as `count_as_known` does; across a year that is not loaded there is no date.

    `closed_on` is the day of what met it, or today. Raises ValueError for a rule that counts no working days.
    """
    if rule.count is None or rule.unit != "working-days":
        message = f"the rule {rule.row} counts no working days"
        raise ValueError(message)
    try:
        term = count_as_known(starts_on, rule.count, rule.policy, calendars, closed_on, rule.safe_policy)
    except CalendarMissing as missing:
        return End(absent=f"the calendar of {missing.year} is not loaded")
    return End(due=term.due, safe=term.safe, estimated=term.estimated)


def moved(before: End, after: End) -> Move | None:
    """Compare two ends of a term. None: they are the same."""
    if before == after:
        return None
    days, act_by_days = _between(before.due, after.due), _between(before.act_by, after.act_by)
    ends = [(before.due, after.due), (before.act_by, after.act_by)]
    return Move(
        before=before,
        after=after,
        days=days,
        act_by_days=act_by_days,
        earlier=any(moved_by is not None and moved_by < 0 for moved_by in (days, act_by_days)),
        weekend=any(now is not None and now != then and now.weekday() >= SATURDAY for then, now in ends),
        now_estimated=after.estimated and not before.estimated,
    )


def _between(before: date | None, after: date | None) -> int | None:
    return (after - before).days if after and before else None
