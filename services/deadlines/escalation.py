"""Alerts that nobody takes notice of go to the next level: practice, in the service of every paragraph's term."""

from collections.abc import Iterator
from datetime import date, timedelta

from jauap.domain.alerts import Alert
from jauap.domain.case import Case
from jauap.domain.events import AlertEscalated
from jauap.domain.workdays import Calendar, CalendarMissing, count

NOTICE_WORKING_DAYS = 1
"""So many whole working days after the day on which they were told, people have to take notice of an alert."""
HIGHEST = 100


def escalations(case: Case, calendar: Calendar, today: date) -> Iterator[AlertEscalated]:
    """Give the alerts that go to the next level on a day in Kazakhstan. Level-triggered: a late look gives the same.

    The time runs from the first attempt to tell those of the present level, failed or not: who can't be reached
    takes no notice. Where a level has nobody to be told, the alert stays there.
    """
    for alert in case.deadlines.alerts.values():
        told_on = None if alert.acknowledged_by else alert.told_on(alert.level)
        if told_on is not None and alert.level < HIGHEST and today > last_day(told_on, calendar):
            yield _escalated(alert, told_on)


def last_day(told_on: date, calendar: Calendar) -> date:
    """The last day on which notice is in time.

    Where the calendar is missing, which an alert may be about, as many days with a weekend more.
    """
    try:
        return count(told_on, NOTICE_WORKING_DAYS, "day-after/1", calendar).due
    except CalendarMissing:
        return told_on + timedelta(days=NOTICE_WORKING_DAYS + 2)


def _escalated(alert: Alert, told_on: date) -> AlertEscalated:
    return AlertEscalated(alert=alert.sequence, clock=alert.clock, level=alert.level + 1, told_on=told_on)
