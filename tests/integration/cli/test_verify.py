"""`walk verify`: clean after whatever happened, and each kind of damage found with its ids."""

import json
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from aiokafka import ConsumerRecord
from aiokafka.admin import AIOKafkaAdminClient

from l1_walk_contracts import SettleVerb, Verb
from service import app
from service.domain import handle
from service.ops import growth
from service.ops import topics as topic_setup
from service.ops.verify import Finding, Kind, Reason, Report, What, verify
from tests.support.letters import POISON, failing, letters, settle, unknown_type
from tests.support.shell import Shell
from tests.support.site import PATIENCE, Site, open_site
from tests.support.waiting import until
from tests.support.walk import Sending, Walk
from tests.support.worker import working

Found = tuple[Kind, What, str | None]


def whole(walk: Walk, **start: Any) -> list[Sending]:
    """A walk from its start to what is said of it afterwards."""
    return [
        walk.start(start_node_id="power", **start),
        walk.step("power", answer="no", next_node_id="cable"),
        walk.send(Verb.NOTE, text="Second floor"),
        walk.send(Verb.RESOLVE, helpful=True),
        walk.send(Verb.FEEDBACK, helpful=False),
    ]


def found(report: Report) -> set[Found]:
    """What is not as it must be, by session."""
    return {(finding.kind, finding.what, finding.session_id) for finding in report.findings}


def the(report: Report, kind: Kind, what: What, session_id: str) -> Finding:
    """The one finding of that kind."""
    [one] = [f for f in report.findings if (f.kind, f.what, f.session_id) == (kind, what, session_id)]
    return one


async def verified(site: Site, **options: Any) -> Report:
    return await verify(site.settings, **options)


async def clean(site: Site, **not_checkable: int) -> Report:
    """The report, which must have nothing to say."""
    report = await verified(site)
    assert report.findings == []
    assert report.clean
    assert {reason.value: count for reason, count in report.not_checkable.items()} == not_checkable
    return report


async def after(site: Site, *walks: Walk) -> None:
    """All of these walks are walked and told of."""
    async with working(site.settings):
        for number, walk in enumerate(walks):
            await site.send(*whole(walk), partition=number % 3)
        await site.all_handled()


async def test_all_that_can_become_of_a_command_is_as_it_must_be(site: Site, shell: Shell) -> None:
    walk, other, twice, proposal = Walk(), Walk(), Walk(), Walk()
    drafted = {"session_kind": "proposal", "flow_id": None, "flow_proposal_id": str(uuid.uuid4())}
    step = twice.step("a", command_id="again")
    reused = twice.step("b", command_id="again")
    async with working(site.settings):
        await site.send(*whole(walk), *whole(proposal, **drafted), walk.step("late"), partition=0)
        await site.send(
            other.step("before its start"),
            other.start(),
            other.send(Verb.NOTE, text=""),
            other.step("x", account_id=str(uuid.uuid4())),
            Sending(b"another key", other.step("y").value),
            Sending(None, b"{}"),
            other.send(Verb.ABANDON, idle_since="2020-01-31T09:30:00Z"),
            other.send(Verb.ESCALATE),
            twice.start(),
            step,
            step,
            reused,
            partition=1,
        )
        await site.all_handled()
        await site.send(walk.step("stray"), other.start(), Sending(None, other.step("z").value), partition=2)
        await site.all_handled()
        report = await clean(site)
    assert report.commands == 26
    assert dict(report.outcomes) == {"accepted": 14, "duplicate": 1, "rejected": 10, "dead_lettered": 1}
    assert (report.sessions, report.dead_letters, report.again, report.owed) == (4, 1, 0, 0)
    shown = await shell.walk("verify")
    assert shown.code == 0
    assert shown.out.startswith("✓ no difference, 26 commands decided anew in ")
    told = (await shell.walk("verify", "--json")).json
    assert (told["clean"], told["commands"], told["differences"]["count"]) == (True, 26, 0)


