"""`jauap do NAME`: a command whose options are made from its model, so that a person needs no JSON."""

import inspect
import mimetypes
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from jauap import schemas
from jauap.cli import orders, shorthand
from jauap.cli.addresses import AsJson
from jauap.cli.models import Field, fields
from jauap.cli.orders import NAME_THEIR_CASE, Fault, Malformed
from jauap.cli.printing import failed
from jauap.cli.submission import Own, OwnWait, Submission, actor, malformed
from jauap.documents import NoSuchDocument, digest
from jauap.domain.commands import SERVICE_OF, Command
from jauap.domain.facts import Document
from jauap.messaging.sender import Order

Case = Annotated[str | None, typer.Option("--case", "--case-id", help="Id of the case, such as KAZ-3-2026.")]
CommandId = Annotated[
    str | None,
    typer.Option(
        "--command-id", help="Id of this command: a repeat with the same id does nothing. Left out, one is made."
    ),
]
Actor = Annotated[
    str | None, typer.Option("--actor", help="Who asks, as you declare it. [default: JAUAP_ACTOR, or the user]")
]
Expected = Annotated[
    list[str] | None,
    typer.Option(
        "--expected",
        metavar="SERVICE:NUMBER",
        help="The last entry of a service that you saw; refused if there is another. Repeatable.",
    ),
]


def command(kind: type[Command]) -> Callable[..., None]:
    """The function behind `jauap do NAME`: typer reads its options from the signature, which the model gives."""

    def run(
        ctx: typer.Context,
        *,
        wait: float | None,
        as_json: bool,
        data_dir: Path | None,
        **given: Any,  # noqa: ANN401
    ) -> None:
        raise typer.Exit(_from_options(kind, given, Submission(ctx, wait, data_dir, as_json=as_json)))

    around = {
        "case_id": Case, "command_id": CommandId, "actor": Actor, "expected": Expected,
        "wait": OwnWait, "as_json": AsJson, "data_dir": Own,
    }  # fmt: skip
    own = {field.name: _option(field) for field in fields(kind).values()}
    run.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context),
            *(
                inspect.Parameter(
                    name,
                    inspect.Parameter.KEYWORD_ONLY,
                    default=False if name == "as_json" else None,
                    annotation=annotation,
                )
                for name, annotation in (own | around).items()
            ),
        ]
    )
    run.__doc__ = _help(kind)
    return run


def _from_options(kind: type[Command], given: dict[str, Any], submission: Submission) -> int:
    """Make an order of a command's options, take its documents in, and send it."""
    files: list[Path] = []
    try:
        content = _content(kind, given)
        for field in fields(kind).values():
            if field.kind is Document:
                numbered = enumerate(content.get(field.name, []), 1)
                content[field.name] = [_document(one, at, submission, files) for at, one in numbered]
        order = orders.order({name: value for name, value in content.items() if value not in (None, [])}, actor())
    except Malformed as wrong:
        raise malformed(
            [Fault(place=kind.__name__, field=_as_option(kind, wrong.field), rule=wrong.rule)],
            of=1,
            as_json=submission.as_json,
        ) from None
    for path in files:
        _take_in(submission, path, order)
    return submission.send([order])


def _content(kind: type[Command], given: dict[str, Any]) -> dict[str, Any]:
    """The flat object that the options say. Raises Malformed."""
    own = fields(kind)
    missing = [shorthand.option(field) for field in own.values() if field.required and not given[field.name]]
    if kind not in NAME_THEIR_CASE and not given["case_id"]:
        missing.insert(0, "--case")
    if missing:
        raise Malformed("", f"required: {', '.join(missing)}")
    content = {
        name: _value(own[name], value) if name in own else value for name, value in given.items() if value is not None
    }
    return {**content, "command": kind.__name__, "expected": _expected(given.get("expected") or [])}


def _value(field: Field, value: Any) -> Any:  # noqa: ANN401 - JSON content
    if field.many:
        return [shorthand.read(field, one) for one in value]
    return value if isinstance(value, bool) else shorthand.read(field, value)


