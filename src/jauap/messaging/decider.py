"""What the loop asks of a service: how it decides, and whether its cases call for events by themselves."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from jauap.domain.case import Case
from jauap.domain.events import Event
from jauap.domain.facts import Value
from jauap.messaging.watched import Watched


class Decider(Protocol):
    """What a service decides. `now` is the instant of the decision, UTC; everything else is on record."""

    @property
    def name(self) -> str:
        """The service's name."""

    @property
    def commands(self) -> Mapping[str, type[Value]]:
        """Its commands by name."""

    @property
    def reconciles(self) -> bool:
        """Whether cases call for events by themselves (*deadlines*), not only on command."""

    @property
    def watches(self) -> str | None:
        """A case of intake's that every instance reads whole, such as the calendar; None: none."""

    def watch(self, watched: Watched) -> None:
        """Take the watched case."""

    def check_clock(self, appended: datetime, now: datetime) -> None:
        """Compare the broker's append time of an own record with the instant at which it was read back.

        Raises if the service must not go on with such a clock.
        """

    def decide(self, case: Case, command: Value, now: datetime) -> Event:
        """The event that a command makes. Raises Refusal."""

    def reconcile(self, case: Case, now: datetime) -> Event | None:
        """The next event that the case calls for by itself; None: there is none."""

    def period(self, now: datetime) -> object:
        """Something that changes when every case must be reconciled again, such as the day."""
