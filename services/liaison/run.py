"""The loop of liaison: fold, tell what is not told yet, let submissions in. Only the log is believed.

It folds all events topics and every feed, and appends an item only once everything that was written before it is
folded and its id stands on no feed. It keeps nothing: killed, doubled or cut off, it reads on and writes what is
missing; what is written twice has the same id. Of several instances the one that the group hands `jauap.public` to
writes, and the others stand by: that is less work, not correctness.
"""

import gc
import time
from collections import deque
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple

import structlog

from jauap.domain.case import CALENDAR
from jauap.domain.facts import Value
from jauap.domain.feeds import SubmissionRefused
from jauap.messaging.avro import Codec, UnknownSchema
from jauap.messaging.envelope import Message, Outgoing, cloud_event
from jauap.messaging.folding import CASE_ID, SERVICE_OF, Folded, Track, fold, park
from jauap.messaging.followed import START, Denied, Followed, Hint, LogDiffers
from jauap.messaging.lane import EVENT_TOPICS, Commits
from jauap.messaging.log import Ends, LogUnavailable, Place, Reader, Writer
from jauap.messaging.loop import COMMITS_EVERY_SECONDS, MOST_PARKED, RECOVERY_PAUSE_SECONDS, TooManyParked
from jauap.messaging.registry import RegistryError
from jauap.messaging.sender import Order, written
from jauap.messaging.topics import SUBMIT
from jauap.process import Sparingly
from services.liaison import doorman
from services.liaison.doorman import Refused, Releases, place
from services.liaison.items import PUBLIC, Happened, Story, item_id

log = structlog.get_logger(__name__)

NAME = "liaison"
SOURCE = f"/jauap/{NAME}"
PUBLIC_TOPIC = "jauap.public"
COMMANDS_TOPIC = "jauap.intake.commands"
LOOK_SECONDS = 0.5
"""Between two looks whether the topics of a body that was granted access are there."""
AT_ONCE = 100
"""Submissions of one body that are judged in a round: then it is another's turn."""
MOST_WAITING = 1000
"""Submissions of one body that were read and not settled: more of it is not read, and waits in its topic."""
MOST_UNDECIDED = 200
"""Commands of one body that intake has not decided yet: officers and other bodies wait behind no more than these."""
RATE = 50.0
BURST = 1000.0
"""Submissions of one body that are judged in a second on average, and at once: answers are kept for ever."""
DECIDED_WITHIN_SECONDS = 5.0
"""What takes longer stands still, or its service does: the next submissions do not wait for it."""
DENIED_SECONDS = 10.0
"""Before it is tried again to serve a body whose topics may not be read."""
ASK_AGAIN_SECONDS = 1.0
"""Before the registry is asked again that did not answer."""


def feed_topic(feed: str) -> str:
    """The topic of a body's feed, or of the public one."""
    return PUBLIC_TOPIC if feed == PUBLIC else f"jauap.feed.{feed}"


def submit_topic(body: str) -> str:
    """The topic that a body submits on."""
    return f"{SUBMIT}{body}"


class NotYet(Exception):
    """What a submission names may be on record in a moment: an earlier submission of the body is being decided."""


class Answer(NamedTuple):
    """A refusal of the doorman's, until it stands on its feed."""

    key: bytes
    at: datetime
    refused: SubmissionRefused
    settle: Callable[[], None]


