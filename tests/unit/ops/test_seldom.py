import logging

import pytest
from aiokafka.errors import GroupCoordinatorNotAvailableError, NotLeaderForPartitionError

from service.ops.logging import SELDOM_KINDS, SELDOM_SECONDS, Seldom


def record(name: str, message: str = "Unable connect to node with id %s") -> logging.LogRecord:
    return logging.LogRecord(name, logging.ERROR, "f.py", 1, message, (1,), None)


def failed(name: str, error: object) -> logging.LogRecord:
    return logging.LogRecord(name, logging.ERROR, "f.py", 1, "Request failed: %s", (error,), None)


@pytest.mark.parametrize("name", ["aiokafka", "aiokafka.consumer.fetcher"])
def test_a_library_says_the_same_once_in_a_while(name: str) -> None:
    now = 0.0
    seldom = Seldom(lambda: now)
    assert [seldom.filter(record(name)) for _ in range(3)] == [True, False, False]
    assert seldom.filter(record(name, "something else"))
    now += SELDOM_SECONDS
    assert seldom.filter(record(name))


def test_what_brokers_answer_until_they_have_settled_is_said_where_it_lasts() -> None:
    now = 0.0
    seldom = Seldom(lambda: now)

    def said() -> bool:
        return seldom.filter(failed("aiokafka.consumer", GroupCoordinatorNotAvailableError()))

    assert not said()
    for _ in range(8):
        now += 0.5
        assert not said()
    now += 1
    assert said()
    assert not said()
    now += 60
    assert not said(), "it has begun anew"


def test_what_comes_now_and_then_and_lasts_is_said() -> None:
    now, said = 0.0, 0
    seldom = Seldom(lambda: now)
    for _ in range(100):
        said += seldom.filter(failed("aiokafka.producer", NotLeaderForPartitionError))
        now += 6
    assert said >= 15


@pytest.mark.parametrize("name", ["asyncio", "faststream"])
def test_what_others_say_of_it_is_let_through(name: str) -> None:
    assert Seldom().filter(failed(name, NotLeaderForPartitionError()))


def test_the_worker_says_all_that_it_has_to_say() -> None:
    seldom = Seldom()
    assert all(seldom.filter(record("service.pipeline.relay")) for _ in range(3))


def test_what_is_remembered_is_bounded() -> None:
    seldom = Seldom()
    for number in range(2 * SELDOM_KINDS):
        assert seldom.filter(record("aiokafka", f"message {number}"))
    assert len(seldom._said) <= SELDOM_KINDS
