"""What can be true of a case: the content that a command asks to record and an event has recorded.

Dates are days in Kazakhstan (`Asia/Almaty`), without a time. Each description ends with its source: a
paragraph of Decree No. 786 (`14-8(1)`), or *practice* for what the decree does not say. No field may name a
victim, a source or another private person: names stand in documents, and only their hashes stand here.
"""

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta


class Value(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """A frozen value, compared by content."""


def doc(text: str) -> Meta:
    """Say what a field means, its unit, time zone and paragraph."""
    return Meta(description=text)


PRINTABLE = r"^[^\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]*$(?!\n)"
"""No control characters, no line breaks, and nothing invisible that would make a line read otherwise than it is."""
LONGEST = 2**63 - 1
"""What Avro's long holds."""

# `$` alone would let a line break pass behind the text.
CaseId = Annotated[str, Meta(pattern=r"^[A-Z0-9-]{1,64}$(?!\n)")]
BodyCode = Annotated[str, Meta(pattern=r"^[A-Z][A-Z0-9-]{1,31}$(?!\n)")]
OfficialCode = Annotated[str, Meta(pattern=r"^[A-Z][A-Z0-9-]{1,31}$(?!\n)")]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]
Language = Annotated[str, Meta(pattern=r"^[a-z]{2,3}$(?!\n)")]
Address = Annotated[str, Meta(pattern=r"^https?://[^\s\x00-\x1f\x7f]+$(?!\n)", max_length=2000)]
Reference = Annotated[str, Meta(pattern=r"^[A-Z]{3} [1-9][0-9]*/[0-9]{4}$(?!\n)")]
StateCode = Annotated[str, Meta(pattern=r"^[A-Z]{3}$(?!\n)")]
Line = Annotated[str, Meta(min_length=1, max_length=300, pattern=PRINTABLE)]
Mark = Annotated[str, Meta(min_length=1, max_length=64, pattern=PRINTABLE)]
MediaType = Annotated[str, Meta(max_length=255, pattern=r"^[\w.+-]+/[\w.+-]+$(?!\n)")]
Instant = Annotated[datetime, Meta(tz=True)]
"""With its time zone."""
Year = Annotated[int, Meta(ge=1991, le=2200)]
Sequence = Annotated[int, Meta(ge=1, le=2**63 - 1)]

Capacity = Literal["first-head", "acting-first-head", "other"]
Level = Literal["first-head", "deputy-head", "head-of-structural-unit", "below"]
ResponseKind = Literal["acknowledgement", "interim", "full"]
Channel = Literal["diplomatic", "other"]
Published = Literal["communication", "response"]
Recipient = Literal["administration", "ombudsman"]
VisitBasis = Literal["competent-body", "mfa-initiative", "ombudsman"]
TreatyBodyName = Literal["CCPR", "CESCR", "CERD", "CEDAW", "CAT", "SPT", "CRC", "CMW", "CRPD", "CED"]
TreatyProcedureName = Literal[
    "state-report",
    "list-of-issues",
    "follow-up",
    "individual-communication",
    "views",
    "inquiry",
    "urgent-action",
    "visit-report",
]
Answered = Literal["request", "interim-measures", "both"]
VisitStageName = Literal[
    "requested",
    "reminder",
    "acknowledged",
    "invited",
    "accepted",
    "declined",
    "postponed",
    "dates-proposed",
    "agreed",
    "completed",
    "report-published",
]
CommunicationType = Literal["UA", "AL", "OL", "JUA", "JAL", "JOL", "recommendation", "other"]
AlertChannel = Literal["email", "webhook"]
AlertFault = Literal["unreachable", "login", "deferred", "refused"]
DayKind = Literal["working", "off", "public-holiday", "substitute", "moved-off", "estimated-off"]
ActKind = Literal["constitution", "law", "resolution", "order", "letter", "announcement", "other"]


class Document(Value, frozen=True, kw_only=True):
    """A document, known by its hash: the bytes are in the document store, never in the log."""

    sha256: Annotated[Sha256, doc("SHA-256 of the bytes, 64 lower-case hexadecimal digits.")]
    size: Annotated[int, Meta(ge=0, le=LONGEST, description="Length of the bytes.")]
    media_type: Annotated[MediaType, doc("IANA media type, such as application/pdf.")]
    language: Annotated[Language | None, doc("ISO 639 code of its language; null: not known.")] = None
    title: Annotated[Line, doc("A neutral title that names no private person.")]


