"""The list of state bodies."""

from pathlib import Path
from typing import get_args

import msgspec
import pytest

import jauap.domain
from jauap.domain.bodies import Body, Kind, parse_bodies

SHIPPED = (Path(jauap.domain.__file__).parent / "bodies.json").read_bytes()


def test_the_shipped_list_can_be_read() -> None:
    """The list that ships has a body for each part that the decree names, and every kind occurs."""
    bodies = {body.code: body for body in parse_bodies(SHIPPED)}
    assert {"MFA", "OMBUDSMAN", "PA", "PMO", "GPO", "SUPREME-COURT", "KNB", "MIA", "MOJ"} <= bodies.keys()
    assert {body.kind for body in bodies.values()} == set(get_args(Kind))


def test_every_code_fits_an_event() -> None:
    """Each shipped code and name fits the types that events hold them to, so each can be forwarded to."""
    for body in parse_bodies(SHIPPED):
        assert msgspec.convert(msgspec.to_builtins(body), Body) == body


@pytest.mark.parametrize("name", ["name_kk", "name_ru", "name_en"])
def test_no_two_bodies_share_a_name(name: str) -> None:
    """A person who picks a body by its name in any of the three languages can't mistake it for another."""
    names = [getattr(body, name) for body in parse_bodies(SHIPPED)]
    assert len(set(names)) == len(names)


def test_a_code_names_one_body() -> None:
    """A list in which one code names two bodies is not taken, and the code is told."""
    twice = b'[{"code":"MIA","kind":"ministry","name_kk":"a","name_ru":"b","name_en":"c"}]'
    both = twice[:-1] + b"," + twice[1:]
    with pytest.raises(ValueError, match="MIA"):
        parse_bodies(both)


def test_a_malformed_list_is_not_taken() -> None:
    """A code in small letters, or a field that no body has, is not read silently."""
    with pytest.raises(ValueError, match="code"):
        parse_bodies(b'[{"code":"mia","kind":"ministry","name_kk":"a","name_ru":"b","name_en":"c"}]')
    with pytest.raises(ValueError, match="seat"):
        parse_bodies(b'[{"code":"MIA","kind":"ministry","name_kk":"a","name_ru":"b","name_en":"c","seat":"d"}]')
