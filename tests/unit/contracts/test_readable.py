"""A schema is understood without our docs: whatever it describes has a title, a description and a true example."""

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from l1_walk_contracts.fields import parse_time
from l1_walk_contracts.readable import make_readable, pydantic_title
from l1_walk_contracts.schemas import schemas

NAMES = sorted(schemas())
FORMATS = FormatChecker(["uuid"])


def is_moment(text: Any) -> bool:
    return not isinstance(text, str) or bool(parse_time(text))


FORMATS.checks("date-time", raises=ValueError)(is_moment)


def parts_in(schema: Any, pointer: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every part of a schema that describes a value, with its pointer; conditions and samples aside."""
    if isinstance(schema, list):
        for place, item in enumerate(schema):
            yield from parts_in(item, f"{pointer}/{place}")
    elif isinstance(schema, dict):
        yield pointer, schema
        for name, part in schema.items():
            if name not in ("examples", "if", "then", "else"):
                yield from parts_in(part, f"{pointer}/{name}")


def fields_in(schema: Any) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{pointer}/properties/{name}", field)
        for pointer, part in parts_in(schema)
        for name, field in part.get("properties", {}).items()
    ]


@pytest.mark.parametrize("name", NAMES)
def test_each_field_is_told(name: str, schema_of: dict[str, Any]) -> None:
    schema = schema_of[name]
    assert schema["title"] == name.removesuffix(".json")
    for pointer, field in fields_in(schema):
        assert field["title"], pointer
        assert field["description"], pointer
        assert field["examples"], pointer


@pytest.mark.parametrize("name", NAMES)
def test_each_type_is_told_without_our_docs(name: str, schema_of: dict[str, Any]) -> None:
    for pointer, part in parts_in(schema_of[name]):
        if ("properties" in part or "enum" in part) and not pointer.endswith("/properties"):
            assert part["title"], pointer
            assert part["description"], pointer
        text = part.get("description", "")
        assert not isinstance(text, str) or "(design" not in text, pointer


@pytest.mark.parametrize("name", NAMES)
def test_each_value_of_a_closed_set_is_told(name: str, schema_of: dict[str, Any]) -> None:
    types = schema_of[name].get("$defs", {})
    for kind in (kind for kind in types.values() if "enum" in kind):
        assert [line.split(":")[0] for line in kind["description"].split("\n- ")[1:]] == kind["enum"]


@pytest.mark.parametrize("name", NAMES)
def test_each_example_is_valid_where_it_stands(name: str, schema_of: dict[str, Any]) -> None:
    schema = schema_of[name]
    Draft202012Validator.check_schema(schema)
    whole = Draft202012Validator(schema, format_checker=FORMATS)
    examples = [
        (pointer, part, example) for pointer, part in parts_in(schema) for example in part.get("examples", ())
    ]
    assert len(examples) > len(schema["properties"])
    for pointer, part, example in examples:
        assert [error.message for error in whole.evolve(schema=part).iter_errors(example)] == [], pointer


@pytest.mark.parametrize(("text", "fits"), [("2026-01-31T09:30:00Z", True), ("2026-01-31 9:30", False)])
def test_the_check_of_examples_knows_a_wrong_format(text: str, fits: bool) -> None:
    assert Draft202012Validator({"format": "date-time"}, format_checker=FORMATS).is_valid(text) is fits


@pytest.mark.parametrize("name", NAMES)
def test_a_number_of_something_says_of_what(name: str, schema_of: dict[str, Any]) -> None:
    for pointer, field in fields_in(schema_of[name]):
        if pointer.endswith("_seconds"):
            assert field["x-unit"] == "seconds"
        if pointer.endswith("_count"):
            assert field["x-unit"] == "entries"


def test_what_a_model_says_itself_is_kept() -> None:
    schema: dict[str, Any] = {
        "description": "One\nline.\n\n- a\n  b\n- c",
        "properties": {
            "user_id": {"title": pydantic_title("user_id")},
            "time": {"title": "When", "examples": ["now"]},
        },
    }
    make_readable(schema, {"user_id": "u", "time": "then"})
    assert schema == {
        "description": "One line.\n\n- a b\n- c",
        "properties": {
            "user_id": {"title": "User ID", "examples": ["u"]},
            "time": {"title": "When", "examples": ["now"]},
        },
    }