class Signatory(Value, frozen=True, kw_only=True):
    """Who signed, and in what capacity (14-7(1), 14-8(1))."""

    name: Annotated[Line, doc("The official's name: the law's point is who signed.")]
    position: Annotated[Line, doc("The official's position.")]
    capacity: Annotated[Capacity, doc("first-head, acting-first-head or other. 14-7(1), 14-8(1).")]
    order: Annotated[
        Line | None, doc("Number and date of the order that makes the signatory acting; null: none shown.")
    ] = None


class ForwardedTo(Value, frozen=True, kw_only=True):
    """One body that a communication is forwarded to, and what it is asked (14-5(1))."""

    body: Annotated[BodyCode, doc("Code of the state body.")]
    questions: Annotated[
        tuple[Mark, ...], doc("Numbers of the questions put to it, as numbered in the note: 1, 2a.")
    ] = ()
    due: Annotated[
        date | None, doc("Day by which the MFA asks for the information; a request, not a legal term. Practice.")
    ] = None


class Participant(Value, frozen=True, kw_only=True):
    """One participant of the meeting, with the level that the decree asks about (14-7(2))."""

    body: Annotated[BodyCode, doc("Code of the body represented.")]
    name: Annotated[Line, doc("The official's name.")]
    position: Annotated[Line, doc("The official's position.")]
    level: Annotated[Level, doc("first-head, deputy-head, head-of-structural-unit or below. 14-7(2).")]


class CalendarDay(Value, frozen=True, kw_only=True):
    """What a calendar act makes of one day."""

    day: Annotated[date, doc("The day, in Kazakhstan.")]
    becomes: Annotated[
        DayKind,
        doc("working, off, public-holiday, substitute, moved-off or estimated-off (its date is not yet certain)."),
    ]
    why: Annotated[Line, doc("The reason, with the article where there is one.")]


class Communication(Value, frozen=True, kw_only=True):
    """A communication or recommendation of a special procedure, whatever it is called (14-5(1))."""

    reference: Annotated[
        Reference | None, doc("UN reference without its type, such as KAZ 3/2026; null: the letter has none.")
    ] = None
    registry_number: Annotated[Mark | None, doc("The MFA's registry number; null: not known.")] = None
    communication_type: Annotated[
        CommunicationType, doc("UA, AL, OL, the joint JUA, JAL, JOL, recommendation or other.")
    ]
    mandates: Annotated[tuple[Line, ...], doc("The special procedures that sent it.")] = ()
    state: Annotated[StateCode, doc("ISO 3166 alpha-3 code of the State it is addressed to.")]
    subject: Annotated[Line | None, doc("A neutral line that names no private person; null: not known.")] = None
    language: Annotated[Language | None, doc("ISO 639 code of the letter's language; null: not known. 14-8(1).")] = None
    letter_date: Annotated[date | None, doc("The letter's own date; null: it has none.")] = None
    received_on: Annotated[date, doc("Day of receipt, Asia/Almaty. 14-5(1).")]
    receipt_assumed: Annotated[
        bool,
        doc(
            "The day of receipt is an assumption (the public record has none): no clock starts until an officer"
            " corrects it. Practice."
        ),
    ] = False
    received_at: Annotated[
        Instant | None,
        doc("Instant at which it reached the MFA at the first of its places, a mission too; null: not known."),
    ] = None
    in_astana_on: Annotated[
        date | None,
        doc("Day on which it reached the ministry in Astana, where it had reached a mission before; null: not told."),
    ] = None
    reply_due: Annotated[
        date | None, doc("The date by which the letter asks for a response; null: none stated. 14-8(1).")
    ] = None
    reply_within_days: Annotated[
        Annotated[int, Meta(ge=1, le=3660)] | None,
        doc("The period that the letter states, in calendar days from its own date; null: none stated. 14-8(1)."),
    ] = None
    documents: Annotated[tuple[Document, ...], doc("The letter and its annexes.")] = ()
    public_record: Annotated[
        Address | None, doc("Address of the public text that this was taken from; null: it is the MFA's own entry.")
    ] = None


