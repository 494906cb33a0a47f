"""The clocks of treaty bodies' procedures, and what falls short of 14-11 in them. Pure.

14-11 says who deals with the treaty bodies, and that the rules of their procedure apply. The date that a document
states wins over any default; a treaty that does not bind has no rule in force, and so gives no clock.
"""

from collections.abc import Callable, Iterator, Mapping

from jauap.domain import procedures
from jauap.domain.case import Case, Clock
from jauap.domain.events import TreatyBodyReplySent, TreatyBodyRequestReceived
from jauap.domain.treaties import PARAGRAPH, default_clock, stated_clock
from services.deadlines.breaches import Breach
from services.deadlines.grounds import End, Ground, Met, Moment, earliest


def grounds_of(case: Case) -> Iterator[Ground]:
    """Give what each clock of a procedure rests on: one for each request, and one for its interim measures.

    A clock stays the same when another body comes to lead: who leads is no part of it.
    """
    for at, request in procedures.requests(case):
        if request.instrument is not None:
            yield reply_sent(case, at, request, request.instrument)
            if request.interim_measures_due is not None:
                yield interim_measures_answered(case, at, request, request.instrument)


def reply_sent(case: Case, at: int, request: TreatyBodyRequestReceived, instrument: str) -> Ground:
    """14-11: the full reply is sent by the date that the document states, else by the default of the procedure."""
    stated = procedures.stated_term(case, at, request)
    return Ground(
        clock=f"{PARAGRAPH}/{at}",
        kind=default_clock(instrument, request.procedure) if stated is None else stated_clock(instrument),
        starts_on=procedures.starts_on(request),
        basis=f"intake:{at}" if stated is None else stated.basis,
        stated=None if stated is None else End(stated.due, absent=stated.absent),
        original=None if stated is None else stated.original,
        met=first_full_reply(case, at, "request"),
    )


def interim_measures_answered(case: Case, at: int, request: TreatyBodyRequestReceived, instrument: str) -> Ground:
    """14-11: what was done of the interim measures is told by the date that the document states for it."""
    return Ground(
        clock=f"{PARAGRAPH}/{at}/interim-measures",
        kind=stated_clock(instrument),
        starts_on=procedures.starts_on(request),
        basis=f"intake:{at}",
        stated=End(request.interim_measures_due),
        met=first_full_reply(case, at, "interim-measures"),
    )


def first_full_reply(case: Case, request: int, what: str) -> Met | None:
    """Give the earliest full reply to a request, or on its interim measures. None: there is none."""
    sent = (
        Moment(reply.sent_on, at)
        for at, reply in procedures.replies(case, request)
        if reply.kind == "full" and reply.answers in (what, "both")
    )
    return earliest("publication", sent)


# What falls short.


def terms_are_kept(case: Case, clocks: Mapping[str, Clock]) -> Iterator[Breach]:
    """14-11: the reply is sent by the last day of the term. Practice, or what was not verified, cites no paragraph."""
    for at, _ in procedures.requests(case):
        for clock in (clocks.get(f"{PARAGRAPH}/{at}"), clocks.get(f"{PARAGRAPH}/{at}/interim-measures")):
            if clock is not None and clock.missed:
                unverified = "" if clock.verified else ", by a default that was not verified"
                yield Breach(
                    about=clock.clock,
                    paragraph=clock.paragraph,
                    on=clock.starts_on,
                    basis=clock.basis,
                    expected=f"replied by {clock.due}{unverified}",
                    found="not replied in time",
                    cured=None if clock.met_on is None or clock.met_by is None else Met(clock.met_on, clock.met_by),
                )


def sender_is_an_addressee(case: Case, _clocks: Mapping[str, Clock]) -> Iterator[Breach]:
    """14-11: those whom it addresses deal with the treaty bodies. It names no lead, so who leads is no breach."""
    for at, reply in case.publication.of(TreatyBodyReplySent):
        if reply.addressee is False:
            record = f"publication:{at}"
            yield Breach(
                about=record,
                paragraph=PARAGRAPH,
                on=reply.sent_on,
                basis=record,
                expected="sent by a body that 14-11 addresses, as the configured list has them",
                found=f"sent by {reply.sent_by}",
                body=reply.sent_by,
            )


def reply_is_not_too_long(case: Case, _clocks: Mapping[str, Clock]) -> Iterator[Breach]:
    """Practice: a reply has at most so many words as the UN takes. No paragraph says so."""
    for request, asked in procedures.requests(case):
        for at, reply in procedures.replies(case, request):
            if too_long(asked, reply):
                record = f"publication:{at}"
                yield Breach(
                    about=record,
                    paragraph=None,
                    on=reply.sent_on,
                    basis=record,
                    expected=f"at most {asked.words_at_most} words",
                    found=f"{reply.words} words",
                )


def too_long(asked: TreatyBodyRequestReceived, reply: TreatyBodyReplySent) -> bool:
    """Whether a full reply has more words than the request takes; what was not counted, or is not limited, has not."""
    known = reply.kind == "full" and reply.words is not None and asked.words_at_most is not None
    return known and (reply.words or 0) > (asked.words_at_most or 0)


RULES: tuple[tuple[str, Callable[[Case, Mapping[str, Clock]], Iterator[Breach]]], ...] = (
    ("late", terms_are_kept),
    ("not-an-addressee", sender_is_an_addressee),
    ("too-long", reply_is_not_too_long),
)
"""Each rule with the code of its findings, in the order in which they are raised."""
