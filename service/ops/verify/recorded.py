"""What was recorded of a command and is taken as given: rejections that hang on the moment, and faults."""

import sqlite3
from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

import msgspec

from l1_walk_contracts import (
    Command,
    FieldError,
    Invalid,
    RejectionReason,
    SessionKind,
    Settle,
    TicketKind,
    Unreadable,
    Unsupported,
)
from service.domain.session import Session
from service.domain.timestamps import EPOCH
from service.pipeline.decode import Decoded, Failed
from service.pipeline.fold import Known
from service.store.dead_letters import PARKED
from service.store.held import Hold
from service.store.references import Reference

_NOBODY = UUID(int=0)
_OF_ANY_WALK = frozenset(
    {
        RejectionReason.INVALID,
        RejectionReason.ID_REUSED,
        RejectionReason.UNKNOWN_REFERENCE,
        RejectionReason.SESSION_EXISTS,
        RejectionReason.SESSION_NOT_FOUND,
    }
)
_OTHER_DIGEST = b"other"
ANY_VERSION = -1
"""Of a session whose version nobody told."""


class Rejection(NamedTuple):
    """A rejection as the topic has it."""

    reason: str
    errors: tuple[FieldError, ...]
    version: int | None
    """The session's, as upstream was told."""
    bodiless: bool
    """The account was gone."""

    @property
    def by_walk(self) -> bool:
        """It hangs on what had become of the walk."""
        return self.reason not in _OF_ANY_WALK

    @property
    def strayed(self) -> bool:
        """It came from another partition than its session's."""
        return self.reason == RejectionReason.INVALID and [e.field for e in self.errors] == ["partition"]


class Fault(NamedTuple):
    """A dead letter as the table has it, or only the topic (`attempts` is None)."""

    letter_class: str
    error: str
    attempts: int | None


class Recorded:
    """Looks up what was recorded of the record at a place of the commands topic."""

    def __init__(self, spill: sqlite3.Connection) -> None:
        self._spill = spill
        self._rejections = _any(spill, "rejections")
        self._letters = _any(spill, "kept_letters")
        self._told_letters = _any(spill, "found_letters")

    def rejection(self, one: Decoded) -> Rejection | None:
        """That of this command."""
        if not self._rejections:
            return None
        row = self._spill.execute(_REJECTION, (one.partition, one.offset)).fetchone()
        if row is None:
            return None
        reason, errors, version, bodiless = row
        return Rejection(reason, _read_errors(errors) if errors else (), version, bool(bodiless))

    def fault(self, one: Decoded) -> Fault | None:
        """What the worker found wrong with this record; None where it handled or parked it.

        A letter that only the topic remembers counts where nothing tells that its command went through since.
        """
        if self._letters:
            row = self._spill.execute(_LETTER, (one.partition, one.offset)).fetchone()
            if row is not None:
                return None if row[0] == PARKED else Fault(*row)
        if self._told_letters:
            row = self._spill.execute(_TOLD_LETTER, (one.partition, one.offset)).fetchone()
            if row is not None and not self._went_through(one):
                return Fault(row[0], row[1], None)
        return None

    def was_parked(self, one: Decoded) -> bool:
        """Whether the worker parked this record."""
        if not self._letters:
            return False
        row = self._spill.execute(_LETTER, (one.partition, one.offset)).fetchone()
        return row is not None and row[0] == PARKED

    def attempts(self, partition: int, offset: int) -> Fault | None:
        """How often the letter of this place failed again, as the table has it."""
        row = self._spill.execute(_LETTER, (partition, offset)).fetchone()
        return None if row is None else Fault(*row)

    def _went_through(self, one: Decoded) -> bool:
        if self.rejection(one) is not None:
            return True
        message = one.message
        if not isinstance(message, Command):
            return False
        key = (UUID(message.session_id).bytes, message.source, message.id, one.partition, one.offset)
        return self._spill.execute(_HANDLED, key).fetchone() is not None


