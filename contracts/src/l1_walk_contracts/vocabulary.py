"""The closed sets of words that cross the wire (design 2 to 7)."""

from enum import StrEnum

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
    """Where a ticket lives: in the MSP's PSA, or only in the product."""

    PSA = "psa"
    INTERNAL = "internal"


class SessionKind(StrEnum):
    """What is walked: a published flow, a draft, nothing that was given, or a tree that an AI builds."""

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
    """What an entry of `walked_path` records."""

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
    """Why a command was rejected; they are checked in this order (design 6)."""

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
