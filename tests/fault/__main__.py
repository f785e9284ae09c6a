"""`python -m tests.fault`: break everything on purpose, for so many minutes or so many times (`make chaos`)."""

import argparse
import asyncio
import logging
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from service.dev.errors import StackError
from tests.fault import results
from tests.fault.catalogue import ALL, play
from tests.fault.lab import Lab
from tests.fault.results import Result, Verdict
from tests.fault.scenario import Scenario
from tests.fault.traffic import source

GUARANTEES = Path(__file__).parents[2] / "docs/guarantees.md"
GATES_PER_ROUND = 3
"""In one round every gate is played so often, and every other scenario once."""


def main() -> int:
    """Returns the exit code: 1 where a playing failed."""
    arguments = _arguments()
    wanted = [s for s in ALL if not arguments.only or s.name in arguments.only]
    if unknown := set(arguments.only) - {s.name for s in wanted}:
        print(f"chaos: there is no scenario {', '.join(sorted(unknown))}: see --list", file=sys.stderr)
        return 2
    if arguments.list:
        print("\n".join(f"{s.name:22} {'gate' if s.gate else '    '} {s.proves}" for s in wanted))
        return 0
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # brokers that are away are what this is about
    print(f"traffic: {source()}", file=sys.stderr)
    done = results.read(arguments.results) if arguments.results else []
    plan = _counted(wanted, arguments, done) if arguments.gates else _timed(wanted, arguments.minutes)
    try:
        with Lab() as lab:
            played = asyncio.run(_play_all(lab, plan, arguments))
    except StackError as error:
        print(f"chaos: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    table = results.table(ALL, done + played)
    print(f"\n{table}")
    if arguments.write:
        results.into_document(GUARANTEES, table)
    return 1 if any(result.verdict is Verdict.FAILED for result in played) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fault", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30, help="begin no scenario after this (30)")
    parser.add_argument("--gates", type=int, help="instead: play each gate so many times, and stop")
    parser.add_argument("--others", type=int, default=3, help="with --gates: every other so many times (3)")
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME", help="these alone")
    parser.add_argument("--seed", type=int, help="of the first playing; the next take the next (random)")
    parser.add_argument(
        "--results", type=Path, help="keep results here, as JSON lines; what is there counts as played"
    )
    parser.add_argument("--write", action="store_true", help="put the table into docs/guarantees.md")
    parser.add_argument("--list", action="store_true", help="name the scenarios")
    return parser.parse_args()


def _timed(wanted: Sequence[Scenario], minutes: float) -> Iterator[Scenario]:
    """Round robin until the time is over, the gates more often."""
    deadline = time.monotonic() + minutes * 60
    others = [s for s in wanted if not s.gate]
    while True:
        for number in range(GATES_PER_ROUND):
            share = others[number::GATES_PER_ROUND]
            for scenario in [*(s for s in wanted if s.gate), *share]:
                if time.monotonic() >= deadline:
                    return
                yield scenario


def _counted(
    wanted: Sequence[Scenario], arguments: argparse.Namespace, done: Sequence[Result]
) -> Iterator[Scenario]:
    """Each as often as it takes, in turn; what did not fail counts."""
    played = Counter(result.scenario for result in done if result.verdict is not Verdict.FAILED)
    left = {s.name: (arguments.gates if s.gate else arguments.others) - played[s.name] for s in wanted}
    while any(count > 0 for count in left.values()):
        for scenario in wanted:
            if left[scenario.name] > 0:
                left[scenario.name] -= 1
                yield scenario


async def _play_all(lab: Lab, plan: Iterator[Scenario], arguments: argparse.Namespace) -> list[Result]:
    await lab.prepare()
    seed = random.randrange(1, 1_000_000) if arguments.seed is None else arguments.seed
    played = []
    for scenario in plan:
        result = await play(scenario, lab, seed)
        seed += 1
        played.append(result)
        print(result.line(), flush=True)
        if result.logs:
            print(result.logs, file=sys.stderr, flush=True)
        if arguments.results:
            results.append(arguments.results, result)
    return played


if __name__ == "__main__":
    sys.exit(main())
