"""What is missing or wrong is said in one sentence, before anything is begun."""

import json
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from jauap.stack import ports
from jauap.stack.account import can_enter
from jauap.stack.addresses import Addresses
from jauap.stack.errors import StackError
from jauap.stack.folder import Folder, require_space
from jauap.stack.java import find_java
from jauap.stack.locks import exclusive
from jauap.stack.settings import Settings


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody else listens on."""
    with socket.socket() as server:
        server.bind((ports.HOST, 0))
        server.listen()
        yield server.getsockname()[1]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """An empty data folder."""
    folder = Folder.at(tmp_path / "data")
    folder.create()
    return folder


def test_a_taken_port_is_named_with_its_part_and_its_holder(taken: int) -> None:
    """The reader learns which port, which part, who has it, and what to do."""
    with pytest.raises(StackError) as refusal:
        ports.require_free(taken, "kafka")
    assert str(taken) in refusal.value.what
    assert "kafka" in refusal.value.what
    assert f"process {os.getpid()}" in refusal.value.what
    assert "--data-dir" in refusal.value.remedy


def test_picked_ports_differ_and_lie_below_those_of_outgoing_connections() -> None:
    """A client's own port can never be the one that a part wants back."""
    picked = ports.pick(20)
    assert len(set(picked)) == 20
    assert max(picked) < 32_768


def test_ports_and_secrets_are_picked_once(folder: Folder) -> None:
    """A stack that starts again is found where it was."""
    first = Settings.load_or_create(folder, partitions=3)
    assert Settings.load_or_create(folder, partitions=12) == first


def test_only_the_owner_may_read_the_password(folder: Folder) -> None:
    """The file with the password has mode 0600, and a shown address does not have it."""
    settings = Settings.load_or_create(folder, partitions=3)
    addresses = Addresses.load(folder.root)
    assert folder.settings.stat().st_mode & 0o777 == 0o600
    assert settings.password not in repr(addresses)


def test_a_damaged_settings_file_is_named(folder: Folder) -> None:
    """A file that somebody edited is refused, not replaced."""
    folder.settings.write_text(json.dumps({"kafka_port": 1}))
    with pytest.raises(StackError, match=r"stack\.json"):
        Settings.load(folder)


def test_a_folder_of_the_first_release_has_one_broker(folder: Folder) -> None:
    """It knew one port for each listener; the deployment goes on as it is."""
    fresh = Settings.load_or_create(folder, partitions=3)
    kept = json.loads(folder.settings.read_text())
    kept |= {"kafka_port": kept.pop("kafka_ports")[0], "controller_port": kept.pop("controller_ports")[0]}
    folder.settings.write_text(json.dumps(kept))
    assert Settings.load(folder) == fresh
    assert fresh.brokers == fresh.min_insync == 1


def test_the_number_of_brokers_is_fixed_when_a_deployment_is_made(folder: Folder) -> None:
    """Said again it may be; another one is refused, and so are two."""
    made = Settings.load_or_create(folder, partitions=3, brokers=3)
    assert (made.brokers, made.min_insync) == (3, 2)
    assert Settings.load_or_create(folder, partitions=3, brokers=3) == made == Settings.load_or_create(folder, 3)
    with pytest.raises(StackError, match=r"has 3 broker\(s\); that is fixed"):
        Settings.load_or_create(folder, partitions=3, brokers=1)
    with pytest.raises(StackError, match="one broker or three"):
        Settings.load_or_create(folder, partitions=3, brokers=2)


def test_a_folder_without_a_stack_has_no_addresses(tmp_path: Path) -> None:
    """None tells a command that there is nothing to talk to."""
    assert Addresses.load(tmp_path) is None


def test_a_full_disk_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    """The sentence says how much there is and how much it takes."""
    with pytest.raises(StackError, match=r"MB free.*needs 1099511627776 MB"):
        require_space(tmp_path / "not" / "yet", 2**60)


def _fake_java(folder: Path, version: str) -> Path:
    java = folder / "java"
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2024-01-01' >&2\n")
    java.chmod(0o755)
    return java


def test_a_java_that_is_too_old_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence has its version, the one that is needed, and the remedy."""
    monkeypatch.setenv("JAUAP_JAVA", str(_fake_java(tmp_path, "17.0.9")))
    with pytest.raises(StackError, match=r"17\.0\.9.*needs 21") as refusal:
        find_java()
    assert "JAUAP_JAVA" in refusal.value.remedy


def test_a_java_of_ones_own_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """JAUAP_JAVA goes before the one that pip installed."""
    java = _fake_java(tmp_path, "21")
    monkeypatch.setenv("JAUAP_JAVA", str(java))
    assert find_java().path == java


@pytest.mark.parametrize("program", ["/nowhere/java", "/bin/false"])
def test_what_is_no_java_is_refused(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong path gets a sentence."""
    monkeypatch.setenv("JAUAP_JAVA", program)
    with pytest.raises(StackError, match="not a working java"):
        find_java()


def test_a_second_command_waits_for_the_first(tmp_path: Path) -> None:
    """It is told that it waits, and goes on once the other has finished."""
    told = threading.Event()
    done = threading.Event()

    def second() -> None:
        with exclusive(tmp_path / "lock", 10, told.set):
            done.set()

    thread = threading.Thread(target=second)
    with exclusive(tmp_path / "lock", 0, told.set):
        thread.start()
        assert told.wait(10)
        assert not done.is_set()
    thread.join(10)
    assert done.is_set()


def test_a_command_that_has_waited_long_enough_names_the_other(tmp_path: Path) -> None:
    """The sentence has the process id of the one that holds the folder."""
    with (
        exclusive(tmp_path / "lock", 0, lambda: None),
        pytest.raises(StackError, match=f"process {os.getpid()}"),
        exclusive(tmp_path / "lock", 0.2, lambda: None),
    ):
        pass


def test_a_folder_closed_above_is_seen(tmp_path: Path) -> None:
    """Whether another user can get somewhere depends on every folder on the way."""
    inner = tmp_path / "closed" / "open"
    inner.mkdir(parents=True, mode=0o755)
    inner.parent.chmod(0o700)
    assert not can_enter(inner, uid=64_999, gid=64_999)
    assert can_enter(Path("/usr/bin"), uid=64_999, gid=64_999)


def test_erasing_keeps_what_a_stack_did_not_make(folder: Folder) -> None:
    """A folder that somebody put other files into survives, with those files."""
    (folder.root / "letter.txt").write_text("mine")
    assert not folder.erase()
    assert [path.name for path in folder.root.iterdir()] == ["letter.txt"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """The sentence has the path."""
    (tmp_path / "file").touch()
    with pytest.raises(StackError, match="file/data"):
        Folder.at(tmp_path / "file" / "data").create()
