"""The case: one fold, the same for every order in which the four topics may be read."""

from collections.abc import Sequence
from functools import reduce
from typing import Any

import msgspec
import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from jauap.domain import events
from jauap.domain.case import (
    SERVICES,
    Case,
    Recorded,
    asked_bodies,
    asked_on,
    evolve,
    letter_of,
    merged_into,
    questions_to,
    substantive_responses,
)
from jauap.domain.events import (
    AlertAcknowledged,
    AlertDelivered,
    AlertEscalated,
    AlertFailed,
    ChainMended,
    CommandRefused,
    DeadlineDropped,
    DeadlineMet,
    DeadlineMissed,
    DeadlineMoved,
    DeadlineNear,
    DeadlineReopened,
    DeadlineStarted,
    Event,
    FindingCured,
    FindingRaised,
    MeetingHeld,
)
from jauap.domain.facts import Communication, ForwardedTo
from tests.builders import (
    CASE,
    Happened,
    a_calendar_act,
    a_communication,
    a_correction,
    a_decline,
    a_draft,
    a_forwarding,
    a_meeting,
    a_merger,
    a_notice,
    a_report,
    a_response,
    a_return,
    a_site_publication,
    a_treaty_assignment,
    a_treaty_extension,
    a_treaty_reply,
    a_treaty_request,
    a_visit_agreement,
    a_visit_invitation,
    a_visit_proposal,
    a_visit_proposals_end,
    a_visit_refusal,
    a_visit_stage,
    a_withdrawal,
    an_assignment,
    an_extension,
    an_ohchr_publication,
    by,
    day,
    given,
    recorded,
    some_info,
)

# What each service may write. Sequences and ids are drawn from small ranges, so that withdrawals, returns and steps
# of clocks often hit an entry that is there.

DAYS = st.dates(day("06-01"), day("06-30"))
ENTRIES = st.integers(1, 8)
BODIES = st.sampled_from(["MIA", "GPO"])
CLOCKS = st.sampled_from(["14-5(1)", "14-8(1)", "asked/MIA"])
FINDINGS = st.sampled_from(["language/publication:1", "no-meeting/publication:1"])
BASES = st.sampled_from(["intake:1", "intake:2"])

WITHDRAWN = st.builds(a_withdrawal, ENTRIES)
REFUSED = st.just(CommandRefused(command="SendResponse", code="UnknownCase", message="No."))
MENDED = st.just(ChainMended(break_offset=7, reason="Disk"))
TERMS: dict[str, Any] = {"clock": CLOCKS, "rule": st.just("r"), "policy": st.just("p"), "basis": BASES}
NOTHING_CLEARED: st.SearchStrategy[tuple[str, ...]] = st.just(())

DELIVERY: dict[str, Any] = {
    "alert": ENTRIES,
    "level": st.integers(0, 1),
    "recipient": st.sampled_from(["OFFICER-7", "MIA"]),
    "channel": st.sampled_from(["email", "webhook"]),
    "message": st.just("<m@jauap>"),
}
ALERTS: list[st.SearchStrategy[Event]] = [
    st.builds(AlertDelivered, delivered_on=DAYS, **DELIVERY),
    st.builds(AlertFailed, failed_on=DAYS, attempt=ENTRIES, fault=st.just("unreachable"), **DELIVERY),
    st.builds(AlertAcknowledged, alert=ENTRIES, by=st.just("OFFICER-7"), acknowledged_on=DAYS),
    st.builds(AlertEscalated, alert=ENTRIES, clock=CLOCKS, level=st.integers(1, 3), told_on=DAYS),
]

