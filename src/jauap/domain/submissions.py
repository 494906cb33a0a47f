"""What a body sends in by machine, on `jauap.submit.<body>`; the key is the case id.

Who sends follows from the topic, which only the body may write; the content never says it. Each is issued again as a
command of intake's once it is checked, and answered on the body's feed.
"""

from datetime import date
from typing import Annotated

from jauap.domain.facts import BodyCode, Document, Mark, Signatory, Value, doc
from jauap.domain.feeds import SubmissionId


class SupplyInformation(Value, frozen=True, kw_only=True, tag=True):
    """The body supplies its information, signed by its first head or who acts as such (14-7(1))."""

    submitted_on: Annotated[date, doc("Day on which it is supplied, Asia/Almaty.")]
    number: Annotated[Mark | None, doc("The body's own number of the letter; null: none.")] = None
    signatory: Annotated[Signatory, doc("Who signed. 14-7(1).")]
    answers: Annotated[tuple[Mark, ...], doc("Numbers of the questions that it answers.")] = ()
    documents: Annotated[tuple[Document, ...], doc("The information itself; put into the document store before.")] = ()
    corrects: Annotated[
        SubmissionId | None,
        doc("Id of the body's earlier submission in whose place this one stands; null: it corrects none."),
    ] = None


class DeclineInformation(Value, frozen=True, kw_only=True, tag=True):
    """The body says that the matter is not its own, and whose it is (practice)."""

    declined_on: Annotated[date, doc("Day on which it says so, Asia/Almaty.")]
    number: Annotated[Mark | None, doc("The body's own number of the letter; null: none.")] = None
    competent_body: Annotated[BodyCode | None, doc("Code of the body whose matter it is; null: it names none.")] = None
    documents: Annotated[tuple[Document, ...], doc("Its letter; put into the document store before.")] = ()


Submission = SupplyInformation | DeclineInformation
BY_NAME: dict[str, type[Submission]] = {kind.__name__: kind for kind in (SupplyInformation, DeclineInformation)}
