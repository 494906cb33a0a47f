"""Treaties as data: what binds from when, which term applies, and months that end."""

from datetime import date
from importlib.resources import files

import msgspec
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from jauap.domain.bodies import parse_bodies
from jauap.domain.rules import Rule, rule_for
from jauap.domain.treaties import (
    Default,
    Instrument,
    Treaties,
    WordLimit,
    default_clock,
    own_instrument,
    parse_treaties,
    rules_of,
    stated_clock,
    words_at_most,
)
from jauap.domain.workdays import TERM_ENDS, days_after, months_after
from jauap.surroundings import shipped_treaties

SHIPPED = shipped_treaties()
RULES = rules_of(SHIPPED)

# Months


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2026-05-27", 6, "2026-11-27"),
        ("2026-01-31", 1, "2026-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2026-08-31", 6, "2027-02-28"),
        ("2027-08-31", 6, "2028-02-29"),
        ("2026-10-31", 1, "2026-11-30"),
        ("2026-12-31", 2, "2027-02-28"),
        ("2026-07-31", 5, "2026-12-31"),
        ("2026-11-30", 3, "2027-02-28"),
        ("2028-02-29", 12, "2029-02-28"),
        ("2028-02-29", 48, "2032-02-29"),
        ("2026-02-28", 12, "2027-02-28"),
        ("2027-02-28", 12, "2028-02-28"),
        ("2026-12-15", 1, "2027-01-15"),
    ],
)
def test_months_end_on_the_same_day_number_or_the_last_day(start: str, months: int, end: str) -> None:
    """Over year ends, short months and 29 February; a Sunday is an end like another: nothing moves."""
    assert months_after(date.fromisoformat(start), months) == date.fromisoformat(end)


@for_all(st.dates(date(2000, 1, 1), date(2100, 12, 31)), st.integers(0, 60), st.integers(0, 60))
def test_months_keep_their_order(start: date, some: int, more: int) -> None:
    """The end is in the right month, at most the start's day number, and never earlier for a longer term."""
    end = months_after(start, some)
    assert (end.year * 12 + end.month) - (start.year * 12 + start.month) == some
    assert end.day <= start.day
    assert months_after(start, some + more) >= end


def test_calendar_days_count_every_day() -> None:
    """The day after is the first; days off count; the term ends there."""
    assert days_after(date(2026, 12, 20), 14) == date(2027, 1, 3)
    assert days_after(date(2028, 2, 15), 14) == date(2028, 2, 29)


# The data that ships


def test_every_treaty_body_is_there() -> None:
    """The ten of the UN's human-rights treaties, also the one whose treaty does not bind."""
    assert {one.treaty_body for one in SHIPPED.instruments} == {
        "CCPR", "CESCR", "CERD", "CEDAW", "CAT", "SPT", "CRC", "CMW", "CRPD", "CED",
    }  # fmt: skip


def test_what_is_verified_has_its_source_and_what_is_not_has_none() -> None:
    """Nothing is called verified without saying where it stands."""
    rows: list[Instrument | Default | WordLimit] = [*SHIPPED.instruments, *SHIPPED.defaults, *SHIPPED.word_limits]
    for row in rows:
        assert row.verified == (row.source is not None), row


def test_the_addressees_are_bodies_and_the_mfa_may_be_one() -> None:
    """14-11: central executive bodies, and those directly subordinate and accountable to the President."""
    kinds = {body.code: body.kind for body in parse_bodies(files("jauap.domain").joinpath("bodies.json").read_bytes())}
    assert {kinds[code] for code in SHIPPED.addressees} == {"ministry", "presidential"}
    assert "MFA" in SHIPPED.addressees


@pytest.mark.parametrize(
    ("instrument", "procedure", "term"),
    [
        ("ICCPR-OP1", "individual-communication", (6, "months")),
        ("CAT-22", "individual-communication", (6, "months")),
        ("CRPD-OP", "individual-communication", (6, "months")),
        ("ICERD-14", "individual-communication", (3, "months")),
        ("CAT", "follow-up", (12, "months")),
        ("ICERD", "follow-up", (12, "months")),
        ("CED", "follow-up", (12, "months")),
        ("CEDAW", "follow-up", (24, "months")),
        ("ICCPR", "follow-up", (36, "months")),
        ("CEDAW-OP", "views", (6, "months")),
        ("CRPD-OP", "views", (6, "months")),
        ("CEDAW-OP", "inquiry", (6, "months")),
        ("CRPD-OP", "inquiry", (6, "months")),
        ("CED", "urgent-action", (14, "calendar-days")),
        ("OPCAT", "visit-report", (6, "months")),
    ],
)
def test_terms_where_the_document_states_none(instrument: str, procedure: str, term: tuple[int, str]) -> None:
    """The defaults, each with its policy by name and version."""
    rule = rule_for(default_clock(instrument, procedure), date(2026, 6, 1), RULES)
    assert rule is not None
    assert (rule.count, rule.unit) == term
    assert rule.policy in TERM_ENDS
    assert rule.treaty_rule


