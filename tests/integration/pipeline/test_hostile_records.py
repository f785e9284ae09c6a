"""Records that the broker lets in and a client library stumbles over: nobody else's commands go with them."""

import logging
import random
from collections import Counter

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.consumer.fetcher import FetchResult
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from l1_walk_contracts import CommandRejectedData, Outcome, Verb
from service.store.outbox import unpack_headers
from tests.support.hostile import ROWS
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


def spoilt(chance: random.Random) -> Sending:
    """The first command of a walk, some of its bytes, headers and key changed."""
    walk = Walk()
    sending = walk.start() if chance.random() < 0.5 else walk.binary(Verb.START, session_kind="adhoc")
    value = bytearray(sending.value or b"")
    for _ in range(chance.choice([0, 1, 1, 2, 40])):
        at = chance.randrange(len(value))
        value[at : at + chance.randrange(3)] = chance.randbytes(chance.randrange(3))
    names = [*dict(sending.headers), "ce_type", "ce_subject", "x"]
    content = chance.choice([None, b"", b"\xff", b"1.0", chance.randbytes(9)])
    headers = (*sending.headers, *[(chance.choice(names), content)] * chance.randrange(2))
    key = chance.choice([None, b"", chance.randbytes(5), *[sending.key] * 9])
    return Sending(key, bytes(value), headers)


async def outcomes(site: Site) -> list[tuple[Place, tuple[str, str]]]:
    """Every outcome that left a trace, in tables and on topics, and where its record stands."""
    accepted = await site.database.fetch(
        "SELECT origin_partition, origin_offset FROM l1_walk_inbox WHERE outcome = 'accepted'"
    )
    letters = await site.database.fetch('SELECT partition, "offset", class FROM l1_walk_dead_letters')
    found = [(Place(*row), ("accepted", "")) for row in accepted]
    found += [(Place(row[0], row[1]), ("dead_lettered", row[2])) for row in letters]
    for event in await site.events():
        if isinstance(event.data, CommandRejectedData):
            origin = event.data.origin
            found.append((Place(origin.partition, origin.offset), ("rejected", event.data.reason.value)))
    return found


async def test_whatever_comes_has_exactly_one_outcome(site: Site) -> None:
    sent: dict[Place, tuple[str, str] | None] = {}
    for number, row in enumerate(row for row in ROWS if row.timestamp_ms is None):
        walk, partition = Walk(), number % 3
        before = [walk.start(), *([row.before(walk)] if row.before else [])]
        sent |= dict.fromkeys(await site.send(*before, partition=partition), (Outcome.ACCEPTED.value, ""))
        odd = row.make(walk)
        nothing = odd.key is None and odd.value is None
        place = (
            await site.send_nothing(partition) if nothing else (await site.send(odd, partition=partition))[0]
        )
        sent[place] = (row.outcome.value, row.reason)
    chance = random.Random(4)
    for number in range(300):
        sent |= dict.fromkeys(await site.send(spoilt(chance), partition=number % 3))
    async with working(site.settings) as worker:
        await site.all_handled(PATIENCE)
        assert not not_ready(worker)
        metrics = worker._metrics.render().decode().splitlines()
    found = await outcomes(site)
    assert [place for place, times in Counter(place for place, _ in found).items() if times > 1] == []
    left = dict(found)
    duplicate = (Outcome.DUPLICATE.value, "")
    expected = {place: outcome for place, outcome in sent.items() if outcome not in (None, duplicate)}
    assert {place: left[place] for place in expected} == expected
    assert set(left) == {place for place, outcome in sent.items() if outcome != duplicate}
    by_chance = {left[place] for place, outcome in sent.items() if outcome is None}
    assert by_chance >= {("accepted", ""), ("rejected", "invalid"), ("dead_lettered", "unreadable")}
    counted = [line.rpartition(" ")[2] for line in metrics if line.startswith("walk_commands_total")]
    assert sum(map(float, counted)) == len(sent)
    letters = await site.read(site.topics.dead_letter)
    assert len(letters) == sum(outcome == "dead_lettered" for outcome, _ in left.values())


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
