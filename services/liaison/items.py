"""What a case has to tell to whom. Pure: counting events in, items of feeds out.

An item follows from one event, by that event's service and sequence and for one body; its id is made of that event's
hash, the body and the kind of item, so that it is the same whoever derives it and however often. Its content is what
the case says when it is first told. An item whose entry is withdrawn before it was told is never told.
"""

import hashlib
import re
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from jauap.domain import case as cases
from jauap.domain.case import SERVICES, Case, Recorded
from jauap.domain.events import (
    AgencyInfoDeclined,
    AgencyInfoReturned,
    AgencyInfoSubmitted,
    CaseMerged,
    CommandRefused,
    CommunicationForwarded,
    CommunicationReceived,
    DeadlineMissed,
    DeadlineNear,
    EntryWithdrawn,
    Event,
    OHCHRPublished,
    OmbudsmanInformed,
    PublishedOnSite,
    ReportFiled,
    ResponseSent,
)
from jauap.domain.facts import Communication, Value
from jauap.domain.feeds import (
    CommunicationCopied,
    DocumentPublished,
    InformationRequested,
    InformationReturned,
    ItemWithdrawn,
    ReminderIssued,
    ReportCopied,
    SubmissionRefused,
    SubmissionTaken,
)
from services.liaison import words

PUBLIC = "public"
OMBUDSMAN = "OMBUDSMAN"
ASKED = "asked/"
"""How the clocks begin that wait for a body's information."""
PLACE = re.compile(r"jauap\.submit\.([A-Z][A-Z0-9-]{1,31})/(\d+)/(\d+)")
"""Where a submission stands, and the id of the command that it becomes: topic, partition, offset."""
LETTER = ("communication_type", "reference", "mandates", "subject", "language", "letter_date")

T = TypeVar("T")
Order = tuple[str, int, int, int]
"""Time of recording, service, sequence, and which of the items of one event: the order of a case's items on a feed."""


class Happened(NamedTuple):
    """An event that counts, with what its record's headers say."""

    recorded: Recorded
    hash: str
    at: str
    """When it was recorded, as the header has it."""
    command_id: str | None = None
    correlation_id: str | None = None

    @property
    def event(self) -> Event:
        """The event itself."""
        return self.recorded.event

    @property
    def entry(self) -> tuple[str, int]:
        """Service and sequence."""
        return self.recorded.service, self.recorded.sequence

    @property
    def submitted_at(self) -> tuple[str, int] | None:
        """The body that submitted what made this event, and the submission's offset; None: it came another way."""
        found = PLACE.fullmatch(self.command_id or "")
        return None if found is None else (found[1], int(found[3]))

    @property
    def submission(self) -> str | None:
        """The id of the submission that made this event; None: it came another way."""
        return None if self.submitted_at is None else self.correlation_id or self.command_id


def in_order(happened: Happened) -> tuple[str, int, int]:
    """Where an event stands among its case's: by time of recording, service, sequence."""
    return happened.at, SERVICES.index(happened.recorded.service), happened.recorded.sequence


class Item:
    """Something to be told on one feed. `by` is the event that it follows from, `of` the one that it tells of."""

    __slots__ = ("about", "by", "feed", "gone", "id", "kind", "of", "order")

    def __init__(self, kind: type[Value], feed: str, by: Happened, of: Happened, about: str = "", nth: int = 0) -> None:
        """`about` tells apart what one event makes several of for one body: the item or record that it is about."""
        self.kind, self.feed, self.by, self.of, self.about = kind, feed, by, of, about
        self.id = item_id(of.hash if kind is DocumentPublished else by.hash, feed, kind.__name__, about)
        self.order: Order = (*in_order(by), nth)
        self.gone = False
        """Its entry was withdrawn, or its case merged."""

    @property
    def at(self) -> datetime:
        """When the event that it follows from was recorded, UTC."""
        return datetime.fromisoformat(self.by.at)


