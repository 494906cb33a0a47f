"""What was shown of a clock, counted again from the record: the same facts, rule, policy and calendar as then.

Pure: the case as it was when the term was counted, the start or move that set the term, the row of the rule table and
the acts on record at that time come in. It shares with *deadlines* the counting of days, and none of its steps.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import NamedTuple

from jauap.domain import case as cases
from jauap.domain import procedures, receipts, workdays
from jauap.domain.case import Case
from jauap.domain.events import (
    AgencyInfoReturned,
    CommunicationForwarded,
    DeadlineMoved,
    DeadlineStarted,
    OHCHRPublished,
    ResponseSent,
    TreatyBodyRequestReceived,
)
from jauap.domain.facts import CalendarAct, Value
from jauap.domain.rules import Rule
from jauap.domain.workdays import Calendar, CalendarMissing, Calendars, Day

Setting = DeadlineStarted | DeadlineMoved
"""The record that set a clock's term."""
NO_RULE = "the table of rules of this release has no such row"
INTERIM_MEASURES = "interim-measures"


class Again(Value, frozen=True, kw_only=True):
    """A term counted again, and where it differs from what is on record. Days are days in Kazakhstan."""

    starts_on: date | None = None
    """The day of the fact that starts the clock; null: it could not be had again."""
    due: date | None = None
    safe: date | None = None
    estimated: bool = False
    absent: str | None = None
    days: tuple[Day, ...] = ()
    """Each day of a term of working days, from the first that could count to the due date."""
    differences: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Whether it is what is on record."""
        return not self.differences


class Stated(NamedTuple):
    """A date that a document states, and the day that the first document stated where another took its place."""

    due: date | None
    original: date | None = None


def performed(case: Case, setting: Setting, rule: Rule | None, acts: Sequence[CalendarAct], on: date) -> Again:
    """Count the term of a clock again.

    `case` as it was when the term was counted, `acts` those on record then and not withdrawn by then, in their order,
    `on` the day of the count in Kazakhstan. Raises nothing: what can't be done again is a difference.
    """
    if rule is None:
        return Again(differences=(NO_RULE,))
    known = Known(Calendars(acts), setting.known_on if setting.known_on is not None else on)
    again = _counted(case, setting, rule, known)
    return compared(again, setting)


def compared(again: Again, setting: Setting) -> Again:
    """Say where a term counted again differs from what is on record."""
    pairs = {
        "due": (setting.due, again.due),
        "safe": (setting.safe, again.safe),
        "estimated": (setting.estimated, again.estimated),
        "absent": (setting.absent, again.absent),
    }
    if again.starts_on is not None:
        pairs["starts_on"] = (setting.starts_on, again.starts_on)
    found = tuple(f"{name}: on record {was}, again {now}" for name, (was, now) in pairs.items() if was != now)
    return Again(
        starts_on=again.starts_on,
        due=again.due,
        safe=again.safe,
        estimated=again.estimated,
        absent=again.absent,
        days=again.days,
        differences=found,
    )


class Known(NamedTuple):
    """The acts on record when a term was counted, and the day up to which they were known."""

    calendars: Calendars
    on: date

    @property
    def calendar(self) -> Calendar:
        """The calendar as known on that day."""
        return self.calendars.known_on(self.on)


def _counted(case: Case, setting: Setting, rule: Rule, known: Known) -> Again:
    starts_on, calendar = start_of(case, setting, known), known.calendar
    counted_from = starts_on or setting.starts_on
    if rule.unit == "stated-date":
        found = stated(case, setting)
        absent = setting.absent if found is not None and found.due is None else None
        due = None if found is None else found.due
        safe, estimated = (None, False) if kind_of(setting.clock) == "calendar" else _safe_day(due, known)
        return Again(starts_on=starts_on, due=due, safe=safe, estimated=estimated, absent=absent)
    if rule.count is None:
        return Again(starts_on=starts_on, absent=setting.absent)
    if rule.policy in workdays.TERM_ENDS:
        return Again(starts_on=starts_on, due=workdays.TERM_ENDS[rule.policy](counted_from, rule.count))
    try:
        term = workdays.count(counted_from, rule.count, setting.policy, calendar, rule.safe_policy)
    except CalendarMissing as missing:
        return Again(starts_on=starts_on, absent=f"the calendar of {missing.year} is not loaded")
    days = workdays.explain(term, calendar)
    return Again(starts_on=starts_on, due=term.due, safe=term.safe, estimated=term.estimated, days=days)


def _safe_day(stated: date | None, known: Known) -> tuple[date | None, bool]:
    """The working day before a date that is stated for a day off, and whether that rests on an estimate."""
    if stated is None:
        return None, False
    calendar = known.calendars.known_on(min(known.on, stated))
    safe = workdays.day_to_act_by(stated, calendar)
    return safe, safe is not None and calendar.rests_on_estimate(safe, stated)


def kind_of(clock: str) -> str:
    """The paragraph that a clock's id begins with, asked or calendar."""
    return clock.partition("/")[0]


