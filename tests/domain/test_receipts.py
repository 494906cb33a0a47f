"""Which day is the day of receipt, where the decree leaves it open."""

from datetime import UTC, date, datetime

import pytest

from jauap.domain.events import CalendarActReceived
from jauap.domain.facts import CalendarDay
from jauap.domain.receipts import FIRST_RECEIPT, RECEIPTS, received_as_known, received_on
from jauap.domain.rules import DECREE, RULES, rule_for, with_receipt
from jauap.domain.workdays import CalendarMissing, Calendars, calendar_of
from tests.builders import a_communication, day
from tests.services.deadline_runs import acts

SHIPPED = calendar_of(acts())
FRIDAY, MONDAY = day("06-05"), day("06-08")
BEFORE_CLOSING, AFTER_CLOSING = (datetime(2026, 6, 5, 13, minute, tzinfo=UTC) for minute in (29, 30))
"""18:29 and 18:30 in Kazakhstan, which has been at UTC+5 since March 2024."""


@pytest.mark.parametrize(
    ("policy", "received_at", "in_astana_on", "expected"),
    [
        ("first-receipt/1", AFTER_CLOSING, day("06-11"), FRIDAY),
        ("office-hours/1", None, None, FRIDAY),
        ("office-hours/1", BEFORE_CLOSING, None, FRIDAY),
        ("office-hours/1", AFTER_CLOSING, None, MONDAY),
        ("office-hours/1", AFTER_CLOSING, day("06-11"), MONDAY),
        ("in-astana/1", AFTER_CLOSING, None, FRIDAY),
        ("in-astana/1", AFTER_CLOSING, day("06-11"), day("06-11")),
        ("in-astana-office-hours/1", BEFORE_CLOSING, None, FRIDAY),
        ("in-astana-office-hours/1", AFTER_CLOSING, None, MONDAY),
        ("in-astana-office-hours/1", AFTER_CLOSING, day("06-11"), day("06-11")),
    ],
)
def test_the_day_of_receipt(
    policy: str, received_at: datetime | None, in_astana_on: date | None, expected: date
) -> None:
    """A letter of Friday, 5 June: safely Friday, after office hours Monday, in Astana when it came there."""
    letter = a_communication(received_on=FRIDAY, received_at=received_at, in_astana_on=in_astana_on)
    assert received_on(letter, policy, SHIPPED) == expected


def test_a_closed_office_is_closed_all_day() -> None:
    """On Saturday morning as on Sunday evening: what comes later is never due earlier."""
    days = [(day("06-05"), 15), (day("06-06"), 5), (day("06-07"), 5), (day("06-07"), 15)]
    letters = (
        a_communication(received_on=on, received_at=datetime(2026, 6, on.day, hour, tzinfo=UTC)) for on, hour in days
    )
    assert {received_on(letter, "office-hours/1", SHIPPED) for letter in letters} == {MONDAY}


def test_it_stays_as_it_was_known_when_the_letter_came() -> None:
    """A Monday that became a day off later was the day of receipt; a year that was not known then may be known now."""
    later = CalendarActReceived(
        act="later", title="An order", known_on=day("06-16"),
        days=(CalendarDay(day=MONDAY, becomes="moved-off", why="Order"),),
    )  # fmt: skip
    calendars = Calendars([*acts(), later])
    letter = a_communication(received_on=FRIDAY, received_at=AFTER_CLOSING)
    assert received_as_known(letter, "office-hours/1", calendars, day("07-01")) == MONDAY
    eve = a_communication(received_on=date(2027, 12, 31), received_at=datetime(2027, 12, 31, 14, tzinfo=UTC))
    law = CalendarActReceived(act="law-2028", title="A law", known_on=date(2028, 1, 5), years=(2028,), days=())
    with_2028 = Calendars([*acts(), law])
    assert received_as_known(eve, "office-hours/1", with_2028, date(2028, 1, 6)) == date(2028, 1, 3)
    with pytest.raises(CalendarMissing):
        received_as_known(eve, "office-hours/1", with_2028, date(2028, 1, 4))


def test_office_hours_are_kazakhstan_s_of_that_day() -> None:
    """12:45 UTC was 18:45 there in February 2024, and is 17:45 since March of that year."""
    early, late = datetime(2024, 2, 28, 12, 45, tzinfo=UTC), datetime(2024, 3, 4, 12, 45, tzinfo=UTC)
    february = a_communication(received_on=date(2024, 2, 28), received_at=early)
    march = a_communication(received_on=date(2024, 3, 4), received_at=late)
    assert received_on(february, "office-hours/1", SHIPPED) == date(2024, 2, 29)
    assert received_on(march, "office-hours/1", SHIPPED) == date(2024, 3, 4)


def test_the_next_working_day_may_be_a_declared_saturday() -> None:
    """Friday evening, 21 October 2022: the office is open on Saturday, the 22nd."""
    letter = a_communication(received_on=date(2022, 10, 21), received_at=datetime(2022, 10, 21, 14, 0, tzinfo=UTC))
    assert received_on(letter, "office-hours/1", SHIPPED) == date(2022, 10, 22)


def test_without_the_calendar_there_is_no_next_working_day() -> None:
    """The error names the year."""
    letter = a_communication(received_on=date(2027, 12, 31), received_at=datetime(2027, 12, 31, 14, 0, tzinfo=UTC))
    with pytest.raises(CalendarMissing) as missing:
        received_on(letter, "office-hours/1", SHIPPED)
    assert missing.value.year == 2028
    assert received_on(letter, FIRST_RECEIPT, SHIPPED) == date(2027, 12, 31)


@pytest.mark.parametrize("policy", RECEIPTS)
def test_no_policy_is_earlier_than_the_safe_one(policy: str) -> None:
    """The default is the earliest day, whatever is known of a letter."""
    for at in (None, BEFORE_CLOSING, AFTER_CLOSING):
        for there in (None, FRIDAY, MONDAY):
            letter = a_communication(received_on=FRIDAY, received_at=at, in_astana_on=there)
            assert received_on(letter, policy, SHIPPED) >= received_on(letter, FIRST_RECEIPT, SHIPPED) == FRIDAY


def test_another_policy_is_in_force_from_a_day_on() -> None:
    """Both clocks of 14-5 get a row of it; what started before is judged by the row of then, other clocks stay."""
    table = with_receipt(RULES, "office-hours/1", date(2027, 1, 1))
    for clock in ("14-5(1)", "14-5(2)"):
        before, after = (rule_for(clock, on, table) for on in (date(2026, 12, 31), date(2027, 1, 1)))
        assert before is not None
        assert after is not None
        assert (before.row, before.receipt) == (f"{clock}/2022", FIRST_RECEIPT)
        assert (after.row, after.receipt) == (f"{clock}/2022/office-hours-1", "office-hours/1")
        assert (after.count, after.policy, after.safe_policy) == (before.count, before.policy, before.safe_policy)
    assert [rule for rule in table if rule.receipt is None] == [rule for rule in RULES if rule.receipt is None]
    assert with_receipt(RULES, FIRST_RECEIPT, DECREE) == RULES
    whole = with_receipt(RULES, "in-astana/1", DECREE)
    assert len(whole) == len(RULES)
    assert rule_for("14-5(1)", DECREE, whole) not in RULES
