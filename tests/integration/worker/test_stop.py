"""SIGTERM: what is begun is finished, and whoever comes next goes on there."""

import asyncio
import json

import psutil

from service.dev.children import Children
from service.dev.simulation.traffic import simulate
from tests.support.site import Site
from tests.support.stream import all_done, committed, feed, handled, members, until_handled, verdict
from tests.support.worker import WorkerProcess


async def test_a_stop_in_mid_stream_loses_nothing_and_doubles_nothing(site: Site, children: Children) -> None:
    traffic = simulate(500)
    total = len(traffic.records)
    await feed(site, traffic.records)
    first = WorkerProcess(children, site.settings)
    await until_handled(site, total // 8)
    assert await first.stop() == 0
    stopped_at = await handled(site)
    assert stopped_at < total, "the stream was over before the stop: make it longer"
    assert not await site.count("l1_walk_outbox")
    progress = {p: offset for p, offset in (await site.progress()).items() if offset}
    assert await committed(site) == progress
    assert await members(site) == 0
    assert [entry["message"] for entry in first.log()][-1] == "stopped"
    ours = [entry for entry in first.log() if entry["logger"].startswith("service")]
    others = [entry for entry in ours if not entry["message"].startswith("put aside as dead letters")]
    assert {entry["level"] for entry in others} == {"info"}

    second = WorkerProcess(children, site.settings)
    await all_done(site, total)
    await second.ready()
    report = await verdict(traffic.expected, site)
    assert report.differences == []
    assert report.again == 0
    assert await second.stop() == 0


async def test_workers_that_stop_all_at_once_stop_in_good_order(site: Site, children: Children) -> None:
    traffic = simulate(100)
    workers = [WorkerProcess(children, site.settings) for _ in range(2)]
    await asyncio.gather(*(worker.ready() for worker in workers))
    await feed(site, traffic.records)
    assert await asyncio.gather(*(worker.stop() for worker in workers)) == [0, 0]
    last = WorkerProcess(children, site.settings)
    await all_done(site, len(traffic.records))
    assert (await verdict(traffic.expected, site)).differences == []
    assert await last.stop() == 0


async def test_what_a_worker_answers(site: Site, children: Children) -> None:
    worker = WorkerProcess(children, site.settings)
    await worker.ready()
    assert worker.get("/livez") == (200, '{"live": true}')
    assert json.loads(worker.get("/readyz")[1]) == {"ready": True, "reasons": {}}
    assert worker.get("/nothing")[0] == 404
    status, document = worker.get("/asyncapi.json")
    assert (status, json.loads(document)["asyncapi"]) == (200, "3.0.0")
    assert site.topics.commands in document
    await feed(site, simulate(20).records)
    await all_done(site, len(simulate(20).records))
    status, metrics = worker.get("/metrics")
    assert status == 200
    for name in (
        'walk_commands_total{outcome="accepted",reason=""}',
        'walk_lag_messages{partition="5"} 0.0',
        "walk_batch_size_bucket",
        'walk_batch_phase_seconds_count{phase="commit"}',
        "walk_outbox_waiting 0.0",
        "process_resident_memory_bytes",
    ):
        assert name in metrics, name
    listening = {
        c.laddr.ip for c in psutil.Process(worker.process.pid).net_connections() if c.status == "LISTEN"
    }
    assert listening == {"127.0.0.1"}
    assert await worker.stop() == 0
