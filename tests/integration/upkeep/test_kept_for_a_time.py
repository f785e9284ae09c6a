"""Retention in the running worker: commands are forgotten, and still nothing counts twice."""

from datetime import timedelta

from l1_walk_contracts import RejectionReason, Verb
from tests.support.site import PATIENCE, Site
from tests.support.waiting import until
from tests.support.walk import Walk
from tests.support.worker import working


async def test_what_is_forgotten_counts_no_second_time(site: Site) -> None:
    walk, escalated, active = Walk(), Walk(), Walk()
    commands = [walk.start(), walk.step("n"), walk.send(Verb.RESOLVE)]
    born = escalated.send(Verb.ESCALATE_WITHOUT_WALK)
    async with working(site.settings.model_copy(update={"idle_after": None})):
        await site.handled(*await site.send(*commands, born, active.start()))
        before = [await site.session(one.id) for one in (walk, escalated)]
        await site.database.execute(
            "UPDATE l1_walk_sessions SET updated_at = now() - $1::interval", timedelta(days=31)
        )
        await until(lambda: only_remembers(site, active), PATIENCE, "the ended walks' commands are forgotten")
        await site.handled(*await site.send(*commands, born))
    for one, row in zip((walk, escalated), before, strict=True):
        after = await site.session(one.id)
        assert {**after, "updated_at": None} == {**row, "updated_at": None}
    reasons = [event.data.reason for event in await site.rejections(walk.id)]  # type: ignore[union-attr]
    assert reasons == [RejectionReason.SESSION_EXISTS, *[RejectionReason.SESSION_NOT_ACTIVE] * 2]
    assert await site.told(walk.id) == ["started", "resolved", *["command-rejected"] * 3]
    assert await site.told(escalated.id) == ["escalated", "command-rejected"]


async def only_remembers(site: Site, walk: Walk) -> bool:
    rows = await site.database.fetch("SELECT DISTINCT session_id FROM l1_walk_inbox")
    return [str(row[0]) for row in rows] == [walk.id]
