"""`l1_walk_contracts.aiokafka` and `.confluent` against a running worker: one suite, both clients."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from functools import partial
from typing import Any, Protocol
from uuid import UUID

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.producer.sender import SendProduceReqHandler
from confluent_kafka import KafkaError

from l1_walk_contracts import (
    Event,
    EventError,
    EventKind,
    OutRecord,
    Record,
    Ticket,
    TicketKind,
    Topics,
    WalkCommands,
    aiokafka,
    confluent,
    decode_event,
)
from l1_walk_contracts.delivery import PublishError, Received
from l1_walk_contracts.testing import Factory
from service.dev.kafka import EmbeddedKafka
from tests.support.connections import open_connections, tasks_at_work
from tests.support.site import PARTITIONS, Site
from tests.support.waiting import until
from tests.support.walk import Sending

PATIENCE = 60.0
MISSING = (aiokafka.MissingTopicError, confluent.MissingTopicError)


Send = Callable[..., Awaitable[list[Any]]]


class Client(Protocol):
    """Both clients, as the suite uses them."""

    def publisher(self, servers: str, *, timeout: float) -> contextlib.AbstractAsyncContextManager[Send]: ...

    async def send(self, servers: str, *records: OutRecord, timeout: float = 30.0) -> list[Any]: ...

    def events(self, servers: str, group: str, topics: list[str]) -> Any: ...

    def loops(self, servers: str, group: str, topics: list[str]) -> Any:
        """As `events`, each event by a loop of its own, which is left after it."""


class Aiokafka:
    @contextlib.asynccontextmanager
    async def publisher(self, servers: str, *, timeout: float) -> AsyncIterator[Send]:
        async with aiokafka.Publisher(servers, timeout=timeout) as publisher:
            yield publisher.send

    async def send(self, servers: str, *records: OutRecord, timeout: float = 30.0) -> list[Any]:
        async with aiokafka.Publisher(servers, timeout=timeout, request_timeout_ms=5000) as publisher:
            return list(await publisher.send(*records))

    @contextlib.asynccontextmanager
    async def events(self, servers: str, group: str, topics: list[str]) -> AsyncIterator[Any]:
        async with aiokafka.Consumer(servers, group, topics, commit_seconds=0.1) as consumer:
            feed = aiter(consumer)
            yield (lambda: anext(feed)), consumer.done

    @contextlib.asynccontextmanager
    async def loops(self, servers: str, group: str, topics: list[str]) -> AsyncIterator[Any]:
        async with aiokafka.Consumer(servers, group, topics, commit_seconds=0.1) as consumer:

            async def first_of_a_new_loop() -> Received:
                feed = aiter(consumer)
                try:
                    return await anext(feed)
                finally:
                    await feed.aclose()  # type: ignore[attr-defined]

            yield first_of_a_new_loop, consumer.done


class Confluent:
    """Run in threads, since it waits."""

    @contextlib.asynccontextmanager
    async def publisher(self, servers: str, *, timeout: float) -> AsyncIterator[Send]:
        with confluent.Publisher(servers, timeout=timeout) as publisher:
            yield partial(asyncio.to_thread, publisher.send)

    async def send(self, servers: str, *records: OutRecord, timeout: float = 30.0) -> list[Any]:
        def work() -> list[Any]:
            with confluent.Publisher(servers, timeout=timeout) as publisher:
                return list(publisher.send(*records))

        return await asyncio.to_thread(work)

    @contextlib.asynccontextmanager
    async def events(self, servers: str, group: str, topics: list[str]) -> AsyncIterator[Any]:
        consumer = confluent.Consumer(servers, group, topics, commit_seconds=0.1)
        await asyncio.to_thread(consumer.__enter__)
        feed = iter(consumer)

        async def done(received: Received) -> None:
            await asyncio.to_thread(consumer.done, received)

        try:
            yield (lambda: asyncio.to_thread(next, feed)), done
        finally:
            await asyncio.to_thread(consumer.__exit__, None, None, None)

    @contextlib.asynccontextmanager
    async def loops(self, servers: str, group: str, topics: list[str]) -> AsyncIterator[Any]:
        consumer = confluent.Consumer(servers, group, topics, commit_seconds=0.1)
        await asyncio.to_thread(consumer.__enter__)

        async def done(received: Received) -> None:
            await asyncio.to_thread(consumer.done, received)

        try:
            yield (lambda: asyncio.to_thread(lambda: next(iter(consumer)))), done
        finally:
            await asyncio.to_thread(consumer.__exit__, None, None, None)


@pytest.fixture(params=[Aiokafka(), Confluent()], ids=["aiokafka", "confluent"])
def client(request: pytest.FixtureRequest) -> Client:
    chosen: Client = request.param
    return chosen


@pytest.fixture
def servers(site: Site) -> str:
    return site.settings.require_kafka()


def factory(site: Site, seed: int = 0) -> Factory:
    return Factory(seed, Topics(site.settings.topic_prefix))


def resolved(made: Factory, walks: Iterable[WalkCommands]) -> list[OutRecord]:
    """Each walk whole: started and resolved."""
    return [record for walk in walks for record in (walk.start_adhoc(made.ticket()), walk.resolve("Done."))]


async def take(
    next_: Callable[[], Any], done: Callable[[Received], Any], count: int, *, undone: int = 0
) -> list[Event]:
    """So many events, the last few of them not done."""
    found: list[Event] = []
    async with asyncio.timeout(PATIENCE):
        while len(found) < count:
            received = await next_()
            found.append(received.event)
            if len(found) <= count - undone:
                await done(received)
    return found


async def test_a_walk_is_published_where_all_others_would_put_it_and_its_event_comes(
    site: Site, servers: str, client: Client
) -> None:
    made = factory(site)
    walks = [made.walk() for _ in range(8)]
    records = [record for walk in walks for record in made.resolved_walk(walk)]
    places = await client.send(servers, *records)
    for record, place in zip(records, places, strict=True):
        assert place.topic == site.topics.commands
        assert place.partition == DefaultPartitioner()(record.key, list(range(PARTITIONS)), [])
    async with client.events(servers, f"{site.topics.prefix}.a", [site.topics.resolved]) as (next_, done):
        events = await take(next_, done, len(walks))
    assert {event.session_id for event in events} == {str(walk.session_id) for walk in walks}
    assert not await site.read(site.topics.rejected)


async def test_what_was_not_done_comes_again_and_what_was_done_does_not(
    site: Site, servers: str, client: Client
) -> None:
    made, group = factory(site), f"{site.topics.prefix}.b"
    account, ticket = UUID(int=1), made.ticket()
    walks = [made.walk(account_id=account) for _ in range(4)]
    for walk in walks:  # of one ticket: all events are in one partition
        await client.send(servers, walk.start_adhoc(ticket), walk.resolve("Done."))
    async with client.events(servers, group, [site.topics.resolved]) as (next_, done):
        first = await take(next_, done, 4, undone=2)
    async with client.events(servers, group, [site.topics.resolved]) as (next_, done):
        again = await take(next_, done, 2)
    assert [event.id for event in again] == [event.id for event in first[2:]]
    last = made.walk(account_id=account)
    await client.send(servers, last.start_adhoc(ticket), last.resolve("Done."))
    async with client.events(servers, group, [site.topics.resolved]) as (next_, done):
        [event] = await take(next_, done, 1)
    assert event.session_id == str(last.session_id)


async def test_two_of_one_group_share_the_events_and_lose_none(
    site: Site, servers: str, client: Client
) -> None:
    made, group = factory(site), f"{site.topics.prefix}.c"
    sent: set[str] = set()
    of_one, of_other = set[str](), set[str]()
    enough = asyncio.Event()

    async def send_some() -> None:
        walks = [made.walk() for _ in range(12)]
        await client.send(servers, *resolved(made, walks))
        sent.update(str(walk.session_id) for walk in walks)

    async def consume(found: set[str]) -> None:
        async with client.events(servers, group, [site.topics.resolved]) as (next_, done):
            while not enough.is_set():
                received = await next_()
                found.add(received.event.session_id)
                await done(received)

    async def all_are_found() -> None:
        await until(lambda: sent <= of_one | of_other, PATIENCE, "every walk is found by one of them")

    tasks = [asyncio.create_task(consume(of_one))]
    try:
        await send_some()
        await all_are_found()
        tasks.append(asyncio.create_task(consume(of_other)))
        async with asyncio.timeout(PATIENCE):
            while not of_other:
                await send_some()
                await all_are_found()
    finally:
        enough.set()
        for _ in range(3):
            await send_some()  # whoever still waits for an event gets one
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*tasks)


async def test_what_was_fetched_of_a_partition_that_is_anothers_now_is_not_handed_out(
    site: Site, servers: str
) -> None:
    """librdkafka does so by itself; of aiokafka the client keeps what a fetch brought."""
    made, group = factory(site), f"{site.topics.prefix}.h"
    await Aiokafka().send(servers, *resolved(made, [made.walk() for _ in range(24)]))
    await site.all_handled()
    events = {(r.partition, r.offset) for r in await site.read(site.topics.resolved)}

    def consumer() -> aiokafka.Consumer:
        return aiokafka.Consumer(servers, group, [site.topics.resolved], commit_seconds=0.1)

    async with asyncio.timeout(PATIENCE), consumer() as one:
        feed = aiter(one)
        await anext(feed)
        fetched = len(one._unread)
        async with consumer() as other:
            await anext(aiter(other))  # so the group has divided the partitions anew
            left = {tp.partition for tp in one._consumer.assignment()}
            ours = {place for place in events if place[0] in left}
            assert fetched > len(ours), "it had fetched more than stays its own"
            while ours:
                received = await anext(feed)
                assert received.place.partition in left
                ours.discard((received.place.partition, received.place.offset))


async def test_an_event_of_a_newer_contract_is_passed_over_and_what_is_none_is_not(
    site: Site, servers: str, client: Client
) -> None:
    made, group = factory(site), f"{site.topics.prefix}.d"
    walk = made.walk()
    await client.send(servers, walk.start_adhoc(made.ticket()), walk.resolve("Done."))
    await site.all_handled()
    [resolved] = await site.read(site.topics.resolved)
    partition = resolved.partition
    newer = resolved.value.replace(b"resolved.v1", b"resolved.v9")
    kept = tuple(resolved.headers)
    await site.send_to(
        site.topics.resolved,
        Sending(resolved.key, newer, kept),
        Sending(resolved.key, resolved.value, kept),
        Sending(resolved.key, b"{", kept),
        partition=partition,
    )
    async with client.events(servers, group, [site.topics.resolved]) as (next_, done):
        events = await take(next_, done, 2)
        with pytest.raises(EventError):
            async with asyncio.timeout(PATIENCE):
                await next_()
    assert len({event.id for event in events}) == 1
    async with client.events(servers, group, [site.topics.resolved]) as (next_, done):
        with pytest.raises(EventError):
            async with asyncio.timeout(PATIENCE):
                await next_()


async def test_who_leaves_the_loop_and_begins_another_misses_nothing(
    site: Site, servers: str, client: Client
) -> None:
    made, group = factory(site), f"{site.topics.prefix}.e"
    account, ticket = UUID(int=1), made.ticket()
    walks = [made.walk(account_id=account) for _ in range(5)]
    for walk in walks:  # of one ticket: all events are in one partition, and are fetched at once
        await client.send(servers, walk.start_adhoc(ticket), walk.resolve("Done."))
    await site.all_handled()
    async with client.loops(servers, group, [site.topics.resolved]) as (next_, done):
        events = await take(next_, done, len(walks))
    told = [decode_event(Record(r.key, r.value, r.headers)) for r in await site.read(site.topics.resolved)]
    assert len(told) == len(walks)
    assert [event.id for event in events] == [event.id for event in told]


@pytest.mark.parametrize("value", [b"{", b""])
async def test_what_is_no_event_is_not_skipped_by_who_catches_the_error(
    site: Site, servers: str, client: Client, value: bytes
) -> None:
    made, group = factory(site), f"{site.topics.prefix}.f"
    resolved = made.event_record(EventKind.RESOLVED)
    await site.send_to(
        site.topics.resolved,
        Sending(resolved.key, value, ()),
        Sending(resolved.key, resolved.value, tuple(resolved.headers)),
        partition=0,
    )
    for _ in range(2):
        async with client.loops(servers, group, [site.topics.resolved]) as (next_, _done):
            for _ in range(2):
                with pytest.raises(EventError):
                    async with asyncio.timeout(PATIENCE):
                        await next_()


async def test_a_topic_that_is_not_there_is_named_and_not_made(servers: str, client: Client) -> None:
    elsewhere = Topics("nobody.made.these")
    walk = WalkCommands(account_id=UUID(int=1), user_id=UUID(int=2), source="/tests", topics=elsewhere)
    record = walk.start_ai_build(Ticket("1", TicketKind.PSA), "node")
    with pytest.raises(PublishError, match=r"the topic nobody\.made\.these\.commands is not on") as e:
        await client.send(servers, record)
    assert isinstance(e.value.__cause__, MISSING)
    assert e.value.unacknowledged == (record,)
    for _ in range(2):  # to ask for it has not made it
        with pytest.raises(MISSING, match=r"the topics .*\.escalated, .*\.resolved are not on"):
            async with client.events(servers, "g", [elsewhere.resolved, elsewhere.escalated]):
                pytest.fail("it waits for what is not there")


@pytest.fixture
async def alone(own_kafka: EmbeddedKafka, monkeypatch: pytest.MonkeyPatch) -> EmbeddedKafka:
    """A broker with the topics, of which no other client of this process knows."""
    monkeypatch.setattr(aiokafka, "STOP_SECONDS", 0.2)
    admin = AIOKafkaAdminClient(bootstrap_servers=own_kafka.bootstrap_servers)
    await admin.start()
    await admin.create_topics([NewTopic(name, 1, 1) for name in (Topics().commands, Topics().resolved)])
    await admin.close()
    assert not tasks_at_work()
    return own_kafka


async def test_a_publisher_whose_broker_stands_still_says_so_and_leaves_nothing(
    alone: EmbeddedKafka, client: Client
) -> None:
    first, second = Factory().resolved_walk()[:2]
    before, broker = open_connections(), alone._process
    assert broker is not None
    async with client.publisher(alone.bootstrap_servers, timeout=5.0) as send:
        await send(first)
        broker.send_signal(signal.SIGSTOP)
        try:
            with pytest.raises(PublishError, match=r"no answer within|timed out") as refused:
                await send(second)
            assert refused.value.unacknowledged == (second,)
            assert open_connections() == before
            assert not tasks_at_work()
        finally:
            broker.send_signal(signal.SIGCONT)


async def test_a_publisher_that_gave_up_sends_nothing_any_more(
    alone: EmbeddedKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_replicas(handler: SendProduceReqHandler, _: object) -> None:
        handler._to_reenqueue += handler._batches.values()

    monkeypatch.setattr(SendProduceReqHandler, "handle_response", no_replicas)
    before = open_connections()
    async with aiokafka.Publisher(alone.bootstrap_servers, timeout=2.0) as publisher:
        with pytest.raises(PublishError, match="no answer within"):
            await publisher.send(Factory().resolved_walk()[0])
        assert not tasks_at_work(), "what sends would connect again"
        assert open_connections() == before


async def test_a_consumer_that_cannot_leave_its_group_reads_nothing_any_more(
    alone: EmbeddedKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unanswered(_: GroupCoordinator) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(GroupCoordinator, "_maybe_leave_group", unanswered)
    before = open_connections()
    async with aiokafka.Consumer(alone.bootstrap_servers, "g", [Topics().resolved]):
        assert tasks_at_work()
    assert not tasks_at_work()
    assert open_connections() == before


async def test_what_aiokafka_fails_at_while_it_stops_is_told(
    servers: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(producer: AIOKafkaProducer) -> None:
        producer._closed = True
        raise AttributeError("moved")

    monkeypatch.setattr(AIOKafkaProducer, "stop", broken)
    async with aiokafka.Publisher(servers, client_id="broken"):
        assert open_connections("broken")
    assert not open_connections("broken")
    assert [one.message for one in caplog.records if one.name.startswith("l1")] == [
        "aiokafka failed at its stop"
    ]


async def test_a_client_that_is_cancelled_while_it_closes_leaves_no_connection(
    site: Site, servers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, seen = AIOKafkaProducer.stop, set[int]()

    async def stop_and_be_cancelled(producer: AIOKafkaProducer) -> None:
        seen.update(open_connections("upstream"))
        sending.cancel()
        await stop(producer)

    async def send() -> None:
        async with aiokafka.Publisher(servers, client_id="upstream") as publisher:
            await publisher.send(factory(site).resolved_walk()[0])

    monkeypatch.setattr(AIOKafkaProducer, "stop", stop_and_be_cancelled)
    sending = asyncio.create_task(send())
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert seen
    assert not open_connections("upstream")


async def test_an_address_that_is_none_is_named() -> None:
    with pytest.raises(aiokafka.UnreachableError, match="localhost:none is no address: write host:port"):
        await aiokafka.require_topics("any", bootstrap_servers="localhost:none")


async def test_what_is_not_acknowledged_is_named_and_nothing_hangs(client: Client) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        servers = f"127.0.0.1:{nobody.getsockname()[1]}"
        records = Factory().resolved_walk()
        with pytest.raises(
            (PublishError, aiokafka.UnreachableError), match="no broker answers at"
        ) as refused:
            await client.send(servers, *records, timeout=2.0)
        if isinstance(client, Confluent):  # the other one connects, and fails, before it is given anything
            assert isinstance(refused.value, PublishError)
            assert isinstance(refused.value.__cause__, confluent.UnreachableError)
            assert refused.value.unacknowledged == tuple(records)


async def test_a_consumer_whose_brokers_are_away_says_so(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confluent, "_REACHED_SECONDS", 1.0)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        servers = f"127.0.0.1:{nobody.getsockname()[1]}"
        with pytest.raises(Exception, match=rf"^no broker answers at {servers}: "):
            async with client.events(servers, "g", ["any"]):
                pytest.fail("it waits for brokers that are away")


def test_confluents_errors_are_handled_as_its_own() -> None:
    for error in confluent.UnreachableError("here:9092"), confluent.MissingTopicError(["a"]):
        told = error.args[0]
        assert isinstance(told, KafkaError)
        assert told.code() in {KafkaError._ALL_BROKERS_DOWN, KafkaError.UNKNOWN_TOPIC_OR_PART}
        assert told.str() == str(error)


def test_options_that_break_the_contract_are_refused() -> None:
    with pytest.raises(ValueError, match="acks: set by Publisher"):
        aiokafka.Publisher("x:1", acks=1)
    with pytest.raises(ValueError, match="partitioner: set by Publisher"):
        confluent.Publisher("x:1", {"partitioner": "random"})
    with pytest.raises(ValueError, match=r"enable.auto.commit: set by Consumer"):
        confluent.Consumer("x:1", "g", options={"enable.auto.commit": True})
