"""What is answered to whom: documents to whoever may have them, schemas to read, nothing else."""

import hashlib
import re
from collections.abc import Callable, Collection, Iterator
from typing import Any, BinaryIO, NamedTuple

import msgspec
import structlog

from jauap.documents import CHUNK, DocumentStore, NoSuchDocument, OtherDocument, TooLarge
from jauap.messaging.access import PUBLIC
from jauap.messaging.log import LogUnavailable
from jauap.messaging.registry import RegistryUnavailable
from services.documents.http import Answer, ClientGone, Request
from services.documents.logins import Logins, TooManyLogins, WrongLogin
from services.documents.named import Named
from services.documents.schemas import Release, Schemas

log = structlog.get_logger(__name__)

JSON = "application/json"
REGISTRY_JSON = "application/vnd.schemaregistry.v1+json"
DOCUMENT = re.compile(r"/documents/([0-9a-f]{64})")
BY_ID = re.compile(r"/schemas/ids/([0-9]{1,10})")
VERSION = re.compile(r"/subjects/([A-Za-z0-9._-]{1,200})/versions/([a-z0-9]{1,10})")
NOTHING_HERE = 40401
NO_SCHEMA = 40403


class Problem(Exception):
    """A request that is not done: a status, a name for it, and what would be right."""

    def __init__(self, status: int, code: str, message: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, headers
        self.number: int | None = None
        """The registry's own code, for its clients."""


def nothing_here() -> Problem:
    """The same for what is not there and for what is not this reader's."""
    return Problem(
        404, "NotFound", "There is nothing here for you. A document is there once an item on your feed has named it."
    )


def not_now(reason: object) -> Problem:
    """Something that is needed does not answer."""
    log.warning("can't be answered now", reason=str(reason))
    return Problem(503, "Unavailable", "It can't be answered now. Ask again in a few seconds.", (("retry-after", "5"),))


class Reader(NamedTuple):
    """Who asks."""

    name: str
    body: str | None = None
    """Its code; None: it is no body."""
    everything: bool = False
    """Whether it may read every document: an officer's tool."""


class Answers:
    """The service."""

    def __init__(
        self,
        *,
        store: DocumentStore,
        logins: Logins,
        named: Named,
        schemas: Schemas,
        officers: Collection[str],
        bodies: Callable[[], Collection[str]],
        largest: int,
    ) -> None:
        """`officers` get everything; the public gets what is published, and may put nothing.

        `bodies` gives those that have access now, `largest` is in bytes.
        """
        self._store, self._logins, self._named, self._schemas = store, logins, named, schemas
        self._officers, self._bodies, self._largest = frozenset(officers), bodies, largest

    def __call__(self, request: Request) -> Answer:
        """Answer a request. ClientGone passes through."""
        who, what = None, self._route(request.path)
        try:
            if what == "health":
                return self._health()
            reader = self._reader(request)
            who = reader.name
            found = self._document(request, reader) if what == "document" else self._schema(request)
        except Problem as problem:
            found = self._told(problem)
        except (LogUnavailable, RegistryUnavailable) as reason:
            found = self._told(not_now(reason))
        except ClientGone:
            log.info("upload broken off", who=who, client=request.client, what=what)
            raise
        except OSError as error:
            log.error("the document store failed", reason=str(error))  # noqa: TRY400 - it says what and where
            found = self._told(
                Problem(
                    503,
                    "StoreUnavailable",
                    "The store of documents does not answer. Ask again in a while.",
                    (("retry-after", "30"),),
                )
            )
        if (match := DOCUMENT.fullmatch(request.path)) is not None:
            what = match[1]
        return found._replace(who=who, what=what)

    def _route(self, path: str) -> str | None:
        if path == "/health":
            return "health"
        if DOCUMENT.fullmatch(path):
            return "document"
        return "schemas" if path == "/subjects" or BY_ID.fullmatch(path) or VERSION.fullmatch(path) else None

    def _reader(self, request: Request) -> Reader:
        try:
            name = self._logins.who(request.headers.get("authorization", ""), request.client)
        except WrongLogin:
            challenge = ("www-authenticate", 'Basic realm="jauap", charset="UTF-8"')
            raise Problem(
                401,
                "WrongLogin",
                "Log in by HTTP Basic with the name and password that you have for Kafka.",
                (challenge,),
            ) from None
        except TooManyLogins:
            raise Problem(
                429,
                "TooManyLogins",
                "Too many logins are tried. Ask again in a minute, with the right password.",
                (("retry-after", "60"),),
            ) from None
        if name in self._officers:
            return Reader(name, everything=True)
        if name == PUBLIC:
            return Reader(name)
        if name in self._bodies():
            return Reader(name, name)
        raise Problem(403, "NoAccess", "This login has no access here. The MFA grants it.")

    def _document(self, request: Request, reader: Reader) -> Answer:
        match = DOCUMENT.fullmatch(request.path)
        assert match is not None  # noqa: S101 - it was routed here
        if request.method == "PUT":
            if reader.name == PUBLIC:
                raise not_allowed("GET, HEAD")
            return self._put(request, match[1])
        if request.method not in ("GET", "HEAD"):
            raise not_allowed("GET, HEAD, PUT")
        if not reader.everything and not self._named.by(reader.body, match[1]):
            raise nothing_here()
        try:
            stream, size = self._store.sized(match[1])
        except NoSuchDocument:
            raise nothing_here() from None
        pieces = checked(stream, match[1])
        try:
            first = b"" if request.method == "HEAD" else next(pieces, b"")
        except Altered:
            stream.close()
            log.error("a stored document is altered", document=match[1])  # noqa: TRY400 - no fault of the code
            raise Problem(
                500, "DocumentAltered", "What is stored under this hash is not that document. Tell the MFA."
            ) from None
        except BaseException:
            stream.close()
            raise
        headers = (("content-type", "application/octet-stream"), ("x-content-type-options", "nosniff"))
        return Answer(200, _chained(first, pieces), size, headers, close=stream.close)

    def _put(self, request: Request, sha256: str) -> Answer:
        length = request.headers.get("content-length", "")
        if length.isdigit() and int(length) > self._largest:
            raise self._too_large()
        if not length and "transfer-encoding" not in request.headers:
            raise Problem(
                411, "LengthRequired", "Say how long the document is with Content-Length, or send it in chunks."
            )
        try:
            _, size = self._store.add(request.body, sha256)
        except OtherDocument:
            raise Problem(
                422,
                "OtherDocument",
                "The bytes that came have another SHA-256 than the one in the address. Nothing was kept.",
            ) from None
        except TooLarge:
            raise self._too_large() from None
        return as_json(201, {"sha256": sha256, "size": size})

    def _too_large(self) -> Problem:
        return Problem(413, "TooLarge", f"A document may have {self._largest} bytes. Nothing was kept.")

    def _schema(self, request: Request) -> Answer:
        by_id, version = BY_ID.fullmatch(request.path), VERSION.fullmatch(request.path)
        if not by_id and not version and request.path != "/subjects":
            raise nothing_here()
        if request.method not in ("GET", "HEAD"):
            raise not_allowed("GET, HEAD")
        if by_id:
            return as_json(200, {"schema": _one(self._schemas.by_id(int(by_id[1]))).schema}, REGISTRY_JSON)
        if version:
            found = _one(self._schemas.version(version[1], version[2]))
            told = {"subject": found.subject, "version": found.version, "id": found.number, "schema": found.schema}
            return as_json(200, told, REGISTRY_JSON)
        return as_json(200, self._schemas.subjects(), REGISTRY_JSON)

    def _health(self) -> Answer:
        alive = self._named.alive()
        return as_json(200 if alive else 503, {"status": "ok" if alive else "the feeds are not read"})._replace(
            what="health"
        )

    def _told(self, problem: Problem) -> Answer:
        told: dict[str, Any] = {"error": problem.code, "message": problem.message}
        if problem.number is not None:
            told["error_code"] = problem.number
        found = as_json(problem.status, told)
        return found._replace(headers=(*found.headers, *problem.headers))


def _one(found: Release | None) -> Release:
    if found is None:
        problem = Problem(
            404, "SchemaNotFound", "There is no such schema among those of feeds, submissions and jauap.public."
        )
        problem.number = NO_SCHEMA
        raise problem
    return found


def not_allowed(methods: str) -> Problem:
    """Another method than those that there are."""
    return Problem(405, "MethodNotAllowed", f"Here one can {methods}.", (("allow", methods),))


def as_json(status: int, content: object, kind: str = JSON) -> Answer:
    """An answer in JSON."""
    data = msgspec.json.encode(content)
    return Answer(status, (data,), len(data), (("content-type", kind), ("cache-control", "no-store")))


class Altered(Exception):
    """The stored bytes are not those of their name."""


def checked(stream: BinaryIO, sha256: str) -> Iterator[bytes]:
    """The pieces of a document, the last of them only if all together have its hash. Raises Altered instead."""
    digest, held = hashlib.sha256(), b""
    while piece := stream.read(CHUNK):
        digest.update(piece)
        if held:
            yield held
        held = piece
    if digest.hexdigest() != sha256:
        raise Altered
    yield held


def _chained(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest
