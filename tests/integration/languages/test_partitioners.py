"""What becomes of a walk whose commands come by librdkafka's own partitioner, and what its sender is told to set."""

import re
import zlib
from typing import Any

import pytest
from confluent_kafka import Producer

from l1_walk_contracts import CommandRejectedData, Verb
from tests.support.site import PATIENCE, Site
from tests.support.upstream_walk import usual_partition
from tests.support.waiting import until
from tests.support.walk import Sending, Walk

pytestmark = pytest.mark.asyncio(loop_scope="module")


def odd_walk(partitions: int) -> Walk:
    """One that librdkafka, left to itself, sends elsewhere than all others do."""
    walk = Walk()
    while zlib.crc32(walk.id.encode()) % partitions == usual_partition(walk.id, partitions):
        walk = Walk()
    return walk


def publish(site: Site, *commands: Sending, **options: Any) -> None:
    """Send them by confluent-kafka with these options and none of ours."""
    producer = Producer({"bootstrap.servers": site.settings.require_kafka(), **options})
    for command in commands:
        producer.produce(site.topics.commands, command.value, command.key, headers=list(command.headers))
    assert producer.flush(PATIENCE) == 0


async def test_a_second_producer_with_it_is_told_what_to_set(site: Site) -> None:
    walk = odd_walk(site.settings.topic_partitions)
    note = walk.send(Verb.NOTE, text="The cable was loose.")
    await site.handled(*await site.send(walk.start()))

    publish(site, note)

    [event] = await until(lambda: site.rejections(walk.id), PATIENCE, "the note is rejected")
    assert isinstance(event.data, CommandRejectedData)
    assert event.data.reason == "invalid"
    [error] = event.data.errors or ()
    assert error.field == "partition"
    [(option, value)] = re.findall(r"librdkafka: (\S+)=(\w+)", error.message)
    assert (await site.session(walk.id))["version"] == 1

    publish(site, note, **{option: value})

    await site.all_handled()
    row = await site.session(walk.id)
    assert (row["version"], [entry["text"] for entry in row["walk_notes"]]) == (2, ["The cable was loose."])
    assert len(await site.rejections(walk.id)) == 1


async def test_alone_with_a_walk_it_does_no_harm(site: Site) -> None:
    walk = odd_walk(site.settings.topic_partitions)

    publish(site, walk.start(), walk.send(Verb.RESOLVE, resolution_notes="A new cable."))

    await site.all_handled()
    row = await site.session(walk.id)
    assert row["status"] == "resolved"
    assert row["home_partition"] == zlib.crc32(walk.id.encode()) % site.settings.topic_partitions
    assert await site.told(walk.id) == ["started", "resolved"]
