"""`jauap do`: ask the services to record something, from JSON or from options made from the commands' models."""

import getpass
import inspect
import mimetypes
import os
import shlex
import sys
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from typer.core import TyperGroup

from jauap import schemas
from jauap.cli import addresses, orders, sending, shorthand
from jauap.cli.addresses import DATA_DIR, AsJson, DataDir
from jauap.cli.models import Field, fields
from jauap.cli.orders import NAME_THEIR_CASE, Fault, Malformed
from jauap.cli.printing import failed, note, say, say_json
from jauap.documents import DocumentStore, NoSuchDocument, digest
from jauap.domain.commands import BY_NAME, SERVICE_OF, Command
from jauap.domain.facts import Document
from jauap.messaging.sender import Order

FILE = "FILE|-"
WAIT = 10.0

Own = Annotated[Path | None, typer.Option("--data-dir", help="The folder of the stack. [env var: JAUAP_DATA_DIR]")]
OwnWait = Annotated[
    float | None, typer.Option("--wait", metavar="SECONDS", help="How long to wait for the next outcome. [default: 10]")
]
Case = Annotated[str | None, typer.Option("--case", help="Id of the case, such as KAZ-3-2026.")]
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


class NamesAndFiles(TyperGroup):
    """A group of commands in which what is no command is a file of commands."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - typer keeps click's types to itself
        """The command of that name; otherwise the one that reads a file."""
        name = args[0]
        if name in self.commands:
            return super().resolve_command(ctx, args)
        if name != "-" and not Path(name).exists():
            near = get_close_matches(name, BY_NAME, n=1)
            hint = f"Did you mean {near[0]}? " if near else ""
            raise failed(
                f"{name} is neither a command nor a file.",
                f"{hint}jauap do --list names the commands.",
                sending.MALFORMED,
            )
        return super().resolve_command(ctx, [FILE, *args])


app = typer.Typer(cls=NamesAndFiles, invoke_without_command=True, subcommand_metavar="FILE|-|NAME [OPTIONS]")


@app.callback()
def do(  # noqa: PLR0913, PLR0917 - one for each option
    ctx: typer.Context,
    names: Annotated[bool, typer.Option("--list", help="Print the commands' names, a name a line.")] = False,  # noqa: FBT002
    schema: Annotated[str, typer.Option("--schema", metavar="NAME", help="Print the JSON Schema of a command.")] = "",
    example: Annotated[str, typer.Option("--example", metavar="NAME", help="Print a complete valid example.")] = "",
    wait: Annotated[
        float, typer.Option("--wait", metavar="SECONDS", min=0, help="How long to wait for the next outcome.")
    ] = WAIT,
    as_json: AsJson = False,  # noqa: FBT002
    data_dir: DataDir = DATA_DIR,
) -> None:
    """Ask the services to record something, and print each outcome as it comes.

    FILE (- for standard input) holds one command as a JSON object, a JSON list, or JSON lines: `command`, `case_id`
    and the command's own fields; `command_id`, `actor`, `expected` if you like. If one of them is malformed, none is
    sent. NAME takes the fields as options instead: see jauap do NAME --help.

    Exit status: 0 all accepted, 1 some refused, 2 malformed, 3 no final outcome yet. A command without an outcome is
    kept and decided later: jauap outcome COMMAND_ID tells. A command refused is on record too. A case's commands are
    sent in their order.

    Example: jauap do --example SendResponse | jauap do -
    """
    if names:
        say("\n".join(BY_NAME))
    elif schema:
        say_json(orders.json_schema(_known(schema)))
    elif example:
        say(_example(_known(example)).rstrip())
    elif ctx.invoked_subcommand is not None:
        ctx.obj = {"wait": wait, "as_json": as_json, "data_dir": data_dir}
        return
    else:
        typer.echo(ctx.get_help())
        raise typer.Exit(sending.MALFORMED)
    raise typer.Exit


@app.command(FILE, hidden=True)
def file(
    ctx: typer.Context,
    source: Annotated[str, typer.Argument(metavar=FILE)],
    wait: OwnWait = None,
    as_json: AsJson = False,  # noqa: FBT002
    data_dir: Own = None,
) -> None:
    """Send the commands in a file.

    Example: jauap do commands.json --wait 30
    """
    try:
        data = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except OSError as error:
        raise failed(f"{source} can't be read: {error.strerror}.", code=sending.MALFORMED) from error
    found, faults = orders.read(data, _actor())
    if faults:
        raise _malformed(faults, of=len(found) + len(faults))
    common = _Common(ctx, wait, data_dir, as_json=as_json)
    raise typer.Exit(common.send(found))


class _Common:
    """The options that may stand before or after the name of a command or file."""

    def __init__(self, ctx: typer.Context, wait: float | None, data_dir: Path | None, *, as_json: bool) -> None:
        self.wait: float = ctx.obj["wait"] if wait is None else wait
        self.data_dir: Path = data_dir or ctx.obj["data_dir"]
        self.as_json: bool = as_json or ctx.obj["as_json"]

    def store(self) -> DocumentStore:
        """The document store of the deployment."""
        return DocumentStore(Path(addresses.find(self.data_dir, "documents").documents))

    def send(self, found: list[Order]) -> int:
        """Send, print each outcome, and give the exit status."""
        where = addresses.find(self.data_dir, "kafka", "registry")
        last: dict[str, Any] = {}
        with sending.connected(where) as sender:
            for order, outcome in sending.outcomes(sender, found, self.wait):
                last[order.command_id] = outcome
                if self.as_json:
                    say_json(sending.as_object(order, outcome), indent=0)
                else:
                    typer.echo(sending.sentence(order, outcome))
        return sending.status(last.values())


def _malformed(faults: Iterable[Fault], of: int) -> typer.Exit:
    """Say all that is wrong; nothing was sent."""
    for fault in faults:
        note(str(fault))
    return failed("Nothing was sent." if of == 1 else f"None of the {of} commands was sent.", code=sending.MALFORMED)


def _known(name: str) -> str:
    if name not in BY_NAME:
        near = get_close_matches(name, BY_NAME, n=1)
        raise failed(
            "There is no such command.",
            f"Did you mean {near[0]}?" if near else "jauap do --list names them.",
            sending.MALFORMED,
        )
    return name


def _example(name: str) -> str:
    return schemas.text(f"examples/commands/{name}.json")


def _actor() -> str:
    """Who asks, as far as the machine knows."""
    declared = os.environ.get("JAUAP_ACTOR")
    if declared:
        return declared
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _from_options(kind: type[Command], given: dict[str, Any], common: _Common) -> int:
    """Make an order of a command's options, take its documents in, and send it."""
    files: list[Path] = []
    try:
        content = _content(kind, given)
        for field in fields(kind).values():
            if field.kind is Document:
                content.update(
                    {
                        field.name: [
                            _document(one, at, common, files) for at, one in enumerate(content.get(field.name, []), 1)
                        ]
                    }
                )
        order = orders.order({name: value for name, value in content.items() if value not in (None, [])}, _actor())
    except Malformed as wrong:
        raise _malformed(
            [Fault(place=kind.__name__, field=_as_option(kind, wrong.field), rule=wrong.rule)], of=1
        ) from None
    for path in files:
        _take_in(common, path, order)
    return common.send([order])


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


