"""What cannot be handled, and that its neighbours are, with one worker at work."""

import json
import uuid
from typing import Any

from l1_walk_contracts import CommandRejectedData, Event, Verb
from service.store.outbox import unpack_headers
from tests.support.site import Site
from tests.support.walk import STRUCTURED, Sending, Walk


async def rejected(site: Site, walk: Walk) -> tuple[Event, CommandRejectedData]:
    [event] = await site.rejections(walk.id)
    assert isinstance(event.data, CommandRejectedData)
    return event, event.data


async def test_what_nobody_can_read_is_a_dead_letter_whole_and_with_its_origin(running: Site) -> None:
    headers = (("twice", b"1"), ("twice", b"2"), ("null", None), ("bytes", b"\xff\xfe"), STRUCTURED)
    garbage = Sending(b"\x00key\xff", b"\x00\xff{", headers)
    [place] = await running.send(garbage)
    await running.handled(place)

    letters = [r for r in await running.read(running.topics.dead_letter) if r.key == garbage.key]
    assert [(r.value, r.partition, r.headers[:5]) for r in letters] == [
        (garbage.value, place.partition, headers)
    ]
    told = dict(letters[0].headers[5:])
    timestamp = int(told.pop("x-walk-origin-timestamp"))
    assert told == {
        "x-walk-class": b"unreadable",
        "x-walk-error": told["x-walk-error"],
        "x-walk-origin-topic": running.topics.commands.encode(),
        "x-walk-origin-partition": str(place.partition).encode(),
        "x-walk-origin-offset": str(place.offset).encode(),
    }
    assert told["x-walk-error"].startswith(b"no JSON")
    row = await running.database.fetchrow(
        'SELECT * FROM l1_walk_dead_letters WHERE partition = $1 AND "offset" = $2', *place
    )
    assert row is not None
    assert (row["key"], row["value"]) == (garbage.key, garbage.value)
    assert tuple(map(tuple, unpack_headers(row["headers"]))) == headers
    assert (row["class"], row["state"], row["session_id"]) == ("unreadable", "open", None)
    assert round(row["record_timestamp"].timestamp() * 1000) == timestamp


async def test_a_record_without_key_or_value_is_a_dead_letter(running: Site) -> None:
    places = await running.send(Sending(b"", b"", ()), Sending(None, b"{}"), Sending(b"k", None))
    places.append(await running.send_nothing())
    await running.handled(*places)
    kept = [
        await running.database.fetchrow(
            'SELECT key, value FROM l1_walk_dead_letters WHERE partition = $1 AND "offset" = $2', *place
        )
        for place in places
    ]
    assert [row and tuple(row) for row in kept] == [(b"", b""), (None, b"{}"), (b"k", None), (None, None)]
    told = {r.value for r in await running.read(running.topics.dead_letter) if not r.key}
    assert told >= {b"", b"{}", None}


async def test_what_is_too_large_to_read_is_a_dead_letter_whole(running: Site) -> None:
    large = Sending(b"large", b"x" * 1_000_000)
    [place] = await running.send(large)
    await running.handled(place)
    [letter] = [r for r in await running.read(running.topics.dead_letter) if r.key == large.key]
    assert letter.value == large.value
    assert dict(letter.headers)["x-walk-error"] == b"over 512 KiB"


async def test_a_breach_of_the_contract_is_rejected_with_the_fields_named(running: Site) -> None:
    walk = Walk()
    bad = walk.start(session_kind="flow", flow_id=None, ticket={"id": "x" * 65, "kind": "psa"}, user_id="me")
    [place] = await running.send(bad)
    await running.handled(place)
    event, data = await rejected(running, walk)
    assert data.reason == "invalid"
    assert [error.field for error in data.errors or ()] == ["data.user_id", "data.ticket.id"]
    assert (data.origin.topic, data.origin.partition, data.origin.offset) == (running.topics.commands, *place)
    assert data.command is not None
    assert data.command.value == (bad.value or b"").decode()
    assert event.causation_id == json.loads(bad.value or b"")["id"]
    assert not await running.count("l1_walk_sessions", "id = $1::uuid", walk.id)
    assert not await running.count("l1_walk_inbox", "session_id = $1::uuid", walk.id)


async def test_another_key_than_the_session_is_a_breach(running: Site) -> None:
    walk = Walk()
    await running.handled(*await running.send(walk.start()._replace(key=str(uuid.uuid4()).encode())))
    _, data = await rejected(running, walk)
    assert [error.field for error in data.errors or ()] == ["key"]


async def test_text_that_postgresql_cannot_hold_is_a_breach(running: Site) -> None:
    walk = Walk()
    await running.handled(
        *await running.send(
            walk.start(), walk.send(Verb.NOTE, text="a\0b"), walk.send(Verb.NOTE, text="\ud800")
        )
    )
    events = await running.rejections(walk.id)
    assert [[e.field for e in event.data.errors or ()] for event in events] == [["data.text"]] * 2  # type: ignore[union-attr]


