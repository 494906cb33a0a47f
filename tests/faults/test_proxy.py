"""The proxy on the real broker: what it does to links is what Kafka and its client make of such links."""

import logging
import time
from collections.abc import Callable, Iterator

import pytest
from confluent_kafka import KafkaError, Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from jauap.messaging.connection import client_settings
from jauap.stack import ports
from jauap.stack.credentials import ADMIN, login
from jauap.stack.folder import Folder
from jauap.stack.machine import Stack
from jauap.stack.ports import HOST
from jauap.stack.settings import Settings
from tests.checker import read_topic
from tests.faults.proxy import Ending, Proxy, Which, advertised_at

pytestmark = [pytest.mark.kafka, pytest.mark.long]

NUMBERS = iter(range(1, 1000))
QUIET = logging.getLogger("tests.faults.client")
QUIET.propagate = False
QUIET.addHandler(logging.NullHandler())


class Network:
    """A broker, the proxy before it, and a way around it."""

    def __init__(self, machine: Stack, direct: str, proxy: Proxy, way: str) -> None:
        self.machine, self.direct, self.proxy, self.way = machine, direct, proxy, way

    def topic(self) -> str:
        """A new topic with one partition."""
        name = f"plain-{next(NUMBERS)}"
        admin = AdminClient(client_settings(self.direct))
        admin.create_topics([NewTopic(name, 1)])[name].result(10)
        return name

    def values(self, topic: str) -> list[str]:
        """What the topic holds, read around the proxy."""
        return [record.value.decode() for record in read_topic(self.direct, topic)]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, str, int, int]]:
    """The broker alone: its machine, its own address, and the ports of its second listener and of the proxy."""
    data = tmp_path_factory.mktemp("proxied")
    folder = Folder.at(data)
    folder.create()
    settings = Settings.load_or_create(folder, 1)
    behind, before = ports.pick(2)
    machine = Stack(data, services=(), broker_properties=advertised_at(settings, behind, before))
    try:
        yield machine, login(folder, ADMIN, f"{HOST}:{settings.kafka_ports[0]}"), behind, before
    finally:
        machine.down(lambda _part, _words: None)


@pytest.fixture
def network(broker: tuple[Stack, str, int, int]) -> Iterator[Network]:
    """A proxy that does nothing yet."""
    machine, direct, behind, before = broker
    machine.start("kafka")
    with Proxy(behind, before) as proxy:
        yield Network(machine, direct, proxy, f"{HOST}:{before}")


class Client:
    """A producer that notes what it was told of its records."""

    def __init__(self, network: Network, name: str, **settings: object) -> None:
        self.told: list[KafkaError | None] = []
        self._producer = Producer(
            {
                "bootstrap.servers": network.way,
                "client.id": name,
                "acks": "all",
                "enable.idempotence": True,
                "linger.ms": 0,
                "reconnect.backoff.ms": 50,
                "reconnect.backoff.max.ms": 100,
                "logger": QUIET,
                **settings,
            }
        )

    def send(self, topic: str, value: str) -> None:
        """Append without waiting."""
        self._producer.produce(topic, value, on_delivery=lambda error, _: self.told.append(error))

    def wait(self) -> list[KafkaError | None]:
        """What it was told of each record, once it was told of all."""
        assert self._producer.flush(30) == 0
        return self.told

    def serves(self, condition: Callable[[], bool]) -> None:
        """Run callbacks until so."""
        until(lambda: self._producer.poll(0.01) >= 0 and condition())

    def throw_away(self) -> None:
        """As a service does after an error."""
        self._producer.purge()
        self._producer.flush(5)


def until(condition: Callable[[], bool]) -> None:
    """Wait for it, with patience."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_clients_never_find_a_way_around(network: Network) -> None:
    """The broker names the proxy as its own address to whoever comes through it."""
    found = AdminClient({"bootstrap.servers": network.way}).list_topics(timeout=10).brokers.values()
    assert [f"{one.host}:{one.port}" for one in found] == [network.way]
    assert network.proxy.counts.requests > 0


def test_a_slow_link_makes_each_request_and_each_answer_wait(network: Network) -> None:
    """A record takes at least the delay there and the delay back."""
    topic, client = network.topic(), Client(network, "slow")
    client.send(topic, "quick")
    assert client.wait() == [None]
    network.proxy.delay(0.2)
    began = time.monotonic()
    client.send(topic, "slow")
    assert client.wait() == [None, None]
    assert time.monotonic() - began >= 0.4
    assert network.values(topic) == ["quick", "slow"]


def test_a_late_produce_of_an_old_producer_arrives_after_the_new_one_s(network: Network) -> None:
    """The broker takes it: another producer's sequence numbers say nothing against it."""
    topic, old, new = network.topic(), Client(network, "old"), Client(network, "new")
    network.proxy.hold(Which("old"))
    old.send(topic, "old")
    until(lambda: network.proxy.held == 1)
    assert network.proxy.cut("old", Ending.FIN) > 0
    old.throw_away()
    new.send(topic, "new")
    assert new.wait() == [None]
    assert network.values(topic) == ["new"]
    released = network.proxy.release()
    until(lambda: network.values(topic) == ["new", "old"])
    counts = network.proxy.counts
    assert (counts.held, counts.released, counts.released_anew) == (released, released, 0)


