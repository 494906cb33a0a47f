"""What follows for whom from what happened: given a history, a feed says this."""

from typing import Any

import msgspec
import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st

from jauap.domain.case import SERVICES, Case, evolve
from jauap.domain.events import CommandRefused, DeadlineMissed, DeadlineNear
from jauap.domain.facts import ForwardedTo, Value
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
from services.liaison.items import OMBUDSMAN, PUBLIC, Happened, Story, state
from tests.builders import (
    CASE,
    a_communication,
    a_correction,
    a_decline,
    a_document,
    a_forwarding,
    a_merger,
    a_notice,
    a_report,
    a_response,
    a_return,
    a_site_publication,
    a_withdrawal,
    an_extension,
    an_ohchr_publication,
    by,
    day,
    given,
    recorded,
    some_info,
)
from tests.builders import (
    Happened as What,
)

SUBMITTED = "jauap.submit.MIA/0/17"
MIA_AND_MOJ = a_forwarding(
    ForwardedTo(body="MIA", questions=("1", "2"), due=day("06-19")),
    ForwardedTo(body="MOJ", questions=("3",)),
    note_number="03-12/1",
    documents=(a_document(title="Note"),),
)
LETTER = a_communication(documents=(a_document(sha256="d" * 64, title="The letter itself"),), reply_due=day("08-01"))


def happened(*history: What, submitted: tuple[int, ...] = (), sender_id: str | None = None) -> list[Happened]:
    """A history as its records have it, a minute apart; those at `submitted` came from MIA's submission."""
    return [
        Happened(
            recorded=one,
            hash=f"{one.service}-{one.sequence}",
            at=f"2026-06-03T09:{at:02}:00.000Z",
            command_id=SUBMITTED if at in submitted else "an-officer's",
            correlation_id=(sender_id or SUBMITTED) if at in submitted else None,
        )
        for at, one in enumerate(recorded(*history))
    ]


class Reader:
    """What a feed's reader has, as liaison goes on: each look tells what is not told yet."""

    def __init__(self) -> None:
        self.case = Case(case_id=CASE)
        self.story = Story()
        self.told: dict[str, list[tuple[str, Value]]] = {}

    def look(self, events: list[Happened], *feeds: str) -> None:
        for one in events:
            self.case = evolve(self.case, one.recorded)
            self.story.take(one)
        self.story.catch_up()
        for feed in feeds:
            read = self.told.setdefault(feed, [])
            while items := self.story.untold(feed, {known for known, _ in read}):
                read += [(item.id, self.story.compose(item, self.case)) for item in items]

    def has(self, feed: str) -> list[Any]:
        return [content for _, content in self.told.get(feed, [])]


def told(feed: str, *history: What, **more: Any) -> list[Any]:
    """What a feed says whose reader was there from the start: each event is told before the next."""
    reader = Reader()
    for one in happened(*history, **more):
        reader.look([one], feed)
    return reader.has(feed)


def told_late(feed: str, *history: What, **more: Any) -> list[Any]:
    """What it says to a body that got access after all of it."""
    reader = Reader()
    reader.look(happened(*history, **more), feed)
    return reader.has(feed)


def test_a_forwarding_tells_each_body_its_own_questions_and_nothing_of_the_others() -> None:
    """The letter as far as the body may know it, the note's documents; never the letter's own, never another body."""
    (mia,) = told("MIA", LETTER, MIA_AND_MOJ)
    assert mia == InformationRequested(
        reference="KAZ 3/2026",
        communication_type="AL",
        language="en",
        letter_date=day("06-01"),
        reply_due=day("08-01"),
        forwarded_on=day("06-05"),
        note_number="03-12/1",
        questions=("1", "2"),
        due=day("06-19"),
        documents=(a_document(title="Note"),),
    )
    (moj,) = told("MOJ", LETTER, MIA_AND_MOJ)
    assert (moj.questions, moj.due) == (("3",), None)
    for feed, others in (("MIA", ("MOJ", "d" * 64)), ("MOJ", ("MIA", "d" * 64))):
        said = msgspec.json.encode(told(feed, LETTER, MIA_AND_MOJ)).decode()
        assert not any(other in said for other in others)
    assert told("GPO", LETTER, MIA_AND_MOJ) == []


def test_the_letter_is_told_as_corrected_and_extended() -> None:
    """Who asks later hears what the letter says by then."""
    history = (LETTER, a_correction(subject="Detention"), an_extension(), MIA_AND_MOJ)
    (item,) = told("MIA", *history)
    assert (item.subject, item.reply_due) == ("Detention", day("09-01"))


