"""How a Java part is run: quick to start, modest with memory."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jauap.stack.java import Java

# One compiler tier and the serial collector: half the start, two thirds of the memory.
_FLAGS = (
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-XX:-UsePerfData",
    "-XX:+ExitOnOutOfMemoryError",
    "-Djava.awt.headless=true",
)


@dataclass(frozen=True)
class Jvm:
    """A Java, the jars that it runs, and an archive of their classes, parsed in advance (or none).

    `heap` is in MB; `extra` are further options of the virtual machine.
    """

    java: Java
    jars: tuple[Path, ...]
    heap: int
    archive: Path | None = None
    extra: tuple[str, ...] = ()

    def command(self, scratch: Path, arguments: Sequence[str]) -> list[str]:
        """The command line for a program that keeps its temporary files in `scratch`."""
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(mode=0o700, parents=True)
        archive = [f"-XX:SharedArchiveFile={self.archive}"] if self.archive else []
        return [
            str(self.java.path),
            f"-Xmx{self.heap}m",
            *_FLAGS,
            *archive,
            *self.extra,
            f"-Djava.io.tmpdir={scratch}",
            *arguments,
        ]

    def environment(self) -> dict[str, str]:
        """The inherited environment with the class path in it."""
        return {**os.environ, "CLASSPATH": os.pathsep.join(str(jar) for jar in self.jars)}
