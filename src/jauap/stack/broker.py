"""Apache Kafka: one process, or three, each of them broker and controller."""

import dataclasses
import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jauap.messaging.probe import kafka_answers
from jauap.stack.credentials import ADMIN, CONTROLLER, SECRET, certify, login, password
from jauap.stack.errors import StackError
from jauap.stack.folder import BROKERS, PRIVATE, Folder
from jauap.stack.jvm import Jvm
from jauap.stack.ports import HOST, accepts
from jauap.stack.process import Launch
from jauap.stack.settings import Settings

_LOGGING = (
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    # It would say four times a second that another broker is away.
    "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.clients.NetworkClient=error",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSX",
)
_HEAP_OF_SEVERAL = 256  # MB
_PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"
_PROPERTIES = """\
process.roles=broker,controller
node.id={node}
listeners=INTERNAL://{host}:{port},CLIENTS://{host}:{clients},CONTROLLER://{host}:{controller}
# Clients come by name: older ones can't check a certificate that is issued for an address.
advertised.listeners=INTERNAL://{host}:{port},CLIENTS://localhost:{clients}
controller.listener.names=CONTROLLER
controller.quorum.voters={voters}
listener.security.protocol.map=INTERNAL:SASL_PLAINTEXT,CLIENTS:SASL_SSL,CONTROLLER:SASL_PLAINTEXT
inter.broker.listener.name=INTERNAL
# Our own processes and other ministries log in by SCRAM. Brokers, and whoever sets the deployment up, log in by a
# password of their own that stands here: so they need nothing of what they keep themselves.
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.internal.sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN
listener.name.controller.sasl.enabled.mechanisms=PLAIN
sasl.mechanism.inter.broker.protocol=PLAIN
sasl.mechanism.controller.protocol=PLAIN
listener.name.internal.scram-sha-512.sasl.jaas.config={scram} required;
listener.name.internal.plain.sasl.jaas.config={plain} required \\
  username="{admin}" password="{admin_password}" user_{admin}="{admin_password}";
listener.name.clients.scram-sha-512.sasl.jaas.config={scram} required;
listener.name.controller.plain.sasl.jaas.config={plain} required \\
  username="{peer}" password="{peer_password}" user_{peer}="{peer_password}";
listener.name.clients.ssl.keystore.type=PEM
listener.name.clients.ssl.keystore.location={certificate}
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=false
super.users=User:{admin};User:{peer}
# Within an hour after its password was changed a client that is still connected must log in again.
listener.name.clients.connections.max.reauth.ms=3600000
log.dirs={folder}
auto.create.topics.enable=false
offsets.topic.num.partitions=4
offsets.topic.replication.factor={brokers}
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor={brokers}
transaction.state.log.min.isr={majority}
share.coordinator.state.topic.num.partitions=4
share.coordinator.state.topic.replication.factor={brokers}
share.coordinator.state.topic.min.isr={majority}
default.replication.factor={brokers}
min.insync.replicas={majority}
unclean.leader.election.enable=false
group.initial.rebalance.delay.ms=0
# After kill -9 the next start waits for the dead session: 3 s instead of 11 s.
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=400
"""


@dataclass(frozen=True)
class Broker:
    """One of a deployment's brokers; `number` counts them from 1."""

    folder: Folder
    settings: Settings
    jvm: Callable[[], Jvm]
    number: int = 1
    properties: Mapping[str, str] = field(default_factory=dict)
    """Added last, where they override ours."""

    patience = 90.0
    stop_signal = signal.SIGTERM
    grace = 30.0

    @property
    def name(self) -> str:
        """`kafka`, and then `kafka-2` and `kafka-3`."""
        return BROKERS[self.number - 1]

    @property
    def ports(self) -> tuple[int, ...]:
        """For our own processes; for other ministries; for the controller."""
        at = self.number - 1
        return self.settings.kafka_ports[at], self.settings.client_ports[at], self.settings.controller_ports[at]

    def prepare(self) -> None:
        """Write the configuration, and format the log folder if it is new."""
        port, clients, controller = self.ports
        voters = enumerate(self.settings.controller_ports, 1)
        certify(self.folder)
        self._properties.unlink(missing_ok=True)
        self._properties.touch(mode=SECRET)
        self._properties.write_text(
            _PROPERTIES.format(
                node=self.number,
                host=HOST,
                port=port,
                clients=clients,
                controller=controller,
                certificate=self.folder.broker_certificate,
                scram=_SCRAM,
                plain=_PLAIN,
                admin=ADMIN,
                admin_password=password(self.folder.secrets, ADMIN),
                peer=CONTROLLER,
                peer_password=password(self.folder.secrets, CONTROLLER),
                voters=",".join(f"{number}@{HOST}:{voter}" for number, voter in voters),
                folder=self._log,
                brokers=self.settings.brokers,
                majority=self.settings.min_insync,
            )
            + "".join(f"{name}={value}\n" for name, value in self.properties.items())
        )
        self._log.mkdir(mode=PRIVATE, exist_ok=True)
        if not (self._log / "meta.properties").exists():
            self._format()

    def launch(self) -> Launch:
        """Run the server."""
        return Launch(
            self._command("kafka.Kafka", str(self._properties)),
            self._log,
            self.jvm().environment(),
        )

    def ready(self) -> bool:
        """It accepts connections and knows itself as a broker with a controller."""
        port, *_ = self.ports
        return accepts(port) and kafka_answers(login(self.folder, ADMIN, f"{HOST}:{port}"), timeout=2.0)

    def _format(self) -> None:
        command = self._command(
            "kafka.tools.StorageTool",
            "format",
            "--ignore-formatted",
            "-t",
            self.settings.cluster,
            "-c",
            str(self._properties),
        )
        answer = subprocess.run(command, env=self.jvm().environment(), capture_output=True, text=True, check=False)
        if answer.returncode != 0:
            raise StackError(
                f"Kafka could not format its folder {self._log}: {_last_line(answer.stderr or answer.stdout)}.",
                "If nothing in that folder is needed, remove it and try again.",
            )

    def _command(self, *arguments: str) -> list[str]:
        scratch = self.folder.scratch(self.name)
        jvm = self.jvm() if self.settings.brokers == 1 else dataclasses.replace(self.jvm(), heap=_HEAP_OF_SEVERAL)
        return jvm.command(scratch, [*_LOGGING, *arguments])

    @property
    def _properties(self) -> Path:
        return self.folder.run / f"{self.name}.properties"

    @property
    def _log(self) -> Path:
        return self.folder.kafka(self.name)


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2].rstrip(".")
