"""What an error means for the batch that met it: wait, look up, or find the command at fault (rules 2, 4, 5).

The tables say what each error is. A command can bring about what is of the data, and nothing else: what is of the
world goes away by itself or by an operator's hand, so it is waited for. Poison that looks like the world (it times
out, it eats the memory, it meets a broken row) is found by how often it comes back, not by its name (rule 5).
"""

import asyncio
import errno
import random
import socket
import ssl
import traceback
from collections.abc import Iterator, Mapping
from enum import StrEnum
from types import FrameType, MappingProxyType
from typing import Final

import aiokafka.errors as kafka
import asyncpg
import sqlalchemy.exc


class Fault(StrEnum):
    """Whose fault a failure is."""

    WORLD = "world"
    """The database, the network, the brokers: the same work succeeds later."""
    FENCED = "fenced"
    """Another worker took the partition, or what we know of it is out of date."""
    DATA = "data"
    """Something in the batch: the same work fails again."""


class Kind(StrEnum):
    """What a failure is, as metrics name it."""

    CONNECTION = "connection"
    STARTING = "starting"
    TIMEOUT = "timeout"
    CONFLICT = "conflict"
    READ_ONLY = "read_only"
    DISK = "disk"
    CONNECTIONS = "connections"
    MEMORY = "memory"
    ACCESS = "access"
    SETUP = "setup"
    SERVER = "server"
    BROKER = "broker"
    PRODUCER = "producer"
    FENCED = "fenced"
    VALUE = "value"
    UNFORESEEN = "unforeseen"

    @property
    def fault(self) -> Fault:
        """Whose fault it is."""
        return _FAULTS.get(self, Fault.WORLD)


_FAULTS: Final = {Kind.FENCED: Fault.FENCED, Kind.VALUE: Fault.DATA, Kind.UNFORESEEN: Fault.DATA}

AWAITED: Final[Mapping[Kind, str]] = MappingProxyType(
    {
        Kind.STARTING: "it is starting or stopping",
        Kind.TIMEOUT: "no answer in time",
        Kind.CONFLICT: "others are writing the same",
        Kind.READ_ONLY: "it is read-only (a standby?)",
        Kind.DISK: "the disk is full",
        Kind.CONNECTIONS: "it has no connection left",
        Kind.MEMORY: "there is no memory left",
        Kind.ACCESS: "access is refused (rights or password)",
        Kind.SETUP: "it is not set up for this worker (another version, or a table, topic or setting is missing)",
        Kind.SERVER: "it fails within (see its own log)",
        Kind.BROKER: "its brokers are not in order",
        Kind.PRODUCER: "the producer has to be made anew",
    }
)
"""What is awaited while it lasts, in words, where the error's own do not say it."""


class FencedError(Exception):
    """What a partition's progress says is not what this worker knows of it."""

    def __init__(self, partition: int) -> None:
        super().__init__(f"partition {partition} is not where this worker left it")
        self.partition = partition


class StaleReferenceError(Exception):
    """A reference that this worker took for known is not there any more; it is to be learned again."""


SQLSTATES: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "08": Kind.CONNECTION,
        "0A": Kind.SETUP,  # a prepared plan that a migration took away, or what this server cannot do
        "0L": Kind.ACCESS,
        "0P": Kind.ACCESS,
        "22": Kind.VALUE,  # also text that the database's encoding does not hold
        "23": Kind.VALUE,  # checks, not null
        "23001": Kind.CONFLICT,  # a key that another transaction names meanwhile (restrict, since PostgreSQL 18)
        "23503": Kind.CONFLICT,  # a key that another transaction took away or names meanwhile
        "23505": Kind.CONFLICT,  # a key that another transaction made meanwhile
        "24": Kind.SETUP,  # as 26, a cursor
        "25": Kind.CONNECTION,  # a state of the transaction that is not ours: it begins anew on another connection
        "25006": Kind.READ_ONLY,
        "25P03": Kind.TIMEOUT,
        "25P04": Kind.TIMEOUT,
        "26": Kind.SETUP,  # a prepared statement that a pooler took away
        "28": Kind.ACCESS,
        "2B": Kind.SETUP,
        "34": Kind.SETUP,
        "3D": Kind.SETUP,  # no such database
        "3F": Kind.SETUP,  # no such schema
        "3B": Kind.SETUP,
        "40": Kind.CONFLICT,  # deadlock, serialization
        "42": Kind.SETUP,  # tables and columns of another version: our statements are fixed, no command words them
        "42501": Kind.ACCESS,
        "53": Kind.SERVER,
        "53100": Kind.DISK,
        "53200": Kind.MEMORY,
        "53300": Kind.CONNECTIONS,
        "54": Kind.VALUE,  # more than a row, an index or a statement holds
        "55": Kind.CONFLICT,  # locks, objects in use
        "57": Kind.STARTING,
        "57014": Kind.TIMEOUT,
        "57P05": Kind.TIMEOUT,
        "58": Kind.SERVER,  # input and output
        "72": Kind.CONFLICT,  # snapshot too old
        "F0": Kind.SETUP,
        "HV": Kind.SERVER,  # a foreign server behind a table or a trigger
        "P0": Kind.VALUE,  # a trigger of upstream's says no
        "XX": Kind.SERVER,  # corruption, bugs
    }
)
"""What a SQLSTATE, or else its class (the first two characters), is. Any other is a trigger's or an extension's word
on the row, and so of the data."""

