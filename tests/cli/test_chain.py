"""`jauap deadlines --chain`: facts, clocks and the plan back from the stated date on one line of time."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest

from jauap.cli import acts, ask
from jauap.cli.chain import Chain, Link, chain_of
from jauap.domain.facts import ForwardedTo, Value
from jauap.domain.workdays import Calendar, calendar_of
from jauap.projections import agency_matrix, deadlines
from jauap.projections.agency_matrix import AgencyRow
from jauap.projections.database import Row
from jauap.projections.deadlines import DeadlineRow
from jauap.projections.view import CaseView
from tests.builders import (
    CASE,
    a_communication,
    a_draft,
    a_forwarding,
    a_meeting,
    a_response,
    a_withdrawal,
    an_extension,
    by,
    day,
    some_info,
)
from tests.cli.fakes import jauap
from tests.cli.test_ask import a_case
from tests.services.deadline_runs import LIMIT
from tests.services.deadline_runs import acts as shipped_acts
from tests.services.test_reperformed import Archive, played

FINAL = calendar_of(shipped_acts())
TODAY = day("06-19")
V = TypeVar("V", bound=Value)


def rows_of(archive: Archive, kind: type[V], rows: Callable[[CaseView], list[Row]]) -> list[V]:
    """Rows of a read model, as its questions give them."""
    view = CaseView(case=archive.cases[CASE], last_recorded_at=archive.now, standstill=None)
    names = kind.__struct_fields__
    return [kind(**dict(zip(names, row, strict=False))) for row in rows(view)]


def chain(archive: Archive, calendar: Calendar = FINAL, today: date = TODAY) -> Chain:
    """The chain of the case on a day."""
    clocks = rows_of(archive, DeadlineRow, deadlines.rows)
    bodies = rows_of(archive, AgencyRow, agency_matrix.rows)
    return chain_of(CASE, archive.rows[CASE], clocks, bodies, calendar, today)


def a_story(*events: Any) -> Archive:
    """A letter of 3 June 2026 that asks for a response by 1 September, and what came after."""
    made = played(a_communication(reply_due=day("09-01")), [], [])
    for item in events:
        service, event = item if isinstance(item, tuple) else (SERVICE[type(item).__name__], item)
        made.record(CASE, service, event)
        made.look(LIMIT)
    return made


SERVICE = {
    "CommunicationForwarded": "routing", "MeetingHeld": "routing", "ResponseDrafted": "publication",
    "ResponseSent": "publication", "AgencyInfoSubmitted": "intake", "ReplyExtensionGranted": "intake",
}  # fmt: skip
FORWARDED = a_forwarding(ForwardedTo(body="MIA", due=day("06-15")), forwarded_on=day("06-05"))


def steps(found: Chain) -> dict[str, Link]:
    """The steps of the plan by name."""
    return {link.step: link for link in found.links if link.step is not None}


def test_the_line_of_time_runs_from_receipt_to_the_stated_date() -> None:
    """Oldest first: receipt, forwarding, its clocks, the date asked, the plan, the stated date; each with its basis."""
    found = chain(a_story(FORWARDED))
    assert [(link.on, link.kind, link.owner) for link in found.links] == [
        (day("06-03"), "fact", "MFA"),
        (day("06-05"), "fact", "MFA"),
        (day("06-10"), "clock", "MFA"),
        (day("06-10"), "clock", "MFA"),
        (day("06-15"), "clock", "MIA"),
        (day("08-18"), "plan", "bodies"),
        (day("08-21"), "plan", "MFA"),
        (day("08-26"), "plan", "MFA"),
        (day("08-31"), "plan", "MFA"),
        (day("09-01"), "plan", "MFA"),
        (day("09-01"), "clock", "MFA"),
    ]
    asked = found.links[4]
    assert (asked.clock, asked.state, asked.basis) == ("asked/MIA", "open", "routing:1")
    assert asked.because is not None
    assert asked.because.startswith("The MFA forwarded the communication to MIA (asked by 2026-06-15)")
    assert found.links[2].act_by == day("06-09")
    assert found.plan == "plan/1"


def test_a_step_on_record_is_done_and_a_step_of_yesterday_is_past() -> None:
    """Each step says how many days are left to it, that it was done, or that its day went by."""
    made = a_story(FORWARDED, some_info(), a_meeting(), a_draft(2))
    early, late = steps(chain(made)), steps(chain(made, today=day("09-01")))
    assert {name: link.state for name, link in early.items()} == {
        "information": "done", "meeting": "done", "draft": "done", "signature": "to-do", "sending": "to-do",
    }  # fmt: skip
    assert "done on 2026-06-18" in early["meeting"].what
    assert (early["signature"].days_left, early["meeting"].days_left) == (73, None)
    assert (late["signature"].state, late["sending"].state, late["sending"].days_left) == ("past", "to-do", 0)


def test_a_correction_stands_on_the_line_and_what_it_corrects_does_not() -> None:
    """One piece of information stands there: the one that is in force."""
    found = chain(a_story(FORWARDED, some_info(), some_info(submitted_on=day("06-15"), corrects=2)))
    assert [link.basis for link in found.links if link.kind == "fact" and link.owner == "MIA"] == ["intake:3"]


def test_days_off_on_the_way_are_told() -> None:
    """Before 30 August lost its holiday, its substitute lay on the way: Monday 31 August."""
    before = calendar_of(shipped_acts(), date(2026, 3, 17))
    told = steps(chain(a_story(FORWARDED), before))
    assert told["signature"].on == day("08-28")
    assert told["signature"].because is not None
    assert "2026-08-31" in told["signature"].because


def test_the_whole_way_with_extension_response_and_reports() -> None:
    """The extension moves the stated date and the original stays; the sent response starts two reports, no plan."""
    made = a_story(FORWARDED, an_extension(reply_due=day("10-01")), by("routing", a_withdrawal(1)))
    response = next(link for link in chain(made).links if link.clock == "14-8(1)")
    assert (response.due, response.original) == (day("10-01"), day("09-01"))
    assert not any(link.basis == "routing:1" for link in chain(made).links)  # it was withdrawn
    made.record(CASE, "publication", a_response())
    made.look(LIMIT)
    found = chain(made)
    assert (found.plan, found.no_plan) == (None, "the full response was sent")
    assert {"14-9(1)/1", "14-9(2)/1"} <= {link.clock for link in found.links}


def test_without_a_stated_date_or_a_calendar_nothing_is_planned() -> None:
    """The reason stands in the place of the plan."""
    assert chain(played(a_communication(), [], [])).no_plan == "no date is stated for the response"
    bare = calendar_of([act for act in shipped_acts() if 2026 not in act.years])
    assert chain(a_story(), bare).no_plan == "the calendar of 2026 is not loaded"


def test_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """The chain as a table and as JSON; an unknown case is told."""
    made = a_story(FORWARDED)
    models = SimpleNamespace(
        case=lambda _, case_id: a_case() if case_id == CASE else None,
        history=lambda _, case_id: made.rows[case_id],
        deadlines=lambda _, **__: rows_of(made, DeadlineRow, deadlines.rows),
        agency_matrix=lambda _, __: rows_of(made, AgencyRow, agency_matrix.rows),
    )
    monkeypatch.setenv("JAUAP_DATABASE", "postgresql://nowhere")
    monkeypatch.setattr(ask, "answering", lambda _: SimpleNamespace(close=lambda: None))
    monkeypatch.setattr(ask, "queries", models)
    monkeypatch.setattr(acts, "queries", SimpleNamespace(case=lambda *_: None, history=models.history))
    monkeypatch.setattr(ask, "clock_from_environment", lambda: lambda: datetime(2026, 6, 19, 6, tzinfo=UTC))
    shown = jauap("deadlines", "--chain", CASE).stdout
    assert "The meeting on the draft is held: last working day" in shown
    assert "plan/1, practice" in shown
    found = json.loads(jauap("deadlines", "--chain", CASE, "--json").stdout)
    assert (found["plan"], len(found["links"])) == ("plan/1", 11)
    assert jauap("deadlines", "--chain", "KAZ-9-2026").exit_code == 1


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, "No plan: no date is stated for the response."),
        ({"receipt_assumed": True}, "No plan: its receipt on 2026-03-03 is assumed"),
        ({"merged_into": "KAZ-4-2026"}, "No plan: the case goes on as KAZ-4-2026."),
        ({"kind": "visit"}, "No plan: it leads to the response to a communication, and this case is none."),
    ],
)
def test_why_nothing_is_planned_is_true_of_the_case(
    monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any], said: str
) -> None:
    """A case without clocks may have a letter that states a date."""
    models = SimpleNamespace(
        case=lambda _, __: a_case(**changed),
        history=lambda _, __: [],
        deadlines=lambda _, **__: [],
        agency_matrix=lambda _, __: [],
    )
    monkeypatch.setenv("JAUAP_DATABASE", "postgresql://nowhere")
    monkeypatch.setattr(ask, "answering", lambda _: SimpleNamespace(close=lambda: None))
    monkeypatch.setattr(ask, "queries", models)
    monkeypatch.setattr(acts, "queries", SimpleNamespace(case=lambda *_: None, history=models.history))
    assert said in jauap("deadlines", "--chain", CASE).stdout