def item_id(source: str, feed: str, kind: str, about: str = "") -> str:
    """An item's `ce_id`: SHA-256 over what it follows from, for whom it is, and its kind; nothing else leaks."""
    return hashlib.sha256(f"{source}\n{feed}\n{kind}\n{about}".encode()).hexdigest()


class Story:
    """What one case has to tell, and has told. `take` notes events as they are folded; `catch_up` makes items of them.

    The four topics interleave in any way, so nothing is made of an event before everything that was written before it
    is folded.
    """

    def __init__(self) -> None:
        """Nothing happened yet."""
        self._taken: list[Happened] = []
        self._made: dict[tuple[str, int], list[Item]] = {}
        """Items by the entries that they fall with."""
        self._untold: dict[str, dict[str, Item]] = {}
        """By feed and id: what is not known to stand on its feed."""
        self._infos: dict[int, Happened] = {}
        """All information that bodies ever supplied in this case, by sequence."""
        self._publications: dict[tuple[str, int], Happened] = {}
        """Of the MFA's and of OHCHR's, by entry."""
        self._paired: set[tuple[str, str]] = set()
        """Hashes of a page and of the publication that it goes with."""
        self._responses: list[int] = []
        self._withdrawn_by: dict[int, int] = {}
        """Sequences of all substantive responses; of publication's entries that were withdrawn, and by which record."""
        self._withdrawn_entries: set[tuple[str, int]] = set()
        self._letter: Communication | None = None
        self._answered: set[str] = set()
        """Command ids of the submissions that have their record."""
        self._accepted: set[tuple[str, str]] = set()
        """Bodies, and the ids under which they submitted what was taken."""

    def take(self, happened: Happened) -> None:
        """Note an event that counts."""
        if type(happened.event) in TELLING:
            self._taken.append(happened)

    def catch_up(self) -> None:
        """Make items of what was noted, in the order in which it was recorded."""
        for happened in sorted(self._taken, key=in_order):
            self._note(happened)
        self._taken.clear()

    def untold(self, feed: str, told: Collection[str]) -> list[Item]:
        """What is to be told on a feed, in order, given the ids that stand there."""
        waiting = self._untold.get(feed, {})
        for known in waiting.keys() & told:
            del waiting[known]
        return sorted((item for item in waiting.values() if _is_due(item, told)), key=lambda item: item.order)

    def was_told(self, feed: str, known: str) -> bool:
        """Note that an item stands on its feed. Whether something else may follow from that."""
        waiting = self._untold.get(feed, {})
        waiting.pop(known, None)
        return any(item.about == known for item in waiting.values())

    def has_answered(self, command_id: str) -> bool:
        """Whether a submission has its record already."""
        return command_id in self._answered

    def has_taken(self, body: str, submission: str) -> bool:
        """Whether something that a body submitted under this id is, or was, on record."""
        return (body, submission) in self._accepted

    def info_submitted(self, body: str, submission: str) -> int | None:
        """The sequence of the information that a body submitted under this id, its last; None: there is none.

        The submission's place is taken too.
        """
        found = [
            at
            for at, info in self._infos.items()
            if info.submitted_at is not None
            and info.submitted_at[0] == body
            and submission in (info.submission, info.command_id)
        ]
        return found[-1] if found else None

    def compose(self, item: Item, case: Case) -> Value:
        """An item's content. What is not in the event itself is as the case has it now."""
        return COMPOSE[item.kind](self, item, case)

    def letter(self, case: Case) -> Communication:
        """The communication as corrected; as it last was, if it was withdrawn."""
        found = cases.letter_of(case)
        letter = found.communication if found is not None else self._letter
        if letter is None:
            raise LookupError("no communication is on record")
        return letter

    def info(self, sequence: int) -> Happened:
        """The information that a body supplied, in force or not."""
        return self._infos[sequence]

    def published_as(self, hashed: str) -> OHCHRPublished:
        """OHCHR's publication whose record has this hash."""
        return _event(next(one for one in self._publications.values() if one.hash == hashed), OHCHRPublished)

    # --- what each event makes ---

    def _note(self, happened: Happened) -> None:
        match happened.event:
            case EntryWithdrawn(entry=entry):
                self._withdrawn(happened, (happened.recorded.service, entry))
            case PublishedOnSite() | OHCHRPublished():
                self._publications[happened.entry] = happened
                self._published(happened)
            case ResponseSent(kind=kind):
                if kind != "acknowledgement":
                    self._responses.append(happened.recorded.sequence)
                self._published(happened)
            case CommandRefused():
                self._answer(SubmissionRefused, happened)
            case _ if happened.recorded.service == "intake":
                self._came_in(happened)
            case _:
                self._went_out(happened)

    def _came_in(self, happened: Happened) -> None:
        match happened.event:
            case CommunicationReceived() as letter:
                self._letter = letter
            case AgencyInfoSubmitted():
                self._infos[happened.recorded.sequence] = happened
                self._answer(SubmissionTaken, happened)
            case AgencyInfoDeclined():
                self._answer(SubmissionTaken, happened)
            case CaseMerged():
                self._merged(happened)
            case _:
                pass

    def _went_out(self, happened: Happened) -> None:
        match happened.event:
            case CommunicationForwarded(bodies=bodies):
                for to in bodies:
                    self._tell(InformationRequested, to.body, happened)
            case OmbudsmanInformed():
                self._tell(CommunicationCopied, OMBUDSMAN, happened)
            case ReportFiled(recipient="ombudsman"):
                self._tell(ReportCopied, OMBUDSMAN, happened)
            case AgencyInfoReturned(body=body):
                self._tell(InformationReturned, body, happened)
            case DeadlineNear(clock=clock) | DeadlineMissed(clock=clock) if clock.startswith(ASKED):
                self._tell(ReminderIssued, clock.removeprefix(ASKED), happened)
            case _:
                pass  # a report to the Presidential Administration, a clock of the MFA's

    def _tell(self, kind: type[Value], feed: str, happened: Happened) -> None:
        self._add(Item(kind, feed, happened, happened), happened.entry)

    def _answer(self, kind: type[Value], happened: Happened) -> None:
        if happened.submitted_at is not None:
            self._answered.add(happened.command_id or "")
            if kind is SubmissionTaken:
                self._accepted.add((happened.submitted_at[0], happened.submission or ""))
            self._tell(kind, happened.submitted_at[0], happened)

    def _add(self, item: Item, *entries: tuple[str, int]) -> None:
        self._untold.setdefault(item.feed, {})[item.id] = item
        for entry in entries:
            self._made.setdefault(entry, []).append(item)

    def _published(self, happened: Happened) -> None:
        """14-8(2): what stands on the MFA's site is told once OHCHR's publication of the same is on record too."""
        found = [one for one in self._publications.values() if one.entry not in self._withdrawn_entries]
        for page in found:
            for published in found:
                pair = page.hash, published.hash
                if pair not in self._paired and self._are_of_the_same(page.event, published.event):
                    self._paired.add(pair)
                    item = Item(DocumentPublished, PUBLIC, happened, page, published.hash)
                    self._add(item, page.entry, published.entry)

    def _are_of_the_same(self, page: Event, published: Event) -> bool:
        """Whether a page of the MFA's and a publication of OHCHR's are of the communication, or of one response.

        What they name decides, whatever became of it since: so it is the same for whoever folds it later.
        """
        if not isinstance(page, PublishedOnSite) or not isinstance(published, OHCHRPublished):
            return False
        if page.what != published.what or page.what == "communication":
            return page.what == published.what
        if page.response is None or published.response is None:
            return False
        if page.response == published.response:
            return True
        return self._in_force(page.response) == self._in_force(published.response) is not None

    def _in_force(self, response: int | None) -> int | None:
        """A response, or what was entered in its place after it was withdrawn; None: nothing was yet."""
        while response is not None and response in self._withdrawn_by:
            withdrawn = self._withdrawn_by[response]
            response = next((at for at in self._responses if at > withdrawn), None)
        return response

    # --- what takes items back ---

    def _merged(self, happened: Happened) -> None:
        requests = [item for made in self._made.values() for item in made if item.kind is InformationRequested]
        for nth, request in enumerate(sorted(requests, key=lambda item: item.order)):
            self._withdraw(request, happened, nth)

    def _withdrawn(self, happened: Happened, entry: tuple[str, int]) -> None:
        self._withdrawn_entries.add(entry)
        if entry[0] == "publication":
            self._withdrawn_by[entry[1]] = happened.recorded.sequence
        for nth, item in enumerate(list(self._made.get(entry, ()))):
            if item.kind is ItemWithdrawn:
                self._stands_again(item, happened, nth)
            else:
                self._withdraw(item, happened, nth)

    def _withdraw(self, item: Item, by: Happened, nth: int) -> None:
        if not item.gone:
            item.gone = True
            self._add(Item(ItemWithdrawn, item.feed, by, item.of, item.id, nth), by.entry)

    def _stands_again(self, withdrawal: Item, by: Happened, nth: int) -> None:
        """A merger that was withdrawn: the requests that fell with it are told anew, if they hold."""
        if withdrawal.of.entry in self._withdrawn_entries:
            return
        again = Item(InformationRequested, withdrawal.feed, by, withdrawal.of, withdrawal.about, nth)
        self._add(again, withdrawal.of.entry)


