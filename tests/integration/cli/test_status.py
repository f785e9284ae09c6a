"""`walk status`: lag by the progress in the database, against what the topic holds."""

import resource
import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from aiokafka import AIOKafkaProducer

from service.dev.kafka import EmbeddedKafka
from service.ops import broker
from service.ops.figures import PartitionLag
from service.ops.status import read_status
from tests.support.shell import Shell
from tests.support.site import PATIENCE, Site
from tests.support.waiting import until
from tests.support.walk import Sending

ANY = Sending(b"k", b"v")
CPU_SECONDS = 1.5


async def handled(site: Site, partition: int, next_offset: int | None) -> None:
    """As a worker leaves it."""
    await site.database.execute(
        "INSERT INTO l1_walk_progress (topic, partition, next_offset, epoch) VALUES ($1, $2, $3, 1)"
        " ON CONFLICT (topic, partition) DO UPDATE SET next_offset = excluded.next_offset",
        site.topics.commands,
        partition,
        next_offset,
    )


async def partitions(site: Site) -> list[PartitionLag]:
    return list((await read_status(site.settings)).lag.partitions)


async def first_ending_at(site: Site, offset: int) -> PartitionLag:
    """The first partition, once it ends there: a transaction's marker is written some time after its commit."""

    async def there() -> PartitionLag | None:
        (first, *_) = await partitions(site)
        return first if first.end_offset == offset else None

    first = await until(there, PATIENCE, f"partition 0 ends at {offset}")
    assert first is not None
    return first


async def test_nothing_was_sent(site: Site, shell: Shell) -> None:
    ended = await shell.walk("status", "--json")
    assert ended.code == 0
    told = ended.json
    assert told["lag"] == {"messages": 0, "seconds": 0.0}
    assert told["outbox"]["count"] == told["dead_letters"]["count"] == told["held_sessions"]["count"] == 0
    assert told["workers"] == 0
    assert (await shell.walk("status")).out.startswith("●  workers        none in the consumer group")


async def test_brokers_that_never_had_a_group_tell_that_nobody_is_in_it(
    own_kafka: EmbeddedKafka, site: Site
) -> None:
    settings = site.settings.model_copy(update={"kafka_bootstrap_servers": own_kafka.bootstrap_servers})
    assert await broker.members(settings, settings.consumer_group) == 0


async def test_a_partition_that_nobody_took_counts_from_where_it_begins(site: Site) -> None:
    await site.send(*[ANY] * 3, partition=1)
    await handled(site, 2, None)
    await site.send(*[ANY] * 2, partition=2)
    status = await read_status(site.settings)
    assert [p.messages for p in status.lag.partitions] == [0, 3, 2]
    assert status.lag.messages == 5
    await site.delete_before(1, 2)
    assert [p.messages for p in await partitions(site)] == [0, 1, 2]


async def test_what_was_handled_is_no_lag(site: Site) -> None:
    await site.send(*[ANY] * 3, partition=0)
    await handled(site, 0, 2)
    (first, *_) = await partitions(site)
    assert (first.messages, first.next_offset, first.end_offset, first.fits) == (1, 2, 3, True)
    await handled(site, 0, 3)
    status = await read_status(site.settings)
    assert (status.lag.messages, status.lag.seconds) == (0, 0.0)


async def test_the_age_is_that_of_the_oldest_record_by_its_own_timestamp(site: Site) -> None:
    await site.send(ANY, partition=0)
    second = time.time()
    await site.send(ANY, partition=0)
    await site.send(ANY, partition=1)
    age = (await read_status(site.settings)).lag.seconds
    assert age >= time.time() - second - 1
    await handled(site, 0, 2)
    await handled(site, 1, 1)
    assert (await read_status(site.settings)).lag.seconds == 0.0


async def test_markers_of_transactions_are_no_commands(site: Site) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=site.settings.require_kafka(), transactional_id=f"test-{site.topics.prefix}"
    )
    await producer.start()
    try:
        async with producer.transaction():
            await producer.send_and_wait(site.topics.commands, b"v", partition=0)
        await handled(site, 0, 1)
        first = await first_ending_at(site, 2)
        assert (first.messages, first.seconds) == (0, 0.0), "all that is left is the marker"
        await producer.begin_transaction()
        await producer.send_and_wait(site.topics.commands, b"v", partition=0)
        assert (await partitions(site))[0].messages == 0, "nobody may read it yet"
        await producer.abort_transaction()
        assert (await first_ending_at(site, 4)).messages == 0, "nobody ever will"
    finally:
        await producer.stop()


async def test_progress_that_the_topic_does_not_hold_is_pointed_out(site: Site, shell: Shell) -> None:
    await site.send(*[ANY] * 4, partition=0)
    await handled(site, 0, 9)
    (first, *_) = await partitions(site)
    assert (first.fits, first.messages) == (False, 4)
    assert "The progress of partition 0 lies outside" in (await shell.walk("status")).out
    await site.delete_before(0, 3)
    await handled(site, 0, 1)
    (first, *_) = await partitions(site)
    assert (first.fits, first.messages) == (False, 1)


async def test_what_waits_in_the_database_is_counted_with_its_age(site: Site) -> None:
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    await site.database.execute(
        'INSERT INTO l1_walk_outbox (partition, "offset", number, topic, created_at)'
        " VALUES (0, 0, 0, 't', $1), (0, 0, 1, 't', now())",
        hour_ago,
    )
    letter = uuid4()
    await site.database.executemany(
        "INSERT INTO l1_walk_dead_letters"
        ' (id, topic, partition, "offset", class, error, state, parked_behind, created_at)'
        " VALUES ($1, 't', 0, $2, $3, 'e', $4, $5, $6)",
        [
            (letter, 0, "failed", "open", None, hour_ago),
            (uuid4(), 1, "unreadable", "open", None, hour_ago + timedelta(minutes=30)),
            (uuid4(), 2, "failed", "open", letter, hour_ago),
            (uuid4(), 3, "failed", "settled", None, hour_ago),
        ],
    )
    await site.database.execute(
        "INSERT INTO l1_walk_held (session_id, dead_letter_id, partition) VALUES ($1, $2, 0)", uuid4(), letter
    )
    status = await read_status(site.settings)
    assert status.outbox.count == 2
    assert 3_600 <= status.outbox.seconds < 3_700
    assert status.dead_letters.count == 2
    assert dict(status.dead_letters.by_class) == {"failed": 1, "unreadable": 1}
    assert 3_600 <= status.dead_letters.seconds < 3_700
    assert status.held_sessions.count == 1
    assert status.parked == 1


async def test_looking_costs_little_and_creates_nothing(site: Site, shell: Shell) -> None:
    await site.send(*[ANY] * 500)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert (await shell.walk("status", "--json")).json["lag"]["messages"] == 500
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < CPU_SECONDS
    other = {"WALK_TOPIC_PREFIX": f"{site.topics.prefix}.other"}
    for _ in range(2):
        assert (await shell.walk("status", env=other)).code == 4, "to look for a topic does not make it"