def test_a_return_names_the_submission_or_the_number_that_brought_it() -> None:
    """By the sender's own id if it came by machine; by the body's number where it came another way."""
    history = (LETTER, MIA_AND_MOJ, some_info(number="12-3"), a_return(2, missing=("2",), due=day("06-29")))
    returned = told("MIA", *history, submitted=(2,), sender_id="mine-1")[-1]
    assert (returned.submission, returned.number, returned.missing) == ("mine-1", "12-3", ("2",))
    assert (returned.due, returned.reason, returned.submitted_on) == (day("06-29"), "Incomplete", day("06-12"))
    assert told("MIA", *history)[-1].submission is None
    assert [type(item) for item in told("MOJ", *history)] == [InformationRequested]


def near(clock: str = "asked/MIA", **more: Any) -> DeadlineNear:
    """The day asked for is five working days away."""
    return DeadlineNear(clock=clock, due=day("06-19"), step=5, working_days_left=5, basis="routing:1", **more)


def test_reminders_tell_what_is_open() -> None:
    """The day comes near, and then has passed, with the questions that nothing answers yet; only of this body."""
    missed = DeadlineMissed(clock="asked/MIA", due=day("06-19"), basis="routing:1")
    items = told(
        "MIA", LETTER, MIA_AND_MOJ, near(), near("asked/MOJ"), near("14-5(1)"), some_info(answers=("1",)), missed
    )
    assert items[1:] == [
        ReminderIssued(due=day("06-19"), working_days_left=5, open_questions=("1", "2")),
        ReminderIssued(due=day("06-19"), passed=True, open_questions=("2",)),
    ]


def test_a_forwarding_that_is_withdrawn_is_taken_back_by_its_id() -> None:
    """In fixed words: an officer's may speak of other bodies."""
    reader = Reader()
    events = happened(LETTER, MIA_AND_MOJ, by("routing", a_withdrawal(1)))
    for one in events:
        reader.look([one], "MIA")
    (asked, _), (_, back) = reader.told["MIA"]
    assert back == ItemWithdrawn(item=asked, reason=words.WITHDRAWN)


def test_what_was_withdrawn_before_it_was_told_is_never_told() -> None:
    """Neither the item nor its withdrawal: it was forwarded to this body by mistake, and the body never knew."""
    assert told_late("MIA", LETTER, MIA_AND_MOJ, by("routing", a_withdrawal(1))) == []


def test_a_return_a_copy_and_a_report_are_taken_back_too() -> None:
    """Whatever made an item takes it back when it is withdrawn."""
    returned = told("MIA", LETTER, MIA_AND_MOJ, some_info(), a_return(2), by("routing", a_withdrawal(2)))
    assert [type(item) for item in returned] == [InformationRequested, InformationReturned, ItemWithdrawn]
    history = (LETTER, a_notice(), by("routing", a_withdrawal(1)), a_response(), a_report("ombudsman"))
    copies = told(OMBUDSMAN, *history, by("publication", a_withdrawal(2)))
    assert [type(item) for item in copies] == [CommunicationCopied, ItemWithdrawn, ReportCopied, ItemWithdrawn]


def test_a_merger_takes_back_each_request_that_still_stands() -> None:
    """One that was withdrawn before is not taken back twice; when the merger is withdrawn they are asked anew."""
    history: tuple[What, ...] = (
        LETTER, a_forwarding("MIA"), a_forwarding("MIA", note_number="2"), by("routing", a_withdrawal(1)), a_merger(),
    )  # fmt: skip
    items = told("MIA", *history)
    assert [type(item) for item in items[2:]] == [ItemWithdrawn, ItemWithdrawn]
    assert (items[3].reason, "KAZ-4-2026" in items[3].reason) == (words.MERGED, False)
    again = told("MIA", *history, by("intake", a_withdrawal(2)))
    assert again[4:] == [items[1]]
    assert told_late("MIA", *history, by("intake", a_withdrawal(2))) == [items[1]]


def test_the_ombudsman_gets_the_copies_and_may_be_a_body_too() -> None:
    """14-5(2), 14-9(2): the copy of the communication and of the report; no report of the Administration's."""
    history = (
        LETTER, a_notice(note_number="7"), a_forwarding(OMBUDSMAN), a_response(kind="interim"), a_report(),
        a_report("ombudsman", documents=(a_document(title="Report"),)),
    )  # fmt: skip
    copied, asked, report = told(OMBUDSMAN, *history)
    assert (type(copied), copied.informed_on, copied.note_number) == (CommunicationCopied, day("06-05"), "7")
    assert type(asked) is InformationRequested
    assert report == ReportCopied(
        filed_on=day("06-25"),
        response_kind="interim",
        response_sent_on=day("06-22"),
        documents=(a_document(title="Report"),),
    )
    assert told("MIA", *history) == []


