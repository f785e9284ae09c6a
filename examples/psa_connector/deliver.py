"""From the store into the PSA: each walk's note, time entry and status, once.

claimed -> look up, where the step is in doubt -> write -> say so in the store -> next step
                                                    |
                             refused: parked        | not done, or in doubt: again later
"""

import asyncio
import contextlib
import logging
import random
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from l1_walk_contracts import EventError

from .client import Answer, Client, StoppedError
from .settings import Settings
from .store import Claimed, LostClaimError, Store
from .vendor import STEPS, Search, Step, UnfitError
from .verdict import DENIED, Verdict, backoff
from .walks import Walk, read_walk

T = TypeVar("T")
logger = logging.getLogger(__name__)
IDLE = 0.2
"""Seconds between looks for walks that became due."""


class Delivery:
    """Works on as many tickets at a time as there are lanes; on one ticket on one walk at a time, in order."""

    def __init__(
        self,
        store: Store,
        client: Client,
        settings: Settings,
        stopping: asyncio.Event,
        *,
        clock: Callable[[], float] = time.time,
        chance: random.Random | None = None,
    ) -> None:
        self._store, self._client, self._settings, self._clock = store, client, settings, clock
        self._chance = chance or random.Random()
        self._lease = settings.pace.timeout + settings.pace.settle
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._stopping = stopping

    async def run(self) -> None:
        """Until it is `stopping`: the calls under way end, no other begins."""
        try:
            while not self._stopping.is_set():
                self._begin()
                await self._something_changes()
            if self._tasks:
                await asyncio.wait(self._tasks.values(), timeout=self._settings.pace.timeout + IDLE)
        finally:
            for task in self._tasks.values():
                task.cancel()

    def _begin(self) -> None:
        free = self._settings.lanes - len(self._tasks)
        if free <= 0:
            return
        now = self._clock()
        for claimed in self._store.claim(free, now, now + self._lease, but=self._tasks):
            self._tasks[claimed.n] = asyncio.create_task(self._deliver(claimed))

    async def _something_changes(self) -> None:
        stopping = asyncio.create_task(self._stopping.wait())
        done, _ = await asyncio.wait(
            {*self._tasks.values(), stopping}, timeout=IDLE, return_when=asyncio.FIRST_COMPLETED
        )
        stopping.cancel()
        self._tasks = {n: task for n, task in self._tasks.items() if task not in done}
        for task in done - {stopping}:
            task.result()

    async def _deliver(self, claimed: Claimed) -> None:
        with contextlib.suppress(LostClaimError):
            try:
                walk = read_walk(claimed.key, claimed.value)
                if walk is None:
                    self._store.stepped(claimed, self._clock(), 0.0, times=len(STEPS))
                    return
                ticket = await self._ticket(claimed, walk)
                if ticket is None:
                    return
                for step in STEPS[claimed.step :]:
                    in_doubt = claimed.in_doubt and step is STEPS[claimed.step]
                    if not await self._write(claimed, walk, ticket, step, in_doubt=in_doubt):
                        return
            except (EventError, UnfitError) as error:
                self._park(claimed, str(error), str(error))
            except StoppedError:
                self._store.release(claimed)

    async def _ticket(self, claimed: Claimed, walk: Walk) -> int | None:
        """The ticket's number in the PSA; None: it could not be asked for, and the walk waits."""
        ticket = _sure(lambda: self._settings.vendor.ticket(walk))
        if not isinstance(ticket, Search):
            return ticket
        answer = await self._client.call(ticket.request)
        if answer.verdict is not Verdict.DONE:
            self._not_written(claimed, STEPS[claimed.step], answer, in_doubt=None)
            return None
        number = _sure(lambda: ticket.read(answer.body))
        if number is None:
            raise UnfitError("the PSA has no ticket of this number")
        return number

    async def _write(self, claimed: Claimed, walk: Walk, ticket: int, step: Step, *, in_doubt: bool) -> bool:
        """Whether the step is written by now."""
        if step is Step.STATUS and self._store.overtaken(walk):
            return self._stepped(claimed, step, "left: a later walk of the ticket says what it is")
        settings = self._settings
        action = _sure(lambda: settings.vendor.action(step, walk, ticket, settings.desk, settings.limits))
        if in_doubt or settings.always_look_up:
            answer = await self._client.call(action.look_up)
            if answer.verdict is not Verdict.DONE:
                return self._not_written(claimed, step, answer, in_doubt=None)
            if _sure(lambda: action.found(answer.body)):
                return self._stepped(claimed, step, "was written already")
        answer = await self._client.call(action.write, writes=claimed)
        if answer.verdict is Verdict.DONE:
            return self._stepped(claimed, step, "written")
        return self._not_written(claimed, step, answer, in_doubt=answer.verdict is Verdict.IN_DOUBT)

    def _stepped(self, claimed: Claimed, step: Step, how: str) -> bool:
        now = self._clock()
        self._store.stepped(claimed, now, now + self._lease)
        logger.info("%s: %s %s", claimed.id, step.value, how)
        return True

    def _not_written(self, claimed: Claimed, step: Step, answer: Answer, *, in_doubt: bool | None) -> bool:
        where, reason = f"{step.value}: {answer.short}", f"{step.value}: {answer.reason or answer.short}"
        if answer.verdict is Verdict.REFUSED:
            self._park(claimed, where, reason)
            return False
        now, pace = self._clock(), self._settings.pace
        wait = backoff(claimed.failures + 1, pace.backoff, pace.longest_backoff, self._chance)
        if answer.verdict is Verdict.IN_DOUBT:
            wait = max(wait, pace.settle)
        counts = answer.verdict in {Verdict.IN_DOUBT, Verdict.FORBIDDEN}
        attempts = self._store.failed(claimed, now, now + wait, in_doubt, reason, counts=counts)
        if attempts >= pace.attempts:
            self._park(claimed, where, f"{attempts} times {reason}")
            return False
        level = logging.ERROR if answer.verdict in DENIED else logging.WARNING
        logger.log(level, "%s: %s, again in %.1f s", claimed.id, where, wait)
        return False

    def _park(self, claimed: Claimed, where: str, reason: str) -> None:
        self._store.park(claimed, self._clock(), reason)
        logger.error("%s: parked, %s", claimed.id, where)


def _sure(way: Callable[[], T]) -> T:
    """What it gives; an error in it (ours, or an answer of a form that is not known) parks this walk alone."""
    try:
        return way()
    except UnfitError:
        raise
    except Exception as error:
        at = traceback.extract_tb(error.__traceback__)[-1]  # the error's own text may quote a walk
        place = f"{Path(at.filename).name}, line {at.lineno}"
        raise UnfitError(f"our own error: {type(error).__name__} in {place}") from error
