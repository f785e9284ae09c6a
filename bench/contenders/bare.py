"""(d) The bare prototype: what the same batch transaction costs with nothing around it.

aiokafka and asyncpg alone; progress, sessions, inbox and outbox in the worker's own tables, written in sets; nothing
is validated, no rule is checked, no id is looked up, no summary is made, one phase comes after the other. What is
owed is published with every acknowledgement awaited, and forgotten in the next transaction.

The interpreter is as it comes: with its garbage collection tuned as the worker's is, it takes a sixth less CPU.
"""

import asyncio
import signal
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import msgspec
import uvloop
from aiokafka import (
    AIOKafkaConsumer,
    AIOKafkaProducer,
    ConsumerRebalanceListener,
    ConsumerRecord,
    TopicPartition,
)
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.producer.message_accumulator import BatchBuilder

from bench.contenders import bare_statements as sql
from l1_walk_contracts import Topics, ended_id, started_id
from service import settings as configuration

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
HEADERS = [("content-type", b"application/cloudevents+json")]
PACKED_HEADERS = msgspec.msgpack.encode(HEADERS)

decode = msgspec.json.Decoder().decode
encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class Walk:
    """A row, and what is to be added to it."""

    fixed: tuple[Any, ...]
    """id, account_id, created_by_user_id, ticket_id, ticket_kind, session_kind, flow_id, started_at"""
    path: list[Any]
    notes: list[Any]
    node: str | None = None
    status: str = "active"
    resolution: str | None = None
    helpful: bool | None = None
    reason: str | None = None
    category: str | None = None
    last: datetime | None = None
    resolved_at: datetime | None = None
    version: int = 1
    home: int = 0
    old_path: int = 0
    old_notes: int = 0


