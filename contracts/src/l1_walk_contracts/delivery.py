"""What `l1_walk_contracts.aiokafka` and `.confluent` have in common: what is sent when, what is done up to where."""

from collections import defaultdict, deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from .consume import UnknownEventType, decode_event
from .events import Event
from .records import OutRecord, Record

TIMEOUT: Final = 30.0
"""Seconds to wait for an acknowledgement, unless told otherwise."""
NEW_TOPIC_SECONDS: Final = 3.0
"""How long brokers may take to tell each other of a topic that was just made."""


class PublishError(Exception):
    """Not every record was acknowledged: send those again, as they are. What had arrived nevertheless counts once."""

    def __init__(self, unacknowledged: Sequence[OutRecord], why: str) -> None:
        super().__init__(f"{len(unacknowledged)} not acknowledged, send them again as they are: {why}")
        self.unacknowledged = tuple(unacknowledged)
        """In the order in which they were given."""


class Place(NamedTuple):
    """Where a record stands."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Received:
    """An event, and where it stood."""

    event: Event
    place: Place


def refuse(options: Mapping[str, Any], fixed: Collection[str], whose: str) -> None:
    """Raises ValueError where options name what keeps the contract: nobody else may set that."""
    if taken := sorted(options.keys() & set(fixed)):
        raise ValueError(f"{', '.join(taken)}: set by {whose}, so that the contract is kept: leave it out")


def not_there(topics: Sequence[str]) -> str:
    """Which topics the broker has not, in words."""
    which = f"the topic {topics[0]} is" if len(topics) == 1 else f"the topics {', '.join(topics)} are"
    return f"{which} not on the broker"


def topics_missing(topics: Sequence[str]) -> str:
    """Which topics the broker has not, and what may be wrong with the settings, for clients."""
    return f"{not_there(topics)}: is the prefix right (WALK_TOPIC_PREFIX)?"


def nobody_answers(bootstrap_servers: str) -> str:
    """What to look at where no broker can be reached."""
    return f"no broker answers at {bootstrap_servers}: does one run there, and does it take who you are?"


def waves(records: Sequence[OutRecord]) -> Iterator[list[int]]:
    """Which records to send together, by their numbers: of each walk one at a time, in order.

    So a command never overtakes one of its walk that has to be sent again.
    """
    waiting: dict[tuple[str, bytes], deque[int]] = defaultdict(deque)
    for number, record in enumerate(records):
        waiting[record.topic, record.key].append(number)
    while waiting:
        yield [numbers.popleft() for numbers in waiting.values()]
        waiting = defaultdict(deque, {key: numbers for key, numbers in waiting.items() if numbers})


def event_of(record: Record) -> Event | None:
    """The event; None for one of a newer contract, which is passed over. Raises EventError for what is none."""
    try:
        return decode_event(record)
    except UnknownEventType:
        return None


class Done:
    """How far each partition is done: up to the first event that is not, whatever is done behind it."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, int], dict[int, None]] = defaultdict(dict)
        self._next: dict[tuple[str, int], int] = {}
        self._told: dict[tuple[str, int], int] = {}

    def given(self, place: Place) -> None:
        """An event was handed out."""
        self._open[place.topic, place.partition][place.offset] = None
        self._next[place.topic, place.partition] = place.offset + 1

    def done(self, place: Place) -> None:
        """It is done with; of a partition that was lost meanwhile, nothing changes."""
        self._open.get((place.topic, place.partition), {}).pop(place.offset, None)

    def passed_over(self, place: Place) -> None:
        """A record that is nothing to handle."""
        self._next[place.topic, place.partition] = place.offset + 1

    def lost(self, partitions: Collection[tuple[str, int]]) -> None:
        """These partitions are somebody else's now."""
        for partition in partitions:
            for kept in (self._open, self._next, self._told):
                kept.pop(partition, None)

    def to_commit(self) -> dict[tuple[str, int], int]:
        """The next offset to read of each partition that got on since it was last `committed`."""
        at = {key: next(iter(self._open.get(key, ())), end) for key, end in self._next.items()}
        return {key: offset for key, offset in at.items() if self._told.get(key) != offset}

    def committed(self, offsets: Mapping[tuple[str, int], int]) -> None:
        """Kafka knows of these."""
        self._told.update(offsets)
