"""TLS by the service itself, and the proxy that may stand before it."""

import http.client
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import trustme

from services.documents.answers import as_json
from services.documents.http import Answer, Limits, Request, Server

LIMITS = Limits(connections=8, of_an_address=4, head=1.0)


def told(request: Request) -> Answer:
    """Whom the service takes the client for."""
    return as_json(200, request.client)


@contextmanager
def listening(tls: ssl.SSLContext | None = None, proxy: str | None = None) -> Iterator[int]:
    """A server's port."""
    server = Server(("127.0.0.1", 0), told, tls, proxy, LIMITS)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield server.address[1]
    finally:
        server.stop(0.1)
        thread.join()


def test_tls_is_spoken_and_nothing_else() -> None:
    """A client that knows the authority gets its answer; one without TLS gets none."""
    authority = trustme.CA()
    tls, trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    authority.configure_trust(trusting)
    with listening(tls) as port:
        # Those who do not even shake hands hold nobody up.
        silent = [socket.create_connection(("127.0.0.1", port), source_address=("127.0.0.2", 0)) for _ in range(6)]
        client = http.client.HTTPSConnection("127.0.0.1", port, context=trusting, timeout=10)
        for _ in range(2):
            client.request("GET", "/")
            assert client.getresponse().read() == b'"127.0.0.1"'
        client.close()
        clear = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            _asked(clear, {})
        clear.close()
        for one in silent:
            one.close()


def test_behind_a_proxy_the_client_is_whom_the_proxy_names() -> None:
    """The last address that it told, for that is its own word; from elsewhere nobody comes in."""
    with listening(proxy="127.0.0.9") as port:
        proxy = http.client.HTTPConnection("127.0.0.1", port, timeout=10, source_address=("127.0.0.9", 0))
        assert _asked(proxy, {"X-Forwarded-For": "10.9.9.9, 10.0.0.1"}) == b'"10.0.0.1"'
        proxy.close()
        stranger = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            _asked(stranger, {"X-Forwarded-For": "127.0.0.9"})
        stranger.close()


def test_what_a_client_says_of_itself_without_a_proxy_is_nothing() -> None:
    """Its address is where it comes from."""
    with listening() as port:
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        assert _asked(client, {"X-Forwarded-For": "10.0.0.1"}) == b'"127.0.0.1"'
        client.close()


def _asked(client: http.client.HTTPConnection, headers: dict[str, str]) -> bytes:
    client.request("GET", "/", headers=headers)
    return client.getresponse().read()
