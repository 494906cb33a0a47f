"""The clocks that should run for a case, and how each stands on a day. Pure: facts, calendar and rules in.

Each function of `CLOCKS` reads the facts on record and says what a clock rests on (`Ground`); `judged` then
counts its term by the rule in force at its start. A fact's own day decides, never the day it was recorded,
and never the order between topics: sequences are compared only within one service's chain.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date

from jauap.domain import case as cases
from jauap.domain import receipts, workdays
from jauap.domain.case import Case, Clock, Letter, response_meant
from jauap.domain.events import (
    AgencyInfoDeclined,
    AgencyInfoReturned,
    AgencyInfoSubmitted,
    CalendarActReceived,
    CommunicationForwarded,
    OHCHRPublished,
    OmbudsmanInformed,
    PublishedOnSite,
    ReportFiled,
    ResponseSent,
)
from jauap.domain.facts import Recipient
from jauap.domain.rules import Rule, rule_for
from jauap.domain.workdays import CalendarMissing, Calendars
from services.deadlines import treaty
from services.deadlines.grounds import End, Ground, Met, Moment, earliest

NO_LETTER_DATE = "the letter's own date, from which its period runs, is not on record"


def wanted_clocks(case: Case, calendars: Calendars, rules: Sequence[Rule], today: date) -> dict[str, Clock]:
    """Give the clocks that should be on record on a day in Kazakhstan, by id: legal clocks first, then requests."""
    clocks = (judged(ground, calendars, rules, today) for ground in grounds_of(case, today))
    return {clock.clock: clock for clock in clocks if clock is not None}


def grounds_of(case: Case, today: date) -> Iterator[Ground]:
    """Give what each clock of a case rests on."""
    if case.case_id == cases.CALENDAR:
        yield from calendars_loaded(case, today)
    letter = judged_letter(case)
    if letter is not None:
        for clocks in CLOCKS:
            yield from clocks(case, letter)
    if cases.merged_into(case) is None:
        yield from treaty.grounds_of(case)


def judged_letter(case: Case) -> Letter | None:
    """Give the letter whose handling is judged; None: there is none, it was merged, or its receipt is assumed."""
    letter = cases.letter_of(case)
    if letter is None or letter.communication.receipt_assumed:
        return None
    return None if case.case_id == cases.CALENDAR or cases.merged_into(case) is not None else letter


def judged(ground: Ground, calendars: Calendars, rules: Sequence[Rule], today: date) -> Clock | None:
    """Count a clock's term by the rule in force at its start, and say how it stands. None: no rule was in force.

    A fact after the due date is late, whenever it was recorded; a fact before the clock's start is in time.
    What can't be counted can be met, but not missed.
    """
    decisive = ground.met.on if ground.met else today
    rule = rule_of(ground, calendars, rules, decisive)
    if rule is None:
        return None
    starts_on, end = ground.starts_on, ground.stated
    if end is None:
        starts_on, end = counted(ground, rule, calendars, decisive)
    elif ground.kind != "calendar":
        end = with_safe_day(end, calendars, decisive)
    return Clock(
        clock=ground.clock,
        paragraph=rule.paragraph,
        body=ground.body,
        rule=rule.row,
        policy=rule.policy,
        starts_on=starts_on,
        due=end.due,
        safe=end.safe,
        estimated=end.estimated,
        verified=rule.verified,
        absent=end.absent,
        original=ground.original,
        receipt=rule.receipt if ground.letter is not None else None,
        acts=end.acts,
        calendar=calendars.sequence if end.known_on is not None else None,
        known_on=end.known_on,
        basis=ground.basis,
        missed=end.due is not None and decisive > end.due,
        met_on=ground.met.on if ground.met else None,
        met_by=ground.met.by if ground.met else None,
    )


def rule_of(ground: Ground, calendars: Calendars, rules: Sequence[Rule], closed_on: date) -> Rule | None:
    """Find the row in force when a clock started, which may be the day of receipt as its policy has it.

    The policy itself is that of the day on which the letter came.
    """
    rule = rule_for(ground.kind, ground.starts_on, rules)
    if rule is None:
        return None
    try:
        later = rule_for(ground.kind, first_day(ground, rule, calendars, closed_on), rules)
    except CalendarMissing:
        return rule
    return later if later is not None and later.receipt == rule.receipt else rule


def first_day(ground: Ground, rule: Rule, calendars: Calendars, closed_on: date) -> date:
    """Give the day on which a clock starts: of receipt, as the rule's policy has it. Raises `CalendarMissing`."""
    if ground.letter is None or rule.receipt is None:
        return ground.starts_on
    return receipts.received_as_known(ground.letter, rule.receipt, calendars, closed_on)


