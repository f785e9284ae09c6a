"""Is the worker as fast as at an earlier commit? `python -m bench.revisions REV` (`make bench-against REV=...`).

That commit is set up beside this one, with the libraries that it had. Both workers then work off the same commands in
turn, on the same servers, each in a database that its own `walk migrate` made; which of them begins changes from round
to round. Exits 1 where this one is slower than by 5%.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

import uvloop
from rich.console import Console
from rich.table import Table

from bench import report
from bench.contender import WORKER, Contender, ContenderError
from bench.lab import Lab
from bench.measure import Run, measure
from bench.traffic import Traffic, make
from service.dev.errors import StackError
from service.dev.stack import EmbeddedStack

ROOT = Path(__file__).parents[1]
COMMANDS = 60_000
WARM_UP = 20_000
SLOWER_AT_MOST = 0.05


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.revisions", description=__doc__)
    parser.add_argument("revision", help="the commit to compare with")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured")
    arguments = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as folder, EmbeddedStack("kafka") as stack:
            walk = _set_up(arguments.revision, Path(folder) / "before")
            before = replace(WORKER, letter="b", name=arguments.revision, command=(walk, "worker"))
            rounds = uvloop.run(_run(stack, walk, before, arguments.rounds))
    except (StackError, ContenderError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    ratio = _show(before.name, rounds)
    return 1 if ratio < 1 - SLOWER_AT_MOST else 0


def _set_up(revision: str, folder: Path) -> Path:
    """The commit's own `walk`.

    Raises:
        ContenderError: it cannot be had.
    """
    print(f"setting up {revision} ...", file=sys.stderr)
    # a virtual environment that is active would be taken for the one to install into
    env = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "MAKEFLAGS")}
    for command in (
        ["git", "clone", "--quiet", "--shared", str(ROOT), str(folder)],
        ["git", "-C", str(folder), "checkout", "--quiet", revision],
        ["make", "--silent", "-C", str(folder), "setup"],
    ):
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ContenderError(f"{' '.join(command[:2])} fails: {done.stderr.strip()[-1000:]}")
    return folder / ".venv/bin/walk"


async def _run(stack: EmbeddedStack, walk: Path, before: Contender, rounds: int) -> list[tuple[Run, Run]]:
    labs = {WORKER: Lab(stack), before: Lab(stack, "before")}

    async def upgrade(url: str) -> None:
        """As an operator of that release did."""
        process = await asyncio.create_subprocess_exec(
            str(walk), "migrate", env={**os.environ, "WALK_DATABASE_URL": url}, stdout=sys.stderr
        )
        if await process.wait():
            raise ContenderError(f"{before.name} cannot migrate")

    await labs[WORKER].prepare()
    await labs[before].prepare(upgrade)
    for contender, lab in labs.items():
        await measure(lab, contender, make(WARM_UP, seed=4))
    traffic, measured = make(COMMANDS, seed=3), []
    for number in range(rounds):
        order = [WORKER, before] if number % 2 else [before, WORKER]
        runs = {one: await _told(labs[one], one, traffic) for one in order}
        measured.append((runs[WORKER], runs[before]))
    return measured


async def _told(lab: Lab, contender: Contender, traffic: Traffic) -> Run:
    run = await measure(lab, contender, traffic)
    print(f"{contender.name}: {report.line(run)}", file=sys.stderr)
    return run


def _show(name: str, rounds: Sequence[tuple[Run, Run]]) -> float:
    """Prints what came of it; how many times as fast as before, in the middle of the rounds."""
    now, before = ([pair[n].burst for pair in rounds] for n in (0, 1))
    ratios = [a.rate / b.rate for a, b in zip(now, before, strict=True)]
    table = Table("", "commands/s", "worker CPU, us a command", "peak memory, MB", box=None)
    for title, bursts in (("this worker", now), (name, before)):
        table.add_row(
            title,
            f"{median(b.rate for b in bursts):,.0f}",
            f"{median(b.worker_cpu_us for b in bursts):.1f}",
            f"{max(b.peak_mb for b in bursts):.0f}",
        )
    Console().print(table)
    cpu = median(a.worker_cpu_us / b.worker_cpu_us for a, b in zip(now, before, strict=True))
    print(
        f"{len(rounds)} rounds of {COMMANDS:,} commands: {median(ratios):.3f} times as fast"
        f" ({min(ratios):.3f} to {max(ratios):.3f}), {cpu:.3f} times the CPU"
    )
    return median(ratios)


if __name__ == "__main__":
    sys.exit(main())
