"""Human-rights treaties as data: what binds Kazakhstan from when, the terms of procedures, the addressees of 14-11.

14-11 refers to the rules that the treaties establish. Those are `treaties.json` beside this module, which the caller
reads; `rules_of` makes rows of the rule table of it. What was not verified says so: a term that rests on it is shown
so, and is no breach of 14-11. An amendment, or a treaty that comes to bind, is a change of the data.
"""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from jauap.domain.facts import Address, BodyCode, Line, Mark, TreatyBodyName, TreatyProcedureName, Value, doc
from jauap.domain.rules import DECREE, Rule

PARAGRAPH = "14-11"
POLICIES: dict[str, str] = {"calendar-days": "calendar-days/1", "months": "months/1"}
"""The counting policy of each unit."""


class Instrument(Value, frozen=True, kw_only=True):
    """A treaty, or an optional procedure of one that binds by itself."""

    code: Annotated[Mark, doc("Its code, for ever: ICCPR, ICCPR-OP1, CAT-22.")]
    title: Annotated[Line, doc("Its name.")]
    treaty_body: Annotated[TreatyBodyName, doc("The treaty body that it gives the procedures to.")]
    procedures: Annotated[tuple[TreatyProcedureName, ...], doc("The procedures that it gives.")]
    binds_from: Annotated[
        date | None, doc("First day on which it binds Kazakhstan; None: it does not, and gives no clock.")
    ] = None
    verified: Annotated[bool, doc("False: the day was not verified, and is shown so.")] = False
    source: Annotated[Line | None, doc("Where that day stands; None: not verified.")] = None
    note: Annotated[Line | None, doc("What else is to be known of the day; None: nothing.")] = None


class Default(Value, frozen=True, kw_only=True):
    """The term of a procedure where the document states none."""

    instrument: Annotated[Mark, doc("Code of the instrument.")]
    procedure: Annotated[TreatyProcedureName, doc("The procedure.")]
    count: Annotated[int, Meta(ge=1, description="Length of the term, from the document's own date.")]
    unit: Annotated[Literal["calendar-days", "months"], doc("calendar-days or months.")]
    rule: Annotated[Line, doc("The treaty's own rule, or the practice.")]
    basis: Annotated[
        Literal["treaty", "practice"], doc("treaty: an article or a rule of procedure. practice: it is usual.")
    ]
    version: Annotated[Mark, doc("Version of this row: a change is a new one.")]
    in_force_from: Annotated[date | None, doc("First day of a document that it applies to; None: since it binds.")] = (
        None
    )
    in_force_until: Annotated[date | None, doc("Last day of a document that it applies to; None: open.")] = None
    verified: Annotated[bool, doc("False: the term was not verified, and is shown so.")] = False
    source: Annotated[Line | None, doc("Where it stands; None: not verified.")] = None


class WordLimit(Value, frozen=True, kw_only=True):
    """Most words that the UN takes of a document of a procedure (practice)."""

    procedure: Annotated[TreatyProcedureName, doc("The procedure.")]
    treaty_body: Annotated[TreatyBodyName, doc("The treaty body that says so.")]
    words: Annotated[int, Meta(ge=1, description="Most words.")]
    verified: Annotated[bool, doc("False: it was not verified.")] = False
    source: Annotated[Line | None, doc("Where it stands; None: not verified.")] = None


class Treaties(Value, frozen=True, kw_only=True):
    """All of it."""

    version: Annotated[Mark, doc("Version of the data.")]
    addressees: Annotated[
        tuple[BodyCode, ...],
        doc("The bodies that 14-11 addresses, as paragraph 1 of the Rules determines them: a configured list."),
    ] = ()
    instruments: Annotated[tuple[Instrument, ...], doc("Treaties and optional procedures.")] = ()
    defaults: Annotated[tuple[Default, ...], doc("Terms where the document states none.")] = ()
    word_limits: Annotated[tuple[WordLimit, ...], doc("Most words, by practice.")] = ()
    address: Annotated[Address | None, doc("Where the state of ratifications can be looked up.")] = None


