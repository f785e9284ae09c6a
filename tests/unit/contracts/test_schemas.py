"""The schemas say what the code does: committed as exported, whole, and of one mind with `decode_command`."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from l1_walk_contracts import COMMAND_DATA, Command, EventKind, Record, Verb, decode_command, decode_event
from l1_walk_contracts.schemas import check, export, messages, schemas
from tests.support.records import FLOW, SESSION, data_of, envelope_of, record_of
from tests.unit.contracts.conftest import SCHEMAS


def test_the_committed_schemas_are_those_of_the_code() -> None:
    assert check(SCHEMAS) == [], "run: walk contracts export"


def test_drift_is_told(tmp_path: Path) -> None:
    written = export(tmp_path / "new" / "folder")
    folder = written[0].parent
    assert len(written) == len(Verb) + len(EventKind) + 2
    assert check(folder) == []
    (folder / "l1.walk.step.v1.json").write_text("{}")
    (folder / "l1.walk.note.v1.json").unlink()
    (folder / "other.json").write_text("{}")
    assert check(folder) == [
        "l1.walk.note.v1.json: is missing",
        "l1.walk.step.v1.json: differs",
        "other.json: is none of the contracts'",
    ]


@pytest.mark.parametrize("name", sorted(messages()))
def test_a_sample_is_what_it_says(name: str, schema_of: dict[str, Any]) -> None:
    schema = schema_of[name]
    (sample,) = schema["examples"]
    record = Record(sample["subject"].encode(), json.dumps(sample).encode())
    if schema["x-kafka-topic"] == "l1.walk.commands":
        assert isinstance(decode_command(record), Command)
    else:
        assert decode_event(record).type == schema["title"]


@pytest.mark.parametrize("name", sorted(messages()))
def test_a_message_fits_the_envelope_of_its_direction(name: str, schema_of: dict[str, Any]) -> None:
    schema = schema_of[name]
    is_command = schema["x-kafka-topic"] == "l1.walk.commands"
    envelope = schema_of["command-envelope.json" if is_command else "event-envelope.json"]
    Draft202012Validator(envelope).validate(schema["examples"][0])
    assert schema["required"] == envelope["required"]
    assert schema["properties"].keys() == envelope["properties"].keys()


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
