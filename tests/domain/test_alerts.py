"""What people are told of a clock: which steps raise an alert, which takes another's place, and what becomes of it."""

from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from jauap.domain.alerts import STANDING, Alert, alert_of
from jauap.domain.case import Case, Clock, started
from jauap.domain.events import (
    AlertAcknowledged,
    AlertDelivered,
    AlertEscalated,
    AlertFailed,
    DeadlineDropped,
    DeadlineMet,
    DeadlineMissed,
    DeadlineMoved,
    DeadlineNear,
    DeadlineReopened,
    DeadlineStarted,
    Event,
)
from tests.builders import by, day, given
from tests.domain.test_case import BY_SERVICE

CLOCK = "14-5(1)"


def a_start(**changes: Any) -> DeadlineStarted:
    """The clock of 14-5(1), due on 10 June, to be met by 9 June."""
    plain = DeadlineStarted(
        clock=CLOCK, paragraph=CLOCK, rule="r", policy="day-after/1", starts_on=day("06-03"), due=day("06-10"),
        safe=day("06-09"), basis="intake:1",
    )  # fmt: skip
    return msgspec.structs.replace(plain, **changes)


def a_move(due: date | None, **changes: Any) -> DeadlineMoved:
    """Its term ends on another day, which is the day to act by too."""
    plain = DeadlineMoved(
        clock=CLOCK, rule="r", policy="day-after/1", starts_on=day("06-03"), previous=day("06-10"), due=due,
        basis="intake:2",
    )  # fmt: skip
    return msgspec.structs.replace(plain, **changes)


def a_nearness(left: int = 2) -> DeadlineNear:
    """It comes near its day."""
    return DeadlineNear(
        clock=CLOCK, due=day("06-10"), safe=day("06-09"), step=left, working_days_left=max(left, 0), basis="intake:1"
    )


MISSED = DeadlineMissed(clock=CLOCK, due=day("06-10"), basis="intake:1")
REOPENED = DeadlineReopened(clock=CLOCK, basis="intake:1")
MET = DeadlineMet(clock=CLOCK, met_on=day("06-09"), met_by="routing:1", basis="intake:1")


def told(alert: int, level: int = 0, recipient: str = "OFFICER-7", on: str = "06-08") -> AlertDelivered:
    """A recipient got an e-mail."""
    return AlertDelivered(
        alert=alert, level=level, recipient=recipient, channel="email", message="<m@jauap>", delivered_on=day(on)
    )


def not_told(alert: int, attempt: int = 1, on: str = "06-08") -> AlertFailed:
    """The mail server did not answer."""
    return AlertFailed(
        alert=alert, level=0, recipient="OFFICER-7", channel="email", message="<m@jauap>", failed_on=day(on),
        attempt=attempt, fault="unreachable",
    )  # fmt: skip


def kinds(case: Case) -> dict[int, str]:
    """The open alerts."""
    return {number: alert.kind for number, alert in case.deadlines.alerts.items()}


def only(case: Case) -> Alert:
    """The one open alert."""
    (alert,) = case.deadlines.alerts.values()
    return alert


@pytest.mark.parametrize(
    ("event", "before", "kind"),
    [
        (a_start(), None, None),
        (a_start(estimated=True), None, "estimate"),
        (a_start(due=None, safe=None, absent="the calendar of 2028 is not loaded"), None, "calendar-missing"),
        (a_start(due=None, safe=None, absent="no letter date", policy="stated/1"), None, "no-date"),
        (a_start(clock="calendar/2027", paragraph=None), None, "calendar-missing"),
        (a_nearness(), a_start(), "near"),
        (MISSED, a_start(), "missed"),
        (a_move(day("06-12")), a_start(), "moved"),
        (a_move(day("06-08")), a_start(), "moved-earlier"),
        (a_move(day("06-12")), a_start(due=None, safe=None, absent="no date"), "moved"),
        (a_move(day("06-10"), safe=day("06-09")), a_start(), None),
        (a_move(day("06-11"), safe=day("06-09")), a_start(), None),
        (a_move(day("06-10"), safe=day("06-09")), a_start(due=day("06-12")), "moved-earlier"),
        (a_move(day("06-10"), safe=day("06-09"), estimated=True), a_start(), "estimate"),
        (a_move(day("06-10"), safe=day("06-09")), a_start(estimated=True), None),
        (a_move(None, absent="the calendar of 2028 is not loaded"), a_start(), "calendar-missing"),
        (MET, a_start(), None),
        (REOPENED, a_start(), None),
    ],
)
def test_which_steps_raise_an_alert(event: Event, before: DeadlineStarted | None, kind: str | None) -> None:
    """People are told what they must know: that a day comes near, was missed, is another one, or is not certain."""
    assert alert_of(event, None if before is None else started(before)) == kind


