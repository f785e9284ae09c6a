"""Publish one whole walk: started, a step, a note, resolved. Needs l1-walk-contracts[aiokafka] alone.

python examples/publish.py --bootstrap-servers localhost:9092 --ticket T20260131.0042
"""

import argparse
import asyncio
import logging
import os
import sys
from datetime import UTC, datetime
from uuid import UUID, uuid4

from aiokafka.errors import KafkaError

from l1_walk_contracts import (
    CommandData,
    NoteData,
    ResolveData,
    SessionKind,
    StartData,
    StepData,
    Ticket,
    TicketKind,
    Topics,
    encode_command,
)
from l1_walk_contracts.aiokafka import Publisher, PublishError

SOURCE = "/examples/publish"


def whole_walk(account: UUID, technician: UUID, ticket: str) -> list[CommandData]:
    """What a technician does on one ticket, in order."""
    return [
        StartData(
            account_id=account,
            user_id=technician,
            ticket=Ticket(ticket, TicketKind.PSA),
            session_kind=SessionKind.AI_BUILD,
            start_node_id="link-light",
        ),
        StepData(
            account_id=account,
            user_id=technician,
            node_id="link-light",
            question="Is the link light of the printer on?",
            answer="no",
            answer_label="No",
        ),
        NoteData(account_id=account, user_id=technician, text="The cable was loose.", node_id="link-light"),
        ResolveData(
            account_id=account,
            user_id=technician,
            resolution_notes="Plugged the network cable back in; a test page came out.",
            helpful=True,
        ),
    ]


async def publish(options: argparse.Namespace) -> None:
    session = uuid4()
    async with Publisher(options.bootstrap_servers) as publisher:
        for data in whole_walk(options.account, options.technician, options.ticket):
            record = encode_command(
                data,
                session_id=session,
                source=SOURCE,
                id=str(uuid4()),
                time=datetime.now(UTC),
                topics=Topics(options.topic_prefix),
            )
            [place] = await publisher.send(record)
            name = type(data).__name__.removesuffix("Data").lower()
            print(f"{name:8} sent to {place.topic}, partition {place.partition}, offset {place.offset}")
    print(f"walk {session}")


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
    parser.add_argument("--ticket", default="T20260131.0042", help="the PSA's number of the ticket")
    parser.add_argument(
        "--account", type=UUID, default=uuid4(), help="the client company; default: a new one"
    )
    parser.add_argument("--technician", type=UUID, default=uuid4(), help="who walks; default: somebody new")
    options = parser.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what is wrong is said once, below
    try:
        asyncio.run(publish(options))
    except (KafkaError, PublishError) as error:
        sys.exit(f"Kafka: {error}")


if __name__ == "__main__":
    main()
