"""The worker's own tables (design 8), none with a foreign key to upstream's.

Beside them stands `l1_walk_alembic_version`, which Alembic keeps.
"""

import datetime as dt
import uuid

from sqlalchemy import Index, Integer, String, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from service.store.tables.base import Base

QUEUE_STORAGE = {
    "autovacuum_vacuum_scale_factor": 0,
    "autovacuum_vacuum_threshold": 5000,
    "autovacuum_vacuum_cost_delay": 0,
    "toast.autovacuum_vacuum_scale_factor": 0,
    "toast.autovacuum_vacuum_threshold": 5000,
    "toast.autovacuum_vacuum_cost_delay": 0,
}
"""Vacuum by the number of dead rows, at full speed: most of a queue is dead rows."""


class InboxEntry(Base):
    """One command that was handled for good, known by (session, source, id) (design 9, rule 3).

    `digest` is of its type and data, `outcome` and `reason` are what was said of it, `version` is the
    session's after it; `origin_partition` and `origin_offset` say where in the commands topic it was first
    met.
    """

    __tablename__ = "l1_walk_inbox"

    session_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(128), primary_key=True)
    command_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    digest: Mapped[bytes]
    outcome: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str | None] = mapped_column(String(40))
    version: Mapped[int | None] = mapped_column(Integer)
    origin_partition: Mapped[int] = mapped_column(Integer)
    origin_offset: Mapped[int]
    handled_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())


class OutboxMessage(Base):
    """One message owed to Kafka, written with the state it tells of, deleted once acknowledged (rule 6).

    Ordered by the partition and offset of the command that caused it, and by `number` among what that command
    caused. `target_partition` null leaves the choice to the partitioner; `key`, `headers` and `value` are the
    bytes to send. `session_id` and `account_id`, where known, are for the erasure of an account.
    """

    __tablename__ = "l1_walk_outbox"
    __table_args__ = {"postgresql_with": QUEUE_STORAGE}  # noqa: RUF012

    partition: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    offset: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    topic: Mapped[str]
    target_partition: Mapped[int | None] = mapped_column(Integer)
    key: Mapped[bytes | None]
    headers: Mapped[bytes | None]
    value: Mapped[bytes | None]
    session_id: Mapped[uuid.UUID | None]
    account_id: Mapped[uuid.UUID | None]
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())


class DeadLetter(Base):
    """One record that could not be handled, as it was received, with why (design 4, and design 9, rule 4).

    `class_` (column `class`) is the class of the fault, or `parked`; `error` says what is wrong. `state` is `open`,
    `redriven` or `discarded`; `parked_behind` is the dead letter of the same session that this one waits behind,
    null if it is itself the fault. `attempts` counts the redrives that failed again. Of a settled one, `outcome` and
    `outcome_reason` say what became of the command, `settled_by`, `settled_reason` and `settled_at` who did it,
    why and when.
    """

    __tablename__ = "l1_walk_dead_letters"
    __table_args__ = (
        UniqueConstraint("topic", "partition", "offset"),
        Index(None, "parked_behind", postgresql_where=text("parked_behind IS NOT NULL")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    topic: Mapped[str]
    partition: Mapped[int] = mapped_column(Integer)
    offset: Mapped[int]
    record_timestamp: Mapped[dt.datetime | None]
    key: Mapped[bytes | None]
    headers: Mapped[bytes | None]
    value: Mapped[bytes | None]
    session_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    account_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    class_: Mapped[str] = mapped_column("class", String(20))
    error: Mapped[str]
    state: Mapped[str] = mapped_column(String(20), server_default=text("'open'"), index=True)
    parked_behind: Mapped[uuid.UUID | None]
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[dt.datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    outcome: Mapped[str | None] = mapped_column(String(20))
    outcome_reason: Mapped[str | None] = mapped_column(String(40))
    settled_by: Mapped[str | None] = mapped_column(String(128))
    settled_reason: Mapped[str | None]
    settled_at: Mapped[dt.datetime | None]


class HeldSession(Base):
    """A session behind one of whose dead letters commands are parked (design 2)."""

    __tablename__ = "l1_walk_held"

    session_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    dead_letter_id: Mapped[uuid.UUID]
    partition: Mapped[int] = mapped_column(Integer)
    since: Mapped[dt.datetime] = mapped_column(server_default=func.now())


class Progress(Base):
    """How far one partition has been handled, and whose it is (design 2; design 9, rule 2).

    `next_offset` is the next one to handle, null while nothing was; `epoch` rises with each take. `digest`
    and `record_timestamp` are of the last record handled: they tell whether the topic is still the same one
    (design 13). `takes` counts the takes since it last moved or was given up in good order, `tries` how often
    the record at `tried_offset` was tried alone: so a command that kills workers is found (design 9, rule 5).
    """

    __tablename__ = "l1_walk_progress"

    topic: Mapped[str] = mapped_column(primary_key=True)
    partition: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    next_offset: Mapped[int | None]
    epoch: Mapped[int] = mapped_column(server_default=text("0"))
    digest: Mapped[bytes | None]
    record_timestamp: Mapped[dt.datetime | None]
    updated_at: Mapped[dt.datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    takes: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    tried_offset: Mapped[int | None]
    tries: Mapped[int] = mapped_column(Integer, server_default=text("0"))


class ProgressChange(Base):
    """A partition's progress as a person set it, in an emergency (design 13): what was skipped or read again."""

    __tablename__ = "l1_walk_progress_changes"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, server_default=text("gen_random_uuid()"))
    topic: Mapped[str]
    partition: Mapped[int] = mapped_column(Integer)
    from_offset: Mapped[int | None]
    to_offset: Mapped[int]
    changed_by: Mapped[str] = mapped_column(String(128))
    reason: Mapped[str]
    changed_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())


class Reference(Base):
    """An account, user, flow or proposal that was heard of, and whether it is gone (design 8)."""

    __tablename__ = "l1_walk_references"

    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    gone: Mapped[bool] = mapped_column(server_default=text("false"))
    updated_at: Mapped[dt.datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class Adoption(Base):
    """What of upstream's stood in this database before the worker, and what the migrations added to it
    (design 12).

    One row a thing, `action` saying which: *adopted* a table that is upstream's, or a check of its session table
    that the migrations replace, with its `definition`; *added* a constraint, index or storage setting that they
    put on an adopted table. A downgrade takes back what was added, puts back the checks, and drops no table that
    was adopted.
    """

    __tablename__ = "l1_walk_adoption"

    action: Mapped[str] = mapped_column(String(10), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    name: Mapped[str] = mapped_column(String(63), primary_key=True)
    definition: Mapped[str | None]
