"""The embedded servers come back on the same port with what they held."""

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from service.dev.children import Children
from service.dev.errors import StackError
from service.dev.kafka import EmbeddedKafka
from service.dev.postgres import EmbeddedPostgres


async def test_postgres_keeps_what_was_committed_when_it_is_killed(own_postgres: EmbeddedPostgres) -> None:
    connection = await asyncpg.connect(own_postgres.url())
    assert await connection.fetchval("show fsync") == "on"
    assert await connection.fetchval("show synchronous_commit") == "on"
    await connection.execute("create table kept (n int); insert into kept values (7)")
    own_postgres.kill()
    connection.terminate()
    own_postgres.start()
    connection = await asyncpg.connect(own_postgres.url())
    assert await connection.fetchval("select n from kept") == 7
    await connection.close()


async def test_postgres_stops_and_starts_again_with_settings() -> None:
    with Children() as children:
        server = EmbeddedPostgres(children, {"work_mem": "7MB"})
        server.start()
        server.stop()
        with pytest.raises(OSError, match=r"refused|Connect call failed"):
            await asyncpg.connect(server.url())
        server.start()
        connection = await asyncpg.connect(server.url())
        assert await connection.fetchval("show work_mem") == "7MB"
        await connection.close()


def test_postgres_that_does_not_start_says_why_in_one_line() -> None:
    with (
        Children() as children,
        pytest.raises(StackError, match=r'unrecognized .* "no_such_setting"') as error,
    ):
        EmbeddedPostgres(children, {"no_such_setting": "1"}).start()
    assert "\n" not in str(error.value)


async def test_kafka_keeps_what_was_sent_when_it_is_killed(own_kafka: EmbeddedKafka) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=own_kafka.bootstrap_servers)
    await admin.start()
    await admin.create_topics([NewTopic("kept", num_partitions=1, replication_factor=1)])
    await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=own_kafka.bootstrap_servers, enable_idempotence=True)
    await producer.start()
    await producer.send_and_wait("kept", b"hello")
    await producer.stop()
    own_kafka.kill()
    own_kafka.start()
    consumer = AIOKafkaConsumer(
        "kept", bootstrap_servers=own_kafka.bootstrap_servers, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        assert (await consumer.getone()).value == b"hello"
    finally:
        await consumer.stop()


def test_kafka_that_does_not_start_says_why_in_one_line(java: None) -> None:
    with Children() as children, pytest.raises(StackError, match=r"log\.segment\.bytes") as error:
        EmbeddedKafka(children, {"log.segment.bytes": "none"}).start()
    assert "\n" not in str(error.value)
