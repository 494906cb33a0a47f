"""Reading a command: what can't be attributed to a case is malformed, and named by its place."""

from collections.abc import Mapping

from jauap.domain.case import SERVICES
from jauap.domain.facts import Value
from jauap.messaging.avro import HEADER, Codec, Undecodable, UnknownSchema
from jauap.messaging.chain import header_map
from jauap.messaging.envelope import Message, command_hash, type_name
from jauap.messaging.folding import CASE_ID
from jauap.messaging.lane import Waiting
from jauap.messaging.outcome import Outcome
from jauap.messaging.topics import partition_of

LONGEST_ID = 200
DIGITS = 18
"""Of a sequence: all that surely fit in Avro's long."""
LARGEST_COMMAND = 900_000
"""Its record must fit below the producer's limit of 1,000,000 bytes, with headers of its own."""


def size_of(message: Message) -> int:
    """Bytes of a record's value and headers."""
    return len(message.value or b"") + sum(len(name) + len(value or b"") for name, value in message.headers)


class Unread(Value, frozen=True):
    """In the place of a command whose schema only a newer release knows: kept, to be decided by that one."""


class Malformed(Exception):
    """The command can't be attributed to a case."""

    def __init__(self, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.code, self.field = code, field


def case_id_of(message: Message) -> str:
    """The case that a command is for. Raises Malformed if key and `ce_subject` do not name the same valid case id."""
    key = (message.key or b"").decode(errors="replace")
    if CASE_ID.fullmatch(key) is None:
        raise Malformed("NoCaseId", "the key must be a case id: capital letters, digits and hyphens, at most 64", "key")
    return key


def read_command(message: Message, codec: Codec, kinds: Mapping[str, type[Value]], partitions: int) -> Waiting:
    """Read one record of a commands topic. Raises Malformed. A newer release's command is there, but Unread."""
    case_id = case_id_of(message)
    if size_of(message) > LARGEST_COMMAND:
        raise Malformed("TooLarge", f"a command may have {LARGEST_COMMAND} bytes at most", "value")
    headers = header_map(message.headers)
    if headers is None:
        raise Malformed("BadHeaders", "a header is repeated or has no value", "headers")
    if headers.get("ce_subject") != message.key:
        raise Malformed("CaseIdsDiffer", "key and ce_subject must be the same case id", "ce_subject")
    if partition_of(case_id, partitions) != message.partition:
        raise Malformed("WrongPartition", "the key does not belong in this partition; use murmur2 as Java does", "key")
    command_id = _text(headers, "ce_id")
    name = type_name(headers.get("ce_type", b""))
    if name not in kinds:
        raise Malformed("UnknownCommand", "this service has no such command", "ce_type")
    dataschema = _text(headers, "ce_dataschema")
    if not dataschema.startswith(f"urn:jauap:schema:{name}:"):
        raise Malformed("WrongSchema", f"ce_dataschema must be urn:jauap:schema:{name}:<version>", "ce_dataschema")
    if message.value is None:
        raise Malformed("NoValue", "the record has no value", "value")
    body = message.value[HEADER:]
    try:
        command = codec.decode(dataschema, message.value, {name: kinds[name]})
        body = codec.oldest_body(dataschema, message.value)
    except UnknownSchema:
        command = Unread()
    except Undecodable as fault:
        raise Malformed("Undecodable", str(fault)[:300], "value") from fault
    return Waiting(
        offset=message.offset,
        command_id=command_id,
        command_hash=command_hash(headers, message.key or b"", body),
        case_id=case_id,
        name=name,
        command=command,
        actor=_text(headers, "ce_actor"),
        correlation_id=headers["ce_correlationid"].decode(errors="replace") if "ce_correlationid" in headers else None,
        expected=_expected(headers.get("ce_expected", b"").decode(errors="replace")),
    )


def _text(headers: Mapping[str, bytes], name: str) -> str:
    try:
        text = headers.get(name, b"").decode()
    except UnicodeDecodeError:
        text = ""
    if not text or len(text) > LONGEST_ID or not text.isprintable():
        raise Malformed("BadHeader", f"the header {name} must be there: 1 to {LONGEST_ID} printable characters", name)
    return text


def _expected(text: str) -> dict[str, int]:
    expected = {}
    for part in filter(None, text.split(",")):
        service, _, sequence = part.partition(":")
        if service not in SERVICES or not sequence.isascii() or not sequence.isdigit() or len(sequence) > DIGITS:
            raise Malformed("BadHeader", "ce_expected must be like intake:3,routing:1", "ce_expected")
        expected[service] = int(sequence)
    return expected


def malformed(message: Message, reason: Malformed) -> Outcome:
    """The outcome of a command that is no command: it names topic, partition and offset, and leaves no record."""
    headers = header_map(message.headers) or {}
    place = f"{message.topic}/{message.partition}/{message.offset}"
    command_id = headers.get("ce_id", b"").decode(errors="replace")
    key = (message.key or b"").decode(errors="replace")
    usable = 0 < len(command_id) <= LONGEST_ID and command_id.isprintable()
    return Outcome(
        command_id=command_id if usable else place,
        case_id=key if CASE_ID.fullmatch(key) else None,
        status="malformed",
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        code=reason.code,
        message=str(reason)[:300],
        field=reason.field,
    )
