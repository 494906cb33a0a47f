"""What on record falls short of the decree: one function for each rule, and one table of them. Pure.

A rule judges facts of the day on which the decree came into force, and later ones, by the fact's own day. What is
unknown is no finding; a response taken from the public record is judged for lateness only. Findings follow the
facts: a withdrawn or corrected one cures them. `expected` and `found` give days and codes, never names.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date

from jauap.domain import case as cases
from jauap.domain.case import Case, Clock, Finding, Letter, response_meant
from jauap.domain.events import (
    AgencyInfoDeclined,
    AgencyInfoReturned,
    AgencyInfoSubmitted,
    CommunicationForwarded,
    FindingRaised,
    MeetingHeld,
    OHCHRPublished,
    PublishedOnSite,
    ResponseDrafted,
    ResponseSent,
)
from jauap.domain.facts import Published, Signatory, Value
from jauap.domain.rules import DECREE
from services.deadlines import treaty, visits
from services.deadlines.breaches import Breach
from services.deadlines.clocks import judged_letter
from services.deadlines.grounds import Met, Moment

HEADS = "signed by the first head or the person acting as such"


DueOn = Callable[[date], date | None]


class CaseFile(Value, frozen=True, kw_only=True):
    """What is judged: the facts on record, the letter as corrected, and the clocks as they should stand."""

    case: Case
    letter: Letter
    clocks: Mapping[str, Clock]
    forwarding_due: DueOn
    """14-5(1): by when a body that was forwarded to on a day was to be; None: it is not known."""


def wanted_findings(case: Case, clocks: Mapping[str, Clock], forwarding_due: DueOn) -> dict[str, Finding]:
    """Give the findings that should be on record, by id, in the order of `RULES`; `clocks` as they should stand."""
    found = (each for each in breaches_of(case, clocks, forwarding_due) if each[1].on >= DECREE)
    findings = (finding(code, breach) for code, breach in found)
    return {finding.raised.finding: finding for finding in findings}


def breaches_of(case: Case, clocks: Mapping[str, Clock], forwarding_due: DueOn) -> Iterator[tuple[str, Breach]]:
    """Give what falls short in a case of any kind, each with the code of its finding; a merged case is not judged."""
    letter = judged_letter(case)
    if letter is not None:
        file = CaseFile(case=case, letter=letter, clocks=clocks, forwarding_due=forwarding_due)
        yield from ((code, breach) for code, rule in RULES for breach in rule(file))
    if cases.merged_into(case) is None:
        yield from ((code, breach) for code, rule in visits.RULES for breach in rule(case))
        yield from ((code, breach) for code, rule in treaty.RULES for breach in rule(case, clocks))


def finding(code: str, breach: Breach) -> Finding:
    """Give the finding of a breach, and its cure."""
    raised = FindingRaised(
        finding=f"{code}/{breach.about}",
        code=code,
        paragraph=breach.paragraph,
        expected=breach.expected,
        found=breach.found,
        body=breach.body,
        basis=breach.basis,
    )
    if breach.cured is None:
        return Finding(raised=raised)
    return Finding(raised=raised, cured_on=breach.cured.on, cured_by=breach.cured.by)


# The rules.


def terms_are_kept(file: CaseFile) -> Iterator[Breach]:
    """14-5, 14-8, 14-9: what a term asks for is done by its last day; of an interim reply's report, it is practice.

    A request's date is no term.
    """
    for clock in file.clocks.values():
        if clock.missed and clock.body is None:
            yield late(clock, f"done by {clock.due}")


def requests_are_kept(file: CaseFile) -> Iterator[Breach]:
    """Practice: a body answers by the day that the MFA asked for. 14-7(1) sets no term, so it is no breach of it."""
    for clock in file.clocks.values():
        if clock.missed and clock.body is not None and clock.paragraph is None:
            yield late(clock, f"information by {clock.due}, as the MFA asked")


def each_body_is_forwarded_to_in_time(file: CaseFile) -> Iterator[Breach]:
    """14-5(1): each body gets the communication within the term, not only those of the first forwarding.

    The first one itself is judged by the clock.
    """
    clock = file.clocks.get("14-5(1)")
    for body in cases.asked_bodies(file.case):
        first = first_forwarding(file.case, body)
        if clock is None or first is None or clock.met_by == f"routing:{first.sequence}":
            continue
        due = file.forwarding_due(first.on)
        if due is not None and first.on > due:
            yield Breach(
                about=body,
                paragraph="14-5(1)",
                on=first.on,
                basis=f"routing:{first.sequence}",
                expected=f"forwarded by {due}",
                found=f"forwarded on {first.on}",
                body=body,
                cured=Met(first.on, f"routing:{first.sequence}"),
            )


def information_is_signed_by_a_head(file: CaseFile) -> Iterator[Breach]:
    """14-7(1): a body's information is signed by its first head or the person acting as such."""
    for at, info in file.case.intake.of(AgencyInfoSubmitted):
        found = not_a_head(info.signatory)
        if found is not None:
            yield Breach(
                about=f"intake:{at}",
                paragraph="14-7(1)",
                on=info.submitted_on,
                basis=f"intake:{at}",
                expected=HEADS,
                found=found,
                body=info.body,
            )