class Prototype:
    """Batch after batch."""

    def __init__(
        self, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer, connection: Connection, prefix: str
    ) -> None:
        self.consumer, self.producer, self.connection = consumer, producer, connection
        self.topics = Topics(prefix)
        self.positions: dict[int, tuple[int, int | None]] = {}
        """Epoch and progress of each partition."""
        self.published: dict[int, tuple[int, int]] = {}
        self.partitions: dict[str, list[int]] = {}
        self.partition_of = DefaultPartitioner()

    async def batch(self, records: Sequence[ConsumerRecord]) -> None:
        commands = [(record, decode(record.value)) for record in records]
        ends = {record.partition: record for record in records}
        async with self.connection.transaction():
            await self.fence(ends)
            walks = await self.load(commands)
            begun: dict[str, Walk] = {}
            messages, handled = self.decide(commands, walks, begun)
            await self.write(walks, begun, messages, handled)
            await self.advance(ends)
        await self.publish(messages)
        offsets = {TopicPartition(self.topics.commands, p): r.offset + 1 for p, r in ends.items()}
        await self.consumer.commit(offsets)

    async def fence(self, partitions: Collection[int]) -> None:
        rows = await self.connection.fetch(sql.LOCK, self.topics.commands, sorted(partitions))
        if any(self.positions[number] != (epoch, offset) for number, epoch, offset in rows):
            raise RuntimeError("fenced")

    async def load(self, commands: Sequence[tuple[ConsumerRecord, Any]]) -> dict[str, Walk]:
        ids = {command["subject"] for _, command in commands}
        rows = await self.connection.fetch(sql.LOAD, sorted(map(UUID, ids)))
        walks = {}
        for row in rows:
            path, notes = decode(row[8]), decode(row[9])
            walk = walks[str(row[0])] = Walk(tuple(row)[:8], path, notes, *row[10:])
            walk.old_path, walk.old_notes = len(path), len(notes)
        known = [(UUID(c["subject"]), c["source"], c["id"]) for _, c in commands if c["subject"] in walks]
        if known and await self.connection.fetch(sql.SEEN, *map(list, zip(*known, strict=True))):
            raise RuntimeError("handled before")
        return walks

    def decide(
        self, commands: Sequence[tuple[ConsumerRecord, Any]], walks: dict[str, Walk], begun: dict[str, Walk]
    ) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
        messages, handled = [], []
        for record, command in commands:
            id_, data = command["subject"], command["data"]
            at = datetime.fromisoformat(command["time"])
            walk = walks.get(id_) or begun.get(id_)
            event = None
            if walk is None:
                walk = begun[id_] = _begin(id_, data, at, record.partition)
                event = self.told("started", started_id(id_), walk, command, data)
            else:
                walk.version += 1
                walk.last = at
                match command["type"]:
                    case "l1.walk.step.v1":
                        walk.path.append({**data, "at": command["time"], "kind": "step"})
                        walk.node = data.get("next_node_id") or data["node_id"]
                    case "l1.walk.note.v1":
                        walk.notes.append({**data, "at": command["time"]})
                    case "l1.walk.resolve.v1":
                        walk.status, walk.resolved_at = "resolved", at
                        walk.resolution, walk.helpful = data["resolution_notes"], data.get("helpful")
                        event = self.told("resolved", ended_id(id_), walk, command, data)
                    case _:
                        walk.status, walk.reason = "escalated", data["reason"]
                        walk.category = data.get("reason_category")
                        event = self.told("escalated", ended_id(id_), walk, command, data)
            place = record.partition, record.offset
            digest = blake2b(record.value, digest_size=16).digest()
            identity = walk.fixed[0], command["source"], command["id"]
            handled.append((*identity, digest, "accepted", None, walk.version, *place))
            if event is not None:
                topic, key, value = event
                target = record.partition if topic == self.topics.lifecycle else None
                messages.append((*place, 0, topic, target, key, PACKED_HEADERS, value, *walk.fixed[:2]))
        return messages, handled

    def told(self, kind: str, event_id: str, walk: Walk, command: Any, data: Any) -> tuple[str, bytes, bytes]:
        fixed = walk.fixed
        envelope = {
            "specversion": "1.0", "id": event_id, "source": "/l1-walk-worker", "type": f"l1.walk.{kind}.v1",
            "subject": command["subject"], "time": command["time"], "datacontenttype": "application/json",
            "causationid": command["id"], "accountid": fixed[1], "sessionversion": walk.version,
            "data": {
                **data, "ticket": {"id": fixed[3], "kind": fixed[4]}, "session_kind": fixed[5], "flow_id": fixed[6],
                "created_by": fixed[2], "started_at": fixed[7],
            },
        }  # fmt: skip
        if kind == "started":
            return self.topics.lifecycle, command["subject"].encode(), encode(envelope)
        envelope["data"] |= {
            "ended_at": walk.last, "walked_path": walk.path, "walk_notes": walk.notes,
            "path_count": len(walk.path), "note_count": len(walk.notes),
        }  # fmt: skip
        topic = self.topics.resolved if kind == "resolved" else self.topics.escalated
        return topic, f"{fixed[1]}/{fixed[4]}/{fixed[3]}".encode(), encode(envelope)

    async def write(
        self,
        walks: dict[str, Walk],
        begun: dict[str, Walk],
        messages: Sequence[tuple[Any, ...]],
        handled: Sequence[tuple[Any, ...]],
    ) -> None:
        execute = self.connection.execute
        if begun:
            rows = [(*w.fixed, *_changing(w), _json(w.path), _json(w.notes)) for w in begun.values()]
            await execute(sql.INSERT, *map(list, zip(*rows, strict=True)))
        if walks:
            rows = [
                (w.fixed[0], *_changing(w), _json(w.path[w.old_path :]), _json(w.notes[w.old_notes :]))
                for w in walks.values()
            ]
            await execute(sql.UPDATE, *map(list, zip(*rows, strict=True)))
        await execute(sql.REMEMBER, *map(list, zip(*handled, strict=True)))
        if messages:
            await execute(sql.OWE, *map(list, zip(*messages, strict=True)))
        await self.forget()

    async def advance(self, ends: dict[int, ConsumerRecord]) -> None:
        rows = [(p, r.offset + 1, blake2b(r.value, digest_size=16).digest()) for p, r in ends.items()]
        await self.connection.execute(sql.ADVANCE, self.topics.commands, *map(list, zip(*rows, strict=True)))
        for number, offset, _ in rows:
            self.positions[number] = (self.positions[number][0], offset)

    async def publish(self, messages: Sequence[tuple[Any, ...]]) -> None:
        batches: dict[tuple[str, int], list[BatchBuilder]] = {}
        for partition, offset, number, topic, wanted, key, _, value, *_ in messages:
            all_ = self.partitions[topic]
            target = self.partition_of(key, all_, all_) if wanted is None else wanted
            filled = batches.setdefault((topic, target), [])
            if not filled or filled[-1].append(timestamp=None, key=key, value=value, headers=HEADERS) is None:
                filled.append(self.producer.create_batch())
                filled[-1].append(timestamp=None, key=key, value=value, headers=HEADERS)
            self.published[partition] = (offset, number)
        sent = [
            await self.producer.send_batch(one, topic, partition=target)
            for (topic, target), filled in batches.items()
            for one in filled
        ]
        await asyncio.gather(*sent)

    async def forget(self) -> None:
        """Delete what was published."""
        if self.published:
            rows = [(partition, *place) for partition, place in self.published.items()]
            await self.connection.execute(sql.FORGET, *map(list, zip(*rows, strict=True)))
            self.published.clear()


