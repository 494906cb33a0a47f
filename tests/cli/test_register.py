"""The register: what is understood of it, and what is said of the rest."""

from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from jauap.cli import register
from jauap.cli.orders import Malformed
from jauap.cli.register import COLUMNS, NotARegister, NotUnderstood, Register
from jauap.domain.commands import ReceiveCommunication, RecordOHCHRPublication, SendResponse

EXAMPLE = Path(__file__).parents[2] / "examples" / "register.csv"
ROW = {
    "reference": "KAZ 1/2011",
    "type": "JUA",
    "state_iso3": "KAZ",
    "date_sent": "2011-07-28",
    "mandates": "torture; health",
    "subject": "Detention of a trade unionist",
    "replies": "",
    "reply_kind": "",
    "made_public": "",
    "source": "https://example.org/made-up",
}


def table(*rows: dict[str, str]) -> bytes:
    """A register of rows, each cell between quotation marks."""
    lines = [",".join(COLUMNS), *(",".join(f'"{row[name]}"' for name in COLUMNS) for row in rows)]
    return "\n".join(lines).encode()


def parsed(*rows: dict[str, str], state: str = "KAZ") -> Register:
    """A register of rows as it is understood."""
    return register.parse(table(*rows), state)


def commands(**cells: str) -> list[Any]:
    """The commands of one row."""
    found = parsed({**ROW, **cells})
    assert found.not_understood == []
    [row] = found.rows
    return [order.command for order in (row.letter, *row.rest)]


def test_a_row_is_a_letter_whose_receipt_is_assumed() -> None:
    """The day of sending is taken as the day of receipt, and marked; what is not known stays so."""
    [letter] = commands()
    assert letter == ReceiveCommunication(
        reference="KAZ 1/2011",
        communication_type="JUA",
        mandates=("torture", "health"),
        state="KAZ",
        subject="Detention of a trade unionist",
        letter_date=date(2011, 7, 28),
        received_on=date(2011, 7, 28),
        receipt_assumed=True,
        public_record="https://example.org/made-up",
    )


def test_a_source_that_is_no_address_is_no_public_record() -> None:
    """A word in the source's place names nothing that could be read."""
    [letter] = commands(source="made up for this example")
    assert letter.public_record is None


@pytest.mark.parametrize(
    ("replies", "stated", "kinds"),
    [
        ("", "", []),
        ("", "none_to_date", []),
        ("2011-09-17", "reply", ["full"]),
        ("2011-09-17", "", ["full"]),
        ("2011-09-17;2011-09-17", "reply", ["full", "full"]),
        ("17/09/11 (A); 2 Oct 2011", "reply", ["acknowledgement", "full"]),
        ("2011-09-17(A)", "", ["acknowledgement"]),
        ("2011-09-17", "acknowledgement", ["acknowledgement"]),
    ],
)
def test_each_date_of_a_reply_is_a_response(replies: str, stated: str, kinds: list[str]) -> None:
    """(A) marks an acknowledgement, all else is a full reply; a blank is no reply that is known of."""
    _, *responses = commands(replies=replies, reply_kind=stated)
    assert [response.kind for response in responses] == kinds
    assert all(isinstance(response, SendResponse) for response in responses)
    assert {response.public_record for response in responses} <= {"https://example.org/made-up"}


def test_what_was_made_public_is_ohchr_s_publication() -> None:
    """The communication's publication by OHCHR is recorded, with an address only if that is OHCHR's."""
    ours, theirs = (
        commands(made_public="2012-01-17", source=source)[1]
        for source in ("https://ohchr.org.example.org/x", "https://spcommreports.ohchr.org/x")
    )
    assert ours == RecordOHCHRPublication(what="communication", published_on=date(2012, 1, 17))
    assert theirs.address == "https://spcommreports.ohchr.org/x"


@pytest.mark.parametrize(
    ("reference", "kind", "taken"),
    [("AL KAZ 1/2011", "", "AL"), ("AL KAZ 1/2011", "JAL", "JAL"), ("KAZ  1/2011", "OL", "OL")],
)
def test_the_list_s_own_type_goes_before_the_letter_head_s(reference: str, kind: str, taken: str) -> None:
    """The case is identified by the reference alone; its type comes from the column, else from the reference."""
    [letter] = commands(reference=reference, type=kind)
    assert (letter.reference, letter.communication_type) == ("KAZ 1/2011", taken)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2011-07-28", date(2011, 7, 28)),
        ("27 Feb 2026", date(2026, 2, 27)),
        ("3 September 2011", date(2011, 9, 3)),
        ("28/7/2011", date(2011, 7, 28)),
        ("17/01/12", date(2012, 1, 17)),
    ],
)
def test_days_are_read_as_the_lists_write_them(text: str, day: date) -> None:
    """ISO, OHCHR's lists and the rapporteurs' pages, where the day stands before the month."""
    assert register.day("date_sent", text) == day


