"""Clocks: how many terms are counted each second, and how long it takes until a calendar act has moved all open clocks.

Beside the first: two searches in the list of working days, which any count needs. Beside the second: as many records of
the same size, appended and acknowledged, and nothing else.
"""

import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, NamedTuple

import msgspec
from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition

from bench.alone import alone
from bench.clients import BARE, Target, make_bare_topic
from bench.figures import Figure, Found, Scale
from bench.processes import Process, process
from bench.progress import Bar, say
from bench.stacks import Running
from bench.writing import append, make_producer
from jauap.domain.case import CALENDAR
from jauap.domain.events import CalendarActReceived, CommunicationReceived, DeadlineMoved, Event
from jauap.domain.facts import CalendarDay
from jauap.domain.workdays import Calendars, count, count_as_known, day_in_kazakhstan
from jauap.messaging.avro import Codec
from jauap.messaging.chain import Chain
from jauap.messaging.connection import client_settings
from jauap.messaging.envelope import Outgoing, chained, cloud_event
from jauap.messaging.folding import events_topic
from jauap.messaging.registry import schema_ids
from jauap.messaging.topics import partition_of
from jauap.surroundings import shipped_acts

PER_LETTER = 2
"""Open clocks of a letter: 14-5(1) and 14-5(2)."""
TERMS = (5, 10)
FIRST, LAST = date(2022, 1, 10), date(2026, 11, 1)
PATIENCE_SECONDS = 900.0
CHECK_SECONDS = 0.1
STEPS = "jauap.deadlines.events"


def measure_clocks(running: Running, scale: Scale) -> Found:
    """Terms per second; seconds and events from a calendar act to the last clock that it moves."""
    counting = _counting(scale)
    moving = _moving(running, scale)
    return Found(figures=(*counting.figures, *moving.figures), raw={"counting": counting.raw, "moving": moving.raw})


# --- counting ---


def _counting(scale: Scale) -> Found:
    say(f"{scale.terms:,} terms")
    searched, counted, known = (alone(way, scale.terms) for way in (searches, counts, counts_as_known))
    return Found(
        figures=tuple(
            Figure(
                name=f"clocks/{name}",
                value=scale.terms / run.result,
                unit="terms/s",
                possible=scale.terms / searched.result,
            )
            for name, run in (("due", counted), ("due as known", known))
        ),
        raw={"terms": scale.terms, "searched": searched.result, "counted": counted.result, "as_known": known.result},
    )


def starts(terms: int) -> list[tuple[date, int]]:
    """Days from January 2022 to November 2026 with 5 or 10 working days; the same each time."""
    random, days = Random(1), (LAST - FIRST).days  # noqa: S311 - for variety, not for secrets
    return [(FIRST + timedelta(days=random.randrange(days)), random.choice(TERMS)) for _ in range(terms)]


def counts(terms: int) -> float:
    """Seconds of `count`, on the calendar with all acts that ship: what `jauap due` does."""
    calendar, given = Calendars(shipped_acts()).known_on(date.max), starts(terms)
    return _timed(lambda: [count(start, number, "day-after/1", calendar) for start, number in given])


def counts_as_known(terms: int) -> float:
    """Seconds of `count_as_known`, with the safe date: what *deadlines* does for each clock of 14-5."""
    calendars, given = Calendars(shipped_acts()), starts(terms)
    closed = LAST + timedelta(days=22)
    return _timed(
        lambda: [
            count_as_known(start, number, "day-after/1", calendars, closed, "from-the-day/1") for start, number in given
        ]
    )


def searches(terms: int) -> float:
    """Seconds of two searches in the list of working days for each term."""
    days, given = Calendars(shipped_acts()).known_on(date.max).working, starts(terms)
    return _timed(lambda: [days[bisect_right(days, start) + n - 1] and bisect_left(days, start) for start, n in given])


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


# --- moving ---


