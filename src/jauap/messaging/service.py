"""Running a service: connect, wait for what it needs, go round until told to stop."""

from collections.abc import Callable, Mapping
from datetime import datetime

from jauap import settings
from jauap.clock import clock_from_environment
from jauap.documents import open_store
from jauap.domain.case import Case
from jauap.domain.events import Event
from jauap.domain.facts import Value
from jauap.messaging.avro import Codec
from jauap.messaging.decider import Decider
from jauap.messaging.holdings import Dump
from jauap.messaging.lane import EVENT_TOPICS
from jauap.messaging.log import Ends, Reader, Writer, wait_for_group, wait_for_topics
from jauap.messaging.loop import Loop
from jauap.messaging.registry import wait_for_schemas
from jauap.messaging.watched import Watched
from jauap.process import CannotGoOn, Life
from jauap.settings import Settings, WrongSetting


class ClockApart(CannotGoOn):
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


def connect(given: Settings, decider: Decider, life: Life) -> Loop:
    """Wait for broker, topics and schemas, and wire one instance of a service. Raises Stopped and CannotGoOn."""
    name, clock = decider.name, clock_from_environment()
    ends = Ends(given.kafka, f"jauap-{name}")
    own = (f"jauap.{name}.commands", f"jauap.{name}.outcomes")
    partitions = wait_for_topics(ends, (*own, *EVENT_TOPICS), given.partitions, life)
    reader = Reader(given.kafka, f"jauap-{name}", group=f"jauap.{name}", instance=given.instance)
    wait_for_group(reader, own[0], life)
    codec = Codec(wait_for_schemas(given.registry, [f"jauap.{name}.events", f"jauap.{name}.outcomes"], life))
    watched = None
    if decider.watches is not None:
        watched = Watched(decider.watches, "intake", Reader(given.kafka, f"jauap-{name}-watched"), codec, partitions)
        decider.watch(watched)
    return Loop(
        decider,
        reader=reader,
        writer=Writer(given.kafka, f"jauap-{name}"),
        ends=ends,
        codec=codec,
        clock=clock,
        partitions=partitions,
        watched=watched,
    )


def run(make: Callable[[Settings], Decider], life: Life) -> None:
    """Run a service until told to stop. Raises WrongSetting, Stopped and CannotGoOn."""
    given = settings.from_environment()
    open_store(given.documents)  # wrong for one service, wrong for all: though not each has need of it
    loop = connect(given, make(given), life)
    if given.only is not None and max(given.only) >= loop.partitions:
        raise WrongSetting("JAUAP_PARTITIONS_ONLY", f"must be partition numbers from 0 to {loop.partitions - 1}")
    loop.start(given.only)
    dump = None if given.dump_file is None else Dump(given.dump_file)
    loop.run(lambda: _between(life, dump, loop), life.ready)


def _between(life: Life, dump: Dump | None, loop: Loop) -> bool:
    if dump is not None:
        dump.write_if_asked(loop)
    return life()
