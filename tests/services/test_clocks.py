"""The clocks that should run: what starts each, what meets it, what moves it, and how it stands on a day."""

from datetime import UTC, date, datetime

import msgspec
import pytest

from jauap.domain.case import CALENDAR, Case, Clock
from jauap.domain.events import CalendarActReceived
from jauap.domain.facts import CalendarAct, ForwardedTo
from jauap.domain.rules import RULES, with_receipt
from services.deadlines.clocks import NO_LETTER_DATE, wanted_clocks
from tests.builders import (
    a_communication,
    a_correction,
    a_decline,
    a_forwarding,
    a_merger,
    a_notice,
    a_report,
    a_response,
    a_return,
    a_site_publication,
    a_withdrawal,
    an_extension,
    an_ohchr_publication,
    by,
    day,
    given,
    some_info,
)
from tests.services.deadline_runs import acts, clocks_of, moved_off, shipped, then, without


def asked(body: str = "MIA", due: str | None = "06-19") -> ForwardedTo:
    """Ask a body for its information by a day, 19 June unless said."""
    return ForwardedTo(body=body, due=None if due is None else day(due))


# Whether there is anything to judge


@pytest.mark.parametrize(
    "case",
    [
        given(),
        given(a_forwarding(asked()), a_response()),
        given(a_communication(), by("intake", a_withdrawal()), a_forwarding(asked())),
        given(a_communication(), a_forwarding(asked()), a_merger()),
        given(a_communication(receipt_assumed=True, reply_due=day("08-01")), a_response()),
        given(a_communication(), case_id=CALENDAR),
    ],
    ids=["empty", "no letter", "letter withdrawn", "merged", "receipt assumed", "calendar"],
)
def test_nothing_to_judge(case: Case) -> None:
    """No clock runs without a letter, in a merged case, on an assumed receipt, or for the calendar."""
    assert clocks_of(case) == {}


def test_withdrawn_merger() -> None:
    """A case whose merger is withdrawn has its clocks again."""
    case = given(a_communication(), a_merger(), by("intake", a_withdrawal(2)))
    assert list(clocks_of(case)) == ["14-5(1)", "14-5(2)"]


def test_confirmed_receipt() -> None:
    """An assumed day of receipt starts no clock until a correction gives the day."""
    case = given(a_communication(receipt_assumed=True), a_correction(received_on=day("06-04")))
    assert clocks_of(case)["14-5(1)"].starts_on == day("06-04")
    assert clocks_of(case)["14-5(1)"].basis == "intake:2"


def test_old_case() -> None:
    """A letter of 2011 has no clock at all: the decree was not in force."""
    case = given(
        a_communication(received_on=date(2011, 6, 3), letter_date=date(2011, 6, 1), reply_due=date(2011, 8, 1)),
        a_forwarding(ForwardedTo(body="MIA", due=date(2011, 6, 20)), forwarded_on=date(2011, 6, 10)),
        an_ohchr_publication(published_on=date(2011, 9, 1)),
        a_response(sent_on=date(2011, 7, 30)),
    )
    assert clocks_of(case) == {}


def test_each_clock_by_its_own_start() -> None:
    """A letter from before the decree has the clocks that started under it: its response's reports."""
    case = given(
        a_communication(received_on=date(2022, 1, 24), letter_date=None, reply_due=date(2022, 3, 1)),
        a_response(sent_on=date(2022, 1, 25)),
    )
    assert list(clocks_of(case)) == ["14-9(1)/1", "14-9(2)/1"]
    assert clocks_of(case)["14-9(1)/1"].due == date(2022, 2, 8)


def test_amended_rule() -> None:
    """A clock is counted by the row in force at its start, on whichever side of an amendment the facts are."""
    first = next(rule for rule in RULES if rule.clock == "14-5(1)")
    rules = (
        msgspec.structs.replace(first, in_force_until=day("06-03")),
        msgspec.structs.replace(first, row="14-5(1)/2026", count=7, in_force_from=day("06-04")),
    )
    before, after = (clocks_of(given(a_communication(received_on=day(on))), rules=rules) for on in ("06-03", "06-04"))
    assert (before["14-5(1)"].rule, before["14-5(1)"].due) == ("14-5(1)/2022", day("06-10"))
    assert (after["14-5(1)"].rule, after["14-5(1)"].due) == ("14-5(1)/2026", day("06-15"))


