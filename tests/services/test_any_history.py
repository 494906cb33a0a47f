"""Any history of any case settles, in the same state however often and late it was looked at."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import partial
from random import Random

from hypothesis import given as for_any
from hypothesis import settings
from hypothesis import strategies as st

from jauap.domain.case import Case
from jauap.domain.events import (
    DeadlineMissed,
    DeadlineNear,
    Event,
    FindingRaised,
)
from jauap.domain.facts import ForwardedTo, Value
from jauap.domain.workdays import Calendars
from services.deadlines.clocks import forwarding_due, wanted_clocks
from services.deadlines.findings import wanted_findings
from services.deadlines.reconcile import reconcile
from tests.builders import (
    a_communication,
    a_correction,
    a_decline,
    a_draft,
    a_forwarding,
    a_meeting,
    a_merger,
    a_notice,
    a_participant,
    a_report,
    a_response,
    a_return,
    a_signatory,
    a_site_publication,
    a_treaty_assignment,
    a_treaty_extension,
    a_treaty_reply,
    a_treaty_request,
    a_visit_agreement,
    a_visit_invitation,
    a_visit_proposal,
    a_visit_refusal,
    a_visit_stage,
    a_withdrawal,
    an_extension,
    an_ohchr_publication,
    day,
    given,
    some_info,
)
from tests.services.deadline_runs import (
    ALL_RULES,
    LIMIT,
    as_they_stand,
    as_wanted,
    moved_off,
    run,
    shipped,
    then,
    without,
)

BODIES = ("MIA", "MOJ", "GPO")
CALENDARS = (
    shipped,
    partial(moved_off, "06-08", "06-29"),
    partial(moved_off, "06-05", becomes="estimated-off"),
    partial(without, 2026),
)

days = st.one_of(
    st.dates(date(2026, 5, 25), date(2026, 7, 20)),
    st.dates(date(2022, 1, 20), date(2022, 2, 5)),
    st.dates(date(2026, 12, 20), date(2027, 1, 10)),
)
maybe_days = st.none() | days
entries = st.integers(1, 6)
bodies = st.sampled_from(BODIES)
languages = st.sampled_from(["en", "ru", None])
signatories = st.sampled_from([a_signatory(), a_signatory(capacity="acting-first-head"), a_signatory(capacity="other")])
published = st.sampled_from(["communication", "response"])
bases = st.sampled_from(["competent-body", "mfa-initiative", "ombudsman"])
agreeing = st.sampled_from(["MFA", *BODIES])
public_records = st.sampled_from([None, None, "https://public.example/1"])


def fact_strategies() -> dict[str, list[st.SearchStrategy[Event]]]:
    """Give any fact of each service, true or not: dates in any order, sequences that may not be there."""
    asked = st.builds(ForwardedTo, body=bodies, due=maybe_days)
    withdrawals: st.SearchStrategy[Event] = st.builds(a_withdrawal, entries)
    participants = st.builds(a_participant, bodies, level=st.sampled_from(["first-head", "below"]))
    return {
        "intake": [
            st.builds(
                a_communication,
                received_on=days,
                letter_date=maybe_days,
                reply_due=maybe_days,
                reply_within_days=st.sampled_from([None, 10, 60]),
                receipt_assumed=st.sampled_from([False, False, False, True]),
                public_record=public_records,
            ),
            st.builds(
                a_correction,
                received_on=maybe_days,
                reply_due=maybe_days,
                letter_date=maybe_days,
                language=languages,
                cleared=st.sampled_from([(), ("language",), ("reply_due",)]),
            ),
            st.builds(an_extension, reply_due=days),
            st.builds(some_info, bodies, submitted_on=days, signatory=signatories, corrects=st.none() | entries),
            st.builds(a_decline, bodies, declined_on=days),
            st.builds(an_ohchr_publication, published, response=st.none() | entries, published_on=days),
            st.builds(a_merger),
            st.builds(a_visit_proposal, bases, competent_bodies=st.just(BODIES), proposed_on=days),
            st.builds(
                a_treaty_request,
                st.sampled_from(["individual-communication", "views", "follow-up"]),
                document_date=maybe_days,
                reply_due=maybe_days,
                interim_measures_due=maybe_days,
            ),
            st.builds(a_treaty_extension, entries, reply_due=days),
            st.builds(a_visit_stage, reached_on=days),
            withdrawals,
            withdrawals,
        ],
        "routing": [
            st.builds(lambda to, on: a_forwarding(*to, forwarded_on=on), st.lists(asked, min_size=1, max_size=3), days),
            st.builds(a_notice, informed_on=days),
            st.builds(a_return, entries, bodies, due=maybe_days, returned_on=days),
            st.builds(
                lambda who, on, wanted: a_meeting(*who, held_on=on, interested=tuple(wanted)),
                st.lists(participants, min_size=1, max_size=3),
                days,
                st.lists(bodies, unique=True),
            ),
            st.builds(a_treaty_assignment, bodies, assigned_on=days),
            st.builds(a_visit_agreement, agreeing, proposal=entries, agreed_on=days),
            st.builds(a_visit_refusal, agreeing, proposal=entries, refused_on=days),
            withdrawals,
        ],
        "publication": [
            st.builds(lambda on, rests_on: a_draft(*rests_on, drafted_on=on), days, st.lists(entries, max_size=3)),
            st.builds(
                a_response,
                kind=st.sampled_from(["acknowledgement", "interim", "full", "full"]),
                sent_on=days,
                language=languages,
                channel=st.sampled_from(["diplomatic", "other", None]),
                signatory=st.none() | signatories,
                public_record=public_records,
            ),
            st.builds(
                a_report, st.sampled_from(["administration", "ombudsman"]), response=st.none() | entries, filed_on=days
            ),
            st.builds(a_site_publication, published, response=st.none() | entries, published_on=days),
            st.builds(
                a_treaty_reply,
                entries,
                kind=st.sampled_from(["acknowledgement", "full"]),
                answers=st.sampled_from(["request", "both"]),
                sent_on=days,
            ),
            st.builds(
                a_visit_invitation, st.none() | entries, sent_on=days, channel=st.sampled_from(["diplomatic", "other"])
            ),
            withdrawals,
        ],
    }


def anything_recorded() -> st.SearchStrategy[tuple[str, Event]]:
    """Give any one record of intake, routing or publication."""
    return st.one_of(
        [st.tuples(st.just(service), facts) for service, kinds in fact_strategies().items() for facts in kinds]
    )


class Turn(Value, frozen=True, kw_only=True):
    """What happens between two looks at a case: records, days that pass, perhaps another calendar."""

    records: tuple[tuple[str, Event], ...]
    days: int
    calendar: int
    steps: int
    """So many steps are folded at this look: none, some, or all there are."""


turns = st.lists(
    st.builds(
        Turn,
        records=st.lists(anything_recorded(), max_size=6).map(tuple),
        days=st.integers(0, 20),
        calendar=st.integers(0, len(CALENDARS) - 1),
        steps=st.sampled_from([0, 1, 2, 3, LIMIT]),
    ),
    min_size=1,
    max_size=6,
)
histories = st.builds(
    lambda letter, rest: [Turn(records=(("intake", letter),), days=0, calendar=0, steps=LIMIT), *rest],
    st.builds(a_communication, received_on=days, reply_due=maybe_days),
    turns,
)


def play(history: Sequence[Turn], *, looks: bool = True) -> tuple[Case, Calendars, date]:
    """Play a history, with its looks or without, and give the case, the calendar and the day at its end."""
    case, calendar, today = given(), shipped(), date(2026, 6, 1)
    for turn in history:
        case = then(case, *turn.records)
        today += timedelta(days=turn.days)
        calendar = CALENDARS[turn.calendar]()
        if looks:
            case, _ = run(case, today, calendar, turn.steps)
    return case, calendar, today


@settings(max_examples=200, deadline=None)
@for_any(histories)
def test_any_history_settles(history: list[Turn]) -> None:
    """From any case, folding the first step again and again ends soon, where record and what should be are the same."""
    case, calendar, today = play(history)
    wanted = wanted_clocks(case, calendar, ALL_RULES, today)
    findings = wanted_findings(case, wanted, lambda day: forwarding_due(case, calendar, ALL_RULES, day))
    touched = len({*wanted, *case.deadlines.clocks}) * 7 + len({*findings, *case.deadlines.findings}) * 3
    case, steps = run(case, today, calendar)
    assert len(steps) <= touched
    assert as_wanted(case) == as_they_stand(wanted)
    assert case.deadlines.findings == findings
    assert reconcile(case, calendar, ALL_RULES, today) == []


@settings(max_examples=100, deadline=None)
@for_any(histories)
def test_the_end_does_not_depend_on_the_looks(history: list[Turn]) -> None:
    """However often and late a case was looked at, the same clocks and findings stand at the end."""
    often, calendar, today = play(history)
    once, _, _ = play(history, looks=False)
    often, once = run(often, today, calendar)[0], run(once, today, calendar)[0]
    assert as_wanted(often) == as_wanted(once)
    assert often.deadlines.findings == once.deadlines.findings


@settings(max_examples=60, deadline=None)
@for_any(histories, st.lists(st.integers(1, 15), max_size=20))
def test_each_step_exactly_once(history: list[Turn], naps: list[int]) -> None:
    """While only days pass, no step is recorded twice, and once at the end gives the same as every few days."""
    case, calendar, today = play(history)
    case, _ = run(case, today, calendar)
    asleep, steps = case, []
    for nap in naps:
        today += timedelta(days=nap)
        case, more = run(case, today, calendar)
        steps += more
    assert all(isinstance(step, DeadlineNear | DeadlineMissed | FindingRaised) for step in steps)
    assert all(steps.count(step) == 1 for step in steps)
    assert as_wanted(run(asleep, today, calendar)[0]) == as_wanted(case)


@settings(max_examples=60, deadline=None)
@for_any(histories, st.randoms(use_true_random=False))
def test_interleaving(history: list[Turn], chance: Random) -> None:
    """The order between the topics makes no difference: only each topic's own does."""
    records = [record for turn in history for record in turn.records]
    queues = {service: [record for record in records if record[0] == service] for service in fact_strategies()}
    shuffled = [record[0] for record in records]
    chance.shuffle(shuffled)
    one, other = then(given(), *records), then(given(), *(queues[service].pop(0) for service in shuffled))
    assert reconcile(one, shipped(), ALL_RULES, day("07-01")) == reconcile(other, shipped(), ALL_RULES, day("07-01"))
