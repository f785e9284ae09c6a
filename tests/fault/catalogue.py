"""All scenarios, and the playing of one."""

import time
from datetime import UTC, datetime

from tests.fault.lab import Lab
from tests.fault.results import Result, Verdict
from tests.fault.run import DifferentError, open_run
from tests.fault.scenario import Scenario
from tests.fault.scenarios.broker import BROKER
from tests.fault.scenarios.database import DATABASE
from tests.fault.scenarios.disk import DISK
from tests.fault.scenarios.network import NETWORK
from tests.fault.scenarios.operations import OPERATIONS
from tests.fault.scenarios.poison import POISON
from tests.fault.scenarios.workers import WORKERS
from tests.fault.traffic import help_desk

ALL: tuple[Scenario, ...] = (*WORKERS, *POISON, *NETWORK, *DATABASE, *BROKER, *DISK, *OPERATIONS)
GATES = tuple(scenario for scenario in ALL if scenario.gate)


async def play(scenario: Scenario, lab: Lab, seed: int) -> Result:
    """Play a scenario once; never raises for what it finds."""
    began, at = time.monotonic(), datetime.now(UTC).isoformat(timespec="seconds")
    result = Result(scenario=scenario.name, seed=seed, at=at)
    if missing := scenario.missing(lab):
        result.verdict, result.why = Verdict.NOT_RUN, missing
        return result
    traffic = help_desk(scenario.cases, seed)
    await lab.mend()
    run = await open_run(lab, scenario.settings, traffic, seed)
    try:
        await scenario.play(run)
        await run.come_to_an_end()
        await run.judge()
    except DifferentError as error:
        result.fail(str(error), run.fleet.logs())
        result.differences = len(error.differences)
    except Exception as error:
        result.fail(f"{type(error).__name__}: {error}", run.fleet.logs())
    finally:
        result.figures = dict(run.figures)
        result.healed_in = round(run.healed_in, 1)
        result.seconds = round(time.monotonic() - began, 1)
        await lab.mend()
        await run.close()
    return result
