"""Processes and one temporary folder that are gone when this process is, however it ends."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from service.dev.errors import StackError

REAPER = Path(__file__).with_name("reaper.py")
LOG_TAIL_BYTES = 4_000
LINE_CHARACTERS = 400
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
ERROR_WORDS = ("ERROR", "FATAL", "error:", "Exception:")


class Children:
    """Owns what the embedded stack starts.

    Each process stands in a session of its own, so that the terminal's Ctrl-C reaches its owner alone, which
    ends them in order. A reaper (`reaper.py`) does it where the owner could not, even after SIGKILL.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="l1-walk-"))
        # PostgreSQL runs as another user where we are root, and must get at its part of the folder
        self.folder.chmod(0o711)
        self._lock = threading.Lock()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._closed = False
        self._reaper = subprocess.Popen(
            [sys.executable, "-I", "-S", str(REAPER), str(self.folder)],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            cwd="/", start_new_session=True,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def spawn(
        self,
        command: Sequence[str | Path],
        *,
        log: Path,
        at_end: signal.Signals = signal.SIGKILL,
        env: Mapping[str, str] | None = None,
        user: int | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start a process that writes to `log` and gets `at_end` when its owner is gone.

        `env` is added to this process's environment; `user` is the id (of user and group) to run it as.
        Raises `StackError` where the command cannot be started, or everything was closed meanwhile.
        """
        with self._lock, log.open("ab") as output:
            if self._closed:
                raise StackError("The embedded stack was stopped while it was starting.")
            try:
                process = subprocess.Popen(
                    [str(word) for word in command],
                    stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=self.folder,
                    env={**os.environ, **(env or {})}, start_new_session=True,
                    user=user, group=user, extra_groups=None if user is None else [],
                )  # fmt: skip
            except OSError as error:
                raise StackError(f"Cannot run {command[0]}: {error.strerror or error}.") from error
            self._processes.append(process)
            self._tell(f"add {process.pid} {at_end.value}")
        return process

    def run(
        self,
        command: Sequence[str | Path],
        *,
        log: Path,
        failure: str,
        env: Mapping[str, str] | None = None,
        user: int | None = None,
    ) -> None:
        """Run a command to its end; raises `StackError` with `failure` and its last words if it fails."""
        process = self.spawn(command, log=log, env=env, user=user)
        code = process.wait()
        self.forget(process)
        if code:
            raise StackError(f"{failure}: {last_words(log) or f'it ended with {code}'}")

    def forget(self, process: subprocess.Popen[bytes]) -> None:
        """Take a process that has ended off the list: its id may be another's from now on."""
        with self._lock:
            if process in self._processes:
                self._processes.remove(process)
                self._tell(f"drop {process.pid}")

    def close(self) -> None:
        """End every process and remove the folder; once is enough, twice does no harm."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            if self._reaper.stdin:
                self._reaper.stdin.close()
        for process in self._processes:
            process.wait()
        self._reaper.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _tell(self, line: str) -> None:
        if self._reaper.stdin and not self._closed:
            self._reaper.stdin.write(f"{line}\n".encode())
            self._reaper.stdin.flush()


def last_words(log: Path) -> str:
    """The line of a log's end that tells of an error first, else the last that says anything."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - LOG_TAIL_BYTES))
        text = COLOUR.sub("", file.read().decode(errors="replace"))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if any(word in line for word in ERROR_WORDS)]
    return (telling[:1] or lines[-1:] or [""])[0][:LINE_CHARACTERS]
