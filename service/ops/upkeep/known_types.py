"""Dead letters of a type that nobody knew: redriven once this worker knows it (design 4, `unsupported`)."""

import asyncio
from uuid import UUID, uuid5

from l1_walk_contracts import Command, Invalid, SettleData, SettleVerb, Topics, decode_command, encode_settle
from service.ops.upkeep.outgoing import Addressed, Outgoing
from service.ops.upkeep.passes import Pass
from service.settings import Settings
from service.store import unsupported
from service.store.database import Connection
from service.store.unsupported import Place, UnsupportedLetter

PAGE = 50
"""Letters read at once: each may be half a megabyte."""
PAGES = 10
"""In one round."""
PASS_SECONDS = 600.0
"""What this worker knows does not change while it runs, but others may add letters; the first pass is at once."""
BY = "l1-walk-worker"
REASON = "its type is known now"


class KnownTypes:
    """Sends for each such letter the command to redrive it, the oldest first.

    Args:
        settings: of the worker.
        outgoing: the way to the topic.
    """

    def __init__(self, settings: Settings, outgoing: Outgoing) -> None:
        self._outgoing = outgoing
        self._topics = Topics(settings.topic_prefix)
        self._source = f"{settings.event_source}/upkeep"
        self._pass = Pass(PASS_SECONDS)
        self._place: Place | None = None

    async def round(self, connection: Connection) -> int:
        """Look at some more of them; how many are to be redriven."""
        sent = 0
        for _ in range(PAGES if self._pass.due() else 0):
            found = await unsupported.find(connection, self._topics.commands, self._place, PAGE)
            known = []
            for letter in found:
                if isinstance(decode_command(letter.record), Command | Invalid):
                    known.append(self._redrive(letter))
                await asyncio.sleep(0)  # each may take some milliseconds
            await self._outgoing.send(known)
            sent += len(known)
            self._place = found[-1].place if len(found) == PAGE else None
            if self._place is None:
                self._pass.over()
                break
        return sent

    def _redrive(self, letter: UnsupportedLetter) -> Addressed:
        """The same for the same attempt."""
        record = encode_settle(
            SettleVerb.REDRIVE,
            SettleData(dead_letter_id=UUID(str(letter.id)), by=BY, reason=REASON),
            session_id=letter.session_id,
            source=self._source,
            id=str(uuid5(letter.id, f"redrive/{letter.attempts}")),
            topics=self._topics,
        )
        return Addressed(record, letter.partition)
