from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import cast

from aiokafka import TopicPartition

from service.pipeline.conditions import Conditions
from service.pipeline.partitions import Partitions
from service.store.database import Connection, Database
from tests.support.waiting import until

HERE = TopicPartition("t", 0)


class Consumer:
    """Has been given one partition."""

    def pause(self, *_: TopicPartition) -> None: ...

    def seek(self, _: TopicPartition, __: int) -> None: ...

    def assignment(self) -> set[TopicPartition]:
        return {HERE}


class Away:
    """A database that does not answer."""

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        raise ConnectionRefusedError("nobody there")
        yield


async def nothing_left(partitions: Collection[int]) -> AsyncGenerator[Collection[int], None]:
    yield partitions


async def nothing_there(_: Mapping[int, int]) -> dict[int, bytes]:
    return {}


async def nothing_owed() -> None: ...


async def test_what_is_not_ours_to_take_any_more_is_awaited_no_longer() -> None:
    conditions = Conditions()
    partitions = Partitions(
        "t",
        cast("Database", Away()),
        conditions,
        consumer=Consumer,
        digests=nothing_there,
        batch_max=10,
        before_resume=nothing_left,
        after_loss=nothing_owed,
    )
    await partitions.on_partitions_assigned([HERE])
    reasons = await until(lambda: dict(conditions.reasons), 5, "it is said what is awaited")
    assert reasons == {"taking partitions of t": "ConnectionRefusedError: nobody there"}
    assert partitions.taking
    await partitions.on_partitions_revoked([HERE])
    await partitions.on_partitions_assigned([])
    assert not partitions.taking
    assert not conditions.reasons
