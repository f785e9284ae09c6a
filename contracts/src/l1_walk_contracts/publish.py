"""For those who publish commands: from a command to the record that carries it (design 3, 4, 5)."""

from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from pydantic_core import to_json

from .commands import COMMAND_DATA, CommandData
from .decode import decode_command
from .encode import STRUCTURED_HEADER
from .envelope import BINARY_PREFIX, CONTENT_TYPE, JSON
from .records import Command, Invalid, OutRecord, Record
from .topics import Topics

_VERBS: Final = {model: verb for verb, model in COMMAND_DATA.items()}


def encode_command(
    data: CommandData,
    *,
    session_id: UUID | str,
    source: str,
    id: str,  # noqa: A002 - the attribute's name
    time: datetime | None = None,
    traceparent: str | None = None,
    mode: Literal["structured", "binary"] = "structured",
    topics: Topics = Topics(),  # noqa: B008 - frozen
) -> OutRecord:
    """The record of a command; the class of `data` says which. Send what it returns as it is, key and all.

    `id` and `source` are the command's identity: sent again with the same, it counts once, so make a new id
    for a new command alone (a UUID is advised). `time` is when it happened, aware; None: when Kafka takes it.
    Raises ValueError, saying what is wrong, for anything that the worker would not take.
    """
    attributes: dict[str, Any] = {
        "specversion": "1.0",
        "id": id,
        "source": source,
        "type": _VERBS[type(data)].type,
        "subject": str(session_id),
        "datacontenttype": JSON,
    }
    if time is not None:
        attributes["time"] = time.isoformat().replace("+00:00", "Z")
    if traceparent is not None:
        attributes["traceparent"] = traceparent
    body = data.model_dump(mode="json", exclude_none=True)
    if mode == "structured":
        headers, value = [STRUCTURED_HEADER], to_json(attributes | {"data": body})
    else:
        del attributes["datacontenttype"]
        headers = [(f"{BINARY_PREFIX}{name}", text.encode()) for name, text in attributes.items()]
        headers, value = [*headers, (CONTENT_TYPE, JSON.encode())], to_json(body)
    record = OutRecord(topics.commands, attributes["subject"].encode(), value, headers)
    _check(record, has_time=time is not None)
    return record


def _check(record: OutRecord, *, has_time: bool) -> None:
    read = decode_command(Record(record.key, record.value, record.headers, -1 if has_time else 0))
    if isinstance(read, Invalid):
        raise ValueError("; ".join(f"{error.field} {error.message}" for error in read.errors))
    if not isinstance(read, Command):
        raise ValueError(read.error)
