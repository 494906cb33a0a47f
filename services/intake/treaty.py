"""What comes in from treaty bodies (14-11): their requests, and later dates that they agree to."""

from jauap.domain import checks, refusals, treaties
from jauap.domain.case import Case
from jauap.domain.checks import Context
from jauap.domain.commands import ExtendTreatyBodyTerm, ReceiveTreatyBodyRequest
from jauap.domain.events import TreatyBodyRequestReceived, TreatyBodyTermExtended
from jauap.domain.procedures import starts_on


def receive_request(case: Case, command: ReceiveTreatyBodyRequest, context: Context) -> TreatyBodyRequestReceived:
    """14-11: a request opens a procedure, or goes on in it; one under a treaty that does not bind is recorded too."""
    checks.treaty_procedure_or_new(case, command)
    if command.document_date is not None:
        checks.happened(context, "document_date", command.document_date)
    checks.happened(context, "received_on", command.received_on, command.document_date)
    _states_one_term(command)
    instrument = _instrument(command, context)
    words = command.words_at_most or treaties.words_at_most(context.treaties, command.treaty_body, command.procedure)
    checks.stored(context, command.documents)
    event = checks.fact(TreatyBodyRequestReceived, command, instrument=instrument, words_at_most=words)
    return checks.once(case.intake, event)


def extend_term(case: Case, command: ExtendTreatyBodyTerm, context: Context) -> TreatyBodyTermExtended:
    """Practice: the treaty body's agreement makes a later date the stated one; the original stays on record."""
    checks.treaty_procedure(case)
    at, request = checks.the_request(case, command.request)
    checks.happened(context, "granted_on", command.granted_on, starts_on(request))
    if command.reply_due < starts_on(request):
        raise refusals.BeforeItsCause("reply_due")
    checks.stored(context, command.documents)
    return checks.once(case.intake, checks.fact(TreatyBodyTermExtended, command, request=at))


def _states_one_term(command: ReceiveTreatyBodyRequest) -> None:
    """14-11: a document states one term that can be counted, and its interim measures are those that it asks for."""
    terms = {
        name: getattr(command, name)
        for name in ("reply_due", "reply_within_days", "reply_within_months")
        if getattr(command, name) is not None
    }
    if len(terms) > 1:
        raise refusals.SeveralTerms(list(terms)[1])
    if terms.keys() & {"reply_within_days", "reply_within_months"} and command.document_date is None:
        raise refusals.PeriodWithoutDate("document_date")
    if command.interim_measures_due is not None and not command.interim_measures:
        raise refusals.NoInterimMeasures("interim_measures_due")
    for name in ("reply_due", "interim_measures_due"):
        due = getattr(command, name)
        if due is not None and command.document_date is not None and due < command.document_date:
            raise refusals.BeforeItsCause(name)


def _instrument(command: ReceiveTreatyBodyRequest, context: Context) -> str | None:
    """The instrument that the command names, or the body's own for such a procedure; None: none is listed."""
    if command.instrument is None:
        own = treaties.own_instrument(context.treaties, command.treaty_body, command.procedure)
        return None if own is None else own.code
    named = treaties.instrument_of(context.treaties, command.instrument)
    if named is None or named.treaty_body != command.treaty_body or command.procedure not in named.procedures:
        raise refusals.UnknownInstrument("instrument")
    return named.code