class Moved(NamedTuple):
    """What *deadlines* did."""

    started_seconds: float
    """From the start of its process until every clock is on record."""
    seconds: float
    """From the act's acknowledgement until the last clock was moved."""
    events: int
    """Records that it wrote after the act."""
    processor_seconds: float
    """Of all its threads, after the act."""


def _moving(running: Running, scale: Scale) -> Found:
    letters = scale.open_clocks // PER_LETTER
    addresses = running.addresses
    target = Target(addresses.kafka, addresses.registry, addresses.partitions)
    say(f"{letters:,} letters, which start {scale.open_clocks:,} clocks, and an act that moves them all")
    bare = alone(appended, target, scale.open_clocks).result
    scribe = Scribe(target)
    scribe.write(shipped_letters(letters))
    with process("deadlines", addresses) as service:
        moved = _moved(service, scribe, scale.open_clocks)
    scribe.close()
    per_clock = 1e6 * moved.processor_seconds / scale.open_clocks
    return Found(
        figures=(
            Figure(name="clocks/moved by an act", value=moved.seconds, unit="s", possible=bare, at_most=True),
            Figure(name="clocks/moved: events", value=moved.events, unit="events", at_most=True),
            Figure(name="clocks/moved/processor", value=per_clock, unit="us/clock", at_most=True),
            Figure(name="clocks/started", value=moved.started_seconds, unit="s", possible=bare, at_most=True),
        ),
        raw={"open_clocks": scale.open_clocks, "appended": bare, **moved._asdict()},
    )


def _moved(service: Process, scribe: "Scribe", clocks: int) -> Moved:
    service.await_ready()
    scribe.await_steps("clocks started", clocks)
    started_seconds = time.perf_counter() - service.began
    before, used = scribe.quiet(), service.processor_seconds
    scribe.write([(CALENDAR, an_act())])
    began = time.perf_counter()
    scribe.await_steps("clocks moved", before + clocks)
    seconds, used = time.perf_counter() - began, service.processor_seconds - used
    after = scribe.quiet()
    kinds = scribe.kinds(after - before)
    if kinds != {DeadlineMoved.__name__}:
        raise RuntimeError(f"the act gave other steps too: {kinds}")
    return Moved(started_seconds, seconds, after - before, used)


def shipped_letters(letters: int) -> Iterator[tuple[str, Event]]:
    """The acts that ship, then letters that came today and state no term, by case."""
    for act in shipped_acts():
        yield CALENDAR, CalendarActReceived(**msgspec.structs.asdict(act))
    today = day_in_kazakhstan(datetime.now(UTC))
    for number in range(1, letters + 1):
        letter = CommunicationReceived(
            reference=f"KAZ {number}/2026", communication_type="AL", state="KAZ", language="en", received_on=today
        )
        yield f"KAZ-{number}-2026", letter


def an_act() -> CalendarActReceived:
    """It makes the next working day a day off, and is known today: every clock that started today ends a day later."""
    today = day_in_kazakhstan(datetime.now(UTC))
    tomorrow = Calendars(shipped_acts()).known_on(today).nth_working_day(today + timedelta(days=1), 1)
    day = CalendarDay(day=tomorrow, becomes="moved-off", why="Moved")
    return CalendarActReceived(act="bench-order", title="An order of the benchmark", known_on=today, days=(day,))


def appended(target: Target, records: int) -> float:
    """Seconds to append as many records of the size of a move, and to have them acknowledged."""
    make_bare_topic(target)
    producer, hand = make_producer(target.kafka), Handed()
    record = Outgoing(b"KAZ-1000000-2026", bytes(150), [(f"ce_{number}", bytes(40)) for number in range(14)])
    began = time.perf_counter()
    for number in range(records):
        append(producer, BARE, number % target.partitions, record, hand)
    hand.over(producer)
    return time.perf_counter() - began


