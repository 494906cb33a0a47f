"""`jauap topics`: make the broker's topics agree with their files, or say where they do not."""

import json
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from jauap.bodies import BodyList, UnusableList
from jauap.messaging import strimzi, topics
from jauap.messaging.topics import Change, Deployment, Drift, TopicsError
from jauap.stack.addresses import Addresses
from jauap.stack.errors import StackError

DRIFTED = 1
FAILED = 2
PARTITIONS = 12
"""Of a deployment that says nothing else."""

app = typer.Typer(help="The topics on the broker, and the files that describe them.", no_args_is_help=True)

Kafka = Annotated[
    str | None,
    typer.Option(help="The broker, host:port. Default: that of the stack in --data-dir.", envvar="JAUAP_KAFKA"),
]
DataDir = Annotated[
    Path, typer.Option(help="The folder of a stack on this machine, to find its broker.", envvar="JAUAP_DATA_DIR")
]
Partitions = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="The deployment's partition count, fixed for ever. Default: what the topics have, else 12.",
        envvar="JAUAP_PARTITIONS",
    ),
]
Replication = Annotated[
    int | None,
    typer.Option(
        min=1, help="Copies of each topic. Default: what the topics have, else 1.", envvar="JAUAP_REPLICATION"
    ),
]
MinInsync = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Copies that must have a record before it counts. Default: what the topics have, else 1.",
        envvar="JAUAP_MIN_INSYNC",
    ),
]
Bodies = Annotated[
    Path | None,
    typer.Option(
        help="The deployment's list of bodies: who has, or had, access has topics. Default: the stack's.",
        envvar="JAUAP_BODIES",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print an array of objects, for programs.")]
Cluster = Annotated[str, typer.Option(help="Name of the Kafka resource, as Strimzi knows the cluster.")]


@app.command()
def apply(
    *,
    kafka: Kafka = None,
    data_dir: DataDir = Path(".jauap"),
    partitions: Partitions = None,
    replication: Replication = None,
    min_insync: MinInsync = None,
    bodies_file: Bodies = None,
    as_json: AsJson = False,
) -> None:
    """Create the topics that are missing, and alter settings that differ from the files.

    Nothing is deleted. It refuses a broker whose topics have another partition count.

    Example: jauap topics apply --kafka broker:9092 --partitions 12 --replication 3 --min-insync 2
    """
    address, deployment = target(kafka, data_dir, partitions, replication, min_insync, bodies_file)
    try:
        changes = topics.apply(
            address, deployment.partitions, deployment.replication, deployment.min_insync, deployment.bodies
        )
    except TopicsError as error:
        raise _failed(str(error)) from error
    _print(changes, [_change(change) for change in changes] or ["Nothing to change."], as_json=as_json)


@app.command()
def check(
    *,
    kafka: Kafka = None,
    data_dir: DataDir = Path(".jauap"),
    partitions: Partitions = None,
    replication: Replication = None,
    min_insync: MinInsync = None,
    bodies_file: Bodies = None,
    as_json: AsJson = False,
) -> None:
    """Say where the broker's topics differ from the files, both ways. Exit status 1 if they do.

    Example: jauap topics check --json
    """
    address, deployment = target(kafka, data_dir, partitions, replication, min_insync, bodies_file)
    try:
        drifts = topics.check(
            address, deployment.partitions, deployment.replication, deployment.min_insync, deployment.bodies
        )
    except TopicsError as error:
        raise _failed(str(error)) from error
    _print(drifts, [_drift(drift) for drift in drifts] or ["The broker agrees with the files."], as_json=as_json)
    if drifts:
        raise typer.Exit(DRIFTED)


@app.command()
def kubernetes(
    *,
    partitions: Annotated[int, typer.Option(min=1, help="The deployment's partition count, fixed for ever.")] = 12,
    replication: Annotated[int, typer.Option(min=1, help="Copies of each topic.")] = 3,
    min_insync: Annotated[int, typer.Option(min=1, help="Copies that must have a record before it counts.")] = 2,
    bodies_file: Bodies = None,
    cluster: Cluster = "jauap",
) -> None:
    """Print the topics as Strimzi's KafkaTopic resources, those of bodies that have, or had, access among them.

    To delete such a resource is to delete the topic and all that stands on it, unless the broker refuses.

    Example: jauap topics kubernetes --bodies-file bodies.json > topics.yaml
    """
    deployment = Deployment(
        partitions=partitions,
        replication=replication,
        min_insync=min_insync,
        bodies=tuple(_with_topics(bodies_file)),
    )
    typer.echo(strimzi.as_yaml(strimzi.topics(deployment, cluster)), nl=False)


def target(
    kafka: str | None,
    data_dir: Path,
    partitions: int | None,
    replication: int | None,
    min_insync: int | None,
    bodies_file: Path | None,
) -> tuple[str, Deployment]:
    """The broker's address and the deployment's numbers.

    They are as given; else those of the stack in the folder, if it is its broker; else as the broker's topics have
    them; else, on a broker without any, those of a first trial.
    """
    stack = None if None not in (kafka, partitions, replication, min_insync, bodies_file) else stack_of(data_dir)
    address = kafka or (stack.kafka if stack else None)
    if address is None:
        raise _failed(f"There is no stack in {data_dir}. Start one with jauap stack up, or give the broker by --kafka.")
    told = Deployment(partitions=PARTITIONS)
    if stack and stack.kafka == address:
        bodies_file = bodies_file or Path(stack.bodies)
        told = Deployment(partitions=stack.partitions, replication=stack.replication, min_insync=stack.min_insync)
    elif None in (partitions, replication, min_insync):
        told = _of_the_broker(address) or told
    return address, Deployment(
        partitions=partitions or told.partitions,
        replication=replication or told.replication,
        min_insync=min_insync or told.min_insync,
        bodies=tuple(_with_topics(bodies_file)),
    )


def _of_the_broker(address: str) -> Deployment | None:
    try:
        return topics.numbers(address)
    except TopicsError as error:
        raise _failed(str(error)) from error


def _with_topics(bodies_file: Path | None) -> frozenset[str]:
    try:
        return BodyList(bodies_file).with_topics()
    except UnusableList as error:
        raise _failed(str(error)) from error


def stack_of(data_dir: Path) -> Addresses | None:
    """The stack in a folder; None: there is none. Ends the command where it can't be read."""
    try:
        return Addresses.load(data_dir)
    except StackError as error:
        raise _failed(str(error)) from error


def _failed(words: str) -> typer.Exit:
    typer.echo(words, err=True)
    return typer.Exit(FAILED)


def _print(found: list[Change] | list[Drift], lines: list[str], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(msgspec.to_builtins(found), indent=2))
    else:
        typer.echo("\n".join(lines))


def _change(change: Change) -> str:
    if change.what == "created":
        return f"{change.topic}: created"
    return f"{change.topic}: {change.setting} was {change.before}, is {change.after or 'the default'}"


def _drift(drift: Drift) -> str:
    match drift.what:
        case "missing":
            return f"{drift.topic}: is not on the broker; jauap topics apply creates it"
        case "extra":
            return f"{drift.topic}: is on the broker, and no file describes it"
        case "partitions":
            return f"{drift.topic}: has {drift.found} partitions, the deployment {drift.wanted}; this can't be changed"
        case "replication":
            return f"{drift.topic}: has {drift.found} copies, the deployment {drift.wanted}; reassign its partitions"
        case "config":
            wanted = drift.wanted or "the default"
            return f"{drift.topic}: {drift.setting} is {drift.found}, should be {wanted}; jauap topics apply alters it"
