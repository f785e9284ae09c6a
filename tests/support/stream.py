"""A stream of commands with all that must come of it, through workers that come and go."""

import asyncio
import contextlib
import time
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from service.dev.simulation.check import Report, compare, look
from service.dev.simulation.expected import Expected, Record
from service.dev.simulation.publish import publish
from tests.support.site import PATIENCE, Site
from tests.support.waiting import until

PACE_SECONDS = 0.02


async def feed(site: Site, records: Sequence[Record]) -> None:
    """Send all of it, as fast as it goes."""
    await publish(records, site.settings, site.topics.commands)


class Stream:
    """Sends records in the background, some fifty a second until told to hurry."""

    def __init__(self, site: Site, records: Sequence[Record]) -> None:
        self._hurry = asyncio.Event()
        self._task = asyncio.create_task(self._send(site, records))

    @property
    def over(self) -> bool:
        """Whether all of it is sent."""
        return self._task.done()

    async def end(self) -> None:
        """Send what is left as fast as it goes, and return once Kafka has it."""
        self._hurry.set()
        await self._task

    async def _send(self, site: Site, records: Sequence[Record]) -> None:
        sent = []
        for record in records:
            sent.append(await site.producer.send(site.topics.commands, record.value, key=record.key))
            if not self._hurry.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._hurry.wait(), PACE_SECONDS)
        await asyncio.gather(*sent)


async def handled(site: Site) -> int:
    """How many commands are handled."""
    return sum(offset or 0 for offset in (await site.progress()).values())


async def until_handled(site: Site, count: int, timeout: float = PATIENCE) -> None:
    """Wait until at least so many commands are handled."""

    async def enough() -> bool:
        return await handled(site) >= count

    await until(enough, timeout, f"{count} commands are handled")


async def ends(site: Site) -> dict[int, int]:
    """Where each partition of the commands ends now."""
    consumer = AIOKafkaConsumer(bootstrap_servers=site.settings.require_kafka())
    await consumer.start()
    try:
        tps = [TopicPartition(site.topics.commands, n) for n in range(site.settings.topic_partitions)]
        return {tp.partition: end for tp, end in (await consumer.end_offsets(tps)).items()}
    finally:
        await consumer.stop()


async def seconds_to_go_on(site: Site, timeout: float) -> float:
    """How long it takes from now until every partition has come as far as it now is."""
    began, wanted = time.monotonic(), await ends(site)

    async def reached() -> bool:
        progress = await site.progress()
        return all((progress.get(partition) or 0) >= end for partition, end in wanted.items())

    await until(reached, timeout, "all partitions go on")
    return time.monotonic() - began


async def committed(site: Site) -> dict[int, int]:
    """The offsets that Kafka has of the workers' group."""
    admin = AIOKafkaAdminClient(bootstrap_servers=site.settings.require_kafka())
    await admin.start()
    try:
        offsets = await admin.list_consumer_group_offsets(site.settings.consumer_group)
    finally:
        await admin.close()
    return {tp.partition: told.offset for tp, told in offsets.items()}


async def members(site: Site) -> int:
    """How many workers the group has."""
    admin = AIOKafkaAdminClient(bootstrap_servers=site.settings.require_kafka())
    await admin.start()
    try:
        [response] = await admin.describe_consumer_groups([site.settings.consumer_group])
    finally:
        await admin.close()
    return len(response.groups[0][5])


async def verdict(expected: Expected, site: Site) -> Report:
    """What stands there against what must."""
    return compare(expected, await look(site.settings))


async def all_done(site: Site, records: int, timeout: float = 60.0) -> None:
    """Wait until that many records are handled, and what came of them is published."""
    await until_handled(site, records, timeout)

    async def nothing_owed() -> bool:
        await asyncio.sleep(0)
        return not await site.count("l1_walk_outbox")

    await until(nothing_owed, timeout, "nothing is owed to Kafka")
