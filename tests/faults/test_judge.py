"""The judge on logs made by hand: it is content with one in which all was kept, and names what was not."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from tests.faults import wire
from tests.faults.judge import Losses, judge
from tests.faults.wire import Record
from tests.faults.workload import MALFORMED, Place, Sent

CASE = "KAZ-3-2026"
Log = dict[str, list[Record]]
ACCEPTED = datetime(2026, 6, 3, 9, tzinfo=UTC)


class Hand:
    """Writes a log of intake: three commands of one case, their records and outcomes, and one malformed command."""

    def __init__(self) -> None:
        self.log: Log = {topic: [] for topic in wire.TOPICS}
        self.sent: dict[str, Sent] = {}
        self.malformed: list[Place] = []
        self.losses = Losses()
        previous = "0" * 64
        for number in range(1, 4):
            command = self.command(f"command-{number}", f"subject {number}")
            event = self.event(command, number, previous)
            previous = event.digest()
            self.outcome(event)
        spoilt = self.put("commands", "kaz", b"?", {MALFORMED: b"1"})
        self.malformed.append((spoilt.topic, spoilt.partition, spoilt.offset))
        self.answer("kaz", status="malformed", topic=spoilt.topic, partition=0, offset=spoilt.offset)

    def put(self, kind: str, key: str, value: bytes, headers: dict[str, bytes]) -> Record:
        """Append a record."""
        records = self.log[f"jauap.intake.{kind}"]
        record = Record(f"jauap.intake.{kind}", 0, len(records), key, value, headers)
        records.append(record)
        return record

    def command(self, command_id: str, subject: str) -> Record:
        """A correction, as a client sent it and the broker acknowledged it."""
        value = wire.encode("CorrectCommunication", {"subject": subject, "reason": "a trial"})
        headers = {"ce_id": command_id.encode(), "ce_type": b"jauap.CorrectCommunication", "ce_actor": b"officer"}
        record = self.put("commands", CASE, value, headers)
        sent = self.sent.setdefault(command_id, Sent(command_id, CASE, record.topic))
        sent.acknowledged.append((record.topic, record.partition, record.offset))
        return record

    def event(self, command: Record, sequence: int, previous: str) -> Record:
        """The record that answers a command."""
        headers = {
            "content-type": b"application/avro",
            "ce_type": b"jauap.CommunicationCorrected",
            "ce_subject": CASE.encode(),
            "ce_time": f"2026-06-03T09:0{sequence}:00.000Z".encode(),
            "ce_caseseq": str(sequence).encode(),
            "ce_prevhash": previous.encode(),
            "ce_commandid": command.headers["ce_id"],
            "ce_commandhash": command.content_hash().encode(),
        }
        digest = Record("", 0, 0, CASE, command.value, headers).digest().encode()
        return self.put("events", CASE, command.value, {**headers, "ce_id": digest, "ce_hash": digest})

    def outcome(self, event: Record, **other: object) -> None:
        """What a sender hears of a record."""
        told: dict[str, object] = {
            "status": "accepted",
            "event_id": event.text("ce_hash"),
            "sequence": int(event.text("ce_caseseq")),
            "topic": event.topic,
            "partition": event.partition,
            "offset": event.offset,
        }
        self.answer(event.text("ce_commandid"), **(told | other))

    def answer(self, command_id: str, **content: object) -> None:
        """Any outcome."""
        headers = {"ce_type": b"jauap.Outcome", "ce_dataschema": b"urn:jauap:schema:Outcome:1"}
        value = wire.encode("Outcome", {"command_id": command_id, "recorded_at": ACCEPTED, **content})
        self.put("outcomes", command_id, value, headers)

    def events(self) -> list[Record]:
        """The events as they stand."""
        return self.log["jauap.intake.events"]

    def violations(self) -> list[str]:
        """What the judge says."""
        return judge(self.log, self.sent, self.malformed, self.losses).violations


def test_a_log_in_which_all_was_kept_has_no_violation() -> None:
    """Three commands, three records, three outcomes."""
    assert Hand().violations() == []


def test_void_records_repeats_and_used_ids_are_no_violation() -> None:
    """A lost race, a command that comes twice, another outcome of the same, other content that is refused as such."""
    hand = Hand()
    first, event = hand.log["jauap.intake.commands"][0], hand.events()[0]
    hand.event(first, 1, "0" * 64)
    hand.put("commands", CASE, first.value, dict(first.headers))
    hand.outcome(event)
    other = hand.command("command-1", "other content")
    hand.answer("command-1", status="refused", code="CommandIdReused", command_hash=other.content_hash())
    assert hand.violations() == []


def changed(hand: Hand) -> None:
    """A value is another than the one that was hashed."""
    hand.events()[1] = hand.events()[1]._replace(value=hand.events()[0].value)


def removed(hand: Hand) -> None:
    """A record that has a successor is gone."""
    del hand.events()[1]


def foreign(hand: Hand) -> None:
    """Somebody wrote without headers."""
    hand.put("events", CASE, b"?", {})


def unanswered(hand: Hand) -> None:
    """A command was never decided."""
    hand.command("command-4", "subject 4")


def twice(hand: Hand) -> None:
    """A command is decided again."""
    hand.event(hand.log["jauap.intake.commands"][0], 4, hand.events()[2].digest())


def disordered(hand: Hand) -> None:
    """The later command is decided first."""
    fourth, fifth = hand.command("command-4", "subject 4"), hand.command("command-5", "subject 5")
    late = hand.event(fifth, 4, hand.events()[2].digest())
    hand.outcome(late)
    hand.outcome(hand.event(fourth, 5, late.digest()))


def unasked(hand: Hand) -> None:
    """A record answers a command that is not in the log."""
    stranger = hand.command("command-4", "subject 4")
    del hand.log["jauap.intake.commands"][-1], hand.sent["command-4"]
    hand.event(stranger, 4, hand.events()[2].digest())


def vanished(hand: Hand) -> None:
    """An acknowledged command is gone, and no disaster took it."""
    hand.command("command-4", "subject 4")
    del hand.log["jauap.intake.commands"][-1]


def two_outcomes(hand: Hand) -> None:
    """A sender hears two stories."""
    hand.outcome(hand.events()[0], sequence=7)


def wrong_outcome(hand: Hand) -> None:
    """A sender hears of a record that does not count."""
    hand.log["jauap.intake.outcomes"].clear()
    for event in hand.events():
        hand.outcome(event, offset=99)


def silent(hand: Hand) -> None:
    """Nothing is told."""
    hand.log["jauap.intake.outcomes"].clear()


def heard_otherwise(hand: Hand) -> None:
    """A client had heard something else before."""
    hand.outcome(hand.events()[0], sequence=7)
    hand.sent["command-1"].heard.add(hand.log["jauap.intake.outcomes"].pop().value)


def reused(hand: Hand) -> None:
    """Other content under a used id is not refused."""
    hand.command("command-1", "other content")


SPOILT: dict[Callable[[Hand], None], str] = {
    changed: f"case {CASE} is broken by jauap.intake.events partition 0 offset 1 (command command-2)",
    removed: f"case {CASE} is broken by jauap.intake.events partition 0 offset 2 (command command-3)",
    foreign: "a foreign record stands at jauap.intake.events partition 0 offset 3",
    unanswered: f"command command-4 of case {CASE}, jauap.intake.commands partition 0 offset 4, has no counting record",
    twice: f"command command-1 of case {CASE} counts 2 times",
    disordered: "partition 0 offset 4 answers the command at jauap.intake.commands partition 0 offset 4 after",
    unasked: "answers the command command-4, which nobody sent",
    vanished: f"command command-4 of case {CASE} was acknowledged at ('jauap.intake.commands', 0, 4) and is not there",
    two_outcomes: f"command command-1 of case {CASE}, jauap.intake.commands partition 0 offset 0, has 2 outcomes",
    wrong_outcome: f"the outcome of command command-1 of case {CASE} tells not its record",
    silent: "the malformed command at jauap.intake.commands partition 0 offset 3 has no outcome",
    heard_otherwise: f"command command-1 of case {CASE}, jauap.intake.commands partition 0 offset 0, has 2 outcomes",
    reused: "other content under the id command-1, jauap.intake.commands partition 0 offset 4, was not refused",
}


@pytest.mark.parametrize("spoil", list(SPOILT), ids=lambda spoil: spoil.__name__)
def test_what_was_not_kept_is_named(spoil: Callable[[Hand], None]) -> None:
    """Each violation names case, command and place."""
    hand = Hand()
    spoil(hand)
    assert SPOILT[spoil] in "\n".join(hand.violations())


def test_what_a_disaster_took_is_no_violation() -> None:
    """A lost command is not waited for, and it is named."""
    hand = Hand()
    hand.command("command-4", "subject 4")
    hand.losses.records.append(hand.log["jauap.intake.commands"].pop())
    assert hand.violations() == []
    assert hand.losses.named() == [f"CorrectCommunication of case {CASE}, jauap.intake.commands partition 0 offset 4"]


def test_days_are_days() -> None:
    """What was encoded is read back."""
    value = wire.encode("GrantReplyExtension", {"granted_on": date(2026, 6, 3), "reply_due": date(2026, 7, 3)})
    headers = {"ce_dataschema": b"urn:jauap:schema:GrantReplyExtension:1"}
    assert wire.decode(Record("", 0, 0, "", value, headers))["reply_due"] == date(2026, 7, 3)
