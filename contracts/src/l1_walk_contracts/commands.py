"""The `data` of the ten commands (design 5). Unknown fields are ignored, null is as good as absent."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from . import limits
from .fields import CanonicalUUID, Moment, NodeId, StrictBool, Version, required_text, text
from .vocabulary import SessionKind, TicketKind, Verb

Text = Annotated[str, text(limits.TEXT_CHARS)]
RequiredText = Annotated[str, required_text(limits.TEXT_CHARS)]
ShortText = Annotated[str, text(limits.ANSWER_CHARS)]
Answer = Annotated[str, required_text(limits.ANSWER_CHARS)]
ReasonCategory = Annotated[str, text(limits.REASON_CATEGORY_CHARS)]


@dataclass(frozen=True, slots=True)
class Ticket:
    """The ticket that is walked; the same in commands and in events."""

    __pydantic_config__ = ConfigDict(revalidate_instances="always")

    id: Annotated[
        str,
        required_text(limits.TICKET_ID_CHARS),
        Field(description="The ticket's id in its system, 1 to 64 characters.", examples=["T20260131.0042"]),
    ]
    kind: Annotated[TicketKind, Field(description="Where it lives.")]


class CommandBase(BaseModel):
    """What every command says of who sends it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    account_id: CanonicalUUID = Field(description="The client company whose ticket it is.")
    user_id: CanonicalUUID = Field(description="The technician who did it.")
    acting_as: Annotated[str, text(limits.ACTING_AS_CHARS)] | None = Field(
        default=None,
        description="In what role: l1_coverage for an engineer covering, absent for a native L1.",
        examples=["l1_coverage"],
    )
    expected_version: Version | None = Field(
        default=None,
        description="The session version the sender saw; another one standing is a version_conflict.",
        examples=[3],
    )


_TARGETS: Final = (("flow_id", SessionKind.FLOW), ("flow_proposal_id", SessionKind.PROPOSAL))
"""Which field names what is walked; it is given for its kind alone (design 12, `target_consistency`)."""


def _target_schema(schema: dict[str, Any]) -> None:
    schema["allOf"] = [
        {
            "if": {"properties": {"session_kind": {"const": kind.value}}},
            "then": {"required": [field], "properties": {field: {"type": "string"}}},
            "else": {"properties": {field: {"type": "null"}}},
        }
        for field, kind in _TARGETS
    ]


class StartData(CommandBase):
    """`start`: a new active session.

    A flow walk has `flow_id` and no `flow_proposal_id`, a proposal walk the reverse, others neither.
    """

    model_config = ConfigDict(json_schema_extra=_target_schema)

    ticket: Ticket = Field(description="The ticket that is walked.")
    session_kind: SessionKind = Field(description="What is walked.")
    flow_id: CanonicalUUID | None = Field(
        default=None,
        description="The published flow; given if session_kind is flow, else absent.",
        examples=["e2a4c6d8-1b3f-4c5e-8d7a-9f0b1c2d3e4f"],
    )
    flow_proposal_id: CanonicalUUID | None = Field(
        default=None,
        description="The draft flow; given if session_kind is proposal, else absent.",
        examples=["91f3b5d7-2c4e-4a6b-8c0d-e1f2a3b4c5d6"],
    )
    start_node_id: NodeId | None = Field(
        default=None, description="The node it begins at; absent: any may come first.", examples=["root"]
    )

    @model_validator(mode="after")
    def _target_is_consistent(self) -> Self:
        errors = []
        for field, kind in _TARGETS:
            wanted = self.session_kind is kind
            if (getattr(self, field) is not None) is not wanted:
                rule = "is required where" if wanted else "must be absent unless"
                errors.append((field, f"{rule} session_kind is {kind.value}"))
        if errors:
            raise PydanticCustomError("target", "must name its target", {"fields": errors})
        return self


