"""A worker as a process of its own beside the embedded stack, as an operator would run it."""

import contextlib
import subprocess
import sys
import urllib.error
import urllib.request

from service.dev.errors import StackError
from service.dev.ports import LOOPBACK, free_ports, wait_until_up
from service.dev.stack import EmbeddedStack

STOP_SECONDS = 30.0
_LOG = "worker.log"
_LOG_LINES = 30
_ANSWER_SECONDS = 1.0


class WorkerProcess:
    """`walk worker` on a stack; its log lies in the stack's folder."""

    def __init__(self, stack: EmbeddedStack) -> None:
        self._stack = stack
        self._port = free_ports(1)[0]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def env(self) -> dict[str, str]:
        """The settings of its own, beside those of the stack."""
        return {"WALK_HTTP_HOST": LOOPBACK, "WALK_HTTP_PORT": str(self._port)}

    @property
    def url(self) -> str:
        """Where it answers HTTP."""
        return f"http://{LOOPBACK}:{self._port}"

    def start(self) -> None:
        """Start it and wait until it says that it is ready.

        Raises:
            StackError: it ended, or was not ready within a minute.
        """
        command = [sys.executable, "-m", "service", "worker"]
        log_format = {"WALK_LOG_FORMAT": "text"}
        self._process = self._stack.spawn(command, log=_LOG, env=self.env | log_format)
        if not wait_until_up(self._process, self._is_ready):
            self.check()
            raise StackError("The worker did not become ready within a minute.")

    def check(self) -> None:
        """Raise `StackError` if it has ended."""
        code = self._process.poll() if self._process else None
        if code is not None:
            raise StackError(f"The worker ended by itself, with exit code {code}.")

    def stop(self) -> None:
        """SIGTERM, so that it leaves in good order; if it does not go, the stack's end takes it along."""
        if self._process is not None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)

    def last_lines(self) -> list[str]:
        """The end of its log."""
        log = self._stack.folder / _LOG
        return log.read_text(errors="replace").splitlines()[-_LOG_LINES:] if log.exists() else []

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=_ANSWER_SECONDS) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False
