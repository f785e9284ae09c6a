"""Whether a partition's progress fits what its topic holds (design 13), in words: pure."""

from typing import NamedTuple


class Held(NamedTuple):
    """What a partition of a topic holds: offsets from `first` to before `end`."""

    topic: str
    first: int
    end: int


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
        f"at offset {next_offset - 1} of {held.topic} stands another record than the one that was handled last (the "
        f"topic was made anew, or this is another cluster): whatever the old one held from {next_offset} on is out of "
        f"reach, and offsets {held.first} to {held.end - 1} of this one may never have been handled"
    )
