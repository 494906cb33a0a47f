"""Other ministries: how long a forwarding takes to thirty feeds, and whether ten bodies get their answers at once.

Beside each: the same records through plain topics of one partition, by the same clients, and nothing else.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from functools import partial
from typing import Any, NamedTuple

import psutil
from confluent_kafka import Producer

from bench.alone import alone
from bench.bodies import ALL, BARE, Heard, Readers, Throttled, make_bare_topics, producer
from bench.clients import PLACEHOLDER, percentile
from bench.figures import Figure, Found, Scale
from bench.progress import say
from bench.stacks import Running
from bench.writing import append, make_producer
from jauap.domain import feeds
from jauap.domain.commands import ForwardCommunication, ReceiveCommunication
from jauap.domain.facts import ForwardedTo, Signatory, Value
from jauap.domain.feeds import SubmissionRefused, SubmissionTaken
from jauap.domain.submissions import SupplyInformation
from jauap.messaging.avro import Codec
from jauap.messaging.envelope import Message, Outgoing
from jauap.messaging.log import BEGINNING, Ends, Place, Reader
from jauap.messaging.registry import schema_ids
from jauap.messaging.sender import Order, Sender, written
from jauap.messaging.topics import BODY, partition_of
from jauap.stack.addresses import Addresses

SERVICES = ("intake", "routing", "liaison")
SUBMITTING = ALL[:10]
FEED, SUBMIT = "jauap.feed.", "jauap.submit."
PER_SECOND, AT_ONCE = 100.0, float("inf")
WARM_ROUNDS = 5
SILENCE_SECONDS = 20.0
PAUSE_SECONDS = 0.002
COMMIT_SECONDS = 10.0
"""Within which the stored positions must have come to the end."""
KEPT = 99
"""Answers a second that count as a hundred: what is counted is the time from the first answer to the last."""
WANTED_FORWARDED_P99 = 100.0
SHARES = {"p50": 0.5, "p99": 0.99}
SIGNATORY = Signatory(name="A. Official", position="Minister", capacity="first-head")

Submission = tuple[str, str, bytes, bytes]
"""Body, id, key and value."""


class Waits(NamedTuple):
    """Milliseconds from one sending to the records on thirty topics, ascending."""

    each: list[float]
    last: list[float]
    """To the last of the thirty."""


class Forwarded(NamedTuple):
    """What forwarding took, and appending the same records to plain topics."""

    forwarded: Waits
    bare: Waits
    throttled: list[float]
    """Seconds for which the broker made clients wait, one by one."""


class Answers(NamedTuple):
    """What became of submissions."""

    sent: int
    refused: int
    unanswered: int
    waits: list[float]
    """Milliseconds from when each was due to be sent to its answer, ascending."""
    kept: float
    """Answers a second, from the first to the last."""
    seconds: float
    """From the first submission to the last answer."""
    processor_seconds: dict[str, float]
    """By service."""


class Submitted(NamedTuple):
    """At a hundred a second and as fast as possible, each beside the same on plain topics; and what is left."""

    paced: Answers
    paced_bare: Answers
    at_once: Answers
    at_once_bare: Answers
    lag: int
    """Records behind the stored positions of liaison on the bodies' topics and of intake on its commands."""
    repeated: int
    """Ids that stand more than once on the feeds."""
    items: int
    """On all feeds."""
    throttled: list[float]
    """Seconds for which the broker made clients wait, one by one."""


def measure_ministries(running: Running, scale: Scale) -> Found:
    """Milliseconds and rates; what is left unanswered and unread."""
    addresses = running.addresses
    say(f"{scale.forwardings:,} communications, each forwarded to {len(ALL)} bodies")
    told = alone(fan_out, addresses, scale.forwardings).result
    say(f"{PER_SECOND:.0f} submissions a second from {len(SUBMITTING)} bodies, then {scale.at_once:,} at once")
    services = {part.name: part.pid for part in running.machine.status() if part.name in SERVICES and part.pid}
    answered = alone(submit, addresses, services, scale).result
    answered = answered._replace(throttled=[*told.throttled, *answered.throttled])
    return Found(figures=(*_forwarding(told), *_submitting(answered)), raw=_raw(told, answered))


def _forwarding(told: Forwarded) -> Iterator[Figure]:
    for what, found, bare in (
        ("forwarded", told.forwarded.each, told.bare.each),
        ("forwarded to the last", told.forwarded.last, told.bare.last),
    ):
        for name, share in SHARES.items():
            yield Figure(
                name=f"ministries/{what}/{name}",
                value=percentile(found, share),
                unit="ms",
                possible=percentile(bare, share),
                wanted=WANTED_FORWARDED_P99 if name == "p99" else None,
                at_most=True,
            )


