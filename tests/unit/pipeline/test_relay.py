import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from service.pipeline import relay as relay_module
from service.pipeline.conditions import Conditions
from service.pipeline.publishers import Publishers
from service.pipeline.relay import CONDITION, Relay
from service.store import outbox
from service.store.database import Database
from service.store.outbox import Message
from tests.support.waiting import until
from tests.unit.pipeline.log import Silent


def message(partition: int, offset: int, number: int = 0) -> Message:
    return Message(partition, offset, number, "t", None, b"k", (), b"v", None, None)


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
        monkeypatch.setattr(relay_module, "delays", lambda *_: iter(lambda: 0.0, None))
        monkeypatch.setattr(relay_module, "TIDY_SECONDS", 0.001)
        monkeypatch.setattr(outbox, "read", self._read)
        monkeypatch.setattr(outbox, "forget", self._forget)

    @asynccontextmanager
    async def transaction(self, *, durable: bool = True) -> AsyncIterator[None]:
        await asyncio.sleep(0)
        if self.database_error is not None:
            raise self.database_error
        yield

    async def publish(self, messages: Sequence[Message]) -> None:
        await asyncio.sleep(0)
        error = self.kafka_errors.pop(0) if self.kafka_errors else None
        if error is not None:
            raise error
        self.published += messages

    async def renew(self) -> None:
        self.renewed += 1

    async def commit_offsets(self, offsets: Mapping[int, int]) -> None:
        await asyncio.sleep(0)
        self.offsets.append(dict(offsets))

    async def _read(self, _: None, partition: int, after: tuple[int, int]) -> list[Message]:
        later = [m for m in self.owed if m.partition == partition and (m.offset, m.number) > after]
        return sorted(later)[:2]

    async def _forget(self, _: None, published: Mapping[int, tuple[int, int]]) -> None:
        self.owed = [m for m in self.owed if (m.offset, m.number) > published.get(m.partition, (-1, -1))]

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


async def test_offsets_never_go_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever of those who tidy is slower."""
    slow, reached = asyncio.Event(), asyncio.Event()
    forget = world._forget

    async def forget_slowly(connection: None, published: Mapping[int, tuple[int, int]]) -> None:
        if not reached.is_set():
            reached.set()
            await slow.wait()
        await forget(connection, published)

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
    monkeypatch.setattr(relay_module, "COMMIT_SECONDS", 0.01)
    monkeypatch.setattr(world.relay, "_commit_offsets", lambda _: asyncio.Event().wait())
    for number in range(5):
        world.hand_over(message(0, number))
        await until(lambda: not world.owed, 5, "it is forgotten")


async def test_what_a_crash_left_is_published_in_order_and_forgotten(world: World) -> None:
    left = [message(2, o, n) for o in (1, 10) for n in (0, 1)] + [message(3, 0)]
    world.owed = [*reversed(left), message(4, 0)]
    await world.relay.publish_leftovers([3, 2])
    assert world.published == left
    assert world.owed == [message(4, 0)]


async def test_what_a_crash_left_waits_for_what_is_on_its_way(world: World) -> None:
    world.kafka_errors = [ConnectionError()] * 1_000_000
    world.hand_over(ONE)
    world.owed.append(message(2, 0))
    leftovers = asyncio.create_task(world.relay.publish_leftovers([2]))
    assert not (await asyncio.wait([leftovers], timeout=0.01))[0]
    world.kafka_errors = []
    await leftovers
    assert world.published == [ONE, message(2, 0)]


async def test_a_relay_is_alive_while_it_works(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    assert not world.relay.alive
    world.relay.start()
    assert world.relay.alive
    await world.relay.stop()
    assert not world.relay.alive
