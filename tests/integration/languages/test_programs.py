"""The programs of examples/upstream: whatever publishes a walk, the same comes of it."""

import asyncio
from datetime import datetime

import pytest
import pytest_asyncio

from tests.support.missing import cannot_have
from tests.support.servers import UnavailableError
from tests.support.site import Site
from tests.support.upstream_programs import PROGRAMS, Programs
from tests.support.upstream_walk import (
    ACCOUNT,
    RESOLVED,
    ROW,
    STARTED,
    SUMMARY,
    data_of,
    timeless,
    usual_partition,
    what_is_shown,
)

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(600)]
"""Go's first build takes minutes on a machine that has much else to do."""

ONCE = [name for name in PROGRAMS if not name.endswith("binary")]
"""Each in one mode alone."""
QUICK = [name for name in ONCE if "java/" not in name and "console" not in name]
"""Without those that Java takes seconds to start."""


@pytest_asyncio.fixture(params=PROGRAMS, loop_scope="module")
async def program(request: pytest.FixtureRequest, programs: Programs) -> str:
    try:
        await asyncio.to_thread(programs.prepare, request.param)  # the worker goes on meanwhile
    except UnavailableError as error:
        cannot_have(str(error))
    return str(request.param)


async def test_publishes_a_walk_and_shows_how_it_ended(site: Site, programs: Programs, program: str) -> None:
    code, said, errors = await programs.run(program, site.settings)
    assert code == 0, errors
    session_id, summary = what_is_shown(said)
    assert timeless(summary) == SUMMARY

    row = await site.session(session_id)
    assert row.pop("home_partition") == usual_partition(session_id, site.settings.topic_partitions)
    assert str(row.pop("id")) == session_id
    started_at, ended_at = row.pop("started_at"), row.pop("resolved_at")
    assert started_at <= ended_at == row.pop("last_step_at")
    assert isinstance(row.pop("updated_at"), datetime)
    assert timeless(row) == ROW

    started, resolved = await site.events(session_id)
    assert [started.session_version, resolved.session_version] == [1, 3]
    assert [started.account_id, resolved.account_id] == [ACCOUNT, ACCOUNT]
    seconds = int((ended_at - started_at).total_seconds())
    assert data_of(started, session_id, started_at=started_at) == STARTED
    times = {
        "started_at": started_at,
        "ended_at": ended_at,
        "duration_seconds": seconds,
        "active_seconds": seconds,
    }
    assert data_of(resolved, session_id, **times) == RESOLVED


@pytest.mark.parametrize("program", ONCE, indirect=True)
async def test_says_what_was_rejected(strict: Site, programs: Programs, program: str) -> None:
    code, said, errors = await programs.run(program, strict.settings)
    assert (code, said) == (1, "")
    assert "rejected" in errors
    for word in ("l1.walk.start.v1", "unknown_reference", "data.account_id"):
        assert word in errors


@pytest.mark.parametrize("program", QUICK, indirect=True)
async def test_says_that_nothing_came(silent: Site, programs: Programs, program: str) -> None:
    code, said, errors = await programs.run(program, silent.settings, seconds=1)
    assert (code, said) == (1, "")
    assert "does a worker run?" in errors
