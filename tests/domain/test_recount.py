"""A term counted again: rows of the table by name, ends on another calendar, and starts by a receipt policy."""

from datetime import UTC, date, datetime

import pytest

from jauap.domain.events import DeadlineStarted
from jauap.domain.recount import End, end_of, moved, row_named
from jauap.domain.reperform import acts_at, performed
from jauap.domain.rules import RULES, with_receipt
from jauap.domain.workdays import Calendars
from tests.builders import a_calendar_act, a_communication, day, given
from tests.services.deadline_runs import acts, shipped

REPORT = next(rule for rule in RULES if rule.row == "14-9(1)/2022")


def test_a_row_is_found_by_its_name() -> None:
    """Also the one that a deployment made of it by another receipt policy; an unknown name has none."""
    assert row_named(RULES, "14-9(1)/2022") == REPORT
    changed = with_receipt(RULES, "office-hours/1", date(2026, 1, 1))
    name = next(rule.row for rule in changed if rule.receipt == "office-hours/1")
    found = row_named(RULES, name, "office-hours/1")
    assert found is not None
    assert (found.row, found.receipt, found.count) == (name, "office-hours/1", 5)
    assert row_named(RULES, "14-9(1)/1999") is None


def test_an_end_is_counted_as_the_calendar_was_known_while_the_term_ran() -> None:
    """An act that became known after the end does not move it; a missing year gives no date."""
    late = a_calendar_act(known_on=day("07-20"))
    for calendars in (shipped(), Calendars([*acts(), late])):
        assert end_of(REPORT, day("06-01"), calendars, day("08-01")) == End(due=day("06-15"))
    assert (
        end_of(REPORT, date(2027, 12, 20), shipped(), date(2027, 12, 20)).absent == "the calendar of 2028 is not loaded"
    )
    with pytest.raises(ValueError, match="counts no working days"):
        end_of(RULES[2], day("06-01"), shipped(), day("06-01"))


def test_a_move_says_earlier_weekend_and_estimate() -> None:
    """A due date or a day to act by that comes before the old one is earlier; equal ends are no move."""
    before = End(due=day("06-15"), safe=day("06-12"))
    assert moved(before, before) is None
    found = moved(before, End(due=day("06-13"), safe=day("06-11"), estimated=True))
    assert found is not None
    assert (found.days, found.act_by_days) == (-2, -1)
    assert (found.earlier, found.weekend, found.now_estimated) == (True, True, True)
    later = moved(before, End(due=day("06-16"), safe=day("06-12")))
    assert later is not None
    assert (later.days, later.act_by_days, later.earlier, later.weekend) == (1, 0, False, False)
    friday, saturday, monday = day("10-23"), day("10-24"), day("10-26")
    onto = moved(End(due=saturday, safe=friday), End(due=monday, safe=saturday))
    back = moved(End(due=monday, safe=saturday), End(due=saturday, safe=friday))
    stays = moved(End(due=saturday), End(due=saturday, safe=friday))
    assert [one.weekend for one in (onto, back, stays) if one is not None] == [True, True, False]
    gone = moved(before, End(absent="the calendar of 2026 is not loaded"))
    assert gone is not None
    assert (gone.days, gone.earlier) == (None, False)


def test_acts_in_force_after_a_record_of_the_chain() -> None:
    """Withdrawn by then: left out; withdrawn later: counted."""
    one, two = acts()[:2]
    entries = [(one, 1, 4), (two, 3, None)]
    assert acts_at(entries, 2) == [one]
    assert acts_at(entries, 3) == [one, two]
    assert acts_at(entries, 4) == [two]
    assert acts_at(entries, None) == [two]


@pytest.mark.parametrize(("policy", "starts_on"), [("first-receipt/1", "06-05"), ("office-hours/1", "06-08")])
def test_the_day_of_receipt_is_performed_again_by_its_policy(policy: str, starts_on: str) -> None:
    """A letter of Friday evening starts its clock on that day, or on Monday, as the policy on record says."""
    letter = a_communication(received_on=day("06-05"), received_at=datetime(2026, 6, 5, 15, 0, tzinfo=UTC))
    first = day(starts_on)
    end = end_of(RULES[0], first, shipped(), first)
    known_on = shipped().known_on(first).known_on
    setting = DeadlineStarted(
        clock="14-5(1)", paragraph="14-5(1)", rule=RULES[0].row, policy="day-after/1", starts_on=first, due=end.due,
        safe=end.safe, receipt=policy, calendar=1, known_on=known_on, basis="intake:1",
    )  # fmt: skip
    assert performed(given(letter), setting, RULES[0], acts(), first).same