def _begin(id_: str, data: Any, at: datetime, partition: int) -> Walk:
    ticket, flow = data["ticket"], data.get("flow_id")
    fixed = (
        UUID(id_), UUID(data["account_id"]), UUID(data["user_id"]), ticket["id"], ticket["kind"],
        data["session_kind"], UUID(flow) if flow else None, at,
    )  # fmt: skip
    return Walk(fixed, [], [], node=data.get("start_node_id"), last=at, home=partition)


def _changing(walk: Walk) -> tuple[Any, ...]:
    return (
        walk.node, walk.status, walk.resolution, walk.helpful, walk.reason, walk.category, walk.last,
        walk.resolved_at, walk.version, walk.home,
    )  # fmt: skip


def _json(entries: list[Any]) -> str:
    return encode(entries).decode()


class Takes(ConsumerRebalanceListener):  # type: ignore[misc]
    """Takes partitions: raises their epochs and reads on from their progress."""

    def __init__(self) -> None:
        self.prototype: Prototype | None = None
        self.taken = asyncio.Event()

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        pass

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        assert self.prototype is not None
        one = self.prototype
        rows = await one.connection.fetch(
            sql.TAKE, one.topics.commands, sorted(tp.partition for tp in assigned)
        )
        for number, epoch, offset in rows:
            one.positions[number] = (epoch, offset)
            one.consumer.seek(TopicPartition(one.topics.commands, number), offset or 0)
        self.taken.set()


async def main() -> None:
    """Work until SIGTERM."""
    settings = configuration.load()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    connection = await asyncpg.connect(settings.require_database().replace("+asyncpg", ""))
    brokers = settings.require_kafka()
    consumer = AIOKafkaConsumer(
        bootstrap_servers=brokers, group_id=settings.consumer_group, enable_auto_commit=False,
        auto_offset_reset="earliest", isolation_level="read_committed",
    )  # fmt: skip
    producer = AIOKafkaProducer(
        bootstrap_servers=brokers, acks="all", enable_idempotence=True, max_batch_size=256 * 1024
    )
    await producer.start()
    takes = Takes()
    prototype = takes.prototype = Prototype(consumer, producer, connection, settings.topic_prefix)
    for topic in (prototype.topics.resolved, prototype.topics.escalated, prototype.topics.lifecycle):
        prototype.partitions[topic] = sorted(await producer.partitions_for(topic))
    consumer.subscribe([prototype.topics.commands], listener=takes)
    await consumer.start()
    await takes.taken.wait()
    while not stop.is_set():
        fetched = await consumer.getmany(timeout_ms=200, max_records=settings.batch_max)
        if fetched:
            await prototype.batch([record for records in fetched.values() for record in records])
        else:
            await prototype.forget()
    await prototype.forget()
    await consumer.stop()
    await producer.stop()
    await connection.close()


if __name__ == "__main__":
    uvloop.run(main())