@pytest.mark.parametrize("code", ["ICRMW", "ICESCR-OP", "CED-31"])
def test_what_does_not_bind_has_no_rule(code: str) -> None:
    """Neither for a stated date nor for a default."""
    assert not [rule for rule in RULES if rule.clock.startswith(f"14-11/{code}/")]


@pytest.mark.parametrize(("procedure", "words"), [("list-of-issues", 10700), ("state-report", 21200)])
def test_word_limits_of_the_crc(procedure: str, words: int) -> None:
    """Practice, not verified; other treaty bodies have none listed."""
    assert words_at_most(SHIPPED, "CRC", procedure) == words
    assert words_at_most(SHIPPED, "CAT", procedure) is None


def test_a_body_s_own_instrument() -> None:
    """The first listed that gives the procedure: reports under the treaty, communications under the protocol."""
    codes = {
        pair: own_instrument(SHIPPED, *pair)
        for pair in [("CRC", "state-report"), ("CRC", "views"), ("SPT", "visit-report"), ("SPT", "views")]
    }
    assert {pair: None if one is None else one.code for pair, one in codes.items()} == {
        ("CRC", "state-report"): "CRC",
        ("CRC", "views"): "CRC-OPIC",
        ("SPT", "visit-report"): "OPCAT",
        ("SPT", "views"): None,
    }


# Rows of the rule table

BINDS = date(2024, 3, 1)


def rules(verified: bool = True, basis: str = "treaty", **changes: object) -> tuple[Rule, ...]:  # noqa: FBT001, FBT002
    """The rows of one protocol that binds from 1 March 2024, with one default of six months."""
    protocol = Instrument(
        code="P", title="P", treaty_body="CAT", procedures=("views",), binds_from=BINDS, verified=True, source="Here"
    )
    default = msgspec.convert(
        {
            "instrument": "P", "procedure": "views", "count": 6, "unit": "months", "rule": "art. 1", "basis": basis,
            "version": "1", "verified": verified,
        },
        Default,
    )  # fmt: skip
    protocol = msgspec.structs.replace(protocol, **changes)
    return rules_of(Treaties(version="1", instruments=(protocol,), defaults=(default,)))


def test_a_row_is_in_force_from_the_day_on_which_it_binds() -> None:
    """The day before there is no row, and so no clock; that the decree came later does not matter."""
    for clock in (stated_clock("P"), default_clock("P", "views")):
        assert rule_for(clock, date(2024, 2, 29), rules()) is None
        assert rule_for(clock, BINDS, rules()) is not None
        assert rule_for(clock, date(1998, 9, 24), rules(binds_from=date(1998, 9, 25))) is None
        assert rule_for(clock, date(1998, 9, 25), rules(binds_from=date(1998, 9, 25))) is not None


@pytest.mark.parametrize(
    ("changes", "paragraphs", "verified"),
    [
        ({}, ("14-11", "14-11"), (True, True)),
        ({"basis": "practice"}, ("14-11", None), (True, True)),
        ({"verified": False}, ("14-11", None), (True, False)),
        ({"source": None}, ("14-11", "14-11"), (True, True)),
    ],
)
def test_a_paragraph_is_cited_for_what_a_verified_treaty_rule_says(
    changes: dict[str, object], paragraphs: tuple[str | None, ...], verified: tuple[bool, ...]
) -> None:
    """14-11 refers to the treaties' rules: what is only usual, or was not verified, has no paragraph."""
    rows = rules(**changes)  # type: ignore[arg-type]
    assert tuple(rule.paragraph for rule in rows) == paragraphs
    assert tuple(rule.verified for rule in rows) == verified


def test_an_uncertain_day_makes_its_rows_uncertain_unless_it_lies_before_the_decree() -> None:
    """Whether it binds on the day is then what was not verified; of an old treaty only the old day is uncertain."""
    protocol = {"code": "P", "title": "P", "treaty_body": "CAT", "procedures": ("views",)}
    for binds, known in ((date(2023, 6, 7), False), (date(1998, 9, 25), True)):
        instrument = Instrument(**protocol, binds_from=binds)  # type: ignore[arg-type]
        (row,) = rules_of(Treaties(version="1", instruments=(instrument,)))
        assert (row.verified, row.paragraph) == (known, "14-11" if known else None)


def test_rows_have_names_of_their_own() -> None:
    """No name stands twice, in what ships."""
    assert len({rule.row for rule in RULES}) == len(RULES)


def test_data_that_contradicts_itself_is_not_taken() -> None:
    """A code that stands twice, or a term under an instrument that does not give the procedure."""
    twice = msgspec.structs.replace(SHIPPED, instruments=SHIPPED.instruments * 2)
    lost = msgspec.structs.replace(SHIPPED, instruments=())
    for wrong, match in ((twice, "a code names one instrument"), (lost, "no instrument ICCPR-OP1")):
        with pytest.raises(ValueError, match=match):
            parse_treaties(msgspec.json.encode(wrong))
