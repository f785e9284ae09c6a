"""What an error means for the batch that met it: wait, look up, or find the command at fault (rules 2, 4, 5)."""

import asyncio
import random
import traceback
from collections.abc import Iterator
from enum import StrEnum
from types import FrameType

import asyncpg
import sqlalchemy.exc
from aiokafka.errors import KafkaError


class Fault(StrEnum):
    """Whose fault a failure is."""

    WORLD = "world"
    """The database, the network, the brokers: the same work succeeds later."""
    FENCED = "fenced"
    """Another worker took the partition, or what we know of it is out of date."""
    DATA = "data"
    """Something in the batch: the same work fails again."""


class FencedError(Exception):
    """What a partition's progress says is not what this worker knows of it."""

    def __init__(self, partition: int) -> None:
        super().__init__(f"partition {partition} is not where this worker left it")
        self.partition = partition


class StaleReferenceError(Exception):
    """A reference that this worker took for known is not there any more; it is to be learned again."""


_WORLD: tuple[type[BaseException], ...] = (
    StaleReferenceError,
    OSError,
    TimeoutError,
    asyncio.CancelledError,
    KafkaError,
    sqlalchemy.exc.SQLAlchemyError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""SQLAlchemy connects, and runs no statement of a batch: whatever it raises is of the connection."""

_WORLD_SQLSTATE_CLASSES = frozenset(
    {"08", "0A", "25", "26", "28", "3D", "40", "42", "53", "55", "57", "58", "XX"}
)
"""Connection, plans and statements that a migration or a pooler took away, transaction state (read-only standby),
authorization, no such database, rollback, rights and tables, resources, locks, operator, system, internal: nothing
that a command can cause."""

_WORLD_SQLSTATES = frozenset({"23503", "23505"})
"""Keys that another transaction took or removed meanwhile: read again."""

_CLOSED = "the handler is closed"
"""How uvloop calls a connection that is written to after it broke."""


def classify(error: BaseException) -> Fault:
    """Whose fault this is; what nobody foresaw counts as the data's, so that it comes to a stop."""
    if isinstance(error, FencedError):
        return Fault.FENCED
    if isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError):
        return Fault.DATA  # a value that asyncpg could not encode
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        world = state[:2] in _WORLD_SQLSTATE_CLASSES or state in _WORLD_SQLSTATES
        return Fault.WORLD if world else Fault.DATA
    if type(error) is RuntimeError and _CLOSED in str(error):
        return Fault.WORLD
    return Fault.WORLD if isinstance(error, _WORLD) else Fault.DATA


def delays(first: float = 0.05, longest: float = 5.0) -> Iterator[float]:
    """Seconds to wait before each further attempt, without end: exponential, with full jitter."""
    bound = first
    while True:
        yield random.uniform(0, bound)  # noqa: S311 - spreads attempts, keeps no secret
        bound = min(bound * 2, longest)


def describe(error: BaseException) -> str:
    """One line for a log about a failure of the world, without the detail, which may quote a row."""
    if isinstance(error, sqlalchemy.exc.DBAPIError) and error.orig is not None:
        error = error.orig.__cause__ or error.orig
    text = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def locate(error: BaseException) -> str:
    """One line for a log where the data is at fault: what was met and where, without a message that may quote it."""
    words = [type(error).__name__]
    if isinstance(error, asyncpg.PostgresError):
        words.append(f"SQLSTATE {error.sqlstate}")
        if error.constraint_name:
            words.append(error.constraint_name)
    ours = [frame for frame, _ in traceback.walk_tb(error.__traceback__) if _is_ours(frame)]
    place = f" in {ours[-1].f_globals['__name__']}.{ours[-1].f_code.co_name}" if ours else ""
    return ", ".join(words) + place


def _is_ours(frame: FrameType) -> bool:
    return frame.f_globals.get("__name__", "").partition(".")[0] in ("service", "l1_walk_contracts")