def counted(ground: Ground, rule: Rule, calendars: Calendars, closed_on: date) -> tuple[date, End]:
    """Count a rule's term in Kazakhstan's working days: give its first day (day 0) and its end.

    There is no date across a year whose calendar is not loaded. `closed_on` is the day on which it was met, or today:
    what became known of the calendar after that, or after the term's end, does not move it.
    """
    starts_on = ground.starts_on
    if rule.count is None:
        return starts_on, End(None, absent=f"the rule {rule.row} counts no term, and no date is stated")
    if rule.policy in workdays.TERM_ENDS:
        return starts_on, End(workdays.TERM_ENDS[rule.policy](starts_on, rule.count))
    try:
        starts_on = first_day(ground, rule, calendars, closed_on)
        term = workdays.count_as_known(starts_on, rule.count, rule.policy, calendars, closed_on, rule.safe_policy)
    except CalendarMissing as missing:
        return starts_on, End(None, absent=f"the calendar of {missing.year} is not loaded")
    return starts_on, End(term.due, safe=term.safe, estimated=term.estimated, acts=term.acts, known_on=term.known_on)


def with_safe_day(stated: End, calendars: Calendars, closed_on: date) -> End:
    """Set the day to act by of a date that is stated for a day off: the working day before; the date does not move.

    By the calendar as known on the day of what met it, or today, and on that date at the latest.
    """
    if stated.due is None:
        return stated
    calendar = calendars.known_on(min(closed_on, stated.due))
    safe = workdays.day_to_act_by(stated.due, calendar)
    if safe is None:
        return stated
    return stated._replace(
        safe=safe,
        estimated=calendar.rests_on_estimate(safe, stated.due),
        acts=calendar.acts_on(safe, stated.due),
        known_on=calendar.known_on,
    )


def forwarding_due(case: Case, calendars: Calendars, rules: Sequence[Rule], forwarded_on: date) -> date | None:
    """14-5(1): the last day on which a body was forwarded to in time, as the calendar was known when it was.

    None: there is no letter to judge, no rule was in force, or it can't be counted.
    """
    letter = judged_letter(case)
    if letter is None:
        return None
    ground = since_receipt("14-5(1)", letter, Met(forwarded_on, ""))
    clock = judged(ground, calendars, rules, forwarded_on)
    return None if clock is None else clock.due


# What each clock rests on.


def communication_forwarded(case: Case, letter: Letter) -> Iterator[Ground]:
    """14-5(1): forwarded to the competent bodies within the term from receipt; the first forwarding meets it."""
    forwardings = case.routing.of(CommunicationForwarded)
    met = earliest("routing", (Moment(forwarding.forwarded_on, at) for at, forwarding in forwardings))
    yield since_receipt("14-5(1)", letter, met)


def ombudsman_informed(case: Case, letter: Letter) -> Iterator[Ground]:
    """14-5(2): sent to the Ombudsman within the term from receipt, not from forwarding."""
    notices = case.routing.of(OmbudsmanInformed)
    yield since_receipt("14-5(2)", letter, earliest("routing", (Moment(sent.informed_on, at) for at, sent in notices)))


