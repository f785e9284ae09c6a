import asyncio
import logging
from dataclasses import replace

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.pipeline import intake as intake_module
from tests.unit.pipeline.log import ANSWER_LOST, BAD, GOOD, SETTLE, SLOW, DataFaultError, Log, decode

WORLD = ConnectionRefusedError("nobody there")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow each other without a pause."""
    monkeypatch.setattr(intake_module, "delays", lambda: iter(lambda: 0.0, None))


async def test_what_is_fetched_together_shares_a_transaction() -> None:
    log = Log({0: [GOOD] * 3, 1: [GOOD] * 2})
    await log.drain(10)
    assert log.batches == [5]
    assert log.committed == {0: [0, 2, 4], 1: [0, 2]}
    assert [committed.positions for committed in log.told] == [{0: 5, 1: 3}]


async def test_the_bad_one_is_put_aside_alone_and_all_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    log = Log({0: [GOOD, GOOD, BAD, GOOD], 1: [GOOD] * 3, 2: [GOOD]})
    await log.drain(100)
    assert log.committed == {0: [0, 2, 4, 6], 1: [0, 2, 4], 2: [0]}
    assert log.aside == ["put aside: DataFaultError in service.pipeline.intake._commit"]
    assert not log.stopped
    assert "secret" not in "".join(r.getMessage() for r in caplog.records if r.levelno > logging.DEBUG)


async def test_where_nothing_can_be_put_aside_the_partition_stops_alone() -> None:
    log = Log({0: [BAD, GOOD], 1: [GOOD, BAD], 2: [GOOD, GOOD]})
    await log.drain(100, log.intake(put_aside=None))
    assert log.committed == {1: [0], 2: [0, 2]}
    assert log.stopped == {
        number: f"stopped at offset {at}: this worker fails on it (DataFaultError in service.pipeline.intake._commit)"
        for number, at in ((0, 0), (1, 2))
    }


async def test_what_cannot_even_be_put_aside_stops_its_partition() -> None:
    log = Log({0: [BAD, GOOD], 1: [GOOD]})
    await log.drain(100, log.intake(put_aside=lambda one, error: one))
    assert log.committed == {1: [0]}
    assert log.stopped.keys() == {0}


async def test_a_command_that_settles_a_letter_stands_alone_in_its_place() -> None:
    log = Log({0: [GOOD, SETTLE, GOOD, GOOD, SETTLE, SETTLE], 1: [SETTLE, GOOD]})
    await log.drain(100)
    assert log.committed == {0: [0, 2, 4, 6, 8, 10], 1: [0, 2]}
    assert log.batches == [1, 1, 1, 3, 1, 1]


async def test_a_partition_that_was_stopped_stays_so() -> None:
    log = Log({0: [BAD], 1: [GOOD]}, faults=[WORLD])
    await log.drain(100, log.intake(put_aside=None))
    await log.reload([0, 1])
    assert not log.fetch(100)
    assert log.committed == {1: [0]}


@pytest.mark.parametrize(
    "fault", [WORLD, TimeoutError(), ANSWER_LOST], ids=["refused", "timeout", "answer lost"]
)
async def test_a_failure_of_the_world_is_waited_for(fault: object) -> None:
    log = Log({0: [GOOD] * 3}, faults=[fault])
    await log.drain(2)
    assert log.committed == {0: [0, 2, 4]}
    assert not log.conditions.reasons


async def test_what_is_awaited_is_told_until_it_is_there(caplog: pytest.LogCaptureFixture) -> None:
    log = Log({0: [GOOD]}, faults=[WORLD, WORLD])
    intake = log.intake()
    await intake.take(log.fetch(1))
    assert log.conditions.reasons == {
        "database, for commands": "waiting for it: ConnectionRefusedError: nobody there"
    }
    assert log.observer.failures == 1
    await log.drain(1, intake)
    assert not log.conditions.reasons
    warnings = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert warnings == ["database, for commands: waiting for it: ConnectionRefusedError: nobody there"]


async def test_nothing_is_awaited_for_a_partition_that_was_lost_meanwhile() -> None:
    log = Log({0: [GOOD]}, faults=[WORLD])
    log.epoch[0] = 2
    await log.drain(1)
    assert not log.held
    assert not log.conditions.reasons


async def test_what_another_worker_took_is_dropped() -> None:
    log = Log({0: [GOOD] * 2, 1: [GOOD] * 2})
    log.epoch[0] = 2
    await log.drain(100)
    assert log.held.keys() == {1}
    assert log.committed == {1: [0, 2]}


async def test_a_failure_of_the_world_amid_a_split_leaves_no_gap() -> None:
    log = Log({0: [GOOD, GOOD, GOOD, BAD]}, faults=[None, WORLD])
    await log.drain(100)
    assert log.committed == {0: [0, 2, 4, 6]}
    assert len(log.aside) == 1


async def test_nothing_is_settled_before_what_precedes_it_is_handled() -> None:
    log = Log({0: [GOOD, SETTLE]}, faults=[WORLD])
    await log.drain(100)
    assert log.committed == {0: [0, 2]}


async def test_what_times_out_again_and_again_is_found_and_put_aside() -> None:
    log = Log({0: [GOOD, GOOD, SLOW, GOOD], 1: [GOOD] * 3})
    await log.drain(100)
    assert log.committed == {0: [0, 2, 4, 6], 1: [0, 2, 4]}
    assert log.aside == [
        "put aside: failed alone 3 times while the database answered: no answer in time: TimeoutError: took too long"
    ]
    assert log.batches == [1] * 7
    assert not log.conditions.reasons


async def test_what_the_whole_database_suffers_is_nobodys_fault() -> None:
    log = Log(
        {0: [GOOD] * 3},
        faults=[WORLD, TimeoutError()] * 10 + [asyncpg.DeadlockDetectedError("deadlock")] * 10,
    )
    await log.drain(100)
    assert log.committed == {0: [0, 2, 4]}
    assert not log.aside


async def test_poison_of_two_partitions_is_found_in_both() -> None:
    log = Log({0: [SLOW, GOOD], 1: [SLOW, GOOD]})
    await asyncio.wait_for(log.drain(100), 10)
    assert log.committed == {0: [0, 2], 1: [0, 2]}
    assert len(log.aside) == 2


async def test_where_not_even_putting_aside_goes_through_nothing_is_poison() -> None:
    """A disk that hangs: what is read is answered, and no commit."""
    log = Log({0: [GOOD] * 3}, faults=[TimeoutError()] * 40)
    await log.drain(100)
    assert log.committed == {0: [0, 2, 4]}
    assert not log.aside


async def test_what_could_not_be_tried_is_no_poison() -> None:
    log = Log({0: [GOOD] * 3}, faults=[TimeoutError()] * 4)
    log.note_faults = [TimeoutError()] * 9
    await log.drain(100)
    assert log.committed == {0: [0, 2, 4]}
    assert not log.aside


async def test_the_more_fail_in_a_row_the_likelier_it_is_the_world() -> None:
    """A lock on the walks' table: dead letters can be written, and nothing else."""
    log = Log({0: [*[SLOW] * 7, GOOD, SLOW]})
    await log.drain(100)
    failures = [int(error.split()[4]) for error in log.aside]
    assert failures == [3, 6, 12, 24, 48, 96, 96, 3]


