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
DEATHS = 2
"""Takes in a row that ended with one record in hand, alone."""

_SUSPECT = frozenset({Kind.TIMEOUT, Kind.CONNECTION, Kind.SERVER, Kind.MEMORY})
"""What a command could bring about: a statement that takes too long, a server process or a worker that dies of it."""


class Doubt:
    """Counts what speaks against records of one topic.

    Args:
        note: notes, for good, that the record of this partition and offset is tried alone; how often it was by now.
    """

    def __init__(self, note: Callable[[int, int], Awaitable[int]]) -> None:
        self._note = note
        self._failures: dict[tuple[int, int], int] = {}
        self._noted: dict[int, tuple[int, int]] = {}
        """Partition to epoch and offset of what was noted last."""

    @staticmethod
    def alone(partition: Partition, offset: int) -> bool:
        """Whether the record at this offset is to be handled alone."""
        return partition.alone_until is not None and offset < partition.alone_until

    def failed(self, work: Sequence[tuple[Partition, Sequence[Fetched]]], error: BaseException) -> None:
        """A batch failed by the world, and the database answers again: doubt it once that has happened often."""
        if isinstance(error, ConnectionRefusedError) or kind_of(error) not in _SUSPECT:
            self._failures.clear()
            return
        before, self._failures = self._failures, {}
        for partition, records in work:
            first = partition.number, records[0].offset
            self._failures[first] = before.get(first, 0) + 1
            if self._failures[first] >= FAILURES and not self.alone(partition, records[0].offset):
                partition.alone_until = records[-1].offset + 1
                self._failures[first] = 0

    async def verdict(self, partition: Partition, record: Fetched, error: BaseException | None) -> str | None:
        """What a record that is to be handled alone is guilty of; None: nothing yet, and that it is tried is noted.

        Args:
            partition: whose record.
            record: the first that is not handled.
            error: what its last attempt here met.

        Raises:
            Whatever the note raises: ask again.
        """
        offset = record.offset
        if error is not None and self._failures.get((partition.number, offset), 0) >= FAILURES:
            return f"failed alone {FAILURES} times while the database answered: {describe(error)}"
        if self._noted.get(partition.number) != (partition.epoch, offset):
            if await self._note(partition.number, offset) > DEATHS:
                return f"{DEATHS} workers in a row ended while it was handled alone"
            self._noted[partition.number] = partition.epoch, offset
        return None
