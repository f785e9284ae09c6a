"""Dead letters of a type that nobody knew go through by themselves once a worker knows it (design 4)."""

import json
from datetime import timedelta

from l1_walk_contracts import Verb
from service.ops.upkeep.known_types import BY, REASON
from service.store import unsupported
from service.store.database import Connection
from tests.support.letters import letters, unknown_type
from tests.support.site import PATIENCE, Site
from tests.support.waiting import until
from tests.support.walk import Walk
from tests.support.worker import working


async def become_known(site: Site, walk: Walk) -> None:
    """What a new release does: its `note.v2` is what ours calls `note.v1`."""
    for letter in await letters(site, f"session_id = '{walk.id}' AND class = 'unsupported'"):
        envelope = json.loads(letter["value"]) | {"type": Verb.NOTE.type}
        await site.database.execute(
            "UPDATE l1_walk_dead_letters SET value = $2 WHERE id = $1",
            letter["id"],
            json.dumps(envelope).encode(),
        )


async def test_a_letter_goes_through_once_its_type_is_known(site: Site) -> None:
    walk, other = Walk(), Walk()
    async with working(site.settings):
        commands = [walk.start(), unknown_type(walk), walk.step("n"), other.start(), unknown_type(other)]
        await site.handled(*await site.send(*commands))
        assert await site.count("l1_walk_dead_letters", "state = 'open'") == 3
        await become_known(site, walk)
        await until(lambda: is_settled(site, walk), PATIENCE, "the letter is redriven")
        await site.all_handled()
    assert (await site.session(walk.id))["version"] == 3
    for letter in await letters(site, f"session_id = '{walk.id}'"):
        assert (letter["state"], letter["outcome"], letter["attempts"]) == ("redriven", "accepted", 0)
        assert (letter["settled_by"], letter["settled_reason"]) == (BY, REASON)
    [unknown] = await letters(site, "state = 'open'")
    assert (str(unknown["session_id"]), unknown["class"], unknown["attempts"]) == (other.id, "unsupported", 0)
    assert await site.rejections(walk.id) == []


async def is_settled(site: Site, walk: Walk) -> bool:
    return not await site.count("l1_walk_dead_letters", "session_id = $1::uuid AND state = 'open'", walk.id)


async def test_the_oldest_come_first_and_what_failed_again_waits(site: Site, connection: Connection) -> None:
    walks = [Walk() for _ in range(3)]
    async with working(site.settings):
        await site.handled(*await site.send(*(unknown_type(walk) for walk in walks), unknown_type(walks[0])))
    topic = site.topics.commands
    found = await unsupported.find(connection, topic, None, 10)
    assert {str(letter.session_id) for letter in found} == {walk.id for walk in walks}
    assert found == sorted(found)
    assert await unsupported.find(connection, topic, found[0].place, 1) == found[1:2]
    assert await unsupported.find(connection, "another", None, 10) == []
    for attempts, ago, left in (
        (1, 1, False),
        (1, 3, True),
        (5, 20, False),
        (5, 40, True),
        (10_000, 60 * 25, True),
    ):
        await connection.execute(
            "UPDATE l1_walk_dead_letters SET attempts = $1, updated_at = now() - $2::interval",
            attempts,
            timedelta(minutes=ago),
        )
        assert bool(await unsupported.find(connection, topic, None, 10)) is left
