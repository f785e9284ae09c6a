"""Whatever the record: exactly one outcome, and nothing that a batch could stumble over."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l1_walk_contracts import Outcome, Record, Topics, Verb, decode_event
from service.domain.rules import Rules
from service.pipeline.decode import decode
from service.pipeline.fold import Effects, Fold, Known
from service.store.outbox import pack_headers, unpack_headers
from tests.support.consumed import consumed
from tests.support.hostile import ROWS, Hostile
from tests.support.records import STAMP, data_of, envelope_of, record_of
from tests.support.walk import Walk

TOPICS = Topics("t")
FOLD = Fold(TOPICS, Rules())
NOTHING = Known({}, {}, (), ())


def fold(*records: Record, known: Known = NOTHING) -> Effects:
    effects = FOLD(decode([consumed(record, 0, offset) for offset, record in enumerate(records)]), known)
    assert len(effects.results) == len(records)
    for message in effects.messages:
        assert unpack_headers(pack_headers(message.headers)) == [*map(tuple, message.headers)]
        if message.topic != TOPICS.dead_letter:
            decode_event(Record(message.key, message.value, message.headers))
    return effects


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_each_row_of_the_table_has_its_outcome(row: Hostile) -> None:
    walk = Walk()
    record = row.make(walk).received(STAMP if row.timestamp_ms is None else row.timestamp_ms)
    before = [walk.start(), *([row.before(walk)] if row.before else [])]
    results = fold(*(s.received(STAMP) for s in before), record, Walk().start().received(STAMP)).results
    well = (Outcome.ACCEPTED, "")
    assert results == [*[well] * len(before), (row.outcome, row.reason), well]


texts = st.text("ab0 \n\x00\x1f\x7f\x9f\u3000ä\U0001f600\ud800\udbff\udc00\udfff", max_size=5)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(2**70) | st.just(10**4200) | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
names = st.sampled_from(
    ["text", "node_id", "notes", "reason", "helpful", "answer", "ticket", "account_id", "x"]
)
header_names = st.sampled_from(["ce_id", "ce_type", "ce_subject", "ce_", "content-type", "x"])
headers = st.lists(
    st.tuples(header_names | st.text(max_size=3), st.none() | st.binary(max_size=8)), max_size=5
)
anything = st.builds(
    Record,
    st.none() | st.binary(max_size=40),
    st.none() | st.binary(),
    headers,
    st.integers(-(2**63), 2**63 - 1),
)


@st.composite
def commands(draw: Any) -> Record:
    """A command for one walk, spoilt in data, envelope, headers, key and time."""
    verb = draw(st.sampled_from([*Verb, Verb.START, Verb.NOTE, Verb.STEP]))
    data = data_of(verb, **draw(st.dictionaries(names, values, max_size=2)))
    attributes = draw(
        st.dictionaries(st.sampled_from(["id", "time", "traceparent", "data"]), values, max_size=1)
    )
    parts: dict[str, Any] = {"headers": draw(st.just([]) | headers)}
    if draw(st.integers(0, 9)) == 0:
        parts["key"] = draw(st.none() | st.binary(max_size=4))
    if draw(st.integers(0, 9)) == 0:
        parts["timestamp_ms"] = draw(st.integers(-(2**63), 2**63 - 1))
    return record_of(envelope_of(verb, data, id=str(draw(st.integers(0, 3)))) | attributes, **parts)


@given(st.lists(anything | commands(), min_size=1, max_size=8))
def test_any_records_have_one_outcome_each(records: list[Record]) -> None:
    effects = fold(*records)
    assert not [reason for outcome, reason in effects.results if reason == "failed"]
    letters = [letter.offset for letter in effects.dead_letters]
    put_aside = (Outcome.DEAD_LETTERED, Outcome.PARKED)
    assert letters == [n for n, (outcome, _) in enumerate(effects.results) if outcome in put_aside]
    told = {message.offset for message in effects.messages if message.topic == TOPICS.rejected}
    assert told == {n for n, (outcome, _) in enumerate(effects.results) if outcome is Outcome.REJECTED}
