"""The connector as an operator runs it, in a process of its own."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

from service.dev.children import Children
from tests.support.psa.simulator import ROOT, Simulator

PROGRAM = ("-W", "error", "-m", "examples.psa_connector")
STOP_SECONDS = 20.0
SECRETS = {
    "connectwise": {
        "COMPANY": "acme",
        "PUBLIC_KEY": "public",
        "PRIVATE_KEY": "private",
        "CLIENT_ID": "client",
        "STATUS_RESOLVED": "Resolved",
        "STATUS_ESCALATED": "Escalated",
    },
    "autotask": {
        "USERNAME": "user",
        "SECRET": "secret",
        "INTEGRATION_CODE": "code",
        "STATUS_RESOLVED": "5",
        "STATUS_ESCALATED": "11",
        "MEMBER": "7",
        "ROLE": "8",
    },
    "halopsa": {
        "CLIENT_ID": "client",
        "CLIENT_SECRET": "secret",
        "TENANT": "acme",
        "STATUS_RESOLVED": "9",
        "STATUS_ESCALATED": "4",
    },
}
QUICK = {
    "TIMEOUT": "500ms",
    "SETTLE": "500ms",
    "BACKOFF": "50ms",
    "LONGEST_BACKOFF": "400ms",
    "CALLS": "10000",
}
"""Seconds of the wild as fractions of one, and as many calls as there is work for."""


def statuses(vendor: str) -> tuple[object, ...]:
    """What a ticket's status is after a resolved and after an escalated walk."""
    resolved, escalated = SECRETS[vendor]["STATUS_RESOLVED"], SECRETS[vendor]["STATUS_ESCALATED"]
    return tuple(int(status) if status.isdigit() else status for status in (resolved, escalated))


class Connector:
    """Instances with one store; each `start` is a process, whose log is added to one file."""

    def __init__(
        self, children: Children, psa: Simulator, servers: str, prefix: str, **settings: str
    ) -> None:
        self._children = children
        self.store = children.folder / f"{prefix}.sqlite"
        self.log_file: Path = children.folder / f"{prefix}.log"
        own = {"VENDOR": psa.vendor, "URL": psa.url, "STORE": str(self.store), "GROUP": prefix}
        own |= SECRETS[psa.vendor] | QUICK | settings
        self.env = {f"CONNECTOR_{name}": value for name, value in own.items()} | {
            "WALK_KAFKA_BOOTSTRAP_SERVERS": servers,
            "WALK_TOPIC_PREFIX": prefix,
            "PYTHONPATH": str(ROOT),
        }

    def start(self) -> subprocess.Popen[bytes]:
        """Another instance."""
        return self._children.spawn([sys.executable, *PROGRAM, "run"], log=self.log_file, env=self.env)

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """SIGKILL."""
        process.kill()
        process.wait()
        self._children.forget(process)

    async def stop(self, process: subprocess.Popen[bytes]) -> int:
        """SIGTERM; its exit code."""
        process.send_signal(signal.SIGTERM)
        code = await asyncio.to_thread(process.wait, STOP_SECONDS)
        self._children.forget(process)
        return code

    async def say(self, *words: str) -> str:
        """What a command about parked walks prints."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, *PROGRAM, *words, env=os.environ | self.env, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await process.communicate()
        assert process.returncode == 0
        return out.decode()

    def log(self) -> str:
        return self.log_file.read_text()
