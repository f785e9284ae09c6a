"""Waiting with a deadline: tests never sleep and hope."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

T = TypeVar("T")
PAUSE_SECONDS = 0.02


@overload
async def until(condition: Callable[[], Awaitable[T]], timeout: float, what: str) -> T: ...
@overload
async def until(condition: Callable[[], T], timeout: float, what: str) -> T: ...
async def until(condition: Callable[[], Any], timeout: float, what: str) -> Any:
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
