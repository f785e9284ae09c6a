"""Markers of transactions behind the last record: progress moves over them, and over nothing else."""

from typing import Any, cast

import pytest

from service.pipeline import beyond as module
from service.pipeline.beyond import Beyond
from service.store.progress import Progress
from tests.unit.pipeline.group import DIGEST, Group, take


@pytest.fixture
def group(monkeypatch: pytest.MonkeyPatch) -> Group:
    return Group(monkeypatch)


@pytest.fixture
def beyond(group: Group, monkeypatch: pytest.MonkeyPatch) -> Beyond:
    monkeypatch.setattr(module, "BEYOND_SECONDS", 0.0)
    return Beyond(group.partitions)


async def test_progress_moves_over_what_is_no_record_once_it_was_the_last_thing_for_long(
    group: Group, beyond: Beyond
) -> None:
    group.stored, group.digests = Progress(0, 1, 5, digest=DIGEST), {4: DIGEST}
    held = await take(group)
    await beyond.nothing_fetched(cast("Any", group))
    await beyond.nothing_fetched(cast("Any", group))
    assert held.next_offset == 5
    for position in (6, 7):
        group.at = position
        await beyond.nothing_fetched(cast("Any", group))
        assert held.next_offset == 5, "it has only just passed it"
    await beyond.nothing_fetched(cast("Any", group))
    assert (held.next_offset, held.stored_offset, group.stored.next_offset) == (7, 7, 7)
    assert await group.partitions.changed() == []

    group.extent = (0, 7)
    await group.partitions.give_up()
    assert (await take(group)).stopped is None, "the record that was handled last stands a little before"
    group.digests = {4: b"another"}
    await group.partitions.give_up()
    assert (await take(group)).stopped


@pytest.mark.parametrize(
    "case", ["paused", "stopped", "nothing handled yet", "another took it", "no database"]
)
async def test_progress_does_not_move_over_what_is_not_known(group: Group, beyond: Beyond, case: str) -> None:
    group.stored = Progress(0, 1, None if case == "nothing handled yet" else 5)
    held = await take(group)
    next_offset = held.next_offset
    group.at = 7
    await beyond.nothing_fetched(cast("Any", group))
    if case == "paused":
        group.pause()
    elif case == "stopped":
        group.partitions.stop(0, "why")
    elif case == "another took it":
        group.taken_by_another()
    elif case == "no database":
        group.faults = [ConnectionRefusedError("nobody there")]
    await beyond.nothing_fetched(cast("Any", group))
    assert held.next_offset == next_offset
    assert group.stored.next_offset == held.stored_offset
