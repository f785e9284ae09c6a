"""What `encode_command` makes, the worker takes; what the worker would not take, it refuses to make."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid4

import pytest

from l1_walk_contracts import Command, FeedbackData, Record, Topics, Verb, decode_command, encode_command
from l1_walk_contracts.samples import ACCOUNT, COMMANDS, SESSION, STARTED, TECHNICIAN

FEEDBACK = COMMANDS[Verb.FEEDBACK]
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.mark.parametrize("verb", Verb)
@pytest.mark.parametrize("mode", ["structured", "binary"])
def test_a_command_is_read_as_it_was_made(verb: Verb, mode: Literal["structured", "binary"]) -> None:
    record = encode_command(
        COMMANDS[verb],
        session_id=SESSION,
        source="/Zürich",
        id="1",
        time=STARTED,
        traceparent=TRACEPARENT,
        mode=mode,
        topics=Topics("acme"),
    )
    read = decode_command(Record(record.key, record.value, record.headers))
    assert isinstance(read, Command), read
    assert (record.topic, record.key) == ("acme.commands", str(SESSION).encode())
    assert (read.session_id, read.source, read.id) == (str(SESSION), "/Zürich", "1")
    assert (read.verb, read.time, read.traceparent) == (verb, STARTED, TRACEPARENT)
    assert read.data == COMMANDS[verb]


def test_what_is_absent_is_left_out() -> None:
    record = encode_command(FEEDBACK, session_id=SESSION, source="s", id="1")
    assert b"null" not in record.value
    assert b'"time"' not in record.value


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"session_id": str(SESSION).upper()}, "session id"),
        ({"session_id": "x"}, "session id"),
        ({"source": ""}, "no usable source"),
        ({"source": "a\nb"}, "no usable source"),
        ({"source": "\ud800"}, "no usable source"),
        ({"id": "x" * 129}, "no usable id"),
        ({"id": "\udfff"}, "no usable id"),
        ({"time": datetime(2026, 1, 31)}, "time must be an RFC 3339 timestamp"),  # noqa: DTZ001 - naive
    ],
)
@pytest.mark.parametrize("mode", ["structured", "binary"])
def test_what_the_worker_would_not_take_is_refused(wrong: dict[str, Any], problem: str, mode: Any) -> None:
    arguments: dict[str, Any] = {"session_id": uuid4(), "source": "s", "id": "1"} | wrong
    with pytest.raises(ValueError, match=problem):
        encode_command(FEEDBACK, mode=mode, **arguments)


def test_data_that_went_round_the_rules_is_refused() -> None:
    data = FeedbackData.model_construct(
        account_id=UUID(int=1), user_id=UUID(int=2), acting_as="x" * 31, helpful=True
    )
    with pytest.raises(ValueError, match=r"data\.acting_as must have at most 30 characters"):
        encode_command(data, session_id=SESSION, source="s", id="1")


def test_a_message_that_is_too_large_is_refused() -> None:
    notes = COMMANDS[Verb.REPLACE_NOTES].model_validate(
        {"account_id": ACCOUNT, "user_id": TECHNICIAN, "notes": [{"text": "x" * 32_000}] * 17}
    )
    with pytest.raises(ValueError, match="over 512 KiB"):
        encode_command(notes, session_id=SESSION, source="s", id="1")
