import uuid
from typing import Any

import msgspec
import pytest

from l1_walk_contracts import (
    CommandRejectedData,
    EventKind,
    Outcome,
    Record,
    RejectionReason,
    Topics,
    Verb,
    decode_event,
    rejection_id,
)
from service.domain.decide import decide
from service.domain.rules import Rules
from service.domain.session import Session
from service.pipeline.decode import Decoded, decode
from service.pipeline.fold import Effects, Fold, Known
from service.store.held import Hold
from service.store.outbox import Message
from service.store.references import Reference
from tests.support.consumed import consumed
from tests.support.records import STAMP
from tests.support.walk import Sending, Walk

TOPICS = Topics("t")
FOLD = Fold(TOPICS, Rules())
NOTHING = Known({}, {}, (), ())


def decoded(*sent: Sending, partition: int = 1, offset: int = 0) -> list[Decoded]:
    records = [consumed(s.received(STAMP), partition, offset + n) for n, s in enumerate(sent)]
    return decode(records)


def fold(*sent: Sending, known: Known = NOTHING, **place: Any) -> Effects:
    return FOLD(decoded(*sent, **place), known)


def told(message: Message) -> Any:
    return decode_event(Record(message.key, message.value, message.headers))


def reasons(effects: Effects) -> list[str]:
    events = [told(message) for message in effects.messages if message.topic == TOPICS.rejected]
    return [event.data.reason for event in events]


def begun(walk: Walk, *sent: Sending) -> Session:
    [session] = fold(walk.start(), *sent).started
    return session


def test_each_command_is_decided_on_what_the_ones_before_it_left() -> None:
    walk, other = Walk(), Walk()
    effects = fold(walk.start(), other.start(), walk.step("a"), walk.send(Verb.RESOLVE), other.step("b"))
    first, second = effects.started
    assert (str(first.id), first.version, first.status, first.home_partition) == (walk.id, 3, "resolved", 1)
    assert (str(second.id), second.version) == (other.id, 2)
    assert effects.changed == []
    assert [(m.offset, m.number) for m in effects.messages] == [(0, 0), (1, 0), (3, 0)]
    assert effects.outcomes == {(Outcome.ACCEPTED, ""): 5}


def test_a_session_that_stood_before_is_changed_from_what_it_was() -> None:
    walk = Walk()
    before = begun(walk)
    effects = fold(walk.step("a"), walk.step("b"), known=Known({before.id: before}, {}, (), ()))
    assert effects.started == []
    [(old, new)] = effects.changed
    assert old is before
    assert (new.version, len(new.walked_path)) == (3, 2)


def test_what_changes_nothing_is_written_nowhere_but_in_the_inbox() -> None:
    walk = Walk()
    before = begun(walk, walk.send(Verb.RESOLVE, helpful=True))
    effects = fold(walk.send(Verb.FEEDBACK, helpful=True), known=Known({before.id: before}, {}, (), ()))
    assert (effects.started, effects.changed, effects.messages) == ([], [], [])
    assert [(e.outcome, e.version) for e in effects.inbox] == [(Outcome.ACCEPTED, 2)]


def test_twice_in_a_batch_counts_once() -> None:
    walk = Walk()
    step = walk.step("a")
    effects = fold(walk.start(), step, step, walk.step("b"))
    assert [s.version for s in effects.started] == [3]
    assert effects.outcomes == {(Outcome.ACCEPTED, ""): 3, (Outcome.DUPLICATE, ""): 1}
    assert [e.origin_offset for e in effects.inbox] == [0, 1, 3]


def test_what_the_inbox_knows_counts_no_more() -> None:
    walk = Walk()
    before = begun(walk)
    step = walk.step("a", command_id="c")
    [one] = decoded(step)
    key = (before.id, "/test", "c")
    effects = fold(step, known=Known({before.id: before}, {key: one.digest}, (), ()))
    assert effects.outcomes == {(Outcome.DUPLICATE, ""): 1}
    effects = fold(step, known=Known({before.id: before}, {key: b"another"}, (), ()))
    assert reasons(effects) == ["id_reused"]
    assert effects.inbox == []


