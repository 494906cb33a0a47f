"""Steps: from what is on record to what should be, one at a time, and no further."""

from datetime import date
from typing import Any

import msgspec

from jauap.domain.case import Case, Clock
from jauap.domain.events import (
    CalendarActReceived,
    DeadlineDropped,
    DeadlineMet,
    DeadlineMissed,
    DeadlineMoved,
    DeadlineNear,
    DeadlineStarted,
    DeadlineStep,
    Event,
    FindingCured,
    FindingRaised,
)
from jauap.domain.facts import CalendarDay, ForwardedTo
from jauap.domain.rules import RULES
from jauap.domain.workdays import Calendars
from services.deadlines.reconcile import reconcile
from tests.builders import (
    a_communication,
    a_correction,
    a_forwarding,
    a_merger,
    a_notice,
    a_report,
    a_response,
    a_return,
    a_withdrawal,
    an_extension,
    an_ohchr_publication,
    by,
    day,
    given,
    some_info,
)
from tests.services.deadline_runs import (
    ALL_RULES,
    acts,
    as_wanted,
    bare,
    moved_off,
    names,
    run,
    shipped,
    then,
    without,
)

Item = Event | tuple[str, Event]

NOT_FORWARDED = (a_communication(), a_notice())
"""Received on 3 June, the Ombudsman informed: 14-5(1) is the one open clock, due on 10 June, safe on 9 June."""


def the_move(steps: list[DeadlineStep]) -> DeadlineMoved:
    """The one move of 14-5(1) among steps."""
    (moved,) = (step for step in steps if isinstance(step, DeadlineMoved) and step.clock == "14-5(1)")
    return moved


def settled(*history: Item, today: str = "06-05", calendar: Calendars | None = None) -> Case:
    """Give the case after its history and all steps of a day of 2026."""
    return run(given(*history), day(today), calendar)[0]


def test_started() -> None:
    """A letter's clocks start once, with all that the day's reader needs, and then there is nothing to do."""
    case, steps = run(given(a_communication()), day("06-03"))
    assert names(steps) == ["DeadlineStarted 14-5(1)", "DeadlineStarted 14-5(2)"]
    assert bare(steps[0]) == DeadlineStarted(
        clock="14-5(1)",
        paragraph="14-5(1)",
        rule="14-5(1)/2022",
        policy="day-after/1",
        starts_on=day("06-03"),
        due=day("06-10"),
        safe=day("06-09"),
        basis="intake:1",
    )
    assert reconcile(case, shipped(), RULES, day("06-03")) == []


def test_nothing_before_a_letter() -> None:
    """A case without a letter gets no step."""
    assert reconcile(given(a_forwarding(), a_response()), shipped(), RULES, day("07-01")) == []


def test_met() -> None:
    """The forwarding meets 14-5(1) on its own day."""
    case = settled(*NOT_FORWARDED)
    _, steps = run(then(case, a_forwarding()), day("06-08"))
    assert steps == [DeadlineMet(clock="14-5(1)", met_on=day("06-05"), met_by="routing:2", basis="intake:1")]


def test_near_is_told_once() -> None:
    """Three days and a day before the safe date, on it, and when only the legal date is left: each once, not daily."""
    case = settled(*NOT_FORWARDED, today="06-03")
    told: dict[str, list[Any]] = {}
    for today in ("06-04", "06-05", "06-05", "06-06", "06-07", "06-08", "06-08", "06-09", "06-10", "06-10"):
        case, steps = run(case, day(today))
        told |= {today: steps} if steps else {}
    near: dict[str, Any] = {"clock": "14-5(1)", "due": day("06-10"), "safe": day("06-09"), "basis": "intake:1"}
    assert told == {
        "06-04": [DeadlineNear(step=3, working_days_left=3, **near)],
        "06-08": [DeadlineNear(step=1, working_days_left=1, **near)],
        "06-09": [DeadlineNear(step=0, working_days_left=0, **near)],
        "06-10": [DeadlineNear(step=-1, working_days_left=0, **near)],
    }


