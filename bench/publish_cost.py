"""What it costs to hand an event to the producer: FastStream's `publish`, and record batches filled by the worker.

`python -m bench.publish_cost`. The broker is librdkafka's mock: what it does is not counted, it has threads of its
own.
"""

import asyncio

import uvloop
from faststream.kafka import KafkaBroker

from bench.clock import microseconds
from l1_walk_contracts import Topics
from service.dev.memory import MemoryBroker
from service.pipeline.publishers import PRODUCER_OPTIONS, Publishers
from service.store.outbox import Message

MESSAGES = 1_000
_VALUE = b"x" * 900


async def measure(bootstrap_servers: str) -> dict[str, float]:
    """Microseconds a message, its acknowledgement included."""
    topics = Topics()
    messages = [
        Message(
            partition=0, offset=number, number=0, topic=topics.lifecycle, target_partition=number % 4,
            key=f"{number:036}".encode(), headers=[("content-type", b"application/cloudevents+json")],
            value=_VALUE, session_id=None, account_id=None,
        )
        for number in range(MESSAGES)
    ]  # fmt: skip
    broker = KafkaBroker(bootstrap_servers, logger=None, **PRODUCER_OPTIONS)
    publishers = Publishers(broker, topics, _no_other)

    async def by_faststream() -> None:
        sent = [
            await broker.publish(
                one.value, topic=one.topic, key=one.key, partition=one.target_partition,
                headers={"content-type": "application/cloudevents+json"}, no_confirm=True,
            )
            for one in messages
        ]  # fmt: skip
        await asyncio.gather(*sent)

    async def by_the_worker() -> None:
        await publishers.publish(messages)

    await broker.start()
    try:
        return {
            "FastStream's publish": await microseconds(by_faststream, MESSAGES),
            "the worker": await microseconds(by_the_worker, MESSAGES),
        }
    finally:
        await broker.stop()


def _no_other() -> None:
    raise AssertionError("the producer does not fail here")


def main() -> None:
    """Print what it costs."""
    kafka = MemoryBroker()
    kafka.start()
    try:
        costs = uvloop.run(measure(kafka.bootstrap_servers))
    finally:
        kafka.stop()
    for name, cost in costs.items():
        print(f"{name}: {cost:.1f} us a message")


if __name__ == "__main__":
    main()
