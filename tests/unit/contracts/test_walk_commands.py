"""`WalkCommands` makes what the worker takes, and refuses the rest before it is sent."""

import itertools
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from l1_walk_contracts import (
    Command,
    CommandError,
    NoteItem,
    OutRecord,
    Record,
    SessionKind,
    Ticket,
    TicketKind,
    Topics,
    Verb,
    WalkCommands,
    decode_command,
)
from l1_walk_contracts.samples import (
    ACCOUNT,
    COMMANDS,
    ENDED,
    FLOW,
    PROPOSAL,
    SESSION,
    STARTED,
    TECHNICIAN,
    TICKET,
)

HELPER = UUID(int=7)


def walk(**more: Any) -> WalkCommands:
    ids, times = itertools.count(1), (STARTED + timedelta(minutes=n) for n in itertools.count())
    return WalkCommands(
        account_id=ACCOUNT,
        user_id=TECHNICIAN,
        source="/product/walks",
        session_id=SESSION,
        **{"new_id": lambda: f"c{next(ids)}", "now": lambda: next(times), **more},
    )


def read(record: OutRecord) -> Command:
    command = decode_command(Record(record.key, record.value, record.headers))
    assert isinstance(command, Command), command
    return command


MADE = {
    Verb.START: lambda w: w.start_flow(TICKET, FLOW, "link-light"),
    Verb.STEP: lambda w: w.step(
        "link-light",
        "no",
        question="Is the link light of the printer on?",
        answer_label="No",
        note="The cable was loose.",
        next_node_id="cable",
    ),
    Verb.REWIND: lambda w: w.rewind("link-light"),
    Verb.NOTE: lambda w: w.note("The user calls back at ten.", "cable"),
    Verb.REPLACE_NOTES: lambda w: w.replace_notes(
        NoteItem("The user calls back at ten.", "cable"), NoteItem("She did.")
    ),
    Verb.RESOLVE: lambda w: w.resolve("Plugged the network cable back in.", helpful=True),
    Verb.ESCALATE: lambda w: w.escalate("The switch port is dead.", "hardware", expected_version=4),
    Verb.ESCALATE_WITHOUT_WALK: lambda w: w.escalate_without_walk(
        TICKET, "The whole site is offline.", "outage"
    ),
    Verb.ABANDON: lambda w: w.abandon("The user does not answer.", ENDED),
    Verb.FEEDBACK: lambda w: w.by(TECHNICIAN, acting_as="l1_coverage").feedback(helpful=True),
}
"""Each verb as the samples have it."""


@pytest.mark.parametrize("verb", Verb)
@pytest.mark.parametrize("mode", ["structured", "binary"])
def test_each_verb_is_made_and_read_as_it_was_meant(verb: Verb, mode: Any) -> None:
    command = read(MADE[verb](walk(mode=mode)))
    assert command.data == COMMANDS[verb]
    assert (command.verb, command.session_id, command.source) == (verb, str(SESSION), "/product/walks")
    assert (command.id, command.time) == ("c1", STARTED)


def test_the_other_kinds_of_start_name_what_they_walk() -> None:
    w = walk()
    started = [w.start_proposal(TICKET, PROPOSAL, "root"), w.start_ai_build(TICKET), w.start_adhoc(TICKET)]
    data: list[Any] = [read(record).data for record in started]
    assert [d.session_kind for d in data] == [SessionKind.PROPOSAL, SessionKind.AI_BUILD, SessionKind.ADHOC]
    assert [(d.flow_id, d.flow_proposal_id, d.start_node_id) for d in data] == [
        (None, PROPOSAL, "root"),
        (None, None, None),
        (None, None, None),
    ]


