"""A real SMTP server and a real HTTP server on this machine, which keep what they are given."""

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from jauap.stack.ports import HOST, pick

USER, PASSWORD = "jauap", "a password of the test"


class Mailbox:
    """A mail server: it takes every message unless it is told to refuse."""

    def __init__(self, port: int | None = None, tls: ssl.SSLContext | None = None, *, login: bool = False) -> None:
        self.port = pick(1)[0] if port is None else port
        self.messages: list[EmailMessage] = []
        self.answers: dict[str, str] = {}
        """What it answers to a recipient instead of taking the message: 550 No such mailbox."""
        self.on_message: Callable[[], None] = lambda: None
        """Called when a message was taken, before the client is told so."""
        self.answer_to_sender: str | None = None
        """What it answers to MAIL FROM instead of taking it."""
        self.answer_to_quit = "221 Bye"
        self._given: dict[str, Any] = {"tls_context": tls, "require_starttls": tls is not None}
        if login:
            self._given |= {"authenticator": self._authenticate, "auth_required": True}
        self._controller: Controller | None = None

    def start(self) -> None:
        self._controller = Controller(self, hostname=HOST, port=self.port, **self._given)
        self._controller.start()

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.stop()
        self._controller = None

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.answer_to_sender is not None:
            return self.answer_to_sender
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_QUIT(self, _server: SMTP, _session: Session, _envelope: Envelope) -> str:  # noqa: N802
        return self.answer_to_quit

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        self.messages.append(message_from_bytes(content, policy=policy.default))
        self.on_message()
        return "250 OK"

    def _authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: object
    ) -> AuthResult:
        known = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=known, handled=False)

    @property
    def texts(self) -> list[str]:
        """What each message says."""
        return [message.get_content() for message in self.messages]


@contextmanager
def a_mailbox(tls: ssl.SSLContext | None = None, *, login: bool = False) -> Iterator[Mailbox]:
    """A mail server that runs."""
    mailbox = Mailbox(tls=tls, login=login)
    mailbox.start()
    try:
        yield mailbox
    finally:
        mailbox.stop()


@contextmanager
def a_port_that_says(answer: bytes) -> Iterator[int]:
    """A port that answers whatever is sent to it with the same bytes, once, and hangs up."""
    with socket.create_server((HOST, 0)) as listening:

        def answered() -> None:
            session, _ = listening.accept()
            with session:
                session.recv(65536)
                session.sendall(answer)

        thread = threading.Thread(target=answered)
        thread.start()
        yield listening.getsockname()[1]
        thread.join()


class Hook:
    """What a webhook was given."""

    def __init__(self, port: int) -> None:
        self.address = f"http://{HOST}:{port}/alerts"
        self.answer = 204
        self.posts: list[tuple[str | None, dict[str, Any]]] = []
        """Each post's Idempotency-Key and content."""


@contextmanager
def a_hook() -> Iterator[Hook]:
    """An HTTP server that runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            hook.posts.append((self.headers["Idempotency-Key"], content))
            self.send_response(hook.answer)
            if 300 <= hook.answer < 400:
                self.send_header("Location", hook.address)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer((HOST, 0), Handler)
    hook = Hook(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield hook
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
