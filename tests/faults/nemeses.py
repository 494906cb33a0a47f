"""The harm that a campaign does: each nemesis does one kind of it to the running system, heals it, and returns.

A nemesis takes the scene and a random generator of its own; `NEMESES` has them by kind. Those in `LASTING` take long
and run beside the others.
"""

import signal
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from itertools import chain
from random import Random
from threading import Timer

import psycopg

from jauap.stack.errors import StackError
from tests.faults import disk
from tests.faults.proxy import Ending, Which
from tests.faults.scene import EVERYTHING, SERVICES, Scene

Nemesis = Callable[[Scene, Random], None]

READY_SECONDS = 20.0
"""A further instance that needs longer does not take part."""
WORK, WORK_SECONDS = 40, 1.0
"""Commands without an outcome that are enough to stop a service over, and how long they are waited for."""
SESSION_SECONDS = 10.0
"""After so long the group gives a silent member's partitions to others."""


def kill_service(scene: Scene, random: Random) -> None:
    """Kill -9 of a service or the projector, with commands in flight as often as not, and a new start."""
    name = random.choice(EVERYTHING)
    if name in SERVICES and random.random() < 0.6:
        for _ in range(3):
            burst(scene, random, name)
        time.sleep(random.uniform(0, 0.5))
    scene.stack.kill(name)
    scene.count("services killed")
    time.sleep(random.choice((0.0, 0.0, random.uniform(0, 3))))
    while random.random() < 0.25:
        _kill_while_it_starts(scene, random, name)
    scene.stack.start(name)


def _kill_while_it_starts(scene: Scene, random: Random, name: str) -> None:
    """Kill it again before or about when it is ready."""
    timer = Timer(random.uniform(0.3, 2.0), lambda: scene.stack.kill(name))
    timer.start()
    with suppress(StackError):
        scene.stack.start(name)
    timer.join()
    scene.count("services killed")


def stop_service(scene: Scene, random: Random) -> None:
    """A stop in good order and a new start, as at a release."""
    name = random.choice(EVERYTHING)
    scene.stack.stop(name)
    scene.count("services stopped")
    time.sleep(random.uniform(0, 2))
    scene.stack.start(name)


def rolling(scene: Scene, random: Random, service: str | None = None) -> None:
    """As at a release: each process is stopped and started; a second one of a service comes, and both go in turn."""
    for name in scene.processes:
        scene.say(f"stopping and starting {name}")
        _await_work(scene, random, name)
        scene.stack.stop(name)
        scene.stack.start(name)
        scene.count("services stopped")
    name = service or random.choice(SERVICES)
    everything = set(range(scene.addresses.partitions))
    second = scene.another(name, beside=False)
    _await_shared(scene, name, second.name)
    _await_work(scene, random, name)
    scene.stack.stop(name)
    scene.until(f"{second.name} to have all partitions", lambda: scene.partitions_of(second.name) == everything)
    scene.stack.start(name)
    _await_shared(scene, name, second.name)
    _await_work(scene, random, name)
    scene.dismiss(second)
    scene.until(f"{name} to have all partitions", lambda: scene.partitions_of(name) == everything)
    scene.count("instances replaced")


def _await_work(scene: Scene, random: Random, name: str) -> None:
    """Have a service much to do just now, if it is one."""
    if name not in SERVICES:
        return
    for _ in range(5):
        burst(scene, random, name)
    until = time.monotonic() + WORK_SECONDS
    while len(scene.workload.memory.unanswered) < WORK and time.monotonic() < until:
        time.sleep(0.005)


def _await_shared(scene: Scene, *names: str) -> None:
    """Wait until each has some of the partitions, and all are with one of them."""
    scene.say(f"sharing between {' and '.join(names)}")

    def shared() -> bool:
        held = [scene.partitions_of(name) for name in names]
        return all(held) and sorted(chain(*held)) == list(range(scene.addresses.partitions))

    scene.until(f"{' and '.join(names)} to share the partitions", shared)