def response_sent(case: Case, letter: Letter) -> Iterator[Ground]:
    """14-8(1): the full response is sent before the term ends that the letter states, or the UN's extension of it."""
    stated = stated_term(case, letter)
    if stated is not None:
        end, basis = stated
        yield Ground(
            clock="14-8(1)",
            kind="14-8(1)",
            starts_on=letter.communication.received_on,
            basis=basis,
            stated=end,
            original=original_term(case, letter),
            met=earliest(
                "publication",
                (Moment(s.sent_on, at) for at, s in case.publication.of(ResponseSent) if s.kind == "full"),
            ),
        )


def stated_term(case: Case, letter: Letter) -> tuple[End, str] | None:
    """Give the end of the term that the letter states and the record that stated it; the extension granted last wins.

    A period runs in calendar days from the letter's own date; nothing moves off a day off. None: none is stated.
    """
    latest = cases.extension_of(case)
    if latest is not None:
        at, extension = latest
        return End(extension.reply_due), f"intake:{at}"
    communication, basis = letter.communication, f"intake:{letter.term_by}"
    if communication.reply_due is None and communication.reply_within_days is None:
        return None
    due = cases.stated_due(communication)
    return End(due, absent=NO_LETTER_DATE if due is None else None), basis


def original_term(case: Case, letter: Letter) -> date | None:
    """Give the day that the letter itself states, where an extension took its place; None: none did, or none is."""
    return None if cases.extension_of(case) is None else cases.stated_due(letter.communication)


def communication_published(case: Case, _letter: Letter) -> Iterator[Ground]:
    """14-8(2): the communication is on the MFA's site within the term from OHCHR's publication of it."""
    published = [Moment(p.published_on, at) for at, p in case.intake.of(OHCHRPublished) if p.what == "communication"]
    on_site = (
        Moment(p.published_on, at) for at, p in case.publication.of(PublishedOnSite) if p.what == "communication"
    )
    if published:
        yield since_ohchr("14-8(2)/communication", min(published), earliest("publication", on_site))


def responses_published(case: Case, _letter: Letter) -> Iterator[Ground]:
    """14-8(2): each response that OHCHR published is on the MFA's site within a term of its own."""
    for response, _ in cases.substantive_responses(case):
        published = [
            Moment(p.published_on, at)
            for at, p in case.intake.of(OHCHRPublished)
            if p.what == "response" and response_meant(case, p.response) == response
        ]
        on_site = (
            Moment(p.published_on, at)
            for at, p in case.publication.of(PublishedOnSite)
            if p.what == "response" and response_meant(case, p.response) == response
        )
        if published:
            yield since_ohchr(f"14-8(2)/response/{response}", min(published), earliest("publication", on_site))


def administration_reported(case: Case, _letter: Letter) -> Iterator[Ground]:
    """14-9(1): a report on each response goes to the Presidential Administration within the term from its sending."""
    return reported(case, "14-9(1)", "administration")


def ombudsman_reported(case: Case, _letter: Letter) -> Iterator[Ground]:
    """14-9(2): the same report goes to the Ombudsman within the same term."""
    return reported(case, "14-9(2)", "ombudsman")


def reported(case: Case, paragraph: str, recipient: Recipient) -> Iterator[Ground]:
    """14-9: the full response starts a report clock, and by the safe reading (practice) an interim reply does too.

    An acknowledgement does not.
    """
    for response, sent in cases.substantive_responses(case):
        reports = (
            Moment(report.filed_on, at)
            for at, report in case.publication.of(ReportFiled)
            if report.recipient == recipient and response_meant(case, report.response) == response
        )
        yield Ground(
            clock=f"{paragraph}/{response}",
            kind=f"{paragraph}/interim" if sent.kind == "interim" else paragraph,
            starts_on=sent.sent_on,
            basis=f"publication:{response}",
            met=earliest("publication", reports),
        )


def bodies_asked(case: Case, _letter: Letter) -> Iterator[Ground]:
    """Practice: each body that was asked by a date supplies its information, or says that the matter is not its own.

    What it answered before it was asked again answers what it was asked before.
    """
    for body in cases.asked_bodies(case):
        request = latest_request(case, body)
        if request is not None:
            sequence, starts_on, due = request
            yield Ground(
                clock=f"asked/{body}",
                kind="asked",
                body=body,
                starts_on=starts_on,
                basis=f"routing:{sequence}",
                stated=End(due),
                met=earliest("intake", (answer for answer in answers_of(case, body) if answer.on >= starts_on)),
            )


