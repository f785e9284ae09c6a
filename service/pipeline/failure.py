"""What an error means for the batch that met it: wait, look up, or find the command that is at fault (rules 2, 4, 5)."""

import asyncio
import random
from collections.abc import Iterator
from enum import StrEnum

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
    sqlalchemy.exc.TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)

_WORLD_SQLSTATE_CLASSES = frozenset({"08", "25", "40", "53", "55", "57", "58", "28", "3D", "XX"})
"""Connection, transaction state (read-only standby), rollback, resources, locks, operator, system, authorization,
no such database, internal: nothing that a command can cause."""

_WORLD_SQLSTATES = frozenset({"23503", "23505", "42501", "42P01"})
"""Keys that another transaction took or removed meanwhile, rights and tables that are being changed: read again."""


def classify(error: BaseException) -> Fault:
    """Whose fault this is; what nobody foresaw counts as the data's, so that it comes to a stop."""
    if isinstance(error, FencedError):
        return Fault.FENCED
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        world = state[:2] in _WORLD_SQLSTATE_CLASSES or state in _WORLD_SQLSTATES
        return Fault.WORLD if world else Fault.DATA
    return Fault.WORLD if isinstance(error, _WORLD) else Fault.DATA


def delays(first: float = 0.05, longest: float = 5.0) -> Iterator[float]:
    """Seconds to wait before each further attempt, without end: exponential, with full jitter."""
    bound = first
    while True:
        yield random.uniform(0, bound)  # noqa: S311 - spreads attempts, keeps no secret
        bound = min(bound * 2, longest)


def describe(error: BaseException) -> str:
    """One line for a log, without values: an error's detail may quote a row."""
    text = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