ERRORS: Final[Mapping[type[BaseException], Kind]] = MappingProxyType(
    {
        # ours
        FencedError: Kind.FENCED,
        StaleReferenceError: Kind.CONFLICT,
        # this machine and the network
        OSError: Kind.CONNECTION,
        socket.gaierror: Kind.CONNECTION,
        EOFError: Kind.CONNECTION,
        ssl.SSLError: Kind.ACCESS,
        PermissionError: Kind.ACCESS,
        TimeoutError: Kind.TIMEOUT,
        asyncio.CancelledError: Kind.TIMEOUT,
        MemoryError: Kind.MEMORY,
        # asyncpg, where the server is not the one who speaks
        asyncpg.InterfaceError: Kind.CONNECTION,
        asyncpg.InternalClientError: Kind.CONNECTION,
        asyncpg.exceptions.OutdatedSchemaCacheError: Kind.SETUP,
        asyncpg.exceptions.TargetServerAttributeNotMatched: Kind.READ_ONLY,
        asyncpg.exceptions.ClientConfigurationError: Kind.SETUP,
        asyncpg.exceptions.UnsupportedClientFeatureError: Kind.SETUP,
        asyncpg.exceptions.UnsupportedServerFeatureError: Kind.SETUP,
        asyncpg.exceptions._base.DataError: Kind.VALUE,  # a value that asyncpg could not encode
        # SQLAlchemy: it connects, and runs no statement of a batch
        sqlalchemy.exc.SQLAlchemyError: Kind.CONNECTION,
        sqlalchemy.exc.TimeoutError: Kind.CONNECTIONS,
        # Kafka: records were let in by the broker, and what we send is cut to fit: no command is at fault
        kafka.KafkaError: Kind.BROKER,
        kafka.ConsumerStoppedError: Kind.CONNECTION,
        kafka.IllegalOperation: Kind.SETUP,
        kafka.KafkaConnectionError: Kind.CONNECTION,
        kafka.KafkaUnavailableError: Kind.CONNECTION,
        kafka.NoBrokersAvailable: Kind.CONNECTION,
        kafka.NodeNotReadyError: Kind.CONNECTION,
        kafka.MetadataEmptyBrokerList: Kind.CONNECTION,
        kafka.Cancelled: Kind.CONNECTION,
        kafka.CorrelationIdError: Kind.CONNECTION,
        kafka.KafkaProtocolError: Kind.CONNECTION,
        kafka.KafkaTimeoutError: Kind.TIMEOUT,
        kafka.RequestTimedOutError: Kind.TIMEOUT,
        kafka.KafkaStorageError: Kind.DISK,
        kafka.LogDirNotFound: Kind.DISK,
        # who may do what
        kafka.AuthenticationFailedError: Kind.ACCESS,
        kafka.AuthenticationMethodNotSupported: Kind.ACCESS,
        kafka.SaslAuthenticationFailed: Kind.ACCESS,
        kafka.UnsupportedSaslMechanismError: Kind.ACCESS,
        kafka.IllegalSaslStateError: Kind.ACCESS,
        kafka.SecurityDisabled: Kind.ACCESS,
        kafka.TopicAuthorizationFailedError: Kind.ACCESS,
        kafka.GroupAuthorizationFailedError: Kind.ACCESS,
        kafka.ClusterAuthorizationFailedError: Kind.ACCESS,
        kafka.TransactionalIdAuthorizationFailed: Kind.ACCESS,
        kafka.DelegationTokenAuthDisabled: Kind.ACCESS,
        kafka.DelegationTokenAuthorizationFailed: Kind.ACCESS,
        kafka.DelegationTokenExpired: Kind.ACCESS,
        kafka.DelegationTokenNotFound: Kind.ACCESS,
        kafka.DelegationTokenOwnerMismatch: Kind.ACCESS,
        kafka.DelegationTokenRequestNotAllowed: Kind.ACCESS,
        kafka.InvalidPrincipalType: Kind.ACCESS,
        # what an operator has set, or not
        kafka.MessageSizeTooLargeError: Kind.SETUP,  # max.message.bytes is below what design 3 asks for
        kafka.RecordListTooLargeError: Kind.SETUP,
        kafka.RecordTooLargeError: Kind.SETUP,
        kafka.InvalidTopicError: Kind.SETUP,
        kafka.UnknownTopicOrPartitionError: Kind.SETUP,
        kafka.InvalidTimestampError: Kind.SETUP,  # this machine's clock is far off
        kafka.InvalidConfigurationError: Kind.SETUP,
        kafka.KafkaConfigurationError: Kind.SETUP,
        kafka.PolicyViolationError: Kind.SETUP,
        kafka.UnsupportedVersionError: Kind.SETUP,
        kafka.UnsupportedCodecError: Kind.SETUP,
        kafka.UnsupportedForMessageFormatError: Kind.SETUP,
        kafka.IncompatibleBrokerVersion: Kind.SETUP,
        kafka.UnrecognizedBrokerVersion: Kind.SETUP,
        kafka.InvalidSessionTimeoutError: Kind.SETUP,
        kafka.InvalidGroupIdError: Kind.SETUP,
        kafka.InconsistentGroupProtocolError: Kind.SETUP,
        # a producer that the broker does not take for the same any more
        kafka.OutOfOrderSequenceNumber: Kind.PRODUCER,
        kafka.DuplicateSequenceNumber: Kind.PRODUCER,
        kafka.UnknownProducerId: Kind.PRODUCER,
        kafka.InvalidProducerEpoch: Kind.PRODUCER,
        kafka.InvalidProducerIdMapping: Kind.PRODUCER,
        kafka.ProducerFenced: Kind.PRODUCER,
        kafka.ProducerClosed: Kind.PRODUCER,
        # the group has gone on without us, or gave the partition to another
        kafka.IllegalStateError: Kind.FENCED,
        kafka.IllegalGenerationError: Kind.FENCED,
        kafka.UnknownMemberIdError: Kind.FENCED,
        kafka.RebalanceInProgressError: Kind.FENCED,
        kafka.CommitFailedError: Kind.FENCED,
    }
)
"""What an error is by its class, or else by the nearest class that it derives from."""

