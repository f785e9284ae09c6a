"""Without its database for long, the group is left; once it answers, it is joined again."""

from collections.abc import AsyncIterator
from typing import cast

import pytest

from service.pipeline import absence as module
from service.pipeline.absence import CONDITION, Absence, Membership
from service.pipeline.conditions import Conditions
from service.pipeline.partitions import Partitions
from service.pipeline.subscriber import Subscription
from tests.support.waiting import until


class Worker:
    """A subscription and its partitions."""

    alive = True
    joined = True
    fault: Exception | None = None

    def __init__(self) -> None:
        self.done: list[str] = []
        self.numbers: list[int] = []
        self.conditions = Conditions()
        self.absence = Absence(
            (Membership(cast("Subscription", self), cast("Partitions", self)),), self.conditions
        )

    async def changed(self) -> list[int]:
        if self.fault is not None:
            raise self.fault
        return self.numbers

    async def reload(self, numbers: list[int]) -> None:
        if numbers:
            self.done.append(f"reload {numbers}")
            self.numbers = []

    async def give_up(self) -> None:
        self.done.append("give up")

    def leave(self) -> None:
        self.done.append("leave")

    def join(self) -> None:
        self.done.append("join")


@pytest.fixture
async def worker(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Worker]:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.005)
    monkeypatch.setattr(module, "LOOKS", 10)
    worker = Worker()
    worker.absence.start()
    yield worker
    assert worker.absence.alive
    await worker.absence.stop()
    assert not worker.absence.alive


async def test_the_group_is_left_once_and_joined_again(worker: Worker) -> None:
    worker.fault = ConnectionRefusedError("nobody there")
    await until(lambda: "leave" in worker.done, 5, "it has left")
    assert worker.done == ["give up", "leave"]
    assert not worker.joined
    assert worker.conditions.reasons[CONDITION].endswith("ConnectionRefusedError: nobody there")
    worker.fault = None
    await until(lambda: "join" in worker.done, 5, "it is back")
    assert worker.done == ["give up", "leave", "join"]
    assert not worker.conditions.reasons


async def test_what_was_set_behind_our_back_is_loaded(worker: Worker) -> None:
    worker.numbers = [3]
    await until(lambda: worker.done, 5, "it is loaded")
    assert worker.done == ["reload [3]"]


async def test_who_is_no_member_yet_does_not_leave(worker: Worker) -> None:
    worker.alive = False
    worker.fault = ConnectionRefusedError()
    await until(lambda: worker.absence._missed > 20, 5, "it would have left")
    assert not worker.done
