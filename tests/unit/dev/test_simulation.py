"""The simulated traffic: what it is made of, and that a seed is enough to have it again."""

import json
from collections import Counter, defaultdict
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from service.dev.simulation.expected import Traffic
from service.dev.simulation.helpdesk import help_desk
from service.dev.simulation.traffic import DEFAULT_END, simulate

REASONS = {
    "invalid", "id_reused", "session_exists", "session_not_found", "session_not_active", "not_resolved",
    "version_conflict", "adhoc_has_no_nodes", "stale_node", "node_not_walked", "notes_too_large", "not_idle",
}  # fmt: skip
VERBS = {
    "start", "step", "rewind", "note", "replace-notes", "resolve", "escalate", "escalate-without-walk", "abandon",
    "feedback",
}  # fmt: skip


@pytest.fixture(scope="module")
def traffic() -> Traffic:
    return simulate()


def lines(traffic: Traffic) -> list[dict[str, Any]]:
    """What of the traffic is a JSON object of our own types."""
    broken = {(letter.key, letter.value) for letter in traffic.expected.dead_letters}
    return [json.loads(record.value or b"") for record in traffic.records if tuple(record) not in broken]


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(traffic: Traffic) -> None:
    assert simulate() == traffic
    assert simulate(seed=2).records != traffic.records


def test_the_default_is_about_two_thousand_commands(traffic: Traffic) -> None:
    assert 1_700 <= len(traffic.records) <= 2_500
    assert traffic.expected.outcomes.total() == len(traffic.records)


def test_every_verb_kind_ending_and_reason_occurs(traffic: Traffic) -> None:
    rows = traffic.expected.sessions.values()
    assert {line["type"].split(".")[2] for line in lines(traffic)} == VERBS
    assert {row["session_kind"] for row in rows} == {"flow", "proposal", "adhoc", "ai_build"}
    assert {row["status"] for row in rows} == {"active", "resolved", "escalated", "abandoned"}
    assert {row["ticket_kind"] for row in rows} == {"psa", "internal"}
    assert {row["acting_as"] for row in rows} == {None, "l1_coverage"}
    assert len({row["account_id"] for row in rows}) == len(help_desk().accounts)
    assert {rejection.reason for rejection in traffic.expected.rejections} == REASONS
    assert set(traffic.expected.outcomes) == {"accepted", "duplicate", "rejected", "dead_lettered"}
    assert {kind for kind, _ in traffic.expected.events} == {
        f"l1.walk.{kind}.v1"
        for kind in (
            "started",
            "resolved",
            "escalated",
            "abandoned",
            "feedback-recorded",
            "proposal-validated",
        )
    }


def test_a_ticket_is_picked_up_again_in_a_new_walk(traffic: Traffic) -> None:
    walks = Counter((row["account_id"], row["ticket_id"]) for row in traffic.expected.sessions.values())
    assert any(count > 1 for count in walks.values())


def test_sessions_are_interleaved_and_each_keeps_its_order(traffic: Traffic) -> None:
    order = [record.key for record in traffic.records]
    runs = sum(one != other for one, other in pairwise(order))
    assert runs > len(order) / 2
    steps: dict[str, list[str]] = defaultdict(list)
    seen = set()
    for line in lines(traffic):
        if line["type"] == "l1.walk.step.v1" and line["id"] not in seen:
            steps[line["subject"]].append(line["data"].get("node_id"))
        seen.add(line["id"])
    for session_id, row in traffic.expected.sessions.items():
        path = row["path"]
        assert isinstance(path, list)
        walked = [node_id for kind, node_id, _ in path if kind == "step"]
        rest = iter(steps[session_id])
        assert all(node_id in rest for node_id in walked), (
            "the path is sent in its order, refused steps between"
        )


def test_commands_are_sent_again_at_once_and_much_later(traffic: Traffic) -> None:
    at = defaultdict(list)
    for number, record in enumerate(traffic.records):
        at[record.key, record.value].append(number)
    distances = [places[-1] - places[0] for places in at.values() if len(places) > 1]
    assert min(distances) < 20
    assert max(distances) > 200


def test_nothing_is_later_than_the_end(traffic: Traffic) -> None:
    times = [line["time"] for line in lines(traffic) if line["time"].endswith("Z")]
    assert max(map(datetime.fromisoformat, times)) <= DEFAULT_END
    end = datetime(2030, 1, 1, tzinfo=UTC)
    later = [line["time"] for line in lines(simulate(50, end=end)) if line["time"].endswith("Z")]
    assert max(map(datetime.fromisoformat, later)) <= end


def test_every_record_but_a_misrouted_one_is_keyed_by_its_session(traffic: Traffic) -> None:
    wrong = [line["id"] for line, key in keyed(traffic) if key != line["subject"]]
    by_key = [
        rejection.command_id for rejection in traffic.expected.rejections if rejection.fields == ("key",)
    ]
    assert wrong == by_key
    assert wrong


def keyed(traffic: Traffic) -> list[tuple[dict[str, Any], str]]:
    broken = {(letter.key, letter.value) for letter in traffic.expected.dead_letters}
    records = [record for record in traffic.records if tuple(record) not in broken]
    return [(json.loads(record.value or b""), (record.key or b"").decode()) for record in records]


def test_texts_name_the_caller_and_leave_no_gap(traffic: Traffic) -> None:
    text = b"".join(record.value or b"" for record in traffic.records)
    assert b"{caller}" not in text
    assert b"{device}" not in text


def test_every_node_of_the_help_desk_leads_somewhere() -> None:
    for tree in help_desk().trees:
        reached = {answer.to for node in tree.nodes.values() for answer in node.answers}
        assert reached <= {*tree.nodes, *tree.endings}
        assert reached | {tree.first} == {*tree.nodes, *tree.endings}, tree.name
        assert not {*tree.nodes} & {*tree.endings}
