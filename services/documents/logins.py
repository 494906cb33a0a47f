"""HTTP Basic logins, checked by a store of passwords elsewhere: remembered briefly, and never many checked at once."""

import base64
import binascii
import hashlib
import re
import secrets
import threading
import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
LONGEST_PASSWORD = 256
CHARGED = 60.0
"""Seconds for which wrong passwords count against an address."""
MANY = 10_000


class Passwords(Protocol):
    """Where it is known which password is whose."""

    def ok(self, user: str, password: str) -> bool:
        """Whether this is the user's password. Raises LogUnavailable if that can't be found out now."""


class WrongLogin(Exception):
    """No login, or a wrong one."""


class TooManyLogins(Exception):
    """Too many wrong passwords came from this address; or too many logins are being checked."""


class Patience(NamedTuple):
    """How long, and how much."""

    good: float = 60.0
    """Seconds for which a good login is not checked again."""
    bad: float = 5.0
    """The same for a wrong one."""
    at_once: int = 3
    """Logins that are checked at once; as many more of those that were good before: strangers can't lock them out."""
    wait: float = 5.0
    """Seconds that a login waits for its check."""
    wrong: int = 10
    """Wrong passwords of an address within a minute after which it is not listened to for the rest of it."""


PATIENCE = Patience()


class Logins:
    """Who asks. Passwords are remembered by a hash under a key that only this process ever has."""

    def __init__(
        self,
        passwords: Passwords,
        patience: Patience = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock` gives seconds."""
        self._passwords, self._patience, self._clock = passwords, patience, clock
        self._key = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._known: dict[bytes, tuple[bool, float]] = {}
        self._was_good: dict[str, bytes] = {}
        self._wrong: dict[str, list[float]] = {}
        self._strangers = threading.BoundedSemaphore(patience.at_once)
        self._friends = threading.BoundedSemaphore(patience.at_once)

    def who(self, authorization: str, client: str) -> str:
        """The principal of an Authorization header. Raises WrongLogin, TooManyLogins, and LogUnavailable."""
        user, password = _basic(authorization)
        mark = self._mark(user, password)
        known = self._remembered(mark)
        if known is None:
            known = self._checked(user, password, mark, client)
        if not known:
            raise WrongLogin
        return user

    def _checked(self, user: str, password: str, mark: bytes, client: str) -> bool:
        with self._lock:
            friend = secrets.compare_digest(self._was_good.get(user, b""), mark)
            if not friend and len(self._charges(client)) >= self._patience.wrong:
                raise TooManyLogins
        turns = self._friends if friend else self._strangers
        if not turns.acquire(timeout=self._patience.wait):
            raise TooManyLogins
        try:
            known = self._remembered(mark)  # meanwhile another request of the same login may have found out
            if known is None:
                known = self._passwords.ok(user, password)
                self._remember(user, mark, client, good=known)
        finally:
            turns.release()
        return known

    def _remembered(self, mark: bytes) -> bool | None:
        with self._lock:
            good, until = self._known.get(mark, (False, float("-inf")))
            return good if self._clock() < until else None

    def _remember(self, user: str, mark: bytes, client: str, *, good: bool) -> None:
        now = self._clock()
        with self._lock:
            if len(self._known) >= MANY:
                self._known = {one: held for one, held in self._known.items() if held[1] > now and held[0]}
            self._known[mark] = good, now + (self._patience.good if good else self._patience.bad)
            if good:
                self._was_good[user] = mark
                return
            if self._was_good.get(user) == mark:
                del self._was_good[user]
            if len(self._wrong) >= MANY:
                self._wrong = {one: charged for one in self._wrong if (charged := self._charges(one))}
            self._wrong[client] = [*self._charges(client), now]

    def _charges(self, client: str) -> list[float]:
        return [at for at in self._wrong.get(client, ()) if self._clock() - at < CHARGED]

    def _mark(self, user: str, password: str) -> bytes:
        return hashlib.blake2b(f"{len(user)}:{user}{password}".encode(), key=self._key, digest_size=32).digest()


def _basic(authorization: str) -> tuple[str, str]:
    scheme, _, told = authorization.partition(" ")
    try:
        user, colon, password = base64.b64decode(told.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise WrongLogin from None
    usable = NAME.fullmatch(user) and 0 < len(password) <= LONGEST_PASSWORD and password.isprintable()
    if scheme.lower() != "basic" or not colon or not usable:
        raise WrongLogin
    return user, password
