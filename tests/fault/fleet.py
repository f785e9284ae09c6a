"""The workers of a scenario, each a process of its own, which are killed, frozen, woken and replaced."""

import asyncio
import contextlib
import os
import signal
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import psutil

from service.dev.children import Children
from service.settings import Settings
from tests.support.waiting import until
from tests.support.worker import WorkerProcess

ROOT = Path(__file__).parents[2]
SHORT_SESSION_MS = 1_000
LAST_LINES = 12


class Worker(WorkerProcess):
    """`walk worker`, with the faults of `tests.fault.worker` where its environment asks for some."""

    program = ("-m", "tests.fault.worker")

    def __init__(self, children: Children, settings: Settings, **env: str) -> None:
        super().__init__(children, settings, PYTHONPATH=python_path(), **env)
        self._children = children

    def kill(self) -> None:
        """SIGKILL."""
        super().kill()
        self._children.forget(self.process)

    def freeze(self) -> None:
        """SIGSTOP."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        self.process.send_signal(signal.SIGCONT)

    @property
    def frozen(self) -> bool:
        """Whether the process stands still."""
        try:
            return psutil.Process(self.process.pid).status() == psutil.STATUS_STOPPED
        except psutil.NoSuchProcess:
            return False

    def last_lines(self) -> list[str]:
        """The end of its log."""
        return self.log_file.read_text(errors="replace").splitlines()[-LAST_LINES:]


class Fleet:
    """Starts and ends the workers of one scenario, and counts what it does to them."""

    def __init__(self, children: Children, settings: Settings, figures: Counter[str]) -> None:
        self._children = children
        self._settings = settings
        self._figures = figures
        self._all: list[Worker] = []

    @property
    def running(self) -> list[Worker]:
        """Those that have not ended."""
        return [worker for worker in self._all if worker.running]

    def start(self, *ways: Mapping[str, str], short_session: bool = False, **env: str) -> Worker:
        """One more worker, by way of proxies if given; with a short session the group soon misses it when killed."""
        for way in ways:
            env |= way
        if short_session:
            env["WALK_FAULT_SESSION_MS"] = str(SHORT_SESSION_MS)
        worker = Worker(self._children, self._settings, **env)
        self._all.append(worker)
        self._figures["starts"] += 1
        return worker

    async def ready(self, timeout: float = 30.0) -> None:
        """Wait until every worker is."""
        await asyncio.gather(*(worker.ready(timeout) for worker in self.running))

    def kill(self, worker: Worker) -> None:
        """SIGKILL."""
        worker.kill()
        self._figures["kills"] += 1

    async def parked(self, worker: Worker, timeout: float = 30.0) -> None:
        """Wait until a worker has stopped itself at the point that it was given."""

        def so() -> bool:
            assert worker.running, f"the worker ended with {worker.process.returncode}: {worker.last_lines()}"
            return worker.frozen

        await until(so, timeout, "the worker stops itself at its point")
        self._figures["freezes"] += 1

    async def freeze(self, worker: Worker, seconds: float) -> None:
        """SIGSTOP, and SIGCONT after so long."""
        worker.freeze()
        self._figures["freezes"] += 1
        await asyncio.sleep(seconds)
        worker.thaw()

    async def stop(self, worker: Worker) -> None:
        """SIGTERM; it must leave in good order."""
        code = await worker.stop()
        assert code == 0, f"a worker left SIGTERM with {code}: {worker.last_lines()}"
        self._children.forget(worker.process)
        self._figures["stops"] += 1

    def ended_by_themselves(self) -> list[str]:
        """Workers that ended though nobody ended them."""
        return [
            f"worker {worker.process.pid} ended by itself with {code}: {worker.last_lines()}"
            for worker in self._all
            if (code := worker.process.poll()) not in (None, 0, -signal.SIGKILL)
        ]

    async def close(self) -> None:
        """End all that still run."""
        for worker in self.running:
            with contextlib.suppress(ProcessLookupError):
                worker.kill()

    def logs(self) -> str:
        """The end of each worker's log."""
        return "\n".join(f"-- worker {w.process.pid}\n" + "\n".join(w.last_lines()) for w in self._all[-6:])


def python_path() -> str:
    """Where a process of ours finds the tests beside the worker."""
    before = os.environ.get("PYTHONPATH")
    return f"{before}{os.pathsep}{ROOT}" if before else str(ROOT)
