"""Who is told of an alert, by the directory: officer, deputy, superiors, bodies' contacts, the official on duty."""

import json
from typing import Any

import pytest

from jauap.domain.directory import Directory, WrongDirectory, parse_directory
from tests.builders import day

TODAY = day("06-10")
BODIES = ("MIA", "GPO")


def a_directory(*on_leave: str, **changes: Any) -> Directory:
    """Two officers under a head under a director, somebody on duty, and the MIA's contact; some are on leave today."""
    leave = [{"from": "2026-06-08", "until": "2026-06-12"}]
    officials = [
        {"code": "OFFICER-7", "email": "o7@mfa.example", "language": "kk", "superior": "HEAD-2"},
        {"code": "OFFICER-3", "email": "o3@mfa.example", "language": "ru", "superior": "HEAD-2"},
        {"code": "HEAD-2", "email": "h2@mfa.example", "language": "en", "superior": "DIRECTOR"},
        {"code": "DIRECTOR", "webhook": "https://mfa.example/hook", "language": "en"},
        {"code": "DUTY-1", "email": "duty@mfa.example", "language": "ru", "superior": "DIRECTOR"},
        {"code": "MIA-HEAD", "email": "head@mia.example", "language": "kk"},
    ]
    for official in officials:
        if official["code"] in on_leave:
            official["leave"] = leave  # type: ignore[assignment]
    bodies = [{"body": "MIA", "email": "mia@mia.example", "language": "kk", "superior": "MIA-HEAD"}]
    whole = {"officials": officials, "bodies": bodies, "duty": "DUTY-1"}
    return parse_directory(json.dumps(whole | changes).encode(), BODIES)


def told(directory: Directory, *who: str | None, body: str | None = None, level: int = 0) -> list[str]:
    """The codes of who is told; `who` are officer and deputy."""
    officer, deputy = (*who, None, None)[:2]
    return [line[0].code for line in directory.lines(officer, deputy, body, level, TODAY) if line]


@pytest.mark.parametrize(
    ("on_leave", "codes"),
    [
        ((), ["OFFICER-7"]),
        (("OFFICER-7",), ["OFFICER-3"]),
        (("OFFICER-3",), ["OFFICER-7"]),
        (("OFFICER-7", "OFFICER-3"), ["HEAD-2"]),
        (("OFFICER-7", "OFFICER-3", "HEAD-2"), ["DIRECTOR"]),
        (("OFFICER-7", "OFFICER-3", "HEAD-2", "DIRECTOR"), ["DUTY-1"]),
    ],
)
def test_leave_passes_an_alert_on(on_leave: tuple[str, ...], codes: list[str]) -> None:
    """To the deputy; if both are away to the superior; and to somebody in any case."""
    assert told(a_directory(*on_leave), "OFFICER-7", "OFFICER-3") == codes


def test_leave_begins_and_ends_with_its_days() -> None:
    """Both days belong to it."""
    directory = a_directory("OFFICER-7")
    found = [
        directory.lines("OFFICER-7", "OFFICER-3", None, 0, day(text))[0][0].code
        for text in ("06-07", "06-08", "06-12", "06-13")
    ]
    assert found == ["OFFICER-7", "OFFICER-3", "OFFICER-3", "OFFICER-7"]


def test_a_level_is_one_superior_more() -> None:
    """Whoever is away: the next one stands in, and no level is another person's; the line ends at its top."""
    directory = a_directory()
    assert [told(directory, "OFFICER-7", level=level) for level in range(4)] == [
        ["OFFICER-7"],
        ["HEAD-2"],
        ["DIRECTOR"],
        [],
    ]
    away = a_directory("OFFICER-7", "OFFICER-3")
    assert [told(away, "OFFICER-7", "OFFICER-3", level=level) for level in range(4)] == [
        ["HEAD-2"],
        ["HEAD-2"],
        ["DIRECTOR"],
        [],
    ]
    no_head = a_directory("HEAD-2")
    assert told(no_head, "OFFICER-7", level=1) == ["DIRECTOR"]


