"""The stores that keep the same promises."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from jauap.documents import DocumentStore, open_store
from tests.documents.s3_server import S3Server, s3_server

LARGEST = 3 * 2**20

_numbers = itertools.count()


class Kept(NamedTuple):
    """A store of a test, and the files in which its documents end up."""

    store: DocumentStore
    files: Callable[[], list[Path]]


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A real S3 server, empty but for what tests have put there, each under a prefix of its own."""
    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(params=["folder", "s3"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    """An empty store, whose place is not there yet: each kind must keep the same promises."""
    if request.param == "folder":
        place = tmp_path / "deep" / "store"
        return Kept(open_store(str(place), LARGEST), lambda: _files(place))
    server: S3Server = request.getfixturevalue("s3")
    prefix = f"trial/{next(_numbers)}"
    return Kept(open_store(server.address(prefix), LARGEST), lambda: _files(server.objects / prefix))


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
