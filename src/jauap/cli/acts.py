"""The calendar acts that an answer rests on: those on record, or those that ship where no system is asked."""

from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import typer

from jauap.cli import addresses, sending
from jauap.cli.printing import note
from jauap.clock import clock_from_environment
from jauap.domain.case import CALENDAR
from jauap.domain.events import CalendarActReceived
from jauap.domain.facts import CalendarAct, Value
from jauap.domain.workdays import Calendar, calendar_of, day_in_kazakhstan
from jauap.projections import queries
from jauap.projections.case_history import HistoryRow
from jauap.projections.database import Connection, DatabaseUnavailable
from jauap.projections.generations import answering
from jauap.surroundings import shipped_acts

Source = Literal["on-record", "shipped"]
WRITTEN = "%Y-%m-%d"
RULE = "must be a day of the years 1991 to 2200, such as 2026-03-20"

Shipped = Annotated[
    bool, typer.Option("--shipped", help="Count with the acts that ship with this release, whatever is on record.")
]


class Entry(Value, frozen=True, kw_only=True):
    """An act, and its record in intake's chain of the case CALENDAR; what ships has none."""

    act: CalendarAct
    sequence: int | None = None
    recorded_at: datetime | None = None
    withdrawn_by: int | None = None
    """The record that withdrew it; null: it is in force."""


OF_THE_RECORD = ("sequence", "recorded_at", "withdrawn_by")


class Acts(Value, frozen=True, kw_only=True):
    """The acts that an answer rests on, and where they are from."""

    source: Source
    entries: tuple[Entry, ...]

    @property
    def in_force(self) -> tuple[CalendarAct, ...]:
        """Those that were not withdrawn, in the order in which they were recorded."""
        return tuple(entry.act for entry in self.entries if entry.withdrawn_by is None)

    @property
    def unverified(self) -> frozenset[str]:
        """The names of those of which something was not verified."""
        return frozenset(act.act for act in self.in_force if not act.verified)

    def calendar(self, known_on: date) -> Calendar:
        """The calendar as it was known on a day in Kazakhstan."""
        return calendar_of(self.in_force, known_on)


def today() -> date:
    """The day in Kazakhstan, by the clock of this deployment."""
    return day_in_kazakhstan(clock_from_environment()())


def read_day(text: str | date) -> date:
    """A day as an option says it: 2026-03-20. Raises ValueError with the rule, which typer tells."""
    if isinstance(text, date):
        return text
    try:
        day = datetime.strptime(text, WRITTEN).date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        raise ValueError(RULE) from None
    if not 1991 <= day.year <= 2200:  # noqa: PLR2004 - the years that an act may name
        raise ValueError(RULE)
    return day


KnownOn = Annotated[
    date | None,
    typer.Option(
        "--known-on",
        metavar="YYYY-MM-DD",
        parser=read_day,
        help="As the acts that were public on this day have it; without it, today (Kazakhstan).",
    ),
]


def known(day: date | None) -> date:
    """The day whose knowledge is asked for; of one that is to come, says that acts may be missing."""
    now = today()
    if day is not None and day > now:
        note(f"{day} is not yet: what becomes known until then is missing in this answer.")
    return day or now


def find(data_dir: Path, *, shipped: bool) -> Acts:
    """The acts on record, if there is a system; those that ship if there is none, or if they are asked for.

    Says on standard error which. A system that does not answer ends the command: no other calendar stands in for its.
    """
    if shipped or not addresses.are_there(data_dir, "database"):
        note("Calendar: the acts that ship with this release" + ("." if shipped else "; there is no system here."))
        return of_the_release()
    where = addresses.find(data_dir, "database")
    try:
        connection = answering(where.database)
        try:
            found = on_record(connection)
        finally:
            connection.close()
    except DatabaseUnavailable as reason:
        raise sending.unreadable(
            reason, "The calendar on record", "To count with the acts that ship instead, say --shipped."
        ) from reason
    note("Calendar: the acts on record.")
    return found


def of_the_release() -> Acts:
    """The acts that ship."""
    acts = shipped_acts()
    return Acts(source="shipped", entries=tuple(Entry(act=act) for act in acts))


def on_record(connection: Connection) -> Acts:
    """The acts on record, withdrawn ones too. Raises DatabaseUnavailable."""
    case = queries.case(connection, CALENDAR)
    if case is not None and case.stands_still_since is not None:
        note(f"The calendar stands still since {case.stands_still_since}: later acts are not in this answer.")
    return Acts(source="on-record", entries=tuple(entries_of(queries.history(connection, CALENDAR))))


def entries_of(rows: Iterable[HistoryRow]) -> list[Entry]:
    """The acts in the calendar's history, in the order in which they were recorded."""
    return [
        Entry(
            act=msgspec.convert(row.data, CalendarAct),
            sequence=row.sequence,
            recorded_at=row.recorded_at,
            withdrawn_by=row.withdrawn_by,
        )
        for row in rows
        if row.service == "intake" and row.event == CalendarActReceived.__name__
    ]
