"""The connector's big run: `python -m tests.connector_run --walks 2000 --vendor connectwise`.

Each event comes two or three times, each way of failing takes its share of the calls, and the instances are killed
with SIGKILL in turn. In the end each walk has exactly one note and one time entry, each ticket the status of its
newest walk, and no limit was ever passed; else it exits 1. Figures are printed as one line of JSON.
"""

import argparse
import asyncio
import json
import random
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from itertools import islice
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from l1_walk_contracts import Topics
from service.dev.children import Children
from tests.support.psa.connector import SECRETS, Connector
from tests.support.psa.desk import Desk
from tests.support.psa.simulator import Simulator
from tests.support.psa.traffic import delivered, internal, many
from tests.support.servers import open_kafka

FAULTS = ("429", "409", "500", "unanswered", "late", "slow")
PACE = {
    "TIMEOUT": "500ms",
    "SETTLE": "1s",
    "BACKOFF": "50ms",
    "LONGEST_BACKOFF": "1s",
    "LANES": "16",
    "ATTEMPTS": "30",
}
HOLD, SLOW = "0.8", "0.3"
QUIET_SECONDS = 4.0


class Fleet:
    """Instances on one store, of which one is killed every few seconds and started again."""

    def __init__(self, connector: Connector, count: int, kill_every: float, chance: random.Random) -> None:
        self._connector, self._chance, self._kill_every = connector, chance, kill_every
        self._instances = [self._start(number) for number in range(count)]
        self.kills = 0

    def _start(self, number: int) -> Any:
        self._connector.env["CONNECTOR_INSTANCE"] = f"instance-{number}"
        return self._connector.start()

    async def harass(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(self._chance.uniform(0.5, 1.5) * self._kill_every)
            victim = self.kills % len(self._instances)
            assert self._instances[victim].poll() is None, "an instance ended by itself"
            self._connector.kill(self._instances[victim])
            self.kills += 1
            self._instances[victim] = self._start(victim)

    async def stop(self) -> list[int]:
        """SIGTERM to all; their exit codes."""
        return [await self._connector.stop(instance) for instance in self._instances]


async def run(options: argparse.Namespace, desk: Desk) -> dict[str, Any]:
    chance = random.Random(options.seed)
    walks = many(options.walks, chance)
    stream = list(delivered(walks + internal(options.walks // 20), chance))
    began = time.monotonic()
    fleet = Fleet(desk.connector, options.instances, options.kill_every, chance)
    harassing = asyncio.create_task(fleet.harass())
    try:
        events = iter(stream)
        while chunk := list(islice(events, 500)):
            await desk.publish(*chunk)
        ended = asyncio.create_task(desk.written(*walks, timeout=options.patience))
        await asyncio.wait({ended, harassing}, return_when=asyncio.FIRST_COMPLETED)
        if not ended.done():
            harassing.result()
        ended.result()
    finally:
        harassing.cancel()
    took = time.monotonic() - began
    await asyncio.sleep(QUIET_SECONDS)  # what is written twice would be by now
    codes = await fleet.stop()
    assert codes == [0] * options.instances, codes
    parked = await desk.connector.say("parked")
    assert parked == "nothing is parked\n", parked
    seen = figures(options, desk, len(stream), fleet.kills, took)
    try:
        desk.once(*walks)
    except AssertionError:
        print(json.dumps(seen))
        raise
    return seen


def figures(options: argparse.Namespace, desk: Desk, events: int, kills: int, took: float) -> dict[str, Any]:
    shown = desk.psa.shown()
    return {
        "vendor": options.vendor,
        "walks": options.walks,
        "events": events,
        "kills": kills,
        "notes": len(shown["notes"]),
        "time entries": len(shown["times"]),
        "status changes": len(shown["statuses"]),
        "calls": sum(shown["faults"].values()),
        "faults": {name: shown["faults"].get(name, 0) for name in FAULTS},
        "most calls in a window": f"{shown['most_in_window']} of {options.calls} in {options.window} s",
        "most parallel calls": f"{shown['most_parallel']} of {options.parallel}",
        "seconds": round(took),
    }


async def topics(servers: str, prefix: str) -> None:
    names = Topics(prefix)
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, 12, 1) for name in (names.resolved, names.escalated)])
    finally:
        await admin.close()


async def whole(options: argparse.Namespace, servers: str) -> dict[str, Any]:
    """The run, on that Kafka; its figures."""
    with ExitStack() as stack:
        children = stack.enter_context(Children())
        prefix = f"run.{time.time_ns():x}"
        await topics(servers, prefix)
        rates = [word for fault in FAULTS for word in ("--fail", f"{fault}={options.rate}")]
        limits = {name: str(getattr(options, name)) for name in ("calls", "window", "parallel")}
        words = [word for name, value in limits.items() for word in (f"--{name}", value)]
        psa = Simulator(
            children, options.vendor, *rates, *words, "--hold", HOLD, "--slow", SLOW, "--seed",
            str(options.seed), "--retry-after", str(options.retry_after), "--quiet",
        )  # fmt: skip
        stack.enter_context(closing(psa))
        settings = PACE | {
            "CALLS": limits["calls"], "CALLS_WINDOW": f"{limits['window']}s", "PARALLEL": limits["parallel"]
        }  # fmt: skip
        desk = Desk(children, psa, servers, prefix, settings)
        try:
            return await run(options, desk)
        finally:
            if options.log:
                options.log.write(desk.connector.log())


def options(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vendor", choices=tuple(SECRETS), default="connectwise")
    parser.add_argument("--walks", type=int, default=2_000)
    parser.add_argument("--instances", type=int, default=2, help="connectors at the same time")
    parser.add_argument("--kill-every", type=float, default=4, help="seconds, on average")
    parser.add_argument("--rate", type=float, default=0.05, help="share of the calls that fail, in each way")
    parser.add_argument("--retry-after", type=float, default=1, help="seconds that a 429 asks for")
    parser.add_argument("--calls", type=int, default=150, help="allowed in --window")
    parser.add_argument("--window", type=float, default=10, help="seconds that stand for the hour")
    parser.add_argument("--parallel", type=int, default=3, help="calls at the same time to one endpoint")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--patience", type=float, default=1_800, help="seconds after which it has failed")
    parser.add_argument("--log", type=argparse.FileType("w"), help="where the connectors' log goes")
    return parser.parse_args(words)


def main() -> None:
    with ExitStack() as stack:
        servers = open_kafka(stack).bootstrap_servers
        print(json.dumps(asyncio.run(whole(options(), servers))))


if __name__ == "__main__":
    main()
