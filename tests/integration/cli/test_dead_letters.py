"""`walk dead-letters redrive` and `discard`, against a worker that failed on some commands until it was mended."""

import asyncio
import json
import os
import pty
import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from l1_walk_contracts import Command, SettleVerb, Verb
from service.domain import handle
from service.domain.decide import decide
from service.domain.decision import Accepted, Rejected
from service.domain.rules import Rules
from service.domain.session import Session
from tests.support.letters import POISON, failing, letters, unknown_type
from tests.support.shell import PATIENCE, WALK, Shell, line
from tests.support.site import Site
from tests.support.terminal import Ended, Terminal
from tests.support.waiting import until
from tests.support.walk import Walk
from tests.support.worker import working

REDRIVE = ("dead-letters", "redrive")
DISCARD = ("dead-letters", "discard", "--why", "a test of ours")


class Desk:
    """Where commands are typed without a process of their own, which is quicker, beside a worker."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    async def walk(self, *arguments: str) -> Ended:
        """What a command says and how it ends."""
        return await asyncio.to_thread(self._terminal.walk, *arguments)

    def give(self, env: Mapping[str, str]) -> None:
        """Set these variables."""
        self._terminal.give(env)


@pytest.fixture
def desk(terminal: Terminal) -> Desk:
    return Desk(terminal)


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """The worker of this process fails on some commands; what is given mends it."""
    monkeypatch.setattr(handle, "decide", failing)
    return lambda: monkeypatch.setattr(handle, "decide", decide)


def poisoned(walk: Walk, node: str = "n") -> Any:
    return walk.step(node, command_id=f"{POISON} {node}")


async def hold(site: Site, walks: Sequence[Walk], *, following: int = 1) -> None:
    """Each walk begins, a step of it fails, and so many wait behind."""
    for walk in walks:
        await site.send(walk.start(), poisoned(walk), *(walk.step(f"n{n}") for n in range(following)))
    await site.all_handled()


def results(ended: Ended) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The results and the sum of a run with --json."""
    *each, total = [json.loads(text) for text in ended.out.splitlines()]
    return each, total


async def heads(site: Site) -> list[str]:
    """The ids of those that are at fault themselves, as they come."""
    return [str(one["id"]) for one in await letters(site, "state = 'open' AND parked_behind IS NULL")]


@asynccontextmanager
async def held(site: Site, mend: Callable[[], None], walks: Sequence[Walk]) -> AsyncIterator[None]:
    """A worker that is mended, and these walks held since it was not."""
    async with working(site.settings):
        await hold(site, walks)
        mend()
        yield


async def test_one_is_redriven_with_what_is_parked_behind_it(
    site: Site, desk: Desk, broken: Callable[[], None]
) -> None:
    first, second = Walk(), Walk()
    async with working(site.settings):
        await hold(site, [first], following=2)
        await hold(site, [second])
        told = (await desk.walk("status", "--json")).json
        assert told["dead_letters"]["by_class"] == {"failed": 2}
        assert told["held_sessions"]["count"] == 2
        assert told["held_sessions"]["parked_commands"] == 3
        [one] = [i for i, s in zip(await heads(site), await sessions(site), strict=True) if s == first.id]
        broken()
        ended = await desk.walk(*REDRIVE, one[:8], "--by", "anna", "--why", "mended")
        assert ended.code == 0, ended.err
        each, total = ended.out.splitlines()[0], ended.out.splitlines()[1]
        assert each == f"✓ {one[:8]}  accepted, and 2 commands parked behind it"
        assert total.startswith("1 dead letter redriven: 1 accepted in ")
    assert (await site.session(first.id))["version"] == 4
    assert (await site.session(second.id))["version"] == 1
    settled = await letters(site, "state = 'redriven'")
    assert {(row["settled_by"], row["settled_reason"], row["outcome"]) for row in settled} == {
        ("anna", "mended", "accepted")
    }
    assert len(settled) == 3


async def sessions(site: Site) -> list[str]:
    rows = await letters(site, "state = 'open' AND parked_behind IS NULL")
    return [str(row["session_id"]) for row in rows]


async def test_all_that_match_are_redriven_and_a_second_time_there_are_none(
    site: Site, desk: Desk, broken: Callable[[], None]
) -> None:
    walks, newer = [Walk() for _ in range(7)], Walk()
    async with held(site, broken, walks):
        await site.send(newer.start(), unknown_type(newer))
        await site.all_handled()
        planned = await desk.walk(*REDRIVE, "--class", "failed", "--dry-run")
        assert planned.out.startswith("7 dead letters would be redriven, and 7 commands parked behind\n")
        assert (await desk.walk(*REDRIVE, "--all", "--dry-run", "--json")).json["count"] == 8
        assert await site.count("l1_walk_held") == 8
        each, total = results(await desk.walk(*REDRIVE, "--class", "failed", "--json"))
        assert [result["outcome"] for result in each] == ["accepted"] * 7
        assert total["results"]["redriven"] == total["sent"] == 7
        again = await desk.walk(*REDRIVE, "--class", "failed")
        assert (again.code, again.out) == (0, "no such dead letters are open\n")
        same = await desk.walk(*REDRIVE, each[0]["id"])
        assert same.code == 0
        assert same.out.startswith(f"✓ {each[0]['id'][:8]}  was redriven before, ")
    assert {(await site.session(walk.id))["version"] for walk in walks} == {3}
    assert await heads(site) != []


