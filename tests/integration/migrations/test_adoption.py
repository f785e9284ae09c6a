"""The chain of migrations on upstream's own database (design 12)."""

import asyncpg
import pytest

from service.store.adoption import REFERENCES, is_adopted
from service.store.migrate import MigrationError, current, downgrade, head, upgrade
from tests.support.schema import Schema, rows, schema
from tests.support.upstream import (
    ACCOUNT,
    FOREIGN_KEYS,
    INDEXED,
    NEWER_KINDS,
    TREE,
    Upstream,
    insert_walk,
)

UPSTREAMS = {
    "older": Upstream(),
    "newer": Upstream(NEWER_KINDS),
    "older, other names": Upstream(names="upstream_", check="upstream_"),
    "newer, other names": Upstream(NEWER_KINDS, names="upstream_", check="upstream_"),
    "older, bare": Upstream(foreign_keys={}, indexes=()),
    "newer, bare": Upstream(NEWER_KINDS, foreign_keys={}, indexes=()),
    "older, in part": Upstream(
        foreign_keys={"flow_id": FOREIGN_KEYS["flow_id"]}, indexes=("status", "last_step_at"), names="odd_"
    ),
}
FORMS = pytest.mark.parametrize("upstream", UPSTREAMS.values(), ids=UPSTREAMS.keys())
THEIRS = (*REFERENCES, "alembic_version")


@FORMS
async def test_it_comes_to_the_same_head_and_loses_no_row(
    empty_database_url: str, modelled: Schema, upstream: Upstream
) -> None:
    url = empty_database_url
    await upstream.make(url)
    before, walks = await schema(url), await rows(url, "l1_walk_sessions")
    theirs = await rows(url, *THEIRS)

    result = await upgrade(url)

    assert result == (None, head(), True)
    after = await schema(url)
    expected = modelled.without(*REFERENCES).nameless()
    if "last_step_at" in upstream.indexes:
        expected = sorted(line.replace("brin (last_step_at)", "btree (last_step_at)") for line in expected)
    assert after.without(*REFERENCES).nameless() == expected
    assert after.of(*REFERENCES) == before.of(*REFERENCES)
    assert await rows(url, *THEIRS) == theirs
    assert await walks_as_upstream_knows_them(url) == walks["l1_walk_sessions"]


@FORMS
async def test_the_way_back_leaves_it_as_it_was_found(empty_database_url: str, upstream: Upstream) -> None:
    url = empty_database_url
    await upstream.make(url)
    connection = await asyncpg.connect(url)
    await connection.execute("DELETE FROM l1_walk_sessions WHERE session_kind = 'ai_build'")
    await connection.close()
    before, data = await schema(url), await rows(url, "l1_walk_sessions", *THEIRS)
    await upgrade(url)

    result = await downgrade(url, "base")

    assert result == (head(), None, False)
    assert await schema(url) == before
    assert await rows(url, "l1_walk_sessions", *THEIRS) == data
    await upgrade(url)
    assert await current(url) == head()


@FORMS
async def test_the_rows_bind_and_take_every_kind_afterwards(
    empty_database_url: str, upstream: Upstream
) -> None:
    await upstream.make(empty_database_url)
    await upgrade(empty_database_url)
    connection = await asyncpg.connect(empty_database_url)
    assert await is_adopted(connection)
    unvalidated = "SELECT count(*) FROM pg_constraint WHERE NOT convalidated"
    assert await connection.fetchval(unvalidated) == 0
    await insert_walk(connection, 100, "ai_build")
    with pytest.raises(asyncpg.CheckViolationError):
        await insert_walk(connection, 101, "ai_build", flow_id=TREE)
    with pytest.raises(asyncpg.RestrictViolationError):
        await connection.execute("DELETE FROM users")
    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute("UPDATE flow_proposals SET tree_id = NULL; DELETE FROM trees")
    fresh = await connection.fetchrow("SELECT version, home_partition, updated_at FROM l1_walk_sessions")
    assert fresh is not None
    assert (fresh["version"], fresh["home_partition"]) == (1, None)
    await connection.close()


