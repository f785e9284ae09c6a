"""Apache Kafka and PostgreSQL from the official images, where a Docker engine answers on this machine."""

import functools
import os
import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from docker.errors import DockerException

from service.dev.ports import LOOPBACK, free_ports

KAFKA_IMAGE: Final = "apache/kafka:4.4.0"
POSTGRES_IMAGE: Final = "postgres:18"
POSTGRES_PASSWORD: Final = "test"
READY_SECONDS: Final = 60


class ContainerError(Exception):
    """An image cannot be had, or its container did not come up."""


@functools.cache
def engine_answers() -> bool:
    """Whether a Docker engine is there: one of this machine, whose published ports 127.0.0.1 reaches."""
    kind, _, path = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").partition("://")
    if kind != "unix":
        return False
    with socket.socket(socket.AF_UNIX) as engine:
        engine.settimeout(3)
        try:
            engine.connect(path)
            engine.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
            return b" 200 " in engine.recv(64)
        except OSError:
            return False


@contextmanager
def kafka_container() -> Iterator[str]:
    """A broker in a container; its bootstrap servers.

    One property given by environment drops all of the image's defaults, so the full set is given.
    """
    port = free_ports(1)[0]
    properties = {
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_NODE_ID": "1",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_LISTENERS": "PLAINTEXT://:9092,CONTROLLER://:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://{LOOPBACK}:{port}",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_INTER_BROKER_LISTENER_NAME": "PLAINTEXT",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS": "4",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_NUM_PARTITIONS": "4",
        "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_LOG_MESSAGE_TIMESTAMP_AFTER_MAX_MS": str(2**63 - 1),
    }
    ready = ["bash", "-c", "exec 3<>/dev/tcp/localhost/9092"]
    with _running(KAFKA_IMAGE, 9092, port, properties, ready):
        yield f"{LOOPBACK}:{port}"


@contextmanager
def postgres_container() -> Iterator[str]:
    """A server in a container; the address of its database `postgres`."""
    port = free_ports(1)[0]
    environment = {"POSTGRES_PASSWORD": POSTGRES_PASSWORD}
    # by TCP: while it sets itself up it listens on its socket alone
    ready = ["pg_isready", "-h", LOOPBACK, "-U", "postgres"]
    with _running(POSTGRES_IMAGE, 5432, port, environment, ready):
        yield f"postgresql://postgres:{POSTGRES_PASSWORD}@{LOOPBACK}:{port}/postgres"


@contextmanager
def _running(
    image: str, inner: int, port: int, environment: dict[str, str], ready: list[str]
) -> Iterator[None]:
    """A container whose port `inner` is `port` of 127.0.0.1, from when `ready` succeeds in it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from testcontainers.core.container import DockerContainer
        from testcontainers.core.wait_strategies import ExecWaitStrategy
    container = DockerContainer(image)
    container.env = environment
    container.ports[str(inner)] = (LOOPBACK, port)  # type: ignore[assignment]  # docker takes the address too
    strategy = ExecWaitStrategy(ready).with_startup_timeout(READY_SECONDS).with_poll_interval(0.2)
    try:
        container.waiting_for(strategy).start()
    except (DockerException, TimeoutError, RuntimeError) as error:
        container.stop()
        raise ContainerError(f"{image}: {str(error).splitlines()[0]}") from error
    try:
        yield
    finally:
        container.stop()
