"""Whatever the bytes: an answer, no exception, in time that grows with their number alone, and nothing quoted."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l1_walk_contracts import (
    COMMAND_DATA,
    Command,
    Invalid,
    Outcome,
    Record,
    Settle,
    Unreadable,
    Unsupported,
    Verb,
    decode_command,
)
from tests.support.hostile import ROWS, Hostile
from tests.support.records import SESSION, STAMP, data_of, envelope_of, record_of
from tests.support.walk import Walk

SECRET = "hunter2"
NOTE = Verb.NOTE


def with_data(member: str, verb: Verb = NOTE) -> bytes:
    """A valid command whose data ends with this member, as text."""
    text = json.dumps(envelope_of(verb))
    return f"{text[:-2]}, {member}}}}}".encode()


TYPES = {
    (Outcome.ACCEPTED, ""): Command,
    (Outcome.DUPLICATE, ""): Command,
    (Outcome.REJECTED, "id_reused"): Command,
    (Outcome.REJECTED, "notes_too_large"): Command,
    (Outcome.REJECTED, "invalid"): Invalid,
    (Outcome.DEAD_LETTERED, "unreadable"): Unreadable,
    (Outcome.DEAD_LETTERED, "unsupported"): Unsupported,
}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_each_row_of_the_table(row: Hostile) -> None:
    record = row.make(Walk()).received(STAMP if row.timestamp_ms is None else row.timestamp_ms)
    begin = time.process_time()
    decoded = decode_command(record)
    spent = time.process_time() - begin
    assert type(decoded) is TYPES[row.outcome, row.reason], decoded
    if isinstance(decoded, Invalid):
        assert "; ".join(f"{error.field} {error.message}" for error in decoded.errors) == row.told
    elif not isinstance(decoded, Command | Settle):
        assert decoded.error.startswith(row.told)
    assert spent < 5, "the largest take milliseconds: something grows faster than the message"


def test_errors_of_texts_say_what_is_allowed() -> None:
    def message(member: str, verb: Verb = NOTE) -> str:
        decoded = decode_command(record_of(with_data(member, verb)))
        assert isinstance(decoded, Invalid), decoded
        (error,) = decoded.errors
        return f"{error.field} {error.message}"

    assert message('"text": "\\u0000"') == "data.text must hold neither U+0000 nor half of a surrogate pair"
    assert message('"text": " \\ud800"') == "data.text must hold neither U+0000 nor half of a surrogate pair"
    assert message('"text": " \\n"') == "data.text must not be blank"
    assert message('"text": ""') == "data.text must not be empty"
    assert message('"text": null') == "data.text must be a string"
    assert message(f'"node_id": "{"ä" * 101}"') == "data.node_id must have at most 100 characters"
    assert message('"expected_version": 2147483648') == "data.expected_version must be at most 2,147,483,647"
    assert message('"expected_version": 0') == "data.expected_version must be at least 1"
    assert message('"expected_version": 1.5') == "data.expected_version must be an integer"
    assert message('"helpful": 1', Verb.FEEDBACK) == "data.helpful must be true or false"
    assert message('"ticket": 1', Verb.START) == "data.ticket must be a JSON object"
    assert message('"ticket": {"id": "1", "kind": "x"}', Verb.START) == (
        "data.ticket.kind must be 'psa' or 'internal'"
    )
    assert message('"notes": {}', Verb.REPLACE_NOTES) == "data.notes must be a list"
    assert message('"notes": [{"text": "a"}, 1]', Verb.REPLACE_NOTES) == "data.notes.1 must be a JSON object"
    assert message('"idle_since": 5', Verb.ABANDON).startswith(
        "data.idle_since must be an RFC 3339 timestamp"
    )
    assert message('"account_id": "x"').startswith("data.account_id must be a UUID")


texts = st.text("ab0 \n\x00\x1f\x7f\x9f\u3000ä\U0001f600\ud800\udbff\udc00\udfff", max_size=5)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**4200)
    | st.floats()
    | texts
    | st.sampled_from(["psa", "flow", SESSION, "2026-01-31T09:30:00Z", "9999-12-31T23:59:59-23:59"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
names = st.sampled_from(
    [*sorted({name for model in COMMAND_DATA.values() for name in model.model_fields}), "x"]
)
headers = st.lists(
    st.tuples(
        st.sampled_from(
            ["ce_id", "ce_source", "ce_type", "ce_specversion", "ce_subject", "ce_time", "ce_data"]
        )
        | st.sampled_from(["content-type", "ce_", "ce_traceparent", "Content-Type", "x"]),
        st.none()
        | st.binary(max_size=8)
        | st.sampled_from([b"1.0", b"l1.walk.step.v1", SESSION.encode(), b"application/cloudevents+json"]),
    ),
    max_size=8,
)
timestamps = st.integers(-1, STAMP * 2) | st.integers(-(2**63), 2**63 - 1)


def check(record: Record) -> None:
    decoded = decode_command(record)
    assert isinstance(decoded, Command | Invalid | Settle | Unsupported | Unreadable)
    assert repr(decode_command(record)) == repr(decoded)
    if isinstance(decoded, Invalid):
        assert decoded.errors
        for error in decoded.errors:
            assert error.field
            assert error.message != "breaks the contract", "an error that nobody put into words"
            assert SECRET not in error.message


@given(st.none() | st.binary(), headers, st.none() | st.binary(max_size=4), timestamps)
def test_any_record(value: bytes | None, some: Any, key: bytes | None, timestamp_ms: int) -> None:
    check(Record(key, value, some, timestamp_ms))


@given(st.sampled_from(Verb), st.dictionaries(names, values, max_size=4), headers, timestamps)
def test_any_data(verb: Verb, fields: dict[str, Any], some: Any, timestamp_ms: int) -> None:
    data = data_of(verb, **fields)
    check(record_of(envelope_of(verb, data), headers=some, timestamp_ms=timestamp_ms))


@given(st.dictionaries(st.sampled_from([*envelope_of(NOTE), "traceparent", "x"]), values, max_size=3))
def test_any_attributes(attributes: dict[str, Any]) -> None:
    check(record_of(envelope_of(NOTE) | attributes))


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 3), st.binary(max_size=3)), max_size=4))
def test_any_damage(damages: list[tuple[int, int, bytes]]) -> None:
    value = bytearray(with_data('"x": "\\ud800 \\\\", "y": [1, 2.5e3, null]'))
    for at, length, bytes_ in damages:
        value[at : at + length] = bytes_
    check(record_of(bytes(value)))


@given(st.sampled_from(Verb), names)
def test_no_error_quotes_what_it_is_about(verb: Verb, name: str) -> None:
    for value in (SECRET, [SECRET], {SECRET: SECRET}, SECRET * 20_000, f"{SECRET}\x00"):
        check(record_of(envelope_of(verb, data_of(verb, **{name: value}))))
    check(record_of(envelope_of(verb, time=SECRET), key=SECRET.encode()))