class Door:
    """The submissions of one body, in their order."""

    def __init__(self, body: str, hint: Hint) -> None:
        """Start where the group has got to."""
        self.body = body
        self.place: Place = (submit_topic(body), 0)
        self.commits = Commits(*hint)
        self.queue: deque[Message] = deque()
        self.issued: dict[int, tuple[str, Outgoing]] = {}
        """Commands that are not acknowledged yet, by the submission's offset."""
        self.answers: dict[str, Answer] = {}
        """Refusals that are not known to stand on the feed yet, by id."""
        self.undecided: dict[int, tuple[float, str]] = {}
        """When those were issued that have no record of intake's yet, and their ids, by offset; oldest first."""
        self._turns, self._turns_at = BURST, time.monotonic()
        """How many may be judged now, as it was then."""
        self.overfull = False
        """Whether no more is read, until half of what was read is settled."""
        self.stands_still: str | None = None
        """Why nothing more is let in, by our own fault; None: it goes on."""

    @property
    def undecided_lately(self) -> int:
        """How many submissions intake may decide any moment."""
        since = time.monotonic() - DECIDED_WITHIN_SECONDS
        for offset in [offset for offset, (issued, _) in self.undecided.items() if issued < since]:
            del self.undecided[offset]
        return len(self.undecided)

    def has_turns(self) -> bool:
        """Whether one more may be judged now."""
        now = time.monotonic()
        self._turns, self._turns_at = min(BURST, self._turns + RATE * (now - self._turns_at)), now
        return self._turns >= 1

    def take_turn(self) -> None:
        """One is judged."""
        self._turns -= 1

    @property
    def is_overfull(self) -> bool:
        """Whether enough of it was read."""
        waiting = len(self.queue) + len(self.answers) + len(self.issued)
        self.overfull = waiting >= (MOST_WAITING // 2 if self.overfull else MOST_WAITING)
        return self.overfull

    def settled(self, offset: int) -> Callable[[], None]:
        """What to do once a submission is dealt with for good."""

        def settle() -> None:
            self.issued.pop(offset, None)
            self.commits.settle(offset)

        return settle


class Liaison:
    """One instance. `turn` is one round; `run` goes round until it is told to stop."""

    def __init__(  # noqa: PLR0913 - the wiring of app.py, each by name
        self,
        *,
        reader: Reader,
        turns: Reader,
        writer: Writer,
        ends: Ends,
        codec: Codec,
        partitions: int,
        bodies: Callable[[], frozenset[str]],
        releases: Callable[[], Releases],
    ) -> None:
        """`reader` is in no group, `turns` in liaison's; `bodies` gives the codes of those that have access now.

        `releases` asks the registry for the schema ids of submissions; it may raise RegistryError.
        """
        self.turns, self.writer, self.ends, self.codec, self.partitions = turns, writer, ends, codec, partitions
        self.followed = Followed(reader, ends)
        self.bodies, self._releases = bodies, releases
        self.events: list[Place] = [(topic, number) for topic in EVENT_TOPICS for number in range(partitions)]
        self.feeds: dict[str, set[str]] = {PUBLIC: set()}
        """The ids that stand on each feed that is served."""
        self.doors: dict[str, Door] = {}
        self._denied: dict[str, float] = {}
        """Bodies whose topics may not be read, and until when that is believed."""
        self.ids: Releases = {}
        self._has_more = False
        """Whether there is more to judge at once."""
        self.writes = False
        """Whether it is this instance's turn."""
        self._sparingly, self._sparingly_live = Sparingly(), Sparingly()
        self._looked_at, self._committed_at, self._ask_registry_at = float("-inf"), 0.0, 0.0
        self._forget()

    def _forget(self) -> None:
        """Nothing is folded any more."""
        self.tracks: dict[str, Track] = {}
        self.stories: dict[str, Story] = {}
        self.sent: set[str] = set()
        """Ids of what was appended and not read back."""
        self.parked: set[str] = set()
        self.live = self.aged = False
        """live: every feed is as far as it was, and its items may be told. aged: from here on a break may stem from a
        change behind it."""
        self._stirred: dict[str, None] = {}
        """Cases to be looked at, in order."""
        self._admitting: tuple[dict[str, None], list[tuple[Door, int]]] = ({}, [])
        self._target: dict[Place, int] | None = None
        for ids in self.feeds.values():
            ids.clear()

    # --- whose turn it is, and for whom ---

    def start(self) -> None:
        """Join the group, which hands `jauap.public` to one of its members."""
        self.turns.subscribe([PUBLIC_TOPIC], self._handed, self._taken_away)
        self._follow()

    def _handed(self, places: list[Place]) -> dict[Place, int]:
        self.writes = bool(places)
        self._unsettle()
        log.info("it is this instance's turn" if places else "another instance has its turn")
        return {}  # the group only says whose turn it is

    def _taken_away(self, _: list[Place]) -> None:
        self._commit()
        self.writes = False
        self.doors.clear()
        self._follow()

    def _follow(self) -> None:
        starts = dict.fromkeys([*self.events, *((feed_topic(feed), 0) for feed in self.feeds)], START)
        doors = (door for door in self.doors.values() if door.stands_still is None)
        self.followed.follow(starts | {door.place: (door.commits.next, door.commits.mark) for door in doors})

    def _unsettle(self) -> None:
        """Nothing may be appended before all feeds are read to where they end now."""
        self.live, self._target = False, None
        stirred, _ = self._admitting
        self._stirred |= stirred
        self._admitting = ({}, [])

    def _look_at_bodies(self) -> None:
        granted = self.bodies() - {body for body, until in self._denied.items() if time.monotonic() < until}
        served = self.feeds.keys() - {PUBLIC}
        if granted == served or time.monotonic() - self._looked_at < LOOK_SECONDS:
            return
        self._looked_at = time.monotonic()
        try:
            there = self.ends.partitions([name for body in granted for name in _topics_of(body)])
        except LogUnavailable as reason:
            log.warning("whether bodies have topics is not known", reason=str(reason))
            return
        for body in served - granted:
            del self.feeds[body]
            self.doors.pop(body, None)
            log.info("a body is not served any more", body=body)
        for body in granted - served:
            if all(topic in there for topic in _topics_of(body)):
                self.feeds[body] = set()
                self._unsettle()
                log.info("a body is served", body=body)
        self._follow()

    def _open_doors(self) -> None:
        missing = self.feeds.keys() - {PUBLIC} - self.doors.keys()
        if not (self.writes and self.live and missing):
            return
        places = {body: (submit_topic(body), 0) for body in missing}
        stored = self.turns.committed(places.values())
        for body, where in places.items():
            self.doors[body] = Door(body, stored[where] or START)
        self._follow()

    # --- one round ---

    @property
    def ready(self) -> bool:
        """Whether everything that was written before is folded."""
        return self.live

    def run(self, stopping: Callable[[], bool], say_ready: Callable[[], None] = lambda: None) -> None:
        """Go round until told to stop, then deliver what is in flight and commit."""
        was_ready = False
        gc.disable()  # nothing that is folded holds a cycle, and there may be millions of values to look through
        while not stopping():
            self.turn()
            if self.ready and not was_ready:
                was_ready = True
                gc.collect()
                gc.freeze()  # what was folded at the start is not looked through again and again
                gc.enable()
            if self.ready:
                say_ready()
        self.close()

    def close(self) -> None:
        """Deliver what is in flight, store the positions and leave."""
        self.writer.flush(5.0)
        self._commit()
        self.turns.close()
        self.followed.close()

    def turn(self, seconds: float = 0.05) -> None:
        """Read what has come, tell what follows from it, and let submissions in."""
        self.turns.poll(0)
        self._look_at_bodies()
        try:
            self.followed.hold([door.place for door in self.doors.values() if door.is_overfull])
            for message in self.followed.poll(0 if self._has_more else seconds):
                self._take(message)
            self.writer.serve()
            if self.writer.failed is not None:
                self._recover(self.writer.failed)
            self._reach_ends()
            self._open_doors()
        except LogDiffers as found:
            self._start_over(found)
        except Denied as found:
            self._go_without(found)
        self.writer.serve()
        if time.monotonic() - self._committed_at > COMMITS_EVERY_SECONDS:
            self._commit()

    def _take(self, message: Message) -> None:
        if message.topic in SERVICE_OF:
            self._take_event(message)
        elif message.topic.startswith(SUBMIT):
            door = self.doors.get(message.topic.removeprefix(SUBMIT))
            if door is not None and door.stands_still is None:
                door.commits.read(message)
                door.queue.append(message)
        else:
            self._take_item(message)

    def _take_event(self, message: Message) -> None:
        folded = fold(self.tracks, message, self.codec, self.partitions)
        if folded.in_doubt and self.aged:
            raise LogDiffers((message.topic, message.partition), f"offset {message.offset} does not go on from before")
        if folded.track is not None and folded.track.parked is not None:
            self._parked(folded.track.case.case_id)
        if folded.track is None or folded.recorded is None or folded.track.case.case_id == CALENDAR:
            return
        case_id = folded.track.case.case_id
        happened = _happened(folded)
        self.stories.setdefault(case_id, Story()).take(happened)
        if happened.submitted_at is not None and (door := self.doors.get(happened.submitted_at[0])) is not None:
            door.undecided.pop(happened.submitted_at[1], None)
        self._stirred[case_id] = None

    def _take_item(self, message: Message) -> None:
        feed = PUBLIC if message.topic == PUBLIC_TOPIC else message.topic.removeprefix("jauap.feed.")
        known = next(
            (value.decode(errors="replace") for name, value in message.headers if name == "ce_id" and value), ""
        )
        if feed not in self.feeds:
            return
        self.feeds[feed].add(known)
        self.sent.discard(known)
        door = self.doors.get(feed)
        answer = None if door is None else door.answers.pop(known, None)
        if answer is not None:
            answer.settle()
        case_id = (message.key or b"").decode(errors="replace")
        if case_id in self.stories and self.stories[case_id].was_told(feed, known):
            self._stirred[case_id] = None

    # --- once everything that was written before is folded ---

    def _reach_ends(self) -> None:
        waiting = (door for door in self.doors.values() if door.queue or door.answers.keys() - self.sent)
        arrived = [(door, min(len(door.queue), AT_ONCE)) for door in waiting]
        if time.monotonic() < self._ask_registry_at:
            arrived = []
        if self._target is None and (not self.live or self._stirred or arrived):
            try:
                ends = self.followed.ends()
            except LogUnavailable as reason:
                log.warning("the broker did not say where topics end", reason=str(reason))
                return
            feeds = () if self.live else tuple(map(feed_topic, self.feeds))
            self._target = {place: end for place, end in ends.items() if place[0] in SERVICE_OF or place[0] in feeds}
            self._admitting, self._stirred = (self._stirred, arrived), {}
        if self._target is not None and self.followed.reached(self._target):
            self._target = None
            self._admit()

    def _admit(self) -> None:
        (stirred, arrived), self._admitting = self._admitting, ({}, [])
        if not self.live:
            self.live = self.aged = True
            stirred = dict.fromkeys(self.stories)
            say = log.info if self._sparingly_live.due("live") else log.debug
            say("live", cases=len(self.tracks), feeds=len(self.feeds), writes=self.writes)
        for case_id in stirred:
            self._tell(case_id)
        asked = self._has_more = False
        for door, count in arrived if self.writes else ():
            if self.doors.get(door.body) is not door:
                continue  # meanwhile it was shut: the body's access ended
            asked = self._let_in(door, count, asked=asked)
            self._answer(door)

    def _tell(self, case_id: str) -> None:
        track, story = self.tracks[case_id], self.stories[case_id]
        if track.standstill is not None:
            return  # it is told once it goes on
        try:
            story.catch_up()
            for feed in self.feeds if self.writes else ():
                for item in story.untold(feed, self.feeds[feed]):
                    if item.id not in self.sent:
                        content = story.compose(item, track.case)
                        self._append(feed, item.id, case_id.encode(), case_id, item.at, content)
        except Exception as fault:  # noqa: BLE001 - any fault of ours parks the case; the others flow on
            park(track, fault, None)
            self._parked(case_id)

    def _append(self, feed: str, known: str, key: bytes, subject: str, at: datetime, content: Value) -> None:
        value, dataschema = self.codec.encode(feed_topic(feed), content)
        kind = type(content).__name__
        headers = cloud_event(kind=kind, source=SOURCE, subject=subject, time=at, dataschema=dataschema)
        record = Outgoing(key, value, [*headers.items(), ("ce_id", known.encode())])
        self.writer.append(feed_topic(feed), record, partition=0)
        self.sent.add(known)

    # --- the doorman ---

    def _let_in(self, door: Door, count: int, *, asked: bool) -> bool:
        """Judge so much of what a body submitted, in order. `asked`: the registry was asked since it was read."""
        for message in list(islice(door.queue, count)):
            if not door.has_turns() or door.undecided_lately >= MOST_UNDECIDED:
                return asked
            try:
                if doorman.schema_id(message) not in self.ids and not asked:
                    asked, self.ids = True, self._releases()
                self._judge(door, message)
            except NotYet:
                return asked
            except RegistryError as reason:
                log.warning("submissions wait for the registry", body=door.body, reason=str(reason))
                self._ask_registry_at = time.monotonic() + ASK_AGAIN_SECONDS
                return asked
            except UnknownSchema as newer:
                self._stand_still(door, message, f"written by a newer release: {newer}")
                return asked
            except Exception as fault:
                log.exception("judging failed", place=place(message))
                self._stand_still(door, message, type(fault).__name__)
                return asked
            else:
                door.queue.popleft()
                door.take_turn()
        self._has_more = self._has_more or bool(door.queue)
        return asked

    def _judge(self, door: Door, message: Message) -> None:
        settle, given = door.settled(message.offset), doorman.submission_id(message)
        known = item_id(place(message), door.body, SubmissionRefused.__name__)
        try:
            submitted = doorman.read(message, self.ids, self.codec)
            track, story = self.tracks.get(submitted.case_id), self.stories.get(submitted.case_id)
            if known in self.feeds[door.body] or (story is not None and story.has_answered(place(message))):
                settle()
                return
            if door.undecided_lately and any(given == named for _, named in door.undecided.values()):
                raise NotYet  # whether the id is used is known in a moment
            command = doorman.command(submitted, track.case if track is not None else None, story, given)
        except Refused as refused:
            if door.undecided_lately and any(fault.code == "UnknownSubmission" for fault in refused.faults):
                raise NotYet from None
            answer = SubmissionRefused(submission=given, offset=message.offset, faults=refused.faults)
            door.answers[known] = Answer(message.key or b"", _appended(message), answer, settle)
            return
        order = Order(
            command=command,
            name=type(command).__name__,
            case_id=submitted.case_id,
            command_id=place(message),
            actor=door.body,
            correlation_id=given,
        )
        door.undecided[message.offset] = time.monotonic(), given
        door.issued[message.offset] = written(order, self.codec, SOURCE, _appended(message))
        self._issue(door, message.offset)

    def _issue(self, door: Door, offset: int) -> None:
        topic, record = door.issued[offset]
        self.writer.append(topic, record, acknowledged=door.settled(offset))

    def _answer(self, door: Door) -> None:
        """Tell refusals that are not told yet."""
        for known, answer in list(door.answers.items()):
            if known in self.feeds[door.body]:
                del door.answers[known]
                answer.settle()
            elif known not in self.sent:
                valid = CASE_ID.fullmatch(answer.key.decode(errors="replace")) is not None
                key = answer.key if valid else b""
                subject = key.decode() or f"{door.place[0]}/{door.place[1]}/{answer.refused.offset}"
                self._append(door.body, known, key, subject, answer.at, answer.refused)

    def _stand_still(self, door: Door, message: Message, reason: str) -> None:
        """Our own fault: what this body submits is kept, from this record on, until a release that can take it."""
        log.error("submissions stand still", body=door.body, place=place(message), reason=reason)
        door.stands_still = reason
        door.queue.clear()
        self._follow()

    def _commit(self) -> None:
        self._committed_at = time.monotonic()
        moved = [door for door in self.doors.values() if door.commits.position != door.commits.stored]
        if moved and self.writes:
            self.turns.commit({door.place: (door.commits.position, door.commits.mark) for door in moved})
            for door in moved:
                door.commits.stored = door.commits.position

    # --- errors ---

    def _recover(self, reason: str) -> None:
        """Throw the producer away, read the feeds on to their ends, and append what is still missing."""
        say = log.warning if self._sparingly.due("recovering") else log.debug
        say("recovering", reason=reason)
        time.sleep(RECOVERY_PAUSE_SECONDS)
        self.writer.renew()
        self.sent.clear()
        self._unsettle()
        for door in self.doors.values():
            for offset in list(door.issued):
                self._issue(door, offset)  # absorbed by its id, if it was there

    def _start_over(self, found: LogDiffers) -> None:
        """Never trust memory over the log: forget what was read there, and read it from the start."""
        log.error("reading anew", reason=str(found))
        topic, _ = found.place
        if topic.startswith(SUBMIT):
            body = topic.removeprefix(SUBMIT)
            self.doors[body] = Door(body, START)
            self.followed.restart([found.place])
            return
        self._forget()
        self.writer.renew()
        self.doors.clear()  # what was read of submissions with it is read again
        self._follow()
        self.followed.restart([*self.events, *((feed_topic(feed), 0) for feed in self.feeds)])

    def _go_without(self, found: Denied) -> None:
        """A body's topic may not be read, by a right that was not given or is gone: the others are served on."""
        topic, _ = found.place
        body = topic.removeprefix(SUBMIT).removeprefix(feed_topic(""))
        if body not in self.feeds or body == PUBLIC:
            raise LogUnavailable(str(found))
        log.error("a body can't be served: see jauap access check", body=body, reason=str(found))
        self._denied[body] = time.monotonic() + DENIED_SECONDS

    def _parked(self, case_id: str) -> None:
        self.parked.add(case_id)
        if len(self.parked) > MOST_PARKED:
            raise TooManyParked(f"over {MOST_PARKED} cases are parked; run a release that can read their records")


def _topics_of(body: str) -> Collection[str]:
    return (feed_topic(body), submit_topic(body))


def _happened(folded: Folded) -> Happened:
    assert folded.recorded is not None  # noqa: S101 - the caller asked
    return Happened(
        recorded=folded.recorded,
        hash=folded.headers["ce_hash"].decode(),
        at=folded.headers["ce_time"].decode(),
        command_id=folded.text("ce_commandid"),
        correlation_id=folded.text("ce_correlationid"),
    )


def _appended(message: Message) -> datetime:
    return datetime.fromtimestamp(message.timestamp / 1000, UTC)
