"""What a connector needs of an event: pure, from the record's key and value."""

from dataclasses import dataclass
from datetime import datetime

from l1_walk_contracts import (
    EscalatedData,
    Record,
    ResolvedData,
    TicketKind,
    UnknownEventType,
    decode_event,
)


@dataclass(frozen=True, slots=True)
class Walk:
    """A walk that ended, on a ticket of the PSA."""

    event_id: str
    """The same whenever the event comes again: what the walk is known by, here and in the PSA."""
    session_id: str
    account_id: str
    ticket_id: str
    user_id: str
    """The technician who ended it, a UUID of the product."""
    resolved: bool
    """False: escalated."""
    started_at: datetime
    ended_at: datetime
    """Of several walks of one ticket this tells the newest."""
    active_seconds: int
    summary: str
    """Internal: the technicians' words."""
    customer_summary: str
    """What the client may read."""

    @property
    def ticket(self) -> str:
        """What is kept in order: the ticket, of its account."""
        return f"{self.account_id}/{self.ticket_id}"

    @property
    def marker(self) -> str:
        """The line by which what was written for this walk is found again in the PSA."""
        return f"[l1-walk {self.event_id}]"


def read_walk(key: bytes | None, value: bytes | None) -> Walk | None:
    """The walk of a record; None for what is none of the PSA's business: an internal ticket, a type newer than we.

    Raises EventError for what cannot be read; its text never quotes the record.
    """
    try:
        event = decode_event(Record(key, value))
    except UnknownEventType:
        return None
    data = event.data
    if not isinstance(data, ResolvedData | EscalatedData) or data.ticket.kind is TicketKind.INTERNAL:
        return None
    return Walk(
        event_id=event.id,
        session_id=event.session_id,
        account_id=str(data.account_id),
        ticket_id=data.ticket.id,
        user_id=str(data.user_id),
        resolved=isinstance(data, ResolvedData),
        started_at=data.started_at,
        ended_at=data.ended_at,
        active_seconds=data.active_seconds,
        summary=data.summary,
        customer_summary=data.customer_summary,
    )
