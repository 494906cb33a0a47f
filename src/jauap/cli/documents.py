"""`jauap documents`: the content-addressed store of documents."""

from pathlib import Path
from typing import Annotated

import typer

from jauap.cli import addresses
from jauap.cli.addresses import DATA_DIR, AsJson, DataDir
from jauap.cli.options import media_type
from jauap.cli.printing import failed, say, say_json

app = typer.Typer(no_args_is_help=True)


@app.callback()
def documents() -> None:
    """The document store: bytes, known by their SHA-256. A document's name is never kept.

    Example: jauap documents add letter.pdf
    """


@app.command()
def add(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="What to take in.")],
    as_json: AsJson = False,  # noqa: FBT002
    data_dir: DataDir = DATA_DIR,
) -> None:
    """Take files in, and print the SHA-256 of each, its size in bytes and its media type. A repeat is harmless.

    Commands name a document by these three, and a title that names no private person.

    Example: jauap documents add letter.pdf annex.docx
    """
    store = addresses.document_store(data_dir)
    added = []
    for file in files:
        try:
            sha256, size = store.add(file)
        except OSError as error:
            raise failed(f"{error.filename or file} can't be read or written: {error.strerror}.") from error
        added.append({"sha256": sha256, "size": size, "media_type": media_type(file)})
        if not as_json:
            say(f"{sha256}  {size}  {media_type(file)}")
    if as_json:
        say_json(added)
