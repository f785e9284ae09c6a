"""How much of the commands topic can be decided anew."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from service.ops.broker import Extent
from service.ops.verify.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Reach:
    """One partition: what stood in it when we looked, and how far it was handled."""

    begin: int
    next_offset: int | None
    """None: nothing was handled yet."""
    end: int
    """Where the topic ended once all that was told had been read."""
    set_ranges: Sequence[tuple[int, int]]
    """Offsets that a person had skipped or read again: from, to before."""
    whole: bool
    """Whether all that was ever handled is in reach."""

    @property
    def stop(self) -> int:
        """Behind the last command that can be decided: none where the progress does not fit the topic."""
        fits = self.next_offset is not None and self.begin <= self.next_offset <= self.end
        return self.next_offset if fits and self.next_offset is not None else self.begin

    def was_set(self, offset: int) -> bool:
        """Whether a person had this one skipped or read again."""
        return any(begin <= offset < end for begin, end in self.set_ranges)


def reaches(
    snapshot: Snapshot, extents: Mapping[int, Extent], chosen: Collection[int] | None
) -> dict[int, Reach]:
    """Each partition, of those that are chosen (None: all)."""
    return {
        number: _reach(snapshot, number, extent)
        for number, extent in sorted(extents.items())
        if chosen is None or number in chosen
    }


def _reach(snapshot: Snapshot, number: int, extent: Extent) -> Reach:
    next_offset, ranges = snapshot.next_offsets.get(number), snapshot.set_ranges.get(number, ())
    fits = next_offset is None or extent.begin <= next_offset <= extent.end
    whole = extent.begin == 0 and fits and not ranges and not snapshot.other_topic
    return Reach(extent.begin, next_offset, extent.end, ranges, whole)