def test_an_id_used_for_something_else_in_the_same_batch() -> None:
    walk = Walk()
    effects = fold(
        walk.start(),
        walk.step("a", command_id="c"),
        walk.send(Verb.NOTE, "c"),
        walk.step("b", command_id="c"),
    )
    assert reasons(effects) == ["id_reused", "id_reused"]
    assert [s.version for s in effects.started] == [2]
    assert len(effects.inbox) == 2


def test_the_same_id_of_another_walk_or_source_is_another_command() -> None:
    walk, other = Walk(), Walk()
    foreign = walk.envelope(Verb.NOTE, "c") | {"source": "/another"}
    effects = fold(
        walk.start(),
        other.start(),
        walk.step("a", command_id="c"),
        other.step("a", command_id="c"),
        walk.wrap(foreign),
    )
    assert effects.outcomes == {(Outcome.ACCEPTED, ""): 5}


def test_a_rejection_tells_where_the_command_stood() -> None:
    walk = Walk()
    step = walk.step("a", command_id="c")
    effects = fold(step, partition=3, offset=40)
    [message] = effects.messages
    [one] = decoded(step)
    event = told(message)
    assert event.kind is EventKind.COMMAND_REJECTED
    assert event.id == rejection_id(TOPICS.commands, 3, 40, one.digest)
    assert (event.session_id, event.causation_id, event.session_version) == (walk.id, "c", None)
    data = event.data
    assert isinstance(data, CommandRejectedData)
    assert (data.origin.topic, data.origin.partition, data.origin.offset) == (TOPICS.commands, 3, 40)
    assert (message.target_partition, message.key) == (3, walk.id.encode())
    assert effects.outcomes == {(Outcome.REJECTED, "session_not_found"): 1}


def test_only_what_a_rule_refused_on_a_walk_that_exists_is_remembered() -> None:
    walk = Walk()
    effects = fold(
        walk.step("early"),
        walk.start(session_kind="adhoc", flow_id=None),
        walk.step("n", command_id="refused"),
        walk.send(Verb.NOTE, "invalid", text=""),
        Walk(walk.id).step("stranger"),
    )
    kept = [(e.command_id, e.outcome, e.reason, e.version) for e in effects.inbox[1:]]
    assert kept == [("refused", Outcome.REJECTED, RejectionReason.ADHOC_HAS_NO_NODES, 1)]
    assert effects.outcomes.total() == 5


def test_a_command_from_another_partition_than_its_walks_is_invalid() -> None:
    walk = Walk()
    before = begun(walk)
    known = Known({before.id: before}, {}, (), ())
    effects = fold(walk.step("a"), known=known, partition=2)
    event = told(effects.messages[0])
    assert [error.field for error in event.data.errors] == ["partition"]
    assert reasons(fold(Walk(walk.id).step("a"), known=known, partition=2)) == ["session_not_found"]
    homeless = msgspec.structs.replace(before, home_partition=None)
    [(_, new)] = fold(walk.step("a"), known=Known({before.id: homeless}, {}, (), ()), partition=2).changed
    assert new.home_partition == 2


def test_what_names_nothing_known_is_refused_with_its_fields() -> None:
    walk = Walk()
    unknown = {Reference("user", uuid.UUID(walk.user)), Reference("flow", uuid.UUID(walk.flow))}
    effects = fold(walk.start(), known=Known({}, {}, unknown, ()))
    event = told(effects.messages[0])
    assert [error.field for error in event.data.errors] == ["data.user_id", "data.flow_id"]
    assert event.data.command is not None
    assert effects.started == []


@pytest.mark.parametrize("text", ["t", ""], ids=["valid", "invalid"])
def test_nothing_is_told_of_what_a_gone_account_says(text: str) -> None:
    walk = Walk()
    gone = {Reference("account", uuid.UUID(walk.account))}
    effects = fold(walk.send(Verb.NOTE, text=text), known=Known({}, {}, gone, gone))
    event = told(effects.messages[0])
    assert event.data.command is None
    assert event.data.reason == ("unknown_reference" if text else "invalid")
    other = Walk()
    assert told(fold(other.step("n"), known=Known({}, {}, gone, gone)).messages[0]).data.command is not None