def test_order() -> None:
    """The decree's terms come first, then what the MFA asked of the bodies."""
    case = given(
        a_communication(reply_due=day("08-01")),
        an_ohchr_publication("response", response=1),
        an_ohchr_publication(),
        a_forwarding(asked("MOJ"), asked("MIA")),
        a_response(),
    )
    assert list(clocks_of(case)) == [
        "14-5(1)",
        "14-5(2)",
        "14-8(1)",
        "14-8(2)/communication",
        "14-8(2)/response/1",
        "14-9(1)/1",
        "14-9(2)/1",
        "asked/MOJ",
        "asked/MIA",
    ]


# How a clock stands


@pytest.mark.parametrize(
    ("sent", "today", "missed"),
    [
        (None, "06-10", False),
        (None, "06-11", True),
        ("06-10", "07-01", False),
        ("06-11", "07-01", True),
    ],
    ids=["last day", "day after", "sent on the last day", "sent the day after"],
)
def test_last_day_is_in_time(sent: str | None, today: str, missed: bool) -> None:  # noqa: FBT001 - a table of cases
    """The last day of the term is in time, for the fact as for the clock on the wall; the day after is not."""
    facts = [] if sent is None else [a_forwarding(forwarded_on=day(sent))]
    clock = clocks_of(given(a_communication(), *facts), today)["14-5(1)"]
    assert (clock.missed, clock.met_on) == (missed, None if sent is None else day(sent))


def test_missing_calendar() -> None:
    """Where a year's calendar is not loaded there is no date but the reason; it can be met, but not missed."""
    letter = a_communication(received_on=day("12-29"))
    open_, met = (
        clocks_of(given(letter, *facts), "2030-01-01", without(2027))["14-5(1)"]
        for facts in ((), (a_forwarding(forwarded_on=date(2029, 1, 1)),))
    )
    assert (open_.due, open_.safe, open_.absent) == (None, None, "the calendar of 2027 is not loaded")
    assert (open_.missed, open_.met_on) == (False, None)
    assert (met.missed, met.met_on, met.met_by) == (False, date(2029, 1, 1), "routing:1")


def test_estimated_day() -> None:
    """A term that crosses a day that is only estimated says so."""
    calendar = moved_off("06-05", becomes="estimated-off")
    clock = clocks_of(given(a_communication()), calendar=calendar)["14-5(1)"]
    assert (clock.due, clock.estimated) == (day("06-11"), True)


def test_calendar_act() -> None:
    """A day that an act moves off is not counted."""
    assert clocks_of(given(a_communication()), calendar=moved_off("06-08"))["14-5(1)"].due == day("06-11")


# The forwarding, 14-5


def test_receipt_starts_both_clocks_of_14_5() -> None:
    """14-5: five working days from the day after receipt; counted from the day itself they give the safe date."""
    clocks = clocks_of(given(a_communication()))
    for name in ("14-5(1)", "14-5(2)"):
        clock = clocks[name]
        assert (clock.paragraph, clock.body, clock.rule, clock.policy) == (name, None, f"{name}/2022", "day-after/1")
        assert (clock.starts_on, clock.due, clock.safe) == (day("06-03"), day("06-10"), day("06-09"))
        assert clock.basis == "intake:1"


def test_receipt_on_a_day_off() -> None:
    """Received on a Saturday, both readings of 14-5 end on the same day, and there is no safe date beside it."""
    clock = clocks_of(given(a_communication(received_on=day("06-06"))))["14-5(1)"]
    assert (clock.due, clock.safe) == (day("06-12"), None)


def test_declared_working_saturday() -> None:
    """A Saturday that was declared a working day can be the last day of a term."""
    clock = clocks_of(given(a_communication(letter_date=None, received_on=date(2022, 2, 28))))["14-5(1)"]
    assert clock.due == date(2022, 3, 5)


def test_corrected_receipt() -> None:
    """A corrected day of receipt starts the clocks anew, on the correction."""
    case = given(a_communication(), a_correction(received_on=day("06-05")), a_correction(subject="Another line"))
    clock = clocks_of(case)["14-5(1)"]
    assert (clock.starts_on, clock.due, clock.basis) == (day("06-05"), day("06-12"), "intake:2")


