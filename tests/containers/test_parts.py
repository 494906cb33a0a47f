"""The same tests as elsewhere on parts in containers: what they find must not hang on how a part was started."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from jauap.stack.addresses import Addresses
from tests.conftest import prepare
from tests.containers.engine import Engine
from tests.contracts.test_registry import (
    test_every_subject_is_full_transitive,
    test_the_id_in_a_record_leads_to_its_schema,
)
from tests.parts import in_containers, parts

__all__ = ["test_every_subject_is_full_transitive", "test_the_id_in_a_record_leads_to_its_schema"]


@pytest.fixture(scope="module")
def stack(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    """As everywhere, but in containers, by whatever engine there is."""
    folder = tmp_path_factory.mktemp("parts")
    with pytest.MonkeyPatch.context() as patched, engine.service(folder / "engine.sock") as told:
        for name, value in told.items():
            patched.setenv(name, value)
        assert in_containers()
        with parts(folder) as addresses:
            prepare(addresses)
            yield addresses


def test_a_letter_is_taken_and_shown(stack: Addresses, tmp_path: Path) -> None:
    """From the command line over Kafka, a service, the registry and PostgreSQL, and back."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("JAUAP_")}
    Path(stack.documents).mkdir(exist_ok=True)
    with ExitStack() as running:
        for name in ("intake", "projector"):
            told = stack.of_principal(name).environment()
            needless = {"JAUAP_HTTP", "JAUAP_HTTP_CERTIFICATE", "JAUAP_HTTP_KEY", "JAUAP_BODIES"}
            environment = {**inherited, **{key: value for key, value in told.items() if key not in needless}}
            log = running.enter_context((tmp_path / f"{name}.log").open("w"))
            process = subprocess.Popen([sys.executable, "-m", f"services.{name}"], env=environment, stderr=log)
            running.callback(process.wait, 30)
            running.callback(process.terminate)

        def jauap(*words: str) -> str:
            told = stack.of_principal("cli").environment()
            return subprocess.run(
                [sys.executable, "-m", "jauap", *words], env={**inherited, **told}, check=True, capture_output=True,
                text=True, timeout=120,
            ).stdout  # fmt: skip

        letter = ("--case", "KAZ-3-2026", "--reference", "KAZ 3/2026", "--communication-type", "AL", "--state", "KAZ")
        done = jauap("do", "ReceiveCommunication", *letter, "--received-on", "2026-03-03", "--json")
        assert json.loads(done.splitlines()[0])["status"] == "accepted", done
        assert "KAZ 3/2026" in jauap("case", "show", "KAZ-3-2026", "--json")
