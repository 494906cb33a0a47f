"""The rule table: which row judges a clock."""

from datetime import date

import msgspec
import pytest

from jauap.domain.rules import DECREE, RULES, Rule, rule_for
from jauap.domain.workdays import POLICIES

CLOCKS = [
    "14-5(1)",
    "14-5(2)",
    "asked",
    "14-8(1)",
    "14-8(2)",
    "14-9(1)",
    "14-9(2)",
    "calendar",
    "14-9(1)/interim",
    "14-9(2)/interim",
]


def row(clock: str) -> Rule:
    """Find the row that must exist in 2026."""
    found = rule_for(clock, date(2026, 6, 1))
    assert found is not None
    return found


def test_each_clock_has_one_row() -> None:
    """Every kind of clock of 14-5 to 14-9, and the request to a body, has a row of its own name."""
    assert [rule.clock for rule in RULES] == CLOCKS
    assert len({rule.row for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("clock", CLOCKS)
def test_rule_is_in_force_from_the_decree_on(clock: str) -> None:
    """A clock that started before 25 January 2022 has no rule; from that day on it has one."""
    assert rule_for(clock, date(2022, 1, 24)) is None
    assert rule_for(clock, DECREE) == row(clock)


def test_unknown_clock_has_no_rule() -> None:
    """A paragraph that sets no term has no row: 14-7(1) names none."""
    assert rule_for("14-7(1)", date(2026, 6, 1)) is None


@pytest.mark.parametrize(
    ("clock", "term"), [("14-5(1)", 5), ("14-5(2)", 5), ("14-8(2)", 10), ("14-9(1)", 10), ("14-9(2)", 10)]
)
def test_terms_of_the_decree(clock: str, term: int) -> None:
    """14-5 gives five working days, 14-8(2) and 14-9 ten, counted from the day after."""
    rule = row(clock)
    assert (rule.count, rule.unit, rule.policy, rule.roll) == (term, "working-days", "day-after/1", "none")


@pytest.mark.parametrize("clock", ["asked", "14-8(1)"])
def test_stated_dates_are_not_counted(clock: str) -> None:
    """A stated date is taken as it is: no count, and it is not moved off a day off."""
    rule = row(clock)
    assert (rule.count, rule.unit, rule.policy, rule.roll) == (None, "stated-date", "stated/1", "none")


def test_only_14_5_has_a_second_reading() -> None:
    """The safe date exists where the text has two readings: "starting from the day" in 14-5, and nowhere else."""
    second = {rule.clock: rule.safe_policy for rule in RULES if rule.safe_policy}
    assert second == {"14-5(1)": "from-the-day/1", "14-5(2)": "from-the-day/1"}


def test_what_the_decree_does_not_say_is_practice() -> None:
    """A row names its paragraph, except the date asked of a body, the report on an interim reply, and the calendar."""
    others = {rule.clock: rule.paragraph for rule in RULES if rule.paragraph != rule.clock}
    assert others == dict.fromkeys(["asked", "14-9(1)/interim", "14-9(2)/interim", "calendar"])


def test_counted_rows_name_a_policy_that_counts() -> None:
    """Every row in working days is counted by known policies."""
    named = {policy for rule in RULES if rule.unit == "working-days" for policy in (rule.policy, rule.safe_policy)}
    assert named - {None} <= set(POLICIES)


def test_amendment_is_a_new_row() -> None:
    """When five days become seven, a clock keeps the row in force on the day it started."""
    five = row("14-5(1)")
    amended = (
        *(rule for rule in RULES if rule != five),
        msgspec.structs.replace(five, in_force_until=date(2026, 12, 31)),
        msgspec.structs.replace(five, row="14-5(1)/2027", count=7, in_force_from=date(2027, 1, 1)),
    )
    before, after = (rule_for("14-5(1)", day, amended) for day in (date(2026, 12, 31), date(2027, 1, 1)))
    assert before is not None
    assert after is not None
    assert [(rule.row, rule.count) for rule in (before, after)] == [("14-5(1)/2022", 5), ("14-5(1)/2027", 7)]
    assert rule_for("14-5(2)", date(2027, 1, 1), amended) == row("14-5(2)")
