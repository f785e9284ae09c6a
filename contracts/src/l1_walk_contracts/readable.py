"""What lets a schema be read by itself: a title and an example at each property, prose without line ends."""

import re
from collections.abc import Iterator
from typing import Any, Final

_CONDITIONS: Final = ("if", "then", "else")
_PARAGRAPHS: Final = re.compile(r"\n\s*\n")
_LINE_END: Final = re.compile(r"\n(?!- )\s*")


def make_readable(schema: dict[str, Any], sample: dict[str, Any]) -> None:
    """Give each property what it lacks: its name in words for a title, its value in the sample for an example."""
    for part in _parts(schema):
        if isinstance(description := part.get("description"), str):
            part["description"] = prose(description)
        for name, field in part.get("properties", {}).items():
            if field.get("title", pydantic_title(name)) == pydantic_title(name):
                field["title"] = title(name)
    _illustrate(schema, sample, schema.get("$defs", {}))


def title(name: str) -> str:
    """`active_seconds` in words: Active seconds."""
    words = " ".join("ID" if word == "id" else word for word in name.split("_"))
    return words[:1].upper() + words[1:]


def pydantic_title(name: str) -> str:
    """What pydantic makes of a name."""
    return name.title().replace("_", " ").strip()


def prose(text: str) -> str:
    """The paragraphs and lists of a docstring; how wide they become is for the reader's screen to say."""
    return "\n\n".join(_LINE_END.sub(" ", paragraph) for paragraph in _PARAGRAPHS.split(text.strip()))


def _illustrate(schema: dict[str, Any], sample: Any, types: dict[str, Any]) -> None:
    schema = _shape(schema, types)
    if isinstance(sample, dict):
        for name, field in schema.get("properties", {}).items():
            if name in sample:
                field.setdefault("examples", [sample[name]])
                _illustrate(field, sample[name], types)
    elif isinstance(sample, list) and sample and isinstance(items := schema.get("items"), dict):
        _illustrate(items, sample[0], types)


def _shape(schema: dict[str, Any], types: dict[str, Any]) -> dict[str, Any]:
    """What describes the value, where a schema only refers to it or lets it be null, or anything."""
    if "$ref" in schema:
        return _shape(types[schema["$ref"].removeprefix("#/$defs/")], types)
    if "anyOf" in schema:
        return _shape(schema["anyOf"][0], types)
    return schema


def _parts(schema: Any) -> Iterator[dict[str, Any]]:
    """Every JSON object that describes something, conditions aside."""
    if isinstance(schema, list):
        for item in schema:
            yield from _parts(item)
    elif isinstance(schema, dict):
        yield schema
        for name, value in schema.items():
            if name not in (*_CONDITIONS, "examples"):
                yield from _parts(value)
