"""The wiring of *routing*: its commands, its decisions, its surroundings."""

from datetime import datetime
from typing import cast

from jauap.domain.case import Case
from jauap.domain.commands import BY_SERVICE, RoutingCommand
from jauap.domain.events import Event
from jauap.domain.facts import Value
from jauap.messaging import service
from jauap.messaging.service import OnCommand
from jauap.process import Life
from jauap.settings import Settings
from jauap.surroundings import Surroundings
from services.routing.decide import decide

NAME = "routing"


def make(given: Settings) -> OnCommand:
    """Build the decider of this service."""
    surroundings = Surroundings(given)

    def decided(case: Case, command: Value, now: datetime) -> Event:
        return decide(case, cast("RoutingCommand", command), surroundings.of(command, now))

    return OnCommand(NAME, {kind.__name__: kind for kind in BY_SERVICE[NAME]}, decided)


def run(life: Life) -> None:
    """Run it until told to stop."""
    service.run(make, life)
