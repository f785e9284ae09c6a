"""What happened, as two lines for people: what became of which walk, and what is to be said of it."""

from collections.abc import Iterator

import msgspec
from rich.text import Text

from l1_walk_contracts import (
    AbandonedData,
    Command,
    CommandRejectedData,
    EscalatedData,
    Event,
    EventData,
    EventKind,
    FeedbackRecordedData,
    Invalid,
    ProposalValidatedData,
    ResolvedData,
    Settle,
    StartedData,
    TerminalData,
    Unreadable,
    Unsupported,
    WalkData,
)
from service.cli.views.content import visible
from service.cli.words import count, duration
from service.domain.text import one_line

Lines = tuple[str, str, Text, Text]
"""A word, its style, what stands beside it, and the second line."""

STYLES = {
    EventKind.STARTED: "cyan",
    EventKind.RESOLVED: "green",
    EventKind.ESCALATED: "yellow",
    EventKind.ABANDONED: "magenta",
    EventKind.FEEDBACK_RECORDED: "blue",
    EventKind.PROPOSAL_VALIDATED: "blue",
    EventKind.COMMAND_REJECTED: "red",
}
_WORDS = {
    EventKind.FEEDBACK_RECORDED: "feedback",
    EventKind.PROPOSAL_VALIDATED: "validated",
    EventKind.COMMAND_REJECTED: "rejected",
}


def event_lines(event: Event) -> Lines:
    """An event of any kind; what is wrong with a command is told in full."""
    word, style = _WORDS.get(event.kind, event.kind.value), STYLES[event.kind]
    if isinstance(event.data, CommandRejectedData):
        return word, style, _session(event.session_id), whole("; ".join(_rejection(event, event.data)))
    about = Text.assemble(_session(event.session_id), f"  {_ticket(event.data)}")
    return word, style, about, Text("; ".join(visible(part) for part in _said(event.data)))


def command_lines(command: Command | Invalid | Settle | Unsupported | Unreadable, place: str) -> Lines:
    """A record of the commands topic, which stands at this place."""
    match command:
        case Command(verb=verb, session_id=session_id, data=data):
            told = data.model_dump(mode="json", exclude_none=True, exclude={"account_id", "user_id"})
            said = "; ".join(f"{name}: {_value(value)}" for name, value in told.items())
            return verb.value, "bold", _session(session_id), Text(visible(said))
        case Invalid(verb=verb, session_id=session_id, errors=errors):
            wrong = "; ".join(f"{error.field}: {error.message}" for error in errors)
            return verb.value, "bold red", _session(session_id), whole(f"invalid: {wrong}")
        case Settle(verb=settle, dead_letter_id=letter, by=by, reason=why):
            said = f"by {by}: {one_line(why)}" if why else f"by {by}"
            return (
                settle.value,
                "bold",
                Text.assemble("dead letter ", _session(str(letter))),
                Text(visible(said)),
            )
        case Unsupported(type=name, session_id=session_id, error=error):
            return "unsupported", "bold red", _session(session_id), whole(f"{name}: {error}")
        case Unreadable(error=error):
            return "unreadable", "bold red", Text(place), whole(error)


def whole(text: str) -> Text:
    """What is wrong: a text that goes over several lines of the screen rather than be cut."""
    return Text(visible(text), no_wrap=False, overflow="fold")


def _value(value: object) -> str:
    return one_line(value) if isinstance(value, str) else msgspec.json.encode(value).decode()


def _session(session_id: str) -> Text:
    return Text(visible(session_id), style="name")


def _ticket(data: WalkData) -> str:
    return visible(f"{data.ticket.id} ({data.ticket.kind.value})")


def _said(data: EventData) -> Iterator[str]:
    match data:
        case StartedData():
            yield f"{data.session_kind.value} walk"
            if data.start_node_id:
                yield f"at {data.start_node_id}"
        case FeedbackRecordedData() | ProposalValidatedData():
            yield "helpful" if data.helpful else "not helpful"
        case TerminalData():
            yield from _end(data)


def _rejection(event: Event, data: CommandRejectedData) -> Iterator[str]:
    yield f"{data.reason.value}: {data.command_type} {event.causation_id}"
    for error in data.errors or ():
        yield f"{error.field} {error.message}"
    yield f"from {data.origin.topic} {data.origin.partition}@{data.origin.offset}"


def _end(data: TerminalData) -> Iterator[str]:
    notes = f", {count(data.note_count, 'note')}" if data.note_count else ""
    yield f"{count(data.path_count, 'step')}{notes}, {duration(data.active_seconds)} of work"
    match data:
        case ResolvedData():
            yield one_line(data.resolution_notes)
        case EscalatedData(reason_category=category):
            yield f"{category}: {one_line(data.reason)}" if category else one_line(data.reason)
        case AbandonedData(reason=str(reason)):
            yield one_line(reason)
