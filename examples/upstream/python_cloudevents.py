"""Publish one walk with the CloudEvents SDK and print how it ended. Needs cloudevents and confluent-kafka.

python python_cloudevents.py [structured|binary]
"""

import os
import sys
from datetime import UTC, datetime
from uuid import uuid4

from cloudevents.core.bindings import kafka
from cloudevents.core.v1.event import CloudEvent
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

SERVERS = os.environ.get("WALK_KAFKA_BOOTSTRAP_SERVERS", "localhost:9092")
PREFIX = os.environ.get("WALK_TOPIC_PREFIX", "l1.walk")
SECONDS = float(os.environ.get("WAIT_SECONDS", "30"))
BROKER_SECONDS = 30.0
MODES = {"structured": kafka.to_structured_event, "binary": kafka.to_binary_event}
WHO = {
    "account_id": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
    "user_id": "550e8400-e29b-41d4-a716-446655440000",
}
TICKET = {"id": "T20260131.0042", "kind": "psa"}
WALK: dict[str, dict[str, object]] = {
    "start": {"ticket": TICKET, "session_kind": "ai_build", "start_node_id": "link-light"},
    "step": {"node_id": "link-light", "question": "Is the link light on?", "answer": "no"},
    "resolve": {"resolution_notes": "Plugged the cable back in – it works.", "helpful": True},
}


def command(session: str, verb: str) -> CloudEvent:
    attributes = {
        "id": str(uuid4()),
        "source": "/examples/python",
        "type": f"l1.walk.{verb}.v1",
        "subject": session,
        "time": datetime.now(UTC),
        "datacontenttype": "application/json",
    }
    return CloudEvent(attributes, WHO | WALK[verb])


def publish(session: str, mode: str) -> None:
    # the partitioner that librdkafka has by itself is another than everybody else's
    options = {"bootstrap.servers": SERVERS, "partitioner": "murmur2_random", "enable.idempotence": True}
    producer = Producer(options)
    for verb in WALK:
        message = MODES[mode](command(session, verb), key_mapper=lambda event: event.get_subject())
        headers: list[tuple[str, str | bytes | None]] = [*message.headers.items()]
        producer.produce(
            f"{PREFIX}.commands", message.value, message.key, headers=headers, on_delivery=delivered
        )
    if producer.flush(BROKER_SECONDS):
        sys.exit(f"Kafka at {SERVERS} did not take all commands")


def delivered(error: KafkaError | None, _message: Message) -> None:
    if error is not None:
        raise KafkaException(error)


def consumer_of_what_comes(*topics: str) -> Consumer:
    consumer = Consumer({"bootstrap.servers": SERVERS, "group.id": "unused", "enable.auto.commit": False})
    ends = []
    for topic in topics:
        for number in consumer.list_topics(topic, BROKER_SECONDS).topics[topic].partitions:
            _, end = consumer.get_watermark_offsets(TopicPartition(topic, number), BROKER_SECONDS)
            ends.append(TopicPartition(topic, number, end))
    consumer.assign(ends)
    return consumer


def ending(consumer: Consumer, session: str) -> str:
    while message := consumer.poll(SECONDS):
        if message.error():
            raise KafkaException(message.error())
        got = kafka.KafkaMessage({}, message.key(), message.value() or b"")
        event = kafka.from_structured_event(got)
        data = event.get_data()
        if event.get_subject() != session or not isinstance(data, dict):
            continue
        if event.get_type() == "l1.walk.resolved.v1":
            return f"resolved: {data['ticket']['id']}, walk {session}\n{data['summary']}"
        errors = "; ".join(f"{error['field']} {error['message']}" for error in data.get("errors", ()))
        sys.exit(f"rejected: {data['command_type']}: {data['reason']}: {errors}")
    sys.exit(f"nothing came for {SECONDS:g} seconds: does a worker run?")


def main() -> None:
    session = str(uuid4())
    consumer = consumer_of_what_comes(f"{PREFIX}.resolved", f"{PREFIX}.rejected")
    try:
        publish(session, sys.argv[1] if len(sys.argv) > 1 else "structured")
        print(ending(consumer, session))
    finally:
        consumer.close()


try:
    main()
except KafkaException as error:
    sys.exit(f"Kafka at {SERVERS}: {error}")
