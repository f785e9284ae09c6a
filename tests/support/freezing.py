"""`python -m tests.support.freezing PLACE` is `walk worker`, which freezes itself at its first batch (SIGSTOP).

PLACE is where: `before` its transaction, `inside` it, all written and locks held, or `after` it, before anything of
what it owes is published. Whoever started it wakes it up.
"""

import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from service.cli import main
from service.pipeline import batch
from service.pipeline.batch import Batch

PLACES = ("before", "inside", "after")

_RUN, _ADVANCE = "run", "advance"


def freeze_at(place: str) -> None:
    """Build it in."""
    frozen: list[str] = []

    def reached(here: str) -> None:
        if here == place and not frozen:
            frozen.append(here)
            os.kill(os.getpid(), signal.SIGSTOP)

    _around(Batch, _RUN, lambda: reached("before"), lambda: reached("after"))
    _around(batch, _ADVANCE, lambda: None, lambda: reached("inside"))


def _around(owner: Any, name: str, before: Callable[[], None], after: Callable[[], None]) -> None:
    original: Callable[..., Awaitable[Any]] = getattr(owner, name)

    async def call(*arguments: Any) -> Any:
        before()
        result = await original(*arguments)
        after()
        return result

    setattr(owner, name, call)


if __name__ == "__main__":
    freeze_at(sys.argv[1])
    sys.argv = ["walk", "worker"]
    main()
