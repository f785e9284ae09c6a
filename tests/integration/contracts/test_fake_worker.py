"""The fake worker comes to what the real one comes to: outcomes, bytes and rows, over every verb and reason."""

from typing import Any

from l1_walk_contracts import Outcome, RejectionReason, Topics
from l1_walk_contracts.testing import FakeWorker
from tests.support.sequences import Sequence, sequences
from tests.support.site import Site
from tests.support.waiting import until
from tests.support.walk import Sending

PATIENCE = 60.0
COLUMNS = (
    "id", "account_id", "created_by_user_id", "acting_as", "ticket_id", "ticket_kind", "session_kind", "flow_id",
    "flow_proposal_id", "current_node_id", "walked_path", "walk_notes", "status", "resolution_notes", "helpful",
    "escalation_reason", "escalation_reason_category", "started_at", "last_step_at", "resolved_at", "version",
    "home_partition",
)  # fmt: skip


async def on_the_real_one(site: Site, all_of_them: list[Sequence]) -> None:
    """Send everything to one partition, so that each command stands where it does in the fake."""
    for one in all_of_them:
        if one.gone is not None:
            await site.tell("account", str(one.gone), None)
    gone = sum(one.gone is not None for one in all_of_them)
    await until(
        lambda: site.count("l1_walk_references", "gone"), PATIENCE, f"{gone} accounts are known to be gone"
    )
    sent = [Sending(r.key, r.value, tuple(r.headers)) for one in all_of_them for r in one.records]
    await site.send(*sent, partition=0)
    await site.all_handled(PATIENCE)


async def on_the_fake(site: Site, all_of_them: list[Sequence]) -> tuple[FakeWorker, list[Any]]:
    fake = FakeWorker(Topics(site.settings.topic_prefix))
    for one in all_of_them:
        if one.gone is not None:
            fake.tell("account", one.gone, gone=True)
    stamps = [record.timestamp for record in await site.read(site.topics.commands)]
    sent = [record for one in all_of_them for record in one.records]
    return fake, [fake.send(r, timestamp_ms=stamp) for r, stamp in zip(sent, stamps, strict=True)]


async def test_the_fake_worker_does_what_the_real_one_does(site: Site) -> None:
    all_of_them = list(sequences())
    assert {reason for one in all_of_them for reason in one.reasons} == set(RejectionReason)
    await on_the_real_one(site, all_of_them)
    fake, handled = await on_the_fake(site, all_of_them)

    reasons = [one.reason for one in handled if one.outcome is Outcome.REJECTED]
    assert reasons == [reason for one in all_of_them for reason in one.reasons]
    assert {one.outcome for one in handled} == set(Outcome)

    for topic in site.topics.all():
        if topic != site.topics.references:
            real = [(r.key, r.value, tuple(r.headers)) for r in await site.read(topic)]
            faked = [(r.key, r.value, tuple(r.headers)) for r in fake.records[topic]]
            assert sorted(real, key=repr) == sorted(faked, key=repr), topic

    rows = await site.database.fetch(f"SELECT {', '.join(COLUMNS)} FROM l1_walk_sessions")
    assert len(rows) > 9
    for row in rows:
        session = fake.session(row["id"])
        assert session is not None
        assert {name: plain(row[name]) for name in COLUMNS} == {
            name: plain(getattr(session, name)) for name in COLUMNS
        }
    letters = await site.database.fetch("SELECT id FROM l1_walk_dead_letters WHERE class <> 'parked'")
    assert {letter.id for letter in fake.dead_letters} == {row["id"] for row in letters}


def plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
