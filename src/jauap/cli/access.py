"""`jauap access`: who may do what on the broker, as the topic pages and the list of bodies say."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from jauap import bodies
from jauap.bodies import BodyList, UnusableList
from jauap.cli import topics as broker
from jauap.cli.addresses import DATA_DIR, AsJson, DataDir
from jauap.cli.printing import failed, say, say_json
from jauap.domain.bodies import Body
from jauap.messaging import access, strimzi, topics
from jauap.messaging.access import AccessError, Change, Drift
from jauap.messaging.connection import WrongAddress
from jauap.messaging.principals import PrincipalsRefused
from jauap.messaging.topics import TopicsError
from jauap.stack.credentials import password, write_secret

DRIFTED = 1
PAGE = "docs/how-to/subscribe-as-a-ministry.md"

app = typer.Typer(help="Who may do what on the broker.\n\nExample: jauap access check", no_args_is_help=True)

Kafka = Annotated[
    str | None,
    typer.Option(help="The broker, by the administrator's login. Default: the stack's.", envvar="JAUAP_KAFKA"),
]
Bodies = Annotated[
    Path | None,
    typer.Option(help="The deployment's list of bodies. Default: the stack's.", envvar="JAUAP_BODIES"),
]
Secrets = Annotated[
    Path | None,
    typer.Option(help="Folder with a file <principal>.password each. Default: the stack's.", envvar="JAUAP_SECRETS"),
]
Code = Annotated[str, typer.Argument(metavar="BODY", help="Code of the state body, see jauap body list.")]


class Target(NamedTuple):
    """What the commands work on."""

    kafka: str
    bodies: Path
    secrets: Path
    reached: dict[str, str]
    """Where other ministries come in, as far as it is known: brokers, documents, and the authority's certificate."""

    def listed(self) -> BodyList:
        """The list of bodies."""
        return BodyList(self.bodies if self.bodies.exists() else None)

    def body(self, code: str) -> Body:
        """The body with this code; ends the command if there is none."""
        for body in self.listed().all():
            if body.code == code:
                return body
        raise failed(f"There is no body {code}.", "See jauap body list, or add it: jauap body add --help.")

    def password(self, principal: str) -> str:
        """The password in a principal's file; made if there is none."""
        return password(self.secrets, principal)