@pytest.mark.parametrize(
    "text",
    ["31 Feb 2014", "2011-13-01", "13/13/11", "1 Foo 2011", "2011", "0/0/0000", "٢٨/7/2011", "28 Febr, 2011", "x"],
)
def test_a_day_that_is_none_is_refused(text: str) -> None:
    """A day that does not exist, or is written otherwise, is told by its column."""
    with pytest.raises(Malformed, match=r"^date_sent: must be a"):
        register.day("date_sent", text)


@pytest.mark.parametrize(
    ("cells", "field", "rule"),
    [
        ({"reference": "Ivan"}, "reference", "must be a UN reference"),
        ({"type": "Ivan"}, "type", "must be one of: UA, AL"),
        ({"type": ""}, "type", "must be one of: UA, AL"),
        ({"state_iso3": "UZB"}, "state_iso3", "must be the State in the reference"),
        ({"date_sent": ""}, "date_sent", "is blank: a row without a date can't be taken"),
        ({"date_sent": "Ivan"}, "date_sent", "must be a date such as"),
        ({"mandates": "torture;" + "Ivan" * 100}, "mandates", "expected `str` of length <= 300"),
        ({"subject": "Ivan\nPetrov"}, "subject", "must be one line"),
        ({"replies": "Ivan"}, "replies", "must be a date such as"),
        ({"replies": "31/2/12 (A)"}, "replies", "must be a day that exists"),
        ({"reply_kind": "Ivan"}, "reply_kind", "must be one of: reply, acknowledgement, none_to_date; or blank"),
        ({"reply_kind": "none_to_date", "replies": "2011-09-17"}, "reply_kind", "says that there is no reply"),
        ({"reply_kind": "reply"}, "replies", "is blank: a reply without a date can't be taken"),
        ({"made_public": "Ivan"}, "made_public", "must be a date such as"),
        ({"source": "https://Ivan Petrov"}, "source", "must match"),
    ],
)
def test_a_row_that_is_not_understood_is_told_by_line_column_and_rule(
    cells: dict[str, str], field: str, rule: str
) -> None:
    """Nothing of the row is taken, its value is not repeated, and the rows around it are taken."""
    found = parsed(ROW, {**ROW, "reference": "KAZ 2/2011", **cells}, {**ROW, "reference": "KAZ 3/2011"})
    [bad] = found.not_understood
    assert (bad.line, bad.field) == (3, field)
    assert rule in bad.rule
    assert "Ivan" not in bad.rule
    assert [row.case_id for row in found.rows] == ["KAZ-1-2011", "KAZ-3-2011"]


def test_a_reference_stands_once_in_a_register() -> None:
    """A second row of the same reference is told with the line of the first; after a bad row it is the first."""
    found = parsed({**ROW, "type": "XL"}, ROW, {**ROW, "subject": "Another"})
    assert [row.line for row in found.rows] == [3]
    assert [(bad.line, bad.field) for bad in found.not_understood] == [(2, "type"), (4, "reference")]
    assert found.not_understood[1].rule == "stands in line 3 already"


def test_rows_of_others_are_sorted_out() -> None:
    """Another State's rows, and those to no State, are told as such, whatever else is wrong with them."""
    rows = [ROW, {**ROW, "reference": "UZB 1/2012", "date_sent": ""}, {**ROW, "reference": "OTH 7/2026"}]
    found = parsed(*rows)
    assert [(row.line, row.state) for row in found.other_state] == [(3, "UZB")]
    assert (found.no_state, found.not_understood) == ([4], [])


def test_any_takes_all_states_but_none() -> None:
    """For trials every State's rows are taken; a company stays no State."""
    rows = [ROW, {**ROW, "reference": "UZB 1/2012", "state_iso3": "UZB"}, {**ROW, "reference": "OTH 7/2026"}]
    found = parsed(*rows, state="ANY")
    assert [row.case_id for row in found.rows] == ["KAZ-1-2011", "UZB-1-2012"]
    assert found.no_state == [4]