def test_a_clock_that_was_met_moves_in_silence() -> None:
    """Nobody has to act on it any more."""
    met: Clock = msgspec.structs.replace(started(a_start()), met_on=day("06-08"), met_by="routing:1")
    assert alert_of(a_move(day("06-08")), met) is None
    assert alert_of(REOPENED, met) == "reopened"


def test_a_clock_that_is_open_again_is_told_with_the_day_that_holds() -> None:
    """It may have moved while nobody had to act; a move before that was told is no other alert."""
    moved = given(a_start(), MET, a_move(day("06-05")), REOPENED)
    assert kinds(moved) == {4: "reopened"}
    again = given(a_start(), MET, REOPENED, a_move(day("06-08")))
    assert kinds(again) == {4: "reopened"}
    assert kinds(given(a_start(), MET, REOPENED, told(3), a_move(day("06-08")))) == {5: "moved-earlier"}
    assert kinds(given(a_start(), MISSED, REOPENED)) == {}
    assert kinds(given(a_start(), MET, REOPENED, MET)) == {}


@for_all(st.lists(BY_SERVICE["deadlines"], max_size=30))
def test_whatever_is_recorded_there_are_few_alerts_and_each_has_an_open_clock(history: list[Event]) -> None:
    """Two a clock at most, one of each sort; none of a clock that is met, dropped or was never started."""
    part = given(*(by("deadlines", event) for event in history)).deadlines
    sorts = [(alert.clock, alert.kind in STANDING) for alert in part.alerts.values()]
    assert len(sorts) == len(set(sorts))
    assert all(part.clocks[clock].met_on is None for clock, _ in sorts)
    assert all(number == alert.sequence <= part.last for number, alert in part.alerts.items())


def test_a_later_step_takes_the_place_of_the_one_before() -> None:
    """Nearer, then today, then missed: one of them is open at a time, by the sequence of its step."""
    assert kinds(given(a_start(), a_nearness(2))) == {2: "near"}
    case = given(a_start(), a_nearness(2), told(2), a_nearness(0))
    assert (kinds(case), only(case).step, only(case).deliveries) == ({4: "near"}, 0, ())
    assert kinds(given(a_start(), a_nearness(2), a_nearness(0), MISSED)) == {4: "missed"}


def test_a_move_is_told_beside_what_it_makes_of_the_clock() -> None:
    """Who is told that a day is near must still learn that it was another one before."""
    case = given(a_start(), a_move(day("06-08")), a_nearness(0))
    assert kinds(case) == {2: "moved-earlier", 3: "near"}
    assert kinds(given(a_start(), a_nearness(2), a_move(day("06-30")))) == {3: "moved"}
    late = given(a_start(), MISSED, a_move(day("06-08")))
    assert kinds(late) == {2: "missed", 3: "moved-earlier"}


def test_moves_that_nobody_was_told_of_are_one() -> None:
    """Told are the day that people knew and the day that holds now: earlier is what is earlier for them."""
    twice = given(a_start(safe=None), a_move(day("06-05")), a_move(day("06-08")))
    assert (only(twice).kind, only(twice).previous) == ("moved-earlier", day("06-10"))
    acts = given(
        a_start(safe=None), a_move(day("06-05"), because=("one",)), a_move(day("06-08"), because=("two", "one"))
    )
    assert only(acts).because == ("one", "two")
    shorter = given(a_start(due=day("06-12")), a_move(day("06-10"), safe=day("06-09")))
    assert (only(shorter).kind, only(shorter).previous) == ("moved-earlier", day("06-09"))
    known = given(a_start(safe=None), a_move(day("06-05")), told(2), a_move(day("06-08")))
    assert (only(known).kind, only(known).previous) == ("moved", day("06-05"))


