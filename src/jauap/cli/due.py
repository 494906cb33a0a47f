"""`jauap due`: the day on which a term of working days ends, as the calendar was known on a day."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

import typer

from jauap.cli import acts
from jauap.cli.acts import KnownOn, Shipped
from jauap.cli.addresses import DATA_DIR, AsJson, DataDir
from jauap.cli.printing import failed, note, say, say_json, say_table
from jauap.domain import workdays
from jauap.domain.workdays import POLICIES, SATURDAY, WEEKDAYS, Calendar, CalendarMissing, Day

WRONG = 2
REMEDY = "jauap calendar load takes an act in; jauap calendar acts lists those that are there."

Start = Annotated[
    date,
    typer.Argument(metavar="DATE", parser=acts.read_day, help="Day of the starting event, YYYY-MM-DD, in Kazakhstan."),
]
Number = Annotated[int, typer.Argument(metavar="N", min=1, max=10_000, help="How many working days.")]
Policy = Annotated[str, typer.Option("--policy", help=f"Counting policy: {', '.join(POLICIES)}.")]


def due(  # noqa: PLR0913, PLR0917 - an option each
    start: Start,
    number: Number,
    known_on: KnownOn = None,
    policy: Policy = "day-after/1",
    explained: Annotated[bool, typer.Option("--explain", help="Tell of each day why it counts, or not.")] = False,  # noqa: FBT002
    shipped: Shipped = False,  # noqa: FBT002
    as_json: AsJson = False,  # noqa: FBT002
    data_dir: DataDir = DATA_DIR,
) -> None:
    """Tell the day that is N working days after DATE, as the calendar of Kazakhstan was known on a day.

    The acts on record count; where there is no system, those that ship with this release. Standard error says which.
    By day-after/1 DATE itself is day 0; by from-the-day/1 it is day 1 if it is a working day.

    Exit status: 0 answered, 1 a year of the term is not loaded, or the calendar can't be read, 2 not understood.

    Example: jauap due 2022-08-22 5 --known-on 2022-08-22 --explain
    """
    if policy not in POLICIES:
        raise failed("There is no such counting policy.", f"There are {', '.join(POLICIES)}.", WRONG)
    day = acts.known(known_on)
    found = acts.find(data_dir, shipped=shipped)
    calendar = found.calendar(day)
    try:
        term = workdays.count(start, number, policy, calendar)
        days = workdays.explain(term, calendar)
    except CalendarMissing as missing:
        raise failed(
            f"The term can't be counted: as known on {day}, the calendar of {missing.year} is not loaded.", REMEDY
        ) from missing
    objects = as_objects(days, calendar, found.unverified)
    if as_json:
        say_json(
            {
                "due": term.due,
                "start": term.start,
                "working_days": term.working_days,
                "policy": term.policy,
                "known_on": day,
                "calendar": found.source,
                "estimated": term.estimated,
                "acts": cited(days),
                "unverified": [act for act in cited(days) if act in found.unverified],
                "days": objects,
            }
        )
        return
    say(f"{term.due} {weekday(term.due)}")
    note(f"{number} working {'day' if number == 1 else 'days'} after {start} by {policy}, as known on {day}.")
    for line in cautions(term.due, objects):
        say(line)
    if explained:
        say("")
        say_days(objects)


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