class Handed:
    """Hears what became of records that were handed to a producer."""

    def __init__(self) -> None:
        """Nothing was."""
        self._failures: list[KafkaError] = []

    def __call__(self, error: KafkaError | None, _: object) -> None:
        """One was delivered, or not."""
        if error is not None:
            self._failures.append(error)

    def over(self, producer: Producer) -> None:
        """Wait until all are acknowledged. Raises RuntimeError if any was not."""
        producer.flush()
        if self._failures:
            raise RuntimeError(f"{len(self._failures)} records were not written: {self._failures[0]}")


class Scribe:
    """Writes counting records of *intake*, and looks at what *deadlines* writes."""

    def __init__(self, target: Target) -> None:
        """Connect."""
        self._target = target
        self._codec = Codec(schema_ids(target.registry, [events_topic("intake")]))
        self._producer = make_producer(target.kafka)
        self._chains: dict[str, Chain] = {}
        self._consumer = Consumer(
            {**client_settings(target.kafka), "group.id": "bench", "enable.auto.commit": False, "log_level": 0}
        )

    def write(self, events: Iterator[tuple[str, Event]] | Sequence[tuple[str, Event]]) -> None:
        """Append these to their cases, and wait until they are acknowledged."""
        topic, hand = events_topic("intake"), Handed()
        for case_id, event in events:
            value, dataschema = self._codec.encode(topic, event)
            kind, chain = type(event).__name__, self._chains.get(case_id, Chain())
            headers = cloud_event(
                kind=kind, source="/jauap/intake", subject=case_id, time=datetime.now(UTC), dataschema=dataschema
            )
            command = f"{case_id}-{chain.sequence}".encode()
            headers |= {
                "ce_seen": b"",
                "ce_actor": b"bench",
                "ce_commandtype": f"jauap.Record{kind}".encode(),
                "ce_commandid": command,
                "ce_commandhash": bytes(32).hex().encode(),
                "ce_correlationid": command,
            }
            record = chained(headers, chain, case_id.encode(), value)
            self._chains[case_id] = Chain(chain.sequence + 1, bytes.fromhex(record.headers[-1][1].decode()))
            append(self._producer, topic, partition_of(record.key, self._target.partitions), record, hand)
        hand.over(self._producer)

    def steps(self) -> int:
        """How many records *deadlines* has written."""
        return sum(high for _, high in map(self._watermarks, range(self._target.partitions)))

    def _watermarks(self, number: int) -> tuple[int, int]:
        low, high = self._consumer.get_watermark_offsets(TopicPartition(STEPS, number), timeout=10)
        return low, high

    def await_steps(self, words: str, wanted: int) -> None:
        """Wait until so many are written. Raises RuntimeError if it takes too long."""
        bar, until, first = Bar(words), time.monotonic() + PATIENCE_SECONDS, self.steps()
        while (found := self.steps()) < wanted:
            if time.monotonic() > until:
                raise RuntimeError(f"{found} of {wanted} after {PATIENCE_SECONDS:.0f} s")
            bar.show(found - first, wanted - first)
            time.sleep(CHECK_SECONDS)

    def quiet(self) -> int:
        """Wait until nothing was written for two seconds, and give how many there are."""
        before = -1
        while (found := self.steps()) != before:
            before = found
            time.sleep(2)
        return found

    def kinds(self, last: int) -> set[str]:
        """Names of the last records of each partition, about so many together, from their headers."""
        found: set[str] = set()
        places = []
        for number in range(self._target.partitions):
            low, high = self._watermarks(number)
            places.append(TopicPartition(STEPS, number, max(low, high - last // self._target.partitions // 2)))
        self._consumer.assign(places)
        while messages := self._consumer.consume(1_000, timeout=2):
            for message in messages:
                kind: Any = dict(message.headers() or [])["ce_type"]
                found.add(kind.decode().removeprefix("jauap."))
        return found

    def close(self) -> None:
        """Disconnect."""
        self._consumer.close()
