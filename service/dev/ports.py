"""Free ports of 127.0.0.1, and waiting for whoever listens there."""

import contextlib
import random
import socket
import subprocess
import time
from collections.abc import Callable, Iterator

from service.dev.errors import StackError

LOOPBACK = "127.0.0.1"
START_SECONDS = 60.0
# Below the range that systems take clients' ports from: a client that tries again and again to reach a server
# that is down could else be given that very port, be connected to itself, and keep the server from returning.
FIRST_PORT, LAST_PORT = 20_000, 32_000


def free_ports(count: int) -> list[int]:
    """`count` different ports that nobody listens on right now."""
    with contextlib.ExitStack() as stack:
        ports: list[int] = []
        for port in _candidates():
            if len(ports) == count:
                break
            candidate = stack.enter_context(socket.socket())
            with contextlib.suppress(OSError):
                candidate.bind((LOOPBACK, port))
                ports.append(port)
        else:
            raise StackError(f"No free port between {FIRST_PORT} and {LAST_PORT} on {LOOPBACK}.")
        return ports


def _candidates() -> Iterator[int]:
    yield from random.SystemRandom().sample(range(FIRST_PORT, LAST_PORT), 1_000)


def wait_until_up(process: subprocess.Popen[bytes], up: Callable[[], bool]) -> bool:
    """Wait until `up`, at most a minute; false where the process ended, or did not come up in time."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if up():
            return True
        time.sleep(0.02)
    return False
