"""The chain of migrations on an empty database: forward, back, and against the models."""

from uuid import uuid4

import asyncpg
import pytest
from alembic import command
from sqlalchemy import Connection

from service.store import migrate
from service.store.migrate import MigrationError, current, downgrade, head, require_head, upgrade
from tests.support.schema import Schema, schema
from tests.support.upstream import ACCOUNT, TREE, USER, insert, insert_walk

CHAIN = ["b3358ba0e48c", "beca7464b6b4", "5d1c0e7a94f3", "8a6f0d27c1be"]


async def test_it_has_one_head_and_begins_as_upstreams_does() -> None:
    assert head() == CHAIN[-1]


async def test_an_empty_database_comes_to_what_the_models_say(
    empty_database_url: str, modelled: Schema
) -> None:
    result = await upgrade(empty_database_url)

    assert result == (None, head(), False)
    assert await current(empty_database_url) == head()
    assert await schema(empty_database_url) == modelled


async def test_alembic_finds_no_drift(empty_database_url: str) -> None:
    await upgrade(empty_database_url)

    def check(connection: Connection) -> None:
        config = migrate.configuration()
        config.attributes["connection"] = connection
        command.check(config)

    await migrate.exclusively(empty_database_url, check)


async def test_every_revision_can_be_undone_and_done_again(empty_database_url: str) -> None:
    forward = []
    for revision in CHAIN:
        await upgrade(empty_database_url, revision)
        forward.append(await schema(empty_database_url))
    for revision, expected in reversed(list(zip(CHAIN[:-1], forward[:-1], strict=True))):
        result = await downgrade(empty_database_url, revision)
        assert result.after == revision
        assert await schema(empty_database_url) == expected
    await downgrade(empty_database_url, "base")
    assert not (await schema(empty_database_url)).columns
    assert await current(empty_database_url) is None
    await upgrade(empty_database_url)
    assert await schema(empty_database_url) == forward[-1]


async def test_migrating_twice_changes_nothing(database_url: str) -> None:
    before = await schema(database_url)

    assert await upgrade(database_url) == (head(), head(), False)
    assert await schema(database_url) == before


async def test_the_older_form_knows_no_ai_build(empty_database_url: str) -> None:
    await upgrade(empty_database_url, "b3358ba0e48c")
    connection = await asyncpg.connect(empty_database_url)
    await insert_references(connection)
    with pytest.raises(asyncpg.CheckViolationError, match="ck_l1_walk_sessions_session_kind"):
        await insert_walk(connection, 1, "ai_build")
    await upgrade(empty_database_url, "beca7464b6b4")
    await insert_walk(connection, 1, "ai_build")
    with pytest.raises(asyncpg.CheckViolationError, match="ck_l1_walk_sessions_target_consistency"):
        await insert_walk(connection, 2, "ai_build", flow_id=TREE)
    await connection.close()


async def test_ai_build_rows_stop_the_way_back_and_are_named(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await insert_references(connection)
    walks = [await insert_walk(connection, number, "ai_build") for number in range(7)]

    with pytest.raises(MigrationError) as stopped:
        await downgrade(database_url, "base")

    message = str(stopped.value)
    assert "\n" not in message
    assert message.startswith("walks of the kind ai_build stand in l1_walk_sessions (7)")
    assert all(str(walk) in message for walk in walks[:5])
    assert "and 2 more" in message
    assert await current(database_url) == "beca7464b6b4"
    assert await connection.fetchval("SELECT count(*) FROM l1_walk_sessions") == 7
    await connection.execute("DELETE FROM l1_walk_sessions WHERE session_kind = 'ai_build'")
    await connection.close()
    assert (await downgrade(database_url, "b3358ba0e48c")).after == "b3358ba0e48c"


async def test_messages_owed_to_kafka_stop_the_way_back(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await insert(connection, "l1_walk_outbox", {"partition": 1, '"offset"': 7, "number": 0, "topic": "t"})
    with pytest.raises(MigrationError, match=r"^l1_walk_outbox still holds messages .* \(1\)"):
        await downgrade(database_url, "beca7464b6b4")
    assert await connection.fetchval("SELECT count(*) FROM l1_walk_outbox") == 1
    await connection.close()
    assert await current(database_url) == "5d1c0e7a94f3"


async def test_held_sessions_stop_the_way_back(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    held = {"session_id": uuid4(), "dead_letter_id": uuid4(), "partition": 0}
    await insert(connection, "l1_walk_held", held)
    with pytest.raises(MigrationError, match=r"^sessions are held behind dead letters \(1\)"):
        await downgrade(database_url, "5d1c0e7a94f3")
    await connection.close()
    assert await current(database_url) == head()


async def test_the_check_at_the_start_says_where_the_database_stands(empty_database_url: str) -> None:
    with pytest.raises(MigrationError, match=r"is not migrated, this worker needs \w+: run: walk migrate$"):
        await require_head(empty_database_url)
    await upgrade(empty_database_url, "beca7464b6b4")
    with pytest.raises(MigrationError, match=r"is at revision beca7464b6b4, .* run: walk migrate$"):
        await require_head(empty_database_url)
    await upgrade(empty_database_url)
    await require_head(empty_database_url)


async def test_a_database_of_a_newer_version_is_left_alone(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("UPDATE l1_walk_alembic_version SET version_num = 'ffffffffffff'")
    await connection.close()
    for attempt in (require_head(database_url), upgrade(database_url), downgrade(database_url, "base")):
        with pytest.raises(
            MigrationError, match="at revision ffffffffffff, which this version does not know"
        ):
            await attempt


async def test_an_unknown_revision_is_refused(database_url: str) -> None:
    with pytest.raises(MigrationError, match="'nonsense'"):
        await upgrade(database_url, "nonsense")


async def insert_references(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    await insert(connection, "accounts", {"id": ACCOUNT})
    await insert(connection, "users", {"id": USER})
    await insert(connection, "trees", {"id": TREE})
