"""The closed sets of words that cross the wire (design 2 to 7)."""

import re
from enum import StrEnum
from typing import Final

TYPE_PREFIX = "l1.walk."
"""Every CloudEvent type of ours begins with it; it is not the topic prefix, which is a setting."""


class Verb(StrEnum):
    """What a command wishes for (design 5)."""

    START = "start"
    STEP = "step"
    REWIND = "rewind"
    NOTE = "note"
    REPLACE_NOTES = "replace-notes"
    RESOLVE = "resolve"
    ESCALATE = "escalate"
    ESCALATE_WITHOUT_WALK = "escalate-without-walk"
    ABANDON = "abandon"
    FEEDBACK = "feedback"

    @property
    def type(self) -> str:
        """The CloudEvent type: `l1.walk.VERB.v1`."""
        return f"{TYPE_PREFIX}{self.value}.v1"


class SettleVerb(StrEnum):
    """What an operator wishes for a dead letter (design 9, rule 4)."""

    REDRIVE = "redrive"
    DISCARD = "discard"

    @property
    def type(self) -> str:
        """The CloudEvent type: `l1.walk.VERB.v1`."""
        return f"{TYPE_PREFIX}{self.value}.v1"


class EventKind(StrEnum):
    """What an event tells of (design 3)."""

    STARTED = "started"
    RESOLVED = "resolved"
    ESCALATED = "escalated"
    ABANDONED = "abandoned"
    FEEDBACK_RECORDED = "feedback-recorded"
    PROPOSAL_VALIDATED = "proposal-validated"
    COMMAND_REJECTED = "command-rejected"

    @property
    def type(self) -> str:
        """The CloudEvent type: `l1.walk.KIND.v1`."""
        return f"{TYPE_PREFIX}{self.value}.v1"


class TicketKind(StrEnum):
    """Where a ticket lives.

    - psa: in the MSP's PSA
    - internal: only in the product; no PSA knows of it
    """

    PSA = "psa"
    INTERNAL = "internal"


class SessionKind(StrEnum):
    """What is walked.

    - flow: a published flow, named by flow_id
    - proposal: a draft flow, named by flow_proposal_id
    - adhoc: nothing that was given; a free-form investigation, which has no steps
    - ai_build: a tree that an AI builds on the way
    """

    FLOW = "flow"
    PROPOSAL = "proposal"
    ADHOC = "adhoc"
    AI_BUILD = "ai_build"


class SessionStatus(StrEnum):
    """In progress, or how the walk ended."""

    ACTIVE = "active"
    RESOLVED = "resolved"
    ESCALATED = "escalated"
    ABANDONED = "abandoned"


class PathEntryKind(StrEnum):
    """What an entry of `walked_path` records.

    - step: a node was answered
    - rewind: the technician went back to a node already walked
    """

    STEP = "step"
    REWIND = "rewind"


class Outcome(StrEnum):
    """What became of a command (design 2)."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    DEAD_LETTERED = "dead_lettered"
    PARKED = "parked"


class RejectionReason(StrEnum):
    """Why a command was rejected, checked in this order.

    - invalid: its data, time, key or partition breaks the contract; `errors` says where
    - id_reused: its source and id were those of another command, with another type or other data
    - unknown_reference: its account, user, flow or proposal is not known, or is gone
    - session_exists: it starts a walk whose session id was used before
    - session_not_found: there is no such walk, or it is another account's
    - session_not_active: the walk has ended
    - not_resolved: feedback is for a resolved walk
    - version_conflict: the walk has another version than expected_version
    - adhoc_has_no_nodes: a free-form investigation takes notes, no steps and no rewinds
    - stale_node: the step answers another node than the one where the walk stands
    - node_not_walked: it goes back to a node that was never walked
    - step_limit: the path is full: 500 entries (a setting of the worker) or 1 MiB as JSON
    - notes_too_large: the notes would take more than 256 KiB as JSON
    - not_idle: something happened after idle_since
    """

    INVALID = "invalid"
    ID_REUSED = "id_reused"
    UNKNOWN_REFERENCE = "unknown_reference"
    SESSION_EXISTS = "session_exists"
    SESSION_NOT_FOUND = "session_not_found"
    SESSION_NOT_ACTIVE = "session_not_active"
    NOT_RESOLVED = "not_resolved"
    VERSION_CONFLICT = "version_conflict"
    ADHOC_HAS_NO_NODES = "adhoc_has_no_nodes"
    STALE_NODE = "stale_node"
    NODE_NOT_WALKED = "node_not_walked"
    STEP_LIMIT = "step_limit"
    NOTES_TOO_LARGE = "notes_too_large"
    NOT_IDLE = "not_idle"

    @property
    def meaning(self) -> str:
        """What is so, in a few words."""
        meanings: dict[str, str] = dict(
            re.findall(r"^ *- (\w+): (.+)$", type(self).__doc__ or "", re.MULTILINE)
        )
        return meanings[self.value]

    @property
    def remedy(self) -> str:
        """What the sender does about it."""
        return _REMEDIES[self]


_REMEDIES: Final = {
    RejectionReason.INVALID: "Correct what `errors` names and send it again; the same id may be used.",
    RejectionReason.ID_REUSED: "Give every command an id of its own; send again only what is the same.",
    RejectionReason.UNKNOWN_REFERENCE: (
        "Publish the reference first, where that is required, then send it again; so for what "
        "was gone and is back."
    ),
    RejectionReason.SESSION_EXISTS: (
        "Begin every walk with a new session id; send a start again with its first id."
    ),
    RejectionReason.SESSION_NOT_FOUND: (
        "Send the start first, with the same key; then send it again. Check the account."
    ),
    RejectionReason.SESSION_NOT_ACTIVE: (
        "Begin a new walk; nothing but feedback on a resolved walk changes one that ended."
    ),
    RejectionReason.NOT_RESOLVED: "Send feedback after the walk is resolved, under a new id.",
    RejectionReason.VERSION_CONFLICT: (
        "See what changed: `sessionversion` is the version that stands. Send what is still "
        "wished, with a new id."
    ),
    RejectionReason.ADHOC_HAS_NO_NODES: "Send a note in its place.",
    RejectionReason.STALE_NODE: (
        "Show the technician where the walk stands; step from there under a new id, or rewind first."
    ),
    RejectionReason.NODE_NOT_WALKED: "Rewind to a node of the path.",
    RejectionReason.STEP_LIMIT: "End the walk: resolve, escalate or abandon it.",
    RejectionReason.NOTES_TOO_LARGE: "Shorten them with replace-notes.",
    RejectionReason.NOT_IDLE: "Leave the walk alone, or abandon it without `idle_since`.",
}


class DeadLetterClass(StrEnum):
    """Why a record became a dead letter (design 4)."""

    UNREADABLE = "unreadable"
    UNSUPPORTED = "unsupported"
    FAILED = "failed"


class DeadLetterState(StrEnum):
    """How a dead letter stands."""

    OPEN = "open"
    REDRIVEN = "redriven"
    DISCARDED = "discarded"