_ENDS_THE_CONNECTION: Final = ("FATAL", "PANIC")
_CLOSED: Final = "the handler is closed"
"""How uvloop calls a connection that is written to after it broke."""


def kind_of(error: BaseException) -> Kind:
    """What an error is; what nobody foresaw counts as the data's, so that it comes to a stop."""
    cause = _driver_error(error)
    if cause is not error:
        return _of_connecting(kind_of(cause))
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        kind = SQLSTATES.get(state) or SQLSTATES.get(state[:2], Kind.VALUE)
        return _of_connecting(kind) if error.severity_en in _ENDS_THE_CONNECTION else kind
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Kind.DISK
    if type(error) is RuntimeError and _CLOSED in str(error):
        return Kind.CONNECTION
    return next((ERRORS[base] for base in type(error).__mro__ if base in ERRORS), Kind.UNFORESEEN)


def classify(error: BaseException) -> Fault:
    """Whose fault an error is."""
    return kind_of(error).fault


def delays(first: float = 0.05, longest: float = 5.0) -> Iterator[float]:
    """Seconds to wait before each further attempt, without end: exponential, with full jitter."""
    bound = first
    while True:
        yield random.uniform(0, bound)  # noqa: S311 - spreads attempts, keeps no secret
        bound = min(bound * 2, longest)


def describe(error: BaseException) -> str:
    """One line for a log: what is awaited and what was met, without the detail, which may quote a row.

    Of an error of the data no message is told, as by `locate`.
    """
    kind = kind_of(error)
    if kind.fault is Fault.DATA:
        return locate(error)
    error = _driver_error(error)
    text = str(error).strip().partition("\n")[0]
    return ": ".join(filter(None, (AWAITED.get(kind), type(error).__name__, text)))


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


def _of_connecting(kind: Kind) -> Kind:
    """What an error is where no command was under way: a value is then one of the connection's settings."""
    return kind if kind.fault is Fault.WORLD else Kind.SETUP


def _driver_error(error: BaseException) -> BaseException:
    """What the driver met, where SQLAlchemy wrapped it; else the error itself."""
    if isinstance(error, sqlalchemy.exc.DBAPIError) and error.orig is not None:
        return error.orig.__cause__ or error.orig
    return error


def _is_ours(frame: FrameType) -> bool:
    return frame.f_globals.get("__name__", "").partition(".")[0] in ("service", "l1_walk_contracts")
