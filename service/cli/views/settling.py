"""`walk dead-letters redrive` and `discard`: what is meant, what becomes of each letter, and the sum."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from l1_walk_contracts import SettleVerb
from service.cli.views.content import visible
from service.cli.views.letters import commands, groups_json, groups_table, outcome, short
from service.cli.words import count, duration, local
from service.ops.dead_letters import LetterLine
from service.ops.settling import GIVEN_UP_AFTER, Choice, End, GivenUp, Result, Stalled, Tally

DONE = {SettleVerb.REDRIVE: "redriven", SettleVerb.DISCARD: "discarded"}
DOING = {SettleVerb.REDRIVE: "redriving", SettleVerb.DISCARD: "discarding"}
NONE = "no such dead letters are open"
_STYLES = {"✓": "good", "!": "warn", "✗": "bad", "·": "quiet"}


def choice_view(choice: Choice) -> RenderableType:
    """What would be redriven."""
    if not choice.letters:
        return Text(NONE, style="good")
    title = f"{count(choice.letters, 'dead letter')} would be redriven"
    parked = f", and {count(choice.parked, 'command')} parked behind" if choice.parked else ""
    return Group(Text(title + parked, style="head"), groups_table(choice.groups))


def question_view(choice: Choice, lines: Sequence[LetterLine]) -> RenderableType:
    """What a person says yes to."""
    parts: list[RenderableType] = [groups_table(choice.groups), Text()]
    for line in lines:
        session = f"session {line.session_id}" if line.session_id else "no session"
        told = Text.assemble((short(line.id), "name"), f"  {line.letter_class}  {session}")
        parts.append(told.append(f"\n          {visible(line.error)}", style="quiet"))
    if lines:
        parts.append(Text())
    what = "What it asks for" if choice.letters == 1 else "What they ask for"
    parts.append(Text(f"{what} will never happen.", style="bad"))
    if choice.parked:
        parts.append(Text(f"{count(choice.parked, 'command')} parked behind will run."))
    return Group(*parts)


def result_view(result: Result, verb: SettleVerb) -> Text:
    """The final result for one letter, on a line."""
    mark = "✓" if result.good(verb) else "✗"
    if result.end is End.GONE:
        mark = "·"
    elif result.behind is not None:
        mark = "!"
    told = Text.assemble((f"{mark} ", _STYLES[mark]), (short(result.letter.id), "name"), "  ")
    return told.append("".join(_told(result, verb)))


def _told(result: Result, verb: SettleVerb) -> Iterator[str]:
    letter = result.letter
    match result.end:
        case End.REDRIVEN | End.DISCARDED if letter.state != "open":
            by = (
                f", {local(letter.settled_at)} by {visible(letter.settled_by or '')}"
                if letter.settled_at
                else ""
            )
            yield f"was {result.end} before{by}"
            if result.outcome:
                yield f": {outcome(result.outcome, result.outcome_reason)}"
        case End.REDRIVEN:
            yield outcome(result.outcome, result.outcome_reason)
            yield "" if verb is SettleVerb.REDRIVE else ": it was redriven meanwhile"
        case End.DISCARDED:
            yield "discarded" if verb is SettleVerb.DISCARD else "it was discarded meanwhile"
        case End.FAILED_AGAIN:
            times = letter.attempts + 1
            yield f"failed again{f' ({times} times now)' if times > 1 else ''}: {visible(result.error or '')}"
        case End.GONE:
            yield "is gone: erased with its account"
        case End.REFUSED:
            yield "the worker let it be: see walk tail rejected, and walk dead-letters list"
    if result.behind is not None:
        error = visible(result.behind_error or "")
        yield f"; its session is held again, behind {short(result.behind)}: {error}"
    elif letter.parked and letter.state == "open" and result.end in {End.REDRIVEN, End.DISCARDED}:
        yield f", and {count(letter.parked, 'command')} parked behind it"


def given_up_view(note: GivenUp) -> Text:
    """Why the rest of a lot is left as it is."""
    rest = "the last one is" if note.left == 1 else f"the other {note.left:,} are"
    reason = visible(note.group.reason)
    return Text(f"✗ {GIVEN_UP_AFTER} in a row failed again ({reason}): {rest} left alone", style="bad")


def stalled_view(note: Stalled, group: str) -> Text:
    """That nobody handles what was sent."""
    it = "it" if note.sent == 1 else "them"
    if note.workers:
        there = "a worker is" if note.workers == 1 else f"{note.workers} workers are"
        whose = "worker" if note.workers == 1 else "workers"
        why = f"{there} there and nothing moves: see walk status, and /readyz of the {whose}"
    elif note.workers == 0:
        why = f"no worker is running (consumer group {group} is empty): walk worker"
    else:
        why = f"no worker has handled {it}: is one running?"
    sent = count(note.sent, "command")
    return Text(f"{sent} sent, but {why}. What is in the topic is handled when one runs.", style="warn")


def sum_view(tally: Tally, verb: SettleVerb, seconds: float) -> RenderableType:
    """What came of it in all."""
    done = End.REDRIVEN if verb is SettleVerb.REDRIVE else End.DISCARDED
    parts: list[RenderableType] = []
    if number := tally.ends[done]:
        outcomes = ", ".join(f"{n:,} {name}" for name, n in sorted(tally.outcomes.items()) if n)
        of = f": {outcomes}" if outcomes and done is End.REDRIVEN else ""
        took = f" in {duration(seconds)}"
        parts.append(Text(f"{count(number, 'dead letter')} {DONE[verb]}{of}{took}", style="good"))
    parts += [Text(text, style=style) for style, text in _others(tally, done)]
    if still := tally.ends[End.FAILED_AGAIN] + tally.left + tally.held_again:
        parts.append(commands(("walk dead-letters list", f"what is still open ({still:,} of these)")))
    return Group(*parts)


def _others(tally: Tally, done: End) -> Iterator[tuple[str, str]]:
    if number := tally.ends[End.FAILED_AGAIN]:
        yield "bad", f"{number:,} failed again"
    if number := tally.held_again:
        yield "warn", f"{count(number, 'session')} held again, behind a command that was parked"
    if number := tally.ends[End.REFUSED]:
        yield "bad", f"{number:,} let be by the worker: see walk tail rejected, and walk dead-letters list"
    if done is not End.DISCARDED and (number := tally.ends[End.DISCARDED]):
        yield "warn", f"{number:,} discarded by somebody else"
    if done is not End.REDRIVEN and (number := tally.ends[End.REDRIVEN]):
        yield "warn", f"{number:,} redriven by somebody else"
    if number := tally.ends[End.GONE]:
        yield "quiet", f"{number:,} gone, erased with their accounts"
    if tally.left:
        yield "warn", f"{tally.left:,} not sent: --keep-going sends them all the same"
    if number := tally.unsent:
        yield "warn", f"{number:,} not sent, since nothing was handled: run it again"
    if number := tally.unhandled:
        yield "warn", f"{number:,} sent and not handled yet: in the topic, handled when a worker runs"


def how_far(tally: Tally) -> str:
    """For whom it ended before its end."""
    return (
        f"{count(tally.sent, 'command')} sent, {tally.settled:,} settled;"
        " what was sent is handled by the worker, and running this again goes on with what is open"
    )


def choice_json(choice: Choice) -> dict[str, Any]:
    """What would be redriven."""
    return {
        "dry_run": True,
        "count": choice.letters,
        "parked": choice.parked,
        "groups": groups_json(choice.groups),
    }


def result_json(result: Result) -> dict[str, Any]:
    """The final result for one letter."""
    return {
        "id": str(result.letter.id),
        "session_id": result.letter.session_id and str(result.letter.session_id),
        "result": result.end.value,
        "before": result.letter.state != "open",
        "outcome": result.outcome,
        "outcome_reason": result.outcome_reason,
        "error": result.error,
        "held_behind": result.behind and str(result.behind),
    }


def sum_json(tally: Tally, verb: SettleVerb, seconds: float) -> dict[str, Any]:
    """What came of it in all."""
    return {
        "verb": verb.value,
        "sent": tally.sent,
        "results": {end.value: tally.ends[end] for end in End},
        "outcomes": dict(sorted(tally.outcomes.items())),
        "held_again": tally.held_again,
        "not_sent": tally.left + tally.unsent,
        "not_handled": tally.unhandled,
        "seconds": seconds,
    }