def test_each_command_has_an_id_and_a_time_of_its_own_unless_told() -> None:
    w = walk(topics=Topics("acme"))
    first, second = w.note("a"), w.note("b")
    assert [(read(r).id, read(r).time) for r in (first, second)] == [
        ("c1", STARTED),
        ("c2", STARTED + timedelta(minutes=1)),
    ]
    told = read(
        w.note(
            "c",
            id="mine",
            at=STARTED - timedelta(days=1),
            traceparent="00-" + "1" * 32 + "-" + "2" * 16 + "-01",
        )
    )
    assert (told.id, told.time, told.traceparent) == (
        "mine",
        STARTED - timedelta(days=1),
        "00-" + "1" * 32 + "-" + "2" * 16 + "-01",
    )
    assert first.topic == "acme.commands"
    assert first.key == str(SESSION).encode()


def test_another_technician_takes_the_same_walk_over() -> None:
    command = read(walk().by(HELPER, acting_as="l1_coverage").note("I go on."))
    assert (command.session_id, command.data.user_id, command.data.acting_as) == (
        str(SESSION),
        HELPER,
        "l1_coverage",
    )


def test_without_being_told_a_walk_is_a_new_one_at_this_moment() -> None:
    one, other = (WalkCommands(account_id=uuid4(), user_id=uuid4(), source="/s") for _ in range(2))
    records = [one.start_adhoc(TICKET), one.note("a"), other.note("b")]
    commands = [read(record) for record in records]
    assert commands[0].session_id == commands[1].session_id != commands[2].session_id
    assert len({command.id for command in commands}) == 3
    assert all(command.time.utcoffset() == timedelta() for command in commands)


REFUSED: dict[str, tuple[Any, str, str]] = {
    "too long": (
        lambda w: w.resolve("x" * 32_001),
        "data.resolution_notes",
        "must have at most 32,000 characters",
    ),
    "blank": (lambda w: w.note("  "), "data.text", "must not be blank"),
    "U+0000": (
        lambda w: w.note("a\0b"),
        "data.text",
        "must hold neither U+0000 nor half of a surrogate pair",
    ),
    "surrogate": (lambda w: w.note("\ud800"), "data.text", "must not hold half of a surrogate pair"),
    "of a note": (
        lambda w: w.replace_notes(NoteItem("x", "n" * 101)),
        "data.notes.0.node_id",
        "must have at most 100 characters",
    ),
    "of the ticket": (
        lambda w: w.start_adhoc(Ticket("", TicketKind.PSA)),
        "data.ticket.id",
        "must not be empty",
    ),
    "no such version": (
        lambda w: w.note("x", expected_version=0),
        "data.expected_version",
        "must be at least 1",
    ),
    "naive time": (
        lambda w: w.note("x", at=datetime(2026, 1, 31)),  # noqa: DTZ001
        "time",
        "must be an RFC 3339 timestamp with its offset, such as 2026-01-31T09:30:00Z",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_worker_would_not_take_is_refused_with_its_field(name: str) -> None:
    make, field, message = REFUSED[name]
    with pytest.raises(CommandError) as refused:
        make(walk())
    [error] = refused.value.errors
    assert (error.field, error.message) == (field, message)
    assert str(refused.value) == f"{field} {message}"


def test_what_is_too_large_as_a_whole_is_refused() -> None:
    with pytest.raises(CommandError, match="over 512 KiB") as refused:
        walk().replace_notes(*[NoteItem("x" * 32_000)] * 17)
    assert refused.value.errors == ()


def test_a_source_that_is_no_identity_is_refused() -> None:
    with pytest.raises(CommandError, match="no usable source"):
        WalkCommands(account_id=ACCOUNT, user_id=TECHNICIAN, source="").note("x")


@pytest.mark.parametrize("name", ["time", "tiem", "expectedversion"])
def test_a_keyword_that_no_command_has_is_refused(name: str) -> None:
    said: dict[str, Any] = {name: STARTED}
    with pytest.raises(
        TypeError, match=f"no command has {name}: beside its own, each has id, at, expected_version"
    ):
        walk().note("The cable was loose.", **said)