async def test_where_nothing_can_be_put_aside_the_world_is_waited_for() -> None:
    log = Log({0: [GOOD] * 3}, faults=[TimeoutError()] * 40)
    await log.drain(100, log.intake(put_aside=None))
    assert log.committed == {0: [0, 2, 4]}
    assert not log.stopped


async def test_a_record_that_ends_its_workers_is_put_aside() -> None:
    log = Log({0: [GOOD, GOOD, GOOD]})
    held = log.held[0]
    held.alone_until, held.tried_offset, held.tries = 4, 0, 3
    await log.drain(100)
    assert log.committed == {0: [0, 2, 4]}
    assert log.aside == ["put aside: 3 workers in a row ended while it was handled alone"]
    assert log.tries == {(0, 2): 1}, "what is not in doubt any more is not noted"
    assert log.batches == [1, 1, 1]


async def test_a_note_whose_answer_gets_lost_is_nobodys_end() -> None:
    log = Log({0: [GOOD, GOOD]})
    log.held[0].alone_until = 4
    log.note_faults = [ConnectionResetError(ANSWER_LOST)] * 9
    await log.drain(100)
    assert log.committed == {0: [0, 2]}
    assert not log.aside
    assert set(log.tries.values()) == {1}


class KilledError(BaseException):
    """What ends a worker: nothing catches it."""


async def test_what_was_in_hand_when_workers_ended_comes_first_and_is_cleared() -> None:
    """Each worker handles something and is then killed by another cause: none of the records is guilty of that."""
    log = Log({0: [GOOD] * 9, 1: [GOOD] * 9, 2: [GOOD] * 9})
    for _ in range(100):
        for number, held in log.held.items():
            at = log.position[number] = log.stored[number]
            waiting = next((r.offset for r in log.records[number] if r.offset >= at), at)
            log.held[number] = replace(
                held,
                stored_offset=at,
                next_offset=at,
                alone_until=100,
                tried_offset=waiting,
                tries=log.tries[number, waiting],
            )
        log.faults = [None, KilledError()]
        try:
            await log.drain(100)
        except KilledError:
            continue
        break
    assert log.committed == {number: list(range(0, 18, 2)) for number in range(3)}
    assert not log.aside


async def test_an_error_that_nobody_foresaw_skips_nothing() -> None:
    log = Log({0: [GOOD] * 4})
    broken = [MemoryError()]

    def stumbling(records: object) -> list[object]:
        if broken:
            raise broken.pop()
        return decode(records)  # type: ignore[arg-type,return-value]

    await log.drain(2, log.intake(stumbling))  # type: ignore[arg-type]
    assert log.committed == {0: [0, 2, 4, 6]}


async def test_records_of_a_partition_that_is_not_ours_are_passed_over() -> None:
    log = Log({0: [GOOD], 1: [GOOD]})
    del log.held[0]
    await log.drain(100)
    assert log.committed == {1: [0]}


async def test_a_stop_ends_a_batch_that_waits() -> None:
    log = Log({0: [GOOD]}, faults=[WORLD] * 1000)
    waiting = asyncio.create_task(log.drain(1))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not log.committed


faults = st.lists(
    st.sampled_from([None, None, WORLD, ANSWER_LOST, TimeoutError(), DataFaultError("by chance")]),
    max_size=12,
)
partitions = st.dictionaries(
    st.integers(0, 3), st.lists(st.sampled_from([GOOD, GOOD, GOOD, BAD, SETTLE]), max_size=9), max_size=4
)


@given(partitions, faults, st.integers(1, 12))
def test_whatever_fails_each_record_is_handled_once_and_in_order(
    records: dict[int, list[bytes]], faults: list[object], size: int
) -> None:
    log = Log(records, faults)
    asyncio.run(log.drain(size))
    for partition, values in records.items():
        assert log.committed[partition] == [2 * n for n in range(len(values))]
    assert not log.stopped