def _expected(texts: list[str]) -> dict[str, int]:
    found = {}
    for text in texts:
        service, _, number = text.partition(":")
        if not number.isascii() or not number.isdigit():
            raise Malformed("--expected", "is written intake:3")
        found[service] = int(number)
    return found


def _document(content: dict[str, Any], number: int, submission: Submission, files: list[Path]) -> dict[str, Any]:
    """A document's entry: of a file to be taken in, or of one that the store has. Raises Malformed.

    A file's name is never taken as the title: it may name a private person.
    """
    content = {"title": f"Document {number}", **content}
    if shorthand.FILE not in content:
        if "size" not in content:
            content["size"] = _size(content.get("sha256", ""), submission)
        return {"media_type": "application/octet-stream", **content}
    path = Path(content.pop(shorthand.FILE)).expanduser()
    files.append(path)
    try:
        with path.open("rb") as stream:
            sha256, size = digest(stream)
    except OSError as error:
        raise Malformed("documents", f"no. {number} can't be read: {error.strerror}") from None
    return {"sha256": sha256, "size": size, "media_type": media_type(path), **content}


def media_type(path: Path) -> str:
    """The IANA media type that a file's name suggests."""
    return mimetypes.guess_type(path.name)[0] or "application/octet-stream"


def _size(sha256: str, submission: Submission) -> int:
    try:
        stream, size = submission.store().sized(sha256)
        stream.close()
    except NoSuchDocument:
        raise Malformed("documents", "the store has no document with this hash; give a file, or the size too") from None
    except OSError as error:
        raise failed(f"{error.filename} can't be read: {error.strerror}.", "Nothing was sent.") from error
    return size


def _take_in(submission: Submission, path: Path, order: Order) -> None:
    """Put a file into the store; it must still be what the order says."""
    documents: tuple[Document, ...] = getattr(order.command, "documents", ())
    try:
        sha256, size = submission.store().add(path)
    except OSError as error:
        raise failed(
            f"{path} could not be taken into the document store: {error.strerror}.", "Nothing was sent."
        ) from error
    if not any((document.sha256, document.size) == (sha256, size) for document in documents):
        raise failed(f"{path} changed while it was read.", "Nothing was sent; try again.")


def _as_option(kind: type[Command], path: str) -> str:
    """`bodies[0].due` as the person wrote it: `--body[0].due`."""
    name = path.partition(".")[0].partition("[")[0]
    if name == "case_id":
        return "--case"
    field = fields(kind).get(name)
    return path if field is None else f"{shorthand.option(field)}{path[len(name) :]}"


def _option(field: Field) -> Any:  # noqa: ANN401 - a type made at run time
    flag = shorthand.option(field)
    text = f"{field.description}{' Repeatable.' if field.many else ''}{' [required]' if field.required else ''}"
    if field.kind is bool:
        return Annotated[
            bool | None, typer.Option(f"{flag}/{flag.replace('--', '--no-', 1)}", help=text, show_default=False)
        ]
    return Annotated[
        list[str] | None if field.many else str | None, typer.Option(flag, metavar=shorthand.sample(field), help=text)
    ]


def _help(kind: type[Command]) -> str:
    name = kind.__name__
    words = shorthand.example(name, kind, msgspec.json.decode(example_text(name)))
    lines, rest = [" ".join(words[:3])], words[3:]
    while rest:
        # An option and its value stand on one line; a flag has none.
        size = 2 if len(rest) > 1 and not rest[1].startswith("--") else 1
        lines.append(shlex.join(rest[:size]))
        rest = rest[size:]
    example = " \\\n    ".join(lines)
    return f"{kind.__doc__} Decided by {SERVICE_OF[name]}.\n\n\b\nExample: {example}\n"


def example_text(name: str) -> str:
    """The complete valid example of a command, as the contract has it."""
    return schemas.text(f"examples/commands/{name}.json")
