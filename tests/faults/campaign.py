"""One campaign: start the system, let clients and nemeses loose, heal everything, wait until it is quiet, judge."""

import signal
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from random import Random

import psycopg

from jauap.projections.database import OPTIONS
from jauap.stack.process import last_lines
from tests.faults import feeds, folds, wire
from tests.faults.judge import judge
from tests.faults.nemeses import LASTING, NEMESES, WEIGHTS, Nemesis
from tests.faults.scene import SERVICES, Scene
from tests.faults.workload import Workload

KAZAKHSTAN = timezone(timedelta(hours=5))
QUIET_SECONDS = 2.0
ENOUGH_SECONDS = 240.0
MOST_SHOWN = 50
EVENTS = tuple(f"jauap.{service}.events" for service in SERVICES)


@dataclass
class Plan:
    """What a campaign is to do."""

    seed: str
    seconds: float
    nemeses: Mapping[str, Nemesis] = field(default_factory=lambda: NEMESES)
    """Those that `LASTING` names run beside the others."""
    cases: int = 30
    brokers: int = 1
    broken: Mapping[str, str] = field(default_factory=dict)
    """Promises broken on purpose, by service."""
    enough: Callable[[Scene], bool] = lambda _: True
    """Asked after `seconds`: the attack goes on until it was enough, on a busy machine too."""
    bodies: Collection[str] = ()
    """They have access: liaison runs too, and their feeds are judged."""
    patience: float = 60.0
    """Seconds without any progress after which what is not answered is taken for stuck."""


@dataclass
class Summary:
    """What a campaign did and found."""

    seed: str
    seconds: float
    faults: dict[str, int]
    counts: dict[str, int]
    lost: list[str]
    violations: list[str]


def run(plan: Plan, folder: Path, say: Callable[[str], None]) -> Summary:
    """Run a campaign in a new folder. The system is down when this returns."""
    began = time.monotonic()
    scene = Scene(folder, say, broken=plan.broken, brokers=plan.brokers, bodies=plan.bodies)
    try:
        say("starting Kafka, registry, PostgreSQL and the services")
        scene.up()
        scene.workload = Workload(plan.seed, scene.addresses.kafka, plan.cases, _today())
        scene.workload.start()
        try:
            _attack(scene, plan, began)
            say("healed; waiting until everything is answered and shown")
            scene.workload.stop_sending()
            stuck = _settle(scene, plan.patience)
        finally:
            scene.workload.close()
        say("judging")
        return _judge(scene, plan, began, stuck)
    finally:
        scene.down()


# --- the attack ---


def _attack(scene: Scene, plan: Plan, began: float) -> None:
    stopping = threading.Event()
    faults: list[BaseException] = []
    lanes = {
        "beside": [kind for kind in plan.nemeses if kind in LASTING],
        "first": [kind for kind in plan.nemeses if kind not in LASTING],
    }

    def strike(lane: str) -> None:
        random = Random(f"{plan.seed}/nemesis/{lane}")
        deck: list[str] = []
        try:
            while not stopping.is_set():
                deck = deck or _shuffled(lanes[lane], random)
                kind = deck.pop()
                scene.say(f"{time.monotonic() - began:5.0f} s  {kind}")
                plan.nemeses[kind](scene, random)
                stopping.wait(random.uniform(0.1, 2))
        except BaseException as fault:  # noqa: BLE001 - raised below
            faults.append(fault)

    threads = [threading.Thread(target=strike, args=(lane,)) for lane, chosen in lanes.items() if chosen]
    for thread in threads:
        thread.start()
    until = told = time.monotonic()
    until += plan.seconds
    while not faults and (time.monotonic() < until or not plan.enough(scene)):
        assert time.monotonic() < until + ENOUGH_SECONDS, "what should be enough did not come"
        time.sleep(0.1)
        if time.monotonic() - told > 10:
            told = time.monotonic()
            memory = scene.workload.memory
            scene.say(
                f"{told - began:5.0f} s  {len(memory.sent)} commands sent, {len(memory.unanswered)} without an answer,"
                f" {sum(scene.faults.values())} faults"
            )
    stopping.set()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]


def _shuffled(kinds: Sequence[str], random: Random) -> list[str]:
    """Each kind as often as it weighs, in random order: so even a short campaign has some of each."""
    deck = [kind for kind in kinds for _ in range(WEIGHTS.get(kind, 1))]
    random.shuffle(deck)
    return deck


# --- afterwards ---


def _settle(scene: Scene, patience: float) -> list[str]:
    """Wait until every command is answered, the log is quiet and the read models show it. What is stuck, in words."""
    ended: list[str] = []
    memory = scene.workload.memory
    before, since = None, time.monotonic()
    while time.monotonic() - since < patience:
        time.sleep(0.2)
        ended += _start_what_ended(scene)
        ends = wire.ends(scene.addresses.kafka)
        left, shown = len(memory.unanswered), _shown(scene, ends)
        if (ends, left, shown) != before:
            before, since = (ends, left, shown), time.monotonic()
        if not left and shown and time.monotonic() - since > QUIET_SECONDS:
            return ended
    reader = "the projector shows all" if shown else "the projector does not show all"
    return [*ended, f"nothing has moved for {patience:.0f} s: {left} commands have no answer, {reader}"]


def _start_what_ended(scene: Scene) -> Iterator[str]:
    """Start each part that has ended by itself, and say so; *deadlines* must end while the clock is wrong."""
    for name in ("registry", *scene.brokers, "postgres", *scene.processes):
        if not scene.runs(name):
            last = " ".join(last_lines(scene.stack.folder.log(name), 2))
            if "the clock here says" not in last:
                yield f"{name} had ended by itself: {last}"
            scene.stack.start(name)


def _shown(scene: Scene, ends: dict[tuple[str, int], int]) -> bool:
    try:
        with psycopg.connect(scene.addresses.database, options=OPTIONS) as connection:
            rows = connection.execute("SELECT topic, partition, next_offset FROM positions").fetchall()
    except psycopg.Error:
        return False
    positions = {(topic, partition): offset for topic, partition, offset in rows}
    return all(positions.get(place, 0) == end for place, end in ends.items() if place[0] in EVENTS)


def _judge(scene: Scene, plan: Plan, began: float, stuck: list[str]) -> Summary:
    memory = scene.workload.memory
    log = wire.read(scene.addresses.kafka)
    judged = judge(log, memory.sent, memory.malformed, scene.losses)
    violations = stuck + judged.violations
    fold = folds.Fold(judged.chains)
    for instance, dump in _dumps(scene).items():
        violations += folds.instance_differs(fold, instance, dump)
    violations += folds.rows_differ(fold, scene.addresses.database)
    violations += folds.clocks_differ(fold, _today())
    if plan.bodies:
        told = feeds.read_whole(scene.addresses.kafka, plan.bodies, judged.chains, plan.patience)
        violations += feeds.violations(told, judged.chains)
        judged.counts["items on feeds"] = sum(map(len, told.values()))
    counts = {
        "commands sent": len(memory.sent),
        "acknowledged": sum(bool(sent.acknowledged) for sent in memory.sent.values()),
        **memory.counts,
        **judged.counts,
        "clocks": sum(len(case.deadlines.clocks) for case in fold.cases.values()),
    }
    faults = dict(sorted(scene.faults.items()))
    return Summary(plan.seed, time.monotonic() - began, faults, counts, scene.losses.named(), violations)


def _dumps(scene: Scene) -> dict[str, Path]:
    """What each process holds, by its name."""
    dumps = {name: scene.stack.folder.dump_file(name) for name in SERVICES}
    dumps |= {instance.name: instance.dump_file for instance in scene.instances}
    for dump in dumps.values():
        dump.unlink(missing_ok=True)
    for name in SERVICES:
        scene.signal(name, signal.SIGUSR1)
    for instance in scene.instances:
        instance.signal(signal.SIGUSR1)
    scene.until("every service to tell what it holds", lambda: all(dump.exists() for dump in dumps.values()))
    return dumps


def _today() -> date:
    return datetime.now(UTC).astimezone(KAZAKHSTAN).date()
