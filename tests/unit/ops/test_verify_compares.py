"""What `walk verify` compares by: prints of sessions, members of events, what of a partition is in reach."""

import json
import uuid
from datetime import UTC, datetime

import msgspec
import pytest

from l1_walk_contracts import SessionKind, TicketKind
from service.domain.session import Session
from service.ops.broker import Extent
from service.ops.verify.fields import differing_members
from service.ops.verify.prints import COLUMNS, differing, print_row, print_session
from service.ops.verify.reach import reaches
from service.ops.verify.snapshot import Snapshot
from service.ops.verify.told import event_key, event_name

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
SESSION = Session(
    id=uuid.uuid4(),
    account_id=uuid.uuid4(),
    created_by_user_id=uuid.uuid4(),
    ticket_id="T1",
    ticket_kind=TicketKind.PSA,
    session_kind=SessionKind.FLOW,
    walked_path=({"node_id": "a", "answer": "é"}, {"node_id": "b", "kind": "rewind"}),
    started_at=NOW,
    last_step_at=NOW,
    home_partition=3,
)


def row(session: Session) -> list[object]:
    """As PostgreSQL has it: JSON with keys and spaces of its own."""
    values = dict(zip(COLUMNS, msgspec.structs.astuple(session), strict=True))
    for name in ("walked_path", "walk_notes"):
        values[name] = json.dumps([dict(reversed(entry.items())) for entry in values[name]], indent=1)
    return [str(v) if isinstance(v, TicketKind | SessionKind) else v for v in values.values()]


def test_a_row_as_its_commands_made_it_has_the_same_print() -> None:
    assert print_row(row(SESSION)) == print_session(SESSION)
    assert differing(print_session(SESSION), print_session(SESSION)) == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("version", 2),
        ("helpful", False),
        ("walked_path", SESSION.walked_path[::-1]),
        ("resolution_notes", "None"),
        ("resolved_at", NOW),
    ],
)
def test_a_column_that_differs_is_named(name: str, value: object) -> None:
    other = msgspec.structs.replace(SESSION, **{name: value})
    assert differing(print_session(SESSION), print_row(row(other))) == (name,)


def test_members_of_an_event_that_differ_are_named() -> None:
    due = {"id": "1", "time": "t", "data": {"helpful": True, "reason": "r"}}

    def differ(found: object) -> tuple[str, ...]:
        return differing_members(json.dumps(due).encode(), json.dumps(found).encode())

    assert differ(due) == ("key or headers",)
    assert differ({**due, "data": {"helpful": False}}) == ("data.helpful", "data.reason")
    assert differ({**due, "time": "u", "more": 1}) == ("more", "time")
    assert differ({**due, "data": None}) == ("data",)
    assert differ([]) == ("value",)
    assert differing_members(json.dumps(due).encode(), None) == ("value",)


def test_an_event_is_known_by_its_id_whatever_that_is() -> None:
    known = str(uuid.uuid4())
    assert event_name(event_key(known)) == known
    for odd in ("forged", "x" * 36, "é"):
        assert event_name(event_key(odd)) == odd


def test_what_of_a_partition_is_in_reach() -> None:
    taken = Snapshot(
        NOW,
        next_offsets={0: 5, 1: 5, 2: 9, 3: 1},
        set_ranges={1: [(2, 4)]},
        other_topic=False,
        adopted=False,
        erased=(),
        owed=0,
    )
    extents = {0: Extent(0, 7), 1: Extent(0, 5), 2: Extent(0, 8), 3: Extent(2, 8), 4: Extent(0, 8)}
    found = reaches(taken, extents, None)
    assert {number: (part.stop, part.whole) for number, part in found.items()} == {
        0: (5, True),
        1: (5, False),
        2: (0, False),
        3: (2, False),
        4: (0, True),
    }
    assert [offset for offset in range(6) if found[1].was_set(offset)] == [2, 3]
    assert list(reaches(taken, extents, [3])) == [3]
