"""A function measured in a process of its own gives what it gives here, and what it took."""

import os

import pytest

from bench.alone import alone


def one_of(size: int) -> tuple[int, int]:
    """Hold so many bytes for a moment."""
    return os.getpid(), len(b"x" * size)


def fail() -> None:
    """Raise."""
    raise ValueError("as told")


def end() -> None:
    """End without a word."""
    os._exit(3)


def test_memory_is_the_process_s_own() -> None:
    """What was held at most is told, and the parent's memory is not in it."""
    small, large = alone(one_of, 1), alone(one_of, 2**27)
    assert small.result[0] != os.getpid()
    assert large.peak - small.peak > 2**26
    assert small.seconds > 0


def test_what_is_raised_is_raised_here() -> None:
    """And a process that ends without a word is an error too."""
    with pytest.raises(ValueError, match="as told"):
        alone(fail)
    with pytest.raises(EOFError):
        alone(end)
