"""What the CloudEvents SDK makes of a command counts as the same in either mode; and it reads all that we publish."""

import json
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from aiokafka import ConsumerRecord
from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.bindings import kafka
from cloudevents.core.v1.event import CloudEvent

from l1_walk_contracts import CommandRejectedData, EventKind, Verb
from tests.support.site import Site
from tests.support.walk import Sending, Walk

pytestmark = pytest.mark.asyncio(loop_scope="module")


def made_by_the_sdk(walk: Walk, verb: Verb, **fields: Any) -> CloudEvent:
    envelope = walk.envelope(verb, **fields)
    data = envelope.pop("data")
    return CloudEvent(envelope | {"time": datetime(2026, 1, 31, 9, 30, tzinfo=UTC)}, data)


def by_session(event: BaseCloudEvent) -> str | None:
    return event.get_subject()


def sending(message: kafka.KafkaMessage) -> Sending:
    key = message.key.encode() if isinstance(message.key, str) else message.key
    return Sending(key, message.value, tuple(message.headers.items()))


def read_by_the_sdk(record: ConsumerRecord) -> Any:
    return kafka.from_kafka_event(kafka.KafkaMessage(dict(record.headers), record.key, record.value))


async def test_sent_again_in_the_other_mode_it_counts_once(site: Site) -> None:
    walk = Walk()
    for event in (
        made_by_the_sdk(walk, Verb.START),
        made_by_the_sdk(walk, Verb.NOTE, text="Wie geht’s? – Ć"),
    ):
        structured = sending(kafka.to_structured_event(event, key_mapper=by_session))
        binary = sending(kafka.to_binary_event(event, key_mapper=by_session))
        assert structured.value != binary.value
        await site.handled(*await site.send(structured, binary))

    row = await site.session(walk.id)
    assert (row["version"], [note["text"] for note in row["walk_notes"]]) == (2, ["Wie geht’s? – Ć"])
    assert await site.told(walk.id) == ["started"]
    seen = await site.database.fetch("SELECT outcome FROM l1_walk_inbox WHERE session_id = $1::uuid", walk.id)
    assert [outcome for (outcome,) in seen] == ["accepted", "accepted"]


async def test_by_its_own_key_it_is_told_what_the_key_must_be(site: Site) -> None:
    walk = Walk()
    await site.handled(
        *await site.send(sending(kafka.to_structured_event(made_by_the_sdk(walk, Verb.START))))
    )

    [rejection] = await site.rejections(walk.id)
    assert isinstance(rejection.data, CommandRejectedData)
    [error] = rejection.data.errors or ()
    assert (error.field, error.message) == ("key", "must be the session id: the subject, as UTF-8 text")


async def test_it_reads_every_event_of_ours(site: Site) -> None:
    commands = every_kind_of_event()
    await site.handled(*await site.send(*commands))

    kinds = set()
    topics = (site.topics.lifecycle, site.topics.resolved, site.topics.escalated, site.topics.rejected)
    for topic in topics:
        for record in await site.read(topic):
            event, value = read_by_the_sdk(record), json.loads(record.value)
            data, moment = value.pop("data"), datetime.fromisoformat(value.pop("time"))
            assert event.get_data() == data
            assert event.get_attributes() == value | {"time": moment, "partitionkey": record.key.decode()}
            kinds.add(event.get_type())
    assert kinds == {kind.type for kind in EventKind}


async def test_it_reads_a_dead_letter_as_the_command_that_it_was(site: Site) -> None:
    walk = Walk()
    event = made_by_the_sdk(walk, Verb.NOTE)
    unknown = CloudEvent(event.get_attributes() | {"type": "l1.walk.dance.v1"}, event.get_data())
    message = kafka.to_binary_event(unknown, key_mapper=by_session)
    await site.handled(*await site.send(sending(message)))

    [letter] = [r for r in await site.read(site.topics.dead_letter) if r.key == walk.id.encode()]
    read = read_by_the_sdk(letter)
    assert read.get_attributes() == unknown.get_attributes() | {"partitionkey": walk.id}
    assert read.get_data() == unknown.get_data()
    assert dict(letter.headers)["x-walk-class"] == b"unsupported"


def every_kind_of_event() -> list[Sending]:
    proposal, left, given_up = Walk(), Walk(), Walk()
    draft = {"session_kind": "proposal", "flow_proposal_id": str(uuid.uuid4())}
    return [
        proposal.send(Verb.START, **draft),
        proposal.send(Verb.RESOLVE, helpful=True),
        proposal.send(Verb.FEEDBACK, helpful=False),
        proposal.send(Verb.NOTE),
        left.start(),
        left.send(Verb.ABANDON),
        given_up.send(Verb.ESCALATE_WITHOUT_WALK),
    ]
