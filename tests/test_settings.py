"""The settings of the services that say how clocks are judged."""

from datetime import date
from pathlib import Path

import pytest

from jauap.domain.rules import DECREE, NEAR
from jauap.settings import ReceiptPolicy, Settings, WrongSetting, from_environment

PAGE = Path(__file__).parents[1] / "docs/reference/settings.md"


def settings(monkeypatch: pytest.MonkeyPatch, **given: str) -> Settings:
    """Read settings that hold what a service must have, and what is given."""
    plain = {"JAUAP_KAFKA": "127.0.0.1:9092", "JAUAP_REGISTRY": "http://127.0.0.1:8080", "JAUAP_DOCUMENTS": "documents"}
    for name, value in (plain | given).items():
        monkeypatch.setenv(name, value)
    return from_environment()


def test_the_safe_reading_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Received is received, at whatever hour and place, since the decree is in force; near in three days and in one."""
    found = settings(monkeypatch)
    assert (found.receipt, found.near) == (ReceiptPolicy("first-receipt/1", DECREE), NEAR)


def test_they_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy with the day from which it holds; steps in any order."""
    found = settings(monkeypatch, JAUAP_RECEIPT_POLICY="office-hours/1 from 2027-01-01", JAUAP_NEAR_DAYS="1,5,3")
    assert (found.receipt, found.near) == (ReceiptPolicy("office-hours/1", date(2027, 1, 1)), (1, 5, 3))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("JAUAP_RECEIPT_POLICY", "office-hours/1"),
        ("JAUAP_RECEIPT_POLICY", "office-hours/2 from 2027-01-01"),
        ("JAUAP_RECEIPT_POLICY", "office-hours/1 from spring"),
        ("JAUAP_NEAR_DAYS", "5,0"),
        ("JAUAP_NEAR_DAYS", "5,,1"),
        ("JAUAP_NEAR_DAYS", "31"),
        ("JAUAP_NEAR_DAYS", "soon"),
        ("JAUAP_NEAR_DAYS", "٣"),
    ],
)
def test_a_wrong_one_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """The variable and the rule."""
    with pytest.raises(WrongSetting, match=name):
        settings(monkeypatch, **{name: value})


@pytest.mark.parametrize("name", ["JAUAP_RECEIPT_POLICY", "JAUAP_NEAR_DAYS"])
def test_they_are_documented(name: str) -> None:
    """With their default."""
    assert f"| `{name}` |" in PAGE.read_text()
