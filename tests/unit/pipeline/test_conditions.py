import logging

import pytest

from service.pipeline.conditions import Conditions


def test_each_change_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    conditions = Conditions()
    for reason in ("slow", "slow", "away", "away"):
        conditions.begin("database", reason)
    conditions.begin("partition 1", "poison", level=logging.ERROR)
    assert conditions.reasons == {"database": "away", "partition 1": "poison"}
    conditions.end("database")
    conditions.end("database")
    assert conditions.reasons == {"partition 1": "poison"}
    assert [(r.levelname, r.getMessage()) for r in caplog.records] == [
        ("WARNING", "database: slow"),
        ("WARNING", "database: away"),
        ("ERROR", "partition 1: poison"),
        ("INFO", "database: in order again"),
    ]


def test_reasons_are_for_reading() -> None:
    with pytest.raises(TypeError):
        Conditions().reasons["a"] = "b"  # type: ignore[index]


def test_a_reason_that_differs_by_a_number_is_not_said_again(caplog: pytest.LogCaptureFixture) -> None:
    conditions = Conditions()
    for number in (16384, 16391):
        conditions.begin("database", f'DiskFullError: could not extend file "base/5/{number}"')
    assert conditions.reasons == {"database": 'DiskFullError: could not extend file "base/5/16391"'}
    assert len(caplog.records) == 1