def start_of(case: Case, setting: Setting, known: Known) -> date | None:
    """Give the day of the fact that starts a clock; None: the fact is not there, or needs a year that is missing."""
    service, _, number = setting.basis.partition(":")
    try:
        return STARTS[kind_of(setting.clock)](case, setting, service, int(number), known)
    except (KeyError, CalendarMissing):
        return None


Start = Callable[[Case, Setting, str, int, Known], date | None]


def _received(case: Case, setting: Setting, _service: str, _at: int, known: Known) -> date | None:
    """14-5: receipt, by the policy that was in use."""
    letter = cases.letter_of(case)
    if letter is None:
        return None
    policy = setting.receipt or receipts.FIRST_RECEIPT
    return receipts.received_as_known(letter.communication, policy, known.calendars, known.on)


def _letter_received(case: Case, _setting: Setting, _service: str, _at: int, _known: Known) -> date | None:
    """14-8(1): receipt too, though nothing is counted from it."""
    letter = cases.letter_of(case)
    return None if letter is None else letter.communication.received_on


def _published(case: Case, _setting: Setting, _service: str, at: int, _known: Known) -> date | None:
    """14-8(2): OHCHR's publication."""
    published = case.intake.get(at, OHCHRPublished)
    return None if published is None else published.published_on


def _sent(case: Case, _setting: Setting, _service: str, at: int, _known: Known) -> date | None:
    """14-9: the response's sending."""
    sent = case.publication.get(at, ResponseSent)
    return None if sent is None else sent.sent_on


def _forwarded(case: Case, _setting: Setting, _service: str, at: int, _known: Known) -> date | None:
    """A request: its forwarding; a return leaves the start where it was."""
    forwarding = case.routing.get(at, CommunicationForwarded)
    return None if forwarding is None else forwarding.forwarded_on


def _requested(case: Case, setting: Setting, _service: str, _at: int, _known: Known) -> date | None:
    """14-11: the document's own date, else its receipt."""
    request = case.intake.get(int(setting.clock.split("/")[1]), TreatyBodyRequestReceived)
    return None if request is None else procedures.starts_on(request)


STARTS: dict[str, Start] = {
    "14-5(1)": _received,
    "14-5(2)": _received,
    "14-8(1)": _letter_received,
    "14-8(2)": _published,
    "14-9(1)": _sent,
    "14-9(2)": _sent,
    "14-11": _requested,
    "asked": _forwarded,
}


def stated(case: Case, setting: Setting) -> Stated | None:
    """Give the date that the facts state for a clock. None: no fact does."""
    kind, _, about = setting.clock.partition("/")
    match kind:
        case "14-8(1)":
            return _reply_due(case)
        case "14-11":
            number, _, what = about.partition("/")
            return _treaty_due(case, int(number), what)
        case "asked":
            return _asked_due(case, about, int(setting.basis.partition(":")[2]))
        case "calendar":
            return Stated(date(int(about) - 1, 11, 30))
        case _:
            return None


def _reply_due(case: Case) -> Stated | None:
    """14-8(1): the date of the extension granted last, else the letter's own."""
    letter = cases.letter_of(case)
    own = None if letter is None else cases.stated_due(letter.communication)
    latest = cases.extension_of(case)
    return Stated(own) if latest is None else Stated(latest[1].reply_due, own)


def _treaty_due(case: Case, number: int, what: str) -> Stated | None:
    """14-11: what the document, or an extension, states."""
    request = case.intake.get(number, TreatyBodyRequestReceived)
    if request is None:
        return None
    if what == INTERIM_MEASURES:
        return Stated(request.interim_measures_due)
    found = procedures.stated_term(case, number, request)
    return None if found is None else Stated(found.due, found.original)


def _asked_due(case: Case, body: str, at: int) -> Stated | None:
    """Practice: the date that a forwarding, or a return, asks of a body."""
    back = case.routing.get(at, AgencyInfoReturned)
    if back is not None:
        return Stated(back.due)
    forwarding = case.routing.get(at, CommunicationForwarded)
    asked = [to.due for to in forwarding.bodies if to.body == body and to.due is not None] if forwarding else []
    return Stated(asked[-1]) if asked else None


def acts_at(entries: Iterable[tuple[CalendarAct, int, int | None]], sequence: int | None) -> list[CalendarAct]:
    """Give the acts that were in force after a record of the calendar's chain.

    Each entry is an act, its own sequence and that of the record that withdrew it. Without a sequence, all that are in
    force.
    """
    return [
        act
        for act, at, withdrawn_by in entries
        if sequence is None or at <= sequence
        if withdrawn_by is None or (sequence is not None and withdrawn_by > sequence)
    ]