BY_SERVICE: dict[str, st.SearchStrategy[Event]] = {
    "intake": st.one_of(
        st.builds(a_communication, received_on=DAYS, receipt_assumed=st.booleans()),
        st.builds(a_correction, received_on=st.none() | DAYS, language=st.sampled_from([None, "fr"])),
        st.builds(a_correction, cleared=NOTHING_CLEARED | st.just(("letter_date", "language"))),
        st.builds(an_extension, reply_due=DAYS),
        st.builds(some_info, BODIES, submitted_on=DAYS, corrects=st.none() | ENTRIES),
        st.builds(a_decline, BODIES),
        st.builds(an_ohchr_publication, published_on=DAYS),
        st.builds(a_merger),
        st.builds(a_calendar_act),
        st.builds(a_visit_proposal, st.sampled_from(["competent-body", "mfa-initiative", "ombudsman"])),
        st.builds(a_visit_proposals_end, ENTRIES),
        st.builds(a_treaty_request, st.sampled_from(["individual-communication", "views"]), received_on=DAYS),
        st.builds(a_treaty_extension, ENTRIES, reply_due=DAYS),
        st.builds(a_visit_stage, st.sampled_from(["requested", "declined"]), reached_on=DAYS),
        WITHDRAWN,
        REFUSED,
        MENDED,
    ),
    "routing": st.one_of(
        st.builds(a_forwarding, BODIES, forwarded_on=DAYS),
        st.builds(a_notice, informed_on=DAYS),
        st.builds(a_return, ENTRIES),
        st.builds(a_meeting),
        st.builds(a_treaty_assignment, BODIES, assigned_on=DAYS),
        st.builds(a_visit_agreement, BODIES, agreed_on=DAYS),
        st.builds(a_visit_refusal, BODIES, refused_on=DAYS),
        st.builds(an_assignment, st.sampled_from(["OFFICER-7", "OFFICER-9"])),
        WITHDRAWN,
        REFUSED,
        MENDED,
    ),
    "deadlines": st.one_of(
        st.builds(DeadlineStarted, starts_on=DAYS, due=st.none() | DAYS, **TERMS),
        st.builds(DeadlineMoved, starts_on=DAYS, due=st.none() | DAYS, **TERMS),
        st.builds(
            DeadlineNear, clock=CLOCKS, due=DAYS, working_days_left=st.just(1), step=st.integers(-1, 3), basis=BASES
        ),
        st.builds(DeadlineMet, clock=CLOCKS, met_on=DAYS, late=st.booleans(), met_by=st.just("routing:1"), basis=BASES),
        st.builds(DeadlineMissed, clock=CLOCKS, due=DAYS, basis=BASES),
        st.builds(DeadlineReopened, clock=CLOCKS, basis=BASES),
        st.builds(DeadlineDropped, clock=CLOCKS),
        st.builds(
            FindingRaised,
            finding=FINDINGS,
            code=st.just("language"),
            paragraph=st.just("14-8(1)"),
            expected=st.just("en"),
            found=st.sampled_from(["fr", "ru"]),
            basis=st.just("publication:1"),
        ),
        st.builds(FindingCured, finding=FINDINGS),
        *ALERTS,
        REFUSED,
        MENDED,
    ),
    "publication": st.one_of(
        st.builds(a_draft, ENTRIES, drafted_on=DAYS),
        st.builds(a_response, kind=st.sampled_from(["acknowledgement", "interim", "full"]), sent_on=DAYS),
        st.builds(a_report, response=ENTRIES),
        st.builds(a_site_publication, published_on=DAYS),
        st.builds(a_treaty_reply, ENTRIES, kind=st.sampled_from(["interim", "full"]), sent_on=DAYS),
        st.builds(a_visit_invitation, ENTRIES, sent_on=DAYS),
        WITHDRAWN,
        REFUSED,
        MENDED,
    ),
}


def fold(history: Sequence[Recorded]) -> Case:
    """Fold records in the order given."""
    return reduce(evolve, history, Case(case_id=CASE))


@st.composite
def histories(draw: st.DrawFn) -> list[Recorded]:
    """One service after the other, each with its own events in their order."""
    return [
        record
        for service in SERVICES
        for record in recorded(*(by(service, event) for event in draw(st.lists(BY_SERVICE[service], max_size=12))))
    ]


