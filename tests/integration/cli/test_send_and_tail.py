"""`walk send` as a well-behaved producer, `walk tail` as a reader that nobody notices."""

import asyncio
import json
import signal
from pathlib import Path

import pytest
from aiokafka import ConsumerRecord
from aiokafka.partitioner import DefaultPartitioner

from l1_walk_contracts import Verb
from service.ops.command_lines import CONTENT_TYPE
from tests.support.shell import PATIENCE, Shell, line
from tests.support.site import PARTITIONS, Site
from tests.support.walk import Walk


def lines_of(walk: Walk, steps: int) -> list[bytes]:
    """The commands of a walk, as they are typed into a file."""
    sendings = [walk.start(), *(walk.step(f"node {number}") for number in range(steps))]
    return [sending.value or b"" for sending in sendings]


def by_session(records: list[ConsumerRecord]) -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = {}
    for record in records:
        found.setdefault(json.loads(record.value)["subject"], []).append(record.value)
    return found


async def test_a_file_is_sent_in_order_keyed_by_session(site: Site, shell: Shell, tmp_path: Path) -> None:
    walks = {walk.id: lines_of(walk, 20) for walk in (Walk() for _ in range(30))}
    file = tmp_path / "commands.jsonl"
    file.write_bytes(
        b"\n".join(line for together in zip(*walks.values(), strict=True) for line in together) + b"\n\n"
    )
    ended = await shell.walk("send", str(file), "--json")
    assert ended.code == 0
    assert ended.json.items() >= {"topic": site.topics.commands, "sent": 630, "sessions": 30}.items()
    records = await site.read(site.topics.commands)
    assert by_session(records) == walks
    numbers = list(range(PARTITIONS))
    for record in records:
        assert record.key == json.loads(record.value)["subject"].encode()
        assert record.partition == DefaultPartitioner()(record.key, numbers, numbers), "murmur2"
        assert record.headers == (CONTENT_TYPE,)


async def test_a_file_with_a_wrong_line_is_not_sent_at_all(site: Site, shell: Shell, tmp_path: Path) -> None:
    walk = Walk()
    file = tmp_path / "commands.jsonl"
    wrong = walk.envelope(Verb.STEP, node_id="")
    file.write_bytes(b"\n".join([*lines_of(walk, 1), json.dumps(wrong).encode(), b"{"]))
    ended = await shell.walk("send", str(file))
    assert ended.code == 1
    assert ended.error.startswith(f"walk: {file}, line 3: data.")
    assert ended.error.endswith(" (and 1 more of 4 lines): nothing was sent; --no-check sends whatever it is")
    assert await site.read(site.topics.commands) == []


async def test_a_pipe_is_sent_up_to_the_line_that_is_wrong(site: Site, shell: Shell) -> None:
    lines = lines_of(Walk(), 2)
    ended = await shell.walk("send", given=b"\n".join([*lines, b"nonsense", *lines]))
    assert ended.code == 1
    assert ended.error.startswith("walk: line 4: no JSON")
    assert ended.error.endswith("3 commands before it were sent; --no-check sends whatever it is")
    assert [record.value for record in await site.read(site.topics.commands)] == lines


async def test_without_a_check_anything_is_sent(site: Site, shell: Shell) -> None:
    ended = await shell.walk("send", "-", "--no-check", given=b'nonsense\n{"subject":"s"}\n')
    assert ended.out.startswith("sent 2 commands of 2 sessions to ")
    records = await site.read(site.topics.commands)
    assert {record.value: record.key for record in records} == {b"nonsense": None, b'{"subject":"s"}': b"s"}


async def test_a_line_larger_than_a_message_may_be_is_named(shell: Shell, site: Site) -> None:
    ended = await shell.walk("send", "--no-check", given=b"{}\n" + b"x" * 2_000_000)
    assert ended.code == 1
    assert (
        "line 2: 2,000,000 bytes are more than a message may have: 1 command before it was sent"
        in ended.error
    )
    assert len(await site.read(site.topics.commands)) == 1


async def test_what_a_topic_holds_can_be_told_and_sent_again(site: Site, shell: Shell) -> None:
    lines = lines_of(Walk(), 5)
    await shell.walk("send", given=b"\n".join(lines))
    told = await shell.walk("tail", "commands", "--from-start", "--no-follow", "--json")
    assert told.code == 0
    assert told.out.encode().splitlines() == lines
    limited = await shell.walk("tail", "commands", "--from-start", "--limit", "2", "--json")
    assert limited.out.encode().splitlines() == lines[:2]


async def test_an_end_that_holds_nothing_is_reached(site: Site, shell: Shell) -> None:
    ended = await shell.walk("tail", "--from-start", "--no-follow")
    assert (ended.code, ended.out, ended.err) == (0, "", "")


async def test_events_are_told_as_they_come_until_ctrl_c(site: Site, shell: Shell) -> None:
    before, walk = Walk(), Walk()
    await shell.walk("send", given=b"\n".join(lines_of(before, 1)))
    async with shell.running("tail", "commands") as tail:
        told: list[str] = []

        async def listen() -> None:
            while len(told) < 4:
                told.append(await line(tail))

        listening = asyncio.create_task(listen())
        while not told:  # it tells what comes from the moment on at which it looked, whenever that is
            await shell.walk("send", given=lines_of(walk, 0)[0])
        await shell.walk("send", given=lines_of(walk, 1)[1])
        await asyncio.wait_for(listening, PATIENCE)
        tail.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(tail.wait(), PATIENCE) == 130
    assert walk.id in told[0]
    assert told[0].split()[1] == "start"
    assert not any(before.id in text for text in told)


async def test_a_reader_that_goes_is_no_error(site: Site, shell: Shell) -> None:
    await shell.walk("send", given=b"\n".join(lines_of(Walk(), 300)))
    async with shell.running("tail", "commands", "--from-start") as tail:
        await line(tail)
        tail._transport.get_pipe_transport(1).close()  # type: ignore[attr-defined]
        assert await asyncio.wait_for(tail.wait(), PATIENCE) == 141
        assert tail.stderr is not None
        assert await tail.stderr.read() == b""


@pytest.mark.parametrize("name", ["resolved", "lifecycle"])
async def test_a_topic_has_its_short_and_its_full_name(name: str, site: Site, shell: Shell) -> None:
    for given in (name, f"{site.topics.prefix}.{name}"):
        assert (await shell.walk("tail", given, "--from-start", "--no-follow")).code == 0
