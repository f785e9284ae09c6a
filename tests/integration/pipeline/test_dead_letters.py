"""What cannot be handled is put aside with what follows it, and goes through in order once it is redriven."""

import logging
from typing import Any
from uuid import UUID, uuid4

import pytest

from l1_walk_contracts import SettleVerb, Verb
from service.domain import handle
from service.domain.decide import decide
from service.ops.status import read_status
from service.ops.walks import held
from service.pipeline import settlement
from service.store import database
from tests.support.letters import POISON, failing, letters, settle, settling, unknown_type
from tests.support.site import Place, Site
from tests.support.walk import Sending, Walk
from tests.support.worker import working

REDRIVE, DISCARD = SettleVerb.REDRIVE, SettleVerb.DISCARD


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A worker that fails on poison; undo it, and it is mended."""
    monkeypatch.setattr(handle, "decide", failing)
    return monkeypatch


def a_walk(walk: Walk) -> list[Sending]:
    """Started, walked, resolved, with poison in its midst."""
    return [
        walk.start(),
        walk.step("a"),
        walk.send(Verb.NOTE, POISON, text="poisoned"),
        walk.step("b"),
        walk.send(Verb.NOTE, text=""),
        walk.send(Verb.RESOLVE),
        walk.send(Verb.FEEDBACK, helpful=True),
    ]


async def test_a_session_is_held_behind_its_letter_and_all_others_go_on(
    site: Site, faulty: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    walk, other = Walk(), Walk()
    async with working(site.settings):
        await site.send(*a_walk(walk), other.start(), other.send(Verb.RESOLVE), partition=0)
        await site.all_handled()
    head, *parked = await letters(site)
    assert (head["class"], head["error"]) == ("failed", "ZeroDivisionError in service.domain.handle.handle")
    assert (str(head["session_id"]), str(head["account_id"]), head["offset"]) == (walk.id, walk.account, 2)
    assert [(le["class"], le["offset"]) for le in parked] == [("parked", n) for n in (3, 4, 5, 6)]
    assert {le["parked_behind"] for le in parked} == {head["id"]}
    assert await site.database.fetchval("SELECT dead_letter_id FROM l1_walk_held") == head["id"]
    [told] = await site.read(site.topics.dead_letter)
    assert dict(told.headers)["x-walk-class"] == b"failed"
    assert (await site.session(walk.id))["version"] == 2
    assert (await site.session(other.id))["status"] == "resolved"
    assert await site.rejections(walk.id) == []
    status = await read_status(site.settings)
    assert (status.dead_letters.count, status.held_sessions.count, status.parked) == (1, 1, 4)
    said = [r.getMessage() for r in caplog.records if r.levelno > logging.DEBUG]
    assert "somebody" not in "".join(said)
    [aside] = [line for line in said if line.startswith("put aside")]
    assert aside == (
        "put aside as dead letters: 1 failed; the first at partition 0, offset 2"
        " (ZeroDivisionError in service.domain.handle.handle): see walk dead-letters list"
    )


async def test_redriven_it_ends_as_if_the_fault_had_never_been(
    site: Site, faulty: pytest.MonkeyPatch
) -> None:
    walk, twin = Walk(), Walk()
    async with working(site.settings):
        await site.send(*a_walk(walk), partition=1)
        await site.all_handled()
    faulty.undo()
    [head, *_] = await letters(site)
    async with working(site.settings):
        await site.send(*a_walk(twin), partition=1)
        await site.handled(await settle(site, REDRIVE, head))
    assert await alike(site, walk, twin)
    assert await site.count("l1_walk_held") == 0
    settled = await letters(site)
    assert {(le["state"], le["settled_by"], le["settled_reason"]) for le in settled} == {
        ("redriven", "night-shift", "mended")
    }
    assert [(le["outcome"], le["outcome_reason"]) for le in settled] == [
        ("accepted", None), ("accepted", None), ("rejected", "invalid"), ("accepted", None), ("accepted", None)
    ]  # fmt: skip
    assert all(le["settled_at"] is not None for le in settled)


async def alike(site: Site, walk: Walk, twin: Walk) -> bool:
    """Whether two walks ended in the same rows and were told of in the same way, their ids aside."""
    rows = [await site.session(one.id) for one in (walk, twin)]
    kept = ("version", "status", "helpful", "current_node_id", "last_step_at", "resolved_at")
    first, second = ([row[name] for name in kept] for row in rows)
    paths = [[entry["node_id"] for entry in row["walked_path"]] for row in rows]
    notes = [[note["text"] for note in row["walk_notes"]] for row in rows]
    told = [[(e.kind, e.session_version) for e in await site.events(one.id)] for one in (walk, twin)]
    inbox = [
        [
            (row["command_id"] if row["command_id"] == POISON else "", row["outcome"], row["version"])
            for row in await site.database.fetch(
                "SELECT * FROM l1_walk_inbox WHERE session_id = $1::uuid ORDER BY origin_offset", one.id
            )
        ]
        for one in (walk, twin)
    ]
    assert (first, paths[0], notes[0], told[0], inbox[0]) == (second, paths[1], notes[1], told[1], inbox[1])
    return True


async def test_a_start_that_failed_takes_the_whole_walk_along(site: Site, faulty: pytest.MonkeyPatch) -> None:
    walk = Walk()
    start = walk.send(Verb.START, POISON, session_kind="flow", flow_id=walk.flow)
    async with working(site.settings):
        await site.send(start, walk.step("a"), walk.step("a"), start, walk.send(Verb.RESOLVE), partition=2)
        await site.all_handled()
        assert await site.count("l1_walk_sessions") == 0
        waiting = await held(site.database, UUID(walk.id))
        assert waiting is not None
        assert waiting.parked == 4
        faulty.undo()
        [head, *_] = await letters(site)
        await site.handled(await settle(site, REDRIVE, head))
    assert (await site.session(walk.id))["status"] == "resolved"
    assert [le["outcome"] for le in await letters(site)] == [
        "accepted", "accepted", "accepted", "duplicate", "accepted"
    ]  # fmt: skip
    assert await site.told(walk.id) == ["started", "resolved"]


async def test_what_fails_again_stays_the_head_and_what_came_before_it_is_done(
    site: Site, faulty: pytest.MonkeyPatch
) -> None:
    walk = Walk()
    async with working(site.settings):
        await site.send(
            walk.start(),
            unknown_type(walk, command_id="first"),
            walk.step("a"),
            walk.send(Verb.NOTE, POISON),
            walk.step("b"),
        )
        await site.all_handled()
        [head, _, poison, _] = await letters(site)
        await site.handled(await settle(site, REDRIVE, head))
        again = (await letters(site))[0]
        assert (again["state"], again["attempts"], again["class"]) == ("open", 1, "unsupported")
        assert await site.count("l1_walk_held", "dead_letter_id = $1", head["id"]) == 1

        await site.handled(await settle(site, DISCARD, head))
        states = [(le["state"], le["class"], le["parked_behind"]) for le in await letters(site)]
        assert states == [
            ("discarded", "unsupported", None),
            ("redriven", "parked", None),
            ("open", "failed", None),
            ("open", "parked", poison["id"]),
        ]
        assert (await site.session(walk.id))["version"] == 2
        assert await site.count("l1_walk_held", "dead_letter_id = $1", poison["id"]) == 1

        faulty.undo()
        await site.handled(await settle(site, REDRIVE, poison))
    assert (await site.session(walk.id))["version"] == 4
    assert await site.count("l1_walk_held") == 0


async def test_what_the_database_refuses_is_found_and_put_aside(site: Site) -> None:
    walks = [Walk() for _ in range(20)]
    bad = walks[7]
    await refuse(site, "BAD")
    async with working(site.settings):
        sent = [w.start(ticket={"id": "BAD" if w is bad else "T", "kind": "psa"}) for w in walks]
        await site.send(*sent, *(w.step("n") for w in walks), partition=0)
        await site.all_handled()
        [head, _] = await letters(site)
        assert head["error"].startswith("RaiseError, SQLSTATE P0001")
        assert await site.count("l1_walk_sessions", "version = 2") == 19

        await site.handled(await settle(site, REDRIVE, head))
        assert [le["attempts"] for le in await letters(site)] == [1, 0]
        await site.database.execute("DROP TRIGGER refuse ON l1_walk_sessions")
        await site.handled(await settle(site, REDRIVE, head))
    assert await site.count("l1_walk_sessions", "version = 2") == 20


async def refuse(site: Site, ticket_id: str) -> None:
    """Let the database fail on sessions of this ticket."""
    await site.database.execute(f"""
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN IF NEW.ticket_id = '{ticket_id}' THEN RAISE EXCEPTION 'no'; END IF; RETURN NEW; END $$;
        CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON l1_walk_sessions FOR EACH ROW EXECUTE FUNCTION refuse()
    """)


async def test_in_the_midst_of_many_the_one_that_the_database_refuses_is_found(
    site: Site, faulty: pytest.MonkeyPatch
) -> None:
    walk = Walk()
    async with working(site.settings):
        await site.send(
            walk.start(), walk.send(Verb.NOTE, POISON), *(walk.step(f"n{n}") for n in range(9)), partition=0
        )
        await site.all_handled()
        faulty.undo()
        await site.database.execute("""
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN IF NEW.walked_path @> '[{"node_id": "n6"}]' THEN RAISE EXCEPTION 'no'; END IF; RETURN NEW; END $$;
            CREATE TRIGGER refuse BEFORE UPDATE ON l1_walk_sessions FOR EACH ROW EXECUTE FUNCTION refuse()
        """)
        [head, *_] = await letters(site)
        await site.handled(await settle(site, REDRIVE, head))
    assert (await site.session(walk.id))["version"] == 8
    assert [le["class"] for le in await letters(site, "state = 'open'")] == ["failed", "parked", "parked"]


@pytest.mark.parametrize("verb", SettleVerb)
async def test_however_much_is_parked_it_runs_page_by_page_and_takes_its_time(
    site: Site, faulty: pytest.MonkeyPatch, verb: SettleVerb
) -> None:
    walk = Walk()
    faulty.setattr(settlement, "PAGE_LETTERS", 3)
    faulty.setattr(database, "_BOUND_TRANSACTIONS", "SET transaction_timeout = '1s'")
    async with working(site.settings):
        await site.send(
            walk.start(), walk.send(Verb.NOTE, POISON), *(walk.step(f"n{n}") for n in range(11)), partition=0
        )
        await site.all_handled()
        faulty.setattr(handle, "decide", decide)
        await site.database.execute("""
            CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN PERFORM pg_sleep(0.4); RETURN NEW; END $$;
            CREATE TRIGGER slow BEFORE UPDATE ON l1_walk_sessions FOR EACH ROW EXECUTE FUNCTION slow()
        """)
        [head, *_] = await letters(site)
        await site.handled(await settle(site, verb, head))
    assert (await site.session(walk.id))["version"] == (13 if verb is REDRIVE else 12)
    path = (await site.session(walk.id))["walked_path"]
    assert [step["node_id"] for step in path] == [f"n{n}" for n in range(11)]
    assert [le["attempts"] for le in await letters(site)] == [0] * 12


@pytest.mark.parametrize("verb", SettleVerb)
async def test_who_names_no_letter_is_told(site: Site, verb: SettleVerb, faulty: pytest.MonkeyPatch) -> None:
    walk = Walk()
    async with working(site.settings):
        await site.send(*a_walk(walk), partition=0)
        await site.all_handled()
        _, parked, *_ = await letters(site)
        strange = {"id": uuid4(), "session_id": None, "partition": 1}
        for letter, why in ((strange, "names no dead letter"), (parked, "is parked behind")):
            place = await settle(site, verb, letter)
            await site.handled(place)
            [error] = await errors(site, place)
            assert error.field == "data.dead_letter_id"
            assert why in error.message
    assert await site.count("l1_walk_dead_letters", "state = 'open'") == 5


async def errors(site: Site, place: Place) -> Any:
    """What upstream was told of the command at this place."""
    events = [e for e in await site.events() if e.kind == "command-rejected"]
    [event] = [e for e in events if (e.data.origin.partition, e.data.origin.offset) == tuple(place)]  # type: ignore[union-attr]
    return event.data.errors  # type: ignore[union-attr]


async def test_settled_twice_is_settled_once(site: Site, faulty: pytest.MonkeyPatch) -> None:
    walk = Walk()
    async with working(site.settings):
        await site.send(*a_walk(walk), partition=0)
        await site.all_handled()
        faulty.undo()
        [head, *_] = await letters(site)
        command = settling(REDRIVE, head["id"], head["session_id"])
        await site.send(command, command, settling(DISCARD, head["id"], head["session_id"]), partition=0)
        await site.all_handled()
    assert {le["state"] for le in await letters(site)} == {"redriven"}
    assert (await site.session(walk.id))["status"] == "resolved"
    assert await site.told(walk.id) == ["started", "feedback-recorded", "resolved", "command-rejected"]


async def test_what_nobody_can_read_is_redriven_alone(site: Site) -> None:
    async with working(site.settings):
        await site.send(Sending(b"k", b"{"), partition=0)
        await site.all_handled()
        [letter] = await letters(site)
        await site.handled(await settle(site, REDRIVE, letter))
        [again] = await letters(site)
        assert (again["state"], again["attempts"]) == ("open", 1)
        await site.handled(await settle(site, DISCARD, letter))
    [dropped] = await letters(site)
    assert (dropped["state"], dropped["outcome"]) == ("discarded", None)
    assert len(await site.read(site.topics.dead_letter)) == 2


async def test_what_ended_its_workers_is_put_aside_by_the_next_one(site: Site) -> None:
    walk, other = Walk(), Walk()
    places = await site.send(walk.start(), other.start(), walk.step("a"), other.step("b"), partition=0)
    await site.database.execute(
        "INSERT INTO l1_walk_progress (topic, partition, takes, tried_offset, tries) VALUES ($1, 0, 5, $2, 3)",
        site.topics.commands,
        places[0].offset,
    )
    async with working(site.settings):
        await site.all_handled()
    head, parked = await letters(site)
    assert head["error"] == "3 workers in a row ended while it was handled alone"
    assert (head["class"], parked["class"]) == ("failed", "parked")
    assert (await site.session(other.id))["version"] == 2
    assert await site.count("l1_walk_progress", "takes = 0 AND tried_offset IS NULL AND tries = 0") == 6
