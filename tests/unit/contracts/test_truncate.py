"""An event is kept within 64 KiB, in the order of design 7, and says what was cut."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l1_walk_contracts import (
    CommandRejectedData,
    Event,
    EventKind,
    ReceivedCommand,
    ResolvedData,
    Topics,
    encode_event,
)
from l1_walk_contracts.limits import EVENT_BYTES, SUMMARY_CHARS, TEXT_CHARS
from l1_walk_contracts.samples import EVENTS

CUT_IN_ORDER = ["walked_path", "walk_notes", "summary", "customer_summary"]


def resolved(**fields: Any) -> Event:
    event = EVENTS[EventKind.RESOLVED]
    assert isinstance(event.data, ResolvedData)
    return replace(event, data=replace(event.data, **fields))


def data_of(event: Event) -> dict[str, Any]:
    value = encode_event(event, Topics()).value
    assert len(value) <= EVENT_BYTES
    data: dict[str, Any] = json.loads(value)["data"]
    return data


def path(length: int, note: str = "") -> list[dict[str, str]]:
    return [{"node_id": str(number), "note": note} for number in range(length)]


def notes(length: int, text: str) -> list[dict[str, str]]:
    return [{"text": f"{number}{text}"} for number in range(length)]


def test_what_fits_is_whole() -> None:
    assert "truncated" not in data_of(resolved(walked_path=path(500), walk_notes=notes(100, "x")))


def test_the_middle_of_the_path_goes_first() -> None:
    walked, kept_notes = path(500, "x" * 200), notes(20, "x" * 100)
    data = data_of(resolved(walked_path=walked, walk_notes=kept_notes, path_count=500, note_count=20))
    assert data["truncated"] == ["walked_path"]
    assert (data["path_count"], data["note_count"], data["walk_notes"]) == (500, 20, kept_notes)
    left = [int(entry["node_id"]) for entry in data["walked_path"]]
    half = len(left) // 2
    assert left[:half] == list(range(half))
    assert left[half + 1 :] == list(range(500 - (len(left) - half - 1), 500))
    used = len(encode_event(resolved(walked_path=walked, walk_notes=kept_notes), Topics()).value)
    assert EVENT_BYTES - used < 2 * len(json.dumps(walked[0])), "no more than need be"


def test_what_is_left_is_in_order_whatever_the_order_was() -> None:
    walked = [{"note": "x" * 300, "node_id": str(number), "odd": 1} for number in range(300)]
    turned = [dict(reversed(entry.items())) for entry in walked]
    value = encode_event(resolved(walked_path=walked), Topics()).value
    assert encode_event(resolved(walked_path=turned), Topics()).value == value
    assert list(json.loads(value)["data"]["walked_path"][0]) == ["node_id", "note", "odd"]


def test_then_the_notes() -> None:
    data = data_of(resolved(walked_path=path(500), walk_notes=notes(300, "x" * 1000), summary="s" * 9000))
    assert data["truncated"] == ["walked_path", "walk_notes"]
    assert data["walked_path"] == []
    assert data["walk_notes"][0]["text"].startswith("0")
    assert data["walk_notes"][-1]["text"].startswith("299")
    assert data["summary"] == "s" * 9000


def test_then_the_summary() -> None:
    summary = "begin" + "ä" * (SUMMARY_CHARS - 8) + "end"
    resolution = "r" * 10_000
    data = data_of(resolved(walk_notes=notes(9, "x" * 9000), summary=summary, resolution_notes=resolution))
    assert data["truncated"] == ["walked_path", "walk_notes", "summary"]
    assert data["resolution_notes"] == resolution
    assert data["summary"].startswith("begin")
    assert data["summary"].endswith("end")
    assert "\n[...]\n" in data["summary"]
    assert data["customer_summary"] == data_of(resolved())["customer_summary"]


def test_then_the_customers_summary_but_never_the_resolution() -> None:
    resolution = "ä" * 30_000
    data = data_of(resolved(summary=resolution, customer_summary=resolution, resolution_notes=resolution))
    assert data["truncated"] == CUT_IN_ORDER
    assert (data["resolution_notes"], data["summary"]) == (resolution, "")
    assert data["customer_summary"].count("ä") > 100


def test_a_resolution_that_is_larger_alone_is_still_whole() -> None:
    resolution = "\U0001f600" * TEXT_CHARS
    value = encode_event(resolved(resolution_notes=resolution, summary=resolution), Topics()).value
    data = json.loads(value)["data"]
    assert data["resolution_notes"] == resolution
    assert (data["walked_path"], data["walk_notes"], data["summary"]) == ([], [], "")


def test_nothing_that_was_empty_is_said_to_be_cut() -> None:
    data = data_of(resolved(walked_path=[], walk_notes=notes(100, "x" * 1000)))
    assert data["truncated"] == ["walk_notes"]


@given(
    st.lists(st.text("xä\0\U0001f600", max_size=40).map(lambda text: text * 500), max_size=9),
    st.lists(st.text("xä\0\U0001f600", max_size=40).map(lambda text: text * 100), max_size=9),
    st.text("xä\0\U0001f600", max_size=64).map(lambda text: text * 500),
)
def test_any_terminal_event_fits(texts: list[str], more: list[str], summary: str) -> None:
    event = resolved(
        walked_path=[{"node_id": "n", "note": text} for text in texts],
        walk_notes=[{"text": text} for text in more],
        summary=summary,
    )
    data = data_of(event)
    cut = data.get("truncated", [])
    assert [name for name in CUT_IN_ORDER if name in cut] == cut
    for name in set(CUT_IN_ORDER) - set(cut):
        assert data[name] == getattr(event.data, name)


class TestRejections:
    def rejected(self, **parts: Any) -> Event:
        event = EVENTS[EventKind.COMMAND_REJECTED]
        assert isinstance(event.data, CommandRejectedData)
        command = ReceivedCommand(**{"key": "k", "headers": [], "value": "v", **parts})
        return replace(event, data=replace(event.data, command=command))

    def test_what_fits_is_whole(self) -> None:
        value = '"' * 30_000
        command = data_of(self.rejected(value=value))["command"]
        assert (command["value"], command["truncated"]) == (value, False)

    @pytest.mark.parametrize("character", ["x", '"', "\0", "\ufffd", "\U0001f600"])
    def test_the_middle_of_the_value_goes(self, character: str) -> None:
        command = data_of(self.rejected(value=f"begin{character * 60_000}{character * 10_000}end"))["command"]
        assert command["truncated"] is True
        assert command["value"].startswith("begin")
        assert command["value"].endswith("end")

    @pytest.mark.parametrize("value", [None, "v" * 1000])
    def test_then_the_headers(self, value: str | None) -> None:
        headers = [("ce_x", "\0" * 1000)] * 50
        command = data_of(self.rejected(value=value, headers=headers))["command"]
        assert (command["headers"], command["truncated"]) == ([], True)
        assert command["value"] == (None if value is None else "")
