"""The days of a term, told one by one: whether each counts, why, by which act, and what is not certain of it."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from jauap.cli.printing import say_table
from jauap.domain.workdays import SATURDAY, WEEKDAYS, Calendar, Day

REMEDY = "jauap calendar load takes an act in; jauap calendar acts lists those that are there."


def weekday(day: date) -> str:
    """The name of a day of the week."""
    return WEEKDAYS[day.weekday()]


def as_objects(days: Sequence[Day], calendar: Calendar, unverified: frozenset[str]) -> list[dict[str, Any]]:
    """The days of a term for programs: what each is, why and by which act, and what is not certain of it."""
    return [
        {
            "date": day.date,
            "weekday": weekday(day.date),
            "counted": day.counted,
            "why": day.why,
            "act": day.act,
            "estimated": is_estimated(calendar, day.date),
            "verified": day.act not in unverified,
        }
        for day in days
    ]


def is_estimated(calendar: Calendar, day: date) -> bool:
    """Whether the date of a day off is only estimated."""
    named = calendar.named.get(day)
    return named is not None and named.becomes == "estimated-off"


def cited(days: Sequence[Day]) -> list[str]:
    """The names of the acts that made some days what they are, in the order of the days."""
    return list(dict.fromkeys(day.act for day in days if day.act is not None))


def cautions(end: date, objects: Sequence[dict[str, Any]]) -> list[str]:
    """What whoever reads a date must know of it, a sentence each."""
    lines = [
        f"It crosses {day['date']}, which is only estimated: the date may yet move."
        for day in objects
        if day["estimated"]
    ]
    unverified = dict.fromkeys(day["act"] for day in objects if not day["verified"])
    lines += [f"It rests on {act}, of which something is not verified; see jauap calendar acts." for act in unverified]
    if end.weekday() >= SATURDAY:
        lines.append(f"It ends on a {weekday(end)} that was declared a working day.")
    return lines


def say_days(objects: Sequence[dict[str, Any]]) -> None:
    """The days of a term as a table; the counted ones are numbered."""
    rows, number = [], 0
    for day in objects:
        number += day["counted"]
        why = f"{day['why']}{'' if day['verified'] else ' [not verified]'}"
        rows.append((day["date"], day["weekday"], number if day["counted"] else "-", why, day["act"]))
    say_table(("DATE", "DAY", "COUNTED", "WHY", "ACT"), rows, "No day counts.")