def test_near_after_an_outage() -> None:
    """Steps that were slept over are told by the nearest one alone; a clock that runs backwards tells none again."""
    case, steps = run(settled(*NOT_FORWARDED, today="06-03"), day("06-09"))
    assert [step.step for step in steps if isinstance(step, DeadlineNear)] == [0]
    assert run(case, day("06-08"))[1] == []


def test_near_between_the_safe_and_the_due_date() -> None:
    """First seen on the last day, after the safe date, a clock is near with no working day left."""
    _, steps = run(given(*NOT_FORWARDED), day("06-10"))
    near = [step for step in steps if isinstance(step, DeadlineNear)]
    assert [(step.clock, step.step, step.working_days_left) for step in near] == [("14-5(1)", -1, 0)]


def test_near_again_after_a_move() -> None:
    """A clock that moved comes near anew."""
    case = settled(*NOT_FORWARDED, today="06-08")
    case, steps = run(then(case, a_correction(received_on=day("06-05"))), day("06-08"))
    assert names(steps) == ["DeadlineMoved 14-5(1)", "DeadlineNear 14-5(1)", "DeadlineMoved 14-5(2)"]
    _, steps = run(case, day("06-10"))
    assert steps == [
        DeadlineNear(
            clock="14-5(1)", due=day("06-12"), safe=day("06-11"), step=1, working_days_left=1, basis="intake:2"
        )
    ]


def test_near_without_the_calendar() -> None:
    """Where the days left can't be counted, a stated date still stands: it is told to be near, by days of the week."""
    case = given(a_communication(received_on=day("12-01"), reply_due=date(2027, 1, 5)))
    stated = [step for step in run(case, day("12-31"), without(2027))[1] if getattr(step, "clock", "") == "14-8(1)"]
    assert names(stated) == ["DeadlineStarted 14-8(1)", "DeadlineNear 14-8(1)"]
    assert (stated[1].step, stated[1].working_days_left) == (3, None)  # type: ignore[union-attr]
    stated = [step for step in run(case, day("12-31"))[1] if getattr(step, "clock", "") == "14-8(1)"]
    assert names(stated) == ["DeadlineStarted 14-8(1)", "DeadlineNear 14-8(1)"]


def test_missed() -> None:
    """The day after the last one a clock is missed, and the finding follows."""
    case = settled(*NOT_FORWARDED, today="06-10")
    assert names(run(case, day("06-11"))[1]) == ["DeadlineMissed 14-5(1)", "FindingRaised late/14-5(1)"]


def test_after_an_outage() -> None:
    """After days of outage the next run records what was missed, once; that it came near is not told any more."""
    case = settled(*NOT_FORWARDED, today="06-03")
    case, steps = run(case, day("06-24"))
    assert names(steps) == ["DeadlineMissed 14-5(1)", "FindingRaised late/14-5(1)"]
    assert run(case, day("06-25"))[1] == []


def test_met_late() -> None:
    """A fact after the due date is recorded as late: the clock stays missed, the finding stays and shows its cure."""
    case = settled(*NOT_FORWARDED, today="06-12")
    case, steps = run(then(case, a_forwarding(forwarded_on=day("06-15"))), day("06-15"))
    assert steps[0] == DeadlineMet(
        clock="14-5(1)", met_on=day("06-15"), late=True, met_by="routing:2", basis="intake:1"
    )
    assert names(steps[1:]) == ["FindingCured late/14-5(1)"]
    assert case.deadlines.clocks["14-5(1)"].missed
    late = case.deadlines.findings["late/14-5(1)"]
    assert (late.cured_on, late.cured_by) == (day("06-15"), "routing:2")


