"""The four, each a process of its own, and what is seen of them from outside."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.lab import World

STOP_SECONDS = 30.0
_BIN = Path(sys.executable).parent


class ContenderError(Exception):
    """A contender did not do its job."""


@dataclass(frozen=True)
class Contender:
    """One of the four."""

    letter: str
    name: str
    command: tuple[str | Path, ...]
    inbox: str
    outbox: str
    share: float = 1.0
    """How much of the commands it gets: a slow one gets fewer."""


WORKER = Contender("a", "this worker", (_BIN / "walk", "worker"), "l1_walk_inbox", "l1_walk_outbox")
ONE_BY_ONE = Contender(
    "b", "FastStream one by one, ORM", (sys.executable, "-m", "bench.contenders.one_by_one"),
    "bench_inbox", "bench_outbox", share=0.02,
)  # fmt: skip
IN_BATCHES = Contender(
    "c", "FastStream typed batches, SQLAlchemy Core", (sys.executable, "-m", "bench.contenders.in_batches"),
    "bench_inbox", "bench_outbox", share=0.5,
)  # fmt: skip
BARE = Contender(
    "d", "bare aiokafka and asyncpg, no validation", (sys.executable, "-m", "bench.contenders.bare"),
    "l1_walk_inbox", "l1_walk_outbox",
)  # fmt: skip
ALL = (WORKER, ONE_BY_ONE, IN_BATCHES, BARE)


class Running:
    """A contender at work."""

    def __init__(self, contender: Contender, process: subprocess.Popen[bytes], log: Path) -> None:
        self._contender = contender
        self._process = process
        self._log = log
        self.seen = psutil.Process(process.pid)

    def check(self) -> None:
        """See that it is still there.

        Raises:
            ContenderError: it has ended.
        """
        if self._process.poll() is not None:
            words = self._log.read_text(errors="replace").strip()[-2000:]
            raise ContenderError(
                f"({self._contender.letter}) has ended with {self._process.returncode}: {words}"
            )

    def stop(self) -> None:
        """SIGTERM, and SIGKILL where that is not enough."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise ContenderError(f"({self._contender.letter}) did not stop in {STOP_SECONDS:.0f} s") from None


@contextmanager
def running(contender: Contender, world: World) -> Iterator[Running]:
    """Runs while the block does."""
    log = world.folder / f"{world.name}-{contender.letter}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(word) for word in contender.command], env=world.env, stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
    one = Running(contender, process, log)
    try:
        yield one
    except BaseException:
        process.kill()
        process.wait()
        raise
    one.stop()


def cpu_seconds(process: psutil.Process, *, family: bool = False) -> float:
    """User and system time of a process, or of it and its children, those that have ended too."""
    used = process.cpu_times()
    total: float = used.user + used.system
    if not family:
        return total
    total += used.children_user + used.children_system
    for child in process.children():
        try:
            times = child.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def now() -> float:
    """Seconds of a clock that never goes back."""
    return time.perf_counter()
