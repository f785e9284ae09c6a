"""`walk` with a fault built in, as a process of its own: `python -m tests.fault.worker` is `walk worker`.

The faults come from the environment, so that the worker's own code stays as it is:

- `WALK_FAULT_STOP_AT=POINT:N`: when it passes the point for the Nth time the process stops itself with SIGSTOP, exactly
  there. Whoever started it then kills it, or wakes it up.
- `WALK_FAULT_SESSION_MS`: a shorter session in the group, so that more kills meet a worker at work.
- `WALK_FAULT_SLOW_BATCH`: seconds that each transaction takes longer.
- `WALK_FAULT_FAIL_ON`: a file with ids of commands, one a line, on which the worker fails.
- `WALK_FAULT_MIGRATIONS`: a folder with another chain of migrations, as a later release would have it.
"""

import asyncio
import itertools
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from service.cli import main
from service.pipeline import batch, fold, subscriber
from service.pipeline.batch import Batch
from service.pipeline.publishers import Publishers
from service.pipeline.references import ReferencePolicy
from service.store import migrate

_FENCE, _HANDLE = "fence", "handle"

POINTS: dict[str, tuple[Any, str]] = {
    "before-begin": (ReferencePolicy, "prepare"),
    "after-begin": (batch, _FENCE),
    "after-write": (batch, "advance"),
    "after-commit": (Batch, "run"),
    "after-publish": (Publishers, "publish"),
}
"""Where a process may stop: behind this call, which is the last before the point."""


class MadeToFailError(Exception):
    """What is raised on a command that was chosen to fail."""


def stop_at(point: str, passes: int) -> None:
    """Stop the process behind the Nth call of the function before the point."""
    owner, name = POINTS[point]
    count = itertools.count(1)

    async def stop() -> None:
        if next(count) == passes:
            os.kill(os.getpid(), signal.SIGSTOP)

    _then(owner, name, stop)


def slow_down(seconds: float) -> None:
    """Let each transaction take so much longer."""
    _then(batch, _FENCE, lambda: asyncio.sleep(seconds))


def fail_on(ids: frozenset[str]) -> None:
    """Raise where one of these commands is handled."""
    original: Callable[..., Any] = getattr(fold, _HANDLE)

    def handle(received: Any, *rest: Any) -> Any:
        if received.message.id in ids:
            raise MadeToFailError
        return original(received, *rest)

    setattr(fold, _HANDLE, handle)


def other_chain(folder: Path) -> None:
    """Take the migrations from another folder."""
    migrate._folder = lambda: folder


def _then(owner: Any, name: str, more: Callable[[], Awaitable[None]]) -> None:
    """Let a call of this name do more when it is done."""
    original: Callable[..., Awaitable[Any]] = getattr(owner, name)

    async def both(*arguments: Any, **named: Any) -> Any:
        result = await original(*arguments, **named)
        await more()
        return result

    setattr(owner, name, both)


def build_in(environment: Any) -> None:
    """Build the faults in that the environment asks for."""
    if place := environment.get("WALK_FAULT_STOP_AT"):
        point, _, passes = place.partition(":")
        stop_at(point, int(passes))
    if milliseconds := environment.get("WALK_FAULT_SESSION_MS"):
        subscriber.SESSION_TIMEOUT_MS = int(milliseconds)
        subscriber.HEARTBEAT_MS = int(milliseconds) // 5
    if seconds := environment.get("WALK_FAULT_SLOW_BATCH"):
        slow_down(float(seconds))
    if path := environment.get("WALK_FAULT_FAIL_ON"):
        fail_on(frozenset(Path(path).read_text().split()))
    if folder := environment.get("WALK_FAULT_MIGRATIONS"):
        other_chain(Path(folder))


if __name__ == "__main__":
    build_in(os.environ)
    sys.argv = ["walk", *(sys.argv[1:] or ["worker"])]
    main()