def test_late_fact_at_once() -> None:
    """A late fact that is seen at the first run is missed first, then met, as if nobody had been away."""
    _, steps = run(given(*NOT_FORWARDED, a_forwarding(forwarded_on=day("06-15"))), day("06-15"))
    assert [name for name in names(steps) if name.endswith(" 14-5(1)")] == [
        "DeadlineStarted 14-5(1)",
        "DeadlineMissed 14-5(1)",
        "DeadlineMet 14-5(1)",
    ]


def test_recorded_late_but_done_in_time() -> None:
    """A fact that was in time and is recorded late turns missed into met, and cures the finding."""
    case = settled(*NOT_FORWARDED, today="06-15")
    case, steps = run(then(case, a_forwarding(forwarded_on=day("06-10"))), day("06-15"))
    assert names(steps) == ["DeadlineMet 14-5(1)", "FindingCured late/14-5(1)"]
    assert not case.deadlines.clocks["14-5(1)"].missed


def test_earlier_fact_recorded_later() -> None:
    """An earlier fact that is recorded later meets the clock instead."""
    case = settled(*NOT_FORWARDED, a_forwarding(forwarded_on=day("06-08")), today="06-08")
    _, steps = run(then(case, a_forwarding("MOJ")), day("06-08"))
    assert steps == [DeadlineMet(clock="14-5(1)", met_on=day("06-05"), met_by="routing:3", basis="intake:1")]


def test_withdrawn_fact_reopens() -> None:
    """A clock whose fact is withdrawn is open again, and met again once the right one is entered."""
    case = settled(*NOT_FORWARDED, a_forwarding(), today="06-05")
    case, steps = run(then(case, by("routing", a_withdrawal(2))), day("06-05"))
    assert names(steps) == ["DeadlineReopened 14-5(1)", "DeadlineNear 14-5(1)"]
    _, steps = run(then(case, a_forwarding("MOJ")), day("06-05"))
    assert names(steps) == ["DeadlineMet 14-5(1)"]


def test_withdrawn_after_the_due_date() -> None:
    """A fact that is withdrawn after the due date leaves a missed clock, whether it was in time or late."""
    for on in ("06-05", "06-12"):
        case = settled(*NOT_FORWARDED, a_forwarding(forwarded_on=day(on)), today="06-15")
        case, steps = run(then(case, by("routing", a_withdrawal(2))), day("06-15"))
        assert names(steps)[:2] == ["DeadlineReopened 14-5(1)", "DeadlineMissed 14-5(1)"]
        assert list(case.deadlines.findings) == ["late/14-5(1)"]


def test_moved_by_a_corrected_receipt() -> None:
    """A corrected day of receipt moves both clocks of 14-5; the step tells the due date before."""
    case = settled(*NOT_FORWARDED, a_forwarding(), today="06-05")
    _, steps = run(then(case, a_correction(received_on=day("06-04"))), day("06-05"))
    assert names(steps) == ["DeadlineMoved 14-5(1)", "DeadlineMoved 14-5(2)"]
    assert bare(steps[0]) == DeadlineMoved(
        clock="14-5(1)",
        rule="14-5(1)/2022",
        policy="day-after/1",
        starts_on=day("06-04"),
        previous=day("06-10"),
        due=day("06-11"),
        safe=day("06-10"),
        basis="intake:2",
    )


def test_moved_onto_another_record() -> None:
    """A correction that states the same day of receipt is what the clock rests on from then on."""
    case = settled(*NOT_FORWARDED, today="06-03")
    case, steps = run(then(case, a_correction(received_on=day("06-03"), subject="A line")), day("06-03"))
    assert names(steps) == ["DeadlineMoved 14-5(1)", "DeadlineMoved 14-5(2)"]
    assert case.deadlines.clocks["14-5(1)"].basis == "intake:2"


