"""`walk migrate` and `walk topics create`, and what everything says before them."""

import asyncio
import os

import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from l1_walk_contracts import Topics
from service.dev.memory import MemoryBroker
from service.ops import topics
from service.ops.topic_specs import TopicState
from service.settings import Settings
from service.store.address import dsn
from service.store.migrate import head, upgrade
from tests.support.shell import Shell
from tests.support.terminal import Terminal

SESSION = "6440f978-ca0c-5fa4-9fad-589f66dbfde4"


@pytest.fixture
def bare(terminal: Terminal, empty_database_url: str) -> Terminal:
    """Nothing is set up."""
    terminal.give({"WALK_DATABASE_URL": empty_database_url})
    return terminal


def test_a_database_is_migrated_once_and_may_be_again(bare: Terminal) -> None:
    before = bare.walk("migrate", "--check")
    assert before.code == 1
    assert before.error.endswith(f" is not migrated, this worker needs {head()}: run: walk migrate")
    first, second = bare.walk("migrate"), bare.walk("migrate")
    assert (first.code, second.code) == (0, 0)
    assert first.out.endswith(f" is at {head()} (was: not migrated)\n")
    assert second.out.endswith(f" is at {head()} already\n")
    assert bare.walk("migrate", "--check").code == 0


def test_a_migration_goes_as_far_as_it_is_told_and_back(bare: Terminal) -> None:
    assert " is at beca7464b6b4 " in bare.walk("migrate", "--to", "beca7464b6b4").out
    assert bare.walk("migrate").code == 0
    assert " is at b3358ba0e48c " in bare.walk("migrate", "--down", "b3358ba0e48c").out
    assert bare.walk("migrate", "--check").code == 1
    unknown = bare.walk("migrate", "--to", "nosuch")
    assert unknown.code == 1
    assert "nosuch" in unknown.error


def test_a_newer_database_is_left_alone(terminal: Terminal, settings: Settings) -> None:
    async def grow() -> None:
        connection = await asyncpg.connect(dsn(settings.require_database()))
        try:
            await connection.execute("UPDATE l1_walk_alembic_version SET version_num = 'fffff0000000'")
        finally:
            await connection.close()

    asyncio.run(grow())
    for arguments in (["--check"], []):
        ended = terminal.walk("migrate", *arguments)
        assert ended.code == 1
        assert "newer" in ended.error


def test_topics_are_made_once(terminal: Terminal, settings: Settings) -> None:
    names = Topics(settings.topic_prefix).all()
    for _ in range(2):  # a dry run makes nothing
        dry = terminal.walk("topics", "create", "--dry-run", "--json").json
        assert {topic["state"] for topic in dry["topics"]} == {"made"}
    first = terminal.walk("topics", "create", "--json").json
    assert [(topic["topic"], topic["state"], topic["differences"]) for topic in first["topics"]] == [
        (name, "made", []) for name in names
    ]
    again = terminal.walk("topics", "create")
    assert again.code == 0
    assert again.out.endswith("\nnothing to make, 7 there already\n")


def test_what_differs_is_told_and_left_so(terminal: Terminal, settings: Settings) -> None:
    async def make() -> None:
        client = AIOKafkaAdminClient(bootstrap_servers=settings.require_kafka())
        await client.start()
        try:
            commands = Topics(settings.topic_prefix).commands
            await client.create_topics(
                [NewTopic(commands, 2, 1, topic_configs={"cleanup.policy": "compact"})]
            )
        finally:
            await client.close()

    asyncio.run(make())
    terminal.give({"WALK_TOPIC_RETENTION": "3d"})
    for _ in range(2):
        told = terminal.walk("topics", "create", "--json").json["topics"][0]
        assert told["state"] == "differs"
        differences = {d["setting"]: (d["found"], d["wanted"]) for d in told["differences"]}
        assert differences["partitions"] == ("2", "3")
        assert differences["cleanup.policy"] == ("compact", "delete")
        assert differences["message.timestamp.type"] == ("CreateTime", "LogAppendTime")
        assert differences["retention.ms"][1] == str(3 * 24 * 60 * 60 * 1000)


