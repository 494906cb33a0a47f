"""Running a service: connect, wait for what it needs, go round until told to stop."""

import signal
from collections.abc import Callable, Mapping
from datetime import datetime
from types import FrameType

import structlog

from jauap import logs, settings
from jauap.clock import clock_from_environment
from jauap.domain.case import Case
from jauap.domain.events import Event
from jauap.domain.facts import Value
from jauap.messaging.avro import Codec
from jauap.messaging.decider import Decider
from jauap.messaging.holdings import Dump
from jauap.messaging.lane import EVENT_TOPICS
from jauap.messaging.log import Ends, LogUnavailable, PartitionsDiffer, Reader, Writer, wait_for_topics
from jauap.messaging.loop import Loop, TooManyParked
from jauap.messaging.registry import RegistryError, schema_ids
from jauap.messaging.watched import Watched
from jauap.settings import Settings, WrongSetting

log = structlog.get_logger(__name__)


class ClockApart(Exception):
    """The clock on the wall and the broker's append time are more than five minutes apart; set the clocks."""


Decide = Callable[[Case, Value, datetime], Event]


class OnCommand:
    """The decider of a service that acts only on command."""

    reconciles = False
    watches = None

    def __init__(self, name: str, commands: Mapping[str, type[Value]], decide: Decide) -> None:
        """`decide` gives the event that a command makes, or raises Refusal."""
        self.name, self.commands, self.decide = name, commands, decide

    def watch(self, watched: Watched) -> None:
        """Nothing is watched."""

    def check_clock(self, appended: datetime, now: datetime) -> None:
        """Its decisions do not hang on the minute."""

    def reconcile(self, case: Case, now: datetime) -> Event | None:  # noqa: ARG002 - nothing follows by itself
        """Nothing follows by itself."""
        return None

    def period(self, now: datetime) -> object:  # noqa: ARG002 - no day matters
        """No day matters."""
        return None


class Stop:
    """SIGTERM or SIGINT was received."""

    def __init__(self) -> None:
        """Take both signals."""
        self.asked = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - a signal handler's shape
        self.asked = True

    def __call__(self) -> bool:
        """Whether to stop."""
        return self.asked


def connect(given: Settings, decider: Decider, stopping: Callable[[], bool]) -> Loop | None:
    """Wait for broker and topics, and wire one instance of a service. None: it was told to stop meanwhile."""
    name = decider.name
    ends = Ends(given.kafka, f"jauap-{name}")
    own = (f"jauap.{name}.commands", f"jauap.{name}.outcomes")
    partitions = wait_for_topics(ends, (*own, *EVENT_TOPICS), given.partitions, stopping)
    if partitions is None:
        return None
    codec = Codec(schema_ids(given.registry, [f"jauap.{name}.events", f"jauap.{name}.outcomes"]))
    watched = None
    if decider.watches is not None:
        watched = Watched(decider.watches, "intake", Reader(given.kafka, f"jauap-{name}-watched"), codec, partitions)
        decider.watch(watched)
    return Loop(
        decider,
        reader=Reader(given.kafka, f"jauap-{name}", group=f"jauap.{name}", instance=given.instance),
        writer=Writer(given.kafka, f"jauap-{name}"),
        ends=ends,
        codec=codec,
        clock=clock_from_environment(),
        partitions=partitions,
        watched=watched,
    )


def run(name: str, make: Callable[[Settings], Decider]) -> int:
    """Run a service until SIGTERM. The exit code: 0 stopped, 1 it could not go on, 2 a wrong setting."""
    logs.configure(name)
    stop = Stop()
    try:
        given = settings.from_environment()
        loop = connect(given, make(given), stop)
        if loop is not None:
            loop.start(given.only)
            dump = None if given.dump_file is None else Dump(given.dump_file)
            loop.run(lambda: _between(stop, dump, loop), lambda: _say_ready(given, name))
    except WrongSetting as wrong:
        log.critical("wrong setting", service=name, reason=str(wrong))
        return 2
    except (LogUnavailable, PartitionsDiffer, RegistryError, TooManyParked, ClockApart) as reason:
        log.critical("service stopped", service=name, reason=str(reason))
        return 1
    log.info("service stopped", service=name)
    return 0


def _between(stop: Stop, dump: Dump | None, loop: Loop) -> bool:
    if dump is not None:
        dump.write_if_asked(loop)
    return stop()


def _say_ready(given: Settings, name: str) -> None:
    log.info("service ready", service=name)
    if given.ready_file is not None:
        given.ready_file.touch()