def zombie(scene: Scene, random: Random) -> None:
    """SIGSTOP past the session time-out with commands in flight; another takes over; SIGCONT, and it writes late."""
    name = random.choice(SERVICES)
    successor = scene.another(name, beside=False)
    try:
        scene.until(f"{successor.name} to be ready", lambda: successor.ready() or successor.process.poll() is not None)
        burst(scene, random, name)
        time.sleep(random.uniform(0.02, 0.3))
        victim = random.choice((name, successor.name))
        _send(scene, victim, signal.SIGSTOP)
        scene.count("zombies")
        burst(scene, random, name)
        time.sleep(SESSION_SECONDS + random.uniform(1, 4))
        burst(scene, random, name)
        _send(scene, victim, signal.SIGCONT)
        time.sleep(random.uniform(0.5, 3))
    finally:
        _send(scene, name, signal.SIGCONT)
        scene.dismiss(successor, random.choice((signal.SIGTERM, signal.SIGKILL)))
        _start_if_ended(scene, name)


def _send(scene: Scene, name: str, number: signal.Signals) -> None:
    for instance in scene.instances:
        if instance.name == name:
            instance.signal(number)
    scene.signal(name, number)


def split(scene: Scene, random: Random, service: str | None = None) -> None:
    """Two or three instances on the same partitions, for a good while, all deciding everything."""
    name = service or random.choice(SERVICES)
    others = [scene.another(name, beside=True) for _ in range(random.choice((1, 1, 2)))]
    scene.count("splits")
    until = time.monotonic() + random.uniform(6, 20)
    while time.monotonic() < until:
        burst(scene, random, name)
        time.sleep(random.uniform(0.2, 1.5))
    for other in others:
        scene.dismiss(other, random.choice((signal.SIGTERM, signal.SIGKILL)))


def slow_writer(scene: Scene, random: Random) -> None:
    """A second instance on the same partitions that is stopped for moments all the time, beside a fast one."""
    name = random.choice(SERVICES)
    slow = scene.another(name, beside=True)
    scene.count("slow writers")
    until = time.monotonic() + random.uniform(6, 15)
    while time.monotonic() < until:
        burst(scene, random, name)
        time.sleep(random.uniform(0.01, 0.2))
        slow.signal(signal.SIGSTOP)
        time.sleep(random.choice((0.05, 0.3, 1.0, 4.0)) * random.random())
        slow.signal(signal.SIGCONT)
        time.sleep(random.uniform(0.05, 0.5))
    scene.dismiss(slow, random.choice((signal.SIGTERM, signal.SIGKILL)))


def kill_broker(scene: Scene, random: Random) -> None:
    """Kill -9 of a broker and a new start."""
    name = random.choice(scene.brokers)
    scene.stack.kill(name)
    scene.count("brokers killed")
    time.sleep(random.uniform(0, 4))
    scene.stack.start(name)


def stop_broker(scene: Scene, random: Random) -> None:
    """A stop of a broker in good order and a new start."""
    name = random.choice(scene.brokers)
    scene.stack.stop(name)
    scene.count("brokers stopped")
    time.sleep(random.uniform(0, 8))
    scene.stack.start(name)


def pause_broker(scene: Scene, random: Random) -> None:
    """A broker hangs: connections stay, nothing is answered. One of three is a zombie leader afterwards."""
    name = random.choice(scene.brokers)
    scene.signal(name, signal.SIGSTOP)
    scene.count("brokers hung")
    time.sleep(random.choice((1, 3, 7)) * random.uniform(0.5, 1))
    scene.signal(name, signal.SIGCONT)


def fill_disk(scene: Scene, random: Random) -> None:
    """A broker can write no byte more: it ends, or hangs; with room again it is started."""
    name = random.choice(scene.brokers)
    disk.fill(scene.stack, name)
    scene.count("disks filled")
    until = time.monotonic() + random.uniform(3, 12)
    while time.monotonic() < until and scene.runs(name):
        burst(scene, random, random.choice(SERVICES))
        time.sleep(random.uniform(0.1, 0.5))
    disk.heal(scene.stack, name)
    if scene.runs(name) and random.random() < 0.5:
        scene.stack.kill(name)
    with suppress(StackError):
        scene.stack.start(name)  # it may just be ending
    scene.stack.start(name)