class Correction(Value, frozen=True, kw_only=True):
    """What the letter's entry should have said. A null field is left as it was; `cleared` empties one."""

    reference: Annotated[Reference | None, doc("The right UN reference; the case id stays.")] = None
    registry_number: Annotated[Mark | None, doc("The right registry number.")] = None
    communication_type: Annotated[
        CommunicationType | None, doc("UA, AL, OL, JUA, JAL, JOL, recommendation or other.")
    ] = None
    mandates: Annotated[tuple[Line, ...] | None, doc("All mandates, as they should stand.")] = None
    subject: Annotated[Line | None, doc("A neutral line that names no private person.")] = None
    language: Annotated[Language | None, doc("ISO 639 code of the letter's language. 14-8(1).")] = None
    letter_date: Annotated[date | None, doc("The letter's own date.")] = None
    received_on: Annotated[
        date | None, doc("Day of receipt, Asia/Almaty; given, it confirms an assumed one. 14-5(1).")
    ] = None
    received_at: Annotated[Instant | None, doc("Instant at which it reached the MFA at the first of its places.")] = (
        None
    )
    in_astana_on: Annotated[date | None, doc("Day on which it reached the ministry in Astana.")] = None
    reply_due: Annotated[date | None, doc("The date by which the letter asks for a response. 14-8(1).")] = None
    reply_within_days: Annotated[
        Annotated[int, Meta(ge=1, le=3660)] | None,
        doc("The period that the letter states, in calendar days from its own date. 14-8(1)."),
    ] = None
    documents: Annotated[tuple[Document, ...] | None, doc("All documents, as they should stand.")] = None
    cleared: Annotated[
        tuple[
            Literal[
                "reference",
                "registry_number",
                "subject",
                "language",
                "letter_date",
                "received_at",
                "in_astana_on",
                "reply_due",
                "reply_within_days",
            ],
            ...,
        ],
        doc("Names of the fields that the letter does not state after all."),
    ] = ()
    reason: Annotated[Line, doc("Why, as a neutral line that names no private person.")]


class ReplyExtension(Value, frozen=True, kw_only=True):
    """The UN's agreement to a later date for the response (14-8(1); that it may be granted is practice)."""

    granted_on: Annotated[date, doc("Day of the UN's agreement.")]
    reply_due: Annotated[date, doc("The new stated date; the original stays visible beside it. 14-8(1).")]
    documents: Annotated[tuple[Document, ...], doc("The UN's note.")] = ()


class AgencyInfo(Value, frozen=True, kw_only=True):
    """The information that a competent body supplied, under its head's signature (14-7(1))."""

    body: Annotated[BodyCode, doc("Code of the body that supplied it.")]
    submitted_on: Annotated[date, doc("Day on which it was supplied, Asia/Almaty.")]
    number: Annotated[Mark | None, doc("The body's own number of the letter; null: none.")] = None
    signatory: Annotated[Signatory, doc("Who signed. 14-7(1).")]
    answers: Annotated[tuple[Mark, ...], doc("Numbers of the questions that it answers.")] = ()
    documents: Annotated[tuple[Document, ...], doc("The information itself.")] = ()
    corrects: Annotated[
        Sequence | None,
        doc(
            "Sequence of the AgencyInfoSubmitted in whose place this one stands, in the intake service's chain; null:"
            " it corrects none."
        ),
    ] = None


class AgencyDecline(Value, frozen=True, kw_only=True):
    """A body's word that the matter is not its own, and whose it is (practice)."""

    body: Annotated[BodyCode, doc("Code of the body that declines.")]
    declined_on: Annotated[date, doc("Day on which it said so, Asia/Almaty.")]
    number: Annotated[Mark | None, doc("The body's own number of the letter; null: none.")] = None
    competent_body: Annotated[BodyCode | None, doc("Code of the body whose matter it is; null: it named none.")] = None
    documents: Annotated[tuple[Document, ...], doc("Its letter.")] = ()


class OHCHRPublication(Value, frozen=True, kw_only=True):
    """What OHCHR published on its official internet resource: it starts a term of 14-8(2)."""

    what: Annotated[Published, doc("communication or response. 14-8(2).")]
    response: Annotated[
        Sequence | None,
        doc(
            "Sequence of the ResponseSent that was published, in the publication service's chain; null: a"
            " communication, or in a command the only one."
        ),
    ] = None
    published_on: Annotated[date, doc("Day of OHCHR's publication. 14-8(2).")]
    address: Annotated[Address | None, doc("Where it stands; null: not known.")] = None


