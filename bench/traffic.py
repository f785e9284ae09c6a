"""Commands for the measurements, made from a seed, with what must come of each walk.

Their shape is that of a real help desk's log: four commands a walk on average (a start, two or three steps, now and
then a note, an end), short texts, 450 bytes each, many walks open at a time. Every command is one that must be
accepted: the contenders differ in how they write, not in what they refuse.
"""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

OPEN_WALKS = 250
"""Walks that are open at any time."""
ACCOUNTS, USERS, FLOWS = 20, 40, 12

Data = dict[str, object]

_STEPS = (1, 2, 2, 2, 2, 3, 4)
_NOTE = 0.25
_ESCALATED = 0.04
_BEGIN = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
_NODES = ("assign-seriousness", "take-in-charge-ticket", "check-dns", "restart-the-spooler", "verify")
_ANSWERS = ("Value 1", "Value 2", "yes", "no", "does not apply")


@dataclass(slots=True)
class Walk:
    """What a walk's row must be in the end."""

    status: str = "active"
    version: int = 0
    path: list[str] = field(default_factory=list)
    """Its nodes."""
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Traffic:
    """Commands in the order in which they are sent, and what must come of them."""

    records: list[tuple[bytes, bytes]]
    """Key and value."""
    walks: dict[str, Walk]

    @property
    def events(self) -> Counter[tuple[str, str]]:
        """How often each (type, session) must have been told of: once."""
        started = Counter({("l1.walk.started.v1", id_): 1 for id_ in self.walks})
        return started + Counter({(f"l1.walk.{walk.status}.v1", id_): 1 for id_, walk in self.walks.items()})


class Desk:
    """The accounts, technicians and flows that the commands name; they are there before the contenders start."""

    def __init__(self) -> None:
        rng = random.Random(0)
        self.accounts = [_uuid(rng) for _ in range(ACCOUNTS)]
        self.users = [_uuid(rng) for _ in range(USERS)]
        self.flows = [_uuid(rng) for _ in range(FLOWS)]


def make(commands: int, seed: int) -> Traffic:
    """At least so many commands: all of them walks from the start to the end."""
    return _Writer(random.Random(seed)).write(commands)


class _Writer:
    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._desk = Desk()
        self._records: list[tuple[bytes, bytes]] = []
        self._walks: dict[str, Walk] = {}

    def write(self, commands: int) -> Traffic:
        under_way: list[Iterator[None]] = []
        while True:
            while len(under_way) < OPEN_WALKS and len(self._records) + 3 * len(under_way) < commands:
                under_way.append(self._walk())
            if not under_way:
                return Traffic(self._records, self._walks)
            number = self._rng.randrange(len(under_way))
            if next(under_way[number], _ENDED) is _ENDED:
                under_way[number] = under_way[-1]
                under_way.pop()

    def _walk(self) -> Iterator[None]:
        """One walk; a command each time it is asked to go on."""
        rng, desk = self._rng, self._desk
        id_, walk = _uuid(rng), Walk()
        self._walks[id_] = walk
        sender: Data = {"account_id": rng.choice(desk.accounts), "user_id": rng.choice(desk.users)}
        ticket = {"id": f"T{rng.randrange(10**8):08}", "kind": "psa"}
        start: Data = {"ticket": ticket, "session_kind": "flow", "flow_id": rng.choice(desk.flows)}
        self._send(id_, walk, "start", sender | start)
        yield
        for _ in range(rng.choice(_STEPS)):
            node, answer = rng.choice(_NODES), rng.choice(_ANSWERS)
            step: Data = {"node_id": node, "question": node.replace("-", " ").capitalize(), "answer": answer}
            walk.path.append(node)
            self._send(id_, walk, "step", sender | step)
            yield
        if rng.random() < _NOTE:
            text = f"Waiting for the customer, {rng.choice(_ANSWERS)}"
            walk.notes.append(text)
            self._send(id_, walk, "note", sender | {"text": text})
            yield
        if rng.random() < _ESCALATED:
            walk.status = "escalated"
            reason: Data = {"reason": "Needs an upgrade by the second line", "reason_category": "upgrade"}
            self._send(id_, walk, "escalate", sender | reason)
        else:
            walk.status = "resolved"
            text = "Restarted the service and saw it work again"
            self._send(id_, walk, "resolve", sender | {"resolution_notes": text, "helpful": True})

    def _send(self, session_id: str, walk: Walk, verb: str, data: Data) -> None:
        walk.version += 1
        at = _BEGIN + timedelta(milliseconds=50 * len(self._records))
        command = {
            "specversion": "1.0",
            "id": _uuid(self._rng),
            "source": "/product/walks",
            "type": f"l1.walk.{verb}.v1",
            "subject": session_id,
            "time": at,
            "datacontenttype": "application/json",
            "data": data,
        }
        self._records.append((session_id.encode(), _encode(command)))


_ENDED = object()
_encode = msgspec.json.Encoder().encode


def _uuid(rng: random.Random) -> str:
    return str(UUID(int=rng.getrandbits(128), version=4))
