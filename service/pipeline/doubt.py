"""Poison that looks like the world: it kills its workers, or times out, again and again (design 9, rule 5).

Where a batch keeps failing so while the database answers, or workers keep ending with it in hand, its records are
handled one by one; each that is begun alone is noted in the database first, so that the next worker knows what ended
the one before. What failed alone often enough is the command's fault after all.
"""

from collections.abc import Awaitable, Callable, Sequence

from service.pipeline.failure import Kind, describe, kind_of
from service.pipeline.partitions import Partition
from service.pipeline.slices import Fetched

FAILURES = 3
"""Failures in a row of one batch, then of one record alone."""
DOUBLINGS = 5
"""After each verdict twice as many are wanted for the next, so many times at most, until some walk is written again:
poison is rare, and where one after the other fails, it is likelier the world, such as a lock on the walks' table."""
DEATHS = 3
"""Takes in a row that ended with one record in hand, alone. With two, workers that something else kills every second
on a busy machine condemned a command now and then."""

_SUSPECT = frozenset({Kind.TIMEOUT, Kind.CONNECTION, Kind.SERVER, Kind.MEMORY})
"""What a command could bring about: a statement that takes too long, a server process or a worker that dies of it."""


class Doubt:
    """Counts what speaks against records of one topic.

    Args:
        note: notes, for good, that the record of this partition and offset is tried alone; the third counts the
            tries, from 1.
    """

    def __init__(self, note: Callable[[Partition, int, int], Awaitable[None]]) -> None:
        self._note = note
        self._failures: dict[int, tuple[int, int]] = {}
        """Partition to the offset that its work failed at last, and how often in a row."""
        self._verdicts = 0
        """By failures, since a walk was written."""
        self._noted: dict[int, tuple[int, int]] = {}
        """Partition to epoch and offset of what was noted last."""

    @staticmethod
    def alone(partition: Partition, offset: int) -> bool:
        """Whether the record at this offset is to be handled alone."""
        return partition.alone_until is not None and offset < partition.alone_until

    def failed(
        self, work: Sequence[tuple[Partition, Sequence[Fetched]]], error: BaseException, *, tried: bool
    ) -> None:
        """A batch failed by the world, and the database answers again: doubt it once that has happened often.

        Args:
            work: what was to be handled.
            error: what it met.
            tried: whether that was tried at all. Where not even noting it, or putting it aside, went through, nothing
                speaks against it.
        """
        counts = tried and not isinstance(error, ConnectionRefusedError) and kind_of(error) in _SUSPECT
        for partition, records in work:
            offset = records[0].offset
            failures = 1 + self._failed_at(partition.number, offset) if counts else 0
            if failures >= FAILURES and not self.alone(partition, offset):
                partition.alone_until = records[-1].offset + 1
                failures = 0
            self._failures[partition.number] = offset, failures

    def cleared(self) -> None:
        """A walk was written: the world is in order."""
        self._verdicts = 0

    async def verdict(self, partition: Partition, record: Fetched, error: BaseException | None) -> str | None:
        """What a record that is to be handled alone is guilty of; None: nothing yet, and that it is tried is noted.

        Args:
            partition: whose record.
            record: the first that is not handled.
            error: what its last attempt here met; None: no failure makes it guilty.

        Raises:
            Whatever the note raises: ask again.
        """
        offset = record.offset
        failures = self._failed_at(partition.number, offset)
        if error is not None and failures >= FAILURES << min(self._verdicts, DOUBLINGS):
            self._verdicts += 1
            return f"failed alone {failures} times while the database answered: {describe(error)}"
        if self._noted.get(partition.number) != (partition.epoch, offset):
            before = partition.tries if partition.tried_offset == offset else 0
            if before >= DEATHS:
                return f"{DEATHS} workers in a row ended while it was handled alone"
            await self._note(partition, offset, before + 1)
            self._noted[partition.number] = partition.epoch, offset
        return None

    def _failed_at(self, number: int, offset: int) -> int:
        at, failures = self._failures.get(number, (offset, 0))
        return failures if at == offset else 0