class Merge(Value, frozen=True, kw_only=True):
    """This case is a duplicate of another one, which goes on (practice)."""

    into: Annotated[CaseId, doc("Id of the case that goes on.")]
    reason: Annotated[Line, doc("Why, as a neutral line that names no private person.")]


class CalendarAct(Value, frozen=True, kw_only=True):
    """An act that says what days are working days (Law on holidays art. 5, Labour Code art. 84, 85)."""

    act: Annotated[Mark, doc("The act's name in this calendar, unique: law-on-holidays-2022, government-713-2021.")]
    title: Annotated[Line, doc("Kind, number and date of the act, and who issued it.")]
    kind: Annotated[
        ActKind | None,
        doc("What the act is: constitution, law, resolution, order, letter, announcement or other; null: not known."),
    ] = None
    number: Annotated[Mark | None, doc("Its number; null: it has none, or not known.")] = None
    dated: Annotated[date | None, doc("The date of the act itself; null: not known.")] = None
    issuer: Annotated[Line | None, doc("Who issued it; null: not known.")] = None
    address: Annotated[Address | None, doc("Where it can be read; null: not recorded.")] = None
    known_on: Annotated[date, doc("Day from which it was publicly known.")]
    verified: Annotated[bool, doc("False: its number or day of announcement was not verified, and is shown so.")] = True
    years: Annotated[
        tuple[Year, ...], doc("Years whose public holidays this act states whole: they count as loaded.")
    ] = ()
    days: Annotated[tuple[CalendarDay, ...], doc("What it makes of which day. A later act overrides an earlier one.")]


class Forwarding(Value, frozen=True, kw_only=True):
    """The MFA forwards the communication to the competent state bodies (14-5(1))."""

    bodies: Annotated[
        tuple[ForwardedTo, ...], Meta(min_length=1, description="To whom, with questions and dates. 14-5(1).")
    ]
    forwarded_on: Annotated[date, doc("Day of forwarding, Asia/Almaty. 14-5(1).")]
    note_number: Annotated[Mark | None, doc("Number of the MFA's note; null: none.")] = None
    documents: Annotated[tuple[Document, ...], doc("The note, and what was forwarded.")] = ()


class OmbudsmanNotice(Value, frozen=True, kw_only=True):
    """The MFA sends the communication to the Ombudsman, for information (14-5(2))."""

    informed_on: Annotated[date, doc("Day of sending, Asia/Almaty. 14-5(2).")]
    note_number: Annotated[Mark | None, doc("Number of the MFA's note; null: none.")] = None
    documents: Annotated[tuple[Document, ...], doc("The note, and what was sent.")] = ()


class InfoReturn(Value, frozen=True, kw_only=True):
    """The MFA returns incomplete information to its body (practice, in the service of 14-6)."""

    body: Annotated[BodyCode, doc("Code of the body whose information is returned.")]
    info: Annotated[
        Sequence, doc("Sequence of the AgencyInfoSubmitted that is returned, in the intake service's chain.")
    ]
    returned_on: Annotated[date, doc("Day of the return, Asia/Almaty.")]
    missing: Annotated[tuple[Mark, ...], doc("Numbers of the questions left open.")] = ()
    reason: Annotated[Line, doc("Why, as a neutral line that names no private person.")]
    due: Annotated[date | None, doc("The new date asked for; null: the old one stays. Practice.")] = None
    documents: Annotated[tuple[Document, ...], doc("The covering note.")] = ()


class Meeting(Value, frozen=True, kw_only=True):
    """The meeting that works the draft response out (14-7(2))."""

    held_on: Annotated[date, doc("Day of the meeting, Asia/Almaty. 14-7(2).")]
    interested: Annotated[
        tuple[BodyCode, ...], doc("The interested state bodies; not the same set as the competent ones. 14-7(2).")
    ] = ()
    participants: Annotated[
        tuple[Participant, ...], Meta(min_length=1, description="Who took part, with the level of each. 14-7(2).")
    ]
    documents: Annotated[tuple[Document, ...], doc("The minutes.")] = ()


