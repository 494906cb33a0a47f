"""A case id is made from what identifies the case."""

import re

import msgspec
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from jauap.domain import case_ids
from jauap.domain.case import CALENDAR
from tests.builders import a_communication

ANY_REFERENCE = st.from_regex(r"[A-Z]{3} [1-9][0-9]{0,3}/[0-9]{4}", fullmatch=True)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("AL KAZ 3/2026", ("AL", "KAZ 3/2026")),
        ("JUA KAZ 2/2011", ("JUA", "KAZ 2/2011")),
        ("KAZ 3/2026", (None, "KAZ 3/2026")),
        ("  AL   KAZ\t3/2026 ", ("AL", "KAZ 3/2026")),
        ("OTH 160/2025", (None, "OTH 160/2025")),
    ],
)
def test_a_reference_is_split_from_its_type(text: str, parts: tuple[str | None, str]) -> None:
    """The type stands before the reference, or is absent; spaces do not matter."""
    assert case_ids.parse_reference(text) == parts


@pytest.mark.parametrize(
    "text", ["KAZ", "KAZ 3", "KAZ 03/2026", "KAZ 0/2026", "kaz 3/2026", "XX KAZ 3/2026", "KAZ 3/26"]
)
def test_what_is_no_reference_is_told_apart(text: str) -> None:
    """A text that is no UN reference is not guessed at."""
    with pytest.raises(ValueError, match=re.escape(text)):
        case_ids.parse_reference(text)


@for_all(ANY_REFERENCE, st.sampled_from(["", "AL ", "UA ", "JAL "]))
def test_the_type_does_not_change_the_case(reference: str, kind: str) -> None:
    """The number runs per country and year across all types, so a letter's type is no part of its case id."""
    case_id = case_ids.of_reference(case_ids.parse_reference(kind + reference)[1])
    assert case_id == case_ids.of_reference(reference)
    assert re.fullmatch(r"[A-Z]{3}-[0-9]+-[0-9]{4}", case_id)


@for_all(ANY_REFERENCE, ANY_REFERENCE)
def test_two_references_make_two_cases(one: str, other: str) -> None:
    """Two different references never share a case id."""
    assert (case_ids.of_reference(one) == case_ids.of_reference(other)) == (one == other)


@pytest.mark.parametrize(
    "number", ["03-12/1734-и", "03-12/1734-И", " 03 - 12 / 1734 - и ", "№ 03-12/1734-и", "№03-12/1734-I"]
)
def test_one_registry_number_written_in_several_ways_makes_one_case(number: str) -> None:
    """Case, spaces, punctuation, the sign № and the alphabet of a letter do not make another case."""
    assert case_ids.of_registry_number(number) == "MFA-03-12-1734-I"


@pytest.mark.parametrize(
    ("number", "case_id"),
    [("Ш-5", "MFA-SH-5"), ("қ/7", "MFA-K-7"), ("1", "MFA-1"), ("12ь", "MFA-12"), ("и\u0306", "MFA-I")],
)
def test_letters_are_written_in_latin(number: str, case_id: str) -> None:
    """Kazakh and Russian letters become Latin ones by the stated table, composed or not."""
    assert case_ids.of_registry_number(number) == case_id


@pytest.mark.parametrize("number", ["-", "№", "/ /", "ь", "漢", "1" * 61])
def test_a_number_that_leaves_nothing_or_is_too_long_makes_no_case(number: str) -> None:
    """A registry number without a letter or digit, or longer than a case id may be, is not cut or guessed at."""
    with pytest.raises(ValueError, match=re.escape(number)):
        case_ids.of_registry_number(number)


@for_all(st.text(min_size=1, max_size=64))
def test_any_registry_number_makes_a_valid_id_or_none(number: str) -> None:
    """Whatever is typed, the id fits the pattern, is no calendar, and normalising it again changes nothing."""
    try:
        case_id = case_ids.of_registry_number(number)
    except ValueError:
        return
    assert re.fullmatch(r"[A-Z0-9-]{1,64}", case_id)
    assert case_id != CALENDAR
    assert case_ids.of_registry_number(case_id.removeprefix("MFA-")) == case_id


def test_the_reference_comes_before_the_registry_number() -> None:
    """A letter with both is filed under its UN reference; with neither it has no id."""
    letter = a_communication(reference="KAZ 3/2026", registry_number="12")
    assert case_ids.of_communication(letter) == "KAZ-3-2026"
    assert case_ids.of_communication(msgspec.structs.replace(letter, reference=None)) == "MFA-12"
    assert case_ids.of_communication(msgspec.structs.replace(letter, reference=None, registry_number=None)) is None


def test_a_visit_s_number_makes_its_id() -> None:
    """The MFA's number of the paper that opens it, normalised, after VISIT-: no communication has such an id."""
    assert case_ids.of_visit("№ 03-12/1734-и") == "VISIT-03-12-1734-I"
    assert case_ids.of_registry_number("VISIT-7") == "MFA-VISIT-7"
    for unusable in ("№", "7" * 60):
        with pytest.raises(ValueError, match=unusable):
            case_ids.of_visit(unusable)


@pytest.mark.parametrize(
    ("body", "reference", "number", "case_id"),
    [
        ("CCPR", "3012/2018", "03-9/312", "TB-CCPR-3012-2018"),
        ("CCPR", "CCPR/C/KAZ/Q/3", None, "TB-CCPR-C-KAZ-Q-3"),
        ("SPT", "CAT/OP/KAZ/1", None, "TB-SPT-CAT-OP-KAZ-1"),
        ("CAT", None, "№ 03-9/312-и", "TB-CAT-MFA-03-9-312-I"),
        ("CAT", None, None, None),
    ],
)
def test_a_treaty_body_s_number_makes_the_id_of_its_procedure(
    body: str, reference: str | None, number: str | None, case_id: str | None
) -> None:
    """The UN's number or symbol, without the body's name twice; else the MFA's; each body has numbers of its own."""
    assert case_ids.of_treaty_procedure(body, reference, number) == case_id


def test_a_number_without_a_letter_or_digit_makes_no_id() -> None:
    """Nothing is left that would tell one procedure from another."""
    with pytest.raises(ValueError, match="№"):
        case_ids.of_treaty_procedure("CCPR", "№", None)


@pytest.mark.parametrize(
    ("case_id", "kind"),
    [
        (CALENDAR, "calendar"),
        ("KAZ-3-2026", "communication"),
        ("MFA-03-12-1734-I", "communication"),
        ("VISIT-03-12-1734-I", "visit"),
        ("TB-CCPR-3012-2018", "treaty-procedure"),
    ],
)
def test_the_id_tells_the_kind_of_case(case_id: str, kind: str) -> None:
    """What a case is about follows from its id, whatever is on record."""
    assert case_ids.kind(case_id) == kind
