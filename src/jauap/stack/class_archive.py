"""Class archives: what halves the start of a Java program.

pip's Java comes without even the archive of its own classes. So each program runs once for the
list of the classes that it loads, and the virtual machine writes them down, parsed and verified.
An archive that does not fit (another Java, changed jars) is ignored by the virtual machine.
"""

import dataclasses
import shutil
import signal
import subprocess
import time
from pathlib import Path

from jauap.stack import process
from jauap.stack.broker import Broker
from jauap.stack.errors import StackError
from jauap.stack.folder import Folder
from jauap.stack.jvm import Jvm
from jauap.stack.part import Part
from jauap.stack.schema_registry import SchemaRegistry
from jauap.stack.settings import Settings

_PAUSE = 0.1


def build(cache: Path, broker: Jvm, registry: Jvm) -> dict[str, Path]:
    """Archives for Kafka and the registry, as files in `cache` that the caller puts in place.

    Only one process at a time may build in a cache.
    """
    folder = Folder.at(cache / "training")
    _clear(folder)
    folder.create()
    try:
        settings = Settings.load_or_create(folder, partitions=1)
        listing_broker = _listing(broker, folder, "kafka")
        listing_registry = _listing(registry, folder, "registry")
        _run_once(
            folder,
            [
                Broker(folder, settings, lambda: listing_broker),
                SchemaRegistry(folder, settings, lambda: listing_registry),
            ],
        )
        return _dump(cache, folder, {"kafka": broker, "registry": registry})
    finally:
        _clear(folder)


def _clear(folder: Folder) -> None:
    """End what runs there, also what an earlier command left when it was killed."""
    found = [process.Record.read(path) for path in folder.run.glob("*.json")]
    process.stop((record, signal.SIGKILL, 10.0) for record in found if record is not None)
    shutil.rmtree(folder.root, ignore_errors=True)


def _listing(jvm: Jvm, folder: Folder, part: str) -> Jvm:
    return dataclasses.replace(jvm, extra=(f"-XX:DumpLoadedClassList={_list(folder, part)}",))


def _list(folder: Folder, part: str) -> Path:
    return folder.run / f"{part}.classes"


def _run_once(folder: Folder, parts: list[Part]) -> None:
    """Both at once, until they are ready."""
    records = []
    try:
        for part in parts:
            part.prepare()
            record = process.start(folder, part.name, part.launch())
            records.append((record, part.stop_signal, part.grace))
        for part in parts:
            _await(folder, part)
    finally:
        process.stop(records)


def _await(folder: Folder, part: Part) -> None:
    deadline = time.monotonic() + part.patience
    while not part.ready():
        record = process.Record.read(folder.record(part.name))
        if record is None or not record.alive() or time.monotonic() > deadline:
            raise StackError(
                f"{part.name} did not start for its first run:"
                f" {' / '.join(process.last_lines(folder.log(part.name), 5))}",
                "Try again; if it stays so, check free memory and the Java.",
            )
        time.sleep(_PAUSE)


def _dump(cache: Path, folder: Folder, jvms: dict[str, Jvm]) -> dict[str, Path]:
    """Let each virtual machine write its archive, side by side."""
    archives = {part: cache / f"{part}.jsa.new" for part in jvms}
    dumps = [_start_dump(archives[part], folder, part, jvm) for part, jvm in jvms.items()]
    for dump in dumps:
        dump.wait()
    for archive in archives.values():
        archive.touch()  # an empty file stands for one that could not be written
    return archives


def _start_dump(archive: Path, folder: Folder, part: str, jvm: Jvm) -> subprocess.Popen[bytes]:
    archive.unlink(missing_ok=True)
    options = [
        "-Xshare:dump",
        f"-XX:SharedClassListFile={_list(folder, part)}",
        f"-XX:SharedArchiveFile={archive}",
    ]
    return subprocess.Popen(
        jvm.command(folder.scratch(part), options),
        env=jvm.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
