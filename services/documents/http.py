"""HTTP/1.1 by threads: a bounded number of connections, each with a deadline for whatever it waits for.

h11 knows the grammar; here are the sockets. A client that is slow, silent or gone costs one thread for a while, and no
address may have more than its share of them.
"""

import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from email.utils import formatdate
from typing import BinaryIO, NamedTuple, cast

import h11
import structlog

log = structlog.get_logger(__name__)

PIECE = 65_536
LARGEST_HEAD = 16_384
"""Bytes of a request's head, and of a line between chunks."""
METHODS = ("GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "PATCH")
LINGER_SECONDS = 3.0
"""How long a body that is not wanted is still read, so that the answer arrives."""


class Limits(NamedTuple):
    """What one client may take of the server."""

    connections: int = 128
    of_an_address: int = 32
    head: float = 10.0
    """Seconds within which a request's head must have come, the TLS handshake and the wait for it included."""
    start: float = 30.0
    """Seconds that a body may take however short it is."""
    rate: int = 16_384
    """Bytes a second that a longer one must make on average, in either direction."""


class ClientGone(Exception):
    """The client broke off, was too slow, or did not speak HTTP."""


class NotHTTP(ClientGone):
    """What came is no HTTP, or too long."""

    def __init__(self, error: h11.RemoteProtocolError) -> None:
        super().__init__("it speaks no HTTP")  # what it said instead is not for the log
        self.status = error.error_status_hint


class Request(NamedTuple):
    """What a client asks."""

    method: str
    path: str
    """As it was sent, nothing decoded, without the query."""
    headers: Mapping[str, str]
    """Names in lower case; of those that were sent twice, the last."""
    client: str
    """Its address."""
    body: BinaryIO


class Answer(NamedTuple):
    """What it gets. `pieces` are together as long as `length`; if they raise, the connection is broken off."""

    status: int
    pieces: Iterable[bytes]
    length: int
    headers: tuple[tuple[str, str], ...] = ()
    who: str | None = None
    """For the log: the principal."""
    what: str | None = None
    """For the log: the document's hash, or the route."""
    close: Callable[[], None] = lambda: None
    """Called in any case."""


class Server:
    """Listens, and gives every request to `answer`, each connection in a thread of its own."""

    def __init__(
        self,
        address: tuple[str, int],
        answer: Callable[[Request], Answer],
        tls: ssl.SSLContext | None = None,
        proxy: str | None = None,
        limits: Limits = Limits(),  # noqa: B008 - a value
    ) -> None:
        """Listen at once. From a `proxy`'s address come all clients, told by X-Forwarded-For; from others nobody."""
        self._answer, self._tls, self._proxy, self._limits = answer, tls, proxy, limits
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._listener = socket.create_server(address, family=family, backlog=128)
        self.address: tuple[str, int] = self._listener.getsockname()[:2]
        self._changed = threading.Condition()
        self._open: dict[_Connection, threading.Thread] = {}
        self._of_address: Counter[str] = Counter()
        self._stopping = False
        self._told_at = float("-inf")

    def serve(self) -> None:
        """Take connections until `stop` is called."""
        while not self._stopping:
            try:
                taken, peer = self._listener.accept()
            except OSError:
                if not self._stopping:  # out of descriptors perhaps: others will be given back
                    time.sleep(0.05)
                continue
            self._take(taken, peer[0])

    def stop(self, seconds: float) -> None:
        """Take nothing more, let what is under way come to its end, but not for longer than so many seconds."""
        self._stopping = True
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # closing alone does not wake who waits in accept
        self._listener.close()
        deadline = time.monotonic() + seconds
        with self._changed:
            for connection in self._open:
                if not connection.busy:
                    connection.cut()
            self._changed.wait_for(lambda: not self._open, max(0.0, deadline - time.monotonic()))
            for connection in self._open:
                log.warning("request broken off at the stop", client=connection.peer)
                connection.cut()
            self._changed.wait_for(lambda: not self._open, 1.0)

    @property
    def stopping(self) -> bool:
        """Whether it was told to."""
        return self._stopping

    def _take(self, taken: socket.socket, peer: str) -> None:
        with self._changed:
            reason = self._no_place_for(peer)
            if reason is None:
                self._of_address[peer] += 1
                connection = _Connection(self, taken, peer, self._limits)
                thread = threading.Thread(target=self._run, args=(connection,), name="http", daemon=True)
                self._open[connection] = thread
        if reason is None:
            thread.start()
            return
        taken.close()
        if time.monotonic() - self._told_at > 1:  # a flood of connections is no flood of lines
            self._told_at = time.monotonic()
            log.warning("connection turned away", client=peer, reason=reason)

    def _no_place_for(self, peer: str) -> str | None:
        if self._proxy is not None and peer != self._proxy:
            return "it does not come from the proxy"
        if len(self._open) >= self._limits.connections:
            return "all connections are taken"
        if self._proxy is None and self._of_address[peer] >= self._limits.of_an_address:
            return "this address has its share"
        return None

    def _run(self, connection: "_Connection") -> None:
        try:
            connection.run(self._tls, self._answer, through_proxy=self._proxy is not None)
        except (ClientGone, OSError) as reason:
            log.debug("connection ended", client=connection.peer, reason=str(reason))
        except Exception:
            log.exception("request failed", client=connection.peer)
        finally:
            connection.close()
            with self._changed:
                del self._open[connection]
                self._of_address[connection.peer] -= 1
                if not self._of_address[connection.peer]:
                    del self._of_address[connection.peer]
                self._changed.notify_all()


class _Connection:
    """One client's connection, and the requests that come by it, one after the other."""

    def __init__(self, server: Server, taken: socket.socket, peer: str, limits: Limits) -> None:
        self._server, self._socket, self.peer, self._limits = server, taken, peer, limits
        self._grammar = h11.Connection(h11.SERVER, max_incomplete_event_size=LARGEST_HEAD)
        self._deadline = time.monotonic() + limits.head
        self.busy = False
        """A request's head has come, and its answer is not out yet."""
        self._taken = 0
        """Bytes of the request's body that came so far."""

    def run(self, tls: ssl.SSLContext | None, answer: Callable[[Request], Answer], *, through_proxy: bool) -> None:
        """Answer until either side has enough."""
        if tls is not None:
            self._socket.settimeout(self._limits.head)
            self._socket = secured = tls.wrap_socket(self._socket, server_side=True, do_handshake_on_connect=False)
            secured.do_handshake()
        while not self._server.stopping and (request := self._request(through_proxy=through_proxy)) is not None:
            began = time.monotonic()
            self.busy, self._taken = True, 0
            try:
                found = answer(request)
            except ClientGone as reason:
                log.info("request broken off", client=request.client, reason=str(reason))
                raise
            self._send(found, request, began)
            self.busy = False
            if self._grammar.their_state is h11.SEND_BODY:
                self._linger()
            if self._grammar.our_state is not h11.DONE or self._grammar.their_state is not h11.DONE:
                return
            self._grammar.start_next_cycle()
            self._deadline = time.monotonic() + self._limits.head

    def _request(self, *, through_proxy: bool) -> Request | None:
        try:
            head = self._event()
        except NotHTTP as error:
            self._refuse(error.status)
            raise
        if not isinstance(head, h11.Request):
            return None
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in head.headers}
        forwarded = headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
        return Request(
            method=head.method.decode("latin-1"),
            path=head.target.decode("latin-1").partition("?")[0],
            headers=headers,
            client=(forwarded or self.peer) if through_proxy else self.peer,
            body=cast("BinaryIO", _Body(self)),
        )

    def _event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        while True:
            try:
                event = self._grammar.next_event()
            except h11.RemoteProtocolError as error:
                raise NotHTTP(error) from error
            if event is not h11.NEED_DATA:
                return event
            self._grammar.receive_data(self._received())

    def _received(self) -> bytes:
        self._socket.settimeout(max(0.001, self._deadline - time.monotonic()))
        try:
            return self._socket.recv(PIECE)
        except OSError as error:
            raise ClientGone("too slow" if isinstance(error, TimeoutError) else "gone") from error

    def begin_body(self) -> None:
        """The client may go on, if it waits for that."""
        self._deadline = time.monotonic() + self._limits.start
        if self._grammar.they_are_waiting_for_100_continue:
            self._out(self._grammar.send(h11.InformationalResponse(status_code=100, headers=[])))

    def body(self) -> bytes:
        """The next piece of the request's body; empty: it is whole. Raises ClientGone."""
        event = self._event()
        if isinstance(event, h11.Data):
            self._deadline += len(event.data) / self._limits.rate
            self._taken += len(event.data)
            return bytes(event.data)
        if isinstance(event, h11.EndOfMessage):
            return b""
        raise ClientGone("the body breaks off")

    def _refuse(self, status: int) -> None:
        refused = h11.Response(status_code=status, headers=[("content-length", "0"), ("connection", "close")])
        with suppress(h11.LocalProtocolError, ClientGone):
            self._out(self._grammar.send(refused))
            self._linger()

    def _send(self, answer: Answer, request: Request, began: float) -> None:
        told: int | None = None
        try:
            told = self._sent(answer, request)
        finally:
            answer.close()
            log.info(
                "answered" if told is not None else "answer broken off",
                who=answer.who,
                client=request.client,
                method=request.method if request.method in METHODS else None,
                what=answer.what,
                status=answer.status,
                taken=self._taken,
                given=told,
                ms=round((time.monotonic() - began) * 1000),
            )

    def _sent(self, answer: Answer, request: Request) -> int:
        """Send an answer, and give the number of its body's bytes."""
        self._deadline = time.monotonic() + self._limits.start
        if self._grammar.their_state is h11.SEND_BODY:
            with suppress(h11.RemoteProtocolError):
                self._grammar.next_event()  # the end, of a request without a body
        ends = self._grammar.their_state is not h11.DONE or self._server.stopping
        headers = [*answer.headers, ("content-length", str(answer.length)), ("date", formatdate(usegmt=True))]
        if ends:
            headers.append(("connection", "close"))
        self._out(self._grammar.send(h11.Response(status_code=answer.status, headers=headers)))
        sent = 0
        if request.method != "HEAD":
            for piece in answer.pieces:
                for start in range(0, len(piece), PIECE):
                    part = piece[start : start + PIECE]
                    self._out(self._grammar.send(h11.Data(part)))
                    sent += len(part)
                    self._deadline += len(part) / self._limits.rate
        self._out(self._grammar.send(h11.EndOfMessage()))
        return sent

    def _out(self, data: bytes | None) -> None:
        self._socket.settimeout(max(0.001, self._deadline - time.monotonic()))
        try:
            self._socket.sendall(data or b"")
        except OSError as error:
            raise ClientGone("too slow" if isinstance(error, TimeoutError) else "gone") from error

    def _linger(self) -> None:
        """Read on for a moment: a connection closed under a client that still sends takes its answer away."""
        with suppress(OSError):
            socket.socket.shutdown(self._socket, socket.SHUT_WR)
        deadline, found = time.monotonic() + LINGER_SECONDS, b"."
        with suppress(OSError):
            while found and (left := deadline - time.monotonic()) > 0:
                self._socket.settimeout(left)
                found = self._socket.recv(PIECE)

    def cut(self) -> None:
        """End it from another thread."""
        with suppress(OSError):
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)  # not TLS's own, which another thread is using

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()


class _Body:
    """A request's body as a stream. Its end is an end only if it came whole."""

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection
        self._begun = False

    def read(self, _size: int = -1) -> bytes:
        """The next piece, of whatever length; empty at the end. Raises ClientGone."""
        if not self._begun:
            self._begun = True
            self._connection.begin_body()
        return self._connection.body()
