"""Commands that nobody can handle, and their way back: redriven and discarded while workers are killed."""

import asyncio
import json

from service.dev.simulation.expected import DeadLetter, Record
from tests.fault.fleet import Worker
from tests.fault.run import Run
from tests.fault.scenario import Scenario

FAILING_WALKS = 0.3
POISONED = 0.05
"""Of all commands."""


async def redrive_under_kills(run: Run) -> None:
    """Workers with a fault put commands in the middle of walks aside; then workers without it get them all again.

    Workers are killed meanwhile, and so is the command that redrives. It ends as if the fault had never been.
    """
    walks = _walks(run.traffic.records)
    chosen = [run.rng.choice(walks[key]) for key in walks if run.rng.random() < FAILING_WALKS]
    await _let_fail(run, chosen)

    workers = [run.fleet.start(short_session=True) for _ in range(2)]
    killing = asyncio.create_task(_kill_and_replace(run, workers))
    try:
        first = await run.start_walk("dead-letters", "redrive", "--all", "--rate", "12", "--json")
        await run.pause(run.rng.uniform(3, 5))
        first.kill()
        await first.communicate()
        await _settle(run, "redrive", "--all", "--rate", "12")
    finally:
        killing.cancel()
        await asyncio.gather(killing, return_exceptions=True)
    await _nothing_is_left(run)


async def poison(run: Run) -> None:
    """One command in twenty is poison of one of three kinds; all are redriven twice, and what remains is discarded."""
    records, rng = run.traffic.records, run.rng
    walks = _walks(records)
    ours = rng.sample(sorted(walks), min(len(walks), int(len(records) * POISONED)))
    fail = [rng.choice(walks[key]) for key in ours[0::3]]
    before = {id(rng.choice(walks[key])): _unsupported for key in ours[1::3]}
    before |= {id(rng.choice(walks[key])): _unreadable for key in ours[2::3]}
    sent: list[Record] = []
    for record in records:
        if (make := before.get(id(record))) is not None:
            bad, letter_class = make(record)
            sent.append(bad)
            run.traffic.expected.dead_letters[DeadLetter(bad.key, bad.value, letter_class)] += 1
        sent.append(record)
    records[:] = sent
    await _let_fail(run, fail, in_vain=True)

    workers = [run.fleet.start(short_session=True) for _ in range(2)]
    killing = asyncio.create_task(_kill_and_replace(run, workers))
    try:
        await _settle(run, "redrive", "--class", "failed")
        await _settle(run, "redrive", "--all", "--keep-going", fails=True)
        await _settle(run, "discard", "--all", "--yes", "--why", "nobody can handle it")
    finally:
        killing.cancel()
        await asyncio.gather(killing, return_exceptions=True)
    await _nothing_is_left(run)


async def _let_fail(run: Run, chosen: list[Record], *, in_vain: bool = False) -> None:
    """Handle all that upstream sends with workers that fail on these commands; redrive them there too, in vain."""
    for record in chosen:
        run.traffic.expected.dead_letters[DeadLetter(record.key, record.value, "failed")] += 1
    run.figures["poisoned"] += run.traffic.expected.dead_letters.total()
    ids = run.write("failing", "\n".join(json.loads(record.value or b"")["id"] for record in chosen))
    faulty = [run.fleet.start(short_session=True, WALK_FAULT_FAIL_ON=str(ids)) for _ in range(2)]
    await run.fleet.ready()
    run.begin(seconds=3)
    await run.drained(60)
    [row] = await run.query("SELECT count(*) FROM l1_walk_dead_letters WHERE class <> 'parked'")
    assert row[0] == run.figures["poisoned"], f"{row[0]} dead letters, expected {run.figures['poisoned']}"
    [row] = await run.query("SELECT count(*) FROM l1_walk_dead_letters WHERE class = 'parked'")
    run.figures["parked"] += row[0]
    if in_vain:
        await _redrive_in_vain(run)
    for worker in faulty:
        run.fleet.kill(worker)


async def _redrive_in_vain(run: Run) -> None:
    """Send all through workers that fail on them again."""
    await _settle(run, "redrive", "--all", "--keep-going", fails=True)
    [row] = await run.query(
        "SELECT count(*) FROM l1_walk_dead_letters WHERE class <> 'parked' AND attempts > 0"
    )
    assert row[0] == run.figures["poisoned"], f"{row[0]} were tried again, expected {run.figures['poisoned']}"


async def _settle(run: Run, verb: str, *options: str, fails: bool = False) -> None:
    """`walk dead-letters redrive|discard`, to its end."""
    said = await run.walk("dead-letters", verb, *options, "--json", "--timeout", "45")
    run.figures["settling runs"] += 1
    assert said.code == int(fails), (
        f"walk dead-letters {verb} ended with {said.code}: {said.out[-600:]}{said.err}"
    )


async def _kill_and_replace(run: Run, workers: list[Worker]) -> None:
    """Kill a worker that is at work, again and again; it is replaced at once."""
    number = 0
    while True:
        number += 1
        victim = workers[number % 2]
        await victim.ready(60)
        await asyncio.sleep(run.rng.uniform(0, 1.5))
        run.fleet.kill(victim)
        workers[number % 2] = run.fleet.start(short_session=True)


async def _nothing_is_left(run: Run) -> None:
    rows = await run.query("SELECT id FROM l1_walk_dead_letters WHERE state = 'open'")
    assert not rows, f"{len(rows)} dead letters are still open"
    rows = await run.query("SELECT session_id FROM l1_walk_held")
    assert not rows, f"{len(rows)} sessions are still held"


def _walks(records: list[Record]) -> dict[bytes, list[Record]]:
    walks: dict[bytes, list[Record]] = {}
    for record in records:
        walks.setdefault(record.key or b"", []).append(record)
    return walks


def _unsupported(record: Record) -> tuple[Record, str]:
    """A command of a later version, in the walk of this one."""
    told = json.loads(record.value or b"")
    later = {**told, "id": f"{told['id']}-later", "type": "l1.walk.step.v9"}
    return Record(record.key, json.dumps(later).encode()), "unsupported"


def _unreadable(record: Record) -> tuple[Record, str]:
    """A command that was cut on its way, under the key of this one."""
    return Record(record.key, (record.value or b"")[:-30]), "unreadable"


POISON = (
    Scenario(
        "redrive-under-kills",
        "A fault in the middle of walks, redriven in order while workers are killed: as if it had never been.",
        redrive_under_kills,
        gate=True,
        cases=250,
    ),
    Scenario(
        "poison",
        "5% poison of every kind, redriven twice while workers are killed, the rest discarded.",
        poison,
    ),
)