def test_a_term_that_is_back_where_people_know_it_is_no_news() -> None:
    """An act that was withdrawn before anybody was told of its move; a term that still ends earlier is told."""
    start, back = a_start(due=day("06-12")), a_move(day("06-12"), safe=day("06-09"))
    assert kinds(given(start, a_move(day("06-15")), back)) == {}
    assert kinds(given(start, a_nearness(), a_move(day("06-15")), not_told(3), back)) == {}
    assert kinds(given(start, a_move(day("06-15")), told(2), back)) == {4: "moved-earlier"}
    shorter = given(start, a_move(day("06-15")), a_move(day("06-11"), safe=day("06-09")))
    assert (only(shorter).kind, only(shorter).previous) == ("moved-earlier", day("06-09"))
    dated = given(a_start(due=None, safe=None), a_move(day("06-15")), a_move(day("06-12")))
    assert (only(dated).kind, only(dated).previous) == ("moved", None)
    uncertain = a_move(day("06-12"), safe=day("06-09"), estimated=True)
    assert kinds(given(start, a_move(day("06-15")), uncertain)) == {3: "estimate"}


def test_an_estimate_that_is_settled_closes_its_alert() -> None:
    """The day was named and is the same: there is nothing to tell; another day is told as a move."""
    start = a_start(estimated=True)
    assert kinds(given(start, a_move(day("06-10"), safe=day("06-09")))) == {}
    assert kinds(given(start, told(1), a_move(day("06-10"), safe=day("06-09")))) == {}
    assert kinds(given(start, a_move(day("06-10"), safe=day("06-09"), estimated=True))) == {1: "estimate"}
    assert kinds(given(start, a_move(day("06-12")))) == {2: "moved"}


def test_what_a_clock_waited_for_closes_its_alerts() -> None:
    """Met or dropped, there is nothing to tell; open again, it is neither near nor missed until a step says so."""
    history = (a_start(), a_move(day("06-08")), MISSED)
    assert kinds(given(*history, MET)) == {}
    assert kinds(given(*history, DeadlineDropped(clock=CLOCK))) == {}
    assert kinds(given(*history, DeadlineReopened(clock=CLOCK, basis="intake:1"))) == {2: "moved-earlier"}


def test_clocks_do_not_touch_each_other_s_alerts() -> None:
    """Each clock has its own."""
    other = msgspec.structs.replace(a_nearness(), clock="14-5(2)")
    case = given(a_start(), a_start(clock="14-5(2)"), a_nearness(), other, MET)
    assert kinds(case) == {4: "near"}


def test_attempts_are_counted_until_one_succeeds() -> None:
    """The last attempt stands for a recipient; the day of the first is kept, for notice is due from then on."""
    failed = given(a_start(), MISSED, not_told(2), not_told(2, 2, "06-09"))
    delivery = only(failed).delivered(0, "OFFICER-7", "email")
    assert delivery is not None
    assert (delivery.fault, delivery.attempt, delivery.on) == ("unreachable", 2, day("06-09"))
    assert only(failed).told_on(0) == day("06-08")
    assert not only(failed).told
    case = given(a_start(), MISSED, not_told(2), told(2, on="06-10"), not_told(2, 3, "06-11"))
    (delivery,) = only(case).deliveries
    assert (delivery.fault, delivery.attempt, delivery.first_on, delivery.on) == (None, 2, day("06-08"), day("06-10"))


def test_notice_and_escalation_stand_with_the_alert() -> None:
    """Who took notice and when; the level that it has reached."""
    escalated = AlertEscalated(alert=2, clock=CLOCK, level=1, told_on=day("06-08"))
    notice = AlertAcknowledged(alert=2, by="HEAD-2", acknowledged_on=day("06-11"))
    case = given(a_start(), MISSED, told(2), escalated, told(2, 1, "HEAD-2", "06-10"), notice)
    alert = only(case)
    assert (alert.level, alert.told_on(0), alert.told_on(1)) == (1, day("06-08"), day("06-10"))
    assert (alert.acknowledged_by, alert.acknowledged_on) == ("HEAD-2", day("06-11"))


def test_what_is_recorded_about_an_overtaken_alert_changes_nothing() -> None:
    """The message did go out: it is on record, and the alert that is open now has not been told."""
    case = given(a_start(), a_nearness(), MISSED, told(2))
    assert only(case).deliveries == ()