def test_moved_so_that_it_is_late() -> None:
    """A clock that was met in time and moves to before that fact is missed, then met late."""
    case = settled(*NOT_FORWARDED, a_forwarding(forwarded_on=day("06-10")), today="06-10")
    case, steps = run(then(case, a_correction(received_on=day("06-01"))), day("06-10"))
    assert [step for step in steps if getattr(step, "clock", "") == "14-5(1)"][1:] == [
        DeadlineMissed(clock="14-5(1)", due=day("06-08"), basis="intake:2"),
        DeadlineMet(clock="14-5(1)", met_on=day("06-10"), late=True, met_by="routing:2", basis="intake:2"),
    ]
    _, steps = run(then(case, a_correction(received_on=day("06-03"))), day("06-10"))
    assert DeadlineMet(clock="14-5(1)", met_on=day("06-10"), met_by="routing:2", basis="intake:3") in steps


def test_extension_after_it_was_missed() -> None:
    """An extension by the UN moves a missed 14-8(1), opens it again and cures the finding."""
    done = (a_communication(reply_due=day("06-20")), a_notice(), a_forwarding())
    case = settled(*done, today="06-22")
    assert case.deadlines.clocks["14-8(1)"].missed
    case, steps = run(then(case, an_extension()), day("06-22"))
    assert names(steps) == ["DeadlineMoved 14-8(1)", "DeadlineReopened 14-8(1)", "FindingCured late/14-8(1)"]
    assert isinstance(steps[0], DeadlineMoved)
    assert (steps[0].previous, steps[0].due, steps[0].basis) == (day("06-20"), day("09-01"), "intake:2")


def test_moved_while_missed() -> None:
    """A missed clock that moves to another past day stays missed; its finding is cured and raised anew."""
    case = settled(*NOT_FORWARDED, today="06-22")
    _, steps = run(then(case, a_correction(received_on=day("06-05"))), day("06-22"))
    assert [name for name in names(steps) if name.endswith("14-5(1)")] == [
        "DeadlineMoved 14-5(1)",
        "FindingCured late/14-5(1)",
        "FindingRaised late/14-5(1)",
    ]


def test_return_with_a_new_date() -> None:
    """A return with a new date moves a body's clock and opens it again."""
    asked = a_forwarding(ForwardedTo(body="MIA", due=day("06-19")))
    case = settled(*NOT_FORWARDED, asked, some_info(), today="06-12")
    assert case.deadlines.clocks["asked/MIA"].met_by == "intake:2"
    case, steps = run(then(case, a_return(2, due=day("06-29"))), day("06-15"))
    assert names(steps) == ["DeadlineMoved asked/MIA", "DeadlineReopened asked/MIA"]
    case, steps = run(then(case, some_info(submitted_on=day("06-30"))), day("06-30"))
    assert names(steps) == [
        "DeadlineMissed asked/MIA",
        "DeadlineMet asked/MIA",
        "FindingRaised request-late/asked/MIA",
        "FindingCured request-late/asked/MIA",
    ]


def test_two_responses() -> None:
    """An interim reply and the full response start two clocks each; a report meets the one that it is on."""
    case = settled(*NOT_FORWARDED, a_forwarding(), a_response(kind="interim", sent_on=day("06-15")), today="06-15")
    case, steps = run(then(case, a_response(), a_report(response=2)), day("06-25"))
    assert [name for name in names(steps) if "14-9" in name] == [
        "DeadlineNear 14-9(1)/1",
        "DeadlineStarted 14-9(1)/2",
        "DeadlineMet 14-9(1)/2",
        "DeadlineNear 14-9(2)/1",
        "DeadlineStarted 14-9(2)/2",
    ]


def test_dropped() -> None:
    """A clock whose starting event is withdrawn is dropped, and comes back with the right one."""
    case = settled(*NOT_FORWARDED, a_forwarding(), an_ohchr_publication(), today="06-24")
    case, steps = run(then(case, by("intake", a_withdrawal(2))), day("06-24"))
    assert steps == [DeadlineDropped(clock="14-8(2)/communication")]
    _, steps = run(then(case, an_ohchr_publication(published_on=day("06-23"))), day("06-24"))
    assert names(steps) == ["DeadlineStarted 14-8(2)/communication"]