def test_a_held_request_passes_late_to_a_client_that_waited(network: Network) -> None:
    """All else went past it on the same connection, and its answer finds its way back."""
    topic, client = network.topic(), Client(network, "patient")
    network.proxy.hold(Which(holding=b"first"), 1)
    client.send(topic, "first")
    until(lambda: network.proxy.held == 1)
    client.serves(lambda: client.told == [])
    network.proxy.heal()
    assert network.proxy.release() == 1
    assert client.wait() == [None]
    assert network.values(topic) == ["first"]


@pytest.mark.parametrize(("idempotent", "arrived"), [(True, ["once"]), (False, ["once", "once"])])
def test_a_late_request_that_its_own_client_sent_again(
    network: Network, *, idempotent: bool, arrived: list[str]
) -> None:
    """The same producer's repeat is known by its sequence number; without numbers it is one record more."""
    topic, client = network.topic(), Client(network, "again", **{"enable.idempotence": idempotent})
    network.proxy.hold(count=1)
    client.send(topic, "once")
    until(lambda: network.proxy.held == 1)
    network.proxy.cut()
    assert client.wait() == [None]
    assert network.values(topic) == ["once"]
    network.proxy.release()
    client.send(topic, "last")
    assert client.wait() == [None, None]
    until(lambda: sorted(network.values(topic)) == sorted([*arrived, "last"]))


@pytest.mark.parametrize(("idempotent", "arrived"), [(True, ["once"]), (False, ["once", "once"])])
def test_a_lost_acknowledgement(network: Network, *, idempotent: bool, arrived: list[str]) -> None:
    """The record is in the log, its client is not told and sends it again: a duplicate, but for idempotence."""
    topic, client = network.topic(), Client(network, "unheard", **{"enable.idempotence": idempotent})
    network.proxy.lose_answers(count=1)
    client.send(topic, "once")
    until(lambda: network.proxy.counts.answers_lost == 1)
    assert network.values(topic) == ["once"]
    assert network.proxy.cut() > 0
    assert client.wait() == [None]
    assert network.values(topic) == arrived


def test_a_half_open_link_is_given_up_and_the_next_one_works(network: Network) -> None:
    """Nobody tells the client; it waits as long as it is patient, and comes again."""
    topic, client = network.topic(), Client(network, "half", **{"socket.timeout.ms": 1000})
    client.send(topic, "before")
    assert client.wait() == [None]
    assert network.proxy.half_open("half") > 0
    before = network.proxy.counts
    client.send(topic, "after")
    assert client.wait() == [None, None]
    after = network.proxy.counts
    assert (after.swallowed > before.swallowed, after.connections > before.connections) == (True, True)
    assert network.values(topic) == ["before", "after"]


def test_a_network_that_swallows_new_connections_too_ends_in_a_time_out(network: Network) -> None:
    """The record is given up; once the network is well, the same producer goes on."""
    topic = network.topic()
    client = Client(network, "cut-off", **{"socket.timeout.ms": 500, "message.timeout.ms": 2000})
    client.send(topic, "before")
    assert client.wait() == [None]
    network.proxy.half_open("cut-off", new_ones_too=True)
    client.send(topic, "lost")
    assert [error and error.name() for error in client.wait()] == [None, "_MSG_TIMED_OUT"]
    network.proxy.heal()

    def goes_on() -> bool:
        """A record is given up in two seconds, which a busy machine may need to connect again."""
        client.send(topic, "after")
        return client.wait()[-1] is None

    until(goes_on)
    values = network.values(topic)
    assert (values[0], set(values[1:])) == ("before", {"after"})


def test_a_request_from_before_the_broker_s_restart_arrives_after_it(network: Network) -> None:
    """Its old connection is gone with the old broker; it comes by another one."""
    topic, old, new = network.topic(), Client(network, "old"), Client(network, "new")
    network.proxy.hold(Which("old"))
    old.send(topic, "old")
    until(lambda: network.proxy.held == 1)
    old.throw_away()
    network.machine.kill("kafka")
    with pytest.raises(ConnectionRefusedError):
        network.proxy.release()
    network.machine.start("kafka")
    new.send(topic, "new")
    assert new.wait() == [None]
    assert network.proxy.release() >= 1
    assert network.values(topic) == ["new", "old"]
    assert network.proxy.counts.released_anew >= 1
