"""Walks, commands and decisions for tests of the rules; ids and times are always the same."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, cast
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec

from l1_walk_contracts import COMMAND_DATA, Command, CommandData, SessionKind, TicketKind, Verb
from service.domain.decide import Accepted, Rejected, decide
from service.domain.rules import Rules
from service.domain.session import Session
from tests.support.records import MINIMAL


def named_uuid(name: str) -> UUID:
    return uuid5(NAMESPACE_URL, name)


ACCOUNT, OTHER_ACCOUNT = named_uuid("account"), named_uuid("other account")
ANNA, BEN = named_uuid("anna"), named_uuid("ben")
FLOW, PROPOSAL = named_uuid("flow"), named_uuid("proposal")
SESSION = str(named_uuid("session"))
NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
RULES = Rules()
HOME = 4
TICKET = {"id": "48213", "kind": "psa"}

_numbers = count(1)


def at(minutes: float) -> datetime:
    """So many minutes past nine."""
    return NINE + timedelta(minutes=minutes)


def command(
    verb: Verb,
    data: dict[str, Any] | None = None,
    *,
    time: datetime = NINE,
    session_id: str = SESSION,
    account_id: UUID = ACCOUNT,
    user_id: UUID = ANNA,
) -> Command:
    """A command that keeps the contract, with an id of its own."""
    raw = {"account_id": account_id, "user_id": user_id, **(data or {})}
    return Command(
        session_id=session_id,
        source="/test",
        id=f"command-{next(_numbers)}",
        verb=verb,
        type=verb.type,
        time=time,
        data=cast("CommandData", COMMAND_DATA[verb].model_validate(raw)),
        raw_data=raw,
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )


def session(kind: SessionKind = SessionKind.FLOW, **changes: Any) -> Session:
    """An active session, begun by Anna at nine."""
    fresh = Session(
        id=UUID(SESSION),
        account_id=ACCOUNT,
        created_by_user_id=ANNA,
        ticket_id="48213",
        ticket_kind=TicketKind.PSA,
        session_kind=kind,
        flow_id=FLOW if kind is SessionKind.FLOW else None,
        flow_proposal_id=PROPOSAL if kind is SessionKind.PROPOSAL else None,
        started_at=NINE,
        last_step_at=NINE,
        home_partition=HOME,
    )
    return msgspec.structs.replace(fresh, **changes)


def accepted(before: Session | None, wish: Command, rules: Rules = RULES, partition: int = HOME) -> Accepted:
    """What the command does; fails where a rule says no."""
    decision = decide(before, wish, rules, partition)
    assert isinstance(decision, Accepted), decision
    return decision


def rejected(before: Session | None, wish: Command, rules: Rules = RULES) -> Rejected:
    """Why the command is refused; fails where it is not."""
    decision = decide(before, wish, rules, HOME)
    assert isinstance(decision, Rejected), decision
    return decision


def walked(before: Session | None, *wishes: Command, rules: Rules = RULES) -> Session:
    """The session after commands that are all accepted."""
    for wish in wishes:
        before = accepted(before, wish, rules).session
    assert before is not None
    return before


def smallest(verb: Verb, **changes: Any) -> Command:
    """A command of that verb with the least data that the contract takes."""
    return command(verb, MINIMAL[verb] | changes)