def test_a_submission_that_was_taken_tells_what_the_case_asks_for_after_it() -> None:
    """By the sender's own id; what came another way has no answer."""
    history = (LETTER, MIA_AND_MOJ, some_info(answers=("1",)))
    assert told("MIA", *history, submitted=(2,), sender_id="mine-1")[-1] == SubmissionTaken(
        submission="mine-1", offset=17, open_questions=("2",), due=day("06-19"), state="open"
    )
    assert [type(item) for item in told("MIA", *history)] == [InformationRequested]


@pytest.mark.parametrize(
    ("expected", "history"),
    [
        ("open", []),
        ("open", [some_info(answers=("1",))]),
        ("supplied", [some_info(answers=("1", "2"))]),
        ("open", [some_info(answers=("1", "2")), a_return(2, missing=("2",))]),
        ("declined", [some_info(answers=("1",)), a_decline()]),
        ("supplied", [a_decline(), some_info(answers=("1", "2"))]),
        ("open", [some_info(answers=("1", "2")), some_info(answers=("1",), corrects=2)]),
    ],
)
def test_what_a_case_waits_for_from_a_body(expected: str, history: list[What]) -> None:
    """Open, supplied or declined, by the last that came from it."""
    assert state(given(LETTER, MIA_AND_MOJ, *history), "MIA") == expected


def test_a_refusal_is_told_in_words_for_the_body() -> None:
    """What would tell a case that is none of its business is told as any other that was not forwarded to it."""
    said = CommandRefused(command="SubmitAgencyInfo", code="BodyNotAsked", message="Forward it first.", field="body")
    (refused,) = told("MIA", LETTER, by("intake", said), submitted=(1,))
    assert isinstance(refused, SubmissionRefused)
    assert (refused.submission, refused.offset) == (SUBMITTED, 17)
    (fault,) = refused.faults
    assert (fault.code, fault.field, fault.message) == ("NotForwarded", "key", words.OF_DOORMAN["NotForwarded"])
    other = msgspec.structs.replace(said, code="QuestionNotAsked", message="It was not asked.", field="answers[0]")
    (refused,) = told("MIA", LETTER, by("intake", other), submitted=(1,))
    assert (refused.faults[0].code, refused.faults[0].field) == ("QuestionNotAsked", "answers[0]")


def test_a_submission_has_its_answer_even_if_its_entry_was_withdrawn_since() -> None:
    """Each is answered; the withdrawal follows."""
    history = (LETTER, MIA_AND_MOJ, some_info(), by("intake", a_withdrawal(2)))
    items = told_late("MIA", *history, submitted=(2,))
    assert [type(item) for item in items] == [InformationRequested, SubmissionTaken, ItemWithdrawn]


@pytest.mark.parametrize("what", ["communication", "response"])
def test_nothing_is_public_before_both_have_published_the_same(what: str) -> None:
    """14-8(2): whichever is recorded first; the page of something else does not count."""
    page = a_site_publication(what, response=1 if what == "response" else None, documents=(a_document(),))
    published = an_ohchr_publication(what, response=page.response, address="https://ohchr.example/1")
    other = an_ohchr_publication("response" if what == "communication" else "communication")
    start = (LETTER, a_response())
    assert (
        told(PUBLIC, *start, page, msgspec.structs.replace(other, response=1 if other.what == "response" else None))
        == []
    )
    (one,), (two,) = told(PUBLIC, *start, page, published), told(PUBLIC, *start, published, page)
    assert one == two
    assert isinstance(one, DocumentPublished)
    assert (one.what, one.response_kind) == (what, "full" if what == "response" else None)
    assert (one.ohchr_published_on, one.published_on, one.ohchr_address) == (
        day("06-24"), day("06-26"), "https://ohchr.example/1",
    )  # fmt: skip
    assert one.documents == (a_document(),)


@pytest.mark.parametrize("withdrawn", [("publication", 1), ("intake", 2)])
def test_what_was_published_is_taken_back_with_either_entry(withdrawn: tuple[str, int]) -> None:
    """And is not told at all to who looks later; published again it is another item."""
    service, entry = withdrawn
    history = (LETTER, a_site_publication(), an_ohchr_publication(), by(service, a_withdrawal(entry)))
    assert [type(item) for item in told(PUBLIC, *history)] == [DocumentPublished, ItemWithdrawn]
    assert told_late(PUBLIC, *history) == []
    again = a_site_publication() if service == "publication" else an_ohchr_publication()
    assert [type(item) for item in told_late(PUBLIC, *history, again)] == [DocumentPublished]


