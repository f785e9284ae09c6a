"""What is sent together, and how far a partition is done."""

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l1_walk_contracts import OutRecord
from l1_walk_contracts.delivery import Done, Place, PublishError, refuse, waves

keys = st.lists(st.sampled_from([b"a", b"b", b"c"]), max_size=30)


@given(keys)
def test_of_each_walk_one_at_a_time_in_order(keys: list[bytes]) -> None:
    records = [OutRecord("t", key, b"", []) for key in keys]
    sent = list(waves(records))
    assert sorted(number for wave in sent for number in wave) == list(range(len(keys)))
    by_key = defaultdict(list)
    for wave in sent:
        assert len({keys[number] for number in wave}) == len(wave) > 0
        for number in wave:
            by_key[keys[number]].append(number)
    assert all(numbers == sorted(numbers) for numbers in by_key.values())
    assert len(sent) == max(map(keys.count, keys), default=0)


def test_what_is_not_done_holds_the_partition_where_it_is() -> None:
    done, places = Done(), [Place("t", 0, offset) for offset in (3, 4, 7)]
    for place in places:
        done.given(place)
    assert done.to_commit() == {("t", 0): 3}
    done.done(places[1])
    assert done.to_commit() == {("t", 0): 3}
    done.done(places[0])
    assert done.to_commit() == {("t", 0): 7}
    done.committed({("t", 0): 7})
    assert done.to_commit() == {}
    done.done(places[2])
    assert done.to_commit() == {("t", 0): 8}


def test_what_was_passed_over_is_done() -> None:
    done = Done()
    done.passed_over(Place("t", 1, 5))
    assert done.to_commit() == {("t", 1): 6}
    done.given(Place("t", 1, 6))
    done.passed_over(Place("t", 1, 7))
    assert done.to_commit() == {("t", 1): 6}


def test_of_a_partition_that_was_lost_nothing_is_told() -> None:
    done, place = Done(), Place("t", 0, 3)
    done.given(place)
    done.given(Place("t", 1, 1))
    done.lost([("t", 0)])
    done.done(place)
    assert done.to_commit() == {("t", 1): 1}


def test_what_keeps_the_contract_is_not_for_others_to_set() -> None:
    refuse({"client_id": "me"}, {"acks", "partitioner"}, "Publisher")
    with pytest.raises(ValueError, match="acks, partitioner: set by Publisher"):
        refuse({"partitioner": 1, "client_id": "me", "acks": 0}, {"acks", "partitioner"}, "Publisher")


def test_an_error_says_what_to_send_again_and_quotes_nothing() -> None:
    error = PublishError([OutRecord("t", b"k", b"secret", [])], "no answer within 1 s")
    assert str(error) == "1 not acknowledged, send them again as they are: no answer within 1 s"
