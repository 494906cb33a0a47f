"""The client library behind a few verbs: read, append, commit, ask for the ends. Its objects never leave here.

Writing is `acks=all`, idempotent and partitioned by `murmur2_random`, as Java clients do. Reading has no
fallback position (`auto.offset.reset=error`): a reader whose place is gone must know it.
"""

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from operator import methodcaller
from typing import Any, NamedTuple

import structlog
from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka import Message as ClientMessage
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]  # exported, but not by name

from jauap.messaging.connection import WrongAddress, client_settings
from jauap.messaging.envelope import Message, Outgoing
from jauap.process import CannotGoOn, Life, Sparingly

log = structlog.get_logger(__name__)

Place = tuple[str, int]
"""A topic and one of its partitions."""
BEGINNING: int = OFFSET_BEGINNING
Delivered = Callable[[KafkaError | None, ClientMessage], None]
ANY_PARTITION = -1
LARGEST_RECORD = 990_000
"""Bytes of key, value and headers: the client library takes 1,000,000 with all that it adds."""
DELIVERY_SECONDS = 5
"""A hung append blocks its case: after so many seconds it is given up and decided again."""
ASK_SECONDS = 2.0
COMMITTED_SECONDS = 30.0
SESSION_SECONDS = 10
"""A member that is silent for so long loses its partitions. One that is fenced sooner was not: another has its name."""
LEAVE_SECONDS = 2.0
GIVE_ACCESS = "run `jauap access apply` if each process has a login"
LOST = (KafkaError._AUTO_OFFSET_RESET, KafkaError._LOG_TRUNCATION, KafkaError.OFFSET_OUT_OF_RANGE)  # noqa: SLF001 - the library's public codes


def is_fatal(error: KafkaError) -> bool:
    """Whether the client is of no use any more. The consumer says so by the code alone, the producer by the flag."""
    return error.fatal() or error.code() == KafkaError._FATAL  # noqa: SLF001 - the library's public code


class LogUnavailable(CannotGoOn):
    """The broker did not answer; try again."""


class LoginRefused(LogUnavailable):
    """The broker knows no such login, or has another password for it."""


class GroupDenied(LogUnavailable):
    """The login may not be in the group."""


class TopicsMissing(LogUnavailable):
    """The broker does not show these topics."""

    def __init__(self, missing: Collection[str]) -> None:
        super().__init__(
            f"the broker does not show {', '.join(sorted(missing))}; run `jauap topics apply`; {GIVE_ACCESS}"
        )


class PartitionsDiffer(CannotGoOn):
    """Topics do not have the deployment's number of partitions: it is fixed for ever when a deployment is created."""


class Trouble(NamedTuple):
    """An error that the reader met: positions must be compared with the log again."""

    reason: str
    lost: Place | None = None
    """The place whose position is gone from the log; None: a passing error."""
    denied: Place | None = None
    """The place that the broker does not let this reader read any more; None: another error."""


def _message(read: ClientMessage) -> Message:
    # In the order of the fields: a record costs a third less than with their names.
    return Message(
        read.topic() or "",
        read.partition() or 0,
        read.offset() or 0,
        _bytes(read.key()),
        _bytes(read.value()),
        _pairs(read),
        read.timestamp()[1],
        -1 if (epoch := read.leader_epoch()) is None else epoch,
    )


_headers = methodcaller("headers")
"""Through C, which notices the client's pending exception at once; a plain call may raise it anywhere later."""


def _pairs(read: ClientMessage) -> tuple[tuple[str, bytes | None], ...]:
    try:
        return tuple(_headers(read) or ())
    except (SystemError, UnicodeDecodeError):
        return (("", None),)  # a name that is not UTF-8: no reader of ours takes a header without a value


