"""A log in memory, of which senders are made as of the real one."""

from collections.abc import Callable, Iterable, Iterator
from typing import Self

import msgspec
import pytest
from typer.testing import CliRunner, Result

from jauap.cli.main import app
from jauap.domain.commands import SERVICE_OF
from jauap.messaging.log import LogUnavailable
from jauap.messaging.outcome import Outcome
from jauap.messaging.sender import Order

CASE = "KAZ-3-2026"
HASH = "a" * 64


def outcome(order: Order, offset: int, **changed: object) -> Outcome:
    """An accepted outcome, unless changed."""
    accepted = Outcome(
        command_id=order.command_id,
        command=order.name,
        case_id=order.case_id,
        status="accepted",
        event="ResponseSent",
        event_id=HASH,
        sequence=1,
        topic=f"jauap.{SERVICE_OF[order.name]}.events",
        partition=0,
        offset=offset,
    )
    return msgspec.structs.replace(accepted, **changed)


class FakeLog:
    """What was sent, and what became of it. A repeated command id gets the same outcome, as from the services."""

    def __init__(self) -> None:
        self.sent: list[Order] = []
        self.outcomes: dict[str, Outcome] = {}
        self.refuse: Callable[[Order], str | None] = lambda _: None
        """Gives the code of a refusal, or one of: malformed, held."""
        self.down: set[str] = set()
        """Services that do not answer."""
        self.gone_after: int | None = None
        """The log is gone after so many commands."""

    def sender(self, *_: str) -> "FakeSender":
        """A sender, as `Sender(kafka, registry, client)` makes it."""
        return FakeSender(self)

    def names(self) -> list[str]:
        """The names of the commands sent, in their order."""
        return [order.name for order in self.sent]


class FakeSender:
    """As `messaging.sender.Sender`."""

    def __init__(self, log: FakeLog) -> None:
        self._log, self._before = log, len(log.outcomes)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def submit(self, orders: Iterable[Order], patience: float) -> Iterator[tuple[Order, Outcome | None]]:  # noqa: ARG002
        silent = []
        for order in orders:
            if self._log.gone_after is not None and len(self._log.sent) >= self._log.gone_after:
                raise LogUnavailable("no broker")
            self._log.sent.append(order)
            if SERVICE_OF[order.name] in self._log.down:
                silent.append(order)
                continue
            found = self._log.outcomes.setdefault(order.command_id, self._decided(order))
            yield order, found
            if found.status == "held":
                silent.append(order)
        yield from ((order, None) for order in silent)

    def _decided(self, order: Order) -> Outcome:
        at = len(self._log.outcomes)
        match self._log.refuse(order):
            case None:
                return outcome(order, at)
            case "malformed" | "held" as status:
                return outcome(
                    order, at, status=status, event=None, event_id=None, sequence=None, code="X", message="m"
                )
            case code:
                refused = {"status": "refused", "event": "CommandRefused", "code": code, "message": "why", "field": "f"}
                return outcome(order, at, **refused)

    def find(self, command_id: str) -> Outcome | None:
        return self._log.outcomes.get(command_id)

    def was_there_already(self, found: Outcome) -> bool:
        return found.offset is not None and found.offset < self._before


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> FakeLog:
    """A log that every sender of the command line uses."""
    made = FakeLog()
    monkeypatch.setattr("jauap.cli.sending.Sender", made.sender)
    monkeypatch.setenv("JAUAP_KAFKA", "nowhere:1")
    monkeypatch.setenv("JAUAP_REGISTRY", "http://nowhere:1")
    monkeypatch.setenv("JAUAP_ACTOR", "mfa:desk")
    monkeypatch.setenv("JAUAP_DATABASE", "postgresql://127.0.0.1:1/none")
    return made


def jauap(*words: str, stdin: str | bytes = "") -> Result:
    """Run the command line; its exit code, standard output and standard error."""
    return CliRunner().invoke(app, [*words], input=stdin, prog_name="jauap")
