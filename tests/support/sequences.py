"""Sequences of commands that come to every outcome: for suites that run on the fake worker and on the real one."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from l1_walk_contracts import NoteItem, OutRecord, RejectionReason
from l1_walk_contracts.testing import Factory
from l1_walk_contracts.testing.factory import BEGAN

PATH_LIMIT = 500


@dataclass
class Sequence:
    """Commands in the order in which they are sent.

    Attributes:
        gone: an account that is gone before they come.
        reasons: of the rejections that must come of them, in order.
    """

    name: str
    records: list[OutRecord]
    reasons: list[RejectionReason] = field(default_factory=list)
    gone: UUID | None = None


def sequences() -> Iterator[Sequence]:
    """All of them, the same each time."""
    factory = Factory(11)
    yield Sequence("resolved", factory.resolved_walk())
    yield Sequence("escalated", factory.escalated_walk())
    yield _every_verb(factory)
    yield _refused(factory)
    yield _about_the_message(factory)
    yield _limits(factory)
    yield _put_aside(factory)
    walk = factory.walk()
    yield Sequence(
        "of an account that is gone",
        [walk.start_adhoc(factory.ticket())],
        [RejectionReason.UNKNOWN_REFERENCE],
        gone=walk.account_id,
    )


def _every_verb(factory: Factory) -> Sequence:
    walk, other, third, fourth = (factory.walk() for _ in range(4))
    ticket = factory.ticket()
    records = [
        walk.start_proposal(ticket, factory.uuid(), "root"),
        walk.step("root", "yes", next_node_id="leaf", note="It hums."),
        walk.rewind("root"),
        walk.by(factory.uuid(), acting_as="l1_coverage").step("root", "no"),
        walk.note("One.", "root"),
        walk.replace_notes(NoteItem("Two."), NoteItem("Three.", "leaf")),
        walk.resolve("Done.", helpful=False),
        walk.feedback(helpful=True),
        walk.feedback(helpful=True),
        other.start_ai_build(ticket),
        other.step("made-up", "yes", expected_version=1),
        other.abandon("Nobody there."),
        third.escalate_without_walk(ticket, "The site is down.", "outage"),
        fourth.start_adhoc(ticket),
        fourth.escalate("No idea."),
    ]
    return Sequence("every verb", records)


def _refused(factory: Factory) -> Sequence:
    """Each rule of a walk that exists."""
    walk, adhoc = factory.walk(), factory.walk()
    start = walk.start_flow(factory.ticket(), factory.uuid(), "root")
    records = [
        start,
        start,
        walk.start_adhoc(factory.ticket()),
        walk.feedback(helpful=True),
        walk.note("Late.", expected_version=7),
        walk.step("elsewhere", "yes"),
        walk.rewind("never-walked"),
        walk.abandon(idle_since=BEGAN - timedelta(days=1)),
        adhoc.start_adhoc(factory.ticket()),
        adhoc.step("node", "yes"),
        walk.resolve("Done."),
        walk.note("Too late."),
    ]
    reasons = [
        RejectionReason.SESSION_EXISTS,
        RejectionReason.NOT_RESOLVED,
        RejectionReason.VERSION_CONFLICT,
        RejectionReason.STALE_NODE,
        RejectionReason.NODE_NOT_WALKED,
        RejectionReason.NOT_IDLE,
        RejectionReason.ADHOC_HAS_NO_NODES,
        RejectionReason.SESSION_NOT_ACTIVE,
    ]
    return Sequence("refused by a rule", records, reasons)


def _about_the_message(factory: Factory) -> Sequence:
    walk = factory.walk()
    stranger = factory.walk(session_id=walk.session_id)
    start = walk.start_adhoc(factory.ticket(), id="the-same")
    records = [
        walk.note("Too early."),
        start,
        stranger.note("Not mine."),
        walk.note("Another under that id.", id="the-same"),
        _with(walk.note("x"), text="  ", node_id="n" * 101),
        walk.note("Here.")._replace(key=b"another key"),
    ]
    reasons = [
        RejectionReason.SESSION_NOT_FOUND,
        RejectionReason.SESSION_NOT_FOUND,
        RejectionReason.ID_REUSED,
        RejectionReason.INVALID,
        RejectionReason.INVALID,
    ]
    return Sequence("about the message", records, reasons)


def _limits(factory: Factory) -> Sequence:
    walk, noted = factory.walk(), factory.walk()
    steps = [walk.step("n", "yes") for _ in range(PATH_LIMIT + 1)]
    many = [NoteItem("x" * 30_000)] * 9
    return Sequence(
        "up to the limits",
        [
            walk.start_flow(factory.ticket(), factory.uuid()),
            *steps,
            noted.start_adhoc(factory.ticket()),
            noted.replace_notes(*many),
            noted.resolve("Done."),
            walk.escalate("It never ends."),
        ],
        [RejectionReason.STEP_LIMIT, RejectionReason.NOTES_TOO_LARGE],
    )


def _put_aside(factory: Factory) -> Sequence:
    """What nobody can read, and a type of later: its walk is held, what follows is parked."""
    walk = factory.walk()
    later = walk.note("In the words of a later version.")
    return Sequence(
        "put aside",
        [
            walk.start_adhoc(factory.ticket()),
            walk.note("x")._replace(value=b"{"),
            later._replace(value=later.value.replace(b"l1.walk.note.v1", b"l1.walk.note.v2")),
            walk.resolve("It waits."),
        ],
    )


def _with(record: OutRecord, **fields: Any) -> OutRecord:
    envelope = json.loads(record.value)
    envelope["data"] |= fields
    return record._replace(value=json.dumps(envelope).encode())
