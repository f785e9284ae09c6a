"""The contracts by themselves: pydantic alone is imported, and their types hold where they are installed."""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[3]
IMPORTED = """
import sys, l1_walk_contracts, l1_walk_contracts.schemas, l1_walk_contracts.reference
import l1_walk_contracts.compatibility, l1_walk_contracts.testing
there = {name.partition(".")[0] for name in sys.modules}
print(sorted(there & {"aiokafka", "confluent_kafka", "service", "msgspec", "asyncpg", "faststream", "httpx"}))
"""
PROGRAM = """
from uuid import UUID

from l1_walk_contracts import OutRecord, ResolvedData, Ticket, TicketKind, WalkCommands, decode_event
from l1_walk_contracts.aiokafka import Consumer, Publisher
from l1_walk_contracts.testing import Factory, FakeWorker


async def publish(account: UUID, user: UUID) -> int:
    walk = WalkCommands(account_id=account, user_id=user, source="/mine")
    record: OutRecord = walk.start_adhoc(Ticket("T1", TicketKind.PSA), expected_version=1)
    async with Publisher("localhost:9092") as publisher:
        [place] = await publisher.send(record)
    return place.offset


async def consume() -> str | None:
    async with Consumer("localhost:9092", "mine") as consumer:
        async for received in consumer:
            if isinstance(received.event.data, ResolvedData):
                return received.event.data.summary
    return None


def decide() -> bool | None:
    fake = FakeWorker()
    for record in Factory(1).resolved_walk():
        fake.send(record)
    event = decode_event(fake.records[fake.topics.resolved][0])
    return event.data.helpful if isinstance(event.data, ResolvedData) else None
"""
WRONG = PROGRAM.replace('Ticket("T1", TicketKind.PSA)', '"T1"')


def test_nothing_but_pydantic_is_needed() -> None:
    said = subprocess.run([sys.executable, "-c", IMPORTED], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_the_types_hold_for_who_installs_the_wheel(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--quiet"]
    subprocess.run([*build, "-w", str(tmp_path), str(ROOT / "contracts")], check=True)
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        assert "l1_walk_contracts/py.typed" in packed.namelist()
        packed.extractall(tmp_path / "installed")
    for name, program in (("right", PROGRAM), ("wrong", WRONG)):
        file = tmp_path / f"{name}.py"
        file.write_text(program)
        mypy = [sys.executable, "-m", "mypy", "--strict", "--config-file", "", str(file)]
        said = subprocess.run(
            mypy, cwd=tmp_path, env={"MYPYPATH": str(tmp_path / "installed"), "PATH": ""},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        found = [line for line in said.stdout.splitlines() if line.startswith(file.name)]
        assert len(found) == (name == "wrong"), said.stdout + said.stderr
