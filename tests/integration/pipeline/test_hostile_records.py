"""Records that the broker lets in and a client library stumbles over: nobody else's commands go with them."""

import logging

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.consumer.fetcher import FetchResult
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from service.store.outbox import unpack_headers
from tests.support.site import PATIENCE, Place, Site
from tests.support.walk import Sending, Walk
from tests.support.worker import not_ready, working


class Name(str):
    """A header's name, sent as bytes that are no UTF-8."""

    def encode(self, *_: object) -> bytes:
        return b"\xff" + bytes(self, "ascii")


async def send_odd_name(site: Site, *sent: Sending, partition: int, compression: int) -> list[Place]:
    """Send records with a header more, whose name is no UTF-8, as one batch."""
    producer = AIOKafkaProducer(bootstrap_servers=site.settings.require_kafka())
    await producer.start()
    batch = producer.create_batch()
    batch._builder = _DefaultRecordBatchBuilderPy(
        2,
        compression,
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=0,
        batch_size=100_000,
    )
    for one in sent:
        headers = [*one.headers, (Name("name"), b"1")]
        assert batch.append(key=one.key, value=one.value, timestamp=None, headers=headers)
    try:
        told = await (await producer.send_batch(batch, site.topics.commands, partition=partition))
    finally:
        await producer.stop()
    return [Place(told.partition, told.offset + n) for n in range(len(sent))]


@pytest.mark.parametrize("compression", [0, 1], ids=["plain", "gzip"])
async def test_a_header_whose_name_is_no_utf8_is_nobodys_business(site: Site, compression: int) -> None:
    odd, after, others = Walk(), Walk(), [Walk() for _ in range(6)]
    garbage = Sending(b"key", b"{", ())
    places = await send_odd_name(
        site, odd.start(), garbage, odd.step("n"), partition=1, compression=compression
    )
    places += await site.send(after.start(), partition=1)
    for n, walk in enumerate(others):
        places += await site.send(walk.start(), walk.step("n"), partition=n % 3)
    async with working(site.settings):
        await site.handled(*places)
    assert [(await site.session(walk.id))["version"] for walk in (odd, after, *others)] == [2, 1, *[2] * 6]
    kept = await site.database.fetchval("SELECT headers FROM l1_walk_dead_letters")
    assert [*map(tuple, unpack_headers(kept))] == [("\\xffname", b"1")]


async def test_a_fetch_that_fails_loses_nothing_of_the_partitions_beside(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    walks = [Walk() for _ in range(3)]
    for n, walk in enumerate(walks):
        await site.send(walk.start(), walk.step("n"), partition=n)
    read, had, failed = FetchResult.getall, set[int](), list[int]()

    def getall(result: FetchResult, max_records: int | None = None) -> object:
        """As it is, but once fails at a partition behind one that gave something."""
        number = result._topic_partition.partition
        commands = result._topic_partition.topic == site.topics.commands
        if commands and had - {number} and not failed:
            failed.append(number)
            raise ZeroDivisionError("what somebody wrote")
        records = read(result, max_records)
        if commands and records:
            had.add(number)
        return records

    monkeypatch.setattr(FetchResult, "getall", getall)
    async with working(site.settings) as worker:
        await site.all_handled(PATIENCE)
        assert not not_ready(worker)
    assert failed
    [told] = [r for r in caplog.records if r.levelno >= logging.WARNING and r.name.startswith("service")]
    assert told.getMessage().startswith(f"fetching from {site.topics.commands}: ZeroDivisionError")
    assert "somebody" not in told.getMessage()
    assert await site.progress() == {0: 2, 1: 2, 2: 2}
    assert [(await site.session(walk.id))["version"] for walk in walks] == [2, 2, 2]
