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
    Record,
    Unreadable,
    Unsupported,
    Verb,
    decode_command,
)
from l1_walk_contracts.limits import MESSAGE_BYTES
from tests.support.records import SESSION, STAMP, data_of, envelope_of, record_of

SECRET = "hunter2"
NOTE = Verb.NOTE


def with_data(member: str, verb: Verb = NOTE) -> bytes:
    """A valid command whose data ends with this member, as text."""
    text = json.dumps(envelope_of(verb))
    return f"{text[:-2]}, {member}}}}}".encode()


def filled(begin: str, unit: str, end: str, verb: Verb = NOTE) -> bytes:
    """A command as large as may be, of many times the same."""
    room = MESSAGE_BYTES - len(with_data(begin + end, verb))
    return with_data(begin + unit * (room // len(unit)) + end, verb)


DIGITS = "9" * 5000
NULL_FIELDS: dict[str, Any] = dict.fromkeys(data_of(NOTE))

WHAT: dict[str, tuple[bytes, type[Any]]] = {
    "U+0000 in a text": (with_data('"text": "a\\u0000b"'), Invalid),
    "U+0000 in a field nobody knows": (with_data('"x": "a\\u0000b"'), Command),
    "U+0000 in a name": (with_data('"\\u0000": 1'), Command),
    "half a pair in a text": (with_data('"text": "\\ud800"'), Invalid),
    "the other half": (with_data('"text": "\\udc00"'), Invalid),
    "the halves in the wrong order": (with_data('"text": "\\udc00\\ud800"'), Invalid),
    "both halves": (with_data('"text": "\\ud83d\\ude00"'), Command),
    "two halves and a pair": (with_data('"text": "\\ud83d\\ud83d\\ude00"'), Invalid),
    "no half at all": (with_data('"text": "\\\\ud800"'), Command),
    "half a pair after a backslash": (with_data('"text": "\\\\\\ud800"'), Invalid),
    "half a pair in a name": (with_data('"\\ud800": 1'), Command),
    "half a pair in bytes": (with_data('"text": "?"').replace(b"?", b"\xed\xa0\x80"), Unreadable),
    "overlong UTF-8": (with_data('"text": "?"').replace(b"?", b"\xc0\x80"), Unreadable),
    "NaN": (with_data('"x": NaN'), Unreadable),
    "Infinity": (with_data('"x": Infinity'), Unreadable),
    "a number that is too large": (with_data('"x": 1e999'), Command),
    "a long number in a field": (with_data(f'"expected_version": {DIGITS}'), Invalid),
    "a long number for a text": (with_data(f'"text": {DIGITS}'), Invalid),
    "a long number for a helpful": (with_data(f'"helpful": {DIGITS}', Verb.FEEDBACK), Invalid),
    "a long number elsewhere": (with_data(f'"x": {DIGITS}'), Command),
    "a long number that is none": (with_data(f'"x": 0{DIGITS}'), Unreadable),
    "a number past 64 bits": (with_data('"expected_version": 18446744073709551616'), Invalid),
    "zero": (with_data('"expected_version": 0'), Invalid),
    "a fraction": (with_data('"expected_version": 1.0'), Invalid),
    "truth for a number": (with_data('"expected_version": true'), Invalid),
    "a text for a number": (with_data('"expected_version": "1"'), Invalid),
    "a text for truth": (with_data('"helpful": "yes"', Verb.FEEDBACK), Invalid),
    "a number for truth": (with_data('"helpful": 1', Verb.FEEDBACK), Invalid),
    "a number for a text": (with_data('"text": 1'), Invalid),
    "an account in braces": (with_data(f'"account_id": "{{{SESSION}}}"'), Invalid),
    "an account as a URN": (with_data(f'"account_id": "urn:uuid:{SESSION}"'), Invalid),
    "an account without hyphens": (with_data(f'"account_id": "{SESSION.replace("-", "")}"'), Invalid),
    "an account in capitals": (with_data(f'"account_id": "{SESSION.upper()}"'), Command),
    "a kind that is a list": (with_data('"session_kind": []', Verb.START), Invalid),
    "a kind with half a pair": (with_data('"session_kind": "\\ud800"', Verb.START), Invalid),
    "a ticket that is a list": (with_data('"ticket": [1, 2]', Verb.START), Invalid),
    "doubled keys": (with_data('"text": 1, "text": "last"'), Command),
    "nested 150 deep": (with_data(f'"x": {"[" * 150}{"]" * 150}'), Command),
    "nested 100,000 deep": (with_data(f'"x": {"[" * 100_000}{"]" * 100_000}'), Unreadable),
    "nested and never closed": (with_data(f'"x": {"[" * 100_000}'), Unreadable),
    "nested after half a pair": (with_data(f'"w": "\\ud800", "x": {"[" * 900}{"]" * 900}'), Unreadable),
    "objects, nested": (with_data(f'"x": {"{" + chr(34) + "a" + chr(34) + ":"}' * 9000), Unreadable),
    "all null": (json.dumps(envelope_of(NOTE, data=NULL_FIELDS)).encode(), Invalid),
    "largest: lists": (filled('"x": [', "[],", "[]]"), Command),
    "largest: objects": (filled('"x": [', "{},", "{}]"), Command),
    "largest: deep lists": (filled('"x": [', "[" * 190 + "]" * 190 + ",", "1]"), Command),
    "largest: numbers and a long one": (filled(f'"x": [{DIGITS},', "1,", "1]"), Command),
    "largest: long numbers": (filled('"x": [', DIGITS + ",", "1]"), Command),
    "largest: numbers just not too long": (filled('"x": [', DIGITS[:4300] + ",", "1]"), Command),
    "largest: one number": (filled('"x": ', "9", ""), Command),
    "largest: digits in a text, and half a pair": (
        filled('"x": "\\ud800', DIGITS[:4300] + " ", '"'),
        Command,
    ),
    "largest: half pairs": (filled('"x": "', "\\ud800", '"'), Command),
    "largest: half pairs, apart": (filled('"x": [', '"\\ud800",', "1]"), Command),
    "largest: backslashes": (filled('"x": "\\ud800', "\\\\", '"'), Command),
    "largest: quotes": (filled('"x": "\\ud800', '\\"', '"'), Command),
    "largest: the same key": (filled("", '"x":1,', '"x":1'), Command),
    "largest: text": (filled('"text": "', "a", '"'), Invalid),
    "largest: blanks": (filled('"text": "', " ", '"'), Invalid),
    "largest: notes": (filled('"notes": [', '{"text":"a"},', '{"text":"a"}]', Verb.REPLACE_NOTES), Command),
    "largest: bad notes": (filled('"notes": [', "1,", "1]", Verb.REPLACE_NOTES), Invalid),
    "largest: a fraction of a second": (
        filled('"idle_since": "2026-01-31T09:30:00.', "1", 'Z"', Verb.ABANDON),
        Command,
    ),
    "largest: brackets": (b"[" * MESSAGE_BYTES, Unreadable),
    "largest: braces": (b"{" * MESSAGE_BYTES, Unreadable),
    "largest: white space": (b" " * MESSAGE_BYTES, Unreadable),
    "largest: U+0000": (b"\0" * MESSAGE_BYTES, Unreadable),
    "larger": (b"[" * (MESSAGE_BYTES + 1), Unreadable),
}


@pytest.mark.parametrize("name", WHAT)
def test_a_hostile_message(name: str) -> None:
    value, expected = WHAT[name]
    record = record_of(value)
    begin = time.process_time()
    decoded = decode_command(record)
    spent = time.process_time() - begin
    assert type(decoded) is expected, decoded
    assert spent < 5, "the largest take tens of milliseconds: something grows faster than the message"


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
    assert isinstance(decoded, Command | Invalid | Unsupported | Unreadable)
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
