"""The wiring of post: settings, the directory's file, the read models, the log, the mail server."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec
import structlog

from jauap.bodies import BodyList
from jauap.clock import clock_from_environment
from jauap.domain.case import CALENDAR
from jauap.domain.directory import Directory, Email, WrongDirectory, parse_directory
from jauap.domain.events import CalendarActReceived
from jauap.domain.facts import AlertChannel, CalendarAct
from jauap.domain.workdays import Calendar, calendar_of
from jauap.messaging.connection import WrongAddress, check_authorities, read_password
from jauap.messaging.lane import EVENT_TOPICS
from jauap.messaging.log import Ends, LogUnavailable
from jauap.messaging.registry import RegistryError
from jauap.messaging.sender import Order, Sender
from jauap.messaging.undecided import Undecided
from jauap.process import Life
from jauap.projections import address, queries
from jauap.projections.database import Connection, DatabaseUnavailable, snapshot
from jauap.projections.generations import BeingMade, answering, check_answers
from jauap.settings import WrongSetting, bodies_from_environment, kafka, registry, required
from services.post.digest import NOWHERE, Digest
from services.post.mail import MailServer, Security, letter
from services.post.run import NotNow, Picture, Post, Send, Timing
from services.post.webhook import post

log = structlog.get_logger(__name__)

NAME = "post"
SCHEMES: Mapping[str, tuple[Security, int]] = {
    "smtp": ("starttls", 587),
    "smtps": ("tls", 465),
    "smtp+plain": ("none", 25),
}
RECORD_PATIENCE = 10.0


class Settings(NamedTuple):
    """The settings of post."""

    kafka: str
    """JAUAP_KAFKA."""
    registry: str
    """JAUAP_REGISTRY."""
    database: str
    """JAUAP_DATABASE."""
    directory: Path
    """JAUAP_DIRECTORY: JSON file of officials and bodies' contacts."""
    bodies: BodyList
    """JAUAP_BODIES: the deployment's list of state bodies; without it those that ship."""
    mail: MailServer | None
    """JAUAP_SMTP and JAUAP_SMTP_*; None: no e-mail is sent."""
    timing: Timing
    """JAUAP_POST_QUIET, JAUAP_POST_EVERY, JAUAP_POST_RETRY: seconds."""
    look: float
    """JAUAP_POST_LOOK: seconds between two looks."""


def from_environment() -> Settings:
    """Read the settings. Raises WrongSetting, which names the variable and the rule."""
    given = Settings(
        kafka=kafka(),
        registry=registry(),
        database=address.from_environment(),
        directory=Path(required("JAUAP_DIRECTORY", "must name the JSON file of officials and bodies' contacts")),
        bodies=bodies_from_environment(),
        mail=mail_server(),
        timing=Timing(
            quiet=_seconds("JAUAP_POST_QUIET", 30),
            every=_seconds("JAUAP_POST_EVERY", 900),
            retry=_seconds("JAUAP_POST_RETRY", 30),
        ),
        look=_seconds("JAUAP_POST_LOOK", 5),
    )
    usable_directory(given)
    return given


def mail_server() -> MailServer | None:
    """JAUAP_SMTP as smtp://host:587 (STARTTLS), smtps://host:465 or smtp+plain://host:25. Raises WrongSetting."""
    text = os.environ.get("JAUAP_SMTP", "")
    if not text:
        return None
    parts = urlsplit(text)
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise WrongSetting("JAUAP_SMTP", "must be smtp://host:587, smtps://host:465, or smtp+plain://host:25")
    security, port = SCHEMES[parts.scheme]
    password, authorities = (os.environ.get(name) for name in ("JAUAP_SMTP_PASSWORD_FILE", "JAUAP_SMTP_CA"))
    user = os.environ.get("JAUAP_SMTP_USER") or None
    if (user is None) != (not password):
        raise WrongSetting("JAUAP_SMTP_PASSWORD_FILE", "and JAUAP_SMTP_USER must be set together")
    if user is not None and security == "none":
        raise WrongSetting(
            "JAUAP_SMTP", "must be smtp:// or smtps:// with a login: a password is not sent in the clear"
        )
    try:
        if password:
            read_password(Path(password))
    except WrongAddress as wrong:
        raise WrongSetting("JAUAP_SMTP_PASSWORD_FILE", str(wrong)) from None
    try:
        if authorities:
            check_authorities(Path(authorities))
    except WrongAddress as wrong:
        raise WrongSetting("JAUAP_SMTP_CA", str(wrong)) from None
    return MailServer(
        host=parts.hostname,
        port=parts.port or port,
        security=security,
        sender=_sender(),
        user=user,
        password_file=Path(password) if password else None,
        authorities=Path(authorities) if authorities else None,
    )


def _sender() -> str:
    text = required("JAUAP_SMTP_FROM", "must be the address that messages come from")
    try:
        return msgspec.convert(text, Email)
    except msgspec.ValidationError:
        raise WrongSetting("JAUAP_SMTP_FROM", "must be a plain address, such as jauap@mfa.example") from None


def _seconds(name: str, default: float) -> float:
    try:
        value = float(os.environ.get(name) or default)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 86_400:  # noqa: PLR2004 - a day
        raise WrongSetting(name, "must be a number of seconds, at most a day's")
    return value


def read_directory(file: Path, bodies: BodyList) -> Directory:
    """The directory in a file. Raises WrongSetting."""
    try:
        return parse_directory(file.read_bytes(), bodies.codes())
    except OSError as error:
        raise WrongSetting("JAUAP_DIRECTORY", f"can't be read: {error.strerror}") from error
    except WrongDirectory as error:
        raise WrongSetting("JAUAP_DIRECTORY", f"can't be used: {error}") from error