def _bytes(value: str | bytes | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value


class Reader:
    """A consumer that gives messages and troubles. With a group it is handed partitions; without, it is told them."""

    def __init__(self, bootstrap: str, client: str, group: str | None = None, instance: str | None = None) -> None:
        """Connect lazily. `group` only distributes work: correctness never rests on it.

        With an `instance` name of its own, a process that was killed takes its partitions back at once when it is
        started again; without, the group waits for the old one's session to end.
        """
        self.ended: dict[Place, int] = {}
        """Where places were seen to end since they were set: also behind what is no record, as a transaction's mark."""
        self._troubles: list[Trouble] = []
        self._fatal: str | None = None
        self._refused = False
        """The broker refused the login. What follows can't be done in a callback of the client's: it aborts."""
        self._renewed_at = float("-inf")
        self._group_denied = False
        self._join: Callable[[], None] | None = None
        """How it joined its group; None: it is told what to read."""
        self._give_up: Callable[[], None] = lambda: None
        self._losing = False
        self._bootstrap = bootstrap
        self._settings: dict[str, Any] = {
            **client_settings(bootstrap),
            "client.id": client,
            "group.id": group or f"{client}-alone",
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "error",
            "enable.partition.eof": True,
            "isolation.level": "read_uncommitted",  # nobody here writes in transactions: a stranger's holds nobody up
            "partition.assignment.strategy": "range",
            "session.timeout.ms": SESSION_SECONDS * 1000,
            "socket.timeout.ms": 10_000,  # behind a link that is half open it would be deaf for a minute
            "socket.keepalive.enable": True,
            "heartbeat.interval.ms": 300,  # so soon do the others hear that one has come or gone
            "fetch.wait.max.ms": 100,
            "fetch.queue.backoff.ms": 5,
            "queued.max.messages.kbytes": 16_384,
            "reconnect.backoff.ms": 50,
            "reconnect.backoff.max.ms": 1_000,
            "error_cb": self._on_error,
            "logger": _Quiet(),
            **({} if instance is None else {"group.instance.id": instance}),
        }
        self._consumer = Consumer(self._settings)

    def subscribe(
        self,
        topics: Collection[str],
        on_assigned: Callable[[list[Place]], Mapping[Place, int]],
        on_revoked: Callable[[list[Place]], None],
    ) -> None:
        """Join the group. `on_assigned` says where to read each place from."""
        held: list[Place] = []

        def assigned(consumer: Consumer, partitions: list[TopicPartition]) -> None:
            held[:] = [(p.topic, p.partition) for p in partitions]
            starts = on_assigned(list(held))
            self.ended.clear()
            consumer.assign(_partitions(starts))

        def revoked(_: Consumer, partitions: list[TopicPartition]) -> None:
            on_revoked([(p.topic, p.partition) for p in partitions])

        def lost(_: Consumer | None = None, __: object = None) -> None:
            self._losing = True
            try:
                on_revoked(list(held))
            finally:
                self._losing = False

        def join() -> None:
            self._consumer.subscribe(list(topics), on_assign=assigned, on_revoke=revoked, on_lost=lost)

        self._join, self._give_up = join, lost
        join()

    def read_from(self, starts: Mapping[Place, int]) -> None:
        """Read these places, and no others, from these offsets on. What was fetched before is dropped."""
        self.ended.clear()
        self._consumer.assign(_partitions(starts))

    def leave(self, places: Collection[Place]) -> None:
        """Read these places no more; what was fetched of them is dropped. The others are not disturbed."""
        for place in places:
            self.ended.pop(place, None)
        self._consumer.incremental_unassign(_partitions(dict.fromkeys(places, 0)))

    def read_too(self, starts: Mapping[Place, int]) -> None:
        """Read these places besides, from these offsets on."""
        self._consumer.incremental_assign(_partitions(starts))

    def poll(self, seconds: float, most: int = 1000) -> list[Message | Trouble]:
        """Wait for a record at most so long, then take what is there: `consume(n, t)` would wait the whole t."""
        first = self._consumer.poll(seconds)
        found = [] if first is None else [first, *self._consumer.consume(most, 0)]
        items = [item for read in found if (item := self._item(read)) is not None]
        if self._refused:
            self._refused = False
            _read_password_again(self._bootstrap, self._consumer, self._settings)
        if self._fatal is not None:
            return [self._renew(self._fatal)]
        if self._troubles:
            items += self._troubles
            self._troubles.clear()
        return items

    def _item(self, read: ClientMessage) -> Message | Trouble | None:
        error = read.error()
        if error is None:
            return _message(read)
        place, offset = (read.topic() or "", read.partition() or 0), read.offset()
        if error.code() == KafkaError._PARTITION_EOF and offset is not None:  # noqa: SLF001 - the library's public code
            self.ended[place] = offset
            return None
        if is_fatal(error):
            self._fatal = str(error)
        denied = error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED
        return Trouble(
            str(error),
            lost=place if error.code() in LOST and place[0] else None,
            denied=place if denied and place[0] else None,
        )

    def _on_error(self, error: KafkaError) -> None:
        if is_fatal(error):
            self._fatal = str(error)
        self._refused |= _login_refused(error)
        self._troubles.append(Trouble(str(error)))

    def _renew(self, reason: str) -> Trouble:
        """Throw the consumer away and join again.

        A member whose coordinator was away for longer than a session is told that another has its name. If that
        is really so, it is told again: then this process ends. So it does if the reader is in no group: who told it
        what to read would not know that it reads nothing any more.
        """
        if self._join is None or time.monotonic() - self._renewed_at < SESSION_SECONDS:
            raise LogUnavailable(reason)
        log.warning("consumer thrown away", reason=reason)
        self._renewed_at, self._fatal = time.monotonic(), None
        self._give_up()
        self._consumer.close()
        self._troubles.clear()
        self._consumer = Consumer(self._settings)
        self._join()
        return Trouble(reason)

    def forget_troubles(self) -> None:
        """Drop the passing errors that came since: the recovery that begins now answers them all."""
        self._troubles.clear()

    def committed(self, places: Iterable[Place]) -> dict[Place, tuple[int, str] | None]:
        """The group's committed offsets, each with what was stored beside it; None: it has none.

        Waits for a broker that is just coming back. Raises LogUnavailable after `COMMITTED_SECONDS`.
        """
        asked = [TopicPartition(topic, partition) for topic, partition in places]
        deadline = time.monotonic() + COMMITTED_SECONDS
        while True:
            try:
                found = self._consumer.committed(asked, timeout=ASK_SECONDS)
                break
            except KafkaException as error:
                if time.monotonic() > deadline:
                    raise LogUnavailable(str(error)) from error
                time.sleep(0.2)
        return {(p.topic, p.partition): (p.offset, p.metadata or "") if p.offset >= 0 else None for p in found}

    def ask_group(self, topic: str) -> None:
        """Ask the group for a position, as who joins it will. Raises LogUnavailable."""
        try:
            self._consumer.committed([TopicPartition(topic, 0)], timeout=1.0)
        except KafkaException as error:
            told = self._consumer.poll(0)  # what the coordinator refuses is told here alone
            self._troubles.clear()
            refused = None if told is None else told.error()
            if refused is not None:
                self._group_denied = refused.code() == KafkaError.GROUP_AUTHORIZATION_FAILED
            if self._group_denied:
                raise GroupDenied(f"the broker does not let this process into its group; {GIVE_ACCESS}") from error
            raise LogUnavailable(f"the broker does not tell the group's position: {error.args[0].str()}") from error

    def commit(self, offsets: Mapping[Place, tuple[int, str]]) -> None:
        """Store the group's positions, each with the mark of the record before it, without waiting.

        They are a hint, never the truth: who starts there reads the record before it again and compares. Who lost
        its partitions stores nothing: a commit in the name of no member would be fatal.
        """
        if self._losing:
            return
        stored = [
            TopicPartition(topic, partition, offset, mark) for (topic, partition), (offset, mark) in offsets.items()
        ]
        try:
            self._consumer.commit(offsets=stored, asynchronous=True)
        except KafkaException as error:
            log.info("commit put off", reason=str(error))

    def close(self) -> None:
        """Leave the group and disconnect.

        One with an instance name leaves too, so that others take over at once: by itself the client library would keep
        its partitions for it until its session ends. Waits for a broker that hangs for `LEAVE_SECONDS`.
        """
        if self._join is not None:
            with suppress(KafkaException):  # whose name another has leaves nothing
                self._leave()
        self._consumer.close()

    def _leave(self) -> None:
        self._consumer.unsubscribe()
        deadline = time.monotonic() + LEAVE_SECONDS
        while self._consumer.memberid() and time.monotonic() < deadline:
            self._consumer.poll(0.01)  # it leaves once what it held is handed over


def _partitions(offsets: Mapping[Place, int]) -> list[TopicPartition]:
    return [TopicPartition(topic, partition, offset) for (topic, partition), offset in offsets.items()]


class Writer:
    """A producer that is thrown away after an error: what it had not delivered is decided anew, or written again."""

    def __init__(self, bootstrap: str, client: str) -> None:
        """Connect lazily."""
        self._bootstrap = bootstrap
        self._settings = {
            **client_settings(bootstrap),
            "client.id": client,
            "acks": "all",
            "enable.idempotence": True,
            "partitioner": "murmur2_random",
            "linger.ms": 0,
            "message.timeout.ms": DELIVERY_SECONDS * 1000,
            "reconnect.backoff.ms": 50,
            "reconnect.backoff.max.ms": 1_000,
            "error_cb": self._on_error,
            "logger": _Quiet(),
        }
        self.generation = 0
        self._waiting: list[tuple[str, Outgoing, int, Callable[[], None] | None]] = []
        self.failed: str | None = None
        """Why this generation can't be trusted any more; None: it is well."""
        self._refused = False
        self._producer = Producer(self._settings)

    def append(
        self, topic: str, record: Outgoing, partition: int | None = None, acknowledged: Callable[[], None] | None = None
    ) -> None:
        """Append a record with the next `serve`; `acknowledged` is called from a later one, once it is in the log.

        Raises ValueError if the record is larger than the broker takes.
        """
        headers = sum(len(name) + len(value) for name, value in record.headers)
        if len(record.key) + len(record.value) + headers > LARGEST_RECORD:
            raise ValueError(f"too large for {topic}: more than {LARGEST_RECORD} bytes")
        self._waiting.append((topic, record, ANY_PARTITION if partition is None else partition, acknowledged))

    def serve(self) -> None:
        """Hand over what was appended since, in one go, and run the callbacks of what was delivered.

        Handed over one by one, as they are made, records would travel one by one: twice the work for the broker.
        """
        if self._refused:
            self._refused = False
            _read_password_again(self._bootstrap, self._producer, self._settings)
        waiting, self._waiting = self._waiting, []
        try:
            for topic, record, place, acknowledged in waiting:
                self._produce(topic, record, place, self._delivered(acknowledged))
            self._producer.poll(0)
        except (KafkaException, SystemError) as error:
            self.failed = str(error)

    def _produce(self, topic: str, record: Outgoing, place: int, delivered: Delivered) -> None:
        while True:
            try:
                self._producer.produce(
                    topic,
                    key=record.key,
                    value=record.value,
                    headers=list(record.headers),
                    partition=place,
                    on_delivery=delivered,
                )
            except BufferError:
                self._producer.poll(0.05)
            else:
                return

    def _delivered(self, acknowledged: Callable[[], None] | None) -> Delivered:
        generation = self.generation

        def delivered(error: KafkaError | None, _: ClientMessage) -> None:
            if generation != self.generation:
                return
            if error is not None:
                self.failed = str(error)
            elif acknowledged is not None:
                acknowledged()

        return delivered

    def renew(self) -> None:
        """Throw the producer away. What it still had in flight may arrive in the log late, and is void then."""
        old, self.generation, self.failed, self._waiting = self._producer, self.generation + 1, None, []
        old.purge()
        self._producer = Producer(self._settings)

    def flush(self, seconds: float) -> int:
        """Wait for what is in flight; the number of records left."""
        self.serve()
        try:
            return self._producer.flush(seconds)
        except (KafkaException, SystemError) as error:
            self.failed = str(error)
            return len(self._producer)

    def _on_error(self, error: KafkaError) -> None:
        if is_fatal(error):
            self.failed = str(error)
        self._refused |= _login_refused(error)


def _login_refused(error: KafkaError) -> bool:
    return bool(error.code() == KafkaError._AUTHENTICATION)  # noqa: SLF001 - the library's public code


def _read_password_again(bootstrap: str, client: Consumer | Producer, settings: dict[str, Any]) -> None:
    """After a refused login: the file may hold another password since. The client takes it at its next attempt."""
    with suppress(WrongAddress, KafkaException):  # the file is just being written
        told = client_settings(bootstrap)
        settings.update(told)
        client.set_sasl_credentials(told["sasl.username"], told["sasl.password"])


class Ends:
    """Where topics end now. Asked before each decision, so that all before it is folded."""

    def __init__(self, bootstrap: str, client: str) -> None:
        """Connect lazily."""
        self._bootstrap, self._client = bootstrap, client
        self._settings = self._read_settings()
        self._sparingly = Sparingly()
        self._told: KafkaError | None = None
        """What the client said last of its connections: only so it tells of a login that the broker refuses."""
        self._asker = self._new_asker()

    def _read_settings(self) -> dict[str, Any]:
        return {**client_settings(self._bootstrap), "client.id": self._client, "logger": _Quiet()}

    def _new_asker(self) -> Consumer:
        """A consumer that reads nothing: one request of its own, and a quarter of the time that the admin's takes."""
        return Consumer(
            {
                **self._settings,
                "group.id": f"{self._client}-ends",
                "isolation.level": "read_uncommitted",
                "error_cb": self._on_error,
            }
        )

    def _on_error(self, error: KafkaError) -> None:
        if self._told is None or not _login_refused(self._told):
            self._told = error

    def _unanswered(self, error: KafkaException) -> LogUnavailable:
        """Why the broker did not answer. After a refused login the password's file is read anew: it may be another."""
        self._asker.poll(0)
        told = self._told or error.args[0]
        if not _login_refused(told):
            return LogUnavailable(f"the broker does not answer: {told.str()}")
        with suppress(WrongAddress):  # the file is just being written
            self._settings = self._read_settings()
        self._asker.close()
        self._asker = self._new_asker()
        return LoginRefused(f"the broker does not let this process in; {GIVE_ACCESS}: {told.str()}")

    def of(self, places: Collection[Place]) -> dict[Place, int]:
        """The offset after the last record of each place. Raises LogUnavailable if any does not answer."""
        found = self.of_answering(places)
        silent = sorted(set(places) - found.keys())
        if silent:
            raise LogUnavailable(f"the broker does not say where these end: {silent}")
        return found

    def of_answering(self, places: Collection[Place]) -> dict[Place, int]:
        """The same, without the places that do not answer, such as one without a leader."""
        places = set(places)
        try:
            asked = [TopicPartition(topic, partition, OFFSET_END) for topic, partition in places]
            answers = self._asker.offsets_for_times(asked, timeout=ASK_SECONDS)
        except KafkaException as error:
            return self._one_by_one(places, error)
        found = {(p.topic, p.partition): p.offset for p in answers if p.error is None and p.offset >= 0}
        return found if len(found) == len(places) else self._one_by_one(places, None)

    def _one_by_one(self, places: Collection[Place], reason: Exception | None) -> dict[Place, int]:
        """Ask in the way that says of each place whether it answers, with new clients.

        One that met an error may go on asking a leader that is gone, or answer FENCED_LEADER_EPOCH for seconds.
        """
        admin = AdminClient(self._settings)
        wanted = {TopicPartition(topic, partition): OffsetSpec.latest() for topic, partition in places}  # type: ignore[no-untyped-call]
        found: dict[Place, int] = {}
        try:
            for place, future in admin.list_offsets(wanted, request_timeout=ASK_SECONDS).items():
                try:
                    offset = future.result(ASK_SECONDS).offset
                except (KafkaException, TimeoutError) as error:
                    reason = error
                    continue
                if offset >= 0:  # below, and without an error: its leader did not answer
                    found[place.topic, place.partition] = offset
        except KafkaException as error:
            reason = error
        say = log.warning if self._sparingly.due("ends") else log.debug
        say("some topics do not say at once where they end", reason=str(reason), answering=len(found))
        self._asker.close()
        self._asker = self._new_asker()
        return found

    def of_patiently(self, places: Collection[Place], seconds: float) -> dict[Place, int]:
        """The same, for a broker that is just coming back. Raises LogUnavailable after so many seconds."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                return self.of(places)
            except LogUnavailable:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def partitions(self, topics: Iterable[str], seconds: float = ASK_SECONDS) -> dict[str, int]:
        """How many partitions each topic has; a topic that is not there is left out. Raises LogUnavailable."""
        self._told = None
        try:
            found = self._asker.list_topics(timeout=seconds).topics
        except KafkaException as error:
            raise self._unanswered(error) from error
        return {topic: len(found[topic].partitions) for topic in topics if topic in found and found[topic].partitions}


def wait_for_topics(ends: Ends, topics: Collection[str], wanted: int | None, life: Life) -> int:
    """Wait for the broker and all these topics, and give the deployment's number of partitions.

    Raises Stopped, and PartitionsDiffer if the topics are not all of one deployment, or not of the one that is
    `wanted`.
    """

    def attempt() -> dict[str, int]:
        found = ends.partitions(topics, seconds=1.0)
        if missing := set(topics) - found.keys():
            raise TopicsMissing(missing)
        return found

    return _the_same(life.wait(attempt, LogUnavailable), wanted)


def wait_for_group(reader: Reader, topic: str, life: Life) -> None:
    """Wait for the group's coordinator, and for the right to be in it. Raises Stopped."""
    life.wait(lambda: reader.ask_group(topic), LogUnavailable)


def _the_same(partitions: Mapping[str, int], wanted: int | None) -> int:
    one = next(iter(partitions.values())) if wanted is None else wanted
    others = {topic: count for topic, count in partitions.items() if count != one}
    if others:
        raise PartitionsDiffer(f"these topics do not have the deployment's {one} partitions: {others}")
    return one


class _Quiet:
    """Client library logging, told to structlog at its own levels."""

    def log(self, level: int, message: str, *args: object, **_: object) -> None:
        log.debug("kafka client", level=level, message=message % args if args else message)
