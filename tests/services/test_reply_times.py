"""Real replies around day 60: a term of sixty calendar days runs from the letter's own date, and nothing moves it.

Letters and replies as OHCHR's and rapporteurs' pages have them (freeassembly.net, pages on Kazakhstan, Kyrgyzstan,
Egypt, Tunisia and North Africa). They are older than the decree, whose row of 14-8(1) is taken as if in force then.
"""

from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from jauap.domain.case import stated_due
from jauap.domain.rules import RULES
from services.deadlines.clocks import wanted_clocks
from tests.builders import a_communication, a_response, given
from tests.services.deadline_runs import shipped

ROWS = [replace(rule, in_force_from=date(2000, 1, 1)) for rule in RULES if rule.clock == "14-8(1)"]


@pytest.mark.parametrize(
    ("reference", "sent", "replied", "days", "late"),
    [
        ("MAR 2/2011", "2011-05-31", "2011-07-29", 59, False),
        ("EGY 12/2011", "2011-11-17", "2012-01-17", 61, True),
        ("TUN 1/2012", "2012-04-20", "2012-06-21", 62, True),
        ("KAZ 2/2011", "2011-07-28", "2011-09-17", 51, False),
        ("KGZ 2/2013", "2013-09-30", "2013-11-22", 53, False),
    ],
)
def test_a_real_reply_is_in_time_until_day_sixty(
    reference: str, sent: str, replied: str, days: int, *, late: bool
) -> None:
    """A reply on day 59 met the term, one on day 61 or 62 came late; the day of sending counts, not of arrival."""
    letter_date, reply = date.fromisoformat(sent), date.fromisoformat(replied)
    assert (reply - letter_date).days == days
    letter = a_communication(
        reference=reference, state=reference[:3], letter_date=letter_date, received_on=letter_date, reply_within_days=60
    )
    clock = wanted_clocks(given(letter, a_response(sent_on=reply)), shipped(), ROWS, reply)["14-8(1)"]
    assert clock.due == letter_date + timedelta(days=60)
    assert (clock.met_on, clock.missed) == (reply, late)


def test_day_sixty_over_a_leap_day() -> None:
    """KAZ 5/2011 of 13 January 2012: day 60 is 13 March, over 29 February."""
    letter = a_communication(letter_date=date(2012, 1, 13), received_on=date(2012, 1, 13), reply_within_days=60)
    assert stated_due(letter) == date(2012, 3, 13)
