"""Who is told, and where: the deployment's officials and the bodies' contacts (practice).

It is a file beside the log, not in it: addresses, names and leave can be changed and deleted, records can't. Records
have codes only.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from datetime import date
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from jauap.domain.facts import Address, BodyCode, OfficialCode, Value

Tongue = Literal["kk", "ru", "en"]
Email = Annotated[
    str, Meta(pattern=r'^[^@\s<>()\[\],;:"\\\x00-\x1f\x7f-\U0010ffff]+@[A-Za-z0-9.-]+$(?!\n)', max_length=254)
]


class WrongDirectory(Exception):
    """The directory can't be used: the message names the place and the rule, never a name or an address."""


class Leave(Value, frozen=True, kw_only=True):
    """Days on which an official is away, in Kazakhstan, both included."""

    first: date = msgspec.field(name="from")
    until: date


class Contact(Value, frozen=True, kw_only=True):
    """Somebody who can be told, with at least one address."""

    email: Email | None = None
    webhook: Address | None = None
    """Where alerts are posted as JSON."""
    language: Tongue
    superior: OfficialCode | None = None
    """Code of the official who is told when this one takes no notice; null: nobody."""


class Official(Contact, frozen=True, kw_only=True):
    """An official."""

    code: OfficialCode
    name: str | None = None
    leave: tuple[Leave, ...] = ()


class BodyContact(Contact, frozen=True, kw_only=True):
    """Whom a state body wants to be told of the clocks that are its own."""

    body: BodyCode

    @property
    def code(self) -> str:
        """The body's code."""
        return self.body


Person = Official | BodyContact


class Entries(Value, frozen=True, kw_only=True):
    """The directory as its file has it."""

    officials: tuple[Official, ...]
    bodies: tuple[BodyContact, ...] = ()
    duty: OfficialCode
    """Code of the official who is told of what nobody is responsible for."""


class Directory:
    """Officials and contacts by their codes."""

    def __init__(self, entries: Entries, bodies: Collection[str]) -> None:
        """Check that every code leads somewhere; `bodies` are those of all state bodies. Raises WrongDirectory."""
        self.entries = entries
        self.officials = {official.code: official for official in entries.officials}
        self.bodies = {contact.body: contact for contact in entries.bodies}
        people: tuple[Person, ...] = (*entries.officials, *entries.bodies)
        self._check_codes(people, bodies)
        for person in people:
            self._check_person(person)
        for official in entries.officials:
            self._check_official(official)

    def _check_codes(self, people: Iterable[Person], bodies: Collection[str]) -> None:
        twice = [code for code, number in Counter(person.code for person in people).items() if number > 1]
        if twice:
            raise WrongDirectory(f"{', '.join(twice)}: used twice; officials and bodies need codes of their own")
        unknown = [code for code in self.bodies if code not in bodies]
        if unknown:
            raise WrongDirectory(f"{', '.join(unknown)}: no state body has this code; jauap body list names them")
        if self.entries.duty not in self.officials:
            raise WrongDirectory("duty: must be the code of an official")

    def _check_person(self, person: Person) -> None:
        if person.email is None and person.webhook is None:
            raise WrongDirectory(f"{person.code}: needs an e-mail address or a webhook")
        if person.webhook is not None and not _can_be_posted_to(person.webhook):
            raise WrongDirectory(f"{person.code}: webhook must be an address such as https://host:8443/path")
        if person.superior is not None and person.superior not in self.officials:
            raise WrongDirectory(f"{person.code}: superior must be the code of an official")

    def _check_official(self, official: Official) -> None:
        if any(leave.until < leave.first for leave in official.leave):
            raise WrongDirectory(f"{official.code}: leave must not end before it begins")
        if official in list(self.superiors(official)):
            raise WrongDirectory(f"{official.code}: is his or her own superior, directly or by others")

    @property
    def sends_mail(self) -> bool:
        """Whether anybody has an e-mail address."""
        return any(person.email for person in (*self.entries.officials, *self.entries.bodies))

    def superiors(self, person: Person) -> Iterator[Official]:
        """The superior, the superior's superior, and so on; each once."""
        seen: set[str] = set()
        while person.superior is not None and person.superior not in seen:
            seen.add(person.superior)
            person = self.officials[person.superior]
            yield person

    def lines(
        self, officer: str | None, deputy: str | None, body: str | None, level: int, today: date
    ) -> list[list[Person]]:
        """Who may be told of an alert at a level, on a day in Kazakhstan: for each line, whoever is next comes first.

        Level *n* is the *n*-th superior, whoever is away; who is away is left out, so that the next one stands in.
        """
        found: list[list[Person]] = [self._line(officer, deputy, level, today)]
        contact = None if body is None else self.bodies.get(body)
        if contact is not None:
            above = self._present(list(self.superiors(contact))[max(level - 1, 0) :], today)
            found.append([*above] if level else [contact, *above])
        return found

    def _line(self, officer: str | None, deputy: str | None, level: int, today: date) -> list[Person]:
        """The responsible officer and the superiors. On leave: the deputy; both on leave, or unknown: who comes next.

        If nobody is left, the official on duty, on leave or not: an alert always has somebody to be told.
        """
        responsible, second = self.officials.get(officer or ""), self.officials.get(deputy or "")
        first = [official for official in (responsible, second) if official is not None]
        above = list(self.superiors(first[0])) if first else []
        if not self._present([*first, *above], today):
            duty = self.officials[self.entries.duty]
            above = list(self.superiors(duty))
            return [duty, *self._present(above, today)] if level == 0 else [*self._present(above[level - 1 :], today)]
        here = [*first, *above] if level == 0 else above[level - 1 :]
        return [*dict.fromkeys(self._present(here, today))]

    def _present(self, officials: Iterator[Official] | list[Official], today: date) -> list[Official]:
        return [one for one in officials if not any(leave.first <= today <= leave.until for leave in one.leave)]


def _can_be_posted_to(address: Address) -> bool:
    """Whether an http(s) address names a host, and a port if any, as HTTP writes them; a login in it is not sent."""
    try:
        parts = urlsplit(address)
        return bool(parts.hostname) and parts.port != 0 and parts.username is None and address.isascii()
    except ValueError:
        return False


def parse_directory(text: bytes, bodies: Collection[str]) -> Directory:
    """Read a directory from JSON, given the codes of all state bodies. Raises WrongDirectory."""
    try:
        entries = msgspec.json.decode(text, type=Entries)
    except msgspec.ValidationError as error:
        raise WrongDirectory(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise WrongDirectory("is not JSON in UTF-8") from None
    return Directory(entries, bodies)
