"""Dead letters settled by command (design 9, rule 4): redriven in order as if the fault had never been, or discarded.

It all happens in the one transaction that moves the partition behind the command. What fails in it is found by
savepoints, so that whatever can go through does. However much was parked, a page of it is held at a time, and the
transaction may take as long as that needs: what it locks is nobody else's to wait for.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from l1_walk_contracts import (
    DeadLetterState,
    FieldError,
    Invalid,
    Outcome,
    Record,
    Settle,
    SettleVerb,
)
from service.domain.timestamps import milliseconds
from service.pipeline.decode import Decoded, decode_record
from service.pipeline.failure import Fault, classify, locate
from service.pipeline.fold import Effects, Fold, Known
from service.pipeline.references import ReferencePolicy
from service.pipeline.slices import Committed, Slice, advance, fence
from service.store import dead_letters, held
from service.store.database import Connection, Database, unbind
from service.store.dead_letters import DeadLetter, Queued, Settled
from service.store.outbox import Message

PAGE_LETTERS = 200
PAGE_BYTES = 2 * 1024 * 1024
"""What is run at once: the event loop is held up for some hundredths of a second."""

Read = Callable[[Connection, Sequence[Decoded]], Awaitable[Known]]
Write = Callable[[Connection, Effects], Awaitable[None]]
Outcomes = Mapping[tuple[Outcome, str], int]

_NO_LETTER = FieldError(
    "data.dead_letter_id", "names no dead letter of this partition: see walk dead-letters list"
)
_PARKED = FieldError("data.dead_letter_id", "is parked behind another dead letter: settle that one")


@dataclass(slots=True)
class _Run:
    """What came of the letters so far."""

    settled: list[Settled] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    failed: list[UUID] = field(default_factory=list)
    """Those that are faults still, or again."""
    outcomes: Counter[tuple[Outcome, str]] = field(default_factory=Counter)
    walks: int = 0
    """How often a walk was written."""


class Settlement:
    """Runs the commands that settle dead letters.

    Args:
        database: where state is kept.
        topic: the commands' topic.
        fold: decides.
        references: which ids are known.
        read: what the database says of all that commands mention.
        write: writes what commands came to.
    """

    def __init__(
        self,
        database: Database,
        topic: str,
        fold: Fold,
        references: ReferencePolicy,
        read: Read,
        write: Write,
    ) -> None:
        self._database = database
        self._topic = topic
        self._fold = fold
        self._references = references
        self._read = read
        self._write = write

    async def run(self, part: Slice[Decoded], one: Decoded, command: Settle) -> tuple[Committed, Outcomes]:
        """Settle the letter and run what it held up; a command that names none is rejected.

        Returns:
            What was brought about, and the outcomes: that of the command, and those of the letters run.

        Raises:
            As `Batch.run`.
        """
        async with self._database.transaction() as connection:
            queue, _ = await self._queue(connection, one, command)
        for page in _pages(queue):
            async with self._database.transaction() as connection:
                letters = await dead_letters.read(connection, page)
            await self._references.prepare([_decoded(letter) for letter in letters])
        async with self._database.transaction() as connection:
            await unbind(connection)
            await fence(connection, self._topic, [part])
            queue, error = await self._queue(connection, one, command)
            if error is not None:
                effects = self._fold([_refused(one, command, error)], Known({}, {}, (), ()))
                await self._write(connection, effects)
                run = _Run(messages=effects.messages, outcomes=effects.outcomes)
            else:
                run = await self._settle(connection, one, command, queue) if queue else _Run()
                run.outcomes[Outcome.ACCEPTED, ""] += 1
            positions = await advance(connection, self._topic, [part])
        return Committed(positions, run.messages, run.walks), run.outcomes

    async def _queue(
        self, connection: Connection, one: Decoded, command: Settle
    ) -> tuple[list[Queued], FieldError | None]:
        """The letter and what is parked behind it, none where it is settled already; or what is wrong."""
        found = await dead_letters.lock(connection, command.dead_letter_id)
        if found is None or (found.letter.topic, found.letter.partition) != (self._topic, one.partition):
            return [], _NO_LETTER
        if found.letter.parked_behind is not None:
            return [], _PARKED
        if found.state is not DeadLetterState.OPEN:
            return [], None
        return await dead_letters.lock_queue(connection, found.letter.id), None

    async def _settle(
        self, connection: Connection, one: Decoded, command: Settle, queue: Sequence[Queued]
    ) -> _Run:
        run, by, why = _Run(), command.by, command.reason
        [head] = await dead_letters.read(connection, [queue[0].id])
        await held.release(connection, head.session_id, head.id)
        if command.verb is SettleVerb.DISCARD:
            dropped = [Settled(head.id, None, None)]
            await dead_letters.settle(connection, DeadLetterState.DISCARDED, dropped, by, why)
            queue = queue[1:]
        for page in _pages(queue):
            await self._run(connection, one, await dead_letters.read(connection, page), run)
        if run.settled:
            await dead_letters.settle(connection, DeadLetterState.REDRIVEN, run.settled, by, why)
        for id_ in run.failed:
            await dead_letters.failed_again(connection, id_)
        return run

    async def _run(
        self, connection: Connection, one: Decoded, letters: Sequence[DeadLetter], run: _Run
    ) -> None:
        waiting = [_decoded(letter) for letter in letters]
        size = len(waiting)
        while waiting:
            now = waiting[:size]
            try:
                async with connection.transaction():
                    effects = self._fold(now, await self._read(connection, now))
                    effects.messages = _placed(effects.messages, one, len(run.messages))
                    await self._write(connection, effects)
            except Exception as error:
                if classify(error) is not Fault.DATA:
                    raise
                if size > 1:
                    size //= 2
                    continue
                aside = waiting[0].failing(locate(error))
                if aside is waiting[0]:
                    raise
                waiting[0], size = aside, len(waiting)  # what follows it is parked
                continue
            _note(run, letters[len(letters) - len(waiting) :], effects)
            del waiting[: len(now)]


def _pages(queue: Sequence[Queued]) -> Iterator[list[UUID]]:
    page: list[UUID] = []
    size = 0
    for queued in queue:
        page.append(queued.id)
        size += queued.size
        if len(page) == PAGE_LETTERS or size >= PAGE_BYTES:
            yield page
            page, size = [], 0
    if page:
        yield page


def _note(run: _Run, letters: Sequence[DeadLetter], effects: Effects) -> None:
    for letter, (outcome, reason) in zip(letters, effects.results, strict=False):
        if outcome is Outcome.DEAD_LETTERED:
            run.failed.append(letter.id)
        elif outcome is not Outcome.PARKED:
            run.settled.append(Settled(letter.id, outcome, reason or None))
    run.messages += effects.messages
    run.walks += effects.walks
    run.outcomes.update(effects.results)


def _placed(messages: Sequence[Message], one: Decoded, number: int) -> list[Message]:
    """They leave in the place of the command that settles, after what it caused so far."""
    return [
        message._replace(partition=one.partition, offset=one.offset, number=number + n)
        for n, message in enumerate(messages)
    ]


def _decoded(letter: DeadLetter) -> Decoded:
    record = Record(letter.key, letter.value, letter.headers, milliseconds(letter.record_timestamp))
    return decode_record(letter.partition, letter.offset, record)


def _refused(one: Decoded, command: Settle, error: FieldError) -> Decoded:
    invalid = Invalid(
        command.session_id,
        command.source,
        command.id,
        command.verb,
        command.type,
        (error,),
        command.raw_data,
        None,
        command.traceparent,
    )
    return one._replace(message=invalid, session_id=UUID(command.session_id))
