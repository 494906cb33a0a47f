"""What other bodies and the public read: records of their own, made for the reader, never our internal events.

Each stands on the feed of one body, `jauap.feed.<body>`, or on `jauap.public`; its key is the case id. It is derived
from an event once that counts, and its `ce_id` comes from that event: a repeated item has the id of the first.
"""

from datetime import date
from typing import Annotated

from msgspec import Meta

from jauap.domain.facts import (
    Address,
    CommunicationType,
    Document,
    Language,
    Line,
    Mark,
    Published,
    Reference,
    ResponseKind,
    Sha256,
    Value,
    doc,
)

SubmissionId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=200,
        description="The submission: its own ce_id; where it has none, its place: jauap.submit.MIA/0/17.",
    ),
]
SubmissionOffset = Annotated[int, Meta(ge=0, le=2**63 - 1, description="Offset of the submission on its topic.")]
OpenQuestions = Annotated[
    tuple[Mark, ...], doc("Numbers of the questions put to the body that no information of its answers yet.")
]
Asked = Annotated[
    date | None, doc("Day by which the MFA asks for the information, Asia/Almaty; not a legal term. Practice.")
]


class Letter(Value, frozen=True, kw_only=True):
    """The communication, as far as whoever it was sent to may know it."""

    reference: Annotated[
        Reference | None, doc("UN reference without its type, such as KAZ 3/2026; null: the letter has none.")
    ] = None
    communication_type: Annotated[
        CommunicationType, doc("UA, AL, OL, the joint JUA, JAL, JOL, recommendation or other.")
    ]
    mandates: Annotated[tuple[Line, ...], doc("The special procedures that sent it.")] = ()
    subject: Annotated[Line | None, doc("A neutral line that names no private person; null: not known.")] = None
    language: Annotated[Language | None, doc("ISO 639 code of the letter's language; null: not known. 14-8(1).")] = None
    letter_date: Annotated[date | None, doc("The letter's own date; null: it has none.")] = None
    reply_due: Annotated[
        date | None, doc("The day by which the UN asks Kazakhstan for a response; null: none stated. 14-8(1).")
    ] = None


class InformationRequested(Letter, frozen=True, kw_only=True, tag=True):
    """The MFA forwarded a communication to the body and asks for its information (14-5(1), 14-7(1))."""

    forwarded_on: Annotated[date, doc("Day of forwarding, Asia/Almaty. 14-5(1).")]
    note_number: Annotated[Mark | None, doc("Number of the MFA's note; null: none.")] = None
    questions: Annotated[tuple[Mark, ...], doc("Numbers of the questions put to it, as numbered in the note.")] = ()
    due: Asked = None
    documents: Annotated[tuple[Document, ...], doc("The note, and what was forwarded.")] = ()


class InformationReturned(Value, frozen=True, kw_only=True, tag=True):
    """The MFA returned the body's information as incomplete (practice, in the service of 14-6)."""

    submission: Annotated[
        SubmissionId | None, doc("Id of the submission that brought it; null: it came another way.")
    ] = None
    number: Annotated[Mark | None, doc("The body's own number of the letter; null: none.")] = None
    submitted_on: Annotated[date, doc("Day on which the information was supplied, Asia/Almaty.")]
    returned_on: Annotated[date, doc("Day of the return, Asia/Almaty.")]
    missing: Annotated[tuple[Mark, ...], doc("Numbers of the questions left open.")] = ()
    reason: Annotated[Line, doc("Why, as a neutral line that names no private person.")]
    due: Annotated[
        date | None, doc("Day by which the MFA now asks for it, Asia/Almaty; null: no day was named. Practice.")
    ] = None
    documents: Annotated[tuple[Document, ...], doc("The covering note.")] = ()


class ReminderIssued(Value, frozen=True, kw_only=True, tag=True):
    """The day by which the MFA asked for information comes near, or has passed (practice)."""

    due: Annotated[date, doc("Day by which the MFA asks for it, Asia/Almaty; not a legal term.")]
    passed: Annotated[bool, doc("The day has passed, and the information is not there.")] = False
    working_days_left: Annotated[
        Annotated[int, Meta(ge=0)] | None,
        doc("Working days from the day after the reminder to the day asked for; null: it has passed, or not known."),
    ] = None
    open_questions: OpenQuestions = ()


