"""Any date that was ever shown can be performed again, with the facts, the rule and the calendar of that time."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import msgspec
from hypothesis import given as for_any
from hypothesis import settings
from hypothesis import strategies as st

from jauap.cli.explain import SETTING, explained
from jauap.domain.case import CALENDAR, Case, Recorded, evolve
from jauap.domain.events import CalendarActReceived, Event
from jauap.domain.facts import CalendarDay, DayKind
from jauap.domain.workdays import Calendars
from jauap.projections.case_history import HistoryRow, taken_out_of_force
from jauap.projections.sentences import DAYS, sentence
from services.deadlines.reconcile import reconcile
from tests.builders import CASE, a_communication, a_withdrawal
from tests.services.deadline_runs import ALL_RULES, LIMIT, acts
from tests.services.test_any_history import Turn, days, maybe_days, turns

KINDS: tuple[DayKind, ...] = ("working", "off", "estimated-off", "moved-off")
BEGIN = datetime.combine(date(2026, 6, 1), time(1), UTC)


class Archive:
    """Two cases as the log keeps them, with their histories as the read model has them."""

    def __init__(self) -> None:
        self.now = BEGIN
        self.cases = {CASE: Case(case_id=CASE), CALENDAR: Case(case_id=CALENDAR)}
        self.rows: dict[str, list[HistoryRow]] = {CASE: [], CALENDAR: []}
        self._last: dict[tuple[str, str], int] = {}

    def record(self, case_id: str, service: str, event: Event) -> None:
        """Put a record on the log, a second after the last one."""
        self.now += timedelta(seconds=1)
        sequence = self._last.get((case_id, service), 0) + 1
        self._last[case_id, service] = sequence
        self.cases[case_id] = evolve(self.cases[case_id], Recorded(service=service, sequence=sequence, event=event))
        day = DAYS.get(type(event))
        withdraws = taken_out_of_force(event)
        rows = self.rows[case_id]
        if withdraws is not None:
            rows[:] = [
                msgspec.structs.replace(row, withdrawn_by=row.withdrawn_by or sequence)
                if (row.service, row.sequence) == (service, withdraws)
                else row
                for row in rows
            ]
        data: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(msgspec.structs.asdict(event)))
        rows.append(
            HistoryRow(
                case_id=case_id,
                service=service,
                sequence=sequence,
                event=type(event).__name__,
                recorded_at=self.now,
                happened_on=None if day is None else getattr(event, day),
                actor=None,
                command_id=None,
                event_id="",
                refused=False,
                withdraws=withdraws,
                sentence=sentence(event),
                data=data,
                seen=None,
            )
        )

    def look(self, most: int) -> None:
        """Record the steps of *deadlines*, one after the other."""
        for _ in range(most):
            calendar = self.cases[CALENDAR].intake
            calendars = Calendars((act for _, act in calendar.of(CalendarActReceived)), calendar.last)
            steps = reconcile(self.cases[CASE], calendars, ALL_RULES, self.now.date())
            if not steps:
                return
            self.record(CASE, "deadlines", steps[0])


@st.composite
def calendar_records(draw: st.DrawFn) -> Event:
    """Give an act that became known at some time and says anything of some days, or a withdrawal of any record."""
    if draw(st.booleans()):
        return a_withdrawal(draw(st.integers(1, 25)))
    named = draw(st.dictionaries(days, st.sampled_from(KINDS), min_size=1, max_size=8))
    return CalendarActReceived(
        act=f"act-{draw(st.integers(1, 9))}",
        title="An act",
        known_on=draw(st.dates(date(2025, 1, 1), date(2026, 7, 1))),
        days=tuple(CalendarDay(day=day, becomes=kind, why="Order") for day, kind in named.items()),
    )


def played(letter: Event, history: Sequence[Turn], calendar: Sequence[list[Event]]) -> Archive:
    """Play a history: facts and acts of the calendar in turn, with a look after each."""
    archive = Archive()
    for act in acts():
        archive.record(CALENDAR, "intake", CalendarActReceived(**msgspec.structs.asdict(act)))
    archive.record(CASE, "intake", letter)
    archive.look(LIMIT)
    for number, turn in enumerate(history):
        archive.now += timedelta(days=turn.days)
        for service, event in turn.records:
            archive.record(CASE, service, event)
        for event in calendar[number] if number < len(calendar) else ():
            archive.record(CALENDAR, "intake", event)
        archive.look(turn.steps)
    return archive


@settings(max_examples=60, deadline=None)
@for_any(
    letter=st.builds(a_communication, received_on=days, reply_due=maybe_days),
    history=turns,
    calendar=st.lists(st.lists(calendar_records(), max_size=3), max_size=6),
)
def test_every_date_that_was_shown_is_the_same_when_performed_again(
    letter: Event, history: list[Turn], calendar: list[list[Event]]
) -> None:
    """Each start and each move of each clock, on any calendar, as it was believed right after it was recorded."""
    archive = played(letter, history, calendar)
    rows = archive.rows[CASE]
    for row in rows:
        if row.event in SETTING:
            found = explained(rows, archive.rows[CALENDAR], CASE, row.data["clock"], row.recorded_at)
            assert found is not None
            assert found.again.differences == (), row.sentence
            assert msgspec.to_builtins(found.clock.due) == row.data["due"]


def test_what_was_changed_on_record_is_found_out() -> None:
    """A due date that is not what facts, rule and calendar give is loudly another one."""
    archive = played(a_communication(), [], [])
    rows = [
        msgspec.structs.replace(row, data={**row.data, "due": "2026-06-11"}) if row.event in SETTING else row
        for row in archive.rows[CASE]
    ]
    found = explained(rows, archive.rows[CALENDAR], CASE, "14-5(1)", None)
    assert found is not None
    assert found.again.differences == ("due: on record 2026-06-11, again 2026-06-10",)
