"""For those who publish: the commands of one walk, each checked before it is sent (design 5)."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal, TypedDict, Unpack
from uuid import UUID, uuid4

from pydantic import ValidationError

from .commands import (
    AbandonData,
    CommandBase,
    EscalateData,
    EscalateWithoutWalkData,
    FeedbackData,
    NoteData,
    NoteItem,
    ReplaceNotesData,
    ResolveData,
    RewindData,
    StartData,
    StepData,
    Ticket,
)
from .problems import field_errors
from .publish import CommandError, encode_command
from .records import OutRecord
from .topics import Topics
from .vocabulary import SessionKind


def _now() -> datetime:
    return datetime.now(UTC)


def _new_id() -> str:
    return str(uuid4())


class Sending(TypedDict, total=False):
    """What may be said with every command."""

    id: str
    """Its identity, together with the source; absent: a new UUID. The same again counts once."""
    at: datetime
    """When it happened, aware; absent: now."""
    expected_version: int
    """The session version the sender saw; another one standing is a `version_conflict`."""
    traceparent: str
    """The W3C trace that it belongs to; its events carry it on."""


_SENDING = tuple(Sending.__annotations__)


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkCommands:
    """Makes the commands of one walk: a technician on a ticket.

    Each method returns the record to send, key and headers included. Keep it until the broker has acknowledged it,
    and send the same one again where that is in doubt: it counts once. Raises `CommandError`, which names each field
    and what is allowed, for whatever the worker would not take.
    """

    account_id: UUID
    """The client company whose ticket it is."""
    user_id: UUID
    """The technician."""
    source: str
    """The sender, a URI reference such as `/product/walks`; with a command's id its identity."""
    acting_as: str | None = None
    """In what role: `l1_coverage` for an engineer covering, None for a native L1."""
    session_id: UUID = field(default_factory=uuid4)
    """The walk; a new one where none is given."""
    topics: Topics = Topics()  # noqa: RUF009 - frozen
    """Where commands go."""
    mode: Literal["structured", "binary"] = "structured"
    """How CloudEvents are written; the worker takes both."""
    now: Callable[[], datetime] = _now
    """The clock."""
    new_id: Callable[[], str] = _new_id
    """Makes the ids of commands."""

    def by(self, user_id: UUID, *, acting_as: str | None = None) -> "WalkCommands":
        """The same walk in the hands of another technician."""
        return replace(self, user_id=user_id, acting_as=acting_as)

    def start_flow(
        self, ticket: Ticket, flow_id: UUID, start_node_id: str | None = None, **sending: Unpack[Sending]
    ) -> OutRecord:
        """`start`: a walk through a published flow; without a start node any node may come first."""
        fields = {"session_kind": SessionKind.FLOW, "flow_id": flow_id, "start_node_id": start_node_id}
        return self._made(StartData, sending, ticket=ticket, **fields)

    def start_proposal(
        self,
        ticket: Ticket,
        flow_proposal_id: UUID,
        start_node_id: str | None = None,
        **sending: Unpack[Sending],
    ) -> OutRecord:
        """`start`: a walk through a draft flow."""
        fields = {"flow_proposal_id": flow_proposal_id, "start_node_id": start_node_id}
        return self._made(StartData, sending, ticket=ticket, session_kind=SessionKind.PROPOSAL, **fields)

    def start_ai_build(
        self, ticket: Ticket, start_node_id: str | None = None, **sending: Unpack[Sending]
    ) -> OutRecord:
        """`start`: a walk through a tree that an AI builds as they go."""
        fields = {"session_kind": SessionKind.AI_BUILD, "start_node_id": start_node_id}
        return self._made(StartData, sending, ticket=ticket, **fields)

    def start_adhoc(self, ticket: Ticket, **sending: Unpack[Sending]) -> OutRecord:
        """`start`: a free-form investigation, with notes and no steps."""
        return self._made(StartData, sending, ticket=ticket, session_kind=SessionKind.ADHOC)

    def step(
        self,
        node_id: str,
        answer: str,
        *,
        question: str | None = None,
        answer_label: str | None = None,
        note: str | None = None,
        next_node_id: str | None = None,
        **sending: Unpack[Sending],
    ) -> OutRecord:
        """`step`: an answer at the node where the walk stands; without a next node any may come after it."""
        fields = {
            "question": question,
            "answer_label": answer_label,
            "note": note,
            "next_node_id": next_node_id,
        }
        return self._made(StepData, sending, node_id=node_id, answer=answer, **fields)

    def rewind(self, node_id: str, **sending: Unpack[Sending]) -> OutRecord:
        """`rewind`: back to a node already walked."""
        return self._made(RewindData, sending, node_id=node_id)

    def note(self, text: str, node_id: str | None = None, **sending: Unpack[Sending]) -> OutRecord:
        """`note`: a remark on the walk, or on one of its nodes."""
        return self._made(NoteData, sending, text=text, node_id=node_id)

    def replace_notes(self, *notes: NoteItem, **sending: Unpack[Sending]) -> OutRecord:
        """`replace-notes`: these in the place of all notes that stand."""
        return self._made(ReplaceNotesData, sending, notes=notes)

    def resolve(
        self, resolution_notes: str, helpful: bool | None = None, **sending: Unpack[Sending]
    ) -> OutRecord:
        """`resolve`: ends the walk resolved."""
        return self._made(ResolveData, sending, resolution_notes=resolution_notes, helpful=helpful)

    def escalate(
        self, reason: str, reason_category: str | None = None, **sending: Unpack[Sending]
    ) -> OutRecord:
        """`escalate`: ends the walk escalated."""
        return self._made(EscalateData, sending, reason=reason, reason_category=reason_category)

    def escalate_without_walk(
        self, ticket: Ticket, reason: str, reason_category: str | None = None, **sending: Unpack[Sending]
    ) -> OutRecord:
        """`escalate-without-walk`: in the place of a start: a session born escalated."""
        fields = {"ticket": ticket, "reason": reason, "reason_category": reason_category}
        return self._made(EscalateWithoutWalkData, sending, **fields)

    def abandon(
        self, reason: str | None = None, idle_since: datetime | None = None, **sending: Unpack[Sending]
    ) -> OutRecord:
        """`abandon`: ends the walk abandoned; with `idle_since` only if nothing happened after it."""
        return self._made(AbandonData, sending, reason=reason, idle_since=idle_since)

    def feedback(self, helpful: bool, **sending: Unpack[Sending]) -> OutRecord:
        """`feedback`: whether the resolved walk helped."""
        return self._made(FeedbackData, sending, helpful=helpful)

    def _made(self, model: type[CommandBase], sending: Sending, **fields: Any) -> OutRecord:
        if odd := sorted(sending.keys() - set(_SENDING)):
            raise TypeError(
                f"no command has {', '.join(odd)}: beside its own, each has {', '.join(_SENDING)}"
            )
        sender = {"account_id": self.account_id, "user_id": self.user_id, "acting_as": self.acting_as}
        try:
            data: Any = model(**sender, **fields, expected_version=sending.get("expected_version"))
        except ValidationError as error:
            raise CommandError(field_errors(error, "data")) from None
        return encode_command(
            data,
            session_id=self.session_id,
            source=self.source,
            id=sending["id"] if "id" in sending else self.new_id(),
            time=sending["at"] if "at" in sending else self.now(),
            traceparent=sending.get("traceparent"),
            mode=self.mode,
            topics=self.topics,
        )
