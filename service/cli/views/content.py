"""Bytes of a record, for people and as JSON: nobody knows what is in them."""

import base64
import json
from collections.abc import Sequence
from typing import Any

from rich.console import RenderableType
from rich.syntax import Syntax
from rich.text import Text

_SHOWN_BYTES = 64 * 1024
_HEX_BYTES = 1024


def content_json(content: bytes | None) -> Any:
    """Text where it is UTF-8, else `{"base64": ...}`; null stays null."""
    if content is None:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode()}


def headers_json(headers: Sequence[tuple[str, bytes | None]]) -> list[list[Any]]:
    """Name and content of each, in order: a name may come twice."""
    return [[name, content_json(content)] for name, content in headers]


def content_line(content: bytes | None) -> Text:
    """On one line: text as it is, without line breaks and control characters, else in hexadecimal."""
    if content is None:
        return Text("null", style="quiet")
    try:
        return Text(visible(" ".join(content.decode().split())))
    except UnicodeDecodeError:
        return Text(content[:_HEX_BYTES].hex(" "), style="quiet")


def content_view(content: bytes | None) -> RenderableType:
    """JSON laid out and coloured, other text as it is, what is no text as a hexadecimal dump."""
    if not content:
        return Text("null" if content is None else "empty", style="quiet")
    if len(content) > _SHOWN_BYTES:
        return Text(f"{len(content):,} bytes: --json has the whole", style="quiet")
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return Text("\n".join(_dump(content)))
    try:
        laid_out = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return Text("\n".join(visible(line) for line in text.splitlines()))
    return Syntax(
        visible(laid_out, keep="\n"), "json", theme="ansi_dark", background_color="default", word_wrap=True
    )


def visible(text: str, keep: str = "") -> str:
    """The text with every character that a terminal would obey, or not know, shown as U+FFFD."""
    return "".join(c if c.isprintable() or c in keep else "\ufffd" for c in text)


def _dump(content: bytes) -> list[str]:
    shown = content[:_HEX_BYTES]
    lines = [
        f"{place:08x}  {shown[place : place + 16].hex(' '):<47}  "
        + "".join(chr(b) if 32 <= b < 127 else "." for b in shown[place : place + 16])
        for place in range(0, len(shown), 16)
    ]
    left = len(content) - len(shown)
    return [*lines, f"and {left:,} bytes more: --json has them"] if left else lines
