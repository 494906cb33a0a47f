"""What is read by assignment is given once, in order, and compared with the log whenever that may be another one."""

from datetime import UTC, datetime

import pytest

from jauap.messaging.envelope import Message, Outgoing, fingerprint
from jauap.messaging.followed import START, Followed, LogDiffers
from jauap.messaging.log import Place, Trouble
from tests.messaging.memory_log import MemoryEnds, MemoryLog, MemoryReader

A, B = ("jauap.a", 0), ("jauap.b", 0)


class World:
    """A log of two places, and who follows one of them."""

    def __init__(self) -> None:
        self.log = MemoryLog(lambda: datetime(2026, 6, 3, tzinfo=UTC), topics=[A[0], B[0]])
        self.reader = MemoryReader(self.log)
        self.followed = Followed(self.reader, MemoryEnds(self.log))
        self.followed.follow({A: START})

    def write(self, place: Place, *values: str) -> list[Message]:
        return [self.log.append(place[0], Outgoing(b"key", value.encode(), []), 0) for value in values]

    def read(self) -> list[str]:
        return [(message.value or b"").decode() for _ in range(3) for message in self.followed.poll(0)]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """An empty log."""
    monkeypatch.setattr("jauap.messaging.followed.PAUSE_SECONDS", 0)
    return World()


def test_each_record_is_given_once_whatever_is_followed_beside_it(world: World) -> None:
    """A place that is taken up begins where it is told to; the others go on from where they are."""
    world.write(A, "a1", "a2")
    assert world.read() == ["a1", "a2"]
    first, _ = world.write(B, "b1", "b2")
    world.write(A, "a3")
    world.followed.follow({A: START, B: (1, fingerprint(first).hex())})
    assert sorted(world.read()) == ["a3", "b2"]
    world.followed.follow({B: START})
    world.write(A, "a4")
    world.write(B, "b3")
    assert world.read() == ["b3"]


def test_after_an_error_the_last_record_is_compared(world: World) -> None:
    """The same goes on; another one stands for another log."""
    world.write(A, "a1", "a2")
    assert world.read() == ["a1", "a2"]
    world.reader.meet(Trouble("a broker was lost"))
    world.write(A, "a3")
    assert world.read() == ["a3"]
    world.log.change(A, 2, b"tampered")
    world.reader.meet(Trouble("a broker was lost"))
    with pytest.raises(LogDiffers):
        world.read()
    world.followed.restart([A])
    assert world.read() == ["a1", "a2", "tampered"]


def test_a_tail_that_is_lost_is_noticed_where_the_ends_are_asked(world: World) -> None:
    """Before anything new is read there."""
    world.write(A, "a1", "a2")
    assert world.read() == ["a1", "a2"]
    assert world.followed.reached(world.followed.ends())
    world.log.cut(A, 1)
    with pytest.raises(LogDiffers, match=r"jauap\.a/0"):
        world.followed.ends()


def test_a_hint_that_is_wrong_is_noticed(world: World) -> None:
    """It names another record than stands before it."""
    world.write(B, "b1", "b2")
    world.followed.follow({B: (1, "f" * 64)})
    with pytest.raises(LogDiffers):
        world.read()