async def test_a_rule_that_says_no_is_told_with_its_reason(running: Site) -> None:
    walk = Walk()
    await running.handled(
        *await running.send(
            walk.start(session_kind="adhoc", flow_id=None), walk.step("n"), walk.send(Verb.NOTE)
        )
    )
    event, data = await rejected(running, walk)
    assert (data.reason, data.errors, event.session_version) == ("adhoc_has_no_nodes", None, 1)
    assert (await running.session(walk.id))["version"] == 2
    assert (
        await running.count("l1_walk_inbox", "session_id = $1::uuid AND outcome = 'rejected'", walk.id) == 1
    )


async def test_the_walk_of_another_account_is_not_told_of(running: Site) -> None:
    walk = Walk()
    stranger = Walk(walk.id)
    await running.handled(*await running.send(walk.start(), stranger.step("n")))
    event, data = await rejected(running, walk)
    assert (data.reason, event.session_version) == ("session_not_found", None)


async def test_neighbours_go_on(running: Site) -> None:
    walk, other = Walk(), Walk()
    places = await running.send(
        walk.start(),
        Sending(walk.id.encode(), b"?"),
        walk.send(Verb.NOTE, text=""),
        walk.step("a"),
        other.step("never started"),
        walk.send(Verb.REWIND, node_id="never walked"),
        walk.send(Verb.RESOLVE, resolution_notes="done"),
    )
    await running.handled(*places)
    assert (await running.session(walk.id))["status"] == "resolved"
    reasons = [event.data.reason for event in await running.rejections(walk.id)]  # type: ignore[union-attr]
    assert reasons == ["invalid", "node_not_walked"]
    assert (await rejected(running, other))[1].reason == "session_not_found"


async def test_a_session_lives_in_the_partition_that_it_began_in(running: Site) -> None:
    walk = Walk()
    await running.handled(*await running.send(walk.start(), partition=0))
    strayed = walk.step("n")
    await running.handled(*await running.send(strayed, partition=1))
    _, data = await rejected(running, walk)
    assert (data.reason, [error.field for error in data.errors or ()]) == ("invalid", ["partition"])
    [event] = [r for r in await running.read(running.topics.rejected) if walk.id.encode() == r.key]
    assert event.partition == 1
    await running.handled(*await running.send(strayed, partition=0))
    assert (await running.session(walk.id))["version"] == 2


def reordered(value: Any) -> Any:
    """The same JSON value with the keys of its objects the other way round."""
    if isinstance(value, dict):
        return {key: reordered(value[key]) for key in reversed(value)}
    return [reordered(one) for one in value] if isinstance(value, list) else value


async def test_a_command_sent_again_counts_once_near_and_far(running: Site) -> None:
    walk = Walk()
    start, step = walk.start(), walk.step("n", command_id="c")
    near = await running.send(start, step, step)
    await running.handled(*near)
    again = Sending(step.key, json.dumps(reordered(json.loads(step.value or b""))).encode())
    await running.handled(*await running.send(again, walk.binary(Verb.STEP, "c", node_id="n"), start))
    assert (await running.session(walk.id))["version"] == 2
    assert not await running.rejections(walk.id)
    assert await running.count("l1_walk_inbox", "session_id = $1::uuid", walk.id) == 2


async def test_an_id_that_is_used_for_something_else_is_rejected(running: Site) -> None:
    walk = Walk()
    await running.handled(
        *await running.send(walk.start(), walk.step("n", command_id="c"), walk.send(Verb.NOTE, "c"))
    )
    await running.handled(*await running.send(walk.step("m", command_id="c"), walk.step("n", command_id="d")))
    reasons = [event.data.reason for event in await running.rejections(walk.id)]  # type: ignore[union-attr]
    assert reasons == ["id_reused", "id_reused"]
    assert (await running.session(walk.id))["version"] == 3


async def test_what_was_only_about_the_message_is_decided_anew(running: Site) -> None:
    walk = Walk()
    step = walk.step("n", command_id="c")
    await running.handled(*await running.send(step))
    await running.handled(*await running.send(walk.start(), step))
    assert [event.data.reason for event in await running.rejections(walk.id)] == ["session_not_found"]  # type: ignore[union-attr]
    assert (await running.session(walk.id))["version"] == 2


async def test_what_a_rule_refused_stays_refused(running: Site) -> None:
    walk = Walk()
    rewind = walk.send(Verb.REWIND, "c", node_id="n")
    await running.handled(*await running.send(walk.start(), rewind, walk.step("n")))
    await running.handled(*await running.send(rewind))
    assert (await running.session(walk.id))["version"] == 2
    assert len(await running.rejections(walk.id)) == 1
