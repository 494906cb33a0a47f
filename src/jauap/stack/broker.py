"""Apache Kafka: one process that is broker and controller."""

import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from jauap.messaging.probe import kafka_answers
from jauap.stack.errors import StackError
from jauap.stack.folder import Folder
from jauap.stack.jvm import Jvm
from jauap.stack.ports import HOST, accepts
from jauap.stack.process import Launch
from jauap.stack.settings import Settings

_LOGGING = (
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSX",
)
_PROPERTIES = """\
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller}
advertised.listeners=PLAINTEXT://{host}:{port}
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers={host}:{controller}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs={folder}
auto.create.topics.enable=false
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
# After kill -9 the next start waits for the dead session: 3 s instead of 11 s.
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=400
"""


@dataclass(frozen=True)
class Broker:
    """Kafka in a stack's folder."""

    folder: Folder
    settings: Settings
    jvm: Callable[[], Jvm]
    properties: Mapping[str, str] = field(default_factory=dict)
    """Added last, where they override ours."""

    name = "kafka"
    patience = 90.0
    stop_signal = signal.SIGTERM
    grace = 30.0

    @property
    def ports(self) -> tuple[int, ...]:
        """For clients; for the controller."""
        return self.settings.kafka_port, self.settings.controller_port

    def prepare(self) -> None:
        """Write the configuration, and format the log folder if it is new."""
        properties = self.folder.run / "kafka.properties"
        properties.write_text(
            _PROPERTIES.format(
                host=HOST,
                port=self.settings.kafka_port,
                controller=self.settings.controller_port,
                folder=self.folder.kafka,
            )
            + "".join(f"{name}={value}\n" for name, value in self.properties.items())
        )
        if not (self.folder.kafka / "meta.properties").exists():
            self._format()

    def launch(self) -> Launch:
        """Run the server."""
        return Launch(
            self._command("kafka.Kafka", str(self.folder.run / "kafka.properties")),
            self.folder.kafka,
            self.jvm().environment(),
        )

    def ready(self) -> bool:
        """It accepts connections and knows itself as a broker with a controller."""
        port = self.settings.kafka_port
        return accepts(port) and kafka_answers(f"{HOST}:{port}", timeout=2.0)

    def _format(self) -> None:
        command = self._command(
            "kafka.tools.StorageTool",
            "format",
            "--standalone",
            "--ignore-formatted",
            "-t",
            self.settings.cluster,
            "-c",
            str(self.folder.run / "kafka.properties"),
        )
        answer = subprocess.run(command, env=self.jvm().environment(), capture_output=True, text=True, check=False)
        if answer.returncode != 0:
            raise StackError(
                f"Kafka could not format its folder {self.folder.kafka}: {_last_line(answer.stderr or answer.stdout)}.",
                "If nothing in that folder is needed, remove it and try again.",
            )

    def _command(self, *arguments: str) -> list[str]:
        scratch = self.folder.scratch(self.name)
        return self.jvm().command(scratch, [*_LOGGING, *arguments])


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2].rstrip(".")