async def test_it_stops_by_itself_where_the_first_ones_fail_again(
    site: Site, desk: Desk, broken: Callable[[], None]
) -> None:
    walks = [Walk() for _ in range(8)]
    async with working(site.settings):
        await hold(site, walks)
        ended = await desk.walk(*REDRIVE, "--all")
        assert ended.code == 1
        assert ended.out.count("  failed again: ZeroDivisionError in ") == 5
        assert "✗ 5 in a row failed again (ZeroDivisionError in" in ended.out
        assert "3 not sent: --keep-going" in ended.out
        assert sorted(row["attempts"] for row in await letters(site, "class = 'failed'")) == [0] * 3 + [1] * 5
        each, total = results(await desk.walk(*REDRIVE, "--all", "--keep-going", "--json"))
        assert {result["result"] for result in each} == {"failed_again"}
        assert (total["sent"], total["not_sent"]) == (8, 0)
        assert await site.count("l1_walk_held") == 8


async def test_a_parked_command_that_fails_in_its_turn_holds_the_session_again(
    site: Site, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    walk = Walk()

    def half_mended(session: Session | None, command: Command, rules: Rules, at: int) -> Accepted | Rejected:
        return (failing if command.id.endswith("b") else decide)(session, command, rules, at)

    monkeypatch.setattr(handle, "decide", failing)
    async with working(site.settings):
        await site.send(walk.start(), poisoned(walk, "a"), poisoned(walk, "b"), walk.step("c"))
        await site.all_handled()
        monkeypatch.setattr(handle, "decide", half_mended)
        ended = await desk.walk(*REDRIVE, "--session", walk.id)
        assert ended.code == 1
        [second] = await heads(site)
        assert f"  accepted; its session is held again, behind {second[:8]}: ZeroDivisionError" in ended.out
        assert "1 session held again" in ended.out
        monkeypatch.setattr(handle, "decide", decide)
        assert (await desk.walk(*REDRIVE, "--session", walk.id)).code == 0
    assert [entry["node_id"] for entry in (await site.session(walk.id))["walked_path"]] == ["a", "b", "c"]


@pytest.mark.parametrize("way", [signal.SIGINT, signal.SIGKILL])
async def test_killed_half_way_and_repeated_each_is_redriven_once(
    way: signal.Signals, site: Site, shell: Shell, broken: Callable[[], None]
) -> None:
    walks = [Walk() for _ in range(6)]
    async with held(site, broken, walks):
        async with shell.running(*REDRIVE, "--all", "--rate", "4", "--json") as process:
            await line(process)
            process.send_signal(way)
            code = await asyncio.wait_for(process.wait(), PATIENCE)
            assert code == (130 if way is signal.SIGINT else -signal.SIGKILL)
            if way is signal.SIGINT:
                assert process.stderr is not None
                assert b"running this again goes on with what is open" in await process.stderr.read()
        assert await site.count("l1_walk_held")
        assert (await shell.walk(*REDRIVE, "--all")).code == 0
        await site.all_handled()
    assert {(await site.session(walk.id))["version"] for walk in walks} == {3}
    assert {row["attempts"] for row in await letters(site)} == {0}


async def test_without_a_worker_it_says_so_and_what_was_sent_is_handled_later(
    site: Site, desk: Desk, broken: Callable[[], None]
) -> None:
    walks = [Walk() for _ in range(7)]
    async with held(site, broken, walks):
        pass
    ended = await desk.walk(*REDRIVE, "--all", "--timeout", "4")
    assert ended.code == 1
    group = site.settings.consumer_group
    assert f"5 commands sent, but no worker is running (consumer group {group} is empty)" in ended.error
    assert ended.out.splitlines() == [
        "2 not sent, since nothing was handled: run it again",
        "5 sent and not handled yet: in the topic, handled when a worker runs",
    ]
    again = await desk.walk(*REDRIVE, "--all", "--timeout", "1", "--json")
    assert (again.code, again.json["not_sent"], again.json["not_handled"]) == (1, 2, 5)
    sent = [json.loads(record.value) for record in await site.read(site.topics.commands)]
    ids = [command["id"] for command in sent if command["type"] == SettleVerb.REDRIVE.type]
    assert (len(ids), len(set(ids))) == (10, 5)
    async with working(site.settings):
        await site.all_handled()
    assert sorted([(await site.session(walk.id))["version"] for walk in walks]) == [1, 1, *[3] * 5]


async def test_what_cannot_be_meant_is_said(site: Site, desk: Desk, broken: Callable[[], None]) -> None:
    walk = Walk()
    async with held(site, broken, [walk]):
        [head] = await heads(site)
        [parked] = await letters(site, "parked_behind IS NOT NULL")
        ended = await desk.walk(*REDRIVE, str(parked["id"]))
        assert ended.code == 1
        assert f"is parked behind {head[:8]} and follows it by itself: settle {head[:8]}" in ended.error
        assert (await desk.walk(*REDRIVE)).code == 2
        assert (await desk.walk(*REDRIVE, head, "--all")).code == 2
        assert (await desk.walk(*REDRIVE, "ffffffff")).code == 1
        for rate in ("0", "nan", "inf"):
            assert (await desk.walk(*REDRIVE, "--all", "--rate", rate)).code == 2
        assert "--by: " in (await desk.walk(*REDRIVE, head, "--by", "x" * 129)).error
        desk.give({"WALK_TOPIC_PREFIX": "another"})
        assert "WALK_TOPIC_PREFIX" in (await desk.walk(*REDRIVE, head)).error
        assert await site.count("l1_walk_held") == 1


async def test_discard_wants_a_yes_drops_one_and_runs_the_others(
    site: Site, desk: Desk, broken: Callable[[], None]
) -> None:
    walk = Walk()
    async with held(site, broken, [walk]):
        [head] = await heads(site)
        refused = await desk.walk(*DISCARD, head)
        assert (refused.code, refused.out) == (2, "")
        assert "--yes says yes beforehand" in refused.error
        assert (await desk.walk("dead-letters", "discard", head, "--yes")).code == 2, "it wants to know why"
        assert (await desk.walk("dead-letters", "discard", head, "--yes", "--why", " ")).code == 2
        ended = await desk.walk(*DISCARD, head[:8], "--yes", "--by", "bela")
        assert ended.code == 0, ended.err
        assert ended.out.startswith(f"✓ {head[:8]}  discarded, and 1 command parked behind it\n")
        [row] = await letters(site, "state = 'discarded'")
        assert (row["settled_by"], row["settled_reason"]) == ("bela", "a test of ours")
        listed = (await desk.walk("dead-letters", "list", "--state", "discarded", "--json")).json
        assert [letter["id"] for letter in listed["letters"]] == [head]
        redriven = await desk.walk(*REDRIVE, head)
        assert redriven.code == 1
        assert "was discarded before" in redriven.out
    assert [entry["node_id"] for entry in (await site.session(walk.id))["walked_path"]] == ["n0"]


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("", 1)])
async def test_on_a_terminal_it_asks(answer: str, code: int, site: Site, shell: Shell) -> None:
    async with working(site.settings):
        await site.send(Walk().wrap({"id": "no event"}), partition=0)
        await site.all_handled()
        [letter] = await letters(site)
        ended, told = await typed(shell, [*DISCARD, str(letter["id"])[:8]], answer)
    assert ended == code
    assert "What it asks for will never happen." in told
    assert "Discard it? [y/N] " in told
    assert [row["state"] for row in await letters(site)] == ["open" if code else "discarded"]


