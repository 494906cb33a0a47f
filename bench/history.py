"""Plausible histories of cases: who records what, in which order, and which steps *deadlines* answers with.

A story is endless, and a case is its first n events: short cases are asked and answered, long ones go on in rounds
of information, returns, drafts, responses, reports and publications. The fields are those of the shipped examples.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import cache
from random import Random
from typing import Any, NamedTuple

import msgspec

from jauap import schemas
from jauap.domain import events
from jauap.domain.events import Event
from jauap.domain.facts import ForwardedTo

BODIES = ("MIA", "MOJ", "GPO", "MLSP", "MH", "ME", "NSC", "MCI")
SKEW, FLATTENED = 0.8, 50
"""Zipf-Mandelbrot: the case of rank r has events in proportion to 1 / (r + FLATTENED) ** SKEW."""
SHORTEST = 3
FIRST_DAY = date(2026, 1, 5)


class Step(NamedTuple):
    """One record of a case: the service that writes it, and its event."""

    service: str
    event: Event


def lengths(cases: int, total: int) -> list[int]:
    """How many events each case has, most first: `total` together; of 20,000 cases with a million, 14 to 1,700."""
    weights = [(rank + FLATTENED) ** -SKEW for rank in range(cases)]
    scale = (total - cases * SHORTEST) / sum(weights)
    found = [SHORTEST + int(weight * scale) for weight in weights]
    for rank in range(total - sum(found)):
        found[rank % cases] += 1
    return found


@cache
def _example(name: str) -> Event:
    content = json.loads(schemas.text(f"examples/events/{name}.json"))
    return msgspec.convert(content, events.BY_NAME[name])


def _like(name: str, **changes: Any) -> Event:  # noqa: ANN401 - fields of any event
    return msgspec.structs.replace(_example(name), **changes)


class Story:
    """One endless history. `steps` gives it; the same seed gives the same."""

    def __init__(self, seed: int) -> None:
        """Nothing has happened yet."""
        self._random = Random(seed)  # noqa: S311 - for variety, not for secrets
        self._day = FIRST_DAY + timedelta(days=self._random.randrange(300))
        self._last: Counter[str] = Counter()
        self._infos: dict[str, int] = {}
        """Sequence of each body's last information."""
        self._asked: list[str] = []
        self._findings: list[str] = []
        self._responses = 0

    def steps(self) -> Iterator[Step]:
        """Every record of the case in order, without end."""
        for service, event in self._events():
            self._last[service] += 1
            yield Step(service, event)

    def _events(self) -> Iterator[tuple[str, Event]]:
        yield from self._opening()
        rounds: list[tuple[int, Callable[[], Iterator[tuple[str, Event]]]]] = [
            (8, self._info),
            (3, self._return),
            (2, self._correction),
            (1, self._extension),
            (2, self._forwarding),
            (1, self._meeting),
            (2, self._draft),
            (1, self._response),
            (2, self._late),
            (2, self._cure),
            (1, self._refusal),
        ]
        weights, kinds = zip(*rounds, strict=True)
        for _ in range(3):
            yield from self._info()
        while True:
            self._day += timedelta(days=self._random.randrange(1, 4))
            yield from self._random.choices(kinds, weights)[0]()

    def _next(self, service: str) -> int:
        """The sequence that the service's next record will have."""
        return self._last[service] + 1

    def _opening(self) -> Iterator[tuple[str, Event]]:
        due = self._day + timedelta(days=60)
        yield "intake", _like("CommunicationReceived", received_on=self._day, letter_date=self._day, reply_due=due)
        yield self._started("14-5(1)", "intake:1", 8)
        yield self._started("14-5(2)", "intake:1", 8)
        yield self._started("14-8(1)", "intake:1", 60)
        yield "routing", _like("CaseAssigned", assigned_on=self._day)
        yield from self._forwarding()
        yield self._met("14-5(1)", "routing:2")
        self._day += timedelta(days=2)
        yield "routing", _like("OmbudsmanInformed", informed_on=self._day)
        yield self._met("14-5(2)", f"routing:{self._last['routing']}")

    def _forwarding(self) -> Iterator[tuple[str, Event]]:
        bodies = self._random.sample(BODIES, self._random.randrange(1, 4))
        due, basis = self._day + timedelta(days=15), f"routing:{self._next('routing')}"
        asked = tuple(ForwardedTo(body=body, questions=("1", "2", "2a"), due=due) for body in bodies)
        yield "routing", _like("CommunicationForwarded", bodies=asked, forwarded_on=self._day)
        for body in bodies:
            clock = f"asked/{body}"
            if body not in self._asked:
                self._asked.append(body)
                yield self._started(clock, basis, 15, body)
            else:
                yield self._moved(clock, basis, 15)

    def _info(self) -> Iterator[tuple[str, Event]]:
        body, sequence = self._random.choice(self._asked), self._next("intake")
        self._infos[body] = sequence
        yield "intake", _like("AgencyInfoSubmitted", body=body, submitted_on=self._day, number=f"1-7/{sequence}")
        yield self._met(f"asked/{body}", f"intake:{sequence}")
        if self._random.random() < 0.3:  # noqa: PLR2004 - a share
            finding = f"signatory/intake:{sequence}"
            self._findings.append(finding)
            yield "deadlines", _like("FindingRaised", finding=finding, body=body, basis=f"intake:{sequence}")

    def _return(self) -> Iterator[tuple[str, Event]]:
        if self._infos:
            body, info = self._random.choice(sorted(self._infos.items()))
            basis = f"routing:{self._next('routing')}"
            due = self._day + timedelta(days=11)
            yield "routing", _like("AgencyInfoReturned", body=body, info=info, returned_on=self._day, due=due)
            yield "deadlines", _like("DeadlineReopened", clock=f"asked/{body}", basis=basis)
            yield self._moved(f"asked/{body}", basis, 11)

    def _correction(self) -> Iterator[tuple[str, Event]]:
        basis = f"intake:{self._next('intake')}"
        yield (
            "intake",
            events.CommunicationCorrected(reply_due=self._day + timedelta(days=60), reason="The day was misread"),
        )
        yield self._moved("14-8(1)", basis, 60)

    def _extension(self) -> Iterator[tuple[str, Event]]:
        basis = f"intake:{self._next('intake')}"
        due = self._day + timedelta(days=30)
        yield "intake", _like("ReplyExtensionGranted", granted_on=self._day, reply_due=due)
        yield self._moved("14-8(1)", basis, 30)

    def _meeting(self) -> Iterator[tuple[str, Event]]:
        yield "routing", _like("MeetingHeld", held_on=self._day)

    def _draft(self) -> Iterator[tuple[str, Event]]:
        rests_on = tuple(sorted(self._infos.values()))
        yield "publication", _like("ResponseDrafted", drafted_on=self._day, rests_on=rests_on)
        if self._random.random() < 0.2:  # noqa: PLR2004 - a share
            entry = self._last["publication"]
            yield "publication", events.EntryWithdrawn(entry=entry, reason="Entered under the wrong case")

    def _response(self) -> Iterator[tuple[str, Event]]:
        at, kind = self._next("publication"), ("acknowledgement", "interim", "full")[min(self._responses, 2)]
        self._responses += 1
        basis = f"publication:{at}"
        yield "publication", _like("ResponseSent", kind=kind, sent_on=self._day, note_number=f"35-12/{at}")
        if kind == "full":
            yield self._met("14-8(1)", basis)
        if kind != "acknowledgement":
            for paragraph, recipient in (("14-9(1)", "administration"), ("14-9(2)", "ombudsman")):
                yield self._started(f"{paragraph}/{at}", basis, 10)
                filed = f"publication:{self._next('publication')}"
                yield "publication", _like("ReportFiled", recipient=recipient, response=at, filed_on=self._day)
                yield self._met(f"{paragraph}/{at}", filed)
            published = f"intake:{self._next('intake')}"
            yield "intake", _like("OHCHRPublished", response=at, published_on=self._day)
            yield self._started(f"14-8(2)/response/{at}", published, 10)
            shown = f"publication:{self._next('publication')}"
            yield "publication", _like("PublishedOnSite", response=at, published_on=self._day)
            yield self._met(f"14-8(2)/response/{at}", shown)

    def _late(self) -> Iterator[tuple[str, Event]]:
        clock, basis = f"asked/{self._random.choice(self._asked)}", "routing:1"
        yield "deadlines", _like("DeadlineNear", clock=clock, due=self._day, basis=basis)
        yield "deadlines", _like("AlertDelivered", alert=self._last["deadlines"], delivered_on=self._day)
        yield "deadlines", _like("DeadlineMissed", clock=clock, due=self._day, basis=basis)
        alert = self._last["deadlines"]
        yield "deadlines", _like("AlertDelivered", alert=alert, delivered_on=self._day)
        yield "deadlines", _like("AlertEscalated", alert=alert, clock=clock, told_on=self._day)
        yield "deadlines", _like("AlertAcknowledged", alert=alert, acknowledged_on=self._day)

    def _cure(self) -> Iterator[tuple[str, Event]]:
        if self._findings:
            yield "deadlines", events.FindingCured(finding=self._findings.pop(0))

    def _refusal(self) -> Iterator[tuple[str, Event]]:
        yield "routing", _example("CommandRefused")

    def _started(self, clock: str, basis: str, days: int, body: str | None = None) -> tuple[str, Event]:
        due = self._day + timedelta(days=days)
        return "deadlines", _like(
            "DeadlineStarted", clock=clock, body=body, starts_on=self._day, due=due, safe=due, basis=basis
        )

    def _moved(self, clock: str, basis: str, days: int) -> tuple[str, Event]:
        due = self._day + timedelta(days=days)
        return "deadlines", _like(
            "DeadlineMoved", clock=clock, starts_on=self._day, previous=self._day, due=due, basis=basis
        )

    def _met(self, clock: str, met_by: str) -> tuple[str, Event]:
        return "deadlines", _like("DeadlineMet", clock=clock, met_on=self._day, met_by=met_by, basis="routing:1")
