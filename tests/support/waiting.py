"""Waiting with a deadline: tests never sleep and hope."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
PAUSE_SECONDS = 0.02


async def until(condition: Callable[[], Awaitable[T] | T], timeout: float, what: str) -> T:
    """Ask `condition`, which may be async, until its answer is true; that answer.

    Fails the test with `what` was awaited, and the last answer, after `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    while True:
        answer = condition()
        value = await answer if inspect.isawaitable(answer) else answer
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"after {timeout:g} s still not: {what} (last answer: {value!r})")
        await asyncio.sleep(PAUSE_SECONDS)
