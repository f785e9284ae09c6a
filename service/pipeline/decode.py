"""Records to messages: what each record is, with all that the batch needs to know of it, before any transaction."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from aiokafka import ConsumerRecord
from asyncpg.pgproto.pgproto import UUID as FastUUID

from l1_walk_contracts import Command, Invalid, Record, StartData, Unreadable, Unsupported, decode_command
from service.domain.digest import command_digest
from service.store.references import Reference, reference


class Decoded(NamedTuple):
    """A record, and what it is."""

    partition: int
    offset: int
    record: Record
    message: Command | Invalid | Unsupported | Unreadable
    session_id: UUID | None
    """asyncpg's kind of UUID: made in a tenth of the time that the standard one takes, hashed in half."""
    digest: bytes
    """Of the command; empty where it is none."""
    references: tuple[tuple[str, Reference], ...]
    """Field and reference of each id that the command mentions, the account first."""


def decode(records: Sequence[ConsumerRecord]) -> list[Decoded]:
    """Each record decoded, in the same order; never raises, whatever they hold."""
    return [_decode(record) for record in records]


def _decode(consumed: ConsumerRecord) -> Decoded:
    record = Record(consumed.key, consumed.value, consumed.headers, consumed.timestamp)
    message = decode_command(record)
    if isinstance(message, Command):
        return Decoded(
            consumed.partition,
            consumed.offset,
            record,
            message,
            FastUUID(message.session_id),
            command_digest(message.type, message.raw_data),
            _references(message),
        )
    if isinstance(message, Unreadable):
        return Decoded(consumed.partition, consumed.offset, record, message, None, b"", ())
    return Decoded(
        consumed.partition,
        consumed.offset,
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
