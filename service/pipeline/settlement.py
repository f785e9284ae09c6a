"""Dead letters settled by command (design 9, rule 4): redriven in order as if the fault had never been, or discarded.

It all happens in the one transaction that moves the partition behind the command. What fails in it is found by
savepoints, so that whatever can go through does.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
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
from service.store.database import Connection, Database
from service.store.dead_letters import DeadLetter, Settled
from service.store.outbox import Message

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
            letters, _ = await self._letters(connection, one, command)
        await self._references.prepare([_decoded(letter) for letter in letters])
        async with self._database.transaction() as connection:
            await fence(connection, self._topic, [part])
            letters, error = await self._letters(connection, one, command)
            if error is not None:
                effects = self._fold([_refused(one, command, error)], Known({}, {}, (), ()))
                await self._write(connection, effects)
                run = _Run(messages=effects.messages, outcomes=effects.outcomes)
            else:
                run = await self._settle(connection, one, command, letters) if letters else _Run()
                run.outcomes[Outcome.ACCEPTED, ""] += 1
            positions = await advance(connection, self._topic, [part])
        return Committed(positions, run.messages), run.outcomes

    async def _letters(
        self, connection: Connection, one: Decoded, command: Settle
    ) -> tuple[list[DeadLetter], FieldError | None]:
        """The letter and what is parked behind it, none where it is settled already; or what is wrong."""
        found = await dead_letters.lock(connection, command.dead_letter_id)
        if found is None or (found.letter.topic, found.letter.partition) != (self._topic, one.partition):
            return [], _NO_LETTER
        if found.letter.parked_behind is not None:
            return [], _PARKED
        if found.state is not DeadLetterState.OPEN:
            return [], None
        return [found.letter, *await dead_letters.lock_parked(connection, found.letter.id)], None

    async def _settle(
        self, connection: Connection, one: Decoded, command: Settle, letters: Sequence[DeadLetter]
    ) -> _Run:
        run, by, why = _Run(), command.by, command.reason
        await held.release(connection, letters[0].session_id, letters[0].id)
        if command.verb is SettleVerb.DISCARD:
            dropped = [Settled(letters[0].id, None, None)]
            await dead_letters.settle(connection, DeadLetterState.DISCARDED, dropped, by, why)
            letters = letters[1:]
        await self._run(connection, one, letters, run)
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
                else:
                    waiting[0] = waiting[0].failing(locate(error))
                continue
            _note(run, letters[len(letters) - len(waiting) :], effects)
            del waiting[: len(now)]


def _note(run: _Run, letters: Sequence[DeadLetter], effects: Effects) -> None:
    for letter, (outcome, reason) in zip(letters, effects.results, strict=False):
        if outcome is Outcome.DEAD_LETTERED:
            run.failed.append(letter.id)
        elif outcome is not Outcome.PARKED:
            run.settled.append(Settled(letter.id, outcome, reason or None))
    run.messages += effects.messages
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
