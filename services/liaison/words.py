"""What bodies are told in fixed words: why a submission was refused, and why an item does not hold any more.

Names, rules and remedies, never a value. What is not in `OF_INTAKE` is told in intake's own words, which are made for
whoever records a fact.
"""

from jauap.domain.feeds import SubmissionFault

WITHDRAWN = "The MFA withdrew the entry that this rested on: it was wrong."
MERGED = "The case was a duplicate of another one and is closed."
LONGEST = 300

OF_DOORMAN: dict[str, str] = {
    "TooLarge": "A submission may have 262144 bytes at most: put documents into the document store, not into it.",
    "NoCaseId": "The key must be the case id of an item on your feed, such as KAZ-3-2026, in UTF-8.",
    "BadId": "ce_id may be left out; given, it stands once, with 1 to 200 printable characters.",
    "IdUsed": (
        "You used this ce_id in this case before, and what came under it was taken: that stands. Give each submission"
        " an id of its own."
    ),
    "NoValue": "The record has no value; send SupplyInformation or DeclineInformation.",
    "NoSchemaId": "The value must begin with the byte 0 and the schema's id in four bytes.",
    "UnknownSchema": "The schema's id is that of no release of SupplyInformation or DeclineInformation.",
    "Undecodable": "The bytes do not fit the schema whose id they name.",
    "Invalid": "The field breaks its rule.",
    "TooManyFaults": "There are more faults than are listed here.",
    "NotForwarded": "No communication was forwarded to you under this case id; use the key of an item on your feed.",
    "UnknownSubmission": (
        "You have no submission under this id in this case that is in force; give the id or the place of one that was"
        " taken, and was neither withdrawn nor corrected since."
    ),
}
"""The doorman's own refusals by code."""

OF_INTAKE: dict[str, tuple[str, str | None]] = {
    "UnknownCase": ("NotForwarded", OF_DOORMAN["NotForwarded"]),
    "BodyNotAsked": ("NotForwarded", OF_DOORMAN["NotForwarded"]),
    "UnknownEntry": ("UnknownSubmission", OF_DOORMAN["UnknownSubmission"]),
    "AlreadyRecorded": (
        "AlreadyRecorded",
        "You sent this before: either the same content, or another letter with this number. To change it, correct it.",
    ),
    "DocumentAltered": (
        "DocumentMissing",
        "The document store holds no document with this hash and size: put it there first.",
    ),
    "DocumentMissing": (
        "DocumentMissing",
        "The document store holds no document with this hash and size: put it there first.",
    ),
    "BeforeItsCause": ("BeforeItsCause", "The date lies before the day on which you were asked."),
    "UnknownBody": ("UnknownBody", "This is no code of a state body; leave it out if you don't know the code."),
    "CaseIsMerged": ("CaseIsMerged", "This case was a duplicate and is closed; answer in the one that goes on."),
}
"""Refusals of intake's that are told to a body under another code or in other words."""
FIELDS = {"case_id": "key", "body": "key"}
"""Fields of a command that a submission does not have, and what they come from."""


def fault(code: str, field: str | None, message: str) -> SubmissionFault:
    """A refusal of intake's, as the body is told it."""
    code, told = OF_INTAKE.get(code, (code, message))
    return SubmissionFault(field=FIELDS.get(field or "", field), code=code, message=(told or message)[:LONGEST])


def refusal(code: str, field: str | None = None, message: str | None = None) -> SubmissionFault:
    """A refusal of the doorman's."""
    return SubmissionFault(field=field, code=code, message=(message or OF_DOORMAN[code])[:LONGEST])
