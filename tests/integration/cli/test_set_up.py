"""`walk migrate` and `walk topics create`, and what everything says before them."""

import asyncio

import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from l1_walk_contracts import Topics
from service.ops import topics
from service.ops.topic_specs import TopicState
from service.settings import Settings
from service.store.address import dsn
from service.store.migrate import head
from tests.support.shell import Shell
from tests.support.site import site_settings


@pytest.fixture
def bare(empty_database_url: str, bootstrap_servers: str, topic_prefix: str) -> Shell:
    """Nothing is set up."""
    return Shell(site_settings(empty_database_url, bootstrap_servers, topic_prefix))


async def test_a_database_is_migrated_once_and_may_be_again(bare: Shell) -> None:
    before = await bare.walk("migrate", "--check")
    assert before.code == 1
    assert before.error.endswith(f" is not migrated, this worker needs {head()}: run: walk migrate")
    first, second = await bare.walk("migrate"), await bare.walk("migrate")
    assert (first.code, second.code) == (0, 0)
    assert first.out.endswith(f" is at {head()} (was: not migrated)\n")
    assert second.out.endswith(f" is at {head()} already\n")
    assert (await bare.walk("migrate", "--check")).code == 0


async def test_several_may_migrate_at_once(bare: Shell) -> None:
    ended = await asyncio.gather(*(bare.walk("migrate") for _ in range(3)))
    assert [one.code for one in ended] == [0, 0, 0]
    assert sum("already" in one.out for one in ended) == 2


async def test_a_migration_goes_as_far_as_it_is_told_and_back(bare: Shell) -> None:
    assert " is at beca7464b6b4 " in (await bare.walk("migrate", "--to", "beca7464b6b4")).out
    await bare.walk("migrate")
    assert " is at b3358ba0e48c " in (await bare.walk("migrate", "--down", "b3358ba0e48c")).out
    assert (await bare.walk("migrate", "--check")).code == 1
    unknown = await bare.walk("migrate", "--to", "nosuch")
    assert unknown.code == 1
    assert "nosuch" in unknown.error


async def test_a_newer_database_is_left_alone(shell: Shell, settings: Settings) -> None:
    connection = await asyncpg.connect(dsn(settings.require_database()))
    try:
        await connection.execute("UPDATE l1_walk_alembic_version SET version_num = 'fffff0000000'")
    finally:
        await connection.close()
    ended = await shell.walk("migrate", "--check")
    assert ended.code == 1
    assert "newer" in ended.error


async def test_topics_are_made_once(shell: Shell, settings: Settings) -> None:
    names = Topics(settings.topic_prefix).all()
    dry = (await shell.walk("topics", "create", "--dry-run", "--json")).json
    assert {topic["state"] for topic in dry["topics"]} == {"made"}
    assert (await topics.create(settings, dry_run=True)).topics[0].state is TopicState.MADE, (
        "nothing was made"
    )
    first = (await shell.walk("topics", "create", "--json")).json
    assert [(topic["topic"], topic["state"], topic["differences"]) for topic in first["topics"]] == [
        (name, "made", []) for name in names
    ]
    again = await shell.walk("topics", "create")
    assert again.code == 0
    assert again.out.endswith("\nnothing to make, 7 there already\n")


async def test_what_differs_is_told_and_left_so(shell: Shell, settings: Settings) -> None:
    commands = Topics(settings.topic_prefix).commands
    client = AIOKafkaAdminClient(bootstrap_servers=settings.require_kafka())
    await client.start()
    try:
        await client.create_topics([NewTopic(commands, 2, 1, topic_configs={"cleanup.policy": "compact"})])
    finally:
        await client.close()
    told = (await shell.walk("topics", "create", "--json", env={"WALK_TOPIC_RETENTION": "3d"})).json[
        "topics"
    ][0]
    assert told["state"] == "differs"
    differences = {d["setting"]: (d["found"], d["wanted"]) for d in told["differences"]}
    assert differences["partitions"] == ("2", "3")
    assert differences["cleanup.policy"] == ("compact", "delete")
    assert differences["message.timestamp.type"] == ("CreateTime", "LogAppendTime")
    assert differences["retention.ms"][1] == str(3 * 24 * 60 * 60 * 1000)
    assert (await shell.walk("topics", "create", "--json")).json["topics"][0]["state"] == "differs"


async def test_an_in_memory_broker_makes_topics_as_it_likes() -> None:
    from service.dev.memory import MemoryBroker

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


NOT_SET_UP = [
    ["worker"],
    ["status"],
    ["dead-letters", "list"],
    ["session", "6440f978-ca0c-5fa4-9fad-589f66dbfde4"],
]


@pytest.mark.parametrize("command", NOT_SET_UP)
async def test_a_database_that_is_not_migrated_is_told_of(command: list[str], bare: Shell) -> None:
    await bare.walk("topics", "create")
    ended = await bare.walk(*command)
    assert ended.code == 4
    assert " is not migrated" in ended.error
    assert ended.error.endswith("run: walk migrate")


@pytest.mark.parametrize("command", [["worker"], ["status"], ["tail"], ["send"]])
async def test_topics_that_are_not_there_are_named(
    command: list[str], shell: Shell, settings: Settings
) -> None:
    ended = await shell.walk(*command)
    assert ended.code == 4
    assert settings.topic_prefix in ended.error
    assert ended.error.endswith("not on the broker: run: walk topics create")


@pytest.mark.parametrize(
    ("command", "setting"),
    [
        (["worker"], "WALK_DATABASE_URL"),
        (["worker"], "WALK_KAFKA_BOOTSTRAP_SERVERS"),
        (["status"], "WALK_DATABASE_URL"),
        (["status"], "WALK_KAFKA_BOOTSTRAP_SERVERS"),
        (["migrate"], "WALK_DATABASE_URL"),
        (["topics", "create"], "WALK_KAFKA_BOOTSTRAP_SERVERS"),
        (["send"], "WALK_KAFKA_BOOTSTRAP_SERVERS"),
        (["tail"], "WALK_KAFKA_BOOTSTRAP_SERVERS"),
    ],
)
async def test_what_does_not_answer_is_named_without_its_password(
    command: list[str], setting: str, shell: Shell, settings: Settings
) -> None:
    await topics.create(settings)
    nowhere = {"WALK_DATABASE_URL": "postgresql://me:sesame@127.0.0.1:1/x"}.get(setting, "127.0.0.1:1")
    ended = await shell.walk(*command, env={setting: nowhere, "WALK_STARTUP_TIMEOUT": "100ms"})
    assert ended.code == 3
    last = ended.err.splitlines()[-1]
    assert last.endswith(f"cannot be reached (connection refused): is it running, and is {setting} right?")
    assert "127.0.0.1:1" in last
    assert "sesame" not in ended.err


async def test_a_database_that_turns_us_away_is_not_waited_for(shell: Shell, settings: Settings) -> None:
    address, _, _ = settings.require_database().rpartition("/")
    ended = await shell.walk("worker", env={"WALK_DATABASE_URL": f"{address}/nosuch"})
    assert ended.code == 3
    assert 'turns us away (database "nosuch" does not exist): check WALK_DATABASE_URL' in ended.error