def test_first_forwarding_meets() -> None:
    """14-5(1) is met by the forwarding with the earliest day, whichever was recorded first."""
    case = given(
        a_communication(),
        a_forwarding("MIA", forwarded_on=day("06-09")),
        a_forwarding("MOJ", forwarded_on=day("06-04")),
    )
    clocks = clocks_of(case)
    assert (clocks["14-5(1)"].met_on, clocks["14-5(1)"].met_by) == (day("06-04"), "routing:2")
    assert clocks["14-5(2)"].met_on is None


def test_notice_to_the_ombudsman_meets() -> None:
    """14-5(2) is met by the earliest notice to the Ombudsman, and by nothing else."""
    case = given(a_communication(), a_notice(informed_on=day("06-12")), a_notice(informed_on=day("06-08")))
    clocks = clocks_of(case)
    assert (clocks["14-5(2)"].met_on, clocks["14-5(2)"].met_by) == (day("06-08"), "routing:2")
    assert clocks["14-5(1)"].met_on is None


# The response, 14-8(1)


def test_no_stated_term() -> None:
    """A letter that states no term has no clock of 14-8(1)."""
    assert "14-8(1)" not in clocks_of(given(a_communication()))


def test_stated_date() -> None:
    """The date that the letter states is the due date."""
    clock = clocks_of(given(a_communication(reply_due=day("08-03"))))["14-8(1)"]
    assert (clock.due, clock.safe, clock.policy, clock.basis) == (day("08-03"), None, "stated/1", "intake:1")
    assert (clock.starts_on, clock.paragraph) == (day("06-03"), "14-8(1)")


def test_a_date_stated_for_a_day_off_is_acted_on_before() -> None:
    """1 August 2026 is a Saturday: the date stays, and the safe reading is to act on Friday."""
    clock = clocks_of(given(a_communication(reply_due=day("08-01"))))["14-8(1)"]
    assert (clock.due, clock.safe, clock.missed) == (day("08-01"), day("07-31"), False)
    sent = given(a_communication(reply_due=day("08-01")), a_response(sent_on=day("08-01")))
    assert clocks_of(sent, "08-05")["14-8(1)"].missed is False
    unknown = clocks_of(given(a_communication(reply_due=date(2027, 8, 1))), calendar=without(2027))["14-8(1)"]
    assert (unknown.due, unknown.safe) == (date(2027, 8, 1), None)


def test_stated_period() -> None:
    """A period runs in calendar days from the letter's own date."""
    assert clocks_of(given(a_communication(reply_within_days=60)))["14-8(1)"].due == day("07-31")


def test_period_without_a_date() -> None:
    """A period that nothing is known to run from gives a clock without a date, and the reason."""
    clock = clocks_of(given(a_communication(reply_within_days=60, letter_date=None)))["14-8(1)"]
    assert (clock.due, clock.absent) == (None, NO_LETTER_DATE)


def test_corrected_term() -> None:
    """The record that corrected the term is what the due date rests on; a correction of something else is not."""
    case = given(
        a_communication(reply_due=day("08-01")),
        a_correction(reply_due=day("08-10")),
        a_correction(letter_date=day("05-30")),
    )
    assert (clocks_of(case)["14-8(1)"].due, clocks_of(case)["14-8(1)"].basis) == (day("08-10"), "intake:2")


def test_corrected_letter_date() -> None:
    """A stated period runs from the corrected date of the letter."""
    case = given(a_communication(reply_within_days=60), a_correction(letter_date=day("05-30")))
    assert (clocks_of(case)["14-8(1)"].due, clocks_of(case)["14-8(1)"].basis) == (day("07-29"), "intake:2")


def test_latest_extension_wins() -> None:
    """Of several extensions the one granted last is the stated term, whenever it was entered; withdrawn, the other."""
    case = given(
        a_communication(reply_due=day("08-01")),
        an_extension(reply_due=day("10-01")),
        an_extension(reply_due=day("09-01"), granted_on=day("06-08")),
    )
    assert (clocks_of(case)["14-8(1)"].due, clocks_of(case)["14-8(1)"].basis) == (day("10-01"), "intake:2")
    case = given(a_communication(), an_extension(), an_extension(), by("intake", a_withdrawal(3)))
    assert (clocks_of(case)["14-8(1)"].due, clocks_of(case)["14-8(1)"].basis) == (day("09-01"), "intake:2")


