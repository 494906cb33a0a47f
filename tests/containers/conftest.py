"""The engine with our image; nothing here is skipped where JAUAP_TEST_ENGINE is `required`, as in CI."""

import os

import pytest

from tests.containers import engine as engines
from tests.containers.engine import Engine


@pytest.fixture(scope="session")
def engine() -> Engine:
    """The engine of this machine, with the image of the files as they are now."""
    found = engines.engine()
    if found is None:
        if os.environ.get("JAUAP_TEST_ENGINE") == "required":
            pytest.fail("there is no container engine")
        pytest.skip("there is no container engine (Docker; or as root podman, buildah, runc and mmdebstrap)")
    engines.prepare()
    return found
