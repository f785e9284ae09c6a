"""The real worker, in this process or in one of its own."""

import asyncio
import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

from service.app import Worker
from service.dev.children import Children
from service.dev.ports import LOOPBACK, free_ports
from service.settings import Settings
from service.store.database import Database
from tests.support.site import environment
from tests.support.waiting import until

READY_SECONDS = 30.0
STOP_SECONDS = 30.0


@asynccontextmanager
async def working(settings: Settings, *, adopted: bool = False, ready: bool = True) -> AsyncIterator[Worker]:
    """A worker in this process, from when it is ready (unless told otherwise) until it has left in good order."""
    database = Database(settings.require_database(), pool_size=settings.database_pool_size)
    worker = Worker(settings, database, adopted=adopted)
    task = asyncio.create_task(worker.run())
    try:
        if ready:
            await until(lambda: task.done() or not not_ready(worker), READY_SECONDS, "the worker is ready")
        yield worker
    finally:
        worker.app.exit()
        await task


def not_ready(worker: Worker) -> dict[str, str]:
    """What `/readyz` would say."""
    return worker._health.not_ready()


class WorkerProcess:
    """`walk worker` as an operator runs it; its log is a file of JSON lines."""

    program: ClassVar[tuple[str, ...]] = ("-m", "service", "worker")

    def __init__(self, children: Children, settings: Settings, **env: str) -> None:
        self._port = free_ports(1)[0]
        self.log_file: Path = children.folder / f"worker-{self._port}.log"
        self.process: subprocess.Popen[bytes] = children.spawn(
            [sys.executable, *self.program],
            log=self.log_file,
            env=environment(settings) | {"WALK_HTTP_PORT": str(self._port), "WALK_LOG_FORMAT": "json"} | env,
        )

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    def get(self, path: str) -> tuple[int, str]:
        """What it answers to a GET: status (0: it does not) and body."""
        try:
            with urllib.request.urlopen(f"http://{LOOPBACK}:{self._port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def reasons(self) -> dict[str, str] | None:
        """Why it is not ready; empty where it is, None where it does not answer."""
        status, body = self.get("/readyz")
        if not status:
            return None
        reasons: dict[str, str] = json.loads(body)["reasons"]
        return reasons

    async def ready(self, timeout: float = READY_SECONDS) -> None:
        """Wait until it is."""
        await until(self._is_ready, timeout, f"the worker is ready; its log: {self.log_file.read_text()}")

    async def _is_ready(self) -> bool:
        assert self.running, f"the worker ended with {self.process.returncode}: {self.log_file.read_text()}"
        return await asyncio.to_thread(self.reasons) == {}

    async def stop(self, timeout: float = STOP_SECONDS) -> int:
        """SIGTERM; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.to_thread(self.process.wait, timeout)

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait()

    def log(self) -> list[dict[str, Any]]:
        """What it logged so far."""
        return [json.loads(line) for line in self.log_file.read_text().splitlines()]