class StepData(CommandBase):
    """`step`: an answer at a node; appended to `walked_path`. Refused for ad hoc walks."""

    node_id: NodeId = Field(description="The node that is answered.", examples=["check-dns"])
    question: ShortText | None = Field(default=None, description="The question as shown.")
    answer: Answer = Field(description="The answer as chosen or typed; not blank.", examples=["yes"])
    answer_label: ShortText | None = Field(default=None, description="The answer as shown.")
    note: Text | None = Field(default=None, description="A remark on this step.")
    next_node_id: NodeId | None = Field(
        default=None, description="Where the walk now stands; absent: at node_id, and any node may come."
    )


class RewindData(CommandBase):
    """`rewind`: back to a node already walked; the path keeps what was walked, and the rewind."""

    node_id: NodeId = Field(description="The node to go back to.")


class NoteData(CommandBase):
    """`note`: a remark on the walk; appended to `walk_notes`."""

    text: RequiredText = Field(description="The remark; not blank.")
    node_id: NodeId | None = Field(default=None, description="The node it is about.")


@dataclass(frozen=True, slots=True)
class NoteItem:
    """One note of `replace-notes`."""

    __pydantic_config__ = ConfigDict(revalidate_instances="always")

    text: Annotated[RequiredText, Field(description="The remark; not blank.")]
    node_id: Annotated[NodeId | None, Field(description="The node it is about.")] = None


class ReplaceNotesData(CommandBase):
    """`replace-notes`: these notes in the place of all that stand (an editor's autosave)."""

    notes: Annotated[tuple[NoteItem, ...], Field(fail_fast=True, max_length=limits.NOTES)] = Field(
        description="All notes, in order."
    )


class ResolveData(CommandBase):
    """`resolve`: ends the walk resolved."""

    resolution_notes: RequiredText = Field(description="What solved it; not blank.")
    helpful: StrictBool | None = Field(
        default=None, description="Whether what was walked helped; absent: nobody said."
    )


class EscalateData(CommandBase):
    """`escalate`: ends the walk escalated."""

    reason: RequiredText = Field(description="Why L1 could not resolve it; not blank.")
    reason_category: ReasonCategory | None = Field(
        default=None, description="The kind of reason, in the words of the MSP."
    )


class EscalateWithoutWalkData(EscalateData):
    """`escalate-without-walk`: a session born escalated, ad hoc, with an empty path."""

    ticket: Ticket = Field(description="The ticket that is escalated.")


class AbandonData(CommandBase):
    """`abandon`: ends the walk abandoned."""

    reason: Annotated[str, text(limits.ABANDON_REASON_CHARS)] | None = Field(
        default=None, description="Why; it is in the event only."
    )
    idle_since: Moment | None = Field(
        default=None, description="Only if nothing happened after this moment; else refused as not_idle."
    )


class FeedbackData(CommandBase):
    """`feedback`: whether a resolved walk helped."""

    helpful: StrictBool = Field(
        description="Whether what was walked helped; the value that stands already changes nothing."
    )


CommandData = (
    StartData
    | StepData
    | RewindData
    | NoteData
    | ReplaceNotesData
    | ResolveData
    | EscalateData
    | EscalateWithoutWalkData
    | AbandonData
    | FeedbackData
)

COMMAND_DATA: Final[Mapping[Verb, type[CommandBase]]] = MappingProxyType(
    {
        Verb.START: StartData,
        Verb.STEP: StepData,
        Verb.REWIND: RewindData,
        Verb.NOTE: NoteData,
        Verb.REPLACE_NOTES: ReplaceNotesData,
        Verb.RESOLVE: ResolveData,
        Verb.ESCALATE: EscalateData,
        Verb.ESCALATE_WITHOUT_WALK: EscalateWithoutWalkData,
        Verb.ABANDON: AbandonData,
        Verb.FEEDBACK: FeedbackData,
    }
)
"""The model of each verb's `data`."""
