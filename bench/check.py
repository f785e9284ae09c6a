"""Whether a contender did its job: every row, every inbox entry and every event, none missing, none twice."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import asyncpg
import msgspec

from bench.contender import Contender, ContenderError
from bench.kafka import read_events
from bench.lab import World
from bench.traffic import Traffic, Walk

_ROWS = """
SELECT id::text, status, version, jsonb_path_query_array(walked_path, '$[*].node_id')::text,
  jsonb_path_query_array(walk_notes, '$[*].text')::text
FROM l1_walk_sessions
"""


class _Data(msgspec.Struct):
    walked_path: list[Any] = []
    walk_notes: list[Any] = []


class _Event(msgspec.Struct):
    id: str
    type: str
    subject: str
    data: _Data


_decode = msgspec.json.Decoder(_Event).decode


async def check(contender: Contender, world: World, traffics: Sequence[Traffic]) -> None:
    """Compare what stands in the tables and on the topics with what must come of the traffic.

    Raises:
        ContenderError: says what differs.
    """
    walks = {id_: walk for traffic in traffics for id_, walk in traffic.walks.items()}
    commands = sum(len(traffic.records) for traffic in traffics)
    connection = await asyncpg.connect(world.database)
    rows = {row[0]: _walk(row) for row in await connection.fetch(_ROWS)}
    inbox = await connection.fetchval(f"SELECT count(*) FROM {contender.inbox}")
    owed = await connection.fetchval(f"SELECT count(*) FROM {contender.outbox}")
    await connection.close()
    told, wrong = _events(world, walks)
    must = sum((traffic.events for traffic in traffics), Counter[tuple[str, str]]())
    wrong += [f"{len(_different(rows, walks))} of {len(walks)} rows"] if rows != walks else []
    wrong += [f"{inbox} inbox entries for {commands} commands"] if inbox != commands else []
    wrong += [f"{owed} messages still owed"] if owed else []
    if told != must:
        wrong.append(f"{(must - told).total()} events missing, {(told - must).total()} too many")
    if wrong:
        raise ContenderError(f"({contender.letter}) did not do its job: {', '.join(wrong)}")


def _walk(row: Any) -> Walk:
    return Walk(row[1], row[2], msgspec.json.decode(row[3]), msgspec.json.decode(row[4]))


def _different(rows: dict[str, Walk], walks: dict[str, Walk]) -> set[str]:
    return {id_ for id_ in rows.keys() | walks.keys() if rows.get(id_) != walks.get(id_)}


def _events(world: World, walks: dict[str, Walk]) -> tuple[Counter[tuple[str, str]], list[str]]:
    """How often each was told of, and whether what ended was told whole."""
    told: Counter[tuple[str, str]] = Counter()
    short = 0
    for value in read_events(world):
        event = _decode(value)
        told[event.type, event.subject] += 1
        walk = walks.get(event.subject)
        if walk is None or event.type == "l1.walk.started.v1":
            continue
        short += [entry["node_id"] for entry in event.data.walked_path] != walk.path
        short += [note["text"] for note in event.data.walk_notes] != walk.notes
    return told, [f"{short} events that tell something else"] if short else []
