"""What a worker checks before it starts, and how long it waits for it."""

import asyncio
import logging
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from service.dev.kafka import EmbeddedKafka
from service.dev.postgres import EmbeddedPostgres
from service.ops.preflight import NotSetUpError, UnreachableError, check
from service.ops.topics import create
from service.settings import Settings
from service.store import adoption, migrate
from service.store.errors import MigrationError
from service.store.migrate import upgrade
from tests.support.site import Site, site_settings
from tests.support.waiting import until

PATIENCE = 60.0


async def test_all_is_there(site: Site) -> None:
    await check(site.settings)


async def test_a_partition_count_that_is_not_the_settings_is_told(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    await check(site.settings.model_copy(update={"topic_partitions": 5}))
    assert f"the topic {site.topics.commands} has 3 partitions, WALK_TOPIC_PARTITIONS says 5" in caplog.text


async def test_a_database_that_starts_late_is_waited_for(
    own_postgres: EmbeddedPostgres, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    await create(settings)
    url = own_postgres.url()
    await upgrade(url)
    own_postgres.stop()
    late = site_settings(
        url, settings.require_kafka(), settings.topic_prefix, startup_timeout=timedelta(seconds=PATIENCE)
    )
    checking = asyncio.create_task(check(late))
    await until(lambda: "waiting up to" in caplog.text, PATIENCE, "it says that it waits")
    assert "cannot be reached (connection refused)" in caplog.text
    assert not checking.done()
    await asyncio.to_thread(own_postgres.start)
    await asyncio.wait_for(checking, PATIENCE)
    assert sum("waiting" in record.message for record in caplog.records) < 5, "not at every attempt"


async def test_a_connection_that_breaks_while_it_looks_is_waited_for(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not taken for a database that is not set up, nor for a fault of the program."""
    failures: list[Exception] = [
        MigrationError("refused"),
        asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
    ]
    failures[0].__cause__ = failures[1]
    look_at_head, look_at_tables = migrate.require_head, adoption.is_adopted

    async def breaks_once(url: str) -> None:
        if len(failures) == 2:
            raise failures.pop(0)
        await look_at_head(url)

    async def breaks_once_too(connection: Any) -> bool:
        if failures:
            raise failures.pop()
        return await look_at_tables(connection)

    monkeypatch.setattr(migrate, "require_head", breaks_once)
    monkeypatch.setattr(adoption, "is_adopted", breaks_once_too)
    assert await check(site.settings) is False
    assert not failures


async def test_a_broker_that_starts_late_is_waited_for(
    own_kafka: EmbeddedKafka, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    late = site_settings(
        settings.require_database(),
        own_kafka.bootstrap_servers,
        settings.topic_prefix,
        startup_timeout=timedelta(seconds=PATIENCE),
    )
    await create(late)
    await asyncio.to_thread(own_kafka.stop)
    checking = asyncio.create_task(check(late))
    await until(lambda: "waiting up to" in caplog.text, PATIENCE, "it says that it waits")
    await asyncio.to_thread(own_kafka.start)
    await asyncio.wait_for(checking, PATIENCE)


async def test_waiting_has_an_end(settings: Settings) -> None:
    nobody = settings.model_copy(
        update={"kafka_bootstrap_servers": "127.0.0.1:1", "startup_timeout": timedelta(milliseconds=100)}
    )
    with pytest.raises(UnreachableError, match=r"the broker 127\.0\.0\.1:1 cannot be reached"):
        await check(nobody)


async def test_missing_topics_are_each_named_and_not_waited_for(settings: Settings) -> None:
    with pytest.raises(NotSetUpError, match=r"\.commands, .*\.dead-letter are not on the broker") as caught:
        await check(settings)
    assert str(caught.value).endswith("run: walk topics create")
