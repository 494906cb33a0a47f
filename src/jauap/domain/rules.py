"""The terms of the decree as data: which clock starts when, what meets it, and how its term is counted.

A case is judged by the row in force on the day its clock started. An amendment ends a row and adds another;
no code changes. Source: Decree No. 786 of 25 January 2022, paragraphs 14-5 to 14-9, as read in
docs/explanation/how-the-decree-is-read.md.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Annotated, Literal

from msgspec.structs import replace

from jauap.domain.facts import Line, Mark, Value, doc
from jauap.domain.receipts import FIRST_RECEIPT

NEAR = (3, 1)
"""Practice: so many working days before its day to act by, an open clock is told to come near; and on that day."""

Unit = Literal["working-days", "calendar-days", "months", "stated-date"]
Roll = Literal["none"]

DECREE = date(2022, 1, 25)
"""Day on which Decree No. 786 was signed and came into force."""


class Rule(Value, frozen=True, kw_only=True):
    """One row of the table: a clock's term, and the days on which it is in force."""

    row: Annotated[Mark, doc("Name of the row, unique: the clock and the year of the act that set it.")]
    clock: Annotated[Mark, doc("Kind of the clock: its paragraph, or asked.")]
    paragraph: Annotated[Mark | None, doc("The paragraph that sets the term; None: practice, not the decree.")]
    starts: Annotated[Line, doc("What starts the clock; its day is day 0.")]
    met_by: Annotated[Line, doc("What meets it.")]
    count: Annotated[int | None, doc("Length of the term, in units; None: the date is stated, not counted.")] = None
    unit: Annotated[Unit, doc("working-days, calendar-days, months, or stated-date.")]
    policy: Annotated[
        Mark, doc("Counting policy and version. A breach is found by it. stated/1: as stated, not counted.")
    ]
    safe_policy: Annotated[
        Mark | None, doc("The reading that gives the safe date; None: the text has one reading.")
    ] = None
    receipt: Annotated[
        Mark | None, doc("Policy and version that gives the day of receipt, see `receipts`; None: not from receipt.")
    ] = None
    roll: Annotated[
        Roll, doc("What becomes of a due date on a day off. none: it stays; the safe reading is to act earlier.")
    ] = "none"
    verified: Annotated[bool, doc("False: what the row says was not verified, and is shown so.")] = True
    treaty_rule: Annotated[
        Line | None, doc("The rule of a treaty, of rules of procedure or of practice that 14-11 refers to; None: none.")
    ] = None
    in_force_from: Annotated[date, doc("First day in force, Asia/Almaty.")]
    in_force_until: Annotated[date | None, doc("Last day in force, Asia/Almaty; None: open.")] = None


RULES: tuple[Rule, ...] = (
    Rule(
        row="14-5(1)/2022",
        clock="14-5(1)",
        paragraph="14-5(1)",
        starts="The MFA received the communication or recommendation.",
        met_by="It was forwarded to the competent state bodies.",
        count=5,
        unit="working-days",
        policy="day-after/1",
        safe_policy="from-the-day/1",
        receipt=FIRST_RECEIPT,
        in_force_from=DECREE,
    ),
    Rule(
        row="14-5(2)/2022",
        clock="14-5(2)",
        paragraph="14-5(2)",
        starts="The MFA received the communication or recommendation (not: forwarded it).",
        met_by="It was sent to the Ombudsman, for information.",
        count=5,
        unit="working-days",
        policy="day-after/1",
        safe_policy="from-the-day/1",
        receipt=FIRST_RECEIPT,
        in_force_from=DECREE,
    ),
    Rule(
        row="asked/2022",
        clock="asked",
        paragraph=None,
        starts="The MFA forwarded the communication to a body and asked for its information by a date.",
        met_by="The body supplied its information, or said that the matter is not its own.",
        unit="stated-date",
        policy="stated/1",
        in_force_from=DECREE,
    ),
    Rule(
        row="14-8(1)/2022",
        clock="14-8(1)",
        paragraph="14-8(1)",
        starts="The MFA received a communication that states a date, or a period from its own date, for the response.",
        met_by="The full response was sent; an acknowledgement or an interim reply does not meet it.",
        unit="stated-date",
        policy="stated/1",
        in_force_from=DECREE,
    ),
    Rule(
        row="14-8(2)/2022",
        clock="14-8(2)",
        paragraph="14-8(2)",
        starts="OHCHR published the communication, or the response, on its official internet resource.",
        met_by="The same was published on the MFA's official internet resource.",
        count=10,
        unit="working-days",
        policy="day-after/1",
        in_force_from=DECREE,
    ),
    Rule(
        row="14-9(1)/2022",
        clock="14-9(1)",
        paragraph="14-9(1)",
        starts="The response was sent.",
        met_by="The report on the results of the work was sent to the Presidential Administration.",
        count=10,
        unit="working-days",
        policy="day-after/1",
        in_force_from=DECREE,
    ),
    Rule(
        row="14-9(2)/2022",
        clock="14-9(2)",
        paragraph="14-9(2)",
        starts="The response was sent.",
        met_by="The same report was sent to the Ombudsman, for information.",
        count=10,
        unit="working-days",
        policy="day-after/1",
        in_force_from=DECREE,
    ),
    Rule(
        row="calendar/practice",
        clock="calendar",
        paragraph=None,
        starts="November came, and the calendar of the next year is not loaded.",
        met_by="An act that states the public holidays of that year was taken in.",
        unit="stated-date",
        policy="stated/1",
        in_force_from=DECREE,
    ),
    Rule(
        row="14-9(1)/interim/practice",
        clock="14-9(1)/interim",
        paragraph=None,
        starts="An interim reply was sent: 14-9 says only response, and the safe reading counts it.",
        met_by="The report on the results of the work was sent to the Presidential Administration.",
        count=10,
        unit="working-days",
        policy="day-after/1",
        in_force_from=DECREE,
    ),
    Rule(
        row="14-9(2)/interim/practice",
        clock="14-9(2)/interim",
        paragraph=None,
        starts="An interim reply was sent: 14-9 says only response, and the safe reading counts it.",
        met_by="The same report was sent to the Ombudsman, for information.",
        count=10,
        unit="working-days",
        policy="day-after/1",
        in_force_from=DECREE,
    ),
)
"""The table. One row of 14-8(2) serves two clocks: the communication's and the response's."""


def rule_for(clock: str, starts_on: date, rules: Sequence[Rule] = RULES) -> Rule | None:
    """Find the row in force on the day in Kazakhstan on which a clock of this kind started.

    None: no row was in force (a letter from before the decree), or there is no such clock.
    """
    return next((rule for rule in rules if rule.clock == clock and _in_force(rule, starts_on)), None)


def with_receipt(rules: Sequence[Rule], policy: str, since: date) -> tuple[Rule, ...]:
    """Give the table with another receipt policy from a day on: what started before that day is judged as before."""
    return tuple(row for rule in rules for row in _receipt_from(rule, policy, since))


def _receipt_from(rule: Rule, policy: str, since: date) -> Iterator[Rule]:
    ended = rule.in_force_until is not None and rule.in_force_until < since
    if rule.receipt in (None, policy) or ended:
        yield rule
        return
    if rule.in_force_from < since:
        yield replace(rule, in_force_until=since - timedelta(days=1))
    since = max(since, rule.in_force_from)
    yield replace(rule, row=f"{rule.row}/{policy.replace('/', '-')}", receipt=policy, in_force_from=since)


def _in_force(rule: Rule, day: date) -> bool:
    return rule.in_force_from <= day and (rule.in_force_until is None or day <= rule.in_force_until)
