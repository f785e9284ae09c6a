"""Lines of commands: what is sent of them, and what is wrong with those that are not."""

import json
from typing import Any

import pytest

from l1_walk_contracts import Verb
from service.ops.command_lines import Line, LineError, check, numbered
from tests.support.records import SESSION, data_of, envelope_of


def line(**attributes: Any) -> Line:
    (one,) = numbered([json.dumps(envelope_of(Verb.STEP, **attributes)).encode()])
    return one


def test_blank_lines_are_counted_and_passed_over() -> None:
    first, second = numbered([b"one \n", b"\n", b"  \r\n", b" two"])
    assert first == Line(1, None, b"one")
    assert second == Line(4, None, b"two")


def test_the_key_is_the_session_id() -> None:
    assert line().key == SESSION.encode()


@pytest.mark.parametrize(
    "text", [b"{", b"[]", b'"subject"', b'{"subject": 3}', b'{"subject": null}', b"\xff"]
)
def test_a_line_that_names_no_session_has_no_key(text: bytes) -> None:
    (one,) = numbered([text])
    assert one.key is None


def test_a_command_that_keeps_the_contract_is_let_through() -> None:
    check(line())


def test_every_field_that_is_wrong_is_named() -> None:
    data = {**data_of(Verb.STEP), "node_id": "", "user_id": "nobody"}
    with pytest.raises(LineError, match=r"^line 1: data\.\w+: .*; data\.\w+: ") as caught:
        check(line(data=data))
    assert "data.node_id" in str(caught.value)
    assert "data.user_id" in str(caught.value)
    assert "nobody" not in str(caught.value), "what was sent is not repeated"


def test_a_name_that_is_misspelt_stands_beside_what_is_missing() -> None:
    data = data_of(Verb.STEP)
    data["node"] = data.pop("node_id")
    with pytest.raises(LineError, match=r"^line 1: data\.node_id: is required \(step has no \"node\"\)$"):
        check(line(data=data))


def test_of_many_unknown_names_some_are_told() -> None:
    data = {"x" * 500: 1} | {f"field_{number}": 1 for number in range(9)}
    with pytest.raises(LineError, match=r' \(step has no "x{60}…", "field_0", "field_1" and 7 more\)$'):
        check(line(data=data))


def test_an_unknown_verb_is_named() -> None:
    with pytest.raises(LineError, match=r"line 1: type: l1\.walk\.fly\.v1 is no command"):
        check(line(type="l1.walk.fly.v1"))


def test_what_settles_a_letter_is_not_sent_so() -> None:
    with pytest.raises(LineError, match="line 1: it settles a dead letter: use walk dead-letters redrive"):
        check(line(type="l1.walk.redrive.v1", data={"dead_letter_id": SESSION, "by": "ops"}))


@pytest.mark.parametrize("text", [b"{", b"[]", b"{}"])
def test_what_is_no_event_at_all_is_told_so(text: bytes) -> None:
    (one,) = numbered([text], start=7)
    with pytest.raises(LineError, match="line 7: no "):
        check(one)
