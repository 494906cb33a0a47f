"""What a decision may look at besides the case, and the checks that several decisions share."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Literal, TypeVar

import msgspec

from jauap.domain import case as cases
from jauap.domain import case_ids, refusals, visits
from jauap.domain.case import Case, Letter
from jauap.domain.events import Fact, ResponseSent, TreatyBodyRequestReceived, VisitProposed
from jauap.domain.facts import Document, TreatyBodyRequest, Value
from jauap.domain.treaties import Treaties

FIRST_PROCEDURE = date(1967, 3, 6)
"""Day of the resolution (Commission on Human Rights, 2 (XXIII)) that made the first special procedure."""
DocumentState = Literal["stored", "missing", "altered"]

F = TypeVar("F", bound=Value)


class Context(Value, frozen=True, kw_only=True):
    """What a decision is given: the day in Kazakhstan, the State served, the bodies' codes, the documents' state."""

    today: date
    state: str = "KAZ"
    """ISO 3166 alpha-3 code of the State that this deployment serves; ANY in a trial."""
    bodies: frozenset[str] = frozenset()
    documents: Mapping[str, DocumentState] = {}
    treaties: Treaties = Treaties(version="none")
    """Treaties that bind the State, the terms of their procedures, and the addressees of 14-11."""


def fact(kind: type[F], command: Value, **filled: object) -> F:
    """The event that records what a command says, with what the decision filled in: they share their fields."""
    return kind(**{**msgspec.structs.asdict(command), **filled})


def once(part: cases.Entries, event: F) -> F:
    """The event, unless the very same content is on record; AlreadyRecorded otherwise."""
    if any(recorded.event == event for recorded in part.entries):
        raise refusals.AlreadyRecorded
    return event


def not_the_calendar(case: Case) -> None:
    """The case is a case, and not the calendar."""
    if case.case_id == cases.CALENDAR:
        raise refusals.NotTheCalendar("case_id")


def on_record(case: Case) -> None:
    """The case is a communication, a visit or a treaty procedure on record; UnknownCase or CaseIsMerged otherwise."""
    if visits.on_record(case):
        visit(case)
    elif case.intake.of(TreatyBodyRequestReceived):
        treaty_procedure(case)
    else:
        letter(case)


def letter(case: Case) -> Letter:
    """The case's communication, or UnknownCase; CaseIsMerged if another case goes on in its place."""
    not_the_calendar(case)
    found = cases.letter_of(case)
    if found is None:
        raise refusals.UnknownCase("case_id")
    if cases.merged_into(case) is not None:
        raise refusals.CaseIsMerged("case_id")
    return found


def visit(case: Case) -> None:
    """The case is a visit on record, or UnknownVisit; CaseIsMerged if another case goes on in its place."""
    _goes_on(case)
    if not visits.on_record(case):
        raise refusals.UnknownVisit("case_id")


def visit_or_new(case: Case, registry_number: str | None) -> None:
    """The case is a visit on record, or the registry number makes its id, so that a duplicate meets its twin."""
    _goes_on(case)
    if visits.on_record(case):
        return
    if registry_number is None:
        raise refusals.UnknownVisit("registry_number")
    try:
        case_id = case_ids.of_visit(registry_number)
    except ValueError:
        raise refusals.UnusableNumber("registry_number") from None
    if case.case_id != case_id:
        raise refusals.WrongCaseId("case_id")


def the_proposal(case: Case, sequence: int | None) -> tuple[int, VisitProposed]:
    """The proposal that a fact is about: the one named, or the only one."""
    proposals = case.intake.of(VisitProposed)
    if not proposals:
        raise refusals.NoProposal("proposal")
    if sequence is None and len(proposals) > 1:
        raise refusals.ManyProposals("proposal")
    for at, proposal in proposals:
        if sequence in (None, at):
            return at, proposal
    raise refusals.UnknownEntry("proposal")


def treaty_procedure(case: Case) -> None:
    """The case is a procedure of a treaty body on record, or UnknownProcedure; CaseIsMerged if another goes on."""
    _goes_on(case)
    if not case.intake.of(TreatyBodyRequestReceived):
        raise refusals.UnknownProcedure("case_id")


