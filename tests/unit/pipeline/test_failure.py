import asyncio
import errno
import inspect
import itertools
import socket
import ssl
from typing import Any

import aiokafka.errors
import asyncpg
import pytest
import sqlalchemy.exc
from asyncpg.exceptions import _base as of_the_driver
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi

from service.pipeline.failure import (
    AWAITED,
    ERRORS,
    SQLSTATES,
    Fault,
    FencedError,
    Kind,
    StaleReferenceError,
    classify,
    delays,
    describe,
    kind_of,
    locate,
)
from tests.unit.pipeline.known_errors import AIOKAFKA, ASYNCPG


def connecting(cause: BaseException) -> sqlalchemy.exc.DBAPIError:
    """What SQLAlchemy makes of an error that the driver met while it connected."""
    adapted = AsyncAdapt_asyncpg_dbapi.Error("translated", cause)  # type: ignore[no-untyped-call]
    adapted.__cause__ = cause
    return sqlalchemy.exc.DBAPIError(None, None, adapted)


def postgres(state: str, message: str = "m", **more: str) -> asyncpg.PostgresError:
    """What PostgreSQL says, as the driver raises it."""
    fields = {"C": state, "M": message, "D": "Failing row: secret.", **more}
    error: asyncpg.PostgresError = asyncpg.PostgresError.new(fields)
    return error


def public(module: Any) -> dict[str, type[BaseException]]:
    """The errors of a module; warnings are none."""
    return {
        name: kind
        for name, kind in vars(module).items()
        if inspect.isclass(kind) and issubclass(kind, BaseException) and not issubclass(kind, Warning)
    }


@pytest.mark.parametrize(
    ("module", "known"),
    [(asyncpg.exceptions, ASYNCPG), (aiokafka.errors, AIOKAFKA)],
    ids=["asyncpg", "aiokafka"],
)
def test_every_error_of_the_drivers_is_known(module: Any, known: dict[Kind, str]) -> None:
    found: dict[Kind, set[str]] = {}
    for name, error in public(module).items():
        found.setdefault(kind_of(error.__new__(error)), set()).add(name)
    assert found == {kind: set(names.split()) for kind, names in known.items()}


@pytest.mark.parametrize("state", SQLSTATES)
def test_each_row_of_the_states(state: str) -> None:
    assert kind_of(postgres(state)) is SQLSTATES[state]
    assert kind_of(postgres(f"{state}ZZZ"[:5])) is SQLSTATES[state]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_each_row_of_the_errors(error: type[BaseException]) -> None:
    assert kind_of(error.__new__(error)) is ERRORS[error]
    derived: type[BaseException] = type("Derived", (error,), {})
    assert kind_of(derived.__new__(derived)) is ERRORS[error]


