"""Judging what a body submits. Pure: a record in, a command or all that is wrong with it out.

Who submits follows from the topic alone. What only the whole case can tell is decided by intake.
"""

from collections.abc import Mapping
from itertools import islice
from typing import NamedTuple

import msgspec

from jauap.domain import submissions
from jauap.domain.case import Case, asked_on
from jauap.domain.commands import DeclineAgencyInfo, SubmitAgencyInfo
from jauap.domain.feeds import SubmissionFault
from jauap.domain.submissions import Submission, SupplyInformation
from jauap.messaging.avro import HEADER, MAGIC, Codec, Undecodable, dataschema, faults
from jauap.messaging.envelope import Message
from jauap.messaging.folding import CASE_ID
from jauap.messaging.incoming import LONGEST_ID, size_of
from jauap.messaging.topics import SUBMIT
from services.liaison.items import Story
from services.liaison.words import refusal

LARGEST = 262_144
MOST_FAULTS = 50
"""Told of one submission."""

Releases = Mapping[int, tuple[str, int]]
"""Schema id to record and release, as the registry has them."""


class Refused(Exception):
    """A submission is not let in. All that is wrong with it is told."""

    def __init__(self, *found: SubmissionFault) -> None:
        super().__init__()
        self.faults = found


class Submitted(NamedTuple):
    """A submission that can be read."""

    body: str
    case_id: str
    submission: Submission


def place(message: Message) -> str:
    """Where a submission stands; the id of the command that it becomes: `jauap.submit.MIA/0/17`."""
    return f"{message.topic}/{message.partition}/{message.offset}"


def submission_id(message: Message) -> str:
    """The submission's own `ce_id`; its place, where it has none that can be used."""
    given = _given_id(message)
    return place(message) if given in (None, "") else str(given)


def schema_id(message: Message) -> int | None:
    """The schema's id in a record's value; None: there is none."""
    value = message.value or b""
    return int.from_bytes(value[1:HEADER], "big") if len(value) >= HEADER and value[0] == MAGIC else None


def read(message: Message, releases: Releases, codec: Codec) -> Submitted:
    """A record as a submission. Raises Refused, and UnknownSchema: a release of ours that is not installed here."""
    wrong = []
    key = (message.key or b"").decode(errors="replace")
    if CASE_ID.fullmatch(key) is None:
        wrong.append(refusal("NoCaseId", "key"))
    if _given_id(message) == "":
        wrong.append(refusal("BadId", "ce_id"))
    try:
        submission = _submission(message, releases, codec)
    except Refused as refused:
        wrong += refused.faults
    else:
        if not wrong:
            return Submitted(message.topic.removeprefix(SUBMIT), key, submission)
    raise Refused(*wrong)


def _submission(message: Message, releases: Releases, codec: Codec) -> Submission:
    if message.value is None:
        raise Refused(refusal("NoValue"))
    if size_of(message) > LARGEST:
        raise Refused(refusal("TooLarge"))
    number = schema_id(message)
    if number is None:
        raise Refused(refusal("NoSchemaId"))
    name, version = releases.get(number, ("", 0))
    if name not in submissions.BY_NAME:
        raise Refused(refusal("UnknownSchema"))
    try:
        content = codec.content(dataschema(name, version), message.value)
    except Undecodable:
        raise Refused(refusal("Undecodable")) from None
    kind = submissions.BY_NAME[name]
    wrong = [refusal("Invalid", fault.field, fault.reason) for fault in islice(faults(content, kind), MOST_FAULTS + 1)]
    if len(wrong) > MOST_FAULTS:
        wrong[MOST_FAULTS:] = [refusal("TooManyFaults")]
    if wrong:
        raise Refused(*wrong)
    return msgspec.convert(content, kind)


def _given_id(message: Message) -> str | None:
    """The `ce_id` header; None: there is none. Empty: it can't be used."""
    given = [value for name, value in message.headers if name == "ce_id"]
    if not given:
        return None
    try:
        text = (given[0] or b"").decode()
    except UnicodeDecodeError:
        return ""
    return text if len(given) == 1 and len(text) <= LONGEST_ID and text.isprintable() else ""


def command(
    submitted: Submitted, case: Case | None, story: Story | None, given: str = ""
) -> SubmitAgencyInfo | DeclineAgencyInfo:
    """The command that a submission with this id becomes. Raises Refused.

    14-5(1): what was not forwarded to this body has one answer, the same whether or not there is such a case.
    """
    body, submission = submitted.body, submitted.submission
    if case is None or story is None or asked_on(case, body) is None:
        raise Refused(refusal("NotForwarded", "key"))
    if story.has_taken(body, given):
        raise Refused(refusal("IdUsed", "ce_id"))
    if not isinstance(submission, SupplyInformation):
        return DeclineAgencyInfo(body=body, **msgspec.structs.asdict(submission))
    corrects = None if submission.corrects is None else story.info_submitted(body, submission.corrects)
    if submission.corrects is not None and corrects is None:
        raise Refused(refusal("UnknownSubmission", "corrects"))
    return SubmitAgencyInfo(body=body, **{**msgspec.structs.asdict(submission), "corrects": corrects})
