"""A walk as plain text: whole for an internal PSA note, and what the client may read (design 7).

Times are UTC. People are told apart by number, not by id; nodes by the question that was asked.
"""

from collections.abc import Sequence
from typing import Final

from l1_walk_contracts import (
    AbandonData,
    EscalateData,
    EscalateWithoutWalkData,
    ResolveData,
    SessionKind,
    TicketKind,
    limits,
)
from service.domain import telling
from service.domain.history import History
from service.domain.path import is_rewind
from service.domain.text import clip, count, fit, id_text, length, minute, one_line, paragraph

_FEW = 50
"""Steps and notes of a walk that is told at once, and measured then: most walks."""
_BLOCK_CHARS = 4_000
_ENDING_CHARS = 16_000
_TITLES_CHARS = 100

_WALKED: Final = {
    SessionKind.FLOW: "a published flow",
    SessionKind.PROPOSAL: "a draft flow (proposal)",
    SessionKind.ADHOC: "free-form investigation",
    SessionKind.AI_BUILD: "a flow built by AI on the way",
}


def summary(walk: History) -> str:
    """The whole walk for the technician who opens the ticket next: at most 32,000 characters."""
    header, ending = _header(walk), _ending(walk)
    steps, notes = telling.Steps(walk), telling.Notes(walk)
    if len(steps) + len(notes) <= _FEW:
        text = _compose(header, ending, steps.all(), notes.all())
        if len(text) <= limits.SUMMARY_CHARS:
            return text
    room = limits.SUMMARY_CHARS - len(_compose(header, ending, [], [])) - _titles(steps, notes)
    if length(steps, room) + length(notes, room) <= room:
        return _compose(header, ending, steps, notes)
    ending = clip(ending, _ENDING_CHARS)
    clipped_steps, clipped_notes = _Clipped(steps), _Clipped(notes)
    room = limits.SUMMARY_CHARS - len(header) - len(ending) - _TITLES_CHARS
    note_chars = length(clipped_notes, room)
    for_notes = max(room - length(clipped_steps, room), min(room // 2, note_chars))
    return _compose(
        header,
        ending,
        fit(clipped_steps, room - min(for_notes, note_chars), "step"),
        fit(clipped_notes, for_notes, "note"),
    )


def customer_summary(walk: History) -> str:
    """What the client may read: outcome and resolution; no technician's notes, no internal reason."""
    match walk.last:
        case ResolveData(resolution_notes=resolution):
            outcome = f"has been resolved.\n\nWhat was done:\n{paragraph(resolution)}"
        case EscalateData():
            outcome = "could not be resolved by first-line support and has been passed on."
        case AbandonData():
            outcome = "was worked on, but is not resolved yet."
    request = f"Your request (ticket {one_line(walk.session.ticket_id)})"
    return clip(f"{request} {outcome}\n\nWorked on: {_period(walk)}.", limits.CUSTOMER_SUMMARY_CHARS)


def _compose(header: str, ending: str, steps: Sequence[str], notes: Sequence[str]) -> str:
    parts = [header, "", ending]
    if steps:
        parts += ["", "STEPS", *steps]
    if notes:
        parts += ["", "NOTES", *notes]
    return "\n".join(parts)


def _titles(steps: Sequence[str], notes: Sequence[str]) -> int:
    return (len("\n\nSTEPS") if steps else 0) + (len("\n\nNOTES") if notes else 0)


class _Clipped(telling.Told):
    """The blocks, none of them longer than a block may be where not all can be told."""

    def __init__(self, blocks: Sequence[str]) -> None:
        super().__init__(len(blocks))
        self._blocks = blocks

    def _tell(self, index: int) -> str:
        return clip(self._blocks[index], _BLOCK_CHARS)


def _header(walk: History) -> str:
    session = walk.session
    internal = "internal " if session.ticket_kind is TicketKind.INTERNAL else ""
    return (
        f"L1 walk of {internal}ticket {one_line(session.ticket_id)}: {session.status.value.upper()}\n"
        f"When: {_period(walk)}{_took(walk)}\n"
        f"Who: {_who(walk)}\n"
        f"What: {_what(walk)}"
    )


def _period(walk: History) -> str:
    start, end = minute(walk.session.started_at), minute(walk.ended_at)
    if start == end:
        return f"{start} UTC"
    return f"{start} to {end[11:] if start[:10] == end[:10] else end} UTC"


def _took(walk: History) -> str:
    if not walk.duration_seconds:
        return ""
    if walk.active_seconds == walk.duration_seconds:
        return f" ({_span(walk.duration_seconds)})"
    return f" ({_span(walk.duration_seconds)}, of which {_span(walk.active_seconds)} active)"


def _who(walk: History) -> str:
    starter = _role(walk.session.acting_as)
    if len(walk.people) == 1:
        return starter
    number = walk.people[id_text(walk.last.user_id)]
    ended = f"technician {number}" + (f" ({_role(walk.last.acting_as)})" if number > 1 else "")
    return f"{len(walk.people)} technicians; started by technician 1 ({starter}), ended by {ended}"


def _role(acting_as: str | None) -> str:
    if not acting_as:
        return "L1 technician"
    return (
        "engineer covering L1" if acting_as == "l1_coverage" else f"technician acting as {_words(acting_as)}"
    )


def _what(walk: History) -> str:
    session = walk.session
    if isinstance(walk.last, EscalateWithoutWalkData):
        return "escalated at once, nothing was walked"
    rewinds = sum(map(is_rewind, session.walked_path))
    steps = len(session.walked_path) - rewinds
    counts = [count(steps, "step")] if steps or session.session_kind is not SessionKind.ADHOC else []
    if rewinds:
        counts.append("went back once" if rewinds == 1 else f"went back {rewinds} times")
    if session.walk_notes:
        counts.append(count(len(session.walk_notes), "note"))
    walked = _WALKED[session.session_kind]
    return f"{walked}: {', '.join(counts)}" if counts else walked


def _ending(walk: History) -> str:
    match walk.last:
        case ResolveData(resolution_notes=resolution):
            helped = {None: "", True: "\nDid the walk help? Yes", False: "\nDid the walk help? No"}
            return f"RESOLUTION\n{paragraph(resolution)}{helped[walk.session.helpful]}"
        case EscalateData(reason=reason, reason_category=category):
            kind = _words(category)
            return f"REASON FOR ESCALATION\n{paragraph(reason)}" + (f"\nCategory: {kind}" if kind else "")
        case AbandonData(reason=why, idle_since=since):
            idle = f"Nothing had happened since {minute(since)} UTC." if since else ""
            return "REASON FOR ABANDONING\n" + (
                "\n".join(filter(None, (paragraph(why), idle))) or "None was given."
            )


def _words(name: str | None) -> str:
    """`needs_purchase` as a person reads it."""
    return one_line(name).replace("_", " ")


def _span(seconds: int) -> str:
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
