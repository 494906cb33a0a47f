"""`jauap secrets`: passwords and certificates for a deployment of containers."""

from pathlib import Path
from typing import Annotated

import typer

from jauap.cli.addresses import AsJson
from jauap.cli.printing import failed, say, say_json
from jauap.messaging.connection import WrongAddress
from jauap.stack import container_secrets


def secrets(
    folder: Annotated[Path, typer.Argument(help="Holds `all`, and a folder for each that is given some.")],
    *,
    host: Annotated[
        list[str] | None, typer.Option(help="A name by which other ministries reach the brokers. May be repeated.")
    ] = None,
    owner: Annotated[
        list[str] | None,
        typer.Option(help="READER=NUMBER: whose files they are, where it is not the image's user. May be repeated."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make the secrets that a deployment of containers lacks, and hand each reader its own.

    Everything stands in FOLDER/all; what is there is kept. Each other folder in FOLDER is a reader: a process, kafka,
    postgres or registry. Repeat it after `jauap access rotate`, and the readers have the new password.

    Example: jauap secrets /secrets --host kafka.mfa.example --owner kafka=1000
    """
    try:
        owners = {reader: int(number) for reader, _, number in (one.partition("=") for one in owner or ())}
    except ValueError:
        raise failed("--owner must be READER=NUMBER, such as kafka=1000.", code=2) from None
    try:
        made = container_secrets.make(folder, host or ())
        handed = container_secrets.hand_out(folder, owners)
    except (OSError, WrongAddress) as error:
        raise failed(f"The secrets in {folder} can't be made: {error}.", code=2) from error
    if as_json:
        say_json({"made": made, "handed": handed})
        return
    say(f"made: {', '.join(made) or 'nothing, all was there'}")
    for reader, files in handed.items():
        say(f"{reader}: {', '.join(files)}")
