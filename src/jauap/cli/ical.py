"""Calendars as other programs subscribe to them (RFC 5545): the working days of Kazakhstan, and what is due.

Nothing in them changes unless what they tell changes: no time of making stands in them, and ids never change.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

import icalendar

from jauap.domain.facts import Value
from jauap.domain.workdays import KAZAKHSTAN
from jauap.projections.deadlines import DeadlineRow
from jauap.projections.queries import ClockChanges

PRODUCT = "-//jauap//{}//EN"
HOST = "jauap"


class Entry(Value, frozen=True, kw_only=True):
    """A whole day in a calendar."""

    uid: str
    """What it is about, for ever the same; the name of this product is added."""
    day: date
    summary: str
    description: str
    category: str
    modified: datetime
    sequence: int
    """How many times it was changed."""
    address: str | None = None
    cancelled: bool = False


def feed(name: str, kind: str, entries: Iterable[Entry]) -> str:
    """A calendar of whole days, for standard output: with line breaks as the format has them."""
    made = icalendar.Calendar()
    made.add("prodid", PRODUCT.format(kind))
    made.add("version", "2.0")
    made.add("calscale", "GREGORIAN")
    made.add("x-wr-calname", name)
    for entry in entries:
        made.add_component(_event(entry))
    text: bytes = made.to_ical()
    return text.decode()


def feed_of(rows: Iterable[DeadlineRow], changes: Iterable[ClockChanges], body: str | None = None) -> str:
    """What is open, each clock on the day to act by; a clock keeps its id when it moves.

    It tells the case, the clock and its days: no subject, no person. A clock without a date has no place in it.
    """
    known = {(change.case_id, change.clock): change for change in changes}
    name = "Deadlines" if body is None else f"Deadlines of {body}"
    return feed(name, "deadlines", (_deadline(row, known.get((row.case_id, row.clock))) for row in _open(rows)))


def _open(rows: Iterable[DeadlineRow]) -> Iterable[DeadlineRow]:
    return (row for row in rows if row.due is not None and row.met_on is None)


def _deadline(row: DeadlineRow, change: ClockChanges | None) -> Entry:
    act_by = row.act_by or row.starts_on
    said = [
        f"{row.paragraph or 'Practice'}, for {row.body or 'MFA'}: due {row.due}, act by {act_by}.",
        f"Extended from {row.original}." if row.original else "",
        "Rests on a day that is only estimated." if row.estimated else "",
        "" if row.verified else "By a default that was not verified.",
    ]
    return Entry(
        uid=f"{row.case_id}/{row.clock}",
        day=act_by,
        summary=f"{row.case_id} {row.clock}{' (missed)' if row.state == 'missed' else ''}",
        description=" ".join(filter(None, said)),
        category=row.paragraph or "practice",
        modified=change.changed_at if change else start_of(row.starts_on),
        sequence=change.changes if change else 0,
    )


def start_of(day: date) -> datetime:
    """The instant at which a day begins in Kazakhstan, UTC."""
    return datetime.combine(day, time(), KAZAKHSTAN).astimezone(UTC)


def _event(entry: Entry) -> icalendar.Event:
    event = icalendar.Event()
    event.add("uid", f"{entry.uid}@{HOST}")
    event.add("dtstamp", entry.modified.astimezone(UTC))
    event.add("last-modified", entry.modified.astimezone(UTC))
    event.add("sequence", entry.sequence)
    event.add("dtstart", entry.day)
    event.add("dtend", entry.day + timedelta(days=1))
    event.add("summary", entry.summary)
    event.add("description", entry.description)
    event.add("categories", [entry.category])
    event.add("transp", "TRANSPARENT")
    if entry.address is not None:
        event.add("url", entry.address)
    if entry.cancelled:
        event.add("status", "CANCELLED")
    return event
