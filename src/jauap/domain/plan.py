"""The plan backwards from the date stated for the response: the last day of each step before it, so that it is kept.

The decree says in what order the steps come (14-7(1), 14-7(2), 14-6, 14-8(1)) and not how long they take: the lead
times are practice, a table with a name and a version.
"""

from collections.abc import Mapping
from datetime import date, timedelta

from jauap.domain.facts import Value
from jauap.domain.workdays import SATURDAY, Calendar, Day, days_between, working_day_back


class Step(Value, frozen=True, kw_only=True):
    """A step on the way to the response."""

    name: str
    paragraph: str | None
    """The paragraph that asks for it; None: practice."""
    what: str
    lead: int
    """Working days from it to the next step (practice); of the last step, to the stated date."""


class Planned(Value, frozen=True, kw_only=True):
    """The last working day on which a step may be taken, in Kazakhstan."""

    step: Step
    by: date
    estimated: bool
    """A day between it and the stated date is only estimated: plan for a day less."""
    days_off: tuple[Day, ...]
    """Weekdays off from it to the next step, or to the stated date, and why."""


PLANS: Mapping[str, tuple[Step, ...]] = {
    "plan/1": (
        Step(name="information", paragraph="14-7(1)", what="The bodies' information is in", lead=3),
        Step(name="meeting", paragraph="14-7(2)", what="The meeting on the draft is held", lead=3),
        Step(name="draft", paragraph="14-6", what="The draft response is made", lead=3),
        Step(name="signature", paragraph="14-8(1)", what="The first head signs the response", lead=1),
        Step(name="sending", paragraph="14-8(1)", what="The response is sent through diplomatic channels", lead=0),
    )
}
"""Plans by name and version. A released one never changes; other lead times are a new version."""
PLAN = "plan/1"


def backwards(stated: date, calendar: Calendar, plan: str = PLAN) -> tuple[Planned, ...]:
    """Plan the steps before a stated date, the first one first.

    The last step is on the stated date, or on the last working day before it if that is a day off: the date itself
    does not move. Raises `CalendarMissing` where a day on the way is in a year that is not loaded, and KeyError.
    """
    planned: list[Planned] = []
    end, following = stated, stated
    for step in reversed(PLANS[plan]):
        end = working_day_back(end, step.lead, calendar)
        planned.append(
            Planned(
                step=step,
                by=end,
                estimated=calendar.rests_on_estimate(end, stated),
                days_off=_weekdays_off(end, following, calendar),
            )
        )
        following = end
    return tuple(reversed(planned))


def _weekdays_off(first: date, last: date, calendar: Calendar) -> tuple[Day, ...]:
    """Give the days from Monday to Friday after one day, up to and including another, that are off."""
    days = (calendar.day(day) for day in days_between(first + timedelta(days=1), last) if day.weekday() < SATURDAY)
    return tuple(day for day in days if not day.counted)
