"""The models against the text of design 12."""

import datetime as dt
import uuid

import pytest
from sqlalchemy import CheckConstraint, inspect
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex

from service.store.tables import Account, Base, FlowProposal, L1WalkSession, Tree, User

SESSIONS = Base.metadata.tables["l1_walk_sessions"]

SECTION_12 = """
id uuid no | account_id uuid no | created_by_user_id uuid no | acting_as varchar(30) yes | ticket_id varchar(64) no
ticket_kind varchar(10) no | session_kind varchar(20) no | flow_id uuid yes | flow_proposal_id uuid yes
current_node_id varchar(100) yes | walked_path jsonb no | walk_notes jsonb no | status varchar(20) no
resolution_notes text yes | helpful boolean yes | escalation_reason text yes
escalation_reason_category varchar(30) yes | started_at timestamptz no | last_step_at timestamptz no
resolved_at timestamptz yes | version integer no | home_partition integer yes | updated_at timestamptz no
"""


def test_the_columns_are_those_of_the_design() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    found = [
        f"{column.name} {column.type.compile(dialect).lower()} {'yes' if column.nullable else 'no'}"
        for column in SESSIONS.columns
    ]
    expected = [line for lines in SECTION_12.strip().splitlines() for line in lines.split(" | ")]
    assert [line.replace("timestamp with time zone", "timestamptz") for line in found] == expected


def test_the_server_fills_in_what_the_design_says() -> None:
    defaults = {
        column.name: str(column.server_default.arg)  # type: ignore[attr-defined]
        for column in SESSIONS.columns
        if column.server_default is not None
    }
    assert defaults == {
        "walked_path": "'[]'::jsonb",
        "walk_notes": "'[]'::jsonb",
        "status": "'active'",
        "version": "1",
        "updated_at": "now()",
    }


def test_the_client_fills_in_what_the_design_says() -> None:
    made = {c.name: c.default.arg for c in SESSIONS.columns if c.default is not None}  # type: ignore[attr-defined]
    assert set(made) == {"id", "started_at", "last_step_at"}
    assert isinstance(made["id"](None), uuid.UUID)
    for name in ("started_at", "last_step_at"):
        assert made[name](None).utcoffset() == dt.timedelta(0)
    updated = {column.name for column in SESSIONS.columns if column.onupdate is not None}
    assert updated == {"last_step_at", "updated_at"}


def test_keys_refer_as_the_design_says() -> None:
    keys = {key.parent.name: (key.target_fullname, key.ondelete) for key in SESSIONS.foreign_keys}
    assert keys == {
        "account_id": ("accounts.id", "CASCADE"),
        "created_by_user_id": ("users.id", "RESTRICT"),
        "flow_id": ("trees.id", "SET NULL"),
        "flow_proposal_id": ("flow_proposals.id", "SET NULL"),
    }


def test_checks_and_indexes_have_the_names_of_the_design() -> None:
    checks = {c.name for c in SESSIONS.constraints if isinstance(c, CheckConstraint)}
    assert checks == {
        f"ck_l1_walk_sessions_{name}"
        for name in ("ticket_kind", "session_kind", "status", "target_consistency")
    }
    indexes = {str(index.name): str(CreateIndex(index).compile()) for index in SESSIONS.indexes}
    assert set(indexes) == {
        f"ix_l1_walk_sessions_{name}"
        for name in ("account_id", "created_by_user_id", "status", "last_step_at")
    }


@pytest.mark.parametrize(
    ("name", "model", "column"),
    [
        ("account", Account, "account_id"),
        ("created_by", User, "created_by_user_id"),
        ("flow", Tree, "flow_id"),
        ("flow_proposal", FlowProposal, "flow_proposal_id"),
    ],
)
def test_a_walk_has_four_relationships(name: str, model: type[Base], column: str) -> None:
    relationships = inspect(L1WalkSession).relationships
    assert len(relationships) == 4
    assert relationships[name].mapper.class_ is model
    assert {local.name for local in relationships[name].local_columns} == {column}


@pytest.mark.parametrize("model", [Account, User, Tree, FlowProposal])
def test_of_what_a_walk_refers_to_the_id_is_known_alone(model: type[Base]) -> None:
    assert [column.name for column in inspect(model).columns] == ["id"]


def test_the_docstring_says_what_kinds_and_statuses_mean() -> None:
    text = L1WalkSession.__doc__ or ""
    for word in ("flow", "proposal", "adhoc", "ai_build", "active", "resolved", "escalated", "abandoned"):
        assert f"*{word}*" in text
