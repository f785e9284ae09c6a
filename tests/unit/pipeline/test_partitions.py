"""Taking and losing partitions: where they go on, and when they do not."""

import asyncio

import pytest

from service.pipeline import partitions as module
from service.store.progress import Progress
from tests.support.waiting import until
from tests.unit.pipeline.group import DIGEST, HERE, Group, take

REFUSED = ConnectionRefusedError("nobody there")


@pytest.fixture
def group(monkeypatch: pytest.MonkeyPatch) -> Group:
    monkeypatch.setattr(module, "delays", lambda: iter(lambda: 0.0, None))
    return Group(monkeypatch)


def reason(group: Group) -> str:
    """Why the partition is stopped."""
    return group.conditions.reasons["partition 0 of t"]


async def test_a_fresh_partition_begins_where_the_topic_does(group: Group) -> None:
    group.extent = (3, 7)
    held = await take(group)
    assert (held.epoch, held.stored_offset, held.next_offset, held.stopped) == (1, None, 3, None)
    assert group.fetching == 3
    assert not group.compared
    assert not group.conditions.reasons


async def test_a_partition_goes_on_at_its_progress(group: Group) -> None:
    group.stored, group.digests = Progress(0, 4, 5, digest=DIGEST), {4: DIGEST}
    held = await take(group)
    assert (held.epoch, held.stored_offset, held.next_offset) == (5, 5, 5)
    assert (group.fetching, group.compared) == (5, 1)


@pytest.mark.parametrize(
    ("extent", "said"),
    [
        ((6, 10), "stopped: offsets 5 to 5 of t are not in the topic any more"),
        ((0, 4), "stopped: the next offset to handle is 5, and the topic t ends at 4"),
        ((0, 10), "stopped: before offset 5 of t stands another record than the one that was handled last"),
    ],
)
async def test_progress_that_does_not_fit_stops_the_partition(
    group: Group, extent: tuple[int, int], said: str
) -> None:
    group.stored, group.extent = Progress(0, 1, 5, digest=DIGEST), extent
    group.digests = {4: b"another"}
    held = await take(group)
    assert reason(group).startswith(said)
    assert reason(group).endswith("walk progress set lets it go on")
    assert held.stopped == reason(group)
    assert group.fetching is None


@pytest.mark.parametrize(
    ("digest", "extent"),
    [(None, (0, 10)), (DIGEST, (5, 10)), (DIGEST, (0, 10))],
    ids=["set by hand", "beyond retention", "compacted"],
)
async def test_what_cannot_be_compared_is_in_order(
    group: Group, digest: bytes | None, extent: tuple[int, int]
) -> None:
    group.stored, group.extent = Progress(0, 1, 5, digest=digest), extent
    assert (await take(group)).stopped is None
    assert group.fetching == 5


async def test_a_take_that_fails_is_tried_again(group: Group) -> None:
    group.faults = [REFUSED, REFUSED]
    await take(group)
    assert group.fetching == 0
    assert not group.conditions.reasons


