"""Apache Kafka itself, one process that is broker and controller, for trying things out and for tests."""

import signal
import socket
import struct
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from service.dev.children import Children, last_words
from service.dev.errors import StackError
from service.dev.java import KAFKA_VERSION, fetch_jars, java
from service.dev.ports import LOOPBACK, free_ports, wait_until_up

STOP_SECONDS: Final = 30.0
_CLUSTER_ID: Final = "5L6g3nShT-eMCtK--X86sw"
_QUICK_START: Final = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData")
_LOG4J: Final = """status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = [%d] %p %m (%c)%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
"""


class EmbeddedKafka:
    """One broker with an empty log, on a free port of 127.0.0.1; it makes no topic unasked.

    `settings` are names of server.properties and come before ours. `start` after `stop` or `kill` uses the
    same port and data.
    """

    name = f"Apache Kafka {KAFKA_VERSION}"

    def __init__(self, children: Children, settings: Mapping[str, str] | None = None) -> None:
        self._children = children
        self._home = children.folder / "kafka"
        self._log = children.folder / "kafka.log"
        self._settings = dict(settings or {})
        self._process: subprocess.Popen[bytes] | None = None
        self._jars = Path()
        self._port, self._controller_port = free_ports(2)

    @property
    def bootstrap_servers(self) -> str:
        """The address, as `WALK_KAFKA_BOOTSTRAP_SERVERS` takes it."""
        return f"{LOOPBACK}:{self._port}"

    @property
    def log(self) -> Path:
        """Where the broker writes its warnings."""
        return self._log

    def start(self) -> None:
        """Start the broker and wait until it answers; the first time, fetch its jars and format its log."""
        if not self._home.exists():
            self._jars = fetch_jars(self._children)
            self._format()
        command = self._java("-Xms256m", "-Xmx1g", "-XX:-UsePerfData")
        self._process = self._children.spawn(
            [*command, "kafka.Kafka", self._home / "server.properties"], log=self._log
        )
        if not wait_until_up(self._process, self._answers):
            self.kill()
            raise StackError(f"Apache Kafka did not start: {last_words(self._log)}")

    def stop(self) -> None:
        """Shut down in order: SIGTERM, and SIGKILL where that takes over half a minute."""
        if self._process:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
            self._gone(self._process)

    def kill(self) -> None:
        """SIGKILL to the broker."""
        if self._process:
            self._process.kill()
            self._gone(self._process)

    def _gone(self, process: subprocess.Popen[bytes]) -> None:
        process.wait(STOP_SECONDS)
        self._children.forget(process)
        self._process = None

    def _format(self) -> None:
        self._home.mkdir()
        (self._home / "unpacked").mkdir()
        (self._home / "log4j2.properties").write_text(_LOG4J)
        properties = self._home / "server.properties"
        properties.write_text("".join(f"{name}={value}\n" for name, value in self._properties().items()))
        command = [*self._java(*_QUICK_START), "kafka.tools.StorageTool", "format"]
        self._children.run(
            [*command, "-t", _CLUSTER_ID, "-c", properties],
            log=self._log,
            failure="Apache Kafka could not be set up",
        )

    def _java(self, *options: str) -> list[str | Path]:
        home = self._home
        logging = f"-Dlog4j2.configurationFile={home}/log4j2.properties"
        return [java(), *options, logging, f"-Djava.io.tmpdir={home}/unpacked", "-cp", f"{self._jars}/*"]

    def _properties(self) -> dict[str, str]:
        broker, controller = self.bootstrap_servers, f"{LOOPBACK}:{self._controller_port}"
        return {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@{controller}",
            "listeners": f"PLAINTEXT://{broker},CONTROLLER://{controller}",
            "advertised.listeners": f"PLAINTEXT://{broker}",
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            "log.dirs": f"{self._home}/log",
            "auto.create.topics.enable": "false",
            # one machine, one replica; few internal partitions, so that the first group is up at once
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "4",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "transaction.state.log.num.partitions": "4",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            "log.cleaner.dedupe.buffer.size": "16777216",
            # replayed history may carry any time
            "log.message.timestamp.after.max.ms": str(2**63 - 1),
            **self._settings,
        }

    def _answers(self) -> bool:
        """Whether the broker answers an ApiVersions request: its port is open before it does."""
        request = struct.pack(">hhih", 18, 0, 1, -1)
        try:
            with socket.create_connection((LOOPBACK, self._port), 1) as connection:
                connection.sendall(struct.pack(">i", len(request)) + request)
                return bool(connection.recv(4))
        except OSError:
            return False