async def test_ai_build_rows_of_upstreams_own_stop_the_way_back(empty_database_url: str) -> None:
    await Upstream(NEWER_KINDS).make(empty_database_url)
    await upgrade(empty_database_url)
    with pytest.raises(MigrationError, match=r"^walks of the kind ai_build stand in l1_walk_sessions \(1\)"):
        await downgrade(empty_database_url, "base")
    assert len((await rows(empty_database_url, "l1_walk_sessions"))["l1_walk_sessions"]) == 4


async def test_upstream_without_the_session_table_gets_one_of_ours(
    empty_database_url: str, modelled: Schema
) -> None:
    url = empty_database_url
    await Upstream().make(url)
    connection = await asyncpg.connect(url)
    await connection.execute("DROP TABLE l1_walk_sessions")
    before = await schema(url)

    assert (await upgrade(url)).adopted
    assert await is_adopted(connection)
    assert (await schema(url)).without(*REFERENCES) == modelled.without(*REFERENCES)

    await downgrade(url, "base")
    assert await schema(url) == before
    await connection.close()


async def test_a_database_of_our_own_is_not_adopted(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    assert not await is_adopted(connection)
    await connection.close()


STRANGE = {
    "one reference table is missing": (
        "DROP TABLE trees CASCADE",
        "table trees is missing beside accounts, flow_proposals, l1_walk_sessions, users",
    ),
    "only some application's users": (
        "DROP TABLE l1_walk_sessions, flow_proposals, trees, users, accounts; CREATE TABLE users (id bigint)",
        "table accounts is missing beside users; table trees .*; users.id is bigint, where a uuid",
    ),
    "another type": (
        "ALTER TABLE l1_walk_sessions ALTER ticket_id TYPE varchar(20)",
        r"l1_walk_sessions.ticket_id is character varying\(20\) NOT NULL, where character varying\(64\) NOT NULL is",
    ),
    "a column is missing": (
        "ALTER TABLE l1_walk_sessions DROP acting_as, DROP helpful",
        "acting_as is missing, where .*; l1_walk_sessions.helpful is missing, where boolean",
    ),
    "a column that must be filled": (
        """ALTER TABLE l1_walk_sessions ADD region text NOT NULL DEFAULT 'eu';
        ALTER TABLE l1_walk_sessions ALTER region DROP DEFAULT""",
        "l1_walk_sessions.region is unknown and must be filled",
    ),
    "a column of ours": (
        "ALTER TABLE l1_walk_sessions ADD version integer",
        "l1_walk_sessions.version is a column of the worker's own",
    ),
    "no primary key": (
        "ALTER TABLE l1_walk_sessions DROP CONSTRAINT l1_walk_sessions_pkey",
        "l1_walk_sessions has no primary key on id",
    ),
    "a status that is not let in": (
        """ALTER TABLE l1_walk_sessions DROP CONSTRAINT ck_l1_walk_sessions_status,
        ADD CONSTRAINT three CHECK (status IN ('active', 'resolved', 'abandoned'))""",
        "l1_walk_sessions has three, which does not let in escalated",
    ),
    "another rule of deletion": (
        """ALTER TABLE l1_walk_sessions DROP CONSTRAINT l1_walk_sessions_account_id_fkey,
        ADD FOREIGN KEY (account_id) REFERENCES accounts(id)""",
        r"has FOREIGN KEY \(account_id\) REFERENCES accounts\(id\), where .* ON DELETE CASCADE is expected",
    ),
}


@pytest.mark.parametrize(("change", "complaint"), STRANGE.values(), ids=STRANGE.keys())
async def test_what_is_neither_empty_nor_upstreams_is_left_alone(
    empty_database_url: str, change: str, complaint: str
) -> None:
    await Upstream().make(empty_database_url)
    connection = await asyncpg.connect(empty_database_url)
    await connection.execute(change)
    await connection.close()
    before = await schema(empty_database_url)

    with pytest.raises(MigrationError, match=complaint) as refused:
        await upgrade(empty_database_url)

    assert "\n" not in str(refused.value)
    assert await schema(empty_database_url) == before
    assert await current(empty_database_url) is None


async def test_a_column_more_that_need_not_be_filled_is_no_hindrance(empty_database_url: str) -> None:
    await Upstream().make(empty_database_url)
    connection = await asyncpg.connect(empty_database_url)
    await connection.execute(
        "ALTER TABLE l1_walk_sessions ADD mood text, ADD region text NOT NULL DEFAULT 'eu'"
    )
    await connection.close()
    assert (await upgrade(empty_database_url)).after == head()


async def test_a_storage_setting_of_upstreams_own_is_kept(empty_database_url: str) -> None:
    await Upstream().make(empty_database_url)
    connection = await asyncpg.connect(empty_database_url)
    await connection.execute("ALTER TABLE l1_walk_sessions SET (fillfactor = 85, autovacuum_enabled = true)")
    await connection.close()
    before = (await schema(empty_database_url)).storage["l1_walk_sessions."]
    await upgrade(empty_database_url)
    assert (await schema(empty_database_url)).storage["l1_walk_sessions."] == before
    await downgrade(empty_database_url, "base")
    assert (await schema(empty_database_url)).storage["l1_walk_sessions."] == before


async def test_rows_that_break_a_missing_rule_are_told_of_and_a_second_run_goes_on(
    empty_database_url: str,
) -> None:
    url = empty_database_url
    await Upstream(foreign_keys={}, indexes=INDEXED[:1]).make(url)
    connection = await asyncpg.connect(url)
    stray = "00000000-0000-0000-0000-00000000dead"
    walk = await insert_walk(connection, 50, "adhoc", account_id=stray)

    with pytest.raises(
        MigrationError, match=r"violates foreign key constraint .*fk_l1_walk_sessions_account_id"
    ) as no:
        await upgrade(url)

    assert stray in str(no.value)
    assert await current(url) is None
    await connection.execute("UPDATE l1_walk_sessions SET account_id = $1 WHERE id = $2", ACCOUNT, walk)
    await connection.close()
    assert await upgrade(url) == (None, head(), True)
    await downgrade(url, "base")
    assert not [name for name in (await schema(url)).constraints if "fk_l1_walk" in name]


async def test_an_index_left_half_built_is_built_anew(empty_database_url: str) -> None:
    url = empty_database_url
    await Upstream(indexes=INDEXED[1:]).make(url)
    connection = await asyncpg.connect(url)
    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute(
            "CREATE UNIQUE INDEX CONCURRENTLY ix_l1_walk_sessions_account_id ON l1_walk_sessions (account_id)"
        )
    await connection.close()

    await upgrade(url)

    index = (await schema(url)).indexes["l1_walk_sessions.ix_l1_walk_sessions_account_id"]
    assert index.startswith("CREATE INDEX ON")
    assert index.endswith("true")


@pytest.mark.parametrize(
    "other", ["(status, ticket_id)", "(status) WHERE status = 'active'", "(upper(status))"]
)
async def test_an_index_of_upstreams_own_with_our_name_is_not_touched(
    empty_database_url: str, other: str
) -> None:
    url = empty_database_url
    await Upstream(indexes=()).make(url)
    connection = await asyncpg.connect(url)
    await connection.execute(f"CREATE INDEX ix_l1_walk_sessions_status ON l1_walk_sessions {other}")
    before = (await schema(url)).indexes
    with pytest.raises(MigrationError, match="the index ix_l1_walk_sessions_status is on something else"):
        await upgrade(url)
    assert before.items() <= (await schema(url)).indexes.items()

    await connection.execute("ALTER INDEX ix_l1_walk_sessions_status RENAME TO by_status")
    await connection.close()
    await upgrade(url)
    await downgrade(url, "base")
    assert (await schema(url)).indexes.keys() == {
        "l1_walk_sessions.by_status",
        "accounts.accounts_by_name",
        "users.users_email_key",
    }


async def walks_as_upstream_knows_them(url: str) -> list[str]:
    connection = await asyncpg.connect(url)
    found = await connection.fetch(
        "SELECT (to_jsonb(t) - '{version,home_partition,updated_at}'::text[])::text FROM l1_walk_sessions t ORDER BY 1"
    )
    await connection.close()
    return [row[0] for row in found]
