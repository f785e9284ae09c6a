import asyncio
from typing import cast

import pytest

from service.pipeline import watch as watch_module
from service.pipeline.conditions import Conditions
from service.pipeline.subscriber import Subscription
from service.pipeline.watch import CONDITION, Watch
from tests.support.waiting import until


class Consumer:
    answered = known = True

    def __init__(self, topic: str) -> None:
        self.topic = topic


async def test_a_kafka_without_answer_or_topic_is_told_until_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_module, "LOOK_SECONDS", 0)
    commands, references, conditions = Consumer("c"), Consumer("r"), Conditions()
    watch = Watch(cast("list[Subscription]", [commands, references]), conditions)
    assert not watch.alive
    watch.start()
    for _ in range(5):
        await asyncio.sleep(0)
    assert not conditions.reasons
    references.answered = False
    await until(lambda: CONDITION in conditions.reasons, 5, "it is told")
    references.answered = True
    await until(lambda: not conditions.reasons, 5, "it is over")
    commands.known = False
    await until(lambda: "topic c" in conditions.reasons, 5, "it is told that the topic is not there")
    assert conditions.reasons.keys() == {"topic c"}
    commands.known = True
    await until(lambda: not conditions.reasons, 5, "the topic is there again")
    assert watch.alive
    await watch.stop()
    assert not watch.alive
