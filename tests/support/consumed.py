"""Records of the commands topic as the consumer hands them over, for tests of the pipeline."""

from aiokafka import ConsumerRecord

from l1_walk_contracts import Record


def consumed(
    record: Record, partition: int = 0, offset: int = 0, topic: str = "l1.walk.commands"
) -> ConsumerRecord:
    """The record at its place."""
    key, value, headers, timestamp_ms = record
    return ConsumerRecord(
        topic=topic,
        partition=partition,
        offset=offset,
        timestamp=timestamp_ms,
        timestamp_type=1,
        key=key,
        value=value,
        checksum=None,
        serialized_key_size=-1 if key is None else len(key),
        serialized_value_size=-1 if value is None else len(value),
        headers=tuple(headers),
    )
