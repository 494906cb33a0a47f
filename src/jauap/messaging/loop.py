"""The loop of a service: read, fold, decide, append, read back. The order of the log decides (docs/decisions/0003).

One instance consumes its commands, its own events and the other services' events, the same partition numbers
together. An own record that counts is folded and its command is done. A command whose id is done gets its
outcome again. Anything else is decided once every event that was written before it is folded, and appended; the
next command of that case waits until the record is read back. Killed, doubled, delayed or cut off, the loop has
the same cure: throw the producer away, read on, decide what is not done.
"""

import gc
import time
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from itertools import islice

import structlog

from jauap.domain import facts, refusals
from jauap.domain.case import SERVICES, Case
from jauap.domain.events import ChainMended, CommandRefused, Event
from jauap.messaging import incoming
from jauap.messaging.answers import Answers, done, held, outcome_of, reused
from jauap.messaging.avro import Codec
from jauap.messaging.chain import Verdict
from jauap.messaging.decider import Decider
from jauap.messaging.envelope import Message, chained, cloud_event
from jauap.messaging.folding import Folded, Track, events_topic, fold, park
from jauap.messaging.lane import EVENT_TOPICS, Bay, Flight, Lane, Position, Waiting
from jauap.messaging.log import Ends, Place, Reader, Trouble, Writer
from jauap.messaging.watched import Watched
from jauap.process import CannotGoOn, Sparingly

log = structlog.get_logger(__name__)

COMMITS_EVERY_SECONDS = 0.2
RECOVERY_PAUSE_SECONDS = 0.25
ADVANCED_PER_TURN = 1000
CLOCK_TRUSTED_SECONDS = 30.0
RETRY_CLOCK_SECONDS = 10.0
MOST_PARKED = 100
"""A bad release must not eat a topic: with more parked cases than this the service stops."""


class TooManyParked(CannotGoOn):
    """More cases are parked than a healthy release could park; the service stops until it is mended."""


