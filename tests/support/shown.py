"""What README.md, contracts/README.md and docs/upstream.md show, and how a test runs it."""

import json
import os
import re
import signal
import sys
from asyncio import create_subprocess_exec, timeout
from asyncio.subprocess import PIPE
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support.shell import Shell
from tests.support.site import Site

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0


def shell_block(name: str, document: str = "README.md") -> str:
    """The block of a document that stands under `<!-- test: NAME -->`."""
    return _block(name, "sh", document)


def json_block(name: str, document: str) -> Any:
    """The JSON that stands under `<!-- test: NAME -->`."""
    return json.loads(_block(name, "json", document))


def _block(name: str, language: str, document: str) -> str:
    marked = rf"<!-- test: {re.escape(name)} -->\n```{language}\n(.*?)```"
    (block,) = re.findall(marked, (ROOT / document).read_text(), re.DOTALL)
    return str(block)


def python_programs() -> list[str]:
    """The programs that contracts/README.md shows, in order."""
    return re.findall(r"```python\n(.*?)```", (ROOT / "contracts/README.md").read_text(), re.DOTALL)


def put(text: str, changes: Mapping[str, str]) -> str:
    """The text with what stands in it put in place of something else; all of it must stand there."""
    for old, new in changes.items():
        assert old in text, f"{old} is shown no more"
        text = text.replace(old, new)
    return text


def on_site(block: str, site: Site) -> str:
    """The block with the topics of this site and this Python; types of events stay as they are."""
    block = re.sub(r"(-t|--topic) l1\.walk\.", rf"\1 {site.settings.topic_prefix}.", block)
    return block.replace(".venv/bin/python", sys.executable)


async def run(
    script: str, site: Site, *, given: str = "", path: Sequence[Path] = (), patience: float = PATIENCE
) -> str:
    """What bash, at the top of the repository with the settings of the site, says on standard output.

    The last command must end well; whatever still runs after `patience` seconds is ended, and fails the test.
    """
    env = Shell(site.settings).env
    env["PATH"] = os.pathsep.join([*map(str, path), env["PATH"]])
    process = await create_subprocess_exec(
        "bash", "-c", script, cwd=ROOT, env=env, stdin=PIPE, stdout=PIPE, stderr=PIPE, start_new_session=True
    )
    try:
        async with timeout(patience):
            out, err = await process.communicate(given.encode())
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    assert process.returncode == 0, err.decode()
    return out.decode()
