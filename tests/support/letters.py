"""Dead letters: how tests bring them about, and settle them as an operator does."""

import uuid
from typing import Any
from uuid import UUID

from l1_walk_contracts import Command, SettleData, SettleVerb, Verb, encode_settle
from service.domain.decide import decide
from service.domain.decision import Accepted, Rejected
from service.domain.rules import Rules
from service.domain.session import Session
from tests.support.site import Place, Site
from tests.support.walk import Sending, Walk

POISON = "poison"
"""A command whose id begins so is one that `failing` fails on."""


def failing(session: Session | None, command: Command, rules: Rules, partition: int) -> Accepted | Rejected:
    """`decide`, with a fault for some commands."""
    if command.id.startswith(POISON):
        raise ZeroDivisionError("what somebody wrote")
    return decide(session, command, rules, partition)


def unknown_type(walk: Walk, **fields: Any) -> Sending:
    """A note of a version that nobody here knows."""
    return walk.wrap(walk.envelope(Verb.NOTE, **fields) | {"type": "l1.walk.note.v2"})


def settling(verb: SettleVerb, letter_id: UUID, session_id: UUID | None, reason: str = "mended") -> Sending:
    """The command that settles a letter."""
    data = SettleData(dead_letter_id=letter_id, by="night-shift", reason=reason)
    record = encode_settle(verb, data, session_id=session_id, source="/ops", id=str(uuid.uuid4()))
    return Sending(record.key, record.value, tuple(record.headers))


async def letters(site: Site, where: str = "true") -> list[dict[str, Any]]:
    """The letters of which this is true, in the order in which they came."""
    rows = await site.database.fetch(
        f'SELECT * FROM l1_walk_dead_letters WHERE {where} ORDER BY partition, "offset"'
    )
    return [dict(row) for row in rows]


async def settle(site: Site, verb: SettleVerb, letter: dict[str, Any]) -> Place:
    """Send the command that settles a letter; its place."""
    sending = settling(verb, letter["id"], letter["session_id"])
    [place] = await site.send(sending, partition=letter["partition"])
    return place
