"""The register of communications, as OHCHR's lists and rapporteurs' pages state them: from CSV to orders.

The public record has no day of receipt: the day of sending is taken and marked as assumed. What it leaves blank is
not known, and stays so. A row is taken whole or not at all. What is wrong is named by line, column and rule, never
by value.
"""

import csv
import io
import re
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple, get_args

import msgspec

from jauap.cli import orders
from jauap.cli.orders import Malformed
from jauap.domain.case_ids import parse_reference
from jauap.domain.facts import CommunicationType, Value
from jauap.messaging.sender import Order

COLUMNS = (
    "reference", "type", "state_iso3", "date_sent", "mandates", "subject",
    "replies", "reply_kind", "made_public", "source",
)  # fmt: skip
ACTOR = "import"
ANY_STATE = "ANY"
NO_STATE = "OTH"
"""Stands in a reference in the place of the country: a company, a bank."""
IDS = uuid.UUID("6d1c6f0e-6f0b-5d9a-9a57-0c1f6a1b7d55")
"""Namespace of the import's command ids, for ever."""
MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
ISO = re.compile(r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)", re.ASCII)
SLASHES = re.compile(r"(?P<day>\d{1,2})/(?P<month>\d{1,2})/(?P<year>\d{4}|\d\d)", re.ASCII)
WORDS = re.compile(r"(?P<day>\d{1,2}) (?P<month>[A-Za-z]{3,9})\.? (?P<year>\d{4})", re.ASCII)
REPLY = re.compile(r"(?P<day>.*?)\s*(?P<acknowledgement>\(A\))?", re.DOTALL)
REPLY_KINDS = {"": "full", "reply": "full", "acknowledgement": "acknowledgement", "none_to_date": "full"}
BROKEN = '"'
"""In the place of a row whose quotation marks are out of order."""
COLUMN_OF = {
    "communication_type": "type", "state": "state_iso3", "letter_date": "date_sent", "received_on": "date_sent",
    "public_record": "source", "address": "source", "sent_on": "replies", "kind": "reply_kind",
    "published_on": "made_public",
}  # fmt: skip


class NotARegister(ValueError):
    """The file as a whole is no register."""


class Row(Value, frozen=True, kw_only=True):
    """A row that was understood: the letter, and what followed it."""

    line: int
    case_id: str
    letter: Order
    rest: tuple[Order, ...]


class OtherState(Value, frozen=True, kw_only=True):
    """A row for another State than the deployment's."""

    line: int
    state: str


class NotUnderstood(Value, frozen=True, kw_only=True):
    """A row that can't be taken, and why."""

    line: int
    field: str
    rule: str


class Register(NamedTuple):
    """The rows of a register, sorted."""

    rows: list[Row]
    other_state: list[OtherState]
    no_state: list[int]
    not_understood: list[NotUnderstood]


def parse(data: bytes, state: str) -> Register:
    """Read a register for a deployment that serves a State (alpha-3 code; ANY: all of them). Raises NotARegister."""
    found = Register([], [], [], [])
    lines: dict[str, int] = {}
    for line, cells in _table(data):
        try:
            kind, reference = _reference(cells)
            addressee = reference[:3]
            if addressee == NO_STATE:
                found.no_state.append(line)
            elif state not in (ANY_STATE, addressee):
                found.other_state.append(OtherState(line=line, state=addressee))
            else:
                _only_once(reference, lines)
                found.rows.append(_row(line, reference, kind, cells))
                lines[reference] = line
        except Malformed as wrong:
            found.not_understood.append(NotUnderstood(line=line, field=_column(wrong.field), rule=wrong.rule))
    return found


def _only_once(reference: str, lines: Mapping[str, int]) -> None:
    if reference in lines:
        raise Malformed("reference", f"stands in line {lines[reference]} already")


def day(column: str, text: str) -> date:
    """A day as the lists write it: 2011-07-28, 27 Feb 2026, 28/7/2011 or 17/01/12. Raises Malformed."""
    written = " ".join(text.split())
    try:
        if found := ISO.fullmatch(written) or SLASHES.fullmatch(written):
            century = "20" if len(found["year"]) == len("12") else ""
            return date(int(century + found["year"]), int(found["month"]), int(found["day"]))
        if found := WORDS.fullmatch(written):
            return date(int(found["year"]), _month(found["month"]), int(found["day"]))
    except ValueError:
        raise Malformed(column, "must be a day that exists") from None
    raise Malformed(column, "must be a date such as 2011-07-28, 27 Feb 2026, 28/7/2011 or 17/01/12")


def command_id(case_id: str, name: str, command: Value, occurrence: int) -> str:
    """The same command has the same id in every run, so that a repeat does nothing.

    What is not stated is left out, so that a field of a later release changes no id. Two equal replies of one day
    are told apart by their occurrence.
    """
    stated = {
        field: value for field, value in msgspec.structs.asdict(command).items() if value not in (None, (), False)
    }
    content = msgspec.json.encode(stated, order="deterministic").decode()
    return str(uuid.uuid5(IDS, "\n".join((case_id, name, content, str(occurrence)))))