class CommunicationCopied(Letter, frozen=True, kw_only=True, tag=True):
    """The MFA sent a communication to the Ombudsman, for information (14-5(2))."""

    informed_on: Annotated[date, doc("Day of sending, Asia/Almaty. 14-5(2).")]
    note_number: Annotated[Mark | None, doc("Number of the MFA's note; null: none.")] = None
    documents: Annotated[tuple[Document, ...], doc("The note, and what was sent.")] = ()


class ReportCopied(Value, frozen=True, kw_only=True, tag=True):
    """The MFA sent the report on the results of the work to the Ombudsman, for information (14-9(2))."""

    filed_on: Annotated[date, doc("Day of sending, Asia/Almaty. 14-9(2).")]
    note_number: Annotated[Mark | None, doc("Number of the note; null: none.")] = None
    response_kind: Annotated[
        ResponseKind | None, doc("The response that it reports on: interim or full; null: it was withdrawn.")
    ] = None
    response_sent_on: Annotated[
        date | None, doc("Day on which that response was sent, Asia/Almaty; null: it was withdrawn.")
    ] = None
    documents: Annotated[tuple[Document, ...], doc("The report.")] = ()


class ItemWithdrawn(Value, frozen=True, kw_only=True, tag=True):
    """An earlier item of this feed does not hold any more: its entry was wrong, or its case a duplicate (practice)."""

    item: Annotated[Sha256, doc("The ce_id of the item that does not hold any more.")]
    reason: Annotated[Line, doc("Why, as a neutral line that names no private person.")]


class SubmissionTaken(Value, frozen=True, kw_only=True, tag=True):
    """What the body submitted is on record; what the case asks of it after that."""

    submission: SubmissionId
    offset: SubmissionOffset
    open_questions: OpenQuestions = ()
    due: Asked = None
    state: Annotated[
        str,
        doc(
            "What the case waits for from this body: open (information), supplied (nothing), declined (nothing: it said"
            " that the matter is not its own). Values may be added."
        ),
    ]


class SubmissionFault(Value, frozen=True, kw_only=True):
    """One thing that is wrong with a submission. It names the field and the rule, never the value."""

    field: Annotated[str | None, doc("The field at fault, such as documents[0].sha256; null: the whole.")] = None
    code: Annotated[Mark, doc("Name of the refusal: see the error table of the how-to page.")]
    message: Annotated[Line, doc("What is wrong, and what would be right.")]


class SubmissionRefused(Value, frozen=True, kw_only=True, tag=True):
    """What the body submitted was not taken; nothing of it is on record. Put right, it may be submitted again."""

    submission: SubmissionId
    offset: SubmissionOffset
    faults: Annotated[tuple[SubmissionFault, ...], Meta(min_length=1, description="All that is wrong with it.")]


class DocumentPublished(Value, frozen=True, kw_only=True, tag=True):
    """The MFA published a communication or a response, which OHCHR had published (14-8(2)). For anyone."""

    reference: Annotated[
        Reference | None, doc("UN reference without its type, such as KAZ 3/2026; null: the letter has none.")
    ] = None
    communication_type: Annotated[
        CommunicationType, doc("UA, AL, OL, the joint JUA, JAL, JOL, recommendation or other.")
    ]
    mandates: Annotated[tuple[Line, ...], doc("The special procedures that sent the communication.")] = ()
    what: Annotated[Published, doc("communication or response. 14-8(2).")]
    response_kind: Annotated[ResponseKind | None, doc("acknowledgement, interim or full; null: a communication.")] = (
        None
    )
    published_on: Annotated[date, doc("Day of publication by the MFA, Asia/Almaty. 14-8(2).")]
    address: Annotated[Address, doc("Where it stands on the MFA's official internet resource. 14-8(2).")]
    ohchr_published_on: Annotated[date, doc("Day of OHCHR's publication. 14-8(2).")]
    ohchr_address: Annotated[Address | None, doc("Where OHCHR has it; null: not known.")] = None
    documents: Annotated[tuple[Document, ...], doc("The public version, redacted where need be.")] = ()


FeedItem = (
    InformationRequested
    | InformationReturned
    | ReminderIssued
    | CommunicationCopied
    | ReportCopied
    | ItemWithdrawn
    | SubmissionTaken
    | SubmissionRefused
)
PublicItem = DocumentPublished | ItemWithdrawn
BY_NAME: dict[str, type[FeedItem | PublicItem]] = {
    kind.__name__: kind
    for kind in (
        InformationRequested,
        InformationReturned,
        ReminderIssued,
        CommunicationCopied,
        ReportCopied,
        ItemWithdrawn,
        SubmissionTaken,
        SubmissionRefused,
        DocumentPublished,
    )
}
