"""The schemas say what the code does: committed as exported, whole, and of one mind with `decode_command`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from l1_walk_contracts import COMMAND_DATA, Command, EventKind, Record, Verb, decode_command, decode_event
from l1_walk_contracts.schemas import check, export, schemas
from tests.support.records import FLOW, SESSION, data_of, envelope_of, record_of
from tests.unit.contracts.conftest import SCHEMAS


def test_the_committed_schemas_are_those_of_the_code() -> None:
    assert check(SCHEMAS) == [], "run: walk contracts export"


def test_drift_is_told(tmp_path: Path) -> None:
    written = export(tmp_path / "new" / "folder")
    folder = written[0].parent
    assert len(written) == len(Verb) + len(EventKind)
    assert check(folder) == []
    (folder / "l1.walk.step.v1.json").write_text("{}")
    (folder / "l1.walk.note.v1.json").unlink()
    (folder / "other.json").write_text("{}")
    assert check(folder) == [
        "l1.walk.note.v1.json: is missing",
        "l1.walk.step.v1.json: differs",
        "other.json: is none of the contracts'",
    ]


def fields_in(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field that a schema describes, its conditions and samples aside."""
    if isinstance(schema, dict):
        for name, field in schema.get("properties", {}).items():
            yield f"{path}.{name}", field
        for name, part in schema.items():
            if name not in ("examples", "if", "then", "else"):
                yield from fields_in(part, f"{path}/{name}")
    elif isinstance(schema, list):
        for part in schema:
            yield from fields_in(part, path)


@pytest.mark.parametrize("name", sorted(schemas()))
def test_a_schema_is_whole(name: str, schema_of: dict[str, Any]) -> None:
    schema = schema_of[name]
    Draft202012Validator.check_schema(schema)
    assert schema["title"] == name.removesuffix(".json")
    assert all("description" in field for _, field in fields_in(schema))
    (sample,) = schema["examples"]
    Draft202012Validator(schema).validate(sample)
    record = Record(sample["subject"].encode(), json.dumps(sample).encode())
    if schema["x-kafka-topic"] == "l1.walk.commands":
        assert isinstance(decode_command(record), Command)
    else:
        assert decode_event(record).type == schema["title"]


choices: list[Any] = [
    None,
    True,
    0,
    1,
    3,
    2**31 - 1,
    2**31,
    1.5,
    "",
    " ",
    "x",
    "a\x00",
    "ä" * 30,
    "ä" * 31,
    "x" * 64,
]
choices += [
    "x" * 65,
    "x" * 100,
    "x" * 101,
    "x" * 2000,
    "x" * 2001,
    "x" * 32_000,
    "x" * 32_001,
    " " * 99 + "x",
]
choices += [SESSION, SESSION.upper(), SESSION + "0", f"urn:uuid:{SESSION}", FLOW, "psa", "internal"]
choices += ["flow", "proposal", "adhoc", "ai_build", [], {}, [{"text": "a"}], [{"text": " "}], [1]]
choices += [{"id": "1", "kind": "psa"}, {"id": "", "kind": "psa"}, {"id": "1", "kind": "x"}]
names = sorted({name for model in COMMAND_DATA.values() for name in model.model_fields} - {"idle_since"})


@given(
    st.sampled_from(Verb),
    st.dictionaries(st.sampled_from(names), st.sampled_from(choices), max_size=3),
    st.sets(st.sampled_from(names), max_size=2),
)
def test_schema_and_code_are_of_one_mind(verb: Verb, fields: dict[str, Any], absent: set[str]) -> None:
    data = {name: value for name, value in data_of(verb, **fields).items() if name not in absent}
    envelope = envelope_of(verb, data)
    by_code = isinstance(decode_command(record_of(envelope)), Command)
    assert Draft202012Validator(EXPORTED[f"{verb.type}.json"]).is_valid(envelope) == by_code


EXPORTED = schemas()
