"""Paths and notes of any shape, up to the event that tells of them."""

import json
from typing import NoReturn

import pytest

from l1_walk_contracts import Record, ResolvedData, Topics, Verb, decode_event, encode_event
from service.store.entries import DEPTH, read_entries
from tests.support.walks import accepted, command, session


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("[]", ()),
        ('[{"node_id": "a", "answer": "€"}]', ({"node_id": "a", "answer": "€"},)),
        ('{"a": 1}', ({"a": 1},)),
        ('"text"', ("text",)),
        ("null", (None,)),
        ("7", (7,)),
        ('[null, true, 1.5, [{"a": []}]]', (None, True, 1.5, [{"a": []}])),
        ("[123456789012345678901234567890]", (1.2345678901234568e29,)),
        ('[{"step": 1}, ' + "9" * 5_000 + "]", ({"step": 1}, "9" * 5_000)),
        ("[-" + "9" * 5_000 + ".5]", ("-" + "9" * 5_000 + ".5",)),
    ],
    ids=lambda value: str(value)[:30],
)
def test_whatever_stands_there_is_read(text: str, entries: tuple[object, ...]) -> None:
    assert read_entries(text) == entries


ARRAYS, OBJECTS = ("[", "]"), ('{"a": ', "}")


def nested(levels: int, shape: tuple[str, str]) -> str:
    return shape[0] * levels + "1" + shape[1] * levels


@pytest.mark.parametrize("levels", [DEPTH + 1, 500])
@pytest.mark.parametrize("shape", [ARRAYS, OBJECTS], ids=["arrays", "objects"])
def test_an_entry_that_is_nested_too_deeply_is_text(levels: int, shape: tuple[str, str]) -> None:
    text = nested(levels, shape)
    assert read_entries(f'[{text}, {{"node_id": "a"}}]') == (text, {"node_id": "a"})


@pytest.mark.parametrize("shape", [ARRAYS, OBJECTS], ids=["arrays", "objects"])
def test_what_is_nested_beyond_all_bounds_is_text(shape: tuple[str, str]) -> None:
    text = nested(100_000, shape)
    assert read_entries(text) == (text,)


@pytest.mark.parametrize(
    "text",
    [
        "null",
        '{"a": {"b": [1, 2.5, null]}}',
        "[" * (DEPTH - 1) + "]" * (DEPTH - 1),
        "[" * 500 + "]" * 500,
        "[" + "9" * 5_000 + "]",
        '[{"node_id": [7], "at": {}, "kind": false, "answer": null}, "x", [[]]]',
    ],
    ids=lambda text: text[:20],
)
def test_an_event_tells_of_it_in_json_that_anybody_can_read(text: str) -> None:
    entries = read_entries(text)
    [event] = accepted(
        session(walked_path=entries, walk_notes=entries), command(Verb.RESOLVE, {"resolution_notes": "done"})
    ).events
    out = encode_event(event, Topics())
    json.loads(out.value, parse_constant=refuse)
    read = decode_event(Record(out.key, out.value, out.headers))
    assert isinstance(read.data, ResolvedData)
    assert read.data.path_count == read.data.note_count == len(entries)


def refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")
