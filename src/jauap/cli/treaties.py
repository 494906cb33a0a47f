"""`jauap treaty`: which treaties bind from when, and by which terms their bodies are answered (14-11)."""

import typer

from jauap.cli.addresses import AsJson
from jauap.cli.printing import say, say_json, say_table
from jauap.domain.treaties import Treaties
from jauap.surroundings import shipped_treaties

app = typer.Typer(help="Treaties, terms and addressees of 14-11.\n\nExample: jauap treaty list", no_args_is_help=True)


@app.callback()
def treaty() -> None:
    """Treaties, terms and addressees of 14-11.

    Example: jauap treaty list
    """


@app.command("list")
def list_treaties(as_json: AsJson = False) -> None:  # noqa: FBT002
    """List treaties and optional procedures with the day from which each binds, then the terms where none is stated.

    What was not verified says so. The date that a document states wins over any of these terms.

    Example: jauap treaty list --json
    """
    treaties = shipped_treaties()
    if as_json:
        say_json(treaties)
        return
    _say_instruments(treaties)
    say("\nTERMS WHERE THE DOCUMENT STATES NONE")
    _say_terms(treaties)
    say(f"\nADDRESSEES OF 14-11: {', '.join(treaties.addressees)}")


def _say_instruments(treaties: Treaties) -> None:
    rows = [
        (
            one.code,
            one.treaty_body,
            one.binds_from or "does not bind",
            _verified(verified=one.verified),
            one.procedures,
            one.title,
        )
        for one in treaties.instruments
    ]
    say_table(("CODE", "BODY", "BINDS FROM", "VERIFIED", "PROCEDURES", "NAME"), rows, "")


def _say_terms(treaties: Treaties) -> None:
    rows = [
        (one.instrument, one.procedure, one.count, one.unit, one.basis, _verified(verified=one.verified), one.rule)
        for one in treaties.defaults
    ]
    say_table(("UNDER", "PROCEDURE", "TERM", "UNIT", "BASIS", "VERIFIED", "RULE"), rows, "")


def _verified(*, verified: bool) -> str:
    return "yes" if verified else "no"
