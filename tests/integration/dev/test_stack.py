"""The embedded stack starts, gives its address, and is gone at the end, whatever the end is."""

import signal
import subprocess
import sys
from pathlib import Path

import asyncpg
import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from service.dev.broker import BrokerName
from service.dev.memory import PARTITIONS
from service.dev.stack import EmbeddedStack, Step
from tests.support.waiting import until

STAYS_UP = """
import sys, time
from service.dev.stack import EmbeddedStack
with EmbeddedStack(sys.argv[1]) as stack:
    print(stack.folder, flush=True)
    time.sleep(60)
"""


async def there_and_back(bootstrap_servers: str) -> bytes | None:
    """What a consumer of a group gets of what a producer has sent."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap_servers)
    await producer.start()
    try:
        await producer.send_and_wait("greetings", b"hello")
    finally:
        await producer.stop()
    consumer = AIOKafkaConsumer(
        "greetings", bootstrap_servers=bootstrap_servers, group_id="us", auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        return bytes((await consumer.getone()).value)
    finally:
        await consumer.stop()


def users_of(folder: Path) -> list[int]:
    """The processes that have the folder on their command line."""
    return [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if any(str(folder) in word for word in process.info["cmdline"] or [])
    ]


async def test_stack_in_memory_takes_commands_and_rows_and_leaves_nothing() -> None:
    steps: list[Step] = []
    with EmbeddedStack("memory", progress=steps.append) as stack:
        folder = stack.folder
        assert users_of(folder)
        assert stack.env.keys() == {
            "WALK_DATABASE_URL",
            "WALK_KAFKA_BOOTSTRAP_SERVERS",
            "WALK_TOPIC_PARTITIONS",
        }
        assert stack.env["WALK_TOPIC_PARTITIONS"] == str(PARTITIONS)
        connection = await asyncpg.connect(stack.env["WALK_DATABASE_URL"])
        assert await connection.fetchval("select current_database()") == "walk"
        await connection.close()
        assert await there_and_back(stack.env["WALK_KAFKA_BOOTSTRAP_SERVERS"]) == b"hello"
    assert not folder.exists()
    assert users_of(folder) == []
    assert {step.part for step in steps if step.done} == {"postgres", "broker"}
    assert "librdkafka's mock" in steps[-2].text + steps[-1].text


def start_owner(broker: BrokerName) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", STAYS_UP, broker]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


async def stack_goes_with(owner: subprocess.Popen[bytes], end: signal.Signals) -> None:
    assert owner.stdout
    with owner.stdout as said:
        folder = Path(said.readline().decode().strip())
    assert users_of(folder)
    owner.send_signal(end)
    owner.wait()
    await until(lambda: not users_of(folder) and not folder.exists(), 15, "the stack is gone")


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
async def test_stack_is_gone_when_its_owner_is(end: signal.Signals) -> None:
    await stack_goes_with(start_owner("memory"), end)


async def test_stack_with_kafka_is_gone_when_its_owner_is_killed(java: None) -> None:
    await stack_goes_with(start_owner("kafka"), signal.SIGKILL)
