"""An oracle for the clocks: counts day by day, from the records' own content, without the system's rules and calendar.

Days are Kazakhstan's. Sources: Decree No. 786, paragraphs 14-5 to 14-9, and the acts in `calendar_acts.json`.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from tests.faults import wire
from tests.faults.wire import Record

ACTS = Path(__file__).parents[2] / "src/jauap/domain/calendar_acts.json"
DAY = timedelta(days=1)
SUBSTANTIVE = ("interim", "full")


class Stand(NamedTuple):
    """How a clock stands."""

    due: date | None
    safe: date | None
    met_on: date | None
    missed: bool


class Entry(NamedTuple):
    """A record in force: its sequence, what it is, and its content."""

    sequence: int
    kind: str
    content: Mapping[str, Any]


def named_days() -> dict[date, str]:
    """What the acts make of days; a later act overrides an earlier one."""
    acts = sorted(json.loads(ACTS.read_text()), key=lambda act: str(act["known_on"]))
    return {date.fromisoformat(day["day"]): day["becomes"] for act in acts for day in act["days"]}


NAMED = named_days()


def works(day: date) -> bool:
    """Whether a day is a working day."""
    becomes = NAMED.get(day)
    return becomes == "working" if becomes else day.weekday() < 5


def last_day(start: date, count: int, *, that_day_counts: bool = False) -> date:
    """The last of so many working days after a day, or from that day on."""
    day = start if that_day_counts else start + DAY
    while True:
        count -= works(day)
        if count == 0:
            return day
        day += DAY


def day_before_days_off(stated: date) -> date | None:
    """The last working day before a day off; None: it is a working day itself."""
    day = stated
    while not works(day):
        day -= DAY
    return day if day < stated else None


def in_force(records: Iterable[Record]) -> list[Entry]:
    """A case's facts in one service that were not withdrawn, in order."""
    entries: list[Entry] = []
    for record in records:
        content = wire.decode(record)
        if record.type == "EntryWithdrawn":
            entries = [entry for entry in entries if entry.sequence != content["entry"]]
        elif record.type not in ("CommandRefused", "ChainMended"):
            entries.append(Entry(int(record.text("ce_caseseq")), record.type, content))
    return entries


def clocks(records: Mapping[str, list[Record]], today: date) -> dict[str, Stand]:
    """The clocks of a case by id, from its counting records by service."""
    intake, routing, publication = (in_force(records.get(name, [])) for name in ("intake", "routing", "publication"))
    letter = letter_of(intake)
    if letter is None or letter["receipt_assumed"] or any(entry.kind == "CaseMerged" for entry in intake):
        return {}
    found: dict[str, Stand] = {}
    for name, due, safe, days in _grounds(letter, intake, routing, publication):
        met = min(days, default=None)
        found[name] = Stand(due, safe, met, due is not None and (met or today) > due)
    return found


def letter_of(intake: list[Entry]) -> dict[str, Any] | None:
    """The letter as corrected."""
    letter: dict[str, Any] | None = None
    for entry in intake:
        if entry.kind == "CommunicationReceived":
            letter = dict(entry.content)
        elif entry.kind == "CommunicationCorrected" and letter is not None:
            given = {name: value for name, value in entry.content.items() if name in letter and value is not None}
            letter |= given | dict.fromkeys(entry.content["cleared"])
            letter["receipt_assumed"] = letter["receipt_assumed"] and "received_on" not in given
    return letter


Ground = tuple[str, date | None, date | None, list[date]]
"""A clock's id, its due and safe date, and the days of what meets it."""


def _grounds(
    letter: Mapping[str, Any], intake: list[Entry], routing: list[Entry], publication: list[Entry]
) -> Iterator[Ground]:
    received = letter["received_on"]
    due, safe = last_day(received, 5), last_day(received, 5, that_day_counts=True)
    earlier = safe if safe < due else None
    yield "14-5(1)", due, earlier, _days(routing, "CommunicationForwarded", "forwarded_on")
    yield "14-5(2)", due, earlier, _days(routing, "OmbudsmanInformed", "informed_on")
    stated = _stated(letter, intake)
    if stated is not None:
        full = _days(publication, "ResponseSent", "sent_on", lambda sent: sent["kind"] == "full")
        yield "14-8(1)", stated, day_before_days_off(stated), full
    yield from _published("14-8(2)/communication", intake, publication, ("communication", None))
    for response in publication:
        if response.kind == "ResponseSent" and response.content["kind"] in SUBSTANTIVE:
            yield from _of_response(response, intake, publication)
    yield from _asked(intake, routing)


