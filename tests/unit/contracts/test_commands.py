"""The limits of design 5, field by field, at both sides of each, and the target of a walk (design 12)."""

from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from l1_walk_contracts import (
    COMMAND_DATA,
    AbandonData,
    Command,
    FieldError,
    Invalid,
    NoteItem,
    ReplaceNotesData,
    SessionKind,
    StartData,
    Ticket,
    TicketKind,
    Verb,
    decode_command,
)
from tests.support.records import (
    ACCOUNT,
    FLOW,
    MINIMAL,
    SESSION,
    TICKET,
    USER,
    data_of,
    envelope_of,
    record_of,
)

SENDER = {"account_id": UUID(ACCOUNT), "user_id": UUID(USER)}


def errors_of(verb: Verb, **fields: Any) -> list[FieldError]:
    decoded = decode_command(record_of(envelope_of(verb, data_of(verb, **fields))))
    if isinstance(decoded, Command):
        return []
    assert isinstance(decoded, Invalid), decoded
    return list(decoded.errors)


REQUIRED_TEXTS = [
    (Verb.STEP, "node_id", 100),
    (Verb.STEP, "answer", 2000),
    (Verb.REWIND, "node_id", 100),
    (Verb.NOTE, "text", 32_000),
    (Verb.RESOLVE, "resolution_notes", 32_000),
    (Verb.ESCALATE, "reason", 32_000),
    (Verb.ESCALATE_WITHOUT_WALK, "reason", 32_000),
]
OPTIONAL_NODES = [
    (Verb.START, "start_node_id", 100),
    (Verb.STEP, "next_node_id", 100),
    (Verb.NOTE, "node_id", 100),
]
OPTIONAL_TEXTS = [
    *((verb, "acting_as", 30) for verb in Verb),
    (Verb.STEP, "question", 2000),
    (Verb.STEP, "answer_label", 2000),
    (Verb.STEP, "note", 32_000),
    (Verb.ESCALATE, "reason_category", 30),
    (Verb.ESCALATE_WITHOUT_WALK, "reason_category", 30),
    (Verb.ABANDON, "reason", 2000),
]


@pytest.mark.parametrize(("verb", "field", "limit"), REQUIRED_TEXTS + OPTIONAL_NODES + OPTIONAL_TEXTS)
def test_a_text_has_so_many_characters_at_most(verb: Verb, field: str, limit: int) -> None:
    assert errors_of(verb, **{field: "\U0001f600" * limit}) == []
    too_long = FieldError(f"data.{field}", f"must have at most {limit:,} characters")
    assert errors_of(verb, **{field: "x" * (limit + 1)}) == [too_long]


@pytest.mark.parametrize(("verb", "field", "limit"), REQUIRED_TEXTS + OPTIONAL_NODES)
def test_what_names_or_is_required_is_not_blank(verb: Verb, field: str, limit: int) -> None:
    for blank in (" ", "\n\t\r ", "\u3000\u00a0\u2028", " " * limit):
        assert errors_of(verb, **{field: blank}) == [FieldError(f"data.{field}", "must not be blank")]
    assert errors_of(verb, **{field: ""}) == [FieldError(f"data.{field}", "must not be empty")]
    for given in (" x", "x ", "\n.\n", "\u200b"):
        assert errors_of(verb, **{field: given}) == []


@pytest.mark.parametrize(("verb", "field", "limit"), OPTIONAL_TEXTS)
def test_what_may_be_absent_may_be_empty_blank_or_null(verb: Verb, field: str, limit: int) -> None:
    for nothing in ("", " " * limit, None):
        assert errors_of(verb, **{field: nothing}) == []


@pytest.mark.parametrize(("verb", "field", "limit"), REQUIRED_TEXTS + OPTIONAL_NODES + OPTIONAL_TEXTS)
def test_no_text_holds_what_postgresql_cannot(verb: Verb, field: str, limit: int) -> None:
    assert limit
    for text in ("\0", "a\0", "\0 ", " a\n\0", "\ud800", "a\udfff"):
        assert errors_of(verb, **{field: text}) == [
            FieldError(f"data.{field}", "must hold neither U+0000 nor half of a surrogate pair")
        ]


@pytest.mark.parametrize("verb", Verb)
def test_what_is_required(verb: Verb) -> None:
    decoded = decode_command(record_of(envelope_of(verb, {"x": 1})))
    assert isinstance(decoded, Invalid)
    assert {error.field for error in decoded.errors} == {
        f"data.{name}" for name in ("account_id", "user_id", *MINIMAL[verb])
    }
    assert {error.message for error in decoded.errors} == {"is required"}


