"""What operators and upstream do: deploys with migrations, clocks that are wrong, everything sent twice."""

import os
import shutil
from itertools import chain
from pathlib import Path

from service.store import migrate
from tests.fault.fleet import Worker
from tests.fault.lab import Lab
from tests.fault.run import Run
from tests.fault.scenario import Scenario

NEXT_REVISION = "fa0170000001"
MIGRATION = f'''"""What a next release might bring."""

from alembic import op

revision = "{NEXT_REVISION}"
down_revision = "{{head}}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE l1_walk_sessions ADD COLUMN next_release text DEFAULT 'x' NOT NULL")
    op.execute("ALTER TABLE l1_walk_inbox ADD COLUMN next_release integer")
    op.execute("CREATE INDEX ix_next_release ON l1_walk_sessions (next_release)")


def downgrade() -> None:
    op.execute("ALTER TABLE l1_walk_inbox DROP COLUMN next_release")
    op.execute("ALTER TABLE l1_walk_sessions DROP COLUMN next_release")
'''

AHEAD, BEHIND = "+1h", "-1h"


async def rolling_deploy(run: Run) -> None:
    """Three workers are replaced one by one with those of a next release, its migration first; then all of it back."""
    before, chain_before = migrate.head(), migrate._folder()
    folder = Path(run.lab.children.folder, f"{run.settings.topic_prefix}.migrations")
    shutil.copytree(chain_before, folder)
    (folder / "versions" / f"{NEXT_REVISION}_next_release.py").write_text(MIGRATION.format(head=before))
    release = {"WALK_FAULT_MIGRATIONS": str(folder)}

    workers = [run.fleet.start() for _ in range(3)]
    await run.fleet.ready()
    run.begin(seconds=40)
    await run.gets_on(50)
    migrated = await run.walk("migrate", **release)
    assert migrated.code == 0, migrated.err
    workers = await _roll(run, workers, release)
    await run.gets_on(50)
    await _back(run, folder, before)
    await _roll(run, workers, {})
    run.figures["migrations"] += 2


async def _roll(run: Run, workers: list[Worker], release: dict[str, str]) -> list[Worker]:
    replaced = []
    for worker in workers:
        await run.fleet.stop(worker)
        replaced.append(run.fleet.start(release))
        await run.fleet.ready()
    return replaced


async def _back(run: Run, folder: Path, revision: str) -> None:
    chain_before = migrate._folder
    migrate._folder = lambda: folder
    try:
        await migrate.downgrade(run.settings.require_database(), revision)
    finally:
        migrate._folder = chain_before


async def duplicates(run: Run) -> None:
    """Upstream sends every command again, some at once, some thousands later; workers come and go."""
    records = run.traffic.records
    at = [(float(n), record) for n, record in enumerate(records)]
    again = [
        (n + (0.5 if run.rng.random() < 0.5 else run.rng.uniform(1, len(records))), record)
        for n, record in at
    ]
    records[:] = [record for _, record in sorted(chain(at, again), key=lambda one: one[0])]
    workers = [run.fleet.start() for _ in range(2)]
    await run.fleet.ready()
    run.begin(seconds=15)
    for worker in workers:
        await run.gets_on(200)
        await run.fleet.stop(worker)
        run.fleet.start()


async def wrong_clocks(run: Run) -> None:
    """One worker lives an hour ahead, one an hour behind, and the clock of a third jumps to and fro."""
    library = {"LD_PRELOAD": str(faketime()), "DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    jumps = run.write("clock", "+0")
    run.fleet.start(library, FAKETIME=AHEAD)
    run.fleet.start(library, FAKETIME=BEHIND)
    run.fleet.start(library, FAKETIME_TIMESTAMP_FILE=str(jumps), FAKETIME_NO_CACHE="1")
    await run.fleet.ready(60)
    ahead, behind = (int(worker.log()[0]["at"][11:13]) for worker in run.fleet.running[:2])
    assert (ahead - behind) % 24 in {1, 2, 3}, "the workers' clocks are right: libfaketime does nothing here"
    run.begin(seconds=20)
    for number in range(16):
        await run.pause(run.rng.uniform(0.5, 1.5))
        run.write("clock", BEHIND if number % 2 else AHEAD)
        run.figures["clock jumps"] += 1


def faketime() -> Path | None:
    """Where libfaketime is; `LIBFAKETIME` names it where it is not installed."""
    given = os.environ.get("LIBFAKETIME")
    places = chain(
        [Path(given)] if given else [],
        Path("/usr/lib").glob("*/faketime/libfaketime.so.1"),
        Path("/usr/lib").glob("faketime/libfaketime.so.1"),
    )
    return next((place for place in places if place.exists()), None)


def _no_faketime(_: Lab) -> str | None:
    return None if faketime() else "libfaketime is not installed"


OPERATIONS = (
    Scenario(
        "rolling-deploy",
        "Three workers replaced one by one with a migration in it, and all of it rolled back.",
        rolling_deploy,
    ),
    Scenario("duplicates", "Every command sent twice, near and far apart.", duplicates, cases=300),
    Scenario(
        "wrong-clocks",
        "Workers whose clocks are an hour ahead, an hour behind, and jump.",
        wrong_clocks,
        missing=_no_faketime,
    ),
)
