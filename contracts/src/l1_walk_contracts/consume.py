"""For those who consume events: from a Kafka record to an event (design 7)."""

from dataclasses import dataclass
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from .envelope import NoEnvelope, open_envelope, traceparent
from .events import EVENT_DATA, Event
from .fields import CanonicalUUID, Moment
from .problems import field_errors
from .records import Record


class EventError(ValueError):
    """The record is no event of ours; says why, in words that never quote it."""


class UnknownEventType(EventError):  # noqa: N818 - it reads as what it says
    """An event of a type or version that these contracts do not know: newer than they are. Pass over it."""


@dataclass
class _Attributes:
    time: Moment
    causationid: str
    accountid: CanonicalUUID | None = None
    sessionversion: int | None = None


_ATTRIBUTES: Final = TypeAdapter(_Attributes)
_DATA: Final[dict[str, tuple[Any, TypeAdapter[Any]]]] = {
    kind.type: (kind, TypeAdapter(model)) for kind, model in EVENT_DATA.items()
}


def decode_event(record: Record) -> Event:
    """The event in a record of the resolved, escalated, lifecycle or rejected topic.

    Unknown attributes and fields are passed over. Raises EventError for what is no event, and of its kind
    UnknownEventType for one of a newer contract. An event may come again, with the same id: drop ids that you
    know.
    """
    try:
        attributes, raw = open_envelope(record)
    except NoEnvelope as error:
        raise EventError(str(error)) from None
    if attributes["type"] not in _DATA:
        raise UnknownEventType("unknown event type or version")
    kind, model = _DATA[attributes["type"]]
    known = _validated(_ATTRIBUTES, dict(attributes), "attributes")
    return Event(
        id=attributes["id"],
        kind=kind,
        source=attributes["source"],
        session_id=attributes["subject"],
        time=known.time,
        account_id=known.accountid,
        session_version=known.sessionversion,
        causation_id=known.causationid,
        traceparent=traceparent(attributes),
        data=_validated(model, raw, "data"),
    )


def _validated(model: TypeAdapter[Any], value: Any, root: str) -> Any:
    try:
        return model.validate_python(value)
    except ValidationError as error:
        problems = "; ".join(f"{problem.field} {problem.message}" for problem in field_errors(error, root))
        raise EventError(problems) from None
