"""The rule of the chain, as a model: writers race, come late and repeat themselves, and every reader agrees."""

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from jauap.messaging.chain import Chain, Link, Verdict, header_map, judge, link, record_hash
from jauap.messaging.envelope import Outgoing, chained

KEY = b"KAZ-3-2026"


def record(chain: Chain, command: str, writer: int = 0, kind: str = "ResponseSent") -> Outgoing:
    """A record that extends a chain, made by one of several writers."""
    headers = {
        "content-type": b"application/avro",
        "ce_type": f"jauap.{kind}".encode(),
        "ce_subject": KEY,
        "ce_commandid": command.encode(),
        "ce_source": f"/writer/{writer}".encode(),
    }
    if kind == "ChainMended":
        headers["ce_breakoffset"] = str(chain.broken_at).encode()
    return chained(headers, chain, KEY, b"value of " + command.encode())


def read(offset: int, written: Outgoing) -> Link:
    """A record as a reader finds it in the log."""
    found = link(offset, written.key, written.value, header_map(written.headers))
    assert found is not None
    return found


class Reading(NamedTuple):
    """What a reader makes of a log: the chain, and the commands of the records that count, in order."""

    chain: Chain
    counted: tuple[str, ...]
    verdicts: tuple[Verdict, ...]


def read_all(log: Iterable[Outgoing]) -> Reading:
    """Read a log from its start."""
    chain, counted, verdicts = Chain(), [], []
    for offset, written in enumerate(log):
        verdict, chain = judge(chain, read(offset, written))
        verdicts.append(verdict)
        if verdict is Verdict.COUNTS:
            counted.append(dict(written.headers)["ce_commandid"].decode())
    return Reading(chain, tuple(counted), tuple(verdicts))


class Writer:
    """An honest writer: it knows the log up to a point, and decides the first command that is not done there."""

    def __init__(self, number: int) -> None:
        self.number, self.seen = number, 0

    def write(self, log: list[Outgoing], commands: int) -> Outgoing | None:
        """The record that it would append now; None: all commands are done as far as it knows."""
        reading = read_all(log[: self.seen])
        undone = [f"c{n}" for n in range(commands) if f"c{n}" not in reading.counted]
        return record(reading.chain, undone[0], self.number) if undone else None


STEPS = st.lists(
    st.tuples(st.sampled_from(["read", "append", "hold", "release", "repeat"]), st.integers(0, 2), st.integers(0, 30)),
    max_size=60,
)


@settings(max_examples=3000, deadline=None)
@given(STEPS)
def test_honest_writers_never_break_a_chain_and_no_command_counts_twice(steps: list[tuple[str, int, int]]) -> None:
    """Whatever races, comes late or is repeated: one record for each command, in one order, and nothing breaks."""
    log: list[Outgoing] = []
    held: list[Outgoing] = []
    writers = [Writer(number) for number in range(3)]
    for action, who, amount in steps:
        writer = writers[who]
        if action == "read":
            writer.seen = min(len(log), writer.seen + amount)
        elif action in ("append", "hold"):
            written = writer.write(log, 5)
            if written is not None:
                (log if action == "append" else held).append(written)
        elif action == "release" and held:
            log.append(held.pop(amount % len(held)))
        elif action == "repeat" and log:
            log.append(log[amount % len(log)])
    reading = read_all(log)
    assert Verdict.BREAKS not in reading.verdicts
    assert len(set(reading.counted)) == len(reading.counted)
    assert list(reading.counted) == [f"c{n}" for n in range(len(reading.counted))]
    assert reading.chain.sequence == len(reading.counted)


@settings(max_examples=300, deadline=None)
@given(STEPS, st.integers(0, 40))
def test_a_reader_that_starts_from_a_snapshot_agrees_with_one_that_starts_at_zero(
    steps: list[tuple[str, int, int]], cut: int
) -> None:
    """A chain is a fold: heads kept at any point and folded on give what a reading from the start gives."""
    log: list[Outgoing] = []
    writers = [Writer(number) for number in range(3)]
    for action, who, amount in steps:
        if action == "read":
            writers[who].seen = min(len(log), writers[who].seen + amount)
        elif (written := writers[who].write(log, 9)) is not None:
            log.append(written)
    chain = read_all(log[:cut]).chain
    for offset, written in enumerate(log[cut:], start=cut):
        _, chain = judge(chain, read(offset, written))
    assert chain == read_all(log).chain


def three() -> list[Outgoing]:
    """A whole chain of three records."""
    log: list[Outgoing] = []
    for number in range(3):
        log.append(record(read_all(log).chain, f"c{number}"))
    return log


