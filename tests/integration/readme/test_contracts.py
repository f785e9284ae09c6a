"""The programs of the contracts' README, on a running worker."""

import signal
import sys
from asyncio import create_subprocess_exec, timeout
from asyncio.subprocess import PIPE

from l1_walk_contracts import Verb
from tests.support.shown import PATIENCE, put, python_programs
from tests.support.site import Site
from tests.support.walk import Walk


async def test_publishing_starts_a_walk(site: Site) -> None:
    prefix = site.settings.topic_prefix
    program = put(
        python_programs()[0],
        {
            "localhost:9092": site.settings.require_kafka(),
            "TicketKind, WalkCommands": "TicketKind, Topics, WalkCommands",
            'source="/product"': f"source='/product', topics=Topics('{prefix}')",
        },
    )
    process = await create_subprocess_exec(sys.executable, "-W", "error", "-c", program)
    async with timeout(PATIENCE):
        assert await process.wait() == 0
    await site.all_handled()
    row = await site.database.fetchrow("SELECT status, ticket_id FROM l1_walk_sessions")
    assert row is not None
    assert tuple(row) == ("active", "T1")


async def test_consuming_prints_what_ended_before_it_began(site: Site) -> None:
    walk = Walk()
    start = walk.start(ticket={"id": "T-77", "kind": "psa"})
    await site.handled(*await site.send(start, walk.send(Verb.RESOLVE, resolution_notes="A new cable.")))
    program = put(
        python_programs()[1],
        {
            "localhost:9092": site.settings.require_kafka(),
            '"my-psa"': f"'my-psa', ['{site.topics.resolved}']",
        },
    )
    process = await create_subprocess_exec(
        sys.executable, "-W", "error", "-u", "-c", program, stdout=PIPE, stderr=PIPE
    )
    assert process.stdout is not None
    try:
        async with timeout(PATIENCE):
            line = await process.stdout.readline()
    finally:
        process.send_signal(signal.SIGINT)
        _, errors = await process.communicate()
    assert line.decode().startswith("T-77 0 L1 walk of ticket T-77: RESOLVED"), errors.decode()
