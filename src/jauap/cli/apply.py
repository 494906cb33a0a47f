"""`jauap apply`: make what a deployment stands on agree with this release."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from jauap.bodies import BodyList, UnusableList
from jauap.cli import access as rights
from jauap.cli import topics as broker
from jauap.cli.addresses import DATA_DIR, DataDir, find
from jauap.cli.printing import failed, say
from jauap.messaging import access, registry, topics
from jauap.messaging.access import AccessError
from jauap.messaging.connection import WrongAddress
from jauap.messaging.log import LogUnavailable
from jauap.messaging.principals import PrincipalsRefused
from jauap.messaging.probe import kafka_answers
from jauap.messaging.registry import RegistryError, RegistryUnavailable
from jauap.messaging.topics import PartitionsAreFixed, TopicsError
from jauap.projections.database import DatabaseUnavailable, connect
from jauap.projections.generations import make_tables
from jauap.stack import first_start
from jauap.stack.addresses import Addresses
from jauap.stack.credentials import password
from jauap.stack.errors import StackError

PATIENCE = 600.0
PAUSE = 1.0
ANSWER_WITHIN = 5.0
REPEAT = "Nothing is half done that the same command does not finish."
AGAIN = 30.0
"""Seconds between two lines that say what is waited for."""

PASSING = (TopicsError, AccessError, PrincipalsRefused, RegistryUnavailable, DatabaseUnavailable, LogUnavailable)
"""What may be over the next time."""

Say = Callable[[str, str], None]


def apply(  # noqa: PLR0913 - what a deployment is made of, each by name
    *,
    kafka: broker.Kafka = None,
    bodies_file: rights.Bodies = None,
    secrets: rights.Secrets = None,
    data_dir: DataDir = DATA_DIR,
    partitions: broker.Partitions = None,
    replication: broker.Replication = None,
    min_insync: broker.MinInsync = None,
    patience: Annotated[float, typer.Option(help="Seconds to wait for each part that is not there yet.")] = PATIENCE,
) -> None:
    """Make topics, access, schemas and tables agree with this release, and enter the calendar acts that ship with it.

    Safe to repeat, and safe beside an older release that runs: nothing is taken away that it needs. It waits for what
    is not there yet. The calendar acts are on record once intake runs.

    Example: jauap apply --partitions 12 --replication 3 --min-insync 2
    """
    found = find(data_dir, "registry", "database", principal="admin")
    if where := kafka or found.kafka:  # it is asked for the numbers that were not given
        with plain_errors():
            _await(patience, lambda: _lacks_kafka(where, replication or 1))
    address, deployment = broker.target(kafka, data_dir, partitions, replication, min_insync, bodies_file)
    found = replace(
        found,
        kafka=address,
        partitions=deployment.partitions,
        replication=deployment.replication,
        min_insync=deployment.min_insync,
    )
    asked = rights.target_of(kafka, bodies_file, secrets, data_dir)
    began = time.monotonic()
    with plain_errors():
        _await(patience, lambda: _lacks_kafka(found.kafka, found.replication))
        _await(patience, lambda: _lacks_database(found.database))
        while True:
            try:
                agree(found, asked.bodies, lambda name: password(asked.secrets, name), _say, patience)
                first_start.submit(found, patience)
                break
            except PartitionsAreFixed:
                raise
            except PASSING as error:
                if time.monotonic() - began > patience:
                    raise
                _say("again", str(error))
                time.sleep(PAUSE)
    _say("calendar", "its acts are on record")


def agree(
    addresses: Addresses, bodies: Path, secret: Callable[[str], str], report: Say, patience: float = registry.PATIENCE
) -> None:
    """Topics, access, schemas, tables: in this order, each with a line. Raises what `plain_errors` puts in words."""
    listed = BodyList(bodies if bodies.exists() else None)
    changed: list[topics.Change] = topics.apply(
        addresses.kafka, addresses.partitions, addresses.replication, addresses.min_insync, listed.with_topics()
    )
    report("topics", f"agree with their files ({len(changed)} changes)")
    given = access.apply(addresses.kafka, listed.with_access(), listed.with_topics(), secret)
    report("access", f"agrees with the topics' files ({len(given)} changes)")
    registry.register_all(addresses.registry, patience=patience)
    report("schemas", "registered")
    made = make_tables(addresses.database, addresses.partitions)
    report("tables", f"of this release {'are made' if made else 'are there'}")


def _await(patience: float, lacks: Callable[[], str | None]) -> None:
    """Ask again until nothing is lacking; say now and then what is. Raises StackError once patience is over."""
    began = time.monotonic()
    told: float | None = None
    while (reason := lacks()) is not None:
        now = time.monotonic()
        if now - began > patience:
            raise StackError(f"Not there within {patience:.0f} s: {reason}.", "See to it, and repeat the command.")
        if told is None or now - told > AGAIN:
            _say("waiting for", reason)
            told = now
        time.sleep(PAUSE)


def _lacks_kafka(kafka: str, brokers: int) -> str | None:
    if kafka_answers(kafka, ANSWER_WITHIN, brokers):
        return None
    return f"Kafka: {brokers} of its brokers, and the administrator's login"


def _lacks_database(url: str) -> str | None:
    try:
        connect(url).close()
    except DatabaseUnavailable as error:
        return f"PostgreSQL: {error}"
    return None


def _say(part: str, words: str) -> None:
    say(f"  {part:<12} {words}")


@contextmanager
def plain_errors() -> Iterator[None]:
    """One sentence and its remedy instead of a traceback."""
    try:
        yield
    except StackError as error:
        raise failed(error.what, error.remedy) from error
    except (
        TopicsError,
        AccessError,
        PrincipalsRefused,
        UnusableList,
        RegistryError,
        DatabaseUnavailable,
        LogUnavailable,
        WrongAddress,
    ) as error:
        raise failed(str(error), REPEAT) from error
    except OSError as error:
        raise failed(f"{error.filename or 'A file'} can't be used: {error.strerror or error}.", REPEAT) from error
