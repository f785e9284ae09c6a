"""Node.js programs with what their lock file names, fetched once into the user's cache folder."""

import fcntl
import functools
import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

from service.dev.java import cache
from tests.support.servers import UnavailableError

CLIENTS: Final = Path(__file__).parents[1] / "clients"
OLDEST_NODE: Final = 18
PATIENCE: Final = 170.0
_OURS: Final = ("package.json", "package-lock.json", ".npmrc")


def program(name: str, folder: Path) -> Path:
    """The program of `tests/clients` in a new folder, beside the packages that its lock file names.

    Raises:
        UnavailableError: Node.js or npm is not there, or the packages cannot be had.
    """
    if missing := _node_missing():
        raise UnavailableError(missing)
    here = folder / name
    shutil.copytree(CLIENTS / name, here)
    (here / "node_modules").symlink_to(_packages(CLIENTS / name))
    return here


def run(command: list[str], folder: Path, *, given: str = "", env: dict[str, str] | None = None) -> str:
    """What a command says on standard output; it must end well."""
    ended = subprocess.run(
        command,
        cwd=folder,
        input=given,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@functools.cache
def _node_missing() -> str | None:
    if not shutil.which("node") or not shutil.which("npm"):
        return "Node.js with npm not found"
    said = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    version = re.match(r"v(\d+)", said)
    if version is None or int(version[1]) < OLDEST_NODE:
        return f"Node.js {OLDEST_NODE}+ not found, only {said.strip()}"
    return None


def _packages(project: Path) -> Path:
    """`node_modules` of a project; whole or not at all, and one process at a time fetches."""
    digest = hashlib.sha256(b"".join((project / name).read_bytes() for name in _OURS)).hexdigest()[:12]
    there = cache() / f"npm-{project.name}-{digest}"
    there.parent.mkdir(parents=True, exist_ok=True)
    with (there.parent / "npm.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not there.is_dir():
            fresh = there.with_suffix(".new")
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir()
            for name in _OURS:
                shutil.copy(project / name, fresh)
            fetched = subprocess.run(
                ["npm", "ci"], cwd=fresh, capture_output=True, text=True, timeout=PATIENCE, check=False
            )
            if fetched.returncode:
                raise UnavailableError(
                    f"npm could not fetch the packages of {project.name}: {fetched.stderr}"
                )
            fresh.rename(there)
    return there / "node_modules"
