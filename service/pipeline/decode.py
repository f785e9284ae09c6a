"""Records to messages: what each record is, with all that the batch needs to know of it, before any transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from aiokafka import ConsumerRecord
from asyncpg.pgproto.pgproto import UUID as FastUUID

from l1_walk_contracts import (
    Command,
    Invalid,
    Record,
    Settle,
    StartData,
    Unreadable,
    Unsupported,
    decode_command,
)
from service.domain.digest import command_digest
from service.pipeline.failure import locate
from service.store.references import Reference, reference

Readable = Command | Invalid | Settle | Unsupported | Unreadable
"""What a record can turn out to be."""


@dataclass(slots=True)
class Failed:
    """A message that cannot be handled, by a fault of ours."""

    message: Readable
    error: str
    """Which fault: one stable short text."""


class Decoded(NamedTuple):
    """A record, and what it is."""

    partition: int
    offset: int
    record: Record
    message: Readable | Failed
    session_id: UUID | None
    """Of the walk that it is about. asyncpg's kind of UUID: made in a tenth of the time that the standard one takes,
    hashed in half."""
    digest: bytes
    """Of the command; empty where it is none."""
    references: tuple[tuple[str, Reference], ...]
    """Field and reference of each id that the command mentions, the account first."""

    def failing(self, error: str) -> "Decoded":
        """The same record, to be put aside for a fault of ours; as it is where that was so already."""
        return (
            self if isinstance(self.message, Failed) else self._replace(message=Failed(self.message, error))
        )


def decode(records: Sequence[ConsumerRecord]) -> list[Decoded]:
    """Each record decoded, in the same order; never raises, whatever they hold."""
    return [
        decode_record(r.partition, r.offset, Record(r.key, r.value, r.headers, r.timestamp)) for r in records
    ]


def decode_record(partition: int, offset: int, record: Record) -> Decoded:
    """A record that stands at this place, decoded; one that this fails on, which none should, is to be put aside."""
    try:
        return _decode(partition, offset, record)
    except MemoryError:
        raise
    except Exception as error:
        unread = Failed(Unreadable("it could not be decoded"), locate(error))
        return Decoded(partition, offset, record, unread, None, b"", ())


def _decode(partition: int, offset: int, record: Record) -> Decoded:
    message = decode_command(record)
    if isinstance(message, Command):
        return Decoded(
            partition,
            offset,
            record,
            message,
            FastUUID(message.session_id),
            command_digest(message.type, message.raw_data),
            _references(message),
        )
    if isinstance(message, Unreadable | Settle):
        return Decoded(partition, offset, record, message, None, b"", ())
    return Decoded(
        partition,
        offset,
        record,
        message,
        FastUUID(message.session_id),
        command_digest(message.type, message.raw_data) if isinstance(message, Invalid) else b"",
        (("data.account_id", reference("account", message.account_id)),) if message.account_id else (),
    )


def _references(command: Command) -> tuple[tuple[str, Reference], ...]:
    data = command.data
    account = ("data.account_id", reference("account", data.account_id))
    user = ("data.user_id", reference("user", data.user_id))
    if isinstance(data, StartData):
        if data.flow_id is not None:
            return account, user, ("data.flow_id", reference("flow", data.flow_id))
        if data.flow_proposal_id is not None:
            return account, user, ("data.flow_proposal_id", reference("proposal", data.flow_proposal_id))
    return account, user
