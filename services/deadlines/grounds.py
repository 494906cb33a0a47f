"""What a clock rests on, how its term ends, and what met it: the values that the clocks of every kind of case give."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from jauap.domain.facts import Communication, Value


class Moment(NamedTuple):
    """The day of a fact, in Kazakhstan, and its sequence in its service's chain. The earlier day sorts first."""

    on: date
    sequence: int


class Met(NamedTuple):
    """What met a clock: the day of the fact, and its record as service and sequence."""

    on: date
    by: str


class End(NamedTuple):
    """How a term ends. A due date of None has its reason in `absent`."""

    due: date | None
    safe: date | None = None
    estimated: bool = False
    absent: str | None = None
    acts: tuple[str, ...] = ()
    known_on: date | None = None


class Ground(Value, frozen=True, kw_only=True):
    """What a clock rests on: what started it, the date if one was stated, and what met it."""

    clock: str
    kind: str
    """Kind of the clock in the table of rules."""
    starts_on: date
    basis: str
    """The record that set the due date: the starting event, or what stated the date."""
    stated: End | None = None
    """The end that was stated; None: the term is counted."""
    original: date | None = None
    """The day that the letter itself states, where an extension took its place."""
    letter: Communication | None = None
    """The letter whose receipt starts it; None: another fact does."""
    met: Met | None = None
    body: str | None = None


def earliest(service: str, facts: Iterable[Moment]) -> Met | None:
    """Give the earliest of some facts by their own days; of one day, the first in the log. None: there is none."""
    first = min(facts, default=None)
    return None if first is None else Met(first.on, f"{service}:{first.sequence}")
