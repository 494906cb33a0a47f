"""The table of rules as the command line reads it: the decree's rows, and those of the treaties that bind (14-11)."""

from functools import cache

from jauap.domain.rules import RULES, Rule
from jauap.domain.treaties import rules_of
from jauap.surroundings import shipped_treaties


@cache
def rules() -> tuple[Rule, ...]:
    """All rows that this release has."""
    return (*RULES, *rules_of(shipped_treaties()))
