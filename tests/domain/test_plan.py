"""The plan backwards from the stated date, around holidays, working Saturdays and years that are not loaded."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jauap.domain.plan import PLANS, backwards
from jauap.domain.workdays import CalendarMissing, calendar_of, working_day_back, working_days_between
from tests.services.deadline_runs import acts

FINAL = calendar_of(acts())


def days(stated: str) -> dict[str, str]:
    """The last day of each step, as month and day."""
    return {one.step.name: one.by.isoformat()[5:] for one in backwards(date.fromisoformat(stated), FINAL)}


def test_an_ordinary_date() -> None:
    """Sent on the date itself, signed the working day before, three working days for each step before that."""
    assert days("2026-06-26") == {
        "information": "06-12", "meeting": "06-17", "draft": "06-22", "signature": "06-25", "sending": "06-26",
    }  # fmt: skip


def test_a_date_on_a_day_off_is_kept_the_working_day_before() -> None:
    """The stated date does not move: what is due on Sunday 10 May 2026 is sent on Friday the 8th."""
    assert days("2026-05-10") == {
        "information": "04-22", "meeting": "04-27", "draft": "04-30", "signature": "05-06", "sending": "05-08",
    }  # fmt: skip


def test_the_may_holidays_are_stepped_over() -> None:
    """1, 7 and 9 May 2026 (its substitute on the 11th) take working days from the way, and are told with their act."""
    plan = {one.step.name: one for one in backwards(date(2026, 5, 12), FINAL)}
    assert plan["signature"].by == date(2026, 5, 8)
    assert [(day.date.day, day.act) for day in plan["signature"].days_off] == [(11, "law-on-holidays-2026")]
    assert plan["draft"].by == date(2026, 5, 4)
    assert [day.date.day for day in plan["draft"].days_off] == [7]


def test_the_turn_of_the_year() -> None:
    """Before 12 January 2026 lie 1, 2 and 7 January: the meeting is still in December."""
    assert days("2026-01-12") == {
        "information": "12-24", "meeting": "12-29", "draft": "01-05", "signature": "01-09", "sending": "01-12",
    }  # fmt: skip


def test_a_working_saturday_is_a_day_for_a_step() -> None:
    """Saturday 4 May 2024 was declared a working day, Wednesday the 8th a day off."""
    assert days("2024-05-06")["signature"] == "05-04"
    assert days("2024-05-04")["sending"] == "05-04"
    assert days("2024-05-10") == {
        "information": "04-23", "meeting": "04-26", "draft": "05-02", "signature": "05-06", "sending": "05-10",
    }  # fmt: skip


def test_a_working_sunday_too() -> None:
    """Sunday 5 January 2025 worked, Friday the 3rd did not."""
    assert days("2025-01-06") | {"information": ""} == {
        "information": "", "meeting": "12-24", "draft": "12-27", "signature": "01-05", "sending": "01-06",
    }  # fmt: skip


def test_a_plan_across_an_estimate_says_so() -> None:
    """Kurban Ait 2027 is estimated for 16 May: the steps before it may lose a day."""
    plan = {one.step.name: one.estimated for one in backwards(date(2027, 5, 18), FINAL)}
    assert (plan["information"], plan["sending"]) == (True, False)


def test_a_plan_needs_every_year_on_the_way() -> None:
    """Nothing is planned across a year whose calendar is not loaded, on either side."""
    for stated, year in ((date(2022, 1, 6), "2021"), (date(2028, 1, 4), "2028")):
        with pytest.raises(CalendarMissing, match=year):
            backwards(stated, FINAL)
    with pytest.raises(CalendarMissing, match="2022"):
        working_day_back(date(2022, 1, 6), 1, calendar_of(()))


@given(st.dates(date(2022, 3, 1), date(2027, 12, 31)))
def test_steps_are_working_days_in_order(stated: date) -> None:
    """Each step is on a working day, so many working days before the next, and the last is never after the date."""
    plan = backwards(stated, FINAL)
    assert [one.step for one in plan] == list(PLANS["plan/1"])
    assert all(FINAL.is_working(one.by) for one in plan)
    assert plan[-1].by <= stated
    assert working_days_between(plan[-1].by, stated, FINAL) == 0
    for one, following in pairwise(plan):
        assert working_days_between(one.by, following.by, FINAL) == one.step.lead
    weekdays = [day.date for one in plan for day in one.days_off]
    span = (plan[0].by + timedelta(days=at) for at in range(1, (stated - plan[0].by).days + 1))
    assert weekdays == [day for day in span if day.weekday() < 5 and not FINAL.is_working(day)]
