"""Print walks as they end, as a PSA connector would write them into tickets. Needs l1-walk-contracts[aiokafka].

    python examples/consume.py --bootstrap-servers localhost:9092 --count 10 --timeout 60

Stops after --count walks, or when none has come for --timeout seconds. Exits 1 if it waited for more than came.
"""

import argparse
import asyncio
import logging
import os
import sys

from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.errors import KafkaError

from l1_walk_contracts import (
    EscalatedData,
    Event,
    EventError,
    Record,
    ResolvedData,
    TicketKind,
    Topics,
    decode_event,
)
from l1_walk_contracts.aiokafka import require_topics


def psa_note(event: Event) -> str | None:
    """What a connector writes into the ticket; None where there is nothing to write."""
    data = event.data
    if not isinstance(data, ResolvedData | EscalatedData) or data.ticket.kind is TicketKind.INTERNAL:
        return None
    how = "resolved" if isinstance(data, ResolvedData) else "escalated"
    minutes = f"{data.active_seconds / 60:.1f} of {data.duration_seconds / 60:.1f} minutes active"
    summary = "".join(f"\n    {line}" for line in data.summary.splitlines())
    return f"{data.ticket.id} {how}, walk {event.session_id}, {minutes}{summary}"


def read(message: ConsumerRecord) -> Event | None:
    try:
        return decode_event(Record(message.key, message.value, message.headers, message.timestamp))
    except EventError as error:
        where = f"{message.topic}, partition {message.partition}, offset {message.offset}"
        print(f"passed over {where}: {error}", file=sys.stderr)
        return None


async def consume(options: argparse.Namespace) -> int:
    """How many walks it printed. A real connector keeps the ids it knows beside what it wrote."""
    topics, known, count = Topics(options.topic_prefix), set[str](), 0
    await require_topics(topics.resolved, topics.escalated, bootstrap_servers=options.bootstrap_servers)
    consumer = AIOKafkaConsumer(
        topics.resolved,
        topics.escalated,
        bootstrap_servers=options.bootstrap_servers,
        group_id=options.group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    try:
        await consumer.start()
        while not options.count or count < options.count:
            got = await consumer.getmany(timeout_ms=int(options.timeout * 1000), max_records=1)
            if not got:
                break
            for message in (message for messages in got.values() for message in messages):
                event = read(message)
                if event is None or event.id in known:
                    continue
                note = psa_note(event)
                if note is not None:
                    print(note, flush=True)
                    count += 1
                known.add(event.id)
            await consumer.commit()
    finally:
        await consumer.stop()
    return count


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    servers = os.environ.get("WALK_KAFKA_BOOTSTRAP_SERVERS", "localhost:9092")
    parser.add_argument(
        "--bootstrap-servers", default=servers, metavar="HOST:PORT,...", help=f"default: {servers}"
    )
    prefix = os.environ.get("WALK_TOPIC_PREFIX", "l1.walk")
    parser.add_argument("--topic-prefix", default=prefix, help=f"default: {prefix}")
    parser.add_argument("--group", default="example-connector", help="the consumer group, which remembers")
    parser.add_argument("--count", type=int, default=0, help="stop after so many walks; default: never")
    parser.add_argument("--timeout", type=float, default=30, help="seconds without any before it stops")
    options = parser.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what is wrong is said once, below
    try:
        count = asyncio.run(consume(options))
    except KafkaError as error:
        sys.exit(f"Kafka: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
    if count < options.count:
        sys.exit(f"{count} of {options.count} walks came within {options.timeout:g} seconds")


if __name__ == "__main__":
    main()
