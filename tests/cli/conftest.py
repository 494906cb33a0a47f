"""Fixtures for the command line."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.cli.fakes import log

__all__ = ["log"]


@pytest.fixture(autouse=True)
def nothing_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No stack, no setting of this machine is seen, and no logging stays configured."""
    for name in ("KAFKA", "REGISTRY", "DATABASE", "DOCUMENTS", "DATA_DIR", "STATE", "ACTOR", "TRIAL_CLOCK"):
        monkeypatch.delenv(f"JAUAP_{name}", raising=False)
    monkeypatch.chdir(tmp_path)
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
