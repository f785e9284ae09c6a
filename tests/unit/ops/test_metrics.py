import asyncpg

from service.ops.metrics import Metrics


def test_failures_are_told_by_what_failed_whose_fault_it_is_and_of_what_kind() -> None:
    metrics = Metrics()
    for error in (ConnectionRefusedError(), ConnectionResetError(), asyncpg.DiskFullError("m"), KeyError()):
        metrics.failed("batch", error)
    metrics.failed("publish", TimeoutError())
    told = [line for line in metrics.render().decode().splitlines() if line.startswith("walk_failures_total")]
    assert told == [
        'walk_failures_total{fault="world",kind="connection",what="batch"} 2.0',
        'walk_failures_total{fault="world",kind="disk",what="batch"} 1.0',
        'walk_failures_total{fault="data",kind="unforeseen",what="batch"} 1.0',
        'walk_failures_total{fault="world",kind="timeout",what="publish"} 1.0',
    ]
