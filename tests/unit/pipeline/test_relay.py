import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from service.pipeline import leftovers, tidying
from service.pipeline import relay as relay_module
from service.pipeline.conditions import Conditions
from service.pipeline.publishers import Publishers
from service.pipeline.relay import CONDITION, Relay
from service.store import outbox
from service.store.database import Database
from service.store.outbox import START, Message, Place
from tests.support.waiting import until
from tests.unit.pipeline.log import Silent


def message(partition: int, offset: int, number: int = 0, value: bytes = b"v") -> Message:
    return Message(partition, offset, number, "t", None, b"k", (), value, None, None)


class World:
    """An outbox, a Kafka and a group in memory; each may be away."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.owed: list[Message] = []
        self.published: list[Message] = []
        self.offsets: list[dict[int, int]] = []
        self.kafka_errors: list[Exception | None] = []
        self.database_error: Exception | None = None
        self.renewed = 0
        self.commit: Callable[[], Any] = lambda: None
        self.conditions = Conditions()
        self.relay = Relay(
            cast("Database", self), cast("Publishers", self), self.conditions, Silent(), self.commit_offsets
        )
        self.attempts: list[Sequence[Message]] = []
        self.reasons: list[dict[str, str]] = []
        self.free = 1_000_000
        self.gate = asyncio.Event()
        self.behind: list[Mapping[int, Place]] = []
        for module in (relay_module, leftovers, tidying):
            monkeypatch.setattr(module, "delays", lambda *_: iter(lambda: 0.0, None))
        monkeypatch.setattr(tidying, "TIDY_SECONDS", 0.001)
        monkeypatch.setattr(outbox, "owing", self._owing)
        monkeypatch.setattr(outbox, "read", self._read)
        monkeypatch.setattr(outbox, "forget", self._forget)

    @asynccontextmanager
    async def transaction(self, *, durable: bool = True) -> AsyncIterator[None]:
        await asyncio.sleep(0)
        if self.database_error is not None:
            raise self.database_error
        yield

    async def publish(self, messages: Sequence[Message]) -> None:
        self.attempts.append(messages)
        self.reasons.append(dict(self.conditions.reasons))
        await asyncio.sleep(0)
        if len(self.attempts) > self.free:
            await self.gate.wait()
        error = self.kafka_errors.pop(0) if self.kafka_errors else None
        if error is not None:
            raise error
        self.published += messages

    async def renew(self) -> None:
        self.renewed += 1

    async def commit_offsets(self, offsets: Mapping[int, int]) -> None:
        await asyncio.sleep(0)
        self.offsets.append(dict(offsets))

    async def _owing(self, _: None, partitions: Collection[int]) -> list[int]:
        return sorted({m.partition for m in self.owed} & set(partitions))

    async def _read(self, _: None, partition: int, after: Place) -> list[Message]:
        later = [m for m in self.owed if m.partition == partition and m.place > after]
        return sorted(later)[:2]

    async def _forget(self, _: None, published: Mapping[int, Place], behind: Mapping[int, Place]) -> None:
        self.behind.append(behind)
        self.owed = [
            m
            for m in self.owed
            if not behind.get(m.partition, START) < m.place <= published.get(m.partition, START)
        ]

    async def clear(self, *partitions: int) -> list[Collection[int]]:
        """Publish what is left over of these; the partitions as they were told to be clear."""
        return [clear async for clear in self.relay.publish_leftovers(partitions)]

    def hand_over(self, *messages: Message) -> None:
        """A batch has committed these."""
        self.owed += messages
        self.relay.hand_over(messages, {m.partition: m.offset + 1 for m in messages})


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    world = World(monkeypatch)
    world.relay.start()
    yield world
    await world.relay.stop()


ONE, TWO, THREE = message(0, 5), message(0, 5, 1), message(1, 7)


async def test_what_is_owed_is_published_forgotten_and_then_told_to_kafka(world: World) -> None:
    world.hand_over(ONE, TWO)
    world.hand_over(THREE)
    assert await world.relay.drain(5)
    assert world.published == [ONE, TWO, THREE]
    assert world.owed == []
    assert world.offsets[-1].items() <= {0: 6, 1: 8}.items()
    assert {p: o for offsets in world.offsets for p, o in offsets.items()} == {0: 6, 1: 8}
    assert world.relay.depth == 0


async def test_a_batch_that_owes_nothing_still_moves_the_offsets(world: World) -> None:
    world.relay.hand_over((), {4: 9})
    assert await world.relay.drain(5)
    assert world.offsets == [{4: 9}]


async def test_what_kafka_does_not_take_is_sent_again_by_another_producer_in_order(world: World) -> None:
    world.kafka_errors = [ConnectionError("away"), TimeoutError(), None]
    world.hand_over(ONE)
    world.hand_over(TWO)
    assert await world.relay.drain(5)
    assert world.published == [ONE, TWO]
    assert world.renewed == 2
    assert not world.conditions.reasons


async def test_what_is_awaited_is_told(world: World) -> None:
    world.kafka_errors = [ConnectionError("away")] * 1_000_000
    world.hand_over(ONE)
    reason = await until(lambda: world.conditions.reasons.get(CONDITION), 5, "the reason is told")
    assert reason == "Kafka does not take what is owed: ConnectionError: away"
    assert not await world.relay.drain(0.01)
    assert world.owed == [ONE]
    world.kafka_errors = []
    assert await world.relay.drain(5)


async def test_the_next_batch_waits_while_too_many_are_owed(world: World) -> None:
    world.kafka_errors = [ConnectionError()] * 1_000_000
    world.hand_over(ONE)
    await asyncio.wait_for(world.relay.room(), 5)
    world.hand_over(TWO)
    room = asyncio.create_task(world.relay.room())
    assert not (await asyncio.wait([room], timeout=0.01))[0]
    world.kafka_errors = []
    await asyncio.wait_for(room, 5)


async def test_what_cannot_be_forgotten_yet_is_forgotten_later(world: World) -> None:
    world.database_error = ConnectionRefusedError()
    world.hand_over(ONE)
    await until(lambda: world.published, 5, "it is published")
    assert not await world.relay.drain(0.05)
    assert (world.owed, world.offsets) == ([ONE], [])
    world.database_error = None
    assert await world.relay.drain(5)
    assert (world.owed, world.offsets[-1], world.published) == ([], {0: 6}, [ONE])


async def test_only_what_was_published_is_looked_at_to_be_forgotten(world: World) -> None:
    """Never what was forgotten before, nor what stands before it."""
    world.hand_over(message(0, 7, 2), message(0, 8))
    await until(lambda: not world.owed, 5, "it is forgotten")
    world.hand_over(message(0, 12), message(0, 12, 1), message(3, 4))
    await until(lambda: not world.owed, 5, "it is forgotten")
    assert {0: (7, 1)} in world.behind
    assert {p: place for behind in world.behind[1:] for p, place in behind.items()} == {
        0: (12, -1),
        3: (4, -1),
    }


async def test_what_is_published_while_the_table_forgets_is_forgotten_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget, reached, free = world._forget, asyncio.Event(), asyncio.Event()

    async def forget_later(_: None, published: Mapping[int, Place], behind: Mapping[int, Place]) -> None:
        reached.set()
        await free.wait()
        await forget(None, published, behind)

    monkeypatch.setattr(outbox, "forget", forget_later)
    world.hand_over(message(0, 1))
    await reached.wait()
    world.hand_over(message(0, 2))
    await until(lambda: len(world.published) == 2, 5, "both are published")
    free.set()
    assert await world.relay.drain(5)
    assert not world.owed
    assert world.behind == [{0: (1, -1)}, {0: (1, 0)}]


async def test_where_the_database_is_an_older_one_everything_may_be_there(world: World) -> None:
    for offset in range(100, 120):
        world.hand_over(message(0, offset))
        await until(lambda: not world.owed, 5, "it is forgotten")
    old = [message(0, 50), message(0, 60)]
    world.owed = list(old)
    await world.clear(0)
    assert world.published[-2:] == old
    await until(lambda: not world.owed, 5, "it is forgotten")
    world.hand_over(message(0, 70))
    await until(lambda: not world.owed, 5, "so is what comes after it")


async def test_offsets_never_go_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever of those who tidy is slower."""
    slow, reached = asyncio.Event(), asyncio.Event()
    forget = world._forget

    async def forget_slowly(
        connection: None, published: Mapping[int, Place], behind: Mapping[int, Place]
    ) -> None:
        if not reached.is_set():
            reached.set()
            await slow.wait()
        await forget(connection, published, behind)

    monkeypatch.setattr(outbox, "forget", forget_slowly)
    world.hand_over(ONE)
    await reached.wait()
    world.hand_over(message(0, 9))
    draining = asyncio.create_task(world.relay.drain(5))
    await asyncio.wait([draining], timeout=0.05)
    slow.set()
    assert await draining
    for _ in range(20):
        await asyncio.sleep(0)
    told = [offsets[0] for offsets in world.offsets if 0 in offsets]
    assert told == sorted(told)
    assert told[-1] == 10


