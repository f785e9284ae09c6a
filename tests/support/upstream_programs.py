"""The programs of examples/upstream/: how each is started, and what it needs beside Python."""

import os
import shutil
import subprocess
import sys
from asyncio import create_subprocess_exec, timeout
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path
from typing import Final

from service.dev.children import Children
from service.dev.errors import StackError
from service.dev.java import fetch_jars, jars_missing, java, java_missing
from service.settings import Settings
from tests.support.console_tools import console_tools
from tests.support.servers import UnavailableError
from tests.support.shell import Shell
from tests.support.terminal import Ended

UPSTREAM: Final = Path(__file__).parents[2] / "examples/upstream"
PATIENCE: Final = 60.0
PROGRAMS: Final = (
    "python_contracts.py",
    "python_cloudevents.py structured",
    "python_cloudevents.py binary",
    "javascript/walk.mjs structured",
    "javascript/walk.mjs binary",
    "java/Publish.java",
    "go/main.go",
    "kcat.sh",
    "console.sh",
)
"""Each with its arguments."""


class Programs:
    """Starts them; what they need is made ready once, when it is first asked for.

    Raises UnavailableError where that cannot be had.
    """

    def __init__(self, children: Children) -> None:
        self._children = children
        self._ready: dict[str, list[str]] = {}
        self._tools: list[Path] = []

    def prepare(self, program: str) -> list[str]:
        """The command that starts a program."""
        file, *arguments = program.split()
        if file not in self._ready:
            self._ready[file] = self._start(file)
        return [*self._ready[file], *arguments]

    def _start(self, file: str) -> list[str]:
        path = str(UPSTREAM / file)
        match Path(file).suffix:
            case ".py":
                return [sys.executable, "-W", "error", path]
            case ".mjs":
                self._install_packages()
                return ["node", path]
            case ".java":
                return [
                    java(),
                    "-XX:TieredStopAtLevel=1",
                    "-XX:+UseSerialGC",
                    "-cp",
                    f"{self._jars()}/*",
                    path,
                ]
            case ".go":
                return [self._built()]
        if file == "kcat.sh":
            _require("kcat", "kcat is not installed")
        else:
            self._tools = console_tools(self._children)
        return ["bash", path]

    def _install_packages(self) -> None:
        _require("npm", "Node.js and npm not found")
        folder = UPSTREAM / "javascript"
        wanted, there = folder / "package-lock.json", folder / "node_modules/.package-lock.json"
        if not there.exists() or there.stat().st_mtime < wanted.stat().st_mtime:
            self._run(["npm", "ci", "--prefix", str(folder)], "npm could not install the packages")

    def _jars(self) -> Path:
        if missing := java_missing() or jars_missing():
            raise UnavailableError(missing)
        try:
            return fetch_jars(self._children)
        except StackError as error:
            raise UnavailableError(str(error)) from error

    def _built(self) -> str:
        _require("go", "Go not found")
        program = str(self._children.folder / "walk-in-go")
        self._run(["go", "build", "-C", str(UPSTREAM / "go"), "-o", program, "."], "Go could not build it")
        return program

    def _run(self, command: list[str], failure: str) -> None:
        ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if ended.returncode:
            raise UnavailableError(f"{failure}: {(ended.stderr or ended.stdout).strip()[-2000:]}")

    async def run(self, program: str, settings: Settings, *, seconds: int = 30) -> Ended:
        """What a program says and how it ends, that waits for its event so many seconds."""
        command = self.prepare(program)
        env = Shell(settings).env | {"WAIT_SECONDS": str(seconds)}
        env["PATH"] = os.pathsep.join([*map(str, self._tools), env["PATH"]])
        process = await create_subprocess_exec(*command, env=env, stdin=DEVNULL, stdout=PIPE, stderr=PIPE)
        try:
            async with timeout(PATIENCE):
                out, err = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return Ended(process.returncode or 0, out.decode(), err.decode())


def _require(command: str, missing: str) -> None:
    if not shutil.which(command):
        raise UnavailableError(missing)