def response_is_signed_by_a_head(file: CaseFile) -> Iterator[Breach]:
    """14-8(1): the response is signed by the first head or the person acting as such."""
    for at, sent in judged_responses(file.case):
        found = None if sent.signatory is None else not_a_head(sent.signatory)
        if found is not None:
            yield of_response(at, sent, "14-8(1)", HEADS, found)


def response_is_in_the_letters_language(file: CaseFile) -> Iterator[Breach]:
    """14-8(1): the response is in the language of the communication."""
    language = file.letter.communication.language
    for at, sent in judged_responses(file.case):
        if language is not None and sent.language is not None and sent.language != language:
            yield of_response(at, sent, "14-8(1)", f"in {language}, as the communication", f"in {sent.language}")


def response_goes_through_diplomatic_channels(file: CaseFile) -> Iterator[Breach]:
    """14-8(1): the response is sent through diplomatic channels."""
    for at, sent in judged_responses(file.case):
        if sent.channel == "other":
            yield of_response(at, sent, "14-8(1)", "sent through diplomatic channels", "sent through another channel")


def meeting_comes_before_the_response(file: CaseFile) -> Iterator[Breach]:
    """14-7(2): a meeting works the draft out, so one was held by the day of the full response."""
    days = [meeting.held_on for _, meeting in file.case.routing.of(MeetingHeld)]
    for at, sent in full_responses(file.case):
        if not any(day <= sent.sent_on for day in days):
            expected, found = f"a meeting held by {sent.sent_on}", "no meeting by that day on record"
            yield of_response(at, sent, "14-7(2)", expected, found)


def meeting_is_of_heads_of_structural_units(file: CaseFile) -> Iterator[Breach]:
    """14-7(2): the meeting is at the level of heads of structural units or above, each participant of it."""
    for at, meeting in file.case.routing.of(MeetingHeld):
        below = sum(participant.level == "below" for participant in meeting.participants)
        if below:
            yield Breach(
                about=f"routing:{at}",
                paragraph="14-7(2)",
                on=meeting.held_on,
                basis=f"routing:{at}",
                expected="heads of structural units or above",
                found=f"{below} of {len(meeting.participants)} participants below that level",
            )


def meeting_is_with_the_interested_bodies(file: CaseFile) -> Iterator[Breach]:
    """14-7(2): representatives of each interested body take part."""
    for at, meeting in file.case.routing.of(MeetingHeld):
        present = {participant.body for participant in meeting.participants}
        for body in meeting.interested:
            if body not in present:
                yield Breach(
                    about=f"routing:{at}/{body}",
                    paragraph="14-7(2)",
                    on=meeting.held_on,
                    basis=f"routing:{at}",
                    expected="each interested body represented",
                    found=f"{body} not represented",
                    body=body,
                )


def response_rests_on_information(file: CaseFile) -> Iterator[Breach]:
    """14-6: the response is prepared on the basis of the information that the competent bodies supplied."""
    for at, sent in full_responses(file.case):
        if not bodies_behind(file.case, drafts_for(file.case, sent)):
            yield of_response(at, sent, "14-6", "rests on the bodies' information", "rests on none that is on record")


def response_leaves_no_body_out(file: CaseFile) -> Iterator[Breach]:
    """14-6: the last draft rests on the information of each body that had supplied some by the day of the response.

    Whoever supplied none, or only what was returned, is late for a request; the response can't rest on it.
    """
    declined = {decline.body for _, decline in file.case.intake.of(AgencyInfoDeclined)}
    for at, sent in full_responses(file.case):
        heard = declined | bodies_behind(file.case, drafts_for(file.case, sent)[-1:])
        for body in cases.asked_bodies(file.case):
            if body in supplied_by(file.case, sent.sent_on) - heard:
                yield Breach(
                    about=f"publication:{at}/{body}",
                    paragraph="14-6",
                    on=sent.sent_on,
                    basis=f"publication:{at}",
                    expected="rests on the information of each body that supplied some",
                    found=f"rests on none of {body}",
                    body=body,
                )


def site_waits_for_ohchr(file: CaseFile) -> Iterator[Breach]:
    """14-8(2): what is published on the MFA's site was published by OHCHR before, or the same day.

    What was taken from the public record is public, on a day that is not known unless it is on record.
    """
    for at, page in file.case.publication.of(PublishedOnSite):
        response = response_meant(file.case, page.response) if page.what == "response" else None
        published = ohchr_published(file.case, page.what, response)
        if published is None and from_public_record(file, page.what, response):
            continue
        if published is None or page.published_on < published:
            by_ohchr = "no publication by OHCHR on record" if published is None else f"by OHCHR on {published}"
            yield Breach(
                about=f"publication:{at}",
                paragraph="14-8(2)",
                on=page.published_on,
                basis=f"publication:{at}",
                expected="on the site once OHCHR has published it",
                found=f"on the site on {page.published_on}, {by_ohchr}",
            )