def test_only_a_full_response_meets() -> None:
    """14-8(1) is met by the earliest full response; an acknowledgement or an interim reply does not meet it."""
    letter = a_communication(reply_due=day("08-01"))
    early = [a_response(kind="acknowledgement", sent_on=day("06-04")), a_response(kind="interim", sent_on=day("06-15"))]
    assert clocks_of(given(letter, *early))["14-8(1)"].met_on is None
    case = given(letter, *early, a_response(sent_on=day("06-25")), a_response(sent_on=day("06-22")))
    assert (clocks_of(case)["14-8(1)"].met_on, clocks_of(case)["14-8(1)"].met_by) == (day("06-22"), "publication:4")


# The site, 14-8(2)


def test_communication_published_by_ohchr() -> None:
    """14-8(2): OHCHR's publication of the communication gives ten working days, met by the same on the site."""
    case = given(
        a_communication(), an_ohchr_publication(), a_site_publication(), a_site_publication("response", response=1)
    )
    clock = clocks_of(case)["14-8(2)/communication"]
    assert (clock.starts_on, clock.due, clock.safe) == (day("06-24"), day("07-09"), None)
    assert (clock.basis, clock.rule, clock.paragraph) == ("intake:2", "14-8(2)/2022", "14-8(2)")
    assert (clock.met_on, clock.met_by) == (day("06-26"), "publication:1")


def test_published_before_the_start() -> None:
    """A publication on the site before OHCHR's own meets the clock on its day, in time."""
    case = given(a_communication(), an_ohchr_publication(), a_site_publication(published_on=day("06-20")))
    clock = clocks_of(case)["14-8(2)/communication"]
    assert (clock.met_on, clock.missed) == (day("06-20"), False)


def test_each_published_response_has_its_clock() -> None:
    """14-8(2): each response that OHCHR published has a clock of its own, met by that response on the site."""
    case = given(
        a_communication(),
        an_ohchr_publication("response", response=2, published_on=day("06-25")),
        an_ohchr_publication("response", response=1),
        a_response(kind="interim", sent_on=day("06-15")),
        a_response(),
        a_response(),
        a_site_publication("response", response=2),
        a_site_publication(),
    )
    clocks = {name: clock for name, clock in clocks_of(case).items() if name.startswith("14-8(2)")}
    assert list(clocks) == ["14-8(2)/response/1", "14-8(2)/response/2"]
    assert (clocks["14-8(2)/response/1"].due, clocks["14-8(2)/response/1"].met_on) == (day("07-09"), None)
    assert (clocks["14-8(2)/response/2"].due, clocks["14-8(2)/response/2"].met_by) == (day("07-10"), "publication:4")


def test_published_response_without_a_number() -> None:
    """A publication that names no response is of the first one, also once there are more."""
    case = given(a_communication(), an_ohchr_publication("response"), a_response(), a_response())
    assert [name for name in clocks_of(case) if name.startswith("14-8(2)")] == ["14-8(2)/response/1"]


def test_published_response_withdrawn() -> None:
    """A response that is not on record any more has no clock, though OHCHR's publication of it is."""
    case = given(
        a_communication(), an_ohchr_publication("response", response=1), a_response(), by("publication", a_withdrawal())
    )
    assert list(clocks_of(case)) == ["14-5(1)", "14-5(2)"]


# The reports, 14-9


def test_reports_on_each_response() -> None:
    """14-9: each interim or full response has two report clocks, and an acknowledgement none."""
    case = given(
        a_communication(),
        a_response(kind="acknowledgement", sent_on=day("06-04")),
        a_response(kind="interim", sent_on=day("06-15")),
        a_response(),
        a_report("administration", response=3),
        a_report("ombudsman", response=2, filed_on=day("06-20")),
    )
    clocks = {name: clock for name, clock in clocks_of(case).items() if name.startswith("14-9")}
    assert {name: (clock.starts_on, clock.due, clock.met_by) for name, clock in clocks.items()} == {
        "14-9(1)/2": (day("06-15"), day("06-29"), None),
        "14-9(1)/3": (day("06-22"), day("07-07"), "publication:4"),
        "14-9(2)/2": (day("06-15"), day("06-29"), "publication:5"),
        "14-9(2)/3": (day("06-22"), day("07-07"), None),
    }
    assert clocks["14-9(2)/3"].basis == "publication:3"


# What the MFA asks of the bodies


def test_asked_by_a_date() -> None:
    """A body that is asked by a date has a clock without a paragraph; one that is asked without a date has none."""
    case = given(a_communication(), a_forwarding(asked("MIA"), asked("MOJ", due=None)))
    (clock,) = (clock for name, clock in clocks_of(case).items() if name.startswith("asked"))
    assert (clock.clock, clock.body, clock.paragraph, clock.policy) == ("asked/MIA", "MIA", None, "stated/1")
    assert (clock.starts_on, clock.due, clock.basis) == (day("06-05"), day("06-19"), "routing:1")


def test_latest_forwarding_with_a_date() -> None:
    """The latest forwarding in the log that asks by a date sets it, whatever its day; one without a date does not."""
    case = given(
        a_communication(),
        a_forwarding(asked(due="06-19"), forwarded_on=day("06-09")),
        a_forwarding(asked(due="06-26"), forwarded_on=day("06-08")),
        a_forwarding(asked(due=None), forwarded_on=day("06-10")),
    )
    clock = clocks_of(case)["asked/MIA"]
    assert (clock.starts_on, clock.due, clock.basis) == (day("06-08"), day("06-26"), "routing:2")


def test_information_meets() -> None:
    """A body's earliest information meets its clock, and not another body's."""
    case = given(
        a_communication(),
        a_forwarding(asked("MIA"), asked("MOJ")),
        some_info(submitted_on=day("06-15")),
        some_info(submitted_on=day("06-12")),
    )
    assert (clocks_of(case)["asked/MIA"].met_on, clocks_of(case)["asked/MIA"].met_by) == (day("06-12"), "intake:3")
    assert clocks_of(case)["asked/MOJ"].met_on is None


def test_a_correction_meets_in_the_place_of_what_it_corrects() -> None:
    """What it corrects meets nothing any more, as if it had been withdrawn."""
    history = (a_communication(), a_forwarding(asked()), some_info(), some_info(submitted_on=day("06-15"), corrects=2))
    assert clocks_of(given(*history))["asked/MIA"].met_by == "intake:3"
    withdrawn = given(*history, by("intake", a_withdrawal(3)))
    assert clocks_of(withdrawn)["asked/MIA"].met_on is None


def test_decline_meets() -> None:
    """A body's word that the matter is not its own meets its clock."""
    case = given(a_communication(), a_forwarding(asked()), a_decline(), some_info(submitted_on=day("06-15")))
    assert (clocks_of(case)["asked/MIA"].met_on, clocks_of(case)["asked/MIA"].met_by) == (day("06-12"), "intake:2")


def test_returned_information_does_not_meet() -> None:
    """Information that was returned meets nothing; the date asked stays, or is the return's if that has one."""
    facts = (a_communication(), a_forwarding(asked()), some_info())
    for due, expected, basis in ((None, "06-19", "routing:1"), (day("06-29"), "06-29", "routing:2")):
        clock = clocks_of(given(*facts, a_return(2, due=due)))["asked/MIA"]
        assert (clock.starts_on, clock.due, clock.basis, clock.met_on) == (day("06-05"), day(expected), basis, None)


def test_information_after_a_return() -> None:
    """New information meets the clock after a return, and the returned piece still does not."""
    case = given(
        a_communication(),
        a_forwarding(asked()),
        some_info(),
        a_return(2, due=day("06-29")),
        some_info(submitted_on=day("06-25")),
    )
    assert (clocks_of(case)["asked/MIA"].met_on, clocks_of(case)["asked/MIA"].met_by) == (day("06-25"), "intake:3")


def test_return_to_another_body() -> None:
    """A return to one body sets no date for another."""
    case = given(
        a_communication(),
        a_forwarding(asked("MIA"), asked("MOJ")),
        some_info("MOJ"),
        a_return(2, "MOJ", due=day("06-29")),
    )
    assert clocks_of(case)["asked/MIA"].due == day("06-19")
    assert clocks_of(case)["asked/MOJ"].due == day("06-29")


def test_return_gives_the_first_date() -> None:
    """A body that was asked without a date has a clock once a return asks by one, from its first forwarding on."""
    case = given(a_communication(), a_forwarding(asked(due=None)), some_info(), a_return(2, due=day("06-29")))
    clock = clocks_of(case)["asked/MIA"]
    assert (clock.starts_on, clock.due, clock.basis) == (day("06-05"), day("06-29"), "routing:2")


def test_forwarding_after_a_return() -> None:
    """A forwarding that follows a return in the log sets the date anew."""
    case = given(
        a_communication(),
        a_forwarding(asked()),
        some_info(),
        a_return(2, due=day("06-29")),
        a_forwarding(asked(due="07-10"), forwarded_on=day("06-22")),
    )
    assert (clocks_of(case)["asked/MIA"].due, clocks_of(case)["asked/MIA"].basis) == (day("07-10"), "routing:3")