def _document(content: dict[str, Any], number: int, common: _Common, files: list[Path]) -> dict[str, Any]:
    """A document's entry: of a file to be taken in, or of one that the store has. Raises Malformed.

    A file's name is never taken as the title: it may name a private person.
    """
    content = {"title": f"Document {number}", **content}
    if shorthand.FILE not in content:
        if "size" not in content:
            content["size"] = _size(content.get("sha256", ""), common)
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


def _size(sha256: str, common: _Common) -> int:
    try:
        with common.store().open(sha256) as stream:
            return os.fstat(stream.fileno()).st_size
    except NoSuchDocument:
        raise Malformed("documents", "the store has no document with this hash; give a file, or the size too") from None


def _take_in(common: _Common, path: Path, order: Order) -> None:
    """Put a file into the store; it must still be what the order says."""
    documents: tuple[Document, ...] = getattr(order.command, "documents", ())
    try:
        sha256, size = common.store().add(path)
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


def _command(kind: type[Command]) -> Callable[..., None]:
    """The function behind `jauap do NAME`: typer reads its options from the signature, which the model gives."""

    def run(
        ctx: typer.Context,
        *,
        wait: float | None,
        as_json: bool,
        data_dir: Path | None,
        **given: Any,  # noqa: ANN401
    ) -> None:
        raise typer.Exit(_from_options(kind, given, _Common(ctx, wait, data_dir, as_json=as_json)))

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
    words = shorthand.example(name, kind, msgspec.json.decode(_example(name)))
    lines, rest = [" ".join(words[:3])], words[3:]
    while rest:
        # An option and its value stand on one line; a flag has none.
        size = 2 if len(rest) > 1 and not rest[1].startswith("--") else 1
        lines.append(shlex.join(rest[:size]))
        rest = rest[size:]
    example = " \\\n    ".join(lines)
    return f"{kind.__doc__} Decided by {SERVICE_OF[name]}.\n\n\b\nExample: {example}\n"


for _name, _kind in BY_NAME.items():
    app.command(_name)(_command(_kind))
