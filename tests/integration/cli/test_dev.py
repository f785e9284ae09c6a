"""`walk dev`: a stack that is ready, and that leaves nothing."""

import asyncio
import shlex
import signal

import psutil

from tests.support.shell import PATIENCE, Shell, line


async def exports(stack: asyncio.subprocess.Process) -> dict[str, str]:
    """What it prints for a shell to read."""
    found: dict[str, str] = {}
    while "WALK_TOPIC_PARTITIONS" not in found:  # the last one, of the in-memory broker
        word, setting = shlex.split(await line(stack))
        assert word == "export"
        name, _, value = setting.partition("=")
        found[name] = value
    return found


async def test_the_stack_is_ready_when_it_tells_where_it_is_and_gone_after_ctrl_c(shell: Shell) -> None:
    async with shell.running("dev", "--broker", "memory") as stack:
        env = await exports(stack)
        servers = psutil.Process(stack.pid).children(recursive=True)
        assert servers
        status = await shell.walk("status", "--json", env=env)
        assert status.code == 0
        assert status.json["topic"] == f"{shell.env['WALK_TOPIC_PREFIX']}.commands"
        assert (await shell.walk("migrate", "--check", env=env)).code == 0
        stack.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(stack.wait(), PATIENCE) == 0
    _, alive = psutil.wait_procs(servers, PATIENCE)
    assert not alive


async def test_a_bare_stack_is_left_to_you(shell: Shell) -> None:
    async with shell.running("dev", "--broker", "memory", "--bare") as stack:
        env = await exports(stack)
        assert (await shell.walk("migrate", "--check", env=env)).code == 1
        stack.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(stack.wait(), PATIENCE) == 0