def put_aside(one: Decoded, fault: Fault) -> Decoded:
    """The record as the worker saw it that could not handle it."""
    if fault.letter_class == "unreadable":
        return one._replace(message=Unreadable(fault.error), session_id=None, digest=b"", references=())
    if isinstance(one.message, Unsupported) and fault.letter_class == "unsupported":
        return one
    return one.failing(fault.error)


def as_rejected(one: Decoded, rejection: Rejection) -> Known:
    """What the database must have said for this rejection: what hangs on the moment is as recorded."""
    id_, message = one.session_id, one.message
    assert id_ is not None
    assert not isinstance(message, Unreadable | Settle | Failed)
    account = one.references[0][1].id if one.references else _NOBODY
    known = Known({}, {}, unknown_to(one, rejection), gone_to(one, rejection))
    if rejection.strayed and rejection.version is None:
        known.held = {id_: Hold(id_, _NOBODY, one.partition + 1)}
    elif rejection.version is not None:
        home = one.partition + 1 if rejection.strayed else None
        known.sessions = {id_: _session(id_, account, rejection.version, home)}
    elif rejection.reason == RejectionReason.SESSION_EXISTS:
        known.sessions = {id_: _session(id_, _NOBODY, ANY_VERSION, one.partition)}
    if rejection.reason == RejectionReason.ID_REUSED:
        known.seen = {(id_, message.source, message.id): _OTHER_DIGEST}
    return known


def from_elsewhere(one: Decoded) -> Known:
    """What the database said of a session that lives in another partition."""
    assert one.session_id is not None
    account = one.references[0][1].id if one.references else _NOBODY
    return Known({one.session_id: _session(one.session_id, account, 1, one.partition + 1)}, {}, (), ())


def unknown_to(one: Decoded, rejection: Rejection | None) -> Collection[Reference]:
    """The references that the rejection calls unknown."""
    if rejection is None or rejection.reason != RejectionReason.UNKNOWN_REFERENCE:
        return ()
    fields = {error.field for error in rejection.errors}
    return {reference for name, reference in one.references if name in fields}


def gone_to(one: Decoded, rejection: Rejection | None) -> Collection[Reference]:
    """The account, where the rejection shows that it was gone."""
    return {one.references[0][1]} if rejection is not None and rejection.bodiless and one.references else ()


def refused(one: Decoded, command: Settle, rejection: Rejection) -> Decoded:
    """A command that settles no letter, as it was rejected."""
    message = Invalid(
        command.session_id,
        command.source,
        command.id,
        command.verb,
        command.type,
        rejection.errors,
        command.raw_data,
        None,
        command.traceparent,
    )
    return one._replace(message=message, session_id=UUID(command.session_id))


def _session(id_: UUID, account: UUID, version: int, home: int | None) -> Session:
    return Session(
        id=id_,
        account_id=account,
        created_by_user_id=_NOBODY,
        ticket_id="",
        ticket_kind=TicketKind.PSA,
        session_kind=SessionKind.ADHOC,
        started_at=EPOCH,
        last_step_at=EPOCH,
        version=version,
        home_partition=home,
    )


def _any(spill: sqlite3.Connection, table: str) -> bool:
    return spill.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is not None  # noqa: S608  names of ours


_read_errors = msgspec.json.Decoder(tuple[FieldError, ...]).decode

_REJECTION = """
SELECT reason, errors, version, bodiless FROM rejections WHERE partition = ? AND "offset" = ?
"""
_LETTER = 'SELECT class, error, attempts FROM kept_letters WHERE partition = ? AND "offset" = ?'
_TOLD_LETTER = """
SELECT class, error FROM found_letters WHERE partition = ? AND "offset" = ? ORDER BY at_offset LIMIT 1
"""
_HANDLED = """
SELECT 1 FROM kept_inbox WHERE session = ? AND source = ? AND command = ? AND partition = ? AND "offset" = ?
"""
