"""`jauap contract`: what others build on, as a document for programs and as a page for people."""

import json
from typing import Annotated

import typer

from jauap.cli import contract_page
from jauap.cli.asyncapi import PRODUCTION, document
from jauap.messaging.topics import Deployment

app = typer.Typer(help="The contract: topics, records, headers, promises.", no_args_is_help=True)

Internal = Annotated[bool, typer.Option("--internal", help="With our own topics, for whoever runs the system.")]
Partitions = Annotated[int, typer.Option(min=1, help="The deployment's partition count.", envvar="JAUAP_PARTITIONS")]
Replication = Annotated[int, typer.Option(min=1, help="Copies of each topic.", envvar="JAUAP_REPLICATION")]
MinInsync = Annotated[int, typer.Option(min=1, help="Copies that must have a record.", envvar="JAUAP_MIN_INSYNC")]


@app.command()
def asyncapi(
    *,
    internal: Internal = False,
    partitions: Partitions = PRODUCTION.partitions,
    replication: Replication = PRODUCTION.replication,
    min_insync: MinInsync = PRODUCTION.min_insync,
) -> None:
    """Print the AsyncAPI 3 document, made from topic pages and schemas.

    Example: jauap contract asyncapi > docs/reference/asyncapi.json
    """
    deployment = Deployment(partitions=partitions, replication=replication, min_insync=min_insync)
    typer.echo(json.dumps(document(deployment, internal=internal), indent=1, ensure_ascii=False))


@app.command()
def page(*, internal: Internal = False) -> None:
    """Print the contract as one HTML page, without scripts: to be read, printed, or put on a website.

    Example: jauap contract page > docs/reference/contract.html
    """
    typer.echo(contract_page.html(internal=internal), nl=False)
