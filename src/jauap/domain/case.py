"""The case: what is on record and not withdrawn, in one part for each service, and the one fold that makes it.

Events of different services fill disjoint parts, so every interleaving of the four topics that keeps each
topic's own order gives the same case. `evolve` never refuses: what is in the log happened.
"""

from datetime import date, timedelta
from typing import Any, TypeGuard, TypeVar, get_args

import msgspec

from jauap.domain.alerts import Alert, act_by, followed
from jauap.domain.events import (
    AgencyInfoReturned,
    AgencyInfoSubmitted,
    CaseAssigned,
    CaseMerged,
    CommandRefused,
    CommunicationCorrected,
    CommunicationForwarded,
    CommunicationReceived,
    DeadlineDropped,
    DeadlineMet,
    DeadlineMissed,
    DeadlineMoved,
    DeadlineNear,
    DeadlineReopened,
    DeadlineStarted,
    EntryWithdrawn,
    Event,
    Fact,
    FindingCured,
    FindingRaised,
    ReplyExtensionGranted,
    ResponseSent,
)
from jauap.domain.facts import Communication, Value

SERVICES = ("intake", "routing", "deadlines", "publication")
CALENDAR = "CALENDAR"

FACTS = frozenset(get_args(Fact))
# Here a class is compared by identity: no event is another's subclass, and `isinstance` asks msgspec's metaclass each
# time that the answer is no.

T = TypeVar("T")


class Recorded(Value, frozen=True, kw_only=True):
    """An event that counts, and where it stands: its service and its sequence in the case's chain there."""

    service: str
    sequence: int
    event: Event


class Entry(Value, frozen=True, kw_only=True):
    """A fact on record that was not withdrawn, by its sequence in its service's chain."""

    sequence: int
    event: Fact


RECENT = 64


class Entries(Value, frozen=True, kw_only=True):
    """One service's part of a case: its facts in force, and the sequence of its last event (refusals not counted).

    They are held in two tuples, so that one more does not copy the thousands that a busy case has.
    """

    last: int = 0
    earlier: tuple[Entry, ...] = ()
    recent: tuple[Entry, ...] = ()
    """The latest, fewer than `RECENT`."""

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All facts in force, in the order of the log."""
        return self.earlier + self.recent

    def including(self, entry: Entry) -> "Entries":
        """With one more fact."""
        recent = (*self.recent, entry)
        if len(recent) < RECENT:
            return Entries(last=entry.sequence, earlier=self.earlier, recent=recent)
        return Entries(last=entry.sequence, earlier=self.earlier + recent)

    def without(self, sequence: int, *, last: int) -> "Entries":
        """Without the fact at a sequence, if it is there; `last` is the sequence of the event that withdrew it."""
        return Entries(last=last, earlier=tuple(entry for entry in self.entries if entry.sequence != sequence))

    def of(self, kind: type[T]) -> list[tuple[int, T]]:
        """All facts of a kind, each with its sequence, in the order of the log."""
        return [(entry.sequence, entry.event) for entry in self.entries if type(entry.event) is kind]

    def get(self, sequence: int, kind: type[T]) -> T | None:
        """The fact of this kind at a sequence, if it is on record and was not withdrawn."""
        return next((fact for at, fact in self.of(kind) if at == sequence), None)


class Clock(Value, frozen=True, kw_only=True):
    """A clock as *deadlines* has it on record. Days are days in Kazakhstan."""

    clock: str
    paragraph: str | None = None
    body: str | None = None
    rule: str
    policy: str
    starts_on: date
    due: date | None = None
    safe: date | None = None
    estimated: bool = False
    verified: bool = True
    absent: str | None = None
    original: date | None = None
    receipt: str | None = None
    acts: tuple[str, ...] = ()
    calendar: int | None = None
    known_on: date | None = None
    basis: str
    near: int | None = None
    """The last step of coming near that was told of this day to act by, see `DeadlineNear`; null: none yet."""
    missed: bool = False
    met_on: date | None = None
    met_by: str | None = None

    @property
    def act_by(self) -> date | None:
        """The day to act by; None: there is no due date."""
        return self.safe or self.due


class Finding(Value, frozen=True, kw_only=True):
    """A finding that has ground, and what was done about it late, if anything."""

    raised: FindingRaised
    cured_on: date | None = None
    cured_by: str | None = None


TERMS = (
    "rule", "policy", "starts_on", "due", "safe", "estimated", "verified", "absent", "original", "receipt", "acts",
    "calendar", "known_on", "basis",
)  # fmt: skip
"""What a clock's start and each move of it say."""


class Clocks(Value, frozen=True, kw_only=True):
    """The part of *deadlines*: clocks and findings by id, and open alerts by the step that raised them."""

    last: int = 0
    clocks: dict[str, Clock] = msgspec.field(default_factory=dict)
    findings: dict[str, Finding] = msgspec.field(default_factory=dict)
    alerts: dict[int, Alert] = msgspec.field(default_factory=dict)


class Case(Value, frozen=True, kw_only=True):
    """A case as its counting records make it."""

    case_id: str
    intake: Entries = Entries()
    routing: Entries = Entries()
    publication: Entries = Entries()
    deadlines: Clocks = Clocks()


