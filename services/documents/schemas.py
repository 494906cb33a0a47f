"""The registry's read-only face: what a reader of Avro asks, of the schemas that are for other bodies to see."""

import json
import re
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from jauap.messaging.avro import OF_BODIES, subject
from jauap.messaging.registry import RegistryUnavailable
from jauap.messaging.topics import load

PUBLIC = "jauap.public"
PATIENCE = 5.0
AGAIN_SECONDS = 5.0
"""Who asks for ids that there are not makes the registry be asked no more often than this."""
VERSION = re.compile(r"latest|[1-9][0-9]{0,4}")


class Release(NamedTuple):
    """A subject's schema as the registry has it."""

    subject: str
    version: int
    number: int
    """The schema's id, which stands in each record."""
    schema: str


def shown() -> frozenset[str]:
    """The subjects of what bodies and the public read and write."""
    return frozenset(
        subject(page.name, record)
        for page in load()
        if page.name.startswith(OF_BODIES) or page.name == PUBLIC
        for record in page.records
    )


class Schemas:
    """The shown part of a registry, kept in memory: what was released never changes."""

    def __init__(self, url: str) -> None:
        """`url` is the root of a Confluent-compatible API; it is asked when somebody asks."""
        self._url = url.rstrip("/")
        self._lock = threading.Lock()
        self._releases: dict[tuple[str, int], Release] = {}
        self._read_at = float("-inf")

    def subjects(self) -> list[str]:
        """Names of the subjects. Raises RegistryUnavailable."""
        self._read()
        return sorted({release.subject for release in self._releases.values()})

    def by_id(self, number: int) -> Release | None:
        """The schema with an id. Raises RegistryUnavailable."""
        return self._found(lambda one: one.number == number)

    def version(self, name: str, version: str) -> Release | None:
        """A subject's version: a number, or `latest`. Raises RegistryUnavailable."""
        if VERSION.fullmatch(version) is None or name not in shown():
            return None
        if version != "latest":
            return self._found(lambda one: (one.subject, str(one.version)) == (name, version))
        self._read()
        return max((one for one in self._releases.values() if one.subject == name), default=None)

    def _found(self, wanted: Callable[[Release], bool]) -> Release | None:
        for _ in range(2):
            for release in list(self._releases.values()):
                if wanted(release):
                    return release
            self._read()
        return None

    def _read(self) -> None:
        """Look what is registered by now. Raises RegistryUnavailable, also where nothing was ever seen."""
        with self._lock:
            if time.monotonic() - self._read_at < AGAIN_SECONDS:
                return
            for name in shown():
                for version in self._ask(f"/subjects/{name}/versions") or ():
                    if (name, version) not in self._releases:
                        told = self._ask(f"/subjects/{name}/versions/{version}")
                        self._releases[name, version] = Release(name, version, told["id"], told["schema"])
            self._read_at = time.monotonic()

    def _ask(self, path: str) -> Any:  # noqa: ANN401 - JSON
        try:
            with urlopen(self._url + path, timeout=PATIENCE) as answer:  # noqa: S310 - the operator's address
                return json.load(answer)
        except HTTPError as error:
            error.close()
            if error.code == 404:  # noqa: PLR2004 - not found
                return None
            raise RegistryUnavailable(f"the registry answers {error.code}") from error
        except (URLError, OSError, ValueError) as error:
            raise RegistryUnavailable(f"the registry does not answer: {type(error).__name__}") from error
