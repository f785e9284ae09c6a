"""Whether a partition's progress fits what its topic holds (design 13), in words: pure."""

from typing import NamedTuple


class Held(NamedTuple):
    """What a partition of a topic holds: offsets from `first` to before `end`."""

    topic: str
    first: int
    end: int


MARKERS = 16
"""Offsets before the next one among which the record that was handled last is looked for: what a transaction leaves
behind, its marker or what it took back, has an offset of its own, and progress may stand behind it."""


def last_handled(held: Held, next_offset: int, *, compacted: bool) -> tuple[int, int] | None:
    """Where the record that was handled last may stand: from the first offset to before the second.

    Args:
        held: what the topic holds.
        next_offset: the next one to handle.
        compacted: whether the topic is. Then only the offset right before will do: an earlier record that stands
            there may be one that was handled earlier.

    Returns:
        None where the topic does not hold any of it.
    """
    if not held.first < next_offset <= held.end:
        return None
    return max(held.first, next_offset - (1 if compacted else MARKERS)), next_offset


def out_of_reach(held: Held, next_offset: int) -> str | None:
    """Why the next offset to handle cannot be: None where it can."""
    if next_offset < held.first:
        return (
            f"offsets {next_offset} to {held.first - 1} of {held.topic} are not in the topic any more (retention was "
            f"too short, or the topic was made anew), and nobody has handled them"
        )
    if next_offset > held.end:
        return (
            f"the next offset to handle is {next_offset}, and the topic {held.topic} ends at {held.end} (was it made "
            f"anew, or is this another cluster?)"
        )
    return None


def another(held: Held, next_offset: int) -> str:
    """What it means that another record stands before the next offset than the one that was handled last."""
    return (
        f"before offset {next_offset} of {held.topic} stands another record than the one that was handled last (the "
        f"topic was made anew, or this is another cluster): whatever the old one held from {next_offset} on is out of "
        f"reach, and offsets {held.first} to {held.end - 1} of this one may never have been handled"
    )
