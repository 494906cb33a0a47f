"""What an earlier release wrote is read today: golden logs are replayed, without a broker."""

from functools import cache

import pytest

from jauap.cli.explain import SETTING, explained
from jauap.domain.case import CALENDAR
from jauap.domain.events import BY_NAME
from jauap.projections.case_history import HistoryRow
from tests.contracts.golden import replay

RELEASES = replay.releases()
SHOWN, MANY = 5, 40


@cache
def golden(release: str) -> replay.Golden:
    """A release's log."""
    return replay.load(release)


@cache
def today(release: str) -> replay.Read:
    """What the present code makes of it."""
    return replay.read(golden(release))


def _the_same(release: str, what: str) -> None:
    then, now = golden(release).made[what], getattr(today(release), what)
    found = replay.differences(then, now, what) + [f"{what}/{name}: was not there" for name in now.keys() - then.keys()]
    assert not found, (
        f"Release {release} wrote records that read differently now, in {len(found)} places: {found[:SHOWN]}."
        " Its log can't be changed; the code, the schema or the default that reads it was. Put that back, and give what"
        " you need a name of its own: a new field with a default, a new event type, a new version of a rule."
    )


def test_every_kind_of_event_is_in_some_golden_log() -> None:
    """A kind of event that no golden log holds would be read by nobody's promise."""
    seen = {name for release in RELEASES for name in replay.event_names(golden(release).log)}
    missing = sorted(BY_NAME.keys() - seen)
    assert not missing, (
        f"{missing} stand in no golden log. Add them to tests/contracts/golden/story.py, and record the next release's"
        " log before it goes out: python -m tests.contracts.golden (see README.md there)."
    )


@pytest.mark.parametrize("release", RELEASES)
def test_every_record_says_what_it_said(release: str) -> None:
    """Events, commands and outcomes decode to the same content, defaults and malformed ones included."""
    _the_same(release, "records")


@pytest.mark.parametrize("release", RELEASES)
def test_what_counts_is_the_same(release: str) -> None:
    """The rule of the chain gives each record the verdict that it had: void, breaking and foreign ones too."""
    _the_same(release, "verdicts")


@pytest.mark.parametrize("release", RELEASES)
def test_every_case_is_folded_as_it_was(release: str) -> None:
    """Heads, facts in force, clocks, findings and open alerts of each case are the same."""
    _the_same(release, "cases")


@pytest.mark.parametrize("release", RELEASES)
def test_a_command_that_was_done_is_answered_as_it_was(release: str) -> None:
    """Who repeats an old command hears the outcome that stands in the log."""
    _the_same(release, "answers")
    told = [replay.outcome(each) for each in golden(release).log if each.topic.endswith(".outcomes")]
    final = {each.command_id: replay.plain(each) for each in told if each.event is not None}
    answers = golden(release).made["answers"]
    assert final.keys() <= answers.keys()
    assert [command_id for command_id in final if replay.differences(final[command_id], answers[command_id])] == []


@pytest.mark.parametrize("release", RELEASES)
def test_the_read_models_are_made_of_it(release: str) -> None:
    """Every record that counts gives a line of history, and no case is parked for want of rows."""
    counting = sum(each.topic.endswith(".events") for each in golden(release).log) - len(today(release).verdicts)
    history, parked = replay.rows(golden(release))
    assert (len(history), parked) == (counting, 0)


@pytest.mark.parametrize("release", RELEASES)
def test_every_date_of_it_can_be_performed_again(release: str) -> None:
    """Rules, policies and calendar acts give each clock the days that were on record: none was changed in place."""
    history, _ = replay.rows(golden(release))
    by_case: dict[str, list[HistoryRow]] = {}
    for row in history:
        by_case.setdefault(row.case_id, []).append(row)
    clocks = {(row.case_id, row.data["clock"]) for row in history if row.event in SETTING}
    found = {
        each: again.again.differences
        for each in clocks
        if (again := explained(by_case[each[0]], by_case[CALENDAR], *each, None)) is not None
    }
    assert {each: differences for each, differences in found.items() if differences} == {}
    assert len(found) > MANY
