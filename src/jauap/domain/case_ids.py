"""A case id is made from what identifies the case, so that a duplicate meets its twin."""

import re
import unicodedata

from jauap.domain.facts import Communication

REFERENCE = re.compile(
    r"^(?:(?P<type>UA|AL|OL|JUA|JAL|JOL) )?(?P<state>[A-Z]{3}) (?P<number>[1-9][0-9]*)/(?P<year>[0-9]{4})$", re.ASCII
)
CYRILLIC = dict(zip("АӘБВГҒДЕЁЗИЙІКҚЛМНҢОӨПРСТУҰҮФҺЫЭ", "AABVGGDEEZIIIKKLMNNOOPRSTUUUFHYE", strict=True)) | {
    "Ж": "ZH",
    "Х": "KH",
    "Ц": "TS",
    "Ч": "CH",
    "Ш": "SH",
    "Щ": "SHCH",
    "Ю": "YU",
    "Я": "YA",
    "Ъ": "",
    "Ь": "",
}
"""The rule for Cyrillic letters of Kazakh and Russian numbers: fixed, because ids never change."""
LONGEST = 64
VISIT = "VISIT-"
TREATY = "TB-"
"""No reference and no registry number of a communication makes an id that begins with one of these."""


def parse_reference(text: str) -> tuple[str | None, str]:
    """Split `AL KAZ 3/2026` into its type and its reference; a bare `KAZ 3/2026` has no type.

    Raises ValueError if the text is no UN reference. The year in it says nothing about the letter's date.
    """
    found = REFERENCE.match(" ".join(text.split()))
    if found is None:
        raise ValueError(text)
    return found["type"], f"{found['state']} {found['number']}/{found['year']}"


def of_reference(reference: str) -> str:
    """`KAZ 3/2026` gives `KAZ-3-2026`: the number runs per country and year across all types."""
    return reference.replace(" ", "-").replace("/", "-")


def of_registry_number(number: str) -> str:
    """The MFA's number, normalised: upper case, Cyrillic letters by `CYRILLIC`, all else one hyphen, after `MFA-`.

    So `03-12/1734-и` and `№ 03-12/1734-И` both give `MFA-03-12-1734-I`. Raises ValueError if nothing is left, or
    too much.
    """
    return _prefixed("MFA-", number)


def of_visit(registry_number: str) -> str:
    """`VISIT-` and the MFA's number of the paper that opens the case, normalised as in `of_registry_number`.

    That paper is the proposal, the UN's request, or the invitation. Raises ValueError if nothing is left, or too much.
    """
    return _prefixed(VISIT, registry_number)


def of_treaty_procedure(treaty_body: str, reference: str | None, registry_number: str | None) -> str | None:
    """`TB-CCPR-3012-2018`: the treaty body, and the UN's number or symbol, normalised as in `of_registry_number`.

    The body's own name in front of a symbol is left out: `CCPR/C/KAZ/Q/3` gives `TB-CCPR-C-KAZ-Q-3`. Where the UN gave
    no number, the MFA's registry number stands after `TB-CCPR-MFA-`. None: it has neither. Raises ValueError if nothing
    is left of the number, or too much.
    """
    prefix = f"{TREATY}{treaty_body}-"
    if reference is not None:
        return _prefixed(prefix, reference, without=f"{treaty_body}-")
    return None if registry_number is None else _prefixed(f"{prefix}MFA-", registry_number)


def kind(case_id: str) -> str:
    """What a case is about, by its id: communication, visit, treaty-procedure or calendar."""
    if case_id == "CALENDAR":
        return "calendar"
    if case_id.startswith(TREATY):
        return "treaty-procedure"
    return "visit" if case_id.startswith(VISIT) else "communication"


def normalised(number: str) -> str:
    """A number in upper case, with Cyrillic letters by `CYRILLIC`, and one hyphen for all else; it may be empty."""
    upper = unicodedata.normalize("NFKC", number.replace("№", " ")).upper()
    latin = "".join(CYRILLIC.get(letter, letter) for letter in upper)
    return re.sub(r"[^A-Z0-9]+", "-", latin).strip("-")


def _prefixed(prefix: str, number: str, without: str = "") -> str:
    normal = normalised(number).removeprefix(without)
    if not normal or len(prefix + normal) > LONGEST:
        raise ValueError(number)
    return prefix + normal


def of_communication(communication: Communication) -> str | None:
    """The id of a communication's case: by its reference, else by its registry number; None: it has neither."""
    if communication.reference is not None:
        return of_reference(communication.reference)
    if communication.registry_number is not None:
        return of_registry_number(communication.registry_number)
    return None
