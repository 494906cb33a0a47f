"""What a decision is given besides the case, gathered at the edge: the day, the bodies, the documents' state."""

from datetime import datetime
from functools import cache
from importlib.resources import files

from jauap.documents import open_store
from jauap.domain.checks import Context
from jauap.domain.facts import CalendarAct, Value
from jauap.domain.rules import RULES, Rule
from jauap.domain.treaties import Treaties, parse_treaties, rules_of
from jauap.domain.workdays import day_in_kazakhstan, parse_acts
from jauap.settings import Settings, bodies_of


def shipped_acts() -> tuple[CalendarAct, ...]:
    """The calendar acts that ship with this release, in the order in which they became known."""
    return parse_acts(files("jauap.domain").joinpath("calendar_acts.json").read_bytes())


def shipped_treaties() -> Treaties:
    """The treaties, terms and addressees that ship with this release: `jauap/domain/treaties.json`."""
    return parse_treaties(files("jauap.domain").joinpath("treaties.json").read_bytes())


@cache
def shipped_rules() -> tuple[Rule, ...]:
    """The rule table of this release: the decree's rows, and those of the treaties that bind (14-11)."""
    return (*RULES, *rules_of(shipped_treaties()))


class Surroundings:
    """The deployment around a service's decisions."""

    def __init__(self, given: Settings) -> None:
        """Read the treaties once; bodies and documents are looked up for each command. Raises WrongSetting."""
        self._state = given.state
        self._bodies = bodies_of(given.bodies)
        self._treaties = shipped_treaties()
        self._documents = open_store(given.documents)

    def of(self, command: Value, now: datetime) -> Context:
        """The context in which a command is decided at an instant (UTC)."""
        named = getattr(command, "documents", None) or ()
        return Context(
            today=day_in_kazakhstan(now),
            state=self._state,
            bodies=self._bodies.codes(),
            treaties=self._treaties,
            documents={document.sha256: self._documents.state(document.sha256, document.size) for document in named},
        )