def test_a_row_with_cells_missing_or_a_stray_quotation_mark_harms_no_other() -> None:
    """A broken row is told by its line, and the next one is read."""
    data = table(ROW).replace(b"\n", b'\nKAZ 7/2011,UA\n"KAZ 8/2011"x,UA\n\n,,\n')
    found = register.parse(data, "KAZ")
    assert [row.case_id for row in found.rows] == ["KAZ-1-2011"]
    assert found.not_understood == [
        NotUnderstood(line=2, field="row", rule="must have as many cells as the header, and quotation marks in pairs"),
        NotUnderstood(line=3, field="row", rule="must have as many cells as the header, and quotation marks in pairs"),
    ]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "it has no column reference, type"),
        (table().replace(b"replies", b"answers"), "it has no column replies"),
        (b"\xff\xfe", "it is not UTF-8 text"),
    ],
)
def test_what_is_no_register_is_told_as_a_whole(data: bytes, why: str) -> None:
    """Without its columns nothing of a file is taken."""
    with pytest.raises(NotARegister, match=why):
        register.parse(data, "KAZ")


def test_a_byte_order_mark_and_other_columns_do_no_harm() -> None:
    """A spreadsheet's file is read, and columns of its own are left alone."""
    data = table(ROW).replace(b"reference", b"\xef\xbb\xbfreference").replace(b"source", b"source,remark") + b",x"
    assert len(register.parse(data, "KAZ").rows) == 1


def test_the_same_register_gives_the_same_command_ids() -> None:
    """A repeat is known by its ids, whatever else stands in the register and in whatever order."""
    first = parsed(ROW, {**ROW, "reference": "KAZ 2/2011", "replies": "2011-09-17"})
    second = parsed({**ROW, "reference": "KAZ 2/2011", "replies": "17/9/2011"}, ROW)
    ids = [
        sorted(order.command_id for row in found.rows for order in (row.letter, *row.rest)) for found in (first, second)
    ]
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 3


def test_two_equal_replies_of_one_day_are_two_commands() -> None:
    """The second of two equal replies has an id of its own."""
    found = parsed({**ROW, "replies": "2011-09-17;2011-09-17"})
    [row] = found.rows
    assert row.rest[0].command == row.rest[1].command
    assert row.rest[0].command_id != row.rest[1].command_id


def test_what_changes_a_command_changes_its_id() -> None:
    """A reply of another day, or in another case, is another command; the letter's own id stays."""
    rows = [parsed({**ROW, "replies": text}).rows[0] for text in ("2011-09-17", "2011-09-18")]
    other = parsed({**ROW, "reference": "KAZ 2/2011", "replies": "2011-09-17"}).rows[0]
    assert len({row.rest[0].command_id for row in (*rows, other)}) == 3
    assert rows[0].letter.command_id == rows[1].letter.command_id


def test_command_ids_never_change() -> None:
    """Registers were imported under these ids: another way to make them would import everything once more."""
    [row] = parsed({**ROW, "replies": "2011-09-17"}).rows
    ids = [row.letter.command_id, row.rest[0].command_id]
    assert all(UUID(one).version == 5 for one in ids)
    assert ids == ["d36fff80-7067-5066-a9f5-285117d81cb7", "8007d4a3-1958-50df-b64c-6e2b05cc4905"]


def test_the_example_shows_every_shape() -> None:
    """The project's own register has what real ones have, and its made-up rows are marked by their source."""
    found = register.parse(EXAMPLE.read_bytes(), "KAZ")
    assert [row.case_id for row in found.rows] == [
        "KAZ-2-2011", "KAZ-5-2011", "KAZ-902-2014", "KAZ-903-2014", "KAZ-904-2014", "KAZ-905-2014",
    ]  # fmt: skip
    assert [(bad.line, bad.field) for bad in found.not_understood] == [
        (59, "date_sent"), (64, "date_sent"), (65, "type"), (66, "reference"), (67, "reference"),
    ]  # fmt: skip
    assert (len(found.other_state), len(found.no_state)) == (42, 13)
    assert len(register.parse(EXAMPLE.read_bytes(), "ANY").rows) == 48
    made_up = [line for line in EXAMPLE.read_text().splitlines() if " 90" in line]
    assert len(made_up) == 9
    assert all(line.endswith(("made up for this example", "/made-up-for-this-example")) for line in made_up)
