"""What the outside depends on for ever: ids and names do not change."""

from uuid import UUID, uuid5

from l1_walk_contracts import EventKind, Topics, Verb, ended_id, event_id, rejection_id, started_id
from l1_walk_contracts.ids import NAMESPACE

SESSION = "0b9d6f5e-3c1a-4d6e-8f57-2a9c4e1d7b30"


def test_ids_are_uuid5_in_one_namespace() -> None:
    names = {
        started_id(SESSION): f"{SESSION}/started",
        ended_id(SESSION): f"{SESSION}/ended",
        event_id(SESSION, 4, EventKind.FEEDBACK_RECORDED.type): f"{SESSION}/4/l1.walk.feedback-recorded.v1",
        rejection_id("l1.walk.commands", 7, 1402, b"\x00\xff"): "l1.walk.commands/7/1402/00ff",
    }
    assert {str(uuid5(NAMESPACE, name)): name for name in names.values()} == names
    for number in range(200):
        made = UUID(ended_id(str(number)))
        assert (made, made.version) == (uuid5(NAMESPACE, f"{number}/ended"), 5)


def test_ids_stay_what_they_are() -> None:
    assert started_id(SESSION) == "c42352bd-2eaa-524b-aac5-45979ea65ffd"
    assert ended_id(SESSION) == "28b5ca2e-1d8a-56e6-adea-dbcb52e17dde"


def test_topics() -> None:
    assert Topics().all() == (
        "l1.walk.commands",
        "l1.walk.references",
        "l1.walk.resolved",
        "l1.walk.escalated",
        "l1.walk.lifecycle",
        "l1.walk.rejected",
        "l1.walk.dead-letter",
    )
    assert Topics("acme").commands == "acme.commands"
    assert {kind: Topics().for_event(kind) for kind in EventKind} == {
        EventKind.STARTED: "l1.walk.lifecycle",
        EventKind.RESOLVED: "l1.walk.resolved",
        EventKind.ESCALATED: "l1.walk.escalated",
        EventKind.ABANDONED: "l1.walk.lifecycle",
        EventKind.FEEDBACK_RECORDED: "l1.walk.lifecycle",
        EventKind.PROPOSAL_VALIDATED: "l1.walk.lifecycle",
        EventKind.COMMAND_REJECTED: "l1.walk.rejected",
    }


def test_types() -> None:
    assert Verb.REPLACE_NOTES.type == "l1.walk.replace-notes.v1"
    assert EventKind.COMMAND_REJECTED.type == "l1.walk.command-rejected.v1"
