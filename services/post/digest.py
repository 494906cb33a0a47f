"""From open alerts to messages: who is still to be told of what, a message for each recipient and channel. Pure."""

import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import date
from typing import NamedTuple

import msgspec

from jauap.domain.directory import Directory, Official, Person
from jauap.domain.facts import AlertChannel
from jauap.projections.alerts import AlertRow
from services.post.wording import Item

OURS = uuid.UUID("1a0c6a0e-2b5f-5d55-9f0e-6b3c8f0f0786")
"""The namespace of the ids made here: the same alerts for the same recipient always give the same id."""
NOWHERE = "jauap.invalid"
URGENCY = ("missed", "moved-earlier", "near", "reopened", "moved", "calendar-missing", "no-date", "estimate")


class Digest(NamedTuple):
    """A message for one recipient by one channel."""

    recipient: Person
    channel: AlertChannel
    rows: tuple[AlertRow, ...]
    """What it tells of, the most urgent first; the level of each is the one at which this recipient is told."""
    host: str
    """What stands behind the @ of its id: of this deployment, so that a trial's ids are not the real one's."""

    @property
    def place(self) -> tuple[str, AlertChannel]:
        """Whom it is for, and how."""
        return self.recipient.code, self.channel

    @property
    def message(self) -> str:
        """Its id, made of what it tells: sent again after a crash, it has the same."""
        told = sorted(f"{row.case_id}/{row.alert}/{row.level}" for row in self.rows)
        return f"<{uuid.uuid5(OURS, ' '.join([*self.place, *told]))}@{self.host}>"

    @property
    def official(self) -> str | None:
        """Code of the recipient where it is an official, who can take notice."""
        return self.recipient.code if isinstance(self.recipient, Official) else None

    def items(self, left: Callable[[date], int | None], today: date) -> list[Item]:
        """Its alerts with the working days left, which `left` counts up to a day."""
        return [Item(row, left(row.act_by) if row.act_by else None, today) for row in self.rows]


class Telling(NamedTuple):
    """That somebody is told of an alert by a channel, at whatever level."""

    case_id: str
    alert: int
    recipient: str
    channel: AlertChannel

    @classmethod
    def of(cls, row: AlertRow, recipient: str, channel: AlertChannel) -> "Telling":
        """Of an alert."""
        return cls(row.case_id, row.alert, recipient, channel)


def digests(
    rows: Iterable[AlertRow],
    directory: Directory,
    today: date,
    *,
    undecided: Collection[str] = (),
    gone_out: Collection[Telling] = (),
    channels: Collection[AlertChannel] = ("email", "webhook"),
    host: str = NOWHERE,
) -> list[Digest]:
    """Give the messages that are still to go out on a day in Kazakhstan.

    Left out is what somebody took notice of, and every alert of a case that stands still or of which a command is
    `undecided`: it may say that the alert was delivered. So is what has `gone_out`, whatever is on record of it.
    """
    found: dict[tuple[str, AlertChannel], tuple[Person, list[AlertRow]]] = {}
    for row in rows:
        if row.acknowledged_by is not None or row.stands_still or row.case_id in undecided:
            continue
        for told, person in _people(row, directory, today):
            for channel in ways(person):
                gone = was_told(told, person.code, channel) or Telling.of(row, person.code, channel) in gone_out
                if channel in channels and not gone:
                    found.setdefault((person.code, channel), (person, []))[1].append(told)
    return [
        Digest(person, channel, tuple(sorted(waiting, key=urgency)), host)
        for (_, channel), (person, waiting) in sorted(found.items(), key=lambda one: one[0])
    ]


def _people(row: AlertRow, directory: Directory, today: date) -> Iterator[tuple[AlertRow, Person]]:
    """Who is to know of an alert, at its level and at each below: who came to a case late is told too.

    Each once: whom it reached, or was to reach, at a lower level is passed over, and who comes next is told. Whom it
    was to reach at a higher level is not told below it, so nobody's leave sends it on before its time.
    """
    tried: dict[str, int] = {}
    for one in row.deliveries:
        tried[one.recipient] = min(one.level, tried.get(one.recipient, one.level))
    for level in range(row.level + 1):
        lines = directory.lines(row.officer, row.deputy, row.body, level, today)
        chosen = [next((one for one in line if tried.get(one.code, level) >= level), None) for line in lines]
        for person in dict.fromkeys(one for one in chosen if one is not None):
            if tried.setdefault(person.code, level) == level:
                yield msgspec.structs.replace(row, level=level), person


def ways(person: Person) -> Sequence[AlertChannel]:
    """How somebody can be told: by every address that the directory has."""
    email: tuple[AlertChannel, ...] = ("email",) if person.email else ()
    return (*email, "webhook") if person.webhook else email


def was_told(row: AlertRow, recipient: str, channel: AlertChannel) -> bool:
    """Whether it is on record that a recipient was told of an alert, at whatever level."""
    wanted = (recipient, channel)
    return any((one.recipient, one.channel) == wanted and one.fault is None for one in row.deliveries)


def attempts(row: AlertRow, recipient: str, channel: AlertChannel) -> int:
    """How many attempts are on record."""
    wanted = (row.level, recipient, channel)
    return max((one.attempt for one in row.deliveries if (one.level, one.recipient, one.channel) == wanted), default=0)


def urgency(row: AlertRow) -> tuple[int, date, str, int]:
    """What comes first in a message."""
    return URGENCY.index(row.kind), row.act_by or date.min, row.case_id, row.alert
