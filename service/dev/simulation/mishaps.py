"""What goes wrong on the way to us: commands that must be refused, and records that nobody can read."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from service.dev.simulation.expected import Fields
from service.dev.simulation.people import Staff, Ticket, draw_uuid
from service.dev.simulation.walk import Walk
from service.dev.simulation.wire import command, dumps, timestamp

Act = Callable[[Walk, Staff], None]


@dataclass(frozen=True)
class Mishap:
    """Something that goes wrong; `fits` says whether the walk is where it can."""

    act: Act
    fits: Callable[[Walk], bool]


class Mishaps:
    """All of them in turn, so that a run of some hundred walks has seen each."""

    def __init__(self, staff: Staff) -> None:
        self._staff = staff
        self._waiting = deque(_MISHAPS)

    def happen(self, walk: Walk) -> None:
        """Let the mishap happen that has waited longest of those that fit."""
        for mishap in self._waiting:
            if mishap.fits(walk):
                self._waiting.remove(mishap)
                self._waiting.append(mishap)
                mishap.act(walk, self._staff)
                return


def malformed_start(walk: Walk, kind: str, target: str | None) -> str:
    """A start without its ticket's id; returns the command's id, under which it is then sent corrected."""
    data: Fields = {
        "ticket": {"kind": walk.ticket.kind},
        "session_kind": kind,
        "flow_id": target if kind == "flow" else None,
        "flow_proposal_id": target if kind == "proposal" else None,
    }
    line = walk.line("start", data)
    walk.malformed(line, "data.ticket.id", times=2)
    return str(line["id"])


def wrong_key(walk: Walk) -> None:
    """A start by a producer that keys its records by ticket; no session comes of it."""
    data: Fields = {"ticket": {"id": walk.ticket.id, "kind": walk.ticket.kind}, "session_kind": "adhoc"}
    walk.malformed(walk.line("start", data), "key", key=walk.ticket.id)


def pasted_log(walk: Walk) -> None:
    """Three notes with a pasted log each: more than an event may hold, and no trouble for the database."""
    for number in range(1, 4):
        walk.wait(5, 40)
        walk.note(_log(walk.ticket, number, 29_000))


def too_many_notes(walk: Walk) -> None:
    """An autosave of more than a session's notes may hold."""
    notes = [{"text": _log(walk.ticket, number, 30_000)} for number in range(9)]
    walk.refused("notes_too_large", "replace-notes", {"notes": notes})


def unreadable(walk: Walk, number: int) -> None:
    """A record that is no command, under the key of a walk that goes on unharmed."""
    walk.wait(0.1, 1)
    whole = walk.line("note", {"text": "Never to be read."})
    broken = (
        dumps(whole)[:-40],
        dumps({name: value for name, value in whole.items() if name != "subject"}),
        dumps({**whole, "type": "com.example.helpdesk.ticket-viewed.v1"}),
        dumps({**whole, "specversion": "0.3"}),
        b"\xef\xbb\xbf" + dumps(whole),
    )
    walk.unreadable(broken[number % len(broken)])


