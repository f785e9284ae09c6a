"""The connector's memory: what is taken once, who may write, and what a late one must not do."""

import sqlite3

import pytest

from examples.psa_connector.calls import Calls
from examples.psa_connector.connectwise import ConnectWise
from examples.psa_connector.store import Claimed, LostClaimError, Store, Taken
from examples.psa_connector.walks import Walk, read_walk
from l1_walk_contracts import Event, Topics, encode_event
from tests.support.psa.ended import ended, later

TOPIC = "l1.walk.resolved"


def walk_of(event: Event) -> Walk:
    record = encode_event(event, Topics())
    walk = read_walk(record.key, record.value)
    assert walk is not None
    return walk


def taken(event: Event, offset: int = 0) -> Taken:
    record = encode_event(event, Topics())
    return Taken(TOPIC, 0, offset, record.key, record.value, walk_of(event))


def take(db: sqlite3.Connection, *events: Event) -> Store:
    store = Store(db)
    store.take([taken(event, offset) for offset, event in enumerate(events)], {(TOPIC, 0): len(events)}, 0.0)
    return store


def claim(store: Store, now: float = 0.0, until: float = 10.0) -> Claimed:
    [claimed] = store.claim(1, now, until)
    return claimed


def test_an_event_is_taken_once_with_its_offset(db: sqlite3.Connection) -> None:
    event, store = ended("1"), Store(db)
    assert store.take([taken(event, 7)], {(TOPIC, 0): 8}, 0.0) == 1
    assert store.take([taken(event, 9)], {(TOPIC, 0): 10}, 0.0) == 0
    assert (store.open_count(), store.next_offset(TOPIC, 0)) == (1, 10)
    assert store.written_offset(TOPIC, 0) == 7


def test_a_walk_that_is_written_is_remembered_without_what_it_said(db: sqlite3.Connection) -> None:
    event = ended("1")
    store = take(db, event)
    claimed = claim(store)
    for _ in range(3):
        store.stepped(claimed, 1.0, 10.0)
    assert tuple(db.execute("SELECT state, key, value FROM walks").fetchone()) == ("done", None, None)
    assert store.take([taken(event)], {}, 2.0) == 0
    assert store.written_offset(TOPIC, 0) == 1


def test_of_a_ticket_the_first_walk_alone_is_claimed(db: sqlite3.Connection) -> None:
    first, other = ended("1"), ended("2")
    store = take(db, first, later(first, 5), other)
    assert [claimed.id for claimed in store.claim(9, 0.0, 10.0)] == [first.id, other.id]
    assert store.claim(9, 9.0, 10.0) == []


def test_who_lost_its_claim_neither_writes_nor_tells(db: sqlite3.Connection) -> None:
    store = take(db, ended("1"))
    calls = Calls(db, ConnectWise.limits)
    stale = claim(store, until=10.0)
    claim(store, now=11.0, until=20.0)
    with pytest.raises(LostClaimError):
        calls.take("notes", 12.0, 13.0, writes=stale)
    with pytest.raises(LostClaimError):
        store.stepped(stale, 12.0, 20.0)


def test_a_claim_made_anew_by_the_same_instance_ends_the_old_one(db: sqlite3.Connection) -> None:
    """Found by the big run: a task that waited for a permit wrote a step again that others had written meanwhile."""
    store = take(db, ended("1"))
    waiting = claim(store, until=10.0)
    between = claim(store, now=11.0, until=20.0)
    store.stepped(between, 12.0, 20.0)
    store.failed(between, 12.0, 13.0, True, "time: no answer", counts=True)
    again = claim(store, now=14.0, until=20.0)
    assert (again.step, again.in_doubt) == (1, True)
    with pytest.raises(LostClaimError):
        Calls(db, ConnectWise.limits).take("notes", 15.0, 16.0, writes=waiting)


def test_what_a_task_waits_with_is_not_claimed_twice(db: sqlite3.Connection) -> None:
    store = take(db, ended("1"))
    waiting = claim(store, until=10.0)
    assert store.claim(1, 11.0, 20.0, but=[waiting.n]) == []


def test_a_step_is_in_doubt_from_the_permit_to_the_answer(db: sqlite3.Connection) -> None:
    store, calls = take(db, ended("1")), Calls(db, ConnectWise.limits)
    claimed = claim(store)
    calls.take("notes", 1.0, 5.0, writes=claimed)
    killed = claim(store, now=5.0, until=9.0)
    assert killed.in_doubt
    store.failed(killed, 5.0, 5.0, False, "429", counts=False)
    assert not claim(store, now=5.0).in_doubt


def test_a_later_walk_of_the_ticket_overtakes(db: sqlite3.Connection) -> None:
    first, other = ended("1"), ended("2")
    second = later(first, 5)
    store = take(db, second, first, other)
    assert [store.overtaken(walk_of(event)) for event in (first, second, other)] == [True, False, False]


def test_failures_count_only_while_the_psa_answers_others(db: sqlite3.Connection) -> None:
    store, calls = take(db, ended("1")), Calls(db, ConnectWise.limits)

    def fail(now: float) -> int:
        return store.failed(claim(store, now, now), now, now, True, "HTTP 500", counts=True)

    assert [fail(10.0), fail(11.0), fail(12.0)] == [0, 0, 0]
    call = calls.take("notes", 12.0, 13.0)
    calls.ended(int(call), 12.5, ok=True)
    assert [fail(13.0), fail(14.0)] == [1, 1]
