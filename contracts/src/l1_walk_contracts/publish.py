"""For those who publish commands: from a command to the record that carries it (design 3, 4, 5)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from pydantic_core import to_json

from .commands import COMMAND_DATA, CommandData
from .decode import decode_command
from .encode import STRUCTURED_HEADER
from .envelope import BINARY_PREFIX, CONTENT_TYPE, JSON, is_usable
from .records import Command, FieldError, Invalid, OutRecord, Record, Settle
from .settle import SettleData
from .topics import Topics
from .vocabulary import SettleVerb


class CommandError(ValueError):
    """The worker would not take this command. Its text names what is wrong, field by field, and never quotes it."""

    def __init__(self, errors: Sequence[FieldError], text: str = "") -> None:
        super().__init__(text or "; ".join(f"{error.field} {error.message}" for error in errors))
        self.errors = tuple(errors)
        """Each field and what is allowed; empty where the message as a whole is at fault, such as its size."""


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
    Raises CommandError for anything that the worker would not take.
    """
    attributes = _attributes(_VERBS[type(data)].type, str(session_id), source, id)
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


def encode_settle(
    verb: SettleVerb,
    data: SettleData,
    *,
    session_id: UUID | None,
    source: str,
    id: str,  # noqa: A002 - the attribute's name
    topics: Topics = Topics(),  # noqa: B008 - frozen
) -> OutRecord:
    """The record that redrives or discards a dead letter: send it to the partition the letter came from, by number.

    `session_id` is the letter's, None where it has none. Raises CommandError for anything that the worker would not
    take.
    """
    attributes = _attributes(verb.type, str(session_id or data.dead_letter_id), source, id)
    body = data.model_dump(mode="json", exclude_none=True)
    value = to_json(attributes | {"data": body})
    record = OutRecord(topics.commands, attributes["subject"].encode(), value, [STRUCTURED_HEADER])
    _check(record, has_time=False)
    return record


def _attributes(type_: str, subject: str, source: str, ident: str) -> dict[str, Any]:
    for name, text in (("source", source), ("id", ident)):
        if not is_usable(text):  # told before it is written: half of a surrogate pair cannot be
            raise CommandError((), f"no usable {name}: write a text of 1 to 128 characters")
    return {
        "specversion": "1.0",
        "id": ident,
        "source": source,
        "type": type_,
        "subject": subject,
        "datacontenttype": JSON,
    }


def _check(record: OutRecord, *, has_time: bool) -> None:
    read = decode_command(Record(record.key, record.value, record.headers, -1 if has_time else 0))
    if isinstance(read, Invalid):
        raise CommandError(read.errors)
    if not isinstance(read, Command | Settle):
        raise CommandError((), read.error)