def _log(ticket: Ticket, number: int, size: int) -> str:
    line = f"{ticket.device} sync[{4_000 + number}]: retry {{}} of 500, peer closed the connection\n"
    text = "".join(line.format(attempt) for attempt in range(1, size // len(line)))
    return f"Log, part {number}:\n{text}"


def _opened_in_two_tabs(walk: Walk, _: Staff) -> None:
    walk.refused("session_exists", "start", walk.start_data())


def _answered_in_the_other_tab(walk: Walk, _: Staff) -> None:
    data: Fields = {"node_id": _elsewhere(walk)[0], "answer": "yes", "next_node_id": walk.stands_at}
    walk.refused("stale_node", "step", data)


def _went_back_too_far(walk: Walk, _: Staff) -> None:
    walk.refused("node_not_walked", "rewind", {"node_id": "start-of-another-tree"})


def _two_people_at_once(walk: Walk, _: Staff) -> None:
    data: Fields = {"text": "Seen on the other screen.", "expected_version": walk.books.version - 1}
    walk.refused("version_conflict", "note", data)


def _tree_in_a_free_walk(walk: Walk, _: Staff) -> None:
    walk.refused("adhoc_has_no_nodes", "step", {"node_id": "printer-offline.power", "answer": "yes"})


def _session_mixed_up(walk: Walk, _: Staff) -> None:
    stray = command(
        "note",
        command_id=draw_uuid(walk.rng),
        session_id=draw_uuid(walk.rng),
        source=walk.technician.source,
        time=walk.clock,
        data={
            "account_id": walk.ticket.account_id,
            "user_id": walk.technician.user_id,
            "text": "For a walk that never was.",
        },
    )
    walk.wait(0.5, 2)
    walk.out.send(walk.clock, stray)
    walk.books.rejected(stray, "session_not_found")


def _account_mixed_up(walk: Walk, staff: Staff) -> None:
    other = staff.other_account(walk.ticket.account_id)
    walk.refused("session_not_found", "note", {"account_id": other, "text": "Of another client's walk."})


def _asked_too_early(walk: Walk, _: Staff) -> None:
    walk.refused("not_resolved", "feedback", {"helpful": True})


def _swept_too_early(walk: Walk, _: Staff) -> None:
    idle_since = timestamp(walk.books.last_at - timedelta(minutes=1))
    walk.refused("not_idle", "abandon", {"reason": "No activity.", "idle_since": idle_since})


def _id_used_twice(walk: Walk, _: Staff) -> None:
    walk.refused("id_reused", "note", {"text": "Same id, other words."}, command_id=walk.last[1])


def _blank_note(walk: Walk, _: Staff) -> None:
    line = walk.line("note", {"text": "  \n"})
    walk.malformed(line, "data.text")


def _wrong_types(walk: Walk, _: Staff) -> None:
    line = walk.line("step", {"node_id": 17, "answer": ""})
    walk.malformed(line, "data.answer", "data.node_id")


def _long_category(walk: Walk, _: Staff) -> None:
    data: Fields = {"reason": "Beyond L1.", "reason_category": "needs an engineer on site, soon!"}
    walk.malformed(walk.line("escalate", data), "data.reason_category")


def _local_time(walk: Walk, _: Staff) -> None:
    line = {**walk.line("note", {"text": "By a clock without a zone."}), "time": "2026-03-02 08:15:00"}
    walk.malformed(line, "time")


def _resolved_again(walk: Walk, _: Staff) -> None:
    walk.refused("session_not_active", "resolve", {"resolution_notes": "Done, as far as I can see."})


def _step_after_the_end(walk: Walk, _: Staff) -> None:
    walk.refused("session_not_active", "note", {"text": "One more thing."})


def _open(walk: Walk) -> bool:
    return walk.is_open


def _open_tree(walk: Walk) -> bool:
    return walk.is_open and walk.kind != "adhoc"


def _open_free(walk: Walk) -> bool:
    return walk.is_open and walk.kind == "adhoc"


def _elsewhere(walk: Walk) -> list[str | None]:
    return [node_id for _, node_id, _ in walk.books.path if node_id != walk.stands_at]


def _awaits_another(walk: Walk) -> bool:
    return walk.is_open and walk.stands_at is not None and bool(_elsewhere(walk))


def _moved_on(walk: Walk) -> bool:
    return walk.is_open and walk.books.version > 1


def _same_app(walk: Walk) -> bool:
    return walk.is_open and walk.last[0] == walk.technician.source


def _ended(walk: Walk) -> bool:
    return not walk.is_open


def _not_resolved(walk: Walk) -> bool:
    return walk.books.row["status"] != "resolved"


_MISHAPS = (
    Mishap(_answered_in_the_other_tab, _awaits_another),
    Mishap(_tree_in_a_free_walk, _open_free),
    Mishap(_resolved_again, _ended),
    Mishap(_two_people_at_once, _moved_on),
    Mishap(_opened_in_two_tabs, _open),
    Mishap(_id_used_twice, _same_app),
    Mishap(_went_back_too_far, _open_tree),
    Mishap(_asked_too_early, _not_resolved),
    Mishap(_account_mixed_up, _open),
    Mishap(_session_mixed_up, _open),
    Mishap(_swept_too_early, _open),
    Mishap(_blank_note, _open),
    Mishap(_wrong_types, _open_tree),
    Mishap(_long_category, _open),
    Mishap(_local_time, _open),
    Mishap(_step_after_the_end, _ended),
)