def _submitting(found: Submitted) -> Iterator[Figure]:
    paced, at_once = found.paced, found.at_once
    yield Figure(name="ministries/answered", value=paced.kept, unit="1/s", possible=found.paced_bare.kept, wanted=KEPT)
    for name, share in SHARES.items():
        yield Figure(
            name=f"ministries/answered/{name}",
            value=percentile(paced.waits, share),
            unit="ms",
            possible=percentile(found.paced_bare.waits, share),
            at_most=True,
        )
    yield Figure(
        name="ministries/answered at most",
        value=_rate(at_once),
        unit="1/s",
        possible=_rate(found.at_once_bare),
        wanted=PER_SECOND,
    )
    for name in SERVICES:
        each = 1e6 * at_once.processor_seconds[name] / at_once.sent
        yield Figure(name=f"ministries/answered/{name}'s processor", value=each, unit="us", at_most=True)
    left = {
        "unanswered": paced.unanswered + at_once.unanswered,
        "lag left": found.lag,
        "repeated ids": found.repeated,
        "throttled": len(found.throttled),
    }
    for name, number in left.items():
        yield Figure(
            name=f"ministries/{name}",
            value=number,
            unit="times" if name == "throttled" else "records",
            wanted=0,
            at_most=True,
        )


def _rate(answers: Answers) -> float:
    return len(answers.waits) / answers.seconds


def _raw(told: Forwarded, found: Submitted) -> dict[str, Any]:
    waits = {
        f"{what}, {which}": {
            "count": len(some),
            "longest": some[-1],
            **{n: percentile(some, s) for n, s in SHARES.items()},
        }
        for what, both in (("forwarded", told.forwarded), ("forwarded, bare", told.bare))
        for which, some in both._asdict().items()
    }
    runs = {
        name: {
            **run._asdict(),
            "waits": {n: percentile(run.waits, s) for n, s in SHARES.items()},
            "longest": run.waits[-1],
        }
        for name, run in found._asdict().items()
        if isinstance(run, Answers)
    }
    return {
        **waits,
        **runs,
        "lag": found.lag,
        "repeated": found.repeated,
        "items": found.items,
        "throttled": {"times": len(found.throttled), "seconds": sum(found.throttled)},
    }


# --- one forwarding, thirty feeds ---


def fan_out(addresses: Addresses, rounds: int) -> Forwarded:
    """Forward one communication after another, each once the one before it is on all feeds."""
    make_bare_topics(addresses, ALL)
    throttled, officer = Throttled(), make_producer(addresses.kafka, linger_ms=0)
    codec = Codec(schema_ids(addresses.registry, ["jauap.routing.commands"]))
    numbers = range(1, WARM_ROUNDS + rounds + 1)
    _do(addresses, map(_letter, numbers))
    commands = [written(_forwarding_to(ALL, number), codec, "/bench", datetime.now(UTC)) for number in numbers]
    with Readers(addresses, ALL, FEED, throttled) as readers:
        sends = [partial(_send, addresses, officer, [command]) for command in commands]
        forwarded, heard = _rounds(readers, sends)
    records = [(f"{BARE}{one.body}", _as_sent(one)) for one in heard]
    with Readers(addresses, ALL, BARE, throttled) as readers:
        bare, _ = _rounds(readers, [partial(_send, addresses, officer, records)] * len(numbers))
    return Forwarded(forwarded, bare, throttled.seconds)


def _rounds(readers: Readers, sends: Iterable[Callable[[], None]]) -> tuple[Waits, list[Heard]]:
    """The waits of all rounds but the first ones, and the records of the last round."""
    rounds: list[list[float]] = []
    heard: list[Heard] = []
    for send in sends:
        began = time.perf_counter()
        send()
        heard = []
        while len(heard) < len(ALL):
            one = readers.next(SILENCE_SECONDS)
            if one is None:
                raise RuntimeError(f"it came to {len(heard)} of {len(ALL)} bodies")
            heard.append(one)
        if {one.body for one in heard} != set(ALL):
            raise RuntimeError("a body heard it twice, and another one not at all")
        rounds.append([(one.at - began) * 1000 for one in heard])
    measured = rounds[WARM_ROUNDS:]
    return Waits(sorted(wait for waits in measured for wait in waits), sorted(map(max, measured))), heard


