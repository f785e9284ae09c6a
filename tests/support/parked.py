"""`walk worker` that stops itself in a window between the commit and the last acknowledgement.

`python -m tests.support.parked WINDOW FILE`: once the file exists, the process stops itself with SIGSTOP where it next
enters the window. Whoever started it then kills it.
"""

import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psutil
from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder

from service.cli import main
from service.dev.children import Children
from service.pipeline import publishers
from service.pipeline.pipeline import Pipeline
from service.pipeline.publishers import Publishers
from service.settings import Settings
from service.store import outbox
from tests.support.site import environment
from tests.support.waiting import until

HALF_ACKNOWLEDGED = "some are acknowledged, others not"

WINDOWS: dict[str, tuple[Any, str]] = {
    "committed, nothing handed over": (Pipeline, "_hand_over"),
    "handed over, nothing sent": (Publishers, "publish"),
    HALF_ACKNOWLEDGED: (publishers, "_send"),
    "all acknowledged, nothing forgotten": (outbox, "forget"),
    "all forgotten, no offsets committed": (Pipeline, "_commit_offsets"),
}
"""Each window, and the call that it ends with."""


class Parked:
    """A worker that parks when it is told to.

    Args:
        children: own its process.
        settings: of the worker.
        window: where.
    """

    def __init__(self, children: Children, settings: Settings, window: str) -> None:
        self._file = children.folder / f"park-{settings.topic_prefix}"
        self._process = children.spawn(
            [sys.executable, "-m", __name__, window, self._file],
            log=self._file.with_suffix(".log"),
            env=environment(settings) | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )

    def arm(self) -> None:
        """From here on it parks."""
        self._file.touch()

    async def kill_when_parked(self, timeout: float = 30.0) -> None:
        """SIGKILL, once it stands in its window."""
        process = psutil.Process(self._process.pid)
        await until(lambda: process.status() == psutil.STATUS_STOPPED, timeout, "the worker is in its window")
        self._process.kill()
        self._process.wait()


def park_in(window: str, armed: Callable[[], bool]) -> None:
    """Stop the process where it enters the window."""
    owner, name = WINDOWS[window]
    original = getattr(owner, name)

    def stop(*arguments: Any, **named: Any) -> Any:
        if armed():
            os.kill(os.getpid(), signal.SIGSTOP)
        return original(*arguments, **named)

    setattr(owner, name, half_sent(original, armed) if window == HALF_ACKNOWLEDGED else stop)


def half_sent(send: Callable[..., Any], armed: Callable[[], bool]) -> Callable[..., Any]:
    """Sends every other record batch, awaits its acknowledgement, and stops the process before the others."""

    async def send_half(producer: AIOKafkaProducer, batches: Mapping[tuple[str, int], BatchBuilder]) -> None:
        if armed() and len(batches) > 2:
            await send(producer, dict(list(batches.items())[::2]))
            os.kill(os.getpid(), signal.SIGSTOP)
        await send(producer, batches)

    return send_half


if __name__ == "__main__":
    park_in(sys.argv[1], Path(sys.argv[2]).exists)
    sys.argv = ["walk", "worker"]
    main()
