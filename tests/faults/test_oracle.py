"""The oracle's days, held to the worked answers of the calendar."""

from datetime import date

import pytest

from tests.faults.oracle import last_day

WORKED = [
    ((2022, 1, 25), (2022, 2, 1), (2022, 2, 8)),
    ((2022, 2, 28), (2022, 3, 5), (2022, 3, 15)),
    ((2022, 12, 30), (2023, 1, 10), (2023, 1, 17)),
    ((2023, 6, 23), (2023, 7, 1), (2023, 7, 11)),
    ((2024, 4, 30), (2024, 5, 10), (2024, 5, 17)),
    ((2025, 1, 3), (2025, 1, 10), (2025, 1, 17)),
    ((2026, 5, 26), (2026, 6, 3), (2026, 6, 10)),
    ((2026, 8, 24), (2026, 8, 31), (2026, 9, 7)),
]


@pytest.mark.parametrize(("start", "five", "ten"), WORKED)
def test_terms_end_as_counted_by_hand(
    start: tuple[int, int, int], five: tuple[int, int, int], ten: tuple[int, int, int]
) -> None:
    """Five and ten working days after a day, across holidays, substitutes and working Saturdays."""
    assert last_day(date(*start), 5) == date(*five)
    assert last_day(date(*start), 10) == date(*ten)


def test_counted_from_the_day_a_term_ends_one_working_day_earlier() -> None:
    """A day of receipt that is a working day is day 1; one that is not changes nothing."""
    assert last_day(date(2026, 5, 26), 5, that_day_counts=True) == date(2026, 6, 2)
    assert last_day(date(2025, 1, 3), 5, that_day_counts=True) == date(2025, 1, 10)
