"""What a service tells of the cases that it holds."""

from hypothesis import given as for_all

from jauap.domain.case import Recorded
from jauap.messaging.holdings import state_digest
from tests.builders import given
from tests.domain.test_alerts import MISSED, a_start
from tests.domain.test_case import fold, histories


@for_all(histories())
def test_every_state_has_a_digest(history: list[Recorded]) -> None:
    """Whatever is on record, alerts too; the same history gives the same one."""
    assert state_digest(fold(history)) == state_digest(fold(history))


def test_an_alert_changes_the_digest() -> None:
    """Each part of the state counts."""
    assert len({state_digest(given()), state_digest(given(a_start())), state_digest(given(a_start(), MISSED))}) == 3
