"""Walks that ended, as the worker publishes them."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from aiokafka import AIOKafkaProducer

from l1_walk_contracts import (
    EscalatedData,
    Event,
    EventKind,
    OutRecord,
    ResolvedData,
    SessionKind,
    Ticket,
    TicketKind,
    Topics,
    encode_event,
    ended_id,
)

ACCOUNT = UUID("7c9e6679-7425-40de-944b-e07fc1f90ae7")
TECHNICIAN = UUID("550e8400-e29b-41d4-a716-446655440000")
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def ended(
    ticket: str, *, resolved: bool = True, at: datetime = NOON, internal: bool = False, **data: Any
) -> Event:
    """The event of a walk of that ticket that ended at that time; other fields of its data by name."""
    session = uuid4()
    fields: dict[str, Any] = {
        "session_id": session,
        "account_id": ACCOUNT,
        "ticket": Ticket(ticket, TicketKind.INTERNAL if internal else TicketKind.PSA),
        "session_kind": SessionKind.ADHOC,
        "created_by": TECHNICIAN,
        "user_id": TECHNICIAN,
        "started_at": at - timedelta(minutes=10),
        "ended_at": at,
        "duration_seconds": 600,
        "active_seconds": 480,
        "walked_path": [],
        "walk_notes": [],
        "path_count": 0,
        "note_count": 0,
        "summary": f"L1 walk of ticket {ticket}: {session}\nThe cable was loose.",
        "customer_summary": f"Your request (ticket {ticket}) was worked on. {session}",
    } | data
    kind = EventKind.RESOLVED if resolved else EventKind.ESCALATED
    return Event(
        id=ended_id(str(session)),
        kind=kind,
        source="/l1-walk-worker",
        session_id=str(session),
        time=at,
        account_id=ACCOUNT,
        session_version=4,
        causation_id="c",
        data=ResolvedData(**fields, resolution_notes="Plugged it in.")
        if resolved
        else EscalatedData(**fields, reason="The port is dead."),
    )


def later(event: Event, minutes: int, **changes: Any) -> Event:
    """Another walk of the same ticket, ended so much later (or, below 0, earlier)."""
    data = event.data
    assert isinstance(data, ResolvedData | EscalatedData)
    resolved = changes.pop("resolved", isinstance(data, ResolvedData))
    return ended(data.ticket.id, resolved=resolved, at=data.ended_at + timedelta(minutes=minutes), **changes)


async def publish(servers: str, prefix: str, events: Iterable[Event | OutRecord]) -> None:
    """Send each, in order, to the topic where it belongs."""
    topics = Topics(prefix)
    async with AIOKafkaProducer(bootstrap_servers=servers, enable_idempotence=True) as producer:
        sent = []
        for event in events:
            record = event if isinstance(event, OutRecord) else encode_event(replace(event), topics)
            sent.append(
                await producer.send(record.topic, record.value, key=record.key, headers=record.headers)
            )
        for acknowledged in sent:
            await acknowledged