async def test_each_damage_to_the_database_is_found(site: Site, shell: Shell) -> None:
    gone, forgotten, changed, noted, forged, kept = (Walk() for _ in range(6))
    await after(site, gone, forgotten, changed, noted, kept)
    execute = site.database.execute
    await execute("DELETE FROM l1_walk_sessions WHERE id = $1::uuid", gone.id)
    await execute("DELETE FROM l1_walk_inbox WHERE session_id = $1::uuid AND version = 2", forgotten.id)
    await execute(
        "UPDATE l1_walk_inbox SET digest = 'x' WHERE session_id = $1::uuid AND version = 2", changed.id
    )
    await execute(
        "UPDATE l1_walk_sessions SET status = 'escalated', version = 9 WHERE id = $1::uuid", changed.id
    )
    await execute(
        """UPDATE l1_walk_sessions SET walk_notes = jsonb_set(walk_notes, '{0,text}', '"First"')"""
        " WHERE id = $1::uuid",
        noted.id,
    )
    await execute(
        "INSERT INTO l1_walk_sessions SELECT (jsonb_populate_record(s, jsonb_build_object('id', $2::text))).*"
        " FROM l1_walk_sessions AS s WHERE id = $1::uuid",
        kept.id,
        forged.id,
    )
    await execute(
        "INSERT INTO l1_walk_inbox SELECT session_id, source, 'never sent', digest, outcome, reason, version,"
        " origin_partition, origin_offset FROM l1_walk_inbox WHERE session_id = $1::uuid AND version = 1",
        kept.id,
    )
    await execute("INSERT INTO l1_walk_held VALUES ($1::uuid, $2, 0)", kept.id, uuid.uuid4())
    report = await verified(site)
    assert found(report) == {
        (Kind.LOST, What.SESSION, gone.id),
        (Kind.LOST, What.INBOX, forgotten.id),
        (Kind.DIFFERENT, What.SESSION, changed.id),
        (Kind.DIFFERENT, What.INBOX, changed.id),
        (Kind.DIFFERENT, What.SESSION, noted.id),
        (Kind.TWICE, What.SESSION, forged.id),
        (Kind.TWICE, What.INBOX, kept.id),
        (Kind.TWICE, What.HELD, kept.id),
    }
    assert the(report, Kind.DIFFERENT, What.SESSION, changed.id).fields == ("status", "version")
    assert the(report, Kind.DIFFERENT, What.SESSION, noted.id).fields == ("walk_notes",)
    assert the(report, Kind.DIFFERENT, What.INBOX, changed.id).fields == ("digest",)
    assert the(report, Kind.TWICE, What.INBOX, kept.id).command_id == "never sent"
    lost = the(report, Kind.LOST, What.INBOX, forgotten.id)
    assert lost.command is not None
    assert (lost.command_source, lost.command.partition, lost.command.offset) == ("/test", 1, 1)
    ended = await shell.walk("verify", "--limit-examples", "1")
    assert ended.code == 1
    assert ended.out.startswith("✗ 8 differences, ")
    assert "and 2 more: walk verify --json has them" in ended.out


async def test_each_damage_to_what_was_told_is_found(site: Site) -> None:
    again, altered, forged, strange = (Walk() for _ in range(4))
    await after(site, again, altered, forged)
    topics = site.topics
    resolved = {json.loads(r.value)["subject"]: r for r in await site.read(topics.resolved)}
    await resend(site, topics.resolved, resolved[again.id], lambda event: event)
    await resend(site, topics.resolved, resolved[altered.id], _with_helpful_unsaid)
    await resend(site, topics.resolved, resolved[forged.id], lambda e: {**e, "id": str(uuid.uuid4())})
    await resend(
        site,
        topics.resolved,
        resolved[forged.id],
        lambda e: {**e, "id": str(uuid.uuid4()), "subject": strange.id},
    )
    await site.send_to(topics.lifecycle, Sending(b"k", b"no event"))
    report = await verified(site)
    assert found(report) == {
        (Kind.TWICE, What.EVENT, altered.id),
        (Kind.TWICE, What.EVENT, forged.id),
        (Kind.TWICE, What.EVENT, strange.id),
        (Kind.TWICE, What.RECORD, None),
    }
    assert report.again == 1
    twice = the(report, Kind.TWICE, What.EVENT, altered.id)
    assert twice.event_id == json.loads(resolved[altered.id].value)["id"]
    assert twice.place is not None
    assert (twice.place.topic, twice.place.offset) != (topics.resolved, resolved[altered.id].offset)


def _with_helpful_unsaid(event: dict[str, Any]) -> dict[str, Any]:
    return {**event, "data": {name: value for name, value in event["data"].items() if name != "helpful"}}