@st.composite
def interleavings(draw: st.DrawFn) -> tuple[list[Recorded], list[Recorded]]:
    """A history, and the same records in another order that keeps each service's own order."""
    history = draw(histories())
    queues = {service: iter([r for r in history if r.service == service]) for service in SERVICES}
    turns = draw(st.permutations([record.service for record in history]))
    return history, [next(queues[service]) for service in turns]


@for_all(interleavings())
def test_every_interleaving_of_the_topics_gives_the_same_case(both: tuple[list[Recorded], list[Recorded]]) -> None:
    """Whatever order the four topics are read in, the whole case is the same if each keeps its own order."""
    history, interleaved = both
    assert fold(interleaved) == fold(history)


@for_all(interleavings(), st.integers(0, 48))
def test_a_fold_can_stop_and_go_on(both: tuple[list[Recorded], list[Recorded]], at: int) -> None:
    """A case that was written down as JSON between two records and read again goes on to the same case."""
    history, interleaved = both
    halfway = msgspec.json.decode(msgspec.json.encode(fold(interleaved[:at])), type=Case)
    assert reduce(evolve, interleaved[at:], halfway) == fold(history)


@pytest.mark.parametrize("service", SERVICES)
def test_the_generated_histories_have_every_event(service: str) -> None:
    """The property above speaks of each event that a service may write: none was left out of its history."""
    seen: set[type[Event]] = set()

    @settings(derandomize=True, max_examples=300)
    @for_all(BY_SERVICE[service])
    def collect(event: Event) -> None:
        seen.add(type(event))

    collect()
    assert seen == set(events.BY_SERVICE[service])


def letter(*history: Happened) -> Communication:
    """Fold a history and take its letter."""
    found = letter_of(given(*history))
    assert found is not None
    return found.communication


def test_a_case_without_a_communication_has_no_letter() -> None:
    """Nothing received, nothing to correct: a correction alone makes no letter."""
    assert letter_of(given()) is None
    assert letter_of(given(a_correction(language="fr"))) is None


def test_a_correction_replaces_only_what_it_gives() -> None:
    """A field that a correction leaves out stays as it was received."""
    after = letter(a_communication(language="en", subject="Housing"), a_correction(language="fr"))
    assert (after.language, after.subject) == ("fr", "Housing")


def test_a_correction_empties_what_it_clears() -> None:
    """A cleared field is unknown afterwards."""
    assert letter(a_communication(reply_due=day("08-01")), a_correction(cleared=("reply_due",))).reply_due is None


def test_a_later_correction_wins() -> None:
    """Corrections apply in the order of the log."""
    assert letter(a_communication(), a_correction(language="fr"), a_correction(language="es")).language == "es"


def test_a_withdrawn_correction_never_was() -> None:
    """When a correction is withdrawn, the letter reads as it did before, with what was corrected since."""
    after = letter(
        a_communication(language="en"),
        a_correction(language="fr"),
        a_correction(subject="Housing"),
        by("intake", a_withdrawal(2)),
    )
    assert (after.language, after.subject) == ("en", "Housing")


def test_a_letter_entered_again_starts_afresh() -> None:
    """A correction of a withdrawn letter does not touch the letter that is entered again."""
    again = letter(
        a_communication(), a_correction(language="fr"), by("intake", a_withdrawal(1)), a_communication(language="es")
    )
    assert again.language == "es"


def test_a_given_day_of_receipt_confirms_an_assumed_one() -> None:
    """The receipt is assumed until a correction gives the day, even the same day; another correction leaves it so."""
    assumed = a_communication(receipt_assumed=True)
    assert letter(assumed, a_correction(language="fr")).receipt_assumed
    assert not letter(assumed, a_correction(received_on=assumed.received_on)).receipt_assumed


