"""`jauap due`: the day on which a term of working days ends, as the calendar was known on a day."""

from datetime import date
from typing import Annotated

import typer

from jauap.cli import acts
from jauap.cli.acts import KnownOn, Shipped
from jauap.cli.addresses import DATA_DIR, AsJson, DataDir
from jauap.cli.days import REMEDY, as_objects, cautions, cited, say_days, weekday
from jauap.cli.printing import failed, note, say, say_json
from jauap.domain import workdays
from jauap.domain.workdays import POLICIES, CalendarMissing

WRONG = 2

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
