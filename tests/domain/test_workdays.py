"""Working days of Kazakhstan: the acts that ship, and terms counted on any calendar."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from zoneinfo import ZoneInfo

import holidays
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jauap.domain.facts import CalendarAct, CalendarDay, DayKind
from jauap.domain.workdays import (
    Calendar,
    CalendarMissing,
    Day,
    Term,
    UnknownPolicy,
    calendar_of,
    count,
    day_in_kazakhstan,
    days_of,
    explain,
    parse_acts,
    working_days_between,
)

ACTS = parse_acts(files("jauap.domain").joinpath("calendar_acts.json").read_bytes())
FINAL = calendar_of(ACTS)
ONE_DAY = timedelta(days=1)


def on(text: str) -> date:
    """Read a day as calendar.md writes it: 25.01.2022."""
    return datetime.strptime(text, "%d.%m.%Y").replace(tzinfo=UTC).date()


def due(receipt: date, working_days: int, calendar: Calendar = FINAL) -> date:
    """Count by the reading that finds a breach."""
    return count(receipt, working_days, "day-after/1", calendar).due


def act(
    days: dict[date, DayKind] | None = None,
    years: tuple[int, ...] = (),
    name: str = "act",
    known_on: date = date(2020, 1, 1),
) -> CalendarAct:
    """Make an act out of what matters to a test."""
    named = tuple(CalendarDay(day=day, becomes=kind, why=f"{name} says so") for day, kind in (days or {}).items())
    return CalendarAct(act=name, title=name, known_on=known_on, years=years, days=named)


def off_on_weekdays(year: int, calendar: Calendar = FINAL) -> set[date]:
    """Name the days off from Monday to Friday."""
    return {day for day in days_of(year) if day.weekday() < 5 and not calendar.is_working(day)}


def working_at_weekends(year: int, calendar: Calendar = FINAL) -> set[date]:
    """Name the Saturdays and Sundays that work."""
    return {day for day in days_of(year) if day.weekday() >= 5 and calendar.is_working(day)}


# The acts that ship


def test_acts_fit_their_type_and_read_back_the_same() -> None:
    """The shipped acts are JSON of CalendarAct, and nothing is lost on the way."""
    assert parse_acts(msgspec.json.encode(ACTS)) == ACTS


def test_acts_have_unique_names() -> None:
    """No two acts share a name, since a day cites its act by name."""
    assert len({act.act for act in ACTS}) == len(ACTS)


def test_acts_stand_in_the_order_in_which_they_became_known() -> None:
    """The file reads as history: no act stands before one that was known earlier."""
    assert [act.known_on for act in ACTS] == sorted(act.known_on for act in ACTS)


def test_no_act_names_a_day_twice() -> None:
    """An act says one thing of a day."""
    assert [act.act for act in ACTS if len({day.day for day in act.days}) != len(act.days)] == []


def test_acts_load_each_year_once_and_before_it_starts() -> None:
    """The years 2022 to 2027 are each stated whole by one act, known before the year begins."""
    loading = [(year, act.known_on) for act in ACTS for year in act.years]
    assert [year for year, _ in loading] == [2022, 2023, 2024, 2025, 2026, 2027]
    assert all(known_on < date(year, 1, 1) for year, known_on in loading)


@pytest.mark.parametrize(
    ("name", "known_on"),
    [
        ("government-713-2021", date(2021, 10, 6)),
        ("government-796-2022", date(2022, 10, 8)),
        ("mintrud-109-2024", date(2024, 4, 11)),
        ("kurban-ait-2024-corrected", date(2024, 6, 7)),
        ("constitution-2026", date(2026, 3, 18)),
    ],
)
def test_acts_were_known_when_calendar_md_says(name: str, known_on: date) -> None:
    """An act whose announcement was verified carries that day."""
    (found,) = [act for act in ACTS if act.act == name]
    assert (found.known_on, found.verified) == (known_on, True)


@pytest.mark.parametrize("name", ["law-of-autumn-2022", "government-326-2023", "mintrud-436-2024", "kurban-ait-2026"])
def test_what_was_not_verified_is_shown_so(name: str) -> None:
    """An act whose number or announcement was not verified says so in its flag and in its title."""
    (found,) = [act for act in ACTS if act.act == name]
    assert not found.verified
    assert "not verified" in found.title


def test_an_act_says_what_it_is_and_what_is_not_known_stays_open() -> None:
    """Kind, number, date and issuer stand in fields of their own; what calendar.md does not say is null."""
    named = {act.act: (act.kind, act.number, act.dated, act.issuer) for act in ACTS}
    government = "Government of Kazakhstan"
    assert named["government-713-2021"] == ("resolution", "713", date(2021, 10, 6), government)
    assert named["government-796-2022"] == ("resolution", "796", None, government)
    assert named["mintrud-109-2024"] == ("order", "109", None, "Labour ministry of Kazakhstan")
    assert named["law-of-autumn-2022"] == ("law", None, None, None)
    assert named["kurban-ait-2024-corrected"][:3] == (None, None, None)


# Each year of calendar.md


@pytest.mark.parametrize(
    ("year", "working_days"), [(2022, 246), (2023, 246), (2024, 249), (2025, 246), (2026, 247), (2027, 247)]
)
def test_number_of_working_days_in_a_year(year: int, working_days: int) -> None:
    """Each year has as many working days as calendar.md says (2027: as far as it is decided)."""
    assert working_days_between(date(year - 1, 12, 31), date(year, 12, 31), FINAL) == working_days


@pytest.mark.parametrize(
    ("year", "substitutes_and_moved", "kurban_ait", "working"),
    [
        (2022, "3.1 4.1 7.3 2.5 10.5 29.8 24.10", "9.7", "5.3 27.8 22.10"),
        (2023, "3.1 8.5 7.7 18.12", "28.6", "1.7"),
        (2024, "25.3 8.5 8.7", "16.6", "4.5"),
        (2025, "3.1 10.3 24.3 25.3 7.7 1.9 27.10", "6.6", "5.1"),
        (2026, "9.3 24.3 25.3 11.5 26.10", "27.5", ""),
        (2027, "4.1 24.3 3.5 10.5 15.3", "16.5", ""),
    ],
)
def test_days_beyond_the_fixed_holidays(year: int, substitutes_and_moved: str, kurban_ait: str, working: str) -> None:
    """Substitutes, moved days, Kurban Ait and working weekends of a year are those of calendar.md, and no others."""

    def days(text: str) -> set[date]:
        return {on(f"{each}.{year}") for each in text.split()}

    fixed = days("1.1 2.1 7.1 8.3 21.3 22.3 23.3 1.5 7.5 9.5 6.7 25.10 16.12") | (
        days("30.8") if year <= 2025 else set()
    )
    expected = fixed | days(substitutes_and_moved) | days(kurban_ait)
    assert off_on_weekdays(year) == {day for day in expected if day.weekday() < 5}
    assert working_at_weekends(year) == days(working)
    assert expected <= set(FINAL.named)


@pytest.mark.parametrize("year", [2022, 2023, 2024, 2025, 2026])
def test_agrees_with_the_holidays_library(year: int) -> None:
    """Every day of the year is working or off as the holidays library has it."""
    library = holidays.country_holidays("KZ", years=year)
    assert [day for day in days_of(year) if FINAL.is_working(day) != library.is_working_day(day)] == []


# Worked answers of calendar.md


FINAL_ANSWERS = [
    ("25.01.2022", "01.02.2022", "08.02.2022"),
    ("28.02.2022", "05.03.2022", "15.03.2022"),
    ("29.04.2022", "11.05.2022", "18.05.2022"),
    ("30.12.2022", "10.01.2023", "17.01.2023"),
    ("23.06.2023", "01.07.2023", "11.07.2023"),
    ("15.12.2023", "25.12.2023", "03.01.2024"),
    ("30.04.2024", "10.05.2024", "17.05.2024"),
    ("05.07.2024", "15.07.2024", "22.07.2024"),
    ("03.01.2025", "10.01.2025", "17.01.2025"),
    ("19.03.2025", "31.03.2025", "07.04.2025"),
    ("31.12.2025", "12.01.2026", "19.01.2026"),
    ("26.05.2026", "03.06.2026", "10.06.2026"),
]
"""Receipt, and the last of five and of ten working days after it, by the calendar as it is now."""


@pytest.mark.parametrize(("receipt", "in_five", "in_ten"), FINAL_ANSWERS)
def test_worked_answers_on_the_final_calendar(receipt: str, in_five: str, in_ten: str) -> None:
    """Five and ten working days after a receipt end where calendar.md says."""
    assert (due(on(receipt), 5), due(on(receipt), 10)) == (on(in_five), on(in_ten))


@pytest.mark.parametrize(
    ("name", "receipt", "working_days", "before", "after"),
    [
        ("government-796-2022", "17.10.2022", 5, "24.10.2022", "22.10.2022"),
        ("government-796-2022", "14.10.2022", 10, "31.10.2022", "31.10.2022"),
        ("law-of-autumn-2022", "25.11.2022", 10, "12.12.2022", "09.12.2022"),
        ("kurban-ait-2024-corrected", "05.06.2024", 10, "20.06.2024", "19.06.2024"),
        ("constitution-2026", "24.08.2026", 5, "01.09.2026", "31.08.2026"),
        ("government-713-2021", "28.02.2022", 5, "07.03.2022", "05.03.2022"),
    ],
)
def test_worked_answers_before_and_after_a_change(
    name: str, receipt: str, working_days: int, before: str, after: str
) -> None:
    """A term is counted by what was known: otherwise on the eve of an act than on the day it became known."""
    (change,) = [act for act in ACTS if act.act == name]
    eve, day = calendar_of(ACTS, change.known_on - ONE_DAY), calendar_of(ACTS, change.known_on)
    assert due(on(receipt), working_days, eve) == on(before)
    assert due(on(receipt), working_days, day) == on(after)
    assert due(on(receipt), working_days) == on(after)


def test_25_october_2022_was_a_holiday_before_the_day_off_was_moved_beside_it() -> None:
    """On the eve of resolution 796, 25 October 2022 was off already and 24 October was not."""
    eve = calendar_of(ACTS, date(2022, 10, 7))
    assert [eve.is_working(date(2022, 10, day)) for day in (22, 24, 25)] == [False, True, False]


def test_autumn_2022_abolished_both_december_holidays() -> None:
    """1 December 2022 and the substitute of 17 December were off until the law of autumn 2022 was known."""
    before, after = calendar_of(ACTS, date(2022, 9, 29)), calendar_of(ACTS, date(2022, 9, 30))
    for day in (date(2022, 12, 1), date(2022, 12, 19)):
        assert (before.is_working(day), after.is_working(day)) == (False, True)


def test_kurban_ait_2024_moved_off_a_monday() -> None:
    """17 June 2024 was off from the letter of October 2023 until the correction of 7 June 2024."""
    known = [date(2023, 10, 17), date(2024, 6, 6), date(2024, 6, 7)]
    assert [calendar_of(ACTS, day).is_working(date(2024, 6, 17)) for day in known] == [False, False, True]


# Terms on any calendar


def test_term_may_end_on_a_working_sunday() -> None:
    """Sunday 5 January 2025 was declared a working day: it counts, and a term can end on it."""
    assert due(date(2025, 1, 2), 1) == date(2025, 1, 5)


def test_term_does_not_depend_on_whether_its_start_is_a_day_off() -> None:
    """A receipt on Friday, Saturday or Sunday is day 0 alike: the term ends on the same day."""
    friday = date(2026, 6, 5)
    assert {due(friday + timedelta(days=later), 5) for later in range(3)} == {date(2026, 6, 12)}


def test_safe_date_is_one_working_day_earlier() -> None:
    """Received on a working day, a term of 14-5 has a safe date by the reading that counts that day."""
    term = count(date(2026, 6, 1), 5, "day-after/1", FINAL, safe_policy="from-the-day/1")
    assert (term.due, term.safe) == (date(2026, 6, 8), date(2026, 6, 5))


def test_safe_date_is_absent_where_it_does_not_differ() -> None:
    """Received on a day off, both readings of 14-5 end on the same day, and there is no second date."""
    term = count(date(2026, 6, 6), 5, "day-after/1", FINAL, safe_policy="from-the-day/1")
    assert (term.due, term.safe) == (date(2026, 6, 12), None)


def test_term_of_one_day_from_the_day_ends_on_it() -> None:
    """By from-the-day/1 one working day from a working day is that day."""
    assert count(date(2026, 6, 1), 1, "from-the-day/1", FINAL).due == date(2026, 6, 1)


def test_term_of_no_days_is_refused() -> None:
    """A term has at least one working day."""
    with pytest.raises(ValueError, match="at least one working day, not 0"):
        count(date(2026, 6, 1), 0, "day-after/1", FINAL)


def test_unknown_policy_is_refused() -> None:
    """A policy that is not known by name and version does not count; a stated date is not counted at all."""
    with pytest.raises(UnknownPolicy, match="no counting policy 'stated/1'") as refused:
        count(date(2026, 6, 1), 5, "stated/1", FINAL)
    assert refused.value.policy == "stated/1"


# Years that are not loaded


def test_missing_year_is_named() -> None:
    """A term that runs into a year without a calendar is refused with that year."""
    with pytest.raises(CalendarMissing, match=r"^the calendar of 2028 is not loaded$") as missing:
        count(date(2027, 12, 28), 5, "day-after/1", FINAL)
    assert missing.value.year == 2028


def test_term_that_ends_on_31_december_needs_no_next_year() -> None:
    """A term that ends on the last day of the last loaded year is counted; one day more is not."""
    assert due(date(2027, 12, 24), 5) == date(2027, 12, 31)
    with pytest.raises(CalendarMissing):
        due(date(2027, 12, 24), 6)


def test_receipt_on_31_december_needs_only_the_next_year() -> None:
    """The day of receipt is not counted by day-after/1, so its own year need not be loaded."""
    assert due(date(2021, 12, 31), 1) == date(2022, 1, 5)


def test_receipt_on_31_december_needs_its_year_from_the_day() -> None:
    """By from-the-day/1 the day of receipt may count, so its own year must be loaded."""
    with pytest.raises(CalendarMissing, match="2021"):
        count(date(2021, 12, 31), 1, "from-the-day/1", FINAL)
    with pytest.raises(CalendarMissing, match="2021"):
        count(date(2021, 12, 31), 1, "day-after/1", FINAL, safe_policy="from-the-day/1")


def test_2021_is_not_loaded() -> None:
    """No act states the year before the decree: a term in it is refused, not guessed."""
    with pytest.raises(CalendarMissing, match="2021"):
        due(date(2021, 6, 1), 5)


def test_gap_between_loaded_years_is_not_jumped() -> None:
    """A year that is missing between two loaded ones is an error, though days could be found beyond it."""
    calendar = calendar_of([act(years=(2022, 2024))])
    assert due(date(2022, 12, 23), 5, calendar) == date(2022, 12, 30)
    with pytest.raises(CalendarMissing, match="2023"):
        due(date(2022, 12, 23), 6, calendar)


def test_year_is_loaded_from_the_day_its_act_is_known() -> None:
    """As known before any act that states a year, a term in it cannot be counted."""
    with pytest.raises(CalendarMissing, match="2027"):
        due(date(2027, 6, 1), 5, calendar_of(ACTS, date(2025, 12, 31)))


def test_day_off_in_a_missing_year_is_an_error_too() -> None:
    """A day is neither working nor off where its year is not loaded, even if an act names it."""
    calendar = calendar_of([act({date(2023, 1, 3): "substitute"}, years=(2022,))])
    with pytest.raises(CalendarMissing, match="2023"):
        calendar.is_working(date(2023, 1, 3))
    with pytest.raises(CalendarMissing, match="2023"):
        calendar.day(date(2023, 1, 3))


# Estimates


@pytest.mark.parametrize(
    ("receipt", "estimated"),
    [
        (date(2027, 5, 5), False),
        (date(2027, 5, 6), True),
        (date(2027, 5, 13), True),
        (date(2027, 5, 15), True),
        (date(2027, 5, 16), False),
        (date(2027, 5, 17), False),
    ],
)
def test_term_across_an_estimated_day_says_so(receipt: date, *, estimated: bool) -> None:
    """Kurban Ait 2027 is estimated for Sunday 16 May: a term that crosses it is estimated, weekend or not."""
    assert count(receipt, 5, "day-after/1", FINAL).estimated is estimated


def test_term_that_ends_the_day_before_an_estimate_does_not_rest_on_it() -> None:
    """An estimated day counts from the day it stands on, not from the eve."""
    calendar = calendar_of([act({date(2027, 5, 19): "estimated-off"}, years=(2027,))])
    assert not count(date(2027, 5, 17), 1, "day-after/1", calendar).estimated
    assert count(date(2027, 5, 17), 2, "day-after/1", calendar).estimated


def test_safe_reading_that_starts_on_an_estimate_makes_the_term_estimated() -> None:
    """Received on the estimated day, the reading that counts from that day rests on it."""
    calendar = calendar_of([act({date(2027, 5, 19): "estimated-off"}, years=(2027,))])
    assert not count(date(2027, 5, 19), 5, "day-after/1", calendar).estimated
    assert count(date(2027, 5, 19), 5, "day-after/1", calendar, safe_policy="from-the-day/1").estimated


def test_estimate_ends_when_the_day_is_named() -> None:
    """Once an act names the day, the terms across it are certain."""
    before, after = calendar_of(ACTS, date(2025, 12, 30)), calendar_of(ACTS, date(2025, 12, 31))
    terms = [count(date(2026, 5, 26), 5, "day-after/1", calendar) for calendar in (before, after)]
    assert [(term.due, term.estimated) for term in terms] == [(date(2026, 6, 3), True), (date(2026, 6, 3), False)]


# Acts upon acts


def test_later_act_overrides_an_earlier_one_day_by_day() -> None:
    """What became known later holds for the days it names; the others stay as they were."""
    monday, tuesday = date(2026, 6, 1), date(2026, 6, 2)
    later = act({monday: "working"}, name="later", known_on=date(2026, 2, 1))
    earlier = act({monday: "moved-off", tuesday: "moved-off"}, (2026,), "earlier", date(2026, 1, 1))
    calendar = calendar_of([later, earlier])
    assert calendar.day(monday) == Day(date=monday, counted=True, why="later says so", act="later")
    assert calendar.day(tuesday) == Day(date=tuesday, counted=False, why="earlier says so", act="earlier")


def test_acts_of_the_same_day_apply_in_the_order_given() -> None:
    """Of two acts known on the same day the one given last holds."""
    monday = date(2026, 6, 1)
    off, working = act({monday: "off"}, (2026,), "off"), act({monday: "working"}, (2026,), "working")
    assert not calendar_of([working, off]).is_working(monday)
    assert calendar_of([off, working]).is_working(monday)


def test_calendar_does_not_change() -> None:
    """A calendar is a value: neither its fields nor its days can be set."""
    with pytest.raises(AttributeError):
        FINAL.years = frozenset()  # type: ignore[misc]
    with pytest.raises(TypeError):
        FINAL.named[date(2026, 6, 1)] = None  # type: ignore[index]
    assert calendar_of(ACTS) == FINAL
    assert hash(calendar_of(ACTS)) == hash(FINAL)


# Explanations


def test_explanation_names_each_day_with_its_act() -> None:
    """A term is explained day by day: counted or not, why, and by which act."""
    term = count(date(2022, 10, 20), 3, "day-after/1", FINAL)
    assert [(day.date.day, day.counted, day.act) for day in explain(term, FINAL)] == [
        (21, True, None),
        (22, True, "government-796-2022"),
        (23, False, None),
        (24, False, "government-796-2022"),
        (25, False, "law-of-autumn-2022"),
        (26, True, None),
    ]


def test_explanation_says_why() -> None:
    """A day that an act names gives the article, any other its day of the week."""
    term = count(date(2022, 10, 21), 1, "from-the-day/1", FINAL)
    assert [day.why for day in explain(term, FINAL)] == ["Friday, working day"]
    assert FINAL.day(date(2022, 10, 23)).why == "Sunday, day off"
    assert FINAL.day(date(2022, 10, 22)).why.startswith("Labour Code art. 85(3)")


# Days between, and the day of an instant


@pytest.mark.parametrize(
    ("after", "until", "days"),
    [
        (date(2026, 6, 1), date(2026, 6, 8), 5),
        (date(2026, 6, 5), date(2026, 6, 7), 0),
        (date(2026, 6, 1), date(2026, 6, 1), 0),
        (date(2026, 6, 8), date(2026, 6, 1), 0),
        (date(2021, 12, 31), date(2022, 1, 5), 1),
    ],
)
def test_working_days_between(after: date, until: date, days: int) -> None:
    """The working days after one day, up to and including another, are counted; backwards there are none."""
    assert working_days_between(after, until, FINAL) == days


def test_working_days_between_needs_every_year() -> None:
    """Working days are not counted across a year that is not loaded."""
    with pytest.raises(CalendarMissing, match="2028"):
        working_days_between(date(2027, 12, 31), date(2028, 1, 1), FINAL)


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2026, 7, 1, 23, 30, tzinfo=ZoneInfo("Europe/Zurich")), date(2026, 7, 2)),
        (datetime(2024, 2, 28, 17, 59, tzinfo=UTC), date(2024, 2, 28)),
        (datetime(2024, 2, 28, 18, 0, tzinfo=UTC), date(2024, 2, 29)),
        (datetime(2024, 2, 29, 18, 0, tzinfo=UTC), date(2024, 2, 29)),
        (datetime(2024, 3, 1, 18, 59, tzinfo=UTC), date(2024, 3, 1)),
        (datetime(2024, 3, 1, 19, 0, tzinfo=UTC), date(2024, 3, 2)),
    ],
)
def test_day_of_an_instant_in_kazakhstan(instant: datetime, day: date) -> None:
    """An instant's day is Kazakhstan's: UTC+6 until the end of February 2024, UTC+5 after."""
    assert day_in_kazakhstan(instant) == day


def test_instant_without_a_zone_is_refused() -> None:
    """A time without its zone is no instant."""
    with pytest.raises(ValueError, match="needs its time zone"):
        day_in_kazakhstan(datetime(2026, 7, 1, 23, 30))  # noqa: DTZ001 - the point of the test


# A slow and simple count to hold the fast one against

KINDS: tuple[DayKind, ...] = ("working", "off", "public-holiday", "substitute", "moved-off", "estimated-off")
SPAN = st.dates(date(2022, 11, 1), date(2025, 2, 28))


@st.composite
def some_acts(draw: st.DrawFn) -> list[CalendarAct]:
    """Draw acts in any order that name days around two turns of the year and load some of the years."""
    years = st.lists(st.sampled_from([2022, 2023, 2024, 2025]), unique=True).map(tuple)
    days = st.dictionaries(SPAN, st.sampled_from(KINDS), max_size=30)
    known = st.dates(date(2022, 1, 1), date(2022, 1, 5))
    made = draw(st.lists(st.tuples(days, years, known), max_size=5))
    named = [act(days, years, f"act-{number}", known_on) for number, (days, years, known_on) in enumerate(made)]
    return [*named, act(years=draw(st.sampled_from([(), (2023,), (2022, 2023, 2024, 2025)])), name="plain")]


def kind_of(day: date, acts: Sequence[CalendarAct], known_on: date | None) -> str | None:
    """Ask every act in turn what it makes of a day; None: no act loads its year."""
    known = [each for each in acts if known_on is None or each.known_on <= known_on]
    if not any(day.year in each.years for each in known):
        return None
    kind = "working" if day.isoweekday() <= 5 else "off"
    for moment in sorted({each.known_on for each in known}):
        for each in known:
            for named in each.days:
                if each.known_on == moment and named.day == day:
                    kind = named.becomes
    return kind


def walk(first: date, working_days: int, acts: Sequence[CalendarAct], known_on: date | None) -> dict[date, str | None]:
    """Walk day by day until enough working days are behind, or a day's year is not loaded."""
    walked: dict[date, str | None] = {}
    day = first
    while None not in walked.values() and list(walked.values()).count("working") < working_days:
        walked[day] = kind_of(day, acts, known_on)
        day += ONE_DAY
    return walked