def latest_request(case: Case, body: str) -> tuple[int, date, date] | None:
    """Give the record that last asked a body by a date, the day of its forwarding, and that date. None: no date.

    A forwarding asks by a date, and so does a return; both stand in routing's chain, whose order decides. A return
    leaves the start where it was.
    """
    starts_on = cases.asked_on(case, body)
    request: tuple[int, date, date] | None = None
    for entry in case.routing.entries:
        match entry.event:
            case CommunicationForwarded(bodies=bodies, forwarded_on=forwarded_on):
                for to in bodies:
                    if to.body == body and to.due is not None:
                        starts_on, request = forwarded_on, (entry.sequence, forwarded_on, to.due)
            case AgencyInfoReturned(body=returned_to, due=due):
                if returned_to == body and due is not None and starts_on is not None:
                    request = (entry.sequence, starts_on, due)
            case _:
                pass
    return request


def answers_of(case: Case, body: str) -> Iterator[Moment]:
    """Give a body's answers: its information, unless a return names it, and its word that the matter is not its own."""
    returned = {back.info for _, back in case.routing.of(AgencyInfoReturned)}
    for at, info in case.intake.of(AgencyInfoSubmitted):
        if info.body == body and at not in returned:
            yield Moment(info.submitted_on, at)
    for at, decline in case.intake.of(AgencyInfoDeclined):
        if decline.body == body:
            yield Moment(decline.declined_on, at)


def calendars_loaded(case: Case, today: date) -> Iterator[Ground]:
    """Practice: each November, next year's calendar is missing unless an act that was known before states that year.

    It starts on 1 November and is due on the 30th. It runs for each year after the first that is loaded; if none is,
    for the next one.
    """
    acts = [at for at, _ in case.intake.of(CalendarActReceived)]
    stating = [
        (year, Moment(act.known_on, at)) for at, act in case.intake.of(CalendarActReceived) for year in act.years
    ]
    first = min((year for year, _ in stating), default=today.year)
    for year in range(first + 1, today.year + 2):
        november = date(year - 1, 11, 1)
        known = min((moment for of, moment in stating if of == year), default=None)
        if acts and today >= november and (known is None or known.on >= november):
            yield Ground(
                clock=f"calendar/{year}",
                kind="calendar",
                starts_on=november,
                basis=f"intake:{last_stating(stating, year) or acts[0]}",
                stated=End(date(year - 1, 11, 30)),
                met=None if known is None else Met(known.on, f"intake:{known.sequence}"),
            )


def last_stating(stating: Iterable[tuple[int, Moment]], year: int) -> int | None:
    """Give the first act on record that states the last year before one; None: there is none."""
    before = [(of, -at.sequence) for of, at in stating if of < year]
    return -max(before)[1] if before else None


CLOCKS: tuple[Callable[[Case, Letter], Iterator[Ground]], ...] = (
    communication_forwarded,
    ombudsman_informed,
    response_sent,
    communication_published,
    responses_published,
    administration_reported,
    ombudsman_reported,
    bodies_asked,
)
"""One function for each clock, in the order in which their steps are recorded: the decree's terms, then requests."""


def since_receipt(clock: str, letter: Letter, met: Met | None) -> Ground:
    """Rest a clock on the receipt of the letter, as the latest correction of it stands."""
    received_on, basis = letter.communication.received_on, f"intake:{letter.received_by}"
    return Ground(clock=clock, kind=clock, starts_on=received_on, basis=basis, met=met, letter=letter.communication)


def since_ohchr(clock: str, published: Moment, met: Met | None) -> Ground:
    """Rest a clock on OHCHR's publication."""
    return Ground(clock=clock, kind="14-8(2)", starts_on=published.on, basis=f"intake:{published.sequence}", met=met)
