"""Telling on stderr what is going on, and how far it is."""

import sys
import time
from collections.abc import Callable

import typer

LINE_SECONDS = 10.0
"""Between two lines where stderr is no terminal."""
DRAW_SECONDS = 0.2

_began = time.monotonic()


def say(words: str) -> None:
    """Tell what begins now."""
    typer.echo(f"[{time.monotonic() - _began:6.1f} s] {words}", err=True)


class Bar:
    """How far one piece of work is."""

    def __init__(self, words: str) -> None:
        """Nothing is drawn before the first `show`."""
        self._words, self._drawn, self._terminal = words, time.monotonic(), sys.stderr.isatty()

    def show(self, done: int, total: int) -> None:
        """Draw it, if it was not drawn just now."""
        self.show_if_due(lambda: (done, total))

    def show_if_due(self, found: Callable[[], tuple[int, int]]) -> None:
        """Ask how far it is, and draw it, if it was not drawn just now."""
        now = time.monotonic()
        if now - self._drawn < (DRAW_SECONDS if self._terminal else LINE_SECONDS):
            return
        self._drawn = now
        done, total = found()
        text = f"           {self._words}: {done:,} of {total:,} ({100 * done // max(total, 1)} %)"
        typer.echo(f"\r{text}" if self._terminal else text, err=True, nl=not self._terminal)