async def test_what_is_not_ours_to_take_any_more_is_awaited_no_longer(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    group.faults = [REFUSED] * 1_000_000
    monkeypatch.setattr(module, "delays", lambda: iter(lambda: 0.01, None))
    await group.partitions.on_partitions_assigned([HERE])
    reasons = await until(lambda: dict(group.conditions.reasons), 5, "it is said what is awaited")
    assert reasons == {"taking partitions of t": "ConnectionRefusedError: nobody there"}
    assert group.partitions.taking
    await group.partitions.on_partitions_revoked([HERE])
    await group.partitions.on_partitions_assigned([])
    assert not group.partitions.taking
    assert not group.conditions.reasons


async def test_revoked_in_the_midst_of_a_take_nothing_is_held_or_fetched(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, told = asyncio.Event(), asyncio.Event()

    async def slow(offsets: object) -> dict[int, bytes]:
        asked.set()
        await told.wait()
        return {}

    group.stored = Progress(0, 1, 5, digest=DIGEST)
    group.partitions._digests = slow
    await group.partitions.on_partitions_assigned([HERE])
    await asked.wait()
    await group.partitions.on_partitions_revoked([HERE])
    told.set()
    await asyncio.sleep(0)
    assert not group.partitions.held
    assert group.fetching is None
    assert not group.partitions.taking


async def test_given_up_between_batches_alone(group: Group) -> None:
    await take(group)
    async with group.partitions.lock:
        leaving = asyncio.create_task(group.partitions.give_up())
        await asyncio.sleep(0)
        assert group.partitions.held
    await leaving
    assert not group.partitions.held
    assert group.stored is not None
    assert group.stored.takes == 0


async def test_giving_up_does_not_need_the_database(group: Group) -> None:
    await take(group)
    group.faults = [REFUSED]
    await group.partitions.give_up()
    assert not group.partitions.held
    assert group.stored is not None
    assert group.stored.takes == 1


async def test_after_a_lost_answer_it_goes_on_where_the_database_says(group: Group) -> None:
    held = await take(group)
    assert group.stored is not None
    group.stored = group.stored._replace(next_offset=8, digest=DIGEST)
    await group.partitions.reload([0, 1])
    assert (held.stored_offset, held.next_offset, group.fetching) == (8, 8, 8)
    assert group.partitions.held[0] is held


async def test_what_another_took_is_dropped_and_taken_again_later(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RETAKE_SECONDS", 0.02)
    await take(group)
    group.taken_by_another(next_offset=6)
    assert await group.partitions.changed() == [0]
    await group.partitions.reload([0])
    assert not group.partitions.held
    assert group.fetching is None
    await until(lambda: 0 in group.partitions.held and not group.partitions.taking, 5, "it is taken again")
    assert group.partitions.held[0].epoch == 3
    assert group.fetching == 6
    assert group.stored is not None
    assert group.stored.takes == 1, "nothing has ended this worker"
    assert await group.partitions.changed() == []


async def test_what_is_not_assigned_any_more_is_not_taken_again(group: Group) -> None:
    await take(group)
    group.taken_by_another()
    group.assigned = set()
    await group.partitions.reload([0])
    assert not group.partitions.held
    assert not group.partitions.taking


async def test_what_a_person_set_is_taken_at_once(group: Group) -> None:
    group.stored = Progress(0, 1, 50)
    assert (await take(group)).stopped
    group.set_by_hand(2)
    assert await group.partitions.changed() == [0]
    await group.partitions.reload([0])
    await until(lambda: not group.partitions.taking, 5, "it is taken")
    assert group.fetching == 2
    assert not group.conditions.reasons


async def test_an_older_database_that_is_put_back_is_noticed_without_a_command(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RETAKE_SECONDS", 0.0)
    group.stored = Progress(0, 4, 9)
    held = await take(group)
    assert await group.partitions.changed() == []
    for stored in (Progress(0, 5, 3), Progress(0, 2, 3), None):
        group.stored = stored
        assert await group.partitions.changed() == [0]
    group.stored = Progress(0, 2, 3)
    await group.partitions.reload([0])
    await until(lambda: 0 in group.partitions.held and not group.partitions.taking, 5, "it is taken again")
    assert held is not group.partitions.held[0]
    assert group.fetching == 3


async def test_whether_the_database_answers_is_seen_while_something_long_is_under_way(group: Group) -> None:
    await take(group)
    group.taken_by_another()
    async with group.partitions.lock, asyncio.timeout(5):
        assert await group.partitions.changed() == []
        group.faults = [ConnectionResetError()]
        with pytest.raises(ConnectionResetError):
            await group.partitions.changed()
    assert await group.partitions.changed() == [0]


async def test_out_of_range_is_looked_up(group: Group) -> None:
    held = await take(group)
    held.next_offset = 5
    await group.partitions.fetch_within()
    assert (held.stopped, group.fetching) == (None, 5)
    group.extent = (7, 10)
    await group.partitions.fetch_within()
    assert reason(group).startswith("stopped: offsets 5 to 6 of t are not in the topic any more")
    assert group.fetching is None


@pytest.mark.parametrize(
    ("takes", "end", "until_offset"),
    [(1, 100, None), (2, 100, 9), (2, 7, 7), (2, 5, None)],
    ids=["one take", "two in a row", "what there is", "nothing there"],
)
async def test_after_two_takes_that_moved_nothing_records_are_handled_alone(
    group: Group, takes: int, end: int, until_offset: int | None
) -> None:
    group.stored = Progress(0, 1, 5, takes=takes, tried_offset=5, tries=1)
    group.extent = (0, end)
    held = await take(group)
    assert (held.alone_until, held.tried_offset, held.tries) == (until_offset, 5, 1)
