"""A bad network between clients and a broker: slow, cut, half-open, losing answers, delivering late.

Kafka tells its clients where its brokers are, so the broker gets a second listener that is advertised at the proxy's
port (`advertised_at`): whoever starts at the proxy stays behind it. Only the fixed beginning of a request is
understood: four bytes of length, api key, version, correlation id, the client's id.

    with Proxy(broker_port=9093, port=9094) as proxy:
        proxy.hold(Which(client="jauap-intake"), 3)   # the next three produce requests stay here
        proxy.cut()                                   # the client must come again, by a new connection
        proxy.release()                               # now the broker gets them, on the old connection
"""

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, NamedTuple, Self, TypeVar

from jauap.stack.credentials import ADMIN, CONTROLLER
from jauap.stack.ports import HOST
from jauap.stack.settings import Settings

PRODUCE = 0
LISTENER = "PROXIED"
_LENGTH = struct.Struct(">i")
_HEAD = struct.Struct(">hhih")
"""Api key, version, correlation id, length of the client's id (-1: none)."""
_LARGEST = 100 * 2**20
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER without patience: closing sends RST."""
_PATIENCE = 10.0
T = TypeVar("T")


class Ending(Enum):
    """How a connection is cut."""

    FIN = "fin"
    RST = "rst"


class Which(NamedTuple):
    """Which requests, or the connections of which client, something is done to. The default: every Produce request."""

    client: str | None = None
    """The client's id (`client.id`) begins so; None: any."""
    api_key: int | None = PRODUCE
    """Kafka's number of the request; None: any."""
    holding: bytes = b""
    """Bytes that the request holds somewhere, such as a topic's name or a case id."""


PRODUCES = Which()


class Request(NamedTuple):
    """A request as a client sent it."""

    frame: bytes
    """All of it, with its length."""
    api_key: int
    correlation_id: int
    client: str

    @classmethod
    def read(cls, frame: bytes) -> Self:
        """Read the fixed beginning."""
        api_key, _, correlation_id, length = _HEAD.unpack_from(frame, _LENGTH.size)
        begin = _LENGTH.size + _HEAD.size
        return cls(frame, api_key, correlation_id, frame[begin : begin + max(0, length)].decode(errors="replace"))

    def is_of(self, which: Which) -> bool:
        """Whether it is one of those."""
        return (
            self.client.startswith(which.client or "")
            and which.api_key in (None, self.api_key)
            and which.holding in self.frame
        )


@dataclass
class Counts:
    """What the proxy did since it was made."""

    connections: int = 0
    requests: int = 0
    """Forwarded at once."""
    held: int = 0
    released: int = 0
    """Held requests that the broker was sent at last."""
    released_anew: int = 0
    """Those among them that needed a new connection, because the broker had closed the old one."""
    answers_lost: int = 0
    cut: int = 0
    """Connections of clients."""
    swallowed: int = 0
    """Requests and answers that went into a half-open connection."""


@dataclass
class Rule:
    """Something that is done to the next so many requests; None: to all."""

    which: Which
    left: int | None

    def takes(self, request: Request) -> bool:
        """Whether it is done to this one, which then counts."""
        if self.left == 0 or not request.is_of(self.which):
            return False
        if self.left is not None:
            self.left -= 1
        return True


@dataclass(eq=False)
class _Link:
    """A client's connection, and the one to the broker that belongs to it."""

    client: asyncio.StreamWriter
    broker: asyncio.StreamWriter
    name: str = ""
    """The client's id; empty before its first request."""
    half_open: bool = False
    answers_to_lose: set[int] = field(default_factory=set)
    """Correlation ids."""


