"""Taking the time of small things: of this thread's CPU alone, the best of several attempts."""

import time
from collections.abc import Awaitable, Callable

ATTEMPTS = 7


async def microseconds(work: Callable[[], Awaitable[object]], units: int) -> float:
    """What a unit of the work costs the event loop, in microseconds of CPU.

    Args:
        work: done several times.
        units: how many each time.
    """
    await work()
    best = float("inf")
    for _ in range(ATTEMPTS):
        began = time.thread_time()
        await work()
        best = min(best, time.thread_time() - began)
    return best / units * 1e6
