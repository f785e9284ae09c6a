"""Inbox and outbox as one would write them in a day; the sessions are in the worker's own model."""

import datetime as dt
import uuid

from sqlalchemy import DateTime, LargeBinary, MetaData, String, Uuid, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """Base of the two."""

    metadata = MetaData()


class Inbox(Base):
    """A command that was handled."""

    __tablename__ = "bench_inbox"

    session_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    source: Mapped[str] = mapped_column(String(128), primary_key=True)
    command_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    handled_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Outbox(Base):
    """A message that is owed to Kafka, deleted once it is published."""

    __tablename__ = "bench_outbox"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    topic: Mapped[str]
    key: Mapped[bytes] = mapped_column(LargeBinary)
    value: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
