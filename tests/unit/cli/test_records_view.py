"""`walk tail`: two lines for a person, one for a program."""

import json
from typing import Any

import pytest
from aiokafka import ConsumerRecord

from l1_walk_contracts import Event, EventKind, OutRecord, Record, Topics, Verb, encode_event
from l1_walk_contracts.samples import EVENTS
from service.cli.views.records import record_json, record_view
from tests.support.consumed import consumed
from tests.support.records import SESSION, STAMP, data_of, envelope_of, record_of

TOPICS = Topics()


def on_topic(out: OutRecord, partition: int = 0, offset: int = 0) -> ConsumerRecord:
    return consumed(Record(out.key, out.value, out.headers, STAMP), partition, offset, out.topic)


def event(kind: EventKind) -> ConsumerRecord:
    return on_topic(encode_event(EVENTS[kind], TOPICS))


def told(record: ConsumerRecord) -> tuple[str, str]:
    head, more = record_view(record, TOPICS)
    return head.plain.split("  ", 1)[1], more.plain.strip()


@pytest.mark.parametrize("kind", EventKind)
def test_every_event_names_its_walk(kind: EventKind) -> None:
    head, more = told(event(kind))
    assert EVENTS[kind].session_id in head
    assert more


def test_an_end_says_of_which_ticket_and_how() -> None:
    sample: Event = EVENTS[EventKind.RESOLVED]
    data: Any = sample.data
    head, more = told(event(EventKind.RESOLVED))
    assert head == f"resolved    {sample.session_id}  {data.ticket.id} ({data.ticket.kind.value})"
    assert more.endswith("; " + " ".join(data.resolution_notes.split()))


def test_a_rejection_says_why() -> None:
    sample: Any = EVENTS[EventKind.COMMAND_REJECTED].data
    sample_id = EVENTS[EventKind.COMMAND_REJECTED].causation_id
    head, more = told(event(EventKind.COMMAND_REJECTED))
    assert head.startswith("rejected    ")
    assert more.startswith(f"{sample.reason.value}: {sample.command_type} {sample_id}")
    assert more.endswith(f"from {sample.origin.topic} {sample.origin.partition}@{sample.origin.offset}")


def test_what_is_wrong_is_never_cut() -> None:
    stray = on_topic(OutRecord(TOPICS.resolved, b"k", b"{}", []))
    for record in event(EventKind.COMMAND_REJECTED), consumed(record_of(envelope_of(Verb.STEP, {}))), stray:
        head, more = record_view(record, TOPICS)
        assert head.no_wrap
        assert (more.no_wrap, more.overflow) == (False, "fold")
    _, more = record_view(event(EventKind.RESOLVED), TOPICS)
    assert (more.no_wrap, more.overflow) == (True, "ellipsis")


def test_a_command_is_told_with_its_data() -> None:
    data = data_of(Verb.START, acting_as="l1_coverage")
    assert told(consumed(record_of(envelope_of(Verb.START, data)))) == (
        f"start       {SESSION}",
        'acting_as: l1_coverage; ticket: {"id":"T1","kind":"psa"}; session_kind: adhoc',
    )


def test_an_operators_command_names_its_letter() -> None:
    settle = envelope_of(Verb.STEP, {"dead_letter_id": SESSION, "by": "ops"}, type="l1.walk.discard.v1")
    assert told(consumed(record_of(settle))) == (f"discard     dead letter {SESSION}", "by ops")


@pytest.mark.parametrize(
    ("envelope", "head", "more"),
    [
        (envelope_of(Verb.STEP, {}), f"step        {SESSION}", "invalid: "),
        (
            envelope_of(Verb.STEP, type="l1.walk.fly.v1"),
            f"unsupported {SESSION}",
            "l1.walk.fly.v1: unknown verb",
        ),
        (b"{", "unreadable  2@7", "no JSON"),
    ],
)
def test_a_command_that_is_none_says_what_is_wrong(envelope: Any, head: str, more: str) -> None:
    first, second = told(consumed(record_of(envelope), 2, 7))
    assert first == head
    assert second.startswith(more)


def dead_letter() -> ConsumerRecord:
    headers = [
        ("x-walk-class", b"unreadable"),
        ("x-walk-error", b"no JSON: \x1b"),
        ("x-walk-origin-partition", b"3"),
        ("x-walk-origin-offset", b"9"),
    ]
    return consumed(Record(None, b"{ \x07", headers, STAMP), topic=TOPICS.dead_letter)


def test_a_dead_letter_says_where_from_and_why() -> None:
    assert told(dead_letter()) == ("dead letter unreadable of 3@9: no JSON: \ufffd", "{ \ufffd")


def test_a_reference_exists_or_is_gone() -> None:
    there = consumed(Record(b"account/x", b"1", (), STAMP), topic=TOPICS.references)
    gone = consumed(Record(b"account/x", None, (), STAMP), topic=TOPICS.references)
    assert told(there)[0] == "exists      account/x"
    assert told(gone)[0] == "gone        account/x"


def test_what_is_no_event_of_ours_is_borne() -> None:
    head, more = told(consumed(Record(None, b"?", (), -1), 1, 5, TOPICS.resolved))
    assert head.strip() == "no event    1@5"
    assert more.startswith("l1.walk.resolved: no JSON")


def test_programs_get_the_event_as_it_stands_on_the_topic() -> None:
    record = event(EventKind.STARTED)
    assert record_json(record).encode() == record.value


@pytest.mark.parametrize(
    "record",
    [dead_letter(), consumed(Record(b"k", b"[1,\n2]", (), STAMP)), consumed(Record(b"k", None, (), STAMP))],
)
def test_programs_get_all_of_what_is_no_event(record: ConsumerRecord) -> None:
    line = record_json(record)
    assert "\n" not in line
    whole = json.loads(line)
    assert set(whole) == {"topic", "partition", "offset", "timestamp", "key", "headers", "value"}
    assert whole["value"] == (None if record.value is None else record.value.decode())