async def test_offsets_that_kafka_does_not_take_keep_nothing_from_being_forgotten(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tidying, "COMMIT_SECONDS", 0.01)
    monkeypatch.setattr(world.relay._tidying, "_commit_offsets", lambda _: asyncio.Event().wait())
    for number in range(5):
        world.hand_over(message(0, number))
        await until(lambda: not world.owed, 5, "it is forgotten")


async def test_what_a_crash_left_is_published_in_order_and_forgotten(world: World) -> None:
    left = [message(2, o, n) for o in (1, 10) for n in (0, 1)] + [message(3, 0)]
    world.owed = [*reversed(left), message(4, 0)]
    assert [*map(set, await world.clear(3, 2))] == [set(), {3}, {2}]
    assert [m for m in world.published if m.partition == 2] == left[:4]
    assert [m for m in world.published if m.partition == 3] == left[4:]
    await until(lambda: world.owed == [message(4, 0)], 5, "it is forgotten")
    assert not world.conditions.reasons


async def test_partitions_that_owe_nothing_go_on_at_once(world: World) -> None:
    world.owed = [message(1, 0)]
    world.free = 0
    clearing = world.relay.publish_leftovers([0, 1, 2])
    assert await asyncio.wait_for(anext(clearing), 5) == {0, 2}
    waits = asyncio.create_task(anext(clearing))
    assert not (await asyncio.wait([waits], timeout=0.01))[0]
    world.gate.set()
    assert await asyncio.wait_for(waits, 5) == {1}
    await clearing.aclose()