def usable_directory(given: Settings) -> Directory:
    """The directory as its file is now, if everybody in it can be told. Raises WrongSetting."""
    found = read_directory(given.directory, given.bodies)
    if given.mail is None and found.sends_mail:
        raise WrongSetting("JAUAP_SMTP", "must name the mail server: the directory has e-mail addresses")
    return found


class Deployed:
    """The deployment around post."""

    def __init__(self, given: Settings, stopping: Callable[[], bool] = lambda: False) -> None:
        """Connect lazily; the directory is read now. Raises WrongSetting."""
        self._given, self._stopping = given, stopping
        self._directory, self._read_at = usable_directory(given), _changed_at(given.directory)
        self._undecided = Undecided(given.kafka, "deadlines", f"jauap-{NAME}")
        self._ends = Ends(given.kafka, f"jauap-{NAME}")
        self._connection: Connection | None = None

    def close(self) -> None:
        """Disconnect."""
        self._undecided.close()
        self._disconnect()

    def undecided(self) -> frozenset[str]:
        """The cases of which a command to *deadlines* may be undecided. Raises LogUnavailable."""
        return self._undecided.case_ids()

    def picture(self) -> Picture:
        """The open alerts. Raises NotNow: the read models are behind the log, or another post is at work."""
        partitions = self._ends.partitions(EVENT_TOPICS)
        places = [(topic, number) for topic in EVENT_TOPICS for number in range(partitions.get(topic, 0))]
        ends = self._ends.of(places)
        try:
            connection = self._connected()
            if not queries.alone(connection, NAME):
                raise NotNow("another post is at work")
            with snapshot(connection):  # of one moment: rows that are being folded anew are never taken for all
                check_answers(connection)
                positions = {(row.topic, row.partition): row.next_offset for row in queries.positions(connection)}
                if not ends or any(positions.get(place, 0) < end for place, end in ends.items()):
                    raise NotNow("the read models are behind the log")
                return Picture(queries.alerts(connection), _calendar(connection))
        except BeingMade:
            self._disconnect()
            raise NotNow("the tables of this release are being made") from None
        except DatabaseUnavailable:
            self._disconnect()
            raise

    def record(self, orders: Iterable[Order]) -> list[Order]:
        """Have deliveries recorded; gives back what was not appended.

        Once nothing is answered any more, or it is told to stop, the rest is not. What was appended and has no outcome
        yet is looked for by `undecided` from now on.
        """
        left = {order.command_id: order for order in orders}
        silent = False

        def while_answered() -> Iterator[Order]:
            for order in list(left.values()):
                if silent or self._stopping():
                    return
                yield order

        try:
            with Sender(self._given.kafka, self._given.registry, f"jauap-{NAME}", ("deadlines",)) as sender:
                for order, outcome in sender.submit(while_answered(), RECORD_PATIENCE):
                    left.pop(order.command_id, None)
                    silent = silent or outcome is None
                    if outcome is not None and outcome.status != "accepted":
                        say = log.warning if outcome.status == "held" else log.error
                        say("not recorded", case_id=order.case_id, status=outcome.status, code=outcome.code)
        except (LogUnavailable, RegistryError) as reason:
            log.warning("deliveries can't be recorded now", reason=str(reason), left=len(left))
        return list(left.values())

    def directory(self) -> Directory:
        """The directory as its file is now; one that can't be used any more is told, and the last good one holds."""
        changed_at = _changed_at(self._given.directory)
        if changed_at != self._read_at:
            self._read_at = changed_at
            try:
                self._directory = usable_directory(self._given)
                log.info("directory read anew")
            except WrongSetting as wrong:
                log.warning("the directory can't be used, the one before holds", reason=str(wrong))
        return self._directory

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = answering(self._given.database)
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _calendar(connection: Connection) -> Calendar:
    acts = (row for row in queries.history(connection, CALENDAR) if row.event == CalendarActReceived.__name__)
    return calendar_of(msgspec.convert(row.data, CalendarAct) for row in acts if row.withdrawn_by is None)


def _changed_at(file: Path) -> int | None:
    with suppress(OSError):
        return file.stat().st_mtime_ns
    return None


def ways(given: Settings) -> dict[AlertChannel, Send]:
    """How messages are handed over."""

    def by_mail(server: MailServer) -> Send:
        def send(digest: Digest, subject: str, text: str, _: Mapping[str, Any]) -> None:
            to, language = digest.recipient.email or "", digest.recipient.language
            now = clock_from_environment()()
            server.send(letter(server.sender, to, digest.message, subject, text, language, now))

        return send

    def by_webhook(digest: Digest, _: str, __: str, content: Mapping[str, Any]) -> None:
        post(digest.recipient.webhook or "", digest.message, content)

    found: dict[AlertChannel, Send] = {"webhook": by_webhook}
    if given.mail is not None:
        found["email"] = by_mail(given.mail)
    return found


def make(given: Settings, deployed: Deployed) -> Post:
    """Build the post."""
    host = given.mail.sender.rpartition("@")[2] if given.mail else NOWHERE
    return Post(deployed, ways(given), clock_from_environment(), given.timing, host)


def run(life: Life) -> None:
    """Run it until told to stop."""
    given = from_environment()
    deployed = Deployed(given, life)
    try:
        make(given, deployed).run(life, given.look, life.ready)
    finally:
        deployed.close()