def acts_naming(days: Sequence[date], acts: Sequence[CalendarAct], known_on: date | None) -> tuple[str, ...]:
    """Name the act that is the last to say something of each day, in the order of the days."""
    known = sorted((each for each in acts if known_on is None or each.known_on <= known_on), key=lambda a: a.known_on)
    last = {named.day: each.act for each in known for named in each.days}
    return tuple(dict.fromkeys(last[day] for day in days if day in last))


@given(
    acts=some_acts(),
    known_on=st.none() | st.dates(date(2022, 1, 1), date(2022, 1, 5)),
    start=SPAN,
    working_days=st.integers(1, 15),
    policy=st.sampled_from(["day-after/1", "from-the-day/1"]),
)
def test_counts_as_a_walk_day_by_day_does(
    acts: list[CalendarAct], known_on: date | None, start: date, working_days: int, policy: str
) -> None:
    """On any calendar, as known on any day, a term's end, estimate, explanation and refusal are a plain walk's."""
    calendar = calendar_of(acts, known_on)
    first = start + ONE_DAY if policy == "day-after/1" else start
    walked = walk(first, working_days, acts, known_on)
    if None in walked.values():
        with pytest.raises(CalendarMissing) as missing:
            count(start, working_days, policy, calendar)
        assert missing.value.year == max(walked).year
        return
    term = count(start, working_days, policy, calendar)
    assert term == Term(
        start=start,
        working_days=working_days,
        policy=policy,
        due=max(walked),
        estimated="estimated-off" in walked.values(),
        acts=acts_naming(list(walked), acts, known_on),
        known_on=known_on,
    )
    assert {day.date: day.counted for day in explain(term, calendar)} == {
        day: kind == "working" for day, kind in walked.items()
    }
    assert working_days_between(first - ONE_DAY, term.due, calendar) == working_days


@given(acts=some_acts(), start=SPAN, working_days=st.integers(1, 15))
def test_safe_date_is_never_later_and_at_most_one_working_day_earlier(
    acts: list[CalendarAct], start: date, working_days: int
) -> None:
    """The safe date is one working day before the due date, and absent for a start on a day off."""
    calendar = calendar_of([*acts, act(years=(2022, 2023, 2024, 2025), name="all years")])
    term = count(start, working_days, "day-after/1", calendar, safe_policy="from-the-day/1")
    if calendar.is_working(start):
        assert term.safe is not None
        assert working_days_between(term.safe, term.due, calendar) == 1
    else:
        assert term.safe is None