OTHERS: list[tuple[BaseException, Kind]] = [
    # this machine and the network
    (ConnectionRefusedError(), Kind.CONNECTION),
    (ConnectionResetError(), Kind.CONNECTION),
    (BrokenPipeError(), Kind.CONNECTION),
    (socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"), Kind.CONNECTION),
    (OSError(errno.EHOSTUNREACH, "No route to host"), Kind.CONNECTION),
    (OSError(errno.ENOSPC, "No space left on device"), Kind.DISK),
    (ssl.SSLCertVerificationError("certificate has expired"), Kind.ACCESS),
    (asyncio.IncompleteReadError(b"", 4), Kind.CONNECTION),
    (
        RuntimeError("unable to perform operation on <TCPTransport 0x5>; the handler is closed"),
        Kind.CONNECTION,
    ),
    # an upstream's trigger says no, or an extension of which we know nothing
    (postgres("U0001"), Kind.VALUE),
    (of_the_driver.UnknownPostgresError("m"), Kind.VALUE),
    # PostgreSQL ends the connection: no command can bring that about
    (postgres(asyncpg.InvalidParameterValueError.sqlstate, V="FATAL"), Kind.SETUP),
    (postgres(asyncpg.AdminShutdownError.sqlstate, V="FATAL"), Kind.STARTING),
    # SQLAlchemy connects, and no more
    (connecting(asyncpg.CannotConnectNowError("the database system is starting up")), Kind.STARTING),
    (connecting(asyncpg.InvalidPasswordError("password authentication failed")), Kind.ACCESS),
    (connecting(asyncpg.TooManyConnectionsError("sorry, too many clients already")), Kind.CONNECTIONS),
    (connecting(asyncpg.ConnectionDoesNotExistError("connection was closed")), Kind.CONNECTION),
    (connecting(asyncpg.InvalidParameterValueError("m")), Kind.SETUP),
    (connecting(ValueError("m")), Kind.SETUP),
    (sqlalchemy.exc.DBAPIError(None, None, None), Kind.CONNECTION),  # type: ignore[arg-type]
    (sqlalchemy.exc.InvalidRequestError("This connection is on an inactive transaction"), Kind.CONNECTION),
    # our own
    (KeyError("k"), Kind.UNFORESEEN),
    (TypeError(), Kind.UNFORESEEN),
    (ValueError(), Kind.UNFORESEEN),
    (AssertionError(), Kind.UNFORESEEN),
    (RecursionError(), Kind.UNFORESEEN),
    (RuntimeError("dictionary changed size during iteration"), Kind.UNFORESEEN),
    (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"), Kind.UNFORESEEN),
]


@pytest.mark.parametrize(("error", "kind"), OTHERS, ids=lambda case: type(case).__name__)
def test_errors_that_are_more_than_their_class(error: BaseException, kind: Kind) -> None:
    assert kind_of(error) is kind


def test_what_a_command_can_bring_about_is_of_the_data_and_what_moved_is_looked_up() -> None:
    of_the_world = set(Kind) - {Kind.VALUE, Kind.UNFORESEEN, Kind.FENCED}
    assert {kind for kind in Kind if kind.fault is Fault.WORLD} == of_the_world
    assert set(AWAITED) == of_the_world - {Kind.CONNECTION}
    assert classify(FencedError(3)) is Fault.FENCED
    assert classify(StaleReferenceError()) is Fault.WORLD
    assert classify(postgres(asyncpg.CheckViolationError.sqlstate)) is Fault.DATA


NAMED: list[tuple[BaseException, str]] = [
    (
        ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 5432)"),
        "ConnectionRefusedError: [Errno 111] Connect call failed ('127.0.0.1', 5432)",
    ),
    (
        postgres(asyncpg.ReadOnlySQLTransactionError.sqlstate, "cannot execute UPDATE"),
        "it is read-only (a standby?): ReadOnlySQLTransactionError: cannot execute UPDATE",
    ),
    (
        postgres(
            asyncpg.DiskFullError.sqlstate, 'could not extend file "base/5/16427": No space left on device'
        ),
        'the disk is full: DiskFullError: could not extend file "base/5/16427": No space left on device',
    ),
    (
        postgres(asyncpg.TooManyConnectionsError.sqlstate, "sorry, too many clients already", V="FATAL"),
        "it has no connection left: TooManyConnectionsError: sorry, too many clients already",
    ),
    (
        postgres(asyncpg.InsufficientPrivilegeError.sqlstate, "permission denied for table x"),
        "access is refused (rights or password): InsufficientPrivilegeError: permission denied for table x",
    ),
    (
        connecting(asyncpg.CannotConnectNowError("the database system is starting up")),
        "it is starting or stopping: CannotConnectNowError: the database system is starting up",
    ),
    (
        aiokafka.errors.KafkaConnectionError("No connection to node with id 0"),
        "KafkaConnectionError: KafkaConnectionError: No connection to node with id 0",
    ),
    (TimeoutError(), "no answer in time: TimeoutError"),
    (postgres(asyncpg.CheckViolationError.sqlstate, "secret"), "CheckViolationError, SQLSTATE 23514"),
    (KeyError("secret"), "KeyError"),
]


@pytest.mark.parametrize(("error", "told"), NAMED, ids=lambda case: type(case).__name__)
def test_what_is_awaited_is_named_on_one_line_without_the_row(error: BaseException, told: str) -> None:
    assert describe(error) == told


def test_where_the_data_is_at_fault_nothing_of_it_is_told() -> None:
    assert locate(KeyError("secret")) == "KeyError"
    error = postgres(asyncpg.CheckViolationError.sqlstate, "secret")
    error.constraint_name = "ck_l1_walk_sessions_status"
    assert locate(error) == "CheckViolationError, SQLSTATE 23514, ck_l1_walk_sessions_status"


def test_it_is_told_which_of_our_functions_met_it() -> None:
    from service.store.outbox import pack_headers

    with pytest.raises(TypeError) as met:
        pack_headers(object())  # type: ignore[arg-type]
    assert locate(met.value) == "TypeError in service.store.outbox.pack_headers"


def test_waits_grow_to_a_bound_and_are_spread_from_nothing_to_it() -> None:
    waits = list(itertools.islice(delays(0.1, 1.0), 400))
    bounds = itertools.chain([0.1, 0.2, 0.4, 0.8], itertools.repeat(1.0))
    assert all(0 <= wait <= bound for wait, bound in zip(waits, bounds, strict=False))
    late = waits[4:]
    assert min(late) < 0.1
    assert max(late) > 0.9
    assert 0.4 < sum(late) / len(late) < 0.6
