"""The blocks of README.md that a newcomer pastes, as they stand there, on a running worker."""

import json
import re
import shutil
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka.partitioner import DefaultPartitioner

from l1_walk_contracts import CommandRejectedData, Verb
from service.dev.children import Children
from tests.support.console_tools import console_tools
from tests.support.missing import cannot_have
from tests.support.servers import UnavailableError
from tests.support.shown import on_site, put, run, shell_block
from tests.support.site import PARTITIONS, PATIENCE, Site
from tests.support.waiting import until
from tests.support.walk import Walk

MURMUR2 = " -X topic.partitioner=murmur2_random"


@pytest.fixture
def kcat() -> None:
    if not shutil.which("kcat"):
        cannot_have("kcat is not installed")


@pytest.fixture
def tools() -> Iterator[list[Path]]:
    with Children() as children:
        try:
            yield console_tools(children)
        except UnavailableError as error:
            cannot_have(str(error))


def usual_partition(session_id: str) -> int:
    """Where Java's clients and aiokafka send the commands of a walk."""
    return int(DefaultPartitioner()(session_id.encode(), list(range(PARTITIONS)), []))


def odd_walk() -> Walk:
    """One that librdkafka, left to itself, sends elsewhere than all others do."""
    walk = Walk()
    while zlib.crc32(walk.id.encode()) % PARTITIONS == usual_partition(walk.id):
        walk = Walk()
    return walk


async def starts_the_walk(site: Site, block: str, said: str) -> None:
    """What was said is the event of the walk that the block starts, which stands where its key belongs."""
    (session_id,) = re.findall(r"SESSION=(\S+)", block)
    event = json.loads(said)
    assert (event["type"], event["subject"]) == ("l1.walk.started.v1", session_id)
    row = await site.session(session_id)
    assert (row["status"], row["ticket_id"]) == ("active", event["data"]["ticket"]["id"])
    assert row["home_partition"] == usual_partition(session_id)


async def test_kcat_starts_a_walk_and_shows_its_event(site: Site, kcat: None) -> None:
    block = shell_block("kcat")
    await starts_the_walk(site, block, await run(on_site(block, site), site))


async def test_kafkas_console_tools_start_a_walk_and_show_its_event(site: Site, tools: list[Path]) -> None:
    block = shell_block("console")
    said = await run(on_site(block, site), site, path=tools)
    _warnings, brace, event = said.partition("{")  # newer versions warn on standard output
    await starts_the_walk(site, block, brace + event)


async def test_kcat_without_its_option_is_told_of_it(site: Site, kcat: None) -> None:
    (producer,) = re.findall(r"kcat -P .*murmur2_random", shell_block("kcat"))
    walk = odd_walk()
    await site.handled(*await site.send(walk.start()))
    note = f"{walk.id}|{json.dumps(walk.envelope(Verb.NOTE, text='The cable was loose.'))}"

    await run(on_site(put(producer, {MURMUR2: ""}), site), site, given=note)

    [event] = await until(lambda: site.rejections(walk.id), PATIENCE, "the note is rejected")
    assert isinstance(event.data, CommandRejectedData)
    assert event.data.reason == "invalid"
    [error] = event.data.errors or ()
    assert error.field == "partition"
    assert MURMUR2.partition(".")[2] in error.message

    await run(on_site(producer, site), site, given=note)

    await site.all_handled()
    assert (await site.session(walk.id))["version"] == 2


async def test_examples_publish_a_walk_and_show_what_a_psa_gets(site: Site) -> None:
    block = shell_block("examples")
    said = await run(on_site(block, site), site)
    (session_id,) = re.findall(r"^walk (\S+)$", said, re.MULTILINE)
    row = await site.session(session_id)
    assert row["status"] == "resolved"
    assert f"{row['ticket_id']} resolved, walk {session_id}" in said
    assert row["resolution_notes"] in said