def parse_treaties(data: bytes) -> Treaties:
    """Read `treaties.json`. Raises ValueError if a code stands twice, or a term names no instrument that gives it."""
    treaties = msgspec.json.decode(data, type=Treaties)
    codes = [instrument.code for instrument in treaties.instruments]
    twice = sorted({code for code in codes if codes.count(code) > 1})
    if twice:
        raise ValueError(f"a code names one instrument, but these name several: {', '.join(twice)}")
    for default in treaties.defaults:
        instrument = instrument_of(treaties, default.instrument)
        if instrument is None or default.procedure not in instrument.procedures:
            raise ValueError(f"no instrument {default.instrument} gives the procedure {default.procedure}")
    return treaties


def instrument_of(treaties: Treaties, code: str) -> Instrument | None:
    """The instrument with a code; None: there is none."""
    return next((instrument for instrument in treaties.instruments if instrument.code == code), None)


def own_instrument(treaties: Treaties, treaty_body: str, procedure: str) -> Instrument | None:
    """The first instrument that gives a treaty body a procedure; None: none does."""
    return next((i for i in treaties.instruments if i.treaty_body == treaty_body and procedure in i.procedures), None)


def words_at_most(treaties: Treaties, treaty_body: str, procedure: str) -> int | None:
    """Most words of a document of a procedure, by practice; None: no limit is listed."""
    limits = treaties.word_limits
    return next((one.words for one in limits if (one.treaty_body, one.procedure) == (treaty_body, procedure)), None)


def stated_clock(instrument: str) -> str:
    """Kind of the clocks that end on a date or after a period that the document states."""
    return f"{PARAGRAPH}/{instrument}/stated"


def default_clock(instrument: str, procedure: str) -> str:
    """Kind of the clocks that end by the default of a procedure."""
    return f"{PARAGRAPH}/{instrument}/{procedure}"


def rules_of(treaties: Treaties) -> tuple[Rule, ...]:
    """Rows of the rule table: one of each instrument that binds, for stated terms, and one of each default under it.

    A row is in force from the day on which its instrument binds, and not before the decree. Its paragraph is 14-11
    where a verified rule of a treaty sets the term; practice, or what was not verified, has none.
    """
    return tuple(row for instrument in treaties.instruments for row in _rows(treaties, instrument))


def _rows(treaties: Treaties, instrument: Instrument) -> Iterator[Rule]:
    binds = instrument.binds_from
    if binds is None:
        return
    certain = instrument.verified or binds < DECREE
    yield Rule(
        row=f"{stated_clock(instrument.code)}/2022",
        clock=stated_clock(instrument.code),
        paragraph=PARAGRAPH if certain else None,
        starts=f"A document under {instrument.code} states by when Kazakhstan is to reply.",
        met_by="The full reply was sent to the treaty body.",
        unit="stated-date",
        policy="stated/1",
        verified=certain,
        treaty_rule="The document itself",
        in_force_from=binds,
    )
    for default in treaties.defaults:
        if default.instrument == instrument.code:
            yield _row(default, binds, certain=certain)


def _row(default: Default, binds: date, *, certain: bool) -> Rule:
    clock = default_clock(default.instrument, default.procedure)
    verified = default.verified and certain
    return Rule(
        row=f"{clock}/{default.version}",
        clock=clock,
        paragraph=PARAGRAPH if verified and default.basis == "treaty" else None,
        starts="The document's own date; its receipt where it has none.",
        met_by="The full reply was sent to the treaty body.",
        count=default.count,
        unit=default.unit,
        policy=POLICIES[default.unit],
        verified=verified,
        treaty_rule=default.rule,
        in_force_from=max(binds, default.in_force_from or binds),
        in_force_until=default.in_force_until,
    )