class Assignment(Value, frozen=True, kw_only=True):
    """Who is responsible for the case at the MFA, and who stands in (practice). Codes: addresses are not on record."""

    officer: Annotated[OfficialCode, doc("Code of the responsible officer, as the directory has it.")]
    deputy: Annotated[
        OfficialCode | None, doc("Code of who stands in while the officer is on leave; null: nobody.")
    ] = None
    assigned_on: Annotated[date, doc("Day from which this holds, Asia/Almaty.")]
    reason: Annotated[
        Line | None, doc("Why it was handed over, as a neutral line that names no private person; null: not said.")
    ] = None


class Draft(Value, frozen=True, kw_only=True):
    """A draft of the response, and the information that it rests on (14-6)."""

    drafted_on: Annotated[date, doc("Day of the draft, Asia/Almaty.")]
    rests_on: Annotated[
        tuple[Sequence, ...],
        doc("Sequences of the AgencyInfoSubmitted that it rests on, in the intake service's chain. 14-6."),
    ] = ()
    language: Annotated[Language | None, doc("ISO 639 code of its language; null: not said.")] = None
    documents: Annotated[tuple[Document, ...], doc("The draft.")] = ()


class Response(Value, frozen=True, kw_only=True):
    """What the MFA sent to the UN (14-8(1)). Only an entry from the public record may leave its particulars unknown."""

    kind: Annotated[
        ResponseKind,
        doc("acknowledgement, interim or full; only full stops the clock of 14-8(1). Practice of the UN's reports."),
    ]
    sent_on: Annotated[date, doc("Day of sending, Asia/Almaty; sending counts, not arrival. 14-8(1).")]
    signatory: Annotated[Signatory | None, doc("Who signed; null: not known. 14-8(1).")] = None
    language: Annotated[Language | None, doc("ISO 639 code of its language; null: not known. 14-8(1).")] = None
    channel: Annotated[Channel | None, doc("diplomatic or other; null: not known. 14-8(1).")] = None
    note_number: Annotated[Mark | None, doc("Number of the note; null: not known.")] = None
    documents: Annotated[tuple[Document, ...], doc("The response and its annexes.")] = ()
    public_record: Annotated[
        Address | None, doc("Address of the public text that this was taken from; null: it is the MFA's own entry.")
    ] = None


class Report(Value, frozen=True, kw_only=True):
    """The report on the results of the work (14-9)."""

    recipient: Annotated[
        Recipient, doc("administration: the Presidential Administration, 14-9(1). ombudsman: 14-9(2).")
    ]
    response: Annotated[
        Sequence | None,
        doc(
            "Sequence of the ResponseSent that it reports on, in this service's chain; null in a command: the only one."
        ),
    ] = None
    filed_on: Annotated[date, doc("Day of sending, Asia/Almaty. 14-9.")]
    note_number: Annotated[Mark | None, doc("Number of the note; null: none.")] = None
    documents: Annotated[tuple[Document, ...], doc("The report.")] = ()


class SitePublication(Value, frozen=True, kw_only=True):
    """What the MFA published on its official internet resource (14-8(2)).

    The public version is a document of its own.
    """

    what: Annotated[Published, doc("communication or response. 14-8(2).")]
    response: Annotated[
        Sequence | None,
        doc(
            "Sequence of the ResponseSent that was published, in this service's chain; null in a command: the only one."
        ),
    ] = None
    published_on: Annotated[date, doc("Day of publication, Asia/Almaty. 14-8(2).")]
    address: Annotated[Address, doc("Where it stands on the MFA's official internet resource. 14-8(2).")]
    documents: Annotated[tuple[Document, ...], doc("The public version, redacted where need be.")] = ()


# Visits (14-10).

OpensVisit = Annotated[
    Mark | None,
    doc("The MFA's registry number of this paper: where it opens the case it makes the case id; null: none. Practice."),
]
NamedProposal = Annotated[
    Sequence | None,
    doc("Sequence of the VisitProposed in the intake service's chain; null in a command: the only one."),
]


