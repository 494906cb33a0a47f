"""The feeds of bodies as the contract states them: each forwarding is told to each body that it names, once."""

import hashlib
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from tests.faults import wire
from tests.faults.judge import Chains
from tests.faults.wire import Record

PAUSE_SECONDS = 0.5


def read_whole(
    kafka: str, bodies: Collection[str], chains: Mapping[str, Chains], patience: float
) -> dict[str, list[Record]]:
    """What stands on each body's feed, once everything does that should; or after so many seconds."""
    topics = {body: f"jauap.feed.{body}" for body in bodies}
    deadline = time.monotonic() + patience
    while True:
        log = wire.read(kafka, topics.values())
        told = {body: log[topic] for body, topic in topics.items()}
        if not any(_missing(told, chains)) or time.monotonic() > deadline:
            return told
        time.sleep(PAUSE_SECONDS)


def violations(told: Mapping[str, list[Record]], chains: Mapping[str, Chains]) -> list[str]:
    """What is missing on a feed, and what stands there twice."""
    return [*_missing(told, chains), *_repeated(told)]


def _missing(told: Mapping[str, list[Record]], chains: Mapping[str, Chains]) -> Iterator[str]:
    for body, records in told.items():
        ids = {record.text("ce_id") for record in records}
        for forwarding in _forwardings(chains, body):
            source = f"{forwarding.text('ce_hash')}\n{body}\nInformationRequested\n"
            if hashlib.sha256(source.encode()).hexdigest() not in ids:
                yield f"the forwarding at {forwarding.place}, case {forwarding.key}, is not on the feed of {body}"


def _repeated(told: Mapping[str, list[Record]]) -> Iterator[str]:
    for body, records in told.items():
        for item, times in Counter(record.text("ce_id") for record in records).items():
            if times > 1:
                yield f"item {item} stands {times} times on the feed of {body}"


def _forwardings(chains: Mapping[str, Chains], body: str) -> Iterator[Record]:
    """Those that name a body; without those of merged cases and withdrawn ones: they may have been told or not."""
    merged = {
        case_id
        for found in chains.values()
        for case_id, records in found.counted.items()
        if any(record.type == "CaseMerged" for record in records)
    }
    for case_id, records in chains["routing"].counted.items():
        withdrawn = {wire.decode(one)["entry"] for one in records if one.type == "EntryWithdrawn"}
        for at, record in enumerate(records, start=1):
            if record.type != "CommunicationForwarded" or case_id in merged or at in withdrawn:
                continue
            if any(to["body"] == body for to in wire.decode(record)["bodies"]):
                yield record