def treaty_procedure_or_new(case: Case, request: TreatyBodyRequest) -> None:
    """The case is one before the same treaty body, or the request makes its id, so that a duplicate meets its twin."""
    _goes_on(case)
    earlier = case.intake.of(TreatyBodyRequestReceived)
    if earlier:
        if earlier[0][1].treaty_body != request.treaty_body:
            raise refusals.OtherTreatyBody("treaty_body")
        return
    try:
        case_id = case_ids.of_treaty_procedure(request.treaty_body, request.reference, request.registry_number)
    except ValueError:
        raise refusals.UnusableNumber("registry_number" if request.reference is None else "reference") from None
    if case_id is None:
        raise refusals.NoIdentity("reference")
    if case.case_id != case_id:
        raise refusals.WrongCaseId("case_id")


def the_request(case: Case, sequence: int | None) -> tuple[int, TreatyBodyRequestReceived]:
    """The request of a treaty body that a fact is about: the one named, or the only one."""
    requests = case.intake.of(TreatyBodyRequestReceived)
    if sequence is None and len(requests) > 1:
        raise refusals.ManyRequests("request")
    for at, request in requests:
        if sequence in (None, at):
            return at, request
    raise refusals.UnknownEntry("request")


def _goes_on(case: Case) -> None:
    not_the_calendar(case)
    if cases.merged_into(case) is not None:
        raise refusals.CaseIsMerged("case_id")


def happened(context: Context, field: str, day: date, *causes: date | None) -> None:
    """A fact's day has come, and does not lie before the days that it follows from (None: not known)."""
    if day > context.today:
        raise refusals.DateInTheFuture(field)
    if day < FIRST_PROCEDURE:
        raise refusals.BeforeTheProcedures(field)
    if any(cause is not None and day < cause for cause in causes):
        raise refusals.BeforeItsCause(field)


def arrival(letter: Letter) -> date | None:
    """The day before which nothing can follow from a letter: its receipt, or its own date while that is assumed."""
    communication = letter.communication
    return communication.letter_date if communication.receipt_assumed else communication.received_on


def known_body(context: Context, field: str, code: str) -> None:
    """The code names a state body."""
    if code not in context.bodies:
        raise refusals.UnknownBody(field)


def each_body_once(context: Context, named: Iterable[tuple[str, str]]) -> None:
    """Each body, given with its field, is a known one and named once."""
    seen: set[str] = set()
    for field, body in named:
        known_body(context, field, body)
        if body in seen:
            raise refusals.NamedTwice(field)
        seen.add(body)


def questions(case: Case, body: str, field: str, numbers: Iterable[str]) -> None:
    """Each number is that of a question put to the body."""
    asked = cases.questions_to(case, body)
    for at, number in enumerate(numbers):
        if number not in asked:
            raise refusals.QuestionNotAsked(f"{field}[{at}]")


def stored(context: Context, documents: Iterable[Document], field: str = "documents") -> None:
    """Each document's bytes are in the store and match its hash and size."""
    for at, document in enumerate(documents):
        state = context.documents.get(document.sha256, "missing")
        if state == "missing":
            raise refusals.DocumentMissing(f"{field}[{at}].sha256")
        if state == "altered":
            raise refusals.DocumentAltered(f"{field}[{at}].sha256")


def new_number(field: str, number: str | None, earlier: Iterable[str | None]) -> None:
    """A note's number was not recorded before; an unknown one is never a duplicate."""
    if number is not None and number in earlier:
        raise refusals.AlreadyRecorded(field)


def the_response(case: Case, sequence: int | None, field: str = "response") -> tuple[int, ResponseSent]:
    """The substantive response that a fact is about: the one named, or the only one."""
    responses = cases.substantive_responses(case)
    if not responses:
        raise refusals.NoResponse(field)
    if sequence is None:
        if len(responses) > 1:
            raise refusals.ManyResponses(field)
        return responses[0]
    for at, sent in responses:
        if at == sequence:
            return at, sent
    raise refusals.UnknownEntry(field)


def names_no_response(sequence: int | None, field: str = "response") -> None:
    """The number of a response is left out where the communication is what was published."""
    if sequence is not None:
        raise refusals.NotAResponse(field)


def entry(part: cases.Entries, sequence: int) -> Fact:
    """The fact on record at a sequence, to be withdrawn; UnknownEntry if there is none."""
    for recorded in part.entries:
        if recorded.sequence == sequence:
            return recorded.event
    raise refusals.UnknownEntry("entry")