async def resend(
    site: Site, topic: str, record: ConsumerRecord, change: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    """Publish an event once more, changed."""
    event = json.loads(record.value)
    changed = change(event)
    value = record.value if changed == event else json.dumps(changed).encode()
    await site.send_to(topic, Sending(record.key, value, record.headers), partition=record.partition)


@asynccontextmanager
async def copied(
    site: Site, edit: Callable[[str, list[ConsumerRecord]], list[ConsumerRecord]]
) -> AsyncIterator[Site]:
    """A site over the same database, with all topics under another prefix; `edit` changes what a topic holds."""
    settings = site.settings.model_copy(update={"topic_prefix": f"{site.settings.topic_prefix}.copy"})
    async with open_site(settings) as copy:
        for name, target in zip(site.topics.all(), copy.topics.all(), strict=True):
            for record in edit(name, await site.read(name)):
                await copy.send_to(
                    target, Sending(record.key, record.value, record.headers), partition=record.partition
                )
        await site.database.execute(
            "UPDATE l1_walk_progress SET topic = replace(topic, $1, $2)",
            site.settings.topic_prefix,
            settings.topic_prefix,
        )
        yield copy


async def test_events_that_are_lost_out_of_order_or_different_are_found(site: Site) -> None:
    lost, swapped, altered, kept = (Walk() for _ in range(4))
    await after(site, lost, swapped, altered, kept)

    def damaged(topic: str, records: list[ConsumerRecord]) -> list[ConsumerRecord]:
        mine = {
            walk: [r for r in records if walk.id.encode() in r.value] for walk in (lost, swapped, altered)
        }
        if topic == site.topics.resolved:
            (gone,), (other,) = mine[lost], mine[altered]
            event = json.dumps(_with_helpful_unsaid(json.loads(other.value))).encode()
            records = [record for record in records if record is not gone]
            other.value = event
        if topic == site.topics.lifecycle:
            first, last = mine[swapped]
            at, to = records.index(first), records.index(last)
            records[at], records[to] = last, first
        return records

    async with copied(site, damaged) as copy:
        report = await verified(copy)
    assert found(report) == {
        (Kind.LOST, What.EVENT, lost.id),
        (Kind.OUT_OF_ORDER, What.EVENT, swapped.id),
        (Kind.DIFFERENT, What.EVENT, altered.id),
    }
    assert the(report, Kind.DIFFERENT, What.EVENT, altered.id).fields == ("data.helpful",)
    missing = the(report, Kind.LOST, What.EVENT, lost.id)
    assert missing.event_type == "l1.walk.resolved.v1"
    assert missing.place is not None
    assert (missing.place.topic, missing.place.offset) == (copy.topics.resolved, None)


async def gone(site: Site, walk: Walk) -> bool:
    return not await site.count("l1_walk_sessions", "id = $1::uuid", walk.id)


async def test_what_is_out_of_reach_is_said_to_be_so(site: Site) -> None:
    early, erased, late = (Walk() for _ in range(3))
    async with working(site.settings):
        [*_, place] = await site.send(early.start(), early.step("a"), partition=0)
        await site.send(*whole(erased), partition=1)
        await site.all_handled()
        await site.send(early.send(Verb.RESOLVE), *whole(late), partition=0)
        await site.tell("account", erased.account, None)
        await site.all_handled()
        await until(lambda: gone(site, erased), PATIENCE, "the account is erased")
    await site.delete_before(0, place.offset)
    report = await clean(site, start_out_of_reach=1, erased=1)
    assert report.sessions == 1


async def test_what_retention_may_have_taken_is_said_to_be_so(site: Site) -> None:
    """The same that is missing without it is lost."""
    walk, later = Walk(), Walk()
    async with working(site.settings):
        await site.handled(*await site.send(*whole(walk), Sending(b"k", b"unreadable"), partition=0))
        await site.handled(*await site.send(*whole(later), partition=0))
    await site.database.execute("DELETE FROM l1_walk_inbox WHERE session_id = $1::uuid", walk.id)
    await site.database.execute("DELETE FROM l1_walk_dead_letters")
    lost = await verified(site)
    assert Counter((finding.kind, finding.what) for finding in lost.findings) == {
        (Kind.LOST, What.INBOX): 5,
        (Kind.LOST, What.DEAD_LETTER): 1,
    }
    kept_for_nothing = {"inbox_retention": timedelta(0), "dead_letter_retention": timedelta(0)}
    soon = site.settings.model_copy(update=kept_for_nothing)
    taken = await verify(soon)
    assert (taken.findings, dict(taken.not_checkable)) == (
        [],
        {Reason.INBOX_RETENTION: 5, Reason.LETTER_RETENTION: 1},
    )
    await site.delete_before(0, 1, site.topics.lifecycle)
    assert (await verify(soon)).not_checkable[Reason.EVENT_RETENTION] == 1


async def test_what_upstream_wrote_is_said_to_be_so(site: Site) -> None:
    known, stepped, untouched = (Walk() for _ in range(3))
    for walk in (stepped, untouched):
        walk.account, walk.user = known.account, known.user
    async with working(site.settings):
        await site.send(known.start(), partition=0)
        await site.all_handled()
        for walk in (stepped, untouched):
            await site.database.execute(
                "INSERT INTO l1_walk_sessions SELECT (jsonb_populate_record(s,"
                " jsonb_build_object('id', $2::text, 'home_partition', null))).*"
                " FROM l1_walk_sessions AS s WHERE id = $1::uuid",
                known.id,
                walk.id,
            )
        await site.send(stepped.step("a"), stepped.send(Verb.RESOLVE), partition=1)
        await site.all_handled()
    assert found(await verified(site)) >= {(Kind.TWICE, What.SESSION, untouched.id)}
    await site.database.execute("INSERT INTO l1_walk_adoption VALUES ('adopted', 'table', 'accounts')")
    assert (await clean(site, adopted=2)).sessions == 1


async def test_workers_may_go_on_meanwhile(site: Site) -> None:
    """What is handled after the look is left out, and what is owed then counts as told."""
    await after(site, Walk())
    walks = [Walk() for _ in range(300)]
    async with working(site.settings):
        await site.send(*(sending for walk in walks for sending in whole(walk)), partition=0)
        reports = [await verified(site) for _ in range(3)]
        await site.all_handled()
    assert [report.findings for report in reports] == [[]] * 3
    assert (await clean(site)).commands == 5 * 301


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A worker that fails on poison; undo it, and it is mended."""
    monkeypatch.setattr(handle, "decide", failing)
    return monkeypatch


async def test_what_was_put_aside_parked_and_settled_is_as_it_must_be(
    site: Site, faulty: pytest.MonkeyPatch
) -> None:
    redriven, dropped, open_, unknown, never = (Walk() for _ in range(5))
    async with working(site.settings):
        for number, walk in enumerate((redriven, dropped, open_)):
            await site.send(*poisoned(walk), partition=number)
        await site.send(
            never.send(Verb.START, POISON, session_kind="adhoc"), never.send(Verb.RESOLVE), partition=0
        )
        await site.send(*whole(unknown)[:2], unknown_type(unknown), unknown.send(Verb.RESOLVE), partition=1)
        await site.send(Sending(b"k", b"unreadable"), partition=2)
        await site.all_handled()
        heads = {str(le["session_id"]): le for le in await letters(site, "parked_behind IS NULL")}
        await site.handled(await settle(site, SettleVerb.REDRIVE, heads[redriven.id]))
        faulty.undo()
        assert (await clean(site)).dead_letters == 17
        await site.send(redriven.step("while it is held"), partition=0)
        for verb, walk in (
            (SettleVerb.REDRIVE, redriven),
            (SettleVerb.DISCARD, dropped),
            (SettleVerb.REDRIVE, unknown),
        ):
            await site.handled(await settle(site, verb, heads[walk.id]))
        await site.handled(await settle(site, SettleVerb.REDRIVE, heads[redriven.id]))
        await site.handled(await settle(site, SettleVerb.DISCARD, {**heads[redriven.id], "id": uuid.uuid4()}))
    report = await clean(site)
    assert report.dead_letters == 18
    assert report.outcomes["parked"] > 0
    assert await site.count("l1_walk_held") == 3


def poisoned(walk: Walk) -> list[Sending]:
    """A walk with a command in its midst on which the worker fails."""
    return [*whole(walk)[:2], walk.send(Verb.NOTE, f"{POISON}-{walk.id}", text="poison"), *whole(walk)[2:]]


async def test_each_damage_to_what_was_put_aside_is_found(site: Site, faulty: pytest.MonkeyPatch) -> None:
    lost, changed, settled, released, kept = (Walk() for _ in range(5))
    async with working(site.settings):
        for walk in (lost, changed, settled, released, kept):
            await site.send(*poisoned(walk), partition=1)
        await site.all_handled()
    faulty.undo()
    execute = site.database.execute
    await execute(f"DELETE FROM l1_walk_dead_letters WHERE id = ({FIRST_PARKED})", lost.id)
    await execute(f"UPDATE l1_walk_dead_letters SET value = 'other' WHERE id = ({FIRST_PARKED})", changed.id)
    await execute(
        f"UPDATE l1_walk_dead_letters SET state = 'redriven' WHERE id = ({FIRST_PARKED})", settled.id
    )
    await execute("DELETE FROM l1_walk_held WHERE session_id = $1::uuid", released.id)
    await execute(
        'INSERT INTO l1_walk_dead_letters (id, topic, partition, "offset", class, error)'
        " VALUES ($1, $2, 1, 0, 'parked', 'e')",
        uuid.uuid4(),
        site.topics.commands,
    )
    report = await verified(site)
    assert found(report) == {
        (Kind.LOST, What.DEAD_LETTER, lost.id),
        (Kind.DIFFERENT, What.DEAD_LETTER, changed.id),
        (Kind.DIFFERENT, What.DEAD_LETTER, settled.id),
        (Kind.LOST, What.HELD, released.id),
        (Kind.TWICE, What.DEAD_LETTER, None),
    }
    assert the(report, Kind.DIFFERENT, What.DEAD_LETTER, changed.id).fields == ("content",)
    assert the(report, Kind.DIFFERENT, What.DEAD_LETTER, settled.id).fields == ("state",)


async def test_each_damage_to_what_was_told_of_dead_letters_is_found(
    site: Site, faulty: pytest.MonkeyPatch
) -> None:
    lost, altered, behind, kept = (Walk() for _ in range(4))
    async with working(site.settings):
        for walk in (lost, altered, behind, kept):
            await site.send(*poisoned(walk), partition=1)
        await site.all_handled()
    faulty.undo()
    await site.database.execute(
        f"UPDATE l1_walk_held SET dead_letter_id = ({FIRST_PARKED}) WHERE session_id = $1::uuid", behind.id
    )

    told = await site.read(site.topics.dead_letter)
    await made_anew(site, site.topics.dead_letter)
    for record in told:
        if record.key != lost.id.encode():
            value = b"other" if record.key == altered.id.encode() else record.value
            sent = Sending(record.key, value, record.headers)
            await site.send_to(site.topics.dead_letter, sent, partition=record.partition)
    report = await verified(site)
    assert found(report) == {
        (Kind.LOST, What.DEAD_LETTER_MESSAGE, lost.id),
        (Kind.DIFFERENT, What.DEAD_LETTER_MESSAGE, altered.id),
        (Kind.DIFFERENT, What.HELD, behind.id),
    }


async def made_anew(site: Site, topic: str) -> None:
    """A topic that holds nothing."""
    admin = AIOKafkaAdminClient(bootstrap_servers=site.settings.require_kafka())
    await admin.start()
    try:
        await admin.delete_topics([topic])
    finally:
        await admin.close()
    await topic_setup.create(site.settings)
    await site.producer.client.force_metadata_update()


FIRST_PARKED = """
SELECT id FROM l1_walk_dead_letters WHERE session_id = $1::uuid AND class = 'parked' ORDER BY "offset" LIMIT 1
"""


async def test_sessions_that_moved_when_the_topic_grew_are_followed(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "METADATA_AGE_MS", 500)
    walks, ended = [Walk() for _ in range(8)], [Walk() for _ in range(8)]
    async with working(site.settings) as worker:
        await site.send(*(walk.start(start_node_id="a") for walk in walks))
        await site.send(*(sending for walk in ended for sending in whole(walk)))
        await site.all_handled()
        await growth.grow(site.settings, await growth.look(site.settings, 5))
        held = worker._pipeline.partitions.held
        await until(lambda: len(held) == 5, PATIENCE, "the worker holds the new partitions too")
        await site.producer.client.force_metadata_update()
        for walk in walks:
            await site.send(walk.step("a"), walk.step("wrong"), walk.send(Verb.RESOLVE))
        for walk in ended:
            await site.send(walk.step("late"), Sending(walk.id.encode(), walk.send(Verb.NOTE, text="").value))
        await site.all_handled()
    report = await clean(site)
    assert (report.sessions, len(report.partitions)) == (16, 5)
    assert report.outcomes["rejected"] == 16


async def test_what_a_person_had_read_again_is_not_checked(site: Site, shell: Shell) -> None:
    again, skipped, other = Walk(), Walk(), Walk()
    async with working(site.settings):
        await site.send(*whole(again), again.step("late"), partition=0)
        await site.send(*whole(other), partition=2)
        await site.all_handled()
    await site.send(*whole(skipped), partition=1)
    why = ("--reason", "a test", "--yes")
    assert (await shell.walk("progress", "set", "0", "earliest", *why)).code == 0
    assert (await shell.walk("progress", "set", "1", "latest", *why)).code == 0
    async with working(site.settings):
        await site.all_handled()
    report = await clean(site, progress_set=2)
    assert report.sessions == 1
    assert (await verified(site, partitions=[2])).not_checkable == {}
    ended = await shell.walk("verify", "--partition", "2", "--partition", "3")
    assert (ended.code, ended.error) == (1, f"walk: {site.topics.commands} has no partition 3")
