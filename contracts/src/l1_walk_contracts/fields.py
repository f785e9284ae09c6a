"""Types of single fields: strict, and nothing that PostgreSQL cannot hold (design 4, 5)."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import BeforeValidator, Field, GetPydanticSchema, StringConstraints, WithJsonSchema
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from . import limits

UUID_PATTERN: Final = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
NO_NUL: Final = r"^[^\x00]*$"
NOT_BLANK: Final = r"^\s*[^\s\x00][^\x00]*$"
"""At least one character that is no white space; written so that no engine backtracks."""

_RFC3339: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def parse_time(text: str) -> datetime:
    """An RFC 3339 timestamp, in UTC, cut to microseconds; a leap second is the second after it.

    Raises ValueError for anything else, also for a moment outside of the years 1 to 9999.
    """
    if _RFC3339.fullmatch(text) is None:
        raise ValueError("no RFC 3339 timestamp")
    leap = text[17:19] == "60"
    moment = datetime.fromisoformat(f"{text[:17]}59{text[19:]}".upper() if leap else text.upper())
    try:
        moment = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
        return moment + timedelta(seconds=1) if leap else moment
    except OverflowError as error:
        raise ValueError("outside of the years 1 to 9999") from error


def _uuid_schema(_source: object, _handler: object) -> CoreSchema:
    # The only form of 36 characters that the parser behind uuid_schema knows is the canonical one.
    text = core_schema.str_schema(strict=True, min_length=36, max_length=36)
    return core_schema.union_schema(
        [core_schema.chain_schema([text, core_schema.uuid_schema()]), core_schema.is_instance_schema(UUID)],
        mode="left_to_right",
        custom_error_type="uuid",
        custom_error_message="must be a UUID in its canonical form of 36 characters",
    )


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    try:
        return parse_time(value)
    except (TypeError, ValueError):
        raise PydanticCustomError(
            "time", "must be an RFC 3339 timestamp with its offset, such as 2026-01-31T09:30:00Z"
        ) from None


CanonicalUUID = Annotated[
    UUID,
    GetPydanticSchema(_uuid_schema),
    WithJsonSchema({"type": "string", "format": "uuid", "pattern": UUID_PATTERN}),
]
"""A UUID, or a string with one in its canonical form, of any case."""

Moment = Annotated[
    datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})
]
"""An aware datetime, or a string with an RFC 3339 timestamp; in UTC."""


def text(max_chars: int) -> StringConstraints:
    """Text that may be blank: at most so many characters, none of them U+0000."""
    return StringConstraints(strict=True, max_length=max_chars, pattern=NO_NUL)


def required_text(max_chars: int) -> StringConstraints:
    """Text that must hold more than white space: at most so many characters, none of them U+0000."""
    return StringConstraints(strict=True, min_length=1, max_length=max_chars, pattern=NOT_BLANK)


NodeId = Annotated[str, required_text(limits.NODE_ID_CHARS)]
StrictBool = Annotated[bool, Field(strict=True)]
Version = Annotated[int, Field(strict=True, ge=1, le=limits.VERSION_MAX)]
