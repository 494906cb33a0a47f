"""The wiring of *deadlines*: the clock on the wall, the calendar of the log, the rule table, the reconciler."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import cast

from jauap.clock import on_trial
from jauap.domain.case import CALENDAR, Case
from jauap.domain.commands import BY_SERVICE, DeadlinesCommand
from jauap.domain.events import CalendarActReceived, Event
from jauap.domain.facts import Value
from jauap.domain.rules import NEAR, RULES, Rule, with_receipt
from jauap.domain.workdays import Calendars, day_in_kazakhstan
from jauap.messaging import service
from jauap.messaging.service import ClockApart
from jauap.messaging.watched import Watched
from jauap.process import Life
from jauap.settings import Settings
from jauap.surroundings import shipped_rules
from services.deadlines.decide import decide
from services.deadlines.reconcile import reconcile

NAME = "deadlines"
APART = timedelta(minutes=5)


class Reconciler:
    """The decider of *deadlines*: what it is commanded to record is what became of its alerts."""

    name = NAME
    reconciles = True
    watches = CALENDAR
    commands: Mapping[str, type[Value]] = {kind.__name__: kind for kind in BY_SERVICE[NAME]}

    def __init__(self, rules: Sequence[Rule] = RULES, near: Sequence[int] = NEAR) -> None:
        """Start without a calendar: it is read from the log."""
        self._rules, self._near = rules, near
        self._watched: Watched | None = None
        self._calendars = Calendars(())
        self._made_of: Case | None = None

    def watch(self, watched: Watched) -> None:
        """Take the calendar's case, which every instance reads whole."""
        self._watched = watched

    def decide(self, case: Case, command: Value, now: datetime) -> Event:
        """The event that records what became of an alert; mending is the loop's."""
        return decide(case, cast("DeadlinesCommand", command), day_in_kazakhstan(now))

    def reconcile(self, case: Case, now: datetime) -> Event | None:
        """The first step that brings clocks and findings up to date on this day in Kazakhstan."""
        steps = reconcile(case, self.calendars, self._rules, day_in_kazakhstan(now), self._near)
        return steps[0] if steps else None

    def period(self, now: datetime) -> date:
        """The day in Kazakhstan: with a new one, every case is looked at again."""
        return day_in_kazakhstan(now)

    @property
    def calendars(self) -> Calendars:
        """The acts on record, as far as they are read."""
        track = self._watched.track if self._watched else None
        if track is not None and track.case is not self._made_of:
            acts = (act for _, act in track.case.intake.of(CalendarActReceived))
            self._calendars = Calendars(acts, track.case.intake.last)
            self._made_of = track.case
        return self._calendars

    def check_clock(self, appended: datetime, now: datetime) -> None:
        """Stop with an alarm when the wall's clock and the broker's are apart: a clock decides what is missed."""
        if not on_trial() and abs(now - appended) > APART:
            raise ClockApart(f"the clock here says {now}, the broker's append time {appended}; set the clocks")


def make(given: Settings) -> Reconciler:
    """Build the decider of this service."""
    return Reconciler(with_receipt(shipped_rules(), given.receipt.policy, given.receipt.since), given.near)


def run(life: Life) -> None:
    """Run it until told to stop."""
    service.run(make, life)
