"""The sweeper: walks that nobody goes on with are abandoned (design 9, rule 7).

It changes no walk. It sends the command `abandon` with `idle_since`, which queues behind what the technician did
meanwhile and is refused as `not_idle` where that was anything. Nothing here looks at this machine's clock: how long a
walk is idle is told by the database's, and when it was abandoned by the topic's.
"""

from datetime import timedelta
from uuid import uuid5

from l1_walk_contracts import AbandonData, Topics, encode_command
from service.ops.upkeep.caught_up import CaughtUp, caught_up
from service.ops.upkeep.outgoing import Addressed, Outgoing
from service.ops.upkeep.passes import Pass
from service.settings import Settings
from service.store import idle
from service.store.database import Connection
from service.store.idle import Idle, Place

PAGE = 500
"""Walks looked at once."""
PAGES = 4
"""In one round."""
PASS_SECONDS = 900.0
"""From one look at all idle walks to the next: one whose command is refused is not asked about more often."""
REASON = "nobody went on with it: ended by the worker's sweeper"


class Sweeper:
    """Sends for each idle walk one command, the longest idle first.

    Args:
        settings: of the worker.
        idle_after: how long nothing was handled of it.
        outgoing: the way to the topic.
    """

    def __init__(self, settings: Settings, idle_after: timedelta, outgoing: Outgoing) -> None:
        self._settings = settings
        self._idle_after = idle_after
        self._outgoing = outgoing
        self._topics = Topics(settings.topic_prefix)
        self._source = f"{settings.event_source}/sweeper"
        self._pass = Pass(min(PASS_SECONDS, idle_after.total_seconds() / 4))
        self._place: Place | None = None

    async def round(self, connection: Connection) -> int:
        """Look at some more of them; how many were sent a command."""
        sent = 0
        for _ in range(PAGES if self._pass.due() else 0):
            found = await idle.find(connection, self._idle_after, self._place, PAGE)
            if found:
                sent += await self._sweep(connection, found)
            self._place = found[-1].place if len(found) == PAGE else None
            if self._place is None:
                self._pass.over()
                break
        return sent

    async def _sweep(self, connection: Connection, found: list[Idle]) -> int:
        """What waited in their partitions is handled first, then they are looked at again."""
        drained = await caught_up(self._settings, self._topics.commands, connection)
        commands = [
            self._abandon(one) for one in await idle.still(connection, found) if _has_no_lag(one, drained)
        ]
        await self._outgoing.send(commands)
        return len(commands)

    def _abandon(self, one: Idle) -> Addressed:
        """The same for the same state of a walk: sent again, it counts once."""
        state = f"abandon/{one.version}/{one.last_step_at.isoformat()}"
        record = encode_command(
            AbandonData(
                account_id=one.account_id,
                user_id=one.created_by_user_id,
                reason=REASON,
                idle_since=one.last_step_at,
            ),
            session_id=one.id,
            source=self._source,
            id=str(uuid5(one.id, state)),
            topics=self._topics,
        )
        return Addressed(record, one.home_partition)


def _has_no_lag(one: Idle, drained: CaughtUp) -> bool:
    """Of a walk without a home nobody knows where a command for it may wait."""
    return drained.all if one.home_partition is None else one.home_partition in drained.partitions
