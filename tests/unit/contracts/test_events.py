"""Events on the wire: where, with which key, and what is said; and read back (design 3 and 7)."""

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from l1_walk_contracts import (
    EVENT_DATA,
    Event,
    EventError,
    EventKind,
    Record,
    ResolvedData,
    Topics,
    UnknownEventType,
    decode_event,
    encode_event,
)
from l1_walk_contracts.samples import ACCOUNT, EVENTS, SESSION

RESOLVED = EVENTS[EventKind.RESOLVED]


def sent(event: Event) -> Record:
    out = encode_event(event, Topics())
    return Record(out.key, out.value, out.headers, 0)


def said(event: Event) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(encode_event(event, Topics()).value)
    return read


def resolved(**fields: Any) -> Event:
    assert isinstance(RESOLVED.data, ResolvedData)
    return replace(RESOLVED, data=replace(RESOLVED.data, **fields))


@pytest.mark.parametrize("kind", EventKind)
def test_an_event_is_read_as_it_was_sent(kind: EventKind) -> None:
    event = EVENTS[kind]
    record = sent(event)
    read = decode_event(record)
    assert type(read.data) is EVENT_DATA[kind]
    assert sent(read) == record
    assert (read.id, read.kind, read.session_id, read.time) == (event.id, kind, str(SESSION), event.time)
    assert (read.account_id, read.session_version) == (event.account_id, event.session_version)


@pytest.mark.parametrize("kind", EventKind)
def test_the_record_of_an_event(kind: EventKind) -> None:
    record = encode_event(EVENTS[kind], Topics("acme"))
    is_psa = kind in (EventKind.RESOLVED, EventKind.ESCALATED)
    assert record.topic == Topics("acme").for_event(kind)
    assert record.key.decode() == (f"{ACCOUNT}/psa/T20260131.0042" if is_psa else str(SESSION))
    assert record.headers == [("content-type", b"application/cloudevents+json")]
    attributes = json.loads(record.value)
    del attributes["data"]
    assert attributes == {
        "specversion": "1.0",
        "id": EVENTS[kind].id,
        "source": "/l1-walk-worker",
        "type": kind.type,
        "subject": str(SESSION),
        "time": "2026-01-31T09:30:00Z" if kind is EventKind.STARTED else "2026-01-31T09:42:00Z",
        "datacontenttype": "application/json",
        "accountid": str(ACCOUNT),
        "sessionversion": 1 if kind is EventKind.STARTED else 4,
        "causationid": "3f8a1c5d-7e92-4b06-a4d3-8c5f1e2b9a70",
    }


def test_what_is_absent_is_left_out() -> None:
    event = replace(resolved(helpful=None), account_id=None, session_version=None)
    assert not {"accountid", "sessionversion", "traceparent"} & said(event).keys()
    assert not {"helpful", "flow_proposal_id", "acting_as", "truncated"} & said(event)["data"].keys()
    assert said(resolved(helpful=False))["data"]["helpful"] is False
    traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    traced = replace(RESOLVED, traceparent=traceparent)
    assert said(traced)["traceparent"] == traceparent
    assert decode_event(sent(traced)).traceparent == traceparent


def test_the_same_event_has_the_same_bytes_whatever_the_order_of_keys() -> None:
    entry = {
        "node_id": "n",
        "answer": "a",
        "at": "2026-01-31T09:33:00Z",
        "kind": "step",
        "zeta": 1,
        "alpha": 2,
    }
    note = {"text": "t", "user_id": "u", "zeta": {"b": 1, "a": 2}, "alpha": None}
    one = resolved(walked_path=[entry], walk_notes=[note])
    other = resolved(walked_path=[dict(reversed(entry.items()))], walk_notes=(dict(reversed(note.items())),))
    assert encode_event(one, Topics()) == encode_event(other, Topics())
    assert said(one)["data"]["walked_path"] == [entry]
    assert list(said(one)["data"]["walked_path"][0]) == ["node_id", "answer", "at", "kind", "alpha", "zeta"]


def test_rows_older_than_the_worker_may_hold_anything() -> None:
    path = [None, 1, "text", ["list"], {"step": {"deep": [1.5, None]}}, {"node_id": 7}]
    event = resolved(walked_path=path, walk_notes=path)
    assert said(event)["data"]["walked_path"] == path
    read = decode_event(sent(event))
    assert isinstance(read.data, ResolvedData)
    assert (list(read.data.walked_path), list(read.data.walk_notes)) == (path, path)


def test_what_a_newer_worker_adds_is_passed_over() -> None:
    newer = said(RESOLVED) | {"extension": "x"}
    newer["data"] |= {"more": {"a": 1}, "ticket": newer["data"]["ticket"] | {"queue": 3}}
    assert decode_event(Record(b"", json.dumps(newer).encode())) == decode_event(sent(RESOLVED))


@pytest.mark.parametrize("name", ["l1.walk.resolved.v2", "l1.walk.merged.v1", "l1.walk.step.v1"])
def test_a_type_of_a_newer_worker_is_told_apart(name: str) -> None:
    with pytest.raises(UnknownEventType):
        decode_event(Record(b"", json.dumps(said(RESOLVED) | {"type": name}).encode()))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"specversion": "0.3"}, "no CloudEvent 1.0"),
        ({"id": None}, "no usable id"),
        ({"type": "com.example"}, "not one of our types"),
        ({"time": "noon"}, "attributes.time must be an RFC 3339 timestamp"),
        ({"causationid": None}, "attributes.causationid must be a string"),
        ({"sessionversion": "x"}, "attributes.sessionversion must be an integer"),
        ({"accountid": "x"}, "attributes.accountid must be a UUID"),
        ({"data": None}, "data must be a JSON object"),
        ({"data": {}}, "data.session_id is required"),
    ],
)
def test_what_is_no_event_is_said(change: dict[str, Any], problem: str) -> None:
    with pytest.raises(EventError, match=problem):
        decode_event(Record(b"", json.dumps(said(RESOLVED) | change).encode()))
    for value in (None, b"", b"{", b"[]"):
        with pytest.raises(EventError, match=r"no value|no JSON"):
            decode_event(Record(b"", value))


odd: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, -1, 1.5, 1e999, "", "x", "\ud800", "2026-01-31T09:30:00Z", [], {}, [{}], [None]]
)


@given(
    st.sampled_from(EventKind),
    st.dictionaries(st.sampled_from([*said(RESOLVED), "traceparent"]), odd, max_size=2),
    st.dictionaries(
        st.sampled_from([*said(RESOLVED)["data"], "errors", "origin", "command"]), odd, max_size=3
    ),
)
def test_whatever_comes_it_is_an_event_or_an_event_error(
    kind: EventKind, attributes: dict[str, Any], fields: dict[str, Any]
) -> None:
    envelope = said(EVENTS[kind])
    envelope["data"] |= fields
    with suppress(EventError):
        decode_event(Record(b"", json.dumps(envelope | attributes).encode()))


def test_samples_keep_their_schemas(schema_of: dict[str, Any]) -> None:
    for kind, event in EVENTS.items():
        Draft202012Validator(schema_of[f"{kind.type}.json"]).validate(said(event))
