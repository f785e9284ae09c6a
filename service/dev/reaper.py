"""The process that cleans up after the embedded stack: `reaper.py FOLDER`, run apart from its owner.

It reads `add PID SIGNAL` and `drop PID` from its input, which ends when the owner closes it or dies, in
whatever way: SIGKILL too. Then it sends each process left its signal, waits until they are gone, and
removes the folder. It imports nothing but the standard library: it must be up in a few milliseconds.
"""

import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path

PATIENCE_SECONDS = 10.0


def read_children(lines: Iterable[str]) -> dict[int, int]:
    """Follow the owner's lines to their end; the processes left, each with the signal to end it."""
    children: dict[int, int] = {}
    for line in lines:
        match line.split():
            case ["add", pid, number]:
                children[int(pid)] = int(number)
            case ["drop", pid]:
                children.pop(int(pid), None)
    return children


def end(children: dict[int, int]) -> None:
    """Send each group its signal; what still stands after ten seconds is killed."""
    for pid, number in children.items():
        _signal(pid, number)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (left := [pid for pid in children if _stands(pid)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    for pid in left:
        _signal(pid, signal.SIGKILL)


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _stands(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except ProcessLookupError:
        return False
    except OSError:  # no /proc on this system, or gone this moment: the next look tells
        return True
    return state != "Z"  # ended; whoever took it over has not noticed yet


def main(folder: str) -> None:
    """Wait for the owner's end, then leave nothing of its stack."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    end(read_children(sys.stdin))
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1])