class Loop:
    """One instance of a service. `turn` is one round; `run` goes round until it is told to stop."""

    def __init__(  # noqa: PLR0913 - the wiring of app.py, each by name
        self,
        decider: Decider,
        *,
        reader: Reader,
        writer: Writer,
        ends: Ends,
        codec: Codec,
        clock: Callable[[], datetime],
        partitions: int,
        watched: Watched | None = None,
    ) -> None:
        """Nothing is read before `start`."""
        self.decider, self.name = decider, decider.name
        self.reader, self.writer, self.ends, self.codec = reader, writer, ends, codec
        self.clock, self.partitions, self.watched = clock, partitions, watched
        self.commands_topic = f"jauap.{self.name}.commands"
        self.answers = Answers(self.name, writer, codec, clock)
        self.own_topic = events_topic(self.name)
        self.lanes: dict[int, Lane] = {}
        self.kept: dict[int, Lane] = {}
        """Lanes that were handed to another instance: taken up again, they are compared with the log first."""
        self.assigned = False
        self._to_advance: dict[tuple[int, str], None] = {}
        self._troubled: str | None = None
        self._period: object = None
        self._committed_at = 0.0
        self._checked_at = float("-inf")
        self._tried_at: float | None = None
        self._sparingly = Sparingly()

    # --- being handed partitions ---

    def start(self, only: Collection[int] | None = None) -> None:
        """Join the service's group; or read these partitions, whoever else reads them too."""
        topics = (self.commands_topic, *EVENT_TOPICS)
        if only is None:
            self.reader.subscribe(topics, self._take_over, self._hand_over)
        else:
            self.reader.read_from(self._take_over([(topic, number) for topic in topics for number in only]))

    def _take_over(self, places: list[Place]) -> dict[Place, int]:
        numbers = {number for _, number in places}
        stored = self.reader.committed((self.commands_topic, number) for number in numbers)
        for number in numbers:
            lane = self.kept.pop(number, None)
            if lane is None:
                lane = Lane(number, *(stored[self.commands_topic, number] or (0, "")))
            elif self.decider.reconciles:
                lane.stirred |= lane.tracks.keys()  # the day, or the calendar, may have changed meanwhile
            lane.unsettle()
            self.lanes[number] = lane
        self.assigned = True
        log.info("partitions taken over", service=self.name, partitions=sorted(numbers))
        return self._starts()

    def _hand_over(self, places: list[Place]) -> None:
        self._commit()
        for number in {number for _, number in places} & self.lanes.keys():
            self.kept[number] = self.lanes.pop(number)

    def _starts(self) -> dict[Place, int]:
        starts: dict[Place, int] = {}
        for lane in self.lanes.values():
            starts[self.commands_topic, lane.number] = lane.commands_start()
            starts |= {(topic, lane.number): offset for topic, offset in lane.starts().items()}
        return starts

    @property
    def ready(self) -> bool:
        """Whether everything that was written before is folded, in each partition at hand."""
        return self.assigned and all(lane.live for lane in self.lanes.values())

    # --- one round ---

    def turn(self, seconds: float = 0.05) -> None:
        """Read what has come, decide what can be decided, and tell what became of it."""
        now = self.clock()
        for item in self.reader.poll(seconds):
            if not (self._meet(item) if isinstance(item, Trouble) else self._take(item, now)):
                break  # positions were reset: what else was fetched will be read again
        self._look_round(now)
        self.writer.serve()
        if self.writer.failed is not None or self._troubled is not None:
            self._recover()
        self._reach_ends()
        self._advance_some()
        self.writer.serve()
        if time.monotonic() - self._committed_at > COMMITS_EVERY_SECONDS:
            self._commit()

    def run(self, stopping: Callable[[], bool], say_ready: Callable[[], None] = lambda: None) -> None:
        """Go round until told to stop, then deliver what is in flight and commit."""
        was_ready = False
        gc.disable()  # nothing that is folded holds a cycle, and there are millions of values to look through
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
        """Deliver what is in flight, store the position and leave."""
        self.writer.flush(5.0)
        self._commit()
        self.reader.close()

    def _take(self, message: Message, now: datetime) -> bool:
        lane = self.lanes.get(message.partition)
        if lane is None:
            return True
        if message.topic == self.commands_topic:
            return self._take_command(lane, message)
        return self._take_event(lane, message, now)

    # --- events: judge, fold, note what is done ---

    def _take_event(self, lane: Lane, message: Message, now: datetime) -> bool:
        topic, position = message.topic, lane.positions[message.topic]
        if topic in lane.verifying:
            return self._compare(lane, message)
        known = lane.epochs.get(topic, message.leader_epoch)
        lane.epochs[topic] = max(known, message.leader_epoch)
        if lane.live and message.leader_epoch > known:
            self._troubled = f"leader epoch of {topic} rose"
            return False
        if message.offset < position.next:
            return True
        if topic == self.own_topic and not lane.keeps_pledge(message):
            self._drop(lane, f"{topic} at offset {message.offset} is not what was folded when the position was stored")
            return False
        folded = fold(lane.tracks, message, self.codec, self.partitions)
        if folded.in_doubt and (lane.live or lane.survived):
            self._drop(lane, f"{topic} at offset {message.offset} does not go on from what was folded before")
            return False
        if folded.track is not None and folded.track.standstill is not None:
            self._stands_still(lane, folded.track)
        lane.positions[topic] = Position(message.offset + 1, message)
        if folded.track is not None:
            self._follow(lane, folded.track, folded, message, now)
        return True

    def _compare(self, lane: Lane, message: Message) -> bool:
        position = lane.positions[message.topic]
        if position.last is None or message.content != position.last.content:
            self._drop(lane, f"{message.topic} at offset {message.offset} is not what was folded there")
            return False
        lane.verifying.discard(message.topic)
        return True

    def _follow(self, lane: Lane, track: Track, folded: Folded, message: Message, now: datetime) -> None:
        case_id = track.case.case_id
        if folded.verdict is Verdict.COUNTS and self.decider.reconciles:
            lane.stirred.add(case_id)
        if message.topic == self.own_topic:
            self._read_back(lane, track, folded, message, now)
        if case_id in lane.bays:
            self._to_advance[lane.number, case_id] = None

    def _read_back(self, lane: Lane, track: Track, folded: Folded, message: Message, now: datetime) -> None:
        bay = lane.bays.get(track.case.case_id)
        if bay is not None and bay.flight is not None and track.chains[self.name].sequence >= bay.flight.sequence:
            bay.flight = None
            self._checked_at, self._tried_at = time.monotonic(), None
            self.decider.check_clock(datetime.fromtimestamp(message.timestamp / 1000, UTC), now)
        command_id, made = folded.text("ce_commandid"), done(folded, message, track.case.case_id)
        if command_id is None or made is None:
            return
        lane.done.setdefault(command_id, made)
        lane.undone.pop(command_id, None)
        if bay is not None:
            self._settle(lane, bay, command_id)

    def _settle(self, lane: Lane, bay: Bay, command_id: str) -> None:
        for waiting in [waiting for waiting in bay.queue if waiting.command_id == command_id]:
            bay.queue.remove(waiting)
            if bytes.fromhex(waiting.command_hash) == lane.done[command_id].command_hash:
                self._answer(lane, waiting)
            else:
                self.answers.publish(lane, reused(waiting), settles=waiting.offset)
        made = lane.done[command_id]
        if made.refusal is not None:
            log.info(
                "command refused",
                case_id=made.case_id,
                command_id=command_id,
                event_id=made.event_hash.hex(),
                command=made.command,
                code=made.refusal.code,
            )

    # --- commands: wait until everything written before is folded ---

    def _take_command(self, lane: Lane, message: Message) -> bool:
        if lane.verifying_commands:
            if not lane.commits.is_last_read(message):
                self._drop(lane, f"{message.topic} at offset {message.offset} is not the command that was read there")
                return False
            lane.verifying_commands = False
        elif message.offset >= lane.commits.next:
            lane.commits.read(message)
            self._read_command(lane, message)
        return True

    def _read_command(self, lane: Lane, message: Message) -> None:
        try:
            lane.arrived.append(incoming.read_command(message, self.codec, self.decider.commands, self.partitions))
        except incoming.Malformed as reason:
            log.warning(
                "malformed command",
                topic=message.topic,
                partition=message.partition,
                offset=message.offset,
                code=reason.code,
            )
            self.answers.publish(lane, incoming.malformed(message, reason), settles=message.offset)

    def _reach_ends(self) -> None:
        asking = [lane for lane in self.lanes.values() if lane.target is None and self._wants_ends(lane)]
        if asking:
            topics = (self.commands_topic, *EVENT_TOPICS)
            places = [(topic, lane.number) for lane in asking for topic in topics]
            watched = [self.watched.place] if self.watched else []
            ends = self.ends.of_answering([*places, *watched])
            if self.watched is not None and self.watched.place in ends:
                self.watched.confront(ends[self.watched.place])
            for lane in asking:  # a partition without a leader holds nobody else up
                if all(place in ends for place in (*((topic, lane.number) for topic in topics), *watched)):
                    self._aim(lane, ends)
        for (topic, number), end in self.reader.ended.items():
            if number in self.lanes and topic != self.commands_topic:
                self.lanes[number].skip_to(topic, end)
        for lane in list(self.lanes.values()):
            if lane.target is not None and self._reached(lane):
                self._admit(lane)

    def _wants_ends(self, lane: Lane) -> bool:
        return not lane.live or bool(lane.arrived) or bool(lane.stirred)

    def _aim(self, lane: Lane, ends: Mapping[Place, int]) -> None:
        target = {topic: ends[topic, lane.number] for topic in EVENT_TOPICS}
        cut = lane.ahead_of(target)
        if lane.commits.next > ends[self.commands_topic, lane.number]:
            cut.append(self.commands_topic)
        if cut:
            self._drop(lane, f"{', '.join(cut)} ends before what was read")
            return
        lane.target, lane.admitting = target, (lane.arrived, lane.stirred)
        lane.watched_end = ends[self.watched.place] if self.watched else 0
        lane.arrived, lane.stirred = [], set()

    def _reached(self, lane: Lane) -> bool:
        if self.watched is not None and not self.watched.reached(lane.watched_end):
            return False
        return lane.reached(lane.target or {})

    def _admit(self, lane: Lane) -> None:
        (commands, stirred), lane.admitting, lane.target = lane.admitting, ([], set()), None
        if lane.pledge is not None:
            self._drop(lane, f"{self.own_topic} ends before where it reached when the position was stored")
            return
        if not lane.live:
            if lane.skipped and lane.has_break(self.name):
                self._drop(lane, "a case is broken: commands that were skipped have records that count no more")
                return
            lane.live = True
            self._to_advance |= {(lane.number, case_id): None for case_id in lane.bays}
            log.info("partition live", service=self.name, partition=lane.number, cases=len(lane.tracks))
        for case_id in stirred:
            lane.bay(case_id).dirty = True
            self._to_advance[lane.number, case_id] = None
        for waiting in commands:
            self._admit_command(lane, waiting)

    def _admit_command(self, lane: Lane, waiting: Waiting) -> None:
        made = lane.done.get(waiting.command_id)
        first = made.command_hash.hex() if made else lane.undone.get(waiting.command_id)
        if first is not None and first != waiting.command_hash:
            self.answers.publish(lane, reused(waiting), settles=waiting.offset)
        elif made:
            self._answer(lane, waiting)
        else:
            lane.undone[waiting.command_id] = waiting.command_hash
            lane.bay(waiting.case_id).queue.append(waiting)
            self._to_advance[lane.number, waiting.case_id] = None

    # --- deciding ---

    def _look_round(self, now: datetime) -> None:
        """After a new day, or a change of the calendar, every case is looked at again."""
        if not self.decider.reconciles:
            return
        period = self.decider.period(now)
        changed = self.watched is not None and self.watched.poll(0)
        if changed or period != self._period:
            self._period = period
            for lane in self.lanes.values():
                lane.stirred |= lane.tracks.keys()

    def _advance_some(self) -> None:
        for number, case_id in list(islice(self._to_advance, ADVANCED_PER_TURN)):
            del self._to_advance[number, case_id]
            lane = self.lanes.get(number)
            bay = lane.bays.get(case_id) if lane is not None and lane.live else None
            if lane is not None and bay is not None:
                self._advance(lane, bay, self._track(lane, case_id))
                if bay.idle:
                    del lane.bays[case_id]

    def _advance(self, lane: Lane, bay: Bay, track: Track) -> None:
        """Do the next thing for a case: at most one undecided record of it is in flight."""
        if bay.flight is not None:
            return
        if lane.survived and self._is_told_of_a_break(bay, track):
            self._drop(lane, f"the chain of {track.case.case_id} is to be mended, and no break of it was seen")
            return
        unread = bool(bay.queue) and isinstance(bay.queue[0].command, incoming.Unread)
        if track.standstill is not None or unread:
            self._stand_still(lane, bay, track)
            if track.standstill is None and bay.dirty:
                self._reconcile(lane, bay, track)  # a command that waits for a newer release stops no clock
        elif bay.queue:
            self._decide(lane, bay, track, bay.queue[0])
        elif bay.dirty:
            self._reconcile(lane, bay, track)

    def _is_told_of_a_break(self, bay: Bay, track: Track) -> bool:
        """Whether the next command mends what this fold has whole: an operator may know the log better."""
        return bool(bay.queue) and isinstance(bay.queue[0].command, facts.Mending) and track.broken is None

    def _decide(self, lane: Lane, bay: Bay, track: Track, waiting: Waiting) -> None:
        now = self.clock()
        try:
            event = self._event(track.case, waiting, now)
            self._append(lane, bay, track, event, now, waiting)
        except Exception as fault:  # any fault of ours parks the case; its commands stay in their topic
            log.exception("decision failed", case_id=waiting.case_id, command_id=waiting.command_id)
            self._park(lane, track, fault, None)
            self._stand_still(lane, bay, track)

    def _event(self, case: Case, waiting: Waiting, now: datetime) -> Event:
        try:
            if isinstance(waiting.command, facts.Mending):
                raise refusals.NotBroken("break_offset")
            event = self.decider.decide(case, waiting.command, now)
            seen = {service: getattr(case, service).last for service in SERVICES}
            if any(seen[service] != sequence for service, sequence in waiting.expected.items()):
                raise refusals.OutdatedView("expected")
        except refusals.Refusal as refusal:
            return CommandRefused(
                command=waiting.name,
                code=refusal.code,
                message=refusal.message,
                field=refusal.field,
                paragraph=refusal.paragraph,
            )
        return event

    def _reconcile(self, lane: Lane, bay: Bay, track: Track) -> None:
        if self._trying_clock():
            self._to_advance[lane.number, track.case.case_id] = None
            return
        if self.watched is not None and not (self.watched.settled and self.watched.reached(lane.watched_end)):
            return  # stays dirty: once the calendar is whole, every case is looked at again
        bay.dirty = False
        now = self.clock()
        try:
            event = self.decider.reconcile(track.case, now)
            if event is not None:
                self._tried_at = self._tried_at or time.monotonic()
                self._append(lane, bay, track, event, now, None)
        except Exception as fault:  # as above: the case is parked, the others flow on
            log.exception("reconciling failed", case_id=track.case.case_id)
            self._park(lane, track, fault, None)

    def _trying_clock(self) -> bool:
        """Whether the clock was not checked lately and one record is under way that will show the broker's time.

        So a clock that jumped writes one wrong step, not one for each case, before the service stops.
        """
        now = time.monotonic()
        if self._tried_at is None or now - self._checked_at < CLOCK_TRUSTED_SECONDS:
            return False
        return now - self._tried_at < RETRY_CLOCK_SECONDS

    def _stand_still(self, lane: Lane, bay: Bay, track: Track) -> None:
        """Mend the case if that is what is asked; tell the others once that their command is held."""
        broken_at = track.chains[self.name].broken_at
        why = track.standstill or "the first command waiting was written by a newer release"
        for waiting in bay.queue:
            mending = waiting.command if isinstance(waiting.command, facts.Mending) else None
            if mending is not None and mending.break_offset == broken_at and track.parked is None:
                mended = ChainMended(break_offset=mending.break_offset, reason=mending.reason)
                self._append(lane, bay, track, mended, self.clock(), waiting)
                return
            if waiting.offset not in bay.held:
                bay.held.add(waiting.offset)
                self.answers.publish(lane, held(waiting, why), settles=None)

    def _append(self, lane: Lane, bay: Bay, track: Track, event: Event, now: datetime, waiting: Waiting | None) -> None:
        """Append one record as the next of its case. It counts once it is read back, if no other came first."""
        key = track.case.case_id.encode()
        value, dataschema = self.codec.encode(self.own_topic, event)
        headers = cloud_event(
            kind=type(event).__name__,
            source=f"/jauap/{self.name}",
            subject=track.case.case_id,
            time=max(now, track.latest_time),
            dataschema=dataschema,
        )
        headers["ce_seen"] = self._seen(lane)
        headers["ce_actor"] = (waiting.actor if waiting else self.name).encode()
        if waiting is not None:
            headers["ce_commandtype"] = f"jauap.{waiting.name}".encode()
            headers["ce_commandid"] = waiting.command_id.encode()
            headers["ce_commandhash"] = waiting.command_hash.encode()
            headers["ce_correlationid"] = (waiting.correlation_id or waiting.command_id).encode()
        if isinstance(event, ChainMended):
            headers["ce_breakoffset"] = str(event.break_offset).encode()
        chain = track.chains[self.name]
        self.writer.append(self.own_topic, chained(headers, chain, key, value), partition=lane.number)
        bay.flight = Flight(chain.sequence + 1, self.writer.generation)

    def _seen(self, lane: Lane) -> bytes:
        """The input offsets that a decision had folded, so that an auditor knows what was known."""
        seen = [f"{service}:{lane.positions[events_topic(service)].next}" for service in SERVICES]
        if self.watched is not None:
            seen.append(f"calendar:{self.watched.next}")
        return ",".join(seen).encode()

    # --- outcomes ---

    def _answer(self, lane: Lane, waiting: Waiting) -> None:
        made = lane.done[waiting.command_id]
        outcome = outcome_of(made, waiting.command_id, self.own_topic, lane.number)
        self.answers.publish(lane, outcome, settles=waiting.offset)

    def _commit(self) -> None:
        self._committed_at = time.monotonic()
        moved = {
            (self.commands_topic, lane.number): lane
            for lane in self.lanes.values()
            if lane.commits.position != lane.commits.stored
        }
        if moved:
            self.reader.commit(
                {place: (lane.commits.position, lane.marks(self.own_topic)) for place, lane in moved.items()}
            )
            for lane in moved.values():
                lane.commits.stored = lane.commits.position

    # --- errors: the same cure for all ---

    def _meet(self, trouble: Trouble) -> bool:
        if trouble.lost is None:
            self._troubled = trouble.reason
        elif trouble.lost[1] in self.lanes:
            self._drop(self.lanes[trouble.lost[1]], trouble.reason)
            return False
        return True

    def _drop(self, lane: Lane, reason: str) -> None:
        """Never trust memory over the log: forget the partition and fold it from the start."""
        log.error("state dropped, folding anew", service=self.name, partition=lane.number, reason=reason)
        self.lanes[lane.number] = Lane(lane.number)
        self.reader.commit({(self.commands_topic, lane.number): (0, "")})
        self.reader.read_from(self._starts())  # at once: nothing later may be folded before the first record
        self._troubled = self._troubled or reason

    def _recover(self) -> None:
        """Throw the producer away, compare positions with the log, read to the ends, decide what is not done."""
        failed = self.writer.failed
        say = log.warning if self._sparingly.due("recovering") else log.debug
        say("recovering", service=self.name, reason=failed or self._troubled)
        self._troubled = None
        time.sleep(RECOVERY_PAUSE_SECONDS)  # while a broker is away, troubles come by the dozen
        self.reader.forget_troubles()
        if failed is not None:
            self.writer.renew()
        for lane in self.lanes.values():
            lane.unsettle()
        self.reader.read_from(self._starts())
        if failed is not None:
            self.answers.send_again()

    def _park(self, lane: Lane, track: Track, fault: Exception, message: Message | None) -> None:
        park(track, fault, message)
        self._stands_still(lane, track)

    def _stands_still(self, lane: Lane, track: Track) -> None:
        """What was in flight does not count any more for this reader; too many such cases stop the service."""
        bay = lane.bays.get(track.case.case_id)
        if bay is not None:
            bay.flight = None  # nothing of it counts any more
            self._to_advance[lane.number, track.case.case_id] = None
        if track.parked is not None:
            lane.parked.add(track.case.case_id)
        if len(lane.parked) > MOST_PARKED:
            raise TooManyParked(f"over {MOST_PARKED} cases of partition {lane.number} are parked; one: {track.parked}")

    def _track(self, lane: Lane, case_id: str) -> Track:
        found = lane.tracks.get(case_id)
        if found is None:
            found = lane.tracks[case_id] = Track(Case(case_id=case_id))
        return found