async def test_an_in_memory_broker_makes_topics_as_it_likes() -> None:
    broker = MemoryBroker()
    broker.start()
    try:
        made = await topics.create(
            Settings(kafka_bootstrap_servers=broker.bootstrap_servers, topic_partitions=4)
        )
        again = await topics.create(Settings(kafka_bootstrap_servers=broker.bootstrap_servers))
    finally:
        broker.stop()
    assert made.by_mention
    assert {report.state for report in made.topics} == {TopicState.MADE}
    assert not any(report.differences for report in made.topics)
    assert {d.setting for report in again.topics for d in report.differences} == {"partitions"}


@pytest.mark.parametrize("command", [["status"], ["dead-letters", "list"], ["session", SESSION]])
def test_a_database_that_is_not_migrated_is_told_of(command: list[str], bare: Terminal) -> None:
    assert bare.walk("topics", "create").code == 0
    ended = bare.walk(*command)
    assert ended.code == 4
    assert ended.error.endswith(" is not migrated: run: walk migrate")


@pytest.mark.parametrize("command", ["status", "tail", f"send {os.devnull}"])
def test_topics_that_are_not_there_are_named(command: str, terminal: Terminal, settings: Settings) -> None:
    ended = terminal.walk(*command.split())
    assert ended.code == 4
    assert settings.topic_prefix in ended.error
    assert ended.error.endswith("not on the broker: run: walk topics create")


@pytest.mark.parametrize(
    ("command", "setting"),
    [
        ("status", "WALK_DATABASE_URL"),
        ("status", "WALK_KAFKA_BOOTSTRAP_SERVERS"),
        ("migrate", "WALK_DATABASE_URL"),
        ("topics create", "WALK_KAFKA_BOOTSTRAP_SERVERS"),
        (f"send {os.devnull}", "WALK_KAFKA_BOOTSTRAP_SERVERS"),
        ("tail", "WALK_KAFKA_BOOTSTRAP_SERVERS"),
    ],
)
def test_what_does_not_answer_is_named_without_its_password(
    command: str, setting: str, terminal: Terminal
) -> None:
    assert terminal.walk("topics", "create").code == 0
    terminal.give({setting: NOWHERE[setting]})
    ended = terminal.walk(*command.split())
    assert ended.code == 3
    assert ended.error.endswith(
        f"cannot be reached (connection refused): is it running, and is {setting} right?"
    )
    assert "127.0.0.1:1" in ended.error
    assert "sesame" not in ended.error


NOWHERE = {
    "WALK_DATABASE_URL": "postgresql://me:sesame@127.0.0.1:1/x",
    "WALK_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
}


async def test_a_worker_says_what_it_misses_and_what_to_do(
    shell: Shell, settings: Settings, empty_database_url: str
) -> None:
    soon = {"WALK_STARTUP_TIMEOUT": "100ms"}
    address, _, _ = settings.require_database().rpartition("/")
    for env, code, said in (
        (
            {"WALK_DATABASE_URL": NOWHERE["WALK_DATABASE_URL"]},
            3,
            "is it running, and is WALK_DATABASE_URL right?",
        ),
        (
            {"WALK_DATABASE_URL": f"{address}/nosuch"},
            3,
            '(database "nosuch" does not exist): check WALK_DATABASE_URL',
        ),
        ({"WALK_DATABASE_URL": empty_database_url}, 4, f"this worker needs {head()}: run: walk migrate"),
        ({"WALK_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}, 3, "and is WALK_KAFKA_BOOTSTRAP_SERVERS right?"),
        ({}, 4, f"{settings.topic_prefix}.dead-letter are not on the broker: run: walk topics create"),
        ({"WALK_BATCH_MAX": "many"}, 2, "WALK_BATCH_MAX: "),
    ):
        ended = await shell.walk("worker", env={**soon, **env})
        assert ended.code == code
        assert said in ended.err.splitlines()[-1]
        assert "sesame" not in ended.err


async def test_several_may_migrate_at_once(empty_database_url: str) -> None:
    moved = await asyncio.gather(*(upgrade(empty_database_url) for _ in range(3)))
    assert sorted(result.before or "" for result in moved) == ["", head(), head()]
