"""The gates: what must hold before any change lands. `make chaos` plays them again and again, and all the others."""

import logging
import os
import random
from collections.abc import Iterator

import pytest

from tests.fault.catalogue import GATES, play
from tests.fault.lab import Lab
from tests.fault.results import Verdict
from tests.fault.scenario import Scenario
from tests.support.databases import apart


@pytest.fixture(scope="module")
def lab(java: None) -> Iterator[Lab]:
    with Lab() as lab:
        apart(lab.prepare())
        yield lab


@pytest.fixture
def seed() -> int:
    """`WALK_FAULT_SEED` plays again what a run before has played."""
    given = os.environ.get("WALK_FAULT_SEED")
    return int(given) if given else random.randrange(1, 1_000_000)


@pytest.fixture(autouse=True)
def quiet_clients() -> Iterator[None]:
    """aiokafka's clients of the test itself tell of brokers that are away: that is what this is about."""
    logger = logging.getLogger("aiokafka")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(before)


@pytest.mark.parametrize("scenario", GATES, ids=lambda scenario: scenario.name)
async def test_gate(scenario: Scenario, lab: Lab, seed: int) -> None:
    result = await play(scenario, lab, seed)
    print(result.line())
    again = f"again with: make chaos MINUTES=0.1 ONLY={scenario.name} SEED={seed}"
    if result.verdict is Verdict.FAILED:
        pytest.fail(f"{result.line()}\n{result.logs}\n{again}", pytrace=False)
    if result.verdict is Verdict.NOT_RUN:
        pytest.skip(result.why)