def test_what_nobody_can_read_is_put_aside_in_its_place() -> None:
    walk = Walk()
    effects = fold(walk.start(), Sending(b"k", b"{", (("h", None),)), walk.step("n"), offset=10)
    [letter] = effects.dead_letters
    assert (letter.topic, letter.partition, letter.offset, letter.error) == (
        TOPICS.commands, 1, 11, letter.error
    )  # fmt: skip
    assert [(m.topic, m.offset) for m in effects.messages] == [
        (TOPICS.lifecycle, 10),
        (TOPICS.dead_letter, 11),
    ]
    assert effects.outcomes == {(Outcome.ACCEPTED, ""): 2, (Outcome.DEAD_LETTERED, "unreadable"): 1}
    assert [s.version for s in effects.started] == [2]


def test_events_of_tickets_go_by_their_key_all_others_home() -> None:
    walk = Walk()
    effects = fold(walk.start(), walk.send(Verb.RESOLVE, helpful=True), partition=5)
    assert [(m.topic, m.target_partition) for m in effects.messages] == [
        (TOPICS.lifecycle, 5), (TOPICS.resolved, None)
    ]  # fmt: skip
    assert {m.account_id for m in effects.messages} == {uuid.UUID(walk.account)}
    assert {m.session_id for m in effects.messages} == {uuid.UUID(walk.id)}


def test_what_one_command_causes_is_numbered() -> None:
    walk = Walk()
    start = walk.start(session_kind="proposal", flow_id=None, flow_proposal_id=str(uuid.uuid4()))
    effects = fold(start, walk.send(Verb.RESOLVE, helpful=True))
    assert [(m.offset, m.number) for m in effects.messages] == [(0, 0), (1, 0), (1, 1)]


def test_the_same_records_come_to_the_same_bytes() -> None:
    walk = Walk()
    sent = [
        walk.start(),
        walk.step("a"),
        Sending(None, None),
        walk.step("b", expected_version=1),
        walk.send(Verb.ESCALATE),
    ]
    assert fold(*sent) == fold(*sent)


def unknown_type(walk: Walk) -> Sending:
    return walk.wrap(walk.envelope(Verb.NOTE) | {"type": "l1.walk.note.v2"})


def put_aside(effects: Effects) -> list[tuple[int, str, int | None]]:
    """Offset and class of each letter, and the offset of the one that it waits behind."""
    offsets = {letter.id: letter.offset for letter in effects.dead_letters}
    return [
        (le.offset, le.letter_class, offsets[le.parked_behind] if le.parked_behind else None)
        for le in effects.dead_letters
    ]


def test_what_follows_a_type_that_nobody_knows_is_parked_behind_it() -> None:
    walk, other = Walk(), Walk()
    effects = fold(
        walk.start(), unknown_type(walk), other.start(), walk.step("a"), unknown_type(walk), other.step("b"),
        walk.send(Verb.NOTE, text=""),
    )  # fmt: skip
    assert put_aside(effects) == [
        (1, "unsupported", None), (3, "parked", 1), (4, "parked", 1), (6, "parked", 1)
    ]  # fmt: skip
    assert [(str(hold.session_id), hold.partition) for hold in effects.held] == [(walk.id, 1)]
    assert [s.version for s in effects.started] == [1, 2]
    assert [m.topic for m in effects.messages].count(TOPICS.dead_letter) == 1
    assert [outcome for outcome, _ in effects.results] == [
        "accepted", "dead_lettered", "accepted", "parked", "parked", "accepted", "parked"
    ]  # fmt: skip