class Proxy:
    """Use it as a context manager. Every verb returns once it holds; all may be used from any thread."""

    def __init__(self, broker_port: int, port: int) -> None:
        """`broker_port` is where the broker listens for it, `port` where clients come to; both on the loopback."""
        self._broker_port, self._port = broker_port, port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"proxy-{port}", daemon=True)
        self._server: asyncio.Server | None = None
        self._links: set[_Link] = set()
        self._held: list[tuple[_Link, Request]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._counts = Counts()
        self._calm()

    def _calm(self) -> None:
        self._seconds = 0.0
        self._holding: Rule | None = None
        self._losing: Rule | None = None
        self._dead: Which | None = None
        """Whose new connections are half-open too."""

    def __enter__(self) -> Self:
        """Listen."""
        self._thread.start()
        self._do(self._listen)
        return self

    def __exit__(self, *_: object) -> None:
        """Cut everything, and forget what is held."""
        self._do(self._close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE)
        self._loop.close()

    # --- the verbs ---

    @property
    def counts(self) -> Counts:
        """What was done so far."""
        return self._say(lambda: replace(self._counts))

    @property
    def held(self) -> int:
        """How many requests are held now."""
        return self._say(lambda: len(self._held))

    def delay(self, seconds: float) -> None:
        """Let each request and each answer wait so long, one after the other: a slow link."""
        self._say(lambda: setattr(self, "_seconds", seconds))

    def hold(self, which: Which = PRODUCES, count: int | None = None) -> None:
        """Keep the next `count` of these requests (None: all, until `heal`) here; everything else passes them."""
        self._say(lambda: setattr(self, "_holding", Rule(which, count)))

    def lose_answers(self, which: Which = PRODUCES, count: int | None = None) -> None:
        """Forward the next `count` of these requests, but not what the broker answers to them."""
        self._say(lambda: setattr(self, "_losing", Rule(which, count)))

    def cut(self, client: str | None = None, how: Ending = Ending.RST) -> int:
        """End the connections of a client (None: of all); how many there were.

        What is held of them stays held, and their connections to the broker stay open for it.
        """
        return self._say(lambda: self._cut(client, how))

    def half_open(self, client: str | None = None, *, new_ones_too: bool = False) -> int:
        """Forward nothing more on the connections of a client (None: of all), and don't tell it; how many there were.

        What is sent into them is gone. `new_ones_too`: so are its new connections, until `heal`.
        """
        return self._say(lambda: self._half_open(client, new_ones_too=new_ones_too))

    def heal(self) -> None:
        """Do nothing more to what comes now. Held requests stay held; half-open connections stay dead."""
        self._say(self._calm)

    def release(self) -> int:
        """Send the broker what is held, in order, each on its own old connection; how many there were.

        Where the broker has closed that connection (it was restarted), a new one is made. Raises OSError if the
        broker can't be reached; what was not sent stays held.
        """
        return self._do(self._release)

    # --- into the loop's own thread, in which alone everything above changes ---

    def _say(self, act: Callable[[], T]) -> T:
        async def now() -> T:
            return act()

        return self._do(now)

    def _do(self, act: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return asyncio.run_coroutine_threadsafe(act(), self._loop).result(_PATIENCE)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, HOST, self._port)

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        self._held.clear()
        for link in list(self._links):
            link.client.close()
            link.broker.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- connections ---

    async def _serve(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        try:
            answers, broker = await asyncio.open_connection(HOST, self._broker_port)
        except OSError:
            client.close()  # the broker is down: so is the way to it
            return
        link = _Link(client, broker)
        self._links.add(link)
        self._counts.connections += 1
        for work in (self._requests(link, reader), self._answers(link, answers)):
            task = asyncio.create_task(work)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _requests(self, link: _Link, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                request = Request.read(await _frame(reader))
                await asyncio.sleep(self._seconds)
                await self._take(link, request)
        except _OVER:
            _end(link.client, Ending.FIN)
            self._links.discard(link)
            if not self._holds_of(link):
                link.broker.close()

    async def _take(self, link: _Link, request: Request) -> None:
        if not link.name:
            link.name = request.client
            link.half_open |= self._dead is not None and request.client.startswith(self._dead.client or "")
        if link.half_open:
            self._counts.swallowed += 1
        elif self._holding is not None and self._holding.takes(request):
            self._held.append((link, request))
            self._counts.held += 1
        else:
            self._counts.requests += 1
            if self._losing is not None and self._losing.takes(request):
                link.answers_to_lose.add(request.correlation_id)
            await _send(link.broker, request.frame)

    async def _answers(self, link: _Link, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                frame = await _frame(reader)
                await asyncio.sleep(self._seconds)
                await self._give(link, frame)
        except _OVER:
            link.broker.close()
            if not link.half_open:
                link.client.close()

    async def _give(self, link: _Link, frame: bytes) -> None:
        (correlation_id,) = _LENGTH.unpack_from(frame, _LENGTH.size)
        if link.half_open:
            self._counts.swallowed += 1
        elif correlation_id in link.answers_to_lose:
            link.answers_to_lose.discard(correlation_id)
            self._counts.answers_lost += 1
        elif not link.client.is_closing():
            await _send(link.client, frame)

    # --- harm ---

    def _of(self, client: str | None) -> list[_Link]:
        return [link for link in self._links if link.name.startswith(client or "")]

    def _cut(self, client: str | None, how: Ending) -> int:
        links = self._of(client)
        for link in links:
            _end(link.client, how)
        self._counts.cut += len(links)
        return len(links)

    def _half_open(self, client: str | None, *, new_ones_too: bool) -> int:
        links = self._of(client)
        for link in links:
            link.half_open = True
        if new_ones_too:
            self._dead = Which(client)
        return len(links)

    def _holds_of(self, link: _Link) -> bool:
        return any(holder is link for holder, _ in self._held)

    async def _release(self) -> int:
        await asyncio.sleep(_NOTICE)
        held = list(self._held)
        for link, request in held:
            try:
                await _send(link.broker, request.frame)
            except OSError:
                await self._send_anew(request)
            self._held.remove((link, request))
            self._counts.released += 1
            if link not in self._links and not self._holds_of(link) and link.broker.can_write_eof():
                link.broker.write_eof()  # nobody waits for more: the broker answers, and closes
        return len(held)

    async def _send_anew(self, request: Request) -> None:
        answers, broker = await asyncio.open_connection(HOST, self._broker_port)
        try:
            await _send(broker, request.frame)
            await _frame(answers)
        finally:
            broker.close()
        self._counts.released_anew += 1


_NOTICE = 0.05
"""Seconds until it is seen that a broker has just ended: what is written before that goes nowhere without a word."""
_OVER = (asyncio.IncompleteReadError, OSError)


async def _frame(reader: asyncio.StreamReader) -> bytes:
    """The next request or answer, with its length. Raises one of `_OVER` when the connection ends."""
    head = await reader.readexactly(_LENGTH.size)
    (length,) = _LENGTH.unpack(head)
    if not 0 <= length <= _LARGEST:
        raise OSError(f"no Kafka here: a frame of {length} bytes")
    return head + await reader.readexactly(length)


async def _send(writer: asyncio.StreamWriter, frame: bytes) -> None:
    if writer.is_closing():
        raise ConnectionResetError
    writer.write(frame)
    await writer.drain()


def _end(client: asyncio.StreamWriter, how: Ending) -> None:
    """End a client's connection now, in good order or by a reset."""
    if how is Ending.RST and not client.is_closing():
        client.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        client.transport.abort()
    else:
        client.close()


def advertised_at(settings: Settings, broker_port: int, port: int) -> dict[str, str]:
    """Broker properties: a listener at `broker_port` which tells clients to come to `port`.

    It asks nobody who they are: a request that is held comes later by another connection, where nobody logged in.
    """
    ours = f"INTERNAL://{HOST}:{settings.kafka_ports[0]},CLIENTS://{HOST}:{settings.client_ports[0]}"
    protocols = "INTERNAL:SASL_PLAINTEXT,CLIENTS:SASL_SSL,CONTROLLER:SASL_PLAINTEXT"
    return {
        "listeners": f"{ours},CONTROLLER://{HOST}:{settings.controller_ports[0]},{LISTENER}://{HOST}:{broker_port}",
        "advertised.listeners": f"{ours},{LISTENER}://{HOST}:{port}",
        "listener.security.protocol.map": f"{protocols},{LISTENER}:PLAINTEXT",
        "super.users": f"User:{ADMIN};User:{CONTROLLER};User:ANONYMOUS",
    }