def _stated(letter: Mapping[str, Any], intake: list[Entry]) -> date | None:
    """The day by which the letter, or the UN's latest agreement, wants the response."""
    granted = [entry.content for entry in intake if entry.kind == "ReplyExtensionGranted"]
    extensions = [one["reply_due"] for one in sorted(granted, key=lambda one: one["granted_on"])]
    within = letter["reply_within_days"]
    stated: date | None = extensions[-1] if extensions else letter["reply_due"]
    if stated is None and within is not None:
        return letter["letter_date"] + timedelta(days=within)  # type: ignore[no-any-return]
    return stated


def _of_response(response: Entry, intake: list[Entry], publication: list[Entry]) -> Iterator[Ground]:
    number = response.sequence
    yield from _published(f"14-8(2)/response/{number}", intake, publication, ("response", number))
    for paragraph, recipient in (("14-9(1)", "administration"), ("14-9(2)", "ombudsman")):
        wanted = (recipient, number)
        reports = _days(
            publication,
            "ReportFiled",
            "filed_on",
            lambda filed, wanted=wanted: (filed["recipient"], _meant(publication, filed["response"])) == wanted,  # type: ignore[misc]
        )
        yield f"{paragraph}/{number}", last_day(response.content["sent_on"], 10), None, reports


def _meant(publication: list[Entry], response: int | None) -> int | None:
    """The response that is named; of one that was withdrawn, the next on record, which was entered in its place."""
    if response is None:
        return None
    sent = [entry for entry in publication if entry.kind == "ResponseSent"]
    if any(entry.sequence == response for entry in sent):
        return response
    later = (e.sequence for e in sent if e.content["kind"] in SUBSTANTIVE and e.sequence > response)
    return min(later, default=None)


def _published(
    clock: str, intake: list[Entry], publication: list[Entry], wanted: tuple[str, int | None]
) -> Iterator[Ground]:
    def is_it(page: Mapping[str, Any]) -> bool:
        return (page["what"], _meant(publication, page["response"])) == wanted

    by_ohchr = _days(intake, "OHCHRPublished", "published_on", is_it)
    if by_ohchr:
        yield clock, last_day(min(by_ohchr), 10), None, _days(publication, "PublishedOnSite", "published_on", is_it)


def _asked(intake: list[Entry], routing: list[Entry]) -> Iterator[Ground]:
    """Each body that was asked by a date; the last word of the MFA on that date holds."""
    dates: dict[str, date | None] = {}
    since: dict[str, date] = {}
    for entry in routing:
        if entry.kind == "CommunicationForwarded":
            for to in entry.content["bodies"]:
                dates[to["body"]] = to["due"] or dates.get(to["body"])
                if to["due"]:
                    since[to["body"]] = entry.content["forwarded_on"]
        elif entry.kind == "AgencyInfoReturned" and entry.content["body"] in dates and entry.content["due"]:
            dates[entry.content["body"]] = entry.content["due"]
    returned = {entry.content["info"] for entry in routing if entry.kind == "AgencyInfoReturned"}
    for body, due in dates.items():
        if due is not None:
            answers = [day for day in _answers(body, intake, returned) if day >= since[body]]
            yield f"asked/{body}", due, day_before_days_off(due), answers


def _answers(body: str, intake: list[Entry], returned: set[int]) -> list[date]:
    infos = [e for e in intake if e.kind == "AgencyInfoSubmitted" and e.sequence not in returned]
    days = _days(infos, "AgencyInfoSubmitted", "submitted_on", lambda info: info["body"] == body)
    return days + _days(intake, "AgencyInfoDeclined", "declined_on", lambda decline: decline["body"] == body)


def _days(
    entries: list[Entry], kind: str, day: str, is_it: Callable[[Mapping[str, Any]], bool] = lambda _: True
) -> list[date]:
    return [entry.content[day] for entry in entries if entry.kind == kind and is_it(entry.content)]