def test_return_after_a_second_forwarding() -> None:
    """A return leaves the start where the forwarding before it set it."""
    again = a_forwarding(asked(due="06-26"), forwarded_on=day("06-09"))
    case = given(a_communication(), a_forwarding(asked()), again, some_info(), a_return(2, due=day("06-29")))
    clock = clocks_of(case)["asked/MIA"]
    assert (clock.starts_on, clock.due, clock.basis) == (day("06-09"), day("06-29"), "routing:3")


def test_an_answer_answers_what_was_asked_before_it() -> None:
    """Asked again on 1 July, the body has not answered that by its information of 12 June."""
    again = ForwardedTo(body="MIA", questions=("3",), due=day("07-10"))
    info = some_info(submitted_on=day("06-12"))
    case = given(a_communication(), a_forwarding(asked()), info, a_forwarding(again, forwarded_on=day("07-01")))
    assert clocks_of(case)["asked/MIA"].met_on is None
    case = then(case, some_info(submitted_on=day("07-03")))
    assert clocks_of(case, "07-05")["asked/MIA"].met_on == day("07-03")


def test_a_response_that_is_entered_again_keeps_what_rests_on_it() -> None:
    """Its day was wrong: withdrawn and entered again, OHCHR's publication of it and the reports on it still hold."""
    case = given(
        a_communication(),
        a_response(),
        an_ohchr_publication("response", response=1),
        a_report(response=1),
        a_report("ombudsman", response=1),
    )
    assert clocks_of(case, "08-01")["14-9(1)/1"].met_on
    case = then(case, by("publication", a_withdrawal(1)), a_response(sent_on=day("06-19")))
    clocks = clocks_of(case, "08-01")
    number = case.publication.last
    assert f"14-8(2)/response/{number}" in clocks
    for clock in (f"14-9(1)/{number}", f"14-9(2)/{number}"):
        assert (clocks[clock].starts_on, clocks[clock].missed) == (day("06-19"), False)
        assert clocks[clock].met_on


# The calendar's own clock: CALENDAR, with the years that ship (2022 to 2027) unless said


def the_calendar(*acts_on_record: CalendarAct) -> Case:
    """CALENDAR, with acts in the order given."""
    return given(
        *(msgspec.convert(msgspec.structs.asdict(act), CalendarActReceived) for act in acts_on_record or acts()),
        case_id=CALENDAR,
    )


def missing_years(case: Case, today: str) -> dict[str, Clock]:
    """The clocks of CALENDAR that should run on a day."""
    return wanted_clocks(case, shipped(), RULES, date.fromisoformat(today))


def test_next_year_s_calendar_is_missing_from_november_on() -> None:
    """Not before: on 1 November it is told, on the 30th it is due."""
    case = the_calendar()
    assert missing_years(case, "2027-10-31") == {}
    (clock,) = missing_years(case, "2027-11-01").values()
    assert (clock.clock, clock.paragraph, clock.rule) == ("calendar/2028", None, "calendar/practice")
    assert (clock.starts_on, clock.due, clock.met_on, clock.missed) == (
        date(2027, 11, 1), date(2027, 11, 30), None, False,
    )  # fmt: skip
    assert missing_years(case, "2027-11-30")["calendar/2028"].missed is False
    assert missing_years(case, "2027-12-01")["calendar/2028"].missed is True


def test_a_calendar_that_was_known_before_november_starts_no_clock() -> None:
    """The acts that ship are all known in time, but for the years that nothing is known of."""
    assert missing_years(the_calendar(), "2026-12-31") == {}
    two_years_on = missing_years(the_calendar(), "2028-11-02")
    assert list(two_years_on) == ["calendar/2028", "calendar/2029"]


def test_a_calendar_without_any_year_is_missing_too() -> None:
    """One act that names a day, and none that states a year: the next year's is missing in November."""
    act = CalendarAct(act="order", title="An order", known_on=date(2026, 2, 1), days=())
    assert missing_years(the_calendar(act), "2026-10-31") == {}
    (clock,) = missing_years(the_calendar(act), "2026-11-15").values()
    assert (clock.clock, clock.basis) == ("calendar/2027", "intake:1")
    assert missing_years(given(case_id=CALENDAR), "2026-11-15") == {}