def _send(addresses: Addresses, officer: Producer, records: Iterable[tuple[str, Outgoing]]) -> None:
    for topic, record in records:
        partition = 0 if topic.startswith(BARE) else partition_of(record.key, addresses.partitions)
        append(officer, topic, partition, record, _acknowledged)
    officer.poll(0)


def _acknowledged(error: object, _: object) -> None:
    if error is not None:
        raise RuntimeError(str(error))


def _as_sent(heard: Heard) -> Outgoing:
    headers: Any = heard.read.headers()
    return Outgoing(_bytes(heard.read.key()), _bytes(heard.read.value()), headers)


def _bytes(value: str | bytes | None) -> bytes:
    return value if isinstance(value, bytes) else (value or "").encode()


def _case_id(number: int) -> str:
    return f"KAZ-{PLACEHOLDER + number}-2026"


def _letter(number: int) -> Order:
    letter = ReceiveCommunication(
        reference=f"KAZ {PLACEHOLDER + number}/2026",
        communication_type="AL",
        mandates=("Special Rapporteur on the independence of judges and lawyers",),
        state="KAZ",
        subject="Access to counsel",
        language="en",
        received_on=date(2026, 3, 3),
    )
    return _order(letter, number)


def _forwarding_to(codes: Iterable[str], number: int) -> Order:
    asked = tuple(ForwardedTo(body=body, questions=("1", "2"), due=date(2026, 3, 20)) for body in codes)
    return _order(ForwardCommunication(bodies=asked, forwarded_on=date(2026, 3, 4)), number)


def _order(command: Value, number: int) -> Order:
    name = type(command).__name__
    return Order(command=command, name=name, case_id=_case_id(number), command_id=f"{name}-{number}", actor="bench")


def _do(addresses: Addresses, orders: Iterable[Order]) -> None:
    with Sender(addresses.kafka, addresses.registry, "bench", services=("intake", "routing")) as sender:
        for _, outcome in sender.submit(orders, SILENCE_SECONDS):
            if outcome is None or outcome.status != "accepted":
                raise RuntimeError(f"a command was not accepted: {outcome}")


# --- ten bodies submit ---