def test_a_response_that_was_entered_again_is_the_one_that_was_published() -> None:
    """OHCHR's publication names the first entry, the page the second: they are of one response."""
    history = (
        LETTER, a_response(), an_ohchr_publication("response", response=1), by("publication", a_withdrawal(1)),
        a_response(sent_on=day("06-23")), a_site_publication("response", response=3),
    )  # fmt: skip
    assert [type(item) for item in told(PUBLIC, *history)] == [DocumentPublished]


def test_a_page_of_one_response_is_not_public_with_another_one_s_publication() -> None:
    """Each response is published on its own, and a withdrawal puts no earlier one in its place."""
    history = (LETTER, a_response(kind="interim"), a_response(), an_ohchr_publication("response", response=1))
    assert told(PUBLIC, *history, a_site_publication("response", response=2)) == []
    page = (LETTER, a_response(kind="interim"), a_response(), a_site_publication("response", response=1))
    other = (an_ohchr_publication("response", response=2), by("publication", a_withdrawal(1)))
    assert told(PUBLIC, *page, *other) == told_late(PUBLIC, *page, *other) == []


def test_a_page_is_taken_back_by_who_started_after_its_response_was_withdrawn() -> None:
    """What follows from a page does not hang on when liaison was started."""
    history = happened(
        LETTER, a_response(), an_ohchr_publication("response", response=1), a_site_publication("response", response=1),
        by("publication", a_withdrawal(1)), by("publication", a_withdrawal(2)),
    )  # fmt: skip
    before, after = Reader(), Reader()
    before.look(history[:4], PUBLIC)
    after.told = before.told
    after.look(history[:5], PUBLIC)
    after.look(history[5:], PUBLIC)
    assert [type(item) for item in after.has(PUBLIC)] == [DocumentPublished, ItemWithdrawn]


def test_a_page_that_was_withdrawn_before_ohchr_published_is_never_public() -> None:
    """It may have been withdrawn because it named somebody."""
    history = (LETTER, a_site_publication(), by("publication", a_withdrawal(1)), an_ohchr_publication())
    assert told(PUBLIC, *history) == told_late(PUBLIC, *history) == []


WHOLE: tuple[What, ...] = (
    LETTER, MIA_AND_MOJ, a_notice(), near(), some_info(answers=("1",)), a_return(2), some_info(corrects=2),
    a_response(), a_report("ombudsman"), an_ohchr_publication(), a_site_publication(), a_forwarding("MIA", "GPO"),
    by("routing", a_withdrawal(1)), by("publication", a_withdrawal(3)), a_merger(), by("intake", a_withdrawal(5)),
)  # fmt: skip


def ids(story: Story, feed: str) -> list[str]:
    """The ids that a feed should have."""
    return [item.id for item in story.untold(feed, ())]


@for_any(st.randoms(use_true_random=False))
def test_the_same_follows_however_the_topics_interleave(random: Any) -> None:
    """Any order of reading that keeps each topic's own gives the same items in the same order."""
    events = happened(*WHOLE, submitted=(4, 6))
    rest = {service: [one for one in events if one.recorded.service == service] for service in SERVICES}
    shuffled, case = Story(), Case(case_id=CASE)
    while any(rest.values()):
        service = random.choice([name for name, left in rest.items() if left])
        one = rest[service].pop(0)
        case = evolve(case, one.recorded)
        shuffled.take(one)
    shuffled.catch_up()
    straight = Reader()
    straight.look(events)
    for feed in ("MIA", "MOJ", "GPO", OMBUDSMAN, PUBLIC):
        assert ids(shuffled, feed) == ids(straight.story, feed)


def test_an_id_is_of_one_event_one_body_and_one_kind() -> None:
    """It says nothing of other records: no sequence, no other body's id."""
    reader = Reader()
    events = happened(*WHOLE, submitted=(4, 6))
    for one in events:
        reader.look([one], "MIA", "MOJ", "GPO", OMBUDSMAN, PUBLIC)
    every = [known for read in reader.told.values() for known, _ in read]
    assert len(every) == len(set(every)) > 12
    assert all(len(known) == 64 for known in every)


def test_earlier_submissions_are_found_by_id_or_place_and_only_one_s_own() -> None:
    """What came another way, and what is another body's, has no submission id."""
    reader = Reader()
    reader.look(happened(LETTER, MIA_AND_MOJ, some_info(), some_info("MOJ"), submitted=(2,), sender_id="mine-1"))
    assert [reader.story.info_submitted("MIA", name) for name in ("mine-1", SUBMITTED, "other")] == [2, 2, None]
    assert reader.story.info_submitted("MOJ", "mine-1") is None
