"""A command as a rejection shows it to upstream: as received, as text, cut where it is long (design 7)."""

from collections.abc import Sequence

from l1_walk_contracts import ReceivedCommand, Record

VALUE_CHARS = 32_000
"""As much as the longest text of the contract; escaped at worst six bytes each, it fits the topic."""
HEADER_CHARS = 1_000
HEADERS = 50


def received_command(record: Record) -> ReceivedCommand:
    """The record as text; bytes that are no UTF-8 are shown as U+FFFD."""
    value = _text(record.value)
    headers = record.headers[:HEADERS]
    shown = [(name[:HEADER_CHARS], _cut(_text(content), HEADER_CHARS)) for name, content in headers]
    return ReceivedCommand(
        key=_cut(_text(record.key), HEADER_CHARS),
        headers=shown,
        value=_cut(value, VALUE_CHARS),
        truncated=(value is not None and len(value) > VALUE_CHARS)
        or len(headers) < len(record.headers)
        or _any_longer(record.headers),
    )


def _text(content: bytes | None) -> str | None:
    return None if content is None else content.decode("utf-8", "replace")


def _cut(text: str | None, chars: int) -> str | None:
    return None if text is None else text[:chars]


def _any_longer(headers: Sequence[tuple[str, bytes | None]]) -> bool:
    return any(len(name) > HEADER_CHARS or len(content or b"") > HEADER_CHARS for name, content in headers)
