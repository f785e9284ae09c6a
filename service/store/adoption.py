"""What of upstream's stood in the database before the worker came, and how that is remembered (design 12).

An adopted database holds upstream's own `accounts`, `users`, `trees` and `flow_proposals`, and mostly its
`l1_walk_sessions` too. The first migration surveys it, and writes to `l1_walk_adoption` what it found there;
later ones and downgrades go by those notes.
"""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from service.store import catalog
from service.store.errors import MigrationError
from service.store.tables import Adoption

if TYPE_CHECKING:
    import asyncpg
    from sqlalchemy import Connection

SESSIONS = "l1_walk_sessions"
REFERENCES = ("accounts", "users", "trees", "flow_proposals")

OLDER = {
    "session_kind": "CHECK (session_kind IN ('flow', 'proposal', 'adhoc'))",
    "target_consistency": (
        "CHECK ((session_kind = 'flow' AND flow_id IS NOT NULL AND flow_proposal_id IS NULL)"
        " OR (session_kind = 'proposal' AND flow_proposal_id IS NOT NULL AND flow_id IS NULL)"
        " OR (session_kind = 'adhoc' AND flow_id IS NULL AND flow_proposal_id IS NULL))"
    ),
}
NEWER = {
    "session_kind": "CHECK (session_kind IN ('flow', 'proposal', 'adhoc', 'ai_build'))",
    "target_consistency": (
        "CHECK ((session_kind = 'flow' AND flow_id IS NOT NULL AND flow_proposal_id IS NULL)"
        " OR (session_kind = 'proposal' AND flow_proposal_id IS NOT NULL AND flow_id IS NULL)"
        " OR (session_kind IN ('adhoc', 'ai_build') AND flow_id IS NULL AND flow_proposal_id IS NULL))"
    ),
}
"""The two checks that differ in the older and the newer form of the session table. Migrations go by them: they are
history, and stay as they are."""
KIND_COLUMNS = {
    frozenset({"session_kind"}): "session_kind",
    frozenset({"session_kind", "flow_id", "flow_proposal_id"}): "target_consistency",
}
"""By which columns such a check is known, whatever its name."""

Action: TypeAlias = Literal["adopted", "added"]
Kind: TypeAlias = Literal["table", "check", "constraint", "index", "storage"]


class Survey(NamedTuple):
    """Whether upstream's reference tables stand here, and whether its session table does."""

    references: bool
    sessions: bool


async def is_adopted(connection: "asyncpg.Connection[asyncpg.Record]") -> bool:
    """Whether the four reference tables are upstream's own: to be read, never written; mode `require`."""
    return bool(await connection.fetchval(_IS_ADOPTED))


def survey(
    connection: "Connection",
    columns: Mapping[str, str],
    foreign_keys: Mapping[str, str],
    values: Mapping[str, Collection[str]],
) -> Survey:
    """Look at a database that our migrations have not touched.

    Args:
        connection: to it.
        columns: of the session table: each one's type, with `NOT NULL` where it has that.
        foreign_keys: definitions of the session table's, by column.
        values: what a check of a column must let in, by column.

    Raises:
        MigrationError: what stands here is neither nothing nor upstream's; says all that differs.
    """
    present = catalog.tables(connection, (*REFERENCES, SESSIONS))
    if not present:
        return Survey(references=False, sessions=False)
    problems = _reference_problems(connection, present)
    if SESSIONS in present:
        problems += _column_problems(connection, columns)
        problems += _constraint_problems(connection, foreign_keys, values)
    if problems:
        raise MigrationError(
            f"this database is neither empty nor upstream's as the worker knows it: {'; '.join(problems)}."
            " Nothing was changed. Put this right, or give the worker a database of its own"
        )
    return Survey(references=True, sessions=SESSIONS in present)


def note(
    connection: "Connection", action: Action, kind: Kind, name: str, definition: str | None = None
) -> None:
    """Remember that something of upstream's was adopted, or that something was added to what is upstream's.

    What was noted before stays as it was: a migration that broke off is run again.
    """
    row = insert(Adoption).values(action=action, kind=kind, name=name, definition=definition)
    connection.execute(row.on_conflict_do_nothing())


def noted(connection: "Connection", action: Action, kind: Kind) -> dict[str, str | None]:
    """What is remembered, by name, with its definition."""
    rows = connection.execute(
        select(Adoption.name, Adoption.definition).where(Adoption.action == action, Adoption.kind == kind)
    )
    return {row.name: row.definition for row in rows}


def forget(connection: "Connection", action: Action, kind: Kind, name: str) -> None:
    """Remember it no longer: a downgrade took it back."""
    connection.execute(
        delete(Adoption).where(Adoption.action == action, Adoption.kind == kind, Adoption.name == name)
    )


def _reference_problems(connection: "Connection", present: set[str]) -> list[str]:
    problems = [
        f"table {table} is missing beside {', '.join(sorted(present))}"
        for table in REFERENCES
        if table not in present
    ]
    for table in REFERENCES:
        if table not in present:
            continue
        kind = catalog.columns(connection, table).get("id", "missing")
        keys = [c.columns for c in catalog.constraints(connection, table, "p")]
        keys += [c.columns for c in catalog.constraints(connection, table, "u")]
        if not kind.startswith("uuid") or ("id",) not in keys:
            problems.append(
                f"{table}.id is {kind}, where a uuid that is the primary key or unique is expected"
            )
    return problems


def _column_problems(connection: "Connection", columns: Mapping[str, str]) -> list[str]:
    found = catalog.columns(connection, SESSIONS)
    problems = []
    for name, expected in columns.items():
        actual = found.get(name, "missing").removesuffix(" DEFAULT")
        if actual != expected:
            problems.append(f"{SESSIONS}.{name} is {actual}, where {expected} is expected")
    for name, actual in found.items():
        if name in _OURS:
            problems.append(
                f"{SESSIONS}.{name} is a column of the worker's own, but nothing tells that it was migrated"
            )
        elif name not in columns and actual.endswith("NOT NULL"):
            problems.append(f"{SESSIONS}.{name} is unknown and must be filled, which the worker cannot do")
    return problems


def _constraint_problems(
    connection: "Connection", foreign_keys: Mapping[str, str], values: Mapping[str, Collection[str]]
) -> list[str]:
    problems = []
    if ("id",) not in [c.columns for c in catalog.constraints(connection, SESSIONS, "p")]:
        problems.append(f"{SESSIONS} has no primary key on id")
    for key in catalog.constraints(connection, SESSIONS, "f"):
        wanted = foreign_keys.get(key.columns[0]) if len(key.columns) == 1 else None
        if wanted and not key.definition.startswith(wanted):
            problems.append(f"{SESSIONS} has {key.definition}, where {wanted} is expected")
    for check in catalog.constraints(connection, SESSIONS, "c"):
        needed = values.get(check.columns[0], ()) if len(check.columns) == 1 else ()
        refused = [value for value in needed if f"'{value}'" not in check.definition]
        if refused:
            problems.append(f"{SESSIONS} has {check.name}, which does not let in {', '.join(refused)}")
    return problems


_OURS = ("version", "home_partition", "updated_at")

_IS_ADOPTED = """
SELECT EXISTS (SELECT FROM l1_walk_adoption WHERE action = 'adopted' AND kind = 'table' AND name = 'accounts')
"""
