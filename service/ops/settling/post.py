"""The commands that settle dead letters, on their way to the worker that owns them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple
from uuid import uuid5

from aiokafka import AIOKafkaProducer
from aiokafka.structs import RecordMetadata

from l1_walk_contracts import SettleData, SettleVerb, Topics, encode_settle
from service.ops.dead_letters import LetterLine
from service.ops.errors import UnreachableError
from service.ops.sending import ACKNOWLEDGED_SECONDS, producing
from service.settings import Settings


class Posted(NamedTuple):
    """A letter whose command stands in the topic."""

    letter: LetterLine
    offset: int
    """Of the command, in the letter's partition."""


class Post:
    """Sends them, each to the partition that its letter came from, by number.

    A command's id is derived from the letter and the attempts at it: sent again, it is the same command.
    """

    def __init__(
        self, producer: AIOKafkaProducer, settings: Settings, verb: SettleVerb, by: str, why: str | None
    ) -> None:
        self._producer = producer
        self._topics = Topics(settings.topic_prefix)
        self._source = f"{settings.event_source}/cli"
        self._verb, self._by, self._why = verb, by, why

    async def send(self, letters: Sequence[LetterLine]) -> list[Posted]:
        """Once the broker has all of them.

        Raises:
            UnreachableError: it stopped answering; some of them may be there.
        """
        try:
            async with asyncio.timeout(ACKNOWLEDGED_SECONDS):
                sent = [await self._hand_over(letter) for letter in letters]
                places = await asyncio.gather(*sent)
        except TimeoutError:
            raise UnreachableError("the broker stopped answering") from None
        return [Posted(letter, place.offset) for letter, place in zip(letters, places, strict=True)]

    async def _hand_over(self, letter: LetterLine) -> "asyncio.Future[RecordMetadata]":
        record = encode_settle(
            self._verb,
            SettleData(dead_letter_id=str(letter.id), by=self._by, reason=self._why),
            session_id=letter.session_id,
            source=self._source,
            id=str(uuid5(letter.id, f"{self._verb}/{letter.attempts}")),
            topics=self._topics,
        )
        future: asyncio.Future[RecordMetadata] = await self._producer.send(
            record.topic, record.value, key=record.key, headers=record.headers, partition=letter.partition
        )
        return future


@asynccontextmanager
async def posting(settings: Settings, verb: SettleVerb, by: str, why: str | None) -> AsyncIterator[Post]:
    """Something to send with, until the block ends.

    Raises:
        UnreachableError, RefusedError, NotSetUpError: the broker.
    """
    async with producing(settings, Topics(settings.topic_prefix).commands) as producer:
        yield Post(producer, settings, verb, by, why)