def test_merged() -> None:
    """A merged case loses its clocks and findings, and has them back when the merger is withdrawn."""
    case = settled(a_communication(), a_notice(), today="06-15")
    merged, steps = run(then(case, a_merger()), day("06-15"))
    assert names(steps) == ["DeadlineDropped 14-5(1)", "DeadlineDropped 14-5(2)", "FindingCured late/14-5(1)"]
    back, _ = run(then(merged, by("intake", a_withdrawal(2))), day("06-15"))
    assert as_wanted(back) == as_wanted(case)
    assert back.deadlines.findings == case.deadlines.findings


def test_calendar_change() -> None:
    """An act that makes a day off moves open clocks; so does one that takes it back."""
    case = settled(*NOT_FORWARDED, a_forwarding("MIA"), an_ohchr_publication(), today="06-24")
    case, steps = run(case, day("06-25"), moved_off("06-29"))
    assert [(step.clock, step.previous, step.due) for step in steps if isinstance(step, DeadlineMoved)] == [
        ("14-8(2)/communication", day("07-09"), day("07-10"))
    ]
    _, steps = run(case, day("06-25"))
    assert names(steps) == ["DeadlineMoved 14-8(2)/communication"]


def test_calendar_change_earlier() -> None:
    """A day off that becomes a working day moves a clock to an earlier day, and may make a fact late."""
    later = moved_off("06-08")
    case = settled(*NOT_FORWARDED, a_forwarding(forwarded_on=day("06-11")), today="06-12", calendar=later)
    assert not case.deadlines.clocks["14-5(1)"].missed
    case, steps = run(case, day("06-12"))
    assert [name for name in names(steps) if name.endswith("14-5(1)")] == [
        "DeadlineMoved 14-5(1)",
        "DeadlineMissed 14-5(1)",
        "DeadlineMet 14-5(1)",
        "FindingRaised late/14-5(1)",
        "FindingCured late/14-5(1)",
    ]


def test_a_move_by_the_calendar_names_its_acts() -> None:
    """The act that came, or that went: both times the move names it, and says whether it is earlier."""
    order = CalendarActReceived(
        act="later-order",
        title="An order",
        known_on=day("06-01"),
        days=(CalendarDay(day=day("06-08"), becomes="moved-off", why="Order"),),
    )
    case, _ = run(given(*NOT_FORWARDED), day("06-05"), Calendars(acts(), 20))
    case, steps = run(case, day("06-05"), Calendars([*acts(), order], 21))
    moved = the_move(steps)
    assert (moved.previous, moved.due, moved.earlier) == (day("06-10"), day("06-11"), False)
    assert (moved.because, moved.acts, moved.calendar) == (("later-order",), ("later-order",), 21)
    moved = the_move(run(case, day("06-05"), Calendars(acts(), 22))[1])
    assert (moved.previous, moved.due, moved.earlier) == (day("06-11"), day("06-10"), True)
    assert (moved.because, moved.acts, moved.calendar) == (("later-order",), (), 22)


def test_a_move_by_a_fact_names_no_act() -> None:
    """A corrected receipt moves the clock by itself, also onto days that other acts name."""
    case = settled(*NOT_FORWARDED)
    _, steps = run(then(case, a_correction(received_on=day("05-26"))), day("06-05"))
    moved = the_move(steps)
    assert (moved.starts_on, moved.because, moved.earlier) == (day("05-26"), (), True)
    assert moved.acts == ("kurban-ait-2026",)