@app.command()
def check(
    *,
    kafka: Kafka = None,
    bodies_file: Bodies = None,
    secrets: Secrets = None,
    data_dir: DataDir = DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Say where the broker's access differs from the topic pages and the list of bodies, both ways.

    Exit status 1 if it does.

    Example: jauap access check --json
    """
    with _plain_errors():
        target = target_of(kafka, bodies_file, secrets, data_dir)
        listed = target.listed()
        drifts = access.check(target.kafka, listed.with_access(), listed.with_topics())
    if as_json:
        say_json(drifts)
    else:
        say("\n".join(map(_drift, drifts)) or "The broker agrees with the topic pages and the list of bodies.")
    if drifts:
        raise typer.Exit(DRIFTED)


@app.command("apply")
def apply_access(
    *,
    kafka: Kafka = None,
    bodies_file: Bodies = None,
    secrets: Secrets = None,
    data_dir: DataDir = DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Make the broker agree: logins and rights that are missing, limits of bodies, and no right too many.

    A principal that can't log in yet gets the password in <principal>.password, which is made if there is none.

    Example: jauap access apply
    """
    with _plain_errors():
        changes = _apply(target_of(kafka, bodies_file, secrets, data_dir))
    if as_json:
        say_json(changes)
    else:
        say("\n".join(map(_change, changes)) or "Nothing to change.")


@app.command()
def grant(  # noqa: PLR0913 - what a deployment is made of, each by name
    body: Code,
    *,
    kafka: Kafka = None,
    bodies_file: Bodies = None,
    secrets: Secrets = None,
    data_dir: DataDir = DATA_DIR,
    partitions: broker.Partitions = None,
    replication: broker.Replication = None,
    min_insync: broker.MinInsync = None,
    as_json: AsJson = False,
) -> None:
    """Give a body access: its two topics, its login, its rights and limits. Safe to repeat.

    Its password stands in a file, which you hand over by a safe way. Its feed tells it all that was ever forwarded
    to it.

    Example: jauap access grant MIA
    """
    with _plain_errors():
        target = target_of(kafka, bodies_file, secrets, data_dir)
        found = target.body(body)
        if found.access != "granted":  # a password that was handed over before is not good again
            write_secret(target.secrets, body, access.new_password())
            access.set_password(target.kafka, body, target.password(body))
        bodies.put(target.bodies, bodies.with_access(found, "granted"))
        address, deployment = broker.target(target.kafka, data_dir, partitions, replication, min_insync, target.bodies)
        topics.apply(address, deployment.partitions, deployment.replication, deployment.min_insync, deployment.bodies)
        changes = _apply(target)
    told = {
        **target.reached,
        "principal": body,
        "password_file": str(target.secrets / f"{body}.password"),
        "feed": f"jauap.feed.{body}",
        "submit": f"jauap.submit.{body}",
        "groups": f"{body}.",
    }
    if as_json:
        say_json({**told, "changes": changes})
        return
    say(f"{body} has access. Hand these over:")
    for name, value in told.items():
        say(f"  {name:<14} {value}")
    say(f"The rest stands in {PAGE}.")


@app.command()
def rotate(
    principal: Annotated[str, typer.Argument(help="A process, such as intake, or a body's code.")],
    *,
    kafka: Kafka = None,
    bodies_file: Bodies = None,
    secrets: Secrets = None,
    data_dir: DataDir = DATA_DIR,
) -> None:
    """Give a principal a new password, in its file. The old one is good no more for new connections.

    A process of ours reads its password when it starts: start it again. A body that is connected is asked to log in
    again within an hour.

    Example: jauap access rotate intake
    """
    with _plain_errors():
        target = target_of(kafka, bodies_file, secrets, data_dir)
        if principal not in {*access.processes(), *access.outside(target.listed().with_access())}:
            raise failed(
                f"{principal} is neither a process nor a body with access.",
                f"Processes are {', '.join(access.processes())}; jauap body list says which bodies have access.",
            )
        new = access.new_password()
        access.set_password(target.kafka, principal, new)
        write_secret(target.secrets, principal, new)
    say(f"{principal} has a new password, in {target.secrets / f'{principal}.password'}.")


@app.command()
def revoke(
    body: Code,
    *,
    kafka: Kafka = None,
    bodies_file: Bodies = None,
    secrets: Secrets = None,
    data_dir: DataDir = DATA_DIR,
) -> None:
    """Take a body's access away, at once. Its topics stay, and nothing more is written to its feed.

    Example: jauap access revoke MIA
    """
    with _plain_errors():
        target = target_of(kafka, bodies_file, secrets, data_dir)
        found = target.body(body)
        if found.access == "none":
            raise failed(f"{body} never had access.", "See jauap body list.")
        bodies.put(target.bodies, bodies.with_access(found, "revoked"))
        _apply(target)
        access.shut_out(target.kafka, body)
        (target.secrets / f"{body}.password").unlink(missing_ok=True)
    say(f"{body} has no access any more.")


@app.command()
def kubernetes(*, bodies_file: Bodies = None, cluster: broker.Cluster = "jauap") -> None:
    """Print the logins and rights of our own processes as Strimzi's KafkaUser resources.

    Those of bodies are not among them: a login is a body's code, and Kubernetes allows no upper case in a name.

    Example: jauap access kubernetes --bodies-file bodies.json > users.yaml
    """
    with _plain_errors():
        granted = BodyList(bodies_file).with_access()
    typer.echo(strimzi.as_yaml(strimzi.users(granted, cluster)), nl=False)


def target_of(kafka: str | None, bodies_file: Path | None, secrets: Path | None, data_dir: Path) -> Target:
    """What the options, the environment and the stack in the folder name together; ends the command where one lacks."""
    stack = None if None not in (kafka, bodies_file, secrets) else broker.stack_of(data_dir)
    if stack is not None and stack.secrets is not None:
        reached = {"servers": stack.clients, "http": stack.http, "ca_file": stack.authority}
        return Target(
            kafka or stack.kafka,
            bodies_file or Path(stack.bodies),
            secrets or stack.secrets,
            reached if kafka in (None, stack.kafka) else {},
        )
    if kafka is None or bodies_file is None or secrets is None:
        raise failed(
            f"There is no stack in {data_dir}.",
            "Name its folder with --data-dir; or say all of --kafka, --bodies-file and --secrets.",
        )
    return Target(kafka, bodies_file, secrets, {})


def _apply(target: Target) -> list[Change]:
    listed = target.listed()
    return access.apply(target.kafka, listed.with_access(), listed.with_topics(), target.password)


@contextmanager
def _plain_errors() -> Iterator[None]:
    try:
        yield
    except (AccessError, PrincipalsRefused, TopicsError, UnusableList, WrongAddress) as error:
        raise failed(str(error), "Nothing is half done that the same command does not finish.", code=2) from error
    except OSError as error:
        raise failed(f"{error.filename or 'A file'} can't be used: {error.strerror}.", code=2) from error


def _drift(drift: Drift) -> str:
    match drift.what:
        case "missing":
            return f"{drift.principal}: may not {drift.right}; jauap access apply gives it"
        case "extra":
            return f"{drift.principal}: may {drift.right}, which no page says; jauap access apply takes ours off"
        case "user-missing":
            return f"{drift.principal}: can't log in; jauap access apply makes its login"
        case "user-extra":
            return f"{drift.principal}: can log in, and is neither a process nor a body of the list"
        case "quota":
            return f"{drift.principal}: is limited to {drift.found}, not to {drift.wanted}; jauap access apply sets it"


def _change(change: Change) -> str:
    match change.what:
        case "given":
            return f"{change.principal}: may {change.right}"
        case "taken":
            return f"{change.principal}: may no more {change.right}"
        case "user-made":
            return f"{change.principal}: can log in"
        case "limited":
            return f"{change.principal}: is limited as bodies are"
        case "unlimited":
            return f"{change.principal}: is not limited any more"
