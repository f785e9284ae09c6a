import asyncio
import itertools
import socket
from typing import Any

import aiokafka.errors
import asyncpg
import pytest
import sqlalchemy.exc
from asyncpg.exceptions import _base as asyncpg_errors
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi

from service.pipeline.failure import (
    Fault,
    FencedError,
    StaleReferenceError,
    classify,
    delays,
    describe,
    locate,
)


def connecting(cause: BaseException) -> sqlalchemy.exc.DBAPIError:
    """What SQLAlchemy makes of an error that the driver met while it connected."""
    adapted = AsyncAdapt_asyncpg_dbapi.Error("translated", cause)  # type: ignore[no-untyped-call]
    adapted.__cause__ = cause
    return sqlalchemy.exc.DBAPIError(None, None, adapted)


def postgres(kind: type[asyncpg.PostgresError], message: str = "m") -> asyncpg.PostgresError:
    error: asyncpg.PostgresError = kind.new({"C": kind.sqlstate, "M": message, "D": "Failing row: secret."})
    return error


OUT_OF_THE_WORLD: list[Any] = [
    # the network and this machine
    ConnectionRefusedError(),
    ConnectionResetError(),
    BrokenPipeError(),
    OSError(28, "No space left on device"),
    socket.gaierror(),
    TimeoutError(),
    asyncio.CancelledError(),
    RuntimeError("unable to perform operation on <TCPTransport closed=True 0x5>; the handler is closed"),
    # PostgreSQL, as the driver tells it
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.ConnectionFailureError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.TransactionTimeoutError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.IdleSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.DiskFullError,
    asyncpg.OutOfMemoryError,
    asyncpg.PostgresIOError,
    asyncpg.InternalServerError,
    asyncpg.DataCorruptedError,
    asyncpg.InvalidPasswordError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientPrivilegeError,
    asyncpg.UndefinedTableError,
    asyncpg.UndefinedColumnError,
    asyncpg.InvalidCachedStatementError,
    asyncpg.InvalidSQLStatementNameError,
    asyncpg.ForeignKeyViolationError,
    asyncpg.UniqueViolationError,
    asyncpg.InterfaceError("connection is closed"),
    asyncpg.InternalClientError("cannot switch to state 15"),
    asyncpg.exceptions.OutdatedSchemaCacheError("m"),
    # PostgreSQL, as SQLAlchemy tells it, which connects and no more
    connecting(asyncpg.CannotConnectNowError("the database system is starting up")),
    connecting(asyncpg.InvalidPasswordError("password authentication failed")),
    connecting(asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")),
    sqlalchemy.exc.TimeoutError("QueuePool limit"),
    sqlalchemy.exc.InvalidRequestError("This connection is on an inactive transaction"),
    # Kafka
    aiokafka.errors.KafkaConnectionError(),
    aiokafka.errors.KafkaTimeoutError(),
    aiokafka.errors.NotLeaderForPartitionError(),
    aiokafka.errors.NotEnoughReplicasError(),
    aiokafka.errors.IllegalStateError(),
    aiokafka.errors.OutOfOrderSequenceNumber(),
    aiokafka.errors.ProducerClosed(),
    # ours
    StaleReferenceError("m"),
]

OF_THE_DATA: list[Any] = [
    asyncpg.CheckViolationError,
    asyncpg.NotNullViolationError,
    asyncpg.StringDataRightTruncationError,
    asyncpg.CharacterNotInRepertoireError,
    asyncpg.UntranslatableCharacterError,
    asyncpg.NumericValueOutOfRangeError,
    asyncpg.InvalidTextRepresentationError,
    asyncpg.DatetimeFieldOverflowError,
    asyncpg.DivisionByZeroError,
    asyncpg.ProgramLimitExceededError,
    asyncpg.StatementTooComplexError,
    asyncpg.RaiseError,
    asyncpg.exceptions.DataError("invalid input for query argument $1"),
    KeyError("k"),
    TypeError(),
    ValueError(),
    asyncpg_errors.DataError("invalid input for query argument $1: (value out of int32 range)"),
    AssertionError(),
    RecursionError(),
    MemoryError(),
    RuntimeError("dictionary changed size during iteration"),
    UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"),
]


def name(case: Any) -> str:
    cause = getattr(getattr(case, "orig", None), "__cause__", None)
    if cause is not None:
        return f"connecting-{type(cause).__name__}"
    return case.__name__ if isinstance(case, type) else type(case).__name__


def raised(case: Any) -> BaseException:
    return postgres(case) if isinstance(case, type) else case


@pytest.mark.parametrize("case", OUT_OF_THE_WORLD, ids=name)
def test_the_world_is_waited_for(case: Any) -> None:
    assert classify(raised(case)) is Fault.WORLD


@pytest.mark.parametrize("case", OF_THE_DATA, ids=name)
def test_the_command_is_looked_for(case: Any) -> None:
    assert classify(raised(case)) is Fault.DATA


def test_a_partition_that_moved_is_looked_up() -> None:
    assert classify(FencedError(3)) is Fault.FENCED


def test_a_description_is_one_line_without_the_row() -> None:
    assert describe(postgres(asyncpg.DeadlockDetectedError, "deadlock detected")) == (
        "DeadlockDetectedError: deadlock detected"
    )
    assert describe(TimeoutError()) == "TimeoutError"


def test_a_description_tells_what_the_driver_met() -> None:
    error = connecting(asyncpg.CannotConnectNowError("the database system is starting up"))
    assert describe(error) == "CannotConnectNowError: the database system is starting up"


def test_where_the_data_is_at_fault_nothing_of_it_is_told() -> None:
    assert locate(KeyError("secret")) == "KeyError"
    error = postgres(asyncpg.CheckViolationError, "secret")
    error.constraint_name = "ck_l1_walk_sessions_status"
    assert locate(error) == "CheckViolationError, SQLSTATE 23514, ck_l1_walk_sessions_status"


def test_it_is_told_which_of_our_functions_met_it() -> None:
    from service.store.outbox import pack_headers

    with pytest.raises(TypeError) as met:
        pack_headers(object())  # type: ignore[arg-type]
    assert locate(met.value) == "TypeError in service.store.outbox.pack_headers"


def test_waits_grow_to_a_bound_and_are_spread() -> None:
    waits = list(itertools.islice(delays(0.1, 1.0), 200))
    assert all(0 <= wait <= 1.0 for wait in waits)
    assert all(wait <= bound for wait, bound in zip(waits, (0.1, 0.2, 0.4, 0.8), strict=False))
    assert len({round(wait, 6) for wait in waits[10:]}) > 100