def test_the_term_ends_earlier_although_the_safe_date_stays() -> None:
    """22 October 2022 became a working Saturday: due Saturday for Monday, safe on Friday the 21st both times."""
    before = Calendars([act for act in acts() if act.act != "government-796-2022"], 20)
    letter = a_communication(received_on=date(2022, 10, 17))
    case, _ = run(given(letter, a_notice(informed_on=date(2022, 10, 17))), date(2022, 10, 18), before)
    _, steps = run(case, date(2022, 10, 18), Calendars(acts(), 21))
    moved = the_move(steps)
    assert (moved.previous, moved.due, moved.safe) == (date(2022, 10, 24), date(2022, 10, 22), date(2022, 10, 21))
    assert (moved.earlier, moved.because) == (True, ("government-796-2022",))


def test_what_became_known_after_the_term_moves_nothing() -> None:
    """Made a day off only after the term had ended on it: people could not have counted on that."""
    late = CalendarActReceived(
        act="late-order",
        title="An order",
        known_on=day("06-11"),
        days=(CalendarDay(day=day("06-05"), becomes="moved-off", why="Order"),),
    )
    case = settled(*NOT_FORWARDED, today="06-11")
    assert case.deadlines.clocks["14-5(1)"].missed
    assert run(case, day("06-12"), Calendars([*acts(), late]))[1] == []


def test_reopened_is_told_to_be_near_again() -> None:
    """Who took it for done learns once more how near it is; then not again."""
    case = settled(*NOT_FORWARDED, a_forwarding(), today="06-08")
    assert case.deadlines.clocks["14-5(1)"].met_on
    case, steps = run(then(case, by("routing", a_withdrawal(2))), day("06-08"))
    assert names(steps) == ["DeadlineReopened 14-5(1)", "DeadlineNear 14-5(1)"]
    case, steps = run(then(case, a_forwarding()), day("06-08"))
    _, steps = run(then(case, by("routing", a_withdrawal(4))), day("06-08"))
    assert names(steps) == ["DeadlineReopened 14-5(1)", "DeadlineNear 14-5(1)"]


def test_a_clock_on_the_wall_that_jumps_tells_no_step_twice() -> None:
    """Ahead by two weeks and back: what came near before the jump is not told again."""
    case, _ = run(given(*NOT_FORWARDED), day("06-08"))
    case, _ = run(case, day("06-20"))
    case, steps = run(case, day("06-08"))
    assert names(steps) == ["DeadlineReopened 14-5(1)", "FindingCured late/14-5(1)"]


def test_the_same_day_to_act_by_is_not_told_to_be_near_again() -> None:
    """The legal date moved to a Saturday, the safe one stayed: it is as near as it was told to be."""
    before = Calendars([act for act in acts() if act.act != "government-796-2022"], 20)
    letter = a_communication(received_on=date(2022, 10, 17))
    case, _ = run(given(letter, a_notice(informed_on=date(2022, 10, 17))), date(2022, 10, 18), before)
    assert case.deadlines.clocks["14-5(1)"].near == 3
    _, steps = run(case, date(2022, 10, 18), Calendars(acts(), 21))
    assert "DeadlineNear 14-5(1)" not in names(steps)


def test_a_correction_that_moves_nothing_tells_no_nearness_again() -> None:
    """The hour of receipt is entered later: the clock rests on the correction now, and is as near as it was."""
    case, _ = run(given(*NOT_FORWARDED), day("06-08"))
    case = then(case, a_correction(in_astana_on=day("06-04")))
    case, steps = run(case, day("06-08"))
    assert names(steps) == ["DeadlineMoved 14-5(1)", "DeadlineMoved 14-5(2)"]
    assert (case.deadlines.clocks["14-5(1)"].basis, case.deadlines.clocks["14-5(1)"].near) == ("intake:2", 1)


