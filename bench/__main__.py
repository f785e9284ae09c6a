"""`python -m bench`: measure, print, and write `results.json` and `RESULTS.md` (`make bench`)."""

import argparse
import sys
from collections.abc import Awaitable, Sequence
from pathlib import Path

import uvloop

from bench import report
from bench.contender import ALL, BARE, WORKER, Contender, ContenderError
from bench.lab import Lab
from bench.measure import Run, measure
from bench.plan import FULL, QUICK, Plan
from bench.traffic import make
from service.dev.errors import StackError
from service.dev.stack import EmbeddedStack

FOLDER = Path(__file__).parent


def main() -> int:
    """Returns the exit code."""
    arguments = _arguments()
    plan: Plan = QUICK if arguments.quick else FULL
    wanted = [one for one in ALL if one.letter in arguments.only]
    try:
        with EmbeddedStack("kafka") as stack:
            results = uvloop.run(_run(Lab(stack), plan, wanted, arguments.rounds or plan.rounds))
    except (StackError, ContenderError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(f"\n{report.markdown(results)}")
    if not arguments.quick and len(wanted) == len(ALL):
        report.write(results, FOLDER)
        print(f"written: {FOLDER.name}/results.json, {FOLDER.name}/RESULTS.md")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="in under a minute; writes no files")
    parser.add_argument("--rounds", type=int, help="how often each is measured")
    parser.add_argument("--only", default="abcd", help="which of a, b, c, d; writes no files")
    return parser.parse_args()


async def _run(lab: Lab, plan: Plan, wanted: Sequence[Contender], rounds: int) -> report.Results:
    database = await lab.prepare()
    traffics = {one.letter: make(round(plan.commands * one.share), seed=3) for one in wanted}
    if plan.warm_up:
        await _told("warming up the servers", measure(lab, BARE, make(plan.warm_up, seed=4)))
    runs: list[list[Run]] = []
    for number in range(1, rounds + 1):
        runs.append([])
        for one in wanted:
            title = f"round {number} of {rounds}: ({one.letter}) {one.name}"
            measuring = measure(
                lab, one, traffics[one.letter], pace=plan.pace, pace_seconds=plan.pace_seconds
            )
            runs[-1].append(await _told(title, measuring))
    long = None
    if plan.long and WORKER in wanted:
        long = await _told("(a) for longer, to see its memory", measure(lab, WORKER, make(plan.long, seed=5)))
    return report.Results(plan, database, runs, long)


async def _told(title: str, measuring: Awaitable[Run]) -> Run:
    print(f"{title} ... ", end="", flush=True, file=sys.stderr)
    run = await measuring
    print(report.line(run), file=sys.stderr)
    return run


if __name__ == "__main__":
    sys.exit(main())