def _is_due(item: Item, told: Collection[str]) -> bool:
    """What was withdrawn before it was told is never told, nor its withdrawal; but each submission has its answer."""
    if item.kind is ItemWithdrawn:
        return item.about in told
    return not item.gone or item.kind is SubmissionTaken


TELLING = frozenset(
    {
        CommunicationReceived,
        CommunicationForwarded,
        OmbudsmanInformed,
        ReportFiled,
        AgencyInfoReturned,
        DeadlineNear,
        DeadlineMissed,
        AgencyInfoSubmitted,
        AgencyInfoDeclined,
        CommandRefused,
        ResponseSent,
        PublishedOnSite,
        OHCHRPublished,
        CaseMerged,
        EntryWithdrawn,
    }
)
"""The events that something follows from, for somebody."""


# The contents.


def _letter(letter: Communication, case: Case) -> dict[str, Any]:
    extension = cases.extension_of(case)
    due = extension[1].reply_due if extension is not None else cases.stated_due(letter)
    return {name: getattr(letter, name) for name in LETTER} | {"reply_due": due}


def information_requested(story: Story, item: Item, case: Case) -> InformationRequested:
    """14-5(1), 14-7(1): what was forwarded to this body, and what it is asked; never another one's questions."""
    event = _event(item.of, CommunicationForwarded)
    to = next(to for to in event.bodies if to.body == item.feed)
    return InformationRequested(
        **_letter(story.letter(case), case),
        forwarded_on=event.forwarded_on,
        note_number=event.note_number,
        questions=to.questions,
        due=to.due,
        documents=event.documents,
    )