async def typed(shell: Shell, arguments: Sequence[str], answer: str) -> tuple[int, str]:
    """A command on a terminal, answered there; its exit code and what stands on the terminal."""
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *WALK, *arguments, env={**shell.env, "COLUMNS": "80"}, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    shown = bytearray()
    os.set_blocking(ours, False)

    def read() -> bytes:
        try:
            shown.extend(os.read(ours, 65536))
        except BlockingIOError:
            pass
        except OSError:
            return bytes(shown)  # the other end is closed
        return bytes(shown)

    try:
        await until(lambda: b"[y/N]" in read(), PATIENCE, "it asks")
        os.write(ours, answer.encode() + b"\n")
        await until(lambda: (read(), process.returncode is not None)[1], PATIENCE, "it ends")
    finally:
        os.close(ours)
        if process.returncode is None:
            process.kill()
        await process.wait()
    return process.returncode or 0, shown.decode().replace("\r", "")


async def test_a_list_of_what_is_open_says_what_is_held_up(
    site: Site, desk: Desk, broken: Callable[[], None]
) -> None:
    walk = Walk()
    async with held(site, broken, [walk]):
        listed = (await desk.walk("dead-letters", "list", "--json")).json
        [group], [head] = listed["groups"], listed["letters"]
        assert (listed["count"], listed["parked"], listed["held_sessions"]) == (1, 1, 1)
        assert (group["class"], group["count"], group["held_sessions"], group["parked"]) == (
            "failed",
            1,
            1,
            1,
        )
        assert (head["session_id"], head["parked"]) == (walk.id, 1)
        [behind] = (await desk.walk("dead-letters", "show", head["id"], "--json")).json["behind"]
        assert behind["parked_behind"] == head["id"]
        for nothing in (["--class", "unreadable"], ["--reason", "no JSON"], ["--state", "redriven"]):
            assert (await desk.walk("dead-letters", "list", *nothing, "--json")).json["count"] == 0
        account = ["--account", walk.account, "--class", "parked", "--json"]
        assert (await desk.walk("dead-letters", "list", *account)).json["count"] == 1
        assert "walk dead-letters list shows" in (await desk.walk("status")).out
    assert Verb.STEP.type in (await desk.walk("dead-letters", "show", head["id"])).out