def test_a_calendar_meets_it_by_the_day_on_which_it_was_known() -> None:
    """In time, or late; and a withdrawal of the act opens it again."""
    for known_on, late in (("2027-11-12", False), ("2027-12-03", True)):
        act = CalendarAct(act="law-2028", title="A law", known_on=date.fromisoformat(known_on), years=(2028,), days=())
        clock = missing_years(the_calendar(*acts(), act), "2027-12-20")["calendar/2028"]
        assert (clock.met_on, clock.met_by) == (act.known_on, f"intake:{len(acts()) + 1}")
        assert clock.missed is late
    act = CalendarAct(act="law-2028", title="A law", known_on=date(2027, 11, 12), years=(2028,), days=())
    back = then(the_calendar(*acts(), act), by("intake", a_withdrawal(len(acts()) + 1)))
    assert missing_years(back, "2027-11-20")["calendar/2028"].met_on is None


# Receipt, where the decree leaves it open


EVENING = datetime(2026, 6, 5, 15, 0, tzinfo=UTC)
"""20:00 in Kazakhstan on a Friday."""


def test_a_chosen_policy_of_receipt_starts_both_clocks_of_14_5() -> None:
    """After office hours on Friday is Monday by that policy; the deadline says by which it was counted."""
    rules = with_receipt(RULES, "office-hours/1", date(2026, 6, 1))
    case = given(a_communication(received_on=day("06-05"), received_at=EVENING))
    for name in ("14-5(1)", "14-5(2)"):
        safest, chosen = clocks_of(case)[name], clocks_of(case, rules=rules)[name]
        assert (safest.receipt, safest.starts_on, safest.due) == ("first-receipt/1", day("06-05"), day("06-12"))
        assert (chosen.receipt, chosen.starts_on, chosen.due) == ("office-hours/1", day("06-08"), day("06-15"))
        assert chosen.rule == f"{name}/2022/office-hours-1"


def test_it_is_chosen_by_the_day_on_which_the_letter_came() -> None:
    """What came before the policy was in force is judged as before, although its next working day lies within."""
    rules = with_receipt(RULES, "office-hours/1", date(2026, 6, 8))
    clock = clocks_of(given(a_communication(received_on=day("06-05"), received_at=EVENING)), rules=rules)["14-5(1)"]
    assert (clock.receipt, clock.starts_on) == ("first-receipt/1", day("06-05"))


def test_an_amendment_holds_from_the_day_of_receipt_as_the_policy_has_it() -> None:
    """On the evening before seven days came into force: the clock starts on the next day, so it has seven."""
    first = next(rule for rule in RULES if rule.clock == "14-5(1)")
    amended = (
        msgspec.structs.replace(first, in_force_until=day("06-07")),
        msgspec.structs.replace(first, row="14-5(1)/2026", count=7, in_force_from=day("06-08")),
    )
    rules = with_receipt(amended, "office-hours/1", date(2026, 6, 1))
    clock = clocks_of(given(a_communication(received_on=day("06-05"), received_at=EVENING)), rules=rules)["14-5(1)"]
    assert (clock.starts_on, clock.rule, clock.due) == (day("06-08"), "14-5(1)/2026/office-hours-1", day("06-17"))


def test_a_corrected_hour_of_receipt_moves_them() -> None:
    """The hour was entered wrongly: 17:00, not 20:00."""
    rules = with_receipt(RULES, "office-hours/1", date(2026, 6, 1))
    letter = a_communication(received_on=day("06-05"), received_at=EVENING)
    correction = a_correction(received_at=datetime(2026, 6, 5, 12, 0, tzinfo=UTC))
    clock = clocks_of(given(letter, correction), rules=rules)["14-5(1)"]
    assert (clock.starts_on, clock.basis) == (day("06-05"), "intake:2")


def test_a_policy_that_needs_a_missing_year_gives_no_date() -> None:
    """On the evening of the last day of the last year that is loaded nobody knows the next working day."""
    rules = with_receipt(RULES, "office-hours/1", date(2026, 6, 1))
    letter = a_communication(received_on=date(2026, 12, 31), received_at=datetime(2026, 12, 31, 15, 0, tzinfo=UTC))
    clock = clocks_of(given(letter), calendar=without(2027), rules=rules)["14-5(1)"]
    assert (clock.due, clock.absent) == (None, "the calendar of 2027 is not loaded")
