"""What it costs to make commands of records: FastStream's typing, and the worker's own decoding.

`python -m bench.decode_cost`. The worker's includes all checks of the contract, the digest and the references.
"""

import logging

import uvloop
from aiokafka import ConsumerRecord
from faststream.kafka import KafkaBroker, TestKafkaBroker

from bench.clock import microseconds
from bench.contenders.typed import Command
from bench.traffic import make
from service.pipeline.decode import decode

COMMANDS = 2_000


async def measure() -> dict[str, float]:
    """Microseconds a command."""
    records = tuple(_records())
    broker = KafkaBroker("none:1", logger=None, log_level=logging.CRITICAL)
    batches = broker.subscriber("batches", batch=True)
    singly = broker.subscriber("singly")

    @batches
    async def take(commands: list[Command]) -> None:
        assert len(commands) == COMMANDS

    @singly
    async def take_one(command: Command) -> None:
        assert command.id

    async def in_a_list() -> None:
        await batches.process_message(records)

    async def one_by_one() -> None:
        for record in records:
            await singly.process_message(record)

    async def by_the_worker() -> None:
        decode(records)

    async with TestKafkaBroker(broker):
        return {
            "FastStream, a list of models": await microseconds(in_a_list, COMMANDS),
            "FastStream, one by one": await microseconds(one_by_one, COMMANDS),
            "the worker": await microseconds(by_the_worker, COMMANDS),
        }


def _records() -> list[ConsumerRecord]:
    return [
        ConsumerRecord("batches", 0, offset, 1_772_438_400_000, 0, key, value, None, len(key), len(value), ())
        for offset, (key, value) in enumerate(make(COMMANDS, seed=6).records[:COMMANDS])
    ]


if __name__ == "__main__":
    for name, cost in uvloop.run(measure()).items():
        print(f"{name}: {cost:.1f} us a command")
