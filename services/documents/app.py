"""The wiring of documents: settings, the store, the login by Kafka, the feeds, the registry."""

import os
import ssl
import threading
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

import structlog

from jauap.bodies import BodyList, UnusableList
from jauap.documents import LARGEST, open_store
from jauap.messaging.connection import WrongAddress
from jauap.messaging.log import Ends, Reader
from jauap.messaging.login import KafkaLogin
from jauap.process import Life
from jauap.settings import WrongSetting, kafka, registry, required
from services.documents.answers import Answers
from services.documents.http import Server
from services.documents.logins import Logins
from services.documents.named import Named
from services.documents.schemas import Schemas

log = structlog.get_logger(__name__)

NAME = "documents"
CLIENT = f"jauap-{NAME}"
OFFICERS = ("cli",)
"""Our own principals that come by HTTP: they get every document. Services have the store itself."""
GRACE = 7.0
"""Seconds that requests have to end after SIGTERM."""
LOOK_SECONDS = 0.2


class Settings(NamedTuple):
    """The settings of documents."""

    kafka: str
    """JAUAP_KAFKA, with a login: bodies log in by the same way."""
    registry: str
    """JAUAP_REGISTRY."""
    documents: str
    """JAUAP_DOCUMENTS."""
    bodies: Path | None
    """JAUAP_BODIES: the deployment's list of bodies; None: nobody has access."""
    http: tuple[str, int]
    """JAUAP_HTTP: host and port to listen on."""
    tls: ssl.SSLContext | None
    """JAUAP_HTTP_CERTIFICATE and JAUAP_HTTP_KEY: PEM files; None: no TLS, on loopback or behind the proxy."""
    proxy: str | None
    """JAUAP_HTTP_PROXY: the only address from which connections are taken; it ends TLS and tells X-Forwarded-For."""
    largest: int
    """JAUAP_LARGEST_DOCUMENT: bytes."""


def from_environment() -> Settings:
    """Read the settings. Raises WrongSetting, which names the variable and the rule."""
    http, tls, proxy = _http(), _tls(), _proxy()
    if tls is None and proxy is None and not ip_address(http[0]).is_loopback:
        raise WrongSetting(
            "JAUAP_HTTP", "must be on loopback without JAUAP_HTTP_CERTIFICATE or JAUAP_HTTP_PROXY: passwords come by it"
        )
    bodies = os.environ.get("JAUAP_BODIES")
    return Settings(
        kafka=kafka(),
        registry=registry(),
        documents=required("JAUAP_DOCUMENTS", "must name the document store"),
        bodies=Path(bodies) if bodies else None,
        http=http,
        tls=tls,
        proxy=proxy,
        largest=_largest(),
    )


def _http() -> tuple[str, int]:
    host, _, port = os.environ.get("JAUAP_HTTP", "127.0.0.1:8443").rpartition(":")
    try:
        return str(ip_address(host.strip("[]"))), _within(port, 0, 65_535)
    except ValueError:
        raise WrongSetting("JAUAP_HTTP", "must be an address to listen on, such as 127.0.0.1:8443") from None


def _proxy() -> str | None:
    text = os.environ.get("JAUAP_HTTP_PROXY", "")
    try:
        return str(ip_address(text)) if text else None
    except ValueError:
        raise WrongSetting("JAUAP_HTTP_PROXY", "must be the proxy's IP address") from None


def _tls() -> ssl.SSLContext | None:
    certificate, key = (os.environ.get(name, "") for name in ("JAUAP_HTTP_CERTIFICATE", "JAUAP_HTTP_KEY"))
    if not certificate and not key:
        return None
    if not certificate or not key:
        raise WrongSetting("JAUAP_HTTP_CERTIFICATE", "and JAUAP_HTTP_KEY must be set together")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except OSError as error:
        raise WrongSetting(
            "JAUAP_HTTP_CERTIFICATE", f"and JAUAP_HTTP_KEY must be PEM files that belong together: {error.strerror}"
        ) from error
    return context


def _largest() -> int:
    try:
        return _within(os.environ.get("JAUAP_LARGEST_DOCUMENT") or str(LARGEST), 1, 5 * 2**30)
    except ValueError:
        raise WrongSetting("JAUAP_LARGEST_DOCUMENT", "must be a number of bytes, at most 5 GiB") from None


def _within(text: str, least: int, most: int) -> int:
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise ValueError
    return int(text)


class Deployed(NamedTuple):
    """The service, ready to run."""

    named: Named
    server: Server


def make(given: Settings) -> Deployed:
    """Build it; it listens from now on. Raises WrongSetting."""
    try:
        bodies = BodyList(given.bodies)
    except UnusableList as wrong:
        raise WrongSetting("JAUAP_BODIES", f"can't be used: {wrong}") from wrong
    try:
        passwords = KafkaLogin(given.kafka)
    except WrongAddress as wrong:
        raise WrongSetting("JAUAP_KAFKA", str(wrong)) from wrong
    named = Named(lambda: Reader(given.kafka, CLIENT), Ends(given.kafka, CLIENT), bodies.with_access)
    answers = Answers(
        store=open_store(given.documents, given.largest),
        logins=Logins(passwords),
        named=named,
        schemas=Schemas(given.registry),
        officers=OFFICERS,
        bodies=bodies.with_access,
        largest=given.largest,
    )
    try:
        return Deployed(named, Server(given.http, answers, given.tls, given.proxy))
    except OSError as error:
        raise WrongSetting("JAUAP_HTTP", f"can't be listened on: {error.strerror}") from error


def run(life: Life) -> None:
    """Listen until told to stop; ready while the feeds are read."""
    given = from_environment()
    named, server = make(given)
    named.start()
    serving = threading.Thread(target=server.serve, name="accept", daemon=True)
    serving.start()
    host, port = server.address
    log.info("documents listens", host=host, port=port, tls=given.tls is not None)
    caught_up = False
    while not life.stop.asked:
        if named.goes_round() and serving.is_alive():
            life()
        caught_up = caught_up or (named.alive() and named.ready())
        if caught_up and named.alive() and serving.is_alive():
            life.ready()
        serving.join(LOOK_SECONDS)
    server.stop(GRACE)
    named.close()