@pytest.mark.parametrize("who", [(), ("OFFICER-99",), ("OFFICER-99", "OFFICER-98")])
def test_what_nobody_is_responsible_for_is_told_to_the_official_on_duty(who: tuple[str, ...]) -> None:
    """So is what is assigned to somebody whom the directory does not know."""
    assert told(a_directory(), *who) == ["DUTY-1"]
    assert told(a_directory(), *who, level=1) == ["DIRECTOR"]


def test_an_unknown_officer_s_deputy_is_told() -> None:
    """The officer may have left."""
    assert told(a_directory(), "OFFICER-99", "OFFICER-3") == ["OFFICER-3"]


def test_a_body_s_clock_is_told_to_its_contact_and_to_the_officer() -> None:
    """At the next level to the superiors of both; a body without a contact is told by the officer."""
    assert told(a_directory(), "OFFICER-7", body="MIA") == ["OFFICER-7", "MIA"]
    assert told(a_directory(), "OFFICER-7", body="MIA", level=1) == ["HEAD-2", "MIA-HEAD"]
    assert told(a_directory(), "OFFICER-7", body="MIA", level=2) == ["DIRECTOR"]
    assert told(a_directory(), "OFFICER-7", body="GPO") == ["OFFICER-7"]


def official(**changes: Any) -> dict[str, Any]:
    """An official as the file has it."""
    return {"code": "DUTY-1", "email": "d@mfa.example", "language": "kk"} | changes


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"duty": "NOBODY"}, "duty: must be the code of an official"),
        ({"officials": [official(), official()]}, "DUTY-1: used twice"),
        ({"officials": [official(), official(code="MIA")]}, "MIA: used twice"),
        ({"bodies": [{"body": "MIAA", "email": "m@m.example", "language": "kk"}]}, "MIAA: no state body"),
        ({"officials": [official(leave=[{"from": "2026-08-20", "until": "2026-08-10"}])]}, "DUTY-1: leave must not"),
        ({"officials": [official(email=None)]}, "DUTY-1: needs an e-mail address or a webhook"),
        ({"officials": [official(superior="NOBODY")]}, "DUTY-1: superior must be"),
        ({"officials": [official(superior="DUTY-1")]}, "own superior"),
        ({"officials": [official(language="de")]}, "officials[0].language"),
        ({"officials": [official(email="Ivan <ivan@mfa.example>")]}, "officials[0].email"),
        ({"officials": [official(email="ivan@mfa.example\n")]}, "officials[0].email"),
        ({"officials": [official(webhook="file:///Ivan")]}, "officials[0].webhook"),
        ({"officials": [official(webhook="http://ivan:99999/x")]}, "DUTY-1: webhook must be"),
        ({"officials": [official(webhook="http://ivan:hook/x")]}, "DUTY-1: webhook must be"),
        ({"officials": [official(webhook="http://ivan[1/x")]}, "DUTY-1: webhook must be"),
        ({"officials": [official(webhook="http://ivan:secret@host/x")]}, "DUTY-1: webhook must be"),
        ({"officials": [official(webhook="https:///ivan")]}, "DUTY-1: webhook must be"),
        ({"officials": [official(webhook="https://иван/x")]}, "DUTY-1: webhook must be"),
        ({"officials": [official(phone="Ivan")]}, "unknown field"),
    ],
)
def test_a_wrong_directory_is_told_by_place_and_rule(changes: dict[str, Any], rule: str) -> None:
    """Every code must lead to somebody who can be told; no name or address is repeated."""
    with pytest.raises(WrongDirectory) as caught:
        a_directory(**({"bodies": [{"body": "MIA", "email": "m@m.example", "language": "kk"}]} | changes))
    assert rule in str(caught.value)
    assert "van" not in str(caught.value)


def test_what_is_no_json_is_told() -> None:
    """One line, whatever the file holds."""
    for text in (b"", b"{", b"\xff"):
        with pytest.raises(WrongDirectory, match="is not JSON"):
            parse_directory(text, BODIES)
