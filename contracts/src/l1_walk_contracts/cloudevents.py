"""The whole messages as models, for schemas and API documents: a CloudEvent 1.0 around `data` (design 4, 7)."""

from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, Field, StringConstraints, WithJsonSchema

from .fields import UUID_PATTERN, CanonicalUUID, Moment, Version
from .limits import ID_CHARS

Data = TypeVar("Data")

_Usable = Annotated[
    str, StringConstraints(min_length=1, max_length=ID_CHARS, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")
]
_SessionId = Annotated[
    str,
    WithJsonSchema({"type": "string", "format": "uuid", "pattern": UUID_PATTERN.replace("A-F", "")}),
]
_COMMAND_ID = "3f8a1c5d-7e92-4b06-a4d3-8c5f1e2b9a70"


class _CloudEvent(BaseModel, Generic[Data]):
    specversion: Literal["1.0"] = Field(
        title="Specification version", description="The version of CloudEvents."
    )
    type: str = Field(description="What it is, and its version.")
    datacontenttype: str | None = Field(
        default=None,
        title="Content type of data",
        description="application/json; absent means the same.",
        examples=["application/json"],
    )
    traceparent: str | None = Field(
        default=None,
        title="Trace parent",
        description="W3C trace context, from a command to its events; passed over if malformed.",
        examples=["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"],
    )


class CommandMessage(_CloudEvent[Data]):
    """A command: the record's value in structured mode.

    In structured mode send the header `content-type: application/cloudevents+json`; in binary mode the attributes
    are headers named `ce_ATTRIBUTE`, and the value is `data`. The key must be the session id, as in `subject`. A
    value has at most 524,288 bytes and 20,000 JSON values. `data_base64` is not read. Null is as good as absent.
    Of doubled keys and headers the last counts. Attributes and fields that are unknown are ignored. Lengths of
    text are in Unicode code points.
    """

    id: _Usable = Field(
        description="The command's identity, together with source: sent again, it counts once. A UUID is advised.",
        examples=[_COMMAND_ID],
    )
    source: _Usable = Field(description="Who sends it, a URI reference.", examples=["/product/walks"])
    subject: _SessionId = Field(
        title="Session ID",
        description="The session id: a UUID in canonical lowercase form, made up by whoever starts the walk.",
    )
    time: Moment | None = Field(
        default=None,
        description="When it happened, RFC 3339. Absent: the record's timestamp, which also replaces one that "
        "is over five minutes ahead of it.",
        examples=["2026-01-31T09:30:00Z"],
    )
    data: Data = Field(description="What is wished for.")


class EventMessage(_CloudEvent[Data]):
    """An event: the record's value, in structured mode (header `content-type: application/cloudevents+json`).

    A consumer may see it again, at any time, with the same id and bytes: it drops ids it knows. New attributes,
    fields and types of event may come: pass over those that you do not know. What may be absent is left out,
    never null. Lengths of text are in Unicode code points.
    """

    id: CanonicalUUID = Field(description="Made from what it tells of: the same fact has always the same id.")
    source: str = Field(
        description="Which worker it comes from; a setting of the worker.", examples=["/l1-walk-worker"]
    )
    subject: _SessionId = Field(
        title="Session ID", description="The session id: a UUID in canonical lowercase form."
    )
    time: Moment = Field(
        description="When what it tells of happened, RFC 3339, UTC.", examples=["2026-01-31T09:30:00Z"]
    )
    accountid: CanonicalUUID | None = Field(
        default=None,
        title="Account ID",
        description="The client company; absent where a rejected command named no readable one.",
    )
    sessionversion: Version | None = Field(
        default=None,
        title="Session version",
        description="How many changes the walk has seen, this one included, from 1 on; absent where there is no "
        "session.",
    )
    causationid: _Usable = Field(
        title="Causation ID", description="The id of the command it comes from.", examples=[_COMMAND_ID]
    )
    data: Data = Field(description="What happened.")
