"""Why a command is refused: malformed, a duplicate, or not possible. What merely breaks a rule is never refused.

A refusal names the field and the rule, never the value. The docstring of each class is the message.
"""

from typing import ClassVar


class Refusal(Exception):
    """The command was refused."""

    paragraph: ClassVar[str | None] = None

    def __init__(self, field: str | None = None) -> None:
        super().__init__(self.message)
        self.field = field

    @property
    def code(self) -> str:
        """The refusal's name, for programs."""
        return type(self).__name__

    @property
    def message(self) -> str:
        """What is wrong and what would be right, for people."""
        return " ".join((type(self).__doc__ or "").split())


class UnknownCase(Refusal):
    """No communication is on record under this case id; receive it first."""


class UnknownVisit(Refusal):
    """No visit is on record under this case id; record what opens it first, with the registry number that makes it."""

    paragraph = "14-10"


class NoProposal(Refusal):
    """No proposal of a visit is on record in this case; record it first."""

    paragraph = "14-10"


class ManyProposals(Refusal):
    """The case has several proposals; say which one by its number in the history."""

    paragraph = "14-10"


class AgreementNotNeeded(Refusal):
    """The basis of this proposal does not need this body's agreement; check the body, the basis, or the proposal."""

    paragraph = "14-10"


class UnknownProcedure(Refusal):
    """No request of a treaty body is on record under this case id; receive it first."""

    paragraph = "14-11"


class OtherTreatyBody(Refusal):
    """The procedure of this case is before another treaty body; check the case id, or open a case of its own."""

    paragraph = "14-11"


class UnknownInstrument(Refusal):
    """No treaty or optional procedure of this treaty body has this code; `jauap treaty list` names them all."""

    paragraph = "14-11"


class SeveralTerms(Refusal):
    """A document states one term: give either the date, or the days, or the months."""

    paragraph = "14-11"


class ManyRequests(Refusal):
    """The case has several requests; say which one by its number in the history."""

    paragraph = "14-11"


class NoInterimMeasures(Refusal):
    """This request asks for no interim measures; leave out what is said of them, or name the request that does."""

    paragraph = "14-11"


class AlreadyReceived(Refusal):
    """A communication is on record under this case id already; correct it, or withdraw the entry and enter it again."""


class CaseIsMerged(Refusal):
    """This case was merged into another one; record it there, or withdraw the merger."""


class WrongCaseId(Refusal):
    """The case id does not follow from the reference or the registry number; leave it out and it is made from them."""


class NoIdentity(Refusal):
    """The communication has neither a UN reference nor a registry number; give one, it identifies the case."""


class UnusableNumber(Refusal):
    """The registry number has no letter or digit to make a case id from, or is too long; check it."""


class OtherState(Refusal):
    """The communication is addressed to another State than the one that this deployment serves."""


class InstantOfAnotherDay(Refusal):
    """The instant of receipt falls on another day in Kazakhstan than the day of receipt; correct one of them."""


class DateInTheFuture(Refusal):
    """The day has not come yet in Kazakhstan; record a fact once it has happened."""


class BeforeTheProcedures(Refusal):
    """There were no special procedures on this day (the first dates from 1967); check the year."""


class BeforeItsCause(Refusal):
    """The day lies before the event that it follows from; check both dates, withdraw the wrong entry first."""


class TwoTerms(Refusal):
    """The letter states one term: give either the date or the number of days."""

    paragraph = "14-8(1)"


class PeriodWithoutDate(Refusal):
    """A period runs from the letter's own date, which is not on record; give the letter's date too."""

    paragraph = "14-8(1)"


class NothingToCorrect(Refusal):
    """The correction changes nothing; name at least one field that should have been different."""


class GivenAndCleared(Refusal):
    """The correction both gives and clears this field; do one of the two."""


class UnknownBody(Refusal):
    """No state body has this code; `jauap body list` names them all."""


class NamedTwice(Refusal):
    """The same body is named twice in one command; name each once."""


class BodyNotAsked(Refusal):
    """The communication was not forwarded to this body; forward it first."""

    paragraph = "14-5(1)"


class ItselfCompetent(Refusal):
    """A body that says the matter is not its own can't name itself; name another body, or none."""


class QuestionNotAsked(Refusal):
    """This body was not asked a question with this number."""


class UnknownEntry(Refusal):
    """No such entry is on record in this case, or it was withdrawn; the history shows the entries' numbers."""


class OwnDeputy(Refusal):
    """An officer can't stand in for himself or herself; name another deputy, or none."""


class EntryNamedTwice(Refusal):
    """The same entry is named twice in one command; name each once."""


class ManyResponses(Refusal):
    """The case has several responses; say which one by its number in the history."""


class NoResponse(Refusal):
    """No interim or full response is on record in this case; record it first."""


class NotAResponse(Refusal):
    """The number of a response is given where a response was published; leave it out for the communication."""


class AlreadyRecorded(Refusal):
    """This is on record already; withdraw that entry first if it was wrong."""


class LeftOpen(Refusal):
    """Only an entry taken from the public record may leave this unknown; fill it in."""

    paragraph = "14-8(1)"


class DocumentMissing(Refusal):
    """The document store has no document with this hash; add it there first."""


class DocumentAltered(Refusal):
    """The bytes in the document store are not those of this hash and size; add the right document."""


class SelfMerge(Refusal):
    """A case can't be merged into itself; name the case that goes on."""


class OtherKindOfCase(Refusal):
    """A case goes on in one of its own kind: a communication in a communication, a visit in a visit."""


class OutdatedView(Refusal):
    """The case has changed since the sender saw it; look at it again and decide anew."""


class CommandIdReused(Refusal):
    """This command id was used for other content; use a new one."""


class UnknownAlert(Refusal):
    """No step with this number is on record in this case; `jauap alerts` shows the alerts' numbers."""


class AlertNotOpen(Refusal):
    """This alert is not open: a later one took its place, or its clock was met; `jauap alerts` shows what is open."""


class NotTheCalendar(Refusal):
    """Calendar acts, and nothing else, are recorded under the case id CALENDAR."""


class DayNamedTwice(Refusal):
    """The act names the same day twice; say once what it makes of the day."""


class NotBroken(Refusal):
    """The chain is not broken at this offset; nothing is to be mended."""