def restart_database(scene: Scene, random: Random) -> None:
    """Kill -9, or a stop in good order, of PostgreSQL under the projector."""
    if random.random() < 0.5:
        scene.stack.kill("postgres")
    else:
        scene.stack.stop("postgres")
    scene.count("database restarted")
    time.sleep(random.uniform(0, 2))
    scene.stack.start("postgres")


def end_sessions(scene: Scene, random: Random) -> None:
    """pg_terminate_backend for every session of the database, several times."""
    for _ in range(random.randrange(1, 6)):
        with psycopg.connect(scene.addresses.database, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = 'jauap' AND pid <> pg_backend_pid()"
            )
        scene.count("database sessions ended")
        time.sleep(random.uniform(0.05, 1))


def jump_clock(scene: Scene, random: Random) -> None:
    """The wall clock jumps forward or back, and later it is right again; *deadlines* stops meanwhile, and must."""
    days = random.choice((-40, -1, 1, 30, 400))
    scene.set_clock(timedelta(days=days, seconds=random.uniform(-3000, 3000)))
    scene.count("clock jumps")
    until = time.monotonic() + random.uniform(2, 8)
    while time.monotonic() < until:
        burst(scene, random, random.choice(SERVICES))
        time.sleep(random.uniform(0.1, 0.5))
    scene.set_clock(timedelta(0))
    time.sleep(0.2)
    _start_if_ended(scene, "deadlines")
    for instance in scene.instances:
        if instance.process.poll() is not None:
            instance.restart()


def drift_clock(scene: Scene, random: Random) -> None:
    """The wall clock is some seconds or minutes off, below what *deadlines* takes for wrong."""
    scene.set_clock(timedelta(seconds=random.uniform(-200, 200)))
    scene.count("clock drifts")
    time.sleep(random.uniform(1, 5))
    scene.set_clock(timedelta(0))


def park(scene: Scene, random: Random) -> None:
    """Decisions throw, records can't be decoded, schemas are unknown: some cases are parked, and redriven later."""
    how = random.choice(("decision", "decode", "schema"))
    cases = [scene.workload.clients[0].story.any_case_of(random) for _ in range(random.randrange(1, 4))]
    with scene.failing(how, cases):
        scene.count(f"cases made to fail: {how}")
        until = time.monotonic() + random.uniform(2, 6)
        while time.monotonic() < until:
            burst(scene, random, random.choice(SERVICES), random.choice(cases))
            time.sleep(random.uniform(0.1, 1))
    for name in EVERYTHING:  # the release that can do it
        scene.stack.kill(name)
        scene.stack.start(name)
    for instance in list(scene.instances):
        instance.restart()


# --- the network, of which the services' way to the broker leads through a proxy ---


def late_requests(scene: Scene, random: Random, service: str | None = None) -> None:
    """Appends of a service are held back; it retries, or is killed and started again; then the old ones arrive."""
    name = service or random.choice(SERVICES)
    which = Which(client=f"jauap-{name}", holding=f"jauap.{name}.events".encode())
    scene.network.hold(which, random.choice((1, 2, 5, None)))
    scene.count("appends held back")
    for _ in range(3):
        burst(scene, random, name)
        time.sleep(random.uniform(0.1, 2))
    scene.network.cut(f"jauap-{name}", random.choice(list(Ending)))
    scene.network.heal()
    if random.random() < 0.5:
        scene.stack.kill(name)
        scene.stack.start(name)
    else:
        time.sleep(random.uniform(0, 8))
    burst(scene, random, name)
    time.sleep(random.uniform(0, 1))
    scene.count_many("late appends", scene.network.release())


def lost_answers(scene: Scene, random: Random) -> None:
    """Appends reach the broker, and what it says to them does not reach the service."""
    name = random.choice(SERVICES)
    scene.network.lose_answers(Which(client=f"jauap-{name}"), random.choice((1, 3, None)))
    scene.count("answers lost")
    burst(scene, random, name)
    time.sleep(random.uniform(0.5, 7))
    scene.network.cut(f"jauap-{name}")
    scene.network.heal()


def cut_links(scene: Scene, random: Random) -> None:
    """All connections of one service, or of all, are cut, several times."""
    name = random.choice((*EVERYTHING, None))
    for _ in range(random.randrange(1, 8)):
        scene.network.cut(name and f"jauap-{name}", random.choice(list(Ending)))
        scene.count("links cut")
        time.sleep(random.uniform(0, 0.8))


