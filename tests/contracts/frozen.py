"""What was released and stays as it is: `frozen.json` knows each released schema, golden log, database and topic.

python -m tests.contracts.frozen    adds what came since; what is there is never changed by it

Schemas and topics of `OPEN` are not out yet and may still change in place. The day they go out, take them off that
list and run the command.
"""

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from jauap.messaging.avro import released
from jauap.messaging.topics import Topic, load
from tests.contracts.records import FOLDER_OF, RECORDS, Json

ROOT = Path(__file__).parents[2]
FILE = Path(__file__).with_suffix(".json")
SCHEMAS = ROOT / "src/jauap/schemas/released"
GOLDEN = Path(__file__).parent / "golden"
DATABASES = ROOT / "tests/projections/releases"
OPEN = ("feeds", "submissions")
"""Folders of records that no release has brought yet."""


def is_open(record: str) -> bool:
    """Whether a record may still change in place."""
    return FOLDER_OF.get(record) in OPEN


def files() -> dict[str, str]:
    """Path from the root and SHA-256 of every released schema, golden log and release's database, as they are now."""
    found = [
        SCHEMAS / name / f"{version}.avsc"
        for name, all_of in released().items()
        for version in all_of
        if not is_open(name)
    ]
    found += [*GOLDEN.glob("*/*.gz"), *DATABASES.glob("*/*.gz"), *DATABASES.glob("*/*.sql")]
    return {str(file.relative_to(ROOT)): hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(found)}


def topics() -> dict[str, Json]:
    """What each topic's page promises to those who read and write it, as it is now."""
    return {page.name: _promise(page) for page in load() if not any(is_open(record) for record in page.records)}


def _promise(page: Topic) -> Json:
    return {
        "key": page.key,
        "partitions": page.partitions,
        "retention": page.retention,
        "largest": int(page.config["max.message.bytes"]),
        "records": sorted(page.records),
    }


def kept() -> Json:
    """What is frozen."""
    return json.loads(FILE.read_text()) if FILE.exists() else {"files": {}, "topics": {}}


def changed_files(then: dict[str, str], now: dict[str, str]) -> Iterator[str]:
    """A sentence for each released file that is not what it was."""
    for path, sha256 in then.items():
        if now.get(path) == sha256:
            continue
        yield f"{path} {'differs from what was released' if path in now else 'is gone'}. {_why(path)}"


def _why(path: str) -> str:
    if DATABASES.name in Path(path).parts:
        return "A release's database is never recorded again: put the file back (git restore) and see its README.md."
    if path.endswith(".gz"):
        return "A golden log is never recorded again: put the file back (git restore) and see golden/README.md."
    folder, name = Path(path).parent, Path(path).parent.name
    newest = max(released().get(name, (0,)))
    following = newest + (name in RECORDS)
    return (
        "Records in logs were written with it, and other ministries' readers have a copy: put it back"
        f" (git restore {path}). Make your change in avro/{FOLDER_OF.get(name, '…')}/{name}.avsc and release"
        f" it as {folder}/{following}.avsc; a new field needs a default, a change of meaning a new record."
    )


def broken_promises(then: dict[str, Json], now: dict[str, Json]) -> Iterator[str]:
    """A sentence for each thing that a topic's page does not promise any more."""
    for name, promised in then.items():
        if name not in now:
            yield f"{name} is gone: its readers stand before a topic that nobody writes. Topics are never renamed."
            continue
        today = now[name]
        for what in ("key", "partitions", "retention"):
            if today[what] != promised[what]:
                yield f"{name}: {what} was {promised[what]!r}, and is {today[what]!r}. {UNCHANGEABLE[what]}"
        for record in sorted(set(promised["records"]) - set(today["records"])):
            yield (
                f"{name}: {record} is not among its records any more. It stands in logs, and readers wait for it: leave"
                " it there, and stop writing it if need be."
            )
        if today["largest"] < promised["largest"]:
            yield f"{name}: records of up to {promised['largest']} bytes were promised, now {today['largest']}."


UNCHANGEABLE = {
    "key": "Readers find a case's records in order by it; make a new topic.",
    "partitions": "Keys would change partitions and a case's order would be lost; make a new topic.",
    "retention": "Readers come back within what was promised.",
}


def main() -> None:
    """Add what came since; stop if anything that is frozen is not as it was."""
    then = kept()
    wrong = [*changed_files(then["files"], files()), *broken_promises(then["topics"], topics())]
    if wrong:
        sys.exit("\n".join(wrong))
    FILE.write_text(json.dumps({"files": files(), "topics": topics()}, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
