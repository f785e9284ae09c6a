"""What a factory makes keeps the contract, and is the same for the same seed."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from l1_walk_contracts import (
    Command,
    EventKind,
    Record,
    TerminalData,
    TicketKind,
    Topics,
    Verb,
    decode_command,
    decode_event,
    ended_id,
    started_id,
)
from l1_walk_contracts.testing import Factory


@given(st.integers(), st.sampled_from(Verb))
def test_every_command_is_taken(seed: int, verb: Verb) -> None:
    record = Factory(seed).command(verb)
    read = decode_command(Record(record.key, record.value, record.headers))
    assert isinstance(read, Command), read
    assert read.verb is verb


@given(st.integers(), st.sampled_from(EventKind))
def test_every_event_is_read_as_it_was_made(seed: int, kind: EventKind) -> None:
    event, record = Factory(seed).event(kind), Factory(seed).event_record(kind)
    read = decode_event(record)
    assert (read.id, read.kind, read.session_id, read.time) == (event.id, kind, event.session_id, event.time)
    if isinstance(read.data, TerminalData):
        assert (read.data.ended_at - read.data.started_at).total_seconds() == read.data.duration_seconds
        assert read.id == ended_id(read.session_id)
    if kind is EventKind.STARTED:
        assert read.id == started_id(read.session_id)


def test_the_same_seed_makes_the_same_and_each_thing_is_another() -> None:
    def made(seed: int) -> list[Any]:
        factory = Factory(seed)
        records = [*factory.resolved_walk(), *factory.escalated_walk()]
        return [*records, *(factory.event_record(EventKind.RESOLVED) for _ in range(3))]

    assert made(1) == made(1)
    assert made(1) != made(2)
    assert len({record.value for record in made(1)}) == len(made(1))


def test_what_is_asked_for_is_in_it() -> None:
    factory = Factory(topics=Topics("acme"))
    session = UUID(int=5)
    record = factory.command(Verb.NOTE, session_id=session, text="Here.")
    assert (record.topic, record.key) == ("acme.commands", str(session).encode())
    assert b"Here." in record.value
    event = factory.event(EventKind.ESCALATED, reason="No idea.", ticket=factory.ticket(TicketKind.INTERNAL))
    assert event.data.reason == "No idea."  # type: ignore[union-attr]
    assert event.data.ticket.kind is TicketKind.INTERNAL  # type: ignore[union-attr]


def test_what_breaks_the_contract_is_refused() -> None:
    with pytest.raises(ValidationError, match="text"):
        Factory().data(Verb.NOTE, text="")
    with pytest.raises(TypeError, match="nonsense"):
        Factory().event(EventKind.STARTED, nonsense=1)