class VisitProposal(Value, frozen=True, kw_only=True):
    """A proposal to invite special procedures to visit Kazakhstan, on one of the three bases (14-10)."""

    registry_number: OpensVisit = None
    basis: Annotated[
        VisitBasis,
        doc(
            "competent-body: a competent state body proposes, the MFA agrees. mfa-initiative: the MFA's own, the"
            " competent state bodies agree. ombudsman: the Ombudsman proposes, nobody need agree. 14-10."
        ),
    ]
    proposed_by: Annotated[BodyCode, doc("Code of the body that proposes. 14-10.")]
    competent_bodies: Annotated[
        tuple[BodyCode, ...], doc("The state bodies competent in the subject of the visit; empty: not known. 14-10.")
    ] = ()
    mandates: Annotated[tuple[Line, ...], Meta(min_length=1, description="The special procedures to be invited.")]
    subject: Annotated[Line | None, doc("A neutral line that names no private person; null: not known.")] = None
    proposed_on: Annotated[date, doc("Day of the proposal, Asia/Almaty. 14-10.")]
    number: Annotated[Mark | None, doc("The proposing body's own number of the letter; null: none.")] = None
    documents: Annotated[tuple[Document, ...], doc("The proposal.")] = ()


class VisitProposalEnd(Value, frozen=True, kw_only=True):
    """A proposal is taken back or laid aside without an invitation (practice; that none follows breaks no rule)."""

    proposal: NamedProposal = None
    ended_on: Annotated[date, doc("Day on which it ended, Asia/Almaty.")]
    reason: Annotated[Line, doc("Why, as a neutral line that names no private person.")]
    documents: Annotated[tuple[Document, ...], doc("The letter that says so.")] = ()


class VisitStage(Value, frozen=True, kw_only=True):
    """A stage of a visit in OHCHR's own words (practice: the decree knows none of them)."""

    registry_number: OpensVisit = None
    stage: Annotated[
        VisitStageName,
        doc(
            "requested, reminder, acknowledged (the request; no acceptance), invited, accepted, declined, postponed,"
            " dates-proposed, agreed (dates), completed or report-published. Practice."
        ),
    ]
    reached_on: Annotated[date, doc("Day on which it was reached, Asia/Almaty.")]
    mandates: Annotated[tuple[Line, ...], doc("The special procedures concerned; empty: as on record.")] = ()
    visit_from: Annotated[date | None, doc("First day of the visit, as asked, proposed or agreed; null: none.")] = None
    visit_until: Annotated[date | None, doc("Last day of the visit; null: none.")] = None
    address: Annotated[Address | None, doc("Where OHCHR says so, or the report stands; null: not known.")] = None
    documents: Annotated[tuple[Document, ...], doc("The note.")] = ()


class VisitAgreement(Value, frozen=True, kw_only=True):
    """The agreement to a proposed visit, by a body whose agreement its basis needs (14-10)."""

    proposal: NamedProposal = None
    body: Annotated[BodyCode, doc("Code of the body that agrees: the MFA, or a competent state body. 14-10.")]
    agreed_on: Annotated[date, doc("Day of the agreement, Asia/Almaty. 14-10.")]
    number: Annotated[Mark | None, doc("The body's own number of the letter; null: none.")] = None
    documents: Annotated[tuple[Document, ...], doc("The agreement.")] = ()


class VisitAgreementRefusal(Value, frozen=True, kw_only=True):
    """The refusal to agree to a proposed visit, by a body whose agreement its basis needs (14-10)."""

    proposal: NamedProposal = None
    body: Annotated[BodyCode, doc("Code of the body that refuses: the MFA, or a competent state body. 14-10.")]
    refused_on: Annotated[date, doc("Day of the refusal, Asia/Almaty. 14-10.")]
    reason: Annotated[Line, doc("Why, as a neutral line that names no private person.")]
    number: Annotated[Mark | None, doc("The body's own number of the letter; null: none.")] = None
    documents: Annotated[tuple[Document, ...], doc("The refusal.")] = ()