def test_a_session_that_is_held_is_parked_from_the_first_command() -> None:
    walk = Walk()
    before = begun(walk)
    hold = Hold(before.id, uuid.uuid4(), 1)
    known = Known({before.id: before}, {}, (), (), {before.id: hold})
    [letter] = fold(walk.step("a"), known=known).dead_letters
    assert letter.parked_behind == hold.dead_letter_id
    assert letter.account_id == uuid.UUID(walk.account)


def test_what_is_not_the_sessions_to_wait_for_is_refused_at_once() -> None:
    walk = Walk()
    before = begun(walk)
    hold = Hold(before.id, uuid.uuid4(), 1)
    known = Known({before.id: before}, {}, (), (), {before.id: hold})
    assert reasons(fold(Walk(walk.id).step("a"), known=known)) == ["session_not_found"]
    assert reasons(fold(walk.step("a"), known=known, partition=2)) == ["invalid"]
    homeless = msgspec.structs.replace(before, home_partition=None)
    moving = Known({before.id: homeless}, {}, (), (), {before.id: hold})
    assert reasons(fold(walk.step("a"), known=moving, partition=2)) == ["invalid"]
    assert fold(walk.step("a"), known=moving).results == [(Outcome.PARKED, "")]
    unborn = Known({}, {}, (), (), {before.id: hold})
    assert reasons(fold(walk.start(), known=unborn, partition=2)) == ["invalid"]
    assert fold(walk.start(), known=unborn).results == [(Outcome.PARKED, "")]


def test_what_strayed_holds_nobody() -> None:
    walk = Walk()
    before = begun(walk)
    effects = fold(
        unknown_type(walk), walk.step("a"), known=Known({before.id: before}, {}, (), ()), partition=2
    )
    assert effects.held == []
    assert put_aside(effects) == [(0, "unsupported", None)]


def test_what_another_account_says_holds_nobody() -> None:
    walk = Walk()
    before = begun(walk)
    effects = fold(unknown_type(Walk(walk.id)), walk.step("a"), known=Known({before.id: before}, {}, (), ()))
    assert effects.held == []
    assert effects.results == [(Outcome.DEAD_LETTERED, "unsupported"), (Outcome.ACCEPTED, "")]


def test_a_fault_of_ours_is_put_aside_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(session: Any, command: Any, rules: Any, partition: int) -> Any:
        if command.id == "poison":
            raise ZeroDivisionError("what somebody wrote")
        return decide(session, command, rules, partition)

    monkeypatch.setattr("service.domain.handle.decide", failing)
    walk, other = Walk(), Walk()
    effects = fold(
        walk.start(), walk.step("a", command_id="poison"), walk.step("b"), other.start(), other.step("c")
    )
    assert put_aside(effects) == [(1, "failed", None), (2, "parked", 1)]
    assert effects.dead_letters[0].error == "ZeroDivisionError in service.domain.handle.handle"
    assert [s.version for s in effects.started] == [1, 2]


def test_what_failed_its_transaction_is_put_aside() -> None:
    walk = Walk()
    effects = FOLD([one.failing("why") for one in decoded(walk.start())], NOTHING)
    assert [(le.letter_class, le.error) for le in effects.dead_letters] == [("failed", "why")]
    assert effects.started == []
    [unreadable] = FOLD([one.failing("why") for one in decoded(Sending(None, b"{"))], NOTHING).dead_letters
    assert (unreadable.letter_class, unreadable.session_id) == ("failed", None)


def test_of_an_account_that_is_gone_nothing_is_put_aside() -> None:
    walk = Walk()
    gone = {Reference("account", uuid.UUID(walk.account))}
    before = Hold(uuid.UUID(walk.id), uuid.uuid4(), 1)
    known = Known({}, {}, gone, gone, {before.session_id: before})
    failed = [one.failing("why") for one in decoded(walk.step("n"), offset=2)]
    effects = FOLD([*decoded(unknown_type(walk), walk.step("n")), *failed], known)
    assert (effects.dead_letters, effects.held) == ([], [])
    assert reasons(effects) == ["unknown_reference"] * 3
    assert all(told(message).data.command is None for message in effects.messages)
