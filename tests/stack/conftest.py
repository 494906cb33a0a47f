"""What the tests of the stack share: a stack of their own, and services that do nothing."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from jauap.stack.machine import Stack

OBEDIENT = """
import os, pathlib, signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
pathlib.Path(os.environ["JAUAP_READY_FILE"]).touch()
while True:
    signal.pause()
"""


def silent(_part: str, _message: str) -> None:
    """Nobody is told."""


def obedient(_name: str) -> Sequence[str]:
    """A service that is ready at once and stops when asked."""
    return [sys.executable, "-c", OBEDIENT]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack with two services that do nothing; each test brings it up itself."""
    stack = Stack(Path(tmp_path_factory.mktemp("stack")), ("intake", "routing"), service_command=obedient)
    yield stack
    stack.down(silent)