class VisitInvitation(Value, frozen=True, kw_only=True):
    """The invitation to visit that the MFA sent to special procedures (14-10). The decree names no signatory."""

    registry_number: OpensVisit = None
    proposal: Annotated[
        Sequence | None,
        doc(
            "Sequence of the VisitProposed that it rests on, in the intake service's chain; null: none is on record,"
            " or in a command the only one. 14-10."
        ),
    ] = None
    mandates: Annotated[tuple[Line, ...], doc("The special procedures invited; empty: as on record.")] = ()
    sent_on: Annotated[date, doc("Day of sending, Asia/Almaty. 14-10.")]
    channel: Annotated[Channel, doc("diplomatic or other. 14-10.")]
    in_the_name_of_kazakhstan: Annotated[bool, doc("It was sent in the name of Kazakhstan. 14-10.")]
    note_number: Annotated[Mark | None, doc("Number of the note; null: none.")] = None
    documents: Annotated[tuple[Document, ...], doc("The invitation.")] = ()


# Treaty bodies (14-11).

NamedRequest = Annotated[
    Sequence | None,
    doc("Sequence of the TreatyBodyRequestReceived in the intake service's chain; null in a command: the only one."),
]


class TreatyBodyRequest(Value, frozen=True, kw_only=True):
    """What a treaty body asks of Kazakhstan in one of its procedures (14-11). No author of a communication is named."""

    treaty_body: Annotated[TreatyBodyName, doc("CCPR, CESCR, CERD, CEDAW, CAT, SPT, CRC, CMW, CRPD or CED.")]
    procedure: Annotated[
        TreatyProcedureName,
        doc(
            "state-report, list-of-issues, follow-up (to concluding observations), individual-communication, views,"
            " inquiry, urgent-action or visit-report."
        ),
    ]
    reference: Annotated[
        Mark | None, doc("The UN's number or symbol, such as 3012/2018; it makes the case id; null: none.")
    ] = None
    registry_number: Annotated[
        Mark | None, doc("The MFA's registry number; it makes the case id where the UN gave no number; null: none.")
    ] = None
    instrument: Annotated[
        Mark | None,
        doc("The treaty or optional procedure, by its code, such as ICCPR-OP1; null in a command: the body's own."),
    ] = None
    subject: Annotated[Line | None, doc("A neutral line that names no private person; null: not known.")] = None
    language: Annotated[Language | None, doc("ISO 639 code of the document's language; null: not known.")] = None
    document_date: Annotated[
        date | None, doc("The document's own date, from which its term runs; null: it has none, and receipt counts.")
    ] = None
    received_on: Annotated[date, doc("Day of receipt, Asia/Almaty.")]
    reply_due: Annotated[
        date | None,
        doc("The date by which the document asks for a reply: it wins over any default; null: none. 14-11."),
    ] = None
    reply_within_days: Annotated[
        Annotated[int, Meta(ge=1, le=3660)] | None,
        doc("The period that it states, in calendar days from its own date; null: none. 14-11."),
    ] = None
    reply_within_months: Annotated[
        Annotated[int, Meta(ge=1, le=120)] | None,
        doc("The period that it states, in months from its own date; null: none. 14-11."),
    ] = None
    interim_measures: Annotated[bool, doc("It asks for interim measures. The treaty body's rules of procedure.")] = (
        False
    )
    interim_measures_due: Annotated[
        date | None, doc("The date by which it asks to hear of the interim measures; null: none stated.")
    ] = None
    words_at_most: Annotated[
        Annotated[int, Meta(ge=1, le=LONGEST)] | None,
        doc("Most words of the reply; null in a command: as the list of defaults has it. Practice."),
    ] = None
    documents: Annotated[tuple[Document, ...], doc("The document and its annexes.")] = ()


class TreatyBodyTermExtension(Value, frozen=True, kw_only=True):
    """A treaty body's agreement to a later date for the reply (practice)."""

    request: NamedRequest = None
    granted_on: Annotated[date, doc("Day of the treaty body's agreement.")]
    reply_due: Annotated[date, doc("The new stated date; the original stays visible beside it. 14-11.")]
    documents: Annotated[tuple[Document, ...], doc("The note that says so.")] = ()


class TreatyProcedureAssignment(Value, frozen=True, kw_only=True):
    """Which body leads a procedure, which transmits, and which take part: 14-11 names no lead, so it is a fact."""

    lead: Annotated[BodyCode, doc("Code of the body that leads.")]
    transmitter: Annotated[BodyCode | None, doc("Code of the body that transmits to the UN; null: not decided.")] = None
    taking_part: Annotated[tuple[BodyCode, ...], doc("Codes of the other bodies that take part.")] = ()
    assigned_on: Annotated[date, doc("Day on which it was decided, Asia/Almaty.")]
    number: Annotated[Mark | None, doc("Number of the decision; null: none.")] = None
    documents: Annotated[tuple[Document, ...], doc("The decision.")] = ()