@pytest.mark.parametrize("verb", [Verb.START, Verb.ESCALATE_WITHOUT_WALK])
def test_tickets(verb: Verb) -> None:
    for kind in ("psa", "internal"):
        assert errors_of(verb, ticket={"id": "x" * 64, "kind": kind, "more": 1}) == []
    assert [error.field for error in errors_of(verb, ticket={"id": " ", "kind": "PSA"})] == [
        "data.ticket.id",
        "data.ticket.kind",
    ]
    assert [error.field for error in errors_of(verb, ticket={"id": "x" * 65})] == [
        "data.ticket.id",
        "data.ticket.kind",
    ]


NO_FLOW = FieldError("data.flow_id", "must be absent unless session_kind is flow")
NO_PROPOSAL = FieldError("data.flow_proposal_id", "must be absent unless session_kind is proposal")
FLOW_WANTED = FieldError("data.flow_id", "is required where session_kind is flow")
PROPOSAL_WANTED = FieldError("data.flow_proposal_id", "is required where session_kind is proposal")


@pytest.mark.parametrize(
    ("kind", "neither", "flow", "proposal", "both"),
    [
        ("flow", [FLOW_WANTED], [], [FLOW_WANTED, NO_PROPOSAL], [NO_PROPOSAL]),
        ("proposal", [PROPOSAL_WANTED], [NO_FLOW, PROPOSAL_WANTED], [], [NO_FLOW]),
        ("adhoc", [], [NO_FLOW], [NO_PROPOSAL], [NO_FLOW, NO_PROPOSAL]),
        ("ai_build", [], [NO_FLOW], [NO_PROPOSAL], [NO_FLOW, NO_PROPOSAL]),
    ],
)
def test_a_walk_names_its_target(
    kind: str,
    neither: list[FieldError],
    flow: list[FieldError],
    proposal: list[FieldError],
    both: list[FieldError],
) -> None:
    assert errors_of(Verb.START, session_kind=kind, flow_id=None) == neither
    assert errors_of(Verb.START, session_kind=kind, flow_id=FLOW) == flow
    assert errors_of(Verb.START, session_kind=kind, flow_proposal_id=FLOW) == proposal
    assert errors_of(Verb.START, session_kind=kind, flow_id=FLOW, flow_proposal_id=FLOW) == both


def test_notes() -> None:
    notes = [{"text": "a", "node_id": "n", "more": 1}, {"text": "b", "node_id": None}]
    decoded = decode_command(
        record_of(envelope_of(Verb.REPLACE_NOTES, data_of(Verb.REPLACE_NOTES, notes=notes)))
    )
    assert isinstance(decoded, Command)
    assert isinstance(decoded.data, ReplaceNotesData)
    assert decoded.data.notes == (NoteItem("a", "n"), NoteItem("b"))
    (error,) = errors_of(Verb.REPLACE_NOTES, notes=[{"text": "a"}, {"text": " "}, 3])
    assert error == FieldError("data.notes.1.text", "must not be blank")


def test_idle_since_is_a_moment_in_utc() -> None:
    text = "2026-01-31T10:30:00+01:00"
    decoded = decode_command(record_of(envelope_of(Verb.ABANDON, data_of(Verb.ABANDON, idle_since=text))))
    assert isinstance(decoded, Command)
    assert isinstance(decoded.data, AbandonData)
    assert decoded.data.idle_since is not None
    assert decoded.data.idle_since.isoformat() == "2026-01-31T09:30:00+00:00"
    wrong_ones: list[Any] = ["2026-01-31", "2026-01-31T10:30:00", 0, 1.5, True, [], "12345"]
    for wrong in wrong_ones:
        assert [error.field for error in errors_of(Verb.ABANDON, idle_since=wrong)] == ["data.idle_since"]


class TestInPython:
    """Who publishes builds the same models, and is stopped by the same rules."""

    def test_uuids_and_enums_or_their_texts(self) -> None:
        typed = StartData(
            **SENDER, ticket=Ticket("T1", TicketKind.PSA), session_kind=SessionKind.FLOW, flow_id=UUID(FLOW)
        )
        assert typed == StartData.model_validate(
            data_of(Verb.START, ticket=TICKET, session_kind="flow", flow_id=FLOW)
        )

    def test_a_ticket_is_checked_where_it_is_used(self) -> None:
        with pytest.raises(ValidationError, match=r"ticket\.id"):
            StartData(**SENDER, ticket=Ticket("", TicketKind.PSA), session_kind=SessionKind.ADHOC)
        with pytest.raises(ValidationError, match=r"notes\.0\.text"):
            ReplaceNotesData(**SENDER, notes=(NoteItem(" "),))

    def test_commands_do_not_change(self) -> None:
        data = COMMAND_DATA[Verb.FEEDBACK].model_validate(data_of(Verb.FEEDBACK))
        with pytest.raises(ValidationError, match="frozen"):
            setattr(data, "account_id", UUID(SESSION))  # noqa: B010 - mypy knows it is read-only
