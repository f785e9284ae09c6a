"""The simulator and the worker were written apart: what one says must come, the other's pure core must do."""

import zlib
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from l1_walk_contracts import Topics
from service.dev.simulation.check import Found, compare
from service.dev.simulation.seen import Message, Seen
from service.dev.simulation.traffic import simulate
from service.domain.rules import Rules
from service.pipeline.decode import decode
from service.pipeline.fold import Effects, Fold, Known

PARTITIONS = 12
WRITTEN = 1_790_000_000_000


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_rules_bring_about_what_the_simulator_says(seed: int) -> None:
    traffic = simulate(400, seed)
    effects = handled([(record.key, record.value) for record in traffic.records])
    seen = Seen()
    for message in effects.messages:
        seen.add(
            Message(
                message.topic.removeprefix("l1.walk."), message.key, message.value, tuple(message.headers)
            )
        )
    rows = {str(session.id): msgspec.structs.asdict(session) for session in effects.started}

    report = compare(traffic.expected, Found(rows, seen))

    assert report.differences == []
    counted: dict[str, int] = {}
    for (outcome, _), count in effects.outcomes.items():
        counted[outcome] = counted.get(outcome, 0) + count
    assert counted == traffic.expected.outcomes


def handled(records: list[tuple[bytes | None, bytes | None]]) -> Effects:
    offsets = [0] * PARTITIONS
    consumed: list[Any] = []
    for key, value in records:
        partition = zlib.crc32(key or b"") % PARTITIONS
        consumed.append(
            SimpleNamespace(
                key=key,
                value=value,
                headers=(),
                timestamp=WRITTEN,
                partition=partition,
                offset=offsets[partition],
            )
        )
        offsets[partition] += 1
    return Fold(Topics(), Rules())(decode(consumed), Known({}, {}, (), ()))