def information_returned(story: Story, item: Item, _: Case) -> InformationReturned:
    """Practice, for 14-6."""
    event = _event(item.of, AgencyInfoReturned)
    supplied = story.info(event.info)
    info = _event(supplied, AgencyInfoSubmitted)
    return InformationReturned(
        submission=supplied.submission,
        number=info.number,
        submitted_on=info.submitted_on,
        returned_on=event.returned_on,
        missing=event.missing,
        reason=event.reason,
        due=event.due,
        documents=event.documents,
    )


def reminder_issued(_: Story, item: Item, case: Case) -> ReminderIssued:
    """Practice: the day asked for comes near, or has passed."""
    open_questions = cases.open_questions(case, item.feed)
    if isinstance(item.of.event, DeadlineNear):
        near = item.of.event
        return ReminderIssued(due=near.due, working_days_left=near.working_days_left, open_questions=open_questions)
    return ReminderIssued(due=_event(item.of, DeadlineMissed).due, passed=True, open_questions=open_questions)


def communication_copied(story: Story, item: Item, case: Case) -> CommunicationCopied:
    """14-5(2)."""
    event = _event(item.of, OmbudsmanInformed)
    return CommunicationCopied(
        **_letter(story.letter(case), case),
        informed_on=event.informed_on,
        note_number=event.note_number,
        documents=event.documents,
    )


