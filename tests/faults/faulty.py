"""A service or the projector as ever, in which marked cases fail while a flag file says so: `faulty SERVICE`.

The file that JAUAP_TEST_FAULTS_FLAG names holds {"how": …, "cases": […]}: the cases' decisions throw (`decision`),
their records can't be decoded (`decode`), or the schemas of their commands and records are unknown (`schema`).
"""

import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from jauap import process
from jauap.messaging import folding, incoming, service
from jauap.messaging.avro import Undecodable, UnknownSchema
from jauap.stop import Stop

FLAG = "JAUAP_TEST_FAULTS_FLAG"
UNMARKED = ("projector", "liaison")
"""They decide nothing, so no decision of theirs fails."""


class OnPurpose(Exception):
    """A fault of ours, in a trial."""


def fails(case_id: str, *kinds: str) -> bool:
    """Whether a case fails now, in one of these ways."""
    try:
        flag = json.loads(Path(os.environ[FLAG]).read_text())
    except (KeyError, FileNotFoundError):
        return False
    return flag["how"] in kinds and case_id in flag["cases"]


class NothingReadable:
    """A codec of a release that is too old."""

    def decode(self, *_: object) -> object:
        raise UnknownSchema("Newer", 2)


class NothingDecodable:
    """A codec that trips over every byte."""

    def decode(self, *_: object) -> object:
        raise Undecodable("on purpose")


def spoil() -> None:
    """Make marked cases fail in this process."""
    count, read_command = folding._count, incoming.read_command

    def counting(track: Any, service: Any, chain: Any, message: Any, headers: Any, codec: Any) -> Any:
        if fails(track.case.case_id, "decode"):
            codec = NothingDecodable()
        elif fails(track.case.case_id, "schema"):
            codec = NothingReadable()
        return count(track, service, chain, message, headers, codec)

    def reading(message: Any, codec: Any, kinds: Any, partitions: int) -> Any:
        case_id = (message.key or b"").decode(errors="replace")
        able: Any = NothingReadable() if fails(case_id, "schema") else codec
        return read_command(message, able, kinds, partitions)

    folding._count, incoming.read_command = counting, reading


def main(name: str) -> int:
    """Run it."""
    spoil()
    if name in UNMARKED:
        return process.run(name, Stop())
    app: Any = importlib.import_module(f"services.{name}.app")

    def make(given: Any) -> Any:
        decider = app.make(given)
        for method in ("decide", "reconcile"):
            setattr(decider, method, _throwing(getattr(decider, method)))
        return decider

    if name == "deadlines":
        app.on_trial = lambda: False  # its clock is set by hand here, and must be checked all the same
    return process.run(name, Stop(), lambda life: service.run(make, life))


def _throwing(method: Any) -> Any:
    def decide(case: Any, *given: Any) -> Any:
        if fails(case.case_id, "decision"):
            raise OnPurpose(case.case_id)
        return method(case, *given)

    return decide


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
