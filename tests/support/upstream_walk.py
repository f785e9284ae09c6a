"""The walk that every program of examples/upstream publishes: its row and its events, in full but for when it was."""

import json
import re
import uuid
from dataclasses import asdict
from typing import Any

from aiokafka.partitioner import DefaultPartitioner

from l1_walk_contracts import Event

ACCOUNT = uuid.UUID("7c9e6679-7425-40de-944b-e07fc1f90ae7")
USER = uuid.UUID("550e8400-e29b-41d4-a716-446655440000")
TICKET = {"id": "T20260131.0042", "kind": "psa"}
NOTES = "Plugged the cable back in – it works."
STEP = {
    "node_id": "link-light",
    "question": "Is the link light on?",
    "answer": "no",
    "user_id": str(USER),
    "kind": "step",
}
ROW = {
    "account_id": ACCOUNT,
    "created_by_user_id": USER,
    "acting_as": None,
    "ticket_id": TICKET["id"],
    "ticket_kind": TICKET["kind"],
    "session_kind": "ai_build",
    "flow_id": None,
    "flow_proposal_id": None,
    "current_node_id": "link-light",
    "walked_path": [STEP],
    "walk_notes": [],
    "status": "resolved",
    "resolution_notes": NOTES,
    "helpful": True,
    "escalation_reason": None,
    "escalation_reason_category": None,
    "version": 3,
}
SUMMARY = f"""L1 walk of ticket T20260131.0042: RESOLVED
When: then
Who: L1 technician
What: a flow built by AI on the way: 1 step

RESOLUTION
{NOTES}
Did the walk help? Yes

STEPS
1. [then] Is the link light on?
   -> no"""
WALK = {
    "account_id": ACCOUNT,
    "ticket": TICKET,
    "session_kind": "ai_build",
    "flow_id": None,
    "flow_proposal_id": None,
    "created_by": USER,
    "acting_as": None,
}
STARTED = {**WALK, "start_node_id": "link-light"}
RESOLVED = {
    **WALK,
    "user_id": USER,
    "walked_path": [STEP],
    "walk_notes": [],
    "path_count": 1,
    "note_count": 0,
    "summary": SUMMARY,
    "customer_summary": "Your request (ticket T20260131.0042) has been resolved.\n\n"
    f"What was done:\n{NOTES}\n\nWorked on: then.",
    "truncated": None,
    "resolution_notes": NOTES,
    "helpful": True,
}


def what_is_shown(said: str) -> tuple[str, str]:
    """The session and its summary, of a program that shows the event as JSON, or readable."""
    if said.startswith("{"):
        event = json.loads(said)
        return event["subject"], event["data"]["summary"]
    first, _, summary = said.strip().partition("\n")
    found = re.fullmatch(r"resolved: T20260131\.0042, walk (\S+)", first)
    assert found, said
    return found[1], summary


def usual_partition(session_id: str, partitions: int) -> int:
    """Where Java's clients and aiokafka send the commands of a walk."""
    return int(DefaultPartitioner()(session_id.encode(), list(range(partitions)), []))


def data_of(event: Event, session_id: str, **expected: Any) -> Any:
    """The event's data without its times, which must be these, and without its session, which must be this."""
    data = asdict(event.data)
    assert str(data.pop("session_id")) == session_id
    assert {name: data.pop(name) for name in expected} == expected
    return timeless(data)


def timeless(value: Any) -> Any:
    """The value, with `then` in its texts for when that was, and without the times of path entries."""
    match value:
        case dict():
            return {name: timeless(member) for name, member in value.items() if name != "at"}
        case list() | tuple():
            return [timeless(member) for member in value]
        case str():
            text = re.sub(r"^(When: |Worked on: )[^.\n]*", r"\1then", value, flags=re.MULTILINE)
            return re.sub(r"\[\d\d:\d\d\]", "[then]", text)
        case _:
            return value