def evolve(case: Case, recorded: Recorded) -> Case:
    """Fold one counting event into its case."""
    match recorded.service:
        case "intake":
            return msgspec.structs.replace(case, intake=_entries(case.intake, recorded))
        case "routing":
            return msgspec.structs.replace(case, routing=_entries(case.routing, recorded))
        case "publication":
            return msgspec.structs.replace(case, publication=_entries(case.publication, recorded))
        case _:
            return msgspec.structs.replace(case, deadlines=_clocks(case.deadlines, recorded))


def _entries(part: Entries, recorded: Recorded) -> Entries:
    event, sequence = recorded.event, recorded.sequence
    if _is_fact(event):
        if type(event) is AgencyInfoSubmitted and event.corrects is not None:
            part = part.without(event.corrects, last=sequence)
        return part.including(Entry(sequence=sequence, event=event))
    match event:
        case CommandRefused():
            return part
        case EntryWithdrawn():
            return part.without(event.entry, last=sequence)
        case _:
            return Entries(last=sequence, earlier=part.earlier, recent=part.recent)  # a mending


def _is_fact(event: Event) -> TypeGuard[Fact]:
    return type(event) in FACTS


def _clocks(part: Clocks, recorded: Recorded) -> Clocks:
    event = recorded.event
    if isinstance(event, CommandRefused):
        return part
    before = part.clocks.get(getattr(event, "clock", ""))
    return Clocks(
        last=recorded.sequence,
        clocks=_running(part.clocks, event),
        findings=_open(part.findings, event),
        alerts=followed(part.alerts, recorded.sequence, event, before),
    )


def _running(clocks: dict[str, Clock], event: Event) -> dict[str, Clock]:
    match event:
        case DeadlineStarted():
            return {**clocks, event.clock: started(event)}
        case DeadlineMoved():
            return _moved(clocks, event)
        case DeadlineNear():
            return _changed(clocks, event.clock, near=event.step)
        case DeadlineMet():
            return _changed(clocks, event.clock, missed=event.late, met_on=event.met_on, met_by=event.met_by)
        case DeadlineMissed():
            return _changed(clocks, event.clock, missed=True, met_on=None, met_by=None)
        case DeadlineReopened():
            return _reopened(clocks, event.clock)
        case DeadlineDropped():
            return {name: clock for name, clock in clocks.items() if name != event.clock}
        case _:
            return clocks  # findings, alerts and mendings leave the clocks alone


def _reopened(clocks: dict[str, Clock], name: str) -> dict[str, Clock]:
    """Neither met nor missed; whoever took it for done is to be told again how near it is."""
    clock = clocks.get(name)
    near = None if clock is None or clock.met_on is not None else clock.near
    return _changed(clocks, name, missed=False, met_on=None, met_by=None, near=near)


def _moved(clocks: dict[str, Clock], event: DeadlineMoved) -> dict[str, Clock]:
    """With other terms; where the day to act by is another one, its coming near is to be told anew."""
    clock = clocks.get(event.clock)
    if clock is None:
        return clocks
    same = clock.act_by == act_by(event)
    return _changed(clocks, event.clock, **_terms(event), near=clock.near if same else None)


def _open(findings: dict[str, Finding], event: Event) -> dict[str, Finding]:
    match event:
        case FindingRaised():
            return {**findings, event.finding: Finding(raised=event)}
        case FindingCured(cured_on=None):
            return {name: finding for name, finding in findings.items() if name != event.finding}
        case FindingCured():
            raised = findings.get(event.finding)
            if raised is None:
                return findings
            cured = msgspec.structs.replace(raised, cured_on=event.cured_on, cured_by=event.cured_by)
            return {**findings, event.finding: cured}
        case _:
            return findings  # clocks, alerts and mendings leave the findings alone


def started(event: DeadlineStarted) -> Clock:
    """The clock that a start puts on record."""
    return Clock(clock=event.clock, paragraph=event.paragraph, body=event.body, **_terms(event))


def _terms(event: DeadlineStarted | DeadlineMoved) -> dict[str, Any]:
    return {name: getattr(event, name) for name in TERMS}


def _changed(clocks: dict[str, Clock], name: str, **changes: object) -> dict[str, Clock]:
    clock = clocks.get(name)
    return clocks if clock is None else {**clocks, name: msgspec.structs.replace(clock, **changes)}


# What decisions, clocks and findings ask of a case.


class Letter(Value, frozen=True, kw_only=True):
    """The communication as corrected, and the sequences of the records that set its receipt and its stated term."""

    communication: Communication
    received_by: int
    term_by: int


def letter_of(case: Case) -> Letter | None:
    """The communication with its corrections applied in the order of the log; None: none is on record."""
    letter: Letter | None = None
    for entry in case.intake.entries:
        if type(entry.event) is CommunicationReceived:
            letter = Letter(communication=entry.event, received_by=entry.sequence, term_by=entry.sequence)
        elif type(entry.event) is CommunicationCorrected and letter is not None:
            letter = corrected(letter, entry.sequence, entry.event)
    return letter


