"""A breach: one way in which what is on record falls short, whatever the kind of case."""

from datetime import date

from jauap.domain.facts import Value
from services.deadlines.grounds import Met


class Breach(Value, frozen=True, kw_only=True):
    """One way in which what is on record falls short of a paragraph."""

    about: str
    """What the finding is about: a clock or a record, and a body if there may be one for each."""
    paragraph: str | None
    """None: practice."""
    on: date
    """The fact's own day: the rules of the decree judge none from before it."""
    basis: str
    expected: str
    found: str
    body: str | None = None
    cured: Met | None = None
    """What was missing was done late, by this record."""