def _table(data: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row's first line and its cells by column. Raises NotARegister."""
    try:
        reader = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        header = [name.strip() for name in next(reader, [])]
        missing = [name for name in COLUMNS if name not in header]
        if missing:
            raise NotARegister(f"it has no column {', '.join(missing)}")
    except UnicodeDecodeError:
        raise NotARegister("it is not UTF-8 text") from None
    except csv.Error:
        raise NotARegister("its first line is no list of columns") from None
    line = reader.line_num + 1
    while (cells := _next(reader)) is not None:
        if cells:
            # With too few or too many, no cell can be trusted.
            yield line, dict(zip(header, cells, strict=True)) if len(cells) == len(header) else {}
        line = reader.line_num + 1


def _next(reader: Iterator[list[str]]) -> list[str] | None:
    """The next row's cells, none of them if it is blank; None at the end."""
    try:
        cells = [cell.strip() for cell in next(reader)]
    except StopIteration:
        return None
    except csv.Error:
        return [BROKEN]
    return cells if any(cells) else []


def _reference(cells: dict[str, str]) -> tuple[str | None, str]:
    if not cells:
        raise Malformed("row", "must have as many cells as the header, and quotation marks in pairs")
    try:
        return parse_reference(cells["reference"])
    except ValueError:
        raise Malformed("reference", "must be a UN reference such as KAZ 3/2026 or AL KAZ 3/2026") from None


def _row(line: int, reference: str, kind: str | None, cells: dict[str, str]) -> Row:
    """14-5(1), 14-8: the letter, its replies, its publication by OHCHR."""
    contents = [_letter(reference, kind, cells), *_replies(cells), *_publication(cells)]
    seen: Counter[bytes] = Counter()
    made: list[Order] = []
    for content in contents:
        case_id = made[0].case_id if made else None
        order = orders.order({**content, "case_id": case_id}, ACTOR)
        same = msgspec.json.encode((order.name, order.command))
        seen[same] += 1
        identity = command_id(order.case_id, order.name, order.command, seen[same])
        made.append(msgspec.structs.replace(order, command_id=identity))
    return Row(line=line, case_id=made[0].case_id, letter=made[0], rest=tuple(made[1:]))


def _letter(reference: str, kind: str | None, cells: dict[str, str]) -> dict[str, Any]:
    if cells["state_iso3"] not in ("", reference[:3]):
        raise Malformed("state_iso3", "must be the State in the reference")
    # Letter heads write AL even for several mandates where the list writes JAL: the list's own column goes first.
    communication_type = cells["type"] or kind
    if communication_type not in get_args(CommunicationType):
        raise Malformed("type", f"must be one of: {', '.join(get_args(CommunicationType))}")
    if not cells["date_sent"]:
        raise Malformed("date_sent", "is blank: a row without a date can't be taken")
    sent = day("date_sent", cells["date_sent"]).isoformat()
    return {
        "command": "ReceiveCommunication",
        "reference": reference,
        "communication_type": communication_type,
        "mandates": _several(cells["mandates"]),
        "state": reference[:3],
        "subject": cells["subject"] or None,
        "letter_date": sent,
        "received_on": sent,
        "receipt_assumed": True,
        "public_record": _address(cells),
    }


def _replies(cells: dict[str, str]) -> Iterator[dict[str, Any]]:
    stated = cells["reply_kind"].lower()
    days = _several(cells["replies"])
    if stated not in REPLY_KINDS:
        raise Malformed("reply_kind", f"must be one of: {', '.join(filter(None, REPLY_KINDS))}; or blank")
    if stated == "none_to_date" and days:
        raise Malformed("reply_kind", "says that there is no reply, and replies has one")
    if stated in ("reply", "acknowledgement") and not days:
        raise Malformed("replies", "is blank: a reply without a date can't be taken")
    for text in days:
        reply = REPLY.fullmatch(text)
        acknowledged = reply is not None and reply["acknowledgement"]
        sent_on = day("replies", reply["day"] if reply else text)
        if sent_on < day("date_sent", cells["date_sent"]):
            raise Malformed("replies", "holds a date before that of the letter")
        yield {
            "command": "SendResponse",
            "kind": "acknowledgement" if acknowledged else REPLY_KINDS[stated],
            "sent_on": sent_on.isoformat(),
            "public_record": _address(cells),
        }


def _publication(cells: dict[str, str]) -> Iterator[dict[str, Any]]:
    if cells["made_public"]:
        address = _address(cells)
        of_ohchr = address is not None and re.match(r"https?://([a-z0-9-]+\.)*ohchr\.org(/|$)", address)
        yield {
            "command": "RecordOHCHRPublication",
            "what": "communication",
            "published_on": day("made_public", cells["made_public"]).isoformat(),
            "address": address if of_ohchr else None,
        }


def _address(cells: dict[str, str]) -> str | None:
    """The public text that a row was taken from; None: its source is none, or no address."""
    return cells["source"] if cells["source"].startswith(("http://", "https://")) else None


def _several(cell: str) -> list[str]:
    return [part.strip() for part in cell.split(";") if part.strip()]


def _month(name: str) -> int:
    """The month's number; 0, which is in no date, if it is none."""
    return next((at for at, full in enumerate(MONTHS, 1) if full.startswith(name.lower())), 0)


def _column(field: str) -> str:
    """The column that a field of a command comes from."""
    name = field.partition("[")[0]
    return COLUMN_OF.get(name, name)
