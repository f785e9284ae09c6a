"""What every test can have. Fixtures:

- `postgres`: the shared `PostgresServer`; `.url(database)`, `.maintenance_url`, `.origin`.
- `database_url`: the address of a fresh database at the newest migration, a clone of one template.
- `empty_database_url`: the address of a fresh database with nothing in it.
- `kafka`: the shared `KafkaBroker`; `.bootstrap_servers`, `.origin`. `bootstrap_servers`: that address alone.
- `topic_prefix`: a prefix of this test's own, so that tests share the broker and not their topics.
- `own_postgres`, `own_kafka`: servers of this test alone, which it may `stop`, `kill` and `start` again.
- `java`: nothing, for tests that run Kafka with Java themselves.

Where the servers come from stands in `tests/support/servers.py`. What cannot be had is a failure with
`CI=true`, else the test is skipped and says why; what was used stands at the end of the run. To wait for
something, use `tests.support.waiting.until`.
"""

import os
import secrets
import signal
from collections.abc import Iterator
from contextlib import ExitStack

import hypothesis
import pytest

from service.dev.children import Children
from service.dev.kafka import EmbeddedKafka
from service.dev.postgres import EmbeddedPostgres
from tests.support.databases import apart, new_database
from tests.support.missing import cannot_have
from tests.support.servers import (
    KafkaBroker,
    PostgresServer,
    UnavailableError,
    kafka_missing,
    open_kafka,
    open_postgres,
)

USED = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[USED] = []
    if os.environ.get("CI") != "true":  # there Hypothesis has a profile of its own, which does so too
        hypothesis.settings.register_profile("no clock", deadline=None)
        hypothesis.settings.load_profile("no clock")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell starts what it runs in the background so, and every process that a test starts would inherit it.
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if used := config.stash[USED]:
        terminalreporter.section("servers used")
        for line in used:
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def postgres(pytestconfig: pytest.Config) -> Iterator[PostgresServer]:
    with ExitStack() as stack:
        try:
            server = open_postgres(stack)
        except UnavailableError as error:
            cannot_have(str(error))
        pytestconfig.stash[USED].append(server.origin)
        yield server


@pytest.fixture(scope="session")
def migrated_template(postgres: PostgresServer) -> Iterator[str]:
    """The name of a database at the newest migration, which nobody is connected to."""
    from service.store.migrate import upgrade

    with new_database(postgres) as name:
        apart(upgrade(postgres.url(name)))
        yield name


@pytest.fixture
def database_url(postgres: PostgresServer, migrated_template: str) -> Iterator[str]:
    with new_database(postgres, migrated_template) as name:
        yield postgres.url(name)


@pytest.fixture
def empty_database_url(postgres: PostgresServer) -> Iterator[str]:
    with new_database(postgres) as name:
        yield postgres.url(name)


@pytest.fixture(scope="session")
def kafka(pytestconfig: pytest.Config) -> Iterator[KafkaBroker]:
    with ExitStack() as stack:
        try:
            broker = open_kafka(stack)
        except UnavailableError as error:
            cannot_have(str(error))
        pytestconfig.stash[USED].append(broker.origin)
        yield broker


@pytest.fixture
def bootstrap_servers(kafka: KafkaBroker) -> str:
    return kafka.bootstrap_servers


@pytest.fixture
def topic_prefix() -> str:
    return f"test.{secrets.token_hex(4)}"


@pytest.fixture
def own_postgres() -> Iterator[EmbeddedPostgres]:
    with Children() as children:
        server = EmbeddedPostgres(children)
        server.start()
        yield server


@pytest.fixture(scope="session")
def java() -> None:
    if missing := kafka_missing():
        cannot_have(f"no Apache Kafka of its own: {missing}")


@pytest.fixture
def own_kafka(java: None) -> Iterator[EmbeddedKafka]:
    with Children() as children:
        # a broker that was killed is let in again when its session is over: by default after 9 s
        broker = EmbeddedKafka(children, {"broker.session.timeout.ms": "3000"})
        broker.start()
        yield broker
