"""The image: what is in it, what is not, and that each process starts from it and says what it lacks."""

import json
import re
from pathlib import Path

import pytest

from tests.containers.engine import IMAGE, ROOT, Engine, EngineError

PROCESSES = ("intake", "routing", "deadlines", "publication", "projector", "liaison", "documents", "post")
HARDENED = ("--read-only", "--cap-drop", "ALL", "--network", "none", "--security-opt", "no-new-privileges")
LOOK = r"""
import compileall, glob, importlib.util, json, os, shutil, stat
files = [os.path.join(at, name) for at, _, names in os.walk("/opt/jauap") for name in names]
compiled = [file for file in files if file.endswith(".pyc")]
print(json.dumps({
    "user": [os.getuid(), os.getgid()],
    "tools": [tool for tool in ("pip", "pip3", "uv", "gcc", "cc", "make", "git") if shutil.which(tool)],
    "modules": [name for name in ("pip", "setuptools", "hatchling", "ensurepip") if importlib.util.find_spec(name)],
    "may write": [file for file in files if os.access(file, os.W_OK)],
    "compiled": len(compiled),
    "by time": [file for file in compiled if open(file, "rb").read(8)[4] != 1],
    "sbom": json.load(open("/opt/jauap/sbom.cdx.json")),
}))
"""

DATA = """
import jauap, services
from pathlib import Path
for top in map(Path, (*jauap.__path__, *services.__path__)):
    print(*(file.relative_to(top) for file in top.rglob("*") if file.is_file() and file.suffix != ".pyc"))
"""


def pinned() -> dict[str, str]:
    """What the lock file says is inside."""
    lock = (ROOT / "deploy/image/runtime.lock").read_text()
    return dict(re.findall(r"^([a-z0-9.-]+)==([^ ]+)", lock, re.MULTILINE))


def test_it_holds_what_the_lock_file_says_and_nothing_that_builds(engine: Engine) -> None:
    """Each package at its version, listed in the SBOM; byte code tied to its source; nothing the user may change."""
    seen = json.loads(engine.run("run", "--rm", *HARDENED, "--entrypoint", "python", IMAGE, "-c", LOOK))
    assert seen["user"] == [10001, 10001]
    assert (seen["tools"], seen["modules"], seen["may write"], seen["by time"]) == ([], [], [], [])
    assert seen["compiled"] > 1000
    listed = {re.sub(r"[-_.]+", "-", one["name"]).lower(): one["version"] for one in seen["sbom"]["components"]}
    assert listed.items() >= pinned().items()
    assert set(listed) - set(pinned()) <= {"jauap"}
    assert seen["sbom"]["metadata"]["component"]["version"] == "0.1.0"


def test_it_says_what_it_is(engine: Engine) -> None:
    """Labels, a user by number, a health check, and nothing that needs a shell."""
    configured = engine.inspect(IMAGE)["Config"]
    assert configured["User"] == "10001:10001"
    assert configured["Entrypoint"] == ["python", "-m"]
    assert configured["StopSignal"] in ("SIGTERM", "15")
    assert {"title", "description", "version", "revision"} <= {
        label.removeprefix("org.opencontainers.image.") for label in configured["Labels"]
    }
    check = configured.get("Healthcheck") or engine.inspect(IMAGE)["Healthcheck"]
    assert check["Test"] == ["CMD", "python", "-m", "jauap.health"]


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_without_settings_stops_with_one_line(engine: Engine, name: str) -> None:
    """Status 2, the setting by its name; without a shell, on a file system that can't be written."""
    with pytest.raises(EngineError) as stopped:
        engine.run("run", "--rm", *HARDENED, "--tmpfs", "/tmp", IMAGE, f"services.{name}")  # noqa: S108 - the container's
    assert stopped.value.status == 2
    [line] = [line for line in stopped.value.told.splitlines() if line.startswith("{")]
    assert json.loads(line)["reason"].startswith("JAUAP_")


def test_health_tells_of_a_process_that_is_not_there(engine: Engine) -> None:
    """The check of the image is a command that fails where nothing runs."""
    with pytest.raises(EngineError) as told:
        engine.run("run", "--rm", *HARDENED, IMAGE, "jauap.health")
    assert told.value.status == 1


def test_what_the_image_is_built_of_is_named(engine: Engine) -> None:
    """Data files that are read at run time are inside: schemas, topic pages, SQL, bodies, calendar acts."""
    inside = engine.run("run", "--rm", *HARDENED, "--entrypoint", "python", IMAGE, "-c", DATA).split()
    kept = {
        str(file.relative_to(top))
        for top in (ROOT / "src/jauap", ROOT / "services")
        for file in Path(top).rglob("*")
        if file.is_file() and file.suffix != ".pyc" and file.name != ".DS_Store"
    }
    assert set(inside) == kept