def report_copied(_: Story, item: Item, case: Case) -> ReportCopied:
    """14-9(2)."""
    event = _event(item.of, ReportFiled)
    sent = None if event.response is None else case.publication.get(event.response, ResponseSent)
    return ReportCopied(
        filed_on=event.filed_on,
        note_number=event.note_number,
        response_kind=sent.kind if sent else None,
        response_sent_on=sent.sent_on if sent else None,
        documents=event.documents,
    )


def item_withdrawn(_: Story, item: Item, __: Case) -> ItemWithdrawn:
    """Practice. An officer's own words are not passed on: they may speak of other bodies and cases."""
    merged = isinstance(item.by.event, CaseMerged)
    return ItemWithdrawn(item=item.about, reason=words.MERGED if merged else words.WITHDRAWN)


def submission_taken(_: Story, item: Item, case: Case) -> SubmissionTaken:
    """What the case asks of the body now."""
    return SubmissionTaken(
        submission=item.of.submission or "",
        offset=_offset(item),
        open_questions=cases.open_questions(case, item.feed),
        due=cases.asked_due(case, item.feed),
        state=state(case, item.feed),
    )


def submission_refused(_: Story, item: Item, __: Case) -> SubmissionRefused:
    """What intake refused, in words for the body."""
    event = _event(item.of, CommandRefused)
    return SubmissionRefused(
        submission=item.of.submission or "",
        offset=_offset(item),
        faults=(words.fault(event.code, event.field, event.message),),
    )


def document_published(story: Story, item: Item, case: Case) -> DocumentPublished:
    """14-8(2): published by OHCHR, and by the MFA."""
    page = _event(item.of, PublishedOnSite)
    published = story.published_as(item.about)
    at = cases.response_meant(case, page.response) if page.what == "response" else None
    sent = None if at is None else case.publication.get(at, ResponseSent)
    letter = story.letter(case)
    return DocumentPublished(
        reference=letter.reference,
        communication_type=letter.communication_type,
        mandates=letter.mandates,
        what=page.what,
        response_kind=sent.kind if sent else None,
        published_on=page.published_on,
        address=page.address,
        ohchr_published_on=published.published_on,
        ohchr_address=published.address,
        documents=page.documents,
    )


COMPOSE: dict[type[Value], Callable[[Story, Item, Case], Value]] = {
    InformationRequested: information_requested,
    InformationReturned: information_returned,
    ReminderIssued: reminder_issued,
    CommunicationCopied: communication_copied,
    ReportCopied: report_copied,
    ItemWithdrawn: item_withdrawn,
    SubmissionTaken: submission_taken,
    SubmissionRefused: submission_refused,
    DocumentPublished: document_published,
}


def _event(happened: Happened, kind: type[T]) -> T:
    """An event as the kind that it is of; TypeError if it is not."""
    if not isinstance(happened.event, kind):
        raise TypeError(kind)
    return happened.event


def _offset(item: Item) -> int:
    return (item.of.submitted_at or ("", 0))[1]


def state(case: Case, body: str) -> str:
    """What the case waits for from a body: open, supplied or declined, by the last that came from it."""
    infos = [at for at, info in case.intake.of(AgencyInfoSubmitted) if info.body == body]
    declines = [at for at, decline in case.intake.of(AgencyInfoDeclined) if decline.body == body]
    if max(declines, default=0) > max(infos, default=0):
        return "declined"
    returned = {back.info for _, back in case.routing.of(AgencyInfoReturned)}
    if not infos or infos[-1] in returned or cases.open_questions(case, body):
        return "open"
    return "supplied"