def test_an_amendment_from_five_to_seven_days() -> None:
    """From 8 June on: what started before it is judged as before, to the end; what starts that day is given seven."""
    first = next(rule for rule in RULES if rule.clock == "14-5(1)")
    amended = (
        *(rule for rule in ALL_RULES if rule is not first),
        msgspec.structs.replace(first, in_force_until=day("06-07")),
        msgspec.structs.replace(first, row="14-5(1)/2026", count=7, in_force_from=day("06-08")),
    )

    def on(received: str, today: str) -> Clock:
        """A letter's clock, kept up by the old table until 5 June, by the amended one afterwards."""
        case, _ = run(given(a_communication(received_on=day(received)), a_notice()), day("06-05"))
        return run(case, day(today), rules=amended)[0].deadlines.clocks["14-5(1)"]

    before, across, after = (on(received, "06-09") for received in ("06-01", "06-04", "06-08"))
    assert (before.rule, before.due, before.missed) == ("14-5(1)/2022", day("06-08"), True)
    assert (across.rule, across.due, across.missed) == ("14-5(1)/2022", day("06-11"), False)
    assert (after.rule, after.due, after.missed) == ("14-5(1)/2026", day("06-17"), False)
    assert on("06-04", "06-12").missed
    case, _ = run(given(a_communication(received_on=day("06-04")), a_notice()), day("06-05"))
    _, steps = run(case, day("06-08"), rules=amended)
    assert steps == [], "the amendment itself moves nothing that runs"
    _, steps = run(then(case, a_correction(received_on=day("06-08"))), day("06-08"), rules=amended)
    moved = the_move(steps)
    assert (moved.rule, moved.due) == ("14-5(1)/2026", day("06-17"))


def test_missing_calendar_is_loaded() -> None:
    """A clock without a date gets one when the year's calendar is loaded, and may be missed at once."""
    case = settled(a_communication(received_on=day("12-29")), today="12-29", calendar=without(2027))
    assert case.deadlines.clocks["14-5(1)"].absent == "the calendar of 2027 is not loaded"
    assert run(case, date(2027, 3, 1), without(2027))[1] == []
    case, steps = run(case, date(2027, 3, 1))
    assert names(steps)[:2] == ["DeadlineMoved 14-5(1)", "DeadlineMissed 14-5(1)"]
    assert case.deadlines.clocks["14-5(1)"].absent is None


def test_old_case_has_no_step() -> None:
    """A letter of 2011 gives no step, however it was handled."""
    old = a_communication(letter_date=date(2011, 6, 1), received_on=date(2011, 6, 3), reply_due=date(2011, 8, 1))
    case = given(old, a_response(sent_on=date(2012, 1, 1), language="ru"))
    assert reconcile(case, shipped(), RULES, day("07-01")) == []


def test_finding_follows_its_fact() -> None:
    """A finding is raised once the fact is on record, changes with it, and is cured when it is withdrawn."""
    case = settled(*NOT_FORWARDED, a_forwarding(), today="06-05")
    case, steps = run(then(case, a_response(kind="interim", language="ru")), day("06-23"))
    raised = FindingRaised(
        finding="language/publication:1",
        code="language",
        paragraph="14-8(1)",
        expected="in en, as the communication",
        found="in ru",
        basis="publication:1",
    )
    assert [step for step in steps if isinstance(step, FindingRaised)] == [raised]
    case, steps = run(then(case, a_correction(language="fr")), day("06-23"))
    assert [type(step) for step in steps] == [FindingCured, FindingRaised]
    assert case.deadlines.findings["language/publication:1"].raised.expected == "in fr, as the communication"
    case, steps = run(then(case, by("publication", a_withdrawal())), day("06-23"))
    assert names(steps)[-1] == "FindingCured language/publication:1"
    assert case.deadlines.findings == {}


def test_one_step_at_a_time() -> None:
    """What is not folded yet is said again: a run gives each clock its next step, and the loop takes the first."""
    case = given(*NOT_FORWARDED, a_forwarding(forwarded_on=day("06-15")))
    assert names(reconcile(case, shipped(), RULES, day("06-15"))) == [
        "DeadlineStarted 14-5(1)",
        "DeadlineStarted 14-5(2)",
        "FindingRaised late/14-5(1)",
    ]
