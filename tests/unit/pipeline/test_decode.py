import json
import uuid

import pytest

from l1_walk_contracts import Command, Invalid, Unreadable, Unsupported, Verb
from service.domain.digest import command_digest
from service.pipeline.decode import Decoded, decode
from service.store.references import Reference
from tests.support.consumed import consumed
from tests.support.records import STAMP
from tests.support.walk import Sending, Walk


def decoded(sending: Sending, partition: int = 2, offset: int = 7) -> Decoded:
    [one] = decode([consumed(sending.received(STAMP), partition, offset)])
    return one


def test_a_command_with_all_that_the_batch_needs_to_know() -> None:
    walk = Walk()
    sending = walk.start()
    one = decoded(sending)
    assert isinstance(one.message, Command)
    assert (one.partition, one.offset, one.record) == (2, 7, sending.received(STAMP))
    assert one.session_id == uuid.UUID(walk.id)
    assert hash(one.session_id) == hash(uuid.UUID(walk.id))
    assert one.digest == command_digest(Verb.START.type, one.message.raw_data)
    assert one.references == (
        ("data.account_id", Reference("account", uuid.UUID(walk.account))),
        ("data.user_id", Reference("user", uuid.UUID(walk.user))),
        ("data.flow_id", Reference("flow", uuid.UUID(walk.flow))),
    )


@pytest.mark.parametrize(
    ("verb", "fields", "named"),
    [
        (Verb.START, {}, []),
        (Verb.START, {"session_kind": "proposal", "flow_proposal_id": str(uuid.UUID(int=5))}, ["proposal"]),
        (Verb.ESCALATE_WITHOUT_WALK, {}, []),
        (Verb.STEP, {}, []),
        (Verb.FEEDBACK, {}, []),
    ],
)
def test_what_each_verb_names(verb: Verb, fields: dict[str, str], named: list[str]) -> None:
    one = decoded(Walk().send(verb, **fields))
    assert [reference.kind for _, reference in one.references] == ["account", "user", *named]


def test_an_invalid_command_names_its_account_where_it_can_be_read() -> None:
    walk = Walk()
    one = decoded(walk.send(Verb.NOTE, text=""))
    assert isinstance(one.message, Invalid)
    assert one.session_id == uuid.UUID(walk.id)
    assert one.references == (("data.account_id", Reference("account", uuid.UUID(walk.account))),)
    assert len(one.digest) == 16
    assert decoded(walk.send(Verb.NOTE, account_id="?")).references == ()


def test_an_unsupported_command_names_its_session() -> None:
    walk = Walk()
    one = decoded(walk.wrap(walk.envelope(Verb.NOTE) | {"type": "l1.walk.note.v2"}))
    assert isinstance(one.message, Unsupported)
    assert (one.session_id, one.digest) == (uuid.UUID(walk.id), b"")


def test_what_nobody_can_read_names_nothing() -> None:
    one = decoded(Sending(None, b"{"))
    assert isinstance(one.message, Unreadable)
    assert (one.session_id, one.digest, one.references) == (None, b"", ())


def test_the_digest_is_that_of_type_and_data_alone() -> None:
    walk = Walk()
    step = walk.envelope(Verb.STEP, "c")
    digest = decoded(walk.wrap(step)).digest
    turned = dict(reversed(list(step["data"].items())))
    assert (
        decoded(walk.wrap(step | {"data": turned, "id": "d", "time": "2026-02-01T00:00:00Z"})).digest
        == digest
    )
    assert decoded(walk.binary(Verb.STEP)).digest == digest
    assert decoded(walk.send(Verb.STEP, node_id="m")).digest != digest
    assert decoded(walk.wrap(step | {"data": step["data"] | {"unknown": 1}})).digest != digest


def test_records_are_decoded_in_their_order() -> None:
    walk = Walk()
    sent = [walk.start(), Sending(b"", b""), walk.step("n")]
    told = decode([consumed(s.received(STAMP), 0, n) for n, s in enumerate(sent)])
    assert [one.offset for one in told] == [0, 1, 2]
    assert json.loads(told[2].record.value or b"")["data"]["node_id"] == "n"
