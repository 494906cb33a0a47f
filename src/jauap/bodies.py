"""The deployment's state bodies: those that ship with this release, and what its own list adds or says otherwise.

The list is a JSON file of the same form as the shipped one. It also says which bodies have access to the broker.
"""

from fcntl import LOCK_EX, flock
from importlib.resources import files
from pathlib import Path

import msgspec
import structlog

from jauap.domain.bodies import Access, Body, parse_bodies

log = structlog.get_logger(__name__)


class UnusableList(Exception):
    """The deployment's list of bodies can't be read or used; the message says why."""


def shipped() -> tuple[Body, ...]:
    """The state bodies that ship with this release, in their order."""
    return parse_bodies(files("jauap.domain").joinpath("bodies.json").read_bytes())


class BodyList:
    """The bodies of a deployment, as its list is now. Cheap to ask: the file is read when it has changed."""

    def __init__(self, file: Path | None) -> None:
        """None: the deployment adds nothing to what ships, and nobody has access. Raises UnusableList."""
        self._file = file
        self._read_at: tuple[int, int] | None = None
        self._bodies = shipped()
        if file is not None:
            self._bodies, self._read_at = _together(_own(file)), _changed_at(file)

    def all(self) -> tuple[Body, ...]:
        """All of them. A list that can't be used any more is told, and the last good one holds."""
        if self._file is not None and _changed_at(self._file) != self._read_at:
            self._read_at = _changed_at(self._file)
            try:
                self._bodies = _together(_own(self._file))
                log.info("list of bodies read anew")
            except UnusableList as wrong:
                log.warning("the list of bodies can't be used, the one before holds", reason=str(wrong))
        return self._bodies

    def codes(self) -> frozenset[str]:
        """Their codes."""
        return frozenset(body.code for body in self.all())

    def with_access(self) -> frozenset[str]:
        """Codes of those that have access."""
        return frozenset(body.code for body in self.all() if body.access == "granted")

    def with_topics(self) -> frozenset[str]:
        """Codes of those that have, or once had, access: their topics stay."""
        return frozenset(body.code for body in self.all() if body.access != "none")


def put(file: Path, body: Body) -> None:
    """Write one body into the deployment's list, in place of what it says of that code. Raises UnusableList.

    Who writes at the same time has its turn after.
    """
    draft = file.with_name(f".{file.name}.new")
    try:
        with file.with_name(f".{file.name}.lock").open("w") as turn:
            flock(turn, LOCK_EX)  # given back when the file is closed, however this ends
            kept = [one for one in _own(file) if one.code != body.code] if file.exists() else []
            content = msgspec.json.format(msgspec.json.encode([*kept, body]), indent=2)
            draft.write_bytes(content + b"\n")
            draft.replace(file)
    except OSError as error:
        raise UnusableList(f"{file} can't be written: {error.strerror}") from error


def with_access(body: Body, access: Access) -> Body:
    """The same body with another access."""
    return msgspec.structs.replace(body, access=access)


def _own(file: Path) -> tuple[Body, ...]:
    try:
        return parse_bodies(file.read_bytes())
    except OSError as error:
        raise UnusableList(f"{file} can't be read: {error.strerror}") from error
    except ValueError as error:
        raise UnusableList(f"{file} can't be used: {error}") from error


def _together(own: tuple[Body, ...]) -> tuple[Body, ...]:
    said = {body.code: body for body in own}
    known = shipped()
    added = [body for body in own if body.code not in {one.code for one in known}]
    return (*(said.get(body.code, body) for body in known), *added)


def _changed_at(file: Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino
