"""One walk as a timeline, with how it ended and what the PSA is told; times are UTC, as in that text."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from l1_walk_contracts import SessionKind, SessionStatus
from service.cli.views.content import visible
from service.cli.words import count, duration
from service.domain.path import is_rewind
from service.domain.session import Session
from service.domain.text import one_line
from service.domain.timing import moment
from service.ops.walks import Told

STYLES = {
    SessionStatus.ACTIVE: "cyan",
    SessionStatus.RESOLVED: "green",
    SessionStatus.ESCALATED: "yellow",
    SessionStatus.ABANDONED: "magenta",
}
_WALKED = {
    SessionKind.FLOW: "a published flow",
    SessionKind.PROPOSAL: "a draft flow",
    SessionKind.ADHOC: "freely",
    SessionKind.AI_BUILD: "a flow that an AI builds",
}


class Deed(NamedTuple):
    """Something that happened in a walk; `at` is None where nothing tells when."""

    at: datetime | None
    mark: Text
    told: Text


def session_view(told: Told, psa_heading: str = "for the PSA") -> RenderableType:
    """What it is about, what happened when, and the text for the PSA where the walk has ended."""
    session = told.session
    parts: list[RenderableType] = [_title(session), _facts(told), Text(), _timeline(session)]
    if told.summary is not None:
        parts += [
            Text(),
            Rule(psa_heading, align="left", style="quiet"),
            Text(visible(told.summary, keep="\n")),
        ]
    return Group(*parts)


def session_json(told: Told) -> dict[str, Any]:
    """The row (design 12), how long the walk took, and the texts of its terminal event, null while it goes on."""
    return {
        **msgspec.to_builtins(told.session),
        "duration_seconds": told.duration_seconds,
        "active_seconds": told.active_seconds,
        "summary": told.summary,
        "customer_summary": told.customer_summary,
        "held": None if told.held is None else msgspec.to_builtins(told.held._asdict()),
    }


def _title(session: Session) -> Text:
    ticket = f"ticket {visible(session.ticket_id)} ({session.ticket_kind.value})"
    return Text.assemble((ticket, "head"), "  ", (session.status.value, f"bold {STYLES[session.status]}"))


def _facts(told: Told) -> Table:
    session = told.session
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="quiet", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, fact in _each_fact(session):
        grid.add_row(name, fact)
    took = f"{duration(told.duration_seconds)}, {duration(told.active_seconds)} of it work"
    ended = "" if session.status is SessionStatus.ACTIVE else f" to {_clock(session.last_step_at)}"
    if told.held is not None:
        waits = f"{count(told.held.parked, 'command')} parked since {_clock(told.held.since)} UTC"
        grid.add_row("held", Text(f"behind dead letter {told.held.dead_letter_id}, {waits}", style="yellow"))
    grid.add_row("time", f"{_clock(session.started_at)}{ended} UTC ({took})")
    return grid


def _each_fact(session: Session) -> Iterator[tuple[str, str]]:
    target = session.flow_id or session.flow_proposal_id
    acting = f" acting as {visible(session.acting_as)}" if session.acting_as else ""
    yield "session", f"{session.id}, version {session.version}"
    yield "account", str(session.account_id)
    yield "begun by", f"{session.created_by_user_id}{acting}"
    yield "walked", f"{_WALKED[session.session_kind]} {target or ''}".rstrip()
    if session.status is SessionStatus.ACTIVE and session.current_node_id:
        yield "stands at", visible(session.current_node_id)


def _timeline(session: Session) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="quiet", no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    day = ""
    for deed in _deeds(session):
        date, clock = ("", "") if deed.at is None else _clock(deed.at).split(" ")
        if date and date != day:
            grid.add_row(Text(date, style="head"))
            day = date
        grid.add_row(clock, deed.mark, deed.told)
    return grid


def _deeds(session: Session) -> Iterator[Deed]:
    yield Deed(session.started_at, Text("●", style="cyan"), Text("started", style="cyan"))
    yield from _merged(list(_steps(session.walked_path)), list(_notes(session.walk_notes)))
    if session.status is not SessionStatus.ACTIVE:
        yield Deed(session.last_step_at, Text("■", style=STYLES[session.status]), _end(session))


def _steps(path: Sequence[Any]) -> Iterator[Deed]:
    number = 0
    for entry in path:
        known = entry if isinstance(entry, dict) else {}
        at = moment(known.get("at"))
        if is_rewind(entry):
            yield Deed(
                at, Text("↩", style="yellow"), Text(f"back to {visible(one_line(known.get('node_id')))}")
            )
            continue
        number += 1
        yield Deed(
            at, Text(str(number), style="bold"), _step(known) if known else Text(visible(one_line(entry)))
        )


def _step(entry: dict[str, Any]) -> Text:
    question = one_line(entry.get("question")) or one_line(entry.get("node_id"))
    answer = one_line(entry.get("answer_label")) or one_line(entry.get("answer"))
    told = Text(visible(question))
    if answer:
        told.append(f"\n→ {visible(answer)}", style="green")
    if note := one_line(entry.get("note")):
        told.append(f"\n✎ {visible(note)}", style="italic")
    return told


def _notes(notes: Sequence[Any]) -> Iterator[Deed]:
    for note in notes:
        known = note if isinstance(note, dict) else {}
        text = one_line(known.get("text")) or one_line(note)
        yield Deed(moment(known.get("at")), Text("✎"), Text(visible(text), style="italic"))


def _merged(steps: Sequence[Deed], notes: Sequence[Deed]) -> list[Deed]:
    """By time; the order within each stands, and what tells no time stays behind what it followed."""
    timed = []
    for deeds in (steps, notes):
        latest = datetime.min.replace(tzinfo=UTC)
        for deed in deeds:
            latest = max(latest, deed.at or latest)
            timed.append((latest, deed))
    return [deed for _, deed in sorted(timed, key=lambda pair: pair[0])]


def _end(session: Session) -> Text:
    told = Text(session.status.value, style=f"bold {STYLES[session.status]}")
    if category := session.escalation_reason_category:
        told.append(f" ({visible(category)})")
    if why := session.resolution_notes or session.escalation_reason:
        told.append(f"\n{visible(why, keep=chr(10))}", style="not bold default")
    if session.helpful is not None:
        told.append(
            f"\nwhat was walked was {'helpful' if session.helpful else 'not helpful'}",
            style="not bold default",
        )
    return told


def _clock(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