def test_a_changed_value_breaks_the_case() -> None:
    """The hash that a reader computes is what counts, never the one that a header claims."""
    log = three()
    log[1] = log[1]._replace(value=b"something else")
    reading = read_all(log)
    assert reading.verdicts == (Verdict.COUNTS, Verdict.BREAKS, Verdict.VOID)
    assert reading.chain.broken_at == 1


def test_a_changed_header_breaks_the_case() -> None:
    """Every `ce_` header is under the hash."""
    log = three()
    headers = [(name, b"/writer/9" if name == "ce_source" else value) for name, value in log[1].headers]
    log[1] = log[1]._replace(headers=headers)
    assert read_all(log).verdicts[1] is Verdict.BREAKS


def test_a_removed_record_that_has_a_successor_breaks_the_case() -> None:
    """A gap in the sequence is damage: no honest writer leaves one."""
    first, _, third = three()
    assert read_all([first, third]).verdicts == (Verdict.COUNTS, Verdict.BREAKS)


def test_a_forged_hash_does_not_help_who_can_not_change_the_successors() -> None:
    """A record rewritten with a hash of its own does not fit the next one's `prev`."""
    log = three()
    log[1] = record(read_all(log[:1]).chain, "forged")
    assert read_all(log).verdicts == (Verdict.COUNTS, Verdict.COUNTS, Verdict.BREAKS)


def test_a_mended_chain_goes_on_and_what_lies_between_stays_void() -> None:
    """`ChainMended` is the next record of the last good head, and names the offset of the break."""
    log = three()
    log[1] = log[1]._replace(value=b"damaged")
    broken = read_all(log).chain
    log.append(record(broken, "mend", kind="ChainMended"))
    log.append(record(read_all(log).chain, "after"))
    reading = read_all(log)
    assert reading.counted == ("c0", "mend", "after")
    assert reading.chain.broken_at is None


def test_a_mending_of_another_break_is_void() -> None:
    """An operator mends the break that was looked at, and no other."""
    log = three()
    log[1] = log[1]._replace(value=b"damaged")
    broken = read_all(log).chain
    log.append(record(Chain(broken.sequence, broken.hash, 0), "mend", kind="ChainMended"))
    reading = read_all(log)
    assert reading.verdicts[-1] is Verdict.VOID
    assert reading.chain.broken_at == 1


def test_a_record_without_valid_chain_headers_is_foreign() -> None:
    """Repeated headers, a subject that is not the key, a sequence in disguise: not an honest writer's record."""
    (written,) = three()[:1]
    headers = header_map(written.headers) or {}
    assert link(0, None, written.value, headers) is None
    assert link(0, written.key, None, headers) is None
    assert link(0, b"KAZ-4-2026", written.value, headers) is None
    assert link(0, written.key, written.value, {**headers, "ce_caseseq": b"01"}) is None
    assert link(0, written.key, written.value, {**headers, "ce_caseseq": "\u0661".encode()}) is None
    assert link(0, written.key, written.value, {**headers, "ce_prevhash": b"AB" * 32}) is None
    assert link(0, written.key, written.value, {**headers, "ce_id": b"0" * 64}) is None
    assert header_map([*written.headers, ("ce_caseseq", b"1")]) is None
    assert header_map([("ce_type", None)]) is None


def test_the_hash_of_a_known_record_is_known() -> None:
    """Golden vector: an auditor in another language must get the same bytes."""
    headers = {
        "content-type": b"application/avro",
        "ce_caseseq": b"1",
        "ce_prevhash": b"0" * 64,
        "ce_subject": b"KAZ-3-2026",
        "ce_type": b"jauap.ResponseSent",
        "ce_id": b"not under the hash",
        "ce_hash": b"not under the hash",
    }
    pieces = [
        bytes(32),
        b"ce_caseseq",
        b"1",
        b"ce_prevhash",
        b"0" * 64,
        b"ce_subject",
        b"KAZ-3-2026",
        b"ce_type",
        b"jauap.ResponseSent",
        b"application/avro",
        b"KAZ-3-2026",
        b"\x00\x01",
    ]
    spelt = hashlib.sha256(b"".join(len(piece).to_bytes(4, "big") + piece for piece in pieces)).hexdigest()
    assert record_hash(headers, b"KAZ-3-2026", b"\x00\x01").hex() == spelt
    assert spelt == "a6e7a19e6c56f8b46ec3ddecdfc5e7fe1133be1f1af43b8bbc02c94b54e9009e"