async def test_it_is_said_which_partitions_wait_for_what_was_left(world: World) -> None:
    world.owed = [message(1, offset) for offset in range(5)]
    assert [*map(set, await world.clear(1))] == [set(), {1}]
    told = [set(reasons) for reasons in world.reasons]
    assert told == [set(), *2 * [{"outbox of partition 1"}]], "one page is no news"
    assert not world.conditions.reasons


async def test_a_stop_interrupts_what_is_left_over_and_leaves_nothing_half_way(world: World) -> None:
    left = [message(partition, offset) for offset in range(20) for partition in (0, 1)]
    world.owed = list(left)
    world.free = 3
    clearing = asyncio.create_task(world.clear(0, 1))
    await until(lambda: len(world.attempts) == 4, 5, "a page is on its way")
    clearing.cancel()
    await asyncio.wait_for(asyncio.wait([clearing]), 5)
    assert not world.conditions.reasons
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("outbox of")]
    assert await world.relay.drain(5)
    assert len(world.published) == 6
    assert set(world.owed) == set(left) - set(world.published)

    world.gate.set()
    await world.clear(0, 1)
    for partition in (0, 1):
        mine = [m for m in world.published if m.partition == partition]
        assert mine == sorted(mine)
    assert {*world.published} == {*left}


async def test_what_is_left_over_waits_for_the_database(world: World) -> None:
    world.owed = [message(1, 0)]
    world.database_error = ConnectionRefusedError()
    clearing = asyncio.create_task(world.clear(1))
    await until(lambda: leftovers.CONDITION in world.conditions.reasons, 5, "the reason is told")
    world.database_error = None
    assert [*map(set, await clearing)] == [set(), {1}]
    assert not world.conditions.reasons


async def test_what_a_crash_left_waits_for_what_is_on_its_way(world: World) -> None:
    """But not for what was handed over later, of which there may always be some."""
    world.kafka_errors = [ConnectionError()] * 1_000_000
    world.hand_over(ONE)
    world.owed.append(message(2, 0))
    clearing = asyncio.create_task(world.clear(2))
    assert not (await asyncio.wait([clearing], timeout=0.01))[0]
    world.hand_over(THREE)
    world.kafka_errors = []
    await clearing
    assert [m for m in world.published if m != THREE] == [ONE, message(2, 0)]


async def test_large_messages_leave_in_portions(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.relay, "_portion", 3_000)
    monkeypatch.setattr(relay_module, "PORTION_BYTES", 3_000)
    messages = [message(0, n, value=b"v" * size) for n, size in enumerate((5_000, 1_000, 1_000, 1_000, 10))]
    world.hand_over(*messages)
    assert await world.relay.drain(5)
    assert [len(portion) for portion in world.attempts] == [1, 3, 1]
    assert world.published == messages


async def test_a_line_that_carries_no_large_portion_gets_small_ones(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = world.publish

    async def publish_slowly(messages: Sequence[Message]) -> None:
        if len(messages) > 4:
            raise TimeoutError
        await publish(messages)

    monkeypatch.setattr(world, "publish", publish_slowly)
    messages = [message(0, n, value=b"v" * 100_000) for n in range(40)]
    world.hand_over(*messages)
    assert await world.relay.drain(5)
    assert world.published == messages
    assert world.relay._portion >= 200_000, "it is tried whether more goes"


async def test_large_messages_leave_no_room_for_another_batch(world: World) -> None:
    world.free = 0
    world.hand_over(message(0, 0, value=b"v" * relay_module.BYTES_WAITING))
    room = asyncio.create_task(world.relay.room())
    assert not (await asyncio.wait([room], timeout=0.01))[0]
    world.gate.set()
    await asyncio.wait_for(room, 5)


async def test_a_relay_is_alive_while_it_works(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    assert not world.relay.alive
    world.relay.start()
    assert world.relay.alive
    await world.relay.stop()
    assert not world.relay.alive
