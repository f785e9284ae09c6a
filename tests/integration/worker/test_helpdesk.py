"""The acceptance test: four years of a real help desk through a real worker; every row and event as expected."""

import importlib.util
import json
import random
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType

import psutil
import pytest

from service.dev.children import Children
from service.dev.simulation.expected import Record, Traffic
from service.dev.simulation.replayed import load
from tests.support.site import Site, open_site, site_settings
from tests.support.stream import all_done, feed, handled, until_handled, verdict
from tests.support.worker import WorkerProcess

SHARED = Path(__file__).parents[4] / "shared"
TOOL, DATA = SHARED / "tools/helpdesk_commands.py", SHARED / "data/helpdesk_events.csv.gz"
COMMANDS = 15_360
MEMORY = 200 * 1024 * 1024
"""Bytes that a worker may have in memory at any time."""

pytestmark = pytest.mark.skipif(
    not (TOOL.exists() and DATA.exists()),
    reason="the help desk's log is not here: it is not part of the product",
)


@pytest.fixture(scope="module")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> Traffic:
    tool = module(TOOL)
    commands, expected = tool.convert(tool.read(DATA, 0))
    folder = tmp_path_factory.mktemp("helpdesk")
    lines = "".join(json.dumps(command, separators=(",", ":")) + "\n" for command in commands)
    (folder / "commands.jsonl").write_text(lines)
    (folder / "expected.json").write_text(json.dumps(expected))
    traffic = load(folder / "commands.jsonl", folder / "expected.json")
    assert len(traffic.records) == COMMANDS
    return traffic


def module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


@pytest.fixture
async def site(database_url: str, bootstrap_servers: str, topic_prefix: str) -> AsyncIterator[Site]:
    settings = site_settings(database_url, bootstrap_servers, topic_prefix, topic_partitions=12)
    async with open_site(settings) as site:
        yield site


async def test_as_it_is(site: Site, children: Children, traffic: Traffic) -> None:
    await feed(site, traffic.records)
    worker = WorkerProcess(children, site.settings)
    await all_done(site, COMMANDS)
    assert peak_memory(worker.process.pid) < MEMORY
    assert await worker.stop() == 0
    report = await verdict(traffic.expected, site)
    assert report.differences == []
    assert (report.again, report.rejections.total(), report.dead_letters) == (0, 0, 0)
    assert sum(report.events.values()) == sum(traffic.expected.totals.values())


async def test_with_a_stop_and_a_start_in_the_middle(
    site: Site, children: Children, traffic: Traffic
) -> None:
    await feed(site, traffic.records)
    first = WorkerProcess(children, site.settings, WALK_BATCH_MAX="50")
    await until_handled(site, COMMANDS // 10)
    assert await first.stop() == 0
    assert await handled(site) < COMMANDS, "all was over before the stop"
    second = WorkerProcess(children, site.settings)
    await all_done(site, COMMANDS)
    assert await second.stop() == 0
    report = await verdict(traffic.expected, site)
    assert report.differences == []
    assert (report.again, report.rejections.total()) == (0, 0)


async def test_with_each_command_sent_twice(site: Site, children: Children, traffic: Traffic) -> None:
    twice = doubled(traffic.records)
    await feed(site, twice)
    worker = WorkerProcess(children, site.settings)
    await all_done(site, 2 * COMMANDS)
    assert await worker.stop() == 0
    report = await verdict(traffic.expected, site)
    assert report.differences == []
    assert (report.again, report.rejections.total()) == (0, 0)
    assert await site.count("l1_walk_inbox") == COMMANDS


def peak_memory(pid: int) -> int:
    """The most memory that a process had, in bytes; where the system does not tell, what it has now."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return int(psutil.Process(pid).memory_info().rss)
    [line] = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


def doubled(records: list[Record]) -> list[Record]:
    """Each record a second time, some time after the first, among the others."""
    rng = random.Random(7)
    at = [(number, record) for number, record in enumerate(records)]
    at += [(number + rng.randrange(1, 4_000), record) for number, record in at]
    return [record for _, record in sorted(at, key=lambda one: one[0])]
