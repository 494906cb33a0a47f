"""The deployment's bodies: what ships, what its list adds, and who has access, as the file is now."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest
from structlog.testing import capture_logs

from jauap.bodies import BodyList, UnusableList, put, shipped, with_access
from jauap.domain.bodies import Body

ABAI = Body(
    code="AKIMAT-ABAI",
    kind="akimat",
    name_kk="Абай облысының әкімдігі",
    name_ru="Акимат области Абай",
    name_en="Akimat of the Abai region",
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A list that adds nothing."""
    found = tmp_path / "bodies.json"
    found.write_text("[]\n")
    return found


def test_without_a_list_there_are_the_shipped_bodies_and_nobody_has_access() -> None:
    """They are a start for any deployment."""
    bodies = BodyList(None)
    assert bodies.all() == shipped()
    assert bodies.with_access() == bodies.with_topics() == frozenset()


def test_a_body_that_is_added_is_known_at_once(file: Path) -> None:
    """A process that runs sees it without a new start; the shipped ones stay."""
    bodies = BodyList(file)
    assert "AKIMAT-ABAI" not in bodies.codes()
    put(file, ABAI)
    assert bodies.all() == (*shipped(), ABAI)


def test_access_follows_the_list(file: Path) -> None:
    """Who lost access keeps its topics; who never had any has none."""
    bodies = BodyList(file)
    mia = next(body for body in shipped() if body.code == "MIA")
    put(file, with_access(mia, "granted"))
    put(file, with_access(ABAI, "revoked"))
    assert bodies.with_access() == {"MIA"}
    assert bodies.with_topics() == {"MIA", "AKIMAT-ABAI"}
    assert [body.code for body in bodies.all()] == [*(body.code for body in shipped()), "AKIMAT-ABAI"]
    put(file, with_access(mia, "revoked"))
    assert bodies.with_access() == frozenset()
    assert len(json.loads(file.read_bytes())) == 2


@pytest.mark.parametrize("content", ["", "{}", '[{"code": "MIA"}]', "[1]"])
def test_a_list_that_can_t_be_used_stops_the_start(file: Path, content: str) -> None:
    """It is named with what is wrong."""
    file.write_text(content)
    with pytest.raises(UnusableList, match=r"bodies\.json can't be used"):
        BodyList(file)
    with pytest.raises(UnusableList, match="can't be read"):
        BodyList(file.with_name("nowhere.json"))


def test_a_list_that_is_spoilt_later_is_told_and_the_one_before_holds(file: Path) -> None:
    """A slip of an editor takes nobody's access away."""
    put(file, with_access(msgspec.structs.replace(ABAI), "granted"))
    bodies = BodyList(file)
    file.write_text("[")
    with capture_logs() as logs:
        assert bodies.with_access() == {"AKIMAT-ABAI"}
        assert bodies.with_access() == {"AKIMAT-ABAI"}
    assert [entry["log_level"] for entry in logs] == ["warning"]
    put_right = file.with_name("new.json")
    put_right.write_text("[]")
    put_right.replace(file)
    assert bodies.with_access() == frozenset()


def test_two_that_write_at_once_lose_nothing(file: Path) -> None:
    """Two operators grant access to two bodies: both are on the list."""
    bodies = [msgspec.structs.replace(ABAI, code=f"BODY-{number}") for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda body: put(file, body), bodies))
    assert {body["code"] for body in json.loads(file.read_bytes())} == {body.code for body in bodies}


def test_the_page_of_codes_is_up_to_date() -> None:
    """Other ministries name each other by them."""
    page = (Path(__file__).parents[1] / "docs" / "reference" / "bodies.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert rows == [f"| `{one.code}` | {one.name_en} | {one.name_kk} | {one.name_ru} |" for one in shipped()]
