"""The fake worker by itself; that it does what the real one does is shown in tests/integration/contracts."""

import subprocess
import sys
from uuid import UUID

import pytest

from l1_walk_contracts import (
    CommandRejectedData,
    EventKind,
    Outcome,
    RejectionReason,
    SessionStatus,
    SettleData,
    SettleVerb,
    Topics,
    decode_event,
    encode_settle,
)
from l1_walk_contracts.testing import Factory, FakeWorker
from tests.support.sequences import Sequence, sequences


@pytest.mark.parametrize("one", list(sequences()), ids=lambda one: one.name)
def test_each_sequence_comes_to_what_it_must(one: Sequence) -> None:
    fake = FakeWorker()
    if one.gone is not None:
        fake.tell("account", one.gone, gone=True)
    handled = [fake.send(record) for record in one.records]
    assert [h.reason for h in handled if h.outcome is Outcome.REJECTED] == one.reasons
    assert len(fake.events) == sum(len(h.events) for h in handled)


def test_what_was_told_stands_on_its_topic_as_a_consumer_reads_it() -> None:
    factory = Factory(topics=Topics("acme"))
    fake, walk = FakeWorker(Topics("acme")), factory.walk()
    for record in factory.resolved_walk(walk):
        fake.send(record)
    [resolved] = fake.records["acme.resolved"]
    event = decode_event(resolved)
    assert (event.kind, event.session_id) == (EventKind.RESOLVED, str(walk.session_id))
    assert [event.kind for event in fake.events] == [EventKind.RESOLVED, EventKind.STARTED]
    session = fake.session(walk.session_id)
    assert session is not None
    assert (session.status, session.version) == (SessionStatus.RESOLVED, 5)
    assert fake.session(UUID(int=1)) is None


def test_what_is_sent_again_counts_once() -> None:
    fake, factory = FakeWorker(), Factory()
    walk = factory.resolved_walk()
    outcomes = [fake.send(record).outcome for record in walk + walk]
    assert outcomes == [Outcome.ACCEPTED] * 5 + [Outcome.DUPLICATE] * 5
    assert len(fake.events) == 2


def test_what_comes_from_another_partition_is_rejected_as_of_a_wrong_partitioner() -> None:
    fake, factory = FakeWorker(), Factory()
    walk = factory.walk()
    assert fake.send(walk.start_adhoc(factory.ticket()), partition=3).outcome is Outcome.ACCEPTED
    astray = fake.send(walk.note("Called back."), partition=2)
    assert astray.reason is RejectionReason.INVALID
    [rejected] = astray.events
    assert isinstance(rejected.data, CommandRejectedData)
    assert [error.field for error in rejected.data.errors or ()] == ["partition"]
    assert (rejected.data.origin.partition, rejected.data.origin.offset) == (2, 0)
    assert fake.send(walk.note("Called back."), partition=3).outcome is Outcome.ACCEPTED


def test_a_walk_is_as_long_as_the_worker_allows() -> None:
    fake, factory = FakeWorker(path_limit=1), Factory()
    _start, first, second, *_ = (fake.send(record) for record in factory.resolved_walk())
    assert first.outcome is Outcome.ACCEPTED
    assert second.reason is RejectionReason.STEP_LIMIT


def test_where_references_are_required_they_are_told_first() -> None:
    fake, factory = FakeWorker(require_references=True), Factory()
    walk, ticket = factory.walk(), factory.ticket()
    refused = fake.send(walk.start_adhoc(ticket))
    assert refused.reason is RejectionReason.UNKNOWN_REFERENCE
    [event] = refused.events
    assert [error.field for error in event.data.errors or ()] == ["data.account_id", "data.user_id"]  # type: ignore[union-attr]
    fake.tell("account", walk.account_id)
    fake.tell("user", walk.user_id)
    assert fake.send(walk.start_adhoc(ticket)).outcome is Outcome.ACCEPTED


def test_a_gone_account_takes_its_walks_with_it_and_comes_back_empty() -> None:
    fake, factory = FakeWorker(), Factory()
    walk, held = factory.walk(), factory.walk()
    fake.send(walk.start_adhoc(factory.ticket()))
    later = held.note("x")
    fake.send(later._replace(value=later.value.replace(b"note.v1", b"note.v2")))
    assert len(fake.dead_letters) == 1
    for account in (walk.account_id, held.account_id):
        fake.tell("account", account, gone=True)
    assert fake.session(walk.session_id) is None
    assert not fake.dead_letters
    assert fake.send(walk.note("x")).reason is RejectionReason.UNKNOWN_REFERENCE
    fake.tell("account", walk.account_id)
    assert fake.send(walk.note("x")).reason is RejectionReason.SESSION_NOT_FOUND
    fake.tell("account", held.account_id)
    assert fake.send(held.start_adhoc(factory.ticket())).outcome is Outcome.ACCEPTED


def test_dead_letters_are_not_settled_here() -> None:
    settle = encode_settle(
        SettleVerb.REDRIVE,
        SettleData(dead_letter_id=UUID(int=1), by="me"),
        session_id=None,
        source="/me",
        id="1",
    )
    with pytest.raises(ValueError, match="settles no dead letters"):
        FakeWorker().send(settle)


WITHOUT_WORKER = """
import sys
sys.modules["service"] = None
from l1_walk_contracts.testing import Factory
Factory().resolved_walk()
try:
    from l1_walk_contracts.testing import FakeWorker
except ImportError as error:
    print(error)
"""


def test_without_the_worker_it_says_what_to_install() -> None:
    said = subprocess.run(
        [sys.executable, "-c", WITHOUT_WORKER], capture_output=True, text=True, check=True
    ).stdout
    assert "pip install 'l1-walk-contracts[testing]'" in said