@pytest.mark.parametrize(
    ("correction", "received_by", "term_by"),
    [
        (a_correction(language="fr"), 1, 1),
        (a_correction(received_on=day("06-04")), 2, 1),
        (a_correction(reply_due=day("08-01")), 1, 2),
        (a_correction(reply_within_days=60), 1, 2),
        (a_correction(cleared=("reply_within_days",)), 1, 2),
    ],
)
def test_a_letter_knows_which_records_set_its_receipt_and_its_term(
    correction: Event, received_by: int, term_by: int
) -> None:
    """Clocks can name the record that they rest on: the letter's own, or the last correction of that day or term."""
    found = letter_of(given(a_communication(), correction))
    assert found is not None
    assert (found.received_by, found.term_by) == (received_by, term_by)


def test_the_letters_date_sets_a_term_that_runs_from_it() -> None:
    """A corrected date of the letter is what a stated period rests on; a stated date, or none, does not rest on it."""
    redated = a_correction(letter_date=day("06-02"))
    with_period = letter_of(given(a_communication(reply_within_days=60), redated))
    without = letter_of(given(a_communication(), redated))
    assert (with_period and with_period.term_by, without and without.term_by) == (2, 1)


def test_a_withdrawal_takes_out_one_entry_of_its_own_service() -> None:
    """Entry 1 of routing goes; entry 1 of intake and entry 2 of routing stay."""
    case = given(a_communication(), a_forwarding("MIA"), a_meeting(), by("routing", a_withdrawal(1)))
    assert letter_of(case) is not None
    assert asked_bodies(case) == ()
    assert [at for at, _ in case.routing.of(MeetingHeld)] == [2]


def test_a_withdrawn_merger_opens_the_case_again() -> None:
    """A case is merged while a merger is in force; the last one in force says into what."""
    assert merged_into(given(a_communication(), a_merger("KAZ-4-2026"))) == "KAZ-4-2026"
    assert merged_into(given(a_communication(), a_merger(), by("intake", a_withdrawal(2)))) is None


def test_a_refusal_does_not_change_a_case() -> None:
    """A refusal takes a number in the chain and nothing else: the last event's sequence stays."""
    refusal = by("routing", CommandRefused(command="InformOmbudsman", code="UnknownCase", message="No."))
    assert given(refusal) == given()
    assert given(refusal, a_notice()).routing.last == 2


def test_a_mending_is_the_last_event_and_changes_no_fact() -> None:
    """A chain that was mended goes on from there, with the facts that it had."""
    case = given(a_notice(), by("routing", ChainMended(break_offset=9, reason="Disk")))
    assert (case.routing.last, len(case.routing.entries)) == (2, 1)


def test_a_body_is_asked_from_its_first_forwarding_on() -> None:
    """A body forwarded to twice counts as asked from the earlier day, whichever was recorded first."""
    case = given(a_forwarding("MIA", forwarded_on=day("06-09")), a_forwarding("GPO", "MIA", forwarded_on=day("06-05")))
    assert (asked_on(case, "MIA"), asked_on(case, "MOJ")) == (day("06-05"), None)
    assert asked_bodies(case) == ("MIA", "GPO")


def test_the_questions_to_a_body_are_those_of_all_its_forwardings() -> None:
    """A body answers what it was ever asked, and not what another body was asked."""
    case = given(
        a_forwarding(ForwardedTo(body="MIA", questions=("1",)), ForwardedTo(body="GPO", questions=("2",))),
        a_forwarding(ForwardedTo(body="MIA", questions=("3",))),
    )
    assert questions_to(case, "MIA") == {"1", "3"}


def test_an_acknowledgement_is_no_response() -> None:
    """Interim and full replies are responses, each with its sequence; an acknowledgement is not."""
    case = given(a_response(kind="acknowledgement"), a_response(kind="interim"), a_response(kind="full"))
    assert [(at, sent.kind) for at, sent in substantive_responses(case)] == [(2, "interim"), (3, "full")]