def corrected(letter: Letter, sequence: int, correction: CommunicationCorrected) -> Letter:
    """The letter after one correction. A given day of receipt confirms an assumed one."""
    given = {
        name: value
        for name in correction.__struct_fields__
        if name not in ("cleared", "reason") and (value := getattr(correction, name)) is not None
    }
    changes: dict[str, object] = {**given, **dict.fromkeys(correction.cleared)}
    if "received_on" in given:
        changes["receipt_assumed"] = False
    communication = msgspec.structs.replace(letter.communication, **changes)
    receipt = {"received_on", "received_at", "in_astana_on"}
    term = {"reply_due", "reply_within_days"}
    if communication.reply_within_days is not None:
        term.add("letter_date")  # the period runs from it
    return Letter(
        communication=communication,
        received_by=sequence if receipt & changes.keys() else letter.received_by,
        term_by=sequence if term & changes.keys() else letter.term_by,
    )


def extension_of(case: Case) -> tuple[int, ReplyExtensionGranted] | None:
    """The extension that the UN granted last, by its own day; of one day, the last in the log. None: none was."""
    return max(case.intake.of(ReplyExtensionGranted), key=lambda found: (found[1].granted_on, found[0]), default=None)


def stated_due(letter: Communication) -> date | None:
    """The day that a letter states for the response; a period runs in calendar days from its own date (14-8(1)).

    None: it states none, or its own date is not known.
    """
    if letter.reply_due is not None or letter.reply_within_days is None or letter.letter_date is None:
        return letter.reply_due
    return letter.letter_date + timedelta(days=letter.reply_within_days)


def merged_into(case: Case) -> str | None:
    """The id of the case that goes on in this one's place; None: this case is no duplicate."""
    merges = case.intake.of(CaseMerged)
    return merges[-1][1].into if merges else None


def assignment_of(case: Case) -> CaseAssigned | None:
    """Who is responsible for the case now: the assignment that was recorded last; None: nobody."""
    assigned = case.routing.of(CaseAssigned)
    return assigned[-1][1] if assigned else None


def asked_on(case: Case, body: str) -> date | None:
    """The first day on which the communication was forwarded to a body (14-5(1)); None: it was not asked."""
    days = [
        forwarding.forwarded_on
        for _, forwarding in case.routing.of(CommunicationForwarded)
        if any(to.body == body for to in forwarding.bodies)
    ]
    return min(days, default=None)


def asked_bodies(case: Case) -> tuple[str, ...]:
    """The bodies that the communication was forwarded to, in order of first mention (14-5(1))."""
    return tuple(
        dict.fromkeys(to.body for _, forwarding in case.routing.of(CommunicationForwarded) for to in forwarding.bodies)
    )


def questions_to(case: Case, body: str) -> frozenset[str]:
    """The numbers of all questions put to a body."""
    return frozenset(
        question
        for _, forwarding in case.routing.of(CommunicationForwarded)
        for to in forwarding.bodies
        if to.body == body
        for question in to.questions
    )


def open_questions(case: Case, body: str) -> tuple[str, ...]:
    """The numbers of the questions put to a body that no information of its answers, or that a return left open."""
    asked = dict.fromkeys(
        question
        for _, forwarding in case.routing.of(CommunicationForwarded)
        for to in forwarding.bodies
        if to.body == body
        for question in to.questions
    )
    missing = {back.info: back.missing for _, back in case.routing.of(AgencyInfoReturned)}
    answered = {
        answer
        for at, info in case.intake.of(AgencyInfoSubmitted)
        if info.body == body
        for answer in info.answers
        if answer not in missing.get(at, ())
    }
    return tuple(question for question in asked if question not in answered)


def asked_due(case: Case, body: str) -> date | None:
    """The date last asked of a body: a forwarding and a return may ask, and the order of routing's chain decides."""
    due = None
    for entry in case.routing.entries:
        match entry.event:
            case CommunicationForwarded(bodies=bodies):
                due = next((to.due for to in bodies if to.body == body and to.due is not None), due)
            case AgencyInfoReturned(body=returned_to, due=asked) if returned_to == body and asked is not None:
                due = asked
            case _:
                pass
    return due


def substantive_responses(case: Case) -> list[tuple[int, ResponseSent]]:
    """Interim and full responses, with their sequences; an acknowledgement is no response (14-8(1), 14-9)."""
    return [(at, sent) for at, sent in case.publication.of(ResponseSent) if sent.kind != "acknowledgement"]


def entered_again(case: Case, withdrawn: int) -> int | None:
    """Give the response that was entered in the place of a withdrawn one: the next in the log. None: none was.

    What was reported on it, or published of it, stands for that one then.
    """
    return min((at for at, _ in substantive_responses(case) if at > withdrawn), default=None)


def response_meant(case: Case, named: int | None) -> int | None:
    """Give the sequence of the response that a fact is about: the one it names, else the first on record."""
    if named is not None and case.publication.get(named, ResponseSent) is None:
        return entered_again(case, named)
    if named is not None:
        return named
    return next((at for at, _ in substantive_responses(case)), None)
