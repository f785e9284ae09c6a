"""Commands that were handled only after we looked: what they caused is nobody's fault."""

import sqlite3
from collections.abc import Sequence
from uuid import UUID

from aiokafka import ConsumerRecord

from l1_walk_contracts import Record, Settle, Unreadable, decode_command

ANY = ""
"""In the place of a command: the dead letters of this session were settled, so any of its commands may be meant."""


def note(spill: sqlite3.Connection, records: Sequence[ConsumerRecord]) -> None:
    """Note which commands these are."""
    messages = [decode_command(Record(r.key, r.value, r.headers, r.timestamp)) for r in records]
    spill.executemany(
        "INSERT OR IGNORE INTO later VALUES (?, ?)",
        (
            (UUID(message.session_id).bytes, ANY if isinstance(message, Settle) else message.id)
            for message in messages
            if not isinstance(message, Unreadable)
        ),
    )
