"""The state bodies of Kazakhstan as data: `bodies.json` beside this module, which the caller reads.

A code is stable: it stands in events, and names topics. A body that is renamed keeps its code; a body that is
abolished stays in the list, because what was forwarded to it stays on record.
"""

from typing import Annotated, Literal

import msgspec

from jauap.domain.facts import BodyCode, Line, Value, doc

Access = Literal["none", "granted", "revoked"]
Kind = Literal["ministry", "presidential", "government-office", "court", "ombudsman", "akimat"]


class Body(Value, frozen=True, kw_only=True):
    """A state body."""

    code: Annotated[BodyCode, doc("Its code, for ever.")]
    name_kk: Annotated[Line, doc("Its name in Kazakh.")]
    name_ru: Annotated[Line, doc("Its name in Russian.")]
    name_en: Annotated[Line, doc("Its name in English.")]
    kind: Annotated[
        Kind,
        doc(
            "ministry; presidential: directly subordinate and accountable to the President; government-office; court; "
            "ombudsman; akimat: local executive body."
        ),
    ]
    access: Annotated[
        Access, doc("Its access to the broker: none, granted, or revoked (its topics stay, and nobody reads them).")
    ] = "none"


def parse_bodies(data: bytes) -> tuple[Body, ...]:
    """The bodies of a JSON list, in its order. Raises ValueError if it is no such list, or has a code twice."""
    bodies = msgspec.json.decode(data, type=tuple[Body, ...])
    codes = [body.code for body in bodies]
    twice = sorted({code for code in codes if codes.count(code) > 1})
    if twice:
        raise ValueError(f"a code names one body, but these name several: {', '.join(twice)}")
    return bodies
