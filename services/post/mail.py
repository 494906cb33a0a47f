"""Telling by e-mail: one message to a mail server (RFC 5321), with TLS and a login where the deployment has them."""

import smtplib
import ssl
from contextlib import suppress
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Literal, NamedTuple

from jauap.domain.facts import AlertFault

Security = Literal["starttls", "tls", "none"]
TIMEOUT = 30.0
PERMANENT = 500


class NotTold(Exception):
    """A message was not handed over. The server's own words are left out: they may hold an address."""

    def __init__(self, fault: AlertFault, everybody: bool = False) -> None:  # noqa: FBT001, FBT002
        super().__init__(fault)
        self.fault: AlertFault = fault
        self.everybody = everybody
        """It would be the same for every other recipient now."""


class MailServer(NamedTuple):
    """Where e-mail is handed over."""

    host: str
    port: int
    security: Security
    sender: str
    """The address that messages come from."""
    user: str | None = None
    password_file: Path | None = None
    """Read at each login, so that a new password needs no restart."""
    authorities: Path | None = None
    """PEM file of the authorities that vouch for the server; None: the machine's own."""

    def send(self, message: EmailMessage) -> None:
        """Hand a message over. Raises NotTold."""
        try:
            session = self._connect()
            try:
                session.send_message(message)
            finally:
                _leave(session)
        except smtplib.SMTPAuthenticationError as error:
            raise NotTold("login", everybody=True) from error
        except smtplib.SMTPNotSupportedError as error:
            raise NotTold("login", everybody=True) from error
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            raise NotTold(_by_code(min(codes, default=PERMANENT))) from error
        except smtplib.SMTPSenderRefused as error:  # who sends is the same in every message
            raise NotTold("login" if error.smtp_code >= PERMANENT else "deferred", everybody=True) from error
        except smtplib.SMTPConnectError as error:
            raise NotTold("unreachable", everybody=True) from error
        except smtplib.SMTPResponseException as error:
            raise NotTold(_by_code(error.smtp_code)) from error
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise NotTold("unreachable", everybody=True) from error

    def _connect(self) -> smtplib.SMTP:
        context = ssl.create_default_context(cafile=str(self.authorities) if self.authorities else None)
        if self.security == "tls":
            session: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT, context=context)
        else:
            session = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT)
        try:
            if self.security == "starttls":
                session.starttls(context=context)
            if self.user is not None and self.password_file is not None:
                _log_in(session, self.user, _password(self.password_file))
        except BaseException:
            session.close()
            raise
        return session


def _leave(session: smtplib.SMTP) -> None:
    """Say goodbye; whatever the server answers to that, what it took before it took."""
    with suppress(smtplib.SMTPException, OSError):
        session.quit()
    session.close()


def _log_in(session: smtplib.SMTP, user: str, password: str) -> None:
    try:
        session.login(user, password)
    except UnicodeEncodeError as error:  # smtplib sends ASCII only
        raise NotTold("login", everybody=True) from error


def _password(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise NotTold("login", everybody=True) from error


def _by_code(code: int) -> AlertFault:
    return "refused" if code >= PERMANENT else "deferred"


def letter(
    sender: str, to: str, message_id: str, subject: str, text: str, language: str, now: datetime
) -> EmailMessage:
    """An e-mail; `now` is an instant."""
    made = EmailMessage()
    made["From"] = sender
    made["To"] = to
    made["Subject"] = subject
    made["Date"] = format_datetime(now)
    made["Message-ID"] = message_id
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834: no automatic answers to it
    made.set_content(text, charset="utf-8", cte="base64")
    made["Content-Language"] = language
    return made