class TreatyBodyReply(Value, frozen=True, kw_only=True):
    """What was sent to a treaty body (14-11). The paragraph names neither a signatory nor a channel."""

    request: NamedRequest = None
    kind: Annotated[ResponseKind, doc("acknowledgement, interim or full; only full is the reply. Practice.")]
    answers: Annotated[Answered, doc("What it answers: request, interim-measures or both.")] = "request"
    sent_on: Annotated[date, doc("Day of sending, Asia/Almaty.")]
    sent_by: Annotated[BodyCode, doc("Code of the body that sent it. 14-11.")]
    addressee: Annotated[
        bool | None,
        doc("The body stood on the list of the addressees of 14-11 when this was recorded; null in a command."),
    ] = None
    language: Annotated[Language | None, doc("ISO 639 code of its language; null: not known.")] = None
    words: Annotated[Annotated[int, Meta(ge=0, le=LONGEST)] | None, doc("Its length in words; null: not counted.")] = (
        None
    )
    reference: Annotated[Mark | None, doc("The UN's symbol for it; null: none.")] = None
    note_number: Annotated[Mark | None, doc("Number of the note; null: none.")] = None
    documents: Annotated[tuple[Document, ...], doc("The reply and its annexes.")] = ()


AlertSequence = Annotated[Sequence, doc("Sequence of the step that raised the alert, in this service's chain.")]
AlertLevel = Annotated[
    int,
    Meta(
        ge=0,
        le=100,
        description="Whom it is for: 0 the responsible officer and the body's contact, 1 their superior, and so on.",
    ),
]
AlertRecipient = Annotated[OfficialCode, doc("Code of the official or body told; the address stands in the directory.")]
AlertWay = Annotated[AlertChannel, doc("email or webhook.")]
AlertMessage = Annotated[
    Line, doc("The message's own id: the Message-ID of an e-mail, the Idempotency-Key of a webhook.")
]


class AlertDelivery(Value, frozen=True, kw_only=True):
    """An alert was handed over to a recipient's mail server or webhook (practice)."""

    alert: AlertSequence
    level: AlertLevel
    recipient: AlertRecipient
    channel: AlertWay
    message: AlertMessage
    delivered_on: Annotated[date, doc("Day on which it was handed over, Asia/Almaty.")]


class AlertFailure(Value, frozen=True, kw_only=True):
    """An alert could not be handed over; it is tried again (practice)."""

    alert: AlertSequence
    level: AlertLevel
    recipient: AlertRecipient
    channel: AlertWay
    message: AlertMessage
    failed_on: Annotated[date, doc("Day of the attempt, Asia/Almaty.")]
    attempt: Annotated[int, Meta(ge=1, le=LONGEST, description="Which attempt it was, from 1 on.")]
    fault: Annotated[
        AlertFault,
        doc(
            "unreachable: no answer; login: not let in; deferred: not now; refused: this recipient or message, for"
            " good. Never the server's own words, which may hold an address."
        ),
    ]


class Acknowledgement(Value, frozen=True, kw_only=True):
    """Somebody took notice of an alert: it is not escalated any more (practice)."""

    alert: AlertSequence
    by: Annotated[OfficialCode, doc("Code of the official who took notice.")]
    acknowledged_on: Annotated[date, doc("Day on which it was, Asia/Almaty.")]


class Withdrawal(Value, frozen=True, kw_only=True):
    """A wrong entry is withdrawn; it stays visible, and clocks and findings follow."""

    entry: Annotated[Sequence, doc("Sequence of the withdrawn entry, in the chain of the service that recorded it.")]
    reason: Annotated[Line, doc("Why, as a neutral line that names no private person.")]


class Mending(Value, frozen=True, kw_only=True):
    """An operator's word that a broken chain goes on from its last good record."""

    break_offset: Annotated[
        int, Meta(ge=0, le=LONGEST, description="Offset of the record that broke the chain, in this events topic.")
    ]
    reason: Annotated[Line, doc("What happened, as a neutral line that names no private person.")]
