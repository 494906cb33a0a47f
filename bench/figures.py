"""What a figure is: a value beside what is possible in the same run, and what is wanted."""

from collections.abc import Mapping, Sequence
from typing import Any

from jauap.domain.facts import Value


class Figure(Value, frozen=True, kw_only=True):
    """One measured value."""

    name: str
    """The group and the figure, such as rebuild/projector."""
    value: float
    unit: str
    possible: float | None = None
    """What the same machine reached in the same run without our code; null: nothing comparable."""
    wanted: float | None = None
    """The aim: at least so much, or at most; null: none."""
    at_most: bool = False
    """Less is better."""

    @property
    def ratio(self) -> float | None:
        """The value as a multiple of what is possible; None: nothing is comparable."""
        return self.value / self.possible if self.possible else None

    @property
    def reached(self) -> bool | None:
        """Whether the aim is reached; None: there is none."""
        if self.wanted is None:
            return None
        return self.value <= self.wanted if self.at_most else self.value >= self.wanted


class Found(Value, frozen=True, kw_only=True):
    """What one group of measurements gave: its figures, and the raw results behind them."""

    figures: tuple[Figure, ...]
    raw: Mapping[str, Any]


class Scale(Value, frozen=True, kw_only=True):
    """How much is measured."""

    events: int = 1_000_000
    cases: int = 20_000
    layered: int = 100_000
    """Records that go through the cut-off pipelines."""
    behind: int = 100_000
    """Events behind a service that is killed."""
    terms: int = 300_000
    """Terms of working days that are counted."""
    open_clocks: int = 100_000
    """Clocks that a calendar act moves."""
    visible_seconds: float = 15.0
    warm_seconds: float = 10.0
    loop_seconds: float = 5.0
    forwardings: int = 200
    """Communications that are forwarded to thirty bodies, one after another."""
    submitting_seconds: float = 10.0
    at_once: int = 2_000
    """Submissions that are sent as fast as possible."""
    jvm: str = "-XX:TieredStopAtLevel=4 -XX:-UseSerialGC -XX:+UseG1GC -XX:MaxGCPauseMillis=20 -Xmx1g"
    """Options of the broker's, as Kafka's own scripts set it. Empty: as the local stack sets it, for a quick start."""
    rolling: tuple[int, ...] = (1_000, 30_000)
    """Records in each partition of the events topics together, ascending, under services that are restarted."""
    sized: tuple[int, ...] = (1_000, 10_000)
    """Numbers of cases for which it is measured how much everything takes."""
    sized_events: int = 50
    """Events of a case there, on average."""


WHOLE = Scale()
QUICK = Scale(
    events=10_000,
    cases=200,
    layered=5_000,
    behind=2_000,
    terms=20_000,
    open_clocks=2_000,
    visible_seconds=2.0,
    warm_seconds=1.0,
    loop_seconds=0.5,
    forwardings=10,
    submitting_seconds=1.0,
    at_once=100,
    jvm="",
    rolling=(100,),
    sized=(20, 100),
)


def table(figures: Sequence[Figure]) -> list[str]:
    """Lines that a person reads."""
    lines = [f"{'figure':<38}{'value':>12} {'unit':<12}{'possible':>12}{'ratio':>8}{'wanted':>12}"]
    for figure in figures:
        wanted = "" if figure.wanted is None else f"{'<=' if figure.at_most else '>='} {_plain(figure.wanted)}"
        lines.append(
            f"{figure.name:<38}{_plain(figure.value):>12} {figure.unit:<12}"
            f"{'' if figure.possible is None else _plain(figure.possible):>12}"
            f"{'' if figure.ratio is None else f'{figure.ratio:.2f}':>8}{wanted:>12}"
            f"{'' if figure.reached is None else '  reached' if figure.reached else '  short'}"
        )
    return lines


def _plain(value: float) -> str:
    if abs(value) >= 100:  # noqa: PLR2004 - three figures say enough
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"  # noqa: PLR2004
