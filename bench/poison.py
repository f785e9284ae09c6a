"""What poison costs its neighbours (`python -m bench.poison`): this worker beside itself, in alternation.

Clean and poisoned traffic of the same size are worked off in turn. Poison is of three kinds: what nobody can read,
types that nobody knows, and commands that the database refuses (a trigger, which stands for a fault of ours that only
the database meets: the batch has to be split to find them). The end is when every command is handled and nothing is
owed any more.
"""

import argparse
import asyncio
import random
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import asyncpg
import msgspec
import uvloop
from rich.console import Console
from rich.table import Table

from bench.contender import WORKER, ContenderError, now, running
from bench.kafka import produce, withheld
from bench.lab import Lab, World
from bench.traffic import make
from service.dev.errors import StackError
from service.dev.stack import EmbeddedStack

Record = tuple[bytes, bytes]

COMMANDS = 10_000
WARM_UP = 250
LOOK_SECONDS = 0.02
PATIENCE_SECONDS = 120.0
REFUSED = "refused by the database"
"""What a step answers that the database refuses."""

_REFUSE = f"""
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.walked_path @> '[{{"answer": "{REFUSED}"}}]' THEN RAISE EXCEPTION 'poison'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON l1_walk_sessions FOR EACH ROW EXECUTE FUNCTION refuse();
"""
_STANDS = """
SELECT (SELECT coalesce(sum(next_offset), 0) FROM l1_walk_progress WHERE topic = $1) AS handled,
  EXISTS (SELECT FROM l1_walk_outbox) AS owed
"""


@dataclass(frozen=True)
class Case:
    """Traffic with so many commands of each kind spoilt."""

    name: str
    unreadable: int = 0
    unsupported: int = 0
    refused: int = 0


CASES = (
    Case("clean"),
    Case("one that the database refuses", refused=1),
    Case("1,000 unreadable or of unknown types", unreadable=500, unsupported=500),
    Case("1,000 of all three kinds", unreadable=334, unsupported=333, refused=333),
)


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.poison", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured")
    rounds = parser.parse_args().rounds
    try:
        with EmbeddedStack("kafka") as stack:
            seconds = uvloop.run(_run(Lab(stack), rounds))
    except (StackError, ContenderError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    _show(seconds)
    return 0


def _show(seconds: dict[Case, list[float]]) -> None:
    table = Table("of 10,000 commands", "seconds", "commands/s", "of the clean speed", "costs", box=None)
    clean = statistics.median(seconds[CASES[0]])
    for case, took in seconds.items():
        middle = statistics.median(took)
        table.add_row(
            case.name,
            f"{middle:.2f}",
            f"{COMMANDS / middle:,.0f}",
            f"{clean / middle:.2f}",
            f"{middle - clean:.2f} s",
        )
    Console().print(table)


async def _run(lab: Lab, rounds: int) -> dict[Case, list[float]]:
    await lab.prepare()
    seconds: dict[Case, list[float]] = {case: [] for case in CASES}
    for number in range(rounds):
        for case in CASES:
            seconds[case].append(await _measure(lab, case, number))
            print(f"{case.name}: {seconds[case][-1]:.2f} s", file=sys.stderr)
    return seconds


async def _measure(lab: Lab, case: Case, seed: int) -> float:
    records = list(_spoilt(make(COMMANDS, seed=10 + seed).records[:COMMANDS], case, random.Random(seed)))
    async with lab.world() as world:
        connection = await asyncpg.connect(world.database)
        try:
            await connection.execute(_REFUSE)
            produce(world, make(WARM_UP, seed=1).records)
            with withheld(world, records) as commands, running(WORKER, world):
                before = await _reach(connection, world, WARM_UP)
                commands.commit_transaction()
                began = now()
                # Behind the commands of each partition stands the marker of the transaction.
                await _reach(connection, world, before + len(records))
                took = now() - began
            await _check(connection, case)
        finally:
            await connection.close()
    return took


async def _reach(connection: "asyncpg.Connection[asyncpg.Record]", world: World, handled: int) -> int:
    deadline = now() + PATIENCE_SECONDS
    while True:
        stands = await connection.fetchrow(_STANDS, world.topics.commands)
        if stands is not None and stands["handled"] >= handled and not stands["owed"]:
            return int(stands["handled"])
        if now() > deadline:
            raise ContenderError(f"not handled in {PATIENCE_SECONDS:.0f} s")
        await asyncio.sleep(LOOK_SECONDS)


async def _check(connection: "asyncpg.Connection[asyncpg.Record]", case: Case) -> None:
    rows = await connection.fetch("SELECT class, count(*) FROM l1_walk_dead_letters GROUP BY class")
    found = dict(map(tuple, rows))
    if found.get("unreadable", 0) != case.unreadable or bool(found.get("failed", 0)) != bool(case.refused):
        raise ContenderError(f"other dead letters than there was poison: {found}")


def _spoilt(records: Sequence[Record], case: Case, rng: random.Random) -> Iterator[Record]:
    """The records with poison in the place of some steps, each of another walk as long as there are enough."""
    steps = [n for n, (_, value) in enumerate(records) if b'"l1.walk.step.v1"' in value]
    first = list({records[n][0]: n for n in reversed(steps)}.values())
    rest = sorted(set(steps) - set(first))
    rng.shuffle(first)
    chosen = iter(first + rest)
    unreadable, unsupported, refused = (
        {next(chosen) for _ in range(count)} for count in (case.unreadable, case.unsupported, case.refused)
    )
    for number, (key, value) in enumerate(records):
        if number in unreadable:
            yield key, value[: len(value) // 2]
        elif number in unsupported:
            yield key, value.replace(b'"l1.walk.step.v1"', b'"l1.walk.step.v9"')
        elif number in refused:
            command = msgspec.json.decode(value)
            command["data"]["answer"] = REFUSED
            yield key, msgspec.json.encode(command)
        else:
            yield key, value


if __name__ == "__main__":
    sys.exit(main())
