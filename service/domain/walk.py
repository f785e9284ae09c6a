"""What is done on the way: steps, rewinds and notes."""

from l1_walk_contracts import (
    Command,
    NoteData,
    RejectionReason,
    ReplaceNotesData,
    RewindData,
    SessionKind,
    StepData,
    limits,
)
from service.domain.decision import Accepted
from service.domain.path import (
    awaited_node,
    json_bytes,
    note_entry,
    rewind_entry,
    step_entry,
    was_walked,
)
from service.domain.rules import Rules
from service.domain.session import Session, follow
from service.domain.text import id_text


def step(session: Session, data: StepData, command: Command, rules: Rules) -> Accepted | RejectionReason:
    """An answer at the node where the walk stands."""
    if session.session_kind is SessionKind.ADHOC:
        return RejectionReason.ADHOC_HAS_NO_NODES
    awaited = awaited_node(session)
    if awaited is not None and awaited != data.node_id:
        return RejectionReason.STALE_NODE
    entry = step_entry(data, command.time)
    return _go_on(session, entry, data.next_node_id or data.node_id, command, rules)


def rewind(session: Session, data: RewindData, command: Command, rules: Rules) -> Accepted | RejectionReason:
    """Back to a node already walked; the path keeps what was walked, and the rewind."""
    if session.session_kind is SessionKind.ADHOC:
        return RejectionReason.ADHOC_HAS_NO_NODES
    if not was_walked(session, data.node_id):
        return RejectionReason.NODE_NOT_WALKED
    return _go_on(session, rewind_entry(data, command.time), data.node_id, command, rules)


def note(session: Session, data: NoteData, command: Command, _rules: Rules) -> Accepted | RejectionReason:
    """A remark, added to those that stand."""
    entry = note_entry(data.text, data.node_id, id_text(data.user_id), command.time)
    return _with_notes(session, (*session.walk_notes, entry), command)


def replace_notes(
    session: Session, data: ReplaceNotesData, command: Command, _rules: Rules
) -> Accepted | RejectionReason:
    """These remarks in the place of all that stand."""
    user_id = id_text(data.user_id)
    entries = tuple(note_entry(item.text, item.node_id, user_id, command.time) for item in data.notes)
    return _with_notes(session, entries, command)


def _go_on(
    session: Session, entry: dict[str, str], node_id: str, command: Command, rules: Rules
) -> Accepted | RejectionReason:
    path = (*session.walked_path, entry)
    if len(path) > rules.path_limit or json_bytes(path) > limits.PATH_BYTES:
        return RejectionReason.STEP_LIMIT
    return Accepted(follow(session, command.time, walked_path=path, current_node_id=node_id))


def _with_notes(session: Session, notes: tuple[object, ...], command: Command) -> Accepted | RejectionReason:
    if json_bytes(notes) > limits.NOTES_BYTES:
        return RejectionReason.NOTES_TOO_LARGE
    return Accepted(follow(session, command.time, walk_notes=notes))
