"""Walks as they stand after the commands decided so far: those at work in memory, the others in the spill."""

import sqlite3
from uuid import UUID

import msgspec

from service.domain.session import Session
from service.ops.verify.prints import print_session

IN_MEMORY = 4_000
"""Walks held in memory, as many as two batches of the worker touch."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Session).decode


class Walk:
    """One walk."""

    __slots__ = ("head", "held_in", "session")

    def __init__(
        self, session: Session | None = None, head: UUID | None = None, held_in: int | None = None
    ) -> None:
        self.session = session
        self.head = head
        """The dead letter behind which it is held."""
        self.held_in = held_in
        """The partition in which it is held."""


class Walks:
    """All walks, by session id."""

    def __init__(self, spill: sqlite3.Connection) -> None:
        self._spill = spill
        self._near: dict[UUID, Walk] = {}

    def get(self, session_id: UUID) -> Walk | None:
        """A walk; None where no command has made one yet. What is changed of it is kept, once it was `put`."""
        walk = self._near.get(session_id)
        if walk is not None:
            return walk
        row = self._spill.execute(_GET, (session_id.bytes,)).fetchone()
        if row is None:
            return None
        state, head, held_in = row
        walk = Walk(state and _decode(state), head and UUID(bytes=head), held_in)
        self.put(session_id, walk)
        return walk

    def put(self, session_id: UUID, walk: Walk) -> None:
        """Keep a walk."""
        if len(self._near) >= IN_MEMORY and session_id not in self._near:
            self._spill_some(IN_MEMORY // 4)
        self._near[session_id] = walk

    def flush(self) -> None:
        """Bring all to the spill."""
        self._spill_some(len(self._near))

    def _spill_some(self, count: int) -> None:
        oldest = list(self._near.items())[:count]
        self._spill.executemany(_PUT, (_row(id_, walk) for id_, walk in oldest))
        for id_, _ in oldest:
            del self._near[id_]


def _row(id_: UUID, walk: Walk) -> tuple[object, ...]:
    session, head = walk.session, walk.head and walk.head.bytes
    if session is None:
        return id_.bytes, None, None, None, head, walk.held_in
    return (
        id_.bytes, _encode(session), print_session(session), session.account_id.bytes, head, walk.held_in,
    )  # fmt: skip


_GET = "SELECT state, head, held_in FROM walks WHERE session = ?"
_PUT = "INSERT OR REPLACE INTO walks VALUES (?, ?, ?, ?, ?, ?)"