def submit(addresses: Addresses, services: dict[str, int], scale: Scale) -> Submitted:
    """Each body submits once to each of many cases. `services` gives process ids."""
    paced, throttled = int(PER_SECOND * scale.submitting_seconds), Throttled()
    first = WARM_ROUNDS + scale.forwardings + 1
    counts, paces = (scale.at_once // 4, paced, scale.at_once), (AT_ONCE, PER_SECOND, AT_ONCE)
    cases = range(first, first + -(-sum(counts) // len(SUBMITTING)))
    _do(addresses, map(_letter, cases))
    _do(addresses, (_forwarding_to(SUBMITTING, number) for number in cases))
    submissions = iter(_submissions(addresses, cases))
    producers = {body: producer(addresses, body, throttled) for body in SUBMITTING}
    codec = Codec(schema_ids(addresses.registry, [f"{FEED}{BODY}"]))
    batches = [[next(submissions) for _ in range(count)] for count in counts]  # the first one warms all that it meets
    with Readers(addresses, SUBMITTING, FEED, throttled) as readers:
        _await_forwarded(readers, cases)
        _, *found = (
            _drive(readers, producers, SUBMIT, *batch, codec, services) for batch in zip(batches, paces, strict=True)
        )
    with Readers(addresses, SUBMITTING, BARE, throttled) as readers:
        _skip_to_end(readers, addresses)
        _, *bare = (
            _drive(readers, producers, BARE, *batch, codec, services) for batch in zip(batches, paces, strict=True)
        )
    ids = _ids(addresses)
    repeated = sum(times > 1 for times in ids.values())
    lag = _lag(addresses)
    return Submitted(found[0], bare[0], found[1], bare[1], lag, repeated, ids.total(), throttled.seconds)


def _submissions(addresses: Addresses, cases: Sequence[int]) -> Iterator[Submission]:
    codec = Codec(schema_ids(addresses.registry, [f"{SUBMIT}{BODY}"]))
    for number in cases:
        for body in SUBMITTING:
            known = f"{body}-{number}"
            info = SupplyInformation(
                submitted_on=date(2026, 3, 5), number=f"12-{number}", signatory=SIGNATORY, answers=("1",)
            )
            value, _ = codec.encode(f"{SUBMIT}{body}", info)
            yield body, known, _case_id(number).encode(), value


def _await_forwarded(readers: Readers, cases: Sequence[int]) -> None:
    waiting = {(body, _case_id(number).encode()) for body in SUBMITTING for number in cases}
    while waiting:
        heard = readers.next(SILENCE_SECONDS)
        if heard is None:
            raise RuntimeError(f"{len(waiting)} forwardings are on no feed")
        waiting.discard((heard.body, _bytes(heard.read.key())))


def _skip_to_end(readers: Readers, addresses: Addresses) -> None:
    """Hear what stands on the plain topics already."""
    ends = Ends(addresses.kafka, "bench").of([(f"{BARE}{body}", 0) for body in SUBMITTING])
    for _ in range(sum(ends.values())):
        if readers.next(SILENCE_SECONDS) is None:
            raise RuntimeError("plain topics are not read back")


def _drive(
    readers: Readers,
    producers: dict[str, Producer],
    topic: str,
    submissions: Sequence[Submission],
    per_second: float,
    codec: Codec,
    services: dict[str, int],
) -> Answers:
    """Submit at a pace, bodies in turn, and hear until everything is answered, or nothing was heard for long."""
    sent, due, heard, used = 0, dict[str, float](), list[Heard](), _processor_seconds(services)
    began = last = time.perf_counter()
    while len(heard) < len(submissions) and time.perf_counter() - last < SILENCE_SECONDS:
        while sent < len(submissions) and time.perf_counter() >= began + sent / per_second:
            body, known, key, value = submissions[sent]
            due[known] = began + sent / per_second
            producers[body].produce(
                f"{topic}{body}", key=key, value=value, headers={"ce_id": known}, on_delivery=_acknowledged
            )
            sent += 1
        for one in producers.values():
            one.poll(0)
        found = readers.next(PAUSE_SECONDS)
        if found is not None and (topic == BARE or found.header("ce_type") in ANSWERS):
            heard.append(found)
            last = found.at
    spent = {name: seconds - used[name] for name, seconds in _processor_seconds(services).items()}
    answers = [(one.header("ce_id"), False) if topic == BARE else _answered(one, codec) for one in heard]
    waits = [(one.at - due.pop(known)) * 1000 for one, (known, _) in zip(heard, answers, strict=True) if known in due]
    refused = sum(no for _, no in answers)
    if refused:
        raise RuntimeError(f"{refused} submissions were refused")
    kept = (len(heard) - 1) / (heard[-1].at - heard[0].at)
    return Answers(len(submissions), refused, len(due), sorted(waits), kept, heard[-1].at - began, spent)


ANSWERS = {f"jauap.{kind.__name__}" for kind in (SubmissionTaken, SubmissionRefused)}


def _answered(heard: Heard, codec: Codec) -> tuple[str, bool]:
    """The submission that an item answers, and whether it was refused."""
    item: Any = codec.decode(heard.header("ce_dataschema"), _bytes(heard.read.value()), feeds.BY_NAME)
    return item.submission, isinstance(item, SubmissionRefused)


def _processor_seconds(services: dict[str, int]) -> dict[str, float]:
    times = {name: psutil.Process(number).cpu_times() for name, number in services.items()}
    return {name: float(one.user + one.system) for name, one in times.items()}


# --- what is left ---


def _ids(addresses: Addresses) -> Counter[str]:
    """How often each item's id stands on all feeds together."""
    reader, found = Reader(addresses.kafka, "bench"), Counter[str]()
    ends = Ends(addresses.kafka, "bench").of([(f"{FEED}{body}", 0) for body in ALL])
    reader.read_from(dict.fromkeys(ends, BEGINNING))
    while found.total() < sum(ends.values()):
        for item in reader.poll(1.0):
            if not isinstance(item, Message):
                raise RuntimeError(f"feeds are not read back: {item}")  # noqa: TRY004 - it is no wrong type
            found[(dict(item.headers)["ce_id"] or b"").decode()] += 1
    reader.close()
    return found


def _lag(addresses: Addresses) -> int:
    """Records behind the stored positions, once they don't move any more or are at the end."""
    commands = [("jauap.intake.commands", number) for number in range(addresses.partitions)]
    groups: dict[str, list[Place]] = {
        "jauap.liaison": [(f"{SUBMIT}{body}", 0) for body in ALL],
        "jauap.intake": commands,
    }
    ends, until = Ends(addresses.kafka, "bench"), time.monotonic() + COMMIT_SECONDS
    readers = {group: Reader(addresses.kafka, "bench", group=group) for group in groups}
    while True:
        lag = 0
        for group, places in groups.items():
            stored = readers[group].committed(places)
            lag += sum(end - (stored[place] or (0, ""))[0] for place, end in ends.of(places).items())
        if lag == 0 or time.monotonic() > until:
            break
        time.sleep(PAUSE_SECONDS)
    for reader in readers.values():
        reader.close()
    return lag