# What the rules ask of a case.


def late(clock: Clock, expected: str) -> Breach:
    """Give the breach that a missed clock is; done late, it is cured and stays on record."""
    return Breach(
        about=clock.clock,
        paragraph=clock.paragraph,
        on=clock.starts_on,
        basis=clock.basis,
        expected=expected,
        found="not done in time",
        body=clock.body,
        cured=None if clock.met_on is None or clock.met_by is None else Met(clock.met_on, clock.met_by),
    )


def judged_responses(case: Case) -> list[tuple[int, ResponseSent]]:
    """Interim and full responses, with their sequences, save those of the public record: how they went is unknown."""
    return [(at, sent) for at, sent in cases.substantive_responses(case) if sent.public_record is None]


def full_responses(case: Case) -> list[tuple[int, ResponseSent]]:
    """Full responses that are judged, with their sequences."""
    return [(at, sent) for at, sent in judged_responses(case) if sent.kind == "full"]


def of_response(at: int, sent: ResponseSent, paragraph: str, expected: str, found: str) -> Breach:
    """Give a breach that a response is."""
    record = f"publication:{at}"
    return Breach(about=record, paragraph=paragraph, on=sent.sent_on, basis=record, expected=expected, found=found)


def not_a_head(signatory: Signatory) -> str | None:
    """Say what is wrong with a signatory, or not proven; None: nothing."""
    if signatory.capacity == "other":
        return "signed in another capacity"
    if signatory.capacity == "acting-first-head" and signatory.order is None:
        return "signed as acting first head, no order shown"
    return None


def first_forwarding(case: Case, body: str) -> Moment | None:
    """Give the first day on which a body was forwarded to, and the record of it; None: it was not."""
    forwardings = case.routing.of(CommunicationForwarded)
    return min(
        (Moment(sent.forwarded_on, at) for at, sent in forwardings if any(to.body == body for to in sent.bodies)),
        default=None,
    )


def drafts_for(case: Case, sent: ResponseSent) -> list[ResponseDrafted]:
    """Give the drafts made by a response's day, the last one last: by their own days, then in order of the log."""
    drafts = [draft for _, draft in case.publication.of(ResponseDrafted) if draft.drafted_on <= sent.sent_on]
    return sorted(drafts, key=lambda draft: draft.drafted_on)


def supplied_by(case: Case, day: date) -> set[str]:
    """Give the bodies whose information, on record and not returned, had been supplied by a day."""
    returned = {back.info for _, back in case.routing.of(AgencyInfoReturned)}
    supplied = case.intake.of(AgencyInfoSubmitted)
    return {info.body for at, info in supplied if at not in returned and info.submitted_on <= day}


def bodies_behind(case: Case, drafts: Iterable[ResponseDrafted]) -> set[str]:
    """Give the bodies whose information, on record and not withdrawn, some drafts rest on."""
    information = (case.intake.get(at, AgencyInfoSubmitted) for draft in drafts for at in draft.rests_on)
    return {info.body for info in information if info is not None}


def ohchr_published(case: Case, what: Published, response: int | None) -> date | None:
    """Give the first day on which OHCHR published the communication, or this response; None: not on record."""
    days = [
        published.published_on
        for _, published in case.intake.of(OHCHRPublished)
        if published.what == what and (what == "communication" or response_meant(case, published.response) == response)
    ]
    return min(days, default=None)


def from_public_record(file: CaseFile, what: Published, response: int | None) -> bool:
    """Whether the communication, or this response, was taken from the public record."""
    if what == "communication":
        return file.letter.communication.public_record is not None
    sent = None if response is None else file.case.publication.get(response, ResponseSent)
    return sent is not None and sent.public_record is not None


# The table.

RULES: tuple[tuple[str, Callable[[CaseFile], Iterator[Breach]]], ...] = (
    ("late", terms_are_kept),
    ("request-late", requests_are_kept),
    ("forwarded-late", each_body_is_forwarded_to_in_time),
    ("signatory", information_is_signed_by_a_head),
    ("signatory", response_is_signed_by_a_head),
    ("language", response_is_in_the_letters_language),
    ("channel", response_goes_through_diplomatic_channels),
    ("no-meeting", meeting_comes_before_the_response),
    ("meeting-level", meeting_is_of_heads_of_structural_units),
    ("meeting-without", meeting_is_with_the_interested_bodies),
    ("rests-on-nothing", response_rests_on_information),
    ("leaves-out", response_leaves_no_body_out),
    ("published-early", site_waits_for_ohchr),
)
"""Each rule with the code of its findings, in the order in which they are raised."""
