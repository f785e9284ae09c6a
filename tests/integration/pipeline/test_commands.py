"""What the ten commands come to, from Kafka to rows and events, with one worker at work."""

import uuid
from datetime import UTC, datetime

from l1_walk_contracts import EscalatedData, ResolvedData, Verb, limits
from tests.support.site import Site
from tests.support.walk import Walk


async def test_all_ten_verbs(running: Site) -> None:
    walk, born = Walk(), Walk()
    commands = [
        walk.start(session_kind="proposal", flow_id=None, flow_proposal_id=str(uuid.uuid4())),
        walk.step("a", question="Q?", answer="yes", next_node_id="b"),
        walk.step("b", answer="no", note="hm", next_node_id="c"),
        walk.send(Verb.REWIND, node_id="a"),
        walk.step("a", answer="maybe"),
        walk.send(Verb.NOTE, text="first", node_id="a"),
        walk.send(Verb.REPLACE_NOTES, notes=[{"text": "second"}, {"text": "third"}]),
        walk.send(Verb.RESOLVE, resolution_notes="rebooted", helpful=False),
        walk.send(Verb.FEEDBACK, helpful=True),
        born.send(Verb.ESCALATE_WITHOUT_WALK, reason="upgrade", reason_category="licence"),
    ]
    escalated, abandoned = Walk(), Walk()
    commands += [
        escalated.start(),
        escalated.send(Verb.ESCALATE, reason="beyond L1"),
        abandoned.start(),
        abandoned.send(Verb.ABANDON, reason="lunch"),
    ]
    await running.handled(*await running.send(*commands))

    row = await running.session(walk.id)
    assert (row["status"], row["version"], row["helpful"]) == ("resolved", 9, True)
    assert [(entry["node_id"], entry["kind"]) for entry in row["walked_path"]] == [
        ("a", "step"), ("b", "step"), ("a", "rewind"), ("a", "step")
    ]  # fmt: skip
    assert [note["text"] for note in row["walk_notes"]] == ["second", "third"]
    assert row["resolved_at"] == row["last_step_at"] == datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
    assert sorted(await running.told(walk.id)) == [
        "feedback-recorded", "proposal-validated", "proposal-validated", "resolved", "started"
    ]  # fmt: skip
    assert await running.told(born.id) == ["escalated"]
    assert await running.told(escalated.id) == ["started", "escalated"]
    assert await running.told(abandoned.id) == ["started", "abandoned"]
    assert (await running.session(born.id))["session_kind"] == "adhoc"
    assert (await running.session(abandoned.id))["status"] == "abandoned"


async def test_both_modes_of_a_cloud_event(running: Site) -> None:
    walk = Walk()
    await running.handled(
        *await running.send(
            walk.binary(Verb.START, session_kind="adhoc"), walk.send(Verb.NOTE), walk.binary(Verb.ABANDON)
        )
    )
    row = await running.session(walk.id)
    assert (row["status"], row["version"]) == ("abandoned", 3)


async def test_events_are_where_their_readers_look(running: Site) -> None:
    walk = Walk()
    ticket = {"id": "T/1", "kind": "psa"}
    first, *_ = await running.send(
        walk.start(ticket=ticket), walk.step("n"), walk.send(Verb.RESOLVE, resolution_notes="done")
    )
    again = Walk(account=walk.account)
    places = await running.send(again.start(ticket=ticket), again.send(Verb.RESOLVE))
    await running.handled(first, *places)

    [started] = [r for r in await running.read(running.topics.lifecycle) if r.key == walk.id.encode()]
    assert started.partition == first.partition
    key = f"{walk.account}/psa/T/1".encode()
    resolved = [r for r in await running.read(running.topics.resolved) if r.key == key]
    assert len(resolved) == 2
    assert len({r.partition for r in resolved}) == 1
    assert resolved[0].headers == (("content-type", b"application/cloudevents+json"),)


async def test_a_terminal_event_needs_no_call_back(running: Site) -> None:
    walk = Walk()
    commands = [
        walk.start(acting_as="l1_coverage"),
        walk.step("n", note="why"),
        walk.send(Verb.NOTE, text="aha"),
    ]
    await running.handled(*await running.send(*commands, walk.send(Verb.RESOLVE, resolution_notes="done")))
    event = next(e for e in await running.events(walk.id) if isinstance(e.data, ResolvedData))
    data = event.data
    assert isinstance(data, ResolvedData)
    assert (str(data.account_id), str(data.created_by)) == (walk.account, walk.user)
    assert [entry["node_id"] for entry in data.walked_path] == ["n"]
    assert [note["text"] for note in data.walk_notes] == ["aha"]
    assert "why" in data.summary
    assert "why" not in data.customer_summary
    assert event.session_version == 4


async def test_a_long_walk_is_whole_in_the_database_and_cut_in_its_event(running: Site) -> None:
    walk = Walk()
    steps = [walk.step(f"n{n}", answer="x" * 1_900, note="y" * 1_000) for n in range(60)]
    await running.handled(
        *await running.send(walk.start(), *steps, walk.send(Verb.ESCALATE, reason="r" * limits.TEXT_CHARS))
    )
    assert len((await running.session(walk.id))["walked_path"]) == 60
    event = next(e for e in await running.events(walk.id) if isinstance(e.data, EscalatedData))
    assert isinstance(event.data, EscalatedData)
    assert event.data.reason == "r" * limits.TEXT_CHARS
    assert "walked_path" in (event.data.truncated or ())
    assert event.data.path_count == 60
    records = [r for r in await running.read(running.topics.escalated) if walk.id.encode() in r.value]
    assert len(records[0].value) <= limits.EVENT_BYTES


async def test_a_time_that_is_absent_or_far_ahead_is_that_of_the_record(running: Site) -> None:
    walk = Walk()
    start, note = walk.envelope(Verb.START), walk.envelope(Verb.NOTE)
    del start["time"]
    note["time"] = "2099-01-01T00:00:00Z"
    began = datetime.now(UTC)
    await running.handled(*await running.send(walk.wrap(start), walk.wrap(note)))
    row = await running.session(walk.id)
    assert abs((row["started_at"] - began).total_seconds()) < 300
    assert abs((row["last_step_at"] - began).total_seconds()) < 300


async def test_traceparent_comes_along(running: Site) -> None:
    walk, trace = Walk(), f"00-{'ab' * 16}-{'cd' * 8}-01"
    await running.handled(*await running.send(walk.wrap(walk.envelope(Verb.START) | {"traceparent": trace})))
    [event] = await running.events(walk.id)
    assert event.traceparent == trace
