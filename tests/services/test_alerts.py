"""What *deadlines* records about its alerts on command, and when an alert goes to the next level."""

from datetime import timedelta

import pytest

from jauap.domain import commands, refusals
from jauap.domain.commands import AcknowledgeAlert, RecordAlertDelivery, RecordAlertFailure
from jauap.domain.events import AlertAcknowledged, AlertEscalated, Event
from jauap.domain.facts import Value
from jauap.domain.refusals import Refusal
from jauap.domain.workdays import calendar_of
from services.deadlines.decide import COMMANDS, decide
from services.deadlines.escalation import escalations
from tests.builders import TODAY, asking, day, given
from tests.domain.test_alerts import CLOCK, MET, MISSED, a_nearness, a_start, not_told, told
from tests.services.deadline_runs import acts

SHIPPED = calendar_of(acts())
WITHOUT = calendar_of(act for act in acts() if 2026 not in act.years)
OPEN = given(a_start(), MISSED)
NOTICE = AlertAcknowledged(alert=2, by="OFFICER-7", acknowledged_on=TODAY)


def refused(command: Value, *history: Event) -> tuple[type[Refusal], str | None]:
    """Decide a command that must be refused."""
    with pytest.raises(Refusal) as caught:
        decide(given(a_start(), MISSED, *history), command, TODAY)  # type: ignore[arg-type]
    return type(caught.value), caught.value.field


def test_every_command_of_deadlines_has_a_function() -> None:
    """The table has each command of the service and no other; mending a chain is the loop's."""
    assert COMMANDS.keys() == set(commands.BY_SERVICE["deadlines"]) - {commands.MendDeadlinesChain}


def test_deliveries_failures_and_notice_are_recorded() -> None:
    """Each as it was told."""
    assert decide(OPEN, asking(RecordAlertDelivery, told(2)), TODAY) == told(2)
    assert decide(OPEN, asking(RecordAlertFailure, not_told(2)), TODAY) == not_told(2)
    assert decide(OPEN, asking(AcknowledgeAlert, NOTICE), TODAY) == NOTICE


def test_what_went_out_is_recorded_even_if_the_alert_was_overtaken() -> None:
    """The message did go out; a notice of it is refused, for the later alert must be looked at."""
    case = given(a_start(), a_nearness(), MISSED)
    assert decide(case, asking(RecordAlertDelivery, told(2)), TODAY) == told(2)
    closed = given(a_start(), MISSED, MET)
    assert decide(closed, asking(RecordAlertFailure, not_told(2)), TODAY) == not_told(2)
    assert refused(asking(AcknowledgeAlert, NOTICE), MET) == (refusals.AlertNotOpen, "alert")


def test_a_recipient_is_told_once_at_a_level() -> None:
    """A repeat is a duplicate; after a failure comes the next attempt, and after that no failure counts."""
    assert refused(asking(RecordAlertDelivery, told(2)), told(2)) == (refusals.AlreadyRecorded, None)
    assert refused(asking(RecordAlertFailure, not_told(2)), told(2)) == (refusals.AlreadyRecorded, "attempt")
    assert refused(asking(RecordAlertFailure, not_told(2)), not_told(2)) == (refusals.AlreadyRecorded, "attempt")
    later = given(a_start(), MISSED, not_told(2))
    assert decide(later, asking(RecordAlertFailure, not_told(2, 2)), TODAY) == not_told(2, 2)
    assert decide(later, asking(RecordAlertDelivery, told(2)), TODAY) == told(2)
    other = told(2, 1, "HEAD-2")
    assert decide(given(a_start(), MISSED, told(2)), asking(RecordAlertDelivery, other), TODAY) == other


def test_what_can_t_be_true_is_refused() -> None:
    """No step has this number, or its day has not come; a sender's clock may be ahead around midnight."""
    assert refused(asking(RecordAlertDelivery, told(3))) == (refusals.UnknownAlert, "alert")
    assert refused(asking(RecordAlertDelivery, told(2, on="07-03"))) == (refusals.DateInTheFuture, "delivered_on")
    assert decide(OPEN, asking(RecordAlertDelivery, told(2, on="07-02")), TODAY) == told(2, on="07-02")
    tomorrow = AlertAcknowledged(alert=2, by="OFFICER-7", acknowledged_on=TODAY + timedelta(days=1))
    assert refused(asking(AcknowledgeAlert, tomorrow)) == (refusals.DateInTheFuture, "acknowledged_on")
    assert refused(asking(AcknowledgeAlert, NOTICE), NOTICE) == (refusals.AlreadyRecorded, "alert")


# Escalation: 5 June 2026 is a Friday.


def test_an_alert_goes_up_after_one_whole_working_day_without_notice() -> None:
    """Told on Friday, the whole Monday is there to take notice; on Tuesday it is the superior's."""
    case = given(a_start(), MISSED, told(2, on="06-05"))
    assert [list(escalations(case, SHIPPED, day(text))) for text in ("06-05", "06-07", "06-08")] == [[], [], []]
    up = AlertEscalated(alert=2, clock=CLOCK, level=1, told_on=day("06-05"))
    assert list(escalations(case, SHIPPED, day("06-09"))) == [up]
    assert list(escalations(case, SHIPPED, day("07-20"))) == [up]


def test_it_goes_up_once_for_each_level_that_was_told() -> None:
    """At the next level the time runs from when they were told there; where nobody is, it stays."""
    up = AlertEscalated(alert=2, clock=CLOCK, level=1, told_on=day("06-05"))
    case = given(a_start(), MISSED, told(2, on="06-05"), up)
    assert list(escalations(case, SHIPPED, day("07-20"))) == []
    case = given(a_start(), MISSED, told(2, on="06-05"), up, told(2, 1, "HEAD-2", "06-09"))
    assert list(escalations(case, SHIPPED, day("06-10"))) == []
    assert [one.level for one in escalations(case, SHIPPED, day("06-11"))] == [2]


@pytest.mark.parametrize("last", [NOTICE, MET])
def test_notice_and_a_met_clock_end_it(last: Event) -> None:
    """Whoever took notice, or did what was due, is left alone."""
    assert list(escalations(given(a_start(), MISSED, told(2, on="06-05"), last), SHIPPED, day("07-20"))) == []


def test_who_can_t_be_reached_takes_no_notice() -> None:
    """The time runs from the first attempt; an alert that nobody tried to deliver does not go up."""
    case = given(a_start(), MISSED, not_told(2, on="06-05"), not_told(2, 2, on="06-08"))
    assert [one.level for one in escalations(case, SHIPPED, day("06-09"))] == [1]
    assert list(escalations(OPEN, SHIPPED, day("07-20"))) == []


def test_a_missing_calendar_does_not_silence_an_alert() -> None:
    """It may be what the alert is about: then days are counted with a weekend between."""
    case = given(a_start(), a_nearness(), told(2, on="06-05"))
    assert list(escalations(case, WITHOUT, day("06-08"))) == []
    assert [one.level for one in escalations(case, WITHOUT, day("06-09"))] == [1]
