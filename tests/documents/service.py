"""The service in this process, with real sockets and a real store; Kafka's part is played."""

import http.client
import ssl
import threading
from base64 import b64encode
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

import msgspec

from jauap.documents import DocumentStore
from jauap.domain.facts import Value
from jauap.messaging.avro import Codec, current, dataschema
from jauap.messaging.envelope import Message
from jauap.messaging.log import LogUnavailable, Place, Trouble
from services.documents.answers import Answers
from services.documents.http import Limits, Server
from services.documents.logins import Logins, Patience
from services.documents.named import Named
from services.documents.schemas import Schemas

PASSWORDS = {"MIA": "kökserke", "AGO": "пароль", "cli": "l-secret", "public": "told to everybody", "admin": "a-secret"}


class FakePasswords:
    """Passwords as Kafka keeps them: it counts who was asked about, and may be away."""

    def __init__(self, passwords: Mapping[str, str] = PASSWORDS) -> None:
        self.passwords = dict(passwords)
        self.asked: list[str] = []
        self.away = False
        self.gate = threading.Event()
        self.gate.set()

    def ok(self, user: str, password: str) -> bool:
        self.asked.append(user)
        self.gate.wait(20)
        if self.away:
            raise LogUnavailable("nobody there")
        return self.passwords.get(user) == password


class FakeFeeds:
    """Feeds as the log keeps them: both what reads and what tells the ends."""

    def __init__(self) -> None:
        self.topics: dict[str, list[Message]] = {"jauap.public": []}
        self.ended: dict[Place, int] = {}
        self.hidden = False
        """What was appended is not fetched yet."""
        self.away = False
        self.troubles: list[Trouble] = []
        self._from: dict[Place, int] = {}
        self._came = threading.Condition()

    def put(self, topic: str, item: Value, item_id: str) -> None:
        name = type(item).__name__
        subjects = {f"jauap.{name}": 1, f"{topic}-jauap.{name}": 1}
        payload, schema = Codec(subjects).encode(topic, item)
        self.put_bytes(topic, payload, schema, item_id)

    def put_bytes(self, topic: str, payload: bytes, schema: str, item_id: str) -> None:
        headers = (("ce_id", item_id.encode()), ("ce_dataschema", schema.encode()))
        with self._came:
            held = self.topics.setdefault(topic, [])
            held.append(Message(topic, 0, len(held), b"KAZ-3-2026", payload, headers, 0, 0))
            self._came.notify_all()

    def read_from(self, starts: Mapping[Place, int]) -> None:
        self.ended.clear()
        self._from = {place: max(0, offset) for place, offset in starts.items()}

    def poll(self, seconds: float, most: int = 1000) -> list[Message | Trouble]:  # noqa: ARG002 - the reader's shape
        with self._came:
            found = self._next()
            if not found:
                self._came.wait(seconds)
                found = self._next()
        return found

    def _next(self) -> list[Message | Trouble]:
        if self.hidden or self.away:
            return []
        found: list[Message | Trouble] = [*self.troubles]
        self.troubles.clear()
        for place, start in self._from.items():
            held = self.topics[place[0]][start:]
            found += held
            self._from[place] = self.ended[place] = start + len(held)
        return found

    def close(self) -> None:
        self._from = {}

    def of(self, places: Collection[Place]) -> dict[Place, int]:
        if self.away or any(topic not in self.topics for topic, _ in places):
            raise LogUnavailable("nobody says where these end")
        return {(topic, number): len(self.topics[topic]) for topic, number in places}

    def partitions(self, topics: Collection[str]) -> dict[str, int]:
        return {topic: 1 for topic in topics if topic in self.topics}


class Client(NamedTuple):
    """A real HTTP client of the standard library."""

    port: int
    user: str | None = "MIA"
    password: str | None = None
    source: str = "127.0.0.1"
    authority: str | None = None
    """File of the certificate that vouches for the service; None: without TLS."""

    def connect(self) -> http.client.HTTPConnection:
        if self.authority is not None:
            tls = ssl.create_default_context(cafile=self.authority)
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=20, context=tls)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20, source_address=(self.source, 0))

    def headers(self) -> dict[str, str]:
        if self.user is None:
            return {}
        password = PASSWORDS.get(self.user, "") if self.password is None else self.password
        return {"Authorization": "Basic " + b64encode(f"{self.user}:{password}".encode()).decode()}

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> "Got":
        connection = self.connect()
        try:
            connection.request(method, path, body, {**self.headers(), **headers})  # type: ignore[arg-type]
            answer = connection.getresponse()
            return Got(answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()})
        finally:
            connection.close()


class Got(NamedTuple):
    """What came back."""

    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def plain(self) -> tuple[int, bytes, dict[str, str]]:
        """All but the time of day."""
        return self.status, self.body, {name: value for name, value in self.headers.items() if name != "date"}

    @property
    def error(self) -> str:
        """The name of what is wrong."""
        told = msgspec.json.decode(self.body, type=dict[str, str | int])
        assert told["message"]
        return str(told["error"])


class Running(NamedTuple):
    """The service, and what is played around it."""

    port: int
    passwords: FakePasswords
    feeds: FakeFeeds
    bodies: set[str]
    server: Server

    def of(self, user: str | None, password: str | None = None, source: str = "127.0.0.1") -> Client:
        """A client that logs in as somebody."""
        return Client(self.port, user, password, source)


@contextmanager
def running(
    store: DocumentStore,
    largest: int,
    limits: Limits = Limits(),  # noqa: B008 - a value
    patience: Patience = Patience(),  # noqa: B008 - as above
    registry: str = "http://127.0.0.1:1",
) -> Iterator[Running]:
    """Run it, read the feeds to their ends, and stop it."""
    passwords, feeds, bodies = FakePasswords(), FakeFeeds(), {"MIA", "AGO"}
    for body in bodies:
        feeds.topics[f"jauap.feed.{body}"] = []
    named = Named(lambda: feeds, feeds, lambda: frozenset(bodies))
    answers = Answers(
        store=store,
        logins=Logins(passwords, patience),
        named=named,
        schemas=Schemas(registry),
        officers=("cli",),
        bodies=lambda: frozenset(bodies),
        largest=largest,
    )
    server = Server(("127.0.0.1", 0), answers, limits=limits)
    thread = threading.Thread(target=server.serve)
    named.start()
    thread.start()
    try:
        assert named.ready()
        yield Running(server.address[1], passwords, feeds, bodies, server)
    finally:
        server.stop(0.1)
        named.close()
        thread.join()


def schema_of(name: str) -> str:
    """The `ce_dataschema` of a record."""
    return dataschema(name, current(name))