def half_open(scene: Scene, random: Random) -> None:
    """Connections of one service, or of all, stay open, and nothing comes or goes any more."""
    name = random.choice((*EVERYTHING, None))
    scene.network.half_open(name and f"jauap-{name}", new_ones_too=random.random() < 0.5)
    scene.count("links half open")
    if name in SERVICES:
        burst(scene, random, name)
    time.sleep(random.uniform(1, 14))
    scene.network.heal()
    scene.network.cut(name and f"jauap-{name}")


def slow_links(scene: Scene, random: Random) -> None:
    """Everything between services and broker takes long."""
    scene.network.delay(random.choice((0.02, 0.1, 0.4)))
    scene.count("links slow")
    for _ in range(3):
        burst(scene, random, random.choice(SERVICES))
        time.sleep(random.uniform(0.5, 2))
    scene.network.heal()


# --- disasters ---


def lose_tail(scene: Scene, random: Random) -> None:
    """The disk loses a partition's last records while the broker is down; the system goes on with what is left.

    The log may grow again before anyone looks, and an append from before the loss may arrive after it.
    """
    name = random.choice(SERVICES)
    kind = random.choice(("events", "events", "commands"))
    topic = f"jauap.{name}.{kind}"
    sleeps, late = random.random() < 0.5, random.random() < 0.5
    if late:
        scene.network.hold(Which(client=f"jauap-{name}", holding=f"jauap.{name}.events".encode()), 2)
        burst(scene, random, name)
        time.sleep(0.5)
    if sleeps:
        scene.signal(name, signal.SIGSTOP)
    random.choice((scene.stack.kill, scene.stack.stop))("kafka")
    partition = random.randrange(scene.addresses.partitions)
    scene.count_many("records lost", scene.cut_tail(topic, partition, random.randrange(1, 12)))
    scene.network.heal()
    scene.stack.start("kafka")
    scene.count("tails lost")
    if sleeps:
        _grow(scene, random, name)
        scene.signal(name, signal.SIGCONT)
    if late:
        scene.count_many("late appends", scene.network.release())
    for _ in range(3):
        burst(scene, random, random.choice(SERVICES))


def _grow(scene: Scene, random: Random, name: str) -> None:
    """Another instance writes on, where the one that sleeps believes to know what stands."""
    other = scene.another(name, beside=True)
    until = time.monotonic() + READY_SECONDS
    while not other.ready() and time.monotonic() < until:
        time.sleep(0.1)
    for _ in range(4):
        burst(scene, random, name)
        time.sleep(random.uniform(0.1, 0.5))
    scene.dismiss(other)


def burst(scene: Scene, random: Random, service: str, case_id: str | None = None) -> None:
    """Let a client send many commands of one case at once, so that there is much in flight."""
    client = random.choice(scene.workload.clients)
    case = client.story.any_case_of(random) if case_id is None else case_id
    client.burst(Random(random.random()), case, random.randrange(5, 30), service)


def _start_if_ended(scene: Scene, name: str) -> None:
    if not scene.runs(name):
        scene.stack.start(name)


NEMESES: dict[str, Nemesis] = {
    "kill": kill_service,
    "stop": stop_service,
    "zombie": zombie,
    "split": split,
    "slow": slow_writer,
    "broker-kill": kill_broker,
    "broker-stop": stop_broker,
    "broker-hang": pause_broker,
    "disk": fill_disk,
    "database": restart_database,
    "sessions": end_sessions,
    "clock": jump_clock,
    "drift": drift_clock,
    "park": park,
    "late": late_requests,
    "lost-answers": lost_answers,
    "cut": cut_links,
    "half-open": half_open,
    "slow-links": slow_links,
    "tail": lose_tail,
}
ON_REQUEST: dict[str, Nemesis] = {"rolling": rolling}
"""No harm at all, and too long to stand among those."""
LASTING = ("zombie", "split", "slow")
WITH_ONE_BROKER = ("late", "lost-answers", "cut", "half-open", "slow-links", "tail")
"""These need the proxy, or the only copy of the log."""
WEIGHTS = {"kill": 4}
"""How often a kind comes beside the others, which come once."""
