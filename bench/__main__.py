"""`python -m bench`: measure, print, and write the raw results as JSON."""

import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from bench import groups, machine, stacks
from bench.figures import QUICK, WHOLE, Figure, table
from bench.progress import say
from jauap import logs

RESULTS = Path(__file__).parent / "results"

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def bench(
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help=f"A group of figures ({', '.join(groups.NAMES)}); repeat it."),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="A hundred times smaller: to see that it works.")] = False,  # noqa: FBT002
    json: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where the raw results go [bench/results/<time>-<commit>.json].")
    ] = None,
) -> None:
    """Measure how fast the system is, next to what is possible on this machine.

    Each figure stands beside what the machine reached in the same run without our code: the ratio counts, because
    absolute figures of a shared machine vary from run to run.

    Example: python -m bench --only rebuild --only commands
    """
    logs.configure("bench", default="error")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is taken down
    names = tuple(only or groups.NAMES)
    unknown = sorted(set(names) - set(groups.NAMES))
    if unknown:
        raise typer.BadParameter(f"there is no {', '.join(unknown)}; there are {', '.join(groups.NAMES)}")
    at = datetime.now(UTC)
    scale = QUICK if quick else WHOLE
    document: dict[str, Any] = {
        "at": at.isoformat(timespec="seconds"),
        "quick": quick,
        "machine": machine.machine(),
        "versions": machine.versions(),
        "broker_jvm": scale.jvm or "set for a quick start",
        "partitions": stacks.PARTITIONS,
        "figures": [],
        "raw": {},
    }
    file = json or RESULTS / f"{at:%Y-%m-%dT%H%M}-{document['versions']['commit']}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    figures: list[Figure] = []
    for name, found in groups.measure(names, scale):
        figures += found.figures
        document["figures"], document["raw"][name] = [_as_json(figure) for figure in figures], found.raw
        file.write_bytes(msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")
    _print(document, figures)
    say(f"raw results: {file}")


def _as_json(figure: Figure) -> dict[str, Any]:
    return {**msgspec.structs.asdict(figure), "ratio": figure.ratio, "reached": figure.reached}


def _print(document: dict[str, Any], figures: list[Figure]) -> None:
    for part in ("machine", "versions"):
        typer.echo(", ".join(f"{name} {value}" for name, value in document[part].items()))
    typer.echo(f"broker: {document['partitions']} partitions, {document['broker_jvm']}")
    typer.echo()
    typer.echo("\n".join(table(figures)))


if __name__ == "__main__":
    app()
    sys.exit()
